package live

import (
	"context"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/sight"
)

// senses are the detectors beside the rules, while they run in the applier.
type senses struct {
	detectors *sense.Detectors // nil where none run
	judge     func(*sense.Finding) []*detect.LiveHit
	learnt    chan *sense.Detectors // those that have learnt from the store; nil when that is over
	waiting   []sight.Sighting      // what came in the meantime
	through   uint64                // the last frame that they learn from: they are shown those after it
}

// maxLearning bounds the sightings that wait while the detectors learn, some 20 MB. The oldest beyond are not told of.
const maxLearning = 100_000

// sense gives the detectors what they want to know of a delivery, and lets them go on to where correlations are: until
// then, earlier events may come.
func (a *applier) sense(list []sight.Sighting) {
	s := &a.senses
	if s.detectors == nil {
		return
	}
	if s.learnt != nil {
		select {
		case fresh := <-s.learnt:
			s.learnt = nil
			if fresh != nil {
				s.detectors = fresh
			}
			s.detectors.Observe(s.waiting, a.found)
			s.waiting = nil
		default:
			if n := len(s.waiting) + len(list) - maxLearning; n > 0 {
				s.waiting = append(s.waiting[:0], s.waiting[min(n, len(s.waiting)):]...)
			}
			s.waiting = append(s.waiting, list...)
			return
		}
	}
	a.looked()
	s.detectors.Observe(list, a.found)
	s.detectors.Advance(a.live.Watermark(), a.found)
	held := s.detectors.Suppressed()
	a.count.held.Store(&held)
}

// found takes a finding of a detector: rules say what becomes of it.
func (a *applier) found(f *sense.Finding) {
	for _, h := range a.senses.judge(f) {
		a.correlated(h)
	}
}

// use goes on with the rules and the detectors of another engine. What the detectors know is taken over.
func (s *senses) use(e *detect.Engine, l *Line) {
	s.judge = e.Judge()
	opt := e.Senses()
	if opt == nil {
		s.detectors = nil
		return
	}
	old := s.detectors
	s.detectors = sense.New(*opt)
	if old != nil {
		if err := s.detectors.Restore(old.Snapshot(nil)); err != nil {
			l.opt.Log.Error("a part of what the detectors had learnt could not be taken over", "error", err)
		}
	}
}

// snapshot returns what the detectors know, nil where they have not learnt it yet.
func (s *senses) snapshot() []byte {
	if s.detectors == nil || s.learnt != nil {
		return nil
	}
	return s.detectors.Snapshot(nil)
}

// learn lets detectors that know nothing yet learn from what is kept. Until they have, they tell nothing.
func (l *Line) learn(ctx context.Context) {
	s := &l.applied.senses
	opt := l.engine.Load().Senses()
	if s.learnt == nil || opt == nil {
		return
	}
	begun := l.opt.Now()
	fresh := sense.New(*opt)
	n, err := l.opt.Learn(ctx, begun, s.through, fresh.Learn)
	if ctx.Err() != nil {
		return // at the next start, they learn from the beginning
	}
	if err != nil {
		l.opt.Log.Warn("the detectors could not learn all that is kept; they go on with what they have learnt", "error", err)
	}
	if n > 0 {
		l.opt.Log.Info("the detectors have learnt from what is kept", "events", n, "took", since(begun, l.opt.Now()).Round(time.Millisecond))
	}
	s.learnt <- fresh
}
