package sigma

import (
	"regexp"
	"testing"
)

func FuzzDFA(f *testing.F) {
	for _, s := range []string{`^a.*b$`, `(?i)k[sS]s+\bx`, `a{2,5}|b\B`, `(?m)^x$`, `(?s).\n.`, `[^a-c]é|\d+\W`, `\x{10FFFF}`, `(?i)straße`, `$^`, ``, `\Aab?\z`} {
		f.Add(s, "aXb\nKſ éxx")
		f.Add(s, "x\na\nab")
	}
	f.Fuzz(func(t *testing.T, expr, text string) {
		if len(expr) > 100 || len(text) > 1000 {
			return
		}
		re, err := regexp.Compile(expr)
		if err != nil {
			return
		}
		x, err := newExpression(expr)
		if err != nil {
			t.Fatalf("%q compiles, and then: %v", expr, err)
		}
		d := newDFA(x)
		if d == nil {
			return
		}
		for range 2 { // with and without its states made
			if got, want := d.match([]byte(text)), re.MatchString(text); got != want {
				t.Fatalf("%q in %q: %v, want %v", expr, text, got, want)
			}
		}
	})
}
