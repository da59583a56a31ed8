package intel

import "math/bits"

// maxTracked bounds the parts of a pattern that Seen tells apart. Patterns of more are only matched by one observation.
const maxTracked = 62

// Seen tells which parts of the pattern an observation is, as bits in the order in which they are written, and whether it
// matches the whole pattern on its own. Values that cannot be compared match nothing.
func (p *StixPattern) Seen(o *Observation) (parts uint64, whole bool) {
	for i, l := range p.leaves {
		if i >= maxTracked {
			break
		}
		if ok, err := l.expr.matches(o); ok && err == nil {
			parts |= 1 << i
		}
	}
	if parts == 0 {
		return 0, false
	}
	b := &binder{obs: []Observation{*o}, left: []int{max(1, o.Count)}, leaves: make([][]int, len(p.leaves))}
	for i := range min(len(p.leaves), maxTracked) {
		if parts&(1<<i) != 0 {
			b.leaves[i] = []int{0}
		}
	}
	whole, err := b.match(p)
	return parts, whole && err == nil
}

// Has tells whether there is an indicator of a kind.
func (s *Set) Has(k Kind) bool { return s.counts[k] > 0 }

// PatternsOf returns the patterns that speak of any of these types of objects, each once, in their order.
func (s *Set) PatternsOf(types map[string]bool) []*PatternIndicator {
	var list []*PatternIndicator
	for _, p := range s.patterns {
		for _, t := range p.types {
			if types[t] {
				list = append(list, p)
				break
			}
		}
	}
	return list
}

// Part is an observation of which a Tracker keeps only which parts of the pattern it is.
type Part struct {
	Time  int64 // nanoseconds since 1970
	Parts uint64
}

// Tracker decides a pattern of several observations as they come in. It keeps the last maxParts of them.
type Tracker struct {
	pattern *StixPattern
	parts   []Part
}

// maxParts bounds what a Tracker keeps.
const maxParts = 512

// NewTracker returns a Tracker that has seen nothing.
func (p *StixPattern) NewTracker() *Tracker { return &Tracker{pattern: p} }

// Parts returns what is kept, for a snapshot. The caller must not change it.
func (t *Tracker) Parts() []Part { return t.parts }

// Add takes an observation, and tells whether the pattern matches with it: then those that make it match are returned, as
// places in Parts from before, and are forgotten.
func (t *Tracker) Add(p Part) (matched []Part) {
	if len(t.parts) >= maxParts {
		t.parts = append(t.parts[:0], t.parts[len(t.parts)-maxParts/2:]...)
	}
	t.parts = append(t.parts, p)
	b := &binder{obs: make([]Observation, len(t.parts)), left: make([]int, len(t.parts)), leaves: make([][]int, len(t.pattern.leaves)), steps: maxBindings - maxBindings/16}
	for i, q := range t.parts {
		b.obs[i] = Observation{First: q.Time, Last: q.Time, Count: 1}
		b.left[i] = 1
		for m := q.Parts; m != 0; m &= m - 1 {
			if l := bits.TrailingZeros64(m); l < len(b.leaves) {
				b.leaves[l] = append(b.leaves[l], i)
			}
		}
	}
	if ok, err := b.match(t.pattern); !ok || err != nil {
		return nil
	}
	used := make(map[int]bool, len(b.found))
	for _, i := range b.found {
		used[i] = true
	}
	kept := t.parts[:0]
	for i, q := range t.parts {
		if used[i] {
			matched = append(matched, q)
		} else {
			kept = append(kept, q)
		}
	}
	t.parts = kept
	return matched
}

// Restore takes back what Parts gave, in the same order.
func (t *Tracker) Restore(p Part) {
	if len(t.parts) < maxParts {
		t.parts = append(t.parts, p)
	}
}
