package report

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
)

// sample is what a report tells of one hit.
type sample struct {
	time     time.Time
	file     string
	record   int64
	matched  []detect.Matched // at most maxReasons
	unlisted int              // reasons that are not in matched
	entities detect.Entities
	context  []field // what else is worth knowing of the event
	events   []detect.EventRef
	count    int64 // of a correlation: how many events it is made of

	signature uint64 // of what tells it apart from others of the same rule
	seen      int64  // hits of this signature since it was kept
	number    int64  // of the hit among those of its rule
}

// field is a field of an event.
type field struct{ name, value string }

const (
	maxReasons      = 12
	maxSamples      = 8  // kept of each rule
	maxReplacements = 64 // of samples that are seen often by what is new
)

// samples keeps different hits of a rule.
type samples struct {
	kept     []*sample
	hits     int64
	replaced int
}

// seed is fixed by the process alone, and nothing of it is told: it only guards against collisions that are meant.
var seed = maphash.MakeSeed()

// signature tells hits apart by who and what they are about.
func signature(h *detect.Hit) uint64 {
	var m maphash.Hash
	m.SetSeed(seed)
	for _, list := range [][]string{h.Entities.Hosts, h.Entities.Users, h.Entities.Addresses} {
		for _, s := range list {
			m.WriteString(s)
			m.WriteByte(0)
		}
		m.WriteByte(1)
	}
	for i := range h.Matched {
		m.WriteString(h.Matched[i].Value)
		m.WriteByte(0)
	}
	return m.Sum64()
}

// add keeps a hit if it is unlike those that are kept. Where there is no room, it takes the place of the kind seen most,
// unless that has happened too often; always where it is about somebody new.
func (s *samples) add(h *detect.Hit, somebody bool) {
	s.hits++
	sig := signature(h)
	most := 0
	for i, k := range s.kept {
		if k.signature == sig {
			k.seen++
			return
		}
		if k.seen > s.kept[most].seen {
			most = i
		}
	}
	if len(s.kept) == maxSamples && (s.kept[most].seen == 1 || s.replaced >= maxReplacements && !somebody) {
		return
	}
	n := newSample(h)
	n.signature, n.seen, n.number = sig, 1, s.hits
	if len(s.kept) < maxSamples {
		s.kept = append(s.kept, n)
		return
	}
	s.replaced++
	s.kept[most] = n
}

// bounded returns the start of a text: a saved run may have been changed, so that what hunt bounds is not bounded there.
func bounded(s string) string { return s[:runeStart(s, min(len(s), detect.MaxMatchedValue))] }

func newSample(h *detect.Hit) *sample {
	s := &sample{time: h.Time, file: strings.Clone(bounded(h.File)), record: h.Record, entities: cloneEntities(&h.Entities), count: h.Count}
	for _, m := range h.Matched[:min(len(h.Matched), maxReasons)] {
		s.matched = append(s.matched, detect.Matched{
			Field: strings.Clone(bounded(m.Field)), Value: strings.Clone(bounded(m.Value)), By: strings.Clone(bounded(m.By)),
		})
	}
	s.unlisted = len(h.Matched) - len(s.matched)
	if n := len(h.Events); n > 0 {
		s.events = append(s.events, h.Events[0])
		if n > 1 {
			s.events = append(s.events, h.Events[n-1])
		}
		for i := range s.events {
			s.events[i].File = strings.Clone(bounded(s.events[i].File))
		}
	}
	s.context = context(h)
	return s
}

// telling returns at most n samples that tell most, in the order of time: of other hosts, persons, addresses and values
// than those before, then the rarest, then the earliest.
func (s *samples) telling(n int) []*sample {
	rest := slices.Clone(s.kept)
	var list []*sample
	seen := make(map[string]bool)
	for len(list) < n && len(rest) > 0 {
		best, news := 0, -1
		for i, c := range rest {
			fresh := c.news(seen)
			if fresh > news || fresh == news && cmp.Or(cmp.Compare(c.seen, rest[best].seen), cmp.Compare(c.number, rest[best].number)) < 0 {
				best, news = i, fresh
			}
		}
		c := rest[best]
		rest = slices.Delete(rest, best, best+1)
		for name := range c.names() {
			seen[name] = true
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b *sample) int { return cmp.Or(a.time.Compare(b.time), cmp.Compare(a.number, b.number)) })
	return list
}

// news counts the kinds of things (hosts, users, addresses, values) of which a sample has one that is not yet seen.
func (c *sample) news(seen map[string]bool) int {
	kinds := make(map[byte]bool)
	for name := range c.names() {
		if !seen[name] {
			kinds[name[0]] = true
		}
	}
	return len(kinds)
}

// names yields what a sample is about, each with a letter for its kind before it.
func (c *sample) names() func(func(string) bool) {
	return func(yield func(string) bool) {
		for kind, list := range [][]string{c.entities.Hosts, c.entities.Users, c.entities.Addresses} {
			for _, s := range list {
				if !yield("hua"[kind:kind+1] + s) {
					return
				}
			}
		}
		for i := range c.matched {
			if !yield("v" + c.matched[i].Value) {
				return
			}
		}
	}
}
