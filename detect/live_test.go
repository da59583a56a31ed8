package detect

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/sigma"
)

// randomEngine makes an Engine of up to four random correlations and a chain of two, and the detections that they
// refer to.
func randomEngine(t testing.TB, r *rand.Rand) (*Engine, []*sigma.Rule) {
	rules := []*sigma.Rule{base("a"), base("b"), base("c")}
	var all []*sigma.Rule
	for i := range 1 + r.IntN(4) {
		if x := correlation(fmt.Sprint("x", i), randomCorrelation(r, rules)); CheckCorrelation(x) == nil {
			x.ID = []string{"", fmt.Sprint("id-", i)}[r.IntN(2)]
			all = append(all, x)
		}
	}
	inner := randomCorrelation(r, rules[:2])
	inner.Generate = r.IntN(2) == 0
	many := correlation("many", inner)
	outer := randomCorrelation(r, []*sigma.Rule{many, rules[2]})
	outer.Expr, outer.GroupBy, outer.Generate = nil, []string{[]string{"g", "v"}[r.IntN(2)]}, true
	then := correlation("then", outer)
	if CheckCorrelation(many) == nil && CheckCorrelation(then) == nil {
		all = append(all, many, then)
	}
	e, err := New(rules, all, noSources(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e, rules
}

// noSources returns a table of log sources that knows none.
func noSources(t testing.TB) *sigma.LogSources {
	s, err := sigma.ParseLogSources("none", []byte("[]"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// randomStreams makes observations of some streams, each of which is one file.
func randomStreams(r *rand.Rand, e *Engine, rules []*sigma.Rule, streams int) [][]Observation {
	out := make([][]Observation, streams)
	for _, o := range randomTimeline(r, rules, 2) {
		s := r.IntN(streams)
		values := o.Fields
		o.Ref.File, o.Fields = fmt.Sprint("f", s), nil
		for _, n := range e.corr.Needs(o.Rule) {
			o.Fields = append(o.Fields, values[strings.Index("gv", n)])
		}
		if r.IntN(3) == 0 {
			o.Entities = Entities{Users: []string{fmt.Sprint("u", r.IntN(3))}, Hosts: []string{"h"}}
		}
		if e.corr.Refers(o.Rule) {
			out[s] = append(out[s], o)
		}
	}
	return out
}

// hunted returns the hits that a run over all observations finds, as JSON, sorted.
func hunted(t testing.TB, e *Engine, streams [][]Observation) []string {
	var got []string
	for _, obs := range streams {
		if err := e.Gather(&Result{Observations: obs}); err != nil {
			t.Fatal(err)
		}
	}
	err := e.Finish(func(_ *sigma.Rule, h *Hit) error { got = append(got, asJSON(h)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	return got
}

func asJSON(h *Hit) string {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// ledger keeps the messages of a Live, and checks what must be true of them.
type ledger struct {
	t     testing.TB
	open  map[string]*Hit
	final map[string]string
	opens int
}

func newLedger(t testing.TB) *ledger {
	return &ledger{t: t, open: make(map[string]*Hit), final: make(map[string]string)}
}

func (b *ledger) tell(h *LiveHit) {
	b.t.Helper()
	before := b.open[h.Key]
	if b.final[h.Key] != "" {
		b.t.Fatalf("%s is told again after its end", asJSON(h.Hit))
	}
	if before != nil && (before.Count > h.Hit.Count || !before.Time.Equal(h.Hit.Time) || h.Open && before.Count == h.Hit.Count) {
		b.t.Fatalf("%s is told after %s", asJSON(h.Hit), asJSON(before))
	}
	if len(h.Key) != 32 || h.Rule.Title != h.Hit.Rule.Title || h.Last < h.Hit.Time.UnixNano() {
		b.t.Fatalf("%+v", h)
	}
	if h.Open {
		b.open[h.Key] = h.Hit
		b.opens++
		return
	}
	delete(b.open, h.Key)
	b.final[h.Key] = asJSON(h.Hit)
}

func (b *ledger) hits() []string {
	b.t.Helper()
	for _, h := range b.open {
		b.t.Fatalf("%s is left open", asJSON(h))
	}
	var got []string
	for _, h := range b.final {
		got = append(got, h)
	}
	slices.Sort(got)
	return got
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// delivery is a part of a stream that arrives at once.
type delivery struct {
	at  int64
	p   Progress
	obs []Observation
}

// catchUp cuts streams into deliveries that arrive in an order that r makes up, each stream at most lateness out of the
// order of time in itself. All streams are announced first.
func catchUp(r *rand.Rand, streams [][]Observation, lateness int) []delivery {
	var out []delivery
	rest := make([][]Observation, len(streams))
	for i, obs := range streams {
		rest[i] = slices.Clone(obs)
		due := make(map[int]int64)
		place := make([]int, len(obs))
		for j := range obs {
			place[j], due[j] = j, obs[j].Time+int64(r.IntN(lateness+1))
		}
		slices.SortStableFunc(place, func(a, b int) int { return int(due[a] - due[b]) })
		for j, from := range place {
			rest[i][j] = obs[from]
		}
		out = append(out, delivery{p: Progress{Stream: fmt.Sprint(i), Behind: true}})
	}
	for len(rest) > 0 {
		i := r.IntN(len(rest))
		n := r.IntN(min(len(rest[i]), 6) + 1)
		d := delivery{obs: rest[i][:n]}
		if len(d.obs) > 0 {
			d.p.Stream = strings.TrimPrefix(d.obs[0].Ref.File, "f")
		}
		for _, o := range d.obs {
			d.p.Latest = max(d.p.Latest, o.Time)
		}
		rest[i] = rest[i][n:]
		d.p.Behind = len(rest[i]) > 0
		if n > 0 {
			out = append(out, d)
		}
		if len(rest[i]) == 0 {
			rest = slices.Delete(rest, i, i+1)
		}
	}
	return out
}

// arriving cuts streams into deliveries as they come in live, each observation at most lateness after its time.
func arriving(r *rand.Rand, streams [][]Observation, lateness int) []delivery {
	var out []delivery
	for i, obs := range streams {
		for _, o := range obs {
			out = append(out, delivery{at: o.Time + int64(r.IntN(lateness+1)), p: Progress{Stream: fmt.Sprint(i), Latest: o.Time}, obs: []Observation{o}})
		}
	}
	slices.SortStableFunc(out, func(a, b delivery) int { return int(a.at - b.at) })
	return out
}

// TestLiveAsHunt lets the same observations come in any batches, of any number of streams, and in any order that the
// lateness allows: what Live tells last of each burst must be what a hunt finds.
func TestLiveAsHunt(t *testing.T) {
	hits, opens := 0, 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 3))
		e, rules := randomEngine(t, r)
		streams := randomStreams(r, e, rules, 1+r.IntN(4))
		want := hunted(t, e, streams)
		lateness := r.IntN(6)
		for _, live := range []bool{false, true} {
			l, book := e.NewLive(LiveOptions{Lateness: time.Duration(lateness), Ahead: 1}), newLedger(t)
			deliveries := catchUp(r, streams, lateness)
			if live {
				deliveries = arriving(r, streams, lateness)
			}
			for _, d := range deliveries {
				if live && r.IntN(2) == 0 {
					l.Advance(l.now+max(0, d.at-l.now)/2, book.tell)
				}
				if live {
					l.Advance(d.at, book.tell)
				}
				l.Observe(d.p, d.obs, book.tell)
			}
			l.Finish(book.tell)
			if l.Late() != 0 || l.Pending() != 0 || l.early+l.ahead+l.resets+l.stalled != 0 {
				t.Fatalf("seed %d: %d late, %d pending, notes %q", seed, l.Late(), l.Pending(), l.Note())
			}
			same(t, fmt.Sprintf("seed %d, live %v", seed, live), book.hits(), want)
			opens += book.opens
		}
		hits += len(want)
	}
	t.Logf("%d hits, %d messages of open ones", hits, opens)
	if hits < 20000 || opens < 40000 {
		t.Errorf("only %d hits, %d messages of open ones", hits, opens)
	}
}
