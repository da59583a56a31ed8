package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// entry is one thing that a walk has come upon: a file, or what is in the place of one.
type entry struct {
	path string // as the user would name it; "-" with stdinMode
	mode fs.FileMode
	size int64
	mod  time.Time
	err  error // why it cannot be looked at
}

const stdinMode = fs.ModeCharDevice | fs.ModeTemporary

func (e entry) stdin() bool   { return e.mode == stdinMode }
func (e entry) regular() bool { return e.err == nil && e.mode.IsRegular() }

// special names a file that holds no bytes of its own.
func special(m fs.FileMode) string {
	switch {
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeSymlink != 0:
		return "a symbolic link that leads into its own folder"
	}
	return "not a regular file"
}

// walk visits files in lexical order, each once, however many links and paths lead to it. Symbolic links are followed
// but for those to a folder that the walk is already in: they would lead round in a circle, or out to the whole disk.
type walk struct {
	visit func(entry) bool // false ends the walk
	ended bool
	seen  map[string]bool // real paths of folders walked, and of files that a path, a glob or a link led to
}

func newWalk(visit func(entry) bool) *walk { return &walk{visit: visit, seen: make(map[string]bool)} }

func (w *walk) emit(e entry) {
	if !w.ended && !w.visit(e) {
		w.ended = true
	}
}

func (w *walk) paths(paths []string) {
	for _, p := range paths {
		switch {
		case w.ended:
			return
		case p == "-":
			w.emit(entry{path: p, mode: stdinMode})
		case isGlob(p):
			w.glob(p)
		default:
			w.path(p)
		}
	}
}

// path visits a file, or all in a folder.
func (w *walk) path(p string) {
	info, err := os.Stat(p)
	if err != nil {
		w.emit(entry{path: p, err: err})
		return
	}
	real := realPath(p)
	if w.seen[real] {
		return
	}
	if info.IsDir() {
		w.folder(p, real)
		return
	}
	if w.seen[filepath.Dir(real)] {
		return // the walk of its folder visits it
	}
	w.seen[real] = true
	w.emit(entry{path: p, mode: info.Mode(), size: info.Size(), mod: info.ModTime()})
}

func (w *walk) folder(p, real string) {
	w.seen[real] = true
	list, err := os.ReadDir(p)
	if err != nil {
		w.emit(entry{path: p, err: err})
	}
	for _, d := range list {
		if w.ended {
			return
		}
		name, realName := filepath.Join(p, d.Name()), filepath.Join(real, d.Name())
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			w.link(name, real)
		case w.seen[realName]:
		case d.IsDir():
			w.folder(name, realName)
		default:
			info, err := d.Info()
			if err != nil {
				w.emit(entry{path: name, err: err})
				continue
			}
			w.emit(entry{path: name, mode: info.Mode(), size: info.Size(), mod: info.ModTime()})
		}
	}
}

// link follows a symbolic link that stands in the folder real.
func (w *walk) link(name, real string) {
	target, err := filepath.EvalSymlinks(name)
	if err != nil {
		w.emit(entry{path: name, err: err})
		return
	}
	if target, err = filepath.Abs(target); err != nil {
		w.emit(entry{path: name, err: err})
		return
	}
	if within(real, target) {
		w.emit(entry{path: name, mode: fs.ModeSymlink})
		return
	}
	w.path(name)
}

// within tells whether path is dir or stands somewhere below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func realPath(p string) string {
	if r, err := filepath.EvalSymlinks(p); err == nil {
		p = r
	}
	if a, err := filepath.Abs(p); err == nil {
		p = a
	}
	return p
}

// isGlob tells whether p is to be expanded: it holds a wildcard, and there is no file of that very name.
func isGlob(p string) bool {
	if !strings.ContainsAny(p, "*?[") {
		return false
	}
	_, err := os.Lstat(p)
	return err != nil
}

// glob visits what a pattern names, in lexical order of the folders on the way.
func (w *walk) glob(pattern string) {
	dir, parts := splitGlob(pattern)
	w.match(dir, parts)
}

// splitGlob returns the folder before the first wildcard and the parts of the pattern after it.
func splitGlob(pattern string) (string, []string) {
	sep := string(filepath.Separator)
	parts := strings.Split(filepath.Clean(pattern), sep)
	n := 0
	for n < len(parts) && !strings.ContainsAny(parts[n], "*?[") {
		n++
	}
	dir := strings.Join(parts[:n], sep)
	if n == 1 && parts[0] == "" {
		dir = sep
	}
	return dir, parts[n:]
}

func (w *walk) match(dir string, parts []string) {
	for len(parts) > 1 && parts[0] == "**" && parts[1] == "**" {
		parts = parts[1:]
	}
	if parts[0] == "**" && len(parts) == 1 {
		w.path(orDot(dir))
		return
	}
	list, err := os.ReadDir(orDot(dir))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			w.emit(entry{path: orDot(dir), err: err})
		}
		return
	}
	for _, d := range list {
		if w.ended {
			return
		}
		w.matchEntry(filepath.Join(dir, d.Name()), d, parts)
	}
}

func (w *walk) matchEntry(name string, d fs.DirEntry, parts []string) {
	part, rest := parts[0], parts[1:]
	deep := part == "**"
	if deep {
		part, rest = parts[1], parts[2:]
	}
	if ok, _ := filepath.Match(part, d.Name()); ok {
		if len(rest) == 0 {
			w.path(name)
		} else if isFolder(name, d) {
			w.match(name, rest)
		}
	}
	if deep && d.IsDir() { // links are not followed in search of names
		w.match(name, parts)
	}
}

func isFolder(name string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink == 0 {
		return d.IsDir()
	}
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func orDot(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}

// checkPaths returns what is wrong with paths that a person has typed: all of it at once.
func checkPaths(paths []string) error {
	var errs []error
	for _, p := range paths {
		if p == "-" {
			continue
		}
		if !isGlob(p) {
			if _, err := os.Lstat(p); err != nil {
				errs = append(errs, err)
			}
			continue
		}
		if _, parts := splitGlob(p); len(parts) > 0 {
			for _, part := range parts {
				if _, err := filepath.Match(part, ""); err != nil {
					errs = append(errs, fmt.Errorf("pattern %s: %w", p, err))
				}
			}
		}
		found := false
		newWalk(func(entry) bool { found = true; return false }).glob(p)
		if !found {
			errs = append(errs, fmt.Errorf("pattern %s: no file matches", p))
		}
	}
	return errors.Join(errs...)
}

// reason is what an error says without the path that is named beside it.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Op + ": " + p.Err.Error()
	}
	return err.Error()
}
