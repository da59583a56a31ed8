package sigma

import (
	"slices"

	"github.com/tocsin-sec/tocsin/event"
)

// Meaning is one kind of events that a log source stands for. With neither From nor When it is what a parser itself
// says of its events.
type Meaning struct {
	Source event.LogSource // the log source of the table that these events are of
	From   event.LogSource // what the events are by themselves
	When   []FieldValues   // all of which hold
}

// FieldValues is a field that has one of some values.
type FieldValues struct {
	Field  string
	Values []string
}

// Meanings returns the events that a rule of log source want is about, as far as the table knows, in its order.
func (l *LogSources) Meanings(want event.LogSource) []Meaning {
	var list []Meaning
	for _, e := range l.entries {
		if !covers(want, e.source) {
			continue
		}
		if len(e.ways) == 0 {
			list = append(list, Meaning{Source: e.source})
		}
		for _, w := range e.ways {
			m := Meaning{Source: e.source, From: w.from}
			for _, t := range w.when {
				m.When = append(m.When, FieldValues{t.field, slices.Clone(t.written)})
			}
			list = append(list, m)
		}
	}
	return list
}

// Known tells whether any event is ever of log source want, as far as the table says. Rules of other log sources are
// tried only on events of which no log source is known.
func (l *LogSources) Known(want event.LogSource) bool {
	return want == (event.LogSource{}) || l.known(want)
}
