package live

import (
	"testing"
	"testing/synctest"
	"time"
)

// What is taken in is as much as is kept in a second, whatever the rate is and becomes, within its bounds; a single delivery
// that was late, and senders that bring little, change nothing.
func TestRoomFitsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(make(chan struct{}))
		const size = 512 << 10
		var way []taken
		keep := func(rate, seconds float64) (longest time.Duration) {
			for end := time.Now().Add(time.Duration(seconds * float64(time.Second))); time.Now().Before(end); {
				for len(way) == 0 || r.held+size <= r.limit {
					p, err := r.take(t.Context(), size)
					if err != nil {
						t.Fatal(err)
					}
					way = append(way, p)
				}
				time.Sleep(time.Duration(size / rate * float64(time.Second)))
				longest = time.Since(way[0].at)
				r.give(way[0])
				way = way[1:]
			}
			return longest
		}
		for _, c := range []struct{ rate, least, most float64 }{
			{2 << 20, 1 << 20, 2.5 * (1 << 20)}, {16 << 20, 7 << 20, 17 << 20}, {1 << 18, leastRoom, leastRoom}, {500 << 20, maxRoom, maxRoom}, {4 << 20, 2 << 20, 4.5 * (1 << 20)},
		} {
			longest := keep(c.rate, 60)
			if limit := float64(r.limit); limit < c.least || limit > c.most {
				t.Errorf("at %.0f bytes a second %.0f are taken in, not %.0f to %.0f", c.rate, limit, c.least, c.most)
			}
			if c.rate > leastRoom && longest > maxWay*5/4 {
				t.Errorf("at %.0f bytes a second one is on its way for %v", c.rate, longest)
			}
		}
		for _, p := range way {
			r.give(p)
		}
		way = nil
		keep(100<<20, 10)
		for _, p := range way {
			r.give(p)
		}
		before := r.limit
		p, _ := r.take(t.Context(), 100)
		time.Sleep(time.Minute)
		r.give(p)
		for range 100 {
			p, _ := r.take(t.Context(), 100)
			r.give(p)
		}
		if r.limit < before/2 {
			t.Errorf("%d are taken in after one was late, %d before", r.limit, before)
		}
	})
}
