package sigma

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// anchor says where in a text a literal must stand.
type anchor uint8

const (
	anywhere anchor = iota
	atStart
	atEnd
	whole
)

// literals finds which of many literals stand in a text, in one pass over it: those that may stand anywhere by 4-byte
// grams of theirs (a bitmap that fits in the first-level cache says whether a gram is worth looking up), those
// at an end by a trie walked from that end. Texts and literals are folded; numbers given to add come back from find.
// It is immutable once built.
type literals struct {
	grams    grams
	start    trie
	end      trie           // of reversed literals; those that must be the whole text too
	short    *shortLiterals // nil for none
	sometime []int32        // of empty literals: found in every text
	raw      rawScan
}

// literal is what a literals is built of.
type literal struct {
	text   string // folded
	anchor anchor
	id     int32
}

func buildLiterals(all []literal) *literals {
	l := &literals{}
	var long, short []literal
	use := gramUse(all)
	for _, p := range all {
		switch {
		case p.anchor == atStart:
			l.start.add(p.text, p.id, false)
		case p.anchor == atEnd, p.anchor == whole:
			l.end.add(reversed(p.text), p.id, p.anchor == whole)
		case p.text == "":
			l.sometime = append(l.sometime, p.id)
		case len(p.text) < minGrams:
			short = append(short, p)
		default:
			long = append(long, p)
		}
	}
	l.short = buildShort(short)
	l.start.freeze()
	l.end.freeze()
	l.grams = buildGrams(long, use)
	l.raw = newRawScan(l)
	return l
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// gramUse counts in how many literals each 4-gram stands: what many rules look for is frequent in events too.
func gramUse(all []literal) map[uint32]int {
	use := make(map[uint32]int)
	for _, p := range all {
		for i := 0; i+4 <= len(p.text); i++ {
			use[gramAt([]byte(p.text), i)]++
		}
	}
	return use
}

func gramAt(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }

// find appends the ids of the literals that stand in text, in no order and perhaps more than once.
func (l *literals) find(text []byte, ids []int32) []int32 {
	ids = append(ids, l.sometime...)
	if len(l.start.nodes) > 1 {
		ids = l.start.walk(text, ids)
	}
	if len(l.end.nodes) > 1 {
		ids = l.end.walkBack(text, ids)
	}
	if l.short != nil {
		ids = l.short.find(text, ids)
	}
	if l.grams.heads != nil {
		ids = l.grams.find(text, ids)
	}
	return ids
}

// grams is a hash table from a few neighbouring 4-grams of every literal to the literals that are to be checked where one
// of them stands. Of as many neighbours as the stride is long, one begins at a place of the text that is a multiple of
// it, so only these places are looked at.
type grams struct {
	stride int      // 2, 4 or 8
	bitmap []uint64 // by hash of gram, in bits: of gram|anyCase, so that it need not be folded
	shift  uint     // hash → place in bitmap, in bits
	heads  []gramHead
	mask   uint32
	lits   []gramLiteral
}

// minGrams is the length of the shortest literal that has two grams, in bytes.
const minGrams = 5

// maxGrams bounds the grams for which a longer stride is chosen: the bitmap must stay sparse and in the cache.
const maxGrams = 2048

// strideFor returns the longest stride that all literals have grams for.
func strideFor(all []literal) int {
	shortest := len(all[0].text)
	for _, p := range all {
		shortest = min(shortest, len(p.text))
	}
	for _, stride := range []int{8, 4} {
		if shortest >= stride+3 && len(all)*stride <= maxGrams {
			return stride
		}
	}
	return 2
}

// escapeCost keeps grams away from characters that JSON escapes, where there are others: see rawScan.
const escapeCost = 1000

type gramHead struct {
	gram        uint32
	first, last int32 // run in lits; last 0: free
}

type gramLiteral struct {
	text   string
	bare   string // of text: see the function of that name
	offset int32  // of the gram in text
	before int32  // bytes of bare before the gram
	id     int32
}

const gramHash = 0x9E3779B1 // 2^32 over the golden ratio: spreads neighbouring grams

// anyCase makes letters of ASCII the same in either case, and some other characters the same as others.
const anyCase = 0x20202020

func buildGrams(all []literal, use map[uint32]int) grams {
	if len(all) == 0 {
		return grams{}
	}
	type chosen struct {
		gram uint32
		gramLiteral
	}
	stride := strideFor(all)
	list := make([]chosen, 0, stride*len(all))
	for _, p := range all {
		text := []byte(p.text)
		best, at := int(^uint(0)>>1), 0
		for j := 0; j+stride+3 <= len(text); j++ {
			n := 0
			for k := range stride {
				n += gramCost(text[j+k:], use)
			}
			if !unescaped(p.text[j : j+stride+3]) {
				n += escapeCost
			}
			if n < best {
				best, at = n, j
			}
		}
		for j := at; j < at+stride; j++ {
			part, before := bare(p.text, int32(j))
			list = append(list, chosen{gramAt(text, j), gramLiteral{p.text, part, int32(j), before, p.id}})
		}
	}
	slices.SortFunc(list, func(a, b chosen) int {
		return cmp.Or(cmp.Compare(a.gram, b.gram), cmp.Compare(a.text, b.text), cmp.Compare(a.id, b.id))
	})
	bits := uint(12)
	for 1<<bits < len(list)*24 && bits < 17 {
		bits++
	}
	g := grams{stride: stride, bitmap: make([]uint64, 1<<bits/64), shift: 32 - bits}
	size := uint32(4)
	for size < uint32(len(list))*2 {
		size *= 2
	}
	g.heads, g.mask = make([]gramHead, size), size-1
	for i := 0; i < len(list); {
		j := i
		for ; j < len(list) && list[j].gram == list[i].gram; j++ {
			g.lits = append(g.lits, list[j].gramLiteral)
		}
		h := (list[i].gram | anyCase) * gramHash
		g.bitmap[h>>g.shift/64] |= 1 << (h >> g.shift % 64)
		slot := headSlot(list[i].gram) & g.mask
		for g.heads[slot].last != 0 {
			slot = (slot + 1) & g.mask
		}
		g.heads[slot] = gramHead{list[i].gram, int32(i), int32(j)}
		i = j
	}
	return g
}

// gramCost guesses how often a gram stands in texts: by its use in other literals, and by how plain its bytes are.
func gramCost(b []byte, use map[uint32]int) int {
	cost := 4 * use[gramAt(b, 0)]
	for _, c := range b[:4] {
		switch {
		case c == ' ' || c == '\\' || c == '.' || c == 'e' || c == '/' || c == '0':
			cost += 3
		case c >= 'a' && c <= 'z' || c == '-':
			cost += 2
		default:
			cost++
		}
	}
	return cost
}

func (g *grams) find(text []byte, ids []int32) []int32 {
	i := 0
	if g.stride == 2 {
		i, ids = g.findByTwo(text, ids)
	}
	for ; i+4 <= len(text); i += g.stride {
		ids = g.check(text, i, binary.LittleEndian.Uint32(text[i:i+4]), ids)
	}
	return ids
}

// findByTwo is the stride of most: three grams of each eight bytes. It returns how far it came.
func (g *grams) findByTwo(text []byte, ids []int32) (int, []int32) {
	bitmap, shift := g.bitmap, g.shift
	i := 0
	for ; i+8 <= len(text); i += 6 {
		w := binary.LittleEndian.Uint64(text[i : i+8])
		a, b, c := uint32(w), uint32(w>>16), uint32(w>>32)
		at, bt, ct := (a|anyCase)*gramHash>>shift, (b|anyCase)*gramHash>>shift, (c|anyCase)*gramHash>>shift
		hit := bitmap[at/64]>>(at%64)&1 | bitmap[bt/64]>>(bt%64)&1 | bitmap[ct/64]>>(ct%64)&1
		if hit != 0 {
			ids = g.check(text, i, a, ids)
			ids = g.check(text, i+2, b, ids)
			ids = g.check(text, i+4, c, ids)
		}
	}
	return i, ids
}

// headSlot is where the search for a gram in the table of heads begins.
func headSlot(gram uint32) uint32 { return gram * gramHash >> 7 }

func (g *grams) check(text []byte, i int, gram uint32, ids []int32) []int32 {
	h := (gram | anyCase) * gramHash >> g.shift
	if g.bitmap[h/64]>>(h%64)&1 == 0 {
		return ids
	}
	slot := headSlot(gram) & g.mask
	for ; g.heads[slot].last != 0; slot = (slot + 1) & g.mask {
		if g.heads[slot].gram != gram {
			continue
		}
		for _, p := range g.lits[g.heads[slot].first:g.heads[slot].last] {
			from := i - int(p.offset)
			if from >= 0 && from+len(p.text) <= len(text) && string(text[from:from+len(p.text)]) == p.text {
				ids = append(ids, p.id)
			}
		}
		break
	}
	return ids
}

// trie finds the literals that a text begins with. Its edges are one open-addressed table.
type trie struct {
	nodes []trieNode
	edges map[uint32]int32 // while building: node<<8 | byte → node
	table []trieEdge
	mask  uint32
}

type trieNode struct {
	ids   []int32 // literals that end here
	whole []int32 // those that must end where the text does
}

type trieEdge struct{ key, node uint32 } // node 0: free

func (t *trie) add(s string, id int32, whole bool) {
	if t.nodes == nil {
		t.nodes, t.edges = make([]trieNode, 1), make(map[uint32]int32)
	}
	n := int32(0)
	for i := range len(s) {
		k := uint32(n)<<8 | uint32(s[i])
		next, ok := t.edges[k]
		if !ok {
			next = int32(len(t.nodes))
			t.nodes = append(t.nodes, trieNode{})
			t.edges[k] = next
		}
		n = next
	}
	if whole {
		t.nodes[n].whole = append(t.nodes[n].whole, id)
	} else {
		t.nodes[n].ids = append(t.nodes[n].ids, id)
	}
}

func (t *trie) freeze() {
	if t.nodes == nil {
		return
	}
	size := uint32(4)
	for size < uint32(len(t.edges))*2 {
		size *= 2
	}
	t.table, t.mask = make([]trieEdge, size), size-1
	keys := make([]uint32, 0, len(t.edges))
	for k := range t.edges {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		slot := trieSlot(k) & t.mask
		for t.table[slot].node != 0 {
			slot = (slot + 1) & t.mask
		}
		t.table[slot] = trieEdge{k, uint32(t.edges[k])}
	}
	t.edges = nil
	if len(t.nodes) == 1 { // only the empty literal
		t.nodes = append(t.nodes, trieNode{})
	}
}

func trieSlot(k uint32) uint32 { return k * gramHash >> 8 }

func (t *trie) next(n uint32, c byte) uint32 {
	k := n<<8 | uint32(c)
	for slot := trieSlot(k) & t.mask; ; slot = (slot + 1) & t.mask {
		e := t.table[slot]
		if e.node == 0 || e.key == k {
			return e.node
		}
	}
}

func (t *trie) walk(text []byte, ids []int32) []int32 {
	ids = append(ids, t.nodes[0].ids...)
	n := uint32(0)
	for _, c := range text {
		if n = t.next(n, c); n == 0 {
			return ids
		}
		ids = append(ids, t.nodes[n].ids...)
	}
	return append(ids, t.nodes[n].whole...)
}

func (t *trie) walkBack(text []byte, ids []int32) []int32 {
	ids = append(ids, t.nodes[0].ids...)
	n := uint32(0)
	for i := len(text) - 1; i >= 0; i-- {
		if n = t.next(n, text[i]); n == 0 {
			return ids
		}
		ids = append(ids, t.nodes[n].ids...)
	}
	return append(ids, t.nodes[n].whole...)
}
