package web_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
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

// TestBlockedOnce asks twice under one key for a block, with a restart and somebody's undo between: the second gets the answer
// of the first, and the address stays free.
func TestBlockedOnce(t *testing.T) {
	if os.Getenv(apart) == "" {
		parts.Missing(t, "a network namespace of its own cannot be made; it needs root, unshare and ip")
	}
	nft := parts.Find(t, "nft")
	s := serveAt(t, false, parts.Port(t), "")
	s.first()
	blocked := func() bool {
		out, err := exec.Command(nft, "list", "ruleset").Output()
		return err == nil && strings.Contains(string(out), attacker)
	}
	ask := func() (key, state string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.origin+"/api/v1/actions", strings.NewReader(`{"actions":[{"kind":"block","target":"`+attacker+`","for":"1h","why":"test"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "night-1")
		answer, err := s.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var a struct{ Items []struct{ Key, State string } }
		s.read("/actions", answer, &a)
		return a.Items[0].Key, a.Items[0].State
	}
	key, was := ask()
	parts.Wait(t, 20*time.Second, "the address to be blocked", blocked)
	s.post("/actions/"+key+"/undo", map[string]any{}, nil)
	parts.Wait(t, 20*time.Second, "the address to be free again", func() bool { return !blocked() })
	s.stop()
	s.again(t)
	if k, is := ask(); k != key || is != was {
		t.Errorf("asked again: %s %s, not %s %s", k, is, key, was)
	}
	var trail struct{ Items []struct{ Action string } }
	s.get("/audit?action=action.ask", &trail)
	if len(trail.Items) != 1 || blocked() {
		t.Errorf("it was asked for %d times; blocked: %v", len(trail.Items), blocked())
	}
}

// TestSize holds the whole program, as releases build it, to what it may weigh.
func TestSize(t *testing.T) {
	const most = 40_000_000
	info, err := os.Stat(build(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the program has %d bytes", info.Size())
	if info.Size() >= most {
		t.Errorf("the program has %d bytes, and may have less than %d", info.Size(), most)
	}
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
