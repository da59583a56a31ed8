package alert

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Silence hides alerts from people, for a time; an exception does so for good. What is hidden is still counted.
type Silence struct {
	ID        string    `json:"id"`
	Matchers  []Matcher `json:"matchers"` // all must hold
	Owner     string    `json:"owner"`
	Reason    string    `json:"reason"`
	From      int64     `json:"from"`            // of the events' time, nanoseconds since 1970; 0 is always
	Until     int64     `json:"until,omitempty"` // not included; 0 is without end
	Exception bool      `json:"exception,omitempty"`
	Created   int64     `json:"created"`         // what came in before is not hidden; 0 is always
	Ended     int64     `json:"ended,omitempty"` // when somebody ended it before its time
}

// Bounds of a silence.
const (
	MaxMatchers = 64
	maxMatcher  = 1 << 10 // bytes of a field, and of a value
)

// Matcher is a test of one field of a hit: rule (id or title), level, user, host, address, source, entity (any of
// these), file, tag, or a field of its event by its native name.
type Matcher struct {
	Field string `json:"field"`
	Op    string `json:"op"` // is, not, contains, prefix, suffix, in (a network)
	Value string `json:"value"`
}

// Ops are the tests that a Matcher knows.
var Ops = [...]string{"is", "not", "contains", "prefix", "suffix", "in"}

// ErrNoMatcher says that a silence would hide everything.
var ErrNoMatcher = errors.New("it says of nothing what it hides, so it would hide everything")

// Check tells what is wrong with a silence, nil if nothing is.
func (s *Silence) Check() error {
	if len(s.Matchers) == 0 {
		return ErrNoMatcher
	}
	if len(s.Matchers) > MaxMatchers {
		return fmt.Errorf("it has %d tests; there may be %d", len(s.Matchers), MaxMatchers)
	}
	for _, m := range s.Matchers {
		if m.Field == "" || m.Value == "" {
			return fmt.Errorf("the test %s: a field and a value are needed", m)
		}
		if len(m.Field) > maxMatcher || len(m.Value) > maxMatcher {
			return fmt.Errorf("the test of %.40q: a field and a value have at most %d bytes", m.Field, maxMatcher)
		}
		if !slices.Contains(Ops[:], m.Op) {
			return fmt.Errorf("the test %s: %q is none of %s", m, m.Op, strings.Join(Ops[:], ", "))
		}
		if m.Op == "in" {
			if _, err := netip.ParsePrefix(m.Value); err != nil {
				return fmt.Errorf("the test %s: a network like 192.0.2.0/24 is needed: %w", m, err)
			}
		}
	}
	if s.Until != 0 && s.Until <= s.From {
		return errors.New("it ends before it begins")
	}
	return nil
}

func (m Matcher) String() string {
	switch m.Op {
	case "is":
		return m.Field + "=" + m.Value
	case "not":
		return m.Field + "!=" + m.Value
	case "contains":
		return m.Field + "~" + m.Value
	}
	return m.Field + " " + m.Op + " " + m.Value
}

// ParseMatcher reads a test as it is written on a command line: field=value, field!=value, field~part, field^=beginning,
// field$=end, address=192.0.2.0/24. A value that is a network is looked into where the field is of addresses.
func ParseMatcher(text string) (Matcher, error) {
	for _, op := range [...]struct{ sign, name string }{{"!=", "not"}, {"^=", "prefix"}, {"$=", "suffix"}, {"~", "contains"}, {"=", "is"}} {
		field, value, ok := strings.Cut(text, op.sign)
		if !ok || field == "" || strings.ContainsAny(field, "!^$~=") {
			continue
		}
		m := Matcher{Field: strings.TrimSpace(field), Op: op.name, Value: strings.TrimSpace(value)}
		if _, err := netip.ParsePrefix(m.Value); err == nil && m.Op == "is" && holdsAddresses(m.Field) {
			m.Op = "in"
		}
		if m.Value == "" {
			return m, fmt.Errorf("%q: a value is missing", text)
		}
		return m, nil
	}
	return Matcher{}, fmt.Errorf("%q is no test: field=value, field!=value, field~part, field^=beginning or field$=end", text)
}

// holdsAddresses tells by the name of a field whether its values are addresses: source.ip, ClientIP, src_ip, IpAddress,
// id.orig_h. A command line that holds a network is none, nor is a field that only ends like one (zip).
func holdsAddresses(field string) bool {
	name := strings.ToLower(field)
	switch name {
	case "address", "source", "entity", "id.orig_h", "id.resp_h", "clientip", "remoteip", "sourceip", "srcip", "dstip", "destinationip", "peerip":
		return true
	}
	if strings.HasSuffix(name, "address") || strings.HasSuffix(name, "addr") {
		return !strings.Contains(name, "mail") && !strings.Contains(name, "mac")
	}
	rest, ok := strings.CutSuffix(name, "ip")
	if !ok {
		return false
	}
	// A word of its own: after a sign, or begun with a capital letter.
	return rest == "" || strings.ContainsAny(rest[len(rest)-1:], "._- ") || field[len(rest)] == 'I'
}

// Hides tells whether the silence hides a hit. It does not depend on when it is asked, so that a hit which is taken again
// is hidden as it was.
func (s *Silence) Hides(h *Hit) bool {
	if h.Seen != 0 && h.Seen < s.Created {
		return false
	}
	if s.From != 0 && h.Time < s.From || s.Until != 0 && h.Time >= s.Until || s.Ended != 0 && h.Seen >= s.Ended || len(s.Matchers) == 0 {
		return false
	}
	for i := range s.Matchers {
		if !s.Matchers[i].holds(h) {
			return false
		}
	}
	return true
}

// silencing returns the ID of the first silence that hides a hit, "" if none does.
func silencing(list []Silence, h *Hit) string {
	for i := range list {
		if list[i].Hides(h) {
			return list[i].ID
		}
	}
	return ""
}

// holds tells whether any value of the field passes the test; of "not", whether none does.
func (m *Matcher) holds(h *Hit) bool {
	for _, v := range fieldOf(h, m.Field) {
		if m.test(v) {
			return m.Op != "not"
		}
	}
	return m.Op == "not"
}

func (m *Matcher) test(v string) bool {
	switch m.Op {
	case "is", "not":
		return strings.EqualFold(v, m.Value)
	case "contains":
		return strings.Contains(strings.ToLower(v), strings.ToLower(m.Value))
	case "prefix":
		return len(v) >= len(m.Value) && strings.EqualFold(v[:len(m.Value)], m.Value)
	case "suffix":
		return len(v) >= len(m.Value) && strings.EqualFold(v[len(v)-len(m.Value):], m.Value)
	case "in":
		p, err := netip.ParsePrefix(m.Value)
		a, err2 := netip.ParseAddr(v)
		return err == nil && err2 == nil && p.Contains(a.Unmap())
	}
	return false
}

func fieldOf(h *Hit, name string) []string {
	switch strings.ToLower(name) {
	case "rule":
		return []string{h.RuleID, h.RuleTitle}
	case "level":
		return []string{LevelName(h.Level)}
	case "user":
		return h.Users
	case "host":
		return h.Hosts
	case "address":
		return h.Addresses
	case "source":
		return h.Sources
	case "entity":
		return slices.Concat(h.Users, h.Hosts, h.Addresses, h.Sources)
	case "file":
		return []string{h.File}
	case "tag":
		return h.Tags
	}
	if h.Field == nil {
		return nil
	}
	return h.Field(name)
}

// SilenceID returns a name for a silence: of what it hides, why, and when it was made.
func SilenceID(s *Silence) string {
	parts := []string{"silence", s.Owner, s.Reason, strconv.FormatInt(s.Created, 10)}
	for _, m := range s.Matchers {
		parts = append(parts, m.Field, m.Op, m.Value)
	}
	return hash(parts...)[:12]
}
