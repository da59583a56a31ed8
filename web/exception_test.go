package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// anExceptionIsMade of a false alarm: it is offered when that is closed, says what it would have hidden, and what it hides is
// hidden from then on, and only that. Undo ends it.
func anExceptionIsMade(t *testing.T, root *tab) {
	s := root.s
	b, _ := root.in(t).another()
	about := func(host string) (list []incident) {
		for _, i := range s.incidents("&q=host:" + host) {
			if i.Status != "closed" {
				list = append(list, i)
			}
		}
		return list
	}
	type silence struct {
		Matchers          []string
		Exception, Active bool
		Hidden            int
	}
	silences := func() []silence {
		var l struct{ Items []silence }
		s.get("/silences", &l)
		return l.Items
	}
	made := func(host string) {
		at := time.Now().UTC().Format(time.RFC3339)
		s.write(host+"-auth.log", at+" "+host+" useradd[991]: new user: name=test-"+host+", UID=0, GID=0, home=/root, shell=/bin/bash, from=/dev/pts/1\n")
	}
	if n := len(silences()); n != 0 {
		t.Fatalf("there are %d silences before", n)
	}
	made("lab1")
	parts.Wait(t, 30*time.Second, "the alert about lab1", func() bool { return len(about("lab1")) == 1 })
	key := about("lab1")[0].Key
	b.visit("/queue/" + key)
	b.see(".panel h2", "")
	b.keys("e", "3")
	s.awaitClosed(t, key, "false-alarm", "")
	b.await("location.pathname === '/queue'") // the panel is gone, what is offered is not
	b.see("dialog h2", "Keep it from coming again?")
	b.see("dialog", "it would have hidden")
	b.see("dialog", "none of them malicious")
	b.shot("exception")
	b.keys("Enter")
	b.see(".toast", "Exception in force")
	b.await("!document.querySelector('dialog')")
	list := silences()
	if len(list) == 0 || !list[0].Exception || !list[0].Active || !strings.Contains(strings.Join(list[0].Matchers, " "), "rule") {
		t.Fatalf("the exceptions are %+v", list)
	}

	before := len(s.incidents(""))
	made("lab1")
	parts.Wait(t, 30*time.Second, "the exception to hide one", func() bool {
		n := 0
		for _, x := range silences() {
			n += x.Hidden
		}
		return n > 0
	})
	made("lab2")
	parts.Wait(t, 30*time.Second, "the alert about lab2", func() bool { return len(about("lab2")) > 0 })
	if len(about("lab1")) != 0 || len(s.incidents("")) != before+1 {
		t.Errorf("%d about lab1 are open; of %d incidents there are %d now", len(about("lab1")), before, len(s.incidents("")))
	}

	b.keys("z")
	parts.Wait(t, 20*time.Second, "the exception to end", func() bool {
		for _, x := range silences() {
			if x.Active {
				return false
			}
		}
		return true
	})
}
