package sight

import "github.com/tocsin-sec/tocsin/event"

// Watch makes the sightings of batches of events. It belongs to one goroutine.
type Watch struct {
	sights  *sights // nil where only indicators are looked for
	known   *known  // nil where there are no indicators
	looking bool    // there are some for the batch at hand
}

// NewWatch makes a watch for what detectors want to know, and for indicators, nil where there are none. Lists of
// sightings that nobody uses any more come again from spare, which may be nil.
func NewWatch(detectors bool, indicators *Indicators, spare <-chan []Sighting) *Watch {
	w := &Watch{}
	if indicators != nil {
		w.known = newKnown(indicators)
	}
	if detectors {
		w.sights = newSights(spare)
	}
	return w
}

// Begin begins a batch, with the indicators that are in force now.
func (w *Watch) Begin() { w.looking = w.known != nil && w.known.begin() }

// See takes note of one event.
func (w *Watch) See(ev *event.Event) {
	if w.looking {
		w.known.see(ev)
	}
	if w.sights != nil {
		w.sights.see(ev)
	}
}

// Take returns the sightings of the batch. They share no memory with it.
func (w *Watch) Take() []Sighting {
	var list []Sighting
	if w.sights != nil {
		list = w.sights.take()
	}
	if w.looking {
		list = w.known.take(list)
	}
	return list
}
