package detect

import (
	"math"
	"slices"
	"sort"
)

// ordered is a multiset of numbers in ascending order, in blocks, so that adding, taking out and finding the n-th cost
// about the square root of its size.
type ordered struct {
	blocks [][]float64 // none is empty
	n      int
}

const orderedBlock = 512 // numbers in a full block

func (o *ordered) insert(v float64) {
	o.n++
	if len(o.blocks) == 0 {
		o.blocks = append(o.blocks, []float64{v})
		return
	}
	b := min(o.find(v), len(o.blocks)-1)
	at, _ := slices.BinarySearch(o.blocks[b], v)
	o.blocks[b] = slices.Insert(o.blocks[b], at, v)
	if full := o.blocks[b]; len(full) > orderedBlock {
		half := slices.Clone(full[orderedBlock/2:])
		o.blocks[b] = full[:orderedBlock/2]
		o.blocks = slices.Insert(o.blocks, b+1, half)
	}
}

// find returns the first block whose last number is not less than v.
func (o *ordered) find(v float64) int {
	return sort.Search(len(o.blocks), func(i int) bool { return o.blocks[i][len(o.blocks[i])-1] >= v })
}

// remove takes out one v, which must be there.
func (o *ordered) remove(v float64) {
	b := o.find(v)
	at, _ := slices.BinarySearch(o.blocks[b], v)
	o.n--
	if o.blocks[b] = slices.Delete(o.blocks[b], at, at+1); len(o.blocks[b]) == 0 {
		o.blocks = slices.Delete(o.blocks, b, b+1)
	}
}

// percentile returns the value below which percent of the values are, interpolated linearly; 0 if there are none.
func (o *ordered) percentile(percent float64) float64 {
	if o.n == 0 {
		return 0
	}
	place := min(max(percent, 0), 100) / 100 * float64(o.n-1)
	low := math.Floor(place)
	v := o.nth(int(low))
	if part := place - low; part > 0 {
		v += (o.nth(int(low)+1) - v) * part
	}
	return v
}

func (o *ordered) nth(i int) float64 {
	for _, b := range o.blocks {
		if i < len(b) {
			return b[i]
		}
		i -= len(b)
	}
	return 0
}
