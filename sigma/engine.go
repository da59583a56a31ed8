package sigma

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tocsin-sec/tocsin/event"
)

// Engine is a set of rules, compiled. What a rule needs of an event is worked out once for every route: the events
// that are of the same log sources and agree in the fields that tell them apart (channel and event id of Windows
// events). Routes whose rules come out the same share one program. Programs are made when the first event of their
// route is seen. An Engine is safe for concurrent use.
type Engine struct {
	rules   []*Rule
	sources *LogSources
	groups  []group
	trees   []atomic.Pointer[undecided] // by rule

	making sync.Mutex // held while a route is made: two goroutines would often make the same one

	mu       sync.Mutex
	programs map[string]*program // by the key of residuals
	weight   int                 // of all programs, less what many rules are allowed
	routes   map[string]*route   // by what tells their events apart
	wide     map[string]*route   // by their log sources
}

// Bounds on what an Engine keeps, which only input reaches that makes up channels and event ids. Past maxRoutes, or past
// maxWeight tests in all programs (some 80 MB), new routes are told apart by their log sources only; past maxWide and
// maxWideWeight of these too, rules are evaluated one by one. The hits are the same, found more slowly. Where there are
// more rules than the community's, with more than ownWeight tests, there is room for weightRoom times what is above it.
const (
	maxRoutes     = 2048
	maxWeight     = 300_000
	maxWide       = 256
	maxWideWeight = 450_000
	maxRouteKey   = 1024 // bytes
	ownWeight     = 60_000
	weightRoom    = 4
)

// Compile makes an Engine of detections; rules that have none (correlations, filters) are not allowed among them.
func Compile(rules []*Rule, sources *LogSources) *Engine {
	e := &Engine{
		rules: rules, sources: sources, trees: make([]atomic.Pointer[undecided], len(rules)), programs: make(map[string]*program),
		routes: make(map[string]*route), wide: make(map[string]*route),
	}
	places := make(map[event.LogSource]int)
	for i, r := range rules {
		g, ok := places[r.LogSource]
		if !ok {
			g = len(e.groups)
			places[r.LogSource] = g
			e.groups = append(e.groups, group{source: r.LogSource, orphan: !sources.known(r.LogSource)})
		}
		e.groups[g].rules = append(e.groups[g].rules, int32(i))
		e.weight -= weightRoom * r.Detection.tests()
	}
	e.weight = min(0, e.weight+weightRoom*ownWeight)
	return e
}

// tests counts the tests of an expression.
func (x *Expr) tests() int {
	if x.Op == Test {
		return 1
	}
	n := 0
	for _, k := range x.Kids {
		n += k.tests()
	}
	return n
}

// Rules returns the rules in the order in which Match numbers them. The caller must not change the slice.
func (e *Engine) Rules() []*Rule { return e.rules }

// program returns the program for the events of a route.
func (e *Engine) program(r *route) *program {
	list, key := e.residuals(r)
	e.mu.Lock()
	p := e.programs[key]
	e.mu.Unlock()
	if p != nil {
		return p
	}
	p = buildProgram(list)
	e.mu.Lock()
	defer e.mu.Unlock()
	if old := e.programs[key]; old != nil {
		return old
	}
	e.programs[key] = p
	e.weight += p.weight()
	return p
}

// route returns the route of an event.
func (e *Engine) route(ev *event.Event) *route {
	own := ev.Shape.Format.LogSource
	key := e.routeKey(own, ev.Get)
	e.mu.Lock()
	r := e.routes[key]
	narrow := key != "" && len(e.routes) < maxRoutes && e.weight < maxWeight
	e.mu.Unlock()
	if r != nil {
		return r
	}
	e.making.Lock()
	defer e.making.Unlock()
	if r = e.made(key); r != nil {
		return r
	}
	r = &route{facets: e.sources.facets(own, ev.Get)}
	if !narrow {
		return e.wideRoute(r)
	}
	r.consts = make(map[string]event.Value, len(e.sources.fields))
	for _, f := range e.sources.fields {
		v := ev.Get(f)
		r.consts[f] = event.Value{Raw: string([]byte(v.Raw)), Kind: v.Kind}
	}
	r.program = e.program(r)
	return e.keep(e.routes, key, r)
}

// made returns the route of that key, nil where there is none.
func (e *Engine) made(key string) *route {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.routes[key]
}

// keep returns the route of that key, which is r unless another goroutine was faster.
func (e *Engine) keep(routes map[string]*route, key string, r *route) *route {
	e.mu.Lock()
	defer e.mu.Unlock()
	if old := routes[key]; old != nil {
		return old
	}
	routes[key] = r
	return r
}

// routeKey returns what tells the events of a route from others, "" where that is too long to keep.
func (e *Engine) routeKey(own event.LogSource, get func(field string) event.Value) string {
	key := fmt.Appendf(make([]byte, 0, 128), "%q", own)
	for _, f := range e.sources.fields {
		v := get(f)
		if len(key)+len(v.Raw) > maxRouteKey {
			return ""
		}
		key = append(key, byte(v.Kind))
		key = binary.AppendUvarint(key, uint64(len(v.Raw)))
		key = append(key, v.Raw...)
	}
	return string(key)
}

// wideRoute returns the route for all events of the log sources of r.
func (e *Engine) wideRoute(r *route) *route {
	key := fmt.Appendf(nil, "%q", r.facets[0].source)
	for _, f := range r.facets {
		key = binary.AppendUvarint(key, uint64(f.id))
	}
	e.mu.Lock()
	old := e.wide[string(key)]
	full := len(e.wide) >= maxWide || e.weight >= maxWideWeight
	e.mu.Unlock()
	switch {
	case old != nil:
		return old
	case full:
		r.plain, r.program = true, &program{}
		return r
	}
	r.program = e.program(r)
	return e.keep(e.wide, string(key), r)
}

// matchPlainly evaluates each rule that concerns the last event.
func (m *Matcher) matchPlainly() []int32 {
	r := m.plan.route
	unknown := r.unknown()
	for i := range m.engine.groups {
		g := &m.engine.groups[i]
		f := g.facet(r, unknown)
		if f == nil {
			continue
		}
		x := explainer{matcher: m, event: m.event, facet: f, quiet: true}
		for _, rule := range g.rules {
			if x.holds(m.engine.rules[rule].Detection) {
				m.hits = append(m.hits, rule)
			}
		}
	}
	slices.Sort(m.hits)
	return m.hits
}
