package live

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/store"
)

// tails are those who watch what comes in.
type tails struct {
	mu   sync.Mutex
	list atomic.Pointer[[]*tail]
}

// tail is one who watches.
type tail struct {
	query *query.Query
	out   chan []Seen
	lost  atomic.Int64
}

// Seen is an event as it is kept.
type Seen struct {
	Time   int64 // nanoseconds since 1970: that of its arrival where it states none
	ID     string
	Format string
	Names  []string
	Values []string
	Text   string // the record or its message, where it has a text
}

// maxTails bounds how many may watch at a time.
const maxTails = 32

// Tail calls yield with each event that comes in from now on and that q means, until ctx is done or yield returns
// false. Where yield is too slow, events are left out; it is then told how many.
func (l *Line) Tail(ctx context.Context, q *query.Query, yield func(e *Seen, lost int64) bool) error {
	t := &tail{query: q, out: make(chan []Seen, 64)}
	if !l.tails.change(func(list []*tail) []*tail {
		if len(list) >= maxTails {
			return nil
		}
		return append(list, t)
	}) {
		return errTails
	}
	defer l.tails.change(func(list []*tail) []*tail {
		kept := make([]*tail, 0, len(list))
		for _, x := range list {
			if x != t {
				kept = append(kept, x)
			}
		}
		return kept
	})
	for {
		select {
		case <-ctx.Done():
			return nil
		case seen := <-t.out:
			lost := t.lost.Swap(0)
			for i := range seen {
				if !yield(&seen[i], lost) {
					return nil
				}
				lost = 0
			}
		}
	}
}

// change replaces the list by what f makes of a copy of it; nil leaves it, and is reported.
func (t *tails) change(f func([]*tail) []*tail) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	var old []*tail
	if p := t.list.Load(); p != nil {
		old = append(old, *p...)
	}
	list := f(old)
	if list == nil {
		return false
	}
	t.list.Store(&list)
	return true
}

// show hands the events of a batch to those who watch for them, as the rows that they become.
func (t *tails) show(b *event.Batch, made *store.Batch, seq uint64) {
	list := t.list.Load()
	if list == nil {
		return
	}
	for _, x := range *list {
		var seen []Seen
		for i, row := range made.Rows() {
			if x.query.Match(&b.Events[i]) {
				seen = append(seen, seenOf(row, store.IDOf(seq, i)))
			}
		}
		if len(seen) == 0 {
			continue
		}
		select {
		case x.out <- seen:
		default:
			x.lost.Add(int64(len(seen)))
		}
	}
}

// seenOf copies a row.
func seenOf(row store.Row, id string) Seen {
	s := Seen{Time: row.Time, ID: id}
	for name, value := range row.Fields() {
		value = strings.Clone(value)
		switch name {
		case columnDataset:
			s.Format = value
		case store.Message:
			s.Text = value
		default:
			s.Names, s.Values = append(s.Names, strings.Clone(name)), append(s.Values, value)
		}
	}
	return s
}
