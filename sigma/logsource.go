package sigma

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-sec/tocsin/event"
)

//go:embed logsources.yml
var builtinLogSources []byte

// LogSources is the table that says which events a log source of a rule means, and under which names such events keep
// the fields that the rule asks for. It is immutable. Its YAML form is described at the head of logsources.yml.
type LogSources struct {
	entries []sourceEntry
	fields  []string                   // that any entry's "when" looks at: what an event is told apart by
	values  map[string]map[string]bool // of each of these: all that is looked for, folded
	longest int                        // of these, bytes
}

type sourceEntry struct {
	source event.LogSource
	ways   []sourceWay
}

type sourceWay struct {
	from   event.LogSource
	when   []sourceTest
	fields map[string]string // rule's name → event's name
}

type sourceTest struct {
	field   string
	values  []string // folded
	written []string // the same, as the table has them
}

// BuiltinLogSources returns the table that tocsin ships.
func BuiltinLogSources() *LogSources {
	l, err := ParseLogSources("logsources.yml", builtinLogSources)
	if err != nil {
		panic(err) // the embedded file is wrong: no build passes its test
	}
	return l
}

// With returns a table of l's entries and after them those of more. Where both say of which log source an event is,
// it is of both; for one rule the fields of the earlier entry count.
func (l *LogSources) With(more *LogSources) *LogSources {
	return newLogSources(append(slices.Clone(more.entries), l.entries...))
}

// ParseLogSources reads a table from YAML. Its errors name the line.
func ParseLogSources(name string, data []byte) (*LogSources, error) {
	file, ok := plainLogSources(data)
	if !ok {
		file = nil
		if err := yaml.Load(data, &file, yaml.WithKnownFields()); err != nil {
			return nil, fmt.Errorf("log sources %s: %w", name, err)
		}
	}
	entries := make([]sourceEntry, 0, len(file))
	for i, f := range file {
		if f.LogSource == (event.LogSource{}) {
			return nil, fmt.Errorf("log sources %s: entry %d names no log source", name, i+1)
		}
		e := sourceEntry{source: f.LogSource}
		for _, w := range f.Events {
			way := sourceWay{from: w.From, fields: w.Fields}
			for _, field := range sortedKeys(w.When) {
				t := sourceTest{field: field}
				list, many := w.When[field].([]any)
				if !many {
					list = []any{w.When[field]}
				}
				for _, v := range list {
					t.written = append(t.written, fmt.Sprint(v))
					t.values = append(t.values, fold(fmt.Sprint(v)))
				}
				way.when = append(way.when, t)
			}
			e.ways = append(e.ways, way)
		}
		entries = append(entries, e)
	}
	return newLogSources(entries), nil
}

func newLogSources(entries []sourceEntry) *LogSources {
	l := &LogSources{entries: entries, values: make(map[string]map[string]bool)}
	for _, e := range entries {
		for _, w := range e.ways {
			for _, t := range w.when {
				if !slices.Contains(l.fields, t.field) {
					l.fields = append(l.fields, t.field)
					l.values[t.field] = make(map[string]bool)
				}
				for _, v := range t.values {
					l.values[t.field][v] = true
					l.longest = max(l.longest, len(v))
				}
			}
		}
	}
	return l
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// covers tells whether an event of log source have is what a rule for log source want means.
func covers(want, have event.LogSource) bool {
	return (want.Category == "" || want.Category == have.Category) &&
		(want.Product == "" || want.Product == have.Product) &&
		(want.Service == "" || want.Service == have.Service)
}

// known tells whether any event is ever of log source want, as far as the table says.
func (l *LogSources) known(want event.LogSource) bool {
	return slices.ContainsFunc(l.entries, func(e sourceEntry) bool { return covers(want, e.source) })
}

// facet is one log source that an event is of, with the names under which it keeps the fields of rules for it.
type facet struct {
	source event.LogSource
	fields map[string]string
	id     int // equal ids in one table mean equal facets
}

// facets returns all log sources that an event is of: its own first. get returns a field's values.
func (l *LogSources) facets(own event.LogSource, get func(field string) event.Value) []facet {
	list := []facet{{source: own}}
	told := l.told(get)
	id := 0
	for _, e := range l.entries {
		for _, w := range e.ways {
			id++
			if !covers(w.from, own) || !w.holds(told) {
				continue
			}
			if covers(e.source, own) { // it says no more than the event itself, but names its fields
				list[0].fields, list[0].id = merged(list[0].fields, w.fields), list[0].id<<10+id
				continue
			}
			list = append(list, facet{e.source, w.fields, id})
		}
	}
	return list
}

func merged(a, b map[string]string) map[string]string {
	if len(b) == 0 {
		return a
	}
	m := maps.Clone(b)
	maps.Copy(m, a)
	return m
}

// told returns what the table looks for and an event has, folded, by field. Values that are far longer than anything
// looked for are not read.
func (l *LogSources) told(get func(field string) event.Value) map[string][]string {
	told := make(map[string][]string)
	for _, f := range l.fields {
		for v := range get(f).Elements() {
			if v.Kind == event.Missing || len(v.Raw) > 64+8*l.longest {
				continue
			}
			s := string(appendFoldedValue(nil, v))
			if l.values[f][s] && !slices.Contains(told[f], s) {
				told[f] = append(told[f], s)
			}
		}
	}
	return told
}

func (w *sourceWay) holds(told map[string][]string) bool {
	for _, t := range w.when {
		if !slices.ContainsFunc(told[t.field], func(v string) bool { return slices.Contains(t.values, v) }) {
			return false
		}
	}
	return true
}
