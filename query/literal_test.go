package query

import (
	"regexp"
	"testing"
)

// FuzzDemanded looks for expressions that match a value which lacks what they are said to demand.
func FuzzDemanded(f *testing.F) {
	for _, s := range [][2]string{
		{"abc", "xabcx"},
		{"(?i)ab.*CD", "AB cd"},
		{"(ab|cd)ef+", "abeff"},
		{"a(bc)+d(ef)*g", "abcbcdg"},
		{"x{2}yy?", "xxy"},
		{"^ab$", "ab"},
		{"(?:aa|)bb", "bb"},
		{"aa(?:aa)+", "aaaa"},
		{"(aab)*aa", "aa"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, expression, value string) {
		re, err := regexp.Compile(expression)
		if err != nil || len(expression) > 200 || len(value) > 1000 {
			return
		}
		x, err := NewTester(&Test{Op: Regexp, Text: expression})
		if err != nil || value == "" {
			return
		}
		if got, want := x.Match(value), re.MatchString(value); got != want {
			t.Fatalf("%q on %q: %v, want %v", expression, value, got, want)
		}
	})
}
