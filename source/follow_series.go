package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// pauses are after how long without a change something is taken to be over.
type pauses struct {
	settle time.Duration // whole lines are whole records
	rest   time.Duration // half a line in a file put aside is a record
	aside  time.Duration // to a file put aside no late lines are written
	whole  time.Duration // a file that is read whole is whole
}

var usualPauses = pauses{settle: 500 * time.Millisecond, rest: 2 * time.Second, aside: time.Minute, whole: 2 * time.Second}

// series is what is written under one name: the file that has it, and those that had it before and were put aside. Its
// tails are these files as far as they were read, oldest first; the last is the one that is being read.
type series struct {
	path   string // as found: a link, where it is one
	stream string
	tails  []*tail
	sought time.Time // since when the file that was read is not to be found
	early  bool      // its file was there at the start, or is still read from then
	queued bool
	busy   bool // a file is read whole, beside the others
	told   string
	gone   bool // the name is no longer there
}

// verdict is what a turn comes to.
type verdict struct {
	again bool      // there is more to do at once
	due   time.Time // when to look again though nothing happens; zero: not at all
}

func (s *series) last() *tail {
	if len(s.tails) == 0 {
		return nil
	}
	return s.tails[len(s.tails)-1]
}

func (s *series) close() {
	for _, t := range s.tails {
		t.close()
	}
}

// push makes a file the one that is being read.
func (s *series) push(t *tail, now time.Time) {
	if old := s.last(); old != nil {
		old.aside = now
	}
	s.tails = append(s.tails, t)
	for len(s.tails) > maxGenerations {
		s.tails[0].close()
		s.tails = slices.Delete(s.tails, 0, 1)
	}
}

// turn reads at most one block of a series.
func (f *following) turn(s *series) (verdict, error) {
	if s.busy {
		return verdict{}, nil
	}
	if again, err := f.late(s); again || err != nil {
		return verdict{again: again}, err
	}
	t := s.last()
	if t == nil {
		return f.begin(s)
	}
	if t.resting && t.Whole {
		if live, err := os.Stat(s.path); err == nil && t.sameFile(live) && t.changed(live) && marksFile(s.path, &t.cursor) {
			t.resting = false // something was added to it
		}
	}
	if t.file == nil && !t.moved && !t.resting {
		v, err := f.locate(s, t)
		if t.file == nil || err != nil {
			return v, err
		}
	}
	if t.moved || t.resting {
		return f.next(s, t)
	}
	info, err := t.file.Stat()
	if err != nil {
		return verdict{}, fmt.Errorf("look at %s: %w", t.path, err)
	}
	f.look(t, info)
	if !t.Whole && t.size < t.Raw {
		return f.replaced(s, t)
	}
	if !t.begun {
		if v, done, err := f.recogniseTail(s, t, info); done || err != nil {
			return v, err
		}
	}
	if t.Whole {
		return f.wholeTurn(s, t, info)
	}
	return f.growing(s, t, info)
}

// look notes that the file has grown.
func (f *following) look(t *tail, info os.FileInfo) {
	if info.Size() != t.size {
		t.size, t.grew = info.Size(), f.now()
		t.used = t.grew
	}
	t.Mod = info.ModTime().UnixNano()
}

// recogniseTail settles what a file is. done says that there is nothing else to do in this turn.
func (f *following) recogniseTail(s *series, t *tail, info os.FileInfo) (v verdict, done bool, err error) {
	aside := !f.named(s, info)
	if ok, err := f.reader.recognise(t, aside && f.quiet(t, f.pauses.rest)); ok || err != nil {
		return v, false, fsError(err)
	}
	switch {
	case !aside:
		return v, true, nil
	case !f.quiet(t, f.pauses.settle):
		return verdict{due: t.grew.Add(f.pauses.settle)}, true, nil // a copy that is being made
	case t.size > 0 && t.unknown == 0 && !f.quiet(t, f.pauses.rest):
		return verdict{due: t.grew.Add(f.pauses.rest)}, true, nil
	}
	v, err = f.next(s, t)
	return v, true, err
}

// fsError hides that a file has changed meanwhile, which the next turn sees.
func fsError(err error) error {
	if errors.Is(err, errReplaced) {
		return nil
	}
	return err
}

func (f *following) quiet(t *tail, long time.Duration) bool { return f.now().Sub(t.grew) >= long }

// named tells whether the file still has the name of the series.
func (f *following) named(s *series, info os.FileInfo) bool {
	live, err := os.Stat(s.path)
	return err == nil && os.SameFile(live, info)
}

// growing reads a file that is written at its end.
func (f *following) growing(s *series, t *tail, info os.FileInfo) (verdict, error) {
	if t.size > t.Raw && t.size >= t.retry {
		end := takeGrowing
		if f.quiet(t, f.pauses.settle) {
			end = takeSettled
		}
		sent, err := f.deliver(s, t, end)
		if errors.Is(err, errReplaced) {
			return f.replaced(s, t)
		}
		if sent || err != nil {
			return verdict{again: sent}, err
		}
	}
	if t.size == t.Raw && !t.marksNow() {
		return f.replaced(s, t) // and written to just as far
	}
	waits := t.size > t.Raw
	if live, err := os.Stat(s.path); err == nil && os.SameFile(live, info) {
		if waits && !f.quiet(t, f.pauses.settle) {
			return verdict{due: t.grew.Add(f.pauses.settle)}, nil
		}
		s.gone = false
		return verdict{}, nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.deny(s, err)
		return verdict{}, nil
	} else if err != nil {
		s.gone = true
	}
	if !f.quiet(t, f.pauses.settle) {
		return verdict{due: t.grew.Add(f.pauses.settle)}, nil // a copy that is being made, or the program goes on with it
	}
	if waits && !f.quiet(t, f.pauses.rest) {
		return verdict{due: t.grew.Add(f.pauses.rest)}, nil
	}
	if waits {
		t.retry = 0
		sent, err := f.deliver(s, t, takeLast)
		if sent || err != nil {
			return verdict{again: sent}, fsError(err)
		}
	}
	return f.next(s, t)
}

// late reads what is written to files after they were put aside.
func (f *following) late(s *series) (bool, error) {
	for _, t := range s.tails[:max(0, len(s.tails)-1)] {
		if t.file == nil || t.Whole || !t.begun {
			continue
		}
		info, err := t.file.Stat()
		if err != nil {
			return false, fmt.Errorf("look at %s: %w", t.path, err)
		}
		f.look(t, info)
		if t.size > t.Raw {
			end := takeGrowing
			if f.quiet(t, f.pauses.rest) {
				end = takeLast
			} else if f.quiet(t, f.pauses.settle) {
				end = takeSettled
			}
			if sent, err := f.deliver(s, t, end); sent || fsError(err) != nil {
				return sent, fsError(err)
			}
		}
		if f.now().Sub(t.aside) > f.pauses.aside {
			t.close()
		}
	}
	return false, nil
}

// begin chooses the first file of a series of which nothing is known.
func (f *following) begin(s *series) (verdict, error) {
	info, err := os.Stat(s.path)
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: s.path, Err: errors.New(special(info.Mode()) + "; only files are read")}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.deny(s, err)
		return verdict{}, nil
	}
	t := &tail{path: s.path}
	if s.early { // it was there at the start
		if older := f.young(s); older != nil {
			t.path, t.Since = older.path, f.since()
		} else if err == nil && !f.wanted(info.ModTime()) {
			t.skip = info.Size()
		} else {
			t.Since = f.since()
		}
	}
	if t.path == s.path && err != nil {
		s.gone = true
		return verdict{}, nil
	}
	if v, err := f.openTail(s, t, t.path); err != nil || t.file == nil {
		return v, err
	}
	s.push(t, f.now())
	return verdict{again: true}, nil
}

// young returns the oldest generation that is among the wanted files and young enough.
func (f *following) young(s *series) *generation {
	if f.from.end || !f.older[s.path] {
		return nil
	}
	list, err := generations(s.path)
	if err != nil {
		return nil
	}
	for i := range list {
		if g := &list[i]; f.set[g.path] && f.wanted(g.mod()) {
			return g
		}
	}
	return nil
}

// openTail opens the file of a tail. Where that is not possible it says so, and the tail has no file.
func (f *following) openTail(s *series, t *tail, path string) (verdict, error) {
	file, info, err := openRegular(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.deny(s, err)
		}
		return verdict{}, nil
	}
	if err := f.reader.open(t, path, file, info); err != nil {
		t.close()
		if errors.Is(err, errReplaced) {
			return verdict{again: true}, nil
		}
		f.deny(s, err)
		return verdict{}, nil
	}
	s.told = ""
	f.opened()
	return verdict{}, nil
}

func openRegular(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path) // a named pipe would make open wait
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &fs.PathError{Op: "open", Path: path, Err: errors.New(special(info.Mode()) + "; only files are read")}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if info, err = file.Stat(); err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// deliver sends the next block of a tail.
func (f *following) deliver(s *series, t *tail, end ending) (bool, error) {
	begins := !t.headed && t == s.last() && len(s.tails) > 1 && t.path == s.path
	b, found, err := f.reader.take(t, end)
	if err != nil || !found {
		return false, err
	}
	if begins {
		if g, _ := f.after(s, s.tails[len(s.tails)-2]); g != nil && !t.copying(g) {
			t.close() // it was filled, copied and truncated before it was looked at
			s.tails = s.tails[:len(s.tails)-1]
			_, err := f.advance(s, s.last(), g.path, g.info)
			return true, err
		}
	}
	return true, f.send(s, t, b, t.size-t.Raw > int64(f.reader.block))
}

// send hands a block on.
func (f *following) send(s *series, t *tail, b event.Block, behind bool) error {
	list := make([]cursor, 0, len(s.tails))
	for _, other := range s.tails {
		if other == t {
			list = append(list, t.seal())
		} else if other.Raw > 0 || other.Whole && other.Offset+int64(other.Record) > 0 { // else there is nothing to know it by
			list = append(list, other.cursor)
		}
	}
	place, err := encodePosition(list)
	if err != nil {
		return fmt.Errorf("follow %s: %w", s.path, err)
	}
	t.used = f.now()
	return f.hand(Delivery{Block: b, Stream: s.stream, Position: place, Behind: behind, Since: t.Since})
}

// deny tells once why a file cannot be read. It is tried again when something about it changes.
func (f *following) deny(s *series, err error) {
	if why := reason(err); why != s.told {
		if s.told = why; f.wasTold(s.path, err) {
			return
		}
		f.tell(NoticeUnreadable, s.stream, 0, fmt.Sprintf("%s: %s", s.path, why))
	}
}

// next goes on with the file that was written after t.
func (f *following) next(s *series, t *tail) (verdict, error) {
	live, liveErr := os.Stat(s.path)
	if liveErr == nil && t.resting && t.sameFile(live) && !t.changed(live) {
		return verdict{}, nil // a whole file that stands as it stood
	}
	switch g, err := f.after(s, t); {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		f.deny(s, err)
	case g == nil:
	case g.packed && f.now().Sub(g.mod()) < f.pauses.whole:
		return verdict{due: g.mod().Add(f.pauses.whole)}, nil // it is being written
	default:
		return f.advance(s, t, g.path, g.info)
	}
	if liveErr != nil {
		s.gone = true
		return verdict{}, nil
	}
	return f.advance(s, t, s.path, nil)
}

// after returns the oldest generation that was written after t and never read.
func (f *following) after(s *series, t *tail) (*generation, error) {
	list, err := generations(resolved(s.path))
	at := slices.IndexFunc(list, func(g generation) bool { return t.is(&g) })
	if c := t.seal(); at < 0 && !t.Whole && c.Head.Size > 0 {
		at = slices.IndexFunc(list, func(g generation) bool {
			return g.packed && marksPacked(g.path, &c) || !g.packed && marksFile(g.path, &c)
		})
	}
	for i := range list {
		g := &list[i]
		if i > at && (at >= 0 || g.info.ModTime().UnixNano() >= t.Mod) && !f.known(s, g) {
			return g, err
		}
	}
	return nil, err
}

// advance makes the file at path the one that is read after t: the one of info, unless that is nil.
func (f *following) advance(s *series, t *tail, path string, info os.FileInfo) (verdict, error) {
	n := &tail{path: path}
	if s.early {
		n.Since = t.Since
	}
	if c := t.seal(); path == s.path && f.now().Sub(t.modified()) < f.pauses.aside && !t.Whole && !t.moved && c.Raw > 0 && c.Head.Size > 0 && marksFile(path, &c) {
		n.cursor = c // t is a copy of it, and it is about to be truncated
	}
	if v, err := f.openTail(s, n, path); err != nil || n.file == nil {
		return v, err
	}
	if opened, err := n.file.Stat(); info != nil && (err != nil || !os.SameFile(info, opened)) {
		n.close()
		return verdict{again: true}, nil // it was renamed meanwhile
	}
	if t.file == nil && t.resting && t.gone() {
		s.tails = slices.DeleteFunc(s.tails, func(o *tail) bool { return o == t })
	}
	s.push(n, f.now())
	if path == s.path {
		s.early = false
	}
	return verdict{again: true}, nil
}

// resolved returns where a link leads to, so that older generations are looked for where they are made.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

func streamOf(path string) string { return "file:" + strings.ToValidUTF8(path, "\ufffd") }
