package sigma

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// aggregation reads what follows the pipe of an old style condition, up to version 1 of the specification:
//
//	count() by a > n    count(field) by a, b >= n    sum|min|max|avg(field) by a > n    near x and not y
//
// The rule becomes a correlation over a rule of its own, which holds the condition before the pipe.
func (l *loader) aggregation(r *Rule, sel *selections, c *conditionParser, x *Expr) {
	pipe := c.tok
	c.counting = true
	c.next()
	r.Correlation = &Correlation{Timespan: l.timeframe(sel, c.node), Implicit: true, Rules: []RuleRef{{Rule: inner(r, x, 1), Pos: l.pos(c.node)}}}
	errors := l.errors
	switch word := c.tok; {
	case word.kind == "" && strings.EqualFold(word.text, "near"):
		c.next()
		l.near(r, sel, c)
	case word.kind == "":
		l.count(r.Correlation, c)
	default:
		c.errorAt(pipe, "", "an aggregation such as count() by field > 10 must follow the pipe")
	}
	if l.errors == errors && c.tok.kind != "end" {
		c.errorAt(c.tok, "", "nothing may follow the aggregation")
	}
	if l.errors == errors {
		l.warn(c.node, "write a correlation rule", "aggregations in conditions are no longer part of the language: this one is read as a correlation")
	}
}

// timeframe returns the time within which an old style aggregation counts.
func (l *loader) timeframe(sel *selections, condition *yaml.Node) int64 {
	if sel.timeframe.key != nil {
		return l.timespan(sel.timeframe)
	}
	l.warn(condition, "give the detection a timeframe, e.g. timeframe: 1h", "the aggregation has no timeframe: one day is taken")
	return int64(24 * time.Hour)
}

// inner is the rule that a correlation made from an old aggregation refers to.
func inner(r *Rule, x *Expr, n int) *Rule {
	in := *r
	in.Correlation, in.Detection = nil, x
	in.Name = ""
	if in.ID != "" {
		in.ID += "#" + strconv.Itoa(n)
	}
	in.Silent = true
	return &in
}

// count reads count(field) by group > n and its like.
func (l *loader) count(k *Correlation, c *conditionParser) {
	function := c.tok
	c.next()
	if c.tok.kind != "(" {
		c.errorAt(function, "count, sum, min, max, avg or near", "unknown aggregation %q", function.text)
		return
	}
	c.next()
	if c.tok.kind == "" {
		k.Field = []string{c.tok.text}
		c.next()
	}
	if c.tok.kind != ")" {
		c.errorAt(c.tok, "", "expected the ) of %s(…)", function.text)
		return
	}
	c.next()
	if c.tok.kind == "" && strings.EqualFold(c.tok.text, "by") {
		l.groups(k, c)
	}
	l.functionOf(k, c, function)
	l.threshold(k, c)
}

// groups reads the fields after by, separated by commas.
func (l *loader) groups(k *Correlation, c *conditionParser) {
	c.next()
	for c.tok.kind == "" {
		for _, f := range strings.Split(c.tok.text, ",") {
			if f != "" {
				k.GroupBy = append(k.GroupBy, f)
			}
		}
		c.next()
	}
	if len(k.GroupBy) == 0 {
		c.errorAt(c.tok, "", "expected a field after by")
	}
}

func (l *loader) functionOf(k *Correlation, c *conditionParser, function token) {
	name := strings.ToLower(function.text)
	switch name {
	case "count":
		k.Type = EventCount
		if len(k.Field) > 0 {
			k.Type = ValueCount
		}
		return
	case "sum":
		k.Type = ValueSum
	case "avg":
		k.Type = ValueAvg
	case "min":
		k.Type, k.Percent = ValuePercentile, 0
	case "max":
		k.Type, k.Percent = ValuePercentile, 100
	default:
		hint := didYouMean(name, []string{"count", "sum", "min", "max", "avg", "near"})
		if hint == "" {
			hint = "count, sum, min, max, avg or near"
		}
		c.errorAt(function, hint, "unknown aggregation %q", function.text)
		return
	}
	if len(k.Field) == 0 {
		c.errorAt(function, "write "+name+"(field)", "%s needs a field", name)
	}
}

// cmpOf returns the comparison of an operator, or -1.
func cmpOf(s string) int {
	switch s {
	case ">":
		return int(GT)
	case ">=":
		return int(GE)
	case "<":
		return int(LT)
	case "<=":
		return int(LE)
	case "=", "==":
		return int(EQ)
	case "!=":
		return int(NE)
	}
	return -1
}

// threshold reads the comparison at the end of an aggregation.
func (l *loader) threshold(k *Correlation, c *conditionParser) {
	operator := c.tok
	if operator.kind != "<>=!" {
		c.errorAt(operator, "e.g. count() by src_ip > 10", "expected a comparison")
		return
	}
	comparison := cmpOf(operator.text)
	if comparison < 0 {
		c.errorAt(operator, "one of > >= < <= = !=", "unknown comparison %q", operator.text)
		return
	}
	c.next()
	limit := c.tok
	f, ok := number(limit.text)
	if !ok {
		c.errorAt(limit, "", "expected a number to compare with, not %q", limit.text)
		return
	}
	c.next()
	k.Condition = []CountCondition{{Cmp: Cmp(comparison), Value: f}}
}

// near reads the selections that must match near an event: all within the timeframe, in any order. Each selection
// becomes a rule of its own, which a temporal correlation joins.
func (l *loader) near(r *Rule, sel *selections, c *conditionParser) {
	k := r.Correlation
	k.Type = Temporal
	near := conditionParser{loader: l, node: c.node, names: sel.names, among: "selections", at: c.tok.from}
	tree := near.parse()
	c.tok, c.failed = near.tok, near.failed
	if tree == nil {
		return
	}
	expr, _ := correlationExpr(tree, len(sel.names))
	rules := map[int]int{} // selection → index into k.Rules
	simple := true         // all of them
	var place func(x *CorrelationExpr)
	place = func(x *CorrelationExpr) {
		for _, kid := range x.Kids {
			place(kid)
		}
		if x.Op != Test {
			simple = simple && x.Op == And
			return
		}
		at, ok := rules[x.Rule]
		if !ok {
			at = len(k.Rules)
			rules[x.Rule] = at
			in := inner(r, sel.exprs[x.Rule], at+1)
			k.Rules = append(k.Rules, RuleRef{Rule: in, Pos: l.pos(sel.nodes[x.Rule])})
			sel.used[x.Rule] = true
		}
		x.Rule = at
	}
	place(expr)
	if !simple {
		k.Expr = &CorrelationExpr{Op: And, Kids: []*CorrelationExpr{{Op: Test}, expr}}
	}
}

// timespan reads a length of time: a number and one of s m h d w M y. Source: Sigma correlation rules specification
// 2.1, "Time Selection"; weeks, months and years as pySigma has them (a month is 30 days, a year 365).
func (l *loader) timespan(p pair) int64 {
	s := strings.TrimSpace(l.text(p))
	if p.value.Kind != yaml.ScalarNode {
		return 0
	}
	digits := strings.TrimRight(s, "smhdwMy")
	n, err := strconv.ParseInt(digits, 10, 64)
	var unit time.Duration
	switch s[len(digits):] {
	case "s":
		unit = time.Second
	case "m":
		unit = time.Minute
	case "h":
		unit = time.Hour
	case "d":
		unit = 24 * time.Hour
	case "w":
		unit = 7 * 24 * time.Hour
	case "M":
		unit = 30 * 24 * time.Hour
	case "y":
		unit = 365 * 24 * time.Hour
	}
	if err != nil || unit == 0 || n <= 0 {
		l.fail(p.value, "write a number and a unit: 30s, 5m, 1h, 7d, 2w, 1M, 1y", "%q is no length of time", s)
		return 0
	}
	if n > int64(100*365*24*time.Hour/unit) {
		l.fail(p.value, "", "%q is longer than 100 years", s)
		return 0
	}
	return n * int64(unit)
}
