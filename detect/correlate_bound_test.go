package detect

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/sigma"
)

// counting makes a correlation of one rule that counts events, or different values of User.
func counting(t testing.TB, typ sigma.CorrelationType, span int64) (*Correlator, *sigma.Rule) {
	a := base("a")
	corr := sigma.Correlation{Type: typ, Rules: refs(a), GroupBy: []string{"Host"}, Timespan: span, Condition: atLeast(10)}
	if typ != sigma.EventCount {
		corr.Field = []string{"User"}
	}
	if temporal(typ) {
		corr.Rules, corr.Condition = refs(a, base("b")), nil
	}
	c, err := NewCorrelator([]*sigma.Rule{correlation("x", corr)})
	if err != nil {
		t.Fatal(err)
	}
	return c, a
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestStateIsBounded lets very many groups come, none of which ever leaves its window.
func TestStateIsBounded(t *testing.T) {
	for _, typ := range []sigma.CorrelationType{sigma.EventCount, sigma.ValueCount, sigma.ValueMedian, sigma.TemporalOrdered} {
		n := 400_000
		if typ == sigma.EventCount && os.Getenv("TOCSIN_FULL") != "" {
			n = 10_000_000
		}
		c, a := counting(t, typ, int64(1000*time.Hour))
		before, peak := heap(), int64(0)
		fields := make([]string, 2)
		for i := range n {
			fields[0], fields[1] = "host-"+strconv.Itoa(i), strconv.Itoa(i%1000)
			c.Observe(&Observation{Rule: a, Time: int64(i + 1), Fields: fields, Ref: EventRef{File: "f", Record: int64(i)}, Entities: Entities{Hosts: fields[:1]}})
			if i%(n/6) == n/6-1 {
				peak = max(peak, heap()-before)
			}
		}
		t.Logf("%v: %d groups, %d evicted, %d MiB accounted, %d MiB measured", typ, n, c.Evicted(), c.size>>20, peak>>20)
		if c.Evicted() == 0 || c.size > MaxState || peak > MaxState {
			t.Errorf("%v: %d evicted, %d bytes accounted, %d measured, bound %d", typ, c.Evicted(), c.size, peak, MaxState)
		}
		c.Finish()
		if c.size != 0 {
			t.Errorf("%v: %d bytes are accounted for after the end", typ, c.size)
		}
	}
}

// TestStalestIsEvicted keeps one group alive among very many others.
func TestStalestIsEvicted(t *testing.T) {
	c, a := counting(t, sigma.EventCount, int64(time.Hour))
	c.limit = 400 * groupCost
	hits := 0
	for i := range 10000 {
		host := "busy"
		if i%50 != 0 {
			host = "host-" + strconv.Itoa(i)
		}
		hits += len(c.Observe(&Observation{Rule: a, Time: int64(i + 1), Fields: []string{host}}))
	}
	got := c.Finish()
	if hits != 0 || len(got) != 1 || got[0].Count != 200 || got[0].Group[0] != "busy" {
		t.Errorf("%d early hits, then %v", hits, got)
	}
	if c.Evicted() < 9000 {
		t.Errorf("%d evicted", c.Evicted())
	}
}

// TestWindowIsBounded fills one window beyond its bound.
func TestWindowIsBounded(t *testing.T) {
	c, a := counting(t, sigma.ValueCount, int64(time.Hour))
	n := maxWindow + 1000
	for i := range n {
		c.Observe(&Observation{Rule: a, Time: int64(i + 1), Fields: []string{"h", fmt.Sprint(i % 5000)}})
	}
	if c.Cut() != 1000 {
		t.Errorf("%d events were cut, want 1000", c.Cut())
	}
	if got := c.Finish(); len(got) != 1 || got[0].Count != int64(n) || len(got[0].Events) != MaxEventRefs || got[0].Value != 5000 {
		t.Errorf("got %d hits", len(got))
	}
}

// TestCountKeepsFew shows that counting up to a threshold loses nothing by keeping few entries.
func TestCountKeepsFew(t *testing.T) {
	c, a := counting(t, sigma.EventCount, int64(time.Hour))
	const n = 500_000
	for i := range n {
		c.Observe(&Observation{Rule: a, Time: int64(i + 1), Fields: []string{"h"}, Ref: EventRef{Record: int64(i)}})
	}
	if c.size > 1<<18 {
		t.Errorf("%d bytes for one group", c.size)
	}
	if got := c.Finish(); len(got) != 1 || got[0].Count != n || c.Cut() != 0 || got[0].Time != 10 || got[0].Last != n {
		t.Errorf("got %d hits, %d cut", len(got), c.Cut())
	}
}

func TestUndatedAndDisorder(t *testing.T) {
	c, a := counting(t, sigma.EventCount, 5)
	c.Observe(&Observation{Rule: a, Fields: []string{"h"}})
	for i := range 10 {
		c.Observe(&Observation{Rule: a, Time: int64(100 - i), Fields: []string{"h"}})
	}
	if got := c.Finish(); c.Undated() != 1 || len(got) != 1 || got[0].Count != 10 || got[0].Time != 100 {
		t.Errorf("%d undated, %v", c.Undated(), got)
	}
}

func TestAdvance(t *testing.T) {
	c, a := counting(t, sigma.EventCount, 5)
	for range 10 {
		c.Observe(&Observation{Rule: a, Time: 100, Fields: []string{"h"}})
	}
	if got := c.Advance(105); len(got) != 0 {
		t.Errorf("the burst can still go on, but %v", got)
	}
	if got := c.Advance(106); len(got) != 1 {
		t.Errorf("the burst is over, but %v", got)
	}
}

func TestOrdered(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var o ordered
	counts := make(map[float64]int)
	for range 20000 {
		v := float64(r.IntN(3000))
		if counts[v] > 0 && r.IntN(3) == 0 {
			o.remove(v)
			counts[v]--
		} else {
			o.insert(v)
			counts[v]++
		}
	}
	i := 0
	for v := range 3000 {
		for range counts[float64(v)] {
			if got := o.nth(i); got != float64(v) {
				t.Fatalf("number %d is %v, want %d", i, got, v)
			}
			i++
		}
	}
	if i != o.n || o.nth(i) != 0 {
		t.Errorf("%d numbers, want %d", o.n, i)
	}
}

// benchmark observes events of 100,000 groups, some 63,000 of which are in their window at a time.
func benchmark(b *testing.B, typ sigma.CorrelationType) {
	c, a := counting(b, typ, 100_000)
	const groups = 100_000
	hosts, users := make([]string, groups), make([]string, 1000)
	for i := range hosts {
		hosts[i] = "host-" + strconv.Itoa(i)
	}
	for i := range users {
		users[i] = strconv.Itoa(i)
	}
	r := rand.New(rand.NewPCG(7, 8))
	o := Observation{Rule: a, Fields: make([]string, 2), Entities: Entities{Users: []string{""}}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o.Time, o.Ref = int64(i+1), EventRef{File: "f", Record: int64(i)}
		o.Fields[0], o.Fields[1] = hosts[r.IntN(groups)], users[r.IntN(len(users))]
		o.Entities.Users[0] = o.Fields[0]
		c.Observe(&o)
	}
	if c.Evicted() > 0 {
		b.ReportMetric(float64(c.Evicted()), "evicted")
	}
}

func BenchmarkEventCount(b *testing.B)  { benchmark(b, sigma.EventCount) }
func BenchmarkValueCount(b *testing.B)  { benchmark(b, sigma.ValueCount) }
func BenchmarkValueMedian(b *testing.B) { benchmark(b, sigma.ValueMedian) }

func BenchmarkSorter(b *testing.B) {
	rules := []*sigma.Rule{base("a"), base("b"), base("c")}
	os := randomObservations(rand.New(rand.NewPCG(9, 9)), rules, 100_000)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		s := newSorting(rules, func() (order.Spill, error) { return &memorySpill{}, nil })
		s.Limit = 2 << 20
		for i := range os {
			if err := s.add(&os[i]); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.each(func(*Observation) error { n++; return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/observation")
}
