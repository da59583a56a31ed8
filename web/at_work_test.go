package web_test

import (
	"testing"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestAtWork is people at work with the night in front of them: what has to hold while much happens at once.
func TestAtWork(t *testing.T) {
	s := serve(t, true)
	s.first()
	s.awaitNight()
	b := open(t, s)
	b.enter()
	for _, c := range []struct {
		name string
		does func(*testing.T, *tab)
	}{{"brush", brush}, {"typing", typing}, {"two people", twoPeople}} {
		t.Run(c.name, func(t *testing.T) {
			defer b.part(t)()
			c.does(t, b)
		})
	}
}

// part makes a tab and its server those of a part of a test: what fails fails there. What it returns ends that.
func (b *tab) part(t *testing.T) func() {
	whole := b.t
	b.t, b.s.t = t, t
	return func() { b.t, b.s.t = whole, whole }
}

// other opens a window of somebody else in the same browser: nothing of the first one's session is known in it.
func (b *tab) other() *tab {
	b.t.Helper()
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	b.t.Cleanup(end)
	o := &tab{t: b.t, s: b.s, ctx: ctx}
	b.must(chromedp.Do(ctx))
	b.must(chromedp.Listen(ctx, o.hear))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	b.must(err)
	_, err = chromedp.Call(ctx, cdplog.Enable, struct{}{})
	b.must(err)
	o.size(1440, 900)
	b.t.Cleanup(o.check)
	return o
}
