package parse

import (
	"os"
	"path/filepath"
	"strings"
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

func TestDump(t *testing.T) {
	path := os.Getenv("DUMP")
	if path == "" {
		t.Skip("no file to dump")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := string(data[:min(len(data), 65536)])
	f := Recognise(Formats, head)
	for _, g := range Formats {
		t.Log(g.Name, g.Detect(head))
	}
	if f == nil {
		t.Fatal("not recognised")
	}
	for _, e := range parseAll(f, string(data)) {
		m := fieldsOf(&e)
		var b strings.Builder
		for _, n := range e.Shape.Fields() {
			if v, ok := m[n]; ok {
				b.WriteString(n + "=" + v + " | ")
			}
		}
		t.Log(e.Shape.Format.Name, e.When().Format(time.RFC3339), b.String())
	}
}
