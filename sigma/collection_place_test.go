package sigma

import (
	"strings"
	"testing"
)

// What is wrong between rules is told with the line, and a caret under it, as what is wrong within one.
func TestCollectTellsThePlace(t *testing.T) {
	rule := "logsource: {product: linux}\ndetection: {s: {a: b}, condition: s}\n"
	file := "title: One\nid: 1111\nname: same\n" + rule +
		"---\ntitle: Two\nid: 1111\n" + rule +
		"---\ntitle: Three\nname: same\n" + rule +
		"---\ntitle: Loop\nname: loop\ncorrelation: {type: temporal, rules: [loop], group-by: [a], timespan: 1h}\n" +
		"---\ntitle: Lone\nlogsource: {product: linux}\nfilter: {rules: [nobody], s: {a: b}, condition: s}\n"
	rules, diags := Load("a.yml", []byte(file), LoadOptions{})
	if len(diags) > 0 {
		t.Fatal(formatted(diags))
	}
	_, diags = Collect(rules)
	for _, want := range []string{
		"a.yml:8:5: error: the id 1111 is taken by \"One\" (a.yml:1)\n  8 | id: 1111\n    |     ^^^^\n",
		"a.yml:13:7: warning: the name \"same\" is taken by \"One\" (a.yml:1)\n  13 | name: same\n     |       ^^^^\n",
		"a.yml:17:1: error: the correlation \"Loop\" refers to itself: loop → loop\n  17 | title: Loop\n     | ^\n",
		"a.yml:21:1: warning: the filter \"Lone\" names \"nobody\", which is the id or name of no rule that was loaded\n  21 | title: Lone\n     | ^\n",
	} {
		if !strings.Contains(formatted(diags), want) {
			t.Errorf("missing\n%sin\n%s", want, formatted(diags))
		}
	}
}

// A key that a rule does not need, and nobody would miss, is told where it is mistyped; keys of one's own are not.
func TestMistypedKeys(t *testing.T) {
	_, diags := Load("a.yml", []byte(`title: x
logsource: {product: linux, servic: sudo, definition: x, team: blue}
detection: {s: {a: b}, condition: s}
levl: high
falsepositive: [x]
license: x
simulation: []
`), LoadOptions{})
	got := formatted(diags)
	for _, key := range []string{`"servic" in "logsource"`, `"levl"`, `"falsepositive"`} {
		if !strings.Contains(got, "warning: unknown key "+key) {
			t.Errorf("%s is not told in\n%s", key, got)
		}
	}
	if len(diags) != 3 {
		t.Errorf("want 3 warnings, got\n%s", got)
	}
}
