package sigma

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Severity says whether a Diagnostic keeps a rule from being used.
type Severity uint8

// The severities.
const (
	Error   Severity = iota // the rule is refused
	Warning                 // the rule is used
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one mistake in a rule or pipeline file.
type Diagnostic struct {
	Pos
	End      int // the column after the last character concerned, on the line of Pos; 0 is unknown
	Severity Severity
	Message  string // one line, without a full stop
	Hint     string // what to do about it, or ""
	Source   string // the line of the file that Pos names; "" is unknown
}

// sourceWidth is how many characters of a source line Format shows.
const sourceWidth = 120

// Format returns the diagnostic as text for a person, of several lines, without a final line break:
//
//	rules/a.yml:7:16: error: the condition names "filtr", which is not defined
//	    7 |     condition: selection and not filtr
//	      |                                  ^^^^^
//	      = did you mean "filter"?
func (d Diagnostic) Format() string {
	var b strings.Builder
	b.WriteString(d.String())
	gutter := "    "
	if d.Line > 0 && d.Source != "" {
		number := strconv.Itoa(d.Line)
		gutter = strings.Repeat(" ", len(number)+3)
		source, caret := d.marked()
		fmt.Fprintf(&b, "\n  %s | %s\n%s| %s", number, source, gutter, caret)
	}
	if d.Hint != "" {
		fmt.Fprintf(&b, "\n%s= %s", gutter, d.Hint)
	}
	return b.String()
}

// String returns the first line of Format: place, severity and message.
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.File != "" {
		b.WriteString(d.File)
		b.WriteByte(':')
	}
	if d.Line > 0 {
		fmt.Fprintf(&b, "%d:", d.Line)
		if d.Col > 0 {
			fmt.Fprintf(&b, "%d:", d.Col)
		}
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	fmt.Fprintf(&b, "%s: %s", d.Severity, d.Message)
	return b.String()
}

// marked returns the part of the source line to show and the line of carets under it. Tabs stay tabs in both, so that
// they align however wide a terminal shows them; other control characters are shown as a space.
func (d Diagnostic) marked() (source, caret string) {
	line := []rune(strings.ToValidUTF8(strings.TrimRight(d.Source, "\r\n"), "\uFFFD"))
	for i, r := range line {
		if r < ' ' && r != '\t' || r == 0x7f {
			line[i] = ' '
		}
	}
	col := min(max(d.Col-1, 0), len(line))
	width := max(d.End-d.Col, 1)
	start := 0
	if col > sourceWidth*2/3 {
		start = col - sourceWidth/2
	}
	end := min(len(line), start+sourceWidth)
	var s, c strings.Builder
	if start > 0 {
		s.WriteString("…")
		c.WriteString(" ")
	}
	s.WriteString(string(line[start:end]))
	if end < len(line) {
		s.WriteString("…")
	}
	for _, r := range line[start:col] {
		if r != '\t' {
			r = ' '
		}
		c.WriteRune(r)
	}
	c.WriteString(strings.Repeat("^", max(1, min(width, end-col))))
	return s.String(), c.String()
}

// closest returns the name that a mistyped word most likely means, or "".
func closest(word string, names []string) string {
	best, found := 1+min(3, utf8.RuneCountInString(word)/3), ""
	for _, n := range names {
		if d := distance(strings.ToLower(word), strings.ToLower(n), best); d < best {
			best, found = d, n
		}
	}
	return found
}

// distance is the optimal string alignment distance of a and b (insertions, deletions, substitutions, transpositions),
// or limit where it is no less than that.
func distance(a, b string, limit int) int {
	if a == b {
		return 0
	}
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) >= limit || len(y)-len(x) >= limit || len(x) > 100 {
		return limit
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(limit, last[len(y)])
}

// didYouMean is the hint for a mistyped word, or "" where nothing is near.
func didYouMean(word string, names []string) string {
	if n := closest(word, names); n != "" {
		return "did you mean " + strconv.Quote(n) + "?"
	}
	return ""
}
