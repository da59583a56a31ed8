package live

import (
	"context"
	"sync"
	"time"
)

// maxRoom bounds the bytes of deliveries that are taken in and not yet kept. It is firstRoom that are taken in until it is
// known how fast they are kept, and leastRoom at any rate. The largest delivery is let in alone.
const (
	maxRoom   = 48 << 20
	firstRoom = 4 << 20
	leastRoom = 1 << 20
)

// maxWay is how long what is taken in may be on its way before less is taken in. What is kept is kept in order: a line of
// one source must not stand behind more of another than can be kept in this time, and the rest waits with its sender, where
// the line is read in its turn.
const maxWay = time.Second

// room is how many bytes may be on their way. Who wants to take more waits; who wants much waits no longer than who came
// after it and wants little.
type room struct {
	turn  chan struct{}   // held by the one who is to get room next; of capacity 1
	ended <-chan struct{} // nobody gets room any more
	mu    sync.Mutex
	limit int64
	held  int64
	freed chan struct{} // closed when some is given back; nil where nobody waits
}

func newRoom(ended <-chan struct{}) room {
	return room{limit: firstRoom, ended: ended, turn: make(chan struct{}, 1)}
}

// taken is the room that a delivery has taken.
type taken struct {
	bytes int64
	held  int64 // with it, and what was on its way before it
	at    time.Time
}

func (r *room) take(ctx context.Context, n int64) (taken, error) {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return taken{}, context.Cause(ctx)
	case <-r.ended:
		return taken{}, errClosed
	}
	defer func() { <-r.turn }()
	for {
		r.mu.Lock()
		if r.held == 0 || r.held+n <= r.limit {
			r.held += n
			p := taken{n, r.held, time.Now()}
			r.mu.Unlock()
			return p, nil
		}
		if r.freed == nil {
			r.freed = make(chan struct{})
		}
		freed := r.freed
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return taken{}, context.Cause(ctx)
		case <-r.ended:
			return taken{}, errClosed
		case <-freed:
		}
	}
}

// give gives back what was taken. How long it was taken for says how much is to be taken in from now on.
func (r *room) give(p taken) {
	if p.bytes == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held -= p.bytes
	r.fit(p.held, time.Since(p.at))
	if r.freed != nil {
		close(r.freed)
		r.freed = nil
	}
}

// fit sets the limit by how long so many bytes took.
func (r *room) fit(held int64, took time.Duration) {
	switch {
	case took > maxWay && 8*held > r.limit: // so many as had gone in time, but not much less for a single one that was late
		fits := int64(float64(held) * float64(maxWay) / float64(took))
		r.limit = max(leastRoom, fits, r.limit*7/8)
	case took < maxWay/2 && 2*held > r.limit:
		r.limit = min(maxRoom, r.limit+r.limit/8)
	}
}
