package web_test

import (
	"fmt"
	"testing"
	"time"
)

// typing has alerts come in while somebody writes: what is written stays, and where; the row that is looked at stays; what has
// come is told, and waits.
func typing(t *testing.T, b *tab) {
	b.s.backdoors("typed1")
	b.visit("/queue?q=typed")
	b.see(".qrow", "typed1")
	b.await("document.querySelector('.pulse .live')")
	b.keys("Enter")
	b.see(".panel h2", "")
	b.see(".panel .part", "Why it fired")
	b.keys("e")
	b.click(".closing .why")
	b.write(".closing .why", "asked the owner, who says no")
	w := b.watch(".closing .why", 6, 9)
	hits := eval[string](b, times)

	b.s.backdoors("typed1", "typed2") // one that is open grows, another is new
	b.see(".news", "1 new")
	b.await(times + " !== " + js(hits))
	b.await(times + `.slice(1) + " hits in" === /\d+ hits in/.exec(document.querySelector(".panel .who").innerText)?.[0]`) // the panel, too, says what is now
	w.still("in the close menu")
	b.keys("X")
	b.await(`document.querySelector(".closing .why").value === "asked X owner, who says no"`)
	w.caret(7, 7)
	b.s.backdoors("typed1", "typed3")
	b.see(".news", "2 new")
	w.still("in the close menu, after a key")
	b.keys("Escape")
	b.keys("Escape")
	b.await("!document.querySelector('.closing')")

	b.keys("r")
	b.await("document.querySelectorAll('.qrow').length === 3 && !document.querySelector('.news')")
	b.keys("Escape", "j", "/")
	w = b.watch("#queue-filter", 1, 3)
	b.s.backdoors("typed2", "typed4")
	b.see(".news", "1 new")
	w.still("in the filter")
	b.keys("Y")
	b.await("document.getElementById('queue-filter').value === 'tYed'")
	w.caret(2, 2)
	b.await("location.search === '?q=tYed' && document.querySelectorAll('.qrow').length === 0")
	w.is("in the filter, once it has taken force")

	b.visit("/search?q=typed1")
	b.see(".event", "typed1")
	b.click("#search-line")
	b.write("#search-line", " useradd")
	top := eval[float64](b, "document.querySelector('.event').getBoundingClientRect().top")
	const count = `(document.querySelector(".nav a[href=\"/queue\"] .count")?.textContent ?? "")`
	b.await(count)
	open := eval[string](b, count)
	w = b.watch("#search-line", 2, 5)
	b.s.backdoors("typed1", "typed5")
	b.await(count + " !== " + js(open)) // it is told wherever somebody is
	w.is("in the line of a search")
	if now := eval[float64](b, "document.querySelector('.event').getBoundingClientRect().top"); now != top {
		t.Errorf("the rows of the search have moved from %v to %v", top, now)
	}
}

// times is an expression: how often the first row says that it was hit, "×4".
const times = `(document.querySelector(".qrow .times")?.textContent ?? "")`

// backdoors makes an administrator on each of some hosts, which is an alert.
func (s *server) backdoors(hosts ...string) {
	s.t.Helper()
	text := ""
	for _, h := range hosts {
		text += fmt.Sprintf("%s %s useradd[991]: new user: name=adm%s, UID=0, GID=0, home=/root, shell=/bin/bash, from=/dev/pts/1\n", time.Now().UTC().Format(time.RFC3339Nano), h, h)
	}
	s.write("backdoors.log", text)
}

// field is one in which somebody writes.
type field struct {
	b        *tab
	selector string
	value    string
	here     string // the row of the cursor
	from, to int
}

// watch puts the selection of a field that has the focus, and takes note of it.
func (b *tab) watch(selector string, from, to int) *field {
	b.t.Helper()
	b.await("document.activeElement === document.querySelector(" + js(selector) + ")")
	w := &field{b: b, selector: selector}
	w.value = eval[string](b, fmt.Sprintf("(e => { e.setSelectionRange(%d, %d); e.watched = true; return e.value })(document.activeElement)", from, to))
	w.here = eval[string](b, "document.querySelector('.qrow.here')?.id ?? ''")
	w.from, w.to = from, to
	return w
}

// caret is where it is now, of what is written now.
func (w *field) caret(from, to int) {
	w.b.t.Helper()
	w.value = eval[string](w.b, "document.activeElement.value")
	w.from, w.to = from, to
}

// still fails if the field, or the row of the cursor, is not as it was.
func (w *field) still(where string) {
	w.b.t.Helper()
	w.is(where)
	if here := eval[string](w.b, "document.querySelector('.qrow.here')?.id ?? ''"); here != w.here || here == "" {
		w.b.t.Errorf("%s: the cursor is on %q, not on %q", where, here, w.here)
	}
}

// is fails if the field is not as it was: the same one, with the focus, the text, and the selection.
func (w *field) is(where string) {
	w.b.t.Helper()
	const now = "(e => [String(e.watched && e === document.querySelector(%s)), e.value, String(e.selectionStart), String(e.selectionEnd)])(document.activeElement)"
	got := eval[[]string](w.b, fmt.Sprintf(now, js(w.selector)))
	want := []string{"true", w.value, fmt.Sprint(w.from), fmt.Sprint(w.to)}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.b.t.Errorf("%s: it is %q, not %q", where, got, want)
	}
}
