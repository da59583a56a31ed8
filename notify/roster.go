package notify

import (
	"fmt"
	"strings"
	"time"
)

// RosterConfig says who is on duty when.
type RosterConfig struct {
	Members   []string         `yaml:"members" doc:"People or ways that take turns, in this order."`
	Every     string           `yaml:"every" doc:"How long a turn is: week or day." default:"week"`
	Handover  string           `yaml:"handover" doc:"When a turn ends and the next begins: a time of day, with the day of the week before it where turns are weeks." default:"Mon 09:00"`
	From      string           `yaml:"from" doc:"A day on which the first member's turn is: 2026-01-05." default:"2024-01-01"`
	Zone      string           `yaml:"zone" doc:"The time zone of handover and overrides." default:"that of the machine"`
	Overrides []OverrideConfig `yaml:"overrides" doc:"Times at which somebody else is on duty; of several the last one counts."`
}

// OverrideConfig puts somebody on duty for a time.
type OverrideConfig struct {
	From  string `yaml:"from" doc:"From when on: 2026-12-24 09:00, or a day."`
	Until string `yaml:"until" doc:"Until before when: 2026-12-27 09:00, or a day."`
	Who   string `yaml:"who" doc:"Who is on duty: a person or a way."`
}

// roster says who is on duty when.
type roster struct {
	name      string
	members   []string
	weekly    bool
	day       time.Weekday // of the handover, where weekly
	minute    int          // of the handover
	from      time.Time    // midnight of a day in the first member's turn
	zone      *time.Location
	overrides []override
}

type override struct {
	from, until time.Time
	who         string
}

func compileRoster(name string, c RosterConfig, fail func(key, format string, args ...any)) *roster {
	r := &roster{name: name, members: c.Members, weekly: true, day: time.Monday, minute: 9 * 60, zone: time.Local}
	var err error
	if c.Zone != "" {
		if r.zone, err = time.LoadLocation(c.Zone); err != nil {
			fail("zone", "%v", err)
			r.zone = time.Local
		}
	}
	if len(c.Members) == 0 {
		fail("members", "nobody is on the roster")
	}
	if len(c.Members) > maxMembers || len(c.Overrides) > maxOverrides {
		fail("members", "more than %d members or %d overrides", maxMembers, maxOverrides)
	}
	switch c.Every {
	case "", "week":
	case "day":
		r.weekly = false
	default:
		fail("every", "%q is no length of a turn: week or day", c.Every)
	}
	if c.Handover != "" {
		if err := r.setHandover(c.Handover); err != nil {
			fail("handover", "%v", err)
		}
	}
	from := ifEmpty(c.From, "2024-01-01") // a Monday
	if r.from, err = time.ParseInLocation(time.DateOnly, from, r.zone); err != nil {
		fail("from", "%q is no day: 2026-01-05", from)
	}
	for i, o := range c.Overrides {
		at := fmt.Sprintf("overrides[%d]", i)
		a, err := parseMoment(o.From, r.zone)
		if err != nil {
			fail(at+".from", "%v", err)
		}
		b, err := parseMoment(o.Until, r.zone)
		if err != nil {
			fail(at+".until", "%v", err)
		} else if !b.After(a) {
			fail(at+".until", "it ends before it begins")
		}
		r.overrides = append(r.overrides, override{a, b, o.Who})
	}
	return r
}

// Bounds of a roster.
const (
	maxMembers   = 200
	maxOverrides = 2000
)

func (r *roster) setHandover(text string) (err error) {
	words := strings.Fields(text)
	if len(words) == 2 && r.weekly {
		if r.day, err = parseWeekday(words[0]); err != nil {
			return err
		}
		words = words[1:]
	}
	if len(words) != 1 {
		return fmt.Errorf("%q is no handover: Mon 09:00, or 09:00 where turns are days", text)
	}
	if r.minute, err = parseClock(words[0]); err == nil && r.minute == dayMinutes {
		return fmt.Errorf("%q: write 00:00 of the next day", text)
	}
	return err
}

// parseMoment reads a time in a zone: 2026-12-24 09:00, or the beginning of a day.
func parseMoment(s string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{"2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: 2026-12-24 09:00", s)
}

// turn is the number of the turn that a time is in; it counts days or weeks by the wall clock, so a day of 23 hours is one.
func (r *roster) turn(t time.Time) int {
	t = t.In(r.zone)
	days := dayNumber(t)
	if t.Hour()*60+t.Minute() < r.minute {
		days--
	}
	first := dayNumber(r.from)
	if !r.weekly {
		return days - first
	}
	// The week begins on the day of the handover; the first member's is the one that from is in.
	into := (int(r.from.Weekday()) - int(r.day) + 7) % 7
	return floorDiv(days-(first-into), 7)
}

// dayNumber counts days of the calendar.
func dayNumber(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// onDuty returns who is on duty; with ahead, who comes so many turns later. An override holds for ahead 0 only, and who
// it puts on duty is left out of those that come later.
func (r *roster) onDuty(t time.Time, ahead int) string {
	if len(r.members) == 0 {
		return ""
	}
	turn := r.turn(t)
	regular := func(n int) string {
		return r.members[((turn+n)%len(r.members)+len(r.members))%len(r.members)]
	}
	now := regular(0)
	for _, o := range r.overrides {
		if !t.Before(o.from) && t.Before(o.until) {
			now = o.who
		}
	}
	if ahead == 0 {
		return now
	}
	n := 0
	for i := range 2 * len(r.members) {
		who := regular(i)
		if who == now {
			continue
		}
		if n++; n == ahead {
			return who
		}
	}
	return regular(ahead)
}
