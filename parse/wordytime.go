package parse

import (
	"strings"
	"time"
)

// rareTime reads the times that people like better than programs do, at the start of a line: "Sunday, November 22, 2026
// 5:00:01 PM", "22 Nov 2026 06:00:01", "Sun Nov 22 06:00:01 CET 2026", "22.11.2026 06:00:01", "20261122T060001Z",
// "20261122 06:00:01.120"; 0 where there is none.
func rareTime(s string, zone *time.Location) int64 {
	for s != "" && (s[0] == ' ' || s[0] == '[' || s[0] == '(' || s[0] == '"') {
		s = s[1:]
	}
	if len(s) < 14 {
		return 0
	}
	if s[0]-'0' > 9 {
		if weekdayOf(s) || monthOf(s) != 0 {
			return wordyTime(s, zone)
		}
		return 0
	}
	switch {
	case s[2] == '.' && s[5] == '.' && len(s) >= 19 && (s[10] == ' ' || s[10] == ','):
		c := clock{day: digits2(s, 0), month: digits2(s, 3), year: digits4(s, 6)}
		return c.at(strings.TrimLeft(s[10:], ", "), zone)
	case s[2] == ' ' || s[1] == ' ':
		return wordyTime(s, zone)
	}
	return compactTime(s, zone)
}

// weekdayOf tells whether s begins with a day of the week.
func weekdayOf(s string) bool {
	switch s[:3] {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}

// at adds the time of day that s begins with.
func (c *clock) at(s string, zone *time.Location) int64 {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return 0
	}
	c.hour, c.minute, c.second = digits2(s, 0), digits2(s, 3), digits2(s, 6)
	c.nanos, _ = fraction(s, 8)
	if c.year|c.month|c.day|c.hour|c.minute|c.second < 0 {
		return 0
	}
	ns, _ := c.unixNanos(zone)
	return ns
}

// compactTime reads a date of eight digits with the time after it.
func compactTime(s string, zone *time.Location) int64 {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	c := clock{year: digits4(s, 0), month: digits2(s, 4), day: digits2(s, 6)}
	if c.year < 1990 || c.year > 2099 || c.month > 12 || c.day > 31 {
		return 0
	}
	switch {
	case n == 8 && s[8] == ' ':
		return c.at(s[9:], zone)
	case n == 8 && s[8] == 'T' && len(s) >= 15:
		s = s[9:]
	case n == 14:
		s = s[8:]
	default:
		return 0
	}
	c.hour, c.minute, c.second = digits2(s, 0), digits2(s, 2), digits2(s, 4)
	if c.month|c.day|c.hour|c.minute|c.second < 0 {
		return 0
	}
	end := 6
	c.nanos, end = fraction(s, end)
	if end < len(s) {
		c.readZone(s, end)
	}
	ns, _ := c.unixNanos(zone)
	return ns
}

// wordyTime reads a date whose month is a word.
func wordyTime(s string, zone *time.Location) int64 {
	var c clock
	timed := false
	for n := 0; n < 8 && s != ""; n++ {
		end := strings.IndexByte(s, ' ')
		if end < 0 {
			end = len(s)
		}
		if end > 20 {
			break
		}
		w := strings.Trim(s[:end], ",]\"")
		rest := strings.TrimLeft(s[end:], " ")
		if w == "" || !c.word(w, &timed) {
			if offset, size := zoneWord(" " + w + " "); !timed || size == 0 || c.zoned {
				break
			} else {
				c.offset, c.zoned = offset, true
			}
		}
		s = rest
	}
	if !timed || c.month == 0 || c.day == 0 || c.year == 0 {
		return 0
	}
	ns, _ := c.unixNanos(zone)
	return ns
}

// word takes one word of a date; false where it is none.
func (c *clock) word(w string, timed *bool) bool {
	switch {
	case len(w) >= 7 && (w[1] == ':' || w[2] == ':') && !*timed:
		if w[1] == ':' {
			w = "0" + w
		}
		if len(w) < 8 || w[5] != ':' {
			return false
		}
		c.hour, c.minute, c.second = digits2(w, 0), digits2(w, 3), digits2(w, 6)
		c.nanos, _ = fraction(w, 8)
		*timed = true
		return c.hour|c.minute|c.second >= 0
	case (w == "AM" || w == "PM" || w == "am" || w == "pm") && *timed && c.hour <= 12:
		if c.hour %= 12; w[0]|0x20 == 'p' {
			c.hour += 12
		}
		return true
	case len(w) == 4 && number.holds(w) && c.year == 0:
		c.year = digits4(w, 0)
		return true
	case len(w) <= 2 && number.holds(w) && c.day == 0:
		for _, d := range []byte(w) {
			c.day = c.day*10 + int(d-'0')
		}
		return true
	case len(w) < 3 || w[0]-'0' <= 9:
		return false
	case monthOf(w) != 0 && c.month == 0:
		c.month = monthOf(w)
		return true
	}
	return weekdayOf(w) && c.day == 0 && !*timed
}
