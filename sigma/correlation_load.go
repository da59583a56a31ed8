package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

var correlationNames = [...]string{
	"event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile", "value_median",
}

// temporal tells whether a correlation asks which rules hit, not how often.
func (t CorrelationType) temporal() bool { return t == Temporal || t == TemporalOrdered }

// correlationSections are the parts of a correlation that need each other to be read.
type correlationSections struct {
	kind, rules, condition, timespan, aliases, field pair
	unknown                                          []pair
}

// correlation reads the section "correlation". Source: Sigma correlation rules specification 2.1.
func (l *loader) correlation(r *Rule, s *sections) {
	p := s.correlation
	if p.value.Kind != yaml.MappingNode {
		l.fail(p.value, "", `"correlation" must be a map with type, rules and timespan, not %s`, kind(p.value))
		return
	}
	k := &Correlation{}
	r.Correlation = k
	if s.generate.key != nil {
		k.Generate = l.truth(s.generate)
	}
	var c correlationSections
	for _, q := range l.pairs(p.value) {
		switch q.key.Value {
		case "type":
			c.kind = q
		case "rules":
			c.rules = q
		case "group-by":
			k.GroupBy = l.texts(q)
		case "timespan", "timeframe":
			c.timespan = q
		case "condition":
			c.condition = q
		case "aliases":
			c.aliases = q
		case "field":
			c.field = q
		case "generate":
			k.Generate = l.truth(q)
		default:
			c.unknown = append(c.unknown, q)
		}
	}
	l.correlationKeys(k, &c, p)
}

func (l *loader) correlationKeys(k *Correlation, c *correlationSections, p pair) {
	missing := func(name, hint string) {
		if h := misspelt(c.unknown, name); h != "" {
			hint = h
		}
		l.fail(p.key, hint, "the correlation has no %q", name)
	}
	for _, q := range c.unknown {
		l.warn(q.key, didYouMean(q.key.Value, []string{"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"}), "unknown key %q in a correlation", q.key.Value)
	}
	known := false
	if c.kind.key == nil {
		missing("type", "e.g. type: event_count")
	} else {
		known = l.correlationType(k, c.kind)
	}
	if c.rules.key == nil {
		missing("rules", "name the rules to correlate by id or name")
	} else {
		l.references(k, c.rules)
	}
	if c.timespan.key == nil {
		missing("timespan", "e.g. timespan: 5m")
	} else {
		k.Timespan = l.timespan(c.timespan)
	}
	if c.field.key != nil {
		k.Field = l.texts(c.field)
	}
	if !known {
		return
	}
	switch {
	case c.condition.key != nil:
		l.correlationCondition(k, c.condition)
	case !k.Type.temporal():
		missing("condition", "e.g. condition: {gte: 10}")
	}
	l.checkField(k, c, p)
	if c.aliases.key != nil {
		l.aliases(k, c.aliases)
	}
}

func (l *loader) truth(p pair) bool {
	switch strings.ToLower(l.text(p)) {
	case "true", "yes":
		return true
	case "false", "no":
	default:
		l.fail(p.value, "", "%q must be true or false", p.key.Value)
	}
	return false
}

func (l *loader) correlationType(k *Correlation, p pair) bool {
	name := l.text(p)
	i := slices.Index(correlationNames[:], name)
	if i < 0 {
		hint := didYouMean(name, correlationNames[:])
		if hint == "" {
			hint = "it is one of " + strings.Join(correlationNames[:], ", ")
		}
		l.fail(p.value, hint, "unknown type of correlation %q", name)
		return false
	}
	k.Type = CorrelationType(i)
	if k.Type == ValueMedian {
		k.Percent = 50
	}
	return true
}

// references reads the rules that a correlation refers to.
func (l *loader) references(k *Correlation, p pair) {
	nodes := []*yaml.Node{p.value}
	if p.value.Kind == yaml.SequenceNode {
		nodes = p.value.Content
	}
	for _, n := range nodes {
		n = l.follow(n)
		switch {
		case n.Kind != yaml.ScalarNode || isNull(n):
			l.fail(n, "", `"rules" must list ids or names of rules; this is %s`, kind(n))
		case slices.ContainsFunc(k.Rules, func(r RuleRef) bool { return r.Ref == n.Value }):
			l.warn(n, "", "the rule %q is listed twice", n.Value)
		default:
			k.Rules = append(k.Rules, RuleRef{Ref: n.Value, Pos: l.pos(n), source: l.line(n.Line)})
		}
	}
	if len(nodes) == 0 {
		l.fail(p.key, "name the rules to correlate by id or name", `"rules" is empty`)
	}
}

// correlationCondition reads the condition: a map of comparisons, or, for temporal types, an expression over the rules.
func (l *loader) correlationCondition(k *Correlation, p pair) {
	switch {
	case p.value.Kind == yaml.ScalarNode && k.Type.temporal():
		l.extendedCondition(k, p.value)
		return
	case p.value.Kind != yaml.MappingNode:
		l.fail(p.value, "e.g. condition: {gte: 10}", "the condition of a correlation must be a map of comparisons, not %s", kind(p.value))
		return
	}
	operators := []string{"eq", "neq", "lt", "lte", "gt", "gte"}
	percent := false
	for _, q := range l.pairs(p.value) {
		switch i := slices.Index(operators, q.key.Value); {
		case i >= 0:
			f, ok := number(l.text(q))
			if !ok {
				l.fail(q.value, "", "%q must be compared with a number", q.key.Value)
			}
			k.Condition = append(k.Condition, CountCondition{Cmp: Cmp(i), Value: f})
		case q.key.Value == "field":
			k.Field = l.texts(q)
		case q.key.Value == "percentile" && k.Type == ValuePercentile:
			f, ok := number(l.text(q))
			if !ok || f < 0 || f > 100 {
				l.fail(q.value, "", "a percentile is a number from 0 to 100")
			}
			k.Percent, percent = f, true
		default:
			l.fail(q.key, didYouMean(q.key.Value, append(operators, "field", "percentile")), "unknown comparison %q", q.key.Value)
		}
	}
	if len(k.Condition) == 0 {
		l.fail(p.key, "e.g. gte: 10", "the condition compares with nothing")
	}
	if k.Type == ValuePercentile && !percent {
		k.Percent = 50
		l.warn(p.key, "e.g. percentile: 95", "the condition names no percentile: the 50th is taken")
	}
}

// extendedCondition reads a boolean expression over the rules that a temporal correlation refers to.
func (l *loader) extendedCondition(k *Correlation, n *yaml.Node) {
	names := make([]string, len(k.Rules))
	for i, r := range k.Rules {
		names[i] = r.Ref
	}
	c := conditionParser{loader: l, node: n, names: names, among: "rules of the correlation"}
	x := c.parse()
	if c.aggregates() {
		c.unexpected()
		return
	}
	if x == nil {
		return
	}
	var used []bool
	k.Expr, used = correlationExpr(x, len(names))
	for i, u := range used {
		if !u {
			l.warn(n, "", "the condition does not mention the rule %q", names[i])
		}
	}
}

// correlationExpr turns a parsed condition over names into one over rules, and tells which of the n rules it mentions.
func correlationExpr(x *Expr, n int) (*CorrelationExpr, []bool) {
	used := make([]bool, n)
	var convert func(x *Expr) *CorrelationExpr
	convert = func(x *Expr) *CorrelationExpr {
		out := &CorrelationExpr{Op: x.Op}
		if x.Op == Test {
			out.Rule = int(x.Test.Number)
			used[out.Rule] = true
		}
		for _, kid := range x.Kids {
			out.Kids = append(out.Kids, convert(kid))
		}
		return out
	}
	return convert(x), used
}

// checkField checks that what a correlation looks at fits its type.
func (l *loader) checkField(k *Correlation, c *correlationSections, p pair) {
	at := p.key
	if c.condition.key != nil {
		at = c.condition.key
	}
	switch {
	case k.Type == EventCount || k.Type.temporal():
		if len(k.Field) > 0 {
			l.warn(at, "to count values of a field, use type: value_count", "%s looks at no field: %q is ignored", k.Type, strings.Join(k.Field, ", "))
			k.Field = nil
		}
	case len(k.Field) == 0:
		l.fail(at, "name it in the condition, e.g. field: User", "%s needs a field", k.Type)
	case len(k.Field) > 1 && k.Type != ValueCount:
		l.fail(at, "", "%s looks at one field, not several", k.Type)
	}
}

// aliases reads the names that group-by may use for fields that are named differently in the events of each rule.
func (l *loader) aliases(k *Correlation, p pair) {
	if p.value.Kind != yaml.MappingNode {
		l.fail(p.value, "", `"aliases" must be a map of aliases, each a map of rule: field`)
		return
	}
	k.Aliases = make(map[string]Alias)
	for _, q := range l.pairs(p.value) {
		if q.value.Kind != yaml.MappingNode {
			l.fail(q.value, "", "the alias %q must be a map of rule: field", q.key.Value)
			continue
		}
		alias := make(Alias)
		for _, f := range l.pairs(q.value) {
			alias[f.key.Value] = l.text(f)
			if !slices.ContainsFunc(k.Rules, func(r RuleRef) bool { return r.Ref == f.key.Value }) {
				names := make([]string, len(k.Rules))
				for i, r := range k.Rules {
					names[i] = r.Ref
				}
				l.fail(f.key, didYouMean(f.key.Value, names), "the correlation does not refer to a rule %q", f.key.Value)
			}
		}
		k.Aliases[q.key.Value] = alias
		if !slices.Contains(k.GroupBy, q.key.Value) && !slices.Contains(k.Field, q.key.Value) {
			l.warn(q.key, "", "the alias %q is not used by group-by", q.key.Value)
		}
	}
}
