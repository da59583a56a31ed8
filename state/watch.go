package state

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/tocsin-sec/tocsin/alert"
)

// What a watcher is told of.
const (
	WroteIncidents = "incident"
	WroteActions   = "action"
)

// watchers are who is told of what was written.
type watchers struct {
	mu   sync.Mutex
	next int
	all  map[int]func(kind string, keys []string)
}

// Watch has f called after incidents or actions were written through this State, with their keys, until stop is called. It is
// called by whoever wrote, from any goroutine, and must not wait.
func (s *State) Watch(f func(kind string, keys []string)) (stop func()) {
	w := &s.queue.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = make(map[int]func(string, []string))
	}
	id := w.next
	w.next++
	w.all[id] = f
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, id)
	}
}

func (w *watchers) tell(kind string, keys []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.all {
		f(kind, keys)
	}
}

// Incidents returns those of some incidents that there are, in no order; also such as were merged into others.
func (s *State) Incidents(ctx context.Context, keys []string) ([]*alert.Incident, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	list, err := s.incidentsByKeys(ctx, slices.Clone(keys))
	if err != nil {
		return nil, fmt.Errorf("read incidents: %w", err)
	}
	return list, nil
}
