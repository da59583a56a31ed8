package parse

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// shared returns the path of the test data that is not part of the repository, and skips the test where it is absent.
func sharedData(t testing.TB, name string) string {
	root := os.Getenv("TOCSIN_DATA")
	if root == "" {
		root = "../../shared/data"
	}
	path := filepath.Join(root, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: no test data at %s (set TOCSIN_DATA)", path)
	}
	return path
}

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
