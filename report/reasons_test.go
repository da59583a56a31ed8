package report

import (
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/detect"
)

// marked writes a reason with what is marked in brackets, and why.
func marked(r *reason) string {
	var b strings.Builder
	at := 0
	for _, m := range r.marks {
		b.WriteString(r.value[at:m.from] + "[" + r.value[m.from:m.to] + "]")
		at = m.to
	}
	return b.String() + r.value[at:] + " because " + strings.Join(r.tests, " and ")
}

// What matched is found in the value, however the test was written; where it does not stand in the value, nothing is marked.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		value string
		by    []string
		want  string
	}{
		{"powershell -ENC abc", []string{"C|contains: ' -enc '"}, "powershell[ -ENC ]abc because C|contains: ' -enc '"},
		{`C:\x\cmd.exe`, []string{`Image|endswith: '\cmd.exe'`}, `C:\x[\cmd.exe] because Image|endswith: '\cmd.exe'`},
		{"cmd cmd", []string{"C|endswith: 'cmd'"}, "cmd [cmd] because C|endswith: 'cmd'"},
		{"a b c", []string{"C|contains|all: 'a'", "C|contains|all: 'c'"}, "[a] b [c] because C|contains|all: 'a', 'c'"},
		{"a b", []string{"C|contains: 'a'", "D: 1"}, "[a] b because C|contains: 'a' and D: 1"},
		{"net /user x", []string{"C|contains|windash: '-user'"}, "net [/user] x because C|contains|windash: '-user'"},
		{"one two three", []string{"C|contains: 'one*three'"}, "[one] two [three] because C|contains: 'one*three'"},
		{"50* off", []string{`C|contains: '0\*'`}, `5[0*] off because C|contains: '0\*'`},
		{"abcd", []string{"C|contains: 'ab'", "C|contains: 'bc'"}, "[abc]d because C|contains: 'ab', 'bc'"},
		{"GET /a.PHP?x", []string{`C|re: '(?i)\.php'`}, `GET /a[.PHP]?x because C|re: '(?i)\.php'`},
		{"GET /a.PHP?x", []string{`C|re|i: '\.php'`}, `GET /a[.PHP]?x because C|re|i: '\.php'`},
		{"x", []string{`C|re: '('`}, `x because C|re: '('`},
		{"192.0.2.7", []string{"ip|cidr: '192.0.2.0/24'"}, "192.0.2.7 because ip|cidr: '192.0.2.0/24'"},
		{"aGk=", []string{"C|base64: 'hi'"}, "aGk= because C|base64: 'hi'"},
		{"4104", []string{"EventID: 4104"}, "[4104] because EventID: 4104"},
		{"a calamity", []string{"keyword: 'calamity'"}, "a [calamity] because keyword: 'calamity'"},
		{"9", []string{"value_count of user gte 8 in 10m"}, "9 because value_count of user gte 8 in 10m"},
		{"", []string{"C: ''"}, " because C: ''"},
		{"\xffx\xff", []string{"C|contains: 'X'"}, "\xff[x]\xff because C|contains: 'X'"},
	} {
		var list []detect.Matched
		for _, by := range c.by {
			list = append(list, detect.Matched{Field: "C", Value: c.value, By: by})
		}
		got := reasons(list)
		if len(got) != 1 || marked(&got[0]) != c.want {
			t.Errorf("%q: got %q\nwant %q", c.by, marked(&got[0]), c.want)
		}
	}
}

// FuzzReasons marks parts of any value by any test: the parts must lie within it, in order and apart.
func FuzzReasons(f *testing.F) {
	f.Add("powershell -ENC abc", "C|contains: ' -enc '")
	f.Add("net /user x", "C|contains|windash: '-user'")
	f.Add("x\xff", `C|re|i: 'X.'`)
	f.Add("", "keyword: '*?'")
	f.Fuzz(func(t *testing.T, value, by string) {
		for _, r := range reasons([]detect.Matched{{Value: value, By: by}, {Value: value, By: by + "'"}}) {
			at := 0
			for _, m := range r.marks {
				if m.from < at || m.to <= m.from || m.to > len(value) {
					t.Fatalf("%q in %q: %v", by, value, r.marks)
				}
				at = m.to
			}
			screen := text{o: Options{Width: 40}}
			for _, m := range screen.fit(value, r.marks).marks {
				if got := screen.fit(value, r.marks).text; m.to > len(got) {
					t.Fatalf("%q in %q: %v", by, got, m)
				}
			}
		}
	})
}
