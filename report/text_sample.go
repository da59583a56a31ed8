package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// sample tells one hit: where it stands, what matched and why, and what else is worth knowing.
func (t *text) sample(s *sample, r *ruleDigest) {
	line := []Span{{"bold", t.sampleTime(s, r)}, {"dim", "  " + where(s.file, s.record)}}
	if n := len(s.events); n > 0 {
		line = []Span{{"bold", t.sampleTime(s, r)}, {"", "  " + many(s.count, "event")}, {"dim", "  " + places(s)}}
	}
	if who := sampleNames(s, r); who != "" {
		line = append(line, Span{"", "  " + who})
	}
	t.Print(2, 4, line...)
	list := reasons(s.matched)
	var equal []Span
	var rest []*reason
	width := 0
	for i := range list {
		e := &list[i]
		if !e.exact() || len(e.value) > longValue {
			rest = append(rest, e)
			width = max(width, utf8.RuneCountInString(e.label()))
			continue
		}
		if len(equal) > 0 {
			equal = append(equal, Span{"dim", " · "})
		}
		equal = append(equal, Span{"dim", e.label() + " = "}, Span{"whole", e.value})
	}
	width = min(width, 24)
	for _, e := range rest {
		t.reason(e, width)
	}
	if len(equal) > 0 {
		t.Print(4, 6, equal...)
	}
	if s.unlisted > 0 {
		t.Print(4, 6, Span{"dim", "and " + many(int64(s.unlisted), "reason") + " more"})
	}
	t.context(s.context)
}

// context tells the other fields: long ones each in a line, the others together.
func (t *text) context(fields []field) {
	var short []Span
	for _, f := range fields {
		if len(f.value) > longValue {
			t.Print(4, 6, Span{"dim", f.name + "  " + t.fit(f.value, nil).text})
			continue
		}
		if len(short) > 0 {
			short = append(short, Span{"dim", " · "})
		}
		short = append(short, Span{"dim", f.name + " " + f.value})
	}
	if len(short) > 0 {
		t.Print(4, 6, short...)
	}
}

// sampleNames tells whom a hit is about where the hits of its rule are about different ones.
func sampleNames(s *sample, r *ruleDigest) string {
	var said []string
	for _, k := range []struct {
		names []string
		of    *tally
	}{{s.entities.Addresses, &r.addresses}, {s.entities.Users, &r.users}, {s.entities.Hosts, &r.hosts}} {
		if len(k.of.counts) > 1 && len(k.names) > 0 {
			names := strings.Join(k.names[:min(len(k.names), 3)], ", ")
			if more := len(k.names) - 3; more > 0 {
				names += ", …"
			}
			said = append(said, names)
		}
	}
	return strings.Join(said, " · ")
}

// sampleTime leaves out the date that the rule's line tells.
func (t *text) sampleTime(s *sample, r *ruleDigest) string {
	if !s.time.IsZero() && r.first.UTC().Format(dateTime[:10]) == s.time.UTC().Format(dateTime[:10]) {
		return s.time.UTC().Format(onlyTime)
	}
	return moment(s.time)
}

func where(file string, record int64) string { return fmt.Sprintf("%s:%d", file, record) }

// places tells where the events of a correlation stand.
func places(s *sample) string {
	first, last := s.events[0], s.events[len(s.events)-1]
	switch {
	case len(s.events) == 1:
		return where(first.File, first.Record)
	case first.File == last.File:
		return fmt.Sprintf("%s … %d", where(first.File, first.Record), last.Record)
	}
	return where(first.File, first.Record) + " … " + where(last.File, last.Record)
}

// exact tells whether the whole value is what the rule asks for, or what a correlation groups by: there is no more to say.
func (e *reason) exact() bool {
	if len(e.tests) != 1 {
		return false
	}
	test, _, has := strings.Cut(e.tests[0], ": ")
	return strings.HasPrefix(test, "group-by ") || has && e.field != "" && !strings.Contains(test, "|") && e.whole()
}

// label names a field; what matched without one stands anywhere in the event.
func (e *reason) label() string {
	if e.field != "" {
		return e.field
	}
	if strings.HasPrefix(e.tests[0], "keyword") {
		return "anywhere"
	}
	return "count"
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0)+2)
}

// reason tells a value with what matched marked, and why.
func (t *text) reason(e *reason, width int) {
	v := t.fit(e.value, e.marks)
	line := []Span{{"dim", pad(e.label(), width)}}
	style := "match"
	if e.whole() {
		style = "whole"
	}
	at := 0
	for _, m := range v.marks {
		line = append(line, Span{"", v.text[at:m.from]}, Span{style, v.text[m.from:m.to]})
		at = m.to
	}
	line = append(line, Span{"", v.text[at:]})
	why := Span{"dim", "because " + t.why(e.tests)}
	used := 4 + width + 2 + utf8.RuneCountInString(v.text) + 2*len(v.marks) + 3 + utf8.RuneCountInString(why.Text)
	if t.o.Width == 0 || used <= t.o.Width {
		t.Print(4, 4+width+2, append(line, Span{"", "   "}, why)...)
		return
	}
	t.Print(4, 4+width+2, line...)
	t.Print(4+width+2, 4+width+2, why)
}

// longValue is from where on a value takes a line of its own, in bytes.
const longValue = 60

// why tells tests; on a screen the long patterns of some are shortened.
func (t *text) why(tests []string) string {
	var list []string
	for _, by := range tests {
		if limit := max(t.o.Width-30, 50); t.o.Width > 0 && len(by) > limit {
			by = by[:runeStart(by, limit)] + "…"
		}
		list = append(list, by)
	}
	return strings.Join(list, " and ")
}

// shownLines is how many lines of a screen a value may take, about.
const shownLines = 4

// fitted is a value as it is shown, with what is marked in it.
type fitted struct {
	text  string
	marks []mark
}

// fit shortens a value for a screen to the part around its first mark. In a pipe it stays whole.
func (t *text) fit(value string, marks []mark) fitted {
	limit := shownLines * max(t.o.Width-20, 40)
	if t.o.Width == 0 || len(value) <= limit {
		return fitted{value, marks}
	}
	from := 0
	if len(marks) > 0 && marks[0].to > limit*3/4 {
		from = runeStart(value, max(marks[0].from-limit/4, 0))
	}
	to := runeStart(value, min(from+limit, len(value)))
	f := fitted{text: value[from:to]}
	before := 0
	if from > 0 {
		before = len("…")
		f.text = "…" + f.text
	}
	if to < len(value) {
		f.text += "…"
	}
	for _, m := range marks {
		if a, b := max(m.from, from), min(m.to, to); a < b {
			f.marks = append(f.marks, mark{a - from + before, b - from + before})
		}
	}
	return f
}
