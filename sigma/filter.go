package sigma

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// filter reads the section "filter" of a global filter. Source: Sigma filters specification 2.1.
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
	if len(f.Rules) == 1 && strings.EqualFold(f.Rules[0], "any") {
		f.Any, f.Rules = true, nil
	}
	inner := &Rule{}
	errors := l.errors
	l.conditions(inner, &sel, condition, pair{})
	if inner.Correlation != nil {
		l.fail(condition.value, "", "a filter cannot aggregate")
	}
	if l.errors == errors {
		l.unusedSelections(&sel)
	}
	f.Expr = inner.Detection
	r.Filter = f
}
