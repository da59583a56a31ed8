package sigma

import "testing"

func TestOutline(t *testing.T) {
	rename := Pipelines{pipeline(t, "- type: field_name_mapping\n  mapping: {Image: process.executable}")}
	for _, c := range []struct{ rule, want string }{
		{
			"s: {Image|endswith: '\\x', c|contains|all: [y, z]}\nf: {d|windash: '-q', e|exists: false}\ncondition: s and not f",
			"all of\n  all of\n    process.executable|endswith: '\\x'\n    all of\n      c|contains|all: 'y'\n      c|contains|all: 'z'\n" +
				"  not\n    all of\n      d|windash: '-q'\n      e|exists: false\n",
		},
		{"s: [x, y]\ncondition: s", "any of\n  keyword: 'x'\n  keyword: 'y'\n"},
		{
			"s: {a: x}\nt: {b: y}\ntimeframe: 90m\ncondition: s | near not t",
			"temporal within 1h30m\n  where (part 1 and not part 2)\n  part 1\n    a: 'x'\n  part 2\n    b: 'y'\n",
		},
		{"s: {a: x}\ntimeframe: 1h\ncondition: s | count(u) by h > 5", "value_count of u within 1h by h gt 5\n  part 1\n    a: 'x'\n"},
	} {
		r, _ := loadOne(t, c.rule, LoadOptions{})
		r, _ = rename.Apply(r)
		if got := r.Outline(); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.rule, got, c.want)
		}
	}
	col, diags := collect(t, "a.yml", ruleA, "k.yml", correlation("k", "[a]", "  group-by: [u]\n"), "f.yml", filter("[a]", "{product: windows}", "s: {u: x}\ncondition: s"))
	if len(diags) > 0 {
		t.Fatal(formatted(diags))
	}
	for _, c := range []struct {
		r    *Rule
		want string
	}{
		{col.Rules[0], "all of\n  f: 'a'\n  not\n    u: 'x'\n"},
		{col.Correlations[0], "temporal within 5m by u\n  a: A\n"},
		{col.Filters[0], "filters out\n  u: 'x'\n"},
	} {
		if got := c.r.Outline(); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
}
