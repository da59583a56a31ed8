package parse

import (
	"strings"
	"testing"
)

// TestIsBinary holds isBinary against a count of each byte, for every place that a byte can have within a word.
func TestIsBinary(t *testing.T) {
	plain := func(s string) bool {
		s = strings.TrimLeft(s, "\x00")
		bad := 0
		for _, c := range []byte(s) {
			if c < 0x20 && !strings.ContainsRune("\n\r\t\x1b\x1d\f\b", rune(c)) {
				bad++
			}
		}
		return bad*50 > len(s)
	}
	for c := range 256 {
		for length := range 120 {
			for at := range length {
				b := []byte(strings.Repeat("a\xff \n", length)[:length])
				b[at] = byte(c)
				if s := string(b); isBinary(s) != plain(s) {
					t.Fatalf("isBinary(%q) is %v", s, isBinary(s))
				}
			}
		}
	}
	for _, s := range []string{"", "\x00\x00", strings.Repeat("\x01", 9), strings.Repeat("text\n", 99), "\x00\x00" + strings.Repeat("text\x02", 99)} {
		if isBinary(s) != plain(s) {
			t.Errorf("isBinary(%q) is %v", s, isBinary(s))
		}
	}
}

func BenchmarkIsBinary(b *testing.B) {
	head := strings.Repeat("Nov 22 06:30:24 host daemon[12]: a line of an ordinary log, as long as they are\n", 800)
	b.SetBytes(int64(len(head)))
	b.ReportAllocs()
	for b.Loop() {
		isBinary(head)
	}
}
