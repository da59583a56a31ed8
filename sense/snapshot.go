package sense

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

// A snapshot of Detectors is: sensesMagic, its version (one byte), parts, and the CRC-32C (Castagnoli) of all before it,
// little endian. A part is its length (8 bytes, little endian) and as many bytes. The first holds the times and what
// waits; then follows each detector's, with its name at its beginning. Those of detectors that are no more are skipped.
const (
	sensesMagic   = "tocsin senses"
	sensesVersion = 1
)

// Snapshot appends all that the detectors know to dst.
func (s *Detectors) Snapshot(dst []byte) []byte {
	base := len(dst)
	w := &pack.Packer{Data: append(append(dst, sensesMagic...), sensesVersion)}
	w.Part(func() {
		w.Signed(s.watermark)
		w.Signed(s.clock)
		w.Number(s.queue.Len())
		list := s.queue.Sorted()
		for i := range list {
			x := &list[i]
			w.Signed(x.Time)
			w.Signed(x.Record)
			w.Word(x.Path)
			w.Text(string(x.Data))
		}
	})
	for i := range s.parts {
		w.Part(func() {
			w.Word(s.parts[i].name)
			s.parts[i].save(w)
		})
	}
	return binary.LittleEndian.AppendUint32(w.Data, crc32.Checksum(w.Data[base:], crc32.MakeTable(crc32.Castagnoli)))
}

var errSenses = errors.New("the snapshot is damaged")

// Restore takes up a snapshot in place of all that the detectors know. An error says what could not be read; that part
// is then as new, and the rest is taken up.
func (s *Detectors) Restore(data []byte) error {
	s.reset()
	rest, ok := strings.CutPrefix(string(data[:max(len(data)-4, 0)]), sensesMagic)
	if !ok || len(rest) < 1 || rest[0] != sensesVersion {
		return errSenses
	}
	if sum := crc32.Checksum(data[:len(data)-4], crc32.MakeTable(crc32.Castagnoli)); sum != binary.LittleEndian.Uint32(data[len(data)-4:]) {
		return errSenses
	}
	u := &pack.Unpacker{Reader: pack.Reader{Data: []byte(rest[1:])}}
	var errs []error
	if !s.unpackQueue(u.Part()) {
		errs = append(errs, fmt.Errorf("what waited: %w", errSenses))
	}
	for len(u.Data) > 0 {
		p := u.Part()
		name := p.Word()
		for i := range s.parts {
			if s.parts[i].name != name {
				continue
			}
			if s.parts[i].load(p); p.Bad || len(p.Data) > 0 {
				s.parts[i] = senseParts[i](s)
				errs = append(errs, fmt.Errorf("%s: %w", name, errSenses))
			}
		}
	}
	return errors.Join(errs...)
}

func (s *Detectors) unpackQueue(u *pack.Unpacker) bool {
	mark, clock := u.Signed(), u.Signed()
	var queue order.Queue
	for n := u.Count(4); n > 0 && !u.Bad; n-- {
		w := order.Item{Time: u.Signed(), Record: u.Signed(), Path: u.Word(), Data: []byte(u.Text())}
		var x sight.Sighting
		if u.Bad || !x.Decode(w.Data, &s.words) {
			return false
		}
		queue.Add(w)
	}
	if u.Bad || len(u.Data) > 0 {
		return false
	}
	s.watermark, s.clock, s.queue = mark, clock, queue
	return true
}
