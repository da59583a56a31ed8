package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
)

// run is the messages of a run.
type run struct {
	rules   []detect.RuleInfo
	hits    []detect.Hit
	summary detect.Summary
}

func (r *run) page(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	r.write(t, NewHTML(&b, "1.2.3"))
	return b.String()
}

func (r *run) write(t *testing.T, h Handler) {
	t.Helper()
	for i := range r.rules {
		if err := h.Rule(&r.rules[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range r.hits {
		if err := h.Hit(&r.hits[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Summary(&r.summary); err != nil {
		t.Fatal(err)
	}
}

// smallRun is a night of three rules: one event, one correlation, one that hits often.
func smallRun() *run {
	at := time.Date(2026, 3, 1, 22, 58, 0, 0, time.UTC)
	r := &run{
		rules: []detect.RuleInfo{
			{ID: "r1", Title: "Memory of a process read", Level: "critical", Description: "A tool read what it should not.", Tags: []string{"attack.credential-access", "attack.t1003.001"}, NextSteps: []string{"Isolate the machine"}, FalsePositives: []string{"Support", "Unknown", "unlikely."}, References: []string{"https://example.com/a"}, File: "builtin:a.yml", Line: 1, LogSource: event.LogSource{Product: "windows"}},
			{ID: "r2", Title: "Passwords guessed", Level: "medium", Tags: []string{"attack.t1110"}, File: "b.yml", Line: 7},
			{ID: "r3", Title: "Old tag", Level: "", Tags: []string{"cve.2021-44228"}},
		},
		summary: detect.Summary{
			Files: 2, Bytes: 123456, Events: 1000, Hits: 7, First: at.Add(-time.Hour), Last: at.Add(6 * time.Hour), Rules: detect.RuleCounts{Loaded: 10, Refused: 1, From: []string{"builtin"}},
			Formats: []detect.FormatCount{{Format: "evtx", Files: 1, Events: 900}, {Format: "syslog", Files: 1, Events: 100}},
			Unread:  []event.Unread{{Path: "dir/x.evtx", Offset: 4096, Reason: "chunk 2: bad checksum"}}, UnreadTotal: 1, Notes: []string{"A bound was reached."}, Seconds: 1.5,
		},
	}
	hit := func(rule int, after time.Duration, h detect.Hit) {
		info := &r.rules[rule]
		h.Rule = detect.HitRule{ID: info.ID, Title: info.Title, Level: info.Level, Tags: info.Tags}
		h.Time, h.File, h.Record = at.Add(after), "dir/a.log", int64(len(r.hits)+1)
		r.hits = append(r.hits, h)
	}
	hit(0, 0, detect.Hit{
		Matched: []detect.Matched{{Field: "CommandLine", Value: `rundll32 comsvcs.dll MiniDump`, By: `CommandLine|contains: 'minidump'`}}, Entities: detect.Entities{Hosts: []string{"ws1"}, Users: []string{`CORP\ann`}},
		Event: json.RawMessage(`{"EventID":1,"CommandLine":"rundll32 comsvcs.dll MiniDump","Nothing":null,"List":["a","b"]}`),
	})
	for i := range 5 {
		hit(2, time.Duration(i)*time.Minute, detect.Hit{Matched: []detect.Matched{{Value: "word", By: "'word'"}}, Entities: detect.Entities{Hosts: []string{"web1"}}})
	}
	hit(1, 2*time.Hour, detect.Hit{
		Matched: []detect.Matched{{Field: "source.ip", Value: "203.0.113.9", By: "group-by source.ip"}, {Value: "12", By: "event_count gte 5 in 10m"}}, Entities: detect.Entities{Addresses: []string{"203.0.113.9"}},
		Events: []detect.EventRef{{File: "dir/a.log", Record: 3}, {File: "dir/a.log", Record: 30}}, Count: 12,
	})
	return r
}

func TestPageGolden(t *testing.T) {
	const name = "testdata/page.html"
	got := smallRun().page(t)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page is not that of %s; look at the difference, then run go test -update", name)
	}
	if again := smallRun().page(t); again != got {
		t.Error("the same run gives another page")
	}
}

func TestPageTells(t *testing.T) {
	page := smallRun().page(t)
	for _, want := range []string{
		"<h1>1 critical and 1 medium hit", "Act on it now", "3 of 10 rules found something in the logs: 7 hits, 1 Mar 2026 22:58:00 – 2 Mar 2026 00:58:00 UTC.",
		"T1003.001", "OS Credential Dumping:", "LSASS Memory", "Credential Access", "1 rule with hits names none",
		"<mark>MiniDump</mark>", "contains &#39;minidump&#39;", "all have the same source.ip", "at least 5 events, within 10m", "12 events, first dir/a.log, record 3; last dir/a.log, record 30",
		"CORP\\ann", "Isolate the machine", "<li>Support</li><li>Hardly ever</li></ul>", "Other fields of this event <span>2</span>", "bad checksum", "A bound was reached.", "tocsin 1.2.3", "1 refused", "Monday, 2 March 2026", "×5 until 23:02:00",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, not := range []string{"1.5 s", "Nothing was found", "<no value>", "%!("} {
		if strings.Contains(page, not) {
			t.Errorf("the page says %q", not)
		}
	}
	checkPage(t, page)
}

func TestPageOfNothing(t *testing.T) {
	r := &run{summary: detect.Summary{Rules: detect.RuleCounts{Loaded: 3}}}
	page := r.page(t)
	for _, want := range []string{"<h1>Nothing was found</h1>", "no proof", "Everything that was given could be read."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	checkPage(t, page)
}

// hostile are texts that try to be more than text.
var hostile = []string{
	`</script><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`, `{{.Version}}{{template "x"}}`, `</style><style>*{display:none}`,
	"</title></textarea></svg><h1>owned</h1>", "<!-- ", "]]>", "\x00\x1b[31m\x07\x7f\u0085", "safe\u202egpj.exe\u2066\u200b\ufeff", "\xff\xfe\xc0\xaf", "&lt;b&gt;&#60;", strings.Repeat("A", 64<<10), strings.Repeat("é<", 32<<10),
	"url(https://evil.example/x)", "expression(alert(1))", "\u2028\u2029", "`${alert(1)}`",
}

func TestPageOfHostileText(t *testing.T) {
	r := &run{}
	for i, x := range hostile {
		r.rules = append(r.rules, detect.RuleInfo{
			ID: x, Title: x, Level: []string{"critical", "high", x}[i%3], Status: x, Description: x, Author: x, Tags: []string{"attack.execution", "attack." + x, x}, References: []string{x},
			FalsePositives: []string{x}, NextSteps: []string{x}, LogSource: event.LogSource{Product: x, Category: x, Service: x}, File: x,
		})
		raw, err := json.Marshal(map[string]any{x: x, "other": x, "deep": map[string]string{x: x}})
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Time{{}, time.Unix(1e9, 0), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} {
			r.hits = append(r.hits, detect.Hit{
				Time: at, Rule: detect.HitRule{ID: x, Title: x, Level: x, Tags: []string{x}}, File: x, Record: math.MinInt64,
				Matched:  []detect.Matched{{Field: x, Value: x, By: x}, {Field: "f", Value: x, By: "f|contains: '" + x + "'"}, {Value: x, By: "event_count gte " + x + " in 1m"}, {By: "a b in c"}},
				Entities: detect.Entities{Hosts: []string{x}, Users: []string{x}, Addresses: []string{x}}, Event: raw, Count: 3, Events: []detect.EventRef{{File: x, Record: -1}},
			})
		}
		r.summary.Unread = append(r.summary.Unread, event.Unread{Path: x, Reason: x})
		r.summary.Notes = append(r.summary.Notes, x)
		r.summary.Formats = append(r.summary.Formats, detect.FormatCount{Format: x})
	}
	page := r.page(t)
	checkPage(t, page)
	for _, bad := range []string{"<script", "<img", "<h1>owned", "\u202e", "\u2066", "\u200b", "\x1b", "\x00", "\u0085", "\u2028", "\xff"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	for _, want := range []string{"‹U+202E›", "‹U+001B›", "‹0xFF›", "{{.Version}}", "kB more)", "&lt;script&gt;alert(1)"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
}

// checkPage says what is wrong with a page: elements that are not closed in order, identifiers that stand twice, links
// that lead nowhere or outside, anything that could run or be fetched.
func checkPage(t *testing.T, page string) {
	t.Helper()
	void := map[string]bool{"meta": true, "br": true, "img": true, "link": true, "input": true, "hr": true}
	allowed := map[string]bool{}
	for name := range strings.FieldsSeq("html head meta title style body svg symbol rect path circle use g line text a div nav p ul li main header h1 h2 h3 h4 section ol span time b small figure figcaption i details summary table thead tbody tr th td dl dt dd mark br code footer") {
		allowed[name] = true
	}
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.Entity = false, xml.HTMLEntity
	var open, links []string
	ids := map[string]bool{}
	level := 0
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("the page cannot be parsed: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			name := e.Name.Local
			if !allowed[name] {
				t.Errorf("the page has an element <%s>", name)
			}
			if !void[name] {
				open = append(open, name)
			}
			if len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6' {
				if n := int(name[1] - '0'); n > level+1 {
					t.Errorf("a heading of level %d follows one of level %d", n, level)
				} else {
					level = n
				}
			}
			for _, a := range e.Attr {
				switch n := a.Name.Local; {
				case n == "href":
					links = append(links, a.Value)
				case n == "src" || n == "srcset" || n == "action" || n == "style" || strings.HasPrefix(n, "on"):
					t.Errorf("<%s> has an attribute %s=%q", name, n, a.Value)
				case n == "id" && ids[a.Value]:
					t.Errorf("the identifier %s stands twice", a.Value)
				case n == "id":
					ids[a.Value] = true
				}
			}
		case xml.EndElement:
			if n := len(open); n == 0 || open[n-1] != e.Name.Local {
				t.Fatalf("</%s> closes %v at byte %d", e.Name.Local, open[max(0, n-3):], d.InputOffset())
			}
			open = open[:len(open)-1]
		case xml.Comment, xml.ProcInst:
			t.Errorf("the page has a comment: %v", e)
		}
	}
	if len(open) > 0 {
		t.Errorf("left open: %v", open)
	}
	for _, l := range links {
		if !strings.HasPrefix(l, "#") || !ids[l[1:]] {
			t.Errorf("a link leads to %q", l)
		}
	}
	if !strings.Contains(page, `content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`) {
		t.Error("the page states no policy")
	}
}

func TestPageStyleFetchesNothing(t *testing.T) {
	for _, bad := range []string{"url(", "@import", "http", "expression", "<"} {
		if strings.Contains(pageStyle, bad) {
			t.Errorf("the style contains %q", bad)
		}
	}
}

func TestPageIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	h := NewHTML(io.Discard, "").(*htmlPage)
	value := strings.Repeat("x", 64<<10)
	raw := []byte(fmt.Sprintf(`{"a":%q}`, value))
	var most uint64
	for i := range 10000 {
		rule := i % 50
		name := strconv.Itoa(i) + value // a saved run may hold what hunt would have cut
		hit := &detect.Hit{
			Time: time.Unix(int64(i)*977, 0), Rule: detect.HitRule{ID: strconv.Itoa(rule), Title: "t", Level: "high"}, File: name, Record: int64(i), Event: raw,
			Matched: []detect.Matched{{Field: "a", Value: name, By: "a|contains: 'x'"}}, Entities: detect.Entities{Hosts: []string{name}, Users: []string{name}, Addresses: []string{name}},
		}
		if err := h.Hit(hit); err != nil {
			t.Fatal(err)
		}
		if i%2500 == 2499 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if most > 64<<20 {
		t.Errorf("%d bytes in use", most)
	}
	var page bytes.Buffer
	h.out = &page
	if err := h.Summary(&detect.Summary{}); err != nil {
		t.Fatal(err)
	}
	if page.Len() > 4<<20 {
		t.Errorf("the page has %d bytes", page.Len())
	}
	checkPage(t, page.String())
	for _, want := range []string{"200 of 10,000 hits", "more are not listed"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// The colours of text are told apart by everybody: WCAG 2.2, success criterion 1.4.3, at least 4.5:1.
func TestPageContrast(t *testing.T) {
	roots := regexp.MustCompile(`:root\{([^}]*--bg[^}]*)\}`).FindAllStringSubmatch(pageStyle, -1)
	if len(roots) != 3 {
		t.Fatalf("%d sets of colours, want light, dark and paper", len(roots))
	}
	for i, root := range roots {
		colour := map[string]float64{}
		for _, m := range regexp.MustCompile(`--(\w+):(#\w+)`).FindAllStringSubmatch(root[1], -1) {
			colour[m[1]] = luminance(t, m[2])
		}
		for _, back := range []string{"bg", "panel", "raised"} {
			for _, front := range []string{"text", "text2", "text3", "accent", "critical", "high", "medium", "low"} {
				if c := contrast(colour[back], colour[front]); c < 4.5 {
					t.Errorf("set %d: %s on %s has a contrast of %.2f", i, front, back, c)
				}
			}
		}
		if c := contrast(colour["mark"], colour["text"]); c < 4.5 {
			t.Errorf("set %d: marked text has a contrast of %.2f", i, c)
		}
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	hex = hex[1:]
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(v uint64) float64 {
		c := float64(v&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(n>>16) + 0.7152*part(n>>8) + 0.0722*part(n)
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }

func TestWhy(t *testing.T) {
	for _, c := range []struct{ field, by, want string }{
		{"userAgent", "userAgent|contains: 'kali'", "contains 'kali'"},
		{"uid", "uid: 33", "is 33"},
		{"NewProcessName", `Image|endswith: '\cmd.exe'`, `Image ends with '\cmd.exe'`},
		{"a", "a|contains|windash: ' -c '", "contains, windash ' -c '"},
		{"a", "a|exists: true", "exists: true"},
		{"", "'word: x'", "'word: x'"},
		{"c", "group-by c", "all have the same c"},
		{"", "event_count gte 5 in 10m", "at least 5 events, within 10m"},
		{"e", "value_count of e gte 6 in 10m", "at least 6 different values of e, within 10m"},
		{"", "temporal_ordered of a, b in 1h", "one after the other: a, b, within 1h"},
		{"", "temporal of a, b in 1h", "all of a, b, within 1h"},
		{"", "value_avg of e gte 6 in 10m", "value_avg of e gte 6 in 10m"},
		{"", "event_count ~ 5 in 10m", "event_count ~ 5 in 10m"},
		{"", "temporal in x", "temporal in x"},
		{"", "", ""},
	} {
		if got := why(c.field, c.by); got != c.want {
			t.Errorf("why(%q, %q) = %q, want %q", c.field, c.by, got, c.want)
		}
	}
}

func TestAxisTicks(t *testing.T) {
	from := time.Date(2026, 11, 20, 17, 31, 58, 0, time.UTC)
	for _, c := range []struct {
		length time.Duration
		want   string
	}{
		{12 * time.Second, "17:31:58 17:32:00 17:32:02 17:32:04 17:32:06 17:32:08"},
		{10 * time.Hour, "20 Nov 18:00 20:00 22:00 21 Nov 02:00"},
		{5 * 24 * time.Hour, "21 Nov 22 Nov 23 Nov 24 Nov 25 Nov"},
		{300 * 24 * time.Hour, "Jan 2027 Mar 2027 May 2027 Jul 2027 Sep 2027"},
		{9 * 365 * 24 * time.Hour, "2028 2030 2032 2034"},
	} {
		var got []string
		for _, k := range axisTicks(from, from.Add(c.length)) {
			got = append(got, k.Text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%v: %s, want %s", c.length, s, c.want)
		}
	}
}
