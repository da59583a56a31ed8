package detect

import (
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/pack"
)

const (
	refsHead       = MaxEventRefs / 2
	refsTail       = MaxEventRefs - refsHead
	refCost        = 48
	maxTuples      = 1024 // different combinations that a hit passes on
	maxHitEntities = 100  // of one kind that a hit names
	maxParts       = 256  // hits of inner correlations that a hit is made of

	goesOn = 3600e9 // after this time, in nanoseconds, an open burst that grows slowly is told of again
)

// seenEvent is an event that a burst is made of.
type seenEvent struct {
	time   int64
	record int64
	file   string
}

// refList keeps the first and the last of the events added to it.
type refList struct {
	head []seenEvent
	tail []seenEvent // a ring once it is full
	next int         // place in tail of the next
}

func (l *refList) add(e seenEvent) (cost int64) {
	switch {
	case len(l.head) < refsHead:
		l.head = append(l.head, e)
		return refCost
	case len(l.tail) < refsTail:
		l.tail = append(l.tail, e)
		return refCost
	}
	l.tail[l.next] = e
	l.next = (l.next + 1) % refsTail
	return 0
}

// all appends the events in the order in which they were added.
func (l *refList) all(dst []seenEvent) []seenEvent {
	dst = append(dst, l.head...)
	dst = append(dst, l.tail[l.next:]...)
	return append(dst, l.tail[:l.next]...)
}

// burst is a hit that may still go on.
type burst struct {
	first, last int64 // when the condition first became true, and when it was last
	ref         EventRef
	by          []string // users of the event at ref, at most maxActors
	value       float64
	held        bool // of a late group: the condition held when the window ended
	count       int64
	list        refList
	parts       []part
	tuples      [][]string // the combinations that were passed on, or will be
	known       map[string]bool
	entities    Entities
	latest      *detail // whose entities were added last
	cost        int64
	told        int64 // how many events it had when it was last told of while open; 0 is never
	toldAt      int64
}

// maxActors bounds the users of the event that completed a hit.
const maxActors = 4

// actors are the users of the event that completes a hit.
func actors(e *Entities) []string { return slices.Clone(e.Users[:min(len(e.Users), maxActors)]) }

// part is a hit of an inner correlation, as it was when it was last taken into account.
type part struct {
	inner *burst
	count int64
	list  []seenEvent
}

// add makes an event, or the hit of an inner correlation, part of the burst.
func (b *burst) add(e *entry) {
	d := e.detail
	if d != nil && d.inner != nil {
		b.include(d.inner)
		return
	}
	b.count++
	b.cost += b.list.add(seenEvent{time: e.time, record: e.record, file: e.file})
	if d != nil && d != b.latest {
		b.latest = d
		b.cost += b.entities.merge(&d.entities)
	}
}

func (b *burst) include(inner *burst) {
	i := slices.IndexFunc(b.parts, func(p part) bool { return p.inner == inner })
	if i < 0 {
		if len(b.parts) == maxParts {
			b.count += inner.total()
			return
		}
		i = len(b.parts)
		b.parts = append(b.parts, part{inner: inner})
		b.cost += refCost
	}
	p := &b.parts[i]
	before := len(p.list)
	p.count, p.list = inner.total(), inner.events(p.list[:0])
	if cap(p.list) > 2*MaxEventRefs {
		p.list = slices.Clone(p.list)
	}
	b.cost += 2 * refCost * int64(len(p.list)-before) // twice, as the list may be half full
	b.cost += b.entities.merge(&inner.entities)
}

// total returns how many events the burst is made of.
func (b *burst) total() int64 {
	n := b.count
	for _, p := range b.parts {
		n += p.count
	}
	return n
}

// events appends the events of the burst in order of time, the first and the last of more than MaxEventRefs.
func (b *burst) events(dst []seenEvent) []seenEvent {
	dst = b.list.all(dst)
	if len(b.parts) == 0 {
		return dst
	}
	for _, p := range b.parts {
		dst = append(dst, p.list...)
	}
	slices.SortStableFunc(dst, func(x, y seenEvent) int {
		switch {
		case x.time != y.time:
			if x.time < y.time {
				return -1
			}
			return 1
		case x.file != y.file:
			return strings.Compare(x.file, y.file)
		}
		return int(min(max(x.record-y.record, -1), 1))
	})
	dst = slices.Compact(dst)
	if len(dst) > MaxEventRefs {
		dst = slices.Delete(dst, refsHead, len(dst)-refsTail)
	}
	return dst
}

func (b *burst) refs() []EventRef {
	events := b.events(nil)
	refs := make([]EventRef, len(events))
	for i, e := range events {
		refs[i] = EventRef{File: e.file, Record: e.record}
	}
	return refs
}

// fresh tells whether the combination of values was not passed on before, and notes it. Past maxTuples none is.
func (b *burst) fresh(tuple []string) bool {
	var room [256]byte
	key := room[:0]
	for _, v := range tuple {
		key = appendPart(key, v)
	}
	if b.known[string(key)] || len(b.tuples) == maxTuples {
		return false
	}
	if b.known == nil {
		b.known = make(map[string]bool)
	}
	b.known[string(key)] = true
	b.tuples = append(b.tuples, tuple)
	b.cost += distinctCost + int64(len(key))
	return true
}

// kinds returns the lists, in the order in which they are written.
func (e *Entities) kinds() [4]*[]string {
	return [...]*[]string{&e.Hosts, &e.Users, &e.Addresses, &e.Targets}
}

func (e *Entities) empty() bool {
	return len(e.Hosts) == 0 && len(e.Users) == 0 && len(e.Addresses) == 0
}

func (e *Entities) equal(o *Entities) bool {
	return slices.Equal(e.Hosts, o.Hosts) && slices.Equal(e.Users, o.Users) && slices.Equal(e.Addresses, o.Addresses) &&
		slices.Equal(e.Targets, o.Targets)
}

// clone copies the slices, in order and up to a bound.
func (e *Entities) clone() Entities {
	var c Entities
	c.merge(e)
	return c
}

func (e *Entities) cost() int {
	n := 0
	for _, l := range [...][]string{e.Hosts, e.Users, e.Addresses, e.Targets} {
		for _, v := range l {
			n += 2*stringCost + len(v)
		}
	}
	return n
}

// merge adds o's entities, keeps them sorted, and returns the bytes that this takes. Past a bound it adds no more.
func (e *Entities) merge(o *Entities) (cost int64) {
	for _, l := range [...]struct {
		into *[]string
		from []string
	}{{&e.Hosts, o.Hosts}, {&e.Users, o.Users}, {&e.Addresses, o.Addresses}, {&e.Targets, o.Targets}} {
		for _, v := range l.from {
			at, found := slices.BinarySearch(*l.into, v)
			if found || len(*l.into) >= maxHitEntities {
				continue
			}
			*l.into = slices.Insert(*l.into, at, pack.Shorten(v))
			cost += int64(2*stringCost + len(v))
		}
	}
	return cost
}
