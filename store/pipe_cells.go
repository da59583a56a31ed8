package store

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/query"
)

// Bounds of what one group keeps.
const (
	maxDistinct = 50_000 // different values that are told apart exactly
	maxValues   = 100    // of the function values
)

// cell is what one function has of one group.
type cell struct {
	n       int64   // rows, or values
	whole   int64   // sum of the whole numbers
	part    float64 // sum of the others
	extreme string  // smallest or largest value
	seen    *distinct
	set     map[string]struct{}
}

// take counts a value, which is not empty.
func (c *cell) take(f *query.Func, v string) {
	switch f.Name {
	case "count":
		c.n++
	case "sum", "avg":
		c.sum(v)
	case "min":
		if c.n == 0 || orderOf(f.Field)(v, c.extreme) < 0 {
			c.extreme = strings.Clone(v)
		}
		c.n++
	case "max":
		if c.n == 0 || orderOf(f.Field)(v, c.extreme) > 0 {
			c.extreme = strings.Clone(v)
		}
		c.n++
	case "dc":
		if c.seen == nil {
			c.seen = &distinct{}
		}
		c.seen.add(hashOf(v))
	case "values":
		if c.set == nil {
			c.set = make(map[string]struct{})
		}
		if _, ok := c.set[v]; !ok {
			c.set[strings.Clone(v)] = struct{}{}
			c.trim()
		}
	}
}

// trim keeps the smallest values of the set.
func (c *cell) trim() {
	if len(c.set) <= 2*maxValues {
		return
	}
	list := c.sortedSet()
	for _, v := range list[maxValues:] {
		delete(c.set, v)
	}
}

func (c *cell) sortedSet() []string {
	list := make([]string, 0, len(c.set))
	for v := range c.set {
		list = append(list, v)
	}
	slices.SortFunc(list, compareValues)
	return list
}

func (c *cell) sum(v string) {
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		if total := c.whole + n; (total > c.whole) == (n > 0) {
			c.whole = total
		} else {
			c.part += float64(n)
		}
		c.n++
		return
	}
	if f, ok := query.Number(v); ok {
		c.part += f
		c.n++
	}
}

func (c *cell) merge(f *query.Func, o *cell) {
	switch f.Name {
	case "min", "max":
		if o.n > 0 {
			n := c.n
			c.take(f, o.extreme)
			c.n = n + o.n
		}
		return
	case "dc":
		switch {
		case o.seen == nil:
		case c.seen == nil:
			c.seen = o.seen
		default:
			c.seen.merge(o.seen)
		}
		return
	case "values":
		for v := range o.set {
			c.take(f, v)
		}
		return
	}
	c.n += o.n
	if total := c.whole + o.whole; (total > c.whole) == (o.whole > 0) {
		c.whole = total
	} else {
		c.part += float64(o.whole)
	}
	c.part += o.part
}

func (c *cell) estimated() bool { return c.seen != nil && c.seen.registers != nil }

// text is the result of a function.
func (c *cell) text(f *query.Func) string {
	switch f.Name {
	case "min", "max":
		return c.extreme
	case "dc":
		if c.seen == nil {
			return "0"
		}
		return strconv.FormatInt(c.seen.count(), 10)
	case "values":
		list := c.sortedSet()
		if len(list) > maxValues {
			return strings.Join(list[:maxValues], ", ") + ", …"
		}
		return strings.Join(list, ", ")
	case "sum":
		if c.part == 0 {
			return strconv.FormatInt(c.whole, 10)
		}
		return number(float64(c.whole) + c.part)
	case "avg":
		if c.n == 0 {
			return ""
		}
		return number((float64(c.whole) + c.part) / float64(c.n))
	}
	return strconv.FormatInt(c.n, 10)
}

// number writes a number with no more digits than can be trusted after sums in any order.
func number(f float64) string {
	if f == 0 || math.IsInf(f, 0) || math.IsNaN(f) {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	digits := 12 - int(math.Floor(math.Log10(math.Abs(f)))) - 1
	if digits < 0 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	s := strconv.FormatFloat(f, 'f', min(digits, 20), 64)
	if strings.IndexByte(s, '.') >= 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// distinct counts different hashes: exactly up to maxDistinct, then by an estimate of HyperLogLog (Flajolet et al. 2007)
// with 16,384 registers, whose standard error is 0.8 %.
type distinct struct {
	set       map[uint64]struct{}
	registers []uint8
}

const registerBits = 14

func (d *distinct) add(h uint64) {
	if d.registers != nil {
		d.register(h)
		return
	}
	if d.set == nil {
		d.set = make(map[uint64]struct{})
	}
	if d.set[h] = struct{}{}; len(d.set) > maxDistinct {
		d.registers = make([]uint8, 1<<registerBits)
		for x := range d.set {
			d.register(x)
		}
		d.set = nil
	}
}

func (d *distinct) register(h uint64) {
	i := h >> (64 - registerBits)
	rank := uint8(bits.LeadingZeros64(h<<registerBits|1<<(registerBits-1))) + 1
	d.registers[i] = max(d.registers[i], rank)
}

func (d *distinct) merge(o *distinct) {
	if o.registers == nil {
		for h := range o.set {
			d.add(h)
		}
		return
	}
	if d.registers == nil {
		set := d.set
		d.registers, d.set = make([]uint8, 1<<registerBits), nil
		for h := range set {
			d.register(h)
		}
	}
	for i, r := range o.registers {
		d.registers[i] = max(d.registers[i], r)
	}
}

func (d *distinct) count() int64 {
	if d.registers == nil {
		return int64(len(d.set))
	}
	const m = 1 << registerBits
	sum, zero := 0.0, 0
	for _, r := range d.registers {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			zero++
		}
	}
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if zero > 0 && estimate < 2.5*m {
		estimate = m * math.Log(float64(m)/float64(zero))
	}
	return int64(math.Round(estimate))
}

// hashOf is a hash that is the same in every process: FNV-1a by words, mixed at the end.
func hashOf(s string) uint64 {
	const prime = 0x9E3779B97F4A7C15
	h := uint64(len(s)) * prime
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		h = bits.RotateLeft64(h^w*0xC2B2AE3D27D4EB4F, 27) * prime
		s = s[8:]
	}
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001B3
	}
	h ^= h >> 33
	h *= 0xFF51AFD7ED558CCD
	h ^= h >> 33
	h *= 0xC4CEB9FE1A85EC53
	return h ^ h>>33
}
