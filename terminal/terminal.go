// Package terminal is what a person's terminal needs: colour, width, wrapping, tables, a line of progress, and the safe
// printing of hostile text.
//
// Nothing that stands in a log reaches the terminal as a command to it: control characters, escape sequences, and
// characters that change the direction of text or hide it are shown as \x1b or \u202e. A Screen and a Bar belong to the
// goroutine that made them; Watch runs one goroutine of its own until it is stopped.
package terminal

import (
	"io"
	"os"
	"runtime"

	"golang.org/x/term"
)

// Look is how text is laid out.
type Look struct {
	Width  int  // columns; 0 is without end: nothing is wrapped or cut
	Colour bool // ANSI colours (ECMA-48 SGR)
}

const (
	usualWidth  = 80
	leastWidth  = 40
	widestWidth = 160 // longer lines are hard to read
)

// Of returns how to write to w: without end and without colour unless a person reads it on a terminal.
// NO_COLOR (https://no-color.org) and TERM=dumb switch colour off.
func Of(w io.Writer) Look {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return Look{}
	}
	return Look{Width: min(max(columns(f), leastWidth), widestWidth), Colour: coloured()}
}

func columns(f *os.File) int {
	if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
		return n
	}
	return usualWidth
}

func coloured() bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	// The older console of Windows shows the codes themselves.
	return runtime.GOOS != "windows" || os.Getenv("WT_SESSION") != "" || os.Getenv("TERM") != ""
}

// Person tells whether a person reads w and it can move its cursor.
func Person(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}
