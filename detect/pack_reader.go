package detect

import (
	"encoding/binary"
	"net/netip"
)

// reader takes apart what was written one after the other. After the first damage everything it reads is zero.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) signed() int64 {
	v, n := binary.Varint(r.data)
	if n <= 0 {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return v
}

// number reads a number that is below limit.
func (r *reader) number(limit int) int {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || v >= uint64(limit) {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return int(v)
}

func (r *reader) strings(dst []string, words *interned) []string {
	for n := r.number(maxStrings + 1); n > 0 && !r.bad; n-- {
		b := r.window()
		if r.bad {
			return dst
		}
		dst = append(dst, words.text(b))
	}
	return dst
}

// window reads a string's bytes, which are those of what is read.
func (r *reader) window() []byte {
	size := r.number(len(r.data) + 1)
	if r.bad || size > len(r.data) {
		r.bad = true
		return nil
	}
	b := r.data[:size]
	r.data = r.data[size:]
	return b
}

// address reads what appendAddress wrote.
func (r *reader) address() netip.Addr {
	n := r.number(17)
	if r.bad || n > len(r.data) {
		r.bad = true
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(r.data[:n])
	r.data = r.data[n:]
	return a
}
