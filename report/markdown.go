package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-sec/tocsin/detect"
)

// NewMarkdown returns the rendering for a ticket (CommonMark 0.31 with the tables of GitHub). What stands in logs is only
// ever inside code, whose fence is longer than any in it and which o.Safe keeps on one line, so that it cannot break out;
// what the authors of rules wrote is escaped.
func NewMarkdown(w io.Writer, o Options) Handler {
	if o.Safe == nil {
		o.Safe = func(s string) string { return strings.Join(strings.Fields(s), " ") }
	}
	return &markdown{w: w, o: o}
}

type markdown struct {
	digest
	w io.Writer
	o Options
	b bytes.Buffer
}

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(&m.b, format+"\n", args...) }

// Summary writes everything.
func (m *markdown) Summary(s *detect.Summary) error {
	if err := m.digest.Summary(s); err != nil {
		return err
	}
	if m.hits == 0 {
		m.line("# Nothing found\n\n%s, searched with %s.", many(s.Events, "event"), many(int64(s.Rules.Loaded), "rule"))
		if m.allUnknown() {
			m.line("\n%s", unknownKind)
		}
	} else {
		m.line("# %s of %s\n", many(m.hits, "hit"), many(int64(len(m.order)), "rule"))
		m.overview()
		m.incidents()
		for _, r := range m.order[:m.detailed()] {
			m.rule(r)
		}
	}
	m.totals()
	_, err := m.w.Write(m.b.Bytes())
	return err
}

// detailed returns how many rules are told one by one: all but the least severe of many.
func (m *markdown) detailed() int {
	n := len(m.order)
	for !m.o.Verbose && n > detailedRules && m.order[n-1].severity > severity("medium") {
		n--
	}
	return n
}

func (m *markdown) overview() {
	if !m.first.IsZero() {
		m.line("%s UTC", span(m.first, m.last))
	}
	m.names(&m.hosts, &m.users, &m.addresses, topRunNames)
	m.line("\n| Level | Rule | Hits | First | ATT&CK |\n| --- | --- | ---: | --- | --- |")
	for _, r := range m.order {
		l := levels[r.severity]
		var ids []string
		for _, t := range techniquesOf(r.info.Tags) {
			ids = append(ids, t.ID)
		}
		m.line("| %s %s | %s | %s | %s | %s |", l.shape, l.name, m.prose(r.info.Title), Amount(r.count), moment(r.first), strings.Join(ids, ", "))
	}
}

// names tells hosts, users and addresses as a list.
func (m *markdown) names(hosts, users, addresses *tally, n int) {
	first := true
	for _, kind := range []struct {
		word string
		*tally
	}{{"Host", hosts}, {"User", users}, {"Address", addresses}} {
		list, more, whole := kind.top(n)
		if len(list) == 0 {
			continue
		}
		if first {
			m.line("")
			first = false
		}
		var told []string
		for _, e := range list {
			s := m.code(e.name)
			if e.count > 1 {
				s += " ×" + Amount(e.count)
			}
			told = append(told, s)
		}
		rest := ""
		if more > 0 || !whole {
			rest = " " + andMore(more, whole)
		}
		m.line("- %s: %s%s", plural(kind.word, len(list)+more), strings.Join(told, ", "), rest)
	}
}

func (m *markdown) rule(r *ruleDigest) {
	l := levels[r.severity]
	m.line("\n## %s %s: %s\n", l.shape, l.name, m.prose(r.info.Title))
	m.line("%s, %s UTC", many(r.count, "hit"), span(r.first, r.last))
	for _, t := range techniquesOf(r.info.Tags) {
		m.line("· %s", m.prose(t.String()))
	}
	m.names(&r.hosts, &r.users, &r.addresses, topNames)
	if d := m.prose(r.info.Description); d != "" {
		m.line("\n%s", d)
	}
	list := r.samples.telling(2)
	for _, s := range list {
		m.sample(s)
	}
	if more := r.count - int64(len(list)); more > 0 {
		m.line("\nAnd %s more like these.", Amount(more))
	}
	m.advice("Harmless if", r.info.FalsePositives)
	m.advice("Do next", r.info.NextSteps)
}

func (m *markdown) advice(head string, list []string) {
	if len(list) == 0 {
		return
	}
	m.line("\n%s:\n", head)
	for _, s := range list {
		m.line("- %s", m.prose(s))
	}
}

// sample tells one hit as a fenced block.
func (m *markdown) sample(s *sample) {
	lines := []string{moment(s.time) + "  " + where(s.file, s.record)}
	if len(s.events) > 0 {
		lines[0] = moment(s.time) + "  " + many(s.count, "event") + "  " + places(s)
	}
	list := reasons(s.matched)
	for i := range list {
		e := &list[i]
		lines = append(lines, e.label()+"  "+e.value, "    because "+strings.Join(e.tests, " and "))
	}
	for _, f := range s.context {
		lines = append(lines, f.name+"  "+f.value)
	}
	fence := 3
	for i := range lines {
		lines[i] = strings.TrimRight(m.o.Safe(lines[i]), " ")
		fence = max(fence, backticks(lines[i])+1)
	}
	bar := strings.Repeat("`", fence)
	m.line("\n%stext\n%s\n%s", bar, strings.Join(lines, "\n"), bar)
}

func (m *markdown) totals() {
	s := &m.summary
	m.line("\n---\n\n%s in %s, %s, searched with %s.", many(s.Events, "event"), many(s.Files, "file"), Size(s.Bytes), many(int64(s.Rules.Loaded), "rule"))
	if s.UnreadTotal > 0 {
		m.line("\n%s could not be read:\n", many(s.UnreadTotal, "place"))
		for i := range s.Unread[:min(len(s.Unread), unreadReasons)] {
			u := &s.Unread[i]
			m.line("- %s at byte %d: %s", m.code(u.Path), u.Offset, m.code(u.Reason))
		}
		if more := s.UnreadTotal - unreadReasons; more > 0 {
			m.line("- and %s more", Amount(more))
		}
	}
	for _, n := range s.Notes {
		m.line("\nNote: %s", m.prose(n))
	}
}

// backticks returns the length of the longest run of backticks.
func backticks(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

// code writes a text as a code span (CommonMark 6.1).
func (m *markdown) code(s string) string {
	s = m.o.Safe(s)
	bar := strings.Repeat("`", backticks(s)+1)
	if strings.TrimSpace(s) == "" {
		return bar + " (blank) " + bar
	}
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	return bar + s + bar
}

// prose escapes a text of one paragraph (CommonMark 2.4). A name after @ is not told to whoever has it.
func (m *markdown) prose(s string) string {
	s = m.o.Safe(strings.Join(strings.Fields(s), " "))
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
			continue
		case r == '<':
			b.WriteString("&lt;")
			continue
		case r == '@':
			b.WriteString("@\u2060")
			continue
		case strings.ContainsRune("\\`*_{}[]|>~!$", r), i == 0 && strings.ContainsRune("#+-=", r), r == '#' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9':
			b.WriteByte('\\')
		case (r == '.' || r == ')') && allDigits(s[:i]):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
