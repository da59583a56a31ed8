package store

import (
	"encoding/binary"
	"errors"
	"fmt"
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

var errShort = errors.New("it ends too early")

// Decode returns the batch whose Bytes p was. It checks every byte, and keeps p: p must not be changed while the batch is
// in use.
func Decode(p []byte) (Batch, error) {
	b := Batch{buf: p[:len(p):len(p)]}
	if len(p) == 0 {
		return b, nil
	}
	if p[0] != batchVersion {
		return Batch{}, fmt.Errorf("decode rows: version %d is not known", p[0])
	}
	seen := dictionary{known: make(map[string]bool)}
	for rest := p[1:]; len(rest) > 0; {
		if b.rows++; b.rows > MaxRows {
			return Batch{}, fmt.Errorf("decode rows: more than %d", MaxRows)
		}
		delta, n := binary.Varint(rest)
		if n <= 0 {
			return Batch{}, fmt.Errorf("decode row %d: time: %w", b.rows, errShort)
		}
		b.last += delta
		var err error
		if rest, err = b.check(rest[n:], &seen); err != nil {
			return Batch{}, fmt.Errorf("decode row %d, %d bytes before the end: %w", b.rows, len(rest), err)
		}
	}
	return b, nil
}

// check goes through the fields of a row, learns its new names, and returns what follows.
func (b *Batch) check(p []byte, seen *dictionary) ([]byte, error) {
	for fields, bytes := 0, 0; ; fields++ {
		ref, n := binary.Uvarint(p)
		if n <= 0 {
			return p, errShort
		}
		p = p[n:]
		if ref == 0 {
			return p, nil
		}
		if ref == 1 {
			name, rest, err := take(p, MaxNameBytes)
			if err != nil {
				return p, fmt.Errorf("name: %w", err)
			}
			if err := seen.learn(name); err != nil {
				return p, err
			}
			b.names = append(b.names, name)
			ref, p = uint64(len(b.names))+1, rest
		}
		if ref-2 >= uint64(len(b.names)) {
			return p, fmt.Errorf("name %d is not known", ref-2)
		}
		if seen.row[ref-2] == b.rows {
			return p, fmt.Errorf("%q has two values", b.names[ref-2])
		}
		seen.row[ref-2] = b.rows
		value, rest, err := take(p, MaxRowBytes)
		if err != nil {
			return p, fmt.Errorf("value of %q: %w", b.names[ref-2], err)
		}
		if bytes += len(b.names[ref-2]) + len(value) + 2; bytes > MaxRowBytes || fields >= MaxColumns {
			return p, fmt.Errorf("more than %d bytes or %d columns", MaxRowBytes, MaxColumns)
		}
		p = rest
	}
}

// dictionary is what Decode knows of the names of a batch.
type dictionary struct {
	known map[string]bool
	row   []int // by number of a name: the row that had it last
}

func (d *dictionary) learn(name string) error {
	switch {
	case owned(name) && name != More && name != Cut:
		return fmt.Errorf("%q is no name of a field", name)
	case d.known[name]:
		return fmt.Errorf("name %q is new for the second time", name)
	case len(d.row) >= maxNames:
		return fmt.Errorf("more than %d names", maxNames)
	}
	d.known[name] = true
	d.row = append(d.row, 0)
	return nil
}

// take reads a length and as many bytes, at most limit.
func take(p []byte, limit int) (string, []byte, error) {
	size, n := binary.Uvarint(p)
	if n <= 0 {
		return "", p, errShort
	}
	if size > uint64(limit) {
		return "", p, fmt.Errorf("%d bytes are more than %d", size, limit)
	}
	if uint64(len(p)-n) < size {
		return "", p, errShort
	}
	return unsafe.String(unsafe.SliceData(p[n:]), int(size)), p[n+int(size):], nil
}
