package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// hours are parts of the week in a time zone; none at all is the whole week. They go by what the clock on the wall shows,
// so they stay what they are when it is set for summer.
type hours struct {
	spans []span
	zone  *time.Location
}

// span is from one minute of a day until before another, on some weekdays; where until is not after from, until the next
// day.
type span struct {
	days        [7]bool // by time.Weekday
	from, until int     // minutes
}

const dayMinutes = 24 * 60

var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseHours reads parts of the week: "Mon-Fri 08:00-18:00", "Sat,Sun", "22:00-06:00".
func parseHours(texts []string, zone *time.Location) (hours, error) {
	h := hours{zone: zone}
	for _, text := range texts {
		s, err := parseSpan(text)
		if err != nil {
			return hours{}, fmt.Errorf("%q: %w", text, err)
		}
		h.spans = append(h.spans, s)
	}
	return h, nil
}

func parseSpan(text string) (span, error) {
	s := span{until: dayMinutes}
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > 2 {
		return s, fmt.Errorf("hours are days, times, or both: Mon-Fri 08:00-18:00")
	}
	days := ""
	if c := words[0][0]; c < '0' || c > '9' {
		days, words = words[0], words[1:]
	}
	if days == "" {
		s.days = [7]bool{true, true, true, true, true, true, true}
	}
	for part := range strings.SplitSeq(days, ",") {
		if part == "" {
			continue
		}
		first, last, isRange := strings.Cut(part, "-")
		a, err := parseWeekday(first)
		if err != nil {
			return s, err
		}
		b := a
		if isRange {
			if b, err = parseWeekday(last); err != nil {
				return s, err
			}
		}
		for d := a; ; d = (d + 1) % 7 {
			s.days[d] = true
			if d == b {
				break
			}
		}
	}
	if len(words) == 0 {
		return s, nil
	}
	from, until, ok := strings.Cut(words[0], "-")
	if !ok || len(words) > 1 {
		return s, fmt.Errorf("times are written 08:00-18:00")
	}
	var err error
	if s.from, err = parseClock(from); err != nil {
		return s, err
	}
	if s.until, err = parseClock(until); err != nil {
		return s, err
	}
	if s.from == dayMinutes || s.from == s.until {
		return s, fmt.Errorf("that is no time at all")
	}
	return s, nil
}

func parseWeekday(s string) (time.Weekday, error) {
	s = strings.ToLower(s)
	for i, d := range weekdays {
		if len(s) >= 3 && strings.HasPrefix(strings.ToLower(time.Weekday(i).String()), s) && strings.HasPrefix(s, d) {
			return time.Weekday(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no day of the week: Mon, Tue, Wed, Thu, Fri, Sat, Sun", s)
}

// parseClock reads a time of day as minutes; 24:00 is the end of it.
func parseClock(s string) (int, error) {
	var h, m int
	if n, err := fmt.Sscanf(s, "%d:%d", &h, &m); err != nil || n != 2 || h < 0 || m < 0 || m > 59 || h*60+m > dayMinutes || len(s) > 5 || len(s) < 4 {
		return 0, fmt.Errorf("%q is no time of day: 08:00", s)
	}
	return h*60 + m, nil
}

// has tells whether a time is within.
func (h *hours) has(t time.Time) bool {
	if len(h.spans) == 0 {
		return true
	}
	t = t.In(h.zone)
	minute, day := t.Hour()*60+t.Minute(), t.Weekday()
	for _, s := range h.spans {
		if s.until > s.from {
			if s.days[day] && minute >= s.from && minute < s.until {
				return true
			}
		} else if s.days[day] && minute >= s.from || s.days[(day+6)%7] && minute < s.until {
			return true
		}
	}
	return false
}

// at tells whether a time is within, and when that changes next; zero where it never does.
func (h *hours) at(t time.Time) (within bool, change time.Time) {
	within = h.has(t)
	if len(h.spans) == 0 {
		return within, time.Time{}
	}
	local := t.In(h.zone)
	var edges []time.Time
	for d := range 9 {
		for _, s := range h.spans {
			for _, minute := range []int{s.from, s.until, 0} {
				edge := time.Date(local.Year(), local.Month(), local.Day()+d, 0, minute, 0, 0, h.zone)
				if edge.After(t) {
					edges = append(edges, edge)
				}
			}
		}
		// Where the wall clock is set, a span may begin or end at an hour that is not its own.
		for hour := range 24 {
			edge := time.Date(local.Year(), local.Month(), local.Day()+d, hour, 0, 0, 0, h.zone)
			if edge.After(t) {
				edges = append(edges, edge)
			}
		}
	}
	slices.SortFunc(edges, func(a, b time.Time) int { return a.Compare(b) })
	for _, e := range edges {
		if h.has(e) != within {
			return within, e
		}
	}
	return within, time.Time{}
}
