package pack

import (
	"encoding/binary"
	"math"
)

// Unpacker reads what a Packer wrote. After the first damage everything it reads is zero.
type Unpacker struct {
	Reader
	words []string
}

// Count reads a number of things that follow, each of which takes at least size bytes.
func (u *Unpacker) Count(size int) int { return u.Number(len(u.Data)/size + 1) }

// Bytes reads n bytes, which are those of what is read.
func (u *Unpacker) Bytes(n int) []byte {
	if n < 0 || n > len(u.Data) {
		u.Fail()
		return nil
	}
	b := u.Data[:n]
	u.Data = u.Data[n:]
	return b
}

// Byte reads one byte.
func (u *Unpacker) Byte() byte {
	if b := u.Bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// Float reads what Packer.Float wrote.
func (u *Unpacker) Float() float64 {
	b := u.Bytes(8)
	if len(b) < 8 {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

// Single reads what Packer.Single wrote.
func (u *Unpacker) Single() float32 {
	b := u.Bytes(4)
	if len(b) < 4 {
		return 0
	}
	return math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
}

// Text reads what Packer.Text wrote.
func (u *Unpacker) Text() string { return string(u.Bytes(u.Number(len(u.Data) + 1))) }

// Word reads what Packer.Word wrote.
func (u *Unpacker) Word() string {
	switch n := u.Number(len(u.words) + 2); n {
	case 0:
		return ""
	case 1:
		if len(u.words) == maxWords {
			u.words = u.words[:0]
		}
		s := u.Text()
		u.words = append(u.words, s)
		return s
	default:
		return u.words[n-2]
	}
}

// List reads a list of at most most strings; nil where it is empty.
func (u *Unpacker) List(most int) []string {
	n := u.Number(min(most, len(u.Data)) + 1)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = u.Word()
	}
	return list
}

// Part returns a part, to be read by itself.
func (u *Unpacker) Part() *Unpacker {
	b := u.Bytes(8)
	if len(b) < 8 {
		return &Unpacker{Reader: Reader{Bad: true}}
	}
	n := binary.LittleEndian.Uint64(b)
	if n > uint64(len(u.Data)) {
		u.Fail()
		return &Unpacker{Reader: Reader{Bad: true}}
	}
	u.words = u.words[:0]
	return &Unpacker{Reader: Reader{Data: u.Bytes(int(n))}}
}
