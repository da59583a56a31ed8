package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// String writes the query in its canonical form, which Parse reads as the same Where and Pipes. Since and Until are no
// part of it.
func (q *Query) String() string {
	var b strings.Builder
	if q.Where == nil {
		b.WriteByte('*')
	} else {
		b.WriteString(Format(q.Where))
	}
	for _, p := range q.Pipes {
		b.WriteString(" | ")
		b.WriteString(FormatPipe(p))
	}
	return b.String()
}

// Format writes a condition in the language.
func Format(e Expr) string { return format(e, false) }

// format puts and/or within another condition in parentheses.
func format(e Expr, inner bool) string {
	switch e := e.(type) {
	case *And:
		if len(e.Of) == 0 {
			return "*"
		}
		return joined(e.Of, " and ", inner)
	case *Or:
		if len(e.Of) == 0 {
			return "not *"
		}
		return joined(e.Of, " or ", inner)
	case *Not:
		return "not " + format(e.Of, true)
	case *Test:
		return formatTest(e)
	}
	return "*"
}

func joined(list []Expr, word string, inner bool) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = format(e, true)
	}
	s := strings.Join(parts, word)
	if inner && len(parts) > 1 {
		s = "(" + s + ")"
	}
	return s
}

func formatTest(t *Test) string {
	field := "*"
	if t.Field != "" {
		field = quoteName(t.Field)
	}
	switch t.Op {
	case Words:
		if t.Field == "" {
			return bareOrQuoted(t.Text)
		}
		return field + ":" + bareOrQuoted(t.Text)
	case Is:
		return field + "=" + bareOrQuoted(t.Text)
	case Exact:
		return field + ":=" + quoteLiteral(t.Text)
	case Regexp:
		slashes := "/" + escapeSlashes(t.Text) + "/"
		if t.Field == "" {
			return slashes
		}
		return field + ":" + slashes
	case InNet:
		return field + ":" + t.Text
	case Range:
		return field + formatRange(t)
	}
	return field + ":*"
}

func formatRange(t *Test) string {
	switch {
	case t.Max == "" && t.MinOpen:
		return ":>" + boundText(t.Min)
	case t.Max == "":
		return ":>=" + boundText(t.Min)
	case t.Min == "" && t.MaxOpen:
		return ":<" + boundText(t.Max)
	case t.Min == "":
		return ":<=" + boundText(t.Max)
	}
	open, shut := "[", "]"
	if t.MinOpen {
		open = "{"
	}
	if t.MaxOpen {
		shut = "}"
	}
	return ":" + open + t.Min + " TO " + t.Max + shut
}

func boundText(s string) string {
	if _, ok := Number(s); ok && s[0] != '-' && s[0] != '+' {
		return s
	}
	return quoteLiteral(s)
}

// escapeSlashes writes a regular expression as it stands between slashes.
func escapeSlashes(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			b.WriteByte('\\')
			i++
		case s[i] == '/':
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// simple tells whether text is a plain word that means itself wherever it stands.
func simple(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isWordByte(c) || c >= 0x80 {
			return false
		}
	}
	switch strings.ToLower(s) {
	case "and", "or", "not", "in", "by", "as", "group", "limit", "desc", "asc", "of", "span":
		return false
	}
	return true
}

func bareOrQuoted(pattern string) string {
	if simple(pattern) {
		return pattern
	}
	return quotePattern(pattern)
}

// quoteName writes the name of a field.
func quoteName(s string) string {
	if len(s) > 0 && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z' || s[0] == '_' || s[0] == '@') && simple(strings.NewReplacer(".", "_", "@", "_").Replace(s)) && simple(s[:1]+"_") &&
		simpleName(s) {
		return s
	}
	return quoteLiteral(s)
}

// simpleName tells whether no word of the language could be read into a name.
func simpleName(s string) bool {
	switch strings.ToLower(s) {
	case "count", "dc", "min", "max", "sum", "avg", "values", "earliest", "latest", "range", "e", "i", "re", "exact", "contains", "cidr", "step":
		return strings.ToLower(s) == "count"
	}
	return true
}

func quoteNames(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = quoteName(n)
	}
	return strings.Join(q, ", ")
}

// FormatPipe writes a pipe in the language.
func FormatPipe(p Pipe) string {
	switch p := p.(type) {
	case *Stats:
		s := "stats " + formatFuncs(p.Funcs)
		if len(p.By) > 0 {
			s += " by " + formatGroups(p.By)
		}
		return s
	case *Top:
		name := "top"
		if p.Rare {
			name = "rare"
		}
		return fmt.Sprintf("%s %d %s", name, p.N, quoteNames(p.By))
	case *Sort:
		return formatSort(p)
	case *Head:
		return fmt.Sprintf("head %d", p.N)
	case *Tail:
		return fmt.Sprintf("tail %d", p.N)
	case *Fields:
		if p.Drop {
			return "drop " + quoteNames(p.Names)
		}
		return "fields " + quoteNames(p.Names)
	case *Uniq:
		return "uniq " + quoteNames(p.By)
	case *Timechart:
		s := "timechart " + FormatStep(p.Step) + " " + formatFuncs([]Func{p.Func})
		if len(p.By) > 0 {
			s += " by " + quoteNames(p.By)
		}
		return s
	case *Filter:
		return "where " + Format(p.Where)
	}
	return ""
}

func formatFuncs(list []Func) string {
	parts := make([]string, len(list))
	for i, f := range list {
		parts[i] = f.Name
		if f.Field != "" {
			parts[i] += "(" + quoteName(f.Field) + ")"
		}
		if f.As != funcColumn(f) {
			parts[i] += " as " + quoteName(f.As)
		}
	}
	return strings.Join(parts, ", ")
}

func formatGroups(list []Group) string {
	parts := make([]string, len(list))
	for i, g := range list {
		parts[i] = quoteName(g.Field)
		switch {
		case g.Step == 0:
		case g.Field == Time:
			parts[i] += ":" + FormatStep(g.Step)
		default:
			parts[i] += ":" + strconv.FormatInt(g.Step, 10)
		}
	}
	return strings.Join(parts, ", ")
}

func formatSort(p *Sort) string {
	parts := make([]string, len(p.Keys))
	for i, k := range p.Keys {
		if k.Down {
			parts[i] = "-"
		}
		parts[i] += quoteName(k.Field)
	}
	s := "sort "
	if p.N > 0 {
		s += strconv.Itoa(p.N) + " "
	}
	return s + strings.Join(parts, ", ")
}

// FormatStep writes a span of time in its largest whole unit: 1h, 90s.
func FormatStep(ns int64) string {
	for _, u := range []struct {
		name  string
		width time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}} {
		if ns%int64(u.width) == 0 {
			return strconv.FormatInt(ns/int64(u.width), 10) + u.name
		}
	}
	return strconv.FormatInt(ns, 10) + "ns"
}
