package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/disk"
)

// The file of spellings is a head of fixed size and records: a length and a spelling, or 0 and the hash of a word that is
// only marked. The head says how many bytes of records there are and their sum, and of which frames all rows are noted.
// Records are on disk before the head tells of them, and the head is before DurableBefore says that a frame need not be
// handed in again. A file that is not whole is as if there were none.
const (
	spellingName  = "spellings"
	spellingMagic = "tocsinS1"
	spellingHead  = 64
	flagClosed    = 1 // nothing was added after this was written
	flagOdd       = 2 // there are odd letters: all, unless flagWhich says that the bits from oddShift on tell which
	flagWhich     = 4
	oddShift      = 3
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// spellingFile is the open file.
type spellingFile struct {
	f     *os.File
	to    uint64 // what the head on disk says
	size  int64  // of the records that the head on disk tells of
	sum   uint32
	fresh []byte // records that are not in the file yet
}

func (w *spellingFile) list(word string) {
	w.fresh = append(w.fresh, byte(len(word)))
	w.fresh = append(w.fresh, word...)
}

func (w *spellingFile) mark(h uint64) {
	w.fresh = append(w.fresh, 0)
	w.fresh = binary.LittleEndian.AppendUint64(w.fresh, h)
}

// forget begins the records anew.
func (w *spellingFile) forget() { w.size, w.sum, w.fresh = 0, 0, w.fresh[:0] }

// appendHead writes the head as it is when all fresh records are in the file.
func (s *spellings) appendHead(b []byte, flags uint64) []byte {
	if s.odd != 0 {
		flags |= flagOdd | flagWhich | uint64(s.odd)<<oddShift
	}
	start := len(b)
	b = append(b, spellingMagic...)
	for _, n := range []uint64{s.from, s.to, uint64(s.file.size), flags, uint64(s.file.sum)} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
	return append(b, make([]byte, spellingHead-(len(b)-start))...)
}

// write makes all that was noted durable.
func (s *spellings) write(flags uint64) error {
	w := &s.file
	if w.f == nil || s.from > MaxSeq {
		return nil
	}
	if len(w.fresh) > 0 {
		if _, err := w.f.WriteAt(w.fresh, spellingHead+w.size); err != nil {
			return fmt.Errorf("spellings: %w", err)
		}
		if err := w.f.Sync(); err != nil {
			return fmt.Errorf("spellings: %w", err)
		}
		w.sum = crc32.Update(w.sum, castagnoli, w.fresh)
		w.size += int64(len(w.fresh))
		w.fresh = w.fresh[:0]
	}
	if _, err := w.f.WriteAt(s.appendHead(nil, flags), 0); err != nil {
		return fmt.Errorf("spellings: %w", err)
	}
	if err := w.f.Sync(); err != nil {
		return fmt.Errorf("spellings: %w", err)
	}
	w.to = s.to
	return nil
}

// durable sees to it that the spellings of frames below a number are on disk.
func (s *spellings) durable(before uint64) error {
	if before <= s.file.to {
		return nil
	}
	return s.write(0)
}

func (s *spellings) close() error {
	if s.file.f == nil {
		return nil
	}
	return errors.Join(s.write(flagClosed), s.file.f.Close())
}

// copyTo writes a file of what is noted now.
func (s *spellings) copyTo(path string) error {
	if s.file.f == nil || s.from > MaxSeq {
		return nil
	}
	records := make([]byte, s.file.size)
	if _, err := s.file.f.ReadAt(records, spellingHead); err != nil && s.file.size > 0 {
		return fmt.Errorf("spellings: %w", err)
	}
	c := spellings{from: s.from, to: s.to, odd: s.odd}
	records = append(records, s.file.fresh...)
	c.file.size, c.file.sum = int64(len(records)), crc32.Checksum(records, castagnoli)
	return disk.Replace(path, 0o600, append(c.appendHead(nil, 0), records...))
}

// openSpellings reads what is known of the spellings of a store. Where nothing is known of rows that are there, their
// words are in doubt. lost says why what was known, or is to come, cannot be used.
func openSpellings(dir string, v *vault) (s *spellings, lost error, err error) {
	path := filepath.Join(dir, spellingName)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("spellings: %w", err)
	}
	s = newSpellings()
	closed := false
	if data != nil {
		if closed, lost = s.read(data); lost != nil {
			s, data = newSpellings(), nil
		}
	}
	ctx := context.Background()
	switch {
	case data == nil && v.stats().rows > 0:
		s.from = MaxSeq + 1
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if last, err := highest(short, v); err == nil && last < MaxSeq {
			s.from, s.to = last+1, last+1
		}
	case data != nil && !closed:
		var left found
		if err := left.load(ctx, v, s.to, 0); err != nil {
			return nil, lost, fmt.Errorf("spellings: %w", err)
		}
		s.unnoted = make(map[uint64]bool, len(left.frames))
		for seq := range left.frames {
			s.unnoted[seq] = true
		}
	}
	s.inOrder = closed
	if s.file.f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640); err != nil {
		if data != nil {
			return nil, lost, fmt.Errorf("spellings: %w", err)
		}
		s = newSpellings()
		s.from = MaxSeq + 1
		return s, errors.Join(lost, err), nil
	}
	if err := s.write(0); err != nil { // a full disk: the store opens all the same
		if err := errors.Join(s.file.f.Close(), os.Remove(path)); err != nil { // what it says would not be true for long
			return nil, lost, fmt.Errorf("spellings: %w", err)
		}
		s = newSpellings()
		s.from = MaxSeq + 1
		return s, errors.Join(lost, err), nil
	}
	return s, lost, nil
}

var errSpellings = errors.New("the file of spellings is damaged")

// read takes the bytes of a file.
func (s *spellings) read(data []byte) (closed bool, err error) {
	const fields = len(spellingMagic) + 5*8
	if len(data) < spellingHead || string(data[:len(spellingMagic)]) != spellingMagic ||
		binary.LittleEndian.Uint32(data[fields:]) != crc32.Checksum(data[:fields], castagnoli) {
		return false, errSpellings
	}
	field := func(i int) uint64 { return binary.LittleEndian.Uint64(data[len(spellingMagic)+8*i:]) }
	size, flags := field(2), field(3)
	if size > uint64(len(data)-spellingHead) {
		return false, errSpellings
	}
	records := data[spellingHead : spellingHead+int(size)]
	if uint64(crc32.Checksum(records, castagnoli)) != field(4) || field(0) > MaxSeq || field(1) < field(0) {
		return false, errSpellings
	}
	s.from, s.to = field(0), field(1)
	switch {
	case flags&flagOdd == 0:
	case flags&flagWhich == 0: // of an earlier version
		s.odd = allOdd
	default:
		s.odd = oddLetters(flags>>oddShift) & allOdd
	}
	s.file.to, s.file.size, s.file.sum = s.to, int64(size), uint32(field(4))
	for len(records) > 0 {
		n := int(records[0])
		records = records[1:]
		switch {
		case n == 0 && len(records) >= 8:
			s.mark(binary.LittleEndian.Uint64(records))
			records = records[8:]
		case n > 0 && n <= maxWord && n <= len(records):
			w := string(records[:n])
			s.list(wordHash([]byte(strings.ToLower(w))), w)
			records = records[n:]
		default:
			return false, errSpellings
		}
	}
	return flags&flagClosed != 0, nil
}
