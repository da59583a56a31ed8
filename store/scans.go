package store

import (
	"context"
	"sync"
)

// scans knows the searches under way, to end them.
type scans struct {
	mu   sync.Mutex
	next int
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

// stop ends all searches.
func (s *scans) stop(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, end := range s.ends {
		end(why)
	}
}
