package web_test

import (
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// stop ends the program as a restart of the machine does.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Fatal(err)
	}
}

// again starts the program once more, at the same place.
func (s *server) again(t *testing.T) {
	t.Helper()
	out := s.start()
	go func() { _, _ = io.Copy(io.Discard, out) }()
	parts.Wait(t, time.Minute, "serve to answer again", func() bool {
		r, err := s.client.Get(s.origin + "/api/v1/health")
		if err != nil {
			return false
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
}

// aServerRestarts while somebody judges: the page says that nothing can be done, and what was tried is as it was before. When
// the server is there again, so is the page, by itself; what was refused is done by one click, once.
func aServerRestarts(t *testing.T, root *tab) {
	s := root.s
	root.allow("ERR_")
	b, _ := root.in(t).another()
	b.allow("ERR_")
	i := s.waits()
	b.visit("/queue/" + i.Key)
	b.see(".panel h2", i.Title)
	b.await("document.querySelector('.pulse .live')")
	s.stop()
	b.see(".lost", "The server cannot be reached")
	b.await("!document.querySelector('.pulse .live')")
	b.see(".panel h2", i.Title)
	b.keys("e")
	b.write(".closing .why", "in between")
	b.click(".closing .verdict")
	b.see(".toast.bad", "Not done: the server cannot be reached")
	b.await("document.getElementById('row-" + i.Key + "')")
	s.again(t)
	b.await("!document.querySelector('.lost') && document.querySelector('.pulse .live')")
	if n := s.decisions(i.Key); n != 0 {
		t.Errorf("%d decisions of what was refused", n)
	}
	b.click(".toast.bad .link")
	s.awaitClosed(t, i.Key, "malicious", "in between")
	b.await("!document.querySelector('.toast.bad') && !document.getElementById('row-" + i.Key + "')")
	if n := s.decisions(i.Key); n != 1 {
		t.Errorf("%d decisions", n)
	}
	s.happen("db13")
	b.see(".news", "new")
}

// anAnswerIsLost of something that was done: it may be asked for once more, and is done once.
func anAnswerIsLost(t *testing.T, root *tab) {
	s := root.s
	b, _ := root.in(t).another()
	i := s.waits()
	b.visit("/queue/" + i.Key)
	b.see(".panel h2", i.Title)
	eval[any](b, `{ const f = window.fetch; window.fetch = async (...a) => {
		const r = await f(...a);
		if (!String(a[0]).includes('/incidents/decide')) return r;
		window.fetch = f;
		await r.text();
		throw new TypeError('lost');
	}; }`)
	b.keys("e", "2")
	b.see(".toast.bad", "Not done: the server cannot be reached")
	s.awaitClosed(t, i.Key, "expected", "")
	b.click(".toast.bad .link")
	b.see(".toast", "Closed as expected")
	b.await("!document.querySelector('.toast.bad') && !document.getElementById('row-" + i.Key + "')")
	if n := s.decisions(i.Key); n != 1 {
		t.Errorf("%d decisions", n)
	}
}
