package query

import (
	"strings"
	"testing"
)

// canonical is what people type, and what is understood.
var canonical = []struct{ text, want string }{
	{"", "*"},
	{"*", "*"},
	{"failed", "failed"},
	{"Failed password", "Failed and password"},
	{`"failed password"`, `"failed password"`},
	{"failed and password", "failed and password"},
	{"failed AND (root OR admin)", "failed and (root or admin)"},
	{"a && b || c", "(a and b) or c"},
	{"-cron", "not cron"},
	{"!cron", "not cron"},
	{"NOT cron", "not cron"},
	{"not (a or b)", "not (a or b)"},
	{"+a -b", "a and not b"},
	{"user.name:root", "user.name:root"},
	{"user.name=root", "user.name=root"},
	{"user.name = root", "user.name=root"},
	{"user.name!=root", "not user.name=root"},
	{`user.name:="Root"`, `user.name:="Root"`},
	{`user.name=="Root"`, `user.name:="Root"`},
	{"user.name : root", "user.name:root"},
	{"-user.name:root", "not user.name:root"},
	{"user.name:-root", "not user.name:root"},
	{`"user name":x`, `"user name":x`},
	{"user.name:(root or admin)", "user.name:root or user.name:admin"},
	{"user.name:(root, admin)", "user.name:root or user.name:admin"},
	{"user.name in (root, admin)", "user.name=root or user.name=admin"},
	{`user.name IN ("root", "admin")`, "user.name=root or user.name=admin"},
	{"user.name:in(root,admin)", "user.name=root or user.name=admin"},
	{"user.name:(ad* and not admin)", `user.name:"ad*" and not user.name:admin`},
	{"user.name:*", "user.name:*"},
	{`user.name:""`, "not user.name:*"},
	{"not user.name:*", "not user.name:*"},
	{"source.port:>1024", "source.port:>1024"},
	{"source.port>1024", "source.port:>1024"},
	{"source.port >= 1024", "source.port:>=1024"},
	{"source.port:<=22", "source.port:<=22"},
	{"x:>-5", `x:>"-5"`},
	{"source.port:[1 TO 1023]", "source.port:[1 TO 1023]"},
	{"source.port:{1 to 1023]", "source.port:{1 TO 1023]"},
	{"source.port:[1 TO *]", "source.port:>=1"},
	{"source.port:range(1, 9]", "source.port:{1 TO 9]"},
	{"source.port:1..9", "source.port:[1 TO 9]"},
	{"source.ip:10.0.0.0/8", "source.ip:10.0.0.0/8"},
	{"source.ip=10.1.2.3/8", "source.ip:10.0.0.0/8"},
	{"10.0.0.0/8", "*:10.0.0.0/8"},
	{`source.ip:ipv4_range("10.0.0.0/8")`, "source.ip:10.0.0.0/8"},
	{"source.ip:ipv4_range(10.0.0.1, 10.0.0.9)", "source.ip:[10.0.0.1 TO 10.0.0.9]"},
	{"source.ip:10.1.2.3", `source.ip:"10.1.2.3"`},
	{"fe80::1", `"fe80::1"`},
	{"source.ip:fe80::/10", "source.ip:fe80::/10"},
	{"00:11:22:aa:bb:cc", `"00:11:22:aa:bb:cc"`},
	{"10:15:30", `"10:15:30"`},
	{"https://example.org/a?b=c", `"https://example.org/a?b=c"`},
	{`C:\Windows\System32\cmd.exe`, `"C:\\Windows\\System32\\cmd.exe"`},
	{`"C:\Windows\new"`, `"C:\\Windows\\new"`},
	{`path:"C:\\Windows\\new"`, `path:"C:\\Windows\\new"`},
	{`path:\\srv\share`, `path:"\\\\srv\\share"`},
	{`path:C:\Users\*\x`, `path:"C:\\Users\\*\\x"`},
	{`say:"a \"b\" \* c"`, `say:"a \"b\" \* c"`},
	{"/var/log/auth.log", `"/var/log/auth.log"`},
	{"/fail(ed|ure)/", "/fail(ed|ure)/"},
	{"/fail ed/i", "/(?i)fail ed/"},
	{`url:/^\/admin/`, `url:/^\/admin/`},
	{`url=~"^/admin"`, `url:/^\/admin/`},
	{`url:re("^/a")`, `url:/^\/a/`},
	{"url!~x", "not url:/x/"},
	{"command:*mimikatz*", `command:"*mimikatz*"`},
	{`command:contains(mimi)`, `command:"*mimi*"`},
	{`command:"powershell -enc"*`, `command:"powershell -enc*"`},
	{"_time:>=2026-01-31", `_time:>="2026-01-31"`},
	{"_time:2026-01-31", "_time:[2026-01-31 TO 2026-01-31]"},
	{"failed | where root", "failed and root"},
	{"| stats count by source.ip", "* | stats count by source.ip"},
	{"* | count by source.ip", "* | stats count by source.ip"},
	{"x | stats count() as n, dc(user.name) by source.ip, host.name", `x | stats count as n, dc(user.name) by source.ip, host.name`},
	{"x | stats by (source.ip) count() hits, uniq(user) u", "x | stats count as hits, dc(user) as u by source.ip"},
	{"x | stats sum(bytes) total by _time:1h", "x | stats sum(bytes) as total by _time:1h"},
	{"x | stats count by source.ip | top 10", "x | stats count by source.ip | sort 10 -count"},
	{"x | stats count by source.ip | where count > 5", "x | stats count by source.ip | where count:>5"},
	{"x | top 10 source.ip", "x | top 10 source.ip"},
	{"x | top source.ip by host.name", "x | top 10 source.ip, host.name"},
	{"x | top limit=5 source.ip, user.name", "x | top 5 source.ip, user.name"},
	{"x | rare user_agent.original", "x | rare 10 user_agent.original"},
	{"x | sort -count", "x | sort -count"},
	{"x | sort by (count desc, b)", "x | sort -count, b"},
	{"x | sort 10 -count", "x | sort 10 -count"},
	{"x | head", "x | head 10"},
	{"x | limit 5", "x | head 5"},
	{"x | tail 3", "x | tail 3"},
	{"x | fields a, b", `x | fields a, b`},
	{"x | table a b", `x | fields a, b`},
	{"x | fields - a, b", `x | drop a, b`},
	{"x | uniq by (a, b)", `x | uniq a, b`},
	{"x | timechart 1h by dataset", "x | timechart 1h count by dataset"},
	{"x | timechart span=5m count by dataset", "x | timechart 5m count by dataset"},
	{"x | timechart 90s dc(user.name)", "x | timechart 90s dc(user.name)"},
}

func TestParse(t *testing.T) {
	for _, c := range canonical {
		q, err := Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v\n%s", c.text, err, err.(*Error).Caret())
			continue
		}
		if got := q.String(); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		text    string
		offset  int
		message string
	}{
		{"(a or b", 0, "never closed"},
		{"a)", 1, "without"},
		{`a "b`, 2, "quote is never closed"},
		{"a and", 5, `after "and"`},
		{"a or", 4, "condition is missing"},
		{"not", 3, `after "not"`},
		{"user:", 5, "value is missing"},
		{"x:/a(/", 2, "regular expression"},
		{"x:[1 2]", 2, "no range"},
		{"x | stat count by y", 4, `no pipe "stat"`},
		{"x | stats cuont(y)", 10, `no function "cuont"`},
		{"x | top", 7, "name of a field is missing"},
		{"x | head 0", 9, "a number from 1"},
		{"x | timechart by y", 13, "step of time"},
		{"x |", 3, "pipe is missing"},
		{"x earliest=-24h", 2, "span of time"},
		{"_time:5m", 6, "no absolute time"},
		{"x | stats count, count by y", 9, "two columns"},
		{"foo(bar)", 0, "no function"},
		{strings.Repeat("(", 200), 100, "levels"},
	} {
		_, err := Parse(c.text)
		e, ok := err.(*Error)
		if !ok {
			t.Errorf("%s: no mistake is told", c.text)
			continue
		}
		m := e.Mistakes[0]
		if m.Offset != c.offset || !strings.Contains(m.Message, c.message) {
			t.Errorf("%s\n%swant %d %s", c.text, e.Caret(), c.offset, c.message)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range canonical {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text)
		if err != nil {
			e := err.(*Error)
			for _, m := range e.Mistakes {
				if m.Offset < 0 || m.Width < 0 || m.Offset+m.Width > len(text) {
					t.Fatalf("%q: the mistake lies outside: %+v", text, m)
				}
			}
			_ = e.Caret()
			return
		}
		_ = q.Explain()
		canon := q.String()
		again, err := Parse(canon)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", text, canon, err)
		}
		if s := again.String(); s != canon {
			t.Fatalf("%q is written as %q, and that as %q", text, canon, s)
		}
		Walk(q.Where, func(x *Test) {
			if _, err := NewTester(x); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
		})
	})
}
