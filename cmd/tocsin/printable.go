package main

import (
	"strings"

	"github.com/tocsin-sec/tocsin/terminal"
)

// printable makes text of several lines, from rules or logs, safe for a terminal.
func printable(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = terminal.Safe(l)
	}
	return strings.Join(lines, "\n")
}

// oneLine is safe text without line breaks and repeated white space.
func oneLine(s string) string {
	return terminal.Safe(strings.Join(strings.Fields(s), " "))
}

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
