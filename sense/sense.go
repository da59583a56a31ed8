// Package sense finds what is out of the ordinary, which no rule can name beforehand: what was never seen before, volumes
// and floods, beacons, tunnels, names that nobody chose, and what stands on a list of indicators.
//
// It is given sightings (package sight), in any order, and says findings; rules judge those. Time is the events' own, and
// the same sightings make the same findings in one batch or many, before and after a restart. The package does no I/O and
// reads no clock. A Detectors belongs to one goroutine, keeps no memory that it is given but strings, and bounds its own.
package sense

import (
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

// Detectors are the detectors that are no rules: what was never seen before, volumes out of the ordinary, beacons, tunnels.
// They are given sightings, in any order, and say findings, each once or again under the same key as it grows.
//
// Sightings wait until Advance says that none earlier is to be expected, and then go on in the order of their time, their
// place and their content. So the same sightings make the same findings, in one batch or many, by hunt or by serve. What
// comes later than that goes on at once. Time is the events' own.
//
// Memory is bounded: each detector states its bounds beside its constants and forgets what has been quiet the longest.
// A Detectors belongs to one goroutine.
type Detectors struct {
	opt       Options
	queue     order.Queue
	words     pack.Words
	watermark int64
	clock     int64 // the latest time that was seen or advanced to
	learning  bool  // nothing is told
	scratch   []byte
	early     int64
	parts     []detector
	budget    *budget    // of novelties
	names     *nameModel // of what names look like; made when it is asked for
	tell      func(*Finding)
}

// Options narrow what is told.
type Options struct {
	Budget int      // novelties told in a day at most; 0 is DefaultBudget, less than 0 is none
	Off    []string // kinds of findings, as Finding.Action calls them, that are not told; AllKinds: all but those of indicators
	// Place says where in the world an address is; nil where nobody knows. It must be quick and always say the same.
	Place func(netip.Addr) Place
	// Endless says that the input goes on for ever, so that a source which stops has fallen silent. Else it may just be
	// the end of a file, and silence is told when it is over.
	Endless bool
}

// AllKinds stands in Options.Off for all that is worked out from what is usual. Indicators are still told of.
const AllKinds = "all"

// actionListed is what a finding about an indicator is called.
const actionListed = "indicator-match"

// Quiet says that only indicators are told of.
func (o *Options) Quiet() bool { return slices.Contains(o.Off, AllKinds) }

// Place is where an address is, as far as is known.
type Place struct {
	Country string // ISO 3166-1 alpha-2, as "DE"
	Network string // who runs the network: "AS3320 Deutsche Telekom AG"
}

// Bounds of a Detectors.
const (
	DefaultBudget = 10
	// maxWaiting bounds the sightings that wait for earlier ones, some 40 MB; the oldest beyond go on.
	maxWaiting = 1 << 18
)

// detector is one detector of a Detectors. It tells by Detectors.say. All functions are set.
type detector struct {
	name    string                  // of its section of a snapshot
	see     func(s *sight.Sighting) // in the order of time, but for what comes late; it must not keep s, its strings it may
	advance func(now int64)         // all before now has been seen; nanoseconds since 1970
	finish  func()                  // nothing more will come: tell what can be told of what is open
	save    func(w *pack.Packer)    // what it knows
	load    func(u *pack.Unpacker)  // reads what save wrote, to its end; where it cannot, it calls u.fail and a new one takes its place
	notes   func() []string         // which bounds were reached, and what that means
}

// senseParts make the detectors. A new one is added here.
var senseParts = [...]func(*Detectors) detector{newFirstSeen, newVolume, newReading, newFlood, newListed, newBeacons, newTunnels, newDomains, newICMPTunnels}

// New returns detectors that have seen nothing.
func New(opt Options) *Detectors {
	if opt.Budget == 0 {
		opt.Budget = DefaultBudget
	}
	s := &Detectors{opt: opt}
	s.reset()
	return s
}

// reset makes the detectors as new.
func (s *Detectors) reset() {
	*s = Detectors{opt: s.opt, watermark: math.MinInt64, names: s.names}
	for _, make := range senseParts {
		s.parts = append(s.parts, make(s))
	}
}

// model says what names look like. It is made once there is a name to judge: it takes a millisecond, and most logs have none.
func (s *Detectors) model() *nameModel {
	if s.names == nil {
		s.names = newNameModel(dgaWords)
	}
	return s.names
}

// Observe takes sightings, and calls tell with what comes of those that need not wait.
func (s *Detectors) Observe(list []sight.Sighting, tell func(*Finding)) {
	s.tell = tell
	for i := range list {
		x := &list[i]
		if x.Time == 0 {
			continue
		}
		if x.Time < s.watermark {
			s.see(x)
			continue
		}
		s.scratch = x.Append(s.scratch[:0])
		s.queue.Add(order.Item{Time: x.Time, Record: x.Ref.Record, Path: x.Ref.File, Data: slices.Clone(s.scratch)})
	}
	for s.queue.Len() > maxWaiting {
		s.early++
		w := s.queue.Pop()
		s.watermark = max(s.watermark, w.Time)
		s.release(&w)
	}
	s.tell = nil
}

// Advance says that no sighting of before now is to be expected, in nanoseconds since 1970, and calls tell with what is
// known by that.
func (s *Detectors) Advance(now int64, tell func(*Finding)) {
	if now <= s.watermark || now == 0 {
		return
	}
	s.tell = tell
	s.watermark = now
	for s.queue.Before(now) {
		w := s.queue.Pop()
		s.release(&w)
	}
	s.advance(now)
	s.tell = nil
}

// Learn takes sightings of the past in the order of their time: they become what is normal, and nothing is told of them.
func (s *Detectors) Learn(list []sight.Sighting) {
	s.learning = true
	for i := range list {
		if list[i].Time != 0 {
			s.see(&list[i])
		}
	}
	s.learning = false
}

// See takes a sighting that none earlier will follow, which goes on at once, and calls tell with what comes of it.
func (s *Detectors) See(x *sight.Sighting, tell func(*Finding)) {
	s.tell = tell
	s.see(x)
	s.tell = nil
}

// Finish tells what waits, as if nothing more would ever come.
func (s *Detectors) Finish(tell func(*Finding)) {
	s.tell = tell
	for s.queue.Len() > 0 {
		w := s.queue.Pop()
		s.release(&w)
	}
	for i := range s.parts {
		s.parts[i].finish()
	}
	s.tell = nil
}

func (s *Detectors) release(w *order.Item) {
	var x sight.Sighting
	if x.Decode(w.Data, &s.words) { // always: it was encoded here, or checked when it was restored
		x.Time, x.Ref = w.Time, sight.EventRef{File: w.Path, Record: w.Record}
		s.see(&x)
	}
}

func (s *Detectors) see(x *sight.Sighting) {
	if x.Time > s.clock {
		s.advance(x.Time)
	}
	for i := range s.parts {
		s.parts[i].see(x)
	}
}

func (s *Detectors) advance(now int64) {
	if now <= s.clock {
		return
	}
	s.clock = now
	for i := range s.parts {
		s.parts[i].advance(now)
	}
}

// say tells a finding.
func (s *Detectors) say(f *Finding) {
	if s.learning || s.tell == nil || slices.Contains(s.opt.Off, f.Action) || s.opt.Quiet() && f.Action != actionListed {
		return
	}
	f.Last = max(f.Last, f.Time)
	s.tell(f)
}

// Notes says which bounds were reached, and what that means for the result.
func (s *Detectors) Notes() []string {
	var notes []string
	if s.early > 0 {
		notes = append(notes, fmt.Sprintf("%d events were judged before others that may have preceded them came, because too many waited", s.early))
	}
	for i := range s.parts {
		notes = append(notes, s.parts[i].notes()...)
	}
	return notes
}
