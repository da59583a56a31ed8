package live

import (
	"fmt"
	"time"

	"github.com/tocsin-sec/tocsin/source"
)

// watch notices sources that fall silent and sources whose clock is wrong. A source is an origin and its sender.
//
// What is silent is learnt: a source that has brought something in at least spokenTimes different minutes is silent when
// it says nothing for three times its longest pause so far, and for leastSilence at least; Options.Silence, where it is
// set, stands in place of that. A clock is wrong if the newest event of a delivery that is not from the past (see
// source.Delivery.Behind) states a time that is further from that of its arrival than Options.Skew, three times running;
// whose clock it is, see judge.
type watch struct {
	line    *Line
	sources map[sourceKey]*sourceSeen
	ours    bool // the clock of this machine was told to be wrong

	published int64 // see publish
	count     int   // of the sources then
}

type sourceKey struct{ path, sender string }

// sourceSeen is what is known of one source. Times are nanoseconds since 1970.
type sourceSeen struct {
	first   int64 // arrival of the first
	last    int64 // arrival
	events  int64
	format  string // of what came last
	longest int64  // pause so far
	spoken  int    // minutes in which something came
	silent  bool
	skewed  int           // deliveries running
	off     time.Duration // of the newest event last seen, from its arrival
	stated  int64         // arrival of the delivery that off is of
	wrong   int64         // since when its clock is found wrong; 0: it is not
	judged  bool          // whose clock that is
}

const (
	maxSources   = 10_000
	spokenTimes  = 30
	leastSilence = 15 * time.Minute
	skewedTimes  = 3
)

func newWatch(l *Line) watch { return watch{line: l, sources: make(map[sourceKey]*sourceSeen)} }

// saw takes note of a delivery.
func (w *watch) saw(o *outcome) {
	origin := o.delivery.Block.Origin
	if o.result.Events == 0 || origin.Path == ownPath {
		return
	}
	key := sourceKey{origin.Path, origin.Sender}
	s := w.sources[key]
	if s == nil {
		if len(w.sources) >= maxSources {
			return
		}
		s = &sourceSeen{first: o.arrived, last: o.arrived}
		w.sources[key] = s
	}
	s.events += int64(o.result.Events)
	s.format = origin.Format
	pause := o.arrived - s.last
	if pause > int64(time.Minute) {
		s.spoken++
	}
	if s.silent {
		s.silent = false
		w.line.Notice(source.Notice{
			Action: source.NoticeSpeaking, Stream: origin.Path, Sender: origin.Sender,
			Reason: fmt.Sprintf("it is back after %s", time.Duration(pause).Round(time.Second)),
		})
	}
	if !o.delivery.Behind {
		s.longest = max(s.longest, pause)
		w.clock(s, o)
	}
	s.last = o.arrived
}

// jumped takes note that the clock was set by so much, or that the machine slept for so long.
func (w *watch) jumped(by int64) {
	for _, s := range w.sources {
		s.last += by
		s.skewed, s.wrong, s.judged, s.stated = 0, 0, false, 0 // by which clock they were wrong is not known
	}
	w.ours = false
}

// tick looks for sources that have fallen silent, and tells of wrong clocks.
func (w *watch) tick(now int64) {
	w.judge(now)
	defer w.publish(now)
	for key, s := range w.sources {
		if s.silent {
			continue
		}
		bound := max(3*s.longest, int64(leastSilence))
		if w.line.opt.Silence > 0 {
			bound = int64(w.line.opt.Silence)
		} else if s.spoken < spokenTimes {
			continue
		}
		if now-s.last <= bound {
			continue
		}
		s.silent = true
		w.line.Notice(source.Notice{
			Action: source.NoticeSilent, Stream: key.path, Sender: key.sender, Count: (now - s.last) / int64(time.Second),
			Reason: fmt.Sprintf("nothing came from it for %s; its longest pause before was %s", time.Duration(now-s.last).Round(time.Second), time.Duration(s.longest).Round(time.Second)),
		})
	}
}
