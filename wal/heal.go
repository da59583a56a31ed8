package wal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Damage is something in a log that is not as it was written.
type Damage struct {
	Segment  string // path of the file
	Offset   int64  // where in it, in bytes
	From, To uint64 // the frames that are gone, To included; To is 0 where it cannot be known
	Reason   string
	Torn     bool   // the unfinished end that a crash leaves, never acknowledged, or damage that looks like one; it was cut away
	Bytes    int64  // how much was cut away
	SetAside string // where the damaged segment was put; "" if it was not
	Gone     int    // how many that were set aside earlier had to go for it
}

func (d Damage) String() string {
	switch {
	case d.Torn:
		return fmt.Sprintf("%s: %d bytes at offset %d were cut away, which a crash had left unfinished (%s)", d.Segment, d.Bytes, d.Offset, d.Reason)
	case d.To == 0:
		return fmt.Sprintf("%s: damaged at offset %d, from frame %d on: %s%s", d.Segment, d.Offset, d.From, d.Reason, d.aside())
	}
	return fmt.Sprintf("%s: damaged at offset %d, frames %d to %d: %s%s", d.Segment, d.Offset, d.From, d.To, d.Reason, d.aside())
}

func (d Damage) aside() string {
	if d.SetAside == "" {
		return ""
	}
	text := "; set aside as " + d.SetAside
	if d.Gone > 0 {
		text += fmt.Sprintf(", for which the %d oldest of those set aside earlier were removed", d.Gone)
	}
	return text
}

// DamageError says that frames which were acknowledged cannot be read, and where.
type DamageError struct{ Damage []Damage }

func (e *DamageError) Error() string {
	lines := make([]string, len(e.Damage))
	for i, d := range e.Damage {
		lines[i] = d.String()
	}
	return strings.Join(lines, "; ")
}

// survey is what a look through one segment found.
type survey struct {
	path     string
	first    uint64
	next     uint64 // after the last whole frame
	size     int64
	whole    bool // nothing but a header and frames
	header   bool
	salvaged bool
	salt     uint64
	good     []span
	damage   []Damage
	later    bool // an Append began after the first damage, so what is damaged was acknowledged
}

// span is a run of whole frames in a file.
type span struct {
	from, to int64
	next     uint64 // the least number that its first frame can have
}

// load reads the folder, checks and heals every segment, and opens the last one for writing.
func (l *Log) load() error {
	names, err := l.list()
	if err != nil {
		return err
	}
	surveys := make([]*survey, 0, len(names))
	for _, first := range names {
		s, err := inspect(filepath.Join(l.dir, segmentName(first)), first)
		if err != nil {
			return err
		}
		surveys = append(surveys, s)
	}
	if surveys, err = l.cutTail(surveys); err != nil {
		return err
	}
	if err := l.heal(surveys); err != nil {
		return err
	}
	if n := len(surveys); n > 0 && !surveys[n-1].salvaged {
		return l.resume(surveys[n-1])
	}
	return l.roll()
}

// list returns the numbers of the segments, in order, and removes what an interrupted repair left.
func (l *Log) list() ([]uint64, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	var names []uint64
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix+".new") {
			if err := os.Remove(filepath.Join(l.dir, e.Name())); err != nil {
				return nil, err
			}
		}
		if first, ok := parseName(e.Name()); ok && e.Type().IsRegular() {
			names = append(names, first)
		}
	}
	slices.Sort(names)
	return names, nil
}

// resume opens the last segment for writing. What it holds may have been written, but not synced, by a process that was
// killed, so it is synced before anybody builds on it.
func (l *Log) resume(s *survey) error {
	f, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	l.active, l.salt = f, s.salt
	if err := l.sync(f); err != nil {
		return err
	}
	return l.syncFolder(l.dir)
}

// cutTail cuts away from the last segment what a crash tore.
func (l *Log) cutTail(surveys []*survey) ([]*survey, error) {
	if len(surveys) == 0 {
		return nil, nil
	}
	s := surveys[len(surveys)-1]
	switch {
	case s.whole || s.later:
		return surveys, nil
	case !s.header && s.size <= headerBytes:
		if n := len(surveys); n > 1 && surveys[n-2].whole && surveys[n-2].next != s.first {
			return surveys, nil // a segment is begun where the one before it ends: frames between them are gone
		}
		// It was being made: no frame is written before its header is durable.
		l.next = s.first
		l.repairs = append(l.repairs, Damage{Segment: s.path, From: s.first, Reason: s.damage[0].Reason, Torn: true, Bytes: s.size})
		return surveys[:len(surveys)-1], os.Remove(s.path)
	case !s.header:
		return surveys, nil
	}
	end := s.damage[0].Offset
	f, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	err = f.Truncate(end)
	if err == nil {
		err = l.sync(f)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	l.repairs = append(l.repairs, Damage{
		Segment: s.path, Offset: end, From: s.damage[0].From, Reason: s.damage[0].Reason, Torn: true, Bytes: s.size - end,
	})
	s.next, s.size, s.whole, s.damage = s.damage[0].From, end, true, nil
	return surveys, err
}

// heal takes the segments into the log. Damage is an error, or is set aside and told.
func (l *Log) heal(surveys []*survey) error {
	var found []Damage
	next, loose := uint64(1), true // loose: where the segment before ended is not known
	for i, s := range surveys {
		if i > 0 && (s.first < next || s.first > next && !loose) {
			hole := Damage{
				Segment: filepath.Join(l.dir, segmentName(next)), From: next, To: s.first - 1,
				Reason: "the file is missing",
			}
			if s.first < next {
				hole = Damage{Segment: s.path, From: s.first, To: next - 1, Reason: "its frames are in the segment before too"}
			}
			found = append(found, hole)
			if err := l.fillHole(hole, s.first > next); err != nil {
				return err
			}
		}
		loose = s.salvaged
		if !s.whole {
			end := &s.damage[len(s.damage)-1]
			loose = loose || end.To == 0
			last := i+1 == len(surveys)
			if end.To == 0 && !last {
				end.To = surveys[i+1].first - 1
			}
			if err := l.setAside(s, last); err != nil {
				return err
			}
			loose = loose || s.salvaged
			found = append(found, s.damage...)
		}
		l.segments = append(l.segments, segment{s.first, s.size})
		next = s.next
	}
	if len(found) > 0 && !l.opt.Quarantine {
		return &DamageError{found}
	}
	l.next = max(l.next, next)
	l.repairs = append(l.repairs, found...)
	return nil
}

// fillHole puts an empty segment where one is missing, so that the hole is told once.
func (l *Log) fillHole(d Damage, missing bool) error {
	if !l.opt.Quarantine {
		return nil
	}
	if !missing {
		return &DamageError{[]Damage{d}}
	}
	if n := len(l.segments); n > 0 && l.segments[n-1].first == d.From { // one without a frame has the name
		if err := os.Remove(filepath.Join(l.dir, segmentName(d.From))); err != nil {
			return err
		}
		l.segments = l.segments[:n-1]
	}
	f, _, err := l.create(segmentName(d.From), d.From, salvaged)
	if err != nil {
		return err
	}
	l.segments = append(l.segments, segment{d.From, headerBytes})
	return f.Close()
}

const asideSuffix = ".damaged"

// setAside keeps a copy of a damaged segment and puts what is whole of it in its place.
func (l *Log) setAside(s *survey, last bool) error {
	if !l.opt.Quarantine {
		return nil
	}
	aside := s.path + asideSuffix
	for i := 2; ; i++ {
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s%s.%d", s.path, asideSuffix, i)
	}
	fresh, size, err := l.divide(s, aside)
	if err != nil {
		return err
	}
	if err := os.Rename(fresh, s.path); err != nil {
		return err
	}
	gone, err := l.forgetAside()
	if err != nil {
		return err
	}
	for i := range s.damage {
		s.damage[i].SetAside, s.damage[i].Gone = aside, gone
	}
	// What stood behind the last whole frame had numbers too, which nothing may have again; nor may the segment that
	// follows have the name of this one.
	if tail := max(s.size-s.lastGood(), 0); last && (tail > 0 || s.next == s.first) {
		s.next += uint64(tail/minFrame) + 1
	}
	s.size, s.salvaged = size, true
	return l.syncFolder(l.dir)
}

// maxAside is how many damaged segments are kept: a disk that goes bad must not be filled with copies of what it spoilt.
const maxAside = 16

// forgetAside removes the oldest damaged segments beyond maxAside, and returns how many.
func (l *Log) forgetAside() (int, error) {
	list, err := filepath.Glob(filepath.Join(l.dir, "*"+asideSuffix+"*"))
	if err != nil {
		return 0, err
	}
	when := make(map[string]time.Time, len(list))
	for _, name := range list {
		info, err := os.Lstat(name)
		if err != nil {
			return 0, err
		}
		when[name] = info.ModTime()
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(when[a].Compare(when[b]), cmp.Compare(a, b)) })
	n := max(len(list)-maxAside, 0)
	for _, name := range list[:n] {
		if err := os.Remove(name); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// divide copies a damaged segment to aside, and what is whole of it into a new file.
func (l *Log) divide(s *survey, aside string) (fresh string, size int64, err error) {
	old, err := os.Open(s.path)
	if err != nil {
		return "", 0, err
	}
	defer old.Close()
	if err := l.copyTo(aside, old); err != nil {
		return "", 0, err
	}
	return l.rescue(old, s)
}

func (s *survey) lastGood() int64 {
	if len(s.good) == 0 {
		return headerBytes
	}
	return s.good[len(s.good)-1].to
}

func (l *Log) copyTo(path string, from *os.File) error {
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err == nil {
		err = l.sync(to)
	}
	if closed := to.Close(); err == nil {
		err = closed
	}
	return err
}

// rescue writes the whole frames of a damaged segment into a new file.
func (l *Log) rescue(old *os.File, s *survey) (path string, size int64, err error) {
	name := filepath.Base(s.path) + ".new"
	f, salt, err := l.create(name, s.first, salvaged)
	if err != nil {
		return "", 0, err
	}
	size = headerBytes
	var buf []byte
	for _, run := range s.good {
		r := &frames{end: run.to, next: run.next, salt: s.salt, gaps: true}
		r.seek(old, run.from)
		for err == nil && r.at < run.to {
			var h frameHead
			if h, err = r.read(); err != nil {
				break
			}
			buf = append(append(buf[:0], make([]byte, frameBytes)...), r.block...)
			_, err = f.WriteAt(seal(buf, 0, salt, h), size)
			size += int64(len(buf))
		}
	}
	if err == nil {
		err = l.sync(f)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return filepath.Join(l.dir, name), size, err
}
