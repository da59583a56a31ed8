package web_test

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// happen lets something happen on a host that raises an alert of its own.
func (s *server) happen(host string) {
	s.t.Helper()
	at := time.Now().UTC().Format(time.RFC3339)
	s.write(host+"-auth.log", at+" "+host+" useradd[991]: new user: name=back-"+host+", UID=0, GID=0, home=/root, shell=/bin/bash, from=/dev/pts/1\n"+
		at+" "+host+" sudo[992]: pam_unix(sudo:auth): conversation failed\n")
}

// before has a script run in every page of the tab before the page's own.
func (b *tab) before(script string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	b.must(err)
}

const (
	// streams is an expression, of all tabs of the browser, the first one too: how many tabs have the stream, and how many wait to take it over.
	streams = `navigator.locks.query().then(q => [q.held, q.pending].map(l => l.filter(x => x.name.startsWith('tocsin events')).length).join())`
	// fetches is an expression: that the API answers, within a while.
	fetches = `fetch('/api/v1/health', {cache: 'no-store', signal: AbortSignal.timeout(10000)}).then(r => r.ok, e => String(e))`
	// hurried makes the clock of a page go ten times as fast.
	hurried = `{ const now = performance.now.bind(performance), i = setInterval, t = setTimeout;
		performance.now = () => now() * 10; window.setInterval = (f, d) => i(f, d / 10); window.setTimeout = (f, d) => t(f, d / 10) }`
)

// aStreamForAll opens more tabs than a browser opens connections to a server: they share one stream. It goes on, without a
// gap and without a row that moves, when the tab that has it is closed, and when that is put to sleep.
func aStreamForAll(t *testing.T, root *tab) {
	const many = 8
	tabs, ends := make([]*tab, many), make([]func(), many)
	for i := range tabs {
		tabs[i], ends[i] = root.in(t).another()
		if i == many-1 {
			tabs[i].before(hurried)
		}
		tabs[i].visit("/queue")
		tabs[i].await("document.querySelector('.pulse .live')")
		tabs[i].await("document.querySelectorAll('.qrow').length >= 6")
	}
	one := tabs[1]
	if got := eval[string](one, streams); got != "1,8" {
		t.Errorf("%s tabs have the stream and wait for it", got)
	}
	root.s.happen("db8")
	for _, b := range tabs {
		b.see(".news", "new")
		if got := eval[any](b, fetches); got != true {
			t.Errorf("a tab of %d cannot ask: %v", many, got)
		}
	}

	rows := "[...document.querySelectorAll('.qrow')].map(r => r.id + r.getBoundingClientRect().top).join()"
	before := eval[string](one, rows)
	ends[0]() // it came first, so it has the stream
	one.await("navigator.locks.query().then(q => q.pending.filter(x => x.name.startsWith('tocsin events')).length < 8)")
	root.s.happen("db9")
	for _, b := range tabs[1:] {
		b.await("parseInt(document.querySelector('.news')?.textContent) >= 2")
		b.await("document.querySelector('.pulse .live')")
	}
	if after := eval[string](one, rows); after != before {
		t.Errorf("rows moved when another tab was closed:\n%s\n%s", before, after)
	}

	// A tab that sleeps keeps the lock and says nothing. The one whose clock hurries is the first to doubt it.
	name := eval[string](one, "navigator.locks.query().then(q => q.held.find(x => x.name.startsWith('tocsin events')).name)")
	sleeper, _ := root.in(t).another()
	sleeper.visit("/login")
	eval[any](sleeper, "(navigator.locks.request("+js(name)+", {steal: true}, () => new Promise(() => {})).catch(() => {}), null)")
	root.s.happen("db10")
	for _, b := range tabs[1:] {
		b.await("parseInt(document.querySelector('.news')?.textContent) >= 3")
	}
}

// aStreamOfItsOwn is what a tab has whose browser knows no locks.
func aStreamOfItsOwn(t *testing.T, root *tab) {
	b, _ := root.in(t).another()
	b.before("delete Navigator.prototype.locks")
	b.visit("/queue")
	b.await("document.querySelectorAll('.qrow').length >= 6 && !navigator.locks")
	b.await("document.querySelector('.pulse .live')")
	root.s.happen("db11")
	b.see(".news", "new")
}
