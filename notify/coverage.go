package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Gap is a level of which nobody is told at times.
type Gap struct {
	Tenant string
	Level  int
	Always bool
	When   []string // "Mon 18:00 to Tue 08:00", where not always; at most a few
	More   int      // times that When leaves out
}

// String says the gap in words.
func (g Gap) String() string {
	text := LevelName(g.Level)
	if g.Tenant != "" {
		text = "tenant " + g.Tenant + ": " + text
	}
	if g.Always {
		return text + " reaches nobody"
	}
	text += " reaches nobody " + strings.Join(g.When, ", ")
	if g.More > 0 {
		text += fmt.Sprintf(" and at %d more times of the week", g.More)
	}
	return text
}

// Gaps returns of which levels nobody is told, of these tenants, in the week from a time on. Routes that look at entities,
// rules or tags do not count: they let something through. Quiet hours do: what they hold back is told after them.
func (d *Directory) Gaps(now time.Time, tenants []string) []Gap {
	var list []Gap
	for _, tenant := range tenants {
		for level := Critical; level >= Informational; level-- {
			if g, ok := d.gap(now, tenant, level); ok {
				if len(tenants) < 2 {
					g.Tenant = ""
				}
				list = append(list, g)
			}
		}
	}
	return list
}

const (
	gapStep = 15 * time.Minute
	maxGaps = 4 // times that a Gap names
)

func (d *Directory) gap(now time.Time, tenant string, level int) (Gap, bool) {
	is := &Incident{Level: level, Status: StatusNew, Tenant: tenant}
	g := Gap{Tenant: tenant, Level: level, Always: true}
	begin := now.Truncate(gapStep)
	var open time.Time // when the gap that is being looked at began
	end := func(t time.Time) {
		if open.IsZero() {
			return
		}
		if len(g.When) == maxGaps {
			g.More++
		} else {
			g.When = append(g.When, open.Local().Format("Mon 15:04")+" to "+t.Local().Format("Mon 15:04"))
		}
		open = time.Time{}
	}
	for t := begin; t.Before(begin.Add(7 * 24 * time.Hour)); t = t.Add(gapStep) {
		told := slices.ContainsFunc(d.Routes, func(r *Route) bool {
			return !r.narrow() && r.refuses(is) == "" && r.hours.has(t) && len(d.reach(t, r.to)) > 0
		})
		switch {
		case told:
			g.Always = false
			end(t)
		case open.IsZero():
			open = t
		}
	}
	end(begin.Add(7 * 24 * time.Hour))
	if g.Always {
		g.When, g.More = nil, 0
	}
	return g, g.Always || len(g.When) > 0
}

// OnDuty returns who a name among the recipients of a route means at a time, for people: a roster with who is on duty.
func (d *Directory) OnDuty(now time.Time, r *Route) []string {
	var list []string
	for _, who := range r.to {
		text := who.name
		if who.roster != nil {
			text += " (" + who.roster.onDuty(now, who.ahead) + ")"
		}
		list = append(list, text)
	}
	return list
}

// Describe says in words what a route tells.
func (r *Route) Describe() string {
	text := LevelName(r.level) + " and above"
	if r.below <= Critical {
		text = LevelName(r.level) + " to " + LevelName(r.below-1)
	}
	for _, c := range []struct {
		word string
		list []string
	}{{"of tenants", r.tenants}, {"about", r.entities}, {"by rules", r.rules}, {"tagged", r.tag}} {
		if len(c.list) > 0 {
			text += ", " + c.word + " " + strings.Join(c.list, ", ")
		}
	}
	if len(r.hours.spans) > 0 {
		text += ", at its hours"
	}
	if len(r.quiet.spans) > 0 {
		text += ", with quiet hours"
	}
	if len(r.escalate) > 0 {
		text += fmt.Sprintf(", escalated after %s", roughly(r.escalate[0].after))
	}
	return text
}

// WaysOf returns the ways by which a route tells somebody now: those of its recipients, and of its escalation.
func (d *Directory) WaysOf(now time.Time, r *Route) []string {
	to := slices.Clone(r.to)
	for _, s := range r.escalate {
		to = append(to, s.to...)
	}
	return d.reach(now, to)
}

// Idle tells whether nobody is told anything.
func (d *Directory) Idle() bool { return len(d.Routes) == 0 && d.digest == nil }
