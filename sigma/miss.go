package sigma

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Miss is one test of a rule that keeps it from describing an event.
type Miss struct {
	Field   string   // as the event names it, or would; "" for a keyword
	Value   string   // what the event has there
	Absent  bool     // the event has no such field
	By      []string // the tests as the rule's author wrote them; one of them would be enough
	Negated bool     // the event passes the test, and the rule wants it not to
	Else    int      // other ways to the same end that the event does not meet either
}

// maxMisses bounds the misses of one event, and maxMissTests the tests of one Miss.
const (
	maxMisses    = 16
	maxMissTests = 8
)

// Missed says why a rule does not describe the last event: of each part of its condition that must hold, the first tests
// that do not; of parts of which one would be enough, those of the part that is nearest. concerned is false where the
// event is of no log source that the rule is about; then there are no misses.
func (m *Matcher) Missed(rule int32) (misses []Miss, concerned bool) {
	r := m.engine.rules[rule]
	route := m.plan.route
	f := &route.facets[0]
	if r.LogSource != (event.LogSource{}) {
		f = route.facetFor(r.LogSource)
		unknown := len(route.facets) == 1 && route.facets[0].source == (event.LogSource{})
		if f == nil && unknown && !m.engine.sources.known(r.LogSource) {
			f = &route.facets[0]
		}
	}
	if f == nil {
		return nil, false
	}
	x := explainer{matcher: m, event: m.event, facet: f}
	return x.missed(r.Detection), true
}

// missed returns what keeps e from holding; nothing where it holds.
func (x *explainer) missed(e *Expr) []Miss {
	if x.quietly().holds(e) {
		return nil
	}
	switch e.Op {
	case Test:
		return []Miss{x.miss(e.Test)}
	case And:
		var list []Miss
		for _, k := range e.Kids {
			if list = append(list, x.missed(k)...); len(list) > maxMisses {
				return list[:maxMisses]
			}
		}
		return list
	case Or:
		return x.nearest(e)
	case Not:
		return x.forbidden(e.Kids[0])
	}
	return nil
}

// nearest returns the misses of the child of an Or that misses least. Tests of one field count as one child.
func (x *explainer) nearest(e *Expr) []Miss {
	var best []Miss
	same := make(map[string]*Miss)
	ways := 0
	for _, k := range e.Kids {
		if k.Op == Test {
			if m := same[k.Test.Field]; m != nil {
				m.By = appendTest(m.By, k.Test.By)
				continue
			}
		}
		list := x.missed(k)
		ways++
		if best == nil || len(list) < len(best) {
			best = list
		}
		if k.Op == Test {
			same[k.Test.Field] = &list[0]
		}
	}
	for i := range best {
		best[i].Else = max(best[i].Else, ways-1)
	}
	return best
}

func appendTest(list []string, by string) []string {
	switch {
	case len(list) > maxMissTests:
		return list
	case len(list) == maxMissTests:
		return append(list, "…")
	}
	return append(list, by)
}

// forbidden returns by which tests the child of a Not holds.
func (x *explainer) forbidden(e *Expr) []Miss {
	in := explainer{matcher: x.matcher, event: x.event, facet: x.facet}
	in.holds(e)
	list := make([]Miss, 0, len(in.reasons))
	for _, r := range in.reasons {
		if len(list) == maxMisses {
			break
		}
		list = append(list, Miss{Field: r.Field, Value: r.Value, By: []string{r.By}, Negated: !saysNot(r.By)})
	}
	if len(list) == 0 { // it holds by what is not there
		list = append(list, Miss{By: []string{"not (" + firstTest(e) + ")"}, Negated: true, Absent: true})
	}
	return list
}

// saysNot tells whether a test, as its author wrote it, is negated by a modifier or by its value.
func saysNot(by string) bool {
	key, value, _ := strings.Cut(by, ": ")
	return strings.HasSuffix(key, "|exists") && value == "false" || strings.Contains(key+"|", "|neq|")
}

// firstTest returns how the first test of a tree is written.
func firstTest(e *Expr) string {
	if e.Op == Test {
		return e.Test.By
	}
	for _, k := range e.Kids {
		if s := firstTest(k); s != "" {
			return s
		}
	}
	return ""
}

// miss says what an event has in place of what a test wants.
func (x *explainer) miss(p *Predicate) Miss {
	field := p.Field
	if n, ok := x.facet.fields[field]; ok {
		field = n
	}
	m := Miss{Field: field, By: []string{p.By}}
	if field == keywordField {
		m.Value = x.event.Raw
		return m
	}
	v := x.event.Get(field)
	m.Value, m.Absent = v.String(), v.Kind == event.Missing
	return m
}
