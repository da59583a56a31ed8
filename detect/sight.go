package detect

import (
	"hash/maphash"
	"net/netip"

	"github.com/tocsin-sec/tocsin/event"
)

// sightPlan says how the events of one shape are read by the detectors. It is worked out once.
type sightPlan struct {
	read func(w *sights, p *sightPlan, ev *event.Event) // nil where no detector cares
	slot [sightSlots]event.Slot
	// dataset is the name of the format.
	dataset string
	tally   bool
}

// The fields that readers ask for, as places in sightPlan.slot.
const (
	slotHost = iota
	slotUser
	slotSource
	slotDestination
	slotPort
	slotAction
	slotOutcome
	slotGroup
	slotTarget
	slotProgram
	slotParent
	sightSlots
)

// sights makes the sightings of batches. It belongs to one Worker.
type sights struct {
	plans map[*event.Shape]*sightPlan
	last  *event.Shape
	plan  *sightPlan
	words spoken
	buf   []byte
	out   []Sighting
	usual int
}

func newSights() *sights {
	return &sights{plans: make(map[*event.Shape]*sightPlan), words: spoken{seed: maphash.MakeSeed()}}
}

// see takes note of one event.
func (w *sights) see(ev *event.Event) {
	if ev.Shape != w.last {
		w.last, w.plan = ev.Shape, w.planOf(ev.Shape)
	}
	p := w.plan
	if p.read != nil && ev.Time != 0 {
		p.read(w, p, ev)
	}
}

// planOf returns the plan of a shape.
func (w *sights) planOf(s *event.Shape) *sightPlan {
	p := w.plans[s]
	if p == nil {
		p = newSightPlan(s)
		if len(w.plans) < maxTellings && !s.Transient {
			w.plans[s] = p
		}
	}
	return p
}

// take returns the sightings of the batch.
func (w *sights) take() []Sighting {
	out := w.out
	w.out, w.usual = nil, len(out)
	return out
}

// add appends a sighting of an event.
func (w *sights) add(kind Sight, p *sightPlan, ev *event.Event) *Sighting {
	if w.out == nil {
		w.out = make([]Sighting, 0, min(max(w.usual, 4), maxSpareList))
	}
	w.out = append(w.out, Sighting{Kind: kind, Time: ev.Time, Count: 1, Dataset: p.dataset, Ref: EventRef{File: ev.Origin.Path, Record: ev.Record}})
	return &w.out[len(w.out)-1]
}

// text returns what stands in a field, without keeping the block alive.
func (w *sights) text(p *sightPlan, slot int, ev *event.Event) string {
	if !p.slot[slot].Found() {
		return ""
	}
	return w.words.text(p.slot[slot].Value(ev))
}

// address returns the address in a field, the zero Addr where there is none.
func (w *sights) address(p *sightPlan, slot int, ev *event.Event) netip.Addr {
	if !p.slot[slot].Found() {
		return netip.Addr{}
	}
	return w.words.address(p.slot[slot].Value(ev))
}

// spoken remembers values that events had lately, in the bytes in which they stood there.
type spoken struct {
	seed   maphash.Seed
	recent [4096]said
}

type said struct {
	raw  string
	kind event.Kind
	read bool // as an address
	text string
	addr netip.Addr
}

// maxSaid bounds a value that is remembered, in bytes.
const maxSaid = 256

func (s *spoken) of(v event.Value) *said {
	at := &s.recent[maphash.String(s.seed, v.Raw)%uint64(len(s.recent))]
	if at.kind != v.Kind || at.raw != v.Raw {
		*at = said{raw: own(v.Raw), kind: v.Kind}
		at.text = own(v.String())
	}
	return at
}

func (s *spoken) text(v event.Value) string {
	if v.Kind <= event.Null || len(v.Raw) == 0 {
		return ""
	}
	if len(v.Raw) > maxSaid {
		return shorten(own(v.String()))
	}
	return s.of(v).text
}

func (s *spoken) address(v event.Value) netip.Addr {
	if v.Kind <= event.Null || len(v.Raw) < 2 || len(v.Raw) > maxSaid {
		return netip.Addr{}
	}
	at := s.of(v)
	if !at.read {
		at.read = true
		a, err := netip.ParseAddr(at.text)
		if err == nil {
			at.addr = a.Unmap().WithZone("")
		}
	}
	return at.addr
}
