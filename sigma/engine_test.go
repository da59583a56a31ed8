package sigma

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

var testFormat = &event.Format{Name: "test", LogSource: event.LogSource{Product: "test"}}

var testOrigin = &event.Origin{Path: "test"}

// newEvent makes an event of "name=value" pairs; a value in brackets is a JSON list, "null" is Null.
func newEvent(pairs ...string) *event.Event {
	var names []string
	var values []event.Value
	for _, p := range pairs {
		n, v, _ := strings.Cut(p, "=")
		names = append(names, n)
		switch {
		case strings.HasPrefix(v, "["):
			values = append(values, event.Value{Raw: v, Kind: event.List})
		case v == "null":
			values = append(values, event.Value{Kind: event.Null})
		default:
			values = append(values, event.Value{Raw: v, Kind: event.Text})
		}
	}
	return &event.Event{Shape: event.NewShape(testFormat, names...), Values: values, Origin: testOrigin}
}

// detection loads one rule for product test from its detection section.
func detection(t testing.TB, section string) *Rule {
	t.Helper()
	text := "title: t\nlogsource: {product: test}\ndetection:\n"
	for _, l := range strings.Split(strings.Trim(section, "\n"), "\n") {
		text += "  " + l + "\n"
	}
	rules, ds := Load("t.yml", []byte(text), LoadOptions{Placeholders: map[string][]string{"admins": {"root", "adm*"}}})
	for _, d := range ds {
		if d.Severity == Error {
			t.Fatalf("%s\n%s", d.Format(), text)
		}
	}
	return rules[0]
}

// matchCases are rules, with events that they describe and events that they do not, as pairs separated by "; ".
func matchCases() []matchCase {
	return []matchCase{
		{"s: {a: x}\ncondition: s", []string{"a=x", "a=X"}, []string{"a=xx", "b=x", "a=null", "a="}},
		{"s: {a: ''}\ncondition: s", []string{"a="}, []string{"a=null", "b=1", "a=x"}},
		{"s: {a: null}\ncondition: s", []string{"a=null", "b=1"}, []string{"a=", "a=x"}},
		{"s: {a|contains: foo}\ncondition: s", []string{"a=foo", "a=xFOOx"}, []string{"a=fo", "b=foo"}},
		{"s: {a|contains|all: [foo, bar]}\ncondition: s", []string{"a=barfoo"}, []string{"a=foo", "a=bar"}},
		{"s: {a|startswith: foo}\ncondition: s", []string{"a=foo", "a=fooz"}, []string{"a=zfoo"}},
		{"s: {a|endswith: '\\foo'}\ncondition: s", []string{"a=\\foo", "a=c:\\FOO"}, []string{"a=foo", "a=\\foo1"}},
		{"s: {a: 'f?o*r'}\ncondition: s", []string{"a=fXoYYr", "a=foor", "a=fäor"}, []string{"a=for", "a=fXoYY"}},
		{"s: {a: '*'}\ncondition: s", []string{"a=", "a=1"}, []string{"b=1"}},
		{"s: {a|re: '^fo+$'}\ncondition: s", []string{"a=foo"}, []string{"a=FOO", "a=xfoo"}},
		{"s: {a|re|i: 'KEY=[0-9]+'}\ncondition: s", []string{"a=x key=1"}, []string{"a=key="}},
		{"s: {a|cased: Foo}\ncondition: s", []string{"a=Foo"}, []string{"a=foo"}},
		{"s: {a|contains|cased: Foo}\ncondition: s", []string{"a=xFoox"}, []string{"a=xfoox"}},
		{"s: {a|cidr: 10.0.0.0/8}\ncondition: s", []string{"a=10.1.2.3", "a=::ffff:10.1.2.3"}, []string{"a=11.0.0.1", "a=x"}},
		{"s: {a|cidr: 'fd00::/8'}\ncondition: s", []string{"a=fd12::1"}, []string{"a=fe80::1", "a=10.0.0.1"}},
		{"s: {a|exists: true}\ncondition: s", []string{"a=", "a=null"}, []string{"b=1"}},
		{"s: {a|exists: false}\ncondition: s", []string{"b=1"}, []string{"a="}},
		{"s: {a|gt: 5}\ncondition: s", []string{"a=6", "a=5.1", "a=0x10"}, []string{"a=5", "a=x", "b=9"}},
		{"s: {a|neq: x}\ncondition: s", []string{"a=y", "b=1"}, []string{"a=X"}},
		{"s: {a|fieldref: b}\ncondition: s", []string{"a=x; b=X"}, []string{"a=x; b=y", "a=x", "b=x"}},
		{"s: {a|fieldref|endswith: b}\ncondition: s", []string{"a=xyz; b=YZ"}, []string{"a=xyz; b=x"}},
		{"s: {a|hour: 3}\ncondition: s", []string{"a=2024-01-02T03:04:05Z", "a=2024-01-02 03:59:00"}, []string{"a=2024-01-02T04:00:00Z", "a=3"}},
		{"s: {a|week: 1}\ncondition: s", []string{"a=2024-01-02"}, []string{"a=2024-01-08"}},
		{"s: {a|windash|contains: ' -enc '}\ncondition: s", []string{"a=p -enc x", "a=p /enc x", "a=p –enc x", "a=p —ENC x", "a=p ―enc x"}, []string{"a=p enc x"}},
		{"s: {a|expand: '%admins%'}\ncondition: s", []string{"a=root", "a=admin"}, []string{"a=bob", "a=%admins%"}},
		{"s: {a|base64offset|contains: 'tocsin rings'}\ncondition: s", []string{"a=xdG9jc2luIHJpbmdz", "a=AAAHRvY3NpbiByaW5nc"}, []string{"a=dG9jc2lu"}},
		{"s: [foo, 'b?r']\ncondition: s", []string{"x=a foo b", "y=zBARz"}, []string{"x=fo o"}},
		{"s: {'|all': [foo, bar]}\ncondition: s", []string{"x=foo; y=bar", "x=barfoo"}, []string{"x=foo; y=baz"}},
		{"s: [{a: 1}, {b: 2, c: 3}]\ncondition: s", []string{"a=1", "b=2; c=3"}, []string{"b=2", "c=3"}},
		{"s: {a: 1}\nf: {b: 2}\ncondition: s and not f", []string{"a=1", "a=1; b=3"}, []string{"a=1; b=2", "b=3"}},
		{"s1: {a: 1}\ns2: {b: 2}\n_s3: {c: 3}\ncondition: all of them", []string{"a=1; b=2"}, []string{"a=1; c=3"}},
		{"s1: {a: 1}\ns2: {b: 2}\nx: {c: 3}\ncondition: 1 of s* or not x", []string{"a=1; c=3", "b=2", "d=1"}, []string{"c=3"}},
		{"s: {a: x}\ncondition: s", []string{`a=["y","X"]`}, []string{`a=["y","z"]`, `a=[]`}},
		{"s: {a|contains|all: [x, y]}\ncondition: s", []string{`a=["x","y"]`, "a=xy"}, []string{`a=["x"]`}},
		{"s: {a: 'İstanbul'}\ncondition: s", []string{"a=İSTANBUL"}, nil},
		{"s: {a|contains: 'straße'}\ncondition: s", []string{"a=DIE STRAßE"}, nil},
	}
}

type matchCase struct {
	rule string
	hit  []string
	miss []string
}

func TestMatch(t *testing.T) {
	for _, c := range matchCases() {
		r := detection(t, c.rule)
		m := Compile([]*Rule{r}, BuiltinLogSources()).NewMatcher()
		check := func(ev string, want bool) {
			e := newEvent(strings.Split(ev, "; ")...)
			if got := len(m.Match(e)) == 1; got != want {
				t.Errorf("%s\non %s: hit %v, want %v", c.rule, ev, got, want)
			}
			if got := naive(r.Detection, e); got != want {
				t.Errorf("%s\non %s: the oracle says %v, want %v", c.rule, ev, got, want)
			}
		}
		for _, ev := range c.hit {
			check(ev, true)
		}
		for _, ev := range c.miss {
			check(ev, false)
		}
	}
}

// TestMatchIsNaive makes up rules and events from few words, so that they meet often, and compares with the oracle.
func TestMatchIsNaive(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	words := []string{"a", "ab", "abc", "abcd", "bcde", "cmd.exe", `\cmd.exe`, "powershell", "PowerShell -enc ", "é", "ÉA", "10.0.0.1", "x y", ""}
	mods := []string{"", "", "|contains", "|startswith", "|endswith", "|contains|all", "|cased", "|re", "|neq", "|contains|cased", "|exists", "|windash"}
	word := func() string { return words[rnd.IntN(len(words))] }
	var rules []*Rule
	var texts []string
	for range 400 {
		var b strings.Builder
		names := []string{"s1", "s2", "f1"}
		for _, n := range names {
			fmt.Fprintf(&b, "%s:\n", n)
			for i := range 1 + rnd.IntN(2) {
				mod := mods[rnd.IntN(len(mods))]
				field := string(rune('p' + i*2 + rnd.IntN(2)))
				switch mod {
				case "|exists":
					fmt.Fprintf(&b, "  %s|exists: %v\n", field, rnd.IntN(2) == 0)
				case "|re":
					fmt.Fprintf(&b, "  %s|re: '(?i)%s.*%s'\n", field, "ab?", strings.Trim(word(), `\(`))
				default:
					fmt.Fprintf(&b, "  %s%s: ['%s', '%s%s']\n", field, mod, word(), word(), []string{"", "*", "?"}[rnd.IntN(3)])
				}
			}
		}
		b.WriteString("condition: " + []string{"s1 and not f1", "1 of s*", "all of s* and not f1", "s1 or (s2 and not f1)", "not s1"}[rnd.IntN(5)] + "\n")
		rules = append(rules, detection(t, b.String()))
		texts = append(texts, b.String())
	}
	m := Compile(rules, BuiltinLogSources()).NewMatcher()
	hits := 0
	for range 2000 {
		var pairs []string
		for i := range 1 + rnd.IntN(4) {
			v := word() + word() + strings.ToUpper(word())
			switch rnd.IntN(8) {
			case 0:
				v = "null"
			case 1:
				v = fmt.Sprintf(`["%s","%s"]`, strings.ReplaceAll(word(), `\`, `\\`), strings.ReplaceAll(word(), `\`, `\\`))
			}
			pairs = append(pairs, string(rune('p'+i))+"="+v)
		}
		e := newEvent(pairs...)
		var want []int32
		for i, r := range rules {
			if naive(r.Detection, e) {
				want = append(want, int32(i))
			}
		}
		got := m.Match(e)
		if !slices.Equal(got, want) {
			t.Fatalf("%q: got %v, want %v: first other rule:\n%s", pairs, got, want, texts[firstOther(got, want)])
		}
		hits += len(got)
	}
	if hits < 1000 {
		t.Errorf("only %d hits: the test tests little", hits)
	}
}

func firstOther(a, b []int32) int32 {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return min(a[i], b[i])
		}
	}
	return append(slices.Clone(a), b...)[max(0, min(len(a), len(b)))]
}
