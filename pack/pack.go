// Package pack writes numbers, texts and addresses one after the other into few bytes, and takes them from there again.
//
// Bytes that are read may be damaged or hostile: after the first damage everything that is read is zero, nothing is
// allocated that the bytes cannot hold, and nothing panics. What is told in the end is Reader.Bad. A Packer, an Unpacker
// and Words belong to one goroutine each.
package pack

import (
	"encoding/binary"
	"math"
	"net/netip"
)

// maxWords bounds the strings that are told apart by a number while packing; past it the count begins anew.
const maxWords = 4096

// Packer writes values one after the other: numbers as varints, and strings that come again as their number.
type Packer struct {
	Data  []byte
	words map[string]int
}

// Signed writes a number of any sign.
func (w *Packer) Signed(v int64) { w.Data = binary.AppendVarint(w.Data, v) }

// Number writes a number that is not below 0.
func (w *Packer) Number(n int) { w.Data = binary.AppendUvarint(w.Data, uint64(n)) }

// Float writes a number in eight bytes.
func (w *Packer) Float(f float64) {
	w.Data = binary.LittleEndian.AppendUint64(w.Data, math.Float64bits(f))
}

// Address writes an address.
func (w *Packer) Address(a netip.Addr) { w.Data = AppendAddress(w.Data, a) }

// Single writes a number in four bytes.
func (w *Packer) Single(f float32) {
	b := math.Float32bits(f)
	w.Data = append(w.Data, byte(b), byte(b>>8), byte(b>>16), byte(b>>24))
}

// Text writes a string that is likely not to come again.
func (w *Packer) Text(s string) { w.Data = append(binary.AppendUvarint(w.Data, uint64(len(s))), s...) }

// Word writes a string that may come again.
func (w *Packer) Word(s string) {
	if s == "" {
		w.Number(0)
		return
	}
	if n, ok := w.words[s]; ok {
		w.Number(n + 2)
		return
	}
	if w.words == nil {
		w.words = make(map[string]int)
	}
	if len(w.words) == maxWords {
		clear(w.words)
	}
	w.words[s] = len(w.words)
	w.Number(1)
	w.Text(s)
}

// List writes strings that may come again.
func (w *Packer) List(list []string) {
	w.Number(len(list))
	for _, s := range list {
		w.Word(s)
	}
}

// Part writes what f writes as a part that can be skipped. Words do not reach across its bounds.
func (w *Packer) Part(f func()) {
	clear(w.words)
	at := len(w.Data)
	w.Data = append(w.Data, 0, 0, 0, 0, 0, 0, 0, 0)
	f()
	binary.LittleEndian.PutUint64(w.Data[at:], uint64(len(w.Data)-at-8))
	clear(w.words)
}
