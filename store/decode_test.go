package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"
)

// What is here reads a batch back as strictly as if somebody else had written it, so that tests see whether a Batch keeps to its
// own form.

// copied adds the rows of another batch.
func (b *Batch) copied(o *Batch) {
	for _, row := range o.Rows() {
		b.Row(row.Time)
		for name, value := range row.Fields() {
			if name == More || name == Cut {
				b.own(name, value)
				continue
			}
			b.Field(name, value)
		}
	}
	b.end()
}

// encoded returns the rows as they are kept in memory. They are valid until the batch is changed or reset.
func (b *Batch) encoded() []byte {
	b.end()
	return b.buf
}

var errShort = errors.New("it ends too early")

// decode returns the batch whose encoded p was. It checks every byte, and keeps p: p must not be changed while the batch is
// in use.
func decode(p []byte) (Batch, error) {
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

// dictionary is what decode knows of the names of a batch.
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
