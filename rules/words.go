package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/sigma"
)

// outline says in words what an event must be like for a rule to describe it, one line a test or a word that joins
// tests, indented by two spaces a level.
func outline(e *sigma.Expr, depth int) []string {
	if c := clauseOf(e); c != nil {
		return c.lines(depth)
	}
	switch e.Op {
	case sigma.True:
		return []string{indent(depth) + "any event"}
	case sigma.False:
		return []string{indent(depth) + "no event at all"}
	case sigma.Not:
		k := e.Kids[0]
		if k.Op == sigma.Test && k.Test.Kind == sigma.Exists {
			return []string{indent(depth) + k.Test.Field + " does not exist"}
		}
		return append([]string{indent(depth) + "but not"}, outline(k, depth+1)...)
	}
	return outlineList(e, depth)
}

func outlineList(e *sigma.Expr, depth int) []string {
	word, values := "all of", " and "
	if e.Op == sigma.Or {
		word, values = "any of", " or "
	}
	var clauses []*clause
	rest := make([]*sigma.Expr, 0, len(e.Kids))
	for _, k := range flat(e) {
		c := clauseOf(k)
		if c == nil {
			rest = append(rest, k)
			continue
		}
		i := slices.IndexFunc(clauses, func(o *clause) bool { return o.joins(c, values) })
		if i < 0 {
			clauses = append(clauses, c)
			continue
		}
		if !slices.Contains(clauses[i].values, c.values[0]) {
			clauses[i].values = append(clauses[i].values, c.values[0])
		}
		clauses[i].join = values
	}
	if len(clauses)+len(rest) == 1 && len(rest) == 0 {
		return clauses[0].lines(depth)
	}
	out := []string{indent(depth) + word}
	for _, c := range clauses {
		out = append(out, c.lines(depth+1)...)
	}
	for _, k := range rest {
		out = append(out, outline(k, depth+1)...)
	}
	return out
}

// flat returns the children of an And or Or, with those of children of the same kind in their place.
func flat(e *sigma.Expr) []*sigma.Expr {
	var list []*sigma.Expr
	for _, k := range e.Kids {
		if k.Op == e.Op && clauseOf(k) == nil {
			list = append(list, flat(k)...)
		} else {
			list = append(list, k)
		}
	}
	return list
}

func indent(depth int) string { return strings.Repeat("  ", depth) }

// clause is tests of one field in words: "CommandLine contains 'a' or 'b'".
type clause struct {
	field, verb, how string
	values           []string
	join             string // between values
}

// joins tells whether another clause's value can be said along with c's.
func (c *clause) joins(o *clause, word string) bool {
	return c.field == o.field && c.verb == o.verb && c.how == o.how && len(o.values) == 1 && c.values != nil &&
		(c.join == "" || c.join == word) && o.join == ""
}

// lineValues is how many characters of values stand on the line of their field; more stand below it, one a line.
const lineValues = 80

func (c *clause) lines(depth int) []string {
	head := indent(depth) + strings.TrimRight(c.field+" "+c.verb, " ")
	how := c.how
	if how != "" {
		how = " (" + how + ")"
	}
	joined := strings.Join(c.values, c.join)
	switch {
	case len(c.values) == 0:
		return []string{head + how}
	case len(c.values) == 1 || len(joined) <= lineValues:
		return []string{head + " " + joined + how}
	}
	word := " all of"
	if c.join == " or " {
		word = " one of"
	}
	out := []string{head + word + how}
	for _, v := range c.values {
		out = append(out, indent(depth+1)+v)
	}
	return out
}

// clauseOf returns the words for a test, or for tests that one value of the rule became; nil for anything else.
func clauseOf(e *sigma.Expr) *clause {
	switch {
	case e.Op == sigma.Test:
		return wordsOf(e.Test)
	case e.Op != sigma.Or || len(e.Kids) == 0:
		return nil
	}
	for _, k := range e.Kids {
		if k.Op != sigma.Test || k.Test.By != e.Kids[0].Test.By || k.Test.Field != e.Kids[0].Test.Field {
			return nil
		}
	}
	return wordsOf(e.Kids[0].Test)
}

// verbs are the modifiers that say how a value is compared; the rest say what is compared.
var verbs = map[string]string{
	"contains": "contains", "startswith": "begins with", "endswith": "ends with", "re": "matches the expression", "cidr": "is in the network",
	"lt": "is less than", "lte": "is at most", "gt": "is greater than", "gte": "is at least", "exists": "exists",
}

var hows = map[string]string{
	"windash": "with any dash or slash", "base64": "in Base64", "base64offset": "in Base64, at any offset", "cased": "in this case",
	"wide": "in UTF-16", "utf16le": "in UTF-16", "utf16be": "in big-endian UTF-16", "utf16": "in UTF-16 with a byte order mark",
	"fieldref": "the value of that field", "i": "in any case", "minute": "the minute of it", "hour": "the hour of it", "day": "the day of it",
	"week": "the week of it", "month": "the month of it", "year": "the year of it",
}

// wordsOf puts a test into words, from how its author wrote it.
func wordsOf(p *sigma.Predicate) *clause {
	key, value, _ := strings.Cut(p.By, ": ")
	_, mods, _ := strings.Cut(key, "|")
	c := &clause{field: p.Field, verb: "is", values: []string{value}}
	if p.Field == "" {
		c.field, c.verb = "the record", "contains"
	}
	var how []string
	for m := range strings.SplitSeq(mods, "|") {
		if v, ok := verbs[m]; ok {
			c.verb = v
		} else if h, ok := hows[m]; ok {
			how = append(how, h)
		}
	}
	c.how = strings.Join(how, "; ")
	switch p.Kind {
	case sigma.Exists:
		c.verb, c.values = "exists", nil
	case sigma.IsNull:
		c.verb, c.values = "does not exist or has no value", nil
	case sigma.Compare:
		if c.verb == "is" {
			c.values = []string{fmt.Sprintf("%g", p.Number)}
		}
	}
	return c
}

// correlationWords says in sentences what a correlation counts, and when it hits.
func correlationWords(k *sigma.Correlation) []string {
	names := make([]string, len(k.Rules))
	for i, ref := range k.Rules {
		names[i] = ref.Ref
		if ref.Rule != nil {
			names[i] = "“" + ref.Rule.Title + "”"
		}
		if k.Implicit {
			names[i] = "the events below"
			if len(k.Rules) > 1 {
				names[i] = fmt.Sprintf("part %d below", i+1)
			}
		}
	}
	within := "within " + spanWords(k.Timespan)
	if len(k.GroupBy) > 0 {
		within += ", with the same " + strings.Join(k.GroupBy, " and ")
	}
	counts := make([]string, len(k.Condition))
	for i, c := range k.Condition {
		counts[i] = cmpWords[c.Cmp] + " " + fmt.Sprintf("%g", c.Value)
	}
	count, fields, of := strings.Join(counts, " and "), strings.Join(k.Field, ", "), strings.Join(names, " or ")
	switch k.Type {
	case sigma.EventCount:
		return []string{fmt.Sprintf("%s hits of %s %s", count, of, within)}
	case sigma.ValueCount:
		return []string{fmt.Sprintf("%s different values of %s in hits of %s %s", count, fields, of, within)}
	case sigma.Temporal, sigma.TemporalOrdered:
		order := "in any order"
		if k.Type == sigma.TemporalOrdered {
			order = "in this order"
		}
		if k.Expr != nil {
			return []string{correlationExprWords(k.Expr, names, false), order + ", " + within}
		}
		if count != "" {
			return append([]string{fmt.Sprintf("%s of these rules hit, %s, %s:", count, order, within)}, indentAll(names)...)
		}
		return append([]string{fmt.Sprintf("all of these rules hit, %s, %s:", order, within)}, indentAll(names)...)
	}
	what := map[sigma.CorrelationType]string{
		sigma.ValueSum: "sum", sigma.ValueAvg: "average", sigma.ValueMedian: "median", sigma.ValueMin: "least", sigma.ValueMax: "greatest",
		sigma.ValuePercentile: fmt.Sprintf("%g. percentile", k.Percent),
	}[k.Type]
	return []string{fmt.Sprintf("the %s of %s in hits of %s %s is %s", what, fields, of, within, count)}
}

func indentAll(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = "  " + n
	}
	return out
}

var cmpWords = [...]string{
	sigma.EQ: "exactly", sigma.NE: "any number but", sigma.LT: "fewer than", sigma.LE: "at most", sigma.GT: "more than", sigma.GE: "at least",
}

func correlationExprWords(e *sigma.CorrelationExpr, names []string, inside bool) string {
	switch e.Op {
	case sigma.Test:
		return names[e.Rule]
	case sigma.Not:
		return "not " + correlationExprWords(e.Kids[0], names, true)
	}
	word := " and "
	if e.Op == sigma.Or {
		word = " or "
	}
	parts := make([]string, len(e.Kids))
	for i, k := range e.Kids {
		parts[i] = correlationExprWords(k, names, true)
	}
	s := strings.Join(parts, word)
	if inside {
		s = "(" + s + ")"
	}
	return s
}

// spanWords is a timespan, in nanoseconds, as a person says it: "90 minutes".
func spanWords(span int64) string {
	const second = 1e9
	for _, u := range [...]struct {
		size int64
		name string
	}{{86400 * second, "day"}, {3600 * second, "hour"}, {60 * second, "minute"}, {second, "second"}} {
		if span%u.size == 0 {
			n := span / u.size
			if n != 1 {
				u.name += "s"
			}
			return fmt.Sprintf("%d %s", n, u.name)
		}
	}
	return fmt.Sprintf("%g seconds", float64(span)/second)
}
