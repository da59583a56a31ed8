package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/state"
)

// EntityAsk names somebody.
type EntityAsk struct {
	Kind  string    `path:"kind" enum:"user,host,address,any"`
	Name  string    `path:"name" minLength:"1" maxLength:"1024"`
	Since time.Time `query:"since" doc:"Else 30 days ago."`
	Until time.Time `query:"until"`
}

// EntityView is all that is known of a user, a host or an address.
type EntityView struct {
	Who
	Score   int              `json:"score" doc:"0 to 100: the highest of the last two days."`
	Risk    []RiskDay        `json:"risk" doc:"14 days, the oldest first."`
	Open    []alert.Message  `json:"open" doc:"Incidents that it is part of and that are open, the worst first."`
	Done    []StandingAction `json:"done" doc:"What was done about it, the last first."`
	New     []Group          `json:"new" doc:"What stands in its events of the last day, and in none of the 29 days before."`
	Usual   []Group          `json:"usual" doc:"What stands in its events of these days, the commonest first."`
	Checked bool             `json:"checked" doc:"There are events of the days before: what is new is new."`
}

// RiskDay is how much there was against somebody on a day.
type RiskDay struct {
	Day   string `json:"day" doc:"2026-11-22, in UTC."`
	Score int    `json:"score" doc:"0 to 100."`
	Level string `json:"level,omitempty" doc:"Of the gravest rule."`
	Hits  int64  `json:"hits"`
	Rules int    `json:"rules"`
}

// StandingAction is as much of an action as is told beside other things.
type StandingAction struct {
	Key    string    `json:"key"`
	Kind   string    `json:"kind"`
	Target string    `json:"target"`
	State  string    `json:"state"`
	By     string    `json:"by"`
	Why    string    `json:"why,omitempty"`
	Asked  time.Time `json:"asked"`
	Until  time.Time `json:"until,omitzero"`
	Result string    `json:"result,omitempty"`
}

// Bounds of a view of an entity.
const (
	riskDays   = 14
	maxActions = 20
	newFor     = 24 * time.Hour
)

func (s *Server) registerEntity(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/entities/{kind}/{name}", Permission: identity.SearchRead, Summary: "Tells everything that a user, a host or an address did", Tag: "entities"}, s.entity)
}

func (s *Server) entity(ctx context.Context, t *Tenant, in *EntityAsk) (*EntityView, error) {
	now := time.Now().UTC()
	who, err := t.who(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &EntityView{Who: *who, Open: []alert.Message{}, New: []Group{}, Usual: []Group{}}
	open, err := t.State.ListIncidents(ctx, state.IncidentFilter{Entity: in.Name, Now: now.UnixNano(), Limit: maxListed})
	if err != nil {
		return nil, err
	}
	for _, i := range open {
		out.Open = append(out.Open, i.Message(now.UnixNano()))
	}
	if out.Risk, err = t.risk(ctx, in.Name, now); err != nil {
		return nil, err
	}
	for _, d := range out.Risk[riskDays-2:] {
		out.Score = max(out.Score, d.Score)
	}
	if out.Done, err = t.doneAbout(ctx, in.Name); err != nil {
		return nil, err
	}
	return out, t.compare(ctx, out, now)
}

// risk works out how much there was against somebody on each day, from the hits that are kept: as an incident of all of them
// would be scored.
func (t *Tenant) risk(ctx context.Context, name string, now time.Time) ([]RiskDay, error) {
	const day = 24 * time.Hour
	begin := now.Truncate(day).Add(-(riskDays - 1) * day)
	days := make([]RiskDay, riskDays)
	for n := range days {
		at := begin.Add(time.Duration(n) * day)
		days[n].Day = at.Format(time.DateOnly)
		counts, err := t.State.CountHits(ctx, state.HitFilter{Entity: name, Since: at.UnixNano(), Until: at.Add(day).UnixNano()}, state.ByRule)
		if err != nil {
			return nil, err
		}
		i := alert.Incident{Rules: make(map[string]*alert.RuleShare, len(counts))}
		level := -1
		for _, c := range counts {
			i.Rules[c.Name] = &alert.RuleShare{Title: c.Title, Level: c.Level, Alerts: 1, Hits: c.Hits, Events: c.Events}
			level = max(level, c.Level)
			days[n].Hits += c.Hits
		}
		if days[n].Rules = len(counts); level >= 0 {
			days[n].Level, days[n].Score = alert.LevelName(level), i.Rate(1)
		}
	}
	return days, nil
}

// doneAbout returns the actions whose target is somebody.
func (t *Tenant) doneAbout(ctx context.Context, name string) ([]StandingAction, error) {
	out := []StandingAction{}
	for a, err := range t.State.ListActions(ctx, state.ActionFilter{}) {
		if err != nil {
			return nil, err
		}
		if targets(a.Target, name) {
			out = append(out, standing(&a))
		}
	}
	slices.SortFunc(out, func(a, b StandingAction) int { return b.Asked.Compare(a.Asked) })
	return out[:min(len(out), maxActions)], nil
}

// targets tells whether the target of an action is somebody, or a network that he is in.
func targets(target, name string) bool {
	self, err := netip.ParseAddr(name)
	short := alert.Entity{Kind: alert.KindUser, Name: name}.Short()
	for word := range strings.FieldsSeq(target) {
		if strings.EqualFold(word, name) || err != nil && strings.EqualFold(word, short) {
			return true
		}
		if net, bad := netip.ParsePrefix(word); bad == nil && err == nil && net.Contains(self.Unmap()) {
			return true
		}
	}
	return false
}

// standing reads what is told of an action.
func standing(a *state.Action) StandingAction {
	var whole struct {
		By     string `json:"by"`
		Result string `json:"result"`
		Error  string `json:"error"`
		Why    struct {
			Text string `json:"text"`
		} `json:"why"`
	}
	_ = json.Unmarshal([]byte(a.JSON), &whole) // what cannot be read is not told
	x := StandingAction{Key: a.Key, Kind: a.Kind, Target: a.Target, State: a.State, By: whole.By, Why: whole.Why.Text, Asked: alert.When(a.Asked), Until: alert.When(a.Until), Result: whole.Result}
	if x.Result == "" {
		x.Result = whole.Error
	}
	return x
}

// compare says what in the events of the last day is new, and what is usual.
func (t *Tenant) compare(ctx context.Context, out *EntityView, now time.Time) error {
	if out.Events == 0 {
		return nil
	}
	about := entityQuery(out.Kind, out.Name)
	recent := &Who{Since: now.Add(-newFor), Until: now}
	before := &Who{Since: now.AddDate(0, 0, -whoDays), Until: recent.Since}
	for _, field := range [...]string{"user.name", "host.name", "source.ip", "destination.ip", "process.name", "dataset"} {
		was, err := t.tallies(ctx, before, about+" | top 1000 "+field)
		if err != nil {
			return fmt.Errorf("what is usual: %w", err)
		}
		known := make(map[string]bool, len(was))
		for _, v := range was {
			known[v.Name] = true
		}
		out.Checked = out.Checked || len(was) > 0
		is, err := t.tallies(ctx, recent, about+" | top 50 "+field)
		if err != nil {
			return fmt.Errorf("what is new: %w", err)
		}
		self := func(v Tally) bool { return v.Name == "" || strings.EqualFold(v.Name, out.Name) }
		is = slices.DeleteFunc(is, func(v Tally) bool { return known[v.Name] || self(v) })
		if was = slices.DeleteFunc(was, self); len(was) > 0 {
			out.Usual = append(out.Usual, Group{field, was[:min(len(was), maxTallies)]})
		}
		if len(is) > 0 {
			out.New = append(out.New, Group{field, is[:min(len(is), maxTallies)]})
		}
	}
	return nil
}
