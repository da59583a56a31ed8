package source

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	pace      = 5 * time.Millisecond   // between two passes, so that lines come in blocks
	passTime  = 50 * time.Millisecond  // after which a pass ends though there is more, so that others are not kept waiting
	scanPace  = 200 * time.Millisecond // between two walks over the paths
	closeTime = 5 * time.Minute        // after which a file is closed; it is found again when it grows
	maxOpen   = 512                    // files at a time, about
)

// loop reads until ctx is done.
func (f *following) loop() error {
	if err := f.scan(true); err != nil {
		return err
	}
	poll := f.cfg.Poll
	if f.watch.blind {
		poll = min(poll, time.Second)
	}
	scanned, looked := f.now(), f.now()
	rescan := false
	for {
		if err := f.pass(); err != nil || f.ctx.Err() != nil {
			return f.verdict(err)
		}
		if !f.wait(looked.Add(poll), rescan, scanned) {
			return f.verdict(nil)
		}
		touched, made, all := f.watch.take()
		f.touch(touched)
		rescan = rescan || made || all
		if now := f.now(); all || now.Sub(looked) >= poll {
			looked, rescan = now, true
			for _, s := range f.series {
				f.enqueue(s)
			}
		}
		if now := f.now(); rescan && now.Sub(scanned) >= scanPace {
			scanned, rescan = now, false
			if err := f.scan(false); err != nil {
				return f.verdict(err)
			}
		}
		f.sweep()
	}
}

// verdict is what Run returns.
func (f *following) verdict(err error) error {
	cause := context.Cause(f.ctx)
	switch {
	case cause != nil && !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded):
		return cause // a delivery was refused
	case cause != nil:
		return nil
	}
	return err
}

func (f *following) end() {
	f.stop(nil)
	f.watch.close()
	f.workers.Wait()
	for _, s := range f.series {
		s.close()
	}
}

// pass lets each series that waits take its turn, again and again, until none has more, or for passTime: what grows
// meanwhile joins those that catch up, and does not wait until they have.
func (f *following) pass() error {
	now := f.now()
	for s, at := range f.due {
		if !now.Before(at) {
			delete(f.due, s)
			f.enqueue(s)
		}
	}
	for len(f.queue) > 0 && f.ctx.Err() == nil && f.now().Sub(now) < passTime {
		batch := f.queue
		f.queue = nil
		for _, s := range batch {
			s.queued = false
			v, err := f.turn(s)
			if err != nil {
				return err
			}
			if v.again {
				f.enqueue(s)
			}
			if !v.due.IsZero() {
				f.due[s] = v.due
			}
			if f.ctx.Err() != nil {
				return nil
			}
		}
		if err := f.wholes(); err != nil {
			return err
		}
	}
	return f.wholes()
}

func (f *following) enqueue(s *series) {
	if !s.queued {
		s.queued = true
		f.queue = append(f.queue, s)
	}
}

// wholes has the next whole file read, and takes up those that were.
func (f *following) wholes() error {
	select {
	case err := <-f.finished:
		s := f.reading
		f.reading, s.busy = nil, false
		if err != nil {
			return err
		}
		f.enqueue(s)
	default:
	}
	if f.reading == nil && len(f.whole) > 0 {
		s := f.whole[0]
		f.whole = f.whole[1:]
		f.reading = s
		f.workers.Go(func() {
			f.finished <- f.readWhole(f.ctx, s)
			f.watch.ring()
		})
	}
	return nil
}

// wait waits until there is something to do, and at least for the pace unless there is already. It returns false when ctx is done.
func (f *following) wait(look time.Time, rescan bool, scanned time.Time) bool {
	if len(f.queue) > 0 {
		return f.ctx.Err() == nil
	}
	pause := time.NewTimer(pace)
	defer pause.Stop()
	select {
	case <-f.ctx.Done():
		return false
	case <-pause.C:
	}
	next := look
	if rescan {
		next = earlier(next, scanned.Add(scanPace))
	}
	for _, at := range f.due {
		next = earlier(next, at)
	}
	timer := time.NewTimer(max(next.Sub(f.now()), 0))
	defer timer.Stop()
	select {
	case <-f.ctx.Done():
		return false
	case <-timer.C:
	case <-f.watch.wake:
	}
	return true
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// touch has the series looked at that touched paths belong to.
func (f *following) touch(touched map[string]bool) {
	for path := range touched {
		if s := f.series[path]; s != nil {
			f.enqueue(s)
			continue
		}
		if r := parseRotated(filepath.Base(path)); r.scheme != alone {
			if s := f.series[filepath.Join(filepath.Dir(path), r.base)]; s != nil {
				f.enqueue(s)
			}
		}
		if f.watch.folders[path] {
			if _, err := os.Stat(path); err != nil {
				f.watch.forget(path)
			}
		} else if info, err := os.Stat(path); err == nil && info.IsDir() {
			f.watchFolder(path)
		}
	}
}

// watchFolder adds a folder, and tells whether it is new.
func (f *following) watchFolder(dir string) bool {
	added, err := f.watch.folder(filepath.Clean(dir))
	if err != nil && !f.denied[dir] && !f.wasTold(dir, err) {
		f.denied[dir] = true
		f.env.Log.Warn("the folder cannot be watched; it is looked at by the clock", "folder", dir, "error", err)
	}
	return added
}

// opened counts an open file, and closes others where they are too many.
func (f *following) opened() {
	if f.open++; f.open > maxOpen {
		f.closeIdle(maxOpen / 2)
	}
}

// sweep closes files that have been idle, now and then.
func (f *following) sweep() {
	if now := f.now(); now.Sub(f.swept) >= closeTime/5 {
		f.swept = now
		f.closeIdle(maxOpen)
		f.forget()
	}
}

// closeIdle closes what was not used for long, and then what was not used for longest, until no more than n are open.
func (f *following) closeIdle(n int) {
	var list []*tail
	now := f.now()
	for _, s := range f.series {
		if s.busy {
			continue
		}
		for _, t := range s.tails {
			if t.file == nil {
				continue
			}
			if now.Sub(t.used) > closeTime && t.size <= t.Raw {
				f.rest(t)
				continue
			}
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *tail) int { return cmp.Compare(b.used.UnixNano(), a.used.UnixNano()) })
	f.open = min(len(list), n)
	for _, t := range list[f.open:] {
		f.rest(t)
	}
}

// rest closes a file that will be opened again when it grows.
func (f *following) rest(t *tail) {
	t.seal()
	t.close()
}

// forget lets go of names that have been gone for long, so that logs which get a new name each time cost no memory. What
// is known of them is kept where positions are.
func (f *following) forget() {
	now := f.now()
	for path, s := range f.series {
		if !s.gone || s.busy || s.queued || f.set[path] {
			continue
		}
		idle := true
		for _, t := range s.tails {
			idle = idle && now.Sub(t.used) > closeTime && (t.file == nil || t.size <= t.Raw)
		}
		if idle {
			s.close()
			delete(f.series, path)
			delete(f.due, s)
		}
	}
}
