package order

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/pack"
)

// Spill is where a Sorter puts what does not fit in its memory: a temporary file, opened for reading and writing.
type Spill interface {
	io.Writer   // appends
	io.ReaderAt // of what was written
}

// maxSorted bounds the memory in which a Sorter collects records before it spills them, in bytes.
const maxSorted = 2 << 20

// maxRuns bounds the runs that are merged at once, and with them the buffers for reading.
const (
	maxRuns   = 512
	runBuffer = 16 << 10

	spillBuffer = 64 << 10 // for writing
	keyCost     = 48

	maxRecord = 16 << 20 // an encoded record, in bytes
)

// Sorter puts records into order: by (time, path, record, rule); those equal in all of it by their content, so that the
// order never depends on that of arrival. It is an external merge sort: what exceeds maxSorted is written out in sorted
// runs. Records without a time are the first of all.
//
// A Sorter belongs to one goroutine. It keeps no memory of what it is given.
type Sorter struct {
	paths []string
	known map[string]int32
	last  int32 // the path that was used last

	data  []byte // encoded records
	keys  []sortKey
	Limit int

	open    func() (Spill, error)
	spill   Spill
	runs    []run
	out     *bufio.Writer // to the spill, between two runs
	written int64
}

// sortKey is what an observation is sorted by, and where it is.
type sortKey struct {
	time, record int64
	path, rule   int32
	from, to     int
}

// run is a sorted part of the spill.
type run struct{ from, size int64 }

// NewSorter makes a Sorter. It calls open once, when its memory is exceeded; the caller closes and removes what it
// opened. Where open is nil, everything is kept in memory, without a bound.
func NewSorter(open func() (Spill, error)) *Sorter {
	return &Sorter{known: make(map[string]int32), Limit: maxSorted, open: open}
}

// Add takes a record, in any order.
func (s *Sorter) Add(k *Item) error {
	if s.open != nil && len(s.data)+keyCost*len(s.keys) > s.Limit {
		if err := s.flush(); err != nil {
			return err
		}
	}
	x := sortKey{time: k.Time, record: k.Record, path: s.place(k.Path), rule: k.Rule, from: len(s.data)}
	s.data = appendKey(s.data, &x)
	s.data = append(s.data, k.Data...)
	x.to = len(s.data)
	s.keys = append(s.keys, x)
	return nil
}

// Join adds to the record that was added last. It returns false where there is none any more.
func (s *Sorter) Join(data []byte) bool {
	n := len(s.keys)
	if n == 0 {
		return false
	}
	s.data = append(s.data, data...)
	s.keys[n-1].to = len(s.data)
	return true
}

func (s *Sorter) place(path string) int32 {
	if int(s.last) < len(s.paths) && s.paths[s.last] == path {
		return s.last
	}
	at, ok := s.known[path]
	if !ok {
		at = int32(len(s.paths))
		s.paths = append(s.paths, path)
		s.known[path] = at
	}
	s.last = at
	return at
}

// A record is encoded as: time and record (zigzag varints), place of the path and the rule (varints), and its content.

func appendKey(dst []byte, k *sortKey) []byte {
	dst = binary.AppendVarint(dst, k.time)
	dst = binary.AppendVarint(dst, k.record)
	dst = binary.AppendUvarint(dst, uint64(k.path))
	return binary.AppendUvarint(dst, uint64(k.rule))
}

// readKey reads what appendKey wrote, and returns the content.
func (s *Sorter) readKey(k *sortKey, data []byte) ([]byte, error) {
	r := pack.Reader{Data: data}
	*k = sortKey{time: r.Signed(), record: r.Signed(), path: int32(r.Number(len(s.paths))), rule: int32(r.Number(math.MaxInt32))}
	if r.Bad {
		return nil, errRecord
	}
	return r.Data, nil
}

var errRecord = errors.New("damaged record")

// sort orders what is in memory.
func (s *Sorter) sort() {
	slices.SortFunc(s.keys, func(a, b sortKey) int {
		if a.time != b.time {
			return cmp.Compare(a.time, b.time)
		}
		return s.compare(&a, &b, s.data[a.from:a.to], s.data[b.from:b.to])
	})
}

func (s *Sorter) compare(a, b *sortKey, da, db []byte) int {
	c := cmp.Compare(a.time, b.time)
	if c == 0 && a.path != b.path {
		c = strings.Compare(s.paths[a.path], s.paths[b.path])
	}
	if c == 0 {
		c = cmp.Compare(a.record, b.record)
	}
	if c == 0 {
		c = cmp.Compare(a.rule, b.rule)
	}
	if c == 0 {
		c = bytes.Compare(da, db)
	}
	return c
}

// flush writes what is in memory as a run.
func (s *Sorter) flush() error {
	if s.spill == nil {
		f, err := s.open()
		if err != nil {
			return fmt.Errorf("sort: %w", err)
		}
		s.spill = f
	}
	s.sort()
	if s.out == nil {
		s.out = bufio.NewWriterSize(s.spill, spillBuffer)
	}
	w := s.out
	r := run{from: s.written}
	var size [binary.MaxVarintLen64]byte
	for _, k := range s.keys {
		n := binary.PutUvarint(size[:], uint64(k.to-k.from))
		_, _ = w.Write(size[:n]) // Flush returns its error
		_, _ = w.Write(s.data[k.from:k.to])
		r.size += int64(n + k.to - k.from)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("sort: spill: %w", err)
	}
	s.runs = append(s.runs, r)
	s.written += r.size
	s.data, s.keys = s.data[:0], s.keys[:0]
	if len(s.runs) == maxRuns {
		return s.collapse()
	}
	return nil
}

// collapse merges all runs into one, which is appended to the spill.
func (s *Sorter) collapse() error {
	w := bufio.NewWriterSize(s.spill, spillBuffer)
	whole := run{from: s.written}
	var size [binary.MaxVarintLen64]byte
	err := s.merge(func(_ *sortKey, data []byte) error {
		n := binary.PutUvarint(size[:], uint64(len(data)))
		_, _ = w.Write(size[:n]) // the next Write returns its error
		_, err := w.Write(data)
		whole.size += int64(n + len(data))
		return err
	})
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return fmt.Errorf("sort: merge: %w", err)
	}
	s.runs = append(s.runs[:0], whole)
	s.written += whole.size
	return nil
}

// Each calls yield with every record, in order, and stops at the first error. An item and its data are valid until yield returns.
// The Sorter is then empty.
func (s *Sorter) Each(yield func(*Item) error) error {
	if len(s.runs) > 0 && len(s.keys) > 0 { // what is in memory makes room for what yield needs
		if err := s.flush(); err != nil {
			return err
		}
	}
	if len(s.runs) > 0 {
		s.data, s.keys, s.out = nil, nil, nil
	}
	var item Item
	var k sortKey
	err := s.merge(func(_ *sortKey, data []byte) error {
		content, err := s.readKey(&k, data)
		if err != nil {
			return err
		}
		item = Item{Time: k.time, Record: k.record, Path: s.paths[k.path], Rule: k.rule, Data: content}
		return yield(&item)
	})
	s.data, s.keys, s.runs, s.out = nil, nil, nil, nil
	return err
}

// cursor reads one run, or what is in memory.
type cursor struct {
	in   *bufio.Reader // nil: memory
	at   int           // memory: index into keys
	key  sortKey
	data []byte
}

// merge calls yield with every encoded record in order.
func (s *Sorter) merge(yield func(*sortKey, []byte) error) error {
	s.sort()
	var heap []*cursor
	for _, r := range s.runs {
		heap = append(heap, &cursor{in: bufio.NewReaderSize(io.NewSectionReader(s.spill, r.from, r.size), runBuffer)})
	}
	heap = append(heap, &cursor{})
	live := heap[:0]
	for _, c := range heap {
		more, err := s.advance(c)
		if err != nil {
			return err
		}
		if more {
			live = append(live, c)
		}
	}
	for i := len(live)/2 - 1; i >= 0; i-- {
		s.sink(live, i)
	}
	for len(live) > 0 {
		c := live[0]
		if err := yield(&c.key, c.data); err != nil {
			return err
		}
		more, err := s.advance(c)
		if err != nil {
			return err
		}
		if !more {
			live[0] = live[len(live)-1]
			live = live[:len(live)-1]
		}
		s.sink(live, 0)
	}
	return nil
}

// sink restores the heap's order below i.
func (s *Sorter) sink(h []*cursor, i int) {
	for {
		least := i
		for _, kid := range [...]int{2*i + 1, 2*i + 2} {
			if kid < len(h) && s.compare(&h[kid].key, &h[least].key, h[kid].data, h[least].data) < 0 {
				least = kid
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// advance reads the next record of a run; false at its end.
func (s *Sorter) advance(c *cursor) (bool, error) {
	if c.in == nil {
		if c.at == len(s.keys) {
			return false, nil
		}
		c.key = s.keys[c.at]
		c.data = s.data[c.key.from:c.key.to]
		c.at++
		return true, nil
	}
	n, err := binary.ReadUvarint(c.in)
	if err == io.EOF {
		return false, nil
	}
	if err != nil || n > maxRecord {
		return false, fmt.Errorf("sort: read back: %w", cmp.Or(err, errRecord))
	}
	c.data = slices.Grow(c.data[:0], int(n))[:n]
	if _, err := io.ReadFull(c.in, c.data); err != nil {
		return false, fmt.Errorf("sort: read back: %w", err)
	}
	_, err = s.readKey(&c.key, c.data)
	return true, err
}
