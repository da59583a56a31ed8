package sigma

import (
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

	mu       sync.Mutex
	programs map[string]*program // by the key of residuals
	routes   int                 // made so far
}

// maxRoutes bounds the routes that are told apart by the values of fields. Past it, events are told apart by their
// log sources only: the hits are the same, found more slowly.
const maxRoutes = 4096

// Compile makes an Engine of detections; rules that have none (correlations, filters) are not allowed among them.
func Compile(rules []*Rule, sources *LogSources) *Engine {
	e := &Engine{rules: rules, sources: sources, trees: make([]atomic.Pointer[undecided], len(rules)), programs: make(map[string]*program)}
	places := make(map[event.LogSource]int)
	for i, r := range rules {
		g, ok := places[r.LogSource]
		if !ok {
			g = len(e.groups)
			places[r.LogSource] = g
			e.groups = append(e.groups, group{source: r.LogSource, orphan: !sources.known(r.LogSource)})
		}
		e.groups[g].rules = append(e.groups[g].rules, int32(i))
	}
	return e
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
	return p
}

// newRoute works out a route and counts it.
func (e *Engine) newRoute(own event.LogSource, get func(field string) event.Value) *route {
	r := &route{facets: e.sources.facets(own, get)}
	e.mu.Lock()
	e.routes++
	wide := e.routes > maxRoutes
	e.mu.Unlock()
	if !wide {
		r.consts = make(map[string]event.Value, len(e.sources.fields))
		for _, f := range e.sources.fields {
			v := get(f)
			r.consts[f] = event.Value{Raw: string([]byte(v.Raw)), Kind: v.Kind}
		}
	}
	return r
}
