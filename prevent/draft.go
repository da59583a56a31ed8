package prevent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// draft is a rule in the making.
type draft struct {
	c      *Case
	rule   *Rule
	source event.LogSource
	events []*event.Event
	near   []*event.Event
	kinds  []*group
	notes  []string
}

// group is the events of one kind: one selection of the rule.
type group struct {
	fields []string // by which they are of one kind
	events []*event.Event
	tests  []test
	spare  []test // that make it narrower, the best first
	remain []*event.Event
}

// split puts the events into kinds, those of most events first.
func (d *draft) split() {
	of := make(map[string]*group)
	for _, e := range d.events {
		fields := fieldsOf(e, kind)
		var key strings.Builder
		for _, f := range fields {
			key.WriteString(f + "\x00" + strings.ToLower(textOf(e, f)) + "\x00")
		}
		key.WriteString(program(e))
		g := of[key.String()]
		if g == nil {
			g = &group{fields: fields}
			of[key.String()] = g
			d.kinds = append(d.kinds, g)
		}
		g.events = append(g.events, e)
	}
	slices.SortStableFunc(d.kinds, func(a, b *group) int { return len(b.events) - len(a.events) })
	if len(d.kinds) > maxKinds {
		left := 0
		for _, g := range d.kinds[maxKinds:] {
			left += len(g.events)
		}
		d.note("%d events are of further kinds, which the rule leaves out", left)
		d.kinds = d.kinds[:maxKinds]
	}
}

// program is the name of the program of which an event states the command line: what one program is told has little in
// common with what another is.
func program(e *event.Event) string {
	if textOf(e, "process.command_line") == "" {
		return ""
	}
	path := strings.ToLower(textOf(e, "process.executable"))
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

func (d *draft) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// describe returns what is always tested: what sort of event it is, and what was done. What else could be is spare.
func (g *group) describe(c *Case) []test {
	var out []test
	told := false
	for _, f := range g.fields {
		if t := g.test(c, f, kind); t != nil {
			out = append(out, *t)
			told = told || !strings.EqualFold(f, "process.name") && f != "event.outcome"
		}
	}
	first := g.events[0]
	what := 0
	for _, f := range fieldsOf(first, telling) {
		if t := g.test(c, f, telling); t != nil {
			out = append(out, *t)
			what++
		}
	}
	if what == 0 && !told { // a line of text: what it says
		if t := g.test(c, "message", telling); t != nil {
			out = append(out, *t)
			what++
		}
	}
	for _, cl := range [...]class{weak, actor, finger} {
		for _, f := range fieldsOf(first, cl) {
			if t := g.test(c, f, cl); t != nil {
				g.spare = append(g.spare, *t)
			}
		}
	}
	if what == 0 { // nothing says what was done: then who did it
		g.spare = slices.DeleteFunc(g.spare, func(t test) bool {
			if t.class == actor && t.field == g.by() {
				out = append(out, t)
				return true
			}
			return false
		})
	}
	return out
}

// by is the first spare field that says who did it: where it came from, if that is known.
func (g *group) by() string {
	best := ""
	for _, t := range g.spare {
		if t.class == actor && (best == "" || isSource(t.field) && !isSource(best)) {
			best = t.field
		}
	}
	return best
}

func isSource(field string) bool {
	low := strings.ToLower(field)
	return !strings.Contains(low, "dest") && !strings.Contains(low, "dst")
}

// test says what the events have in common in a field; nil where not all have it.
func (g *group) test(c *Case, field string, cl class) *test {
	var values []string
	var names []string
	for _, e := range g.events {
		v := textOf(e, field)
		if v == "" {
			return nil
		}
		values = append(values, v)
	}
	if cl == telling {
		names = append(slices.Clone(foldNames(c.Names)), foldNames(ownNames(g.events))...)
	}
	return generalise(field, cl, values, names)
}

// ownNames are what events say of users, hosts, addresses and ports, where it could stand in their texts, too.
func ownNames(events []*event.Event) []string {
	var out []string
	for _, e := range events {
		for _, f := range [...]string{
			"user.name", "user.effective.name", "user.target.name", "host.name", "source.ip", "source.domain", "source.port", "destination.ip", "process.pid",
		} {
			if v := textOf(e, f); len(v) <= 256 && len(out) < 400 && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// foldNames returns names as they are looked for in texts: in small letters, without a domain; short ones not at all.
func foldNames(names []string) []string {
	var out []string
	add := func(n string) {
		if n = strings.ToLower(strings.TrimSpace(n)); len(n) >= minPiece && n != "root" && n != "system" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	for _, n := range names {
		add(n)
		if at := strings.LastIndexByte(n, '\\'); at >= 0 {
			add(n[at+1:])
		}
	}
	return out
}

// holds tells whether the group's selection describes an event.
func (g *group) holds(e *event.Event) bool {
	return !slices.ContainsFunc(g.tests, func(t test) bool { return !t.holds(textOf(e, t.field)) })
}

// narrow adds tests until the selection describes none of the other events, each the one that leaves the fewest.
func (g *group) narrow(near []*event.Event) {
	g.remain = slices.DeleteFunc(slices.Clone(near), func(e *event.Event) bool { return !g.holds(e) })
	for len(g.remain) > 0 && len(g.spare) > 0 {
		best, least := -1, len(g.remain)
		for i := range g.spare {
			n := 0
			for _, e := range g.remain {
				if g.spare[i].holds(textOf(e, g.spare[i].field)) {
					n++
				}
			}
			if n < least {
				best, least = i, n
			}
		}
		if best < 0 {
			return
		}
		t := g.spare[best]
		g.tests, g.spare = append(g.tests, t), slices.Delete(g.spare, best, best+1)
		g.remain = slices.DeleteFunc(g.remain, func(e *event.Event) bool { return !t.holds(textOf(e, t.field)) })
	}
}

// choose leaves out the kinds of which nothing is said, and those that cannot be told from what is harmless, as long as
// any other is left.
func (d *draft) choose() {
	drop := func(why string, out func(*group) bool) {
		n := 0
		kept := slices.DeleteFunc(slices.Clone(d.kinds), func(g *group) bool {
			if out(g) {
				n += len(g.events)
				return true
			}
			return false
		})
		if n > 0 && len(kept) > 0 {
			d.kinds = kept
			d.note("%d of the events are left out: %s", n, why)
		}
	}
	d.kinds = slices.DeleteFunc(d.kinds, func(g *group) bool { return len(g.tests) == 0 })
	drop("nothing in them says what was done, or by whom", func(g *group) bool {
		return !slices.ContainsFunc(g.tests, func(t test) bool { return t.class == telling || t.class == actor })
	})
	drop("others that were not called malicious look the same", func(g *group) bool { return len(g.remain) > 0 })
}

// verify writes the rule and counts what it describes, as the engine means it. A test that the engine decides otherwise is
// taken out.
func (d *draft) verify() error {
	for range 2 {
		d.rule.Text = d.ruleFile()
		rules, diags := sigma.Load(d.rule.Name+".yml", []byte(d.rule.Text), sigma.LoadOptions{})
		for i := range diags {
			if diags[i].Severity == sigma.Error {
				return errors.New(diags[i].Format())
			}
		}
		m := sigma.Compile(rules, d.c.Sources).NewMatcher()
		count := func(events []*event.Event) (n int) {
			for _, e := range events {
				if len(m.Match(e)) > 0 {
					n++
				}
			}
			return n
		}
		want := 0
		for _, g := range d.kinds {
			want += len(g.events)
		}
		d.rule.Covered, d.rule.Remain = count(d.events), count(d.near)
		if d.rule.Covered >= want || !d.repair() {
			break
		}
	}
	if n := d.rule.Remain; n > 0 {
		d.note("%d of the %d other events that were looked at are described, too", n, d.rule.Near)
	}
	return nil
}

// repair takes the tests out that the engine does not find to hold for all events of their kind, and tells whether there
// were any.
func (d *draft) repair() (changed bool) {
	for _, g := range d.kinds {
		g.tests = slices.DeleteFunc(g.tests, func(t test) bool {
			one := draft{c: d.c, source: d.source, rule: d.rule, kinds: []*group{{tests: []test{t}}}}
			rules, _ := sigma.Load("", []byte(one.ruleFile()), sigma.LoadOptions{})
			m := sigma.Compile(rules, d.c.Sources).NewMatcher()
			bad := slices.ContainsFunc(g.events, func(e *event.Event) bool { return len(m.Match(e)) == 0 })
			changed = changed || bad
			return bad && len(g.tests) > 1
		})
	}
	return changed
}
