package notify

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of the texts of a message, in characters.
const (
	maxTitle    = 200
	maxSentence = 600
	maxWho      = 300
	maxName     = 120 // of an entity
	maxLine     = 300
	maxEntities = 12
	maxNext     = 8
	maxItems    = 20
	maxSince    = 8
)

// clean makes a text one line of at most so many characters, without anything that is not seen: control characters, and
// those that change the direction of writing, become blanks or go.
func clean(s string, most int) string {
	var b strings.Builder
	n, blank := 0, true
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			r = ' '
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Variation_Selector, r):
			continue
		}
		if r == ' ' && blank {
			continue
		}
		if n == most {
			return strings.TrimRight(cut(b.String(), most-1), " ") + "…"
		}
		blank = r == ' '
		b.WriteRune(r) // of bytes that are no UTF-8 it is U+FFFD
		n++
	}
	return strings.TrimRight(b.String(), " ")
}

// cut returns the first characters of a text, so many at most.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	n := 0
	for i := range s {
		if n == most {
			return s[:i]
		}
		n++
	}
	return s
}

// cutBytes returns the beginning of a text that has at most so many bytes, and no half character.
func cutBytes(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// shorten makes a text fit, and shows that it was longer.
func shorten(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return cut(s, most-1) + "…"
}

// amount writes a number as people do: 4,120.
func amount(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural is a number of things.
func plural(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return amount(n) + " " + one + "s"
}

// period writes when something began and ended.
func period(from, until time.Time, zone *time.Location) string {
	if from.IsZero() {
		return ""
	}
	if zone == nil {
		zone = time.UTC
	}
	a, b := from.In(zone), until.In(zone)
	switch {
	case until.IsZero() || !b.After(a) || a.Format("0102 15:04:05") == b.Format("0102 15:04:05"):
		return a.Format("2006-01-02 15:04:05 MST")
	case a.YearDay() == b.YearDay() && a.Year() == b.Year():
		return a.Format("2006-01-02 15:04:05") + " to " + b.Format("15:04:05 MST")
	}
	return a.Format("2006-01-02 15:04") + " to " + b.Format("2006-01-02 15:04 MST")
}

// kindWords are how a message begins that is not the first.
var kindWords = map[string]string{
	Worse: "Worse now", Repeat: "Still open", Escalated: "Nobody took it", Taken: "Taken", Resolved: "Closed", Folded: "Many at once", Test: "Test",
}

// head is the title of a message as chats and pagers show it.
func (m *Message) head() string {
	switch m.Kind {
	case Digest:
		return m.Title
	case Firing:
		return "[" + m.Severity + "] " + m.Title
	}
	return kindWords[m.Kind] + ": [" + m.Severity + "] " + m.Title
}

// lines is a message as plain text: what every way can show.
func (m *Message) lines() []string {
	list := []string{m.What}
	add := func(s string) {
		if s != "" {
			list = append(list, s)
		}
	}
	add(m.Who)
	if m.Kind != Firing && m.Kind != Digest {
		add(m.Why)
	}
	if len(m.Since) > 0 {
		add("What the logs tell from then on:")
	}
	for _, s := range m.Since {
		add("- " + s)
	}
	for _, i := range m.Items {
		add("- [" + i.Severity + "] " + i.Title + ifAny(" – ", i.Who))
	}
	if m.More > 0 {
		add(fmt.Sprintf("and %s more", amount(int64(m.More))))
	}
	for _, s := range m.Sections {
		add(s.Title + ":")
		for _, l := range s.Lines {
			add("- " + l)
		}
		if s.More > 0 {
			add(fmt.Sprintf("and %s more", amount(int64(s.More))))
		}
		if len(s.Lines) == 0 {
			add(s.None)
		}
	}
	if len(m.Next) > 0 && m.Kind != Resolved && m.Kind != Taken {
		add("Next: " + m.Next[0])
		for _, n := range m.Next[1:] {
			add("- " + n)
		}
	}
	if m.Doubt {
		add("(This may have arrived before.)")
	}
	return list
}

// text is the lines as one text.
func (m *Message) text() string { return strings.Join(m.lines(), "\n") }

// where is how a person comes from the message to the incident.
func (m *Message) where() string { return ifEmpty(m.Link, m.Command) }

// stampOf is the time that a message is about.
func (m *Message) stampOf() time.Time {
	if !m.Until.IsZero() {
		return m.Until
	}
	return m.At
}
