package detect

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sigma"
)

// An observation is encoded as: time and record (zigzag varints), place of the path and of the rule (varints), the
// number of fields and each, then hosts, users and addresses as their number and each; a string is its length
// (varint) and its bytes. What other rules observed of the same event follows, as the place of the rule and its fields.

var errDamaged = errors.New("damaged observation")

// appendAlso appends what another rule observed of the event of the observation before.
func appendAlso(dst []byte, o *Observation, rule int) []byte {
	return pack.AppendStrings(binary.AppendUvarint(dst, uint64(rule)), o.Fields, pack.MaxStrings)
}

// appendContent appends what an observation says: its fields and entities.
func appendContent(dst []byte, o *Observation) []byte {
	dst = pack.AppendStrings(dst, o.Fields, pack.MaxStrings)
	dst = pack.AppendStrings(dst, o.Entities.Hosts, maxHitEntities)
	dst = pack.AppendStrings(dst, o.Entities.Users, maxHitEntities)
	dst = pack.AppendStrings(dst, o.Entities.Addresses, maxHitEntities)
	return pack.AppendStrings(dst, o.Entities.Targets, maxHitEntities)
}

// readContent reads what appendContent wrote. The slices of o are used again.
func readContent(r *pack.Reader, o *Observation, words *pack.Words) {
	o.Fields = r.Strings(o.Fields[:0], words)
	o.Entities.Hosts = r.Strings(o.Entities.Hosts[:0], words)
	o.Entities.Users = r.Strings(o.Entities.Users[:0], words)
	o.Entities.Addresses = r.Strings(o.Entities.Addresses[:0], words)
	o.Entities.Targets = r.Strings(o.Entities.Targets[:0], words)
}

// sorting puts observations into the order of time that correlations need. What several rules observed of one event stays
// together. Observations without a time go through as the first of all; a Correlator counts them and leaves them out.
type sorting struct {
	*order.Sorter
	rules   []*sigma.Rule
	index   map[*sigma.Rule]int32
	item    order.Item
	scratch []byte
}

func newSorting(rules []*sigma.Rule, open func() (order.Spill, error)) *sorting {
	s := &sorting{Sorter: order.NewSorter(open), rules: rules, index: make(map[*sigma.Rule]int32, len(rules))}
	for i, r := range rules {
		s.index[r] = int32(i)
	}
	return s
}

// add takes an observation, in any order.
func (s *sorting) add(o *Observation) error {
	rule, ok := s.index[o.Rule]
	if !ok {
		return fmt.Errorf("sort observations: rule %q is not one of the sorter's", o.Rule.Title)
	}
	if o.also {
		s.scratch = appendAlso(s.scratch[:0], o, int(rule))
		if s.Join(s.scratch) {
			return nil
		}
	}
	s.scratch = appendContent(s.scratch[:0], o)
	s.item = order.Item{Time: o.Time, Record: o.Ref.Record, Path: o.Ref.File, Rule: rule, Data: s.scratch}
	if err := s.Add(&s.item); err != nil {
		return fmt.Errorf("observations: %w", err)
	}
	return nil
}

// each calls yield with every observation, in order, and stops at the first error. The Observation and its slices are
// used again for the next; its strings may be kept. Nothing is then kept.
func (s *sorting) each(yield func(*Observation) error) error {
	var o Observation
	words := &pack.Words{}
	return s.Each(func(item *order.Item) error { return s.decode(&o, item, words, yield) })
}

// decode calls yield with the observations of one event, each in o.
func (s *sorting) decode(o *Observation, k *order.Item, words *pack.Words, yield func(*Observation) error) error {
	if int(k.Rule) >= len(s.rules) {
		return errDamaged
	}
	o.Time, o.Ref, o.Rule = k.Time, EventRef{File: k.Path, Record: k.Record}, s.rules[k.Rule]
	r := pack.Reader{Data: k.Data}
	readContent(&r, o, words)
	for !r.Bad {
		if err := yield(o); err != nil || len(r.Data) == 0 {
			return err
		}
		if rule := r.Number(len(s.rules)); !r.Bad {
			o.Rule = s.rules[rule]
			o.Fields = r.Strings(o.Fields[:0], words)
		}
	}
	return errDamaged
}

// decodeWaiting takes out an observation that waited, but for its rule. The slices of o are used again.
func decodeWaiting(w *order.Item, o *Observation, words *pack.Words) bool {
	o.Time, o.Ref = w.Time, EventRef{File: w.Path, Record: w.Record}
	r := pack.Reader{Data: w.Data}
	readContent(&r, o, words)
	return !r.Bad && len(r.Data) == 0
}
