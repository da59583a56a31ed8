package web_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// TestFirstRun goes from the link on the terminal to an empty queue, out again, and in with the password.
func TestFirstRun(t *testing.T) {
	s := serve(t, false)
	b := open(t, s)
	b.allow("/api/v1/me")
	b.allow("/api/v1/login") // a wrong password is refused
	b.visit(s.link)
	b.see("h1", "You are the first")
	b.write("input[autocomplete=username]", userName)
	b.write("input[autocomplete=name]", "Lena Haas")
	b.write("label:nth-of-type(3) input", password)
	b.write("label:nth-of-type(4) input", "something else")
	b.keys("Enter")
	b.see(".field .bad", "not the same")
	eval[string](b, "(document.querySelector('label:nth-of-type(4) input').select(), '')")
	b.write("label:nth-of-type(4) input", password)
	b.keys("Enter")
	b.see("h1", "Queue")
	b.see(".qrow", "Somebody was made administrator") // which is so, and has to be known
	b.await("document.title === 'Queue · tocsin'")
	b.click("[aria-label='Log out']")
	b.see("h1", "Log in")
	b.write("input[autocomplete=username]", userName)
	b.write("input[type=password]", "not this")
	b.keys("Enter")
	b.see(".note.bad", "wrong")
	eval[string](b, "(document.querySelector('input[type=password]').select(), '')")
	b.write("input[type=password]", password)
	b.keys("Enter")
	b.see("h1", "Queue")
}

// TestLoop is the loop that everything serves: from the pager's link to blocked and closed in four keys, and back.
func TestLoop(t *testing.T) {
	if os.Getenv(apart) == "" {
		parts.Missing(t, "a network namespace of its own cannot be made; it needs root, unshare and ip")
	}
	nft := parts.Find(t, "nft")
	s := serve(t, true)
	s.first()
	_, worst := s.awaitNight()
	b := open(t, s)
	b.enter()
	blocked := func() bool {
		out, err := exec.Command(nft, "list", "ruleset").Output()
		return err == nil && strings.Contains(string(out), attacker)
	}
	if blocked() {
		t.Fatal("it is blocked before anybody asked")
	}
	b.visit("/queue/" + worst)
	b.see(".panel h2", theAttack)
	b.keys("b", "Enter", "e", "1") // as fast as it goes: nothing is waited for
	parts.Wait(t, 20*time.Second, "the incident to be closed", func() bool {
		l := s.incidents("&q=key:" + worst)
		return len(l) == 1 && l[0].Status == "closed" && l[0].Verdict == "malicious"
	})
	parts.Wait(t, 20*time.Second, "the address to be blocked", blocked)
	b.await("!document.querySelector('.panel')")
	b.await("!document.getElementById('row-" + worst + "')")
	b.see(".toast", "Closed as malicious")
	b.see(".toast", "containment step")

	b.keys("z", "z") // what was done last is taken back first
	parts.Wait(t, 20*time.Second, "the incident to be open again", func() bool {
		l := s.incidents("&q=key:" + worst)
		return len(l) == 1 && l[0].Status == "new" && l[0].Verdict == ""
	})
	b.await("document.getElementById('row-" + worst + "')")
	parts.Wait(t, 20*time.Second, "the address to be free again", func() bool { return !blocked() })
}

// TestList moves, picks, judges many in one step, filters, and goes back and forward.
func TestList(t *testing.T) {
	s := serve(t, true)
	s.first()
	list, _ := s.awaitNight()
	b := open(t, s)
	b.enter()
	b.visit("/queue")
	b.await("document.querySelectorAll('.qrow').length >= 6")
	key := func() string { return eval[string](b, "document.querySelector('.qrow.here').id.slice(4)") }
	first := key()
	b.keys("j", "j")
	if third := key(); third == first {
		t.Error("j does not move")
	}
	b.keys("k", "k", "x", "j", "x", "e", "2")
	parts.Wait(t, 20*time.Second, "two to be closed", func() bool {
		n := 0
		for _, i := range s.incidents("") {
			if i.Status == "closed" && i.Verdict == "expected" {
				n++
			}
		}
		return n == 2
	})
	b.see(".toast", "2 alerts closed as expected")
	b.keys("z")
	parts.Wait(t, 20*time.Second, "both to be open again", func() bool {
		for _, i := range s.incidents("") {
			if i.Status != "new" {
				return false
			}
		}
		return true
	})
	b.await("document.querySelectorAll('.qrow').length >= " + strconv.Itoa(len(list)))

	b.click(".facet") // critical
	b.await("location.search.includes('severity:critical')")
	b.await("document.querySelectorAll('.qrow').length < 6 && document.querySelectorAll('.qrow').length > 0")
	b.click(".qrow .title a")
	b.await("location.pathname.startsWith('/queue/') && document.querySelector('.panel')")
	eval[any](b, "history.back()")
	b.await("!document.querySelector('.panel') && location.search.includes('severity:critical')")
	eval[any](b, "history.forward()")
	b.await("document.querySelector('.panel')")
	b.keys("Escape")
	b.await("!document.querySelector('.panel')")

	b.keys("?")
	b.see("dialog h2", "Keys")
	b.keys("Escape")
	b.await("!document.querySelector('dialog')")
	b.keys("g", "q")
	b.await("location.pathname === '/queue' && !location.search.includes('severity')")
}

// TestLive sees that what comes waits behind a bar, and that rows stay where they are.
func TestLive(t *testing.T) {
	s := serve(t, true)
	s.first()
	s.awaitNight()
	b := open(t, s)
	b.enter()
	b.visit("/queue")
	b.await("document.querySelectorAll('.qrow').length >= 6")
	b.await("document.querySelector('.pulse .live')")
	b.await("!document.querySelector('.news')")
	rows := "[...document.querySelectorAll('.qrow')].map(r => r.id + r.getBoundingClientRect().top).join()"
	before := eval[string](b, rows)
	at := time.Now().UTC().Format(time.RFC3339)
	s.write("db9-auth.log", at+" db9 useradd[991]: new user: name=backdoor, UID=0, GID=0, home=/root, shell=/bin/bash, from=/dev/pts/1\n"+
		at+" db9 sudo[992]: pam_unix(sudo:auth): conversation failed\n")
	b.see(".news", "new")
	if after := eval[string](b, rows); after != before {
		t.Errorf("rows moved:\n%s\n%s", before, after)
	}
	b.keys("r")
	b.await("!document.querySelector('.news')")
	b.see(".qrow", "db9")
}
