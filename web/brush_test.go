package web_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// asks is an expression: what was asked of an operation since the page was loaded, the last as its arguments.
const asks = `(path => { const l = performance.getEntriesByType("resource").filter(r => new URL(r.name).pathname === path); return l.length ? new URL(l.at(-1).name).search : "" })`

// within is an expression: how many rows there are, all of them of a range of time, or -1.
const within = `((a, b) => { const l = [...document.querySelectorAll(".event .time")].map(e => Date.parse(e.title)); return l.every(t => t >= a && t < b) ? l.length : -1 })`

// brush takes a part of the time by dragging over the graph of a search; the address carries it, and back and forward restore
// it: the same range, rows of it, and what is asked of the server.
func brush(t *testing.T, b *tab) {
	b.visit("/search")
	b.see(".event", "")
	b.await("document.querySelectorAll('.histogram rect').length > 5")
	whole := eval[string](b, "document.querySelector('.said .num').innerText")
	x1, x2 := b.drag(".histogram svg", 0.30, 0.55)
	b.await("/[?&]from=\\d+&to=\\d+/.test(location.search)")
	b.see(".said button", "Whole time again")
	shown := func() (from, to int) {
		t.Helper()
		b.await("document.querySelector('.event') && !document.querySelector('.progress')")
		from, to = eval[int](b, "Number(new URLSearchParams(location.search).get('from'))"), eval[int](b, "Number(new URLSearchParams(location.search).get('to'))")
		b.await(fmt.Sprintf("%s(%d, %d) > 0", within, from, to))
		for _, path := range []string{"/api/v1/search", "/api/v1/search/histogram"} {
			b.await(fmt.Sprintf("(q => Date.parse(q.get('since')) === %d && Date.parse(q.get('until')) === %d)(new URLSearchParams(%s(%q)))", from, to, asks, path))
		}
		return from, to
	}
	from, to := shown()
	// What was dragged over is what is shown: a day is as wide as the graph, its bars are minutes of it.
	day := 24 * 3600e3
	if got := float64(to-from) / day; got < (x2-x1)-0.03 || got > (x2-x1)+0.03 {
		t.Errorf("%.3f of the day is shown after %.3f of it was dragged over", got, x2-x1)
	}
	if now := eval[string](b, "document.querySelector('.said .num').innerText"); now == whole {
		t.Errorf("there are as many as before: %s", now)
	}
	first := eval[string](b, "location.search")
	b.drag(".histogram svg", 0.75, 0.5) // the other way
	b.await("location.search !== " + js(first))
	inFrom, inTo := shown()
	if inFrom < from || inTo > to || inTo-inFrom > (to-from)/2 {
		t.Errorf("a part of %d to %d is %d to %d", from, to, inFrom, inTo)
	}
	second := eval[string](b, "location.search")
	for _, step := range []struct{ how, search string }{{"back", first}, {"back", ""}, {"forward", first}, {"forward", second}} {
		eval[any](b, "history."+step.how+"()")
		b.await("location.search === " + js(step.search))
		if step.search == "" {
			b.await("!document.querySelector('.said').innerText.includes('Whole time again') && document.querySelector('.event')")
			continue
		}
		shown()
	}
	eval[any](b, "(location.reload(), 0)") // the address is all that there is to it
	b.await("document.querySelector('.said')?.innerText.includes('Whole time again')")
	if f, u := shown(); f != inFrom || u != inTo {
		t.Errorf("loaded again it shows %d to %d, not %d to %d", f, u, inFrom, inTo)
	}
}

// drag presses the pointer on an element, moves it and lets it go; from and to are parts of the element's width. It returns
// where that was, as such parts, the lesser first.
func (b *tab) drag(selector string, from, to float64) (least, most float64) {
	b.t.Helper()
	box := eval[[]float64](b, "(r => [r.left, r.top, r.width, r.height])(document.querySelector("+js(selector)+").getBoundingClientRect())")
	at := func(part float64) (x, y float64) { return box[0] + box[2]*part, box[1] + box[3]/3 }
	x, y := at(from)
	b.must(chromedp.Do(b.ctx, chromedp.MouseEvent(chromedp.MouseMoved, x, y)))
	b.must(chromedp.Do(b.ctx, chromedp.MouseEvent(chromedp.MousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1))))
	for n := range 5 {
		x, y = at(from + (to-from)*float64(n+1)/5)
		b.must(chromedp.Do(b.ctx, chromedp.MouseEvent(chromedp.MouseMoved, x, y, chromedp.ButtonLeft)))
	}
	b.await("document.querySelector('.brush')") // what is taken is seen before it is let go
	b.must(chromedp.Do(b.ctx, chromedp.MouseEvent(chromedp.MouseReleased, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1))))
	return min(from, to), max(from, to)
}
