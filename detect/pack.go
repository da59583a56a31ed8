package detect

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// maxWords bounds the strings that are told apart by a number while packing; past it the count begins anew.
const maxWords = 4096

// packer writes values one after the other: numbers as varints, and strings that come again as their number.
type packer struct {
	dst   []byte
	words map[string]int
}

func (w *packer) signed(v int64) { w.dst = binary.AppendVarint(w.dst, v) }

func (w *packer) number(n int) { w.dst = binary.AppendUvarint(w.dst, uint64(n)) }

func (w *packer) float(f float64) {
	w.dst = binary.LittleEndian.AppendUint64(w.dst, math.Float64bits(f))
}

// text writes a string that is likely not to come again.
func (w *packer) text(s string) { w.dst = append(binary.AppendUvarint(w.dst, uint64(len(s))), s...) }

// word writes a string that may come again.
func (w *packer) word(s string) {
	if s == "" {
		w.number(0)
		return
	}
	if n, ok := w.words[s]; ok {
		w.number(n + 2)
		return
	}
	if w.words == nil {
		w.words = make(map[string]int)
	}
	if len(w.words) == maxWords {
		clear(w.words)
	}
	w.words[s] = len(w.words)
	w.number(1)
	w.text(s)
}

func (w *packer) list(list []string) {
	w.number(len(list))
	for _, s := range list {
		w.word(s)
	}
}

// part writes what f writes as a part that can be skipped. Words do not reach across its bounds.
func (w *packer) part(f func()) {
	clear(w.words)
	at := len(w.dst)
	w.dst = append(w.dst, 0, 0, 0, 0, 0, 0, 0, 0)
	f()
	binary.LittleEndian.PutUint64(w.dst[at:], uint64(len(w.dst)-at-8))
	clear(w.words)
}

// unpacker reads what a packer wrote. After the first damage everything it reads is zero.
type unpacker struct {
	reader
	words []string
}

// count reads a number of things that follow, each of which takes at least size bytes.
func (u *unpacker) count(size int) int { return u.number(len(u.data)/size + 1) }

func (u *unpacker) fail() {
	u.bad, u.data = true, nil
}

func (u *unpacker) bytes(n int) []byte {
	if n < 0 || n > len(u.data) {
		u.fail()
		return nil
	}
	b := u.data[:n]
	u.data = u.data[n:]
	return b
}

func (u *unpacker) byte() byte {
	if b := u.bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (u *unpacker) float() float64 {
	b := u.bytes(8)
	if len(b) < 8 {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func (u *unpacker) text() string { return string(u.bytes(u.number(len(u.data) + 1))) }

func (u *unpacker) word() string {
	switch n := u.number(len(u.words) + 2); n {
	case 0:
		return ""
	case 1:
		if len(u.words) == maxWords {
			u.words = u.words[:0]
		}
		s := u.text()
		u.words = append(u.words, s)
		return s
	default:
		return u.words[n-2]
	}
}

// list reads a list of at most most strings; nil where it is empty.
func (u *unpacker) list(most int) []string {
	n := u.number(min(most, len(u.data)) + 1)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = u.word()
	}
	return list
}

// part returns a part, to be read by itself.
func (u *unpacker) part() *unpacker {
	b := u.bytes(8)
	if len(b) < 8 {
		return &unpacker{reader: reader{bad: true}}
	}
	n := binary.LittleEndian.Uint64(b)
	if n > uint64(len(u.data)) {
		u.fail()
		return &unpacker{reader: reader{bad: true}}
	}
	u.words = u.words[:0]
	return &unpacker{reader: reader{data: u.bytes(int(n))}}
}

// appendStrings writes the number of strings, at most most, and each, shortened.
func appendStrings(dst []byte, list []string, most int) []byte {
	list = list[:min(len(list), most)]
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, v := range list {
		v = shorten(v)
		dst = append(binary.AppendUvarint(dst, uint64(len(v))), v...)
	}
	return dst
}

// maxStrings bounds the strings of one list.
const maxStrings = 4096

// appendAddress writes an address as the number of its bytes and these.
func appendAddress(dst []byte, a netip.Addr) []byte {
	b := a.AsSlice()
	return append(append(dst, byte(len(b))), b...)
}

// flag is 1 for true.
func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// maxValue bounds a string of a list that appendStrings writes, in bytes.
const maxValue = 1024

// shorten cuts a value to maxValue bytes, such that different values stay different.
func shorten(v string) string {
	if len(v) <= maxValue {
		return v
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(v)) // never fails
	sum := strconv.FormatUint(h.Sum64(), 16)
	return strings.ToValidUTF8(v[:maxValue-20], "") + "…" + sum
}

// address writes an address.
func (w *packer) address(a netip.Addr) { w.dst = appendAddress(w.dst, a) }

func (w *packer) single(f float32) {
	b := math.Float32bits(f)
	w.dst = append(w.dst, byte(b), byte(b>>8), byte(b>>16), byte(b>>24))
}

func (u *unpacker) single() float32 {
	b := u.bytes(4)
	if len(b) < 4 {
		return 0
	}
	return math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
}
