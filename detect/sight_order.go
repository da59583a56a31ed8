package detect

import "github.com/tocsin-sec/tocsin/sigma"

// sightSorter puts the sightings of a whole input into the order of time, with the memory of a Sorter.
type sightSorter struct {
	rule   sigma.Rule // in place of the rules of observations
	sorter *Sorter
	next   Observation
	notes  []string // of the detectors, when they are done
}

func newSightSorter(open func() (Spill, error)) *sightSorter {
	s := &sightSorter{}
	s.sorter = NewSorter([]*sigma.Rule{&s.rule}, open)
	s.next.Rule = &s.rule
	return s
}

func (s *sightSorter) add(list []Sighting) error {
	for i := range list {
		x := &list[i]
		s.next.Time, s.next.Ref, s.next.Fields = x.Time, x.Ref, x.fields(s.next.Fields)
		if err := s.sorter.Add(&s.next); err != nil {
			return err
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
	senses.tell = found
	err := e.sighted.sorter.Each(func(o *Observation) error {
		var x Sighting
		if !x.of(o) {
			return errDamaged
		}
		senses.see(&x)
		return failed
	})
	if err != nil {
		return err
	}
	senses.Finish(found)
	e.sighted.notes = senses.Notes()
	return failed
}
