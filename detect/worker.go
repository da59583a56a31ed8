package detect

import (
	"hash/maphash"
	"slices"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sight"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Worker matches batches of events. It belongs to one goroutine.
type Worker struct {
	engine   *Engine
	matcher  *sigma.Matcher
	tellings map[*event.Shape]*telling
	buf      []byte

	tellingFields int // of all tellings
	usual         int // hits of the batch before: as much room is made for those of the next
	usualSeen     int // observations, likewise
	lately        *lately

	watch *sight.Watch // nil where no detector runs

	told     bool // event and entities are of the event at hand, which has hit before
	observed bool // an observation was made of it
	event    []byte
	entities Entities
}

// Result is what a batch held. It shares no memory with the batch.
type Result struct {
	Hits         []EventHit // in the order of the events, and of the rules for each
	Observations []Observation
	Sightings    []sight.Sighting // what detectors want of the events, where Options.Senses is set
	Events       int64            // that were in the time asked for
	First, Last  int64            // the earliest and the latest time of them, nanoseconds since 1970; 0 where none states one
	Unread       []event.Unread
}

// EventHit is a hit of a single event.
type EventHit struct {
	Rule  *sigma.Rule
	Hit   Hit
	Index int // of the event in its batch
}

// NewWorker returns a Worker for one goroutine.
func (e *Engine) NewWorker() *Worker {
	w := &Worker{engine: e, matcher: e.sigma.NewMatcher(), tellings: make(map[*event.Shape]*telling), lately: &lately{seed: maphash.MakeSeed()}}
	if e.opt.Senses != nil {
		w.watch = sight.NewWatch(!e.opt.Senses.Quiet(), e.opt.Indicators, e.spareSights)
	}
	return w
}

// Match finds the hits of a batch.
func (w *Worker) Match(b *event.Batch) *Result {
	r := &Result{Unread: slices.Clone(b.Unread)}
	if w.watch != nil {
		w.watch.Begin()
	}
	for i := range b.Events {
		ev := &b.Events[i]
		if !w.engine.opt.inTime(ev) {
			continue
		}
		r.Events++
		if ev.Time != 0 {
			if r.First == 0 || ev.Time < r.First {
				r.First = ev.Time
			}
			r.Last = max(r.Last, ev.Time)
		}
		if w.watch != nil {
			w.watch.See(ev)
		}
		w.told, w.observed = false, false
		for _, rule := range w.matcher.Match(ev) {
			if r.Hits == nil {
				r.Hits = make([]EventHit, 0, min(max(w.usual, 1), maxUsual))
			}
			w.hit(r, ev, rule, i)
		}
	}
	if w.watch != nil {
		r.Sightings = w.watch.Take()
	}
	w.usual, w.usualSeen = len(r.Hits), len(r.Observations)
	return r
}

// maxUsual bounds the room that is made for hits before there are any.
const maxUsual = 256

func (w *Worker) hit(r *Result, ev *event.Event, rule int32, index int) {
	e := w.engine
	sr := e.sigma.Rules()[rule]
	if !w.told {
		w.told, w.event, w.entities = true, nil, w.entitiesOf(ev)
	}
	if e.refers[rule] {
		o := w.observe(r, len(e.needs[rule]))
		o.also, w.observed = w.observed, true
		o.Rule, o.Time, o.Ref, o.Entities = sr, ev.Time, EventRef{File: ev.Origin.Path, Record: ev.Record}, w.entities
		for i, f := range e.needs[rule] {
			o.Fields[i] = w.lately.text(w.matcher.Field(rule, f).String())
		}
	}
	if !e.tell[rule] {
		return
	}
	if w.event == nil {
		w.event = w.eventJSON(ev)
	}
	h := Hit{
		Type: "hit", Time: ev.When(), Rule: hitRule(sr), File: ev.Origin.Path, Record: ev.Record,
		LogSource: w.matcher.LogSource(rule), Entities: w.entities, Event: w.event,
	}
	reasons := w.matcher.Explain(rule)
	h.Matched = make([]Matched, len(reasons))
	for i, m := range reasons {
		h.Matched[i] = Matched{Field: m.Field, Value: excerpt(m.Value, m.At), By: m.By}
	}
	r.Hits = append(r.Hits, EventHit{Rule: sr, Hit: h, Index: index})
}

// own returns a copy that keeps no block of input alive.
func own(s string) string { return string([]byte(s)) }

// excerpt shortens a value to MaxMatchedValue bytes around a place in it, at the bounds of characters; where it does, the
// result is a copy.
func excerpt(s string, at int) string {
	if len(s) <= MaxMatchedValue {
		return s
	}
	const mark = "…"
	room := MaxMatchedValue - 2*len(mark)
	from := max(0, min(at-room/4, len(s)-room))
	to := from + room
	for from > 0 && !utf8.RuneStart(s[from]) {
		from++
	}
	for to < len(s) && to > from && !utf8.RuneStart(s[to]) {
		to--
	}
	out := s[from:to]
	if from > 0 {
		out = mark + out
	}
	if to < len(s) {
		out += mark
	}
	return own(out)
}

// eventJSON renders an event's native fields as an object, in the order of the source.
func (w *Worker) eventJSON(ev *event.Event) []byte {
	keys := w.telling(ev.Shape).keys
	b := append(w.buf[:0], '{')
	for i := range ev.Values {
		v := &ev.Values[i]
		if v.Kind == event.Missing {
			continue
		}
		key := keys[i]
		if len(b) == 1 {
			key = key[1:]
		}
		b = v.AppendJSON(append(b, key...))
	}
	w.buf = append(b, '}')
	out := slices.Clone(w.buf)
	if cap(w.buf) > event.MaxRecord/16 {
		w.buf = nil
	}
	return out
}
