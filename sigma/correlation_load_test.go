package sigma

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// correlationText prints a correlation compactly.
func correlationText(k *Correlation) string {
	if k == nil {
		return "none"
	}
	out := k.Type.String()
	if len(k.Field) > 0 {
		out += " of " + strings.Join(k.Field, ",")
	}
	if k.Percent != 0 {
		out += fmt.Sprintf(" %v%%", k.Percent)
	}
	out += fmt.Sprintf(" %ds", k.Timespan/1e9)
	if len(k.GroupBy) > 0 {
		out += " by " + strings.Join(k.GroupBy, ",")
	}
	for _, c := range k.Condition {
		out += fmt.Sprintf(" %s %v", c.Cmp, c.Value)
	}
	if len(k.Rules) > 1 {
		out += fmt.Sprintf(" rules %d", len(k.Rules))
	}
	if k.Expr != nil {
		out += " " + correlationExprText(k.Expr)
	}
	if k.Generate {
		out += " generate"
	}
	return out
}

func correlationExprText(x *CorrelationExpr) string {
	if x.Op == Test {
		return fmt.Sprint(x.Rule)
	}
	parts := []string{map[Op]string{And: "and", Or: "or", Not: "not"}[x.Op]}
	for _, k := range x.Kids {
		parts = append(parts, correlationExprText(k))
	}
	return "(" + strings.Join(parts, " ") + ")"
}

func TestCorrelations(t *testing.T) {
	for _, c := range []struct{ section, want string }{
		{"type: event_count\nrules: [a]\ntimespan: 5m\ncondition: {gte: 10}", "event_count 300s gte 10"},
		{"type: event_count\nrules: a\ngroup-by: u\ntimespan: 30s\ncondition: {gt: 100, lte: 200}", "event_count 30s by u gt 100 lte 200"},
		{"type: event_count\nrules: [a, b]\ngroup-by: [u, v]\ntimespan: 1h\ncondition: {eq: 3}\ngenerate: true", "event_count 3600s by u,v eq 3 rules 2 generate"},
		{"type: value_count\nrules: [a]\ntimespan: 2d\ncondition: {field: User, neq: 1}", "value_count of User 172800s neq 1"},
		{"type: value_count\nrules: [a]\ntimespan: 1w\ncondition: {field: [User, Host], lt: 4}", "value_count of User,Host 604800s lt 4"},
		{"type: value_sum\nrules: [a]\ntimespan: 1M\ncondition: {field: n, gt: 1.5}", "value_sum of n 2592000s gt 1.5"},
		{"type: value_avg\nrules: [a]\ntimespan: 1y\ncondition: {field: n, gt: 1}", "value_avg of n 31536000s gt 1"},
		{"type: value_percentile\nrules: [a]\ntimespan: 1m\ncondition: {field: n, percentile: 95, gt: 1}", "value_percentile of n 95% 60s gt 1"},
		{"type: value_median\nrules: [a]\ntimespan: 1m\ncondition: {field: n, gt: 1}", "value_median of n 50% 60s gt 1"},
		{"type: temporal\nrules: [a, b]\ntimespan: 1m", "temporal 60s rules 2"},
		{"type: temporal\nrules: [a, b, c]\ntimespan: 1m\ncondition: {gte: 2}", "temporal 60s gte 2 rules 3"},
		{"type: temporal_ordered\nrules: [a, b]\ntimespan: 1m", "temporal_ordered 60s rules 2"},
		{"type: temporal\nrules: [a, b, c]\ntimespan: 1m\ncondition: a and (b or not c)", "temporal 60s rules 3 (and 0 (or 1 (not 2)))"},
		{"type: temporal\nrules: [a, b, c]\ntimespan: 1m\ncondition: 2 of them", "temporal 60s rules 3 (or (and 0 1) (and 0 2) (and 1 2))"},
	} {
		text := "title: t\ncorrelation:\n  " + strings.ReplaceAll(c.section, "\n", "\n  ")
		rules, diags := Load("t.yml", []byte(text), LoadOptions{})
		if len(rules) != 1 || len(diags) != 0 {
			t.Errorf("%s: %d rules\n%s", c.section, len(rules), formatted(diags))
			continue
		}
		if got := correlationText(rules[0].Correlation); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.section, got, c.want)
		}
	}
}

func TestAliases(t *testing.T) {
	rules, diags := Load("t.yml", []byte(`
title: t
generate: true
correlation:
  type: temporal
  rules: [a, b]
  group-by: [ip, host]
  timespan: 10s
  aliases:
    ip: {a: src, b: dst}
`), LoadOptions{})
	if len(rules) != 1 || len(diags) > 0 {
		t.Fatal(formatted(diags))
	}
	k := rules[0].Correlation
	if k.Aliases["ip"]["a"] != "src" || k.Aliases["ip"]["b"] != "dst" || len(k.Aliases) != 1 || !k.Generate {
		t.Errorf("%+v", k)
	}
}

func TestAggregations(t *testing.T) {
	for _, c := range []struct{ condition, want, inner string }{
		{"s | count() > 5", "event_count 60s gt 5", `a="x"`},
		{"s | count() by h >= 5", "event_count 60s by h gte 5", `a="x"`},
		{"s|count()by h>=5", "event_count 60s by h gte 5", `a="x"`},
		{"s | count(u) by h, i < 5", "value_count of u 60s by h,i lt 5", `a="x"`},
		{"s | count(u) by h,i <= 5", "value_count of u 60s by h,i lte 5", `a="x"`},
		{"s | sum(n) by h = 0x10", "value_sum of n 60s by h eq 16", `a="x"`},
		{"s | avg(n) != 5", "value_avg of n 60s neq 5", `a="x"`},
		{"s | min(n) > 5", "value_percentile of n 60s gt 5", `a="x"`},
		{"s | max(n) > 5", "value_percentile of n 100% 60s gt 5", `a="x"`},
		{"s and not t | count() > 5", "event_count 60s gt 5", `(and a="x" (not b="y"))`},
		{"1 of them | count() > 5", "event_count 60s gt 5", `(or a="x" b="y")`},
		{"s | near t", "temporal 60s rules 2", `a="x"`},
		{"s | near not t", "temporal 60s rules 2 (and 0 (not 1))", `a="x"`},
	} {
		rules, diags := Load("t.yml", ruleOf("s: {a: x}\nt: {b: y}\ntimeframe: 1m\ncondition: "+c.condition), LoadOptions{})
		if len(rules) != 1 {
			t.Errorf("%s: not loaded\n%s", c.condition, formatted(diags))
			continue
		}
		k := rules[0].Correlation
		if got := correlationText(k); got != c.want || !k.Implicit {
			t.Errorf("%s\n got %s\nwant %s", c.condition, got, c.want)
			continue
		}
		in := k.Rules[0].Rule
		if got := sexpr(in.Detection); got != c.inner || in.LogSource.Product != "p" || !in.Silent {
			t.Errorf("%s: inner rule %s of %+v", c.condition, got, in.LogSource)
		}
		if !slices.ContainsFunc(diags, func(d Diagnostic) bool { return d.Severity == Warning }) {
			t.Errorf("%s: no warning", c.condition)
		}
	}
}
