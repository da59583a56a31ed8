package parse

import (
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// yearless turns dates without a year and zone, as RFC 3164 writes them, into points in time: it is the latest year in
// which the date is at most a day after the file was last written.
type yearless struct {
	zone   *time.Location
	top    int   // the year after the reference's; 0 where there is no reference
	limit  int64 // a day after the reference
	origin *event.Origin
	key    int // month, day and hour of the base
	base   int64
}

func (y *yearless) use(o *event.Origin) {
	if y.origin == o {
		return
	}
	*y = yearless{origin: o, key: -1, zone: time.UTC}
	if o != nil {
		if o.Zone != nil {
			y.zone = o.Zone
		}
		if !o.Reference.IsZero() {
			y.limit = o.Reference.UnixNano() + 24*3600*second
			y.top = o.Reference.In(y.zone).Year() + 1
		}
	}
}

// nanos returns the time of a date, 0 where there is no reference or no such date.
func (y *yearless) nanos(c clock) int64 {
	if y.top == 0 || c.minute > 59 || c.second > 60 {
		return 0
	}
	if k := c.month<<16 | c.day<<8 | c.hour; k != y.key {
		y.key, y.base = k, y.latest(clock{month: c.month, day: c.day, hour: c.hour})
	}
	if y.base == 0 {
		return 0
	}
	ns := y.base + (int64(c.minute)*60+int64(c.second))*second + c.nanos
	if ns > y.limit {
		return y.latest(c) // the hour began before the limit
	}
	return ns
}

// latest returns the latest time of a date that is not past the limit, 0 where there is none.
func (y *yearless) latest(c clock) int64 {
	for c.year = y.top; c.year > y.top-10; c.year-- { // eight years may lie between two leap days
		if ns, ok := c.unixNanos(y.zone); ok && ns <= y.limit {
			return ns
		}
	}
	return 0
}

// cutBSD reads a date as "Feb 12 14:10:21", "Feb  2 14:10:21.123456" or "Feb 12 2024 14:10:21" at the start of s and
// returns the rest after it. Source: RFC 3164 §4.1.2, and what is really sent.
func cutBSD(s string, years *yearless) (ns int64, rest string, ok bool) {
	var c clock
	if len(s) < 14 || s[3] != ' ' {
		return 0, s, false
	}
	if c.month = monthOf(s); c.month == 0 {
		return 0, s, false
	}
	i := 4
	if s[i] == ' ' {
		i++
	}
	for n := 0; n < 2 && i < len(s) && s[i]-'0' <= 9; n++ {
		c.day = c.day*10 + int(s[i]-'0')
		i++
	}
	if c.day < 1 || c.day > 31 || i >= len(s) || s[i] != ' ' {
		return 0, s, false
	}
	i++
	if i+13 <= len(s) && s[i+2]-'0' <= 9 && s[i+4] == ' ' {
		if c.year = digits4(s, i); c.year < 0 {
			return 0, s, false
		}
		i += 5
	}
	if i+8 > len(s) || s[i+2] != ':' || s[i+5] != ':' {
		return 0, s, false
	}
	c.hour, c.minute, c.second = digits2(s, i), digits2(s, i+3), digits2(s, i+6)
	if c.hour|c.minute|c.second < 0 || c.hour > 23 || c.minute > 59 || c.second > 60 {
		return 0, s, false
	}
	c.nanos, i = fraction(s, i+8)
	rest = s[i:]
	if c.year == 0 {
		return years.nanos(c), rest, true
	}
	ns, ok = c.unixNanos(years.zone)
	return ns, rest, ok
}
