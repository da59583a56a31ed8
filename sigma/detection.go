package sigma

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// selections are the search identifiers of a detection or filter.
type selections struct {
	names []string
	nodes []*yaml.Node // the keys
	exprs []*Expr      // nil where a selection has an error
	sizes []int        // predicates of each
	used  []bool

	timeframe pair // of the detection
}

// detection reads the section "detection" into r.Detection, or into r.Correlation where its condition aggregates.
func (l *loader) detection(r *Rule, p pair) {
	if p.value.Kind != yaml.MappingNode {
		l.fail(p.value, "", `"detection" must be a map of selections and a condition, not %s`, kind(p.value))
		return
	}
	errors := l.errors
	var condition, unknown pair
	var sel selections
	for _, q := range l.pairs(p.value) {
		switch q.key.Value {
		case "condition":
			condition = q
		case "timeframe":
			sel.timeframe = q
		default:
			l.selection(&sel, q)
			unknown = q
		}
	}
	if condition.key == nil {
		l.fail(p.key, misspelt([]pair{unknown}, "condition"), `the detection has no "condition"`)
		return
	}
	if len(sel.names) == 0 {
		l.fail(p.key, "", "the detection has no selection: nothing to look for")
		return
	}
	l.conditions(r, &sel, condition)
	if l.errors == errors {
		l.unusedSelections(&sel)
	}
}

func (l *loader) unusedSelections(sel *selections) {
	for i, used := range sel.used {
		if !used && !strings.HasPrefix(sel.names[i], "_") {
			l.warn(sel.nodes[i], "", "the selection %q is not used by the condition", sel.names[i])
		}
	}
}

func (l *loader) selection(sel *selections, p pair) {
	before := l.spent
	sel.names = append(sel.names, p.key.Value)
	sel.nodes = append(sel.nodes, p.key)
	sel.exprs = append(sel.exprs, l.search(p.value, p.key, 0))
	sel.sizes = append(sel.sizes, l.spent-before)
	sel.used = append(sel.used, false)
}

// search reads what stands under a search identifier: a map of fields, a list of maps or keywords, or one keyword.
// It returns nil after an error.
func (l *loader) search(n, key *yaml.Node, depth int) *Expr {
	n = l.follow(n)
	if depth > maxDepth || l.exhausted(n) {
		l.fail(n, "", "lists and maps are nested too deeply")
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		return l.fields(n, key)
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			l.fail(key, "", "the list %q is empty: nothing to look for", key.Value)
			return nil
		}
		kids := make([]*Expr, 0, len(n.Content))
		for _, c := range n.Content {
			kids = append(kids, l.search(c, key, depth+1))
		}
		return join(Or, kids)
	}
	if isNull(n) {
		l.fail(key, "", "%q has nothing to look for", key.Value)
		return nil
	}
	keyword := l.text(pair{key, n})
	if keyword == "" {
		l.fail(n, "", "an empty keyword stands in every record")
		return nil
	}
	it := item{key: key, written: "keyword"}
	return l.values(&it, n)
}

// fields reads a map of fields and values, all of which must hold.
func (l *loader) fields(n, key *yaml.Node) *Expr {
	pairs := l.pairs(n)
	if len(pairs) == 0 {
		l.fail(key, "", "the map %q is empty: nothing to look for", key.Value)
		return nil
	}
	kids := make([]*Expr, 0, len(pairs))
	for _, p := range pairs {
		kids = append(kids, l.item(p))
	}
	return join(And, kids)
}

// join returns the conjunction or disjunction of kids, nil where one of them is nil.
func join(op Op, kids []*Expr) *Expr {
	for _, k := range kids {
		if k == nil {
			return nil
		}
	}
	if len(kids) == 1 {
		return kids[0]
	}
	return &Expr{Op: op, Kids: kids}
}

func not(x *Expr) *Expr {
	if x == nil {
		return nil
	}
	return &Expr{Op: Not, Kids: []*Expr{x}}
}

// item is one "field|modifier|modifier: values" while it is worked out.
type item struct {
	key     *yaml.Node
	written string // the key as the author wrote it
	field   string
	mods    []string
	offsets []int // of each modifier in the key
	all     bool
	neq     bool
	bounded bool // startswith, endswith or contains was applied, or the value is a whole expression of its own
}

// item reads one field of a map.
func (l *loader) item(p pair) *Expr {
	it := item{key: p.key, written: p.key.Value}
	var rest string
	var piped bool
	it.field, rest, piped = strings.Cut(p.key.Value, "|")
	it.field = strings.TrimSpace(it.field)
	at := len(p.key.Value) - len(rest)
	for piped {
		var mod string
		mod, rest, piped = strings.Cut(rest, "|")
		switch mod {
		case "all":
			it.all = true
		case "neq":
			it.neq = true
		default:
			it.mods = append(it.mods, mod)
			it.offsets = append(it.offsets, at)
		}
		at = len(p.key.Value) - len(rest)
	}
	if it.field == "" && it.written == "" {
		l.fail(p.key, "", "a field has no name")
		return nil
	}
	if it.field == "" && it.written[0] == '|' {
		it.written = "keyword" + it.written
	}
	if !l.known(&it) {
		return nil
	}
	return l.values(&it, p.value)
}

// values reads the value or values of an item.
func (l *loader) values(it *item, n *yaml.Node) *Expr {
	var x *Expr
	switch n.Kind {
	case yaml.SequenceNode:
		var values []*yaml.Node
		l.flatten(&values, n, 0)
		if len(values) == 0 {
			l.fail(n, "", "the list of %q is empty: nothing to look for", it.key.Value)
			return nil
		}
		if it.all && len(values) == 1 {
			l.warn(it.key, "remove |all, or list the other values", "|all on a single value changes nothing")
		}
		kids := make([]*Expr, 0, len(values))
		for _, v := range values {
			if isNull(v) && len(values) > 1 {
				l.warn(v, "give it a selection of its own and join the two in the condition", "null in a list of values is not portable")
			}
			kids = append(kids, l.value(it, v))
		}
		op := Or
		if it.all {
			op = And
		}
		x = join(op, kids)
	case yaml.MappingNode:
		l.fail(n, "name nested fields with dots, e.g. parent.child: value", "the value of %q must not be a map", it.key.Value)
	default:
		if it.all {
			l.warn(it.key, "remove |all, or list the other values", "|all on a single value changes nothing")
		}
		x = l.value(it, n)
	}
	if it.neq {
		x = not(x)
	}
	if x != nil {
		x.item = true
	}
	return x
}

// flatten collects the scalars of a list; lists within it count as if their values stood in it.
func (l *loader) flatten(out *[]*yaml.Node, n *yaml.Node, depth int) {
	for _, c := range n.Content {
		c = l.follow(c)
		if l.exhausted(c) {
			return
		}
		switch {
		case c.Kind == yaml.SequenceNode && depth < maxDepth:
			l.flatten(out, c, depth+1)
		case c.Kind == yaml.ScalarNode:
			*out = append(*out, c)
		default:
			l.fail(c, "", "a value must be a text, a number, true, false or null, not %s", kind(c))
		}
	}
}

// value reads one value: it becomes a test, or several where modifiers make alternatives of it.
func (l *loader) value(it *item, n *yaml.Node) *Expr {
	if it.field == "" && (isNull(n) || slices.Contains(it.mods, "exists")) {
		l.fail(n, "", "a keyword is a text that stands somewhere in a record: whether something is there can only be asked of a field")
		return nil
	}
	if l.spent > maxPredicates {
		return nil
	}
	ops, ok := l.modified(it, n)
	if !ok {
		return nil
	}
	if l.spent += len(ops); l.spent > maxPredicates {
		l.fail(n, "", "the file is too large: more than %d values, alternatives of modifiers counted", maxPredicates)
		return nil
	}
	by := it.written + ": " + written(n)
	kids := make([]*Expr, 0, len(ops))
	for i := range ops {
		kids = append(kids, l.predicate(it, n, &ops[i], by))
	}
	return join(Or, kids)
}

// written returns a scalar in the style in which rules are written.
func written(n *yaml.Node) string {
	switch {
	case isNull(n):
		return "null"
	case n.Tag == "!!str":
		return "'" + strings.ReplaceAll(n.Value, "'", "''") + "'"
	}
	return n.Value
}

// leaf is an Expr with its Predicate, allocated as one.
type leaf struct {
	expr Expr
	test Predicate
}

// predicate makes the test of one alternative. It returns nil after an error.
func (l *loader) predicate(it *item, n *yaml.Node, o *operand, by string) *Expr {
	t := &leaf{expr: Expr{Op: Test}}
	t.expr.Test = &t.test
	p := &t.test
	p.Field, p.Kind, p.By, p.Pos = it.field, o.kind, by, l.pos(n)
	switch o.kind {
	case Match:
		p.Pattern, p.Cased = o.pattern, o.cased
		if it.field == "" && !it.bounded {
			p.Pattern = p.Pattern.open(true, true)
		}
	case Regexp:
		if p.Regexp = l.compile(n, o); p.Regexp == nil {
			return nil
		}
	case CIDR:
		p.Prefix = o.prefix
	case Compare:
		p.Cmp, p.Number, p.Part = o.cmp, o.number, o.part
	case RefMatch:
		p.Ref, p.RefOp, p.Cased = o.ref, o.refOp, o.cased
	case Exists:
		if !o.exists {
			return not(&t.expr)
		}
	}
	return &t.expr
}

// number reads a number as rules write it: decimal, or hexadecimal with 0x.
func number(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		u, err := strconv.ParseUint(s[2:], 16, 64)
		return float64(u), err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f-f == 0
}
