package sigma

import (
	"slices"
	"strings"
)

// shortLiterals finds literals of less than minGrams bytes anywhere in a text. Those of three and four bytes are found by
// their first three, of which a bitmap says whether they are worth looking up; the rest by their first byte.
type shortLiterals struct {
	list   []literal // by their texts
	bitmap [1 << shortBits / 64]uint64
	heads  []shortHead // of three bytes; open addressing
	mask   uint32
	first  [256]uint8 // not 0: a literal of one or two bytes begins so
	tiny   [257]int32 // by first byte: where its run in tinies begins
	tinies []literal  // of one or two bytes, by their texts
}

const shortBits = 14

type shortHead struct {
	key      uint32 // three bytes, and 1<<24; 0 is free
	from, to int32  // run in list
}

func shortKey(s string) uint32 { return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 }

func shortHash(key uint32) uint32 { return key * gramHash >> (32 - shortBits) }

// buildShort returns nil where there are no literals.
func buildShort(all []literal) *shortLiterals {
	if len(all) == 0 {
		return nil
	}
	s := &shortLiterals{}
	slices.SortStableFunc(all, func(a, b literal) int { return strings.Compare(a.text, b.text) })
	for _, l := range all {
		if len(l.text) < 3 {
			s.tinies = append(s.tinies, l)
			s.first[l.text[0]] = 1
			s.tiny[int(l.text[0])+1]++
			continue
		}
		s.list = append(s.list, l)
	}
	for i := range 256 {
		s.tiny[i+1] += s.tiny[i]
	}
	size := uint32(4)
	for size < 2*uint32(len(s.list)) {
		size *= 2
	}
	s.heads, s.mask = make([]shortHead, size), size-1
	for i := 0; i < len(s.list); {
		key, j := shortKey(s.list[i].text), i
		for j < len(s.list) && shortKey(s.list[j].text) == key {
			j++
		}
		h := shortHash(key)
		s.bitmap[h/64] |= 1 << (h % 64)
		at := h & s.mask
		for s.heads[at].key != 0 {
			at = (at + 1) & s.mask
		}
		s.heads[at] = shortHead{key | 1<<24, int32(i), int32(j)}
		i = j
	}
	return s
}

// find appends the ids of the literals that stand in text.
func (s *shortLiterals) find(text []byte, ids []int32) []int32 {
	i := 0
	for ; i+3 <= len(text); i++ {
		t := text[i : i+3]
		key := uint32(t[0]) | uint32(t[1])<<8 | uint32(t[2])<<16
		h := shortHash(key)
		if s.bitmap[h/64]>>(h%64)&1 != 0 {
			ids = s.look(text[i:], key, ids)
		}
		if s.first[t[0]] != 0 {
			ids = s.lookTiny(text[i:], ids)
		}
	}
	for ; i < len(text); i++ {
		ids = s.lookTiny(text[i:], ids)
	}
	return ids
}

// look appends the literals of three and four bytes that text begins with.
func (s *shortLiterals) look(text []byte, key uint32, ids []int32) []int32 {
	for at := shortHash(key) & s.mask; s.heads[at].key != 0; at = (at + 1) & s.mask {
		if s.heads[at].key != key|1<<24 {
			continue
		}
		for _, l := range s.list[s.heads[at].from:s.heads[at].to] {
			if len(l.text) == 3 || len(text) > 3 && text[3] == l.text[3] {
				ids = append(ids, l.id)
			}
		}
		break
	}
	return ids
}

// lookTiny appends the literals of one and two bytes that text begins with.
func (s *shortLiterals) lookTiny(text []byte, ids []int32) []int32 {
	c := text[0]
	for _, l := range s.tinies[s.tiny[c]:s.tiny[int(c)+1]] {
		if len(l.text) == 1 || len(text) > 1 && text[1] == l.text[1] {
			ids = append(ids, l.id)
		}
	}
	return ids
}
