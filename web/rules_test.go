package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// listed is a rule as it is listed.
type listed struct {
	ID, Title, Source string
	Enabled           bool
	Fired             int
}

func (s *server) rules(query string) []listed {
	s.t.Helper()
	var page struct{ Items []listed }
	s.get("/rules?"+query, &page)
	return page.Items
}

// TestRuleFromThis goes from an alert to the rules that are drafted of it, tests one on what is kept, and puts it in force.
func TestRuleFromThis(t *testing.T) {
	t.Parallel()
	s := serve(t, true)
	s.first()
	_, attack := s.awaitNight()
	b := open(t, s)
	b.enter()
	b.visit("/queue/" + attack)
	b.see(".panel .acts a", "Rule")
	b.click(".panel .acts a")
	b.await("location.pathname === '/detections/new'")
	b.see(".note", "Drafted of incident")
	b.see(".editor-says", "Nothing is wrong")
	b.keys("t")
	b.await("Number(document.querySelector('.outcome .figures b')?.textContent) > 0")
	b.await("!document.querySelector('.save .button.main').disabled")
	b.click(".save .button.main")
	b.see("h1", "Again: Script uploaded")
	b.see(".meta", "armed")
	if armed := s.rules("source=armed"); len(armed) != 1 || !strings.HasPrefix(armed[0].Title, "Again: ") {
		t.Errorf("armed: %+v", armed)
	}
}

// TestRuleSaved writes a rule of a search, makes its tests of what it finds, puts it in force, breaks it, and takes it back; and
// changes a rule that is shipped, which is back when that is taken back.
func TestRuleSaved(t *testing.T) {
	t.Parallel()
	s := serve(t, true)
	s.first()
	s.awaitNight()
	b := open(t, s)
	b.enter()
	b.visit("/search?q=" + url.QueryEscape("dataset:sshd failed"))
	b.see(".said a", "Make a detection")
	b.click(".said a[href^='/detections/new']")
	b.see(".editor-says", "Nothing is wrong")
	b.keys("t")
	b.await("Number(document.querySelector('.outcome .figures b')?.textContent) > 0")
	b.see(".save .button", "Make tests of the examples")
	b.click(".save h3 ~ .button")
	b.await("document.querySelector('textarea.tests').value.includes('match: true')")
	b.click(".save .button.main")
	b.see("h1", "What this search finds")
	b.see(".toast", "in force")
	armed := s.rules("source=armed")
	if len(armed) != 1 {
		t.Fatalf("armed: %+v", armed)
	}
	// A test that does not pass keeps it out, and says why.
	b.allow("422: " + s.origin + "/api/v1/rules/arm")
	b.allow("status of 422 (Unprocessable Entity) " + s.origin + "/api/v1/rules/arm")
	b.click("textarea.tests")
	eval[string](b, `(() => { const e = document.querySelector('textarea.tests'); e.value = e.value.replaceAll('Failed', 'Accepted').replaceAll('failed', 'accepted'); e.dispatchEvent(new Event('input', {bubbles: true})); return ''; })()`)
	b.await("!document.querySelector('.save .button.main').disabled")
	b.click(".save .button.main")
	b.see(".save .note", "wanted at least 1 hit, got 0")
	b.visit("/detections/" + armed[0].ID)
	b.see(".two .button", "Take it back")
	eval[string](b, "([...document.querySelectorAll('.two .button')].find(e => e.textContent.includes('Take it back')).click(), '')")
	b.await("location.pathname === '/detections'")
	if armed := s.rules("source=armed"); len(armed) != 0 {
		t.Errorf("still armed: %+v", armed)
	}
	b.keys("z")
	parts.Wait(t, 20*time.Second, "the rule to be armed again", func() bool { return len(s.rules("source=armed")) == 1 })

	shipped := s.rules("q=shadow+copies")[0]
	b.visit("/detections/" + shipped.ID)
	b.see(".editor-says", "Nothing is wrong")
	eval[string](b, `(() => { const e = document.querySelector('.editor textarea'); e.value = e.value.replace(/^title:.*$/m, 'title: Backups gone'); e.dispatchEvent(new Event('input', {bubbles: true})); return ''; })()`)
	b.await("document.querySelector('.save .button.main') && !document.querySelector('.save .button.main').disabled")
	b.click(".save .button.main")
	b.see("h1", "Backups gone")
	b.see(".two .button", "As shipped again")
	eval[string](b, "([...document.querySelectorAll('.two .button')].find(e => e.textContent.includes('As shipped')).click(), '')")
	b.see("h1", shipped.Title)
	var trail struct {
		Items []struct{ Action, Target, Actor string }
	}
	s.get("/audit?limit=1000", &trail)
	found := 0
	for _, e := range trail.Items {
		if e.Action == "rule.arm" && e.Actor == userName && (e.Target == armed[0].ID || e.Target == shipped.ID) {
			found++
		}
	}
	if found != 3 {
		t.Errorf("the audit trail tells of %d: %+v", found, trail.Items)
	}
}
