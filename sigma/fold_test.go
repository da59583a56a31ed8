package sigma

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestFold compares with unicode.ToLower, for every character, at every place in a word.
func TestFold(t *testing.T) {
	for r := rune(0); r <= 0x1ffff; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		for _, pad := range []string{"", "A", "abcdeF", "ABCDEFGHIJ"} {
			in := pad + string(r) + "XyZ-0123456789"
			want := ""
			for _, c := range in {
				want += string(unicode.ToLower(c))
			}
			if got := fold(in); got != want {
				t.Fatalf("%q (%U): %q, want %q", in, r, got, want)
			}
		}
	}
	for _, broken := range []string{"\xff\xC3", "A\xC3", "A\xC2B", "\xE2\x84X", "ABCDEFG\xC3\x80"} {
		want := ""
		for i := 0; i < len(broken); {
			r, n := utf8.DecodeRuneInString(broken[i:])
			if r == utf8.RuneError {
				want += broken[i : i+n]
			} else {
				want += string(unicode.ToLower(r))
			}
			i += n
		}
		if got := fold(broken); got != want {
			t.Errorf("%q: %q, want %q", broken, got, want)
		}
	}
}
