package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// What the pages have to bear: so many events in one list, and so many incidents in the queue.
const events, queued = 250_000, 210

// TestLargeAmounts shows what much costs: the figures are said with -v, and what is far beyond them fails.
func TestLargeAmounts(t *testing.T) {
	s := serve(t, false)
	s.first()
	s.many()
	b := open(t, s)
	b.enter()
	for _, c := range []struct {
		name string
		does func(*testing.T, *tab)
	}{{"first visit", firstVisit}, {"next alert", nextAlert}, {"long list", longList}} {
		t.Run(c.name, func(t *testing.T) {
			defer b.part(t)()
			c.does(t, b)
		})
	}
}

// many has events come in, of the last 20 hours, and as many incidents as a page of the queue has and more.
func (s *server) many() {
	s.t.Helper()
	var text strings.Builder
	begin := time.Now().UTC().Add(-20 * time.Hour)
	for n := range events {
		at := begin.Add(time.Duration(n) * (19 * time.Hour / events)).Format("2006-01-02T15:04:05.000000Z")
		fmt.Fprintf(&text, "%s shop%d shopd[%d]: request %d of customer %d for /basket/%x took %d ms\n", at, n%7, 900+n%5, n, n*7919%50000, n*2654435761%1000003, n%977)
	}
	s.write("shop.log", text.String())
	var hosts []string
	for n := range queued {
		hosts = append(hosts, fmt.Sprintf("many%d", n))
	}
	s.backdoors(hosts...)
	parts.Wait(s.t, 120*time.Second, "all events", func() bool {
		var h struct{ Total int }
		if s.waiting() == 0 {
			s.get("/search/histogram?q=took", &h)
		}
		return h.Total == events
	})
	parts.Wait(s.t, 60*time.Second, "all incidents", func() bool {
		var h struct{ Counts struct{ Open int } }
		s.get("/incidents/summary?status=waiting", &h)
		return h.Counts.Open >= queued
	})
}

// scroll is an expression: it scrolls a list by some rows, frame after frame, so many times; it answers the largest number of
// rows that were in the page meanwhile.
const scroll = `(async (rows, times) => {
  const list = document.querySelector(".search .virtual");
  let most = 0;
  for (let n = 0; n < times; n++) {
    list.scrollTop += rows * 24;
    await new Promise(done => requestAnimationFrame(done));
    most = Math.max(most, document.querySelectorAll(".event").length);
  }
  return most;
})`

// tasks is an expression: it takes note of tasks of more than 50 ms from now on.
const tasks = `(() => { window.tasks = []; new PerformanceObserver(l => window.tasks.push(...l.getEntries().map(e => e.duration))).observe({type: "longtask"}); return 0 })()`

// longList scrolls to the end of 250,000 events. The budget is 6 ms of the main thread for each frame; what fails is five times that.
func longList(t *testing.T, b *tab) {
	b.visit("/search?q=took")
	b.see(".event", fmt.Sprintf("request %d ", events-1))
	b.await(fmt.Sprintf("document.querySelector('.virtual .space').offsetHeight === %d * 24", events))
	b.measure()
	eval[any](b, tasks)
	was := b.cost()
	eval[any](b, "(document.querySelector('.search .virtual').scrollTop = 1e9, 0)")
	b.see(".event", "request 0 ") // the end of the list, for which all of it has been asked
	b.await("!document.querySelector('.empty-row') && !document.querySelector('.progress')")
	took := b.cost().since(was, 1)
	longest := eval[float64](b, "Math.max(0, ...window.tasks)")
	b.sweep()
	heap := b.cost().Heap
	t.Logf("all of %d events: %s; the longest task %.0f ms of the clock; %.0f MB kept", events, took, longest, heap)
	if took.All > 30_000 || heap > 400 {
		t.Errorf("all of %d events take %s, and %.0f MB", events, took, heap)
	}
	const height, frames = 24, 100
	view := eval[int](b, "document.querySelector('.search .virtual').clientHeight")
	for _, c := range []struct {
		how  string
		rows int
	}{{"a wheel's turn", -4}, {"a page", -30}, {"a long pull", -1200}} {
		was := b.cost()
		most := eval[int](b, fmt.Sprintf("%s(%d, %d)", scroll, c.rows, frames))
		took := b.cost().since(was, frames)
		t.Logf("scrolled by %s, each frame: %s; %d rows in the page; budget 6", c.how, took, most)
		if took.All > 30 {
			t.Errorf("scrolled by %s, each frame takes %s", c.how, took)
		}
		if most == 0 || most > view/height+20 {
			t.Errorf("%d rows are in the page, of which %d can be seen", most, view/height)
		}
	}
	if n := eval[int](b, "document.getElementsByTagName('*').length"); n > 1500 {
		t.Errorf("%d elements are in the page", n)
	}
	b.sweep()
	if after := b.cost().Heap; after > heap+60 {
		t.Errorf("scrolling has taken %.0f MB that are not given back", after-heap)
	}
}
