package terminal

import "testing"

func TestPrintable(t *testing.T) {
	if got := SafeLines("a\x1b[2J\nb"); got != "a\\x1b[2J\nb" {
		t.Errorf("%q", got)
	}
	if got := OneLine(" a\n\tb\x07 "); got != `a b\x07` {
		t.Errorf("%q", got)
	}
}
