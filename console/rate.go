package console

import (
	"sync"
	"time"
)

// rates tell how fast counters grow, over the last minute or less.
type rates struct {
	mu   sync.Mutex
	seen map[string][]reading // by counter, the oldest first
}

type reading struct {
	at time.Time
	n  int64
}

// of notes what a counter says, and returns by how much it has grown a second; 0 when it is read first.
func (r *rates) of(name string, n int64, now time.Time) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = make(map[string][]reading)
	}
	list := r.seen[name]
	for len(list) > 1 && now.Sub(list[1].at) >= time.Minute {
		list = list[1:]
	}
	if len(list) == 0 || now.Sub(list[len(list)-1].at) >= time.Second {
		list = append(list, reading{now, n})
	}
	r.seen[name] = list
	if span := now.Sub(list[0].at).Seconds(); span > 0 {
		return float64(n-list[0].n) / span
	}
	return 0
}
