package sigma

import (
	"fmt"
	"strings"
	"time"
)

// Outline returns what a rule looks for as indented lines for a person: the author's own words for each test, under
// "all of", "any of" and "not". What pipelines and filters did is in it; alternatives of one value are shown once.
func (r *Rule) Outline() string {
	var b strings.Builder
	switch {
	case r.Correlation != nil:
		r.Correlation.outline(&b)
	case r.Filter != nil:
		b.WriteString("filters out\n")
		r.Filter.Expr.outline(&b, 1)
	case r.Detection != nil:
		r.Detection.outline(&b, 0)
	}
	return b.String()
}

func indented(b *strings.Builder, depth int, line string) {
	b.WriteString(strings.Repeat("  ", depth))
	b.WriteString(line)
	b.WriteByte('\n')
}

func (x *Expr) outline(b *strings.Builder, depth int) {
	if by := x.oneValue(); by != "" {
		indented(b, depth, by)
		return
	}
	switch x.Op {
	case True:
		indented(b, depth, "always")
	case False:
		indented(b, depth, "never")
	case And:
		indented(b, depth, "all of")
	case Or:
		indented(b, depth, "any of")
	case Not:
		indented(b, depth, "not")
	}
	for _, k := range x.Kids {
		k.outline(b, depth+1)
	}
}

// oneValue returns the author's text of an expression that one value of the rule became, or "".
func (x *Expr) oneValue() string {
	if x.Op == Test {
		return x.Test.text()
	}
	if x.Op == Not && len(x.Kids) == 1 && x.Kids[0].Op == Test && x.Kids[0].Test.Kind == Exists {
		return x.Kids[0].Test.text()
	}
	if x.Op != Or || len(x.Kids) == 0 {
		return ""
	}
	first := ""
	for i, k := range x.Kids {
		if k.Op != Test || i > 0 && k.Test.text() != first {
			return ""
		}
		first = k.Test.text()
	}
	return first
}

// text returns the author's text of a test, with the name that a pipeline gave its field.
func (p *Predicate) text() string {
	key, value, ok := strings.Cut(p.By, ": ")
	name, mods, piped := strings.Cut(key, "|")
	if !ok || p.Field == "" || name == p.Field {
		return p.By
	}
	if piped {
		mods = "|" + mods
	}
	return p.Field + mods + ": " + value
}

func (k *Correlation) outline(b *strings.Builder) {
	line := k.Type.String()
	if len(k.Field) > 0 {
		line += " of " + strings.Join(k.Field, ", ")
	}
	if k.Type == ValuePercentile {
		line += fmt.Sprintf(" (%v %%)", k.Percent)
	}
	span := time.Duration(k.Timespan).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(span, zero) {
			span = span[:len(span)-2]
		}
	}
	line += " within " + span
	if len(k.GroupBy) > 0 {
		line += " by " + strings.Join(k.GroupBy, ", ")
	}
	for i, c := range k.Condition {
		if i > 0 {
			line += " and"
		}
		line += fmt.Sprintf(" %s %v", c.Cmp, c.Value)
	}
	indented(b, 0, line)
	if k.Expr != nil {
		indented(b, 1, "where "+k.exprText(k.Expr))
	}
	for i, ref := range k.Rules {
		name := ref.Ref
		if ref.Rule != nil && !k.Implicit {
			name += ": " + ref.Rule.Title
		}
		if k.Implicit {
			name = fmt.Sprintf("part %d", i+1)
		}
		indented(b, 1, name)
		if k.Implicit {
			ref.Rule.Detection.outline(b, 2)
		}
	}
}

// exprText returns an extended condition as text.
func (k *Correlation) exprText(x *CorrelationExpr) string {
	switch x.Op {
	case Test:
		if k.Implicit {
			return fmt.Sprintf("part %d", x.Rule+1)
		}
		return k.Rules[x.Rule].Ref
	case Not:
		return "not " + k.exprText(x.Kids[0])
	}
	word := " and "
	if x.Op == Or {
		word = " or "
	}
	parts := make([]string, len(x.Kids))
	for i, kid := range x.Kids {
		parts[i] = k.exprText(kid)
	}
	return "(" + strings.Join(parts, word) + ")"
}
