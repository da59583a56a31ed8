package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// TestReportPages looks at the reports after a night's work: each says what was done.
func TestReportPages(t *testing.T) {
	t.Parallel()
	s := serve(t, true)
	s.first()
	list, attack := s.awaitNight()
	s.post("/incidents/decide", map[string]any{"keys": []string{attack}, "status": "taken"}, nil)
	other := list[0].Key
	if other == attack {
		other = list[1].Key
	}
	s.post("/incidents/decide", map[string]any{"keys": []string{other}, "status": "closed", "verdict": "expected", "note": "the nightly copy"}, nil)
	s.post("/cases", map[string]any{"title": "Break-in over the shop", "incidents": []string{attack}}, nil)
	b := open(t, s)
	b.enter()
	b.visit("/reports")
	b.see(".kpi", "Incidents")
	b.click(".tabs a[href='/reports/shift']")
	b.see("h2", "Hand-over")
	b.see("td", theAttack)
	b.see("td .row", userName)
	b.see(".lines-list", "the nightly copy")
	b.see("td", "Break-in over the shop")
	b.visit("/reports/shift?since=" + time.Now().UTC().Add(time.Minute).Format("2006-01-02T15:04"))
	b.allow("422: " + s.origin + "/api/v1/reports/shift/lines")
	b.allow("status of 422 (Unprocessable Entity) " + s.origin + "/api/v1/reports/shift/lines")
	b.see(".note", "a shift ends after it begins")
	b.click(".tabs a[href='/reports/compliance']")
	b.see(".controls td", "DE.CM-01")
	b.see(".proof", "1 user comes in with a password alone")
	eval[string](b, "([...document.querySelectorAll('.segments button')].find(e => e.textContent === 'HIPAA').click(), '')")
	b.see(".controls td", "164.312(b)")
	b.see("header", "45 CFR Part 164")
}

// TestCaseReportPage gives a case its tasks, notes and evidence on its page, and reads all of it again in the report, on the
// screen and as the file that is downloaded.
func TestCaseReportPage(t *testing.T) {
	t.Parallel()
	s := serve(t, true)
	s.first()
	_, attack := s.awaitNight()
	var c struct{ Key string }
	s.post("/cases", map[string]any{"title": "Break-in <over> the shop", "incidents": []string{attack}}, &c)
	b := open(t, s)
	b.enter()
	b.visit("/cases/" + c.Key)
	b.see(".timeline", "")
	b.keys("t")
	b.write("#case-task", "Change all keys")
	b.keys("Enter")
	b.see(".lines-list", "Change all keys")
	b.keys("Escape", "n")
	b.write("#case-note", "It began with an upload")
	b.click("#case-note ~ .button")
	b.see(".prose", "It began with an upload")
	eval[string](b, `(() => { const d = new DataTransfer(), i = document.getElementById('evidence-file'); d.items.add(new File(['<?php shell'], 'a7f3.php')); i.files = d.files; i.dispatchEvent(new Event('change', {bubbles: true})); return ''; })()`)
	b.see(".evidence", "a7f3.php")
	hash := eval[string](b, "document.querySelector('.evidence .hash').textContent")
	if len(hash) != 64 {
		t.Fatalf("the hash of the evidence: %q", hash)
	}
	got := eval[string](b, fmt.Sprintf("fetch('/api/v1/evidence/%s').then(r => r.text())", hash))
	if got != "<?php shell" {
		t.Errorf("the evidence: %q", got)
	}
	link := eval[string](b, "document.querySelector('[aria-label=\"Download the report\"]').href")
	file := eval[string](b, fmt.Sprintf("fetch(%s).then(async r => r.headers.get('Content-Disposition') + await r.text())", js(link)))
	if !strings.HasPrefix(file, `attachment; filename="case-`+c.Key[:8]+`.html"<!DOCTYPE html>`) {
		t.Errorf("the file begins: %.120s", file)
	}
	page, err := url.Parse(eval[string](b, "[...document.querySelectorAll('.head a')].find(a => a.textContent === 'Report').href"))
	b.must(err)
	b.visit(page.RequestURI())
	b.see("h1", "Break-in <over> the shop")
	for _, text := range []string{"Change all keys", "It began with an upload", "a7f3.php", hash, theAttack, "Timeline", "203.0.113.66", userName} {
		b.await(fmt.Sprintf("document.body.innerText.includes(%s)", js(text)))
	}
	if n := eval[int](b, "document.querySelectorAll('.timeline tbody tr').length"); n < 10 {
		t.Errorf("the timeline has %d lines", n)
	}
	parts.Wait(t, 20*time.Second, "the report to have its style", func() bool {
		return eval[string](b, "getComputedStyle(document.querySelector('main')).maxWidth") != "none"
	})
}
