package source

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

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
	if e.err != nil && !f.wasTold(e.path, e.err) {
		f.tell(NoticeUnreadable, "", 0, e.path+": "+reason(e.err))
	}
}

// wasTold tells whether the user knows already that a path may not be read.
func (f *following) wasTold(path string, err error) bool {
	return errors.Is(err, fs.ErrPermission) && slices.Contains(f.cfg.told, path)
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
	f.older = make(map[string]bool)
	var fresh []*series
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if s := f.series[path]; s != nil {
			if s.gone {
				f.enqueue(s)
			}
			continue
		}
		if base := f.olderOf(path); base != "" {
			f.older[base] = true
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
	if len(fresh) > 0 {
		f.claims(fresh, found)
	}
	return nil
}

// claims looks whether new names are those of files which other series have read: they were renamed to names that do not
// say of what they are older generations.
func (f *following) claims(fresh []*series, found map[string]fs.FileInfo) {
	type inode struct{ dev, ino uint64 }
	type owner struct {
		s *series
		t *tail
	}
	owners := make(map[inode]owner)
	for _, s := range f.series {
		for _, t := range s.tails {
			if !s.busy && !t.moved && t.Ino != 0 {
				owners[inode{t.Dev, t.Ino}] = owner{s, t}
			}
		}
	}
	for _, s := range fresh {
		info := found[s.path]
		if info == nil {
			continue
		}
		dev, ino := identity(info)
		o, ok := owners[inode{dev, ino}]
		if !ok || o.s == s {
			continue
		}
		c := o.t.seal()
		if live, err := os.Stat(o.s.path); !marksFile(s.path, &c) || err == nil && os.SameFile(live, info) {
			continue // another file, or two names of one
		}
		o.t.close()
		o.t.moved = true
		s.tails = []*tail{{cursor: c, path: s.path, resting: c.Done}}
		f.enqueue(o.s)
	}
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
