package detect

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
)

// An observation is encoded as: time and record (zigzag varints), place of the path and of the rule (varints), the
// number of fields and each, then hosts, users and addresses as their number and each; a string is its length
// (varint) and its bytes. What other rules observed of the same event follows, as the place of the rule and its fields.

// maxEncoded bounds an encoded observation, in bytes; maxStrings the strings of one list in it.
const (
	maxEncoded = 16 << 20
	maxStrings = 4096
)

var errDamaged = errors.New("damaged observation")

func appendObservation(dst []byte, o *Observation, path, rule int) []byte {
	dst = binary.AppendVarint(dst, o.Time)
	dst = binary.AppendVarint(dst, o.Ref.Record)
	dst = binary.AppendUvarint(dst, uint64(path))
	dst = binary.AppendUvarint(dst, uint64(rule))
	return appendContent(dst, o)
}

// appendAlso appends what another rule observed of the event of the observation before.
func appendAlso(dst []byte, o *Observation, rule int) []byte {
	return appendStrings(binary.AppendUvarint(dst, uint64(rule)), o.Fields, maxStrings)
}

// appendContent appends what an observation says: its fields and entities.
func appendContent(dst []byte, o *Observation) []byte {
	dst = appendStrings(dst, o.Fields, maxStrings)
	dst = appendStrings(dst, o.Entities.Hosts, maxHitEntities)
	dst = appendStrings(dst, o.Entities.Users, maxHitEntities)
	dst = appendStrings(dst, o.Entities.Addresses, maxHitEntities)
	return appendStrings(dst, o.Entities.Targets, maxHitEntities)
}

func appendStrings(dst []byte, list []string, most int) []byte {
	list = list[:min(len(list), most)]
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, v := range list {
		v = shorten(v)
		dst = append(binary.AppendUvarint(dst, uint64(len(v))), v...)
	}
	return dst
}

// reader takes an encoded observation apart. After the first damage everything it reads is zero.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) signed() int64 {
	v, n := binary.Varint(r.data)
	if n <= 0 {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return v
}

// number reads a number that is below limit.
func (r *reader) number(limit int) int {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || v >= uint64(limit) {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return int(v)
}

func (r *reader) strings(dst []string, words *interned) []string {
	for n := r.number(maxStrings + 1); n > 0 && !r.bad; n-- {
		size := r.number(len(r.data) + 1)
		if r.bad || size > len(r.data) {
			r.bad = true
			return dst
		}
		dst = append(dst, words.text(r.data[:size]))
		r.data = r.data[size:]
	}
	return dst
}

// content reads what appendContent wrote. The slices of o are used again.
func (r *reader) content(o *Observation, words *interned) {
	o.Fields = r.strings(o.Fields[:0], words)
	o.Entities.Hosts = r.strings(o.Entities.Hosts[:0], words)
	o.Entities.Users = r.strings(o.Entities.Users[:0], words)
	o.Entities.Addresses = r.strings(o.Entities.Addresses[:0], words)
	o.Entities.Targets = r.strings(o.Entities.Targets[:0], words)
}

func (s *Sorter) keyOf(data []byte) (sortKey, error) {
	r := reader{data: data}
	k := sortKey{time: r.signed(), record: r.signed(), path: int32(r.number(len(s.paths))), rule: int32(r.number(len(s.rules)))}
	if r.bad {
		return k, errDamaged
	}
	return k, nil
}

// decode calls yield with the observations of one event, each in o.
func (s *Sorter) decode(o *Observation, data []byte, words *interned, yield func(*Observation) error) error {
	r := reader{data: data}
	o.Time, o.Ref.Record = r.signed(), r.signed()
	path, rule := r.number(len(s.paths)), r.number(len(s.rules))
	if r.bad {
		return errDamaged
	}
	o.Ref.File, o.Rule = s.paths[path], s.rules[rule]
	r.content(o, words)
	for !r.bad {
		if err := yield(o); err != nil || len(r.data) == 0 {
			return err
		}
		if rule = r.number(len(s.rules)); !r.bad {
			o.Rule = s.rules[rule]
			o.Fields = r.strings(o.Fields[:0], words)
		}
	}
	return errDamaged
}

// interned remembers strings that were made lately, as the same users, hosts and addresses come again and again.
type interned struct {
	seed   maphash.Seed
	made   bool
	recent [4096]string
}

func (t *interned) text(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if !t.made {
		t.seed, t.made = maphash.MakeSeed(), true
	}
	at := &t.recent[maphash.Bytes(t.seed, b)%uint64(len(t.recent))]
	if *at != string(b) {
		*at = string(b)
	}
	return *at
}
