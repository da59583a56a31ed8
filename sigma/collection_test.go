package sigma

import (
	"strings"
	"testing"
)

// collect loads files, given as name and text in turn, and collects their rules.
func collect(t *testing.T, files ...string) (*Collection, []Diagnostic) {
	t.Helper()
	var all []*Rule
	for i := 0; i+1 < len(files); i += 2 {
		rules, diags := Load(files[i], []byte(files[i+1]), LoadOptions{})
		for _, d := range diags {
			t.Error(d.Format())
		}
		all = append(all, rules...)
	}
	return Collect(all)
}

const (
	ruleA = "title: A\nid: ida\nname: a\nlogsource: {product: windows, service: security}\ndetection: {s: {f: a}, condition: s}\n"
	ruleB = "title: B\nid: idb\nname: b\nlogsource: {product: linux}\ndetection: {s: {f: b}, condition: s}\n"
)

func correlation(name, rules, more string) string {
	return "title: " + strings.ToUpper(name) + "\nname: " + name + "\ncorrelation:\n  type: temporal\n  rules: " + rules + "\n  timespan: 5m\n" + more
}

// outline tells what a collection holds: the detections, those in brackets silent, then the correlations in order.
func outline(c *Collection) string {
	var out []string
	for _, r := range c.Rules {
		text := r.Title + " " + sexpr(r.Detection)
		if r.Silent {
			text = "[" + text + "]"
		}
		out = append(out, text)
	}
	for _, r := range c.Correlations {
		text := r.Title + ":"
		if r.Silent {
			text = "[" + r.Title + "]:"
		}
		for _, ref := range r.Correlation.Rules {
			text += " " + ref.Rule.Title
		}
		out = append(out, text)
	}
	for _, f := range c.Filters {
		if f.Filter.Unused {
			out = append(out, f.Title+" unused")
		}
	}
	return strings.Join(out, "; ")
}

func filter(rules, source, body string) string {
	return "title: F\nlogsource: " + source + "\nfilter:\n  rules: " + rules + "\n  " + strings.ReplaceAll(body, "\n", "\n  ") + "\n"
}

func TestCollect(t *testing.T) {
	const admin = "selection: {User|startswith: adm_}\ncondition: "
	for _, c := range []struct {
		name  string
		files []string
		want  string
		diags string // parts of the messages, in order, separated by |
	}{
		{"rules", []string{"a.yml", ruleA, "b.yml", ruleB}, `A f="a"; B f="b"`, ""},
		{"by name and id", []string{"k.yml", correlation("k", "[a, idb]", ""), "a.yml", ruleA, "b.yml", ruleB}, `[A f="a"]; [B f="b"]; K: A B`, ""},
		{"generate", []string{"a.yml", ruleA, "k.yml", correlation("k", "[a]", "  generate: true\n")}, `A f="a"; K: A`, ""},
		{
			"generate by one of two",
			[]string{"a.yml", ruleA, "k.yml", correlation("k", "[a]", "  generate: true\n"), "l.yml", correlation("l", "[a]", "")},
			`A f="a"; K: A; L: A`, "",
		},
		{
			"chain, in any order",
			[]string{"l.yml", correlation("l", "[k, b]", ""), "k.yml", correlation("k", "[a]", ""), "a.yml", ruleA, "b.yml", ruleB},
			`[A f="a"]; [B f="b"]; [K]: A; L: K B`, "",
		},
		{"unresolved", []string{"a.yml", ruleA, "k.yml", correlation("k", "[a, bb]", "")}, `A f="a"`, `refers to "bb"`},
		{
			"unresolved in a chain",
			[]string{"a.yml", ruleA, "k.yml", correlation("k", "[nothing_like_it]", ""), "l.yml", correlation("l", "[k]", "")},
			`A f="a"`, `refers to "nothing_like_it"|refers to "k", which is refused`,
		},
		{
			"cycle",
			[]string{"k.yml", correlation("k", "[l]", ""), "l.yml", correlation("l", "[k]", ""), "m.yml", correlation("m", "[k]", "")},
			``, `"K" refers to itself: k → l → k|"L" refers to itself: l → k → l|"M" refers to "k", which is refused`,
		},
		{"of itself", []string{"k.yml", correlation("k", "[k]", "")}, ``, `refers to itself: k → k`},
		{
			"id twice",
			[]string{"a.yml", ruleA, "c.yml", strings.Replace(ruleB, "idb", "ida", 1)},
			`A f="a"`, `the id ida is taken by "A" (a.yml:1)`,
		},
		{
			"name twice",
			[]string{"a.yml", ruleA, "c.yml", strings.Replace(ruleB, "name: b", "name: a", 1), "k.yml", correlation("k", "[a]", "")},
			`[A f="a"]; B f="b"; K: A`, `the name "a" is taken by "A" (a.yml:1)`,
		},
		{
			"parts of an old collection share an id",
			[]string{"g.yml", "action: global\ntitle: G\nid: x\ndetection: {condition: s}\n---\nlogsource: {product: p}\ndetection: {s: {a: x}}\n---\nlogsource: {product: q}\ndetection: {s: {a: y}}\n"},
			`G a="x"; G a="y"`, "",
		},
		{
			"filter says what goes",
			[]string{"a.yml", ruleA, "b.yml", ruleB, "f.yml", filter("[ida]", "{product: windows}", admin+"selection")},
			`A (and f="a" (not User="adm_"*)); B f="b"`, "",
		},
		{
			"filter says what stays",
			[]string{"a.yml", ruleA, "f.yml", filter("a", "{product: windows, service: security}", admin+"not selection")},
			`A (and f="a" (not (not (not User="adm_"*))))`, "",
		},
		{
			"filter of any rule",
			[]string{"a.yml", ruleA, "b.yml", ruleB, "f.yml", filter("any", "{product: linux}", admin+"selection")},
			`A f="a"; B (and f="b" (not User="adm_"*))`, "",
		},
		{
			"filter of another log source",
			[]string{"b.yml", ruleB, "f.yml", filter("[b]", "{product: windows}", admin+"selection")},
			`B f="b"; F unused`, `whose log source is another`,
		},
		{
			"filter of nothing",
			[]string{"b.yml", ruleB, "f.yml", filter("[zzz]", "{product: linux}", admin+"selection")},
			`B f="b"; F unused`, `names "zzz"`,
		},
		{
			"filter of a correlation",
			[]string{"b.yml", ruleB, "k.yml", correlation("k", "[b]", ""), "f.yml", filter("[k]", "{product: linux}", admin+"selection")},
			`[B f="b"]; K: B; F unused`, `which is a correlation`,
		},
		{
			"correlation of a filter",
			[]string{"f.yml", "name: f\n" + filter("any", "{product: linux}", admin+"selection"), "k.yml", correlation("k", "[f]", "")},
			`F unused`, `which is a filter|concerns no rule`,
		},
	} {
		got, diags := collect(t, c.files...)
		if o := outline(got); o != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, o, c.want)
		}
		var parts []string
		if c.diags != "" {
			parts = strings.Split(c.diags, "|")
		}
		if len(diags) != len(parts) {
			t.Errorf("%s: got\n%s", c.name, formatted(diags))
			continue
		}
		for i, p := range parts {
			if !strings.Contains(diags[i].Message, p) || diags[i].Line == 0 || diags[i].File == "" {
				t.Errorf("%s: got\n%swant %q", c.name, diags[i].Format(), p)
			}
		}
	}
}

func TestCollectAggregation(t *testing.T) {
	text := strings.Replace(ruleA, "condition: s}", "condition: s | near u, u: {f: b}, timeframe: 5m}", 1)
	rules, _ := Load("a.yml", []byte(text), LoadOptions{})
	filters, _ := Load("f.yml", []byte(filter("[ida]", "{product: windows}", "s: {f: c}\ncondition: s")), LoadOptions{})
	c, diags := Collect(append(rules, filters...))
	want := `[A (and f="a" (not f="c"))]; [A (and f="b" (not f="c"))]; A: A A`
	if got := outline(c); got != want || len(diags) > 0 {
		t.Errorf("got %s, want %s\n%s", got, want, formatted(diags))
	}
	if id := c.Rules[0].ID + c.Rules[1].ID; id != "ida#1ida#2" {
		t.Errorf("ids %s", id)
	}
	if c.Correlations[0].Correlation.Rules[0].Rule != c.Rules[0] {
		t.Error("the correlation refers to another rule than the one collected")
	}
	if sexpr(rules[0].Correlation.Rules[0].Rule.Detection) != `f="a"` {
		t.Error("Collect changed what it was given")
	}
}
