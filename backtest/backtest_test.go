package backtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/internal/refdata"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// loadRules loads rules of places.
func loadRules(tb testing.TB, places ...string) *sigma.Collection {
	tb.Helper()
	loaded, err := rules.Load(places, rules.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	set, _ := sigma.Collect(loaded.Rules)
	set.Correlations, _ = detect.Runnable(set.Correlations)
	return set
}

// ruleOf reads rules of a text.
func ruleOf(tb testing.TB, text string) *sigma.Collection {
	tb.Helper()
	list, diags := sigma.Load("new.yml", []byte(text), sigma.LoadOptions{})
	for _, d := range diags {
		if d.Severity == sigma.Error {
			tb.Fatal(d.Format())
		}
	}
	set, _ := sigma.Collect(list)
	return set
}

// kept is what a line has made of files.
type kept struct {
	store *store.Embedded
	state *state.State
	set   *sigma.Collection // in force then
}

// keep runs files through a line, with rules in force.
func keep(tb testing.TB, set *sigma.Collection, files map[string][]byte) *kept {
	tb.Helper()
	dir := tb.TempDir()
	k := &kept{set: set}
	var err error
	if k.store, err = store.Open(filepath.Join(dir, "events"), store.Options{MinFree: 1}); err != nil {
		tb.Fatal(err)
	}
	if k.state, err = state.Open(context.Background(), filepath.Join(dir, "state.db"), state.Options{}); err != nil {
		tb.Fatal(err)
	}
	engine, err := detect.New(set.Rules, set.Correlations, sigma.BuiltinLogSources(), detect.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	line, err := live.Open(live.Options{Dir: dir, Engine: engine, Parser: formats.Parser, Store: k.store, State: k.state, Log: slog.New(slog.DiscardHandler), MinFree: 1, Settle: time.Millisecond})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = errors.Join(line.Close(), k.state.Close(), k.store.Close()) })
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- line.Run(ctx) }()
	for path, data := range files {
		o := &event.Origin{Path: path, Reference: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
		f := parse.Recognise(parse.Formats, string(data[:min(len(data), 64<<10)]))
		if f == nil {
			tb.Fatalf("no format knows %s", path)
		}
		o.Format = f.Name
		cut := f.NewSplitter().Split(data, true)
		b := event.Block{Origin: o, Header: cut.Header, Data: string(data[cut.Skip : cut.Skip+cut.Size]), First: 1 + int64(strings.Count(string(data[:cut.Skip]), "\n"))}
		if err := line.Send(ctx, source.Delivery{Block: b, Stream: path, Position: fmt.Sprint(len(data))}); err != nil {
			tb.Fatal(err)
		}
	}
	stop()
	if err := errors.Join(<-done, k.store.Reveal()); err != nil {
		tb.Fatal(err)
	}
	return k
}

func sample(tb testing.TB) map[string][]byte {
	files := make(map[string][]byte)
	for _, pattern := range []string{"*.log", "*.json"} {
		list, _ := filepath.Glob("../examples/small-company/" + pattern)
		for _, p := range list {
			data, err := os.ReadFile(p)
			if err != nil {
				tb.Fatal(err)
			}
			files[filepath.Base(p)] = data
		}
	}
	if len(files) < 5 {
		tb.Fatal("the sample is not there")
	}
	return files
}

// request asks for rules of a set.
func (k *kept) request(set *sigma.Collection, tried ...*sigma.Rule) Request {
	return Request{
		Tried: tried, Rules: set.Rules, Correlations: set.Correlations, Sources: sigma.BuiltinLogSources(), Parser: formats.Parser,
		Store: k.store, State: k.state, InForce: func(r *sigma.Rule) bool {
			return slices.ContainsFunc(slices.Concat(k.set.Rules, k.set.Correlations), func(o *sigma.Rule) bool { return o.ID == r.ID && o.ID != "" })
		},
	}
}

func (k *kept) run(tb testing.TB, q Request) *Result {
	tb.Helper()
	res, err := Run(context.Background(), q)
	if err != nil {
		tb.Fatal(err)
	}
	return res
}

// A rule that is tried alone, on as few events as may be, hits what it hits among all others on all events; and what is
// kept of it.
func TestAloneAsAmongAll(t *testing.T) {
	set := loadRules(t, rules.BuiltinPath)
	k := keep(t, set, sample(t))
	var all []*sigma.Rule
	for _, r := range slices.Concat(set.Rules, set.Correlations) {
		if !r.Silent {
			all = append(all, r)
		}
	}
	whole := k.run(t, k.request(set, all...))
	narrowed, hit := 0, 0
	for i, r := range all {
		want := whole.Rules[i]
		if want.Hits == 0 && i%5 != 0 {
			continue
		}
		res := k.run(t, k.request(set, r))
		got := res.Rules[0]
		if got.Hits != want.Hits || got.Alerts != want.Alerts {
			t.Errorf("%s: alone %d hits and %d alerts of %d events, among all %d and %d; %s", r.Title, got.Hits, got.Alerts, res.Events, want.Hits, want.Alerts, res.Narrow)
		}
		if want.Hits > 0 {
			hit++
		} else if got.Never == nil || got.Never.Why == "" {
			t.Errorf("%s never hits, and nothing says why", r.Title)
		}
		if res.Events < res.Kept {
			narrowed++
		}
		if c := got.Compared; r.Correlation == nil && (c == nil || c.New != 0 || c.Lost != 0 || c.Same != got.Hits) {
			t.Errorf("%s: %d hits, compared %+v", r.Title, got.Hits, c)
		}
	}
	if hit < 10 || narrowed < 10 {
		t.Errorf("%d rules hit, %d were tried on fewer events", hit, narrowed)
	}
	t.Logf("%d rules hit; %d of the rules were tried on fewer events", hit, narrowed)
}

// The same with the community's rules on recorded attacks.
func TestAloneAsAmongAllOfTheCommunity(t *testing.T) {
	files := refdata.Files(t, "security-datasets", ".json")
	set := loadRules(t, rules.BuiltinPath, refdata.Path(t, "sigma/rules"), refdata.Path(t, "sigma/rules-threat-hunting"))
	k := keep(t, set, files)
	var all []*sigma.Rule
	for _, r := range slices.Concat(set.Rules, set.Correlations) {
		if !r.Silent {
			all = append(all, r)
		}
	}
	whole := k.run(t, k.request(set, all...))
	n := 0
	for i, r := range all {
		want := whole.Rules[i]
		if want.Hits == 0 && i%200 != 0 {
			continue
		}
		n++
		q := k.request(set, r)
		q.State = nil
		if res := k.run(t, q); res.Rules[0].Hits != want.Hits {
			t.Errorf("%s: alone %d hits of %d events, among all %d; %s", r.Title, res.Rules[0].Hits, res.Events, want.Hits, res.Narrow)
		}
	}
	if n < 50 {
		t.Errorf("only %d rules were tried", n)
	}
}

// What a changed rule hits more and less than the one in force, and what closed incidents say of it.
func TestChangedRule(t *testing.T) {
	const guess = `
title: Guesses
id: 5a1cbb71-1f3c-4a0e-9d7e-0c8a6a1f0001
logsource: {product: linux, service: sshd}
detection:
  selection: {'message|startswith': 'Failed password'}
  other: {'message|contains': ' root '}
  condition: selection%s
level: medium
`
	old := ruleOf(t, fmt.Sprintf(guess, ""))
	k := keep(t, old, sample(t))
	res := k.run(t, k.request(old, old.Rules[0]))
	same := res.Rules[0]
	if same.Hits == 0 || same.Compared == nil || same.Compared.Same != same.Hits || same.Compared.Lost+same.Compared.New != 0 {
		t.Fatalf("the rule itself: %+v", same)
	}
	if same.PerDay == 0 || len(same.Entities) == 0 || len(same.Examples) == 0 || len(same.Examples[0].Matched) == 0 || len(same.Days) == 0 {
		t.Errorf("what it hit is not told: %+v", same)
	}
	incidents, err := k.state.ListIncidents(context.Background(), state.IncidentFilter{})
	if err != nil || len(incidents) == 0 {
		t.Fatalf("%d incidents: %v", len(incidents), err)
	}
	_, err = k.state.Decide(context.Background(), []string{incidents[0].Key}, state.Decision{Status: alert.Closed, Verdict: alert.Malicious, Actor: "anna", At: 1})
	if err != nil {
		t.Fatal(err)
	}
	changed := ruleOf(t, fmt.Sprintf(guess, " and other"))
	got := k.run(t, k.request(changed, changed.Rules[0])).Rules[0]
	if got.Compared == nil || got.Compared.New != 0 || got.Compared.Lost != same.Hits-got.Hits || got.Compared.Lost == 0 || len(got.Compared.LostAt) == 0 {
		t.Errorf("of %d hits the changed rule has %d: %+v", same.Hits, got.Hits, got.Compared)
	}
	if len(got.Verdicts) != 1 || got.Verdicts[0].Verdict != alert.Malicious || got.Verdicts[0].Incidents != 1 || got.Verdicts[0].Events == 0 {
		t.Errorf("verdicts: %+v", got.Verdicts)
	}
	all := k.run(t, k.request(old, old.Rules[0])).Rules[0]
	if len(all.Verdicts) != 1 || all.Verdicts[0].Hit != all.Verdicts[0].Events || all.Verdicts[0].Touched != 1 {
		t.Errorf("verdicts on the rule as it was: %+v", all.Verdicts)
	}
}

func TestNever(t *testing.T) {
	k := keep(t, ruleOf(t, "title: x\nlogsource: {product: linux}\ndetection: {a: {nothing: here}, condition: a}"), sample(t))
	for _, c := range []struct {
		name, source, detection, why string
		can                          bool
	}{
		{"log source", "{product: zeek, service: dns}", "{a: {query: x}, condition: a}", "no event of its log source is kept", false},
		{"unknown log source", "{product: abacus}", "{a: {query: x}, condition: a}", "no format that is known makes any", false},
		{"field", "{product: linux, service: sshd}", "{a: {nobody.has: x}, condition: a}", "events of its log source has the field nobody.has", false},
		{"selection", "{product: linux, service: sshd}", "{a: {user.name: root}, b: {event.outcome: perhaps}, condition: a and b}", "no event matches event.outcome: 'perhaps'", true},
		{"exclusion", "{product: linux, service: sshd}", "{a: {user.name: root}, b: {user.name: root}, condition: a and not b}", "what it excludes", true},
		{"findings", "{product: tocsin, service: detect}", "{a: {event.action: beacon}, condition: a}", "what the detectors find", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := ruleOf(t, fmt.Sprintf("title: x\nlogsource: %s\ndetection: %s", c.source, c.detection))
			got := k.run(t, k.request(set, set.Rules[0])).Rules[0]
			if got.Hits != 0 || got.Never == nil || !strings.Contains(got.Never.Why, c.why) || got.Never.Can != c.can {
				t.Errorf("%d hits, %+v; want %q, %v", got.Hits, got.Never, c.why, c.can)
			}
		})
	}
}

// A run ends when it is interrupted, and says so.
func TestInterrupted(t *testing.T) {
	set := loadRules(t, rules.BuiltinPath)
	k := keep(t, set, sample(t))
	ctx, stop := context.WithCancel(context.Background())
	q := k.request(set, set.Rules...)
	now := time.Now()
	q.Now = func() time.Time { now = now.Add(time.Second); return now } // so that each block is told
	told := 0
	q.Progress = func(p Progress) {
		if told++; p.Events == 0 {
			t.Error("progress without events")
		}
		stop()
	}
	if _, err := Run(ctx, q); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if told != 1 {
		t.Errorf("progress was told %d times", told)
	}
}
