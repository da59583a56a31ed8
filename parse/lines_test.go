package parse

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// textFormats are the formats of one record a line and the tables.
var textFormats = []*Format{Syslog, Auditd, Access, ErrorLog, Text, CSV, W3C, ZeekTSV, Journal}

func TestExamplesAreRecognised(t *testing.T) {
	for _, f := range Formats {
		got := Recognise(Formats, f.Example)
		if got != f {
			t.Errorf("the example of %s is taken for %v", f.Name, got.Name)
		}
	}
}

func TestBinaryIsNoText(t *testing.T) {
	data := strings.Repeat("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00", 100)
	for _, f := range textFormats {
		if s := f.Detect(data); s != 0 {
			t.Errorf("%s: %d for binary data", f.Name, s)
		}
		if s := f.Detect(""); s != 0 {
			t.Errorf("%s: %d for nothing", f.Name, s)
		}
	}
}

// TestAnyCut checks that where a stream is cut into blocks makes no difference.
func TestAnyCut(t *testing.T) {
	texts := map[*Format]string{
		Text:   Text.Example + Syslog.Example + Access.Example + ErrorLog.Example + "{\"a\":1}\n" + Auditd.Example,
		Auditd: Auditd.Example + mixedAudit + Auditd.Example,
		W3C:    W3C.Example + W3C.Example,
	}
	for _, f := range serverFormats() {
		texts[Text] += f.Example
	}
	for _, f := range textFormats {
		text := f.Example
		if texts[f] != "" {
			text = texts[f]
		}
		want := dump(splitParse(t, f, text, len(text)+1))
		for step := 1; step <= len(text); step++ {
			if got := dump(splitParse(t, f, text, step)); got != want {
				t.Fatalf("%s, blocks from %d bytes:\n%s\nin one:\n%s", f.Name, step, got, want)
			}
		}
		end := strings.TrimRight(text, "\n")
		if got := dump(splitParse(t, f, end, len(end)+1)); got != want {
			t.Errorf("%s without the last newline:\n%s\nwith:\n%s", f.Name, got, want)
		}
	}
}

// TestAnyCutOfMuch does the same with blocks as large as real ones, where the window of the audit cut is smaller.
func TestAnyCutOfMuch(t *testing.T) {
	var b strings.Builder
	for i := range 6000 {
		id := strings.Repeat("7", 6) + string(rune('0'+i%10)) + string(rune('0'+i/10%10)) + string(rune('0'+i/100%10)) + string(rune('0'+i/1000))
		b.WriteString("type=SYSCALL msg=audit(1709456364.120:" + id + "): arch=c000003e syscall=59 success=yes pid=1\n")
		if i%3 == 0 {
			b.WriteString("Mar  3 09:12:44 gate sshd[812]: Connection closed by 203.0.113.7 port 50122\n")
		}
		if i%5 == 0 {
			b.WriteString("type=EXECVE msg=audit(1709456364.120:" + id + "): argc=1 a0=\"x\"\n")
		}
	}
	text := b.String()
	whole := splitParse(t, Auditd, text, len(text)+1)
	want := dump(whole)
	if len(whole.Events) != 6000+2000 {
		t.Errorf("%d events", len(whole.Events))
	}
	for _, step := range []int{1 << 12, 1 << 16, 1<<17 + 11, 200_000} {
		if dump(splitParse(t, Auditd, text, step)) != want {
			t.Errorf("blocks of %d bytes give other events", step)
		}
	}
}

// mixedAudit is two events whose records are mixed, with a line of something else between them.
const mixedAudit = "type=SYSCALL msg=audit(1709456366.000:801): arch=c000003e syscall=42 success=no exit=-111 pid=5 uid=33 comm=\"curl\" exe=\"/usr/bin/curl\" key=(null)\n" +
	"type=SYSCALL msg=audit(1709456366.000:802): arch=c000003e syscall=59 success=yes exit=0 pid=6 uid=0 comm=\"sh\" exe=\"/bin/sh\" key=(null)\n" +
	"type=SOCKADDR msg=audit(1709456366.000:801): saddr=020001BBC633640A0000000000000000\n" +
	"this is no record\n" +
	"type=EXECVE msg=audit(1709456366.000:802): argc=3 a0=\"sh\" a1=\"-c\" a2=6964203E202F746D702F78\n"

func TestMixedAuditRecords(t *testing.T) {
	events := parseAll(Auditd, mixedAudit)
	if len(events) != 3 {
		t.Fatalf("%d events", len(events))
	}
	for i, want := range []map[string]string{
		{"type": `["SYSCALL","SOCKADDR"]`, "SYSCALL": "connect", "destination.ip": "198.51.100.10", "lport": "443", "event.outcome": "failure"},
		{"type": `["SYSCALL","EXECVE"]`, "a2": "id > /tmp/x", "process.command_line": "sh -c id > /tmp/x", "event.outcome": "success"},
		{"message": "this is no record"},
	} {
		for n, w := range want {
			if g := events[i].Get(n).String(); g != w {
				t.Errorf("event %d: %s is %q, want %q", i, n, g, w)
			}
		}
	}
	if events[0].Record != 1 || events[1].Record != 2 || events[2].Record != 4 {
		t.Errorf("lines %d %d %d", events[0].Record, events[1].Record, events[2].Record)
	}
	if !strings.Contains(events[0].Raw, "SOCKADDR") || strings.Contains(events[0].Raw, "EXECVE") {
		t.Errorf("raw %q", events[0].Raw)
	}
}

// TestYears checks which year a date without one is of.
func TestYears(t *testing.T) {
	line := func(date string) string { return date + " gate sshd[812]: Connection closed by 203.0.113.7" }
	for _, c := range []struct{ date, want string }{ // the reference is 2024-06-01
		{"Jun  1 00:00:00", "2024-06-01T00:00:00Z"},
		{"Jun  1 23:59:59", "2024-06-01T23:59:59Z"},
		{"Jun  2 00:00:01", "2023-06-02T00:00:01Z"},
		{"Dec 31 23:59:59", "2023-12-31T23:59:59Z"},
		{"Feb 29 12:00:00", "2024-02-29T12:00:00Z"},
		{"Mar 3 09:12:44.5", "2024-03-03T09:12:44.5Z"},
		{"Feb 12 2019 14:10:21", "2019-02-12T14:10:21Z"},
		{"2024-02-12T14:10:21.25+01:00", "2024-02-12T13:10:21.25Z"},
		{"2024-02-12T14:10:21+0100", "2024-02-12T13:10:21Z"},
	} {
		events := parseAll(Syslog, line(c.date))
		if got := events[0].When().Format("2006-01-02T15:04:05.999999999Z07:00"); got != c.want {
			t.Errorf("%s: %s, want %s", c.date, got, c.want)
		}
	}
}

// checkLines checks what holds for any text in a format of lines: no panic, and each line that is not empty is an event
// or part of one; and values are windows of the input, constants, or decoded from it.
func checkLines(t *testing.T, f *Format, text string) {
	events := parseAll(f, text)
	if f == CSV || f == Journal || f == W3C || f == ZeekTSV {
		return
	}
	lines := 0
	for at := 0; at < len(text); {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text) - at
		}
		if _, line := trimLine(text, at, at+end); line != "" {
			lines++
		}
		at += end + 1
	}
	got := 0
	for i := range events {
		e := &events[i]
		got += 1 + strings.Count(e.Raw, "\n")
		for k, v := range e.Values {
			if len(v.Raw) > 0 && v.Kind == event.Text && e.Shape.Format != auditdFormat && !strings.Contains(text, v.Raw) && len(v.Raw) > 64 {
				t.Fatalf("%s is %q, which is not in %q", e.Shape.Fields()[k], v.Raw, text)
			}
		}
	}
	if !strings.Contains(text, "{") && got < lines {
		t.Fatalf("%d lines in %d events of %q", lines, got, text)
	}
}

func FuzzLines(f *testing.F) {
	for i, format := range textFormats {
		f.Add(uint8(i), format.Example)
	}
	for _, format := range Formats {
		f.Add(uint8(0), format.Example) // as lines of a system log
	}
	for _, format := range serverFormats() {
		f.Add(uint8(4), format.Example) // as text
	}
	f.Add(uint8(1), mixedAudit)
	f.Add(uint8(0), "Mar  3 09:12:44 h sshd[1]: Failed password for a from b from 1.2.3.4 port 5 ssh2\n<34>Mar  3 09:12:44 h x: y")
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		format := textFormats[int(which)%len(textFormats)]
		checkLines(t, format, text)
		for _, g := range Formats {
			g.Detect(text)
		}
		want := dump(splitParse(t, format, text, len(text)+1))
		if got := dump(splitParse(t, format, text, 1+int(which))); got != want {
			t.Fatalf("%s in blocks from %d bytes:\n%s\nin one:\n%s", format.Name, 1+int(which), got, want)
		}
	})
}

func TestTimesOfText(t *testing.T) {
	const want = "2024-03-03T09:12:44Z"
	for _, line := range []string{
		"2024-03-03 09:12:44 x", "[2024-03-03T09:12:44Z] x", "2024/03/03 09:12:44 x", "1709457164 x", "1709457164.5,x",
		"[notice] 2024-03-03T09:12:44.000Z x", "W, [2024-03-03T09:12:44 #1] x", "level=info time=2024-03-03T09:12:44Z x",
		"Mar  3 09:12:44 x", "Sun Mar  3 09:12:44 2024 x", "Sun Mar 3 09:12:44 2024 [pid 2] x", "Sun, 03 Mar 2024 09:12:44 GMT x",
		"[03/Mar/2024:10:12:44 +0100] x",
	} {
		events := parseAll(Text, line)
		if got := events[0].When().Format("2006-01-02T15:04:05Z07:00"); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
	for _, line := range []string{"x", "12345 apples", "10.0.0.1 x", "3-4-5 and some more text that is long", "Mon is a day of the week as any"} {
		if e := parseAll(Text, line)[0]; e.Time != 0 {
			t.Errorf("%s: %v", line, e.When())
		}
	}
}

// TestHostileLines checks that input made to be slow or large is neither.
func TestHostileLines(t *testing.T) {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	wide := strings.TrimSuffix(strings.Repeat("col,", 1000), ",")
	for name, c := range map[string]struct {
		format *Format
		text   string
	}{
		"an open quote":          {CSV, "a,b\n\"" + fill("x\n")},
		"a wide table":           {CSV, wide + "\n" + fill("1\n")},
		"very many columns":      {CSV, fill("a,") + "\n" + fill("1\n")},
		"W3C of many columns":    {W3C, "#Fields: " + fill("a ") + "\n" + fill("1\n")},
		"arguments in parts":     {Auditd, "type=EXECVE msg=audit(1.1:1): argc=1 " + fill("a0[0]=\"x\" ")},
		"arguments, many":        {Auditd, "type=EXECVE msg=audit(1.1:1): argc=1 " + fill("a0=\"x\" a1=\"y\" ")},
		"fields, many":           {Auditd, "type=X msg=audit(1.1:1): " + fill("aaaa=1 bbb=2 ")},
		"records of one event":   {Auditd, fill("type=X msg=audit(1.1:1): a=1\n")},
		"records of many events": {Auditd, fill("type=X msg=audit(1.1:1): a=1\ntype=X msg=audit(1.1:2): a=1\n")},
		"from from from":         {Syslog, "Mar  3 09:12:44 h sshd[1]: Failed password for " + fill(" from ") + "\n"},
		"by by by":               {Syslog, "Mar  3 09:12:44 h sshd[1]: pam_unix(x:session): session opened for user " + fill("(uid=1) by ") + "\n"},
		"quotes":                 {Access, "1.2.3.4 - - [03/Mar/2024:09:12:44 +0100] " + fill("\" ") + "\n"},
		"backslashes":            {Access, "1.2.3.4 - - [03/Mar/2024:09:12:44 +0100] \"" + fill("\\") + "\" 200 1\n"},
		"brackets":               {Text, fill("[")},
		"elements":               {Syslog, "<1>1 - - - - - " + fill("[a b=\"c\"]") + "\n"},
		"short lines":            {Syslog, fill("<1>x\n")},
		"objects":                {Text, fill("{}\n")},
		"pairs":                  {Syslog, "<1>" + fill("a=b ")},
		"a pair of many words":   {Syslog, "<1>a=b c=d e=f g=" + fill("h ")},
		"pairs, a quote open":    {Syslog, "<1>" + fill("a=\" ")},
		"pairs between bars":     {Syslog, "<1>" + fill("a=b|c|")},
		"CEF":                    {Syslog, "<1>CEF:0|a|b|c|d|e|f|" + fill("a=b c ")},
		"CEF of bars":            {Syslog, "<1>CEF:0" + fill("|")},
		"Cisco":                  {Syslog, "<1>%A-1-B: " + fill("from ")},
		"Cisco, signs":           {Syslog, "<1>" + fill("%A-1")},
		"arrows":                 {Syslog, "<1>%ASA-1-106023: " + fill("->")},
		"quotes of a sentence":   {Syslog, "<1>%ASA-1-106023: " + fill("user ' ")},
		"commas":                 {Syslog, "<1>1,2,3,TRAFFIC" + fill(",")},
		"colons":                 {Syslog, "<1>1 - h CheckPoint - - [a:\"b\"; " + fill("a:\"b\"; ")},
	} {
		start := time.Now()
		b := splitParse(t, c.format, c.text, len(c.text)+1)
		values := 0
		for i := range b.Events {
			values += len(b.Events[i].Values)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: %v", name, took)
		}
		if values > 8<<20 {
			t.Errorf("%s: %d values of %d events", name, values, len(b.Events))
		}
	}
}
