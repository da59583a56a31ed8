package web_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// phone opens a browser as a phone has it, and logs in.
func phone(t *testing.T, s *server) *tab {
	t.Helper()
	b := open(t, s)
	b.size(390, 844)
	b.enter()
	return b
}

func (b *tab) touch(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: append([]*input.TouchPoint{}, points...)})
	b.must(err)
}

// tap puts a finger on what has a selector and a text in it, where it is seen and nothing lies over it, as soon as it stands
// still there, and it is large enough for one.
func (b *tab) tap(selector, text string) {
	b.t.Helper()
	where := fmt.Sprintf(`(() => {
		const e = [...document.querySelectorAll(%s)].find(e => e.getClientRects().length && e.innerText.includes(%s) && !e.disabled);
		if (!e) return null;
		e.scrollIntoView({block: 'nearest'});
		const r = e.getBoundingClientRect(), x = r.left + r.width / 2, y = r.top + r.height / 2;
		return e.contains(document.elementFromPoint(x, y)) ? {x, y, w: r.width, h: r.height} : null;
	})()`, js(selector), js(text))
	type place struct{ X, Y, W, H float64 }
	var at, before *place
	for end := time.Now().Add(20 * time.Second); at == nil || before == nil || *at != *before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.shot("tap-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
			b.t.Fatalf("there is no %s %q to put a finger on; the page says: %.600s", selector, text, eval[string](b, "document.body.innerText"))
		}
		before, at = at, eval[*place](b, where)
	}
	if at.H < 30 {
		b.t.Errorf("%s %q is %.0f pixels high: too low for a finger", selector, text, at.H)
	}
	b.touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: at.X, Y: at.Y})
	b.touch(input.DispatchTouchEventTypeTouchEnd)
}

// swipe moves a finger up the middle of the screen, until what it has moved has moved.
func (b *tab) swipe(scroller string) {
	b.t.Helper()
	const x, y, by = 195, 500, 300
	top := "document.querySelector(" + js(scroller) + ").scrollTop"
	before := eval[float64](b, top)
	b.touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: x, Y: y})
	for d := 20.0; d <= by; d += 20 {
		b.touch(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: x, Y: y - d})
	}
	b.touch(input.DispatchTouchEventTypeTouchEnd)
	b.await(fmt.Sprintf("%s > %f", top, before+by/2))
	b.await("new Promise(done => { const at = " + top + "; setTimeout(() => done(at === " + top + "), 150) })") // a finger on what moves only stops it
}

// emulateNetworkConditions takes from a browser, or gives back to it, the network itself.
var emulateNetworkConditions = cdp.Command[network.Conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// offline does so, and tells the page, as the system of a phone does.
func (b *tab) offline(off bool) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulateNetworkConditions, network.Conditions{Offline: off, DownloadThroughput: -1, UploadThroughput: -1})
	b.must(err)
	_, err = chromedp.Call(b.ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: off, DownloadThroughput: 1e7, UploadThroughput: 1e7, ConnectionType: network.ConnectionTypeWifi})
	b.must(err)
}

// theLoopByTouch is the loop on a phone: contain, confirm, look at the evidence, close with a verdict, and take it back.
func theLoopByTouch(t *testing.T, b *tab) {
	if os.Getenv(apart) == "" {
		parts.Missing(t, "a network namespace of its own cannot be made; it needs root, unshare and ip")
	}
	nft, s := parts.Find(t, "nft"), b.s
	blocked := func() bool {
		out, err := exec.Command(nft, "list", "ruleset").Output()
		return err == nil && strings.Contains(string(out), attacker)
	}
	if blocked() {
		t.Fatal("it is blocked before anybody asked")
	}
	b.visit("/queue")
	b.await("!document.querySelector('.news')")
	b.tap(".qrow", theAttack)
	b.see(".panel h2", theAttack)
	key := eval[string](b, "location.pathname.split('/')[2]")
	state := func() incident {
		l := s.incidents("&q=key:" + key)
		if len(l) != 1 {
			t.Fatalf("%d incidents have the key %s", len(l), key)
		}
		return l[0]
	}
	b.tap(".panel .acts .button", "Contain")
	b.see(".contain li", attacker)
	b.shot("phone-contain")
	b.tap(".contain .foot .button", "Do th") // this step, these steps
	parts.Wait(t, 20*time.Second, "the address to be blocked", blocked)
	b.see(".contain .became", "done")
	if i := state(); i.Status == "closed" {
		t.Errorf("it is closed already: %+v", i)
	}

	for !eval[bool](b, "document.querySelector('.evidence .matched').getBoundingClientRect().top < innerHeight - 120") {
		b.swipe(".panel") // with the finger down to why it fired
	}
	b.await("[...document.querySelectorAll('.evidence .matched')].some(e => document.elementFromPoint(195, e.getBoundingClientRect().top + 5)?.closest('.matched'))")
	b.shot("phone-evidence")

	b.tap(".panel .acts .button", "Close")
	b.shot("phone-close")
	b.tap(".closing .verdict", "Malicious")
	parts.Wait(t, 20*time.Second, "the incident to be closed", func() bool { i := state(); return i.Status == "closed" && i.Verdict == "malicious" })
	b.await("!document.querySelector('.panel') && !document.getElementById('row-" + key + "')")
	b.see(".toast", "Closed as malicious")

	b.tap(".toast:last-child .link", "Undo") // each takes its own back: the verdict, then the block
	parts.Wait(t, 20*time.Second, "the incident to be open again", func() bool { i := state(); return i.Status == "new" && i.Verdict == "" })
	b.await("document.getElementById('row-" + key + "')")
	b.visit("/blocks")
	b.see("main", attacker)
	b.tap("main button", "Undo")
	parts.Wait(t, 20*time.Second, "the address to be free again", func() bool { return !blocked() })
}

// aPhoneOffline says so. What was read can be read on, what is not there yet comes by itself later; what is done is refused
// clearly, and done once when the network is back.
func aPhoneOffline(t *testing.T, b *tab) {
	s := b.s
	i := s.waits()
	b.offline(false) // in a network without a way out the browser believes that it is
	b.visit("/queue")
	b.await("navigator.onLine && document.querySelector('.pulse .live')")
	b.tap(".qrow", i.Title)
	b.see(".panel h2", i.Title)
	b.see(".panel .part h3", "Why it fired")
	b.await("document.querySelector('.panel .rule') && [...document.querySelectorAll('.panel .rule')].every(e => e.innerText.includes('Fired'))")
	read := eval[string](b, "document.querySelector('.panel .scroll').innerText")
	b.offline(true)
	b.see(".lost", "this device is offline")
	b.shot("phone-offline")
	if now := eval[string](b, "document.querySelector('.panel .scroll').innerText"); now != read {
		t.Errorf("what was read has changed to\n%s", now)
	}
	b.tap(".panel .acts .button", "Close")
	b.tap(".closing .verdict", "Expected")
	b.see(".toast.bad", "Not done: the server cannot be reached: this device is offline")
	b.await("!document.querySelector('.panel') && document.getElementById('row-" + i.Key + "')")
	b.tap(".qrow", theAttack) // nothing of it is there yet but its row
	b.see(".panel h2", theAttack)
	b.see(".panel .note.bad", "cannot be reached")
	if n := s.decisions(i.Key); n != 0 {
		t.Errorf("%d decisions by a phone that is offline", n)
	}
	b.offline(false)
	b.await("!document.querySelector('.lost')")
	b.see(".panel .part h3", "Why it fired")
	b.tap(".toast.bad .link", "Try again")
	s.awaitClosed(t, i.Key, "expected", "")
	b.see(".toast", "Closed as expected")
	if n := s.decisions(i.Key); n != 1 {
		t.Errorf("%d decisions", n)
	}
	b.tap(".panel .facts button", "")
	s.happen("db14")
	b.tap(".news", "new")
	b.see(".qrow", "db14")
}
