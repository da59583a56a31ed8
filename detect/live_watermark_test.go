package detect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sigma"
)

const second = int64(time.Second)

// desk is a Live of one correlation, three events of rule a within a minute, and what it told.
type desk struct {
	*Live
	a    *sigma.Rule
	told []string
	keys map[string]bool
	n    int64
}

func newDesk(t *testing.T, opt LiveOptions) *desk {
	a := base("a")
	x := correlation("x", sigma.Correlation{Type: sigma.EventCount, Rules: refs(a), Timespan: minute, Condition: atLeast(3), GroupBy: []string{"Host"}})
	e, err := New([]*sigma.Rule{a}, []*sigma.Rule{x}, noSources(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &desk{Live: e.NewLive(opt), a: a, keys: make(map[string]bool)}
}

func (d *desk) tell(h *LiveHit) {
	state := "over"
	if h.Open {
		state = "open"
	}
	d.keys[h.Key] = true
	d.told = append(d.told, fmt.Sprintf("%s %d at %d", state, h.Hit.Count, h.Hit.Time.UnixNano()/second-epoch))
}

const epoch = 1_800_000_000 // seconds

func at(s int64) int64 { return (epoch + s) * second }

// brings lets a stream bring an event for each of some seconds.
func (d *desk) brings(stream string, behind bool, seconds ...int64) {
	p := Progress{Stream: stream, Behind: behind}
	var obs []Observation
	for _, s := range seconds {
		d.n++
		p.Latest = max(p.Latest, at(s))
		obs = append(obs, Observation{Rule: d.a, Time: at(s), Fields: []string{"h"}, Ref: EventRef{File: stream, Record: d.n}})
	}
	d.Observe(p, obs, d.tell)
}

func (d *desk) clock(s int64) { d.Advance(at(s), d.tell) }

// mark is the watermark in seconds.
func (d *desk) mark() int64 { return d.Watermark()/second - epoch }

func TestWatermark(t *testing.T) {
	opt := LiveOptions{Lateness: time.Duration(10 * second)}
	for name, k := range map[string]struct {
		do                      func(d *desk)
		mark, pending           int64
		late, early, ahead, gap int64
	}{
		"one stream":             {do: func(d *desk) { d.brings("s", false, 1, 50) }, mark: 40, pending: 1},
		"the one behind holds":   {do: func(d *desk) { d.brings("r", false, 20); d.brings("s", false, 50, 90) }, mark: 10, pending: 3},
		"it never moves back":    {do: func(d *desk) { d.brings("s", false, 50); d.brings("r", false, 35) }, mark: 40, pending: 2, late: 1},
		"the one behind goes on": {do: func(d *desk) { d.brings("r", false, 20); d.brings("s", false, 90); d.brings("r", false, 95) }, mark: 80, pending: 2},
		"announced":              {do: func(d *desk) { d.brings("r", true); d.brings("s", false, 20, 90) }, mark: -epoch, pending: 2},
		"nothing dated": {do: func(d *desk) {
			d.brings("r", false)
			d.brings("s", false, 20, 90)
		}, mark: 80, pending: 1},
		"quiet":         {do: func(d *desk) { d.clock(100); d.brings("s", false, 95); d.clock(110); d.clock(111) }, mark: 101},
		"not quiet yet": {do: func(d *desk) { d.clock(100); d.brings("s", false, 95); d.clock(110) }, mark: 85, pending: 1},
		"behind, quiet": {do: func(d *desk) { d.clock(100); d.brings("s", true, 95); d.clock(600) }, mark: 85, pending: 1},
		"announced, and never came": {do: func(d *desk) {
			d.clock(100)
			d.brings("r", true)
			d.brings("s", false, 95)
			d.clock(500)
			d.clock(701)
		}, mark: 691, gap: 1},
		"nothing came": {do: func(d *desk) { d.clock(100); d.clock(1000) }, mark: -epoch},
		"stalled":      {do: func(d *desk) { d.clock(100); d.brings("s", true, 95); d.clock(701) }, mark: 691, gap: 1},
		"another brings": {do: func(d *desk) {
			d.clock(100)
			d.brings("s", false, 95)
			d.clock(108)
			d.brings("r", false, 107)
			d.clock(112)
		}, mark: 97, pending: 1},
		"of the future": {do: func(d *desk) {
			d.clock(100)
			d.brings("s", false, 100_000_000)
			d.brings("s", false, 99)
		}, mark: 90, pending: 2, ahead: 1},
		"somewhat ahead": {do: func(d *desk) { d.clock(100); d.brings("s", false, 130) }, mark: 90, pending: 1},
		"late":           {do: func(d *desk) { d.brings("s", false, 100); d.brings("s", false, 85, 87) }, mark: 90, pending: 3, late: 2},
		"a backlog holds nothing back": {do: func(d *desk) {
			d.brings("s", false, 100)
			d.brings("r", true, 5, 7)
			d.brings("s", false, 200)
		}, mark: 190, pending: 3, late: 2},
		"a backlog that has caught up": {do: func(d *desk) {
			d.brings("s", false, 100)
			d.brings("r", true, 5, 7)
			d.brings("r", true, 85)
			d.brings("s", false, 200)
		}, mark: 90, pending: 5, late: 3},
		"too many": {do: func(d *desk) { d.opt.MaxPending = 2; d.brings("s", true, 100, 95, 93, 94, 98) }, mark: 95, pending: 2, early: 3},
		"set back": {do: func(d *desk) {
			d.clock(100_000)
			d.brings("s", false, 99_990)
			d.clock(100)
			d.brings("s", false, 99)
		}, mark: 90, pending: 1},
		"set back a little": {do: func(d *desk) {
			d.clock(150)
			d.brings("s", false, 140)
			d.clock(200)
			d.clock(100)
			d.brings("s", false, 99)
		}, mark: 190, pending: 1, late: 1},
		"resumed": {do: func(d *desk) { d.clock(100); d.brings("s", false, 95); d.Resume(at(5000)); d.clock(5005) }, mark: 85, pending: 1},
	} {
		d := newDesk(t, opt)
		k.do(d)
		got := []int64{d.mark(), int64(d.Pending()), d.Late(), d.early, d.ahead, d.stalled}
		if want := []int64{k.mark, k.pending, k.late, k.early, k.ahead, k.gap}; !slices.Equal(got, want) {
			t.Errorf("%s: mark, pending, late, early, ahead, stalled are %v, want %v", name, got, want)
		}
		sum := k.late + k.early + k.ahead + k.gap
		if notes := strings.Join(d.Note(), "\n"); (sum > 0) != (notes != "") && !strings.Contains(notes, "clock was set back") {
			t.Errorf("%s: notes %q", name, notes)
		}
	}
}

func TestTold(t *testing.T) {
	d := newDesk(t, LiveOptions{})
	want := func(what string, lines ...string) {
		t.Helper()
		if !slices.Equal(d.told, lines) {
			t.Errorf("%s: told %q, want %q", what, d.told, lines)
		}
		d.told = nil
	}
	d.brings("s", false, 1, 2, 3, 4)
	want("at once", "open 3 at 3")
	d.brings("s", false, 5, 6)
	d.clock(7)
	d.clock(8)
	want("doubled", "open 6 at 3")
	for s := int64(10); s < 3700; s += 50 {
		d.clock(s)
		d.brings("s", false, s, s)
	}
	d.clock(3701)
	want("doubles", "open 12 at 3", "open 24 at 3", "open 48 at 3", "open 96 at 3")
	for s := int64(3710); s < 9000; s += 50 {
		d.clock(s)
		d.brings("s", false, s, s)
	}
	d.clock(9001)
	want("doubled, then another hour", "open 192 at 3", "open 337 at 3")
	d.clock(9500)
	want("over", "over 366 at 3")
	if len(d.keys) != 1 {
		t.Errorf("%d keys", len(d.keys))
	}
}

// TestLateCounts shows that what comes late is counted as if it had just happened.
func TestLateCounts(t *testing.T) {
	d := newDesk(t, LiveOptions{Lateness: time.Duration(10 * second)})
	d.brings("s", false, 100, 130)
	d.brings("r", false, 112, 115)
	d.Finish(d.tell)
	if want := []string{"open 3 at 120", "over 4 at 120"}; d.Late() != 2 || !slices.Equal(d.told, want) {
		t.Errorf("told %q, want %q; %d late", d.told, want, d.Late())
	}
}

func TestLiveAlone(t *testing.T) {
	for _, generate := range []bool{false, true} {
		a, b := base("a"), base("b")
		many := correlation("many", sigma.Correlation{Type: sigma.EventCount, Rules: refs(a), Timespan: minute, Condition: atLeast(2)})
		then := correlation("then", sigma.Correlation{Type: sigma.TemporalOrdered, Rules: refs(many, b), Timespan: minute, Generate: generate})
		off := correlation("off", sigma.Correlation{Type: sigma.EventCount, Rules: refs(b), Timespan: minute, Condition: atLeast(1)})
		e, err := New([]*sigma.Rule{a, b}, []*sigma.Rule{many, then, off}, noSources(t), Options{Wanted: func(r *sigma.Rule) bool { return r != off }})
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		l := e.NewLive(LiveOptions{})
		tell := func(h *LiveHit) { told = append(told, fmt.Sprint(h.Rule.Title, h.Open)) }
		for i, r := range []*sigma.Rule{a, a, b} {
			l.Observe(Progress{Stream: "s", Latest: at(int64(i))}, []Observation{{Rule: r, Time: at(int64(i))}}, tell)
		}
		l.Finish(tell)
		want := []string{"thentrue", "thenfalse"}
		if generate {
			want = []string{"manytrue", "thentrue", "manyfalse", "thenfalse"}
		}
		if !slices.Equal(told, want) {
			t.Errorf("generate %v: told %q, want %q", generate, told, want)
		}
	}
}

// TestKeys shows of what keys depend. The texts are what installations have stored.
func TestKeys(t *testing.T) {
	rule := func(id, title string, n float64) *sigma.Rule {
		x := correlation(title, sigma.Correlation{Type: sigma.EventCount, Rules: refs(base("a")), Timespan: minute, Condition: atLeast(n)})
		x.ID = id
		return x
	}
	if a, b := RuleKey(rule("id", "one", 1)), RuleKey(rule("id", "two", 2)); a != "id" || a != b {
		t.Errorf("%q and %q", a, b)
	}
	same, other := RuleKey(rule("", "one", 1)), RuleKey(rule("", "one", 2))
	if same != RuleKey(rule("", "one", 1)) || same == other || !strings.HasPrefix(same, "one ") {
		t.Errorf("%q and %q", same, other)
	}
	seen := make(map[string]bool)
	for _, k := range []string{HitKey("a", "b"), HitKey("ab", ""), HitKey("", "ab"), HitKey("a", "c"), pack.Hash("burst", "a", "b")} {
		if len(k) != 32 || seen[k] {
			t.Errorf("key %q", k)
		}
		seen[k] = true
	}
	if got, want := HitKey("5f1d9f5c", "0000000000000001"), "7a2c9680"; got[:8] != want {
		t.Errorf("the key is %s, want %s…: those that are stored would no longer be found", got, want)
	}
}

// TestStreamsAreBounded brings in more streams than are told apart.
func TestStreamsAreBounded(t *testing.T) {
	d := newDesk(t, LiveOptions{Lateness: time.Duration(10 * second)})
	d.clock(100)
	for i := range MaxStreams + 5 {
		d.brings(fmt.Sprint(i), false, 99)
	}
	if len(d.streams.list) != MaxStreams || d.crowded != 5 {
		t.Errorf("%d streams, %d left out", len(d.streams.list), d.crowded)
	}
	d.clock(111)
	if len(d.streams.list) != 0 || len(d.streams.index) != 0 || d.mark() != 101 {
		t.Errorf("%d streams after they were quiet, watermark %d", len(d.streams.list), d.mark())
	}
}

// TestPendingIsBounded lets large observations wait for a stream that never goes on.
func TestPendingIsBounded(t *testing.T) {
	d := newDesk(t, LiveOptions{})
	d.brings("stuck", true)
	for i := range 100_000 {
		name := fmt.Sprint(strings.Repeat("x", 1000), i)
		o := Observation{Rule: d.a, Time: at(int64(i)), Fields: []string{name}, Entities: Entities{Users: []string{name}}}
		d.Observe(Progress{Stream: "s", Latest: o.Time}, []Observation{o}, d.tell)
	}
	if d.queue.Size() > MaxPendingBytes || d.early == 0 || d.Pending() == 0 {
		t.Errorf("%d bytes wait, %d were let go early", d.queue.Size(), d.early)
	}
	d.Finish(d.tell)
	if d.queue.Size() != 0 || d.corr.size != 0 {
		t.Errorf("%d bytes wait, %d are kept after the end", d.queue.Size(), d.corr.size)
	}
}

// TestReadOtherRules reads observations of rules of which one is gone, one has changed, and one is wanted with more.
func TestReadOtherRules(t *testing.T) {
	load := func(category string, group []string, names ...string) *Engine {
		var rules, all []*sigma.Rule
		for _, n := range names {
			r := base(n)
			if n == "b" {
				r.LogSource.Category = category
			}
			rules = append(rules, r)
			all = append(all, correlation("of "+n, sigma.Correlation{Type: sigma.EventCount, Rules: refs(r), GroupBy: group, Timespan: minute, Condition: atLeast(1)}))
		}
		e, err := New(rules, all, noSources(t), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	old := load("web", []string{"x", "y"}, "a", "b", "c")
	var obs []Observation
	for i, r := range old.sigma.Rules() {
		obs = append(obs, Observation{Rule: r, Time: at(int64(i)), Fields: []string{"1", "2"}, Ref: EventRef{File: "f", Record: 7}, Entities: Entities{Users: []string{"u"}}})
	}
	packed := old.AppendObservations(nil, obs)
	got, left, err := load("dns", []string{"z", "y"}, "c", "b").ReadObservations(packed)
	if err != nil || left != 2 || len(got) != 1 || got[0].Rule.Name != "c" || !slices.Equal(got[0].Fields, []string{"", "2"}) {
		t.Errorf("got %+v, %d left out: %v", got, left, err)
	}
	same, _, _ := old.ReadObservations(packed)
	a, _ := json.Marshal(same)
	b, _ := json.Marshal(obs)
	if string(a) != string(b) {
		t.Errorf("got %s, want %s", a, b)
	}
	for i := range packed {
		if _, _, err := old.ReadObservations(packed[:i]); err == nil {
			t.Errorf("what is cut at %d is read", i)
		}
	}
}
