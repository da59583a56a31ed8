package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Services say in words and numbers of their own how a call went, what kind of thing it was and from where it came:
// "FAILURE", errorCode 50126, status 403, a list of addresses. Where ECS has one word for it, that is added beside the
// native fields: rules that know the service read those, rules that know none and the lists of entities read these.

// derivation says what is added to the records of a dialect. A field that is added hides what the dialect's format maps
// to the same name: set must know all of that, too.
type derivation struct {
	made []string // ECS names that set may fill; those that the record has itself stay as they are
	from []string // native names that set reads, in the order of its indices
	set  func(d *derived, v []event.Value)
}

// derived is where in the events of one plan those fields are: places, -1 for none.
type derived struct {
	made, from []int
	set        func(d *derived, v []event.Value)
}

// derived adds the fields that a derivation fills.
func (l *layout) derived(d *derivation) {
	l.derive = d
	for _, name := range d.made {
		l.add(name, -1)
	}
}

func newDerived(l *layout) derived {
	d := derived{made: make([]int, len(l.derive.made)), from: make([]int, len(l.derive.from)), set: l.derive.set}
	for i, name := range l.derive.made {
		d.made[i] = -1
		if at, ok := l.places[name]; ok && l.from[at] < 0 {
			d.made[i] = at
		}
	}
	for i, name := range l.derive.from {
		d.from[i] = -1
		if at, ok := l.places[name]; ok {
			d.from[i] = at
			continue
		}
		for at, own := range l.names { // some who pass records on change the case of names
			if len(own) == len(name) && strings.EqualFold(own, name) {
				d.from[i] = at
				break
			}
		}
	}
	return d
}

// text returns the native field of an index as it is written, "" where the record has none.
func (d *derived) text(v []event.Value, i int) string {
	if at := d.from[i]; at >= 0 && v[at].Kind != event.Null {
		return v[at].Raw
	}
	return ""
}

// first returns the first of the native fields from one index to before another that has a value.
func (d *derived) first(v []event.Value, from, to int) string {
	for i := from; i < to; i++ {
		if s := d.text(v, i); s != "" {
			return s
		}
	}
	return ""
}

// value returns the first of these that is text and not empty, as it is.
func (d *derived) value(v []event.Value, from, to int) event.Value {
	for i := from; i < to; i++ {
		if at := d.from[i]; at >= 0 && v[at].Raw != "" && (v[at].Kind == event.Text || v[at].Kind == event.Escaped) {
			return v[at]
		}
	}
	return event.Value{}
}

// put fills the ECS field of an index.
func (d *derived) put(v []event.Value, i int, value event.Value) {
	if at := d.made[i]; at >= 0 {
		v[at] = value
	}
}

// outcome fills the ECS field of an index with success or failure.
func (d *derived) outcome(v []event.Value, i int, verdict int8) {
	switch {
	case verdict > 0:
		d.put(v, i, successValue)
	case verdict < 0:
		d.put(v, i, failureValue)
	}
}

// address fills the ECS fields of an address and its port from "192.0.2.1", "192.0.2.1:443", "[2001:db8::1]:443",
// "::ffff:192.0.2.1", the first of such a list with commas, or of a JSON array.
func (d *derived) address(v []event.Value, ip, port int, s string) {
	if s != "" && s[0] == '[' && len(s) > 2 && (s[1] == '"' || s[1] == ' ') { // a JSON array
		_, s, _ = strings.Cut(s, `"`)
		s, _, _ = strings.Cut(s, `"`)
	}
	s = strings.TrimSpace(firstAddress(s))
	if s == "" {
		return
	}
	host, number := s, ""
	if !isAddress(s) {
		host, number = splitEndpoint(s)
		host = strings.Trim(host, "[]")
	}
	if value, _ := addressValues(host); value.Kind != event.Missing {
		d.put(v, ip, value)
		if port >= 0 && number != "" && number != "0" {
			d.put(v, port, numberValue(number))
		}
	}
}

// wordOutcome is what services call an outcome: 1 it went well, -1 it did not, 0 it says neither.
func wordOutcome(s string) int8 {
	switch {
	case s == "":
		return 0
	case strings.EqualFold(s, "true"), strings.EqualFold(s, "partiallysucceeded"), strings.EqualFold(s, "0"), strings.EqualFold(s, "challenge"):
		return 1
	case strings.EqualFold(s, "false"), strings.EqualFold(s, "fraud"), strings.EqualFold(s, "forbid"), strings.EqualFold(s, "error"):
		return -1
	case strings.EqualFold(s, "unknown"), strings.EqualFold(s, "skipped"), strings.EqualFold(s, "timeout"):
		return 0
	}
	return verdictOf(s)
}

// madeCommon are the fields that most derivations fill, in the order of these places.
var madeCommon = []string{"event.outcome", "event.category", "source.ip", "source.port", "user.name"}

const (
	makeOutcome = iota
	makeCategory
	makeSource
	makePort
	makeUser
)

// category fills event.category.
func (d *derived) category(v []event.Value, name string) {
	if name != "" {
		d.put(v, makeCategory, textValue(name))
	}
}
