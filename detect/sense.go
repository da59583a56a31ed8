package detect

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
)

// Senses are the detectors that are no rules: what was never seen before, volumes out of the ordinary, beacons, tunnels.
// They are given sightings, in any order, and say findings, each once or again under the same key as it grows.
//
// Sightings wait until Advance says that none earlier is to be expected, and then go on in the order of their time, their
// place and their content. So the same sightings make the same findings, in one batch or many, by hunt or by serve. What
// comes later than that goes on at once. Time is the events' own.
//
// Memory is bounded: each detector states its bounds beside its constants and forgets what has been quiet the longest.
// A Senses belongs to one goroutine.
type Senses struct {
	opt       SensesOptions
	queue     pending
	words     interned
	watermark int64
	clock     int64 // the latest time that was seen or advanced to
	learning  bool  // nothing is told
	scratch   []byte
	early     int64
	parts     []sense
	budget    *budget    // of novelties
	names     *nameModel // of what names look like; made when it is asked for
	tell      func(*Finding)
}

// SensesOptions narrow what is told.
type SensesOptions struct {
	Budget int      // novelties told in a day at most; 0 is DefaultBudget, less than 0 is none
	Off    []string // kinds of findings, as Finding.Action calls them, that are not told; AllKinds: all but those of indicators
	// Place says where in the world an address is; nil where nobody knows. It must be quick and always say the same.
	Place func(netip.Addr) Place
	// Endless says that the input goes on for ever, so that a source which stops has fallen silent. Else it may just be
	// the end of a file, and silence is told when it is over.
	Endless bool
}

// AllKinds stands in SensesOptions.Off for all that is worked out from what is usual. Indicators are still told of.
const AllKinds = "all"

// actionListed is what a finding about an indicator is called.
const actionListed = "indicator-match"

func (o *SensesOptions) quiet() bool { return slices.Contains(o.Off, AllKinds) }

// Place is where an address is, as far as is known.
type Place struct {
	Country string // ISO 3166-1 alpha-2, as "DE"
	Network string // who runs the network: "AS3320 Deutsche Telekom AG"
}

// Bounds of a Senses.
const (
	DefaultBudget = 10
	// MaxWaitingSightings bounds the sightings that wait for earlier ones, some 40 MB; the oldest beyond go on.
	MaxWaitingSightings = 1 << 18
)

// sense is one detector of a Senses. It tells by Senses.say. All functions are set.
type sense struct {
	name    string            // of its section of a snapshot
	see     func(s *Sighting) // in the order of time, but for what comes late; it must not keep s, its strings it may
	advance func(now int64)   // all before now has been seen; nanoseconds since 1970
	finish  func()            // nothing more will come: tell what can be told of what is open
	save    func(w *packer)   // what it knows
	load    func(u *unpacker) // reads what save wrote, to its end; where it cannot, it calls u.fail and a new one takes its place
	notes   func() []string   // which bounds were reached, and what that means
}

// senseParts make the detectors. A new one is added here.
var senseParts = [...]func(*Senses) sense{newFirstSeen, newVolume, newReading, newFlood, newListed, newBeacons, newTunnels, newDomains, newICMPTunnels}

// NewSenses returns detectors that have seen nothing.
func NewSenses(opt SensesOptions) *Senses {
	if opt.Budget == 0 {
		opt.Budget = DefaultBudget
	}
	s := &Senses{opt: opt}
	s.reset()
	return s
}

// reset makes the detectors as new.
func (s *Senses) reset() {
	*s = Senses{opt: s.opt, watermark: math.MinInt64, names: s.names}
	for _, make := range senseParts {
		s.parts = append(s.parts, make(s))
	}
}

// model says what names look like. It is made once there is a name to judge: it takes a millisecond, and most logs have none.
func (s *Senses) model() *nameModel {
	if s.names == nil {
		s.names = newNameModel(dgaWords)
	}
	return s.names
}

// Observe takes sightings, and calls tell with what comes of those that need not wait.
func (s *Senses) Observe(list []Sighting, tell func(*Finding)) {
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
		s.scratch = x.append(s.scratch[:0])
		s.queue.add(waiting{time: x.Time, record: x.Ref.Record, path: x.Ref.File, data: slices.Clone(s.scratch)})
	}
	for s.queue.count() > MaxWaitingSightings {
		s.early++
		w := s.queue.pop()
		s.watermark = max(s.watermark, w.time)
		s.release(&w)
	}
	s.tell = nil
}

// Advance says that no sighting of before now is to be expected, in nanoseconds since 1970, and calls tell with what is
// known by that.
func (s *Senses) Advance(now int64, tell func(*Finding)) {
	if now <= s.watermark || now == 0 {
		return
	}
	s.tell = tell
	s.watermark = now
	for s.queue.before(now) {
		w := s.queue.pop()
		s.release(&w)
	}
	s.advance(now)
	s.tell = nil
}

// Learn takes sightings of the past in the order of their time: they become what is normal, and nothing is told of them.
func (s *Senses) Learn(list []Sighting) {
	s.learning = true
	for i := range list {
		if list[i].Time != 0 {
			s.see(&list[i])
		}
	}
	s.learning = false
}

// See takes a sighting that none earlier will follow, which goes on at once, and calls tell with what comes of it.
func (s *Senses) See(x *Sighting, tell func(*Finding)) {
	s.tell = tell
	s.see(x)
	s.tell = nil
}

// Finish tells what waits, as if nothing more would ever come.
func (s *Senses) Finish(tell func(*Finding)) {
	s.tell = tell
	for s.queue.count() > 0 {
		w := s.queue.pop()
		s.release(&w)
	}
	for i := range s.parts {
		s.parts[i].finish()
	}
	s.tell = nil
}

func (s *Senses) release(w *waiting) {
	var x Sighting
	if x.decode(w.data, &s.words) { // always: it was encoded here, or checked when it was restored
		x.Time, x.Ref = w.time, EventRef{File: w.path, Record: w.record}
		s.see(&x)
	}
}

func (s *Senses) see(x *Sighting) {
	if x.Time > s.clock {
		s.advance(x.Time)
	}
	for i := range s.parts {
		s.parts[i].see(x)
	}
}

func (s *Senses) advance(now int64) {
	if now <= s.clock {
		return
	}
	s.clock = now
	for i := range s.parts {
		s.parts[i].advance(now)
	}
}

// say tells a finding.
func (s *Senses) say(f *Finding) {
	if s.learning || s.tell == nil || slices.Contains(s.opt.Off, f.Action) || s.opt.quiet() && f.Action != actionListed {
		return
	}
	f.Last = max(f.Last, f.Time)
	s.tell(f)
}

// Notes says which bounds were reached, and what that means for the result.
func (s *Senses) Notes() []string {
	var notes []string
	if s.early > 0 {
		notes = append(notes, fmt.Sprintf("%d events were judged before others that may have preceded them came, because too many waited", s.early))
	}
	for i := range s.parts {
		notes = append(notes, s.parts[i].notes()...)
	}
	return notes
}
