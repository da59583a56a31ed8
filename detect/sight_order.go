package detect

import (
	"fmt"

	"github.com/tocsin-sec/tocsin/sigma"
)

// sightSorter puts the sightings of a whole input into the order of time, with the memory of a Sorter.
type sightSorter struct {
	sorter  *Sorter
	item    waiting
	scratch []byte
	notes   []string // of the detectors, when they are done
}

func newSightSorter(open func() (Spill, error)) *sightSorter {
	return &sightSorter{sorter: NewSorter(open)}
}

func (s *sightSorter) add(list []Sighting) error {
	for i := range list {
		x := &list[i]
		s.scratch = x.append(s.scratch[:0])
		s.item = waiting{time: x.Time, record: x.Ref.Record, path: x.Ref.File, data: s.scratch}
		if err := s.sorter.Add(&s.item); err != nil {
			return fmt.Errorf("sightings: %w", err)
		}
	}
	return nil
}

// sense gives the detectors all sightings in order, and tells the hits of what they find.
func (e *Engine) sense(tell func(*sigma.Rule, *Hit) error) error {
	senses, judge := NewSenses(*e.opt.Senses), e.Judge()
	var failed error
	found := func(f *Finding) {
		if f.Open {
			return // it is told as a whole at its end
		}
		for _, h := range judge(f) {
			if failed == nil {
				failed = tell(h.Rule, h.Hit)
			}
		}
	}
	words := &interned{}
	var x Sighting
	err := e.sighted.sorter.Each(func(k *waiting) error {
		if !x.decode(k.data, words) {
			return errDamaged
		}
		x.Time, x.Ref = k.time, EventRef{File: k.path, Record: k.record}
		senses.See(&x, found)
		return failed
	})
	if err != nil {
		return err
	}
	senses.Finish(found)
	e.sighted.notes = senses.Notes()
	return failed
}
