package rules

import (
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/sigma"
)

func TestOutline(t *testing.T) {
	for _, c := range []struct{ detection, want string }{
		{"s: {a: x}\ncondition: s", "a is 'x'"},
		{"s: {a: [x, y]}\ncondition: s", "a is 'x' or 'y'"},
		{"s: {a|contains|all: [x, y]}\ncondition: s", "a contains 'x' and 'y'"},
		{"s: {a|startswith: x, b|endswith: y}\ncondition: s", "all of|  a begins with 'x'|  b ends with 'y'"},
		{"s: {a: x}\nt: {a: y}\nu: {b: z}\ncondition: 1 of *", "any of|  a is 'x' or 'y'|  b is 'z'"},
		{"s: {a: x}\nt: {b: y}\ncondition: s and not t", "all of|  a is 'x'|  but not|    b is 'y'"},
		{"s: {a: x, b: y}\nt: {a: z, b: w}\ncondition: s or t", "any of|  all of|    a is 'x'|    b is 'y'|  all of|    a is 'z'|    b is 'w'"},
		{"s: [x, y]\ncondition: s", "the record contains 'x' or 'y'"},
		{"s: {a: null}\ncondition: s", "a does not exist or has no value"},
		{"s: {a|exists: true, b|exists: false}\ncondition: s", "all of|  a exists|  b does not exist"},
		{"s: {a|windash|contains: ' -x'}\ncondition: s", "a contains ' -x' (with any dash or slash)"},
		{"s: {a|base64offset|contains: abc}\ncondition: s", "a contains 'abc' (in Base64, at any offset)"},
		{"s: {a|cidr: 192.0.2.0/24}\ncondition: s", "a is in the network '192.0.2.0/24'"},
		{"s: {a|gte: 7}\ncondition: s", "a is at least 7"},
		{"s: {a|re: x.*y}\ncondition: s", "a matches the expression 'x.*y'"},
		{"s: {a|fieldref: b}\ncondition: s", "a is 'b' (the value of that field)"},
		{
			"s: {a: [the first of the long values that are here, the second of the long values that are here]}\ncondition: s",
			"a is one of|  'the first of the long values that are here'|  'the second of the long values that are here'",
		},
	} {
		text := "title: T\nlogsource: {product: x}\ndetection:\n  " + strings.ReplaceAll(c.detection, "\n", "\n  ") + "\n"
		rules, diags := sigma.Load("t.yml", []byte(text), sigma.LoadOptions{})
		if len(rules) != 1 {
			t.Fatalf("%s: %v", c.detection, diags)
		}
		if got := strings.Join(outline(rules[0].Detection, 0), "|"); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.detection, got, c.want)
		}
	}
}

func TestCorrelationWords(t *testing.T) {
	for _, c := range []struct{ section, want string }{
		{"type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {gte: 10}", "at least 10 hits of “A” within 5 minutes"},
		{"type: event_count\n  rules: [a, b]\n  timespan: 1h\n  condition: {gt: 1, lt: 9}", "more than 1 and fewer than 9 hits of “A” or “B” within 1 hour"},
		{"type: value_count\n  rules: [a]\n  group-by: [x, y]\n  timespan: 90s\n  condition: {field: u, eq: 3}", "exactly 3 different values of u in hits of “A” within 90 seconds, with the same x and y"},
		{"type: temporal\n  rules: [a, b]\n  timespan: 1d", "all of these rules hit, in any order, within 1 day:|  “A”|  “B”"},
		{"type: temporal_ordered\n  rules: [a, b]\n  timespan: 1d", "all of these rules hit, in this order, within 1 day:|  “A”|  “B”"},
		{"type: temporal\n  rules: [a, b]\n  timespan: 1m\n  condition: a and not b", "“A” and not “B”|in any order, within 1 minute"},
		{"type: value_sum\n  rules: [a]\n  timespan: 1m\n  condition: {field: n, gt: 5}", "the sum of n in hits of “A” within 1 minute is more than 5"},
		{"type: value_percentile\n  rules: [a]\n  timespan: 1m\n  condition: {field: n, lte: 5, percentile: 90}", "the 90. percentile of n in hits of “A” within 1 minute is at most 5"},
	} {
		text := "title: C\ncorrelation:\n  " + c.section + "\n"
		for _, n := range []string{"a", "b"} {
			text += "---\ntitle: " + strings.ToUpper(n) + "\nname: " + n + "\nlogsource: {product: x}\ndetection:\n  s: {f: " + n + "}\n  condition: s\n"
		}
		rules, diags := sigma.Load("t.yml", []byte(text), sigma.LoadOptions{})
		set, more := sigma.Collect(rules)
		if len(set.Correlations) != 1 {
			t.Errorf("%s: %v %v", c.section, diags, more)
			continue
		}
		if got := strings.Join(correlationWords(set.Correlations[0].Correlation), "|"); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.section, got, c.want)
		}
	}
}

func TestDocument(t *testing.T) {
	text := []byte("# head\r\na: 1\r\n---\nb: 2\nc: 3\n--- # last\nd: 4\n")
	for line, want := range map[int]string{1: "# head\na: 1\n", 2: "# head\na: 1\n", 4: "b: 2\nc: 3\n", 5: "b: 2\nc: 3\n", 7: "d: 4\n"} {
		if got := document(text, line); got != want {
			t.Errorf("line %d: %q, want %q", line, got, want)
		}
	}
}
