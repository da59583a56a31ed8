package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/query"
)

// reduce runs the search and the first pipe that makes something else of events.
func (s *search) reduce(ctx context.Context, p query.Pipe) (*Block, error) {
	columns := func(field string) []string { return s.columns(ctx, field) }
	r := newReducer(p, columns, s.engine.workers())
	if s.err != nil {
		return nil, s.err
	}
	g, ok := r.(*grouping)
	if !ok {
		if err := s.inParts(ctx, func(part span) error { return s.pass(ctx, part, nil, r.add) }); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		return s.shaped(r.result()), nil // the order may be that of a column that is not asked for
	}
	if b, done, err := s.countOnly(ctx, g); done || err != nil {
		return b, err
	}
	if err := s.inParts(ctx, func(part span) error { return s.pass(ctx, part, g.needs(), r.add) }); err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return r.result(), nil
}

// countOnly has the engine count where it decides on the rows by itself, nothing but rows is counted, and groups are few
// or none: by time, or none at all. From a server all counts are fetched so, for rows cost more on their way.
func (s *search) countOnly(ctx context.Context, g *grouping) (*Block, bool, error) {
	if s.check != nil || len(g.funcs) != 1 || g.funcs[0].Name != "count" || g.funcs[0].Field != "" {
		return nil, false, nil
	}
	_, few := s.engine.(*Remote)
	few = few || len(g.by) == 0
	parts := make([]string, len(g.by))
	for i, b := range g.by {
		if len(b.columns) != 1 || b.columns[0] != b.Field {
			return nil, false, nil
		}
		parts[i] = strconv.Quote(b.Field)
		if b.Step > 0 {
			if b.Field != Time {
				return nil, false, nil
			}
			few = true
			parts[i] = "_time:" + query.FormatStep(b.Step)
			if b.Step%1e9 != 0 || b.Step > 7*24*3600*1e9 {
				return nil, false, nil
			}
		}
	}
	if !few {
		return nil, false, nil
	}
	text := " | stats "
	if len(parts) > 0 {
		text += "by (" + strings.Join(parts, ", ") + ") "
	}
	text += `count() as "n"`
	w := g.workers
	perWorker := make([]*groups, len(w))
	err := s.inParts(ctx, func(part span) error {
		return s.engine.scan(ctx, s.matching(part)+text, func(worker int, b *Block) {
			if perWorker[worker] == nil {
				perWorker[worker] = w[worker]
			}
			w[worker].addCounted(b, columnOf(b, "n"))
		})
	})
	if err != nil {
		return nil, false, fmt.Errorf("search: %w", err)
	}
	return g.result(), true, nil
}

// addCounted takes rows that the engine has counted already.
func (g *groups) addCounted(b *Block, counts []string) {
	rows := slices.Clone(noCheck.worker().rows(b))
	for i, by := range g.by {
		g.values[i] = fieldValues(b, by.columns)
		if by.Step > 0 {
			g.values[i] = g.bucketed(g.values[i], by.Group, rows)
		}
	}
	for _, r := range rows {
		n, err := strconv.ParseInt(counts[r], 10, 64)
		if err != nil || n == 0 {
			continue
		}
		g.key = g.key[:0]
		for _, v := range g.values {
			if len(g.by) > 1 {
				g.key = binary.AppendUvarint(g.key, uint64(len(v[r])))
			}
			g.key = append(g.key, v[r]...)
		}
		if id := g.group(string(g.key)); id >= 0 {
			g.counts[id] += n
		} else {
			g.lost += n
		}
	}
}

// fieldsOf is Finder.Fields.
func fieldsOf(ctx context.Context, e engine, q *query.Query) ([]Count, error) {
	s, err := newSearch(ctx, e, &query.Query{Where: q.Where, Since: q.Since, Until: q.Until})
	if err != nil {
		return nil, err
	}
	if s.check == nil {
		list, err := counted(ctx, e, s.matching(s.span)+" | field_names", "name")
		if err != nil {
			return nil, fmt.Errorf("names of fields: %w", err)
		}
		list = slices.DeleteFunc(list, func(c Count) bool { return c.Value == "_stream" || c.Value == "_stream_id" })
		return s.countMessages(ctx, list)
	}
	perWorker := make([]map[string]uint64, e.workers())
	err = s.pass(ctx, s.span, nil, func(worker int, b *Block, rows []int32) {
		m := perWorker[worker]
		if m == nil {
			m = make(map[string]uint64)
			perWorker[worker] = m
		}
		for i, name := range b.Names {
			n := uint64(0)
			for _, r := range rows {
				if b.Columns[i][r] != "" {
					n++
				}
			}
			if n > 0 {
				m[strings.Clone(name)] += n
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("names of fields: %w", err)
	}
	total := make(map[string]uint64)
	for _, m := range perWorker {
		for name, n := range m {
			total[name] += n
		}
	}
	list := make([]Count, 0, len(total))
	for name, n := range total {
		list = append(list, Count{name, n})
	}
	return sortCounts(list), nil
}

// countMessages puts the number of messages right that a server gives: it has one for every row.
func (s *search) countMessages(ctx context.Context, list []Count) ([]Count, error) {
	at := slices.IndexFunc(list, func(c Count) bool { return c.Value == Message })
	if _, far := s.engine.(*Remote); !far || at < 0 {
		return list, nil
	}
	with := (&lowering{}).column(&query.Test{Op: query.Exists}, quoteColumn(Message))
	n := uint64(0)
	err := s.engine.scan(ctx, s.text(s.span, allOf([]lowered{s.filter, with}).text)+` | stats count() as "n"`, func(_ int, b *Block) {
		if c := columnOf(b, "n"); len(c) > 0 {
			n, _ = strconv.ParseUint(c[0], 10, 64)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("names of fields: %w", err)
	}
	if list[at].Count = n; n == 0 {
		list = slices.Delete(list, at, at+1)
	}
	return sortCounts(list), nil
}

// valuesOf is Finder.Values.
func valuesOf(ctx context.Context, e engine, q *query.Query, field string, limit int) ([]Count, error) {
	top := &query.Top{N: max(1, min(limit+1, query.MaxRows)), By: []string{field}}
	var list []Count
	err := find(ctx, e, &query.Query{Where: q.Where, Since: q.Since, Until: q.Until, Pipes: []query.Pipe{top}}, func(b *Block) error {
		values, counts := columnOf(b, field), columnOf(b, "count")
		for r := range b.Rows {
			if n, err := strconv.ParseUint(counts[r], 10, 64); err == nil && values[r] != "" {
				list = append(list, Count{values[r], n})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list[:min(len(list), limit)], nil
}
