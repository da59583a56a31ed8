package sigma

import (
	"bytes"
	"slices"

	"github.com/tocsin-sec/tocsin/event"
)

// Matcher finds the rules of an Engine that describe an event. It belongs to one goroutine.
type Matcher struct {
	engine *Engine
	shapes map[*event.Shape]*shapeState
	plans  int
	slots  int // of all layouts
	dfas   map[*Expression]*dfa
	tests  map[*Predicate]*test // of rules that hit
	words  map[*Expr]*words     // likewise; nil where there are none

	reasons []Reason // of the last explanation

	// of the event at hand
	gen        uint32
	event      *event.Event
	plan       *plan
	texts      []fieldText // by field
	buf        []byte      // all texts made so far
	spans      []span      // of buf, by fieldText
	leafState  []uint32    // by leaf: gen<<1 | passed
	called     []uint32    // by rule: gen in which a witness called it up
	candidates []int32
	ids        []int32
	hits       []int32
	key        []byte
}

type span struct{ from, to int32 }

// fieldText is the texts of a field's values in spans: folded, and as they are.
type fieldText struct {
	folded, exact textRun
}

type textRun struct {
	gen      uint32
	from, to int32
}

// shapeState is what a Matcher knows of the events of one shape.
type shapeState struct {
	slots   []event.Slot // of the fields that tell routes apart, those that the shape has
	routes  map[string]*plan
	layouts map[*program]*layout
	last    *plan // of the event before: the next is often of the same route
}

// plan is how the events of one shape and one route are matched.
type plan struct {
	*layout
	key   string // the values that tell the route apart
	route *route
}

// layout is where the events of one shape have what a program looks at.
type layout struct {
	program *program
	slots   []event.Slot          // by field of the program
	scan    []int32               // fields whose witnesses are looked for: those that the shape has
	always  []int32               // rules to evaluate whatever the witnesses
	refs    map[string]event.Slot // of fields that others are compared with, as far as they were asked for
}

// maxPlanKey bounds the values that tell routes apart, in bytes, for a plan to be kept.
const maxPlanKey = 1024

// maxPlans bounds the plans that a Matcher keeps, and maxSlots the slots of their layouts (25 MB); it begins afresh when
// there are more.
const (
	maxPlans = 16384
	maxSlots = 1 << 19
)

// NewMatcher returns a Matcher for one goroutine.
func (e *Engine) NewMatcher() *Matcher {
	return &Matcher{
		engine: e,
		shapes: make(map[*event.Shape]*shapeState),
		dfas:   make(map[*Expression]*dfa),
		tests:  make(map[*Predicate]*test),
		words:  make(map[*Expr]*words),
	}
}

// Match returns the rules that describe ev, as places in Engine.Rules, ascending. The slice is valid until the next call.
func (m *Matcher) Match(ev *event.Event) []int32 {
	m.begin(ev)
	if m.plan.route.plain {
		return m.matchPlainly()
	}
	p := m.plan.program
	for _, f := range m.plan.scan {
		m.ids = m.ids[:0]
		m.findWitnesses(f)
		for _, id := range m.ids {
			m.call(p.hooks[id])
		}
	}
	m.call(m.plan.always)
	for _, r := range m.candidates {
		if m.eval(p.roots[r]) {
			m.hits = append(m.hits, p.rules[r])
		}
	}
	slices.Sort(m.hits)
	return m.hits
}

// findWitnesses appends the witnesses that stand in a field to m.ids. Values are decoded and folded only if they may hold
// any.
func (m *Matcher) findWitnesses(field int32) {
	index := m.plan.program.index[field]
	if m.texts[field].folded.gen != m.gen && index.raw.usable {
		switch {
		case m.plan.program.fields[field] != keywordField:
			if !index.mayHold(m.plan.slots[field].Value(m.event)) {
				return
			}
		case !isLine(m.event):
			m.findKeywords(index)
			return
		case !index.mayHold(event.Value{Raw: m.event.Raw, Kind: event.Text}):
			return
		}
	}
	run := m.folded(field)
	for _, s := range m.spans[run.from:run.to] {
		m.ids = index.find(m.buf[s.from:s.to], m.ids)
	}
}

// findKeywords finds witnesses in all values of an event. Where it was a JSON object, its text is looked at first, which
// holds the values, but for those that its parser has added.
func (m *Matcher) findKeywords(index *literals) {
	ev := m.event
	known := ev.Raw != "" && !index.mayHoldIn(ev.Raw)
	for _, v := range ev.Values {
		if !known || !isPart(v, ev.Raw) {
			m.findIn(index, v)
		}
	}
}

// findIn appends the witnesses that stand in a value.
func (m *Matcher) findIn(index *literals, v event.Value) {
	if v.Kind == event.List {
		for e := range v.Elements() {
			m.findIn(index, e)
		}
		return
	}
	if index.mayHold(v) {
		from := len(m.buf)
		m.buf = appendFoldedValue(m.buf, v)
		m.ids = index.find(m.buf[from:], m.ids)
		m.buf = m.buf[:from]
	}
}

func (m *Matcher) call(rules []int32) {
	for _, r := range rules {
		if m.called[r] != m.gen {
			m.called[r] = m.gen
			m.candidates = append(m.candidates, r)
		}
	}
}

// begin finds the plan for an event and forgets the one before.
func (m *Matcher) begin(ev *event.Event) {
	m.event = ev
	m.plan = m.planFor(ev)
	if m.gen++; m.gen >= 1<<31 {
		m.gen = 1
		clear(m.texts)
		clear(m.leafState)
		clear(m.called)
	}
	m.buf, m.spans = m.buf[:0], m.spans[:0]
	m.candidates, m.hits = m.candidates[:0], m.hits[:0]
	p := m.plan.program
	m.texts = grown(m.texts, len(p.fields))
	m.leafState = grown(m.leafState, len(p.leaves))
	m.called = grown(m.called, len(p.rules))
	if cap(m.buf) > maxKeptBuffer {
		m.buf = nil
	}
	if cap(m.key) > maxKeptBuffer {
		m.key = nil
	}
	if cap(m.spans) > maxKeptBuffer/8 {
		m.spans = nil
	}
	if cap(m.ids) > maxKeptBuffer/4 {
		m.ids = nil
	}
}

// maxKeptBuffer bounds the memory that one huge event leaves behind, in bytes.
const maxKeptBuffer = 1 << 20

func grown[T any](s []T, n int) []T {
	if len(s) < n {
		return append(s, make([]T, n-len(s))...)
	}
	return s
}

func (m *Matcher) planFor(ev *event.Event) *plan {
	st := m.shapes[ev.Shape]
	if st == nil {
		st = m.newShape(ev.Shape)
	}
	m.key = m.key[:0]
	for _, s := range st.slots {
		v := s.Value(ev)
		m.key = append(m.key, byte(v.Kind), byte(len(v.Raw)), byte(len(v.Raw)>>8), byte(len(v.Raw)>>16))
		m.key = append(m.key, v.Raw...)
	}
	if st.last != nil && string(m.key) == st.last.key {
		return st.last
	}
	p := st.routes[string(m.key)]
	if p == nil {
		p = m.newPlan(st, ev)
		if len(m.key) > maxPlanKey {
			return p
		}
		p.key = string(m.key)
		st.routes[p.key] = p
	}
	st.last = p
	return p
}

func (m *Matcher) newShape(s *event.Shape) *shapeState {
	st := &shapeState{routes: make(map[string]*plan), layouts: make(map[*program]*layout)}
	for _, f := range m.engine.sources.fields {
		if slot := s.Slot(f); slot.Found() {
			st.slots = append(st.slots, slot)
		}
	}
	if !s.Transient {
		m.shapes[s] = st
	}
	return st
}

func (m *Matcher) newPlan(st *shapeState, ev *event.Event) *plan {
	if m.plans++; m.plans > maxPlans || m.slots > maxSlots {
		m.plans, m.slots = 1, 0
		clear(m.shapes)
		clear(st.routes)
		clear(st.layouts)
	}
	r := m.engine.route(ev)
	l := st.layouts[r.program]
	if l == nil {
		l = newLayout(r.program, ev.Shape)
		st.layouts[r.program] = l
		if !ev.Shape.Transient {
			m.slots += len(l.slots)
		}
	}
	return &plan{layout: l, route: r}
}

func newLayout(program *program, shape *event.Shape) *layout {
	p := &layout{program: program}
	p.slots = make([]event.Slot, len(p.program.fields))
	for i, f := range p.program.fields {
		if f != keywordField {
			p.slots[i] = shape.Slot(f)
		}
		if p.program.index[i] != nil && (f == keywordField || p.slots[i].Found()) {
			p.scan = append(p.scan, int32(i))
		}
	}
	for _, r := range p.program.always {
		if p.possible(p.program.roots[r]) {
			p.always = append(p.always, r)
		}
	}
	return p
}

// possible tells whether any event of the layout's shape can pass a node, from the fields that the shape has.
func (p *layout) possible(n int32) bool {
	c := p.program.nodes[n]
	kids := p.program.kids[c.from:c.to]
	switch c.op {
	case False:
		return false
	case Test:
		l := &p.program.leaves[c.leaf]
		return l.null || p.program.fields[l.field] == keywordField || p.slots[l.field].Found()
	case And:
		return !slices.ContainsFunc(kids, func(k int32) bool { return !p.possible(k) })
	case Or:
		return slices.ContainsFunc(kids, p.possible)
	}
	return true
}

func (m *Matcher) eval(n int32) bool {
	p := m.plan.program
	c := &p.nodes[n]
	switch c.op {
	case Test:
		return m.passes(c.leaf)
	case And:
		for _, k := range p.kids[c.from:c.to] {
			if !m.eval(k) {
				return false
			}
		}
		return true
	case Or:
		for _, k := range p.kids[c.from:c.to] {
			if m.eval(k) {
				return true
			}
		}
		return false
	case Not:
		return !m.eval(p.kids[c.from])
	}
	return c.op == True
}

// passes makes a leaf's tests, once an event.
func (m *Matcher) passes(leaf int32) bool {
	if s := m.leafState[leaf]; s>>1 == m.gen {
		return s&1 == 1
	}
	l := &m.plan.program.leaves[leaf]
	ok := false
	if l.null || m.plan.program.fields[l.field] == keywordField || m.plan.slots[l.field].Found() {
		ok = m.anyTest(l)
	}
	s := m.gen << 1
	if ok {
		s |= 1
	}
	m.leafState[leaf] = s
	return ok
}

func (m *Matcher) anyTest(l *disjunction) bool {
	for i := range l.tests {
		t := &l.tests[i]
		var run textRun
		switch {
		case t.kind <= testWild:
			run = m.folded(l.field)
		case t.kind == testRegexp:
			if m.anyRegexp(t, l.field) {
				return true
			}
			continue
		case t.kind <= testCIDR:
			run = m.exact(l.field)
		case t.kind == testRef:
			if m.refHolds(t.pred, l.field) {
				return true
			}
			continue
		default:
			if t.pred.holds(m.plan.slots[l.field].Value(m.event)) {
				return true
			}
			continue
		}
		for _, s := range m.spans[run.from:run.to] {
			if t.textHolds(m.buf[s.from:s.to]) {
				return true
			}
		}
	}
	return false
}

// anyRegexp makes a testRegexp, of texts that hold what every match of it holds.
func (m *Matcher) anyRegexp(t *test, field int32) bool {
	if t.regexp.gate != nil && !m.passesGate(t, field) {
		return false
	}
	run := m.exact(field)
	for _, s := range m.spans[run.from:run.to] {
		if m.matchRegexp(t, m.buf[s.from:s.to]) {
			return true
		}
	}
	return false
}

func (m *Matcher) matchRegexp(t *test, text []byte) bool {
	if !t.regexp.need.met(text) {
		return false
	}
	d, ok := m.dfas[t.pred.Regexp]
	if !ok {
		d = newDFA(t.pred.Regexp)
		m.dfas[t.pred.Regexp] = d
	}
	if d == nil {
		return t.pred.Regexp.Match(text)
	}
	return d.match(text)
}

func (m *Matcher) passesGate(t *test, field int32) bool {
	run := m.folded(field)
	for _, s := range m.spans[run.from:run.to] {
		for _, g := range t.regexp.gate {
			if bytes.Contains(m.buf[s.from:s.to], g) {
				return true
			}
		}
	}
	return false
}

// refHolds makes a testRef: of each text of the field with each text of the other.
func (m *Matcher) refHolds(p *Predicate, field int32) bool {
	texts, appendText := m.folded, appendFoldedValue
	if p.Cased {
		texts, appendText = m.exact, appendValue
	}
	run := texts(field)
	other := m.refSlot(p.Ref).Value(m.event)
	if other.Kind == event.List { // rare: plainly
		return p.refHolds(m.plan.slots[field].Value(m.event), other)
	}
	if other.Kind <= event.Null {
		return false
	}
	from := len(m.buf)
	m.buf = appendText(m.buf, other)
	b := m.buf[from:]
	for _, s := range m.spans[run.from:run.to] {
		if p.RefOp.holds(m.buf[s.from:s.to], b) {
			return true
		}
	}
	return false
}

// refSlot finds the field that a RefMatch refers to, once a layout.
func (m *Matcher) refSlot(name string) event.Slot {
	slot, ok := m.plan.refs[name]
	if !ok {
		slot = m.event.Shape.Slot(name)
		if m.plan.refs == nil {
			m.plan.refs = make(map[string]event.Slot)
		}
		m.plan.refs[name] = slot
	}
	return slot
}
