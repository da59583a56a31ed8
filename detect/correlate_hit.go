package detect

import (
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/sigma"
)

// DescribeCorrelation says in one line, in the words of the rule, what a correlation looks for:
// `value_count of User gt 5 in 1h`, `temporal_ordered of failed, success in 10m`.
func DescribeCorrelation(corr *sigma.Correlation) string {
	b := []byte(corr.Type.String())
	names := corr.Field
	if corr.Type == sigma.ValuePercentile {
		b = append(strconv.AppendFloat(append(b, ' '), corr.Percent, 'f', -1, 64), '%')
	}
	if temporal(corr.Type) && corr.Expr == nil {
		names = nil
		for _, r := range corr.Rules {
			names = append(names, RuleName(r))
		}
	}
	if len(names) > 0 {
		b = append(append(b, " of "...), strings.Join(names, ", ")...)
	}
	if corr.Expr != nil {
		b = appendCorrelationExpr(append(b, ' '), corr, corr.Expr, false)
	}
	for i, k := range corr.Condition {
		if i > 0 {
			b = append(b, " and"...)
		}
		b = append(append(b, ' '), k.Cmp.String()...)
		b = strconv.AppendFloat(append(b, ' '), k.Value, 'f', -1, 64)
	}
	return string(appendSpan(append(b, " in "...), corr.Timespan))
}

// RuleName returns the name of a rule that a correlation speaks of, else its title, else the reference as it was written.
func RuleName(r sigma.RuleRef) string {
	if r.Rule != nil && r.Rule.Name != "" {
		return r.Rule.Name
	}
	if r.Rule != nil && r.Rule.Title != "" {
		return r.Rule.Title
	}
	return r.Ref
}

func appendCorrelationExpr(b []byte, corr *sigma.Correlation, e *sigma.CorrelationExpr, inside bool) []byte {
	switch e.Op {
	case sigma.Test:
		return append(b, RuleName(corr.Rules[e.Rule])...)
	case sigma.Not:
		return appendCorrelationExpr(append(b, "not "...), corr, e.Kids[0], true)
	}
	word := " and "
	if e.Op == sigma.Or {
		word = " or "
	}
	if inside {
		b = append(b, '(')
	}
	for i, k := range e.Kids {
		if i > 0 {
			b = append(b, word...)
		}
		b = appendCorrelationExpr(b, corr, k, true)
	}
	if inside {
		b = append(b, ')')
	}
	return b
}

// appendSpan writes a timespan as a rule does: as a whole number of the largest unit that it is one of.
func appendSpan(b []byte, span int64) []byte {
	const second = 1e9
	for _, u := range [...]struct {
		size int64
		name byte
	}{{86400 * second, 'd'}, {3600 * second, 'h'}, {60 * second, 'm'}} {
		if span%u.size == 0 {
			return append(strconv.AppendInt(b, span/u.size, 10), u.name)
		}
	}
	return append(strconv.AppendFloat(b, float64(span)/second, 'f', -1, 64), 's')
}
