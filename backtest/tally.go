package backtest

import (
	"cmp"
	"hash/maphash"
	"maps"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Outcome is what a rule would have done.
type Outcome struct {
	ID        string           `json:"id,omitempty"`
	Title     string           `json:"title"`
	Level     string           `json:"level" enum:"critical,high,medium,low,informational"`
	Kind      string           `json:"kind" enum:"detection,correlation"`
	InForce   bool             `json:"in_force"`
	Hits      int64            `json:"hits"`
	Alerts    int64            `json:"alerts"` // hits about one entity within a day are one
	PerDay    float64          `json:"alerts_per_day"`
	Days      map[string]int64 `json:"days,omitempty"` // hits by day, UTC
	Entities  []EntityCount    `json:"entities,omitempty"`
	Examples  []detect.Hit     `json:"examples,omitempty"`
	Verdicts  []Agreement      `json:"verdicts,omitempty"`
	Compared  *Comparison      `json:"compared,omitempty"`  // with the hits that are kept, of a rule that is in force
	Never     *Never           `json:"never,omitempty"`     // why it has not hit
	Truncated bool             `json:"truncated,omitempty"` // it hit more than is remembered: entities and comparisons are of the first
}

// EntityCount is an entity and how many hits are about it.
type EntityCount struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Hits int64  `json:"hits"`
}

// Bounds of what is remembered of one rule.
const (
	maxExamples  = 5
	maxEntities  = 20_000
	maxMarks     = 500_000
	topEntities  = 10
	maxDays      = 4000
	maxFootsteps = 20_000
)

// tally counts the hits of one rule.
type tally struct {
	rule     *sigma.Rule
	out      Outcome
	entities map[EntityCount]int64 // with Hits 0 → hits
	seed     maphash.Seed
	marks    map[uint64]struct{} // of hits: file, record and time
	places   map[uint64]struct{} // of events that belong to hits: file and record
	spread   map[string]bool     // days that there is an example of
	kept     map[uint64]bool     // of a rule that is in force: what its kept hits are known by
	keptHits []keptHit
}

func newTally(r *sigma.Rule) *tally {
	kind := "detection"
	if r.Correlation != nil {
		kind = "correlation"
	}
	return &tally{
		rule: r, out: Outcome{ID: r.ID, Title: r.Title, Level: r.Level.String(), Kind: kind, Days: make(map[string]int64)},
		entities: make(map[EntityCount]int64), seed: maphash.MakeSeed(), marks: make(map[uint64]struct{}), places: make(map[uint64]struct{}),
		spread: make(map[string]bool),
	}
}

// mark is what a hit is told from others by: its event's place, and its time where that is given.
func (t *tally) mark(file string, record, at int64) uint64 {
	var h maphash.Hash
	h.SetSeed(t.seed)
	_, _ = h.WriteString(file)
	for _, n := range [2]int64{record, at} {
		for i := range 8 {
			_ = h.WriteByte(byte(n >> (8 * i)))
		}
	}
	return h.Sum64()
}

func (t *tally) hit(h *detect.Hit, at int64) {
	t.out.Hits++
	if t.kept != nil {
		t.compareNew(h, at)
	}
	day := time.Unix(0, at).UTC().Format(time.DateOnly)
	if at != 0 && (len(t.out.Days) < maxDays || t.out.Days[day] > 0) {
		t.out.Days[day]++
	}
	for _, of := range [...]struct {
		kind  string
		names []string
	}{{alert.KindUser, h.Entities.Users}, {alert.KindHost, h.Entities.Hosts}, {alert.KindAddress, h.Entities.Addresses}} {
		for _, name := range of.names {
			e := EntityCount{Kind: of.kind, Name: name}
			if _, known := t.entities[e]; known || len(t.entities) < maxEntities {
				t.entities[e]++
			} else {
				t.out.Truncated = true
			}
		}
	}
	if len(t.marks) < maxMarks && len(t.places) < 2*maxMarks {
		t.marks[t.mark(h.File, h.Record, at)] = struct{}{}
		t.places[t.mark(h.File, h.Record, 0)] = struct{}{}
		for _, ref := range h.Events {
			t.places[t.mark(ref.File, ref.Record, 0)] = struct{}{}
		}
	} else {
		t.out.Truncated = true
	}
	if len(t.out.Examples) < maxExamples && !t.spread[day] {
		t.spread[day] = true // examples of several days say more
		t.out.Examples = append(t.out.Examples, *h)
	}
}

func (t *tally) finish(days float64) {
	if whole := max(days, 1); t.out.Alerts > 0 {
		t.out.PerDay = float64(t.out.Alerts) / whole
	}
	list := make([]EntityCount, 0, len(t.entities))
	for e, n := range t.entities {
		e.Hits = n
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b EntityCount) int {
		return cmp.Or(cmp.Compare(b.Hits, a.Hits), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	t.out.Entities = list[:min(len(list), topEntities)]
	if t.kept != nil {
		t.compareLost()
	}
}

// desk makes alerts of the hits, as a line does.
type desk struct {
	desk      *alert.Desk
	untold    int
	footsteps map[string]footstep // by the alert's key
	full      bool
}

// footstep is when and about whom an alert would have been.
type footstep struct {
	rule        string
	first, last int64
	names       []string // of entities
}

// placeEvery bounds the hits that alerts are made of at once.
const placeEvery = 10_000

func newDesk(silences []alert.Silence) *desk {
	return &desk{desk: alert.NewDesk(alert.Options{Silences: silences}), footsteps: make(map[string]footstep)}
}

// take returns how many hits the alert has that a hit belongs to.
func (d *desk) take(r *sigma.Rule, h *detect.Hit, at int64) int64 {
	x := live.LooseHit(r, h)
	x.Time = at
	n := d.desk.Take(&x)
	if d.untold++; d.untold >= placeEvery {
		d.settle()
	}
	return n
}

func (d *desk) settle() {
	d.untold = 0
	for _, a := range d.desk.Place().Alerts {
		if _, known := d.footsteps[a.Key]; !known && len(d.footsteps) >= maxFootsteps {
			d.full = true
			continue
		}
		f := footstep{rule: a.RuleID, first: a.First, last: a.Last}
		for _, e := range a.Entities() {
			f.names = append(f.names, e.Name)
		}
		d.footsteps[a.Key] = f
	}
}

func (d *desk) notes() []string {
	if !d.full {
		return nil
	}
	return []string{"there would have been more alerts than are compared with incidents by whom they are about; the first were"}
}

// of returns the alerts that a rule would have raised.
func (d *desk) of(r *sigma.Rule) []footstep {
	id := cmp.Or(r.ID, r.Title)
	return slices.DeleteFunc(slices.Collect(maps.Values(d.footsteps)), func(f footstep) bool { return f.rule != id })
}
