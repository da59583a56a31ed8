package intel

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
)

// Set is all indicators that are in force: immutable, safe for concurrent use.
//
// Each value is a slot of one hash table, found by its kind and its bytes. Short values stand in the text; of long ones
// there is a digest of 96 bits under secret seeds, which is told from others as surely as the text would be. What is known
// of a value beside it (source, time, confidence, words) is stored once for all values that share it.
type Set struct {
	seeds   [kinds]maphash.Seed
	second  maphash.Seed
	tags    []uint8 // by slot: 0 is empty, else a part of the hash
	slots   []slot
	keys    []byte
	metas   []meta
	notes   []byte
	sources []string
	v4      []net4
	v6      []net6

	counts   [kinds]int
	used     int
	patterns []*PatternIndicator
}

// slot is one value of one source.
type slot struct {
	key  uint32 // into keys: the kind, then a length and the bytes, or with digestFlag the digest
	meta uint32
}

const (
	digestFlag = 0x80
	digestSize = 12
	longKey    = 16 // bytes; longer keys become digests
)

// meta is what is known of a value.
type meta struct {
	from, until uint32 // seconds since 1970; 0 is no bound
	note        uint32 // into notes; 0 is none
	source      uint16
	confidence  uint8
}

func (m *meta) valid(at int64) bool {
	if at == 0 {
		return true
	}
	s := at / 1e9
	return s >= int64(m.from) && (m.until == 0 || s < int64(m.until))
}

// net4 and net6 are networks, sorted by their first address, the wider first; the parent is the next wider one that holds it.
type net4 struct {
	first, last uint32
	meta        uint32
	parent      int32
}

type net6 struct {
	first  [2]uint64
	meta   uint32
	parent int32
	bits   uint8
}

// PatternIndicator is an indicator that is a pattern.
type PatternIndicator struct {
	Indicator
	Pattern *StixPattern
	types   []string // of objects that the pattern speaks of
}

// Len returns how many indicators there are, patterns included.
func (s *Set) Len() int {
	n := 0
	for _, c := range s.Counts() {
		n += c
	}
	return n
}

// Counts returns how many values there are of each kind, each counted once for each source.
func (s *Set) Counts() map[string]int {
	m := make(map[string]int)
	for k, n := range s.counts {
		if n > 0 {
			m[Kind(k).String()] = n
		}
	}
	return m
}

// Patterns returns the patterns. The caller must not change them.
func (s *Set) Patterns() []*PatternIndicator { return s.patterns }

// Bytes returns the memory that the set takes, without patterns.
func (s *Set) Bytes() int64 {
	return int64(cap(s.tags)) + int64(cap(s.slots))*8 + int64(cap(s.keys)) + int64(cap(s.metas))*16 + int64(cap(s.notes)) + int64(cap(s.v4))*16 + int64(cap(s.v6))*32
}

// place is where a hash begins to look, and its tag.
func (s *Set) place(h uint64) (uint64, uint8) {
	tag := uint8(h)
	if tag == 0 {
		tag = 1
	}
	return (h >> 32) * uint64(len(s.slots)) >> 32, tag
}

// same tells whether the key at an offset is this one; digest is worked out when it is first needed.
func (s *Set) same(at uint32, k Kind, h uint64, key []byte, digest *[digestSize]byte, known *bool) bool {
	stored := s.keys[at:]
	if len(key) <= longKey {
		return stored[0] == byte(k) && int(stored[1]) == len(key) && string(stored[2:2+len(key)]) == string(key)
	}
	if stored[0] != byte(k)|digestFlag {
		return false
	}
	if !*known {
		*known = true
		s.digest(h, key, digest)
	}
	return string(stored[1:1+digestSize]) == string(digest[:])
}

func (s *Set) digest(h uint64, key []byte, d *[digestSize]byte) {
	binary.LittleEndian.PutUint64(d[:], h)
	binary.LittleEndian.PutUint32(d[8:], uint32(maphash.Bytes(s.second, key)))
}

// hashOf returns the hash of a stored key. Only short keys are hashed again.
func (s *Set) hashOf(at uint32) uint64 {
	stored := s.keys[at:]
	if stored[0]&digestFlag != 0 {
		return binary.LittleEndian.Uint64(stored[1:])
	}
	return maphash.Bytes(s.seeds[stored[0]], stored[2:2+int(stored[1])])
}

// find returns the meta of the most confident indicator with this key that is valid at a time.
func (s *Set) find(k Kind, key []byte, at int64) (uint32, bool) {
	if s.counts[k] == 0 {
		return 0, false
	}
	h := maphash.Bytes(s.seeds[k], key)
	i, tag := s.place(h)
	var digest [digestSize]byte
	known, found := false, false
	var best uint32
	for s.tags[i] != 0 {
		if s.tags[i] == tag && s.same(s.slots[i].key, k, h, key, &digest, &known) {
			if m := &s.metas[s.slots[i].meta]; m.valid(at) && (!found || m.confidence > s.metas[best].confidence) {
				best, found = s.slots[i].meta, true
			}
		}
		if i++; i == uint64(len(s.slots)) {
			i = 0
		}
	}
	return best, found
}

// inNetwork returns the narrowest network that holds an address; of networks that are equal, the most confident.
func (s *Set) inNetwork(a netip.Addr, at int64) (p netip.Prefix, best uint32, ok bool) {
	if a.Is4() {
		return s.inNetwork4(a, at)
	}
	b := a.As16()
	want := [2]uint64{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])}
	bits := -1
	for i := int32(s.above6(want)) - 1; i >= 0; i = s.v6[i].parent {
		n := &s.v6[i]
		if ok && int(n.bits) != bits {
			break
		}
		if !holds6(n, want) || !s.metas[n.meta].valid(at) || ok && s.metas[n.meta].confidence <= s.metas[best].confidence {
			continue
		}
		best, ok, bits = n.meta, true, int(n.bits)
	}
	if ok {
		p = netip.PrefixFrom(a, bits).Masked()
	}
	return p, best, ok
}

func (s *Set) inNetwork4(a netip.Addr, at int64) (p netip.Prefix, best uint32, ok bool) {
	b := a.As4()
	want := binary.BigEndian.Uint32(b[:])
	var size uint32
	for i := int32(s.above4(want)) - 1; i >= 0; i = s.v4[i].parent {
		n := &s.v4[i]
		if ok && n.last-n.first != size {
			break
		}
		if n.last < want || !s.metas[n.meta].valid(at) || ok && s.metas[n.meta].confidence <= s.metas[best].confidence {
			continue
		}
		best, ok, size = n.meta, true, n.last-n.first
	}
	if ok {
		bits := 32
		for ; size != 0; size >>= 1 {
			bits--
		}
		p = netip.PrefixFrom(a, bits).Masked()
	}
	return p, best, ok
}

// above4 and above6 return the place of the first network that begins after an address.
func (s *Set) above4(a uint32) int {
	lo, hi := 0, len(s.v4)
	for lo < hi {
		if mid := (lo + hi) / 2; a < s.v4[mid].first {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

func (s *Set) above6(a [2]uint64) int {
	lo, hi := 0, len(s.v6)
	for lo < hi {
		if mid := (lo + hi) / 2; less6(a, s.v6[mid].first) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

func less6(a, b [2]uint64) bool { return a[0] < b[0] || a[0] == b[0] && a[1] < b[1] }

func holds6(n *net6, a [2]uint64) bool {
	if n.bits <= 64 {
		return n.bits == 0 || (n.first[0]^a[0])>>(64-n.bits) == 0
	}
	return n.first[0] == a[0] && (n.first[1]^a[1])>>(128-n.bits) == 0
}

// indicator tells all that is known by a meta.
func (s *Set) indicator(k Kind, value string, m uint32) Indicator {
	x := &s.metas[m]
	out := Indicator{
		Value: value, Kind: k, Source: s.sources[x.source], Confidence: int(x.confidence), From: int64(x.from), Until: int64(x.until),
	}
	out.Description, out.Reference, out.Tags = readNote(s.notes[x.note:])
	return out
}
