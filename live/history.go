package live

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/sight"
	"github.com/tocsin-sec/tocsin/store"
)

// How much of what is kept the detectors learn from: the last days, and of each hour so many events at most.
const (
	learnDays   = 30
	learnEvents = 200_000
	learnTime   = 10 * time.Minute
)

// finder is where events are found again.
type finder interface {
	Query(ctx context.Context, q *query.Query, take func(*store.Block) error) error
}

// Learner returns what gives detectors the history of a store: see live.Options.Learn.
func Learner(s finder) func(context.Context, time.Time, uint64, func([]sight.Sighting)) (int64, error) {
	return func(ctx context.Context, before time.Time, through uint64, give func([]sight.Sighting)) (int64, error) {
		l := &learning{store: s, rows: sight.NewRows(), through: through}
		end := before.Add(learnTime)
		from := before.Add(-learnDays * 24 * time.Hour).Truncate(time.Hour)
		for ; from.Before(before); from = from.Add(time.Hour) {
			until := from.Add(time.Hour)
			if until.After(before) {
				until = before
			}
			if err := l.hour(ctx, from, until); err != nil {
				return l.events, err
			}
			if list := l.take(); len(list) > 0 {
				give(list)
			}
			if now := time.Now(); now.After(end) && from.Before(before.Add(-48*time.Hour)) {
				from = before.Add(-48 * time.Hour).Truncate(time.Hour) // the last days matter most
			}
		}
		return l.events, nil
	}
}

// learning reads what is kept, an hour at a time.
type learning struct {
	store   finder
	rows    *sight.Rows
	through uint64 // the last frame that is learnt from
	events  int64
	list    []sight.Sighting
}

// errEnough ends an hour of which enough was read.
var errEnough = fmt.Errorf("enough was read")

func (l *learning) hour(ctx context.Context, from, until time.Time) error {
	n := 0
	err := l.store.Query(ctx, &query.Query{Since: from.UnixNano(), Until: until.UnixNano()}, func(b *store.Block) error {
		at := slices.Index(b.Names, store.Time)
		if at < 0 {
			return nil
		}
		id := slices.Index(b.Names, store.ID)
		dataset, path := slices.Index(b.Names, "dataset"), slices.Index(b.Names, "log.file.path")
		for r := range b.Rows {
			t, err := time.Parse(time.RFC3339Nano, b.Columns[at][r])
			if err != nil || id >= 0 && after(b.Columns[id][r], l.through) {
				continue
			}
			n++
			cell := func(c int) string {
				if c < 0 {
					return ""
				}
				return b.Columns[c][r]
			}
			l.rows.Add(cell(dataset), cell(path), t.UnixNano(), b.Names, cell)
		}
		l.list = append(l.list, l.rows.Take()...)
		if n >= learnEvents {
			return errEnough
		}
		return nil
	})
	l.events += int64(n)
	if err == errEnough {
		return nil
	}
	return err
}

// after tells whether a row came after a frame.
func after(id string, seq uint64) bool {
	at, _, ok := store.PlaceOf(id)
	return ok && at > seq
}

// take returns what was made of the last hour, in the order of time.
func (l *learning) take() []sight.Sighting {
	list := l.list
	l.list = nil
	slices.SortStableFunc(list, func(a, b sight.Sighting) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	return list
}
