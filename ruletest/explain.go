package ruletest

import (
	"fmt"
	"strings"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// maxToldHits bounds the hits that a failed case lists.
const maxToldHits = 3

// why says why a case did not come out as it should.
func (b *Bench) why(rule *sigma.Rule, t *Test, hits []detect.Hit, batch *event.Batch) []string {
	if len(batch.Events) == 0 {
		return []string{"the case has no event"}
	}
	if len(hits) > t.Hits {
		return whyHit(hits, batch.Events[0].Origin)
	}
	return b.whyNot(rule, batch, 0)
}

// whyHit lists what matched.
func whyHit(hits []detect.Hit, o *event.Origin) []string {
	var out []string
	for i := range hits {
		h := &hits[i]
		if i == maxToldHits {
			return append(out, fmt.Sprintf("and %s more", countHits(len(hits)-i)))
		}
		out = append(out, "hit by "+testPlace(o, h.Record)+":")
		for _, m := range h.Matched {
			if h.Count > 0 { // of a correlation
				out = append(out, "  "+m.By+": "+quoted(m.Value))
				continue
			}
			out = append(out, "  "+m.By+" — "+has(m.Field, m.Value, false))
		}
		for _, e := range h.Events {
			if len(h.Events) <= 2*maxToldHits {
				out = append(out, "  "+testPlace(o, e.Record))
			}
		}
	}
	return out
}

// testPlace says where in a test file an event stands.
func testPlace(o *event.Origin, record int64) string {
	if o.Format == testFormat {
		return fmt.Sprintf("the event in line %d", record)
	}
	return fmt.Sprintf("line %d of the case's lines", record)
}

// has says what an event has in a field.
func has(field, value string, absent bool) string {
	switch {
	case absent:
		return "the event has no " + field
	case field == "":
		return "the event is " + quoted(value)
	}
	return "the event has " + field + " = " + quoted(value)
}

// quoted shortens a value for a line of explanation.
func quoted(s string) string {
	const most = 200
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return "'" + s + "'"
}

// maxChain bounds how deep correlations are explained.
const maxChain = 8

// whyNot says why a rule does not hit, or not more often.
func (b *Bench) whyNot(rule *sigma.Rule, batch *event.Batch, depth int) []string {
	if rule.Correlation == nil {
		return b.whyNoEvent(rule, batch)
	}
	out := []string{fmt.Sprintf("%s: the condition is %s%s", rule.Title, detect.DescribeCorrelation(rule.Correlation), grouping(rule.Correlation))}
	for _, ref := range rule.Correlation.Rules {
		hits, _, err := b.hits(ref.Rule, batch)
		if err != nil || depth > maxChain {
			continue
		}
		out = append(out, fmt.Sprintf("  %s: %s in %s", detect.RuleName(ref), countHits(len(hits)), countEvents(len(batch.Events))))
		if len(hits) > 0 {
			continue
		}
		for _, l := range b.whyNot(ref.Rule, batch, depth+1) {
			out = append(out, "    "+l)
		}
	}
	return out
}

func countEvents(n int) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

func grouping(c *sigma.Correlation) string {
	if len(c.GroupBy) == 0 {
		return ""
	}
	return " by " + strings.Join(c.GroupBy, ", ")
}

// whyNoEvent explains the event that comes nearest to a detection without being described by it.
func (b *Bench) whyNoEvent(rule *sigma.Rule, batch *event.Batch) []string {
	m := sigma.Compile([]*sigma.Rule{rule}, b.Sources).NewMatcher()
	var best []sigma.Miss
	var nearest *event.Event
	var others []event.LogSource
	missed := 0
	for i := range batch.Events {
		e := &batch.Events[i]
		if len(m.Match(e)) > 0 {
			continue
		}
		missed++
		misses, concerned := m.Missed(0)
		if !concerned {
			others = m.LogSources()
			continue
		}
		if nearest == nil || len(misses) < len(best) {
			best, nearest = misses, e
		}
	}
	switch {
	case missed == 0:
		return []string{fmt.Sprintf("%s, and each is a hit", countEvents(len(batch.Events)))}
	case nearest == nil:
		return []string{fmt.Sprintf("the rule is about %s; the events are of %s", detect.SourceWords(rule.LogSource), sourcesWords(others))}
	}
	out := []string{testPlace(nearest.Origin, nearest.Record) + ", which is nearest, does not meet:"}
	for i := range best {
		out = append(out, "  "+missWords(&best[i]))
	}
	return out
}

// eitherOf joins tests of one field; the field stands once.
func eitherOf(by []string) string {
	key, _, ok := strings.Cut(by[0], ": ")
	out := by[0]
	for _, t := range by[1:] {
		if ok {
			t = strings.TrimPrefix(t, key+": ")
		}
		out += " or " + t
	}
	return out
}

func missWords(m *sigma.Miss) string {
	s := eitherOf(m.By) + " — "
	switch {
	case m.Negated && m.Absent:
		return eitherOf(m.By)
	case m.Negated:
		s = "not " + s
	}
	s += has(m.Field, m.Value, m.Absent)
	switch {
	case m.Else == 1:
		s += " (another way is not met either)"
	case m.Else > 1:
		s += fmt.Sprintf(" (%d other ways are not met either)", m.Else)
	}
	return s
}

func sourcesWords(list []event.LogSource) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = detect.SourceWords(s)
	}
	return strings.Join(words, "; ")
}
