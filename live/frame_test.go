package live

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/source"
)

// deliveries are some that differ in every part of a frame.
func deliveries(tb testing.TB) []source.Delivery {
	tb.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		tb.Fatal(err)
	}
	return []source.Delivery{
		{Block: event.Block{Origin: &event.Origin{}}},
		{
			Block: event.Block{
				Origin: &event.Origin{Path: "/var/log/a", Format: "syslog", Sender: "192.0.2.7", Zone: berlin, Reference: reference},
				Header: "a head", Data: "one\ntwo\n\x00\xff", Offset: 1 << 40, First: 77,
			},
			Stream: "file:/var/log/a", Position: "1 2 3", Behind: true, Since: -5,
		},
		{Block: event.Block{Origin: &event.Origin{Zone: time.UTC}, Data: "x", Offset: -1}, Position: "p"},
		{Block: event.Block{Origin: &event.Origin{Zone: time.FixedZone("", -3*3600-1800)}}},
	}
}

// A frame holds all of a delivery.
func TestFrame(t *testing.T) {
	var p []byte
	for i, d := range deliveries(t) {
		p = appendFrame(p[:0], &d, int64(i)*1e9)
		got, arrived, err := readFrame(p)
		if err != nil {
			t.Fatal(err)
		}
		if z := d.Block.Origin.Zone; z != nil && z.String() == "" { // one without a name is known by its offset
			_, want := reference.In(z).Zone()
			if _, offset := reference.In(got.Block.Origin.Zone).Zone(); offset != want {
				t.Errorf("delivery %d: a zone of %d s, not %d", i, offset, want)
			}
			got.Block.Origin.Zone = z
		} else if z != nil && got.Block.Origin.Zone.String() == z.String() {
			got.Block.Origin.Zone = z
		}
		if arrived != int64(i)*1e9 || !reflect.DeepEqual(got, d) {
			t.Errorf("delivery %d: %+v, not %+v", i, got, d)
		}
		clear(p) // what was read shares no memory with it
		if got.Block.Data != d.Block.Data {
			t.Errorf("delivery %d shares memory with its frame", i)
		}
	}
}

// Whatever bytes are read as a frame, they are one or an error; what is one is written as what it was read from.
func FuzzFrame(f *testing.F) {
	for i, d := range deliveries(f) {
		p := appendFrame(nil, &d, int64(i))
		f.Add(p)
		f.Add(p[:len(p)/2])
	}
	f.Add([]byte{frameVersion, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, p []byte) {
		d, arrived, err := readFrame(p)
		if err != nil {
			return
		}
		again := appendFrame(nil, &d, arrived)
		other, at, err := readFrame(again)
		if err != nil || at != arrived || !bytes.Equal(appendFrame(nil, &other, at), again) {
			t.Fatalf("%x became %x: %v", p, again, err)
		}
	})
}
