package live

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/store"
	"github.com/tocsin-sec/tocsin/wal"
)

// Recover adds to the store the events that only the log holds, as it is after a crash, and returns how many those are. It
// is for who looks at what a line has left: nothing else is made of the log, hits come when a line runs again, and then
// none of these events comes twice. It needs Dir, Parser, Store and Log of opt. inOrder says that the store has all that
// was ever added to it: then only what is newer than the checkpoint is looked at.
func Recover(ctx context.Context, opt Options, inOrder bool) (added int, err error) {
	opt.withDefaults()
	dir := filepath.Join(opt.Dir, "wal")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	log, err := wal.Open(dir, wal.Options{MinFree: opt.MinFree})
	if err != nil {
		return 0, fmt.Errorf("open the write-ahead log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	l := &Line{opt: opt, wal: log}
	c, err := readCheckpoint(l.checkpointPath())
	if err != nil {
		return 0, err
	}
	from := log.First()
	if inOrder {
		from = max(from, c.Through+1-min(c.Base, c.Through+1))
	}
	w := &worker{line: l, parsers: make(map[string]parse.Parser), batch: new(event.Batch), rows: rows{plans: make(map[*event.Shape]*rowPlan)}}
	err = log.Replay(from, func(seq uint64, frame []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(frame) == 0 {
			return nil
		}
		d, at, err := readFrame(frame)
		if err != nil {
			return fmt.Errorf("frame %d of the write-ahead log: %w", seq, err)
		}
		o, err := guarded(w.do, item{seq: seq + c.Base, delivery: d, arrived: at, replayed: true, again: true})
		if err != nil || o.rows == nil || o.rows.Len() == 0 {
			return nil // a block that cannot be read is told by the line that runs
		}
		n, err := addLacking(ctx, opt.Store, &o)
		added += n
		return err
	})
	return added, err
}

// addLacking adds the rows of a frame that are not there, and returns how many those are.
func addLacking(ctx context.Context, s Keeper, o *outcome) (int, error) {
	lacks, err := s.Lacks(ctx, o.seq, o.rows)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, missing := range lacks {
		if missing {
			n++
		}
	}
	var got store.Added
	if got, err = s.AddSome(ctx, o.seq, o.rows, lacks); err != nil {
		return 0, err
	}
	return max(0, n-got.TooOld-got.TooNew), nil
}
