package detect

// isBacklog tells whether an observation is late by more than a little.
func (l *Live) isBacklog(o *Observation) bool {
	if o.Time == 0 || !l.farBehind(o.Time) {
		return false
	}
	_, wanted := l.engine.place[o.Rule]
	return wanted
}

// farBehind tells whether a time is before the watermark by more than a little. To a backlog nothing is.
func (l *Live) farBehind(at int64) bool {
	return !l.side && at < l.watermark && apart(l.watermark, at, int64(max(l.opt.Lateness, LittleLate)))
}

func (l *Live) keepBacklog(o *Observation, tell func(*LiveHit)) {
	l.late++
	if l.backlog == nil {
		l.backlog = l.newBacklog()
	}
	l.backlog.take(o, tell)
}

// newBacklog makes a Live for what is late by more than a little. Its streams are quiet after BacklogPause.
func (l *Live) newBacklog() *Live {
	b := l.engine.NewLive(LiveOptions{Lateness: max(l.opt.Lateness, BacklogPause), MaxPending: max(l.opt.MaxPending/4, 1), Ahead: l.opt.Ahead})
	b.now, b.side, b.room = l.now, true, MaxPendingBytes/4
	b.corr.limit = MaxState / 4
	return b
}

// settleBacklog lets the backlog know how far a stream has come that brought some of it, now or before.
func (l *Live) settleBacklog(p Progress, tell func(*LiveHit)) {
	b := l.backlog
	if b == nil {
		return
	}
	i, known := b.streams.index[p.Stream]
	switch {
	case p.Latest != 0:
		b.progress(p)
	case known:
		s := &b.streams.list[i] // it brings other things now, and is quiet as to this
		s.behind = p.Behind
		b.streams.quiet = min(b.streams.quiet, s.quietAt(b))
	}
	b.settle(tell)
}

// endBacklog gives out what is open in the backlog.
func (l *Live) endBacklog(tell func(*LiveHit)) {
	if l.backlog != nil {
		l.backlog.Finish(tell)
		l.adopt(l.backlog)
		l.backlog = nil
	}
}

// adopt takes over what a backlog has counted.
func (l *Live) adopt(b *Live) {
	b.late = 0 // counted already
	own := l.counts()
	for i, n := range b.counts() {
		*own[i] += *n
		*n = 0
	}
}
