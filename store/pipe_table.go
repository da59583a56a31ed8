package store

import (
	"hash/maphash"
	"unsafe"
)

// keyTable numbers different keys from 0 on, in the order in which they come. It belongs to one worker.
type keyTable struct {
	seed  maphash.Seed
	slots []slot // a power of two of them; open addressing
	keys  []string
	arena []byte
	bytes int // of all keys
}

// slot holds the upper half of a key's hash and its number plus one; 0 is free.
type slot struct{ hash, id uint32 }

func newKeyTable() *keyTable {
	return &keyTable{seed: maphash.MakeSeed(), slots: make([]slot, 1<<8)}
}

// find returns the number of a key. If it is new, it is added, unless there are limits on keys or on their bytes already:
// then the number is -1.
func (t *keyTable) find(key string) int32 {
	h := maphash.String(t.seed, key)
	mask := uint64(len(t.slots) - 1)
	i := h & mask
	for t.slots[i].id != 0 {
		if s := t.slots[i]; s.hash == uint32(h>>32) && t.keys[s.id-1] == key {
			return int32(s.id - 1)
		}
		i = (i + 1) & mask
	}
	if len(t.keys) >= maxGroups || t.bytes > maxKeyBytes {
		return -1
	}
	t.keys = append(t.keys, t.copy(key))
	t.slots[i] = slot{uint32(h >> 32), uint32(len(t.keys))}
	if 2*len(t.keys) > len(t.slots) {
		t.grow()
	}
	return int32(len(t.keys) - 1)
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
	for id, key := range t.keys {
		h := maphash.String(t.seed, key)
		i := h & mask
		for t.slots[i].id != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = slot{uint32(h >> 32), uint32(id + 1)}
	}
}
