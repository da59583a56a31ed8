package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// filter reads the section "filter" of a global filter. Source: Sigma filters specification 2.1.
//
// The specification's example states in its condition what is filtered out ("selection"); pySigma and what is written
// for it state what is kept ("not selection"). Both are understood: see keeps.
func (l *loader) filter(r *Rule, p pair) {
	if p.value.Kind != yaml.MappingNode {
		l.fail(p.value, "", `"filter" must be a map with rules, selections and a condition, not %s`, kind(p.value))
		return
	}
	f := &Filter{}
	var condition, rules, unknown pair
	var sel selections
	for _, q := range l.pairs(p.value) {
		switch q.key.Value {
		case "condition":
			condition = q
		case "rules":
			rules = q
			f.Rules = l.texts(q)
		default:
			l.selection(&sel, q)
			unknown = q
		}
	}
	switch {
	case rules.key == nil:
		l.fail(p.key, "name the rules to narrow by id or name, or write rules: any", `the filter has no "rules"`)
		return
	case len(f.Rules) == 0:
		l.fail(rules.key, "name the rules to narrow by id or name, or write rules: any", `"rules" is empty`)
		return
	case condition.key == nil:
		l.fail(p.key, misspelt([]pair{unknown}, "condition"), `the filter has no "condition"`)
		return
	case len(sel.names) == 0:
		l.fail(p.key, "", "the filter has no selection")
		return
	}
	if len(f.Rules) == 1 && (strings.EqualFold(f.Rules[0], "any") || strings.EqualFold(f.Rules[0], "all")) {
		f.Any, f.Rules = true, nil
	}
	inner := &Rule{}
	errors := l.errors
	l.conditions(inner, &sel, condition)
	if inner.Correlation != nil {
		l.fail(condition.value, "", "a filter cannot aggregate")
	}
	if l.errors == errors {
		l.unusedSelections(&sel)
	}
	f.Expr = inner.Detection
	if l.errors == errors && condition.value.Kind == yaml.ScalarNode && l.keeps(&sel, condition.value) {
		f.Expr = not(f.Expr)
	}
	r.Filter = f
}

// keeps tells whether a filter's condition states what to keep: whether it holds when none of its selections does.
// Taken as what to filter out, it would remove all events but those that the filter names.
func (l *loader) keeps(sel *selections, n *yaml.Node) bool {
	c := conditionParser{loader: l, node: n, names: sel.names, among: "selections"}
	x := c.parse()
	return x != nil && holdsOfNothing(x)
}

func holdsOfNothing(x *Expr) bool {
	switch x.Op {
	case And:
		return !slices.ContainsFunc(x.Kids, func(k *Expr) bool { return !holdsOfNothing(k) })
	case Or:
		return slices.ContainsFunc(x.Kids, holdsOfNothing)
	case Not:
		return !holdsOfNothing(x.Kids[0])
	}
	return false
}
