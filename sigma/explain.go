package sigma

import (
	"bytes"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Reason is one test that an event passed, and by which its rule describes it.
type Reason struct {
	Field string // as the event names it; "" for a keyword
	Value string // that passed; it shares no memory with the event
	By    string // the test as the rule's author wrote it
	At    int    // of a Value longer than LongValue: about where in it what the test looks for begins, in bytes; else 0
}

// LongValue is the length of a value, in bytes, beyond which a person must be told where to look.
const LongValue = 1024

// maxReasons bounds the reasons of one hit.
const maxReasons = 32

// Explain returns why a rule that Match returned for the last event describes it: the tests that passed outside of any
// negation, in the order of the rule. The slice is valid until the next call.
func (m *Matcher) Explain(rule int32) []Reason {
	r := m.engine.rules[rule]
	x := explainer{matcher: m, event: m.event, facet: m.facet(r), reasons: m.reasons[:0]}
	x.holds(r.Detection)
	m.reasons = x.reasons
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

// explainer evaluates a rule for the last event, part by part, and keeps the tests that passed. It shares the texts that
// matching has made already.
type explainer struct {
	matcher *Matcher
	event   *event.Event
	facet   *facet
	quiet   bool // keep nothing
	reasons []Reason
}

func (x *explainer) quietly() *explainer {
	return &explainer{matcher: x.matcher, event: x.event, facet: x.facet, quiet: true}
}

func (x *explainer) holds(e *Expr) bool {
	switch e.Op {
	case True:
		return true
	case Test:
		return x.test(e.Test)
	case Not:
		return !x.quietly().holds(e.Kids[0])
	case And, Or:
		return x.join(e)
	}
	return false
}

// join keeps the reasons of all children of an And, and of all children of an Or that pass.
func (x *explainer) join(e *Expr) bool {
	if e.Op == Or && len(e.Kids) >= minWords {
		if w := x.matcher.wordsOf(e); w != nil {
			if place, ok := x.matcher.plan.program.places[x.fieldOf(w.field)]; ok {
				return x.words(e, w, place)
			}
		}
	}
	before := len(x.reasons)
	any := false
	for _, k := range e.Kids {
		if x.holds(k) {
			if any = true; e.Op == Or && x.quiet {
				return true
			}
		} else if e.Op == And {
			x.reasons = x.reasons[:before]
			return false
		}
	}
	return any || e.Op == And
}

// fieldOf returns what the event calls a field of the rule.
func (x *explainer) fieldOf(field string) string {
	if n, ok := x.facet.fields[field]; ok {
		return n
	}
	return field
}

func (x *explainer) test(p *Predicate) bool {
	field := x.fieldOf(p.Field)
	if place, ok := x.matcher.plan.program.places[field]; ok && p.Kind != Exists && p.Kind != IsNull && p.Kind != RefMatch && p.Kind != Compare {
		return x.fast(p, field, place)
	}
	if field == keywordField {
		return x.keyword(p)
	}
	v := x.event.Get(field)
	switch p.Kind {
	case RefMatch:
		other := p.Ref
		if n, ok := x.facet.fields[other]; ok {
			other = n
		}
		if !p.refHolds(v, x.event.Get(other)) {
			return false
		}
		x.keep(field, v, p, 0)
		return true
	case Exists, IsNull:
		if !p.holds(v) {
			return false
		}
		x.keep(field, v, p, 0)
		return true
	}
	for e := range v.Elements() {
		if p.holdsOne(e) {
			x.keep(field, e, p, 0)
			return true
		}
	}
	return false
}

// fast makes a test of texts as matching does.
func (x *explainer) fast(p *Predicate, field string, place int32) bool {
	m := x.matcher
	t := m.testOf(p)
	texts := m.folded
	if t.kind > testWild {
		texts = m.exact
	}
	if t.regexp != nil && t.regexp.gate != nil && !m.passesGate(t, place) {
		return false
	}
	run := texts(place)
	for i, s := range m.spans[run.from:run.to] {
		text := m.buf[s.from:s.to]
		if t.kind == testRegexp && !m.matchRegexp(t, text) || t.kind != testRegexp && !t.textHolds(text) {
			continue
		}
		x.passed(p, field, place, i, text)
		return true
	}
	return false
}

// passed keeps a test that the text of number i of a field has passed.
func (x *explainer) passed(p *Predicate, field string, place int32, i int, text []byte) {
	if x.quiet || len(x.reasons) >= maxReasons {
		return
	}
	m := x.matcher
	name, v := m.nthText(place, i)
	if field != keywordField {
		name = field
	}
	at := 0
	if len(text) > LongValue {
		folded := m.folded(place)
		f := m.spans[int(folded.from)+i]
		at = max(0, m.testOf(p).begins(text, m.buf[f.from:f.to]))
	}
	x.keep(name, v, p, at)
}

// begins returns where in a text that passed what the test looks for begins, in bytes; of a regular expression, where
// the first of the literals is that its matches must hold.
func (t *test) begins(text, folded []byte) int {
	switch t.kind {
	case testContains:
		return bytes.Index(text, t.text)
	case testEnd:
		return len(text) - len(t.text)
	case testRegexp:
		for _, g := range t.regexp.gate {
			if at := bytes.Index(folded, g); at >= 0 {
				return at
			}
		}
	case testWild, testCased:
		for _, w := range t.wild {
			if w.kind == Literal {
				return bytes.Index(text, w.text)
			}
		}
	}
	return 0
}

// testOf returns a predicate, made ready, for explanations: only rules that hit need them.
func (m *Matcher) testOf(p *Predicate) *test {
	t := m.tests[p]
	if t == nil {
		made := newTest(p)
		t = &made
		m.tests[p] = t
	}
	return t
}

// nthText returns the value that the nth text of a field was made of, and the name of its field.
func (m *Matcher) nthText(field int32, n int) (name string, v event.Value) {
	fields := m.event.Shape.Fields()
	find := func(in event.Value) bool {
		for e := range in.Elements() {
			if e.Kind <= event.Null {
				continue
			}
			if n == 0 {
				v = e
				return true
			}
			n--
		}
		return false
	}
	switch {
	case m.plan.program.fields[field] != keywordField:
		find(m.plan.slots[field].Value(m.event))
	case isLine(m.event):
		return "", event.Value{Raw: m.event.Raw, Kind: event.Text}
	default:
		for i, in := range m.event.Values {
			if find(in) {
				return fields[i], v
			}
		}
	}
	return "", v
}

func (x *explainer) keyword(p *Predicate) bool {
	if isLine(x.event) {
		v := event.Value{Raw: x.event.Raw, Kind: event.Text}
		if !p.holdsOne(v) {
			return false
		}
		x.keep("", v, p, 0)
		return true
	}
	for i, v := range x.event.Values {
		for e := range v.Elements() {
			if p.holdsOne(e) {
				x.keep(x.event.Shape.Fields()[i], e, p, 0)
				return true
			}
		}
	}
	return false
}

// keep notes a test that passed; at is a place in the value's folded text, which is the same in the value but for
// characters that fold to another length.
func (x *explainer) keep(field string, v event.Value, p *Predicate, at int) {
	if !x.quiet && len(x.reasons) < maxReasons {
		s := v.String()
		if len(s) > 0 && isPart(event.Value{Raw: s}, v.Raw) {
			s = strings.Clone(s)
		}
		x.reasons = append(x.reasons, Reason{Field: field, Value: s, By: p.By, At: min(at, len(s))})
	}
}
