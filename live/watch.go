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
// source.Delivery.Behind) states a time that is further from that of its arrival than Options.Skew, three times running.
type watch struct {
	line    *Line
	sources map[sourceKey]*sourceSeen
}

type sourceKey struct{ path, sender string }

// sourceSeen is what is known of one source. Times are nanoseconds since 1970.
type sourceSeen struct {
	last    int64 // arrival
	longest int64 // pause so far
	spoken  int   // minutes in which something came
	silent  bool
	skewed  int // deliveries running
	wrong   bool
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
		s = &sourceSeen{last: o.arrived}
		w.sources[key] = s
	}
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
		w.clock(key, s, o)
	}
	s.last = o.arrived
}

// clock judges the time that a source states.
func (w *watch) clock(key sourceKey, s *sourceSeen, o *outcome) {
	if o.newest == 0 {
		return
	}
	off := time.Duration(o.newest - o.arrived)
	if off.Abs() <= w.line.opt.Skew {
		s.skewed, s.wrong = 0, false
		return
	}
	if s.skewed++; s.skewed < skewedTimes || s.wrong {
		return
	}
	s.wrong = true
	way := "ahead of"
	if off < 0 {
		way = "behind"
	}
	w.line.Notice(source.Notice{
		Action: source.NoticeSkewed, Stream: key.path, Sender: key.sender, Count: int64(off.Abs() / time.Second),
		Reason: fmt.Sprintf("its times are %s %s those of arrival: its clock or its time zone is wrong", off.Abs().Round(time.Second), way),
	})
}

// jumped takes note that the clock was set by so much, or that the machine slept for so long.
func (w *watch) jumped(by int64) {
	for _, s := range w.sources {
		s.last += by
	}
}

// tick looks for sources that have fallen silent.
func (w *watch) tick(now int64) {
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
