package report

import (
	"fmt"
	"math/rand"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
)

// A million hits that all differ take no more memory than a report of some hundred.
func TestDigestIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := new(digest)
	rules := make([]detect.RuleInfo, 10)
	for i := range rules {
		rules[i] = shell
		rules[i].ID = fmt.Sprint(i)
		if err := d.Rule(&rules[i]); err != nil {
			t.Fatal(err)
		}
	}
	const hits = 1_000_000
	for i := range hits {
		h := hitOf(&rules[i%len(rules)], i, int64(i))
		h.Entities = detect.Entities{Hosts: []string{fmt.Sprint("host", i)}, Users: []string{fmt.Sprint("user", i)}}
		h.Matched = []detect.Matched{{Field: "CommandLine", Value: fmt.Sprint("command -enc ", i), By: "CommandLine|contains: ' -enc '"}}
		h.Event = []byte(fmt.Sprintf(`{"CommandLine":"command %d","Image":"a.exe"}`, i))
		if err := d.Hit(h); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("the digest of %d hits takes %d bytes", hits, grown)
	}
	if d.hits != hits || d.levels[severity("high")] != hits || len(d.order) != len(rules) || len(d.histogram.buckets) > maxBuckets {
		t.Errorf("%d hits, %v, %d rules, %d buckets", d.hits, d.levels, len(d.order), len(d.histogram.buckets))
	}
	list, more, whole := d.hosts.top(3)
	if len(list) != 3 || more < maxNames-3 || more > 2*maxNames || whole {
		t.Errorf("top(3) = %v, %d, %v", list, more, whole)
	}
	runtime.KeepAlive(d)
}

// The buckets of a histogram hold every time, and do not depend on the order of the times.
func TestHistogram(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for _, spread := range []int64{1, 100, 5000, 3600 * 24 * 400} {
		var times []time.Time
		for range 500 {
			times = append(times, noon.Add(time.Duration(random.Int63n(spread)-spread/2)*time.Second))
		}
		times = append(times, time.Unix(-5, 0).Add(noon.Sub(time.Unix(0, 0))))
		var a, b histogram
		for _, at := range times {
			a.add(at, 0)
		}
		slices.SortFunc(times, func(x, y time.Time) int { return y.Compare(x) })
		for _, at := range times {
			b.add(at, 0)
		}
		if a.base != b.base || a.shift != b.shift || !slices.Equal(a.buckets, b.buckets) {
			t.Errorf("spread %d: the order matters: %v from %v, and %v from %v", spread, a.width(), a.start(0), b.width(), b.start(0))
		}
		var n int64
		for _, c := range a.buckets {
			n += c[0]
		}
		if n != int64(len(times)) || len(a.buckets) > maxBuckets {
			t.Errorf("spread %d: %d of %d times in %d buckets", spread, n, len(times), len(a.buckets))
		}
		if at := slices.MinFunc(times, time.Time.Compare); at.Before(a.start(0)) || !at.Before(a.start(1)) {
			t.Errorf("spread %d: %v is not in the first bucket, which begins %v", spread, at, a.start(0))
		}
	}
}

// Of many hits, those that tell most are told: other hosts first, the rare among what is common, each only once.
func TestTelling(t *testing.T) {
	var s samples
	for i := range 1000 {
		s.add(shellHit(i, int64(i), "COMMON", fmt.Sprint("same -enc ", i%20)), i == 0)
	}
	s.add(shellHit(2000, 2000, "RARE", "other -enc x"), true)
	for i := range 1000 {
		s.add(shellHit(3000+i, int64(3000+i), "COMMON", fmt.Sprint("same -enc ", i%20)), false)
	}
	list := s.telling(2)
	if len(list) != 2 || list[0].time.After(list[1].time) {
		t.Fatalf("%d samples, or not in order", len(list))
	}
	if !slices.ContainsFunc(list, func(c *sample) bool { return c.entities.Hosts[0] == "RARE" }) {
		t.Errorf("the rare host is not told: %v, %v", list[0].entities, list[1].entities)
	}
	if len(s.kept) > maxSamples || s.replaced > maxReplacements+1 {
		t.Errorf("%d kept, %d replaced", len(s.kept), s.replaced)
	}
}

// Hits one after the other about the same are one line of the timeline, and the line says how many.
func TestTimeline(t *testing.T) {
	d := new(digest)
	for i := range 100 {
		h := hitOf(&noise, i, int64(i))
		h.Entities.Hosts = []string{fmt.Sprint("host", i/4)}
		if err := d.Hit(h); err != nil {
			t.Fatal(err)
		}
	}
	r := d.order[0]
	if len(r.timeline) != maxOccurrences || r.timeline[0].count != 4 || r.untold != 100-4*maxOccurrences {
		t.Errorf("%d lines, the first of %d, %d untold", len(r.timeline), r.timeline[0].count, r.untold)
	}
	if got := r.timeline[0]; !got.first.Equal(noon) || !got.last.Equal(noon.Add(3*time.Second)) {
		t.Errorf("from %v to %v", got.first, got.last)
	}
}

func BenchmarkDigestHit(b *testing.B) {
	h := NewText(&paper{}, Options{})
	list := make([]*detect.Hit, 64)
	for i := range list {
		list[i] = shellHit(i, int64(i), fmt.Sprint("WS", i%8), fmt.Sprint("powershell -nop -enc JAB4AD0A", i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := h.Hit(list[i%len(list)]); err != nil {
			b.Fatal(err)
		}
	}
}
