package detect

import (
	"encoding/binary"
	"math"
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

// moment writes a time relative to another; never costs one byte.
func (w *packer) moment(t, than int64) {
	if t == never {
		w.dst = append(w.dst, 0)
		return
	}
	w.dst = append(w.dst, 1)
	w.signed(t - than)
}

// text writes a string that is likely not to come again.
func (w *packer) text(s string) { w.dst = appendText(w.dst, s) }

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

func (w *packer) entities(e *Entities) {
	w.list(e.Hosts)
	w.list(e.Users)
	w.list(e.Addresses)
	w.list(e.Targets)
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

func (u *unpacker) moment(than int64) int64 {
	switch u.byte() {
	case 0:
		return never
	case 1:
		return than + u.signed()
	}
	u.fail()
	return never
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

func (u *unpacker) entities() Entities {
	var e Entities
	for _, list := range e.kinds() {
		*list = u.list(maxHitEntities)
	}
	return e
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
