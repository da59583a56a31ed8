package store

import (
	"context"
	"fmt"
	"sync"
)

// found is which rows are there of the frames from one number to another: what a crash left. It is read once for all
// frames that are replayed, and takes a bit for each of their rows.
type found struct {
	read     bool
	from, to uint64 // to is the highest frame that was added before, as far as it can be known
	frames   map[uint64][]uint64
}

func (f *found) has(seq uint64, i int) bool {
	bits := f.frames[seq]
	return i/64 < len(bits) && bits[i/64]&(1<<(i%64)) != 0
}

func (f *found) set(seq uint64, i int) {
	bits := f.frames[seq]
	for i/64 >= len(bits) {
		bits = append(bits, 0)
	}
	bits[i/64] |= 1 << (i % 64)
	f.frames[seq] = bits
}

// added takes note of a row that was added now.
func (f *found) added(seq uint64, i int) {
	if f.read && seq >= f.from && seq <= f.to {
		f.set(seq, i)
	}
}

// load reads which rows there are of frames from a number on. Those below last were added by this process.
func (f *found) load(ctx context.Context, in scanner, from, last uint64) error {
	*f = found{from: from, to: max(last, 1) - 1, frames: make(map[uint64][]uint64)}
	var mu sync.Mutex
	logsql := fmt.Sprintf("%s:>=%d | fields %s", ID, idNumber(from, 0), ID)
	err := in.scan(ctx, logsql, func(_ int, b *Block) {
		mu.Lock()
		defer mu.Unlock()
		for c, name := range b.Names {
			if name != ID {
				continue
			}
			for _, id := range b.Columns[c] {
				if seq, i, ok := PlaceOf(id); ok && seq >= from {
					f.set(seq, i)
					f.to = max(f.to, seq)
				}
			}
		}
	})
	f.read = err == nil
	return err
}

// lacks says which rows of a frame are not there.
func (f *found) lacks(seq uint64, rows int) []bool {
	out := make([]bool, rows)
	for i := range out {
		out[i] = !f.has(seq, i)
	}
	return out
}

// Lacks says, after a crash, which rows of a frame are not there. Frames are best asked for from the lowest number up:
// the first call reads what there is of all later ones.
func (e *Embedded) Lacks(ctx context.Context, seq uint64, b *Batch) ([]bool, error) {
	e.adding.Lock()
	defer e.adding.Unlock()
	f := &e.found
	if !f.read || seq < f.from || seq > f.to && seq < e.tracks.last {
		v, err := e.enter()
		if err != nil {
			return nil, err
		}
		defer e.leave()
		v.reveal()
		if err := f.load(ctx, v, seq, e.tracks.last); err != nil {
			return nil, fmt.Errorf("look for rows of frame %d: %w", seq, err)
		}
	}
	return f.lacks(seq, b.Len()), nil
}

// Highest returns a number that no frame is above of which there are rows; 0 where there are none. It reads all that is
// kept: it is for a caller whose own log is gone, so that it does not use numbers again, for which Lacks would find the
// rows of others.
func (e *Embedded) Highest(ctx context.Context) (uint64, error) { return highest(ctx, e) }

// Highest returns a number that no frame is above of which there are rows; see Embedded.Highest.
func (r *Remote) Highest(ctx context.Context) (uint64, error) { return highest(ctx, r) }

func highest(ctx context.Context, in scanner) (seq uint64, err error) {
	err = in.scan(ctx, "* | stats max("+ID+") last", func(_ int, b *Block) {
		for _, id := range b.column("last") {
			if n, _, ok := PlaceOf(id); ok {
				seq = max(seq, n+1) // the engine compares with the precision of a float64, 2,048 rows
			}
		}
	})
	return seq, err
}
