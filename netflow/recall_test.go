package netflow

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

// TestRecall: what an exporter told before a restart explains its first records after it, of either version, with the
// names that it told; and what it tells then takes the place of that.
func TestRecall(t *testing.T) {
	for _, version := range []int{v9, ipfix} {
		message, templates := message9, v9Templates
		if version == ipfix {
			message, templates = message10, ipfixTpls
		}
		flows := message(7, noon, set(256, []byte{192, 0, 2, 1}, 443))
		before := NewExporter()
		before.Take(message(7, noon-60, set(templates, 256, 2, 8, 4, 7, 2)))
		told := before.Told(1 << 10)
		if told == "" || before.Told(1<<10) != told {
			t.Fatalf("told %q", told)
		}
		after := NewExporter()
		after.Recall(told)
		after.Take(flows)
		p, ok := after.Next()
		if !ok || after.Waiting() != 0 {
			t.Fatalf("version %d: %d wait", version, after.Waiting())
		}
		var out event.Batch
		NewParser(&event.Shapes{}).Parse(event.Block{Origin: &event.Origin{Path: "x"}, Header: p.Header, Data: p.Data, First: 1}, &out)
		if len(out.Events) != 1 || out.Events[0].Get("source.ip").String() != "192.0.2.1" || out.Events[0].Get("source.port").String() != "443" {
			t.Errorf("version %d: %d events, unread %+v", version, len(out.Events), out.Unread)
		}
		after.Take(message(7, noon+60, set(templates, 256, 1, 12, 4)))
		if again := after.Told(1 << 10); again == told || !strings.Contains(again, "\x00\x0c\x00\x04") {
			t.Errorf("version %d: what was told anew is not kept: %q", version, again)
		}
	}
}

// TestToldIsBounded: of an exporter that tells more than there is room for, the templates told last are kept.
func TestToldIsBounded(t *testing.T) {
	e := NewExporter()
	for i := range 500 {
		e.Take(message9(1, uint32(noon+i), set(v9Templates, 256+i, 2, 8, 4, 7, 2)))
	}
	told := e.Told(1000)
	if len(told) > 1000 || len(told) < 900 {
		t.Fatalf("%d bytes", len(told))
	}
	after := NewExporter()
	after.Recall(told)
	after.Take(message9(1, noon+600, set(256+499, []byte{192, 0, 2, 1}, 443)))
	if after.Waiting() != 0 {
		t.Error("the last template is gone")
	}
	after.Take(message9(1, noon+600, set(256, []byte{192, 0, 2, 1}, 443)))
	if after.Waiting() != 1 {
		t.Error("the first is kept")
	}
	if e.Told(0) != "" || NewExporter().Told(1000) != "" {
		t.Error("something of nothing")
	}
}

// FuzzRecall: no text makes an exporter panic, and what it recalls it tells again.
func FuzzRecall(f *testing.F) {
	e := NewExporter()
	e.Take(message10(7, noon, set(ipfixTpls, 256, 2, 8, 4, 7, 2), set(ipfixOptions, 257, 2, 1, 10, 4, 82, 8), set(257, []byte{0, 0, 0, 7}, "eth7\x00\x00\x00\x00")))
	f.Add([]byte(e.Told(1 << 20)))
	f.Add(bytes.Repeat([]byte{'t'}, 40))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, b := NewExporter(), NewExporter()
		a.Recall(string(text))
		told := a.Told(1 << 20)
		b.Recall(told)
		if again := b.Told(1 << 20); again != told {
			t.Errorf("%q, then %q", told, again)
		}
	})
}
