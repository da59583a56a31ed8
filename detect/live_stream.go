package detect

import "math"

// stream is a source of deliveries, each roughly in order of time.
type stream struct {
	name   string
	latest int64 // the newest time of its events; 0 is unknown
	seen   int64 // when it last brought something
	behind bool

	rank  int64 // what the streams are ordered by; MaxInt64 is one that holds nothing back
	place int   // in the order
}

// streams are those that are not quiet, and an order of them: a heap, with the one that is the farthest behind first.
type streams struct {
	list  []stream
	index map[string]int
	order []int // indices into list
	quiet int64 // until then none is quiet; earlier than need be is no harm
}

// progress notes how far a stream has come.
func (l *Live) progress(p Progress) {
	all := &l.streams
	i, known := all.index[p.Stream]
	if !known {
		if len(all.list) >= MaxStreams {
			l.crowded++
			return
		}
		i = len(all.list)
		all.index[p.Stream] = i
		all.list = append(all.list, stream{name: p.Stream, place: i})
		all.order = append(all.order, i)
	}
	s := &all.list[i]
	s.latest, s.seen, s.behind = max(s.latest, p.Latest), l.now, p.Behind
	s.rank = l.rankOf(s)
	all.fix(s.place)
	all.quiet = min(all.quiet, s.quietAt(l))
}

// rankOf says how far a stream holds the watermark back: not at all while what it brings is a backlog.
func (l *Live) rankOf(s *stream) int64 {
	switch {
	case s.latest == 0 && s.behind:
		return math.MinInt64
	case s.latest == 0 || l.farBehind(s.latest):
		return math.MaxInt64
	}
	return s.latest
}

// rank ranks all streams anew.
func (l *Live) rank() {
	all := &l.streams
	all.order = all.order[:0]
	for i := range all.list {
		s := &all.list[i]
		s.rank, s.place = l.rankOf(s), i
		all.order = append(all.order, i)
		all.fix(i)
	}
}

// fix moves the one at a place in the order to where it belongs.
func (a *streams) fix(at int) {
	less := func(i, j int) bool { return a.list[a.order[i]].rank < a.list[a.order[j]].rank }
	swap := func(i, j int) {
		a.order[i], a.order[j] = a.order[j], a.order[i]
		a.list[a.order[i]].place, a.list[a.order[j]].place = i, j
	}
	for at > 0 && less(at, (at-1)/2) {
		swap(at, (at-1)/2)
		at = (at - 1) / 2
	}
	for {
		least := at
		for kid := 2*at + 1; kid <= 2*at+2 && kid < len(a.order); kid++ {
			if less(kid, least) {
				least = kid
			}
		}
		if least == at {
			return
		}
		swap(at, least)
		at = least
	}
}

// quietAt says after which time a stream is quiet, if it brings nothing until then.
func (s *stream) quietAt(l *Live) int64 {
	pause := int64(l.opt.Lateness)
	if s.behind {
		pause = int64(StalledAfter)
	}
	if s.seen > math.MaxInt64-pause {
		return math.MaxInt64
	}
	return s.seen + pause
}

// forget drops the streams that are quiet, and hold nothing back any more.
func (l *Live) forget() {
	all := &l.streams
	if l.now <= all.quiet {
		return
	}
	all.quiet = math.MaxInt64
	kept := all.list[:0]
	for i := range all.list {
		s := &all.list[i]
		if until := s.quietAt(l); l.now <= until {
			all.quiet = min(all.quiet, until)
			kept = append(kept, *s)
			continue
		}
		if s.behind {
			l.stalled++
		}
		delete(all.index, s.name)
	}
	if len(kept) == len(all.list) {
		return
	}
	clear(all.list[len(kept):])
	all.list = kept
	for i := range kept {
		all.index[kept[i].name] = i
	}
	l.rank()
}

// begun tells whether anything has come.
func (l *Live) begun() bool {
	return l.watermark > math.MinInt64 || len(l.streams.list)+l.queue.Len() > 0
}

// allowed returns how far the streams let the watermark go.
func (l *Live) allowed() int64 {
	all := &l.streams
	at := int64(math.MaxInt64)
	for len(all.order) > 0 {
		s := &all.list[all.order[0]]
		if at = s.rank; s.latest == 0 || !l.farBehind(s.latest) || s.rank == math.MaxInt64 {
			break
		}
		s.rank = math.MaxInt64 // the others went on without it, because too many waited
		all.fix(0)
	}
	switch {
	case l.now != 0 && (at < math.MaxInt64 || !l.side && l.begun()):
		at = min(at, l.now)
	case at == math.MaxInt64: // nothing has come yet; or, of a backlog, it pauses
		return math.MinInt64
	}
	if at < math.MinInt64+int64(l.opt.Lateness) {
		return math.MinInt64
	}
	return at - int64(l.opt.Lateness)
}
