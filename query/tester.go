package query

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Tester decides a Test on the text of a value. It is immutable, for any number of goroutines, and allocates nothing.
type Tester struct {
	op      Op
	pattern *pattern
	forms   []string // of an identifier, instead of pattern: see Forms
	text    string
	re      *regexp.Regexp
	demand  *pattern // what must stand in a value for re to match; nil: nothing that is known
	beyond  bool     // characters beyond ASCII may stand for letters of demand
	head    *head    // that every match of re begins with; nil: nothing that is known
	net     netip.Prefix
	between *between
}

// between is what a Range compares with.
type between struct {
	numbers, addresses, times bool
	hasMin, hasMax            bool
	minOpen, maxOpen          bool
	min, max                  float64
	minText, maxText          string
	minAddr, maxAddr          netip.Addr
	minTime, maxTime          int64
}

// NewTester makes a test ready. It fails on a regular expression, network or bound that is none; those of a parsed
// query never are.
func NewTester(t *Test) (*Tester, error) {
	x := &Tester{op: t.Op, text: t.Text}
	var err error
	switch t.Op {
	case Words, Is:
		if x.forms = formsOf(t.Text); x.forms == nil {
			x.pattern = newPattern(t.Text, t.Op == Is)
		}
	case Regexp:
		if len(t.Text) > maxRegexp {
			return nil, fmt.Errorf("regular expression of %d bytes; at most %d are taken", len(t.Text), maxRegexp)
		}
		x.re, err = regexp.Compile(t.Text)
		x.demand, x.beyond = demanded(t.Text)
		x.head = headOf(t.Text, x.re)
	case InNet:
		x.net, err = netip.ParsePrefix(t.Text)
		x.net = x.net.Masked()
	case Range:
		x.between = newBetween(t)
	}
	return x, err
}

// Match tells whether the test holds for the text of a value. A value of no text is none: no test holds for it.
func (x *Tester) Match(v string) bool {
	if v == "" {
		return false
	}
	switch x.op {
	case Words, Is:
		if x.forms == nil {
			return x.pattern.match(v)
		}
		for _, f := range x.forms {
			if x.op == Is && v == f || x.op == Words && holdsWord(v, f) {
				return true
			}
		}
		return false
	case Exact:
		return v == x.text
	case Regexp:
		beyond := x.beyond && foldsToASCII(v)
		switch {
		case !beyond && x.demand != nil && !x.demand.match(v):
			return false
		case !beyond && x.head != nil:
			return x.head.match(v)
		}
		return x.re.MatchString(v)
	case InNet:
		return inNet(x.net, v)
	case Range:
		return x.between.match(v)
	}
	return true // Exists
}

// plain tells whether text is ASCII.
func plain(s string) bool {
	for ; len(s) >= 8; s = s[8:] {
		if (s[0]|s[1]|s[2]|s[3]|s[4]|s[5]|s[6]|s[7])&utf8.RuneSelf != 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// foldsToASCII tells whether text has one of the two characters beyond ASCII that regular expressions take for letters of
// ASCII when case does not matter: the long s and the Kelvin sign.
func foldsToASCII(s string) bool {
	return strings.Contains(s, "\u017f") || strings.Contains(s, "\u212a")
}

// MatchTime decides a test of the field _time on a time in nanoseconds since 1970. It tells ok=false where the test does
// not compare times.
func (x *Tester) MatchTime(t int64) (match, ok bool) {
	if x.op == Exists {
		return true, true
	}
	if x.op != Range || !x.between.times {
		return false, false
	}
	return x.between.matchTime(t), true
}

// Times returns the bounds of a Range of times, as of Query.Since and Until (0: open); ok=false where it is none.
func (x *Tester) Times() (since, until int64, ok bool) {
	b := x.between
	if x.op != Range || !b.times {
		return 0, 0, false
	}
	if b.hasMin {
		if since = b.minTime; b.minOpen {
			since++
		}
	}
	if b.hasMax {
		if until = b.maxTime; !b.maxOpen {
			until++
		}
	}
	return since, until, true
}

func isTimeField(name string) bool {
	c := Columns(name)
	return c[len(c)-1] == Time
}

func newBetween(t *Test) *between {
	b := &between{hasMin: t.Min != "", hasMax: t.Max != "", minOpen: t.MinOpen, maxOpen: t.MaxOpen, minText: t.Min, maxText: t.Max}
	both := func(is func(s string, max bool) bool) bool {
		return (!b.hasMin || is(t.Min, false)) && (!b.hasMax || is(t.Max, true))
	}
	b.times = isTimeField(t.Field) && both(func(s string, upper bool) bool {
		from, to, ok := ParseTime(s)
		switch {
		case upper && t.MaxOpen:
			b.maxTime = from
		case upper: // the last moment of what is named: up to a day, all of that day
			b.maxTime = to - 1
		case t.MinOpen:
			b.minTime = to - 1
		default:
			b.minTime = from
		}
		return ok
	})
	if b.times {
		return b
	}
	b.numbers = both(func(s string, upper bool) (ok bool) {
		if upper {
			b.max, ok = Number(s)
		} else {
			b.min, ok = Number(s)
		}
		return ok
	})
	if b.numbers {
		return b
	}
	b.addresses = both(func(s string, upper bool) bool {
		a, err := netip.ParseAddr(s)
		if upper {
			b.maxAddr = a.Unmap()
		} else {
			b.minAddr = a.Unmap()
		}
		return err == nil
	})
	return b
}

func (b *between) match(v string) bool {
	switch {
	case b.times:
		from, _, ok := ParseTime(v)
		return ok && b.matchTime(from)
	case b.numbers:
		f, ok := Number(v)
		if !ok {
			return false
		}
		return (!b.hasMin || f > b.min || f == b.min && !b.minOpen) && (!b.hasMax || f < b.max || f == b.max && !b.maxOpen)
	case b.addresses:
		a, ok := address(v)
		if !ok {
			return false
		}
		return (!b.hasMin || within(a.Compare(b.minAddr), b.minOpen)) && (!b.hasMax || within(b.maxAddr.Compare(a), b.maxOpen))
	}
	return (!b.hasMin || within(strings.Compare(v, b.minText), b.minOpen)) && (!b.hasMax || within(strings.Compare(b.maxText, v), b.maxOpen))
}

func within(order int, open bool) bool { return order > 0 || order == 0 && !open }

func (b *between) matchTime(t int64) bool {
	return (!b.hasMin || t > b.minTime || t == b.minTime && !b.minOpen) && (!b.hasMax || t < b.maxTime || t == b.maxTime && !b.maxOpen)
}

// Number reads a number as logs have them: decimal, at most 19 digits, perhaps with a minus sign and a fraction; or
// hexadecimal with 0x.
func Number(s string) (float64, bool) {
	if s == "" || len(s) > 21 || (s[0] < '0' || s[0] > '9') && s[0] != '-' {
		return 0, false
	}
	if f, ok := digits(s); ok {
		return f, true
	}
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		u, err := strconv.ParseUint(s[2:], 16, 64)
		return float64(u), err == nil
	}
	point, count := -1, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			count++
		case c == '-' && i == 0:
		case c == '.' && point < 0 && count > 0 && i < len(s)-1:
			point = i
		default: // an address, a version or a time, as most values that begin with a digit are
			return 0, false
		}
	}
	if count == 0 || count > 19 {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// digits reads what most numbers are: up to 15 digits.
func digits(s string) (float64, bool) {
	if len(s) > 15 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return float64(n), true
}

// layouts are how people write times; the width of what each names.
var layouts = [...]struct {
	layout string
	width  func(time.Time) time.Time
}{
	{time.RFC3339Nano, nil},
	{"2006-01-02T15:04:05.999999999", nil},
	{"2006-01-02 15:04:05.999999999", nil},
	{"2006-01-02T15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02 15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
	{"2006-01-02T15", func(t time.Time) time.Time { return t.Add(time.Hour) }},
	{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
}

// ParseTime reads an absolute time (RFC 3339, or less of it; UTC where no zone is stated) as the span that it names, in
// nanoseconds since 1970: from, and the first moment after it.
func ParseTime(s string) (from, to int64, ok bool) {
	if len(s) < 4 || len(s) > 40 || s[0] < '0' || s[0] > '9' {
		return 0, 0, false
	}
	for i := range layouts {
		t, err := time.Parse(layouts[i].layout, s)
		if err != nil {
			continue
		}
		if t.Year() < 1700 || t.Year() > 2250 {
			return 0, 0, false
		}
		end := t.Add(1)
		switch {
		case layouts[i].width != nil:
			end = layouts[i].width(t)
		case strings.IndexByte(s, '.') < 0:
			end = t.Add(time.Second)
		}
		return t.UnixNano(), end.UnixNano(), true
	}
	return 0, 0, false
}
