package query

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Mistake is a place of a query's text that cannot be understood.
type Mistake struct {
	Offset  int    `json:"offset"` // bytes from the start of the text
	Width   int    `json:"width"`  // bytes; 0 at its end
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // what to write instead
}

// Error is all mistakes of a query's text, in order; never empty.
type Error struct {
	Text     string    `json:"query"`
	Mistakes []Mistake `json:"mistakes"`
}

// Error tells the first mistake, and how many more there are.
func (e *Error) Error() string {
	m := e.Mistakes[0]
	s := fmt.Sprintf("query: column %d: %s", utf8.RuneCountInString(e.Text[:m.Offset])+1, m.Message)
	if m.Hint != "" {
		s += " (" + m.Hint + ")"
	}
	if n := len(e.Mistakes) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more)", n)
	}
	return s
}

// Caret shows each mistake beneath the text, by a caret at its place. Control characters of the text are shown as "?".
func (e *Error) Caret() string {
	var b strings.Builder
	line := strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			return '?'
		}
		return r
	}, e.Text)
	fmt.Fprintf(&b, "  %s\n", line)
	for _, m := range e.Mistakes {
		end := min(m.Offset+m.Width, len(e.Text))
		width := max(1, utf8.RuneCountInString(e.Text[m.Offset:end]))
		fmt.Fprintf(&b, "  %s%s %s\n", strings.Repeat(" ", utf8.RuneCountInString(e.Text[:m.Offset])), strings.Repeat("^", width), m.Message)
		if m.Hint != "" {
			fmt.Fprintf(&b, "  %s%s\n", strings.Repeat(" ", utf8.RuneCountInString(e.Text[:m.Offset])), m.Hint)
		}
	}
	return b.String()
}
