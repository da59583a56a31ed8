package pack

import (
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestShorten(t *testing.T) {
	long := strings.Repeat("ä", 5000)
	a, b := Shorten(long+"a"), Shorten(long+"b")
	if len(a) > MaxString || a == b || Shorten(a) != a || Shorten("short") != "short" {
		t.Errorf("%d and %d bytes, equal: %v", len(a), len(b), a == b)
	}
}

// TestPacked: what was written comes back, whatever it is; words within a part only.
func TestPacked(t *testing.T) {
	words := make([]string, 0, 2*maxWords)
	for i := range cap(words) {
		words = append(words, strings.Repeat("w", i%5)+string(rune('a'+i%26))+strings.Repeat("x", i/26%300))
	}
	w := &Packer{Data: []byte("head")}
	w.Word("outside")
	w.Part(func() {
		w.Signed(math.MinInt64)
		w.Number(math.MaxInt32)
		w.Float(-0.5)
		w.Single(1.25)
		w.Text("a text\x00")
		w.Word("")
		w.Address(netip.MustParseAddr("2001:db8::1"))
		w.Address(netip.Addr{})
		w.List(words)
		w.List(nil)
	})
	w.Word("outside")
	u := &Unpacker{Reader: Reader{Data: w.Data[len("head"):]}}
	if s := u.Word(); s != "outside" {
		t.Errorf("%q", s)
	}
	p := u.Part()
	if a, b, c, d := p.Signed(), p.Number(math.MaxInt32+1), p.Float(), p.Single(); a != math.MinInt64 || b != math.MaxInt32 || c != -0.5 || d != 1.25 {
		t.Errorf("%d %d %v %v", a, b, c, d)
	}
	if a, b, c, d := p.Text(), p.Word(), p.Address(), p.Address(); a != "a text\x00" || b != "" || c != netip.MustParseAddr("2001:db8::1") || d.IsValid() {
		t.Errorf("%q %q %v %v", a, b, c, d)
	}
	if list := p.List(len(words)); !slices.Equal(list, words) {
		t.Errorf("%d words of %d come back", len(list), len(words))
	}
	if p.List(1) != nil || p.Bad || len(p.Data) != 0 {
		t.Errorf("bad %v, %d bytes are left", p.Bad, len(p.Data))
	}
	if s := u.Word(); s != "outside" || u.Bad || len(u.Data) != 0 {
		t.Errorf("%q, bad %v, %d bytes are left", s, u.Bad, len(u.Data))
	}
}

// FuzzUnpack: nothing that is read makes more than the bytes allow, and after damage all is zero.
func FuzzUnpack(f *testing.F) {
	w := &Packer{}
	w.Part(func() {
		w.Word("a")
		w.List([]string{"a", "b"})
		w.Address(netip.MustParseAddr("192.0.2.1"))
		w.Float(3)
	})
	f.Add(w.Data)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Add([]byte("\x00\x00\x10\x00\x00\x01\r\x00\xa5\x01\x01ad\x00\x01")) // an address that is cut off
	f.Fuzz(func(t *testing.T, data []byte) {
		u := &Unpacker{Reader: Reader{Data: data}}
		for _, u := range []*Unpacker{u.Part(), {Reader: Reader{Data: data}}} {
			had := len(u.Data)
			word, list, addr, n, x := u.Word(), u.List(1<<20), u.Address(), u.Count(1), u.Float()
			words := &Words{}
			fields := u.Strings(nil, words)
			if n > had || len(list) > had || len(fields) > had || len(word) > had {
				t.Fatalf("%d bytes make a word of %d, a list of %d, %d fields, a count of %d", had, len(word), len(list), len(fields), n)
			}
			if u.Bad {
				if after := []any{u.Word(), u.Signed(), u.Number(9), u.Float(), u.Address()}; !reflect.DeepEqual(after, []any{"", int64(0), 0, float64(0), netip.Addr{}}) {
					t.Fatalf("after the damage: %v (%v %v)", after, addr, x)
				}
			}
		}
	})
}
