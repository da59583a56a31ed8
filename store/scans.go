package store

import (
	"context"
	"sync"
)

// scans knows the searches under way, to end them.
type scans struct {
	mu   sync.Mutex
	next int
	over error // not nil: no search begins any more
	ends map[int]context.CancelCauseFunc
}

// begin returns a context for one search, and what is to be called at its end.
func (s *scans) begin(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends == nil {
		s.ends = make(map[int]context.CancelCauseFunc)
	}
	if s.over != nil {
		cancel(s.over)
	}
	s.next++
	n := s.next
	s.ends[n] = cancel
	return ctx, func() {
		cancel(nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.ends, n)
	}
}

// stop ends all searches that are under way; for good, also those that begin later.
func (s *scans) stop(why error, forGood bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if forGood {
		s.over = why
	}
	for _, end := range s.ends {
		end(why)
	}
}
