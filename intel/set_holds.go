package intel

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
)

// holds tells whether the set has this value of this source, whenever it is valid.
func (s *Set) holds(in *Indicator) bool {
	switch in.Kind {
	case Pattern:
		for _, p := range s.patterns {
			if p.Source == in.Source && p.Value == in.Value {
				return true
			}
		}
		return false
	case Network:
		return s.holdsNetwork(in)
	}
	if s.counts[in.Kind] == 0 {
		return false
	}
	key, err := appendKey(nil, in.Kind, in.Value)
	if err != nil {
		return false
	}
	h := maphash.Bytes(s.seeds[in.Kind], key)
	i, tag := s.place(h)
	var digest [digestSize]byte
	known := false
	for s.tags[i] != 0 {
		if s.tags[i] == tag && s.same(s.slots[i].key, in.Kind, h, key, &digest, &known) && s.sources[s.metas[s.slots[i].meta].source] == in.Source {
			return true
		}
		if i++; i == uint64(len(s.slots)) {
			i = 0
		}
	}
	return false
}

func (s *Set) holdsNetwork(in *Indicator) bool {
	p, err := netip.ParsePrefix(in.Value)
	if err != nil {
		return false
	}
	of := func(m uint32) bool { return s.sources[s.metas[m].source] == in.Source }
	if p.Addr().Is4() {
		b := p.Addr().As4()
		first := binary.BigEndian.Uint32(b[:])
		last := first | uint32(1<<(32-p.Bits())-1)
		for i := s.above4(first) - 1; i >= 0 && s.v4[i].first == first; i-- {
			if s.v4[i].last == last && of(s.v4[i].meta) {
				return true
			}
		}
		return false
	}
	b := p.Addr().As16()
	first := [2]uint64{binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])}
	for i := s.above6(first) - 1; i >= 0 && s.v6[i].first == first; i-- {
		if int(s.v6[i].bits) == p.Bits() && of(s.v6[i].meta) {
			return true
		}
	}
	return false
}
