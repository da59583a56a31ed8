package detect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/sigma"
)

// TestBacklogAsHunt lets a stream bring what is long past, among others that bring what happens now. As it concerns
// other groups, the hits must be those of a hunt.
func TestBacklogAsHunt(t *testing.T) {
	late, hits := 0, 0
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 10))
		e, rules := randomEngine(t, r)
		if slices.ContainsFunc(e.chained, func(r *sigma.Rule) bool { return !slices.Equal(r.Correlation.GroupBy, []string{"g"}) }) {
			continue
		}
		now, old := randomStreams(r, e, rules, 2), randomStreams(r, e, rules, 1)
		const day = 24 * int64(time.Hour)
		for _, obs := range now {
			for i := range obs {
				obs[i].Time += day
			}
		}
		for i := range old[0] {
			old[0][i].Ref.File = "old"
			fields := old[0][i].Fields
			for j, n := range e.Needs(old[0][i].Rule) {
				if n == "g" {
					fields[j] = "old " + fields[j]
				}
			}
		}
		want := hunted(t, e, append(slices.Clone(now), old[0]))
		l, book := e.NewLive(LiveOptions{Lateness: 3}), newLedger(t)
		deliveries := catchUp(r, now, 3)
		clock := 2 * day
		for i, d := range deliveries {
			clock += int64(r.IntN(int(time.Second)))
			l.Advance(clock, book.tell)
			l.Observe(d.p, d.obs, book.tell)
			if i < len(now) || l.Watermark() < day/2 || r.IntN(2) > 0 {
				continue
			}
			n := min(len(old[0]), r.IntN(4))
			p := Progress{Stream: "old", Behind: n < len(old[0])}
			if n > 0 {
				p.Latest = old[0][n-1].Time
			}
			l.Observe(p, old[0][:n], book.tell)
			old[0] = old[0][n:]
			late += n
			if r.IntN(3) == 0 {
				saved, next := l.Snapshot(nil), e.NewLive(LiveOptions{Lateness: 3})
				if err := next.Restore(saved); err != nil || !bytes.Equal(next.Snapshot(nil), saved) {
					t.Fatalf("seed %d: another snapshot after it was restored: %v", seed, err)
				}
				l = next
			}
		}
		if len(old[0]) > 0 && l.Watermark() > day/2 {
			l.Observe(Progress{Stream: "old", Latest: old[0][len(old[0])-1].Time}, old[0], book.tell)
			late += len(old[0])
		} else if len(old[0]) > 0 {
			continue
		}
		l.Advance(clock+int64(BacklogPause)+1, book.tell)
		l.Advance(clock+int64(StalledAfter)+1, book.tell)
		if l.backlog != nil {
			t.Fatalf("seed %d: the backlog is not over", seed)
		}
		l.Finish(book.tell)
		same(t, fmt.Sprint("seed ", seed), book.hits(), want)
		hits += len(want)
	}
	if late < 2000 || hits < 3000 {
		t.Errorf("only %d observations late, %d hits", late, hits)
	}
}
