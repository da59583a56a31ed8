package sigma

import (
	"encoding/binary"

	"github.com/tocsin-sec/tocsin/event"
)

// node is an Expr on its way into a program: field names are those of the events, and what the route of the events
// decides already is decided.
type node struct {
	op    Op
	kids  []*node
	pred  *Predicate
	field string
}

var (
	falseNode = &node{op: False}
	trueNode  = &node{op: True}
)

// residual is what is left of one rule for the events of one route.
type residual struct {
	rule int32
	tree *node
}

// route is what a set of events has in common: their log sources, and the values of the fields that decide these.
type route struct {
	facets  []facet
	consts  map[string]event.Value // in events' names; a field that the events lack is Missing
	program *program
	plain   bool // the program is empty: rules are evaluated one by one
}

// unknown tells whether no log source of the events is known.
func (r *route) unknown() bool {
	return len(r.facets) == 1 && r.facets[0].source == (event.LogSource{})
}

// facetFor returns the facet through which a rule concerns the events of the route.
func (r *route) facetFor(want event.LogSource) *facet {
	for i := range r.facets {
		if covers(want, r.facets[i].source) {
			return &r.facets[i]
		}
	}
	return nil
}

// residuals returns what is left of the rules for a route, and a key that is equal for equal results.
func (e *Engine) residuals(r *route) ([]residual, string) {
	var list []residual
	key := make([]byte, 0, 4096)
	unknown := r.unknown()
	for i := range e.groups {
		g := &e.groups[i]
		f := g.facet(r, unknown)
		if f == nil {
			continue
		}
		for _, rule := range g.rules {
			tree, decided := e.specialise(rule, r, f)
			if tree.op == False {
				continue
			}
			list = append(list, residual{rule, tree})
			key = binary.AppendUvarint(key, uint64(rule))
			key = binary.AppendUvarint(key, uint64(f.id))
			key = binary.AppendUvarint(key, uint64(len(decided)))
			key = append(key, decided...)
		}
	}
	return list, string(key)
}

// group is the rules for one log source.
type group struct {
	source event.LogSource
	orphan bool // no event is known to be of this log source, so its rules are tried on events that are of none
	rules  []int32
}

// facet returns the facet through which the group's rules concern the events of a route, nil where they do not.
func (g *group) facet(r *route, unknown bool) *facet {
	switch {
	case g.source == (event.LogSource{}), unknown && g.orphan:
		return &r.facets[0]
	case unknown:
		return nil
	}
	return r.facetFor(g.source)
}

// undecided is a rule's tree for one facet where no route decides anything of it: many routes share it.
type undecided struct {
	facet int
	tree  *node
}

// specialise rewrites one rule for one route, and returns the outcomes of what the route decides.
func (e *Engine) specialise(rule int32, r *route, f *facet) (*node, []byte) {
	if u := e.trees[rule].Load(); u != nil && u.facet == f.id {
		return u.tree, nil
	}
	s := specialiser{route: r, facet: f}
	tree := s.expr(e.rules[rule].Detection)
	if s.decided == nil && r.consts != nil {
		e.trees[rule].CompareAndSwap(nil, &undecided{f.id, tree})
	}
	return tree, s.decided
}

// specialiser rewrites one rule for one route.
type specialiser struct {
	route   *route
	facet   *facet
	decided []byte // the outcome of each predicate that the route decides, in order: what tells residuals apart
}

func (s *specialiser) expr(x *Expr) *node {
	switch x.Op {
	case True:
		return trueNode
	case False:
		return falseNode
	case Test:
		return s.test(x.Test)
	case Not:
		k := s.expr(x.Kids[0])
		switch k.op {
		case True:
			return falseNode
		case False:
			return trueNode
		case Not:
			return k.kids[0]
		}
		return &node{op: Not, kids: []*node{k}}
	}
	return s.join(x)
}

// join rewrites an And or an Or, and flattens it.
func (s *specialiser) join(x *Expr) *node {
	neutral, final := trueNode, falseNode
	if x.Op == Or {
		neutral, final = falseNode, trueNode
	}
	kids := make([]*node, 0, len(x.Kids))
	done := false
	for _, c := range x.Kids { // all of them, so that the key of equal residuals is complete
		k := s.expr(c)
		switch {
		case k.op == neutral.op:
		case k.op == final.op:
			done = true
		case k.op == x.Op:
			kids = append(kids, k.kids...)
		default:
			kids = append(kids, k)
		}
	}
	switch {
	case done:
		return final
	case len(kids) == 0:
		return neutral
	case len(kids) == 1:
		return kids[0]
	}
	return &node{op: x.Op, kids: kids}
}

func (s *specialiser) test(p *Predicate) *node {
	field := p.Field
	if m, ok := s.facet.fields[field]; ok {
		field = m
	}
	if v, ok := s.route.consts[field]; ok && field != "" && p.Kind != RefMatch {
		if p.holds(v) {
			s.decided = append(s.decided, 1)
			return trueNode
		}
		s.decided = append(s.decided, 0)
		return falseNode
	}
	if other, ok := s.facet.fields[p.Ref]; ok && p.Kind == RefMatch {
		renamed := *p
		renamed.Ref = other
		p = &renamed
	}
	return &node{op: Test, pred: p, field: field}
}
