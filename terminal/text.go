package terminal

import (
	"strings"
)

// SafeLines makes text of several lines, from rules or logs, safe for a terminal.
func SafeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = Safe(l)
	}
	return strings.Join(lines, "\n")
}

// OneLine is safe text without line breaks and repeated white space.
func OneLine(s string) string {
	return Safe(strings.Join(strings.Fields(s), " "))
}

// Plural is word, or for any n but one word with an s.
func Plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
