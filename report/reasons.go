package report

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/detect"
)

// reason is a field with its value, and every test of it that made a rule hit.
type reason struct {
	field, value string
	tests        []string // as the author of the rule wrote them; of one field and modifiers, they are joined
	marks        []mark   // of value, in order, apart
}

// mark is the part of a value that passed a test: bytes from up to to.
type mark struct{ from, to int }

// reasons puts together what is said of one value.
func reasons(matched []detect.Matched) []reason {
	var list []reason
	for i := range matched {
		m := &matched[i]
		at := slices.IndexFunc(list, func(r reason) bool { return r.field == m.Field && r.value == m.Value })
		if at < 0 {
			at = len(list)
			list = append(list, reason{field: m.Field, value: m.Value})
		}
		r := &list[at]
		r.test(m.By)
		r.marks = append(r.marks, find(m.Value, m.By)...)
	}
	for i := range list {
		list[i].marks = apart(list[i].marks)
	}
	return list
}

// test adds a test; one that differs from another in its value alone is joined to it.
func (r *reason) test(by string) {
	field, value, ok := strings.Cut(by, ": ")
	for i, t := range r.tests {
		if t == by {
			return
		}
		if f, _, has := strings.Cut(t, ": "); ok && has && f == field {
			r.tests[i] += ", " + value
			return
		}
	}
	r.tests = append(r.tests, by)
}

// whole tells whether the marks are all of the value.
func (r *reason) whole() bool {
	return len(r.marks) == 1 && r.marks[0] == mark{0, len(r.value)}
}

// apart sorts marks and joins those that touch.
func apart(marks []mark) []mark {
	slices.SortFunc(marks, func(a, b mark) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return a.to - b.to
	})
	var list []mark
	for _, m := range marks {
		if n := len(list); n > 0 && m.from <= list[n-1].to {
			list[n-1].to = max(list[n-1].to, m.to)
			continue
		}
		list = append(list, m)
	}
	return list
}

// find returns the parts of value that passed the test by. Tests whose value does not stand in the text as it is, such as
// cidr, yield none.
func find(value, by string) []mark {
	test, want, ok := strings.Cut(by, ": ")
	if !ok || value == "" {
		return nil
	}
	if n := len(want); n >= 2 && want[0] == '\'' && want[n-1] == '\'' {
		want = want[1 : n-1]
	}
	modifiers := strings.Split(test, "|")[1:]
	if slices.Contains(modifiers, "re") {
		return findPattern(value, want, modifiers)
	}
	for _, m := range modifiers {
		switch m {
		case "contains", "startswith", "endswith", "all", "cased", "windash":
		default:
			return nil
		}
	}
	if slices.Contains(modifiers, "windash") {
		value, want = oneDash(value), oneDash(want)
	}
	last := slices.Contains(modifiers, "endswith")
	return findText(value, want, last)
}

func findPattern(value, pattern string, modifiers []string) []mark {
	flags := ""
	for _, m := range modifiers {
		if m == "i" || m == "m" || m == "s" {
			flags += m
		}
	}
	if flags != "" {
		pattern = "(?" + flags + ")" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	at := re.FindStringIndex(value)
	if at == nil || at[0] == at[1] {
		return nil
	}
	return []mark{{at[0], at[1]}}
}

// findText finds the parts of want between its wildcards, one after the other; last asks for the last place of the last.
func findText(value, want string, last bool) []mark {
	var marks []mark
	low := lower(value)
	from := 0
	parts := literals(want)
	for i, p := range parts {
		at := strings.Index(low[from:], lower(p))
		if last && i == len(parts)-1 {
			at = strings.LastIndex(low[from:], lower(p))
		}
		if at < 0 {
			return nil
		}
		marks = append(marks, mark{from + at, from + at + len(p)})
		from += at + len(p)
	}
	return marks
}

// literals cuts a Sigma string at its wildcards and resolves its escapes (Sigma specification 2.1, "Escaping").
func literals(s string) []string {
	var list []string
	var b strings.Builder
	end := func() {
		if b.Len() > 0 {
			list = append(list, b.String())
		}
		b.Reset()
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case s[i] == '*' || s[i] == '?':
			end()
		default:
			b.WriteByte(s[i])
		}
	}
	end()
	return list
}

// lower makes ASCII letters small; every byte keeps its place.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// oneDash writes / as -, which the modifier windash takes for the same.
func oneDash(s string) string { return strings.ReplaceAll(s, "/", "-") }
