package store

import (
	"encoding/binary"
	"iter"
	"unsafe"
)

// Row is one row of a batch. It is valid until the batch is changed or reset.
type Row struct {
	Time   int64 // nanoseconds since 1970, UTC
	names  []string
	fields []byte
}

// Fields goes through the names and values of a row, in the order they were added. Each name is there once.
func (r Row) Fields() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		p := r.fields
		for {
			name, value, rest := next(p, r.names)
			if rest == nil || !yield(name, value) {
				return
			}
			p = rest
		}
	}
}

// Rows goes through the rows of a batch with their places.
func (b *Batch) Rows() iter.Seq2[int, Row] {
	b.end()
	return b.each
}

// each is Rows of a batch without an open row.
func (b *Batch) each(yield func(int, Row) bool) {
	if b.rows == 0 {
		return
	}
	p := b.buf[1:]
	var time int64
	for i := range b.rows {
		delta, n := binary.Varint(p)
		time += delta
		p = p[n:]
		if !yield(i, Row{Time: time, names: b.names, fields: p}) {
			return
		}
		p = skip(p)
	}
}

// next reads the field that p begins with; rest is nil at the end of the row. The bytes are valid.
func next(p []byte, names []string) (name, value string, rest []byte) {
	ref, n := binary.Uvarint(p)
	p = p[n:]
	switch ref {
	case 0:
		return "", "", nil
	case 1:
		name, p = text(p)
	default:
		name = names[ref-2]
	}
	value, p = text(p)
	return name, value, p
}

// skip returns what follows the row whose fields p begins with. The bytes are valid.
func skip(p []byte) []byte {
	for {
		ref, n := binary.Uvarint(p)
		p = p[n:]
		if ref == 0 {
			return p
		}
		if ref == 1 {
			_, p = text(p)
		}
		_, p = text(p)
	}
}

// text reads a length and as many bytes. The bytes are valid.
func text(p []byte) (string, []byte) {
	size, n := binary.Uvarint(p)
	end := n + int(size)
	return unsafe.String(unsafe.SliceData(p[n:]), int(size)), p[end:]
}
