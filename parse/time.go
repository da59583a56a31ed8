package parse

import (
	"strconv"
	"strings"
	"time"
)

// Times are nanoseconds since 1970-01-01T00:00:00Z, as in event.Event.Time. Only years from 1970 to 2261 are known,
// which is what such a number can hold. A zone of nil is UTC; it is used where the text states none.

const (
	second  = int64(time.Second)
	maxYear = 2261
)

// clock is a point in time as a text states it.
type clock struct {
	year, month, day     int // month and day from 1
	hour, minute, second int
	nanos                int64
	offset               int  // seconds east of UTC
	zoned                bool // the text states its offset
}

// unixNanos returns the point in time, and whether there is such a one.
func (c clock) unixNanos(zone *time.Location) (int64, bool) {
	if c.year < 1970 || c.year > maxYear || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31 ||
		c.hour > 24 || c.minute > 59 || c.second > 60 {
		return 0, false
	}
	if c.day > 28 && c.day > daysIn(c.year, c.month) {
		return 0, false
	}
	if !c.zoned && zone != nil && zone != time.UTC {
		return time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, int(c.nanos), zone).UnixNano(), true
	}
	days := daysFromCivil(c.year, c.month, c.day)
	secs := days*86400 + int64(c.hour)*3600 + int64(c.minute)*60 + int64(c.second) - int64(c.offset)
	return secs*second + c.nanos, true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysFromCivil counts the days from 1970-01-01 to a date of the Gregorian calendar, with years that begin in March
// so that the leap day is the last.
func daysFromCivil(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	ofYear := (153*(month-3)+2)/5 + day - 1
	return int64(year)*365 + int64(year/4) - int64(year/100) + int64(year/400) + int64(ofYear) - 719468
}

// digits2 and digits4 read decimal digits at s[i]; -1 where they are none. The caller has checked the length.
func digits2(s string, i int) int {
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

func digits4(s string, i int) int {
	a, b := digits2(s, i), digits2(s, i+2)
	if a < 0 || b < 0 {
		return -1
	}
	return a*100 + b
}

// parseTimePrefix reads a date and time as RFC 3339 and ISO 8601 write them at the start of s and returns how many
// bytes it took, 0 where there is none: "2020-10-22T02:57:58", with 'T', 't', '_' or a space between, with "-" or "/" in the
// date, with a fraction after '.' or ',', with "Z", "+02:00", "+0200", "+02" or no zone.
func parseTimePrefix(s string, zone *time.Location) (ns int64, size int) {
	if len(s) < 19 || s[13] != ':' || s[16] != ':' || s[4] != s[7] || s[4] != '-' && s[4] != '/' {
		return 0, 0
	}
	switch s[10] {
	case 'T', 't', ' ', '_':
	default:
		return 0, 0
	}
	c := clock{
		year: digits4(s, 0), month: digits2(s, 5), day: digits2(s, 8),
		hour: digits2(s, 11), minute: digits2(s, 14), second: digits2(s, 17),
	}
	if c.year|c.month|c.day|c.hour|c.minute|c.second < 0 {
		return 0, 0
	}
	i := 19
	c.nanos, i = fraction(s, i)
	i = c.readZone(s, i)
	ns, ok := c.unixNanos(zone)
	if !ok {
		return 0, 0
	}
	return ns, i
}

// fraction reads the decimals of a second after '.' or ',' at s[i], as nanoseconds, and returns where they end.
func fraction(s string, i int) (nanos int64, end int) {
	if i+1 >= len(s) || s[i] != '.' && s[i] != ',' || s[i+1]-'0' > 9 {
		return 0, i
	}
	scale := second
	for i++; i < len(s) && s[i]-'0' <= 9; i++ {
		scale /= 10
		nanos += int64(s[i]-'0') * scale
	}
	return nanos, i
}

// readZone reads a zone at s[i] into c and returns where it ends.
func (c *clock) readZone(s string, i int) int {
	if i >= len(s) {
		return i
	}
	switch s[i] {
	case 'Z', 'z':
		c.zoned = true
		return i + 1
	case '+', '-':
		n := i + 3
		if n > len(s) {
			return i
		}
		h, m := digits2(s, i+1), 0
		switch {
		case n+2 < len(s) && s[n] == ':' && digits2(s, n+1) >= 0:
			m = digits2(s, n+1)
			n += 3
		case n+1 < len(s) && digits2(s, n) >= 0:
			m = digits2(s, n)
			n += 2
		}
		if h < 0 || h > 24 || m > 59 {
			return i
		}
		c.offset, c.zoned = h*3600+m*60, true
		if s[i] == '-' {
			c.offset = -c.offset
		}
		return n
	}
	return i
}

// parseRFC3339 reads a text that is a time as in parseTimePrefix and nothing else.
func parseRFC3339(s string, zone *time.Location) (ns int64, ok bool) {
	ns, n := parseTimePrefix(s, zone)
	if n == 0 || n == len(s) {
		return ns, n > 0
	}
	switch strings.TrimSpace(s[n:]) {
	case "", "UTC", "GMT", "Z":
		ns, n = parseTimePrefix(s[:n], nil)
		return ns, n > 0
	}
	return 0, false
}

// monthOf returns the number of a month from the first three letters of its English name at the start of s, 0 where it is none.
func monthOf(s string) int {
	if len(s) < 3 {
		return 0
	}
	switch uint32(s[0]|0x20)<<16 | uint32(s[1]|0x20)<<8 | uint32(s[2]|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8
	case 's'<<16 | 'e'<<8 | 'p':
		return 9
	case 'o'<<16 | 'c'<<8 | 't':
		return 10
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}

// parseCLF reads the time of the common log format, without brackets: "10/Oct/2000:13:55:36 -0700".
func parseCLF(s string, zone *time.Location) (ns int64, ok bool) {
	if len(s) < 20 || s[2] != '/' || s[6] != '/' || s[11] != ':' || s[14] != ':' || s[17] != ':' {
		return 0, false
	}
	c := clock{
		year: digits4(s, 7), month: monthOf(s[3:]), day: digits2(s, 0),
		hour: digits2(s, 12), minute: digits2(s, 15), second: digits2(s, 18),
	}
	if c.year|c.day|c.hour|c.minute|c.second < 0 {
		return 0, false
	}
	i := 20
	c.nanos, i = fraction(s, i)
	if i < len(s) && s[i] == ' ' {
		i++
	}
	if i = c.readZone(s, i); i != len(s) {
		return 0, false
	}
	return c.unixNanos(zone)
}

// parseEpoch reads a decimal count of seconds, milliseconds, microseconds or nanoseconds since 1970; which one it is,
// its size tells: seconds reach to the year 5138 and the others begin in 1973. Decimals are those of the unit.
func parseEpoch(s string) (ns int64, ok bool) {
	whole, i := int64(0), 0
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		if i > 18 {
			return 0, false
		}
		whole = whole*10 + int64(s[i]-'0')
	}
	if i == 0 {
		return 0, false
	}
	frac, end := fraction(s, i)
	if end != len(s) {
		f, err := strconv.ParseFloat(s, 64) // 1.6e9
		if err != nil || !(f >= 0 && f < 1e18) {
			return 0, false
		}
		whole, frac = int64(f), int64((f-float64(int64(f)))*1e9)
	}
	unit := int64(1)
	switch {
	case whole < 1e11:
		unit = second
	case whole < 1e14:
		unit = 1_000_000
	case whole < 1e17:
		unit = 1000
	}
	if whole <= 0 || whole >= (1<<63-1)/unit {
		return 0, false
	}
	return whole*unit + frac/(second/unit), true
}

// parseTime reads a text that is a time in any of the ways that logs commonly write one: RFC 3339 and its kin, the
// common log format, a count since 1970, RFC 1123 and asctime, the ones with AM and PM, and .NET's "/Date(…)/".
func parseTime(s string, zone *time.Location) (ns int64, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) < 8 || len(s) > 64 {
		return 0, false
	}
	if ns, ok = parseRFC3339(s, zone); ok {
		return ns, true
	}
	if s[0] == '[' {
		if s = strings.Trim(s, "[]"); s == "" {
			return 0, false
		}
	}
	if ns, ok = parseCLF(s, zone); ok {
		return ns, true
	}
	if rest, dated := strings.CutPrefix(s, "/Date("); dated {
		n := 0
		for n < len(rest) && rest[n]-'0' <= 9 {
			n++
		}
		return parseEpoch(rest[:n])
	}
	if s[0]-'0' <= 9 && strings.Trim(s, "0123456789.") == "" {
		return parseEpoch(s)
	}
	if i := strings.LastIndexByte(s, ' '); i > 18 && s[4] == '-' && s[len(s)-1]-'A' < 26 { // "2024-03-03 09:12:44.120 CET"
		if offset, size := zoneWord(s[i:]); size == len(s)-i {
			if ns, ok = parseRFC3339(s[:i], nil); ok {
				return ns - int64(offset)*second, true
			}
		}
	}
	return parseLayouts(s, zone)
}

// parseLayouts is the slow way, by the standard library.
func parseLayouts(s string, zone *time.Location) (ns int64, ok bool) {
	if t, err := time.Parse(time.RFC3339, s); err == nil && t.Year() >= 1970 && t.Year() <= maxYear { // hours of one digit, decimal commas
		return t.UnixNano(), true
	}
	if zone == nil {
		zone = time.UTC
	}
	for _, layout := range [...]string{
		time.RFC1123Z, time.RFC1123, time.ANSIC, time.UnixDate, time.RubyDate, time.RFC850, time.RFC822Z, time.RFC822,
		"2006-01-02", "2006-01-02T15:04Z07:00", "2006-01-02 15:04", "20060102T150405Z07:00", "20060102T150405",
		"1/2/2006 3:04:05 PM", "1/2/2006, 3:04:05 PM", "1/2/2006 3:04:05.000 PM", "1/2/2006 15:04:05", "2.1.2006 15:04:05",
		"January 2, 2006 15:04:05", "Jan 2, 2006 3:04:05 PM", "Jan 2, 2006 15:04:05", "Jan 2, 2006, 3:04:05.000 PM", "Jan 2, 2006 @ 15:04:05.000",
		"2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05 -0700", "2-Jan-2006 15:04:05", "Jan _2 2006 15:04:05",
		"2006/01/02 15:04:05", "2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04:05 -0700",
	} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil && t.Year() >= 1970 && t.Year() <= maxYear {
			return t.UnixNano(), true
		}
	}
	return 0, false
}
