package detect

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
	a, b := shorten(long+"a"), shorten(long+"b")
	if len(a) > maxValue || a == b || shorten(a) != a || shorten("short") != "short" {
		t.Errorf("%d and %d bytes, equal: %v", len(a), len(b), a == b)
	}
}

// TestPacked: what was written comes back, whatever it is; words within a part only.
func TestPacked(t *testing.T) {
	words := make([]string, 0, 2*maxWords)
	for i := range cap(words) {
		words = append(words, strings.Repeat("w", i%5)+string(rune('a'+i%26))+strings.Repeat("x", i/26%300))
	}
	w := &packer{dst: []byte("head")}
	w.word("outside")
	w.part(func() {
		w.signed(math.MinInt64)
		w.number(math.MaxInt32)
		w.float(-0.5)
		w.single(1.25)
		w.text("a text\x00")
		w.word("")
		w.address(netip.MustParseAddr("2001:db8::1"))
		w.address(netip.Addr{})
		w.list(words)
		w.list(nil)
	})
	w.word("outside")
	u := &unpacker{reader: reader{data: w.dst[len("head"):]}}
	if s := u.word(); s != "outside" {
		t.Errorf("%q", s)
	}
	p := u.part()
	if a, b, c, d := p.signed(), p.number(math.MaxInt32+1), p.float(), p.single(); a != math.MinInt64 || b != math.MaxInt32 || c != -0.5 || d != 1.25 {
		t.Errorf("%d %d %v %v", a, b, c, d)
	}
	if a, b, c, d := p.text(), p.word(), p.address(), p.address(); a != "a text\x00" || b != "" || c != netip.MustParseAddr("2001:db8::1") || d.IsValid() {
		t.Errorf("%q %q %v %v", a, b, c, d)
	}
	if list := p.list(len(words)); !slices.Equal(list, words) {
		t.Errorf("%d words of %d come back", len(list), len(words))
	}
	if p.list(1) != nil || p.bad || len(p.data) != 0 {
		t.Errorf("bad %v, %d bytes are left", p.bad, len(p.data))
	}
	if s := u.word(); s != "outside" || u.bad || len(u.data) != 0 {
		t.Errorf("%q, bad %v, %d bytes are left", s, u.bad, len(u.data))
	}
}

// FuzzUnpack: nothing that is read makes more than the bytes allow, and after damage all is zero.
func FuzzUnpack(f *testing.F) {
	w := &packer{}
	w.part(func() {
		w.word("a")
		w.list([]string{"a", "b"})
		w.address(netip.MustParseAddr("192.0.2.1"))
		w.float(3)
	})
	f.Add(w.dst)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		u := &unpacker{reader: reader{data: data}}
		for _, u := range []*unpacker{u.part(), {reader: reader{data: data}}} {
			had := len(u.data)
			word, list, addr, n, x := u.word(), u.list(1<<20), u.address(), u.count(1), u.float()
			words := &interned{}
			fields := u.strings(nil, words)
			if n > had || len(list) > had || len(fields) > had || len(word) > had {
				t.Fatalf("%d bytes make a word of %d, a list of %d, %d fields, a count of %d", had, len(word), len(list), len(fields), n)
			}
			if u.bad {
				if after := []any{u.word(), u.signed(), u.number(9), u.float(), u.address()}; !reflect.DeepEqual(after, []any{"", int64(0), 0, float64(0), netip.Addr{}}) {
					t.Fatalf("after the damage: %v (%v %v)", after, addr, x)
				}
			}
		}
	})
}
