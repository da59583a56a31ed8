package query

import (
	"fmt"
	"strings"
	"time"
)

// Explain says in words what the query asks for.
func (q *Query) Explain() string {
	var b strings.Builder
	if q.Where == nil {
		b.WriteString("every event")
	} else {
		b.WriteString("events where " + explain(q.Where, false))
	}
	const layout = "2006-01-02 15:04:05 UTC"
	if q.Since != 0 {
		b.WriteString(", from " + time.Unix(0, q.Since).UTC().Format(layout) + " on")
	}
	if q.Until != 0 {
		b.WriteString(", before " + time.Unix(0, q.Until).UTC().Format(layout))
	}
	for _, p := range q.Pipes {
		b.WriteString("; " + explainPipe(p))
	}
	return b.String()
}

func explain(e Expr, inner bool) string {
	switch e := e.(type) {
	case *And:
		return explainAll(e.Of, " and ", inner)
	case *Or:
		if len(e.Of) == 0 {
			return "nothing holds"
		}
		return explainAll(e.Of, " or ", inner)
	case *Not:
		return "not: " + explain(e.Of, true)
	case *Test:
		return explainTest(e)
	}
	return "anything holds"
}

func explainAll(list []Expr, word string, inner bool) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = explain(e, true)
	}
	s := strings.Join(parts, word)
	if inner && len(list) > 1 {
		return "(" + s + ")"
	}
	return s
}

func explainTest(t *Test) string {
	field := t.Field
	if field == "" {
		field = "any field"
	}
	wild := strings.ContainsAny(t.Text, "*?")
	switch t.Op {
	case Words:
		switch {
		case wild:
			return fmt.Sprintf("%s holds something like %q", field, t.Text)
		case isOneWord(t.Text):
			return fmt.Sprintf("%s holds the word %q", field, t.Text)
		}
		return fmt.Sprintf("%s holds %q", field, t.Text)
	case Is:
		if wild {
			return fmt.Sprintf("%s is like %q as a whole", field, t.Text)
		}
		return fmt.Sprintf("%s is %q in any case", field, t.Text)
	case Exact:
		return fmt.Sprintf("%s is exactly %q", field, t.Text)
	case Regexp:
		return fmt.Sprintf("%s matches the regular expression %s", field, t.Text)
	case InNet:
		return fmt.Sprintf("%s has an address of the network %s", field, t.Text)
	case Range:
		return field + " is " + explainRange(t)
	}
	return field + " has a value"
}

func isOneWord(s string) bool {
	for _, r := range s {
		if !isWord(r) {
			return false
		}
	}
	return true
}

func explainRange(t *Test) string {
	low, high := "at least ", "at most "
	if t.MinOpen {
		low = "more than "
	}
	if t.MaxOpen {
		high = "less than "
	}
	switch {
	case t.Max == "":
		return low + t.Min
	case t.Min == "":
		return high + t.Max
	}
	return low + t.Min + " and " + high + t.Max
}

func explainPipe(p Pipe) string {
	switch p := p.(type) {
	case *Stats:
		s := "of them: " + explainFuncs(p.Funcs)
		if len(p.By) > 0 {
			s += ", for each " + formatGroups(p.By)
		}
		return s
	case *Top:
		if p.Rare {
			return fmt.Sprintf("the %d rarest of %s", p.N, quoteNames(p.By))
		}
		return fmt.Sprintf("the %d most frequent of %s", p.N, quoteNames(p.By))
	case *Sort:
		return "in the order of " + strings.TrimPrefix(formatSort(&Sort{Keys: p.Keys}), "sort ") + firstOf(p.N)
	case *Head:
		return fmt.Sprintf("the first %d", p.N)
	case *Tail:
		return fmt.Sprintf("the last %d", p.N)
	case *Fields:
		if p.Drop {
			return "without " + quoteNames(p.Names)
		}
		return "only " + quoteNames(p.Names)
	case *Uniq:
		return "each " + quoteNames(p.By) + " once"
	case *Timechart:
		s := explainFuncs([]Func{p.Func}) + " for every " + FormatStep(p.Step)
		if len(p.By) > 0 {
			s += " and " + quoteNames(p.By)
		}
		return s
	case *Filter:
		return "those where " + explain(p.Where, false)
	}
	return ""
}

func firstOf(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", the first %d", n)
}

func explainFuncs(list []Func) string {
	words := map[string]string{
		"count": "how many have ", "dc": "how many different ", "min": "the smallest ", "max": "the largest ", "sum": "the sum of ", "avg": "the mean of ", "values": "the different ",
	}
	parts := make([]string, len(list))
	for i, f := range list {
		parts[i] = words[f.Name] + f.Field
		if f.Field == "" {
			parts[i] = "how many"
		}
	}
	return strings.Join(parts, ", ")
}
