package detect

import "math"

// stream is a source of deliveries, each roughly in order of time.
type stream struct {
	name   string
	latest int64 // the newest time of its events; 0 is unknown
	seen   int64 // when it last brought something
	behind bool
}

// progress notes how far a stream has come.
func (l *Live) progress(p Progress) {
	i, known := l.index[p.Stream]
	if !known {
		if len(l.streams) >= MaxStreams {
			l.crowded++
			return
		}
		i = len(l.streams)
		l.index[p.Stream] = i
		l.streams = append(l.streams, stream{name: p.Stream})
	}
	s := &l.streams[i]
	s.latest, s.seen, s.behind = max(s.latest, p.Latest), l.now, p.Behind
	if i == l.holder || l.holder >= 0 && l.holds(s) && l.upTo(s) < l.upTo(&l.streams[l.holder]) {
		l.holder = -1
	}
}

// holds tells whether the watermark waits for a stream: not if it is quiet, and not while what it brings is a backlog.
func (l *Live) holds(s *stream) bool {
	if s.latest != 0 && l.farBehind(s.latest) {
		return false
	}
	if s.behind {
		return !l.quiet(s, int64(StalledAfter))
	}
	return s.latest != 0 && !l.quiet(s, int64(l.opt.Lateness))
}

func (l *Live) quiet(s *stream, pause int64) bool {
	return l.now > s.seen && apart(l.now, s.seen, pause)
}

// upTo says up to which time a stream has brought its events.
func (l *Live) upTo(s *stream) int64 {
	switch {
	case s.latest == 0:
		return math.MinInt64
	case l.now != 0:
		return min(s.latest, l.now)
	}
	return s.latest
}

// forget drops the streams that hold nothing back any more. The watermark is to be found anew, as time has passed.
func (l *Live) forget() {
	kept := l.streams[:0]
	for i := range l.streams {
		s := &l.streams[i]
		pause := int64(l.opt.Lateness)
		if s.behind {
			pause = int64(StalledAfter)
		}
		if !l.quiet(s, pause) {
			kept = append(kept, *s)
			continue
		}
		if s.behind {
			l.stalled++
		}
		delete(l.index, s.name)
	}
	if len(kept) < len(l.streams) {
		clear(l.streams[len(kept):])
		l.streams = kept
		for i := range kept {
			l.index[kept[i].name] = i
		}
	}
	l.holder = -1
}

// allowed returns how far the streams let the watermark go.
func (l *Live) allowed() int64 {
	if l.holder < 0 {
		for i := range l.streams {
			s := &l.streams[i]
			if l.holds(s) && (l.holder < 0 || l.upTo(s) < l.upTo(&l.streams[l.holder])) {
				l.holder = i
			}
		}
	}
	at := l.now
	switch {
	case l.holder >= 0:
		at = l.upTo(&l.streams[l.holder])
	case l.now == 0 || l.side || l.watermark == math.MinInt64 && len(l.streams) == 0: // nothing has come yet
		return math.MinInt64
	}
	if at < math.MinInt64+int64(l.opt.Lateness) {
		return math.MinInt64
	}
	return at - int64(l.opt.Lateness)
}
