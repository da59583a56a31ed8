package serve

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/store"
)

// recover adds to the events of a serve that does not run those that only its write-ahead log holds, as it is after a
// crash, so that a search finds all that was acknowledged. The search goes on where that is not possible, and says so.
func (l *Left) recover(ctx context.Context, t *tenant) {
	if l.Events == nil {
		return
	}
	events, ok := t.store.(*store.Embedded)
	if !ok {
		fmt.Fprintln(l.Events, "tocsin: note: serve does not run, so the last events may still be in its write-ahead log; they come to the server when it starts")
		return
	}
	n, err := live.Recover(ctx, live.Options{Dir: t.dir, Parser: formats.Parser, Store: events, Log: slog.New(slog.DiscardHandler)}, events.ClosedInOrder())
	if err == nil && n > 0 {
		err = events.Reveal()
	}
	if err != nil {
		fmt.Fprintf(l.Events, "tocsin: note: what only the write-ahead log of serve holds is not searched: %v\n", err)
	}
}
