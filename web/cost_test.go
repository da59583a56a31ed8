package web_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// cost is what a page has taken of the thread that draws it and runs its scripts, in ms of CPU time: what else the machine
// does meanwhile is not in it. Heap is in MB.
type cost struct{ All, Script, Style, Layout, Heap float64 }

// measure begins to measure; cost may be asked for from then on.
func (b *tab) measure() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks})
	b.must(err)
}

func (b *tab) cost() cost {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, performance.GetMetrics, struct{}{})
	b.must(err)
	v := make(map[string]float64)
	for _, m := range r.Metrics {
		v[m.Name] = m.Value
	}
	return cost{v["TaskDuration"] * 1e3, v["ScriptDuration"] * 1e3, v["RecalcStyleDuration"] * 1e3, v["LayoutDuration"] * 1e3, v["JSHeapUsedSize"] / 1e6}
}

// since is what has been taken since, for each of n times.
func (c cost) since(was cost, n float64) cost {
	return cost{(c.All - was.All) / n, (c.Script - was.Script) / n, (c.Style - was.Style) / n, (c.Layout - was.Layout) / n, c.Heap - was.Heap}
}

func (c cost) String() string {
	return fmt.Sprintf("%.2f ms of the main thread (scripts %.2f, style %.2f, layout %.2f)", c.All, c.Script, c.Style, c.Layout)
}

// sweep has the page forget what nothing holds any more.
func (b *tab) sweep() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, heapprofiler.CollectGarbage, struct{}{})
	b.must(err)
}

// firstVisit measures what the queue costs a browser that has nothing of it yet. The budget is 250 ms; what fails is thrice
// that, for machines that are slower.
func firstVisit(t *testing.T, b *tab) {
	b.allow("/favicon.ico")  // of a page without one
	b.visit("/licences.txt") // the same process of the browser, without the console
	_, err := chromedp.Call(b.ctx, network.ClearBrowserCache, struct{}{})
	b.must(err)
	b.measure()
	was := b.cost()
	b.visit("/queue")
	b.await("document.querySelector('.qrow .title') && document.querySelector('.histogram rect') && document.querySelector('.nav .count') && document.querySelector('.pulse .live')")
	eval[any](b, "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")
	took := b.cost().since(was, 1)
	t.Logf("a first visit to a queue of %d: %s; budget 250", queued, took)
	if took.All == 0 || took.All > 750 {
		t.Errorf("a first visit takes %s", took)
	}
}

// nextAlert measures what one j costs, over 200 rows. The budget is 5 ms; what fails is five times that.
func nextAlert(t *testing.T, b *tab) {
	b.visit("/queue")
	b.await("document.querySelectorAll('.qrow').length > 10")
	b.keys("j")
	first := eval[string](b, "document.querySelector('.qrow.here').id")
	b.measure()
	was := b.cost()
	const steps = 200
	for range steps {
		b.keys("j")
	}
	b.await("document.querySelector('.qrow.here') && document.querySelector('.qrow.here').id !== " + js(first))
	took := b.cost().since(was, steps)
	t.Logf("j over %d rows, each: %s; budget 5", steps, took)
	if took.All == 0 || took.All > 25 {
		t.Errorf("j takes %s", took)
	}
	if n := eval[int](b, "document.querySelectorAll('.qrow').length"); n > 60 {
		t.Errorf("%d rows are in the page, however few are seen", n)
	}
}
