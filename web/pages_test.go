package web_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// shown are pages, and what must be seen of them when the night is in them.
func shown(case1 string) []struct{ path, selector, text string } {
	return []struct{ path, selector, text string }{
		{"/search", ".event", ""},
		{"/search?q=source.ip:*%20%7C%20stats%20count%20by%20source.ip%20%7C%20sort%20-count", "[role=cell]", "203.0.113"},
		{"/search?q=nothinglikethis", "h2", "No event is like this"},
		{"/detections", ".rule-row", "Shadow copies or backups deleted"},
		{"/detections/new?q=failed%20source.ip:203.0.113.0/24", ".editor-says", "Nothing is wrong"},
		{"/blocks", "h2", "Nothing is blocked"},
		{"/cases", "td", "Break-in over the shop"},
		{"/cases/" + case1, ".timeline", "alert"},
		{"/entities", ".entity", "web1"},
		{"/entities/address/203.0.113.66", ".incident-line", "Script uploaded"},
		{"/settings?at=sources", "td", "web1-access.log"},
		{"/settings?at=me", "h2", "Second factor"},
		{"/settings?at=people", "td", "Lena Haas"},
		{"/settings?at=audit", "td", "case.new"},
		{"/settings?at=health", ".figures", "kept"},
		{"/coverage", ".cell", "T1190"},
		{"/reports", ".kpi", "Incidents"},
		{"/reports/shift?hours=72", "h2", "Hand-over"},
		{"/reports/compliance?of=pci", ".controls td", "10.5.1"},
		{"/exposure", ".risks b", "password alone"},
	}
}

// overflows is an expression: what of the page sticks out of the window, or is cut off without a sign of it.
const overflows = `(() => {
  const out = [], W = innerWidth;
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('.hidden, svg, [hidden], .skip, .rail, thead')) continue;
    const style = getComputedStyle(e), r = e.getBoundingClientRect();
    if (style.display === 'none' || style.visibility === 'hidden' || !r.width || !r.height) continue;
    let clipped = false;
    for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible') clipped = true;
    if (r.right > W + 1 && !clipped) out.push('beyond the edge: ' + e.tagName + '.' + e.className);
    if (style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis' && e.scrollWidth > e.clientWidth + 1 && e.textContent.trim()) out.push('cut off: ' + e.tagName + '.' + e.className);
    if (style.overflowX === 'visible' && !e.children.length && e.textContent.trim() && e.scrollWidth > e.clientWidth + 2 && style.display !== 'inline') out.push('spills: ' + e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40));
  }
  return [...new Set(out)].slice(0, 10).join('; ');
})()`

// violations is an expression: what axe finds against WCAG 2.2 AA.
const violations = `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})
  .then(r => r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? n.all[0]?.message ?? '')).join(' | ')).join('; '))`

// TestPagesShown looks at the pages as people have them: on a phone, on a wide screen, light and dark.
func TestPagesShown(t *testing.T) {
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		parts.Missing(t, "axe-core is not there; make pages installs it")
	}
	s := serve(t, true)
	s.first()
	list, _ := s.awaitNight()
	var c struct{ Key string }
	s.post("/cases", map[string]any{"title": "Break-in over the shop", "incidents": []string{list[0].Key, list[1].Key}}, &c)
	b := open(t, s)
	b.enter()
	for _, width := range []int64{360, 768, 1440, 2560} {
		for _, p := range shown(c.Key) {
			t.Run(fmt.Sprintf("%d%s", width, strings.ReplaceAll(p.path, "/", "_")), func(t *testing.T) {
				b := &tab{t: t, s: s, ctx: b.ctx}
				b.size(width, 900)
				b.theme("light")
				b.visit(p.path)
				b.see(p.selector, p.text)
				if bad := eval[string](b, overflows); bad != "" {
					t.Errorf("at %d: %s", width, bad)
				}
				name := strings.Trim(strings.Map(plain, p.path), "-")
				b.shot(fmt.Sprintf("%s-%d-light", name, width))
				if width != 360 && width != 1440 {
					return
				}
				eval[string](b, string(axe)+"; ''")
				for _, theme := range []string{"light", "dark"} {
					b.theme(theme)
					if bad := eval[string](b, violations); bad != "" {
						t.Errorf("axe, %s: %s", theme, bad)
					}
				}
				b.shot(fmt.Sprintf("%s-%d-dark", name, width))
			})
		}
	}
}

func plain(c rune) rune {
	if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
		return c
	}
	return '-'
}

// TestSearchPage writes a search with what is offered, is told what is wrong with one, opens an event and goes on from it.
func TestSearchPage(t *testing.T) {
	t.Parallel()
	s := serve(t, true)
	s.first()
	s.awaitNight()
	b := open(t, s)
	b.enter()
	b.allow("/api/v1/search") // a query that is wrong is refused
	b.visit("/search")
	b.see(".event", "")
	b.click("#search-line")
	b.write("#search-line", "dataset:ssh")
	b.see("#search-offers li", "sshd")
	eval[string](b, "(document.querySelector('#search-offers li').dispatchEvent(new PointerEvent('pointerdown', {bubbles: true, cancelable: true})), '')")
	b.await("document.getElementById('search-line').value === 'dataset:sshd '")
	b.keys("Enter")
	b.await("location.search.includes('dataset')")
	b.await("[...document.querySelectorAll('.event .dataset')].length > 3 && [...document.querySelectorAll('.event .dataset')].every(e => e.textContent === 'sshd')")
	b.await("/^[0-9,]+ events? · page in/.test(document.querySelector('.said').textContent)")
	b.click(".event")
	b.see(".event-panel dt", "log.file.path")
	b.click(".event-panel [aria-label^='Only host.name']")
	b.await("decodeURIComponent(location.search).includes('host.name:=')")

	b.visit("/search?q=" + "fail:%20(")
	b.see(".mistake pre", "^")
	// A year in steps of weeks: it ends when it ends.
	since := time.Now().AddDate(-1, 0, 0)
	b.visit(fmt.Sprintf("/search?q=203.0.113.66&from=%d&to=%d", since.UnixMilli(), time.Now().UnixMilli()))
	var h struct {
		Start time.Time
		Step  float64
		Count []int64 `json:"counts"`
	}
	s.get("/search/histogram?q=203.0.113.66&buckets=96&since="+since.UTC().Format(time.RFC3339), &h)
	if h.Step < 100_000 {
		t.Fatalf("a year is shown in steps of %v s", h.Step)
	}
	end := h.Start.Add(time.Duration(h.Step*float64(len(h.Count))) * time.Second)
	b.see(".histogram", "")
	b.await(fmt.Sprintf("document.querySelector('.histogram svg')?.getAttribute('aria-label').endsWith(' from %s to %s UTC')", h.Start.Format("2 Jan 15:04"), end.Format("2 Jan 15:04")))
	b.visit("/search?q=203.0.113.66")
	b.see(".event", "203.0.113.66")
	b.keys("s")
	b.see("dialog h2", "Save this search")
	b.write("dialog input:not([type=checkbox])", "the intruder")
	b.keys("Enter")
	var saved struct {
		Items []struct{ Name, Query string }
	}
	parts.Wait(t, 20*time.Second, "the search to be saved", func() bool {
		s.get("/searches", &saved)
		return len(saved.Items) == 1 && saved.Items[0].Name == "the intruder" && saved.Items[0].Query == "203.0.113.66"
	})
}

// TestRulePage turns a rule off and takes that back, and tests one on what is kept.
func TestRulePage(t *testing.T) {
	t.Parallel()
	s := serve(t, true)
	s.first()
	s.awaitNight()
	b := open(t, s)
	b.enter()
	b.visit("/detections?q=shadow%20copies")
	b.see(".rule-row", "Shadow copies or backups deleted")
	rule := func() (r struct {
		Enabled bool
		Fired   int
	},
	) {
		var list struct {
			Items []struct {
				Title   string
				Enabled bool
				Fired   int
			}
		}
		s.get("/rules?q=shadow+copies", &list)
		for _, x := range list.Items {
			if x.Title == "Shadow copies or backups deleted" {
				r.Enabled, r.Fired = x.Enabled, x.Fired
			}
		}
		return r
	}
	if r := rule(); !r.Enabled || r.Fired == 0 {
		t.Fatalf("the rule is not as it should be: %+v", r)
	}
	b.click(".rule-row [role=switch]")
	parts.Wait(t, 30*time.Second, "the rule to be off", func() bool { return !rule().Enabled })
	b.see(".toast", "is off")
	b.keys("z")
	parts.Wait(t, 30*time.Second, "the rule to be on again", func() bool { return rule().Enabled })
	b.click(".rule-row .title")
	b.see(".editor-says", "Nothing is wrong")
	b.keys("t")
	b.see(".outcome .figures", "alerts a day")
	b.await("Number(document.querySelector('.outcome .figures b').textContent) > 0")
	b.click(".editor textarea")
	b.keys("x")
	b.see(".diag.error", "")
	b.await("document.querySelector('.trial .button.main').disabled")
}

// TestCasePage begins a case, does its work by the keyboard, and closes it.
func TestCasePage(t *testing.T) {
	t.Parallel()
	s := serve(t, true)
	s.first()
	s.awaitNight()
	b := open(t, s)
	b.enter()
	b.visit("/cases")
	b.see("h2", "No case is open")
	b.keys("n")
	b.see("dialog label", "Script uploaded")
	b.write("dialog .field input", "The night of the shop")
	b.click("dialog .choose .tick")
	b.keys("Enter")
	b.see("h1", "The night of the shop")
	b.see(".incident-line", "")
	b.keys("t")
	b.write("#case-task", "Change all keys")
	b.keys("Enter")
	b.see(".lines-list", "Change all keys")
	b.keys("Escape", "n")
	b.write("#case-note", "It began with an upload")
	b.click("#case-note ~ .button")
	b.see(".prose", "It began with an upload")
	b.click(".lines-list .tick")
	b.see(".struck", "Change all keys")
	eval[string](b, "(document.activeElement.blur(), '')")
	b.keys("e")
	b.see("dialog h2", "Close the case as")
	b.click("dialog .stack .button")
	var list struct {
		Items []struct{ Title, Status, Verdict string }
	}
	parts.Wait(t, 20*time.Second, "the case to be closed", func() bool {
		s.get("/cases?closed=true", &list)
		return len(list.Items) == 1 && list.Items[0].Status == "closed" && list.Items[0].Verdict == "malicious"
	})
}
