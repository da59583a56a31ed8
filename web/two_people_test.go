package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// twoPeople has two at the same incidents: what one does, the other sees at once; what the other then does without having
// seen it is refused, says who was faster, and can be done all the same; what does not touch the same is kept of both.
func twoPeople(t *testing.T, lena *tab) {
	s := lena.s
	s.post("/users", map[string]any{"name": "ben", "password": password, "roles": map[string]string{"main": "responder"}}, nil)
	s.backdoors("both1", "both2", "both3", "both4")
	ben := lena.other()
	ben.enterAs("ben")
	ben.allow("/api/v1/incidents/decide") // that he is refused
	lena.allow("/api/v1/incidents/decide")
	keys := make(map[string]string)
	parts.Wait(t, 20*time.Second, "the incidents of both", func() bool {
		for n := 1; n <= 4; n++ {
			host := fmt.Sprintf("both%d", n)
			if l := s.incidents("&q=host:" + host); len(l) == 1 {
				keys[host] = l[0].Key
			}
		}
		return len(keys) == 4
	})
	for _, b := range []*tab{lena, ben} {
		b.visit("/queue?q=host:both*")
		b.await("document.querySelectorAll('.qrow').length === 4 && document.querySelector('.pulse .live')")
	}

	lena.at(keys["both1"])
	lena.keys("a")
	ben.see("#row-"+keys["both1"]+" .whose", "L")
	ben.at(keys["both1"])
	ben.await(`document.querySelector(".panel .state")?.innerText.includes("Taken by lena")`)
	s.await(t, keys["both1"], "taken lena  ")

	// A verdict over a verdict.
	ben.at(keys["both2"])
	ben.keys("e")
	ben.see(".closing", "False alarm")
	lena.at(keys["both2"])
	lena.keys("e", "1")
	s.await(t, keys["both2"], "closed  malicious ")
	ben.see("#row-"+keys["both2"]+" .chip", "closed as malicious")
	ben.keys("3")
	ben.see(".toast.bad", "Lena has closed it as malicious meanwhile")
	ben.see("#row-"+keys["both2"]+" .chip", "closed as malicious")
	s.await(t, keys["both2"], "closed  malicious ")
	ben.press(".toast.bad button", "Do it all the same")
	s.await(t, keys["both2"], "closed  false-alarm ")
	ben.see("dialog h2", "Keep it from coming again?")
	ben.keys("Escape")
	ben.await("!document.querySelector('dialog')")
	lena.keys("z") // what she takes back is not hers any more
	lena.see(".toast.bad", "Ben has closed it as false-alarm meanwhile")
	s.await(t, keys["both2"], "closed  false-alarm ")

	// Faster than it can be told.
	ben.at(keys["both3"])
	ben.keys("e")
	ben.see(".closing", "Expected")
	s.post("/incidents/decide", map[string]any{"keys": []string{keys["both3"]}, "status": "taken", "owner": userName}, nil)
	ben.keys("2")
	ben.see(".toast.bad", "Lena has taken it meanwhile")
	s.await(t, keys["both3"], "taken lena  ")

	// A note and an owner do not touch.
	ben.at(keys["both4"])
	ben.keys("n")
	ben.write(".closing textarea", "asked the owner")
	lena.at(keys["both4"])
	lena.keys("a")
	s.await(t, keys["both4"], "taken lena  ")
	ben.press(".closing button", "Keep it")
	s.await(t, keys["both4"], "taken lena  asked the owner")
	lena.see(".panel .state", "asked the owner")

	s.trail(t, keys)
}

// trail fails if the audit trail does not have what was done, or has what was refused.
func (s *server) trail(t *testing.T, keys map[string]string) {
	t.Helper()
	var trail struct {
		Items []struct{ Actor, Target string }
	}
	s.get("/audit?limit=500&action=incident.decide", &trail)
	said := make(map[string]int)
	for _, e := range trail.Items {
		said[e.Actor+" "+e.Target]++
	}
	for who, n := range map[string]int{"lena both1": 1, "ben both1": 0, "lena both2": 1, "ben both2": 1, "lena both3": 1, "ben both3": 0, "lena both4": 1, "ben both4": 1} {
		name, host, _ := strings.Cut(who, " ")
		if got := said[name+" "+keys[host]]; got != n {
			t.Errorf("the trail has %d decisions of %s about %s, not %d", got, name, host, n)
		}
	}
}

// await waits until an incident is as "status owner verdict note" says.
func (s *server) await(t *testing.T, key, want string) {
	t.Helper()
	parts.Wait(t, 20*time.Second, "the incident to be "+want, func() bool {
		l := s.incidents("&q=key:" + key)
		return len(l) == 1 && l[0].Status+" "+l[0].Owner+" "+l[0].Verdict+" "+l[0].Note == want
	})
}

// at opens the panel of an incident with a click on its row.
func (b *tab) at(key string) {
	b.t.Helper()
	b.click("#row-" + key + " .title a")
	b.await("location.pathname === '/queue/" + key + "' && document.querySelector('.panel .acts .button')")
	b.see(".panel .part", "Why it fired")
}

// press clicks the first button that says something.
func (b *tab) press(selector, text string) {
	b.t.Helper()
	b.see(selector, text)
	eval[any](b, fmt.Sprintf("([...document.querySelectorAll(%s)].find(e => e.innerText.includes(%s)).click(), 0)", js(selector), js(text)))
}
