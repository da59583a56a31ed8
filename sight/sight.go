// Package sight makes of events what detectors want to know of them: sightings, small records of those that say something
// (a logon, a program, a connection, a query, an indicator of a list), and one for each source and minute with the number
// of its events.
//
// Workers make them in parallel, one Watch to a goroutine. Sightings share no memory with the events. How a shape of
// events is read is worked out once; an event that says nothing costs no allocation. The package does no I/O and reads no
// clock.
package sight

import (
	"hash/maphash"
	"net/netip"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/pack"
)

// sightPlan says how the events of one shape are read for the detectors. It is worked out once.
type sightPlan struct {
	read    func(w *sights, p *sightPlan, ev *event.Event) // nil where no detector cares for more than their number
	slot    [sightSlots]event.Slot
	dataset string // the name of the format
	tally   bool
	full    bool // of Windows: all fields have been found, not only the event's number

	hostAt, serviceAt int // the places of the values by which events are counted; less than 0 is none

	// Of the tally that was added to last.
	host, service event.Value
	origin        *event.Origin
	from, until   int64 // its minute
	batch         int64 // it was made for
	at            int   // its place in sights.out
}

// sights makes the sightings of batches. It belongs to one Worker.
type sights struct {
	plans  map[*event.Shape]*sightPlan
	fields int
	recent [16]struct { // that were used lately: shapes alternate, and most logs have few
		shape *event.Shape
		plan  *sightPlan
	}
	turn   int
	words  spoken
	out    []Sighting
	spare  <-chan []Sighting
	merged map[mergeKey]int32 // sightings of one minute that are told as one → their places in out
	names  map[*event.Origin]string
	batch  int64
	usual  int
}

// mergeKey is what sightings of a minute have in common that are told as one.
type mergeKey struct {
	kind    Kind
	minute  int64
	dataset string
	a, b, c string
	source  netip.Addr
}

// maxPlans bounds the shapes for which a plan is kept, and maxPlanFields their fields; maxRoom the room that is made for
// sightings before there are any.
const (
	maxPlans      = 4 * event.MaxShapes
	maxPlanFields = event.MaxShapeFields
	maxRoom       = 1 << 14
)

// oneMinute is what a tally is of, in nanoseconds.
const oneMinute = int64(60e9)

func newSights(spare <-chan []Sighting) *sights {
	return &sights{
		plans: make(map[*event.Shape]*sightPlan), words: spoken{seed: maphash.MakeSeed()}, merged: make(map[mergeKey]int32),
		names: make(map[*event.Origin]string), spare: spare,
	}
}

// see takes note of one event.
func (w *sights) see(ev *event.Event) {
	p := w.planOf(ev.Shape)
	if ev.Time == 0 || !p.tally {
		return
	}
	w.count(p, ev)
	if p.read != nil {
		p.read(w, p, ev)
	}
}

// planOf returns the plan of a shape.
func (w *sights) planOf(s *event.Shape) *sightPlan {
	for i := range w.recent {
		if w.recent[i].shape == s {
			return w.recent[i].plan
		}
	}
	p := w.plans[s]
	if p == nil {
		p = newSightPlan(s)
		if fields := len(s.Fields()); len(w.plans) < maxPlans && w.fields+fields <= maxPlanFields && !s.Transient {
			w.plans[s] = p
			w.fields += fields
		}
	}
	w.turn = (w.turn + 1) % len(w.recent)
	w.recent[w.turn].shape, w.recent[w.turn].plan = s, p
	return p
}

// count counts an event for its source in its minute.
func (w *sights) count(p *sightPlan, ev *event.Event) {
	var host, service event.Value
	if p.hostAt >= 0 {
		host = ev.Values[p.hostAt]
	}
	if p.serviceAt >= 0 {
		service = ev.Values[p.serviceAt]
	}
	if p.batch == w.batch && ev.Time >= p.from && ev.Time < p.until && ev.Origin == p.origin && host == p.host && service == p.service {
		w.out[p.at].Count++
		return
	}
	minute := ev.Time - ev.Time%oneMinute
	where := w.words.text(host)
	program := w.words.text(service)
	name := ""
	if where == "" {
		name = w.origin(ev.Origin)
	}
	p.at = w.mergeAt(SawTally, p, ev, mergeKey{dataset: p.dataset, a: where, b: program, c: name, minute: minute})
	s := &w.out[p.at]
	s.Time, s.Host, s.Program, s.Name = minute, where, program, name
	p.batch, p.from, p.until, p.origin, p.host, p.service = w.batch, minute, minute+oneMinute, ev.Origin, host, service
}

// merge returns the sighting of that key in this batch, with one more counted, and makes it where there is none. It is
// valid until the next is made.
func (w *sights) merge(kind Kind, p *sightPlan, ev *event.Event, k mergeKey) *Sighting {
	return &w.out[w.mergeAt(kind, p, ev, k)]
}

func (w *sights) mergeAt(kind Kind, p *sightPlan, ev *event.Event, k mergeKey) int {
	k.kind = kind
	if i, ok := w.merged[k]; ok {
		w.out[i].Count++
		return int(i)
	}
	at := len(w.out)
	if len(w.merged) < maxMerged {
		w.merged[k] = int32(at)
	}
	w.add(kind, p, ev)
	return at
}

// maxMerged bounds the sightings of a batch that more may be added to.
const maxMerged = 1 << 14

// origin names a stream of which the host is not known: its path, without what rotation adds to it.
func (w *sights) origin(o *event.Origin) string {
	name, ok := w.names[o]
	if !ok {
		name = o.Sender
		if name == "" {
			name = unrotated(o.Path)
		}
		if len(w.names) > 4096 {
			clear(w.names)
		}
		w.names[o] = name
	}
	return name
}

// unrotated takes from a path what rotation adds to it: .gz, .1, -20260101.
func unrotated(path string) string {
	for _, ext := range [...]string{".gz", ".xz", ".zst", ".bz2"} {
		path = strings.TrimSuffix(path, ext)
	}
	short := strings.TrimRight(path, "0123456789")
	if n := len(path) - len(short); n > 0 && (n <= 3 || n == 8) && short != "" && (short[len(short)-1] == '.' || short[len(short)-1] == '-') {
		return strings.Clone(short[:len(short)-1])
	}
	return strings.Clone(path)
}

// take returns the sightings of the batch.
func (w *sights) take() []Sighting {
	out := w.out
	w.out, w.usual = nil, len(out)
	clear(w.merged)
	w.batch++
	return out
}

// add appends a sighting of an event.
func (w *sights) add(kind Kind, p *sightPlan, ev *event.Event) *Sighting {
	if w.out == nil {
		select {
		case w.out = <-w.spare:
		default:
			w.out = make([]Sighting, 0, min(max(w.usual, 4), maxRoom))
		}
	}
	w.out = append(w.out, Sighting{Kind: kind, Time: ev.Time, Count: 1, Dataset: p.dataset, Ref: EventRef{File: ev.Origin.Path, Record: ev.Record}})
	return &w.out[len(w.out)-1]
}

// value returns what stands in a field as it stands there.
func (p *sightPlan) value(slot int, ev *event.Event) event.Value {
	if i, ok := p.slot[slot].Direct(); ok {
		return ev.Values[i]
	}
	return p.slot[slot].Value(ev)
}

// raw returns a field's text as it stands in the record; "" where it is kept in a binary form.
func (p *sightPlan) raw(slot int, ev *event.Event) string {
	if v := p.value(slot, ev); v.Kind >= event.Text && v.Kind < event.UTF16 {
		return v.Raw
	}
	return ""
}

// text returns what stands in a field, without keeping the block alive.
func (w *sights) text(p *sightPlan, slot int, ev *event.Event) string {
	return w.words.text(p.value(slot, ev))
}

// low is text in small letters.
func (w *sights) low(p *sightPlan, slot int, ev *event.Event) string {
	return w.words.low(p.value(slot, ev))
}

// address returns the address in a field, the zero Addr where there is none.
func (w *sights) address(p *sightPlan, slot int, ev *event.Event) netip.Addr {
	return w.words.address(p.value(slot, ev))
}

// number returns the number in a field, 0 where there is none.
func (w *sights) number(p *sightPlan, slot int, ev *event.Event) int64 {
	v := p.value(slot, ev)
	switch v.Kind {
	case event.Missing, event.Null:
		return 0
	case event.Text, event.Number:
		n := int64(0)
		for i := range len(v.Raw) {
			c := v.Raw[i] - '0'
			if c > 9 || n > 1<<52 {
				return slow(v)
			}
			n = n*10 + int64(c)
		}
		return n
	}
	return slow(v)
}

func slow(v event.Value) int64 {
	f, ok := v.Float()
	if !ok || f < 0 || f > 1<<53 {
		return 0
	}
	return int64(f)
}

// spoken remembers values that events had lately, by the bytes in which they stood there.
type spoken struct {
	seed   maphash.Seed
	recent [4096]said
}

type said struct {
	raw       string
	kind      event.Kind
	read, low bool // as an address; in small letters
	text      string
	small     string
	stable    string
	addr      netip.Addr
}

// maxSaid bounds a value that is remembered, in bytes.
const maxSaid = 256

func (s *spoken) of(v event.Value) *said {
	at := &s.recent[maphash.String(s.seed, v.Raw)%uint64(len(s.recent))]
	if at.kind != v.Kind || at.raw != v.Raw {
		*at = said{raw: strings.Clone(v.Raw), kind: v.Kind}
		at.text = strings.Clone(strings.TrimSpace(v.String()))
		if at.text == "-" {
			at.text = ""
		}
	}
	return at
}

func (s *spoken) text(v event.Value) string {
	if v.Kind <= event.Null || len(v.Raw) == 0 {
		return ""
	}
	if len(v.Raw) > maxSaid {
		return strings.Clone(pack.Shorten(v.String()))
	}
	return s.of(v).text
}

func (s *spoken) low(v event.Value) string {
	if v.Kind <= event.Null || len(v.Raw) == 0 || len(v.Raw) > maxSaid {
		return strings.ToLower(s.text(v))
	}
	at := s.of(v)
	if !at.low {
		at.low, at.small = true, strings.ToLower(at.text)
	}
	return at.small
}

// stable is text as stablePath makes it.
func (s *spoken) stable(v event.Value) string {
	if v.Kind <= event.Null || len(v.Raw) == 0 || len(v.Raw) > maxSaid {
		return stablePath(s.text(v))
	}
	at := s.of(v)
	if at.stable == "" {
		at.stable = stablePath(at.text)
	}
	return at.stable
}

func (s *spoken) address(v event.Value) netip.Addr {
	if v.Kind <= event.Null || len(v.Raw) < 2 || len(v.Raw) > maxSaid {
		return netip.Addr{}
	}
	at := s.of(v)
	if !at.read {
		at.read = true
		if a, err := netip.ParseAddr(at.text); err == nil {
			at.addr = a.Unmap().WithZone("")
		}
	}
	return at.addr
}
