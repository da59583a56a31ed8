package console

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// ShiftAsk says which hours are handed over.
type ShiftAsk struct {
	Since time.Time `query:"since" doc:"When the shift began; else eight hours ago."`
	Until time.Time `query:"until" doc:"When it ended, not included; else now."`
}

// Shift is what who comes next should know of some hours.
type Shift struct {
	Since   time.Time        `json:"since"`
	Until   time.Time        `json:"until"`
	Found   LevelCounts      `json:"found" doc:"Incidents that tocsin came to know of in these hours, without those of the background."`
	Fresh   []ShiftIncident  `json:"fresh" doc:"The gravest of these."`
	Judged  []ShiftIncident  `json:"judged" doc:"Closed in these hours."`
	Open    []ShiftIncident  `json:"open" doc:"Open now, whenever they began: the gravest first."`
	Opened  int64            `json:"opened" doc:"How many are open now, without those of the background."`
	Lone    int64            `json:"lone" doc:"Of these, those that nobody has taken."`
	Done    []StandingAction `json:"done" doc:"What was asked for in these hours, the last first."`
	Waits   []StandingAction `json:"waits" doc:"What waits for approval now."`
	Ends    []StandingAction `json:"ends" doc:"What is in force and ends by itself within twelve hours."`
	Cases   []ShiftCase      `json:"cases" doc:"Open cases, the last changed first."`
	Said    []ShiftMoment    `json:"said" doc:"What people decided and wrote, in order."`
	Silent  []string         `json:"silent" doc:"Sources that say nothing now."`
	Cut     bool             `json:"cut,omitempty" doc:"There was more than is told here."`
	Stalled string           `json:"stalled,omitempty" doc:"Why nothing is kept for now."`
}

// ShiftIncident is an incident as it is handed over.
type ShiftIncident struct {
	Closed
	Sentence string    `json:"sentence"`
	Last     time.Time `json:"last"`
	Seen     time.Time `json:"seen,omitzero" doc:"When tocsin came to know of it."`
	Decided  time.Time `json:"decided,omitzero"`
	Until    time.Time `json:"until,omitzero" doc:"Of one that is put off."`
	Case     string    `json:"case,omitempty"`
}

// ShiftCase is an open case as it is handed over.
type ShiftCase struct {
	Key     string    `json:"key"`
	Title   string    `json:"title"`
	Owner   string    `json:"owner,omitempty"`
	Updated time.Time `json:"updated"`
	Tasks   []string  `json:"tasks" doc:"Those that are not done."`
}

// ShiftMoment is something that somebody decided or wrote.
type ShiftMoment struct {
	Time time.Time `json:"time"`
	Who  string    `json:"who"`
	What string    `json:"what" doc:"Of the audit trail: incident.decide and so on."`
	Of   string    `json:"of" doc:"A key, or a rule's id."`
	Text string    `json:"text"`
}

// Bounds of a hand-over.
const (
	shiftHours = 8 * time.Hour
	shiftLimit = 31 * 24 * time.Hour
	shiftSoon  = 12 * time.Hour
	maxShift   = 50
	maxSaid    = 200
)

func (s *Server) registerShift(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/reports/shift", Permission: identity.ReportRead, Summary: "Says what who comes next should know of some hours", Tag: "reports"}, s.shift)
}

func (s *Server) shift(ctx context.Context, t *Tenant, q *ShiftAsk) (*Shift, error) {
	now := time.Now().UTC()
	out := &Shift{
		Since: q.Since.UTC(), Until: q.Until.UTC(), Fresh: []ShiftIncident{}, Judged: []ShiftIncident{}, Open: []ShiftIncident{}, Done: []StandingAction{},
		Waits: []StandingAction{}, Ends: []StandingAction{}, Cases: []ShiftCase{}, Said: []ShiftMoment{}, Silent: []string{},
	}
	if q.Until.IsZero() {
		out.Until = now
	}
	if q.Since.IsZero() {
		out.Since = out.Until.Add(-shiftHours)
	}
	if !out.Since.Before(out.Until) || out.Until.Sub(out.Since) > shiftLimit {
		return nil, bad("since", "a shift ends after it begins, and within 31 days")
	}
	for _, f := range [...]func(context.Context, *Shift) error{t.shiftIncidents, t.shiftActions, t.shiftCases, t.shiftSaid} {
		if err := f(ctx, out); err != nil {
			return nil, err
		}
	}
	if t.Line != nil {
		for _, x := range t.Line.Sources() {
			if x.Silent {
				out.Silent = append(out.Silent, strings.TrimSpace(x.Path+" "+x.Sender))
			}
		}
		out.Stalled = t.Line.Status().Stalled
	}
	return out, nil
}

// shiftIncidents are those that began, were closed, or are open.
func (t *Tenant) shiftIncidents(ctx context.Context, out *Shift) error {
	since, until := out.Since.UnixNano(), out.Until.UnixNano()
	add := func(to *[]ShiftIncident, b *state.Brief) {
		if len(*to) == maxShift {
			out.Cut = true
			return
		}
		*to = append(*to, ShiftIncident{
			Closed:   Closed{b.Key, b.Title, alert.LevelName(b.Level), b.Score, alert.When(b.First), b.Status, b.Verdict, b.Owner},
			Sentence: b.Sentence, Last: alert.When(b.Last), Seen: alert.When(b.Seen), Decided: alert.When(b.Decided), Until: alert.When(b.Until), Case: b.Case,
		})
	}
	changed, cut, err := t.State.Briefs(ctx, state.IncidentFilter{Status: "any", UpdatedSince: since, Now: until})
	if err != nil {
		return err
	}
	out.Cut = cut
	for _, b := range changed {
		if b.Kind == "attack" && b.Seen >= since && b.Seen < until {
			out.Found.add(b.Level)
			add(&out.Fresh, b)
		}
		if b.Status == alert.Closed && b.Decided >= since && b.Decided < until {
			add(&out.Judged, b)
		}
	}
	open, cut, err := t.State.Briefs(ctx, state.IncidentFilter{Now: until})
	if err != nil {
		return err
	}
	out.Cut = out.Cut || cut
	for _, b := range open {
		if b.Kind != "attack" {
			continue
		}
		if out.Opened++; b.Owner == "" {
			out.Lone++
		}
		add(&out.Open, b)
	}
	return nil
}

// shiftActions are those that were asked for, those that wait, and those that end soon.
func (t *Tenant) shiftActions(ctx context.Context, out *Shift) error {
	since, until := out.Since.UnixNano(), out.Until.UnixNano()
	for a, err := range t.State.ListActions(ctx, state.ActionFilter{}) {
		if err != nil {
			return err
		}
		to := &out.Done
		switch {
		case a.State == "proposed":
			to = &out.Waits
		case a.Asked >= since && a.Asked < until:
		case a.State == "done" && a.Until > until && a.Until < until+shiftSoon.Nanoseconds():
			to = &out.Ends
		default:
			continue
		}
		*to = append(*to, standing(&a))
	}
	for _, list := range [...]*[]StandingAction{&out.Done, &out.Waits, &out.Ends} {
		slices.SortFunc(*list, func(a, b StandingAction) int { return b.Asked.Compare(a.Asked) })
		if len(*list) > maxShift {
			*list, out.Cut = (*list)[:maxShift], true
		}
	}
	return nil
}

// shiftCases are the open ones, with what is to be done in them.
func (t *Tenant) shiftCases(ctx context.Context, out *Shift) error {
	list, err := t.State.ListCases(ctx, false, maxShift)
	if err != nil {
		return err
	}
	for _, c := range list {
		x := ShiftCase{Key: c.Key, Title: c.Title, Owner: c.Owner, Updated: alert.When(c.Updated), Tasks: []string{}}
		for _, task := range c.Tasks {
			if task.Done == 0 {
				x.Tasks = append(x.Tasks, task.Text)
			}
		}
		out.Cases = append(out.Cases, x)
	}
	return nil
}

// shiftSaid is what people decided and wrote, by the audit trail.
func (t *Tenant) shiftSaid(ctx context.Context, out *Shift) error {
	for e, err := range t.State.ListAudit(ctx, state.AuditFilter{Since: out.Since.UnixNano(), Until: out.Until.UnixNano(), Newest: true}) {
		if err != nil {
			return err
		}
		kind, _, _ := strings.Cut(e.Action, ".")
		if !slices.Contains([]string{"incident", "case", "action", "rule", "prevent", "silence"}, kind) || e.Actor == "tocsin" {
			continue
		}
		if len(out.Said) == maxSaid {
			out.Cut = true
			break
		}
		out.Said = append(out.Said, ShiftMoment{Time: alert.When(e.Time), Who: e.Actor, What: e.Action, Of: e.Target, Text: saidText(e.Detail)})
	}
	slices.Reverse(out.Said)
	return nil
}

// saidText is what an entry of the audit trail says, in a line.
func saidText(detail string) string {
	var said map[string]any
	if json.Unmarshal([]byte(detail), &said) != nil {
		return ""
	}
	var parts []string
	for _, k := range [...]string{"status", "verdict", "owner", "title", "text", "note", "why", "target"} {
		if v, ok := said[k].(string); ok && v != "" {
			parts = append(parts, v)
		}
	}
	if of, ok := said["case"].(string); ok && of != "" {
		parts = append(parts, "to the case "+of[:min(len(of), 8)])
	}
	return strings.Join(parts, " · ")
}
