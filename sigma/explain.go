package sigma

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Reason is one test that an event passed, and by which its rule describes it.
type Reason struct {
	Field string // as the event names it; "" for a keyword
	Value string // that passed
	By    string // the test as the rule's author wrote it
	At    int    // where in Value what the test looks for begins, in bytes; 0 where that cannot be told
}

// maxReasons bounds the reasons of one hit.
const maxReasons = 32

// Explain returns why a rule that Match returned for the last event describes it: the tests that passed outside of any
// negation, in the order of the rule.
func (m *Matcher) Explain(rule int32) []Reason {
	r := m.engine.rules[rule]
	x := explainer{event: m.event, facet: m.facet(r)}
	if x.facet != nil {
		x.holds(r.Detection)
	}
	return x.reasons
}

// LogSource returns the log source through which a rule concerns the last event: the rule's own, completed by what
// the event says of itself.
func (m *Matcher) LogSource(rule int32) event.LogSource {
	r := m.engine.rules[rule]
	s := m.event.Shape.Format.LogSource
	if f := m.facet(r); f != nil && f.source != (event.LogSource{}) {
		s = f.source
	}
	if s == (event.LogSource{}) {
		s = r.LogSource
	}
	return s
}

// LogSources returns all log sources that the last event is of, its own first.
func (m *Matcher) LogSources() []event.LogSource {
	list := make([]event.LogSource, len(m.plan.route.facets))
	for i, f := range m.plan.route.facets {
		list[i] = f.source
	}
	return list
}

// Field returns a field of the last event by the name that a rule uses for it.
func (m *Matcher) Field(rule int32, name string) event.Value {
	if f := m.facet(m.engine.rules[rule]); f != nil {
		if n, ok := f.fields[name]; ok {
			name = n
		}
	}
	return m.event.Get(name)
}

func (m *Matcher) facet(r *Rule) *facet {
	route := m.plan.route
	if r.LogSource == (event.LogSource{}) {
		return &route.facets[0]
	}
	if f := route.facetFor(r.LogSource); f != nil {
		return f
	}
	return &route.facets[0]
}

// explainer evaluates a rule plainly and keeps the tests that passed.
type explainer struct {
	event   *event.Event
	facet   *facet
	reasons []Reason
}

func (x *explainer) holds(e *Expr) bool {
	switch e.Op {
	case True:
		return true
	case Test:
		return x.test(e.Test)
	case Not:
		quiet := explainer{event: x.event, facet: x.facet}
		return !quiet.holds(e.Kids[0])
	case And, Or:
		return x.join(e)
	}
	return false
}

// join keeps the reasons of all children of an And, and of all children of an Or that pass.
func (x *explainer) join(e *Expr) bool {
	before := len(x.reasons)
	any := false
	for _, k := range e.Kids {
		if x.holds(k) {
			any = true
		} else if e.Op == And {
			x.reasons = x.reasons[:before]
			return false
		}
	}
	return any || e.Op == And
}

func (x *explainer) test(p *Predicate) bool {
	field := p.Field
	if n, ok := x.facet.fields[field]; ok {
		field = n
	}
	if field == keywordField {
		return x.keyword(p)
	}
	v := x.event.Get(field)
	if p.Kind == RefMatch {
		other := p.Ref
		if n, ok := x.facet.fields[other]; ok {
			other = n
		}
		if !p.refHolds(v, x.event.Get(other)) {
			return false
		}
		x.keep(field, v, p)
		return true
	}
	if p.Kind == Exists || p.Kind == IsNull {
		if p.holds(v) {
			x.keep(field, v, p)
			return true
		}
		return false
	}
	for e := range v.Elements() {
		if p.holdsOne(e) {
			x.keep(field, e, p)
			return true
		}
	}
	return false
}

func (x *explainer) keyword(p *Predicate) bool {
	if isLine(x.event) {
		v := event.Value{Raw: x.event.Raw, Kind: event.Text}
		if p.holdsOne(v) {
			x.keep("", v, p)
			return true
		}
		return false
	}
	for i, v := range x.event.Values {
		for e := range v.Elements() {
			if p.holdsOne(e) {
				x.keep(x.event.Shape.Fields()[i], e, p)
				return true
			}
		}
	}
	return false
}

func (x *explainer) keep(field string, v event.Value, p *Predicate) {
	if len(x.reasons) == maxReasons {
		return
	}
	s := v.String()
	x.reasons = append(x.reasons, Reason{Field: field, Value: s, By: p.By, At: p.place(s)})
}

// place returns where in a value that passed what the predicate looks for begins.
func (p *Predicate) place(s string) int {
	if p.Kind == Regexp {
		if at := p.Regexp.FindStringIndex(s); at != nil {
			return at[0]
		}
		return 0
	}
	for _, t := range p.Pattern {
		if t.Kind != Literal {
			continue
		}
		text, in := t.Text, s
		if !p.Cased {
			text, in = fold(text), fold(s)
		}
		if len(in) != len(s) {
			return 0
		}
		return max(0, lastOrFirst(in, text, p.Pattern))
	}
	return 0
}

func lastOrFirst(in, text string, p Pattern) int {
	if p[len(p)-1].Kind == Literal && len(p) > 1 {
		return strings.LastIndex(in, text)
	}
	return strings.Index(in, text)
}
