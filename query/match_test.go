package query

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
)

var sshd = &event.Format{Name: "sshd", ECS: map[string][]string{"source.ip": {"rhost"}, "user.name": {"user"}}}

// login is an event of a text line, logon one of JSON, process one with values that are not text as they stand.
func events() (login, logon, process *event.Event) {
	origin := &event.Origin{Path: "/var/log/auth.log", Sender: "192.0.2.9"}
	login = &event.Event{
		Shape: event.NewShape(sshd, "user", "rhost", "port"), Origin: origin, Record: 4711, Time: 1_767_225_600_000_000_000, // 2026-01-01T00:00:00Z
		Raw:    "Jan 1 00:00:00 bastion sshd[77]: Failed password for Root from 203.0.113.7 port 50022 ssh2",
		Values: []event.Value{{Raw: "Root", Kind: event.Text}, {Raw: "203.0.113.7", Kind: event.Text}, {Raw: "50022", Kind: event.Number}},
	}
	logon = &event.Event{
		Shape: event.NewShape(event.WindowsFormat, "EventID", "IpAddress", "Data"), Origin: origin, Raw: `{"EventID":4625,"IpAddress":"::ffff:10.1.2.3"}`,
		Values: []event.Value{{Raw: "4625", Kind: event.Number}, {Raw: "::ffff:10.1.2.3", Kind: event.Text}, {Raw: `C:\\Windows\\x "q"`, Kind: event.Escaped}},
	}
	process = &event.Event{
		Shape: event.NewShape(event.WindowsFormat, "EventID", "CommandLine", "Empty"), Origin: origin,
		Values: []event.Value{{Raw: "\x10\x12", Kind: event.Uint}, {Raw: "P\x00o\x00W\x00e\x00r\x00", Kind: event.UTF16}, {Kind: event.Null}},
	}
	return login, logon, process
}

func TestMatch(t *testing.T) {
	login, logon, process := events()
	for _, c := range []struct {
		text                  string
		login, logon, process bool
	}{
		{"*", true, true, true},
		{"failed", true, false, false},
		{"fail", false, false, false},
		{"fail*", true, false, false},
		{"*ail*", true, false, false},
		{"f?iled", true, false, false},
		{`"FAILED password for root"`, true, false, false},
		{`"failed*root"`, true, false, false},
		{"failed and not root", false, false, false},
		{"user.name:root", true, false, false},
		{"user=root", true, false, false},
		{`user:="root"`, false, false, false},
		{`user:="Root"`, true, false, false},
		{"user=roo*", true, false, false},
		{"user=roo", false, false, false},
		{"user!=root", false, true, true},
		{"source.ip:203.0.113.0/24", true, false, false},
		{"203.0.113.0/24", true, false, false},
		{"10.0.0.0/8", false, true, false},
		{"source.ip:10.0.0.0/8", false, true, false},
		{"source.ip:[203.0.113.1 TO 203.0.113.9]", true, false, false},
		{"port>50000", true, false, false},
		{"port:[50022 TO 50022]", true, false, false},
		{"port:{50022 TO 60000]", false, false, false},
		{"EventID:4625", false, true, false},
		{"EventID=4624", false, false, true},
		{"4624", false, false, true},
		{"4711", false, false, false}, // a line number is nothing that is looked for
		{"event.sequence=4711", true, false, false},
		{"/[Ff]ailed pass/", true, false, false},
		{"user:/^root$/i", true, false, false},
		{"user:/^root$/", false, false, false},
		{"message:failed", true, false, false},
		{"_msg:failed", true, false, false},
		{"dataset:windows", false, true, true},
		{"auth.log", true, true, true},
		{"log.source.address:192.0.2.9", true, true, true},
		{"Empty:*", false, false, false},
		{"CommandLine:power", false, false, true},
		{`process.command_line=POWER`, false, false, true},
		{`Data:C:\Windows\x`, false, true, false},
		{"_time:2026-01-01", true, false, false},
		{"_time:>2026-01-01", false, false, false},
		{"_time:[2025 TO 2026]", true, false, false},
		{"user:(admin or root)", true, false, false},
	} {
		q, err := Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		for i, e := range []*event.Event{login, logon, process} {
			want := []bool{c.login, c.logon, c.process}[i]
			if got := q.Match(e); got != want {
				t.Errorf("%s: event %d: %v", c.text, i, got)
			}
		}
	}
}

func TestIdentifiers(t *testing.T) {
	for _, c := range []struct {
		op    Op
		text  string
		value string
		want  bool
	}{
		{Words, "9f86d081", "x 9F86D081.", true},
		{Words, "9F86D081", "x 9f86d081 y", true},
		{Words, "9F86d081", "9F86d081", true},
		{Words, "9f86d081", "9F86d081", false}, // in mixed case, and not as it is typed
		{Words, "9f86d081", "a9f86d081 9f86d0812", false},
		{Words, "9f86d081", "a9f86d081 9f86d081", true},
		{Is, "9f86d081", "9F86D081", true},
		{Is, "9f86d081", "9F86D081 ", false},
		{Words, "{9f86d081-1111-4a}", "id={9F86D081-1111-4A}", true},
		{Words, "deadbeef", "DeadBeef", true}, // a word
		{Words, "9f86d0", "9F86d0", true},     // too short
		{Words, "9f86d08*", "9F86d081", true}, // a pattern
	} {
		x, err := NewTester(&Test{Op: c.op, Text: c.text})
		if err != nil || x.Match(c.value) != c.want {
			t.Errorf("%s in %s: %v %v", c.text, c.value, !c.want, err)
		}
	}
}

func TestMatchSpan(t *testing.T) {
	login, _, _ := events()
	for _, c := range []struct {
		since, until int64
		want         bool
	}{{0, 0, true}, {login.Time, 0, true}, {login.Time + 1, 0, false}, {0, login.Time, false}, {0, login.Time + 1, true}} {
		q := &Query{Since: c.since, Until: c.until}
		if q.Match(login) != c.want {
			t.Errorf("%+v", c)
		}
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	login, logon, process := events()
	q, err := Parse(`nosuchword or user.name=nobody or EventID:>5000 or source.ip:172.16.0.0/12 or x:/a+b/ or 4712`)
	if err != nil {
		t.Fatal(err)
	}
	list := []*event.Event{login, logon, process}
	for _, e := range list {
		q.Match(e)
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, e := range list {
			if q.Match(e) {
				t.Fatal("matched")
			}
		}
	}); n > 0.5 && !raceDetector {
		t.Errorf("%v allocations", n)
	}
}

// expression is what a pattern means as a regular expression; "" where case folding is not the same in both.
func expression(text string, whole bool) string {
	var b strings.Builder
	escaped := false
	first, last := ' ', ' '
	for i, r := range text {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '*':
			b.WriteString(`(?s:.*)`)
			r = ' '
		case !escaped && r == '?':
			b.WriteString(`(?s:.)`)
			r = ' '
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
		escaped = false
		if i == 0 || b.Len() == 0 || first == 0 {
			first = r
		}
		last = r
	}
	if strings.HasPrefix(text, `\`) && len(text) > 1 {
		first = rune(text[1])
	}
	s := b.String()
	if whole {
		return `(?i)^(?:` + s + `)$`
	}
	if isWord(first) {
		s = `(?:^|[^\pL\p{Nd}_])` + s
	}
	if isWord(last) {
		s += `(?:$|[^\pL\p{Nd}_])`
	}
	return `(?i)` + s
}

func FuzzPattern(f *testing.F) {
	for _, s := range [][2]string{
		{"failed", "x Failed y"},
		{"a*b", "aXb ab"},
		{"a?c*d", "abcabdd"},
		{"*x", "axx"},
		{"ab", "ab abc ab"},
		{`\*a`, "*a"},
		{"é", "É"},
		{"aa", "aaa aa"},
		{"a*ab", "a aab"},
		{"?", ""},
		{"*a*", "b"},
		{"-x-", "a-x-b"},
		{"a?", "ab"},
		{"", ""},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		if !utf8.ValidString(text) || !utf8.ValidString(value) || len(text) > 40 || len(value) > 200 || strings.HasSuffix(text, `\`) || strings.ContainsRune(text+value, utf8.RuneError) {
			return
		}
		for _, r := range text + value {
			if r >= utf8.RuneSelf && !strings.ContainsRune("éÉüÜñÑжЖ日本€", r) {
				return // folding differs for some letters; see fold
			}
		}
		if strings.Trim(text, "*") == "" {
			return
		}
		for _, whole := range []bool{false, true} {
			re, err := regexp.Compile(expression(text, whole))
			if err != nil {
				return
			}
			if got, want := newPattern(text, whole).match(value), re.MatchString(value); got != want {
				t.Fatalf("%q in %q, whole %v: %v; %s says %v", text, value, whole, got, re, want)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	login, logon, process := events()
	for _, text := range []string{"nosuchword", "user.name=nobody", "*ssw0rd*", "source.ip:172.16.0.0/12"} {
		q, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				q.Match(login)
				q.Match(logon)
				q.Match(process)
			}
		})
	}
}
