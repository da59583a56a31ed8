package parse

import (
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

var testReference = time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)

// parseAll parses text in one block.
func parseAll(f *Format, text string) []event.Event {
	var out event.Batch
	o := &event.Origin{Path: "test", Format: f.Name, Reference: testReference}
	f.NewParser(&Env{}).Parse(event.Block{Origin: o, Data: text, First: 1}, &out)
	return out.Events
}

// fieldsOf renders an event's format, fields and time, for tests and their messages.
func fieldsOf(e *event.Event) map[string]string {
	m := map[string]string{}
	for i, n := range e.Shape.Fields() {
		if e.Values[i].Kind != event.Missing {
			m[n] = e.Values[i].String()
		}
	}
	return m
}
