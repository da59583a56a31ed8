package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/state"
)

// SilenceMessage is a silence or an exception as it is answered.
type SilenceMessage struct {
	ID        string    `json:"id"`
	Matchers  []string  `json:"matchers"` // all must hold
	Owner     string    `json:"owner"`
	Reason    string    `json:"reason"`
	Created   time.Time `json:"created"`
	Until     time.Time `json:"until,omitzero"`
	Ended     time.Time `json:"ended,omitzero"`
	Exception bool      `json:"exception"`
	Active    bool      `json:"active"`
	Hidden    int64     `json:"hidden"` // hits that it has hidden so far
	Alerts    int64     `json:"alerts"` // that these are of
}

// WouldHide is what a silence would have hidden.
type WouldHide struct {
	Days      int             `json:"days"`      // that were looked at
	Hits      int64           `json:"hits"`      // that it would have hidden
	Of        int64           `json:"of"`        // all hits of the rules that it touches
	Malicious int64           `json:"malicious"` // of these, that are of incidents which people called malicious
	Harmless  int64           `json:"harmless"`  // and expected, or false alarms
	Incidents []alert.Message `json:"incidents"` // that it would have touched: malicious ones first, then the worst
	Cut       bool            `json:"cut,omitempty"`
}

// Bounds of the trial of a silence: of the hits that it is tried on, and of the days.
const (
	maxTried = 200_000
	maxDays  = 3650
)

func silenceMessage(s *alert.Silence, now int64) SilenceMessage {
	m := SilenceMessage{
		ID: s.ID, Owner: s.Owner, Reason: s.Reason, Created: alert.When(s.Created), Until: alert.When(s.Until), Ended: alert.When(s.Ended),
		Exception: s.Exception, Active: s.Ended == 0 && (s.Until == 0 || now < s.Until),
	}
	for _, t := range s.Matchers {
		m.Matchers = append(m.Matchers, t.String())
	}
	return m
}

func (s *Server) silences(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	list, err := t.State.Silences(r.Context())
	if err != nil {
		return err
	}
	hidden, err := t.State.CountSilenced(r.Context())
	if err != nil {
		return err
	}
	out := newLines(w)
	for i := range list {
		m := silenceMessage(&list[i], time.Now().UnixNano())
		m.Alerts, m.Hidden = hidden[m.ID].Alerts, hidden[m.ID].Hits
		if err := out.object(m); err != nil {
			return out.end(err)
		}
	}
	return out.end(nil)
}

// silenceOf reads a silence from the arguments of a request: match (several), reason, until, exception.
func (s *Server) silenceOf(r *http.Request, now time.Time) (alert.Silence, error) {
	if err := short(r, "reason"); err != nil {
		return alert.Silence{}, err
	}
	v := alert.Silence{Owner: s.actor(r), Reason: r.FormValue("reason"), Exception: r.FormValue("exception") == "true", Created: now.UnixNano()}
	for _, text := range r.Form["match"] {
		m, err := alert.ParseMatcher(text)
		if err != nil {
			return v, bad("match: %v", err)
		}
		v.Matchers = append(v.Matchers, m)
	}
	if err := readTime(r.FormValue("until"), "until", &v.Until); err != nil {
		return v, err
	}
	if err := v.Check(); err != nil {
		return v, bad("%v", err)
	}
	return v, nil
}

func (s *Server) addSilence(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	now := time.Now()
	v, err := s.silenceOf(r, now)
	switch {
	case err != nil:
		return err
	case v.Reason == "":
		return bad("reason: why?")
	case !v.Exception && v.Until == 0:
		return bad("until: a silence ends; what is to be hidden for good is an exception")
	case v.Until != 0 && v.Until <= v.Created:
		return bad("until: that is over")
	}
	v.ID = alert.SilenceID(&v)
	detail, err := json.Marshal(v)
	if err != nil {
		return err
	}
	err = t.State.PutSilence(r.Context(), v, state.AuditEntry{Time: v.Created, Actor: v.Owner, Action: "silence.add", Target: v.ID, Detail: string(detail)})
	if err != nil {
		return err
	}
	if err := t.silenced(r.Context()); err != nil {
		return err
	}
	return writeJSON(w, silenceMessage(&v, v.Created))
}

func (s *Server) endSilence(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	list, err := t.State.Silences(r.Context())
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	at := slices.IndexFunc(list, func(v alert.Silence) bool { return v.ID == id })
	if at < 0 {
		return &Problem{Status: http.StatusNotFound, Title: "there is no silence " + id}
	}
	v := list[at]
	now := time.Now().UnixNano()
	if v.Ended == 0 {
		v.Ended = now
		if err := t.State.PutSilence(r.Context(), v, state.AuditEntry{Time: now, Actor: s.actor(r), Action: "silence.end", Target: id}); err != nil {
			return err
		}
	}
	if err := t.silenced(r.Context()); err != nil {
		return err
	}
	return writeJSON(w, silenceMessage(&v, now))
}

// silenced tells the line which silences there are.
func (t *Tenant) silenced(ctx context.Context) error {
	list, err := t.State.Silences(ctx)
	if err != nil {
		return err
	}
	if t.Line != nil {
		t.Line.Judge(func(d *alert.Desk) { d.Use(list) })
	}
	return nil
}

// trySilence tells what a silence would have hidden.
func (s *Server) trySilence(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	now := time.Now()
	v, err := s.silenceOf(r, now)
	if err != nil {
		return err
	}
	v.Until, v.Created = 0, 0
	days := usualDays
	if err := readNumber(r.FormValue("days"), "days", &days); err != nil {
		return err
	}
	if days > maxDays {
		return bad("days: at most %d", maxDays)
	}
	out, err := t.wouldHide(r.Context(), &v, days, now)
	if err != nil {
		return err
	}
	return writeJSON(w, out)
}

// wouldHide tries a silence on the hits of some days.
func (t *Tenant) wouldHide(ctx context.Context, v *alert.Silence, days int, now time.Time) (*WouldHide, error) {
	out := &WouldHide{Days: days, Incidents: []alert.Message{}}
	f := state.HitFilter{Since: now.AddDate(0, 0, -days).UnixNano(), Limit: maxTried}
	hidden := make(map[string]int64) // hits, by incident
	touched := make(map[string]bool) // rules
	total := make(map[string]int64)  // hits of all rules
	incidents, err := t.incidentsOfAlerts(ctx, f.Since)
	if err != nil {
		return nil, err
	}
	tried := 0
	for h, err := range t.State.ListHits(ctx, f) {
		if err != nil {
			return nil, err
		}
		tried++
		whole, err := hitOf(&h)
		if err != nil {
			return nil, fmt.Errorf("hit %s: %w", h.Key, err)
		}
		x := live.AlertHit(&h, 0, &whole)
		total[x.RuleID]++
		if !v.Hides(&x) {
			continue
		}
		touched[x.RuleID] = true
		out.Hits++
		alone, many := alert.KeysOf(&x)
		hidden[cmp.Or(incidents[alone], incidents[many])]++
	}
	out.Cut = tried >= maxTried
	for rule := range touched {
		out.Of += total[rule]
	}
	for key, n := range hidden {
		if key == "" {
			continue
		}
		i, err := t.State.Incident(ctx, key)
		if errors.Is(err, state.ErrNotFound) {
			continue // it is forgotten
		}
		if err != nil {
			return nil, err
		}
		switch i.Verdict {
		case alert.Malicious:
			out.Malicious += n
		case alert.Expected, alert.FalseAlarm:
			out.Harmless += n
		}
		out.Incidents = append(out.Incidents, i.Message(now.UnixNano()))
	}
	slices.SortFunc(out.Incidents, func(a, b alert.Message) int {
		return cmp.Or(grave(b)-grave(a), b.Score-a.Score, cmp.Compare(a.Key, b.Key))
	})
	out.Incidents = out.Incidents[:min(len(out.Incidents), 20)]
	return out, nil
}

func grave(m alert.Message) int {
	if m.Verdict == alert.Malicious {
		return 1
	}
	return 0
}

// incidentsOfAlerts returns the incidents of the alerts since a time, by their keys. An alert begins before its last hit, so
// it holds those of all hits since then.
func (t *Tenant) incidentsOfAlerts(ctx context.Context, since int64) (map[string]string, error) {
	list, err := t.State.ListAlerts(ctx, state.AlertFilter{Since: since, Limit: maxTried})
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(list))
	for _, a := range list {
		out[a.Key] = a.Incident
	}
	return out, nil
}
