package sigma

import (
	"cmp"
	"slices"
	"strconv"
)

// program is the rules of one route, compiled: see sigma.md's principle that matching looks nothing up by name.
//
// Of every rule, a set of literals is chosen of which at least one stands in any event that the rule describes (its
// witnesses). One pass over the fields finds the witnesses that an event has, and only their rules are evaluated; the
// tests of these are shared between rules and made when first asked for. Rules without witnesses are always evaluated.
// It is immutable.
type program struct {
	rules  []int32 // place in the engine
	roots  []int32 // by rule: its node
	nodes  []codeNode
	kids   []int32 // nodes
	leaves []disjunction
	fields []string
	places map[string]int32 // by name: place in fields
	index  []*literals      // by field: its witnesses, numbered through all fields; nil for none
	hooks  [][]int32        // by witness: the rules it calls up
	always []int32          // rules without witnesses
}

type codeNode struct {
	op   Op
	leaf int32 // of Test
	from int32 // of And, Or, Not: run in kids
	to   int32
}

// disjunction is tests of one field of which one must pass.
type disjunction struct {
	field int32
	tests []test
	null  bool   // one of the tests is IsNull
	costs int    // to evaluate, for the order within And and Or
	hooks []hook // of which one stands in the field where any of the tests passes; nil where that cannot be said
}

// keywordField is the name under which a program keeps keywords: the whole event.
const keywordField = ""

type builder struct {
	*program
	leafID map[string]int32
	uses   map[hook]int
	hookID map[hook]int32
	lits   [][]literal // by field
	key    []byte
}

func buildProgram(list []residual) *program {
	b := &builder{
		program: &program{places: make(map[string]int32)},
		leafID:  make(map[string]int32),
		uses:    make(map[hook]int),
		hookID:  make(map[hook]int32),
	}
	for _, r := range list {
		b.rules = append(b.rules, r.rule)
		b.roots = append(b.roots, b.node(r.tree))
	}
	b.countHooks()
	for i := range b.roots {
		w, ok := b.witnesses(b.roots[i])
		if !ok {
			b.always = append(b.always, int32(i))
			continue
		}
		for _, h := range w.hooks {
			b.call(h, int32(i))
		}
	}
	b.index = make([]*literals, len(b.fields))
	for f, lits := range b.lits {
		if len(lits) > 0 {
			b.index[f] = buildLiterals(lits)
		}
	}
	return b.program
}

// weight is about how much memory the program takes, counted in tests.
func (p *program) weight() int {
	n := len(p.nodes) / 4
	for i := range p.leaves {
		n += len(p.leaves[i].tests)
	}
	return n
}

func (b *builder) field(name string) int32 {
	id, ok := b.places[name]
	if !ok {
		id = int32(len(b.fields))
		b.fields = append(b.fields, name)
		b.lits = append(b.lits, nil)
		b.places[name] = id
	}
	return id
}

// call notes that a witness calls up a rule.
func (b *builder) call(h hook, rule int32) {
	id, ok := b.hookID[h]
	if !ok {
		id = int32(len(b.hooks))
		b.hooks = append(b.hooks, nil)
		b.hookID[h] = id
		b.lits[h.field] = append(b.lits[h.field], literal{h.text, h.anchor, id})
	}
	if list := b.hooks[id]; len(list) == 0 || list[len(list)-1] != rule {
		b.hooks[id] = append(list, rule)
	}
}

// node compiles a tree. The tests of one field in an Or become one leaf.
func (b *builder) node(n *node) int32 {
	switch n.op {
	case True, False:
		return b.push(codeNode{op: n.op}, nil)
	case Test:
		return b.leafNode(n.field, []*node{n})
	case Not:
		return b.push(codeNode{op: Not}, []int32{b.node(n.kids[0])})
	}
	var kids []int32
	byField := make(map[string]int)
	var groups [][]*node
	for _, k := range n.kids {
		if n.op == Or && k.op == Test {
			if g, ok := byField[k.field]; ok {
				groups[g] = append(groups[g], k)
				continue
			}
			byField[k.field] = len(groups)
			groups = append(groups, []*node{k})
			continue
		}
		kids = append(kids, b.node(k))
	}
	for _, g := range groups {
		kids = append(kids, b.leafNode(g[0].field, g))
	}
	if len(kids) == 1 {
		return kids[0]
	}
	slices.SortStableFunc(kids, func(x, y int32) int { return cmp.Compare(b.cost(x), b.cost(y)) })
	return b.push(codeNode{op: n.op}, kids)
}

func (b *builder) push(c codeNode, kids []int32) int32 {
	c.from = int32(len(b.kids))
	b.kids = append(b.kids, kids...)
	c.to = int32(len(b.kids))
	b.nodes = append(b.nodes, c)
	return int32(len(b.nodes) - 1)
}

func (b *builder) leafNode(field string, tests []*node) int32 {
	f := b.field(field)
	b.key = strconv.AppendInt(b.key[:0], int64(f), 10)
	l := disjunction{field: f, tests: make([]test, len(tests))}
	for i, n := range tests {
		l.tests[i] = newTest(n.pred)
		l.costs += l.tests[i].cost()
		l.null = l.null || n.pred.Kind == IsNull
		b.key = l.tests[i].appendKey(b.key)
	}
	id, ok := b.leafID[string(b.key)]
	if !ok {
		id = int32(len(b.leaves))
		l.hooks = l.witnesses()
		b.leaves = append(b.leaves, l)
		b.leafID[string(b.key)] = id
	}
	return b.push(codeNode{op: Test, leaf: id}, nil)
}

// cost guesses how long a node takes to evaluate, in units of one comparison.
func (b *builder) cost(n int32) int {
	c := b.nodes[n]
	if c.op == Test {
		return b.leaves[c.leaf].costs
	}
	sum := 1
	for _, k := range b.kids[c.from:c.to] {
		sum += b.cost(k)
	}
	return sum
}
