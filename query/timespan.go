package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseBound reads a time as --since and --until take it: RFC 3339, a date, a date and a time of day, or a duration
// before now such as 90m, 24h, 7d or 2w. Times that state no zone are of zone. With end, a date means its last
// nanosecond.
func ParseBound(s string, now time.Time, zone *time.Location, end bool) (time.Time, error) {
	if d, ok := ParseAgo(s); ok {
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		if end {
			t = t.AddDate(0, 0, 1).Add(-1)
		}
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", time.DateTime, "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 2026-01-31, 2026-01-31T12:00:00Z, 24h or 7d", s)
}

// ParseAgo reads a duration, which may be in days and weeks too.
func ParseAgo(s string) (time.Duration, bool) {
	s = strings.TrimSuffix(strings.TrimSpace(s), " ago")
	day := time.Duration(0)
	switch {
	case strings.HasSuffix(s, "d"):
		day = 24 * time.Hour
	case strings.HasSuffix(s, "w"):
		day = 7 * 24 * time.Hour
	default:
		d, err := time.ParseDuration(s)
		return d, err == nil && d >= 0
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 16)
	return time.Duration(n) * day, err == nil
}

// ParseZone reads a time zone: a name of the IANA database, "local", or an offset such as +02:00.
func ParseZone(s string) (*time.Location, error) {
	if t, err := time.Parse("-07:00", s); err == nil {
		return t.Location(), nil
	}
	if strings.EqualFold(s, "local") {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(s)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not known; write Europe/Berlin, UTC, local or +02:00", s)
	}
	return zone, nil
}
