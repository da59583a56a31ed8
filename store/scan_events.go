package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/tocsin-sec/tocsin/query"
)

// Bounds of what is held in memory of a stretch of time.
const (
	maxSliceRows  = 1 << 18
	maxSliceBytes = 96 << 20
	handedRows    = 1 << 10
	manyRows      = 2000 // more events than that are not fetched by their identifiers
)

// errTooMuch says that a stretch of time has more rows than are held at once.
var errTooMuch = errors.New("too many events in one stretch of time")

// stream hands out all events that are meant, oldest first, a stretch of time after the other.
func (s *search) stream(ctx context.Context, yield func(*Block) error) error {
	extent, rows, err := s.extent(ctx)
	if err != nil || rows == 0 {
		return err
	}
	columns := s.wanted(ctx)
	w := newWalk(extent, rows, partRows, false)
	for {
		part, ok := w.next()
		if !ok {
			return nil
		}
		if done, err := s.streamFew(ctx, w, part, yield); done || err != nil {
			if err != nil {
				return err
			}
			w.tell(ctx, extent)
			continue
		}
		tables, err := s.collect(ctx, part, columns, w.step > minSlice)
		if errors.Is(err, errTooMuch) {
			w.step = max(minSlice, w.step/4)
			continue
		}
		if err != nil {
			return err
		}
		w.done(part)
		list := places(tables)
		if len(list) < partRows/4 {
			w.grow()
		}
		w.tell(ctx, extent)
		if len(list) == 0 {
			continue
		}
		for from := 0; from < len(list); from += handedRows {
			if err := yield(s.shaped(gather(list[from:min(from+handedRows, len(list))]))); err != nil {
				return err
			}
		}
	}
}

// streamFew hands out the events of a stretch of time if they have to be looked for here and are few: first which they
// are is found out, then all that they hold is fetched. It tells false if they are many.
func (s *search) streamFew(ctx context.Context, w *walk, part span, yield func(*Block) error) (bool, error) {
	if s.check == nil || s.check.any {
		return false, nil
	}
	list, err := s.edgePlaces(ctx, part, manyRows+1, false)
	if err != nil || len(list) > manyRows {
		return false, err
	}
	w.done(part)
	if len(list) < manyRows/4 {
		w.grow()
	}
	if len(list) == 0 {
		return true, nil
	}
	b, err := s.fetch(ctx, list)
	if err != nil {
		return false, err
	}
	return true, yield(b)
}

// shaped leaves the columns that are asked for.
func (s *search) shaped(b *Block) *Block {
	for _, f := range s.fields {
		b = apply(f, b)
	}
	return b
}

// collect fetches the rows of a stretch of time, a table for each worker. If bounded, it gives errTooMuch where that is
// more than may be held.
func (s *search) collect(ctx context.Context, part span, columns []string, bounded bool) ([]*rowTable, error) {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	tables := make([]*rowTable, s.engine.workers())
	for i := range tables {
		tables[i] = &rowTable{}
	}
	var rows, bytes atomic.Int64
	err := s.pass(inner, part, columns, func(worker int, b *Block, list []int32) {
		t := tables[worker]
		before := t.bytes
		t.add(b, list)
		if r, n := rows.Add(int64(len(list))), bytes.Add(int64(t.bytes-before)); bounded && (r > maxSliceRows || n > maxSliceBytes) {
			cancel()
		}
	})
	switch {
	case ctx.Err() == nil && inner.Err() != nil:
		return nil, errTooMuch
	case err != nil:
		return nil, fmt.Errorf("search: %w", err)
	}
	return tables, nil
}

// edge returns the oldest n events, or the newest, oldest first. It looks at stretches of time, ever longer ones, from
// that end on until it has them: which they are first, then all they hold.
func (s *search) edge(ctx context.Context, n int, newest bool) (*Block, error) {
	extent, rows, err := s.extent(ctx)
	if err != nil || rows == 0 {
		return &Block{}, err
	}
	if n > manyRows {
		return s.edgeAtOnce(ctx, n, newWalk(extent, rows, max(edgeRows, 2*n), newest), extent)
	}
	var found []place
	for w := newWalk(extent, rows, edgeRows, newest); len(found) < n; w.grow() {
		part, ok := w.next()
		if !ok {
			break
		}
		list, err := s.edgePlaces(ctx, part, n-len(found), newest)
		if err != nil {
			return nil, err
		}
		w.done(part)
		w.tell(ctx, extent)
		found = append(found, list...)
	}
	if len(found) == 0 {
		return &Block{}, nil
	}
	slices.SortFunc(found, comparePlaces)
	return s.fetch(ctx, found)
}

// edgeAtOnce is edge for many events: what they hold is fetched with them.
func (s *search) edgeAtOnce(ctx context.Context, n int, w *walk, extent span) (*Block, error) {
	columns := s.wanted(ctx)
	var tables []*rowTable
	total := 0
	for ; total < n; w.grow() {
		part, ok := w.next()
		if !ok {
			break
		}
		more, err := s.collect(ctx, part, columns, false)
		if err != nil {
			return nil, err
		}
		w.done(part)
		w.tell(ctx, extent)
		for _, t := range more {
			if t.rows > 0 {
				tables = append(tables, t)
				total += t.rows
			}
		}
	}
	list := places(tables)
	if len(list) > n && w.backward {
		list = list[len(list)-n:]
	}
	return s.shaped(gather(list[:min(n, len(list))])), nil
}

// edgePlaces says which are the oldest or newest n events of a stretch of time.
func (s *search) edgePlaces(ctx context.Context, part span, n int, newest bool) ([]place, error) {
	perWorker := make([][]place, s.engine.workers())
	trim := func(list []place) []place {
		slices.SortFunc(list, comparePlaces)
		if len(list) > n && newest {
			return append(list[:0], list[len(list)-n:]...)
		}
		return list[:min(n, len(list))]
	}
	err := s.pass(ctx, part, []string{Time, ID}, func(worker int, b *Block, rows []int32) {
		times, ids := columnOf(b, Time), columnOf(b, ID)
		list := perWorker[worker]
		for _, r := range rows {
			t, _ := parseStamp(times[r])
			p := place{time: t}
			if ids != nil {
				p.id = strings.Clone(ids[r])
			}
			list = append(list, p)
		}
		if len(list) > 4*n+1024 {
			list = trim(list)
		}
		perWorker[worker] = list
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return trim(slices.Concat(perWorker...)), nil
}

// fetch returns all that some events hold, which are in order.
func (s *search) fetch(ctx context.Context, found []place) (*Block, error) {
	want := make(map[string]bool, len(found))
	ids := make([]string, 0, len(found))
	for _, p := range found {
		want[p.id] = true
		if p.id != "" {
			ids = append(ids, strconv.Quote(p.id))
		}
	}
	more := s.filter.text
	if len(ids) == len(found) {
		more = strconv.Quote(ID) + ":in(" + strings.Join(ids, ",") + ")"
	}
	part := span{found[0].time, found[len(found)-1].time + 1}
	columns := s.wanted(ctx)
	tables := make([]*rowTable, s.engine.workers())
	for i := range tables {
		tables[i] = &rowTable{}
	}
	exact := &search{engine: s.engine} // these very events: nothing is left to check
	err := s.engine.scan(ctx, s.text(part, more)+exact.selection(columns), func(worker int, b *Block) {
		var rows []int32
		id := columnOf(b, ID)
		for r := range b.Rows {
			if id == nil || want[id[r]] {
				rows = append(rows, int32(r))
			}
		}
		tables[worker].add(b, rows)
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	list := places(tables)
	if len(list) > len(found) {
		list = list[len(list)-len(found):]
	}
	return s.shaped(gather(list)), nil
}

// apply makes a block of another as a pipe says.
func apply(p query.Pipe, b *Block) *Block {
	notes := b.Notes
	switch p := p.(type) {
	case *query.Head:
		b = cutRows(b, 0, min(p.N, b.Rows))
	case *query.Tail:
		b = cutRows(b, b.Rows-min(p.N, b.Rows), b.Rows)
	case *query.Fields:
		b = chooseColumns(p, b)
	case *query.Sort:
		b = sortBlock(p, b)
	case *query.Filter:
		c := newCheck(p.Where, columnsIn(b))
		b = pickRows(b, c.worker().rows(b))
	default:
		r := newReducer(p, columnsIn(b), 1)
		r.add(0, b, noCheck.worker().rows(b))
		b = r.result()
	}
	b.Notes = append(notes, b.Notes...)
	return b
}

func cutRows(b *Block, from, to int) *Block {
	out := &Block{Names: b.Names, Rows: to - from, Columns: make([][]string, len(b.Columns))}
	for i, c := range b.Columns {
		out.Columns[i] = c[from:to]
	}
	return out
}

func pickRows(b *Block, rows []int32) *Block {
	out := &Block{Names: b.Names, Rows: len(rows), Columns: make([][]string, len(b.Columns))}
	for i, c := range b.Columns {
		out.Columns[i] = make([]string, len(rows))
		for k, r := range rows {
			out.Columns[i][k] = c[r]
		}
	}
	return out
}

// columnsIn finds the columns of a field in a block: see search.columns.
func columnsIn(b *Block) func(string) []string {
	return func(field string) []string {
		list := slices.DeleteFunc(slices.Clone(query.Columns(field)), func(n string) bool { return !slices.Contains(b.Names, n) })
		if len(list) > 0 {
			return list
		}
		for _, n := range b.Names {
			if strings.EqualFold(n, field) {
				list = append(list, n)
			}
		}
		if len(list) == 0 {
			list = []string{field}
		}
		return list
	}
}

// chooseColumns leaves some columns, in the order in which they are asked for, or leaves them out.
func chooseColumns(f *query.Fields, b *Block) *Block {
	out := &Block{Rows: b.Rows}
	columns := columnsIn(b)
	if f.Drop {
		var drop []string
		for _, n := range f.Names {
			drop = append(drop, columns(n)...)
		}
		for i, n := range b.Names {
			if !slices.Contains(drop, n) {
				out.Names, out.Columns = append(out.Names, n), append(out.Columns, b.Columns[i])
			}
		}
		return out
	}
	for _, n := range f.Names {
		out.Names = append(out.Names, n)
		out.Columns = append(out.Columns, fieldValues(b, columns(n)))
	}
	return out
}

// fieldValues returns the values of a field: of each row, that of the first of its columns that has one.
func fieldValues(b *Block, columns []string) []string {
	var out []string
	own := false
	for _, n := range columns {
		values := columnOf(b, n)
		switch {
		case values == nil:
		case out == nil:
			out = values
		default:
			if !own {
				out, own = slices.Clone(out), true
			}
			for i, v := range values {
				if out[i] == "" {
					out[i] = v
				}
			}
		}
	}
	if out == nil {
		out = make([]string, b.Rows)
	}
	return out
}
