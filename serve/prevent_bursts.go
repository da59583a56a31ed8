package serve

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/prevent"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
)

// draft drafts what catches it the next time: rules that hit at the first event, and, where a correlation found it, a
// correlation about the same sort of events alone. A rule that ordinary events fit, too, is left out where there is one.
func (s *subject) draft(set *rules.Set, read func(format, lines string, out *event.Batch) error) ([]prevent.Rule, error) {
	c := &prevent.Case{
		Key: s.key, Title: s.title, Sentence: s.sentence, Author: s.author, Level: alert.LevelName(s.level), Tags: s.tags, Names: s.names(),
		Day: time.Now(), Events: s.events, Near: s.near, Sources: set.Sources, Read: read,
	}
	out, err := prevent.Rules(c)
	if err != nil {
		return nil, err
	}
	often, notes, err := prevent.Bursts(c, s.bursts(set))
	if err != nil {
		return nil, err
	}
	s.notes = append(s.notes, notes...)
	out = slices.DeleteFunc(out, func(r prevent.Rule) bool {
		same := func(o prevent.Rule) bool { return o.Source == r.Source }
		if r.Remain == 0 || !slices.ContainsFunc(often, same) {
			return false
		}
		s.notes = append(s.notes, fmt.Sprintf("%s: %d ordinary events fit a rule about one event, so there is only the one about many", r.Title, r.Remain))
		return true
	})
	return append(out, often...), nil
}

// bursts are what correlations in force have found in it, each with its events that are kept. Of those that do not count,
// it is said that they are left as they are.
func (s *subject) bursts(set *rules.Set) []prevent.Burst {
	var out []prevent.Burst
	var told []string
	for i := range set.Correlations {
		r := set.Correlations[i]
		places := make(map[eventPlace]bool)
		for j := range s.hits {
			if h := &s.hits[j]; h.RuleID == r.ID && r.ID != "" || r.ID == "" && h.RuleTitle == r.Title {
				for _, e := range h.whole.Events {
					places[eventPlace{e.File, e.Record}] = true
				}
			}
		}
		if len(places) == 0 {
			continue
		}
		b, why := burstOf(r.Correlation)
		if why != "" {
			told = append(told, fmt.Sprintf("%s stays in force as it is, no correlation was drafted: %s", r.Title, why))
			continue
		}
		b.Rule = r.Title
		for j := range s.events {
			if e := &s.events[j]; places[eventPlace{e.Origin.Path, e.Record}] {
				b.Events = append(b.Events, *e)
			}
		}
		if len(b.Events) > 0 {
			out = append(out, b)
		}
	}
	s.notes = append(s.notes, told...)
	return out
}

// burstOf is what a correlation counts, or why no other is drafted from it.
func burstOf(c *sigma.Correlation) (b prevent.Burst, why string) {
	b = prevent.Burst{GroupBy: c.GroupBy, Field: c.Field, Timespan: time.Duration(c.Timespan)}
	switch {
	case c.Type != sigma.EventCount && c.Type != sigma.ValueCount:
		return b, fmt.Sprintf("it is about %s, and a draft only counts", c.Type)
	case len(c.Aliases) > 0:
		return b, "it groups different fields of different rules"
	case len(c.Condition) != 1:
		return b, "it has more than one bound"
	}
	switch least := c.Condition[0]; least.Cmp {
	case sigma.GE:
		b.Least = int(least.Value)
	case sigma.GT:
		b.Least = int(least.Value) + 1
	default:
		return b, fmt.Sprintf("it is about %s, and a draft is about many", least.Cmp)
	}
	return b, ""
}
