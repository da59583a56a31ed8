package evtx

import (
	"encoding/binary"
	"unicode/utf16"
)

// What follows writes event logs, so that the tests have samples of their own.

// elem is an element of a template or of a record without one.
type elem struct {
	name  string
	attrs []attr
	kids  []any // string, sub, entity, charRef, cdata or elem
}

type attr struct {
	name  string
	value []any // string, sub or entity
}

type (
	sub     struct{ index, kind int }
	entity  string
	charRef uint16
	cdata   string
)

// val is a value that is substituted.
type val struct {
	kind byte
	raw  []byte
}

// tmpl is a template; two with the same id are the same.
type tmpl struct {
	id   uint32
	root elem
}

var le = binary.LittleEndian

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return b
}

func str(s string) val             { return val{typeString, utf16le(s)} }
func num16(n uint16) val           { return val{typeUint16, le.AppendUint16(nil, n)} }
func num32(n uint32) val           { return val{typeUint32, le.AppendUint32(nil, n)} }
func num64(n uint64) val           { return val{typeUint64, le.AppendUint64(nil, n)} }
func fileTime(n uint64) val        { return val{typeFileTime, le.AppendUint64(nil, n)} }
func raw(kind byte, b ...byte) val { return val{kind, b} }

// chunkWriter writes one chunk.
type chunkWriter struct {
	buf       []byte
	names     map[string]int
	templates map[uint32]int
	first     uint64
	last      uint64
	lastAt    int
}

func newChunk() *chunkWriter {
	return &chunkWriter{buf: make([]byte, chunkHeader), names: map[string]int{}, templates: map[uint32]int{}}
}

func (w *chunkWriter) u16(n int)    { w.buf = le.AppendUint16(w.buf, uint16(n)) }
func (w *chunkWriter) u32(n int)    { w.buf = le.AppendUint32(w.buf, uint32(n)) }
func (w *chunkWriter) u64(n uint64) { w.buf = le.AppendUint64(w.buf, n) }
func (w *chunkWriter) byte(b ...byte) {
	w.buf = append(w.buf, b...)
}

// hole reserves a uint32 that says how many bytes follow it, and returns what fills it in.
func (w *chunkWriter) hole() func() {
	at := len(w.buf)
	w.u32(0)
	return func() { le.PutUint32(w.buf[at:], uint32(len(w.buf)-at-4)) }
}

func (w *chunkWriter) name(s string) {
	if at, ok := w.names[s]; ok {
		w.u32(at)
		return
	}
	w.u32(len(w.buf) + 4)
	w.names[s] = len(w.buf)
	w.u32(0)
	w.u16(0)
	w.text(s)
	w.u16(0)
}

func (w *chunkWriter) text(s string) {
	b := utf16le(s)
	w.u16(len(b) / 2)
	w.byte(b...)
}

func (w *chunkWriter) content(v any) {
	switch v := v.(type) {
	case string:
		w.byte(tokenValue, typeString)
		w.text(v)
	case sub:
		w.byte(tokenOptionalSub)
		w.u16(v.index)
		w.byte(byte(v.kind))
	case entity:
		w.byte(tokenEntityRef)
		w.name(string(v))
	case charRef:
		w.byte(tokenCharRef)
		w.u16(int(v))
	case cdata:
		w.byte(tokenCDATA)
		w.text(string(v))
	}
}

func (w *chunkWriter) element(e elem, depID bool) {
	more := byte(0)
	if len(e.attrs) > 0 {
		more = tokenMore
	}
	w.byte(tokenOpen | more)
	if depID {
		w.u16(0xffff)
	}
	over := w.hole()
	w.name(e.name)
	if len(e.attrs) > 0 {
		attrsOver := w.hole()
		for i, a := range e.attrs {
			if i+1 < len(e.attrs) {
				w.byte(tokenAttribute | tokenMore)
			} else {
				w.byte(tokenAttribute)
			}
			w.name(a.name)
			for _, v := range a.value {
				w.content(v)
			}
		}
		attrsOver()
	}
	if len(e.kids) == 0 {
		w.byte(tokenCloseEmpty)
		over()
		return
	}
	w.byte(tokenCloseStart)
	for _, k := range e.kids {
		if kid, ok := k.(elem); ok {
			w.element(kid, depID)
		} else {
			w.content(k)
		}
	}
	w.byte(tokenCloseElement)
	over()
}

// instance writes a template's instance, with its definition the first time. With xml, one more value follows: what xml
// writes.
func (w *chunkWriter) instance(t tmpl, xml func(), values ...val) {
	w.byte(tokenFragment, 1, 1, 0, tokenTemplate, 1)
	w.u32(int(t.id))
	if at, ok := w.templates[t.id]; ok {
		w.u32(at)
	} else {
		w.u32(len(w.buf) + 4)
		w.templates[t.id] = len(w.buf)
		w.u32(0)
		w.u32(int(t.id))
		w.byte(make([]byte, 12)...)
		over := w.hole()
		w.byte(tokenFragment, 1, 1, 0)
		w.element(t.root, true)
		w.byte(tokenEnd)
		over()
	}
	if xml != nil {
		values = append(values, val{kind: typeXML})
	}
	w.u32(len(values))
	for _, v := range values {
		w.u16(len(v.raw))
		w.byte(v.kind, 0)
	}
	sized := len(w.buf) - 4
	for _, v := range values {
		w.byte(v.raw...)
	}
	if xml != nil {
		start := len(w.buf)
		xml()
		le.PutUint16(w.buf[sized:], uint16(len(w.buf)-start))
	}
}

// record writes the frame of a record around its XML.
func (w *chunkWriter) record(id, written uint64, xml func()) {
	if w.first == 0 {
		w.first = id
	}
	at := len(w.buf)
	w.last, w.lastAt = id, at
	w.byte([]byte(recordMagic)...)
	w.u32(0)
	w.u64(id)
	w.u64(written)
	xml()
	for len(w.buf)%8 != 4 {
		w.byte(0)
	}
	w.u32(len(w.buf) - at + 4)
	le.PutUint32(w.buf[at+4:], uint32(len(w.buf)-at))
}

// finish returns the whole chunk. Its checksums are zero: they are not looked at.
func (w *chunkWriter) finish() []byte {
	free := len(w.buf)
	out := append(w.buf, make([]byte, max(0, chunkSize-free))...)
	copy(out, chunkMagic)
	le.PutUint64(out[8:], w.first)
	le.PutUint64(out[16:], w.last)
	le.PutUint64(out[24:], w.first)
	le.PutUint64(out[32:], w.last)
	le.PutUint32(out[40:], 128)
	le.PutUint32(out[44:], uint32(w.lastAt))
	le.PutUint32(out[48:], uint32(free))
	return out
}

// file puts a file header before chunks.
func file(chunks ...[]byte) []byte {
	out := make([]byte, fileHeader)
	copy(out, fileMagic)
	le.PutUint32(out[32:], 128)
	le.PutUint16(out[36:], 1)
	le.PutUint16(out[38:], 3)
	le.PutUint16(out[40:], fileHeader)
	le.PutUint16(out[42:], uint16(len(chunks)))
	for _, c := range chunks {
		out = append(out, c...)
	}
	return out
}
