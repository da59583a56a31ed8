package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tocsin-sec/tocsin/disk"
	"github.com/tocsin-sec/tocsin/pipeline"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/store"
)

// checkpoint is what the line knows at one place of the log: everything that later frames build on.
type checkpoint struct {
	Version   int               `json:"version"`
	Through   uint64            `json:"through"`          // the frame that was applied last, Base included
	Base      uint64            `json:"base"`             // added to the numbers of the log: more than 0 once a log was lost and begun anew
	Positions map[string]string `json:"positions"`        // of streams, as far as the log held them
	Live      []byte            `json:"live"`             // detect.Live.Snapshot
	Senses    []byte            `json:"senses,omitempty"` // sense.Detectors.Snapshot
	Own       int64             `json:"own"`              // events about tocsin itself so far
	Sum       uint32            `json:"sum"`              // CRC-32C of all this with Sum 0

	end uint64 // the first frame that is newer than the process, as the log numbers it
}

const checkpointVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (l *Line) checkpointPath() string { return filepath.Join(l.opt.Dir, "checkpoint.json") }

// save makes a checkpoint, durably, and then lets go of the frames that nothing needs any more: those that are before
// it, and whose events the store has on disk.
func (a *applier) save(ctx context.Context) error {
	c := checkpoint{Version: checkpointVersion, Through: a.through, Base: a.base, Live: a.live.Snapshot(nil), Own: a.count.own.Load()}
	c.Senses = a.senses.snapshot()
	a.mu.Lock()
	c.Positions = make(map[string]string, len(a.positions))
	for k, v := range a.positions {
		c.Positions[k] = v
	}
	a.mu.Unlock()
	if err := c.write(a.checkpointPath()); err != nil {
		a.opt.Log.Error("a checkpoint could not be written; the log is kept until one can", "error", err)
		a.saved = a.opt.Now()
		return nil
	}
	a.saved = a.opt.Now()
	durable, err := a.opt.Store.DurableBefore(ctx)
	if errors.Is(err, store.ErrLost) {
		return a.addAgain(ctx, durable)
	}
	if err != nil {
		a.opt.Log.Warn("the store does not say what is on disk; the log is kept", "error", err)
		return nil
	}
	if !a.trimming.TryLock() {
		return nil // a backup is being made
	}
	defer a.trimming.Unlock()
	if err := a.wal.Trim(min(a.through+1, durable) - min(a.base, a.through+1, durable)); err != nil {
		return fmt.Errorf("trim the write-ahead log: %w", err)
	}
	return nil
}

// write replaces the file as a whole.
func (c *checkpoint) write(path string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	c.Sum = crc32.Checksum(text, castagnoli)
	if text, err = json.Marshal(c); err != nil {
		return err
	}
	return disk.Replace(path, 0o600, text)
}

// readCheckpoint reads the last checkpoint; none is as if nothing had ever come.
func readCheckpoint(path string) (*checkpoint, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &checkpoint{Version: checkpointVersion, Positions: map[string]string{}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the checkpoint: %w", err)
	}
	var c checkpoint
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("read the checkpoint %s: %w", path, err)
	}
	if c.Version != checkpointVersion {
		return nil, fmt.Errorf("the checkpoint %s is of version %d; this program reads version %d", path, c.Version, checkpointVersion)
	}
	sum := c.Sum
	c.Sum = 0
	if text, err = json.Marshal(&c); err != nil || crc32.Checksum(text, castagnoli) != sum {
		return nil, fmt.Errorf("the checkpoint %s is damaged: its sum does not fit", path)
	}
	return &c, nil
}

// resume takes up from the last checkpoint.
func (l *Line) resume() error {
	c, err := readCheckpoint(l.checkpointPath())
	if err != nil {
		return err
	}
	if err := l.number(c); err != nil {
		return err
	}
	l.count.own.Store(c.Own)
	for k, v := range c.Positions {
		l.positions[k] = v
	}
	a := &applier{Line: l, through: c.Through, saved: l.opt.Now(), watch: newWatch(l), unread: unread{line: l}}
	a.change(l.opt.Engine)
	ctx, cancel := context.WithTimeout(context.Background(), deskTime)
	defer cancel()
	if err := a.openDesk(ctx); err != nil {
		return fmt.Errorf("take up what is known of alerts: %w", err)
	}
	l.count.through.Store(c.Through)
	if len(c.Live) > 0 {
		if err := a.live.Restore(c.Live); err != nil {
			return fmt.Errorf("take up what correlations had counted: %w", err)
		}
		a.gone = a.live.Gone()
	}
	if d := a.senses.detectors; len(c.Senses) > 0 && d != nil {
		if err := d.Restore(c.Senses); err != nil {
			l.opt.Log.Error("a part of what the detectors had learnt is lost; they learn it again", "error", err)
		}
	} else if d != nil && l.opt.Learn != nil && c.Through > 0 { // else nothing is kept: what comes is what there is to learn from
		a.senses.learnt, a.senses.through = make(chan *sense.Detectors, 1), c.Through
	}
	l.applied = a
	c.end = l.wal.Next()
	l.checkpoint = c
	// Positions must be known before inputs begin; what the frames hold comes again when they are replayed.
	return l.wal.Replay(c.Through+1-c.Base, func(seq uint64, frame []byte) error {
		if len(frame) == 0 {
			return nil
		}
		d, _, err := readFrame(frame)
		if err != nil {
			return fmt.Errorf("frame %d of the write-ahead log: %w", seq, err)
		}
		if d.Stream != "" {
			l.positions[d.Stream] = d.Position
		}
		if d.Block.Origin.Path == ownPath {
			l.count.own.Store(max(l.count.own.Load(), d.Block.First))
		}
		return nil
	})
}

// number sees to it that no number of a frame is used twice, whatever has become of the log.
func (l *Line) number(c *checkpoint) error {
	l.base = c.Base
	used := c.Through
	if l.wal.Next() == 1 { // it is new
		highest, err := l.seen()
		if err != nil {
			return err
		}
		used = max(used, highest)
		if used == l.base {
			return nil
		}
		l.opt.Log.Warn("the write-ahead log is new, and what is kept is not: what only the old one held is gone", "dir", l.opt.Dir, "frames", used)
		l.base, c.Base, c.Through = used, used, used
		return c.write(l.checkpointPath())
	}
	last := l.base + l.wal.Next() - 1
	if used <= last {
		return nil
	}
	if len(l.wal.Repairs()) == 0 || used-last > maxPadding {
		return fmt.Errorf("the write-ahead log ends at %d, before its checkpoint at %d: it is not the one that belongs to it", last, used)
	}
	_, err := l.wal.Append(make([][]byte, used-last)...) // in place of those that are lost
	return err
}

// maxPadding bounds the frames that stand in place of lost ones.
const maxPadding = 1 << 20

// addAgain adds what the store has lost of frames from a number on: it has said so itself.
func (a *applier) addAgain(ctx context.Context, from uint64) error {
	a.opt.Log.Warn("the store has lost events that it had not yet on disk; they are added again from the log", "from", from)
	w := a.worker()
	err := a.wal.Replay(from-min(from, a.base), func(seq uint64, frame []byte) error {
		if seq += a.base; seq > a.through {
			return errReplayed
		}
		if len(frame) == 0 {
			return nil
		}
		d, at, err := readFrame(frame)
		if err != nil {
			return fmt.Errorf("frame %d of the write-ahead log: %w", seq, err)
		}
		o, err := guarded(w, item{seq: seq, delivery: d, arrived: at, engine: a.engine, replayed: true, again: true})
		if err != nil {
			return nil // it was told when it came, and nothing of it was kept
		}
		return a.keep(ctx, &o)
	})
	if errors.Is(err, errReplayed) {
		return nil
	}
	return err
}

// guarded does work that may panic, as the pipeline does.
func guarded(w func(item) (outcome, error), it item) (o outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &pipeline.Panic{Value: p}
		}
	}()
	return w(it)
}

// replay sends what the log holds to the pipeline once more: of frames before the checkpoint, only events are added to
// the store that it had not yet on disk.
func (l *Line) replay(send func(item) bool) error {
	end := l.checkpoint.end
	err := l.wal.Replay(l.wal.First(), func(seq uint64, frame []byte) error {
		if seq >= end {
			return errReplayed
		}
		if len(frame) == 0 {
			return nil
		}
		d, at, err := readFrame(frame)
		if err != nil {
			return fmt.Errorf("frame %d of the write-ahead log: %w", seq, err)
		}
		seq += l.base
		if !send(item{seq: seq, delivery: d, arrived: at, engine: l.opt.Engine, replayed: true, again: seq <= l.checkpoint.Through}) {
			return errReplayed
		}
		return nil
	})
	if errors.Is(err, errReplayed) {
		return nil
	}
	return err
}

// errReplayed ends a replay.
var errReplayed = errors.New("replayed")
