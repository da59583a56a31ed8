package store

import (
	"hash/maphash"
	"math"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/tocsin-sec/tocsin/query"
)

// addressCounter counts addresses of IPv4. What counting many of them costs is waiting for memory, so a slot is as small as
// can be, and they become texts only where they are told. It belongs to one worker.
type addressCounter struct {
	slots []addressCount // a power of two of them; open addressing
	salt  uint64
	used  int
	lost  int64 // rows of addresses for which there was no room
}

// addressCount is one address and how often it was seen; 0 times: the slot is free.
type addressCount struct{ address, n uint32 }

// take counts n rows of an address.
func (c *addressCounter) take(address, n uint32) {
	if c.slots == nil {
		c.slots, c.salt = make([]addressCount, 1<<10), maphash.String(maphash.MakeSeed(), "")
	}
	s := c.slot(address)
	switch {
	case s.n > 0:
		if s.n > math.MaxUint32-n {
			c.lost += int64(n)
			return
		}
		s.n += n
	case c.used >= maxGroups:
		c.lost += int64(n)
	default:
		*s = addressCount{address, n}
		if c.used++; 2*c.used > len(c.slots) {
			c.grow()
		}
	}
}

// slot returns the slot of an address, or the free one where it belongs.
func (c *addressCounter) slot(address uint32) *addressCount {
	mask := uint64(len(c.slots) - 1)
	high, low := bits.Mul64(uint64(address)^c.salt, 0x9E3779B97F4A7C15)
	for i := (high ^ low) & mask; ; i = (i + 1) & mask {
		if s := &c.slots[i]; s.n == 0 || s.address == address {
			return s
		}
	}
}

func (c *addressCounter) grow() {
	old := c.slots
	c.slots = make([]addressCount, 4*len(old))
	for _, s := range old {
		if s.n > 0 {
			*c.slot(s.address) = s
		}
	}
}

func (c *addressCounter) merge(o *addressCounter) {
	for _, s := range o.slots {
		if s.n > 0 {
			c.take(s.address, s.n)
		}
	}
	c.lost += o.lost
}

// least returns the number of rows that an address must have at least, or at most, to be among those that a Top lists.
func (c *addressCounter) least(top *query.Top) (low, high uint32) {
	if top == nil || c.used <= top.N {
		return 0, math.MaxUint32
	}
	list := make([]uint32, 0, c.used)
	for _, s := range c.slots {
		if s.n > 0 {
			list = append(list, s.n)
		}
	}
	slices.Sort(list)
	if top.Rare {
		return 0, list[top.N-1]
	}
	return list[len(list)-top.N], math.MaxUint32
}

// settle makes groups of the addresses that were counted, of those at least that are asked for.
func (g *groups) settle() {
	low, high := g.four.least(g.top)
	var buf [len("255.255.255.255")]byte
	for _, s := range g.four.slots {
		if s.n == 0 || s.n < low || s.n > high {
			continue
		}
		a := netip.AddrFrom4([4]byte{byte(s.address >> 24), byte(s.address >> 16), byte(s.address >> 8), byte(s.address)})
		if id := g.group(string(a.AppendTo(buf[:0]))); id >= 0 {
			g.counts[id] += int64(s.n)
		} else {
			g.lost += int64(s.n)
		}
	}
	g.lost += g.four.lost
	g.four = addressCounter{}
}

// address4 reads an address of IPv4 in the one form that it is written in: there is no other text for the same number.
func address4(s string) (address uint32, ok bool) {
	if len(s) < len("0.0.0.0") || len(s) > len("255.255.255.255") {
		return 0, false
	}
	part, digits, dots := uint32(0), 0, 0
	for i := range len(s) {
		c := s[i] - '0'
		switch {
		case c <= 9:
			if digits == 1 && part == 0 {
				return 0, false
			}
			part = part*10 + uint32(c)
			if digits++; part > 255 {
				return 0, false
			}
		case s[i] == '.' && digits > 0 && dots < 3:
			address, part, digits, dots = address<<8|part, 0, 0, dots+1
		default:
			return 0, false
		}
	}
	return address<<8 | part, dots == 3 && digits > 0
}
