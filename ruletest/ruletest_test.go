package ruletest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

func TestParseRuleTestsMistakes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "t.yml:1:1: error: the file holds no test"},
		{"comment", "# nothing\n", "t.yml:1:1: error: the file holds no test"},
		{"a map", "name: a\n", "t.yml:1:1: error: tests must be a list of cases, not a map"},
		{"no case", "- a\n", "t.yml:1:3: error: a case must be a map with name, events or lines, and match or hits, not a single value"},
		{"syntax", "- name: [a\n", "error: not valid YAML: "},
		{"two documents", "- {name: a, lines: x, hits: 0}\n---\n- {name: b, lines: x, hits: 0}\n", "error: the file has a second YAML document"},
		{"broken second", "- {name: a, lines: x, hits: 0}\n---\n- [\n", "error: not valid YAML"},
		{"nothing asked", "- {name: a, lines: x}\n", "error: the case has neither match nor hits: nothing to expect"},
		{"both asked", "- {name: a, lines: x, match: true, hits: 2}\n", "t.yml:1:36: error: the case has both match and hits"},
		{"both given", "- {name: a, lines: x, events: [{a: 1}], hits: 2}\n", "error: the case has both events and lines"},
		{"nothing given", "- {name: a, hits: 2}\n", "error: the case has neither events nor lines"},
		{"no name", "- {lines: x, hits: 2}\n", "error: the case has no name"},
		{"same name", "- {name: a, lines: x, hits: 2}\n- {name: a, lines: x, hits: 1}\n", "t.yml:2:3: error: the name \"a\" is that of the case in line 1"},
		{"negative", "- {name: a, lines: x, hits: -2}\n", "t.yml:1:29: error: hits must be a whole number, 0 or more"},
		{"match", "- {name: a, lines: x, match: yes}\n", "error: match must be true or false"},
		{"twice", "- {name: a, lines: x, hits: 1, hits: 2}\n", "twice"},
		{"unknown", "- {name: a, lines: x, hits: 1, titel: 2}\n", "t.yml:1:32: error: unknown key \"titel\""},
		{"format", "- {name: a, events: [{a: 1}], format: json, hits: 1}\n", "error: format is of lines"},
		{"source", "- {name: a, lines: x, logsource: {product: windows}, hits: 1}\n", "error: logsource is of events"},
		{"source key", "- {name: a, events: [{a: 1}], logsource: {produkt: windows}, hits: 1}\n", "error: unknown key \"produkt\""},
		{"no source", "- {name: a, events: [{a: 1}], logsource: {}, hits: 1}\n", "error: logsource must be a map"},
		{"no lines", "- {name: a, lines: [], hits: 1}\n", "error: lines must be a list of records, not an empty one"},
		{"odd line", "- {name: a, lines: [{a: 1}], hits: 1}\n", "error: a line must be text, not a map"},
		{"no events", "- {name: a, events: , hits: 1}\n", "error: events must be a list of maps, not nothing"},
		{"odd event", "- {name: a, events: [7], hits: 1}\n", "error: an event must be a map of fields, not a single value"},
		{"time", "- {name: a, events: [{time: noon}], hits: 1}\n", "t.yml:1:29: error: time must be a time as RFC 3339 writes it"},
		{"early", "- {name: a, events: [{time: '1000-01-01T00:00:00Z'}], hits: 1}\n", "error: time must be"},
		{"repeat", "- {name: a, lines: [{repeat: many, line: x}], hits: 1}\n", "t.yml:1:30: error: this must be a whole number from 1 to 100000"},
		{"repeat nothing", "- {name: a, lines: [{repeat: 2}], hits: 1}\n", "error: a line must be text, not a map"},
		{"repeat lines in time", "- {name: a, lines: [{repeat: 2, every: 1s, line: x}], hits: 1}\n", "error: unknown key \"every\""},
		{"repeat for ever", "- {name: a, events: [{repeat: 2, every: 9h, event: {a: 1}}], hits: 1}\n", "error: every must be a time span, at most an hour"},
		{"repeat too much", "- name: a\n  hits: 1\n  lines:\n" + strings.Repeat("    - {repeat: 100000, line: x}\n", 6), "error: the file is too large"},
		{"repeat too many", "- name: a\n  hits: 1\n  events:\n" + strings.Repeat("    - {repeat: 100000, event: {a: 1}}\n", 6), "error: the file is too large"},
		{"bomb", "- name: a\n  hits: 0\n  events:\n  - a: &a [x, x, x, x, x, x, x, x, x, x]\n    b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n    c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n    d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n    e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n    f: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n", "error: " + tooDeep},
	} {
		t.Run(c.name, func(t *testing.T) {
			tests, diags := Parse("t.yml", []byte(c.text))
			var told []string
			for _, d := range diags {
				told = append(told, d.String())
			}
			if all := strings.Join(told, "\n"); !strings.Contains(all, c.want) {
				t.Errorf("told %q, want %q", all, c.want)
			}
			if len(tests) > 1 {
				t.Errorf("%d cases are used", len(tests))
			}
		})
	}
}

func TestParseRuleTests(t *testing.T) {
	tests, diags := Parse("t.yml", []byte(`
- name: fields
  rule: r
  logsource: {product: Windows, service: security}
  events:
    - {time: '2026-11-21T02:11:00Z', n: 4732, f: 1.5, t: text, b: true, z: , l: [1, a, {k: v}], o: {p: {q: 2}}, s: '7', h: 0x10}
  match: true
- name: lines
  format: syslog
  lines: [a, 'b: c']
  hits: 3
- {name: none, lines: "one\ntwo", match: false}
`))
	if len(diags) > 0 || len(tests) != 3 {
		t.Fatalf("%d cases, %v", len(tests), diags)
	}
	a, b, c := tests[0], tests[1], tests[2]
	if a.Rule != "r" || a.LogSource != (event.LogSource{Product: "windows", Service: "security"}) || !a.AtLeast || a.Hits != 1 || a.Want() != "at least 1 hit" || a.Pos.Line != 2 {
		t.Errorf("the first case is %+v", a)
	}
	var e []string
	for i, n := range a.Events[0].Names {
		e = append(e, n+"="+string(a.Events[0].Values[i].AppendJSON(nil)))
	}
	want := `time="2026-11-21T02:11:00Z" n=4732 f=1.5 t="text" b=true z=null l=[1,"a",{"k":"v"}] o={"p":{"q":2}} s="7" h="0x10"`
	if got := strings.Join(e, " "); got != want {
		t.Errorf("the event is\n %s, want\n %s", got, want)
	}
	if a.Events[0].Time != 1795227060*1e9 || a.Events[0].Pos.Line != 6 {
		t.Errorf("time %d, place %v", a.Events[0].Time, a.Events[0].Pos)
	}
	if b.Format != "syslog" || b.Lines != "a\nb: c\n" || b.AtLeast || b.Want() != "3 hits" {
		t.Errorf("the second case is %+v", b)
	}
	if c.Lines != "one\ntwo" || c.Want() != "no hit" {
		t.Errorf("the third case is %+v", c)
	}
}

func TestParseRepeat(t *testing.T) {
	tests, diags := Parse("t.yml", []byte(`
- name: events
  events:
    - {a: '{n}'}
    - {repeat: 3, every: 90s, event: {time: '2026-11-21T02:11:00+01:00', a: 'x{n}-{nn}', b: 7, c: ['{n}']}}
    - {repeat: 2, from: 9, event: {repeat: 4, a: '{nnn}'}}
  hits: 0
- name: lines
  lines:
    - one {n}
    - {repeat: 2, from: 59, line: '02:{nn} {n}'}
  hits: 0
`))
	if len(diags) > 0 || len(tests) != 2 {
		t.Fatalf("%d cases, %v", len(tests), diags)
	}
	var got strings.Builder
	for _, e := range tests[0].Events {
		for i, n := range e.Names {
			got.WriteString(n + "=" + string(e.Values[i].AppendJSON(nil)) + " ")
		}
		if e.Time != 0 {
			fmt.Fprint(&got, (e.Time-1795223460*1e9)/1e9)
		}
		got.WriteString("\n")
	}
	want := `a="{n}" ` + `
time="2026-11-21T01:11:00Z" a="x0-00" b=7 c=["0"] 0
time="2026-11-21T01:12:30Z" a="x1-01" b=7 c=["1"] 90
time="2026-11-21T01:14:00Z" a="x2-02" b=7 c=["2"] 180
repeat=4 a="009" ` + `
repeat=4 a="010" ` + `
`
	if got.String() != want {
		t.Errorf("the events are\n%s, want\n%s", got.String(), want)
	}
	if want := "one {n}\n02:59 59\n02:60 60\n"; tests[1].Lines != want {
		t.Errorf("the lines are\n%s, want\n%s", tests[1].Lines, want)
	}
}

// bench makes a bench of one file of rules; its lines are read as one event each, with the field "message".
func bench(tb testing.TB, rules string) *Bench {
	tb.Helper()
	list, diags := sigma.Load("r.yml", []byte(rules), sigma.LoadOptions{})
	c, more := sigma.Collect(list)
	for _, d := range append(diags, more...) {
		if d.Severity == sigma.Error {
			tb.Fatal(d.Format())
		}
	}
	return &Bench{Rules: c, Sources: sigma.BuiltinLogSources(), Read: func(format, lines string, out *event.Batch) error {
		if format == "odd" {
			return errors.New("odd is not known")
		}
		o := &event.Origin{Path: "test", Format: "text"}
		shape := event.NewShape(&event.Format{Name: "text"}, "message")
		for l := range strings.Lines(lines) {
			if strings.TrimSpace(l) == "" {
				continue
			}
			if strings.TrimSpace(l) == "BAD" {
				out.Fail(o, 0, "bad")
				continue
			}
			e := out.Add(shape)
			e.Values[0], e.Raw, e.Origin, e.Record = event.Value{Raw: strings.TrimSpace(l), Kind: event.Text}, strings.TrimSpace(l), o, int64(len(out.Events))
		}
		return nil
	}}
}

const doors = `title: Door
name: door
logsource: {product: vault}
detection:
  s: {what: open}
  f: {who: guard}
  condition: s and not f
---
title: Many
id: 22222222-0000-4000-8000-000000000002
correlation:
  type: event_count
  rules: [door]
  group-by: [who]
  timespan: 10s
  condition: {gte: 3}
`

func TestTestBench(t *testing.T) {
	const process = "title: P\nlogsource: {product: windows, category: process_creation}\ndetection:\n  s: {Image|endswith: '\\x.exe'}\n  condition: s\n"
	const keyword = "title: K\nlogsource: {product: vault}\ndetection:\n  k: ['alarm']\n  condition: k\n"
	const old = "title: O\nlogsource: {product: vault}\ndetection:\n  s: {what: open}\n  timeframe: 1m\n  condition: s | count() by who > 1\n"
	for _, c := range []struct {
		name, rules, test string
		rule              string // whose hits count
		hits              int
		why               []string // of a failure; nil: it passes
	}{
		{"a part", doors, "rule: door, events: [{what: open, who: kim}], match: true", "Door", 1, nil},
		{"by title", doors, "rule: MANY, events: [{what: open, who: kim}], hits: 0", "Many", 0, nil},
		{"by id", doors, "rule: 22222222-0000-4000-8000-000000000002, events: [{what: open}], hits: 0", "Many", 0, nil},
		{"a second apart", doors, "events: [{what: open, who: kim}, {what: open, who: kim}, {what: open, who: kim}], hits: 1", "Many", 1, nil},
		{
			"too far apart", doors,
			"events: [{what: open, who: kim, time: '2026-01-01T00:00:00Z'}, {what: open, who: kim, time: '2026-01-01T01:00:00Z'}, {what: open, who: kim}], match: true",
			"Many", 0,
			[]string{"Many: the condition is event_count gte 3 in 10s by who", "  door: 3 hits in 3 events"},
		},
		{
			"part misses", doors, "events: [{what: open, who: guard}], match: true",
			"Many", 0,
			[]string{"  door: no hit in 1 event", "      not who: 'guard' — the event has who = 'guard'"},
		},
		{
			"no group", doors, "events: [{what: open}, {what: open}, {what: open}], match: true",
			"Many", 0,
			[]string{"3 times an event was left out of a correlation because it lacks a field to group by"},
		},
		{"an old aggregation", old, "events: [{what: open, who: kim}, {what: open, who: kim}], match: true", "O", 1, nil},
		{"as Sysmon", process, "events: [{Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\\x.exe'}], hits: 1", "P", 1, nil},
		{"as Security", process, "events: [{Channel: Security, EventID: 4688, NewProcessName: 'C:\\x.exe'}], hits: 1", "P", 1, nil},
		{"another id", process, "events: [{Channel: Security, EventID: 4689, NewProcessName: 'C:\\x.exe'}], hits: 0", "P", 0, nil},
		{"without a channel", process, "events: [{Image: 'C:\\x.exe'}], hits: 1", "P", 1, nil},
		{
			"renamed in the reason", process, "events: [{Channel: Security, EventID: 4688, NewProcessName: 'C:\\y.exe'}], hits: 1", "P", 0,
			[]string{`Image|endswith: '\x.exe' — the event has NewProcessName = 'C:\y.exe'`},
		},
		{
			"no field", process, "events: [{Channel: Security, EventID: 4688}], hits: 1", "P", 0,
			[]string{`Image|endswith: '\x.exe' — the event has no NewProcessName`},
		},
		{
			"another log", process, "events: [{Channel: Application, EventID: 1}], hits: 1", "P", 0,
			[]string{"the rule is about product windows, category process_creation; the events are of product windows"},
		},
		{"lines", keyword, "lines: [an Alarm, none], rule: K, hits: 1", "K", 1, nil},
		{"keyword", keyword, "lines: [none], match: true", "K", 0, []string{"keyword: 'alarm' — the event is 'none'"}},
		{"unexpected", keyword, "lines: [an alarm], match: false", "K", 1, []string{"hit by line 1 of the case's lines:", "keyword: 'alarm' — the event"}},
		{"too many", keyword, "lines: [alarm, alarm, alarm, alarm, alarm], hits: 1", "K", 5, []string{"and 2 hits more"}},
		{"too few", keyword, "lines: [alarm], hits: 2", "K", 1, []string{"1 event, and each is a hit"}},
		{"no event", keyword, "lines: \"\\n\", match: true", "K", 0, []string{"the case has no event"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bench(t, c.rules)
			tests, diags := Parse("r.test.yml", []byte("- {name: a, "+c.test+"}\n"))
			for _, d := range diags {
				t.Fatal(d.Format())
			}
			rule, err := b.Target("r.yml", &tests[0])
			if err != nil {
				t.Fatal(err)
			}
			res, err := b.Run(rule, &tests[0])
			if err != nil {
				t.Fatal(err)
			}
			if rule.Title != c.rule || res.Hits != c.hits || res.Passed != (c.why == nil) {
				t.Errorf("%d hits of %q, passed: %v", res.Hits, rule.Title, res.Passed)
			}
			why := strings.Join(res.Why, "\n")
			for _, w := range c.why {
				if !strings.Contains(why, w) {
					t.Errorf("the reasons are\n%s\nwithout %q", why, w)
				}
			}
		})
	}
}

func TestTestBenchErrors(t *testing.T) {
	two := strings.Replace(doors, "rules: [door]", "rules: [door, gate]", 1) +
		"---\ntitle: Gate\nname: gate\nlogsource: {product: yard}\ndetection:\n  s: {what: open}\n  condition: s\n"
	for _, c := range []struct{ name, test, want string }{
		{"format", "format: odd, lines: [x]", "odd is not known"},
		{"unread", "lines: [BAD]", "cannot be read as any format: bad"},
		{"several logs", "events: [{what: open}]", `must state its logsource: "Many"`},
		{"nobody", "rule: nobody, lines: [x]", `"nobody"`},
	} {
		b := bench(t, two)
		tests, diags := Parse("r.test.yml", []byte("- {name: a, hits: 0, "+c.test+"}\n"))
		if len(diags) > 0 {
			t.Fatal(diags[0].Format())
		}
		rule, err := b.Target("r.yml", &tests[0])
		if err == nil {
			_, err = b.Run(rule, &tests[0])
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := bench(t, doors).Target("other.yml", &Test{}); err == nil {
		t.Error("a file without rules has a target")
	}
}

func FuzzParseRuleTests(f *testing.F) {
	f.Add([]byte("- name: a\n  events:\n    - {a: 1, b: [x, {c: d}], time: '2026-01-01T00:00:00Z'}\n  hits: 1\n"))
	f.Add([]byte("- name: a\n  lines: [x]\n  format: syslog\n  match: true\n- &a\n  name: *a\n"))
	f.Add([]byte("- {name: a, logsource: {product: vault}, events: [{what: open, who: kim}], rule: door, match: false}\n---\n"))
	f.Add([]byte("- name: a\n  events:\n    - {repeat: 5, every: 1s, from: 3, event: {what: open, who: 'kim{nn}', time: '2026-01-01T00:00:00Z'}}\n  hits: 1\n"))
	b := bench(f, doors)
	f.Fuzz(func(t *testing.T, data []byte) {
		tests, diags := Parse("t.yml", data)
		if len(tests) == 0 && len(diags) == 0 && len(strings.TrimSpace(string(data))) > 0 && strings.TrimSpace(string(data)) != "[]" {
			t.Log("neither cases nor mistakes")
		}
		for _, d := range diags {
			if d.Message == "" || strings.Contains(d.Message, "\n") {
				t.Errorf("message %q", d.Message)
			}
			d.Format()
		}
		for i := range tests[:min(len(tests), 4)] {
			rule, err := b.Target("r.yml", &tests[i])
			if err != nil || len(tests[i].Events)+len(tests[i].Lines) > 1<<16 { // what is repeated most takes long
				continue
			}
			if res, err := b.Run(rule, &tests[i]); err == nil && !res.Passed && len(res.Why) == 0 {
				t.Errorf("case %q did not pass, without a reason", tests[i].Name)
			}
		}
	})
}
