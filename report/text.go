package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
)

// Span is a piece of text in one style: "" (plain), bold, dim, title, command, match, whole, or the name of a level.
// Match marks a part of a value, whole all of it. The text is as it stands in the log, not yet safe to print.
type Span = struct{ Style, Text string }

// Screen lays text out and keeps hostile text from being anything but text.
type Screen interface {
	// Print writes one line at indent columns; where it is wrapped, the rest stands at hang columns.
	Print(indent, hang int, line ...Span)
	// Table writes rows of cells as columns; the column give may be cut where they are wider than the screen.
	Table(indent, give int, rows [][]Span)
	// Err returns the first error of writing.
	Err() error
}

// Options say how a run is shown.
type Options struct {
	Width   int                 // of the screen, in columns; 0 is without end, and then nothing is shortened
	Verbose bool                // tell every rule in full
	Next    []string            // commands to run next
	Safe    func(string) string // makes text one line that is safe to print; nil leaves it as it is
}

// NewText returns the rendering for a person at a screen: what was found, the gravest first, and why.
// It relies on the screen to make the text of logs safe.
func NewText(screen Screen, o Options) Handler { return &text{Screen: screen, o: o} }

type text struct {
	digest
	Screen
	o Options
}

const (
	detailedRules = 10 // told in full; the others in a table
	topNames      = 4  // hosts, users, addresses told of a rule
	topRunNames   = 6  // and of the run
)

// Summary writes everything.
func (t *text) Summary(s *detect.Summary) error {
	if err := t.digest.Summary(s); err != nil {
		return err
	}
	t.headline()
	t.incidents()
	full := t.detailed()
	for _, r := range t.order[:full] {
		t.Print(0, 0)
		t.rule(r)
	}
	t.others(t.order[full:])
	t.totals()
	t.unread()
	for _, n := range s.Notes {
		t.Print(0, 2, Span{"bold", "Note: "}, Span{"", n})
	}
	if len(t.o.Next) > 0 {
		t.Print(0, 0)
	}
	for _, n := range t.o.Next {
		t.Print(0, 2, Span{"dim", "→ "}, Span{"command", n})
	}
	return t.Err()
}

// detailed returns how many rules are told in full: those that are grave, unless they are many.
func (t *text) detailed() int {
	if t.o.Verbose || len(t.order) <= detailedRules {
		return len(t.order)
	}
	n := 0
	for n < detailedRules && t.order[n].severity <= severity("medium") {
		n++
	}
	return n
}

func (t *text) headline() {
	if t.hits == 0 {
		t.Print(0, 0, Span{"bold", "Nothing found: "}, Span{"", t.nothing()})
		if t.allUnknown() {
			t.Print(0, 0, Span{"", unknownKind})
		}
		return
	}
	line := []Span{{"bold", fmt.Sprintf("%s of %s: ", many(t.hits, "hit"), many(int64(len(t.order)), "rule"))}}
	for i, n := range t.levels {
		if n == 0 {
			continue
		}
		if len(line) > 1 {
			line = append(line, Span{"", "  "})
		}
		line = append(line, Span{levels[i].name, fmt.Sprintf("%s %s %s", levels[i].shape, Amount(n), levels[i].name)})
	}
	t.Print(0, 2, line...)
	if !t.first.IsZero() {
		t.Print(0, 2, Span{"", span(t.first, t.last) + " UTC"})
	}
	for _, k := range [][3]*tally{{&t.hosts, {}, {}}, {{}, &t.users, {}}, {{}, {}, &t.addresses}} {
		if line := t.names(k[0], k[1], k[2], topRunNames); len(line) > 0 {
			t.Print(0, 2, line...)
		}
	}
}

// nothing says what was searched in vain.
func (t *text) nothing() string {
	s := &t.summary
	if s.Events == 0 {
		return fmt.Sprintf("there was no event to read in %s.", many(s.Files, "file"))
	}
	return fmt.Sprintf("none of %s describes any of %s.", many(int64(s.Rules.Loaded), "rule"), many(s.Events, "event"))
}

// unknownKind is said where allUnknown is true and nothing was found, so that nobody takes that for good news.
const unknownKind = "All of it was read as plain text: no line is of a kind that tocsin knows, so only rules that look for words anywhere had anything to look at."

// allUnknown tells whether there were events, and all of them lines of text that nothing recognised.
func (d *digest) allUnknown() bool {
	for _, f := range d.summary.Formats {
		if f.Format != "text" && f.Events > 0 {
			return false
		}
	}
	return d.summary.Events > 0 && len(d.summary.Formats) > 0
}

// names tells hosts, users and addresses, the most frequent first.
func (t *text) names(hosts, users, addresses *tally, n int) []Span {
	var line []Span
	for _, kind := range []struct {
		word string
		*tally
	}{{"host", hosts}, {"user", users}, {"address", addresses}} {
		list, more, whole := kind.top(n)
		if len(list) == 0 {
			continue
		}
		if len(line) > 0 {
			line = append(line, Span{"dim", " · "})
		}
		line = append(line, Span{"dim", plural(kind.word, len(list)+more) + " "})
		for i, e := range list {
			if i > 0 {
				line = append(line, Span{"dim", ", "})
			}
			line = append(line, Span{"", e.name})
			if e.count > 1 && len(list)+more > 1 {
				line = append(line, Span{"dim", " ×" + Amount(e.count)})
			}
		}
		if more > 0 || !whole {
			line = append(line, Span{"dim", " " + andMore(more, whole)})
		}
	}
	return line
}

func andMore(more int, whole bool) string {
	if !whole {
		return fmt.Sprintf("and more than %s more", Amount(int64(more)))
	}
	return fmt.Sprintf("and %s more", Amount(int64(more)))
}

func plural(word string, n int) string {
	switch {
	case n == 1:
		return word
	case strings.HasSuffix(word, "s"):
		return word + "es"
	}
	return word + "s"
}

// rule tells one rule in full.
func (t *text) rule(r *ruleDigest) {
	l := levels[r.severity]
	t.Print(0, 2, Span{l.name, l.shape + " " + strings.ToUpper(l.name)}, Span{"", "  "}, Span{"title", r.info.Title},
		Span{"dim", "  ×" + Amount(r.count)})
	line := []Span{{"", span(r.first, r.last)}}
	for _, tech := range techniquesOf(r.info.Tags) {
		line = append(line, Span{"dim", " · "}, Span{"", tech.ID}, Span{"dim", strings.TrimPrefix(tech.String(), tech.ID)})
	}
	if list := tacticsOf(r.info.Tags); len(list) > 0 {
		var names []string
		for _, tactic := range list {
			names = append(names, tactic.Name)
		}
		line = append(line, Span{"dim", " (" + strings.Join(names, ", ") + ")"})
	}
	t.Print(2, 4, line...)
	if names := t.names(&r.hosts, &r.users, &r.addresses, topNames); len(names) > 0 {
		t.Print(2, 4, names...)
	}
	if d := t.shorten(r.info.Description, 2); d != "" {
		t.Print(2, 2, Span{"", d})
	}
	n := 2
	if r.severity == 0 {
		n = 3
	}
	samples := r.samples.telling(n)
	for _, s := range samples {
		t.sample(s, r)
	}
	if more := r.count - int64(len(samples)); more > 0 {
		t.Print(4, 4, Span{"dim", fmt.Sprintf("and %s more like these", Amount(more))})
	}
	t.advice("Harmless if: ", r.info.FalsePositives)
	t.advice("Do next: ", r.info.NextSteps)
}

// shorten makes a text one line that takes at most that many lines of the screen.
func (t *text) shorten(s string, lines int) string {
	if t.o.Width == 0 {
		return strings.Join(strings.Fields(s), " ")
	}
	return oneLine(s, lines*(t.o.Width-6))
}

// advice tells in one line what a rule's author says.
func (t *text) advice(head string, list []string) {
	var said []string
	for _, a := range list {
		if a = strings.TrimRight(strings.Join(strings.Fields(a), " "), ";."); a != "" && !strings.EqualFold(a, "unknown") && !strings.EqualFold(a, "none") {
			said = append(said, a)
		}
	}
	if len(said) == 0 {
		return
	}
	if len(said) == 1 && strings.EqualFold(said[0], "unlikely") {
		t.Print(2, 4, Span{"bold", "Hardly ever harmless."})
		return
	}
	n := 1
	line := said[0]
	for n < len(said) && (t.o.Width == 0 || len(line)+len(said[n]) < 2*(t.o.Width-12)) {
		line += "; " + said[n]
		n++
	}
	spans := []Span{{"bold", head}, {"", line}}
	if n < len(said) {
		spans = append(spans, Span{"dim", fmt.Sprintf("; %d more", len(said)-n)})
	}
	t.Print(2, 4, spans...)
}

// others tells rules in one line each.
func (t *text) others(rules []*ruleDigest) {
	if len(rules) == 0 {
		return
	}
	t.Print(0, 0)
	if t.detailed() > 0 {
		t.Print(0, 0, Span{"bold", fmt.Sprintf("%s more %s", Amount(int64(len(rules))), plural("rule", len(rules)))}, Span{"dim", "  (--verbose tells them in full)"})
	}
	var rows [][]Span
	for _, r := range rules {
		l := levels[r.severity]
		row := []Span{
			{l.name, l.shape + " " + strings.TrimSuffix(l.name, "rmational")},
			{"dim", t.when(r.first)},
			{"bold", r.info.Title},
			{"", who(r, t.o.Width)},
			{"dim", "×" + Amount(r.count)},
		}
		if !t.narrow() {
			row = append(row, Span{"dim", t.ids(r)})
		}
		rows = append(rows, row)
	}
	t.Table(0, 2, rows)
}

// narrow tells whether a screen has no room for what can be left out.
func (t *text) narrow() bool { return t.o.Width > 0 && t.o.Width < 110 }

// ids names the techniques of a rule; on a screen the first alone.
func (t *text) ids(r *ruleDigest) string {
	var ids []string
	for _, tech := range techniquesOf(r.info.Tags) {
		ids = append(ids, tech.ID)
	}
	if len(ids) > 1 && t.o.Width > 0 {
		ids = append(ids[:1], "…")
	}
	return strings.Join(ids, " ")
}

// when writes a time for a table, with no more of its date than tells the times of the run apart.
func (t *text) when(at time.Time) string {
	first, last := t.first.UTC(), t.last.UTC()
	switch {
	case !at.IsZero() && t.narrow() && first.Year() == last.Year():
		return at.UTC().Format("01-02 15:04")
	case at.IsZero() || first.Year() != last.Year():
		return moment(at)
	case first.YearDay() != last.YearDay():
		return at.UTC().Format("01-02 15:04:05")
	}
	return at.UTC().Format(onlyTime)
}

// who tells in a few words whom a rule's hits are about.
func who(r *ruleDigest, width int) string {
	one := func(t *tally) string {
		list, more, _ := t.top(1)
		if len(list) == 0 {
			return ""
		}
		name := list[0].name
		if limit := width / 5; width > 0 && len(name) > limit {
			name = name[:runeStart(name, limit)] + "…"
		}
		if more > 0 {
			name += fmt.Sprintf(" +%d", more)
		}
		return name
	}
	var list []string
	for _, k := range []*tally{&r.addresses, &r.users, &r.hosts} {
		if s := one(k); s != "" {
			list = append(list, s)
		}
	}
	if width > 0 && width < 140 && len(list) > 1 {
		list = list[:1]
	} else if width > 0 && len(list) > 2 {
		list = list[:2]
	}
	return strings.Join(list, ", ")
}
