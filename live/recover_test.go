package live

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/store"
)

// count returns how many events a store has that hold a word.
func count(t *testing.T, s *store.Embedded, word string) string {
	t.Helper()
	if err := s.Reveal(); err != nil {
		t.Fatal(err)
	}
	q, err := query.Parse(word + " | stats count")
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	if err := s.Query(context.Background(), q, func(b *store.Block) error { got = b.Columns[0][0]; return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestRecover looks at what a killed process has left: events that only the log holds are found, and come once only when a
// line runs again.
func TestRecover(t *testing.T) {
	s := newSite(t)
	var frames [][]byte
	now := time.Now()
	for i := range 3 {
		d := source.Delivery{Block: event.Block{
			Origin: &event.Origin{Path: "/var/log/auth.log", Format: "syslog", Reference: now},
			Data:   fmt.Sprintf("%s host sshd[%d]: left behind\n", now.Format(time.Stamp), i), First: int64(i + 1),
		}}
		frames = append(frames, appendFrame(nil, &d, now.UnixNano()))
	}
	if _, err := s.line.wal.Append(frames...); err != nil {
		t.Fatal(err)
	}
	s.close() // as if it had been killed before it made anything of them
	for i, want := range []int{3, 0} {
		events, err := store.Open(filepath.Join(s.dir, "events"), store.Options{MinFree: 1})
		if err != nil {
			t.Fatal(err)
		}
		opt := Options{Dir: s.dir, Parser: formats.Parser, Store: events, Log: slog.New(slog.DiscardHandler), MinFree: 1}
		n, err := Recover(context.Background(), opt, events.ClosedInOrder())
		if err != nil || n != want {
			t.Fatalf("time %d: %d events, %v", i+1, n, err)
		}
		if got := count(t, events, `"left behind"`); got != "3" {
			t.Fatalf("time %d: %s events are found", i+1, got)
		}
		if err := events.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s.open()
	s.run(func() { <-s.line.Present() })
	if got := count(t, s.store, `"left behind"`); got != "3" {
		t.Fatalf("with a line again: %s events are found", got)
	}
	s.close()
}
