package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/store"
)

// TestStoreIsDown starts with a new log while the server that keeps events is down: what comes in is taken, and numbered
// so that no frame before had its number.
func TestStoreIsDown(t *testing.T) {
	t.Parallel()
	remote, err := store.Dial(fmt.Sprintf("http://127.0.0.1:%d", parts.Port(t)), store.RemoteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before := uint64(time.Now().UnixMilli())
	s := newSiteWith(t, func(o *Options) { o.Store, o.Grace = remote, 100*time.Millisecond })
	taken := make(chan error, 1)
	s.run(func() {
		d := fillLine("web", 1, 10)
		d.Done = func(err error) { taken <- err }
		if err := s.line.Send(t.Context(), d); err != nil {
			t.Error(err)
		}
		select {
		case err := <-taken:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("a delivery is not acknowledged while the store is down")
		}
	})
	if s.line.base < before || s.line.base > store.MaxSeq/2 {
		t.Errorf("frames are numbered from %d on", s.line.base)
	}
	s.close()
	base := s.line.base
	s.open()
	if s.line.base != base || s.line.wal.Next() < 2 {
		t.Errorf("opened again, frames are numbered from %d on and not from %d; the next in the log is %d", s.line.base, base, s.line.wal.Next())
	}
	s.close()
}
