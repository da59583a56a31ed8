package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sexpr prints an expression compactly: (and a="x" (not b=*y*)).
func sexpr(x *Expr) string {
	switch x.Op {
	case False:
		return "false"
	case True:
		return "true"
	case Test:
		return sexprTest(x.Test)
	}
	parts := []string{map[Op]string{And: "and", Or: "or", Not: "not"}[x.Op]}
	for _, k := range x.Kids {
		parts = append(parts, sexpr(k))
	}
	return "(" + strings.Join(parts, " ") + ")"
}

func sexprTest(p *Predicate) string {
	var b strings.Builder
	b.WriteString(p.Field)
	cased := ""
	if p.Cased {
		cased = "!"
	}
	switch p.Kind {
	case Match:
		b.WriteString(cased + "=")
		for _, t := range p.Pattern {
			switch t.Kind {
			case AnyRun:
				b.WriteString("*")
			case AnyOne:
				b.WriteString("?")
			default:
				b.WriteString(strconv.QuoteToASCII(t.Text))
			}
		}
		if len(p.Pattern) == 0 {
			b.WriteString(`""`)
		}
	case Regexp:
		b.WriteString("~/" + p.Regexp.String() + "/")
	case CIDR:
		b.WriteString("@" + p.Prefix.String())
	case Exists:
		b.WriteString("#exists")
	case IsNull:
		b.WriteString("#null")
	case Compare:
		part := [...]string{"", ".minute", ".hour", ".day", ".week", ".month", ".year"}[p.Part]
		fmt.Fprintf(&b, "%s %s %v", part, p.Cmp, p.Number)
	case RefMatch:
		op := [...]string{"=", "^=", "$=", "*="}[p.RefOp]
		b.WriteString(cased + op + p.Ref)
	}
	return b.String()
}

// ruleOf wraps a detection, written without indentation, into a whole rule.
func ruleOf(detection string) []byte {
	return []byte("title: t\nlogsource:\n  product: p\ndetection:\n  " + strings.ReplaceAll(strings.TrimSpace(detection), "\n", "\n  ") + "\n")
}

// loadOne loads a detection and fails the test on any error; warnings are returned.
func loadOne(t *testing.T, detection string, opt LoadOptions) (*Rule, []Diagnostic) {
	t.Helper()
	rules, diags := Load("t.yml", ruleOf(detection), opt)
	if len(rules) != 1 || slices.ContainsFunc(diags, func(d Diagnostic) bool { return d.Severity == Error }) {
		for _, d := range diags {
			t.Errorf("%s", d.Format())
		}
		t.Fatalf("%s\nnot loaded", detection)
	}
	return rules[0], diags
}

func TestValues(t *testing.T) {
	opt := LoadOptions{Placeholders: map[string][]string{
		"Servers": {"srv*", "db1"}, "Admins": {"root"}, "two.part": {"x"},
	}}
	for _, c := range []struct{ item, want string }{
		// Escapes: Sigma rules specification 2.1, "Escape Character".
		{`a: 'x'`, `a="x"`},
		{`a: ''`, `a=""`},
		{`a: '*'`, `a=*`},
		{`a: 'a*b?c'`, `a="a"*"b"?"c"`},
		{`a: 'C:\Windows\cmd.exe'`, `a="C:\\Windows\\cmd.exe"`},
		{`a: 'C:\\Windows'`, `a="C:\\Windows"`},
		{`a: '\*'`, `a="*"`},
		{`a: '\?'`, `a="?"`},
		{`a: '\\*'`, `a="\\"*`},
		{`a: '\\\*'`, `a="\\*"`},
		{`a: '\\\\*'`, `a="\\\\"*`},
		{`a: '\\\x'`, `a="\\\\x"`},
		{`a: '\\\\x'`, `a="\\\\x"`},
		{`a: 'x\'`, `a="x\\"`},
		{`a: '**'`, `a=*`},
		{`a: "\t"`, `a="\t"`},
		{`a: 'é*'`, `a="\u00e9"*`},
		// Values keep the text that they are written as.
		{`a: 4625`, `a="4625"`},
		{`a: 0x1410`, `a="0x1410"`},
		{`a: 1.50`, `a="1.50"`},
		{`a: true`, `a="true"`},
		{`a: yes`, `a="yes"`},
		{`a: 2024-01-02`, `a="2024-01-02"`},
		{`a: null`, `a#null`},
		{`a:`, `a#null`},
		{`a: ~`, `a#null`},
		{`a: 'null'`, `a="null"`},
		{`a: [x, 1, null]`, `(or a="x" a="1" a#null)`},
		{`a: [x, [y, z]]`, `(or a="x" a="y" a="z")`},
		{`New Value: x`, `New Value="x"`},
		// contains, startswith, endswith, all, cased, neq, exists
		{`a|contains: x`, `a=*"x"*`},
		{`a|contains: '*x'`, `a=*"x"*`},
		{`a|contains: ''`, `a=*`},
		{`a|contains: '*'`, `a=*`},
		{`a|contains: 12`, `a=*"12"*`},
		{`a|contains: 'x?'`, `a=*"x"?*`},
		{`a|startswith: x`, `a="x"*`},
		{`a|startswith: '*x'`, `a=*"x"*`},
		{`a|endswith: x`, `a=*"x"`},
		{`a|endswith: '\cmd.exe'`, `a=*"\\cmd.exe"`},
		{`a|endswith: '1?'`, `a=*"1"?`},
		{`a|contains|all: [x, y]`, `(and a=*"x"* a=*"y"*)`},
		{`a|all|contains: [x, y]`, `(and a=*"x"* a=*"y"*)`},
		{`a|cased: X`, `a!="X"`},
		{`a|contains|cased: X`, `a!=*"X"*`},
		{`a|cased|contains: X`, `a!=*"X"*`},
		{`a|neq: x`, `(not a="x")`},
		{`a|neq: [x, y]`, `(not (or a="x" a="y"))`},
		{`a|contains|all|neq: [x, y]`, `(not (and a=*"x"* a=*"y"*))`},
		{`a|exists: true`, `a#exists`},
		{`a|exists: false`, `(not a#exists)`},
		{`a|exists: yes`, `a#exists`},
		// windash
		{`a|windash: '-x'`, `(or a="-x" a="/x" a="\u2013x" a="\u2014x" a="\u2015x")`},
		{`a|windash: '/x'`, `(or a="-x" a="/x" a="\u2013x" a="\u2014x" a="\u2015x")`},
		{`a|windash: '–x'`, `(or a="-x" a="/x" a="\u2013x" a="\u2014x" a="\u2015x")`},
		{`a|windash: 'x-y'`, `a="x-y"`},
		{`a|windash: 'x - y'`, `a="x - y"`},
		{`a|windash: '--x'`, `(or a="--x" a="-/x" a="-\u2013x" a="-\u2014x" a="-\u2015x")`},
		{`a|contains|windash: '*-x'`, `(or a=*"-x"* a=*"/x"* a=*"\u2013x"* a=*"\u2014x"* a=*"\u2015x"*)`},
		{`a|windash|contains: ' -x '`, `(or a=*" -x "* a=*" /x "* a=*" \u2013x "* a=*" \u2014x "* a=*" \u2015x "*)`},
		// regular expressions
		{`a|re: 'x.*y'`, `a~/x.*y/`},
		{`a|re|i: x`, `a~/(?i)x/`},
		{`a|re|i|m|s: x`, `a~/(?ims)x/`},
		{`a|re|ignorecase|dotall: x`, `a~/(?is)x/`},
		{`a|re|startswith: 'x|y'`, `a~/\A(?:x|y)/`},
		{`a|re|endswith: x`, `a~/(?:x)\z/`},
		{`a|re|contains: x`, `a~/x/`},
		{`a|re: '\/\-\_\"\–'`, `a~/\/\-\_\"–/`},
		{`a|re: '[]a]'`, `a~/[]a]/`},
		{`a|re: '[[]'`, `a~/[\[]/`},
		{`a|re: '[\w-.]'`, `a~/[\w-.]/`},
		{`a|re: 'a(?#why)b'`, `a~/ab/`},
		{`a|re: "(?'n'x)"`, `a~/(?P<n>x)/`},
		{`a|re: '\h\R\e\Z'`, `a~/[\t\x20\x{a0}](?:\r\n|[\n\x0b\f\r\x{85}\x{2028}\x{2029}])\x1b(?:\n?\z)/`},
		{`a|re: '\u20ac\cA'`, `a~/\x{20ac}\x01/`},
		{`a|re: 'x{2}?{'`, `a~/x{2}?{/`},
		{`a|re: 4`, `a~/4/`},
		// encodings
		{`a|base64: foo`, `a="Zm9v"`},
		{`a|base64|contains: foobar`, `a=*"Zm9vYmFy"*`},
		{`a|base64offset|contains: foobar`, `(or a=*"Zm9vYmFy"* a=*"Zvb2Jhc"* a=*"mb29iYX"*)`},
		{`a|wide: ab`, `a="a\x00b\x00"`},
		{`a|utf16le: ab`, `a="a\x00b\x00"`},
		{`a|utf16be: ab`, `a="\x00a\x00b"`},
		{`a|utf16: a`, `a="\xff\xfea\x00"`},
		{`a|wide|base64: ab`, `a="YQBiAA=="`},
		{`a|wide: 'a*b'`, `a="a\x00"*"b\x00"`},
		// numbers and dates
		{`a|lt: 5`, `a lt 5`},
		{`a|lte: 5`, `a lte 5`},
		{`a|gt: '5'`, `a gt 5`},
		{`a|gte: 0x10`, `a gte 16`},
		{`a|hour: 5`, `a.hour eq 5`},
		{`a|hour|gte: 5`, `a.hour gte 5`},
		{`a|gte|hour: 5`, `a.hour gte 5`},
		{`a|minute: [0, 59]`, `(or a.minute eq 0 a.minute eq 59)`},
		{`a|day|lt: 8`, `a.day lt 8`},
		{`a|week: 53`, `a.week eq 53`},
		{`a|month: 12`, `a.month eq 12`},
		{`a|year|neq: 2024`, `(not a.year eq 2024)`},
		// networks
		{`a|cidr: 10.0.0.0/8`, `a@10.0.0.0/8`},
		{`a|cidr: 10.1.2.3/8`, `a@10.0.0.0/8`},
		{`a|cidr: [fe80::/10, '::1/128']`, `(or a@fe80::/10 a@::1/128)`},
		{`a|cidr: 192.168.*`, `a@192.168.0.0/16`},
		{`a|cidr: 192.168.*.*`, `a@192.168.0.0/16`},
		{`a|cidr: 127.0.0.1`, `a@127.0.0.1/32`},
		// placeholders
		{`a|expand: '%Servers%'`, `(or a="srv"* a="db1")`},
		{`a|expand: 'x%Admins%y'`, `a="xrooty"`},
		{`a|contains|expand: '%Admins%@%Servers%'`, `(or a=*"root@srv"* a=*"root@db1"*)`},
		{`a|expand: '\%Admins%'`, `a="%Admins%"`},
		{`a|expand: '100%'`, `a="100%"`},
		{`a|expand: '%two.part%'`, `a="x"`},
		{`a: '%Admins%'`, `a="%Admins%"`},
		{`a|re|expand: '^%Servers%$'`, `a~/^(?:srv.*|db1)$/`},
		// references to fields
		{`a|fieldref: b`, `a=b`},
		{`a|fieldref|endswith: b`, `a$=b`},
		{`a|fieldref|startswith: b`, `a^=b`},
		{`a|fieldref|contains: b`, `a*=b`},
		{`a|contains|fieldref: b`, `a*=b`},
		{`a|fieldref|neq: b`, `(not a=b)`},
		{`a|cased|fieldref: b`, `a!=b`},
		{`a|fieldref|cased: b`, `a!=b`},
	} {
		r, _ := loadOne(t, "s:\n  "+c.item+"\ncondition: s", opt)
		if got := sexpr(r.Detection); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.item, got, c.want)
		}
	}
}

func TestSearches(t *testing.T) {
	for _, c := range []struct{ detection, want string }{
		{"s: {a: x, b: y}\ncondition: s", `(and a="x" b="y")`},
		{"s: [{a: x}, {b: y, c: z}]\ncondition: s", `(or a="x" (and b="y" c="z"))`},
		{"s: [x, 'y*']\ncondition: s", `(or =*"x"* =*"y"*)`},
		{"s: x\ncondition: s", `=*"x"*`},
		{"s: 4625\ncondition: s", `=*"4625"*`},
		{"s: {'|all': [x, y]}\ncondition: s", `(and =*"x"* =*"y"*)`},
		{"s: {'|re': 'x+'}\ncondition: s", `~/x+/`},
		{"s: {'|startswith': x}\ncondition: s", `="x"*`},
		{"s: {'|contains|all': [x, y]}\ncondition: s", `(and =*"x"* =*"y"*)`},
		{"s: {'|cased': X}\ncondition: s", `!=*"X"*`},
		{"s: [x, {a: y}]\ncondition: s", `(or =*"x"* a="y")`},
		{"s: [[x, y], z]\ncondition: s", `(or (or =*"x"* =*"y"*) =*"z"*)`},
		{"s: &a {a: x}\nt: {<<: *a, b: y}\ncondition: s and t", `(and a="x" (and b="y" a="x"))`},
		{"s: &a {a: x}\nt: *a\ncondition: s and t", `(and a="x" a="x")`},
	} {
		r, _ := loadOne(t, c.detection, LoadOptions{})
		if got := sexpr(r.Detection); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.detection, got, c.want)
		}
	}
}

func TestConditions(t *testing.T) {
	const selections = "sel_a: {f: a}\nsel_b: {f: b}\nfilter_x: {f: x}\n_hidden: {f: h}\nand_more: {f: m}\n"
	names := strings.NewReplacer(`f="a"`, "a", `f="b"`, "b", `f="x"`, "x", `f="h"`, "h", `f="m"`, "m")
	for _, c := range []struct{ condition, want string }{
		{`sel_a`, `a`},
		{`sel_a or sel_b and filter_x`, `(or a (and b x))`},
		{`sel_a and sel_b or filter_x`, `(or (and a b) x)`},
		{`not sel_a and sel_b`, `(and (not a) b)`},
		{`not (sel_a and sel_b)`, `(not (and a b))`},
		{`not not sel_a`, `(not (not a))`},
		{`sel_a AND NOT sel_b`, `(and a (not b))`},
		{`(sel_a or sel_b) and filter_x`, `(and (or a b) x)`},
		{`((sel_a))`, `a`},
		{`(sel_a)and(sel_b)`, `(and a b)`},
		{`and_more`, `m`},
		{`1 of sel_*`, `(or a b)`},
		{`any of sel_*`, `(or a b)`},
		{`all of sel_*`, `(and a b)`},
		{`1 of them`, `(or a b x m)`},
		{`all of them`, `(and a b x m)`},
		{`1 of *_a`, `a`},
		{`1 of s*_b`, `b`},
		{`1 of *e*`, `(or a b x m)`},
		{`1 of _*`, `h`},
		{`_hidden`, `h`},
		{`all of sel_a`, `a`},
		{`not 1 of sel_*`, `(not (or a b))`},
		{`sel_a and not 1 of filter_*`, `(and a (not x))`},
		{`1 of sel_* and filter_x`, `(and (or a b) x)`},
		{`2 of them`, `(or (and a b) (and a x) (and a m) (and b x) (and b m) (and x m))`},
		{`4 of them`, `(and a b x m)`},
		{`[sel_a, sel_b and filter_x]`, `(or a (and b x))`},
		{"\n  sel_a and\n  (\n    sel_b\n  )", `(and a b)`},
		{">\n  sel_a\n  or sel_b", `(or a b)`},
	} {
		r, _ := loadOne(t, selections+"condition: "+c.condition, LoadOptions{})
		if got := names.Replace(sexpr(r.Detection)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.condition, got, c.want)
		}
	}
}

func TestBy(t *testing.T) {
	for _, c := range []struct{ detection, want string }{
		{"s: {CommandLine|contains: ' -enc '}\ncondition: s", `CommandLine|contains: ' -enc '`},
		{"s: {a: \"it's\"}\ncondition: s", `a: 'it''s'`},
		{"s: {a: 0x10}\ncondition: s", `a: 0x10`},
		{"s: {a: null}\ncondition: s", `a: null`},
		{"s: [x]\ncondition: s", `keyword: 'x'`},
		{"s: {'|all': [x, y]}\ncondition: s", `keyword|all: 'x'`},
		{"s: {a|windash: '-x'}\ncondition: s", `a|windash: '-x'`},
		{"s: {a|re|i: 'x'}\ncondition: s", `a|re|i: 'x'`},
	} {
		r, _ := loadOne(t, c.detection, LoadOptions{})
		var first *Predicate
		testsOf(r.Detection, func(p *Predicate) {
			if first == nil {
				first = p
			}
		})
		if first.By != c.want {
			t.Errorf("%s: got %s, want %s", c.detection, first.By, c.want)
		}
		if first.Pos.Line != 5 || first.Pos.Col == 0 || first.Pos.File != "t.yml" {
			t.Errorf("%s: at %+v", c.detection, first.Pos)
		}
	}
}

// TestPatternString checks that a Pattern, written out and read again, is the same.
func TestPatternString(t *testing.T) {
	for _, s := range []string{
		``, `*`, `?`, `a*b`, `\*`, `\\*`, `\\\*`, `\\\\*`, `a\b`, `a\\b`, `\`, `x\`, `\\`, `\\\`, `a\\\\\*?`, `**?`, `*\?`,
	} {
		p := ParsePattern(s)
		if q := ParsePattern(p.String()); !slices.Equal(p, q) {
			t.Errorf("%s: %v, written %s, is read as %v", s, p, p.String(), q)
		}
	}
}
