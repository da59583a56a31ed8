package query

import (
	"slices"
	"strings"
)

// Missing is a field that a query asks for and no event has.
type Missing struct {
	Name  string
	Meant string // the field that may have been meant; "" where none comes near
	Text  string // what to search for where the whole was meant as text, such as "a=b"; "" where it was no plain value
}

// guesses are fields by the names that other programs give them.
var guesses = map[string]string{
	"src": "source.ip", "src_ip": "source.ip", "srcip": "source.ip", "source_ip": "source.ip", "client_ip": "source.ip", "clientip": "source.ip", "ip": "source.ip",
	"dst": "destination.ip", "dst_ip": "destination.ip", "dest_ip": "destination.ip", "dstip": "destination.ip", "destip": "destination.ip",
	"src_port": "source.port", "sport": "source.port", "dst_port": "destination.port", "dest_port": "destination.port", "dport": "destination.port", "port": "destination.port",
	"user": "user.name", "username": "user.name", "account": "user.name", "host": "host.name", "hostname": "host.name", "computer": "host.name",
	"sourcetype": "dataset", "format": "dataset", "program": "process.name", "process": "process.name", "action": "event.action", "outcome": "event.outcome",
	"file": "log.file.path", "source": "log.file.path", "eventid": "event.code", "event_id": "event.code",
}

// MissingFields returns the fields that the conditions of a query ask for and that are not among fields, the names of all
// that events have, each once, in the order of the query.
func (q *Query) MissingFields(fields []string) []Missing {
	known := make(map[string]bool, len(fields))
	for _, f := range fields {
		known[f] = true
	}
	var list []Missing
	Walk(q.Where, func(t *Test) {
		if t.Field == "" || Hidden(t.Field) || t.Op == Exists || strings.ContainsAny(t.Field, "*?") ||
			slices.ContainsFunc(Columns(t.Field), func(n string) bool { return known[n] }) ||
			slices.ContainsFunc(list, func(m Missing) bool { return m.Name == t.Field }) {
			return
		}
		m := Missing{Name: t.Field, Meant: guesses[strings.ToLower(t.Field)]}
		if !known[m.Meant] {
			m.Meant = nearest(t.Field, known)
		}
		if (t.Op == Is || t.Op == Words || t.Op == Exact) && !strings.ContainsAny(t.Text, `"\*?`) {
			m.Text = `"` + t.Field + "=" + t.Text + `"`
		}
		list = append(list, m)
	})
	return list
}
