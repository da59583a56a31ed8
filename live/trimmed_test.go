package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/store"
)

// TestTrimmedIsTold: events larger than can be kept are told of with how many they were and where the first came from, once
// a minute at most.
func TestTrimmedIsTold(t *testing.T) {
	clock := &setClock{}
	s := newSiteWith(t, func(o *Options) { o.Now = clock.now })
	a := s.line.applied
	large := func(path string, rows, folded int, cut int64) {
		o := outcome{item: item{delivery: source.Delivery{Block: event.Block{Origin: &event.Origin{Path: path, Sender: "192.0.2.7"}}}}}
		a.trimmed.add(&o, store.Trimmed{Rows: rows, Folded: folded, Cut: cut})
	}
	expect := func(when, want string) {
		t.Helper()
		got := ""
		for _, n := range s.notices() {
			got += fmt.Sprintf("%s %s %d: %s", n.Action, n.Stream, n.Count, n.Reason)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	a.tellTrimmed()
	large("none", 0, 5, 5)
	a.tellTrimmed()
	expect("of nothing", "")
	large("a", 1, 2, 10)
	large("b", 2, 3, 20)
	a.tellTrimmed()
	told := func(path string, n, folded, cut int) string {
		return fmt.Sprintf("%s %s %d: events larger than can be kept: %d fields stand in %s, %d bytes were cut", source.NoticeUnreadable, path, n, folded, store.More, cut)
	}
	expect("at first", told("a", 3, 5, 30))
	large("c", 1, 0, 7)
	a.tellTrimmed()
	expect("within the minute", "")
	clock.set(61 * time.Second)
	a.tellTrimmed()
	a.tellTrimmed()
	expect("a minute later", told("c", 1, 0, 7))
	s.close()
}
