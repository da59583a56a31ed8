package detect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// A snapshot of Senses is: sensesMagic, its version (one byte), parts, and the CRC-32C (Castagnoli) of all before it,
// little endian. A part is its length (8 bytes, little endian) and as many bytes. The first holds the times and what
// waits; then follows each detector's, with its name at its beginning. Those of detectors that are no more are skipped.
const (
	sensesMagic   = "tocsin senses"
	sensesVersion = 1
)

// Snapshot appends all that the detectors know to dst.
func (s *Senses) Snapshot(dst []byte) []byte {
	base := len(dst)
	w := &packer{dst: append(append(dst, sensesMagic...), sensesVersion)}
	w.part(func() {
		w.signed(s.watermark)
		w.signed(s.clock)
		w.number(s.queue.count())
		list := s.queue.sorted()
		for i := range list {
			x := &list[i]
			w.signed(x.time)
			w.signed(x.record)
			w.word(x.path)
			w.text(string(x.data))
		}
	})
	for i := range s.parts {
		w.part(func() {
			w.word(s.parts[i].name)
			s.parts[i].save(w)
		})
	}
	return binary.LittleEndian.AppendUint32(w.dst, crc32.Checksum(w.dst[base:], crc32.MakeTable(crc32.Castagnoli)))
}

var errSenses = errors.New("the snapshot is damaged")

// Restore takes up a snapshot in place of all that the detectors know. An error says what could not be read; that part
// is then as new, and the rest is taken up.
func (s *Senses) Restore(data []byte) error {
	s.reset()
	rest, ok := strings.CutPrefix(string(data[:max(len(data)-4, 0)]), sensesMagic)
	if !ok || len(rest) < 1 || rest[0] != sensesVersion {
		return errSenses
	}
	if sum := crc32.Checksum(data[:len(data)-4], crc32.MakeTable(crc32.Castagnoli)); sum != binary.LittleEndian.Uint32(data[len(data)-4:]) {
		return errSenses
	}
	u := &unpacker{reader: reader{data: []byte(rest[1:])}}
	var errs []error
	if !s.unpackQueue(u.part()) {
		errs = append(errs, fmt.Errorf("what waited: %w", errSenses))
	}
	for len(u.data) > 0 {
		p := u.part()
		name := p.word()
		for i := range s.parts {
			if s.parts[i].name != name {
				continue
			}
			if s.parts[i].load(p); p.bad || len(p.data) > 0 {
				s.parts[i] = senseParts[i](s)
				errs = append(errs, fmt.Errorf("%s: %w", name, errSenses))
			}
		}
	}
	return errors.Join(errs...)
}

func (s *Senses) unpackQueue(u *unpacker) bool {
	mark, clock := u.signed(), u.signed()
	var queue pending
	for n := u.count(4); n > 0 && !u.bad; n-- {
		w := waiting{time: u.signed(), record: u.signed(), path: u.word(), data: []byte(u.text())}
		var x Sighting
		if u.bad || !x.decode(w.data, &s.words) {
			return false
		}
		queue.add(w)
	}
	if u.bad || len(u.data) > 0 {
		return false
	}
	s.watermark, s.clock, s.queue = mark, clock, queue
	return true
}
