package console

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/state"
)

// Explained is an incident with all that helps to judge it.
type Explained struct {
	alert.Message
	List     []AlertMessage    `json:"list"`              // its alerts, the gravest first; at most maxListed
	Why      []Hit             `json:"why"`               // of the gravest rules, what matched
	About    []detect.RuleInfo `json:"about"`             // what their authors say of them
	Normal   []string          `json:"normal"`            // what is usual here
	Since    []alert.Moment    `json:"since,omitempty"`   // what those that it is about did after it began
	Timeline []alert.Moment    `json:"timeline"`          // alerts, decisions and what stands in the logs around them, in order
	Next     []string          `json:"next"`              // what to do
	Earlier  []alert.Message   `json:"earlier,omitempty"` // about the same, with what people said of them
}

const (
	maxListed  = 50
	maxWhy     = 8
	maxEarlier = 5
	usualDays  = 30
	maxUsual   = 2000
)

func (s *Server) incident(ctx context.Context, t *Tenant, q *KeyAsk) (*Explained, error) {
	i, err := t.incidentOf(ctx, q.Key)
	if err != nil {
		return nil, notFound(err)
	}
	return s.Explain(ctx, t, i, time.Now())
}

// Explain gathers what helps to judge an incident.
func (s *Server) Explain(ctx context.Context, t *Tenant, i *alert.Incident, now time.Time) (*Explained, error) {
	x := &Explained{Message: i.Message(now.UnixNano()), List: []AlertMessage{}, Why: []Hit{}, About: []detect.RuleInfo{}}
	alerts, err := t.State.ListAlerts(ctx, state.AlertFilter{Incident: i.Key, Limit: maxListed})
	if err != nil {
		return nil, err
	}
	for _, a := range alerts {
		x.List = append(x.List, alertMessageOf(a))
	}
	if err := s.explainWhy(ctx, t, x, alerts); err != nil {
		return nil, err
	}
	if x.Normal, err = normal(ctx, t, alerts, i.First); err != nil {
		return nil, err
	}
	if err := x.earlier(ctx, t, i, now); err != nil {
		return nil, err
	}
	if x.Since, err = t.Since(ctx, i); err != nil {
		return nil, err
	}
	decisions, err := t.decisions(ctx, i.Key)
	if err != nil {
		return nil, err
	}
	done, err := t.actionsFor(ctx, i, alerts)
	if err != nil {
		return nil, err
	}
	x.Timeline = append([]alert.Moment{}, alert.Timeline(alertMoments(alerts), x.Since, decisions, done)...)
	x.next(i)
	return x, nil
}

// explainWhy adds what matched, of each of the gravest rules the first hit.
func (s *Server) explainWhy(ctx context.Context, t *Tenant, x *Explained, alerts []*alert.Alert) error {
	seen := make(map[string]bool)
	for _, a := range alerts {
		if seen[a.RuleID] || len(a.Samples) == 0 || len(x.Why) >= maxWhy {
			continue
		}
		seen[a.RuleID] = true
		h, err := t.State.Hit(ctx, a.Samples[0])
		if err != nil {
			continue // it was forgotten, or only counted
		}
		x.Why = append(x.Why, answeredHit(&h))
		if s.Rule != nil {
			if info, ok := s.Rule(t.Name, h.RuleID); ok {
				x.About = append(x.About, info)
			}
		}
	}
	return ctx.Err()
}

// normal says how often the rules of some alerts have hit before, and about whom.
func normal(ctx context.Context, t *Tenant, alerts []*alert.Alert, first int64) ([]string, error) {
	out := []string{}
	seen := make(map[string]bool)
	since := first - int64(usualDays*24*time.Hour)
	for _, a := range alerts {
		if seen[a.RuleID] || len(out) >= maxWhy {
			continue
		}
		seen[a.RuleID] = true
		before, err := t.State.ListAlerts(ctx, state.AlertFilter{Rule: a.RuleID, Since: since, Before: first, Limit: maxUsual})
		if err != nil {
			return nil, err
		}
		out = append(out, usual(a, before))
	}
	return out, nil
}

// usual says on how many days, and about whom, a rule has hit before.
func usual(a *alert.Alert, before []*alert.Alert) string {
	days, about, same := make(map[int64]bool), make(map[alert.Entity]bool), make(map[int64]bool)
	self := alert.Entity{Kind: a.Entity.Kind, Name: a.Entity.Short()}
	for _, b := range before {
		if b.Key == a.Key {
			continue
		}
		who := alert.Entity{Kind: b.Entity.Kind, Name: b.Entity.Short()}
		days[b.Window], about[who] = true, true
		if who == self {
			same[b.Window] = true
		}
	}
	least := ""
	if len(before) >= maxUsual {
		least = "at least "
	}
	on := min(len(days), usualDays) // the first of them is a part of a day
	switch {
	case len(days) == 0:
		return fmt.Sprintf("%s: never before in %d days.", a.RuleTitle, usualDays)
	case len(same) == 0 && least == "":
		return fmt.Sprintf("%s: on %d of the %d days before, but never about %s.", a.RuleTitle, on, usualDays, a.Entity.Name)
	}
	return fmt.Sprintf("%s: on %s%d of the %d days before, on %d of them about %s; about %s%d different ones in all.", a.RuleTitle, least, on, usualDays, min(len(same), usualDays), a.Entity.Name, least, len(about))
}

// earlier adds closed incidents about the same, for what people said of them.
func (x *Explained) earlier(ctx context.Context, t *Tenant, i *alert.Incident, now time.Time) error {
	for _, e := range i.Entities[:min(len(i.Entities), 3)] {
		if e.Name == "" {
			continue
		}
		list, err := t.State.ListIncidents(ctx, state.IncidentFilter{Status: alert.Closed, Entity: e.Name, Newest: true, Limit: maxEarlier})
		if err != nil {
			return err
		}
		for _, other := range list {
			known := slices.ContainsFunc(x.Earlier, func(m alert.Message) bool { return m.Key == other.Key })
			if other.Key != i.Key && !known && len(x.Earlier) < maxEarlier {
				x.Earlier = append(x.Earlier, other.Message(now.UnixNano()))
			}
		}
	}
	return nil
}

// next gathers what to do: what the rules' authors say, then what is always possible.
func (x *Explained) next(i *alert.Incident) {
	x.Next = []string{}
	for _, info := range x.About {
		for _, step := range info.NextSteps {
			if !slices.Contains(x.Next, step) && len(x.Next) < 6 {
				x.Next = append(x.Next, step)
			}
		}
	}
	for _, e := range i.Entities[:min(len(i.Entities), 2)] {
		x.Next = append(x.Next, "See everything that "+e.Name+" did: tocsin who "+quoteWord(e.Name))
	}
	x.Next = append(x.Next, "Judge it: tocsin close "+i.Key[:8]+" --as malicious, expected or false-alarm")
}

// quoteWord quotes what a shell would take apart.
func quoteWord(s string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.:@/", c)
	}
	if s != "" && !strings.ContainsFunc(s, func(c rune) bool { return !plain(c) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// alertMoments tell when alerts began, and ended where they went on.
func alertMoments(alerts []*alert.Alert) []alert.Moment {
	var out []alert.Moment
	for _, a := range alerts {
		text := a.RuleTitle
		if a.Hits > 1 {
			text += fmt.Sprintf(" (%s hits until %s)", alert.Amount(a.Hits), alert.When(a.Last).Format("15:04:05 UTC"))
		}
		out = append(out, alert.Moment{Time: a.First, Kind: "alert", Text: text, Who: a.Entity.Name, Key: a.Key})
	}
	return out
}

// hitOf reads the whole hit of what is kept.
func hitOf(h *state.Hit) (detect.Hit, error) {
	var d detect.Hit
	err := json.Unmarshal([]byte(h.JSON), &d)
	return d, err
}
