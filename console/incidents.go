package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/state"
)

// IncidentFilter reads a filter of incidents from the arguments of a request. No limit, and 0, is all.
func IncidentFilter(get func(name string) string) (state.IncidentFilter, error) {
	f := state.IncidentFilter{
		Status: get("status"), Entity: get("entity"), Text: get("text"), Owner: get("owner"), Case: get("case"),
		Verdict: get("verdict"), After: get("after"), Newest: get("order") == "newest", Now: time.Now().UnixNano(),
	}
	if order := get("order"); order != "" && order != "newest" && order != "worst" {
		return f, bad("order %s is not known: worst or newest", order)
	}
	switch f.Status {
	case "", "any", alert.New, alert.Taken, alert.Snoozed, alert.Closed:
	case "open":
		f.Status = ""
	default:
		return f, bad("status %s is not known: open, new, taken, snoozed, closed or any", f.Status)
	}
	for name, to := range map[string]*int64{"since": &f.Since, "until": &f.Until, "updated": &f.UpdatedSince} {
		if err := readTime(get(name), name, to); err != nil {
			return f, err
		}
	}
	for name, to := range map[string]*int{"limit": &f.Limit, "level": &f.MinLevel} {
		if err := readNumber(get(name), name, to); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (s *Server) incidents(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	f, err := IncidentFilter(r.FormValue)
	if err != nil {
		return err
	}
	out := newLines(w)
	for left := f.Limit; ; {
		f.Limit = incidentPage
		if left > 0 {
			f.Limit = min(left, incidentPage)
		}
		list, err := t.State.ListIncidents(r.Context(), f)
		if err != nil {
			return out.end(notFound(err))
		}
		for _, i := range list {
			if err := out.object(i.Message(f.Now)); err != nil {
				return out.end(err)
			}
		}
		if left -= len(list); left == 0 || len(list) < f.Limit {
			return out.end(nil)
		}
		f.After = list[len(list)-1].Key
	}
}

// incidentPage bounds the incidents that are held at a time.
const incidentPage = 500

// AlertMessage is an alert as it is answered.
type AlertMessage struct {
	Key      string       `json:"key"`
	Incident string       `json:"incident,omitempty"`
	RuleID   string       `json:"rule_id"`
	Title    string       `json:"title"`
	Level    string       `json:"level"`
	Tags     []string     `json:"tags,omitempty"`
	Entity   alert.Entity `json:"entity"`
	First    time.Time    `json:"first,omitzero"`
	Last     time.Time    `json:"last,omitzero"`
	Hits     int64        `json:"hits"`
	Events   int64        `json:"events"`
	Open     bool         `json:"open,omitempty"`
	Hosts    []string     `json:"hosts,omitempty"`
	Users    []string     `json:"users,omitempty"`
	Sources  []string     `json:"sources,omitempty"`
	Silence  string       `json:"silence,omitempty"`
	Samples  []string     `json:"samples,omitempty"` // keys of hits
}

// AlertMessageOf is an alert as it is answered.
func AlertMessageOf(a *alert.Alert) AlertMessage {
	return AlertMessage{
		Key: a.Key, Incident: a.Incident, RuleID: a.RuleID, Title: a.RuleTitle, Level: alert.LevelName(a.Level), Tags: a.Tags,
		Entity: a.Entity, First: alert.When(a.First), Last: alert.When(a.Last), Hits: a.Hits, Events: a.Events, Open: a.Open,
		Hosts: a.Hosts, Users: a.Users, Sources: a.Sources, Silence: a.Silence, Samples: a.Samples,
	}
}

func (s *Server) alerts(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	f := state.AlertFilter{Incident: r.FormValue("incident"), Rule: r.FormValue("rule"), Silence: r.FormValue("silence"), Silenced: r.FormValue("silenced") == "true"}
	if err := errors.Join(readTime(r.FormValue("since"), "since", &f.Since), readNumber(r.FormValue("limit"), "limit", &f.Limit),
		readNumber(r.FormValue("level"), "level", &f.MinLevel)); err != nil {
		return err
	}
	list, err := t.State.ListAlerts(r.Context(), f)
	if err != nil {
		return err
	}
	out := newLines(w)
	for _, a := range list {
		if err := out.object(AlertMessageOf(a)); err != nil {
			return out.end(err)
		}
	}
	return out.end(nil)
}

// Decided is what is answered to a decision.
type Decided struct {
	Incidents []alert.Message `json:"incidents"`
}

// decide takes what somebody says of incidents: keys (their beginnings will do, as long as each means one), status,
// verdict, owner, note, until, case.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	now := time.Now()
	d := state.Decision{
		Status: r.FormValue("status"), Verdict: r.FormValue("verdict"), Owner: r.FormValue("owner"), Note: r.FormValue("note"),
		At: now.UnixNano(), Actor: s.actor(r),
	}
	if err := readTime(r.FormValue("until"), "until", &d.Until); err != nil {
		return err
	}
	if d.Status == alert.Taken && d.Owner == "" {
		d.Owner = d.Actor
	}
	if err := short(r, "owner", "note"); err != nil {
		return err
	}
	keys, err := t.incidentKeys(r.Context(), r.FormValue("keys"))
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return bad("keys: of which incidents?")
	}
	list, err := t.State.Decide(r.Context(), keys, d)
	if err != nil {
		return notFound(err)
	}
	t.judged(list)
	out := Decided{}
	for _, i := range list {
		out.Incidents = append(out.Incidents, i.Message(d.At))
	}
	return writeJSON(w, out)
}

// maxKeys bounds the incidents that one request decides about.
const maxKeys = 1000

// incidentKeys reads keys of incidents, or their beginnings, with commas or spaces between them; of what was merged, the key
// of what it is part of now.
func (t *Tenant) incidentKeys(ctx context.Context, text string) ([]string, error) {
	list := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
	if len(list) > maxKeys {
		return nil, bad("%d incidents are too many at once; %d are not", len(list), maxKeys)
	}
	var keys []string
	for _, k := range list {
		i, err := t.incidentOf(ctx, k)
		if err != nil {
			return nil, notFound(err)
		}
		if !slices.Contains(keys, i.Key) {
			keys = append(keys, i.Key)
		}
	}
	return keys, nil
}

// incidentOf returns the incident with a key, or with the one key that begins so, or what it was merged into.
func (t *Tenant) incidentOf(ctx context.Context, key string) (*alert.Incident, error) {
	i, err := t.State.Incident(ctx, key)
	for hops := 0; err == nil && i.Into != "" && hops < maxKeys; hops++ {
		i, err = t.State.Incident(ctx, i.Into)
	}
	return i, err
}

// short tells if an argument of a request is too long to be kept.
func short(r *http.Request, names ...string) error {
	for _, name := range names {
		if n := len(r.FormValue(name)); n > alert.MaxText {
			return bad("%s: it has %d bytes; at most %d are kept", name, n, alert.MaxText)
		}
	}
	return nil
}

// judged tells the line what people have decided.
func (t *Tenant) judged(list []*alert.Incident) {
	if t.Line != nil {
		t.Line.Judge(func(d *alert.Desk) {
			for _, i := range list {
				d.Judge(i)
			}
		})
	}
	if t.Changed != nil {
		t.Changed()
	}
}

// notFound makes problems of errors of the state that are the asker's.
func notFound(err error) error {
	var many *state.AmbiguousError
	switch {
	case errors.As(err, &many):
		return &Problem{Status: http.StatusConflict, Title: many.Error()}
	case errors.Is(err, state.ErrNotFound):
		return &Problem{Status: http.StatusNotFound, Title: err.Error()}
	case errors.Is(err, state.ErrDecision):
		return &Problem{Status: http.StatusBadRequest, Title: err.Error()}
	}
	return err
}

func readTime(text, name string, to *int64) error {
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return bad("%s is no time of RFC 3339: %s", name, text)
	}
	*to = t.UnixNano()
	return nil
}

func readNumber(text, name string, to *int) error {
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return bad("%s is no number: %s", name, text)
	}
	*to = n
	return nil
}

// object writes one object as a line.
func (l *Lines) object(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return l.line(append(text, '\n'))
}

// bad is a mistake of the asker.
func bad(format string, args ...any) *Problem {
	return &Problem{Status: http.StatusBadRequest, Title: fmt.Sprintf(format, args...)}
}

// actor names who asks, for the audit trail.
func (s *Server) actor(r *http.Request) string {
	return Actor(r.Context())
}
