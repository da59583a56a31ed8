package prevent

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Burst is what a correlation has found in a case: so many events, or different values, of one group within some time.
type Burst struct {
	Rule     string // the title of the correlation
	GroupBy  []string
	Field    []string // of which different values are counted; empty: events are
	Timespan time.Duration
	Least    int           // what the correlation asks for at the least
	Events   []event.Event // of its hits
}

// maxBurst bounds what a drafted correlation asks for: its tests hold as many events.
const maxBurst = 200

// Bursts drafts, for each burst of a case and each kind of log in it, a correlation: events of these kinds alone, grouped
// and counted as the correlation that found them did, as often as that asked for, or more where ordinary events come as
// often. notes say why one was not drafted.
func Bursts(c *Case, bursts []Burst) (out []Rule, notes []string, err error) {
	for i := range bursts {
		b := &bursts[i]
		for _, format := range formats(b.Events) {
			r, why, err := c.burst(b, format, i)
			if err != nil {
				return nil, nil, err
			}
			if why != "" {
				notes = append(notes, fmt.Sprintf("%s (%s): no correlation was drafted: %s", oneLine(b.Rule), format, why))
				continue
			}
			out = append(out, *r)
		}
	}
	return out, notes, nil
}

// burst drafts one correlation, or says why not.
func (c *Case) burst(b *Burst, format string, nth int) (r *Rule, why string, err error) {
	d := &draft{c: c}
	d.events, d.near = ofFormat(b.Events, format, MaxEvents), ofFormat(c.Near, format, MaxNear)
	if d.source = d.events[0].Shape.Format.LogSource; d.source == (event.LogSource{}) {
		return nil, "no rule can name such logs", nil
	}
	d.split()
	for _, g := range d.kinds {
		g.tests = slices.DeleteFunc(g.describe(c), func(t test) bool { return t.class == actor || b.groups(t.field) })
		g.spare = slices.DeleteFunc(g.spare, func(t test) bool { return t.class != weak || b.groups(t.field) })
		g.narrow(d.near)
	}
	d.kinds = slices.DeleteFunc(d.kinds, func(g *group) bool { return len(g.tests) == 0 })
	if len(d.kinds) == 0 {
		return nil, "nothing in its events says what sort they are", nil
	}
	of := func(e *event.Event) bool {
		return slices.ContainsFunc(d.kinds, func(g *group) bool { return g.holds(e) })
	}
	own, ordinary := b.peaks(d.events, of), b.peaks(d.near, of)
	least, why := b.least(own, ordinary)
	if why != "" {
		return nil, why, nil
	}
	id := "tocsin prevent\x00often\x00" + c.Key + "\x00" + format + "\x00" + strconv.Itoa(nth)
	r = &Rule{
		ID: uuid(id), Title: clip("Again, as often: "+oneLine(c.Title), 100) + " (" + clip(oneLine(format), 30) + ")", Source: d.source,
		Name: c.fileName(format) + "_often" + strconv.Itoa(nth+1), Events: len(d.events), Near: len(d.near),
		Address: slices.ContainsFunc(b.GroupBy, func(f string) bool { return f == "source.ip" || f == "source.address" }),
	}
	d.rule = &Rule{ID: uuid(id + "\x00event"), Title: "One event of: " + r.Title, Name: r.Name, Near: r.Near, Events: r.Events}
	if err := d.verify(); err != nil {
		return nil, "", fmt.Errorf("draft a correlation about %s: %w", format, err)
	}
	r.Covered = d.rule.Covered
	for _, p := range ordinary {
		if p.most >= least {
			r.Remain++
		}
	}
	d.notes = nil // what one event describes does not matter: it is the number that tells
	if most := busiest(ordinary); most > 0 && most+1 < least {
		d.note("others come to %d in %s at most: its number could be as low as %d", most, spanText(b.Timespan), most+1)
	} else if most == 0 {
		d.note("none of the other events that were looked at is of these kinds")
	}
	r.Text = d.burstFile(r, b, least)
	r.Tests = d.burstTests(b, own, ordinary, least)
	r.Notes = d.notes
	return r, "", nil
}

// ofFormat returns the events of a format, at most so many.
func ofFormat(events []event.Event, format string, most int) (out []*event.Event) {
	for i := range events {
		if events[i].Shape.Format.Name == format && len(out) < most {
			out = append(out, &events[i])
		}
	}
	return out
}

// groups tells whether a field is one that the burst is grouped by, or whose values it counts.
func (b *Burst) groups(field string) bool {
	return slices.Contains(b.GroupBy, field) || slices.Contains(b.Field, field)
}

// peak is the densest stretch of a group.
type peak struct {
	most   int // what was counted in it
	events []*event.Event
}

// peaks returns, for each group, the stretch of the timespan that holds the most, the densest first.
func (b *Burst) peaks(events []*event.Event, of func(*event.Event) bool) []peak {
	byGroup := make(map[string][]*event.Event)
	var order []string
	for _, e := range events {
		key, whole := "", e.Time != 0 && of(e)
		for _, f := range b.GroupBy {
			v := textOf(e, f)
			whole = whole && v != ""
			key += v + "\x00"
		}
		if !whole || len(b.Field) > 0 && b.value(e) == "" {
			continue
		}
		if byGroup[key] == nil {
			order = append(order, key)
		}
		byGroup[key] = append(byGroup[key], e)
	}
	var out []peak
	for _, key := range order {
		out = append(out, b.densest(byGroup[key]))
	}
	slices.SortStableFunc(out, func(a, b peak) int { return cmp.Compare(b.most, a.most) })
	return out
}

// value is what of an event is counted, where values are.
func (b *Burst) value(e *event.Event) string {
	out := ""
	for _, f := range b.Field {
		v := textOf(e, f)
		if v == "" {
			return ""
		}
		out += v + "\x00"
	}
	return out
}

// densest moves a window over the events of one group.
func (b *Burst) densest(list []*event.Event) (best peak) {
	slices.SortStableFunc(list, func(a, b *event.Event) int { return cmp.Compare(a.Time, b.Time) })
	values := make(map[string]int)
	from := 0
	for to, e := range list {
		values[b.value(e)]++
		for ; e.Time-list[from].Time > int64(b.Timespan); from++ {
			v := b.value(list[from])
			if values[v]--; values[v] == 0 {
				delete(values, v)
			}
		}
		n := to - from + 1
		if len(b.Field) > 0 {
			n = len(values)
		}
		if n > best.most {
			best = peak{n, list[from : to+1]}
		}
	}
	return best
}

// busiest is the most that any group came to.
func busiest(list []peak) int {
	if len(list) == 0 {
		return 0
	}
	return list[0].most
}

// least is what the drafted correlation asks for: what the one that found the burst does, or more where others come to
// that, too. Where they come to as much as the case, it says so.
func (b *Burst) least(own, ordinary []peak) (n int, why string) {
	reach := busiest(own)
	for _, p := range own { // the least of those that the correlation has found
		if p.most >= b.Least {
			reach = min(reach, p.most)
		}
	}
	n = max(b.Least, 2)
	if most := busiest(ordinary); most >= n {
		n = most + 1
	}
	switch {
	case reach < b.Least:
		return 0, fmt.Sprintf("of its events only %d in %s are kept; the correlation asks for %d", reach, spanText(b.Timespan), b.Least)
	case n > reach:
		return 0, fmt.Sprintf("events that were not called malicious come as often: %d in %s, those of the case %d", busiest(ordinary), spanText(b.Timespan), reach)
	case n > maxBurst:
		return 0, fmt.Sprintf("it takes %d events, too many for a test", n)
	}
	return n, ""
}

// spanText writes a timespan as Sigma does: a number and s, m, h or d.
func spanText(d time.Duration) string {
	for _, u := range [...]struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= u.unit && d%u.unit == 0 {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(max(d, time.Second)/time.Second), 10) + "s"
}

// burstFile writes the correlation, and the rule about one event that it counts.
func (d *draft) burstFile(r *Rule, b *Burst, least int) string {
	var s strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }
	name := strings.ReplaceAll(r.ID, "-", "_")
	d.head(&s, r.Title, r.ID)
	line("correlation:")
	kind, condition := sigma.EventCount.String(), fmt.Sprintf("{gte: %d}", least)
	if len(b.Field) > 0 {
		kind, condition = sigma.ValueCount.String(), fmt.Sprintf("{gte: %d, field: %s}", least, list(b.Field))
	}
	line("  type: %s", kind)
	line("  rules: [again_%s]", name)
	if len(b.GroupBy) > 0 {
		line("  group-by: %s", list(b.GroupBy))
	}
	line("  timespan: %s", spanText(b.Timespan))
	line("  condition: %s", condition)
	line("level: %s", d.level())
	line("---")
	one := strings.Replace(d.ruleFile(), "\nstatus:", "\nname: again_"+name+"\nstatus:", 1)
	return s.String() + one
}

func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quote(n)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// burstTests writes the tests: as many of the case's events as it takes, one fewer, and the densest of the others.
func (d *draft) burstTests(b *Burst, own, ordinary []peak, least int) string {
	var s strings.Builder
	var from []*event.Event // of the group that comes to it with the least to spare
	for _, p := range own {
		if p.most >= least {
			from = p.events
		}
	}
	var events []*event.Event
	seen := make(map[string]bool)
	for _, e := range from {
		if v := b.value(e); len(b.Field) == 0 || !seen[v] {
			events, seen[v] = append(events, e), true
		}
		if len(events) == least {
			break
		}
	}
	d.burstExample(&s, "what happened", events, "hits: 1")
	d.burstExample(&s, "one event fewer", events[:len(events)-1], "match: false")
	if len(ordinary) > 0 {
		near := ordinary[0].events
		d.burstExample(&s, "near misses: the most of others", near[:min(len(near), least-1)], "match: false")
	}
	return s.String()
}

// burstExample writes one case with all of some events: as lines if all are of one format, else by their fields.
func (d *draft) burstExample(s *strings.Builder, name string, events []*event.Event, want string) {
	format := d.lineFormat(events[0], true)
	if slices.ContainsFunc(events, func(e *event.Event) bool { return d.lineFormat(e, true) != format }) {
		format = ""
	}
	if format == "" {
		d.writeBare(s, name, events, want)
		return
	}
	var lines []string
	for _, e := range events {
		lines = append(lines, strings.TrimRight(e.Raw, "\r\n"))
	}
	writeLines(s, name, format, lines, want)
}
