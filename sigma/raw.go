package sigma

import (
	"encoding/binary"
	"strings"
	"unsafe"

	"github.com/tocsin-sec/tocsin/event"
)

// rawScan says whether a value may hold any of the literals of a literals, by its bytes as they came: most values hold
// none, and need not be decoded and folded to know that.
type rawScan struct {
	usable bool // no literal is so short that it may hide anywhere
	plain  bool // the grams are of ASCII, without characters that JSON escapes: they stand in a value in any dress
	digits bool // a literal consists of what numbers, GUIDs, SIDs and times are written with, or of a part of true or false
	start  bool // there are literals that a value must begin with
	end    bool // and ones that it must end with
}

// digitLike are the characters that values of the kinds other than text are written with.
const digitLike = "0123456789abcdefx{}-+:.tsz"

func newRawScan(l *literals) rawScan {
	r := rawScan{usable: l.short == nil && l.sometime == nil, plain: true, start: len(l.start.nodes) > 1, end: len(l.end.nodes) > 1}
	r.digits = r.start || r.end
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
		return l.raw.end && l.end.mayEnd(v.Raw) || l.raw.start && l.start.mayStart(v.Raw) || l.anywhereIn(v.Raw)
	case event.Escaped:
		return l.raw.end && l.end.mayEndEscaped(v.Raw) || l.raw.start && l.start.mayStartEscaped(v.Raw) ||
			l.anywhereIn(v.Raw) || l.grams.heads != nil && hasUnicodeEscape(v.Raw)
	case event.UTF16:
		return l.raw.end && l.end.mayEnd16(v.Raw) || l.raw.start && l.start.mayStart16(v.Raw) ||
			l.grams.heads != nil && l.grams.mayStandIn16(v.Raw)
	case event.Number, event.Bool, event.Uint, event.Int, event.Hex, event.GUID, event.FileTime, event.SID:
		return l.raw.digits
	case event.List:
		for e := range v.Elements() {
			if l.mayHold(e) {
				return true
			}
		}
		return false
	}
	return true
}

// anywhereIn is false only where none of the literals that may stand anywhere stands in s.
func (l *literals) anywhereIn(s string) bool {
	return l.grams.heads != nil && (!l.raw.plain || l.grams.mayStandIn(s))
}

// mayHoldIn is mayHold of all values that stand in the text of a JSON object.
func (l *literals) mayHoldIn(text string) bool {
	return !l.raw.usable || l.raw.start || l.raw.end || l.anywhereIn(text) || hasUnicodeEscape(text)
}

// isPart tells whether a value is a window into text.
func isPart(v event.Value, text string) bool {
	from, at := uintptr(unsafe.Pointer(unsafe.StringData(text))), uintptr(unsafe.Pointer(unsafe.StringData(v.Raw)))
	return at >= from && at+uintptr(len(v.Raw)) <= from+uintptr(len(text))
}

// mayEnd is false only where s ends with no literal of the trie, in any case; likewise the others.
func (t *trie) mayEnd(s string) bool {
	if len(t.nodes[0].ids) > 0 {
		return true
	}
	n := uint32(0)
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] >= 0x80 {
			return true
		}
		if n = t.nextFolded(n, s[i]); n == 0 {
			return false
		}
		if len(t.nodes[n].ids) > 0 {
			return true
		}
	}
	return len(t.nodes[n].whole) > 0
}

func (t *trie) mayStart(s string) bool {
	if len(t.nodes[0].ids) > 0 {
		return true
	}
	n := uint32(0)
	for i := range len(s) {
		if s[i] >= 0x80 {
			return true
		}
		if n = t.nextFolded(n, s[i]); n == 0 {
			return false
		}
		if len(t.nodes[n].ids) > 0 {
			return true
		}
	}
	return len(t.nodes[n].whole) > 0
}

func (t *trie) mayEndEscaped(s string) bool {
	if len(t.nodes[0].ids) > 0 {
		return true
	}
	n := uint32(0)
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '\\' || s[i] >= 0x80 {
			return true
		}
		if n = t.nextFolded(n, s[i]); n == 0 {
			return escapes(s, i)
		}
		if len(t.nodes[n].ids) > 0 {
			return true
		}
	}
	return true // the text of a value with an escape is not its bytes
}

// escapes tells whether s[i], or what follows it up to the next backslash, may belong to an escape.
func escapes(s string, i int) bool {
	const longest = len(`\u0000`)
	k := strings.LastIndexByte(s[max(0, i+1-longest):i], '\\')
	if k < 0 {
		return false
	}
	k += max(0, i+1-longest)
	n := 1
	for n <= k && s[k-n] == '\\' {
		n++
	}
	return n&1 == 1 && (k+1 == i || s[k+1] == 'u')
}

func (t *trie) mayStartEscaped(s string) bool {
	if len(t.nodes[0].ids) > 0 {
		return true
	}
	n := uint32(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			if i++; i == len(s) || s[i] != '\\' && s[i] != '/' && s[i] != '"' {
				return true
			}
			c = s[i]
		}
		if c >= 0x80 {
			return true
		}
		if n = t.nextFolded(n, c); n == 0 {
			return false
		}
		if len(t.nodes[n].ids) > 0 {
			return true
		}
	}
	return len(t.nodes[n].whole) > 0
}

func (t *trie) mayEnd16(s string) bool {
	if len(t.nodes[0].ids) > 0 || len(s)&1 != 0 {
		return true
	}
	n := uint32(0)
	for i := len(s) - 2; i >= 0; i -= 2 {
		if s[i+1] != 0 || s[i] >= 0x80 {
			return true
		}
		if n = t.nextFolded(n, s[i]); n == 0 {
			return false
		}
		if len(t.nodes[n].ids) > 0 {
			return true
		}
	}
	return len(t.nodes[n].whole) > 0
}

func (t *trie) mayStart16(s string) bool {
	if len(t.nodes[0].ids) > 0 {
		return true
	}
	n := uint32(0)
	for i := 0; i+1 < len(s); i += 2 {
		if s[i+1] != 0 || s[i] >= 0x80 {
			return true
		}
		if n = t.nextFolded(n, s[i]); n == 0 {
			return false
		}
		if len(t.nodes[n].ids) > 0 {
			return true
		}
	}
	return len(t.nodes[n].whole) > 0
}

// nextFolded is next of a byte in lower case.
func (t *trie) nextFolded(n uint32, c byte) uint32 {
	if c-'A' < 26 {
		c |= 0x20
	}
	return t.next(n, c)
}

// mayStandIn is false only where none of the grams, all of ASCII, stands in s in any case.
func (g *grams) mayStandIn(s string) bool {
	bitmap, shift := g.bitmap, g.shift
	i := 0
	switch g.stride {
	case 2:
		for ; i+8 <= len(s); i += 6 {
			w := load64(s, i)
			a, b, c := (uint32(w)|anyCase)*gramHash>>shift, (uint32(w>>16)|anyCase)*gramHash>>shift, (uint32(w>>32)|anyCase)*gramHash>>shift
			hit := bitmap[a/64]>>(a%64) | bitmap[b/64]>>(b%64) | bitmap[c/64]>>(c%64)
			if (hit&1 != 0 || w&highBits != 0) && g.begins(s, i, w) {
				return true
			}
		}
	case 4:
		for ; i+8 <= len(s); i += 8 {
			w := load64(s, i)
			a, c := (uint32(w)|anyCase)*gramHash>>shift, (uint32(w>>32)|anyCase)*gramHash>>shift
			hit := bitmap[a/64]>>(a%64) | bitmap[c/64]>>(c%64)
			if (hit&1 != 0 || w&highBits != 0) && g.begins(s, i, w) {
				return true
			}
		}
	default:
		for ; i+8 <= len(s); i += 8 {
			w := load64(s, i)
			a := (uint32(w) | anyCase) * gramHash >> shift
			if (bitmap[a/64]>>(a%64)&1 != 0 || w&highBits != 0) && g.begins(s, i, w) {
				return true
			}
		}
	}
	return g.tail(s, i)
}

// hasUnicodeEscape tells whether \u stands in s; it looks at eight places at a time.
func hasUnicodeEscape(s string) bool {
	const (
		pair  = '\\' | 'u'<<8
		pairs = pair | pair<<16 | pair<<32 | pair<<48
		ones  = 0x0001000100010001
		highs = 0x8000800080008000
	)
	i := 0
	for ; i+9 <= len(s); i += 8 {
		a, b := load64(s, i)^pairs, load64(s, i+1)^pairs // a pair that is looked for is 0 in one of them
		if ((a-ones)&^a|(b-ones)&^b)&highs != 0 {
			break
		}
	}
	return strings.Contains(s[i:], `\u`)
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

// tail is mayStandIn of the last bytes of s, less than eight, from i on.
func (g *grams) tail(s string, i int) bool {
	var b [8]byte
	n := copy(b[:], s[i:])
	w := binary.LittleEndian.Uint64(b[:])
	if w&highBits != 0 && mayFoldToASCII(w) {
		return true
	}
	w = foldWord(w)
	for at := 0; at+4 <= n; at += g.stride {
		if g.stands(s, i+at, uint32(w>>(8*at))) {
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
		if (a|b)&beyondASCII16 != 0 {
			return true
		}
		if w := narrow(a) | narrow(b)<<32; g.mayBegin(w) && g.begins16(foldWord(w)) {
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
	w := foldWord(binary.LittleEndian.Uint64(rest[:]))
	for at := 0; at+4 <= n; at += g.stride {
		if from, to := g.run(uint32(w >> (8 * at))); from < to {
			return true
		}
	}
	return false
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

// step is how far the places in eight bytes reach that are looked at together.
func (g *grams) step() int {
	if g.stride == 2 {
		return 6
	}
	return 8
}

// mayBegin looks up the grams in eight bytes, at places 0, 2 and 4, 0 and 4, or 0; it is false only where none is one
// that is looked for, in any case.
func (g *grams) mayBegin(w uint64) bool {
	bitmap, shift := g.bitmap, g.shift
	a := (uint32(w) | anyCase) * gramHash >> shift
	hit := bitmap[a/64] >> (a % 64)
	if g.stride < 8 {
		c := (uint32(w>>32) | anyCase) * gramHash >> shift
		hit |= bitmap[c/64] >> (c % 64)
	}
	if g.stride == 2 {
		b := (uint32(w>>16) | anyCase) * gramHash >> shift
		hit |= bitmap[b/64] >> (b % 64)
	}
	return hit&1 != 0
}

// begins tells whether a literal may stand in s that has a gram in w, which is the eight bytes at i, or whether w holds a
// character that may fold to one of ASCII.
func (g *grams) begins(s string, i int, w uint64) bool {
	if w&highBits != 0 && mayFoldToASCII(w) {
		return true
	}
	w = foldWord(w)
	for at := 0; at <= 4; at += g.stride {
		if g.stands(s, i+at, uint32(w>>(8*at))) {
			return true
		}
	}
	return false
}

// begins16 tells whether one of the grams in eight bytes is one that is looked for.
func (g *grams) begins16(w uint64) bool {
	for at := 0; at <= 4; at += g.stride {
		if from, to := g.run(uint32(w >> (8 * at))); from < to {
			return true
		}
	}
	return false
}

// stands tells whether around the gram at s[i] there stands what no escape can hide of one of its literals, in any case.
func (g *grams) stands(s string, i int, gram uint32) bool {
	from, to := g.run(gram)
	for _, l := range g.lits[from:to] {
		at := i - int(l.before)
		if at >= 0 && at+len(l.bare) <= len(s) && equalFolded(s[at:at+len(l.bare)], l.bare) {
			return true
		}
	}
	return false
}

// run returns where in lits the literals of a gram are; none where it is not looked for.
func (g *grams) run(gram uint32) (from, to int32) {
	h := (gram | anyCase) * gramHash >> g.shift
	if g.bitmap[h/64]>>(h%64)&1 == 0 {
		return 0, 0
	}
	for slot := headSlot(gram) & g.mask; g.heads[slot].last != 0; slot = (slot + 1) & g.mask {
		if g.heads[slot].gram == gram {
			return g.heads[slot].first, g.heads[slot].last
		}
	}
	return 0, 0
}

// equalFolded tells whether s, its letters of ASCII in lower case, is folded, which is as long.
func equalFolded(s, folded string) bool {
	for i := range len(s) {
		c := s[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != folded[i] {
			return false
		}
	}
	return true
}

// bare returns the longest part of a literal around the gram at offset that JSON writes as it is, and how far before the
// gram it begins.
func bare(text string, offset int32) (part string, before int32) {
	from, to := int(offset), int(offset)+4
	if !unescaped(text[from:to]) {
		return text[from:to], 0
	}
	for from > 0 && unescaped(text[from-1:from]) {
		from--
	}
	for to < len(text) && unescaped(text[to:to+1]) {
		to++
	}
	return text[from:to], offset - int32(from)
}
