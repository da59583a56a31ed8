package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// IncidentsAsk says which incidents are asked for.
type IncidentsAsk struct {
	PageAsk
	QueueAsk
}

func (s *Server) registerIncidents(a *API) {
	op := Operation{Method: http.MethodGet, Path: "/incidents", Permission: identity.IncidentRead, Summary: "Lists incidents", Tag: "incidents"}
	Handle(a, op, s.incidents)
	op.Path, op.Summary = "/incidents/{key}", "Tells all about an incident that helps to judge it"
	Handle(a, op, s.incident)
	op.Path, op.Summary, op.Tag = "/alerts", "Lists alerts", "alerts"
	Handle(a, op, s.alerts)
	Handle(a, Operation{
		Method: http.MethodPost, Path: "/incidents/decide", Permission: identity.IncidentDecide, Tag: "incidents",
		Summary: "Says what somebody makes of incidents: takes, puts off, closes with a verdict, opens again",
	}, s.decide)
}

func (s *Server) incidents(ctx context.Context, t *Tenant, q *IncidentsAsk) (*Page[alert.Message], error) {
	f, err := q.Filter(ctx, time.Now())
	if err != nil {
		return nil, err
	}
	f.Limit, f.After = q.Limit, q.After
	list, err := t.State.ListIncidents(ctx, f)
	if err != nil {
		return nil, notFound(err)
	}
	out := &Page[alert.Message]{Items: make([]alert.Message, len(list))}
	for i, x := range list {
		out.Items[i] = x.Message(f.Now)
	}
	if len(list) == q.Limit {
		out.Next = list[q.Limit-1].Key
	}
	return out, nil
}

// AlertMessage is an alert as it is answered.
type AlertMessage struct {
	Key      string       `json:"key"`
	Incident string       `json:"incident,omitempty"`
	RuleID   string       `json:"rule_id"`
	Title    string       `json:"title"`
	Level    string       `json:"level" enum:"critical,high,medium,low,informational"`
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

// alertMessageOf is an alert as it is answered.
func alertMessageOf(a *alert.Alert) AlertMessage {
	return AlertMessage{
		Key: a.Key, Incident: a.Incident, RuleID: a.RuleID, Title: a.RuleTitle, Level: alert.LevelName(a.Level), Tags: a.Tags,
		Entity: a.Entity, First: alert.When(a.First), Last: alert.When(a.Last), Hits: a.Hits, Events: a.Events, Open: a.Open,
		Hosts: a.Hosts, Users: a.Users, Sources: a.Sources, Silence: a.Silence, Samples: a.Samples,
	}
}

// AlertsAsk says which alerts are asked for.
type AlertsAsk struct {
	PageAsk
	Incident string    `query:"incident" doc:"Those of one incident."`
	Rule     string    `query:"rule" doc:"The id of a rule."`
	Silence  string    `query:"silence" doc:"Those that this silence hides."`
	Silenced bool      `query:"silenced" doc:"Only those that a silence hides; else only others."`
	Level    int       `query:"level" minimum:"0" maximum:"4" doc:"0 (informational) to 4 (critical), and above."`
	Since    time.Time `query:"since"`
}

func (s *Server) alerts(ctx context.Context, t *Tenant, q *AlertsAsk) (*Page[AlertMessage], error) {
	list, err := t.State.ListAlerts(ctx, state.AlertFilter{
		Incident: q.Incident, Rule: q.Rule, Silence: q.Silence, Silenced: q.Silenced, MinLevel: q.Level, Since: nanoseconds(q.Since),
		Limit: q.Limit, After: q.After,
	})
	if err != nil {
		return nil, notFound(err)
	}
	out := &Page[AlertMessage]{Items: make([]AlertMessage, len(list))}
	for i, x := range list {
		out.Items[i] = alertMessageOf(x)
	}
	if len(list) == q.Limit {
		out.Next = list[q.Limit-1].Key
	}
	return out, nil
}

// Decision is what somebody says of incidents. What is absent stays as it is.
type Decision struct {
	Keys    []string  `json:"keys" minItems:"1" maxItems:"1000" doc:"Of the incidents; the beginning of a key will do where it means one."`
	Status  string    `json:"status,omitempty" enum:"new,taken,snoozed,closed"`
	Verdict string    `json:"verdict,omitempty" enum:"malicious,expected,false-alarm" doc:"With closed."`
	Owner   *string   `json:"owner,omitempty" maxLength:"4096" doc:"Empty: nobody."`
	Note    *string   `json:"note,omitempty" maxLength:"4096" doc:"In place of the one before."`
	Until   time.Time `json:"until,omitzero" doc:"With snoozed."`
	// Seen keeps two people from overruling each other unawares.
	Seen map[string]string `json:"seen,omitempty" doc:"What decided was of an incident, by its key, when whoever decides looked at it; empty if nothing had been decided. If others have decided about the same since, nothing is done, and the answer is 409 and says who. Of incidents that are not named nothing is asked."`
}

// DecideAsk takes a decision.
type DecideAsk struct{ Body Decision }

// Decided is what is answered to a decision.
type Decided struct {
	Incidents []alert.Message `json:"incidents"`
	Undo      []Decision      `json:"undo" doc:"The decisions that restore what was."`
}

// decide takes what somebody says of incidents.
func (s *Server) decide(ctx context.Context, t *Tenant, in *DecideAsk) (*Decided, error) {
	d := state.Decision{Status: in.Body.Status, Verdict: in.Body.Verdict, Until: nanoseconds(in.Body.Until), At: time.Now().UnixNano(), Actor: Actor(ctx)}
	if in.Body.Owner != nil {
		d.Owner, d.NoOwner = *in.Body.Owner, *in.Body.Owner == ""
	}
	if in.Body.Note != nil {
		d.Note, d.NoNote = *in.Body.Note, *in.Body.Note == ""
	}
	if d.Status == alert.Taken && d.Owner == "" {
		d.Owner, d.NoOwner = d.Actor, false
	}
	before, err := t.incidentsOf(ctx, in.Body.Keys)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(before))
	for i, x := range before {
		keys[i] = x.Key
	}
	if d.Seen, err = in.Body.seen(); err != nil {
		return nil, err
	}
	list, err := t.State.Decide(ctx, keys, d)
	if err != nil {
		return nil, notFound(err)
	}
	t.judged(list)
	out := &Decided{Incidents: make([]alert.Message, len(list)), Undo: undoOf(before)}
	for i, x := range list {
		out.Incidents[i] = x.Message(d.At)
	}
	for i := range out.Undo {
		out.Undo[i].Seen = make(map[string]string)
		for _, key := range out.Undo[i].Keys {
			out.Undo[i].Seen[key] = alert.When(d.At).Format(time.RFC3339Nano)
		}
	}
	return out, nil
}

// seen are the times of Seen.
func (d *Decision) seen() (map[string]int64, error) {
	out := make(map[string]int64, len(d.Seen))
	for key, text := range d.Seen {
		out[key] = 0
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, bad("seen", "%q of %q is not a time", text, key)
		}
		out[key] = nanoseconds(at)
	}
	return out, nil
}

// undoOf are the decisions that restore what people have said of incidents.
func undoOf(list []*alert.Incident) []Decision {
	var out []Decision
	for _, i := range list {
		status := i.Status
		if status == "" {
			status = alert.New
		}
		d := Decision{Keys: []string{i.Key}, Status: status, Verdict: i.Verdict, Owner: &i.Owner, Note: &i.Note, Until: alert.When(i.Until)}
		at := slices.IndexFunc(out, func(o Decision) bool {
			return o.Status == d.Status && o.Verdict == d.Verdict && *o.Owner == *d.Owner && *o.Note == *d.Note && o.Until.Equal(d.Until)
		})
		if at < 0 {
			out = append(out, d)
			continue
		}
		out[at].Keys = append(out[at].Keys, i.Key)
	}
	return out
}

// maxKeys bounds the incidents that one request decides about.
const maxKeys = 1000

// incidentsOf returns the incidents with keys, or the beginnings of keys; of what was merged, what it is part of now.
func (t *Tenant) incidentsOf(ctx context.Context, keys []string) ([]*alert.Incident, error) {
	if len(keys) > maxKeys {
		return nil, bad("keys", "%d incidents are too many at once; %d are not", len(keys), maxKeys)
	}
	var list []*alert.Incident
	for _, k := range keys {
		i, err := t.incidentOf(ctx, k)
		if err != nil {
			return nil, notFound(err)
		}
		if !slices.ContainsFunc(list, func(o *alert.Incident) bool { return o.Key == i.Key }) {
			list = append(list, i)
		}
	}
	return list, nil
}

// incidentOf returns the incident with a key, or with the one key that begins so, or what it was merged into.
func (t *Tenant) incidentOf(ctx context.Context, key string) (*alert.Incident, error) {
	i, err := t.State.Incident(ctx, key)
	for hops := 0; err == nil && i.Into != "" && hops < maxKeys; hops++ {
		i, err = t.State.Incident(ctx, i.Into)
	}
	return i, err
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
	var changed *state.ChangedError
	switch {
	case errors.As(err, &changed):
		return &Problem{Status: http.StatusConflict, Title: changed.Error()}
	case errors.As(err, &many):
		return &Problem{Status: http.StatusConflict, Title: many.Error()}
	case errors.Is(err, state.ErrNotFound):
		return &Problem{Status: http.StatusNotFound, Title: err.Error()}
	case errors.Is(err, state.ErrDecision):
		return bad("", "%v", err)
	}
	return err
}

// object writes one object as a line.
func (l *Lines) object(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return l.line(append(text, '\n'))
}

// bad is a mistake of the asker, in a field of the request; "" is none of them.
func bad(field, format string, args ...any) *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, Title: fmt.Sprintf(format, args...), Field: field}
}
