package web_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// revoke ends all sessions of the administrator but the test's own.
func (s *server) revoke() {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodDelete, s.origin+"/api/v1/me/sessions", http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.read(r.URL.Path, a, nil)
}

// decisions are those of an incident that stand in the audit trail.
func (s *server) decisions(key string) int {
	s.t.Helper()
	var trail struct{ Items []struct{ Action string } }
	s.get("/audit?action=incident.decide&target="+url.QueryEscape(key), &trail)
	return len(trail.Items)
}

// waits is an incident that nobody has judged yet, and that is not theAttack.
func (s *server) waits() incident {
	s.t.Helper()
	for _, i := range s.incidents("") {
		if i.Status == "new" && i.Title != theAttack && s.decisions(i.Key) == 0 {
			return i
		}
	}
	s.t.Fatal("no incident is left")
	return incident{}
}

// awaitClosed waits until an incident is closed with a verdict and a note.
func (s *server) awaitClosed(t *testing.T, key, verdict, note string) {
	t.Helper()
	parts.Wait(t, 20*time.Second, "the incident to be closed", func() bool {
		l := s.incidents("&q=key:" + key)
		return len(l) == 1 && l[0].Status == "closed" && l[0].Verdict == verdict && l[0].Note == note
	})
}

// logInAgain does so over the page.
func (b *tab) logInAgain() {
	b.t.Helper()
	b.see("dialog h2", "Your session has ended")
	b.write("dialog input[type=password]", password)
	b.keys("Enter")
	b.await("!document.querySelector('dialog')")
}

// aSessionEnds while somebody writes why an alert is closed: nothing is lost, it is told beside the work, the log-in is asked
// for when it is needed, and what was asked for is done once. Other tabs go on, too.
func aSessionEnds(t *testing.T, root *tab) {
	s := root.s
	root.allow("401")
	b, _ := root.in(t).another()
	b.allow("401")
	i := s.waits()
	b.visit("/queue/" + i.Key)
	b.see(".panel h2", i.Title)
	b.await("document.querySelector('.pulse .live')")
	b.keys("e")
	b.see(".closing h3", "Close as")
	b.write(".closing .why", "the new colleague ")
	s.revoke()
	s.happen("db12") // what it tells makes the page ask, and be refused
	b.see(".lost", "Your session has ended")
	root.see(".lost", "Your session has ended")
	b.await("!document.querySelector('dialog') && document.activeElement.className === 'why'")
	b.keys("o", "n", "l", "y")
	b.click(".closing .verdict:nth-of-type(2)")
	b.see("dialog h2", "Your session has ended")
	if n := s.decisions(i.Key); n != 0 {
		t.Errorf("%d decisions without a session", n)
	}
	b.logInAgain()
	s.awaitClosed(t, i.Key, "expected", "the new colleague only")
	b.see(".toast", "Closed as expected")
	b.await("!document.querySelector('.lost') && document.querySelector('.pulse .live')")
	root.await("!document.querySelector('.lost') && document.querySelector('.pulse .live')")
	if n := s.decisions(i.Key); n != 1 {
		t.Errorf("%d decisions", n)
	}
}

// aSessionEndsInASearch that is half written: Enter asks for the log-in, and then for the search. Who does not want to log in
// may, later, by the bar.
func aSessionEndsInASearch(t *testing.T, root *tab) {
	s := root.s
	b, _ := root.in(t).another()
	b.allow("401")
	b.visit("/search")
	b.see(".event", "")
	b.click("#search-line")
	b.write("#search-line", "203.0.113.")
	s.revoke()
	b.write("#search-line", "66")
	b.keys("Enter")
	b.see("dialog h2", "Your session has ended")
	b.keys("Escape")
	b.see(".lost", "Your session has ended")
	b.await("document.getElementById('search-line').value.trim() === '203.0.113.66'")
	b.click(".lost .button")
	b.logInAgain()
	b.await("!document.querySelector('.lost')")
	b.click("#search-line")
	b.keys("Enter")
	b.see(".event", "203.0.113.66")
	b.await("document.getElementById('search-line').value.trim() === '203.0.113.66'")
}
