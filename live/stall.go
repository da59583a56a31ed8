package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// stall is why the applier does not go on.
type stall struct {
	what string
	full bool
}

func (s *stall) isFull() bool { return s != nil && s.full }

// The pauses between two tries, and between two complaints.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 5 * time.Second
	complaints   = time.Minute
)

// until does something again and again until it works. What comes after it waits, and those who send do at last. That
// there is no room is told, as soon as there is room to tell it.
func (a *applier) until(ctx context.Context, what string, f func() error) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := f()
		if err == nil {
			if a.count.stalled.Swap(nil) != nil {
				a.opt.Log.Info("it goes on", "after", what)
			}
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		now := &stall{what: fmt.Sprintf("%s: %v", what, err), full: errors.Is(err, store.ErrFull) || errors.Is(err, state.ErrFull)}
		if before := a.count.stalled.Swap(now); now.full && !before.isFull() {
			a.Notice(source.Notice{Action: source.NoticeFull, Reason: now.what + ": nothing was kept until there was room again"})
		}
		if at := time.Now(); at.Sub(a.told) > complaints {
			a.told = at
			a.opt.Log.Warn(what+"; those who send wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// jump is by how much the present may move between two looks at it, one a second, before it is taken for a clock that was
// set, or a machine that slept.
const jump = time.Minute

// look looks at the present. Where the clock was set or the machine slept, no source is to be blamed for the time between.
func (a *applier) look(now int64) {
	if d := now - a.clock; a.clock != 0 && (d > int64(jump) || d < -int64(jump)) {
		a.live.Resume(now)
		a.watch.jumped(d)
	}
	a.clock = now
}

// since returns how long something is ago; where the clock was set back since, that is long.
func since(t, now time.Time) time.Duration {
	if d := now.Sub(t); d >= 0 {
		return d
	}
	return 1<<63 - 1
}

// trimmed are rows that were larger than the store keeps, since that was told last.
type trimmed struct {
	store.Trimmed
	path, sender string // of the first
	told         time.Time
}

func (t *trimmed) add(o *outcome, more store.Trimmed) {
	if more.Rows == 0 {
		return
	}
	if t.Rows == 0 {
		t.path, t.sender = o.delivery.Block.Origin.Path, o.delivery.Block.Origin.Sender
	}
	t.Rows += more.Rows
	t.Folded += more.Folded
	t.Cut += more.Cut
}

// tellTrimmed tells of rows that were too large, once a minute at most.
func (a *applier) tellTrimmed() {
	t := &a.trimmed
	if t.Rows == 0 || !t.told.IsZero() && since(t.told, a.opt.Now()) < time.Minute {
		return
	}
	a.Notice(source.Notice{
		Action: source.NoticeUnreadable, Stream: t.path, Sender: t.sender, Count: int64(t.Rows),
		Reason: fmt.Sprintf("events larger than can be kept: %d fields stand in %s, %d bytes were cut", t.Folded, store.More, t.Cut),
	})
	*t = trimmed{told: a.opt.Now()}
}
