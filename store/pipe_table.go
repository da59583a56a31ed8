package store

import (
	"hash/maphash"
	"math/bits"
	"unsafe"
)

// keyTable numbers different keys from 0 on, in the order in which they come. It belongs to one worker. What it costs is
// waiting for memory, so a short key stands in its slot.
type keyTable struct {
	seed  maphash.Seed
	salt  uint64
	slots []slot // a power of two of them; open addressing
	keys  []string
	arena []byte
	bytes int // of all keys
}

// slot holds a key's number plus one, 0 if it is free. A key of up to 16 bytes is in a and b, with its length; of a
// longer one a is the hash.
type slot struct {
	a, b   uint64
	id     uint32
	length uint32
}

const shortKey = 16

func newKeyTable() *keyTable {
	t := &keyTable{seed: maphash.MakeSeed(), slots: make([]slot, 1<<8)}
	t.salt = maphash.String(t.seed, "")
	return t
}

// hash returns the hash of a key, and what its slot holds of it.
func (t *keyTable) hash(key string) (uint64, slot) {
	n := len(key)
	s := slot{length: uint32(n)}
	switch {
	case n > shortKey:
		s.a = maphash.String(t.seed, key)
		return s.a, s
	case n >= 8:
		s.a, s.b = load8(key), load8(key[n-8:])
	default:
		for i := range n {
			s.a = s.a<<8 | uint64(key[i])
		}
	}
	return t.spread(s), s
}

// spread returns the hash of what a slot holds.
func (t *keyTable) spread(s slot) uint64 {
	if s.length > shortKey {
		return s.a
	}
	high, low := bits.Mul64(s.a^t.salt, s.b^uint64(s.length)^0x9E3779B97F4A7C15)
	h := high ^ low ^ s.a*0xFF51AFD7ED558CCD
	return h ^ h>>32
}

func load8(s string) uint64 {
	b := unsafe.Slice(unsafe.StringData(s), 8)
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// find returns the number of a key. If it is new, it is added, unless there are as many as may be: then the number
// is -1.
func (t *keyTable) find(key string) int32 {
	h, want := t.hash(key)
	mask := uint64(len(t.slots) - 1)
	i := h & mask
	for t.slots[i].id != 0 {
		s := &t.slots[i]
		if s.a == want.a && s.b == want.b && s.length == want.length && (len(key) <= shortKey || t.keys[s.id-1] == key) {
			return int32(s.id - 1)
		}
		i = (i + 1) & mask
	}
	if len(t.keys) >= maxGroups || t.bytes > maxKeyBytes {
		return -1
	}
	t.keys = append(t.keys, t.copy(key))
	want.id = uint32(len(t.keys))
	t.slots[i] = want
	if 2*len(t.keys) > len(t.slots) {
		t.grow()
	}
	return int32(want.id - 1)
}

func (t *keyTable) copy(key string) string {
	t.bytes += len(key)
	if key == "" {
		return ""
	}
	const chunk = 64 << 10
	if len(key) > cap(t.arena)-len(t.arena) {
		t.arena = make([]byte, 0, max(chunk, len(key)))
	}
	from := len(t.arena)
	t.arena = append(t.arena, key...)
	return unsafe.String(&t.arena[from], len(key))
}

func (t *keyTable) grow() {
	old := t.slots
	t.slots = make([]slot, 4*len(old))
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.id == 0 {
			continue
		}
		i := t.spread(s) & mask
		for t.slots[i].id != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}
