package store

import (
	"context"
	"fmt"
)

type tellKey struct{}

// Telling is a context whose searches tell how far they are: the share of the range of time that was read, from 0 to 1. It is
// called by the goroutine that called Query, between blocks; what is found at once tells nothing.
func Telling(ctx context.Context, tell func(share float64)) context.Context {
	return context.WithValue(ctx, tellKey{}, tell)
}

func tellerOf(ctx context.Context) func(float64) {
	tell, _ := ctx.Value(tellKey{}).(func(float64))
	return tell
}

// tell says how far a walk through a span of time has come.
func (w *walk) tell(ctx context.Context, whole span) {
	tell := tellerOf(ctx)
	if tell == nil || whole.until <= whole.since {
		return
	}
	left := float64(w.until-w.since) / float64(whole.until-whole.since)
	tell(min(max(1-left, 0), 1))
}

// Where somebody waits and is told, what is read at once elsewhere is read in about so many parts, none of which has fewer rows.
const (
	toldParts = 32
	toldRows  = 1 << 18
)

// inParts calls read for stretches of time that together are the span of the search: for all of it at once, unless somebody is
// told how far it is and there is much to be read.
func (s *search) inParts(ctx context.Context, read func(part span) error) error {
	if tellerOf(ctx) == nil {
		return read(s.span)
	}
	extent, rows, err := s.extent(ctx)
	if err != nil {
		return err
	}
	if rows < 2*toldRows {
		return read(s.span)
	}
	for w := newWalk(extent, rows, max(rows/toldParts, toldRows), false); ; {
		part, ok := w.next()
		if !ok {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		if err := read(part); err != nil {
			return err
		}
		w.done(part)
		w.tell(ctx, extent)
	}
}
