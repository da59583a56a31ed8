package parse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// jsonFiles returns the files below a folder of the shared data whose names end in suffix.
func jsonFiles(t testing.TB, folder, suffix string) []string {
	t.Helper()
	var files []string
	_ = filepath.WalkDir(refdata.Path(t, folder), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, suffix) {
			files = append(files, path)
		}
		return nil
	})
	if len(files) == 0 {
		t.Fatalf("there is no %s below %s", suffix, folder)
	}
	return files
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// splitParse feeds text to a splitter as a source does, first step bytes of it and then all, and parses the blocks.
func splitParse(t testing.TB, f *Format, text string, step int) *event.Batch {
	t.Helper()
	origin := &event.Origin{Path: "test", Format: f.Name}
	out := &event.Batch{}
	splitter, parser := f.NewSplitter(), f.NewParser(&Env{})
	data := []byte(text)
	at, line := 0, int64(1)
	for want := step; at < len(data); {
		view := data[at:min(at+want, len(data))]
		eof := at+len(view) == len(data)
		cut := splitter.Split(view, eof)
		if cut.Skip < 0 || cut.Size < 0 || cut.Skip+cut.Size > len(view) {
			t.Fatalf("Split(%d bytes, %v) = %+v", len(view), eof, cut)
		}
		if cut.Lost != "" {
			out.Fail(origin, int64(at), cut.Lost)
		}
		line += int64(bytes.Count(view[:cut.Skip], []byte("\n")))
		at += cut.Skip
		if cut.Size > 0 {
			block := event.Block{Origin: origin, Data: string(data[at : at+cut.Size]), Offset: int64(at), First: line, Header: cut.Header}
			line += int64(strings.Count(block.Data, "\n"))
			at += cut.Size
			parser.Parse(block, out)
		}
		if cut.Skip+cut.Size > 0 {
			want = step
			continue
		}
		if eof {
			out.Fail(origin, int64(at), "rest")
			break
		}
		want *= 2
	}
	return out
}

func jsonEvents(t testing.TB, text string) []event.Event {
	t.Helper()
	return splitParse(t, JSON, text, len(text)+1).Events
}

// dump renders events with all that a reader of them sees.
func dump(b *event.Batch) string {
	var w strings.Builder
	for i := range b.Events {
		e := &b.Events[i]
		fmt.Fprintf(&w, "%s %d %d %q", e.Shape.Format.Name, e.Record, e.Time, e.Raw)
		for k, n := range e.Shape.Fields() {
			fmt.Fprintf(&w, " %s=%d:%q", n, e.Values[k].Kind, e.Values[k].Raw)
		}
		w.WriteByte('\n')
	}
	return w.String()
}

// leaf is a value as the oracle and the parser see it.
type leaf struct{ name, text string }

// oracleLeaves flattens an object with encoding/json.
func oracleLeaves(data string) ([]leaf, error) {
	d := json.NewDecoder(strings.NewReader(data))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("no object")
	}
	var leaves []leaf
	err := oracleObject(d, data, "", 1, &leaves)
	return leaves, err
}

func oracleObject(d *json.Decoder, data, prefix string, depth int, leaves *[]leaf) error {
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name := prefix + t.(string)
		start := d.InputOffset()
		rest := strings.TrimLeft(data[start:], " \t\r\n:")
		isObject := strings.HasPrefix(rest, "{") && !strings.HasPrefix(strings.TrimLeft(rest[1:], " \t\r\n"), "}")
		if isObject && depth < jsonFlatDepth {
			if _, err := d.Token(); err != nil {
				return err
			}
			if err := oracleObject(d, data, name+".", depth+1, leaves); err != nil {
				return err
			}
			continue
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		text := string(raw)
		switch raw[0] {
		case '"':
			if err := json.Unmarshal(raw, &text); err != nil {
				return err
			}
		case 'n':
			text = ""
		}
		*leaves = append(*leaves, leaf{name, text})
	}
	_, err := d.Token()
	return err
}

// parserLeaves is what the parser reads before any dialect touches it.
func parserLeaves(data string) (leaves []leaf, ok bool) {
	p := newJSONParser(&Env{})
	p.block = event.Block{Origin: &event.Origin{}, Data: data, First: 1}
	p.lineEnd = -1
	i := jsonGap(data, 0)
	p.locate(i)
	n, end := p.read(i, true)
	if end < 0 || jsonGap(data, end) != len(data) {
		return nil, false
	}
	for k, name := range n.names() {
		leaves = append(leaves, leaf{name, p.walk.values[k].String()})
	}
	return leaves, true
}

func checkLeaves(t *testing.T, data string) {
	t.Helper()
	want, err := oracleLeaves(data)
	if err != nil || !json.Valid([]byte(data)) || !utf8.ValidString(data) || !strings.HasPrefix(strings.TrimLeft(data, " \t\r\n"), "{") {
		return
	}
	if strings.Contains(data, `"Data"`) || strings.Count(data, "{")+strings.Count(data, "[") > jsonMaxDepth || len(want) > jsonMaxFields {
		return // named data; limits
	}
	got, ok := parserLeaves(data)
	if !ok {
		t.Fatalf("not read: %q", data)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%q:\n got %q\nwant %q", data, got, want)
	}
}

func TestJSONAgreesWithTheLibrary(t *testing.T) {
	for _, data := range []string{
		`{}`, `{"a":1}`, `{"a":{}}`, `{"a":{"b":{"c":null}},"d":[1,{"e":2}]}`, `{ "a" : "x\ny\u00e9\ud83d\ude00\\" , "a":-1.5e3}`,
		`{"":{"":true},"k\"e\\y":false,"l":[]}`, "{\n  \"a\": {\n    \"b\": \"c\"\n  }\n}\n",
		`{"a":` + strings.Repeat(`{"b":`, 40) + `1` + strings.Repeat(`}`, 41),
		`{"a":"` + strings.Repeat(`\\`, 33) + `\"","b":"` + strings.Repeat("x", 100) + `"}`,
	} {
		checkLeaves(t, data)
	}
	for _, path := range jsonFiles(t, "security-datasets", ".json") {
		for line := range strings.Lines(readFile(t, path)) {
			checkLeaves(t, line)
		}
	}
	for _, path := range jsonFiles(t, "sigma/regression_data", ".json") {
		checkLeaves(t, readFile(t, path))
	}
	for line := range strings.Lines(readFile(t, refdata.Path(t, "cases/panther.jsonl"))) {
		checkLeaves(t, line)
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(JSON.Example)
	f.Add(`{"Records":[{"a":1},{"a":{"b":"\u0041"}}],"x":{}}` + "\n" + `{"took":1,"hits":{"total":2,"hits":[{"_source":{"c":[1]}}]}}`)
	f.Add(`{"Event":{"System":{"EventID":{"#text":1}},"EventData":{"Data":[{"@Name":"A","#text":"b"}]}}}`)
	f.Add("[\n  {\"a\": [1,\n  {\"b\": 2}\n]\n")
	f.Add(`{"MESSAGE":"x","__REALTIME_TIMESTAMP":"1709457164120000","SYSLOG_IDENTIFIER":"sshd"}`)
	f.Add(`{"log":"{\"a\":1}\n","stream":"stdout","time":"2024-03-03T09:12:44Z"}` + "\n" + `{"log":"Mar  3 09:12:44 gate app: {\"a\":1}\n","stream":"stdout","time":"x"}`)
	f.Add(`{"remote_addr":"192.0.2.9","request":"GET /a?b HTTP/1.1","status":200}` + "\n" + `{"method":"GET","url":"http://h/a?b","status":"200"}`)
	f.Add(`{"category":"x","flowRecords":{"flows":[{"rule":"r","flowTuples":["1772525564120,192.0.2.1,192.0.2.2,1,22,6,I,D,NX,0,0,0,0"]}]}}` + "\n" + `{"timestamp":"03/03-08:12:44.1","src_ap":"192.0.2.1:1","dst_ap":"192.0.2.2:2"}`)
	f.Add(`{"event_simpleName":"x","aid":"a","LocalAddressIP4":"192.0.2.1"}` + "\n" + `{"category":"x","operationName":"x","properties":{"msg":"TCP request from 192.0.2.1:1 to a:2. Action: Deny."}}`)
	f.Fuzz(func(t *testing.T, data string) {
		JSON.Detect(data)
		whole := splitParse(t, JSON, data, len(data)+1)
		for i := range whole.Events {
			e := &whole.Events[i]
			if len(e.Values) != len(e.Shape.Fields()) || e.Record < 1 {
				t.Fatalf("event %+v", e)
			}
		}
		splitParse(t, JSON, data, 1+len(data)/3)
		checkLeaves(t, data)
	})
}

func TestJSONShared(t *testing.T) {
	check := func(path string, want int) {
		t.Helper()
		text := readFile(t, path)
		if s := JSON.Detect(text[:min(len(text), 64<<10)]); s < 90 {
			t.Errorf("%s: detected with %d%%", path, s)
		}
		out := splitParse(t, JSON, text, 256<<10)
		if len(out.Events) != want || len(out.Unread) != 0 {
			t.Errorf("%s: %d events, want %d; unread %v", path, len(out.Events), want, out.Unread)
		}
		for i := range out.Events {
			if e := &out.Events[i]; e.Time == 0 {
				t.Fatalf("%s:%d: no time: %s", path, e.Record, e.Raw)
			}
		}
	}
	for _, path := range jsonFiles(t, "security-datasets", ".json") {
		check(path, strings.Count(readFile(t, path), "\n"))
	}
	for _, path := range jsonFiles(t, "sigma/regression_data", ".json") {
		check(path, strings.Count(readFile(t, path), `"#attributes": {`+"\n      \"xmlns\""))
	}
	for _, path := range jsonFiles(t, "elastic-examples", "nginxplus_json_logs") {
		check(path, 500)
	}
	for line := range strings.Lines(readFile(t, refdata.Path(t, "cases/stratus_cloudtrail.jsonl"))) {
		e := jsonEvents(t, line)[0]
		n, _ := e.Get("events").Float()
		check(refdata.Path(t, e.Get("path").String()), int(n))
	}
}

func TestJSONSplitting(t *testing.T) {
	lines := `{"a":1,"t":"2024-03-03T09:12:44Z"}` + "\n" + `{"b":{"c":"}\n{"}}` + "\r\n\n" + `{"c":[{"d":1},{"e":"\""}]}` + "\n"
	for name, text := range map[string]string{
		"lines":    "\xef\xbb\xbf" + lines,
		"broken":   lines + `{"a":1,"b":"cut o` + "\n" + lines + `{"a":` + "\n" + lines + "no JSON at all\n" + lines,
		"pretty":   "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": [\n      {\n        \"d\": 2\n      }\n    ]\n  }\n}\n{\n  \"a\": 2\n}\n",
		"array":    "[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": [{\"b\": 2}]\n  }\n]\n",
		"oneline":  `[{"a":1},{"a":2},{"a":{"b":[1,2,{"c":"]"}]}}]`,
		"records":  `{"Records":[{"a":1},{"a":"]}"},{"a":[]}],"more":{"x":[1]}}` + "\n" + `{"Records":[{"a":4}]}` + "\n" + lines,
		"prettier": "{\n  \"Records\": [\n    {\n      \"a\": 1\n    },\n    {\n      \"a\": 2\n    }\n  ]\n}\n",
		"elastic":  `{"took":3,"_shards":{"total":1},"hits":{"total":{"value":2},"max_score":1.0,"hits":[{"_id":"1","_source":{"a":1}},{"_id":"2","_source":{"a":2}}]}}`,
		"bulk":     `{"index":{"_index":"x","_id":"1"}}` + "\n" + `{"a":1}` + "\n" + `{"create":{}}` + "\n" + `{"a":2}` + "\n",
		"joined":   `{"a":1}{"a":2} {"a":3},` + "\n" + `{"a":4}`,
	} {
		t.Run(name, func(t *testing.T) {
			whole := splitParse(t, JSON, text, len(text)+1)
			want := dump(whole)
			for step := 1; step <= len(text); step++ {
				if got := dump(splitParse(t, JSON, text, step)); got != want {
					t.Fatalf("in steps of %d:\n%s\nwant\n%s", step, got, want)
				}
			}
		})
	}
}

func TestJSONBroken(t *testing.T) {
	good := `{"a":1}` + "\n"
	out := splitParse(t, JSON, good+`{"a":1,"b":"cut o`+"\n"+good+`{"a":nope}`+"\n"+good+"plain text\n"+good+`{"a":`, 1<<20)
	var got []string
	for i := range out.Events {
		got = append(got, fmt.Sprint(out.Events[i].Record, " ", out.Events[i].Get("a"), out.Events[i].Get("message")))
	}
	const want = `[1 1  2  {"a":1,"b":"cut o 3 1  4  {"a":nope} 5 1  6  plain text 7 1  8  {"a":]`
	if fmt.Sprint(got) != want {
		t.Errorf("events\n%v, want\n%s", got, want)
	}
	if fmt.Sprint(out.Unread) != "[{test 8 a line ends within a string} {test 34 expected a value} {test 72 the object is cut off}]" {
		t.Errorf("unread %v", out.Unread)
	}
	many := splitParse(t, JSON, strings.Repeat(`{"a":nope}`+"\n", 1000), 1<<20)
	if len(many.Events) != 1000 || len(many.Unread) != jsonMaxFaults+1 {
		t.Errorf("%d events, %d unread", len(many.Events), len(many.Unread))
	}
	wide := "{" + strings.Repeat(`"a":1,`, jsonMaxFields) + `"b":{"c":2},"d":3}`
	out = splitParse(t, JSON, wide, 1<<20)
	if len(out.Events) != 1 || len(out.Events[0].Values) != jsonMaxFields || len(out.Unread) != 1 {
		t.Errorf("wide: %d events, unread %v", len(out.Events), out.Unread)
	}
	long := good + `{"a":"` + strings.Repeat("x", event.MaxRecord) + `"}` + "\n" + good
	out = splitParse(t, JSON, long, 1<<20)
	if len(out.Events) != 2 || len(out.Unread) != 1 || out.Events[1].Record != 3 {
		t.Errorf("long: %d events, unread %v", len(out.Events), out.Unread)
	}
	long = `{"Records":[{"a":1},{"a":"` + strings.Repeat("]}\\\"", event.MaxRecord/4+1) + `"},{"a":2}]}` + "\n" + good
	out = splitParse(t, JSON, long, 1<<20)
	if len(out.Events) != 3 || len(out.Unread) != 1 {
		t.Errorf("long element: %d events, unread %v", len(out.Events), out.Unread)
	}
}

func TestJSONDetect(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                     false,
		"{":                                    false,
		"{}":                                   true,
		`{"a":1}`:                              true,
		"\xef\xbb\xbf \n[ {\"a\":1}]":          true,
		`{"a":"` + strings.Repeat("x", 60<<10): true,
		`of":1}` + "\n" + `{"a":1}` + "\n" + `{"a":2}` + "\n": true,
		"[2024-03-03 09:12:44] hello\n":                       false,
		"{ this is text }\n":                                  false,
		"Mar  3 09:12:44 gate app: {\"a\":1}\n":               false,
		"a,b\n1,2\n":                                          false,
		"type=SYSCALL msg=audit(1:2): \n":                     false,
	} {
		if got := JSON.Detect(text) >= 50; got != want {
			t.Errorf("Detect(%.40q) = %d", text, JSON.Detect(text))
		}
	}
}

func TestJSONHostile(t *testing.T) {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	keys := func(format string, n int) string {
		var w strings.Builder
		for i := range n {
			fmt.Fprintf(&w, format, i, i)
		}
		return w.String()
	}
	for name, text := range map[string]string{
		"broken elements":     `[` + fill(`{"a":x},`),
		"unfinished arrays":   fill(`{"a":[1,` + "\n"),
		"unfinished objects":  fill(`{"a":` + "\n"),
		"unfinished elements": `[` + fill(`{"a":[1,{"b":2},`),
		"brackets":            fill(`[`),
		"braces":              fill(`{`),
		"closing":             fill(`]}`),
		"nested":              fill(`{"a":`),
		"nested once":         fill(`{"a":[{"b":1}],"Data":`),
		"quotes":              fill(`{"`),
		"backslashes":         `{"a":"` + fill(`\\`),
		"spaces":              `{"a":` + fill(" "),
		"indented":            fill("      \n    {\"a\":\n"),
		"text":                fill("{ not JSON }\n"),
		"wrappers":            fill(`{"Records":[`),
		"wrappers' members":   fill(`{"kind":{"count":1},"x":1,`),
		"new keys":            keys("{\"k%d\":%d}\n", size/16),
		"many keys":           "{" + keys("\"k%d\":%d,", 20000) + "\"z\":1}\n",
		"growing objects":     growing(600),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			splitParse(t, JSON, text, 64<<10)
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("%d bytes took %v", len(text), d)
			} else {
				t.Logf("%d bytes: %v", len(text), d)
			}
		})
	}
}

// growing returns objects of which each has a member more than the one before.
func growing(n int) string {
	var w, members strings.Builder
	for i := range n {
		fmt.Fprintf(&members, "\"m%d\":%d", i, i)
		w.WriteString("{" + members.String() + "}\n")
		members.WriteByte(',')
	}
	return w.String()
}

func benchmarkData(b *testing.B) string {
	var all strings.Builder
	for _, path := range jsonFiles(b, "security-datasets", ".json") {
		all.WriteString(readFile(b, path))
	}
	return all.String()
}

func BenchmarkJSON(b *testing.B) {
	data := benchmarkData(b)
	p := newJSONParser(&Env{})
	out := &event.Batch{}
	block := event.Block{Origin: &event.Origin{}, Data: data, First: 1}
	p.Parse(block, out)
	events := len(out.Events)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	start := time.Now()
	for b.Loop() {
		out.Reset()
		p.Parse(block, out)
	}
	b.ReportMetric(float64(time.Since(start).Microseconds())/float64(b.N)/float64(events), "µs/event")
}

func BenchmarkJSONSplit(b *testing.B) {
	for _, form := range []struct{ name, data string }{
		{"lines", benchmarkData(b)},
		{"oneline", `{"Records":[` + strings.ReplaceAll(strings.TrimSpace(benchmarkData(b)), "\n", ",") + "]}"},
	} {
		b.Run(form.name, func(b *testing.B) {
			data := []byte(form.data)
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				s := JSON.NewSplitter()
				for at := 0; at < len(data); {
					view := data[at:min(at+1<<20, len(data))]
					cut := s.Split(view, at+len(view) == len(data))
					if cut.Skip+cut.Size == 0 {
						b.Fatal("no progress")
					}
					at += cut.Skip + cut.Size
				}
			}
		})
	}
}
