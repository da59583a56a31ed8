package notify

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// DigestConfig is the daily mail.
type DigestConfig struct {
	To    []string `yaml:"to" doc:"Who gets it: ways, people, rosters."`
	At    string   `yaml:"at" doc:"When, by the clock on the wall." default:"07:30"`
	Zone  string   `yaml:"zone" doc:"The time zone of at." default:"that of the machine"`
	Days  string   `yaml:"days" doc:"On which days." default:"Mon-Sun" example:"Mon-Fri"`
	Quiet string   `yaml:"quiet" doc:"Whether it comes also where all was quiet: yes or no." default:"yes"`
}

// Day is what a daily mail tells beside incidents. The lines are plain words, the most important first.
type Day struct {
	Events  int64 // that came in
	Blocked []string
	Silent  []string // sources that say nothing
	Held    []string // what the budget of the extraordinary held back
	Notes   []string // what a person should know of tocsin itself
}

// digest is a daily mail that is configured.
type digest struct {
	to     []recipient
	minute int
	days   [7]bool
	zone   *time.Location
	quiet  bool
}

func (c *compiler) digest(cfg DigestConfig) {
	if len(cfg.To) == 0 {
		if cfg.At+cfg.Zone+cfg.Days+cfg.Quiet != "" {
			c.fail("digest.to", "it tells nobody")
		}
		return
	}
	g := &digest{to: c.recipients("digest.to", cfg.To), minute: 7*60 + 30, zone: time.Local, quiet: true}
	var err error
	if cfg.At != "" {
		if g.minute, err = parseClock(cfg.At); err != nil || g.minute == dayMinutes {
			c.fail("digest.at", "%q is no time of day: 07:30", cfg.At)
		}
	}
	if cfg.Zone != "" {
		if g.zone, err = time.LoadLocation(cfg.Zone); err != nil {
			c.fail("digest.zone", "%v", err)
			g.zone = time.Local
		}
	}
	s, err := parseSpan(ifEmpty(cfg.Days, "Mon-Sun"))
	if err != nil || s.from != 0 || s.until != dayMinutes {
		c.fail("digest.days", "%q are no days of the week: Mon-Fri", cfg.Days)
	}
	g.days = s.days
	switch cfg.Quiet {
	case "", "yes", "true":
	case "no", "false":
		g.quiet = false
	default:
		c.fail("digest.quiet", "yes or no")
	}
	c.d.digest = g
}

// late is how long after its time a first daily mail still comes, and how far back the calendar may go before it is
// believed that the clock was wrong.
const late = time.Hour

// due tells whether the daily mail is due, given the day of the last one ("2026-11-22", "" for none), the day that it would
// be of, and when to ask again. Once a day of the calendar in its zone, whatever the clock is set to: an hour that comes
// twice brings one, and one that does not come brings it at the hour after.
func (g *digest) due(now time.Time, last string) (due bool, day string, next time.Time) {
	local := now.In(g.zone)
	day = local.Format(time.DateOnly)
	at := time.Date(local.Year(), local.Month(), local.Day(), 0, g.minute, 0, 0, g.zone)
	if last > local.AddDate(0, 0, 2).Format(time.DateOnly) {
		last = "" // it was written when the clock was wrong
	}
	due = !now.Before(at) && last < day && g.days[local.Weekday()]
	if last == "" && now.Sub(at) > late {
		due = false // nobody waits for the one of this morning yet
	}
	next = at
	for i := 1; !next.After(now); i++ {
		next = time.Date(local.Year(), local.Month(), local.Day()+i, 0, g.minute, 0, 0, g.zone)
	}
	return due, day, next
}

// topItems is how many things to look at a daily mail names.
const topItems = 5

// message makes the daily mail.
func (g *digest) message(now time.Time, c composer, tenant string, incidents []Incident, day Day) (m Message, quiet bool) {
	c.zone = g.zone
	var open []*Incident
	fresh, closed := 0, 0
	for k := range incidents {
		i := &incidents[k]
		switch {
		case i.statusAt(now) == StatusClosed:
			if now.Sub(i.Updated) < 24*time.Hour {
				closed++
			}
		default:
			open = append(open, i)
			if now.Sub(i.First) < 24*time.Hour {
				fresh++
			}
		}
	}
	slices.SortStableFunc(open, gravest)
	slices.SortStableFunc(open, func(a, b *Incident) int {
		switch {
		case a.Background == b.Background:
			return 0
		case a.Background:
			return 1
		}
		return -1
	})
	m = Message{Kind: Digest, Severity: LevelName(Informational), First: true, At: now, Tenant: clean(tenant, maxName), Command: "tocsin alerts", From: now.Add(-24 * time.Hour), Until: now}
	looked := slices.DeleteFunc(slices.Clone(open), func(i *Incident) bool { return i.Background || i.Level < Medium })
	quiet = len(looked) == 0 && len(day.Blocked)+len(day.Silent)+len(day.Held)+len(day.Notes) == 0
	date := now.In(g.zone).Format("Monday, 2 January 2006")
	switch {
	case quiet:
		m.Title = date + ": all quiet"
		m.What = "Nothing asks for your attention."
	case len(looked) == 0:
		m.Title = date + ": nothing to look at"
		m.What = "No incident asks for your attention; below is what else you may want to know."
	default:
		m.Severity = LevelName(looked[0].Level)
		m.Title = fmt.Sprintf("%s: %s to look at", date, plural(int64(len(looked)), "incident"))
		m.What = "The gravest: " + c.message(now, Firing, "", looked[0]).What
	}
	m.Who = fmt.Sprintf("%s open, %d of them from the last 24 hours; %d closed in that time", plural(int64(len(open)), "incident"), fresh, closed)
	if day.Events > 0 {
		m.Who = plural(day.Events, "event") + " came in; " + m.Who
	}
	for _, i := range open[:min(len(open), topItems)] {
		m.Items = append(m.Items, c.item(now, i))
	}
	m.More = len(open) - len(m.Items)
	m.Sections = []Section{
		section("Blocked", "nothing was blocked", day.Blocked),
		section("Silent", "every source speaks", day.Silent),
		section("Held back by the daily budget", "", day.Held),
		section("About tocsin itself", "", day.Notes),
	}
	m.Sections = slices.DeleteFunc(m.Sections, func(s Section) bool { return len(s.Lines) == 0 && s.None == "" })
	return m, quiet
}

const maxSection = 15 // lines of one part of a daily mail

func section(title, none string, lines []string) Section {
	s := Section{Title: title, None: none, More: max(len(lines)-maxSection, 0)}
	for _, l := range lines[:min(len(lines), maxSection)] {
		s.Lines = append(s.Lines, clean(l, maxLine))
	}
	return s
}

// daily makes the letters of the daily mail where it is due, and returns when to ask again. A part of it that cannot be had
// is told in it.
func (n *Notifier) daily(ctx context.Context, now time.Time, incidents []Incident) time.Time {
	g := n.directory().digest
	if g == nil {
		return time.Time{}
	}
	due, date, next := g.due(now, n.book.digest)
	if !due {
		return next
	}
	var day Day
	if n.opt.Day != nil {
		var err error
		if day, err = n.opt.Day(ctx, now.Add(-24*time.Hour), now); err != nil {
			day.Notes = append(day.Notes, "a part of this mail is missing: "+err.Error())
		}
	}
	for _, l := range n.book.letters {
		if l.Tries > 2 {
			day.Notes = append(day.Notes, fmt.Sprintf("a message waits for %s since %s: %s", l.Way, l.Made.In(g.zone).Format("Mon 15:04"), l.Error))
			break
		}
	}
	m, quiet := g.message(now, composer{link: n.directory().link}, n.opt.Tenant, incidents, day)
	if !quiet || g.quiet {
		for _, way := range n.directory().reach(now, g.to) {
			m := m
			m.ID = hash("digest", n.opt.Tenant, date, way)
			n.book.post(now, n.directory().ways[way], digestRoute, m, Informational)
		}
	}
	n.book.digest = date
	n.book.changes.Told = append(n.book.changes.Told, Told{Route: digestRoute, Title: date, At: now})
	return next
}
