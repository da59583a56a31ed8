package live

import (
	"context"
	"sync"
)

// maxRoom bounds the bytes of deliveries that are taken in and not yet kept. The largest delivery has room in it.
const maxRoom = 48 << 20

// room is how many bytes more may be on their way. Who wants to take more waits; who wants much waits no longer than who
// came after it and wants little.
type room struct {
	turn  chan struct{}   // held by the one who is to get room next; of capacity 1
	ended <-chan struct{} // nobody gets room any more
	mu    sync.Mutex
	free  int64
	freed chan struct{} // closed when some is given back; nil where nobody waits
}

func (r *room) take(ctx context.Context, n int64) error {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.ended:
		return errClosed
	}
	defer func() { <-r.turn }()
	for {
		r.mu.Lock()
		if r.free >= n {
			r.free -= n
			r.mu.Unlock()
			return nil
		}
		if r.freed == nil {
			r.freed = make(chan struct{})
		}
		freed := r.freed
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-r.ended:
			return errClosed
		case <-freed:
		}
	}
}

func (r *room) give(n int64) {
	if n == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free += n
	if r.freed != nil {
		close(r.freed)
		r.freed = nil
	}
}
