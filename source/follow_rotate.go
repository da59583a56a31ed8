package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// is tells whether a generation is the file of the tail.
func (t *tail) is(g *generation) bool {
	if _, ino := identity(g.info); ino != 0 {
		return t.sameFile(g.info)
	}
	return t.path == g.path
}

// gone tells whether nothing is left that the cursor could be found by.
func (t *tail) gone() bool { return !t.moved && !t.Whole }

// finding is how a file that was read before was found again.
type finding uint8

const (
	lost    finding = iota
	plainly         // as it was, or longer
	shorter         // a copy that was made before the last of it was read: nothing is left to read
	packed          // compressed
)

// locate opens the file of a tail that was read before, wherever it stands now.
func (f *following) locate(s *series, t *tail) (verdict, error) {
	if live, err := os.Stat(s.path); err == nil && s.sought.IsZero() && t.Raw > 0 && live.Size() == t.Raw && live.ModTime().UnixNano() == t.Mod && t.sameFile(live) {
		return verdict{}, nil // it stands as it was left
	}
	g, how := f.find(s, &t.cursor)
	if how == lost {
		if s.sought.IsZero() {
			s.sought = f.now()
		}
		if end := s.sought.Add(f.pauses.settle); f.now().Before(end) {
			return verdict{due: end}, nil // it may be about to be renamed
		}
		s.sought = time.Time{}
		return f.lose(s, t)
	}
	if how == shorter {
		t.of(g.info)
		t.path, t.size, t.resting = g.path, g.info.Size(), true
		s.sought = time.Time{}
		return verdict{again: true}, nil
	}
	if how == packed {
		t.Whole, t.begun, t.Member = true, true, g.path
	}
	if v, err := f.openTail(s, t, g.path); err != nil || t.file == nil {
		return v, err
	}
	if info, err := t.file.Stat(); err != nil || !os.SameFile(info, g.info) {
		t.close() // it was renamed meanwhile
	} else {
		s.sought = time.Time{}
	}
	return verdict{again: true}, nil
}

// lose gives up a file that is nowhere to be found.
func (f *following) lose(s *series, t *tail) (verdict, error) {
	if _, err := os.Stat(s.path); err != nil && os.IsPermission(err) {
		f.deny(s, err)
		return verdict{}, nil
	}
	if !t.Whole && t.Raw > 0 {
		f.tell(NoticeGap, s.stream, 0, fmt.Sprintf("%s: the file was truncated, replaced or removed, and no copy of it lies beside it; "+
			"what was written after its first %d bytes is lost", s.path, t.Raw))
	}
	t.close()
	t.resting = true
	return verdict{again: true}, nil
}

// replaced is called when a file is not any more what was read of it: it was truncated, often after it was copied.
func (f *following) replaced(s *series, t *tail) (verdict, error) {
	t.seal()
	t.close()
	s.sought = f.now()
	return f.locate(s, t)
}

// find looks for the file of a cursor: under the name of the series, among its older generations, in the same folder.
func (f *following) find(s *series, c *cursor) (*generation, finding) {
	live, err := os.Stat(s.path)
	if err == nil && !live.Mode().IsRegular() {
		live = nil
	}
	if live != nil && c.sameFile(live) && marksFile(s.path, c) {
		return &generation{path: s.path, info: live}, plainly
	}
	path := resolved(s.path)
	older, _ := generations(path) // what cannot be listed cannot be found
	slices.Reverse(older)
	older = older[:min(len(older), 64)]
	all := older
	if live != nil {
		all = append([]generation{{path: s.path, info: live}}, older...)
	}
	for _, g := range older {
		if c.sameFile(g.info) && marksFile(g.path, c) {
			return &g, plainly
		}
	}
	if c.Head.Size > 0 {
		for _, g := range all {
			if !g.packed && marksFile(g.path, c) {
				return &g, plainly
			}
		}
		for _, g := range older {
			if !g.packed && !c.Whole && g.info.Size() <= c.Raw && g.info.Size() >= int64(c.Head.Size) && headsFile(g.path, c) {
				return &g, shorter
			}
		}
	}
	if other := f.findInode(path, c); other != nil {
		return other, plainly
	}
	for _, g := range older {
		if g.packed && !c.Whole && c.Head.Size > 0 && marksPacked(g.path, c) {
			return &g, packed
		}
	}
	return nil, lost
}

// findInode looks in the folder of a path for the file of a cursor, whatever its name is now.
func (f *following) findInode(path string, c *cursor) *generation {
	if c.Ino == 0 {
		return nil
	}
	dir := filepath.Dir(path)
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, d := range names {
		other := filepath.Join(dir, d.Name())
		if !d.Type().IsRegular() || other == path || f.series[other] != nil {
			continue
		}
		if info, err := d.Info(); err == nil && c.sameFile(info) && marksFile(other, c) {
			return &generation{path: other, info: info}
		}
	}
	return nil
}

func marksFile(path string, c *cursor) bool {
	file, info, err := openRegular(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return (c.Whole || info.Size() >= c.Raw) && c.marks(file)
}

func headsFile(path string, c *cursor) bool {
	file, _, err := openRegular(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return c.Head.at(file, 0)
}

// marksPacked tells whether a compressed file holds what the cursor was read from.
func marksPacked(path string, c *cursor) bool {
	file, _, err := openRegular(path)
	if err != nil {
		return false
	}
	defer file.Close()
	z, done, err := decompress(file)
	if err != nil {
		return false
	}
	defer done()
	head := make([]byte, c.Head.Size)
	if _, err := io.ReadFull(z, head); err != nil || printOf(head) != c.Head {
		return false
	}
	last, skip := head, c.Raw-int64(c.Tail.Size)-int64(len(head))
	if skip > 0 {
		if _, err := io.CopyN(io.Discard, z, skip); err != nil {
			return false
		}
		last, skip = nil, 0
	}
	last = last[max(0, int64(len(last))+skip):]
	rest := make([]byte, max(0, c.Tail.Size-len(last)))
	if _, err := io.ReadFull(z, rest); err != nil {
		return false
	}
	last = append(last, rest...)
	return printOf(last[:min(len(last), c.Tail.Size)]) == c.Tail
}

// decompress returns what a compressed file holds.
func decompress(in io.Reader) (io.Reader, func(), error) {
	w := bufio.NewReaderSize(in, windowSize)
	head, _ := w.Peek(tarHeader)
	c := packedBy(head)
	if c == nil {
		return nil, nil, errors.New("it is not compressed in a way that tocsin knows")
	}
	return c.open(w)
}

// known tells whether a generation is a file that was read already, or a copy of one.
func (f *following) known(s *series, g *generation) bool {
	for _, t := range s.tails {
		c := t.seal()
		switch {
		case c.sameFile(g.info):
			if t.file != nil || c.Format == eventLog || c.Head.Size > 0 && headsFile(g.path, &c) {
				return true
			}
		case c.Head.Size == 0:
		case g.packed && !c.Whole:
			if marksPacked(g.path, &c) {
				return true
			}
		case marksFile(g.path, &c):
			return true
		}
	}
	return false
}

// copying tells whether a generation looks like a copy of the tail that is being made, or was made before the last of it was read.
func (t *tail) copying(g *generation) bool {
	if t.Whole || g.packed || g.info.Size() > t.Raw {
		return false
	}
	file, _, err := openRegular(g.path)
	if err != nil {
		return false
	}
	defer file.Close()
	n := int(min(g.info.Size(), int64(len(t.head))))
	return n > 0 && printOf(t.head[:n]).at(file, 0)
}
