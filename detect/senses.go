package detect

import (
	"fmt"

	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/sight"
	"github.com/tocsin-sec/tocsin/sigma"
)

// sightSorter puts the sightings of a whole input into the order of time, with the memory of a Sorter.
type sightSorter struct {
	sorter  *order.Sorter
	item    order.Item
	scratch []byte
	notes   []string // of the detectors, when they are done
}

func newSightSorter(open func() (order.Spill, error)) *sightSorter {
	return &sightSorter{sorter: order.NewSorter(open)}
}

func (s *sightSorter) add(list []sight.Sighting) error {
	for i := range list {
		x := &list[i]
		s.scratch = x.Append(s.scratch[:0])
		s.item = order.Item{Time: x.Time, Record: x.Ref.Record, Path: x.Ref.File, Data: s.scratch}
		if err := s.sorter.Add(&s.item); err != nil {
			return fmt.Errorf("sightings: %w", err)
		}
	}
	return nil
}

// sense gives the detectors all sightings in order, and tells the hits of what they find.
func (e *Engine) sense(tell func(*sigma.Rule, *Hit) error) error {
	senses, judge := sense.New(*e.opt.Senses), e.Judge()
	var failed error
	found := func(f *sense.Finding) {
		if f.Open {
			return // it is told as a whole at its end
		}
		for _, h := range judge(f) {
			if failed == nil {
				failed = tell(h.Rule, h.Hit)
			}
		}
	}
	words := &pack.Words{}
	var x sight.Sighting
	err := e.sighted.sorter.Each(func(k *order.Item) error {
		if !x.Decode(k.Data, words) {
			return errDamaged
		}
		x.Time, x.Ref = k.Time, EventRef{File: k.Path, Record: k.Record}
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
