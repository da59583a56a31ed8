package pack

import (
	"encoding/binary"
	"net/netip"
)

// Reader takes apart what was written one after the other. After the first damage everything it reads is zero.
type Reader struct {
	Data []byte
	Bad  bool
}

// Fail says that what was read makes no sense: from here on everything is zero.
func (r *Reader) Fail() { r.Bad, r.Data = true, nil }

// Signed reads a number of any sign.
func (r *Reader) Signed() int64 {
	v, n := binary.Varint(r.Data)
	if n <= 0 {
		r.Fail()
		return 0
	}
	r.Data = r.Data[n:]
	return v
}

// Number reads a number that is below limit.
func (r *Reader) Number(limit int) int {
	v, n := binary.Uvarint(r.Data)
	if n <= 0 || v >= uint64(limit) {
		r.Fail()
		return 0
	}
	r.Data = r.Data[n:]
	return int(v)
}

// Strings reads what AppendStrings wrote, and appends it.
func (r *Reader) Strings(dst []string, words *Words) []string {
	for n := r.Number(MaxStrings + 1); n > 0 && !r.Bad; n-- {
		b := r.Window()
		if r.Bad {
			return dst
		}
		dst = append(dst, words.Text(b))
	}
	return dst
}

// Window reads a string's bytes, which are those of what is read.
func (r *Reader) Window() []byte {
	size := r.Number(len(r.Data) + 1)
	if r.Bad || size > len(r.Data) {
		r.Fail()
		return nil
	}
	b := r.Data[:size]
	r.Data = r.Data[size:]
	return b
}

// Address reads what AppendAddress wrote.
func (r *Reader) Address() netip.Addr {
	n := r.Number(17)
	if r.Bad || n > len(r.Data) {
		r.Fail()
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(r.Data[:n])
	r.Data = r.Data[n:]
	return a
}
