package sigma

import (
	"encoding/binary"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
)

// fold returns text as it is compared when case does not matter: each character in lower case.
func fold(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c-'A' < 26 {
			return string(appendFolded(nil, s))
		}
	}
	return s
}

// appendFolded appends s with each character in lower case. Bytes that are no UTF-8 stay as they are.
func appendFolded(dst []byte, s string) []byte {
	from := len(dst)
	dst = append(dst, s...)
	return foldTail(dst, from)
}

// foldTail folds dst[from:]: in place as far as it is of ASCII and Latin-1, whose cases have one length.
func foldTail(dst []byte, from int) []byte {
	b := dst[from:]
	for i := 0; i < len(b); {
		if i+8 <= len(b) {
			if w := binary.LittleEndian.Uint64(b[i:]); w&highBits == 0 {
				binary.LittleEndian.PutUint64(b[i:], foldWord(w))
				i += 8
				continue
			}
		}
		c := b[i]
		switch {
		case c < utf8.RuneSelf:
			if c-'A' < 26 {
				b[i] = c | 0x20
			}
			i++
		case c|1 == 0xC3 && i+1 < len(b) && b[i+1]&0xC0 == 0x80: // U+0080 to U+00FF
			if d := b[i+1]; c == 0xC3 && d <= 0x9E && d != 0x97 { // À to Þ, but for ×
				b[i+1] = d + 0x20
			}
			i += 2
		default:
			return foldUnicode(dst, from+i)
		}
	}
	return dst
}

// foldUnicode folds dst[from:] character by character: the result is made behind it and moved into its place, since some
// characters have longer or shorter lower cases.
func foldUnicode(dst []byte, from int) []byte {
	end := len(dst)
	for i := from; i < end; {
		c := dst[i]
		if c < utf8.RuneSelf {
			if c-'A' < 26 {
				c |= 0x20
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(dst[i:end])
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, c)
		} else {
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
		i += n
	}
	return dst[:from+copy(dst[from:], dst[end:])]
}

// appendFoldedValue appends a value's text, folded.
func appendFoldedValue(dst []byte, v event.Value) []byte {
	from := len(dst)
	if v.Kind == event.UTF16 {
		if d, ok := appendFoldedASCII16(dst, v.Raw); ok {
			return d
		}
	}
	return foldTail(v.Append(dst), from)
}

// appendFoldedASCII16 decodes and folds UTF-16LE in one pass; it gives up at the first character beyond ASCII.
func appendFoldedASCII16(dst []byte, s string) ([]byte, bool) {
	dst = slices.Grow(dst, len(s)/2)
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := load64(s, i)
		if w&beyondASCII16 != 0 {
			return dst, false
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(foldWord(narrow(w))))
	}
	for ; i+1 < len(s); i += 2 {
		c := s[i]
		if s[i+1] != 0 || c >= utf8.RuneSelf {
			return dst, false
		}
		if c-'A' < 26 {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst, true
}
