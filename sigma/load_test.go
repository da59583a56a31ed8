package sigma

import (
	"strings"
	"testing"
	"time"
)

func TestHeader(t *testing.T) {
	rules, diags := Load("t.yml", []byte(`
title: A title
id: 7b1cf1d7-0000-4000-8000-000000000001
name: short_name
status: test
level: high
description: |
  Two
  lines
author: [A, B]
date: 2024-01-02
modified: 2024-03-04
references: https://example.org
tags: [attack.t1059, attack.execution]
fields: [a, b]
falsepositives: Unlikely
next_steps:
  - Look
related:
  - {id: x, type: derived}
license: MIT
scope: [server]
logsource: {product: Windows, category: process_creation, service: security, definition: d}
detection: {s: {a: x}, condition: s}
`), LoadOptions{})
	if len(rules) != 1 || len(diags) != 0 {
		t.Fatalf("%d rules\n%s", len(rules), formatted(diags))
	}
	r := rules[0]
	for _, c := range []struct{ got, want string }{
		{r.Title, "A title"},
		{r.ID, "7b1cf1d7-0000-4000-8000-000000000001"},
		{r.Name, "short_name"},
		{r.Status, "test"},
		{r.Level.String(), "high"},
		{r.Description, "Two\nlines\n"},
		{r.Author, "A, B"},
		{r.Date + " " + r.Modified, "2024-01-02 2024-03-04"},
		{strings.Join(r.References, "|"), "https://example.org"},
		{strings.Join(r.Tags, "|"), "attack.t1059|attack.execution"},
		{strings.Join(r.Fields, "|"), "a|b"},
		{strings.Join(r.FalsePositives, "|"), "Unlikely"},
		{strings.Join(r.NextSteps, "|"), "Look"},
		{r.Related[0].ID + r.Related[0].Type, "xderived"},
		{r.LogSource.Product + r.LogSource.Category + r.LogSource.Service, "windowsprocess_creationsecurity"},
		{r.Custom["license"].(string), "MIT"},
		{r.Custom["scope"].([]any)[0].(string), "server"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if r.Pos.Line != 2 || r.Pos.File != "t.yml" {
		t.Errorf("%+v", r.Pos)
	}
}

// TestDocuments loads files of several documents and tells the title and the detection of each rule.
func TestDocuments(t *testing.T) {
	const global = "action: global\ntitle: g\nid: x\nlogsource: {product: p}\ndetection: {s: {a: x}, condition: s or t}\n"
	const one = "title: one\nlogsource: {product: p}\ndetection: {s: {a: x}, condition: s}\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"two rules", one + "---\n" + one, []string{`one p a="x"`, `one p a="x"`}},
		{"leading and trailing marks", "---\n" + one + "---\n", []string{`one p a="x"`}},
		{"an error in one", one + "---\ntitle: two\n---\n" + one, []string{`one p a="x"`, `one p a="x"`}},
		{"no YAML in one", one + "---\n}{\n---\n" + one, []string{`one p a="x"`, `one p a="x"`}},
		{"CR LF", strings.ReplaceAll(one+"---\n"+one, "\n", "\r\n"), []string{`one p a="x"`, `one p a="x"`}},
		{
			"global", global + "---\ndetection: {t: {b: y}}\n---\nlogsource: {service: q}\ndetection: {t: {c: z}}\n",
			[]string{`g p (or a="x" b="y")`, `g p/q (or a="x" c="z")`},
		},
		{
			"global overrides", global + "---\ntitle: h\ndetection: {t: {b: y}, condition: t}\n",
			[]string{`h p b="y"`},
		},
		{"reset", global + "---\ndetection: {t: {b: y}}\n---\naction: reset\n---\n" + one, []string{`g p (or a="x" b="y")`, `one p a="x"`}},
		{"repeat", one + "---\naction: repeat\ntitle: two\ndetection: {s: {a: y}}\n", []string{`one p a="x"`, `two p a="y"`}},
		{"correlation beside", one + "---\ntitle: k\ncorrelation: {type: temporal, rules: [one], timespan: 1m}\n", []string{`one p a="x"`, `k  temporal 60s`}},
	} {
		rules, diags := Load("t.yml", []byte(c.text), LoadOptions{})
		var got []string
		for _, r := range rules {
			source := r.LogSource.Product
			if r.LogSource.Service != "" {
				source += "/" + r.LogSource.Service
			}
			what := ""
			if r.Detection != nil {
				what = sexpr(r.Detection)
			} else {
				what = correlationText(r.Correlation)
			}
			got = append(got, r.Title+" "+source+" "+what)
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"), formatted(diags))
		}
	}
}

// TestHostile loads what is made to take long or much memory; each must be refused, and soon.
func TestHostile(t *testing.T) {
	laughs := "title: t\nlogsource: {product: p}\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
	for i := 1; i < 12; i++ {
		ref := "*x" + string(rune('a'+i-2))
		if i == 1 {
			ref = "*x0"
		}
		laughs += "x" + string(rune('a'+i-1)) + ": &x" + string(rune('a'+i-1)) + " [" + strings.TrimSuffix(strings.Repeat(ref+", ", 10), ", ") + "]\n"
	}
	for name, text := range map[string]string{
		"billion laughs":        laughs + "detection: {s: {a: *xk}, condition: s}\n",
		"laughs in a selection": laughs + "detection: {s: *xk, condition: s}\n",
		"deep lists":            string(ruleOf("s: " + strings.Repeat("[", 5000) + "x" + strings.Repeat("]", 5000) + "\ncondition: s")),
		"deep condition":        string(ruleOf("s: {a: x}\ncondition: " + strings.Repeat("(", 100_000) + "s" + strings.Repeat(")", 100_000))),
		"many nots":             string(ruleOf("s: {a: x}\ncondition: " + strings.Repeat("not ", 100_000) + "s")),
		"dashes":                string(ruleOf("s: {a|windash: '" + strings.Repeat(" -a", 1000) + "'}\ncondition: s")),
		"many dashes":           string(ruleOf("s:\n  a|windash:\n" + strings.Repeat("    - ' -a -a -a -a -a -a'\n", 1000) + "condition: s")),
		"choices":               string(ruleOf(manySelections(200) + "condition: 100 of them")),
		"large conditions":      string(ruleOf(manySelections(2000) + "condition: " + strings.Repeat("1 of them or ", 5000) + "1 of them")),
		"an expression":         string(ruleOf("s: {a|re: '((((x{1,999}){1,999}){1,999}){1,999})'}\ncondition: s")),
	} {
		start := time.Now()
		rules, diags := Load("t.yml", []byte(text), LoadOptions{})
		if len(rules) > 0 || len(diags) == 0 {
			t.Errorf("%s: %d rules, %d diagnostics", name, len(rules), len(diags))
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s took %v", name, d)
		}
	}
}

func manySelections(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("s" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26) + ": {a: x}\n")
	}
	return b.String()
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"", "a", "title: t\n", string(ruleOf("s: {a|contains|all: [x, y*]}\ncondition: s and not 1 of s*")),
		string(ruleOf("s: {a|re|i: '(?i)x[a-z]{2,}\\d'}\ncondition: s | count(b) by c > 5\ntimeframe: 5m")),
		string(ruleOf("s: {a|windash: '-x', b|base64offset|contains: y, c|cidr: 10.0.0.0/8, d|expand: '%p%'}\ncondition: all of them")),
		string(ruleOf("s: [x, {'|all': [y, z]}]\nt: {e|fieldref|endswith: f, g|hour|gte: 5, h: null, i|exists: false}\ncondition: [s, t]")),
		"action: global\ntitle: t\n---\ndetection: {s: x, condition: s}\nlogsource: {product: p}\n---\naction: reset\n---\naction: repeat\n",
		"title: t\ncorrelation: {type: temporal, rules: [a, b], timespan: 5m, group-by: [x], aliases: {x: {a: y}}, condition: a and not b}\n",
		"title: t\nlogsource: {product: p}\nfilter: {rules: any, s: {a: x}, condition: not s}\n",
		"a: &a [*a]\n", "a: &a {<<: *a}\n", "? [x]\n: y\n", "{a: }", "--- |\n x\n...\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		start := time.Now()
		rules, diags := Load("f.yml", []byte(s), LoadOptions{Placeholders: map[string][]string{"p": {"a*", "b"}}})
		if d := time.Since(start); d > 4*time.Second {
			t.Errorf("loading %d bytes took %v", len(s), d)
		}
		if len(rules) == 0 && len(diags) == 0 {
			t.Error("neither a rule nor a reason why there is none")
		}
		for _, d := range diags {
			if text := d.Format(); d.Message == "" || strings.Contains(text, "%!") && !strings.Contains(s, "%!") {
				t.Errorf("%+v", d)
			}
		}
		c, _ := Collect(rules)
		for _, r := range c.Rules {
			_ = sexpr(r.Detection)
		}
	})
}
