package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Bounds of what was moved aside, where the options state none.
const (
	asideAge   = 90 * 24 * time.Hour
	asideBytes = 1 << 30
	asideLeast = 24 * time.Hour // what was moved aside since is kept in any case: somebody may be looking at it
	asideStamp = "20060102T150405Z"
)

// sweep removes what was moved aside long ago, and the oldest of it where it takes too much room. It tells what it removes.
func (e *Embedded) sweep(now time.Time) error {
	dir := filepath.Join(e.dir, asideDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("quarantine: %w", err)
	}
	type damaged struct {
		name string
		at   time.Time
		size int64
	}
	var list []damaged
	var total int64
	for _, d := range entries {
		name := d.Name()
		if len(name) < len(asideStamp) {
			continue
		}
		at, err := time.Parse(asideStamp, name[:len(asideStamp)])
		if err != nil {
			continue // not ours
		}
		size, err := treeSize(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("quarantine: %w", err)
		}
		list = append(list, damaged{name, at, size})
		total += size
	}
	slices.SortFunc(list, func(a, b damaged) int { return a.at.Compare(b.at) })
	for _, d := range list {
		age := now.Sub(d.at)
		why := ""
		switch {
		case age < asideLeast:
			return nil
		case age > e.opt.AsideAge:
			why = "moved aside more than " + e.opt.AsideAge.String() + " ago"
		case total > e.opt.AsideBytes:
			why = fmt.Sprintf("what was moved aside takes more than %d bytes", e.opt.AsideBytes)
		default:
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, d.name)); err != nil {
			return fmt.Errorf("quarantine: %w", err)
		}
		total -= d.size
		e.opt.Log.Warn("damaged part of the event store, which had been moved aside, is removed", "name", d.name, "bytes", d.size, "reason", why)
	}
	return nil
}
