package sigma

import (
	"regexp"
	"regexp/syntax"
	"testing"
)

func TestDemand(t *testing.T) {
	for _, c := range []struct {
		expr   string
		length int
		marks  string
	}{
		{`abc`, 3, ""},
		{`(?i)\$\{env:path\}`, 11, "{}"},
		{`a.*\^.*\^`, 3, "^"},
		{`.{1000,}`, 1000, ""},
		{`(x{3}|\+yy\+z)`, 3, ""},
		{`(\+x{3}|\+yy\+z)?`, 0, ""},
		{`(\+x{3}|\+yy\+z)`, 4, "+"},
		{`[+*]\d`, 2, ""},
		{`(a+)(b*)`, 1, ""},
		{"\\w+`(?:\\w+|-|.)`[\\w+|\\s]", 5, "`"},
		{``, 0, ""},
		{`ü1`, 2, "1"},
	} {
		re, err := syntax.Parse(c.expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		d := newDemand(re)
		if d.length != c.length || string(d.marks) != c.marks {
			t.Errorf("%s demands %d bytes and %q, want %d and %q", c.expr, d.length, d.marks, c.length, c.marks)
		}
	}
}

// FuzzDemand checks that whatever matches meets the demand.
func FuzzDemand(f *testing.F) {
	f.Add(`a{2,}\+|b\+(?i:K)`, "x\u212A+b")
	f.Add(`\x{fffd}{3}`, "\xff\xfe\xfd")
	f.Add(`(?i)\$\{`+"`?e"+`\}`, "${E}")
	f.Fuzz(func(t *testing.T, expr, text string) {
		re, err := regexp.Compile(expr)
		if err != nil {
			return
		}
		parsed, err := syntax.Parse(expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if d := newDemand(parsed); re.MatchString(text) && !d.met([]byte(text)) {
			t.Errorf("%q matches %q, which does not meet its demand of %d bytes and %q", expr, text, d.length, d.marks)
		}
	})
}
