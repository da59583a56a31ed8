package source

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	pace      = 5 * time.Millisecond   // between two passes, so that lines come in blocks
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

// pass lets each series that waits take its turn, again and again, until none has more.
func (f *following) pass() error {
	now := f.now()
	for s, at := range f.due {
		if !now.Before(at) {
			delete(f.due, s)
			f.enqueue(s)
		}
	}
	for len(f.queue) > 0 && f.ctx.Err() == nil {
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

// wait waits until there is something to do, and at least for the pace. It returns false when ctx is done.
func (f *following) wait(look time.Time, rescan bool, scanned time.Time) bool {
	pause := time.NewTimer(pace)
	defer pause.Stop()
	select {
	case <-f.ctx.Done():
		return false
	case <-pause.C:
	}
	if len(f.queue) > 0 {
		return true
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
	if err != nil && !f.denied[dir] {
		f.denied[dir] = true
		f.env.Log.Warn("the folder cannot be watched; it is looked at by the clock", "folder", dir, "error", err)
	}
	return added
}

// scan walks the paths for files that are new. What it finds at the start may be old.
func (f *following) scan(first bool) error {
	for range 3 { // a folder that is watched from now on may have got files meanwhile
		found := make(map[string]fs.FileInfo)
		added := f.walk(found)
		if err := f.adopt(found, first); err != nil {
			return err
		}
		if !added {
			return nil
		}
	}
	return nil
}

// walk collects the files that the paths stand for, watches the folders on the way, and tells whether one is new.
func (f *following) walk(found map[string]fs.FileInfo) bool {
	added := false
	links := map[string]string{}
	for _, p := range f.cfg.Paths {
		dir := filepath.Dir(p)
		if isGlob(p) {
			dir, _ = splitGlob(p)
		}
		added = f.watchFolder(orDot(dir)) || added
		w := newWalk(func(e entry) bool {
			if e.err != nil || !e.regular() {
				f.entryError(e)
				return f.ctx.Err() == nil
			}
			if f.excluded(e.path) {
				return true
			}
			path := filepath.Clean(e.path)
			added = f.watchFolder(filepath.Dir(path)) || added
			if info, err := os.Lstat(path); err == nil {
				found[path] = info
				if info.Mode()&fs.ModeSymlink != 0 {
					links[path] = resolved(path)
				}
			}
			return f.ctx.Err() == nil
		})
		w.paths([]string{p})
		for folder := range w.seen {
			if info, err := os.Stat(folder); err == nil && info.IsDir() {
				added = f.watchFolder(folder) || added
			}
		}
	}
	for path, real := range links {
		if found[real] != nil {
			delete(found, path) // it is followed by its own name
			continue
		}
		added = f.watchFolder(filepath.Dir(real)) || added
	}
	return added
}

// entryError tells once what the walk could not look at. A path that does not exist may come to be.
func (f *following) entryError(e entry) {
	if errors.Is(e.err, fs.ErrNotExist) || f.denied[e.path] {
		return
	}
	f.denied[e.path] = true
	if e.err != nil {
		f.tell(NoticeUnreadable, "", 0, e.path+": "+reason(e.err))
	}
}

func (f *following) excluded(path string) bool {
	for _, p := range f.cfg.Exclude {
		if !strings.ContainsRune(p, filepath.Separator) {
			if ok, _ := filepath.Match(p, filepath.Base(path)); ok {
				return true
			}
			continue
		}
		if matchPath(p, path) {
			return true
		}
	}
	return false
}

// matchPath is filepath.Match with ** for any number of folders. A pattern also matches what is below what it names.
func matchPath(pattern, path string) bool {
	sep := string(filepath.Separator)
	return matchParts(strings.Split(filepath.Clean(pattern), sep), strings.Split(filepath.Clean(path), sep))
}

func matchParts(pattern, path []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for len(pattern) > 1 && pattern[1] == "**" {
				pattern = pattern[1:]
			}
			for i := range len(path) + 1 {
				if matchParts(pattern[1:], path[i:]) {
					return true
				}
			}
			return false
		}
		if len(path) == 0 {
			return false
		}
		if ok, _ := filepath.Match(pattern[0], path[0]); !ok {
			return false
		}
		pattern, path = pattern[1:], path[1:]
	}
	return true
}

// adopt makes series of the files that are found and belong to none.
func (f *following) adopt(found map[string]fs.FileInfo, first bool) error {
	f.set = make(map[string]bool, len(found))
	for path := range found {
		f.set[path] = true
	}
	var fresh []*series
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if s := f.series[path]; s != nil {
			if s.gone {
				f.enqueue(s)
			}
			continue
		}
		if base := f.olderOf(path); base != "" {
			path = base
			if f.series[path] != nil {
				continue
			}
		}
		s := f.add(path, first)
		if len(s.tails) == 0 {
			fresh = append(fresh, s)
		}
		f.enqueue(s)
	}
	for _, s := range fresh {
		if info := found[s.path]; info != nil {
			f.claim(s, info)
		}
	}
	return nil
}

// olderOf returns the path of which a file is an older generation, "" where it stands for itself.
func (f *following) olderOf(path string) string {
	r := parseRotated(filepath.Base(path))
	if r.scheme == alone || f.to.Position(streamOf(path)) != "" {
		return ""
	}
	base := filepath.Join(filepath.Dir(path), r.base)
	if f.set[base] || f.series[base] != nil || f.to.Position(streamOf(base)) != "" {
		return base
	}
	return ""
}

// add makes a series, with what is known of it.
func (f *following) add(path string, first bool) *series {
	s := &series{path: path, stream: streamOf(path), early: first}
	f.series[path] = s
	list, err := decodePosition(f.to.Position(s.stream))
	if err != nil {
		f.env.Log.Warn("a position cannot be read; the file is read anew", "file", path, "error", err)
	}
	for _, c := range list {
		t := &tail{cursor: c, path: path, resting: c.Done}
		s.tails = append(s.tails, t)
	}
	if last := s.last(); last != nil {
		s.early = last.Since != 0
	}
	return s
}

// claim looks whether a new name is that of a file which another series has read: it was renamed to a name that does
// not say of what it is an older generation.
func (f *following) claim(s *series, info fs.FileInfo) {
	for _, other := range f.series {
		if other == s || other.busy {
			continue
		}
		for _, t := range other.tails {
			c := t.seal()
			if t.moved || !c.sameFile(info) || !marksFile(s.path, &c) {
				continue
			}
			if live, err := os.Stat(other.path); err == nil && os.SameFile(live, info) {
				continue // two names of one file
			}
			t.close()
			t.moved = true
			s.tails = []*tail{{cursor: c, path: s.path, resting: c.Done}}
			f.enqueue(other)
			return
		}
	}
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
