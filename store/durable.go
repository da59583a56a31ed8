package store

import (
	"context"
	"fmt"
	"time"
)

// What the engine takes is first in memory: up to a second in a buffer, then as parts that are written to disk at the
// first of its five-second looks at which they are five seconds old and not just being merged with others. It has no call
// that writes them, and none that says which frame a part holds. Two things are known for certain:
//
//   - how many rows it has in parts, and how many of those are in memory. Once it has as many as were ever added and none
//     in memory, everything is on disk.
//   - under a load that never stops: what is older than settled, thirteen looks later, has long been written, provided
//     that what is not on disk yet is no more than came within the last minute. A disk that hangs breaks the condition,
//     and then nothing new is called durable.
const (
	settled = 65 * time.Second
	recent  = 60 * time.Second
)

// tracks remembers when frames were added.
type tracks struct {
	rows    uint64  // that the engine should have
	marks   []track // oldest first, at most one a second
	last    uint64  // one more than the highest frame added
	durable uint64
}

// track says that up to a time frames below a number were added, and how many rows the engine should have had.
type track struct {
	at     time.Time
	before uint64
	rows   uint64
}

func (t *tracks) open(rows uint64) { t.rows = rows }

func (t *tracks) added(seq uint64, rows int, now time.Time) {
	t.rows += uint64(rows)
	t.last = max(t.last, seq+1)
	if n := len(t.marks); n > 0 && now.Sub(t.marks[n-1].at) < time.Second {
		t.marks[n-1] = track{at: t.marks[n-1].at, before: t.last, rows: t.rows}
		// The mark keeps its time: what it speaks of may be up to a second younger, for which settled has room.
		return
	}
	t.marks = append(t.marks, track{at: now, before: t.last, rows: t.rows})
}

// look works out what is durable from what the engine has.
func (t *tracks) look(s vaultStats, now time.Time) uint64 {
	onDisk := s.rows - s.memory
	if s.memory == 0 && s.rows >= t.rows {
		t.durable = t.last
		t.marks = t.marks[:0]
		return t.durable
	}
	var minuteAgo uint64
	old := -1
	for i, m := range t.marks {
		if now.Sub(m.at) > recent {
			minuteAgo = m.rows
		}
		if now.Sub(m.at) > settled {
			old = i
		}
	}
	if old >= 0 && onDisk >= minuteAgo {
		t.durable = max(t.durable, t.marks[old].before)
		t.marks = append(t.marks[:0], t.marks[old+1:]...)
	}
	return t.durable
}

// DurableBefore returns a sequence number: what was added with a lower one is certainly on disk, and the caller need not
// keep it any longer. It grows within 12 s where nothing is added, and lags some 66 s behind under a constant load.
func (e *Embedded) DurableBefore(context.Context) (uint64, error) {
	e.adding.Lock()
	defer e.adding.Unlock()
	v, err := e.enter()
	if err != nil {
		return 0, err
	}
	defer e.leave()
	before := e.tracks.look(v.stats(), time.Now())
	if before > e.found.to {
		e.found = found{}
	}
	return before, nil
}

// Sync returns when all that was added is on disk. It holds up Add for that time, some ten seconds: it is for backups and
// tests, not for every checkpoint, for which DurableBefore is there.
func (e *Embedded) Sync(ctx context.Context) error {
	e.adding.Lock()
	defer e.adding.Unlock()
	v, err := e.enter()
	if err != nil {
		return err
	}
	defer e.leave()
	v.reveal()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if s := v.stats(); s.memory == 0 {
			e.tracks.rows = s.rows
			e.tracks.look(s, time.Now())
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until rows are on disk: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// reopened takes note that the engine was closed, which writes everything to disk.
func (t *tracks) reopened(rows uint64) {
	t.rows = rows
	t.durable = t.last
	t.marks = t.marks[:0]
}
