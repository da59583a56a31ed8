package sense

import (
	"math"
	"math/bits"
)

// census counts different things in 256 bytes: each sets one of 2,048 bits by its hash, and how many there were is told
// from how many are set (linear counting; Whang, Vander-Zanden, Taylor 1990). Up to 8,000 it is off by a few per cent.
type census [32]uint64

// add notes a thing by its hash and reports whether it may be the first of its kind.
func (d *census) add(hash uint64) bool {
	word, bit := &d[hash>>6%32], uint64(1)<<(hash&63)
	was := *word&bit != 0
	*word |= bit
	return !was
}

// count says how many different things there were.
func (d *census) count() int {
	set := 0
	for _, w := range d {
		set += bits.OnesCount64(w)
	}
	const size = 64 * 32
	if set == size {
		set--
	}
	return int(math.Round(-size * math.Log(1-float64(set)/size)))
}

// hashText is FNV-1a with the bits mixed at the end, the same everywhere and always (unlike maphash).
func hashText(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}
