package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/disk"
)

// wallClock keeps a clock that jumps from removing days. The clock is believed as long as it goes on from where it was
// last seen; after a leap forward (also one over a long time without power) it is in doubt until it has gone on steadily
// for a day. A clock that goes back removes too little, which does no harm.
type wallClock struct {
	Seen  time.Time `json:"seen"` // the latest time that was believed
	wall  time.Time // at the last look
	mono  time.Time
	doubt time.Time // monotonic time since when the clock is in doubt; zero: it is not
}

const (
	clockFile = "clock"
	leap      = 15 * 24 * time.Hour // how far a clock may go on at once: a machine sleeps or is switched off
	proof     = 24 * time.Hour      // how long it must go steadily to be believed again
)

// readClock reads when a store was last open; where that cannot be known, the clock is believed.
func readClock(dir string) (wallClock, error) {
	var c wallClock
	data, err := os.ReadFile(filepath.Join(dir, clockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("clock: %w", err)
	}
	if json.Unmarshal(data, &c) != nil {
		return wallClock{}, nil
	}
	return c, nil
}

// write keeps when the store was last open.
func (c *wallClock) write(dir string) error {
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	return disk.Replace(filepath.Join(dir, clockFile), 0o600, append(data, '\n'))
}

// look takes note of the wall clock and of the monotonic one.
func (c *wallClock) look(wall, mono time.Time) {
	wall = wall.Round(0)
	switch {
	case c.wall.IsZero() && !c.Seen.IsZero() && wall.Sub(c.Seen) > leap:
		c.doubt = mono
	case !c.wall.IsZero() && wall.Sub(c.wall)-mono.Sub(c.mono) > leap:
		c.doubt = mono
	case !c.doubt.IsZero() && mono.Sub(c.doubt) > proof, wall.Before(c.Seen):
		c.doubt = time.Time{}
	}
	c.wall, c.mono = wall, mono
	if c.doubt.IsZero() && wall.After(c.Seen) {
		c.Seen = wall
	}
}

// sure returns the time, and whether it is to be believed.
func (c *wallClock) sure() (time.Time, bool) { return c.wall, c.doubt.IsZero() }

// latest returns the latest time that it may be.
func (c *wallClock) latest() time.Time {
	if c.Seen.After(c.wall) {
		return c.Seen
	}
	return c.wall
}

// Maintain removes what is too old or too much, also of damaged parts that were moved aside, and seals days (see Manifest). The caller calls it about every minute, from
// one goroutine. Sealing a day reads and rewrites it once, so a call may take long; Add and searches go on meanwhile,
// except that removing a day closes the engine for a moment. After a start it is called once what was lost in a crash is
// added again, because rows that come later count as new ones of a sealed day.
func (e *Embedded) Maintain(ctx context.Context) error {
	e.keeping.Lock()
	defer e.keeping.Unlock()
	e.adding.Lock()
	e.clock.look(e.opt.now(), time.Now())
	now, sure := e.clock.sure()
	err := e.clock.write(e.dir)
	e.adding.Unlock()
	if err != nil {
		return fmt.Errorf("maintain store: %w", err)
	}
	old, why, err := e.excess(now, sure)
	if err != nil {
		return fmt.Errorf("maintain store: %w", err)
	}
	if len(old) > 0 {
		if err := e.remove(ctx, old, why); err != nil {
			return fmt.Errorf("maintain store: %w", err)
		}
	}
	if !sure {
		return nil
	}
	if err := e.sweep(now); err != nil {
		return fmt.Errorf("maintain store: %w", err)
	}
	if err := e.seal(ctx, now); err != nil {
		return fmt.Errorf("maintain store: %w", err)
	}
	return nil
}

// Days returns the days that rows are kept of, oldest first, YYYYMMDD.
func (e *Embedded) Days() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(e.dir, partitionsDir))
	if err != nil {
		return nil, fmt.Errorf("days of store: %w", err)
	}
	var days []string
	for _, d := range entries {
		if _, err := time.Parse(dayFormat, d.Name()); err == nil && d.IsDir() {
			days = append(days, d.Name())
		}
	}
	return days, nil
}

// excess returns the days that are to be removed, and why.
func (e *Embedded) excess(now time.Time, sure bool) (days []string, why string, err error) {
	all, err := e.Days()
	if err != nil {
		return nil, "", err
	}
	if sure && e.opt.Retention > 0 {
		first := now.Add(-e.opt.Retention).UTC().Format(dayFormat)
		n := 0
		for n < len(all) && all[n] < first {
			n++
		}
		days, all = all[:n], all[n:]
		why = "older than " + e.opt.Retention.String()
	}
	if e.opt.MaxBytes <= 0 {
		return days, why, nil
	}
	sizes := make([]int64, len(all))
	var total int64
	for i, d := range all {
		if sizes[i], err = treeSize(filepath.Join(e.dir, partitionsDir, d)); err != nil {
			return nil, "", err
		}
		total += sizes[i]
	}
	for i := 0; i < len(all)-2 && total > e.opt.MaxBytes; i++ {
		days = append(slices.Clip(days), all[i])
		total -= sizes[i]
		why = fmt.Sprintf("more than %d bytes", e.opt.MaxBytes)
	}
	return days, why, nil
}

// Size is how much room the events take on disk, in bytes.
func (e *Embedded) Size() (int64, error) { return treeSize(filepath.Join(e.dir, partitionsDir)) }

// treeSize returns the size of all files below a directory. Files that go away meanwhile do not count.
func treeSize(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				size += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("size of %s: %w", dir, err)
	}
	return size, nil
}

// remove removes days: the engine is closed for that, as soon as no search is under way; those that go on for too long
// are ended.
func (e *Embedded) remove(ctx context.Context, days []string, why string) error {
	if err := e.lock(ctx); err != nil {
		return err
	}
	err := e.detach(days, why)
	e.gate.Unlock()
	if err != nil {
		return err
	}
	for _, d := range days {
		if err := os.RemoveAll(filepath.Join(e.dir, removing+d)); err != nil {
			return fmt.Errorf("remove day %s: %w", d, err)
		}
		e.opt.Log.Info("day removed from event store", "day", d, "reason", why)
	}
	return nil
}

// lock locks the gate without holding up who wants to enter.
func (e *Embedded) lock(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	begin := time.Now()
	for !e.gate.TryLock() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		switch wait := time.Since(begin); {
		case wait > 3*e.patience+30*time.Second:
			return errors.New("searches do not end")
		case wait > e.patience:
			e.scans.stop(ErrReopened, false)
		}
	}
	return nil
}

// detach closes the engine, takes days out of its directory, and opens it again. The gate is locked.
func (e *Embedded) detach(days []string, why string) error {
	if e.v == nil {
		return ErrClosed
	}
	for _, d := range days {
		if err := e.manifest.add(Entry{Day: d, Kind: Removed, At: e.opt.now().UTC(), Why: why}); err != nil {
			return err
		}
	}
	e.v.close()
	e.v = nil
	for _, d := range days {
		if err := os.Rename(filepath.Join(e.dir, partitionsDir, d), filepath.Join(e.dir, removing+d)); err != nil {
			return errors.Join(fmt.Errorf("remove day: %w", err), e.reopen())
		}
	}
	return e.reopen()
}

// reopen opens the engine again. All that it had in memory is on disk.
func (e *Embedded) reopen() error {
	v, err := openVault(e.dir, e.opt)
	if err != nil {
		return err
	}
	e.v = v
	e.tracks.reopened(v.stats().rows)
	clear(e.names)
	return nil
}
