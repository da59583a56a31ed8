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
	"github.com/tocsin-sec/tocsin/identity"
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

// maxTried bounds the hits that a silence is tried on.
const maxTried = 200_000

func silenceMessage(s *alert.Silence, now int64) SilenceMessage {
	m := SilenceMessage{
		Matchers: []string{}, ID: s.ID, Owner: s.Owner, Reason: s.Reason, Created: alert.When(s.Created), Until: alert.When(s.Until), Ended: alert.When(s.Ended),
		Exception: s.Exception, Active: s.Ended == 0 && (s.Until == 0 || now < s.Until),
	}
	for _, t := range s.Matchers {
		m.Matchers = append(m.Matchers, t.String())
	}
	return m
}

func (s *Server) registerSilences(a *API) {
	op := Operation{Method: http.MethodGet, Path: "/silences", Permission: identity.SilenceRead, Summary: "Lists silences and exceptions, and how much each has hidden", Tag: "silences"}
	Handle(a, op, s.silences)
	op.Method, op.Path, op.Summary = http.MethodPost, "/silences/try", "Tells what a silence would have hidden"
	Handle(a, op, s.trySilence)
	op.Permission, op.Path, op.Summary = identity.SilenceWrite, "/silences", "Makes a silence or an exception"
	Handle(a, op, s.addSilence)
	op.Path, op.Summary = "/silences/{id}/end", "Ends a silence or an exception"
	Handle(a, op, s.endSilence)
}

func (s *Server) silences(ctx context.Context, t *Tenant, q *PageAsk) (*Page[SilenceMessage], error) {
	list, err := t.State.Silences(ctx)
	if err != nil {
		return nil, err
	}
	hidden, err := t.State.CountSilenced(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now().UnixNano()
	return PageOf(list, q, func(v *alert.Silence) string { return v.ID }, func(v *alert.Silence) SilenceMessage {
		m := silenceMessage(v, now)
		m.Alerts, m.Hidden = hidden[m.ID].Alerts, hidden[m.ID].Hits
		return m
	})
}

// NewSilence describes a silence.
type NewSilence struct {
	Matchers  []string  `json:"matchers" minItems:"1" maxItems:"50" doc:"All must hold: field=value, field!=value, field~part, field^=beginning, field$=end."`
	Reason    string    `json:"reason,omitempty" maxLength:"4096"`
	Until     time.Time `json:"until,omitzero" doc:"Needed, but for an exception."`
	Exception bool      `json:"exception,omitempty" doc:"For good."`
}

// NewSilenceAsk makes one.
type NewSilenceAsk struct{ Body NewSilence }

// TrySilenceAsk tries one.
type TrySilenceAsk struct {
	Days int `query:"days" minimum:"1" maximum:"3650" default:"30"`
	Body NewSilence
}

// silence reads a silence.
func (n *NewSilence) silence(ctx context.Context, now time.Time) (alert.Silence, error) {
	v := alert.Silence{Owner: Actor(ctx), Reason: n.Reason, Exception: n.Exception, Created: now.UnixNano(), Until: nanoseconds(n.Until)}
	for _, text := range n.Matchers {
		m, err := alert.ParseMatcher(text)
		if err != nil {
			return v, bad("matchers", "%v", err)
		}
		v.Matchers = append(v.Matchers, m)
	}
	if err := v.Check(); err != nil {
		return v, bad("matchers", "%v", err)
	}
	return v, nil
}

func (s *Server) addSilence(ctx context.Context, t *Tenant, in *NewSilenceAsk) (*SilenceMessage, error) {
	v, err := in.Body.silence(ctx, time.Now())
	switch {
	case err != nil:
		return nil, err
	case v.Reason == "":
		return nil, bad("reason", "why?")
	case !v.Exception && v.Until == 0:
		return nil, bad("until", "a silence ends; what is to be hidden for good is an exception")
	case v.Until != 0 && v.Until <= v.Created:
		return nil, bad("until", "that is over")
	}
	return t.putSilence(ctx, v)
}

// putSilence keeps a silence, and tells the line of it.
func (t *Tenant) putSilence(ctx context.Context, v alert.Silence) (*SilenceMessage, error) {
	v.ID = alert.SilenceID(&v)
	detail, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	trail := state.AuditEntry{Time: v.Created, Actor: v.Owner, Action: "silence.add", Target: v.ID, Detail: string(detail)}
	if err := t.State.PutSilence(ctx, v, trail); err != nil {
		return nil, err
	}
	m := silenceMessage(&v, v.Created)
	return &m, t.silenced(ctx)
}

// IDAsk names one thing.
type IDAsk struct {
	ID string `path:"id" maxLength:"200"`
}

func (s *Server) endSilence(ctx context.Context, t *Tenant, in *IDAsk) (*SilenceMessage, error) {
	list, err := t.State.Silences(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list, func(v alert.Silence) bool { return v.ID == in.ID })
	if at < 0 {
		return nil, &Problem{Status: http.StatusNotFound, Title: "there is no silence " + in.ID, Field: "id"}
	}
	v := list[at]
	now := time.Now().UnixNano()
	if v.Ended == 0 {
		v.Ended = now
		if err := t.State.PutSilence(ctx, v, state.AuditEntry{Time: now, Actor: Actor(ctx), Action: "silence.end", Target: v.ID}); err != nil {
			return nil, err
		}
	}
	m := silenceMessage(&v, now)
	return &m, t.silenced(ctx)
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
func (s *Server) trySilence(ctx context.Context, t *Tenant, in *TrySilenceAsk) (*WouldHide, error) {
	now := time.Now()
	v, err := in.Body.silence(ctx, now)
	if err != nil {
		return nil, err
	}
	return t.WouldHide(ctx, &v, in.Days, now)
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
