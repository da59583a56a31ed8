package prevent_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/prevent"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/ruletest"
	"github.com/tocsin-sec/tocsin/sigma"
)

// read reads lines as in real life.
func read(tb testing.TB, lines ...string) []event.Event {
	tb.Helper()
	var b event.Batch
	if err := rules.ReadLines("", strings.Join(lines, "\n")+"\n", &b); err != nil {
		tb.Fatal(err)
	}
	if len(b.Events) != len(lines) {
		tb.Fatalf("%d events of %d lines", len(b.Events), len(lines))
	}
	return b.Events
}

// draft drafts rules, and runs the tests that come with them.
func draft(tb testing.TB, c *prevent.Case) []prevent.Rule {
	tb.Helper()
	c.Sources, c.Read = sigma.BuiltinLogSources(), rules.ReadLines
	if c.Key == "" {
		c.Key, c.Title, c.Sentence, c.Author, c.Level = "0123456789abcdef", "A break-in", "On web1.", "anna", "high"
	}
	c.Day = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	list, err := prevent.Rules(c)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range list {
		check(tb, &list[i])
	}
	return list
}

// check loads a drafted rule, and runs its tests.
func check(tb testing.TB, r *prevent.Rule) {
	tb.Helper()
	loaded, diags := sigma.Load(r.Name+".yml", []byte(r.Text), sigma.LoadOptions{})
	for _, d := range diags {
		tb.Errorf("%s\n%s", d.Format(), r.Text)
	}
	set, diags := sigma.Collect(loaded)
	if len(loaded) != 1 || len(diags) > 0 {
		tb.Fatalf("%d rules, %v\n%s", len(loaded), diags, r.Text)
	}
	tests, diags := ruletest.Parse("x.test.yml", []byte(r.Tests))
	for _, d := range diags {
		tb.Errorf("%s\n%s", d.Format(), r.Tests)
	}
	bench := &ruletest.Bench{Rules: set, Sources: sigma.BuiltinLogSources(), Read: rules.ReadLines}
	for i := range tests {
		res, err := bench.Run(set.Rules[0], &tests[i])
		if err != nil || !res.Passed {
			tb.Errorf("%s: %v %+v\n%s\n%s", tests[i].Name, err, res, r.Text, r.Tests)
		}
	}
	if len(tests) == 0 {
		tb.Error("no test")
	}
}

// hits tells whether a rule describes events.
func hits(tb testing.TB, r *prevent.Rule, events []event.Event) (n int) {
	tb.Helper()
	loaded, _ := sigma.Load("x.yml", []byte(r.Text), sigma.LoadOptions{})
	m := sigma.Compile(loaded, sigma.BuiltinLogSources()).NewMatcher()
	for i := range events {
		if len(m.Match(&events[i])) > 0 {
			n++
		}
	}
	return n
}

func guess(user, ip string, port int) string {
	return fmt.Sprintf("Nov 21 03:00:00 web1 sshd[980]: Failed password for %s from %s port %d ssh2", user, ip, port)
}

func TestRules(t *testing.T) {
	access := func(ip, path, agent string) string {
		return fmt.Sprintf(`%s - - [21/Nov/2026:03:00:00 +0000] "GET %s HTTP/1.1" 200 512 "-" "%s"`, ip, path, agent)
	}
	logon := func(channel, id, image, line, user string) string {
		return fmt.Sprintf(`{"Channel":%q,"Provider_Name":"Microsoft-Windows-Sysmon","EventID":%s,"Computer":"pc1","UtcTime":"2026-11-21 03:00:00","Image":%q,"CommandLine":%q,"User":%q,"ProcessId":4711}`, channel, id, image, line, user)
	}
	const sysmon = "Microsoft-Windows-Sysmon/Operational"
	tests := map[string]struct {
		events, near, again, other []string
		names                      []string
		has, hasNot                string
	}{
		"guessing: nothing but the address tells it": {
			events: []string{guess("root", "203.0.113.9", 4180), guess("deploy", "203.0.113.9", 4181)},
			near:   []string{guess("anna", "192.0.2.7", 5000)},
			again:  []string{guess("maria", "203.0.113.9", 999)}, other: []string{guess("root", "198.51.100.1", 4180)},
			has: "203.0.113.9", hasNot: "deploy",
		},
		"a web request: what was asked for": {
			events: []string{access("203.0.113.9", "/cgi/shell.cgi?cmd=id", "kit/1.0"), access("203.0.113.9", "/cgi/shell.cgi?cmd=ls", "kit/1.0")},
			near:   []string{access("192.0.2.7", "/index.html", "Mozilla/5.0"), access("192.0.2.7", "/cgi/list.cgi", "Mozilla/5.0")},
			again:  []string{access("198.51.100.3", "/cgi/shell.cgi?cmd=id", "kit/1.0")},
			other:  []string{access("203.0.113.9", "/index.html", "Mozilla/5.0")},
			has:    "shell.cgi", hasNot: "203.0.113.9",
		},
		"a program on Windows": {
			events: []string{logon(sysmon, "1", `C:\Users\anna\AppData\kit.exe`, `kit.exe --steal C:\Users\anna\*.kdbx`, `CORP\anna`)},
			near:   []string{logon(sysmon, "1", `C:\Windows\notepad.exe`, `notepad.exe C:\x.txt`, `CORP\eva`)},
			again:  []string{logon(sysmon, "1", `C:\Users\maria\AppData\kit.exe`, `kit.exe --steal C:\Users\maria\*.kdbx`, `CORP\maria`)},
			other:  []string{logon(sysmon, "1", `C:\Windows\notepad.exe`, `notepad.exe kit.exe`, `CORP\anna`)},
			names:  []string{`CORP\anna`, "pc1"}, has: "kit.exe --steal", hasNot: "anna",
		},
		"a line of text": {
			events: []string{"Nov 21 03:02:00 web1 app[99]: payment 4711 of deploy was sent to a stranger", "Nov 21 03:02:00 web1 app[99]: payment 88 of anna was sent to a stranger"},
			near:   []string{"Nov 21 03:02:00 web1 app[99]: payment 4 of anna was sent to a friend"},
			again:  []string{"Nov 22 03:02:00 web7 app[1]: payment 5 of maria was sent to a stranger"},
			other:  []string{"Nov 22 03:02:00 web7 app[1]: payment 5 of maria was sent to a friend"},
			has:    "was sent to a stranger", hasNot: "web1",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := &prevent.Case{Events: read(t, tt.events...), Near: read(t, tt.near...), Names: tt.names}
			list := draft(t, c)
			if len(list) != 1 {
				t.Fatalf("%d rules", len(list))
			}
			r := &list[0]
			_, detection, _ := strings.Cut(r.Text, "detection:")
			if r.Covered != len(tt.events) || r.Remain != 0 || hits(t, r, read(t, tt.again...)) != len(tt.again) || hits(t, r, read(t, tt.other...)) != 0 {
				t.Errorf("covers %d, remain %d\n%s", r.Covered, r.Remain, r.Text)
			}
			if !strings.Contains(detection, tt.has) || strings.Contains(detection, tt.hasNot) {
				t.Errorf("%q is not there, or %q is:\n%s", tt.has, tt.hasNot, detection)
			}
		})
	}
}

// What cannot be told from ordinary events is left out, and said.
func TestOrdinaryLeftOut(t *testing.T) {
	ok := "Nov 21 03:01:20 web1 sshd[1823]: Accepted password for deploy from 192.0.2.9 port 4913 ssh2"
	c := &prevent.Case{Events: read(t, ok, guess("root", "203.0.113.9", 4180)), Near: read(t, ok)}
	list := draft(t, c)
	if len(list) != 1 || list[0].Covered != 1 || list[0].Remain != 0 || len(list[0].Notes) == 0 {
		t.Fatalf("%+v", list)
	}
	c = &prevent.Case{Events: read(t, ok), Near: read(t, ok)}
	if list = draft(t, c); len(list) != 1 || list[0].Remain != 1 || !strings.Contains(strings.Join(list[0].Notes, " "), "described, too") {
		t.Fatalf("%+v", list)
	}
}

var hostile = []string{
	"'; rm -rf / #", "\"quoted\" \\ back\\\\slash", "a: b\n- c: d\n---\ntitle: x", "$(touch /tmp/x) `id`", "*?*\\*", "\x00\x01\x1b[31m\x7f", "\xff\xfe broken \xc3", "& *alias !tag %x @y",
	"\u2028\u2029\ufeff\u0085 \U0001f514", "null", "~", "0x1F", "1e9", "%placeholder%", strings.Repeat("long words and ", 4400), strings.Repeat("\xff", 64<<10), "../../etc/passwd", "", " ", "{[", "'", "''", "|", ">",
	"203.0.113.999",
}

// Whatever stands in a field, the YAML is one rule with its tests, and the name of its file is one.
func TestHostile(t *testing.T) {
	f := &event.Format{Name: "shop\n../x'\"", LogSource: event.LogSource{Product: "shop"}}
	s := event.NewShape(f, "event.action", "process.command_line", "url.path", "source.ip", "user.name", "odd field: |x", "\xff\n")
	for i, h := range hostile {
		for _, kind := range []event.Kind{event.Text, event.List, event.Object} {
			e := event.Event{Shape: s, Origin: &event.Origin{Path: h, Format: "kept"}, Raw: h, Record: 1}
			for range s.Fields() {
				e.Values = append(e.Values, event.Value{Raw: h, Kind: kind})
			}
			e.Values[0] = event.Value{Raw: "did " + h, Kind: event.Text}
			near := e.Clone()
			near.Values[2] = event.Value{Raw: "/other", Kind: event.Text}
			c := &prevent.Case{
				Key: h, Title: h, Sentence: h, Author: h, Level: h, Tags: []string{h, "attack.t1110"}, Names: []string{h},
				Events: []event.Event{e}, Near: []event.Event{near},
			}
			for _, r := range draft(t, c) {
				if strings.ContainsAny(r.Name, "/\\. \n") || len(r.Name) > 120 || len(r.Text) > 64<<10 {
					t.Errorf("%d: name %q, %d bytes", i, r.Name, len(r.Text))
				}
			}
		}
	}
}

func FuzzRules(f *testing.F) {
	for _, h := range hostile {
		f.Add(h, h, "deploy")
	}
	format := &event.Format{Name: "shop", LogSource: event.LogSource{Product: "shop"}}
	s := event.NewShape(format, "event.action", "process.command_line", "message")
	f.Fuzz(func(t *testing.T, a, b, name string) {
		mk := func(v string) event.Event {
			return event.Event{Shape: s, Origin: &event.Origin{}, Values: []event.Value{{Raw: "did", Kind: event.Text}, {Raw: v, Kind: event.Text}, {Raw: v, Kind: event.Text}}}
		}
		draft(t, &prevent.Case{Events: []event.Event{mk(a), mk(b)}, Near: []event.Event{mk(name)}, Names: []string{name}})
	})
}

func TestExceptions(t *testing.T) {
	hit := func(user, host, ip, line string) prevent.FalseHit {
		return prevent.FalseHit{
			Hit: alert.Hit{
				RuleID: "r1", Users: []string{user}, Hosts: []string{host}, Sources: []string{ip}, Addresses: []string{ip},
				Field: func(n string) []string {
					if n == "process.command_line" {
						return []string{line}
					}
					return nil
				},
			}, Fields: []string{"process.command_line", "process.pid"},
		}
	}
	list := prevent.Exceptions([]prevent.FalseHit{hit("backup", "nas", "192.0.2.1", "tar cf x"), hit("backup", "nas", "192.0.2.2", "tar cf x")},
		[]alert.Hit{hit("backup", "nas", "192.0.2.1", "curl evil").Hit}, "nightly", "anna")
	if len(list) != 1 {
		t.Fatal(list)
	}
	var text []string
	for _, m := range list[0].Matchers {
		text = append(text, m.String())
	}
	if got, want := strings.Join(text, " "), "rule=r1 user=backup host=nas process.command_line=tar cf x"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	bad := hit("backup", "nas", "192.0.2.1", "curl evil").Hit
	if list[0].Hides(&bad) || list[0].Check() != nil {
		t.Errorf("hides what was malicious, or %v", list[0].Check())
	}
	for _, h := range hostile {
		for _, s := range prevent.Exceptions([]prevent.FalseHit{hit(h, h, h, h)}, nil, h, h) {
			if err := s.Check(); err != nil {
				t.Errorf("%.40q: %v", h, err)
			}
		}
	}
}

// Many addresses of few networks are the networks.
func TestManyAddresses(t *testing.T) {
	var lines []string
	for i := range 40 {
		a := netip.AddrFrom4([4]byte{203, 0, 113, byte(i + 1)})
		lines = append(lines, guess("root", a.String(), 4000+i))
	}
	list := draft(t, &prevent.Case{Events: read(t, lines...), Near: read(t, guess("anna", "192.0.2.7", 5000))})
	if len(list) != 1 || !strings.Contains(list[0].Text, "'source.ip|cidr': '203.0.113.0/24'") || list[0].Covered != 40 {
		t.Fatalf("%+v", list)
	}
}
