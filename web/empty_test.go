package web_test

import "testing"

// TestNothingYet looks at every page with nothing in it: each says what to do next, with a way to it.
func TestNothingYet(t *testing.T) {
	s := serve(t, false)
	s.first()
	b := open(t, s)
	b.enter()
	for _, part := range []string{"00000000", "192.0.2.1", "/api/v1/rules/none"} {
		b.allow(part) // there is no such thing
	}
	for _, path := range []string{
		"/queue?list=mine", "/queue?list=snoozed", "/queue?list=closed", "/queue?list=closed&range=all", "/queue?q=severity:critical", "/queue/00000000000000000000000000000000",
		"/cases", "/cases?closed=true", "/cases/00000000000000000000000000000000", "/search?q=nothinglikethis",
		"/entities/address/192.0.2.1", "/detections?q=zzzz", "/detections/none", "/blocks", "/blocks?is=waiting", "/blocks?is=past",
		"/exposure?accepted=1", "/reports?month=2020-01", "/settings?at=tokens", "/settings?at=notify", "/nowhere",
	} {
		b.visit(path)
		b.await("document.querySelector('.empty h2')")
		if !eval[bool](b, "document.querySelector('.empty a, .empty button') !== null") {
			t.Errorf("%s says %q, and no way on", path, eval[string](b, "document.querySelector('.empty').innerText"))
		}
	}
	b.visit("/queue/00000000000000000000000000000000")
	b.see(".panel .empty", "It is not here")
	if offers := eval[string](b, "document.querySelector('.panel .acts').innerText"); offers != "" {
		t.Errorf("of an alert that is not there, %q is offered", offers)
	}
	b.visit("/settings?at=sources")
	b.see("pre", "inputs:")
}
