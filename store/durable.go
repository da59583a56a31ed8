package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What the engine takes is first in memory: up to a second in a buffer, then as parts that are written to disk at the
// first of its five-second looks at which they are five seconds old and not just being merged with others. It has no call
// that writes them, and none that says which frame a part holds. Two things are known for certain:
//
//   - how many rows it has in parts, and how many of those are in memory. Once it has as many as were ever added and none
//     in memory, everything is on disk.
//   - under a load that never stops: thirteen looks after it came, a row has long been written, provided that what is not
//     on disk yet is no more than came within the last twelve. A disk that hangs breaks the condition, and then nothing
//     new is called durable.
const (
	settledLooks = 13
	recentLooks  = 12
	settled      = settledLooks * flushInterval
)

// tracks remembers when frames were added.
type tracks struct {
	flush   time.Duration // the engine's look
	rows    uint64        // that the engine should have
	marks   []track       // oldest first, about one a second
	last    uint64        // one more than the highest frame added
	durable uint64
}

// track says that within a second frames below a number were added, and how many rows the engine should have then.
type track struct {
	from, at time.Time
	before   uint64
	rows     uint64
}

func (t *tracks) added(seq uint64, rows int, now time.Time) {
	t.rows += uint64(rows)
	t.last = max(t.last, seq+1)
	if n := len(t.marks); n > 0 && now.Sub(t.marks[n-1].from) < time.Second {
		t.marks[n-1] = track{from: t.marks[n-1].from, at: now, before: t.last, rows: t.rows}
		return
	}
	t.marks = append(t.marks, track{from: now, at: now, before: t.last, rows: t.rows})
}

// look works out what is durable from what the engine has. ErrLost: it does not have all that it took.
func (t *tracks) look(s vaultStats, now time.Time) (uint64, error) {
	if s.memory == 0 && s.rows >= t.rows {
		t.durable = t.last
		t.marks = t.marks[:0]
		return t.durable, nil
	}
	var longAgo uint64
	old := -1
	for i, m := range t.marks {
		if now.Sub(m.at) > recentLooks*t.flush {
			longAgo = m.rows
		}
		if now.Sub(m.at) > settledLooks*t.flush {
			old = i
		}
	}
	if old < 0 || s.rows-s.memory < longAgo && s.rows >= longAgo {
		return t.durable, nil
	}
	if s.rows < longAgo {
		gone := longAgo - s.rows
		t.rows -= gone
		for i := range t.marks {
			t.marks[i].rows -= min(gone, t.marks[i].rows)
		}
		return t.durable, ErrLost
	}
	t.durable = max(t.durable, t.marks[old].before)
	t.marks = append(t.marks[:0], t.marks[old+1:]...)
	return t.durable, nil
}

// reopened takes note that the engine has so many rows, and all of them on disk.
func (t *tracks) reopened(rows uint64) {
	t.rows = rows
	t.durable = t.last
	t.marks = t.marks[:0]
}

// DurableBefore returns a sequence number: what was added with a lower one is certainly on disk, and the caller need not
// keep it any longer. It grows within 12 s where nothing is added, and lags some 66 s behind under a constant load. ErrLost
// says that the engine left rows out: the caller adds again what lacks from that number on.
func (e *Embedded) DurableBefore(context.Context) (uint64, error) {
	e.adding.Lock()
	defer e.adding.Unlock()
	v, err := e.enter()
	if err != nil {
		return 0, err
	}
	defer e.leave()
	before, err := e.tracks.look(v.stats(), time.Now())
	if before > e.found.to || err != nil {
		e.found = found{}
	}
	if lost := e.spellings.durable(before); lost != nil {
		return 0, errors.Join(lost, err)
	}
	return before, err
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
			e.tracks.reopened(s.rows)
			return e.spellings.durable(e.tracks.durable)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until rows are on disk: %w", ctx.Err())
		case <-tick.C:
		}
	}
}
