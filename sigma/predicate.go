package sigma

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/tocsin-sec/tocsin/event"
)

// holds tests a value of an event, of any kind. It is the slow and plain form, for routes and explanations; RefMatch
// needs the event and never holds here.
func (p *Predicate) holds(v event.Value) bool {
	switch p.Kind {
	case Exists:
		return v.Kind != event.Missing
	case IsNull:
		return v.Kind == event.Missing || v.Kind == event.Null
	}
	for e := range v.Elements() {
		if p.holdsOne(e) {
			return true
		}
	}
	return false
}

func (p *Predicate) holdsOne(v event.Value) bool {
	if v.Kind == event.Missing || v.Kind == event.Null {
		return false
	}
	switch p.Kind {
	case Match:
		if p.Cased {
			return newWild(p.Pattern).match(v.Append(nil))
		}
		return newWild(p.Pattern.folded()).match(appendFoldedValue(nil, v))
	case Regexp:
		return p.Regexp.MatchString(v.String())
	case CIDR:
		return inPrefix(p.Prefix, v.Append(nil))
	case Compare:
		f, ok := p.number(v)
		return ok && p.Cmp.Holds(f, p.Number)
	}
	return false
}

// number returns what a Compare looks at: the value as a number, or a part of it as a date.
func (p *Predicate) number(v event.Value) (float64, bool) {
	if p.Part == NoPart {
		return v.Float()
	}
	t, ok := dateOf(v.String())
	if !ok {
		return 0, false
	}
	switch p.Part {
	case Minute:
		return float64(t.Minute()), true
	case Hour:
		return float64(t.Hour()), true
	case Day:
		return float64(t.Day()), true
	case Week:
		_, w := t.ISOWeek()
		return float64(w), true
	case Month:
		return float64(t.Month()), true
	}
	return float64(t.Year()), true
}

var dateLayouts = [...]string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04", "2006-01-02", "02/Jan/2006:15:04:05 -0700", time.RFC1123Z, time.RFC1123, "1/2/2006 3:04:05 PM",
}

// dateOf reads a date in the zone that it states, without conversion (modifiers appendix, "Time Modifiers"); a number
// is seconds, milliseconds, microseconds or nanoseconds since 1970 by its size, in UTC.
func dateOf(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 1e8 && n < 1e19 {
		for n > 1e11 {
			n /= 1000
		}
		return time.Unix(int64(n), 0).UTC(), true
	}
	for _, l := range dateLayouts {
		if t, err := time.Parse(l, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// inPrefix tells whether text is an address in the network. An IPv4 address in IPv6 form counts as the IPv4 address.
func inPrefix(p netip.Prefix, text []byte) bool {
	text = bytes.Trim(text, "[]")
	if len(text) < 2 || len(text) > 64 {
		return false
	}
	// ParseAddr keeps nothing of a string that is an address but its zone, which is dropped here; so no copy is needed.
	a, err := netip.ParseAddr(unsafe.String(&text[0], len(text)))
	if err != nil {
		return false
	}
	a = a.WithZone("")
	return p.Contains(a) || a.Is4In6() && p.Contains(a.Unmap())
}

// folded returns the pattern with its literals folded.
func (p Pattern) folded() Pattern {
	f := make(Pattern, len(p))
	for i, t := range p {
		f[i] = Token{t.Kind, fold(t.Text)}
	}
	return f
}
