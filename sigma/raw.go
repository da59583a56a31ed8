package sigma

import (
	"encoding/binary"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// rawScan says whether a value may hold any of the literals of a literals, by its bytes as they came: most values hold
// none, and need not be decoded and folded to know that.
type rawScan struct {
	usable bool // all literals are looked for by their grams
	plain  bool // the grams are of ASCII, without characters that JSON escapes: they stand in a value in any dress
	digits bool // a literal consists of what numbers, GUIDs, SIDs and times are written with, or of a part of true or false
}

// digitLike are the characters that values of the kinds other than text are written with.
const digitLike = "0123456789abcdefx{}-+:.tsz"

func newRawScan(l *literals) rawScan {
	r := rawScan{usable: l.short == nil && l.sometime == nil && len(l.start.nodes) < 2 && len(l.end.nodes) < 2, plain: true}
	for _, p := range l.grams.lits {
		r.digits = r.digits || strings.Trim(p.text, digitLike) == "" || strings.Contains("true", p.text) || strings.Contains("false", p.text)
		r.plain = r.plain && unescaped(p.text[p.offset:p.offset+4])
	}
	return r
}

// unescaped tells whether JSON writes these characters as they are, unless as \u.
func unescaped(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '\\' || r == '"' || r == '/' || r >= 0x7f })
}

// mayHold is false only where the value holds none of the literals.
func (l *literals) mayHold(v event.Value) bool {
	if !l.raw.usable {
		return true
	}
	switch v.Kind {
	case event.Missing, event.Null:
		return false
	case event.Text:
		return !l.raw.plain || l.grams.mayStandIn(v.Raw)
	case event.Escaped:
		return !l.raw.plain || l.grams.mayStandIn(v.Raw) || strings.Contains(v.Raw, `\u`)
	case event.UTF16:
		return l.grams.mayStandIn16(v.Raw)
	case event.Number, event.Bool, event.Uint, event.Int, event.Hex, event.GUID, event.FileTime, event.SID:
		return l.raw.digits
	}
	return true
}

// mayStandIn is false only where none of the grams, all of ASCII, stands in s in any case.
func (g *grams) mayStandIn(s string) bool {
	i := 0
	for step := g.step(); i+8 <= len(s); i += step {
		w := load64(s, i)
		if w&highBits != 0 && mayFoldToASCII(w) || g.begins(foldWord(w)) {
			return true
		}
	}
	return g.tail(s[i:])
}

// mayFoldToASCII tells whether eight bytes hold the first byte of one of the two characters beyond ASCII whose lower
// case is in it: U+0130 (C4 B0) and U+212A (E2 84 AA).
func mayFoldToASCII(w uint64) bool {
	for ; w != 0; w >>= 8 {
		if c := byte(w); c == 0xC4 || c == 0xE2 {
			return true
		}
	}
	return false
}

// tail is mayStandIn of the last bytes, less than eight.
func (g *grams) tail(s string) bool {
	var b [8]byte
	n := copy(b[:], s)
	w := binary.LittleEndian.Uint64(b[:])
	if w&highBits != 0 && mayFoldToASCII(w) {
		return true
	}
	w = foldWord(w)
	for at := 0; at+4 <= n; at += g.stride {
		if g.has(uint32(w >> (8 * at))) {
			return true
		}
	}
	return false
}

// mayStandIn16 is mayStandIn of UTF-16LE.
func (g *grams) mayStandIn16(s string) bool {
	i := 0
	for step := 2 * g.step(); i+16 <= len(s); i += step {
		a, b := load64(s, i), load64(s, i+8)
		if (a|b)&beyondASCII16 != 0 || g.begins(foldWord(narrow(a)|narrow(b)<<32)) {
			return true
		}
	}
	var rest [8]byte
	n := 0
	for ; i+1 < len(s); i += 2 {
		if s[i+1] != 0 || s[i] >= 0x80 {
			return true
		}
		rest[n] = s[i]
		n++
	}
	return g.tail(string(rest[:n]))
}

const (
	highBits      = 0x8080808080808080
	beyondASCII16 = 0xff80ff80ff80ff80
)

// narrow packs four UTF-16 characters of ASCII into four bytes.
func narrow(w uint64) uint64 {
	w = (w | w>>8) & 0x0000ffff0000ffff
	return (w | w>>16) & 0xffffffff
}

// foldWord puts those of eight bytes that are letters of ASCII into lower case.
func foldWord(w uint64) uint64 {
	low := w &^ highBits
	upper := (low + 0x3f3f3f3f3f3f3f3f) &^ (low + 0x2525252525252525) &^ w & highBits
	return w | upper>>2
}

func load64(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// begins tells whether one of the grams in eight bytes is one that is looked for.
func (g *grams) begins(w uint64) bool {
	if !g.mayBegin(w) {
		return false
	}
	for at := 0; at <= 4; at += g.stride {
		if g.has(uint32(w >> (8 * at))) {
			return true
		}
	}
	return false
}

// has tells whether a gram is one that is looked for.
func (g *grams) has(gram uint32) bool {
	h := gram * gramHash
	if g.bitmap[h>>g.shift/64]>>(h>>g.shift%64)&1 == 0 {
		return false
	}
	for slot := h >> 7 & g.mask; g.heads[slot].last != 0; slot = (slot + 1) & g.mask {
		if g.heads[slot].gram == gram {
			return true
		}
	}
	return false
}
