package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// Step is something that could be done about an incident, worked out before anybody asks for it.
type Step struct {
	Number    int        `json:"number" doc:"From 1; the key that ticks it."`
	Kind      string     `json:"kind"`
	Target    string     `json:"target"`
	For       string     `json:"for,omitempty" doc:"For how long: 7d; absent: until somebody undoes it, or at once and for good."`
	Title     string     `json:"title"`
	Note      string     `json:"note" doc:"What it would have cut off, or why it is not ticked."`
	Ticked    bool       `json:"ticked" doc:"It breaks nothing that is known."`
	Forbidden string     `json:"forbidden,omitempty" doc:"Why it cannot be done."`
	Standing  string     `json:"standing,omitempty" doc:"The state of the same action, where it was asked for already."`
	Undo      bool       `json:"undo" doc:"It can be undone."`
	Needs     int        `json:"needs,omitempty" doc:"Approvals that it needs."`
	DryRun    *DryRun    `json:"dry_run,omitempty"`
	Action    StepAction `json:"action" doc:"What is to be sent to POST /actions."`

	session bool // the only thing that forbids it is a session
}

// StepAction is a step as POST /actions takes it.
type StepAction struct {
	Kind   string            `json:"kind"`
	Target string            `json:"target"`
	For    string            `json:"for,omitempty"`
	Why    string            `json:"why,omitempty"`
	Alert  string            `json:"alert,omitempty"`
	Case   string            `json:"case,omitempty"`
	Params map[string]string `json:"params,omitempty"`
}

// DryRun is what a step would have met in the days before.
type DryRun struct {
	Days   int      `json:"days"`
	Events int64    `json:"events" doc:"In which its target stands."`
	Good   int64    `json:"good" doc:"Of these, successes from before the incident."`
	Users  []string `json:"users,omitempty"`
	Hosts  []string `json:"hosts,omitempty"`
	Known  []string `json:"known,omitempty" doc:"Addresses that are known to be good."`
}

// StepJudged is what is known of a step by what could do it.
type StepJudged struct {
	Possible  bool     // false: there is nothing here that could; the step is left out
	Target    string   // in its canonical form
	Forbidden []string // it will not happen
	// Session: the only thing that forbids it is an SSH session from its target, which another step ends.
	Session  bool
	Warnings []string // it should not happen without a thought
	Standing string   // the state of the same action, where that has not ended
	Note     string   // what else a person should know
	Known    []string // addresses among its target that are known to be good
	Needs    int
	Undo     bool
}

// Containment is what could be done about an incident.
type Containment struct {
	Steps []Step   `json:"steps" doc:"In the order in which they are to be done."`
	Notes []string `json:"notes,omitempty" doc:"What was left out, and why."`
}

// dryDays is how far a dry run looks back.
const dryDays = 7

func (s *Server) registerContain(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/incidents/{key}/contain", Permission: identity.ActionRead, Summary: "Works out what could be done about an incident", Tag: "alerts"}, s.contain)
}

func (s *Server) contain(ctx context.Context, t *Tenant, q *KeyAsk) (*Containment, error) {
	i, err := t.incidentOf(ctx, q.Key)
	if err != nil {
		return nil, notFound(err)
	}
	out := &Containment{Steps: []Step{}}
	if s.Judge == nil {
		out.Notes = []string{"nothing can be done from here: actions are those of the first tenant, while serve runs"}
		return out, nil
	}
	alerts, err := t.State.ListAlerts(ctx, state.AlertFilter{Incident: i.Key, Limit: maxListed})
	if err != nil {
		return nil, err
	}
	wishes, notes, err := t.wishes(ctx, i, alerts)
	if err != nil {
		return nil, err
	}
	out.Notes = notes
	steps, errs := make([]*Step, len(wishes)), make([]error, len(wishes))
	var running sync.WaitGroup
	turn := make(chan struct{}, 4)
	for n := range wishes {
		running.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			steps[n], errs[n] = s.judged(ctx, t, i, &wishes[n])
		})
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, x := range steps {
		if x != nil {
			x.Number = len(out.Steps) + 1
			x.after(out.Steps)
			out.Steps = append(out.Steps, *x)
		}
	}
	if len(out.Steps) == 0 && len(out.Notes) == 0 {
		out.Notes = []string{"it is about nothing that could be blocked, ended or locked from here"}
	}
	return out, nil
}

// after ticks what only a session forbids that an earlier step ends.
func (x *Step) after(earlier []Step) {
	if !x.session {
		return
	}
	for _, e := range earlier {
		if e.Kind == "end-session" && e.Ticked && e.Target == "from "+x.Target {
			x.Forbidden, x.Ticked = "", true
			x.Note = fmt.Sprintf("An SSH session is open from there: step %d ends it before.", e.Number)
		}
	}
}

// judged makes a step of a wish; nil where nothing here could do it.
func (s *Server) judged(ctx context.Context, t *Tenant, i *alert.Incident, w *stepWish) (*Step, error) {
	j, err := s.Judge(ctx, t.Name, &w.StepAction, w.hosts)
	if err != nil || !j.Possible {
		return nil, err
	}
	w.Target = j.Target
	x := &Step{Kind: w.Kind, Target: w.Target, For: w.For, Title: w.title, Undo: j.Undo, Needs: j.Needs, Standing: j.Standing, Action: w.StepAction}
	if w.about != "" {
		if x.DryRun, err = t.dryRun(ctx, w, i.First); err != nil {
			return nil, err
		}
		x.DryRun.Known = j.Known
	}
	against := append(w.against(x.DryRun), j.Warnings...)
	switch {
	case j.Standing != "":
		x.Note = "It is " + j.Standing + " already."
	case len(j.Forbidden) > 0:
		x.Forbidden = strings.Join(j.Forbidden, "; ")
		x.Note = "Not possible: " + x.Forbidden + "."
		x.session = j.Session && len(against) == 0
	case len(against) > 0:
		x.Note = strings.Join(against, " ")
	default:
		x.Ticked = true
		x.Note = w.harmless(x.DryRun)
	}
	if j.Note != "" {
		x.Note = strings.TrimSpace(x.Note + " " + j.Note)
	}
	return x, nil
}

// dryRun looks for what a step would have met.
func (t *Tenant) dryRun(ctx context.Context, w *stepWish, first int64) (*DryRun, error) {
	now := time.Now()
	since := now.AddDate(0, 0, -dryDays)
	d := &DryRun{Days: dryDays}
	all := &Who{Since: since, Until: now}
	counts, err := t.tallies(ctx, all, w.about+" | stats count()")
	if err != nil {
		return nil, fmt.Errorf("dry run: %w", err)
	}
	for _, c := range counts {
		d.Events += c.Count
	}
	if d.Events == 0 {
		return d, nil
	}
	for field, to := range map[string]*[]string{"user.name": &d.Users, "host.name": &d.Hosts} {
		if *to, err = t.names(ctx, all, w.about, field); err != nil {
			return nil, fmt.Errorf("dry run: %w", err)
		}
	}
	began := alert.When(min(first, now.UnixNano()))
	for _, part := range [...]struct {
		query string
		until time.Time
	}{{w.good, began}, {w.through, began.Add(-unnoticed)}} {
		if part.query == "" || !part.until.After(since) {
			continue
		}
		before := &Who{Since: since, Until: part.until}
		good, err := t.tallies(ctx, before, part.query+" | stats count()")
		if err != nil {
			return nil, fmt.Errorf("dry run: %w", err)
		}
		n := int64(0)
		for _, c := range good {
			n += c.Count
		}
		if d.Good += n; n > 0 && w.whom == nil {
			if w.whom, err = t.names(ctx, before, part.query, w.whomField); err != nil {
				return nil, fmt.Errorf("dry run: %w", err)
			}
		}
	}
	return d, nil
}

// names returns the commonest values of a field.
func (t *Tenant) names(ctx context.Context, x *Who, about, field string) ([]string, error) {
	list, err := t.tallies(ctx, x, about+" | top 5 "+field)
	var out []string
	for _, v := range list {
		if v.Name != "" {
			out = append(out, v.Name)
		}
	}
	return out, err
}
