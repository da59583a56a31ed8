package store

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
	"sync"
	"unsafe"
)

// The engine has an index of the words of each block and column, and the index knows case. Who searches does not. So the
// store remembers in which spellings words come, and asks the index for those.
//
// Three spellings of a word are always asked for: small letters, capitals, and a capital followed by small letters. Any
// other is noted when a row is added, before the engine has the row. So that random text (keys, tokens, what is encoded)
// does not fill the memory, only words are noted that a person may look for (see wordlike), so many of them, and so many
// spellings of each. Of all others it is only marked, in a filter of a fixed size, that there is one: such a word is looked
// for by reading, as is one that is not noted at all. When the filter is full as well, all is forgotten, and what is
// noted from then on holds for later rows only.
const (
	minWord      = 2
	maxWord      = 32      // bytes of a word that is noted
	maxSwitches  = 2       // changes between letters and digits in such a word
	maxListed    = 1 << 16 // spellings
	maxSpellings = 16      // of one word
	maxMarks     = 1 << 20
	markBits     = 1 << 23 // of the filter: with all marks in it, two of a hundred words are taken for marked that are not
	markProbes   = 4
	seenValues   = 1 << 13
)

// spellings is what a store knows of the spellings of its words. note and what writes the file belong to who holds
// Embedded.adding; forms and doubt may be called by anybody.
type spellings struct {
	mu       sync.RWMutex // held for writing by who changes what forms and doubt read
	from, to uint64       // of frames from one to below the other, all spellings are noted
	unnoted  map[uint64]bool
	heads    map[uint64]int32 // by hash of the word in small letters: the entry noted last, plus one
	entries  []spelling
	arena    []byte
	filter   []uint64
	marks    int
	odd      oddLetters // that there are

	seen   []uint64 // hashes of values that were looked through
	seed   maphash.Seed
	folded [maxWord]byte
	file   spellingFile

	inOrder bool // the store was closed by the process that had it before
}

// oddLetters are letters beyond ASCII that a regular expression, or the engine, takes for letters of ASCII.
type oddLetters uint8

const (
	longS   oddLetters = 1 << iota // U+017F, to an expression an s
	kelvin                         // U+212A, to an expression and to the engine a k
	dottedI                        // U+0130, to the engine an i

	allOdd = longS | kelvin | dottedI
)

// oddOf returns the odd letters of a text.
func oddOf(v string) (o oddLetters) {
	if strings.Contains(v, "\u017f") {
		o = longS
	}
	if strings.Contains(v, "\u212a") {
		o |= kelvin
	}
	if strings.Contains(v, "\u0130") {
		o |= dottedI
	}
	return o
}

// spelling is one spelling of a word.
type spelling struct {
	at   uint32 // in the arena
	size uint8
	next int32 // the entry noted before it for the same hash, plus one
}

func newSpellings() *spellings {
	return &spellings{heads: make(map[uint64]int32), seen: make([]uint64, seenValues), seed: maphash.MakeSeed()}
}

// byteKind is what a byte is in a word.
type byteKind uint8

const (
	apart byteKind = iota // no part of a word; bytes of characters beyond ASCII are taken for that too
	small
	capital
	digit
	underscore
)

var byteKinds = func() (t [256]byteKind) {
	for c := range t {
		switch {
		case 'a' <= c && c <= 'z':
			t[c] = small
		case 'A' <= c && c <= 'Z':
			t[c] = capital
		case '0' <= c && c <= '9':
			t[c] = digit
		case c == '_':
			t[c] = underscore
		}
	}
	return t
}()

// capitals tells whether text has capital letters of ASCII, and whether it has anything beyond ASCII.
func capitals(v string) (has, beyond bool) {
	const high = 0x8080808080808080
	var upper, top uint64
	p := unsafe.Slice(unsafe.StringData(v), len(v))
	for ; len(p) >= 8; p = p[8:] {
		x := binary.LittleEndian.Uint64(p)
		y := x &^ high
		upper |= (y + 0x3f3f3f3f3f3f3f3f) &^ (y + 0x2525252525252525) &^ x
		top |= x
	}
	has, beyond = upper&high != 0, top&high != 0
	for _, c := range p {
		has = has || 'A' <= c && c <= 'Z'
		beyond = beyond || c >= 0x80
	}
	return has, beyond
}

// note takes note of the words of a value.
func (s *spellings) note(v string) {
	if len(v) < minWord {
		return
	}
	has, beyond := capitals(v)
	if beyond && s.odd != allOdd {
		if o := oddOf(v); o&^s.odd != 0 {
			s.mu.Lock()
			s.odd |= o
			s.mu.Unlock()
		}
	}
	if !has {
		return
	}
	h := maphash.String(s.seed, v)
	known := &s.seen[h%seenValues]
	if *known == h {
		return
	}
	*known = h
	for i := 0; i < len(v); i++ {
		if byteKinds[v[i]] == apart {
			continue
		}
		start, upper, lower := i, 0, 0
		for i < len(v) {
			k := byteKinds[v[i]]
			if k == apart {
				break
			}
			if k == capital {
				upper++
			} else if k == small {
				lower++
			}
			i++
		}
		if upper > 0 && lower > 0 && (upper > 1 || byteKinds[v[start]] != capital) && wordlike(v[start:i]) {
			s.word(v[start:i])
		}
	}
}

// wordlike tells whether a word, in any case, is of a kind that is noted.
func wordlike(w string) bool {
	if len(w) < minWord || len(w) > maxWord {
		return false
	}
	if k := byteKinds[w[0]]; k != small && k != capital {
		return false
	}
	switches, digits := 0, false
	for i := range len(w) {
		switch byteKinds[w[i]] {
		case apart:
			return false
		case digit:
			if !digits {
				switches, digits = switches+1, true
			}
		case small, capital:
			if digits {
				switches, digits = switches+1, false
			}
		}
	}
	return switches <= maxSwitches
}

// turns counts the changes between small letters and capitals in a word.
func turns(w string) (n int) {
	for i := 1; i < len(w); i++ {
		if a, b := byteKinds[w[i-1]], byteKinds[w[i]]; a != b && (a == small || a == capital) && (b == small || b == capital) {
			n++
		}
	}
	return n
}

// word takes note of a spelling that is not one of the three.
func (s *spellings) word(w string) {
	lower := s.folded[:len(w)]
	for i := range len(w) {
		c := w[i]
		if byteKinds[c] == capital {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	h := wordHash(lower)
	if s.marked(h) {
		return
	}
	n := 0
	for at := s.heads[h]; at > 0; at = s.entries[at-1].next {
		if s.text(at) == w {
			return
		}
		n++
	}
	room := maxListed
	if n == 0 {
		switch t := turns(w); {
		case len(w) >= 8 && 2*t > len(w)-1: // nobody writes so
			room = 0
		case 3*t > len(w)-1:
			room /= 2
		}
	}
	if n >= maxSpellings || len(s.entries) >= room {
		s.mark(h)
		s.file.mark(h)
		return
	}
	s.list(h, w)
	s.file.list(w)
}

func (s *spellings) text(at int32) string {
	e := &s.entries[at-1]
	return unsafe.String(&s.arena[e.at], int(e.size))
}

func (s *spellings) list(h uint64, w string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = append(s.entries, spelling{at: uint32(len(s.arena)), size: uint8(len(w)), next: s.heads[h]})
	s.arena = append(s.arena, w...)
	s.heads[h] = int32(len(s.entries))
}

// marked tells whether a word may have spellings that are not listed.
func (s *spellings) marked(h uint64) bool {
	if s.filter == nil {
		return false
	}
	for i := range uint64(markProbes) {
		b := (h + i*(h>>32|1)) % markBits
		if s.filter[b/64]&(1<<(b%64)) == 0 {
			return false
		}
	}
	return true
}

func (s *spellings) mark(h uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.filter == nil {
		s.filter = make([]uint64, markBits/64)
	}
	for i := range uint64(markProbes) {
		b := (h + i*(h>>32|1)) % markBits
		s.filter[b/64] |= 1 << (b % 64)
	}
	s.marks++
}

// wordHash is the hash of a word in small letters, the same in every process (FNV-1a, 64 bits, with its bits mixed).
func wordHash(w []byte) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, c := range w {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	h = (h ^ h>>32) * 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// forms returns the spellings in which a word stands in rows that are not in doubt, and perhaps others; nil: not known.
// In a regular expression more letters than those of ASCII may stand for a letter.
func (s *spellings) forms(word string, expression bool) []string {
	if !wordlike(word) {
		return nil
	}
	lower := strings.ToLower(word)
	h := wordHash([]byte(lower))
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.marked(h) {
		return nil
	}
	if expression && (s.odd&longS != 0 && strings.Contains(lower, "s") || s.odd&kelvin != 0 && strings.Contains(lower, "k")) {
		return nil
	}
	upper := strings.ToUpper(word)
	list := []string{lower, upper}
	if title := upper[:1] + lower[1:]; title != upper {
		list = append(list, title)
	}
	for at := s.heads[h]; at > 0; at = s.entries[at-1].next {
		if w := s.text(at); strings.EqualFold(w, lower) {
			list = append(list, strings.Clone(w))
		}
	}
	return list
}

// plain tells that no row that is not in doubt has a letter beyond ASCII that the engine takes for one of ASCII.
func (s *spellings) plain() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.odd&(kelvin|dottedI) == 0
}

// doubt is the engine's condition for rows of whose words not all spellings are noted; "" if there are none. It is asked
// for after forms, which may have forgotten.
func (s *spellings) doubt() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch before, after := s.from > 0, len(s.unnoted) > 0; {
	case s.from > MaxSeq:
		return "*"
	case before && after:
		return "(" + idBelow(s.from) + " or " + idFrom(s.to) + ")"
	case before:
		return idBelow(s.from)
	case after:
		return idFrom(s.to)
	}
	return ""
}

// begin is called before the rows of a frame are noted.
func (s *spellings) begin(seq uint64) {
	if s.from > MaxSeq {
		return
	}
	full := s.marks >= maxMarks
	gap := false
	if seq > s.to {
		for n := range s.unnoted {
			gap = gap || n < seq // it is not in the caller's log any more
		}
	}
	if !full && !gap {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.to = seq, seq
	for n := range s.unnoted {
		if n < seq {
			delete(s.unnoted, n)
		}
	}
	if full {
		clear(s.heads)
		clear(s.filter)
		clear(s.seen)
		s.entries, s.arena, s.marks, s.odd = s.entries[:0], nil, 0, 0
		s.file.forget()
	}
}

// end is called when all rows of a frame are noted.
func (s *spellings) end(seq uint64) {
	if seq < s.to || s.from > MaxSeq {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = seq + 1
	delete(s.unnoted, seq)
}
