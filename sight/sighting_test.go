package sight

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/pack"
)

var someSighting = Sighting{
	Kind: SawFlow, Outcome: Failed, Admin: true, Server: true, Port: 65535, Bytes: -1, Sent: 1 << 60, Count: 7,
	User: "anna", Host: "web1", Program: "/bin/sh", Parent: "/sbin/init", Name: "a.example", Type: "tcp", Dataset: "syslog",
	Source: netip.MustParseAddr("2001:db8::1"), Destination: netip.MustParseAddr("192.0.2.1"),
}

// TestEncoding: a sighting comes back as it was, in either form.
func TestEncoding(t *testing.T) {
	var words pack.Words
	for _, s := range []Sighting{someSighting, {}} {
		var got, again Sighting
		if !got.Decode(s.Append([]byte{}), &words) || got != s {
			t.Errorf("%+v, want %+v", got, s)
		}
		if !again.SetTexts(s.Texts()) || again != s {
			t.Errorf("%+v, want %+v", again, s)
		}
	}
	long := Sighting{Name: strings.Repeat("x", 2*pack.MaxString)}
	var got Sighting
	if !got.Decode(long.Append(nil), &words) || len(got.Name) > pack.MaxString {
		t.Errorf("a name of %d bytes", len(got.Name))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(someSighting.Append(nil))
	f.Add((&Sighting{}).Append(nil))
	f.Add([]byte{MaxTexts, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		var s, again Sighting
		var words pack.Words
		if !s.Decode(data, &words) {
			return
		}
		list := s.strings()
		if slices.ContainsFunc(list[:], func(v string) bool { return len(v) > pack.MaxString }) {
			return
		}
		if !again.Decode(s.Append(nil), &words) || again != s {
			t.Fatalf("%+v, want %+v", again, s)
		}
	})
}
