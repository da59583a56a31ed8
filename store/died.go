package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// lastWords knows the open stores, so that what the engine says before it ends the process is kept with the store that it
// speaks of.
type lastWords struct {
	mu   sync.Mutex
	dirs map[string]bool
}

func (l *lastWords) open(dir string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dirs == nil {
		l.dirs = make(map[string]bool)
	}
	l.dirs[dir] = true
}

func (l *lastWords) close(dir string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.dirs, dir)
}

// excuses are last words that are no part's fault.
var excuses = []string{
	"no space left", "disk quota exceeded", "too many open files", "cannot allocate memory", "permission denied",
	"read-only file system", "lock file",
}

// keep writes what the engine died of into the file "died" of the store whose part or day it names.
func (l *lastWords) keep(text string, now time.Time) {
	for _, e := range excuses {
		if strings.Contains(text, e) {
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for dir := range l.dirs {
		_, rest, ok := strings.Cut(text, filepath.Join(dir, partitionsDir)+string(filepath.Separator))
		if !ok {
			continue
		}
		if end := strings.IndexAny(rest, "\"' ,:;]"); end >= 0 {
			rest = rest[:end]
		}
		f, err := os.OpenFile(filepath.Join(dir, diedFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
		if err != nil {
			return // the process is about to end, and the message is in the log
		}
		text = strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, text)
		_, _ = fmt.Fprintf(f, "%s\t%s\t%s\n", now.UTC().Format(time.RFC3339), filepath.ToSlash(rest), text)
		_ = f.Close()
	}
}

// deaths moves aside what the engine died of twice.
func (h *healer) deaths() error {
	path := filepath.Join(h.dir, diedFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("heal: %w", err)
	}
	times := make(map[string]int)
	reason := make(map[string]string)
	for line := range strings.Lines(string(data)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
		at, text, _ := strings.Cut(rest, "\t")
		if part := partOf(at); part != "" {
			times[part]++
			reason[part] = text
		}
	}
	for part, n := range times {
		full := filepath.Join(partitionsDir, filepath.FromSlash(part))
		if n < 2 || !isDir(filepath.Join(h.dir, full)) {
			continue
		}
		day, _, _ := strings.Cut(part, "/")
		if err := h.aside(full, day, fmt.Sprintf("the engine ended over it %d times: %s", n, reason[part])); err != nil {
			return err
		}
		if list := filepath.Join(h.dir, filepath.Dir(full), partsFile); part != day {
			if err := dropPart(list, filepath.Base(full)); err != nil {
				return err
			}
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("heal: %w", err)
		}
	}
	return nil
}

// dropPart takes a part out of a list.
func dropPart(list, part string) error {
	names, err := readParts(list)
	if err != nil {
		return err
	}
	kept := names[:0]
	for _, n := range names {
		if n != part {
			kept = append(kept, n)
		}
	}
	return writeParts(list, kept)
}

// partOf returns the part or, where a path names none, the day that it lies in; "" for what is neither.
func partOf(path string) string {
	steps := strings.Split(path, "/")
	if _, err := time.Parse(dayFormat, steps[0]); err != nil {
		return ""
	}
	if len(steps) >= 3 && (steps[1] == dataDir || steps[1] == indexDir) && len(steps[2]) == 16 {
		return strings.Join(steps[:3], "/")
	}
	return steps[0]
}
