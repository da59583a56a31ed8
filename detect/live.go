package detect

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Live counts correlations over a stream that never ends. Its hits are those that Gather and Finish of the Engine find
// in the same observations, whatever their batches and however many streams bring them, as long as none comes later
// than it is waited for.
//
// Observations wait until no earlier one is to be expected: until the watermark has passed their time. They then go on
// in the order of a Sorter. The watermark is Lateness before the newest event of the stream that is the farthest behind,
// of those that hold it back:
//
//   - A stream that is Behind holds it back, until it has brought nothing for StalledAfter; one of which no event's time
//     is known yet holds all back. Streams of which it is known that they will catch up are therefore to be announced,
//     by Observe without observations, before any other brings its first.
//   - Any other stream holds it back until it has brought nothing for longer than Lateness.
//   - Where no stream does, the watermark is Lateness before the present, once any stream has brought something.
//
// It never moves back, and no event's time moves it beyond Lateness before the present. What comes after it has passed
// is late, and Late counts it: what is late by little, Lateness or LittleLate, is taken to be of the watermark's time.
// What is later than that, as when a machine sends what it kept while it was offline, is a backlog. It would be a burst
// of everything if it were taken to be of one time, so it is correlated by itself, in the order of its own time, with a
// watermark of its own; with what came in time it is not correlated, and a stream that brings it holds nothing back until
// it has come near the watermark. A backlog ends, and what is open in it is given out, when
// the streams that bring it have been quiet for BacklogPause. What states a time that is farther in the future than
// Ahead is taken to be of the time at which it comes.
//
// The present is what Advance says, and 0 is unknown: then no stream is ever quiet, and no time is in the future. How
// often Advance is called does not change the hits. Who calls it with the time of arrival before each Observe, and does
// the same when the stream is run again, gets the same hits, with the same keys. If the clock is set back to more than
// Ahead before the watermark, all that is open is given out and the watermark begins anew.
//
// Memory: MaxState for windows and bursts, as for a Correlator; for what waits LiveOptions.MaxPending observations and
// MaxPendingBytes; MaxStreams streams; and a quarter of it while there is a backlog. Past MaxPending the oldest do not
// wait any longer. Of an observation it keeps one encoded copy.
//
// A Live belongs to one goroutine. Several may be made of one Engine; they share nothing that changes.
type Live struct {
	engine *Engine
	opt    LiveOptions
	corr   *Correlator
	keys   map[*sigma.Rule]string
	marks  []mark // of the correlations, in order
	queue  order.Queue

	streams   streams
	now       int64
	watermark int64 // all before it has been counted

	room    int   // bytes that may wait
	backlog *Live // of what is late by more than a little; nil while there is none
	side    bool  // it is the backlog of another

	late, early, ahead, stalled, resets, crowded, undecoded int64

	words   pack.Words
	scratch []byte
	next    Observation // the one that is being counted; its slices are used again
	gone    []string
}

// LiveOptions are the bounds of a Live.
type LiveOptions struct {
	Lateness   time.Duration // how long an event is waited for. Hits are told so much later than their events. 0 is not at all
	MaxPending int           // observations that wait at most; 0 is DefaultPending
	Ahead      time.Duration // how far in the future an event's time is believed; 0 is DefaultAhead
}

// Bounds and defaults of a Live.
const (
	DefaultPending  = 1 << 18
	DefaultAhead    = 5 * time.Minute
	MaxPendingBytes = 64 << 20         // of the observations that wait, as they are kept
	MaxStreams      = 1 << 16          // streams that are told apart; others hold nothing back
	StalledAfter    = 10 * time.Minute // of the wall clock
	LittleLate      = 10 * time.Second // lateness that is overlooked, where Lateness is less
	BacklogPause    = time.Minute      // of the wall clock; where Lateness is more, that
)

// Progress says how far a stream has come.
type Progress struct {
	Stream string
	Latest int64 // the newest time that any event of it states, nanoseconds since 1970; 0 is unknown. That of the delivery is enough
	Behind bool  // more of it is known to wait
}

// NewLive makes a Live of the engine's rules that has seen nothing.
func (e *Engine) NewLive(opt LiveOptions) *Live {
	opt.Lateness = max(opt.Lateness, 0)
	if opt.MaxPending <= 0 {
		opt.MaxPending = DefaultPending
	}
	if opt.Ahead <= 0 {
		opt.Ahead = DefaultAhead
	}
	l := &Live{
		engine: e, opt: opt, corr: e.corr.blank(), keys: make(map[*sigma.Rule]string),
		streams: streams{index: make(map[string]int)}, watermark: math.MinInt64, room: MaxPendingBytes,
	}
	l.corr.watch = true
	known := make(marks)
	for _, p := range l.corr.plans {
		k := known.plan(p)
		for slices.Contains(l.marks, k) { // one that is the same in all
			k = markOf(k[:])
		}
		l.marks = append(l.marks, k)
	}
	for _, r := range e.chained {
		l.keys[r] = RuleKey(r)
	}
	return l
}

// Observe takes one delivery of a stream: how far it has come, and what it brought; and calls tell with what is known by
// that. It keeps nothing of obs but strings.
func (l *Live) Observe(p Progress, obs []Observation, tell func(*LiveHit)) {
	for i := range obs {
		p.Latest = max(p.Latest, obs[i].Time)
	}
	l.progress(p)
	old := Progress{Stream: p.Stream, Behind: p.Behind}
	for i := range obs {
		if o := &obs[i]; l.isBacklog(o) {
			old.Latest = max(old.Latest, o.Time)
			l.keepBacklog(o, tell)
		} else {
			l.take(o, tell)
		}
	}
	l.settleBacklog(old, tell)
	l.settle(tell)
}

// Advance says what time it is, in nanoseconds since 1970, and calls tell with what is known by that: what waited for
// streams that are quiet, and bursts that are over.
func (l *Live) Advance(now int64, tell func(*LiveHit)) {
	if l.now == 0 {
		l.resume(now)
	}
	l.now = now
	if l.watermark > now && apart(l.watermark, now, int64(l.opt.Ahead)) {
		l.resets++
		l.Finish(tell)
	}
	l.forget()
	l.settle(tell)
	if b := l.backlog; b != nil {
		if b.Advance(now, tell); len(b.streams.list) == 0 {
			l.endBacklog(tell)
		}
	}
}

// Resume says what time it is when the process goes on after it stood still: after Restore, or after the machine slept.
// All streams are waited for as if they had just brought something.
func (l *Live) Resume(now int64) {
	l.now = now
	l.resume(now)
	if l.backlog != nil {
		l.backlog.Resume(now)
	}
}

func (l *Live) resume(now int64) {
	for i := range l.streams.list {
		l.streams.list[i].seen = now
	}
	l.streams.quiet = math.MinInt64
}

// Finish counts all that waits, and gives out all that is open, as if no more would ever come. The Live is then as new
// but for its streams and its counts.
func (l *Live) Finish(tell func(*LiveHit)) {
	for l.queue.Len() > 0 {
		l.count(l.queue.Pop(), tell)
	}
	l.give(l.corr.Finish(), tell)
	l.watermark = math.MinInt64
	l.rank()
	l.endBacklog(tell)
}

// take lets an observation wait, or counts it at once where it is late.
func (l *Live) take(o *Observation, tell func(*LiveHit)) {
	rule, ok := l.engine.place[o.Rule]
	if !ok {
		return
	}
	if o.Time == 0 {
		l.corr.undated++
		return
	}
	at := o.Time
	if l.now != 0 && at > l.now && apart(at, l.now, int64(l.opt.Ahead)) {
		at = l.now
		l.ahead++
	}
	if at < l.watermark {
		l.late++
		at = l.watermark
	}
	l.scratch = appendContent(l.scratch[:0], o)
	l.queue.Add(order.Item{Time: at, Record: o.Ref.Record, Path: o.Ref.File, Rule: rule, Data: slices.Clone(l.scratch)})
	for l.queue.Len() > l.opt.MaxPending || l.queue.Size() > l.room {
		l.early++
		first := l.queue.Pop()
		l.watermark = max(l.watermark, first.Time)
		l.count(first, tell)
	}
}

// settle moves the watermark to where the streams allow it, and counts what waits before it.
func (l *Live) settle(tell func(*LiveHit)) {
	mark := l.allowed()
	if mark <= l.watermark {
		return
	}
	l.watermark = mark
	for l.queue.Before(mark) {
		l.count(l.queue.Pop(), tell)
	}
	l.give(l.corr.Advance(mark), tell)
}

// count gives the correlations what has waited.
func (l *Live) count(w order.Item, tell func(*LiveHit)) {
	if !decodeWaiting(&w, &l.next, &l.words) {
		l.undecoded++ // cannot be: it was encoded here, or checked when it was restored
		return
	}
	l.next.Rule = l.engine.sigma.Rules()[w.Rule]
	l.give(l.corr.Observe(&l.next), tell)
}

// Watermark returns the time before which all has been counted, in nanoseconds since 1970; 0 before there is one.
func (l *Live) Watermark() int64 {
	if l.watermark == math.MinInt64 {
		return 0
	}
	return l.watermark
}

// Pending returns how many observations wait.
func (l *Live) Pending() int {
	n := l.queue.Len()
	if l.backlog != nil {
		n += l.backlog.queue.Len()
	}
	return n
}

// Late returns how many observations came after the watermark had passed their time.
func (l *Live) Late() int64 { return l.late }

// Note says which bounds were reached while counting, and what that means for the result.
func (l *Live) Note() []string {
	if l.backlog != nil {
		l.adopt(l.backlog)
	}
	notes := l.corr.notes()
	note := func(n int64, format string, args ...any) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf("%d "+format, append([]any{n}, args...)...))
		}
	}
	note(l.late, "events came more than %v after their time and were correlated by themselves, or as if they had just happened", l.opt.Lateness)
	note(l.early, "events were correlated before others that may have preceded them came, because too many waited")
	note(l.ahead, "events state a time more than %v in the future and were correlated as of the time at which they came", l.opt.Ahead)
	note(l.stalled, "times a stream that was catching up brought nothing for %v and was no longer waited for", StalledAfter)
	note(l.crowded, "times a stream was not waited for because there were more than %d", MaxStreams)
	note(l.resets, "times the clock was set back and correlations began anew")
	note(l.undecoded, "events that waited to be correlated were damaged and were left out")
	return notes
}
