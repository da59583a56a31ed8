package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/query"
)

// Query hands out what a query asks for, in blocks, one at a time: events oldest first, or what the last pipe makes. It
// stops when yield returns an error, which it returns, or when ctx is done. Events come without the engine's own columns.
func (e *Embedded) Query(ctx context.Context, q *query.Query, yield func(*Block) error) error {
	return find(ctx, e, q, yield)
}

// Fields returns the names of the columns of the events that a query's condition describes, with how many of them have
// each, the most frequent first. Pipes do not matter.
func (e *Embedded) Fields(ctx context.Context, q *query.Query) ([]Count, error) {
	return fieldsOf(ctx, e, q)
}

// Values returns the values of a field in the events that a query's condition describes, with how many of them have
// each, the most frequent first, and no more than limit.
func (e *Embedded) Values(ctx context.Context, q *query.Query, field string, limit int) ([]Count, error) {
	return valuesOf(ctx, e, q, field, limit)
}

// Query is like Embedded.Query.
func (r *Remote) Query(ctx context.Context, q *query.Query, yield func(*Block) error) error {
	return find(ctx, r, q, yield)
}

// Fields is like Embedded.Fields.
func (r *Remote) Fields(ctx context.Context, q *query.Query) ([]Count, error) {
	return fieldsOf(ctx, r, q)
}

// Values is like Embedded.Values.
func (r *Remote) Values(ctx context.Context, q *query.Query, field string, limit int) ([]Count, error) {
	return valuesOf(ctx, r, q, field, limit)
}

// search is one run of a query.
type search struct {
	engine engine
	query  *query.Query
	span   span

	known []string // all columns; nil: not asked for yet
	err   error    // of asking for them

	filter lowered
	check  *check // nil: the engine decides it all
	where  query.Expr
	fields []*query.Fields // which columns are asked for, in this order
	pipes  []query.Pipe    // what is made of the events then
}

// span is a stretch of time: nanoseconds since 1970, from since to before until; 0 is open.
type span struct{ since, until int64 }

func find(ctx context.Context, e engine, q *query.Query, yield func(*Block) error) error {
	s, err := newSearch(ctx, e, q)
	if err != nil {
		return err
	}
	if len(s.pipes) == 0 {
		return s.stream(ctx, yield)
	}
	var b *Block
	switch p := s.pipes[0].(type) {
	case *query.Head:
		b, err = s.edge(ctx, p.N, false)
	case *query.Tail:
		b, err = s.edge(ctx, p.N, true)
	default:
		b, err = s.reduce(ctx, s.shortened(p))
	}
	if err != nil {
		return err
	}
	for _, p := range s.pipes[1:] {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("search: %w", err)
		}
		b = apply(p, b)
	}
	return handOut(b, yield)
}

// shortened is a sort that keeps no more than the head after it takes; any other pipe as it is.
func (s *search) shortened(p query.Pipe) query.Pipe {
	order, ok := p.(*query.Sort)
	if !ok || len(s.pipes) < 2 {
		return p
	}
	head, ok := s.pipes[1].(*query.Head)
	if !ok || order.N > 0 && order.N <= head.N {
		return p
	}
	return &query.Sort{Keys: order.Keys, N: head.N}
}

// handOut gives a block to the caller, if there is anything to tell.
func handOut(b *Block, yield func(*Block) error) error {
	if b.Rows == 0 && len(b.Notes) == 0 {
		return nil
	}
	return yield(b)
}

func newSearch(ctx context.Context, e engine, q *query.Query) (*search, error) {
	s := &search{engine: e, query: q, span: span{q.Since, q.Until}}
	l := &lowering{
		columns: func(field string) []string { return s.columns(ctx, field) },
		all: func() []string {
			return slices.DeleteFunc(slices.Clone(s.names(ctx)), query.Hidden)
		},
	}
	s.where, s.pipes = q.Where, q.Pipes
	for len(s.pipes) > 0 {
		switch p := s.pipes[0].(type) {
		case *query.Fields:
			s.fields = append(s.fields, p)
		case *query.Filter:
			s.where = andAlso(s.where, p.Where)
		default:
			return s, s.lower(l)
		}
		s.pipes = s.pipes[1:]
	}
	return s, s.lower(l)
}

// andAlso is the condition that two others hold; nil always holds.
func andAlso(a, b query.Expr) query.Expr {
	if a == nil {
		return b
	}
	return &query.And{Of: []query.Expr{a, b}}
}

// lower has the engine decide what it can.
func (s *search) lower(l *lowering) error {
	s.filter = everything
	if s.where == nil {
		return nil
	}
	s.narrow(s.where)
	l.scan = true
	query.Walk(s.where, func(t *query.Test) { l.scan = l.scan && t.Field != "" })
	s.filter = l.lower(s.where, false)
	s.spelledBy(l)
	if !s.filter.exact {
		s.check = newCheck(s.where, l.columns)
	}
	return s.err
}

// narrow takes the span of time that the condition itself asks for.
func (s *search) narrow(e query.Expr) {
	switch e := e.(type) {
	case *query.And:
		for _, p := range e.Of {
			s.narrow(p)
		}
	case *query.Test:
		if e.Op != query.Range || e.Field != Time {
			return
		}
		x, err := query.NewTester(e)
		if err != nil {
			return
		}
		if since, until, ok := x.Times(); ok {
			s.span.since = max(s.span.since, since)
			if until != 0 && (s.span.until == 0 || until < s.span.until) {
				s.span.until = until
			}
		}
	}
}

// names returns the names of all columns within the span.
func (s *search) names(ctx context.Context) []string {
	if s.known == nil {
		counts, err := counted(ctx, s.engine, s.text(s.span, "")+" | field_names", "name")
		if err != nil && s.err == nil {
			s.err = err
		}
		s.known = []string{}
		for _, c := range counts {
			s.known = append(s.known, c.Value)
		}
		slices.Sort(s.known)
	}
	return s.known
}

// columns returns the columns in which a field may be kept: those of its name and of its other names, as they are
// written; or in other case, where there is none.
func (s *search) columns(ctx context.Context, field string) []string {
	list := query.Columns(field)
	if ownColumn(field) {
		return list
	}
	known := s.names(ctx)
	found := slices.DeleteFunc(slices.Clone(list), func(n string) bool {
		_, ok := slices.BinarySearch(known, n)
		return !ok && n != Time
	})
	if len(found) > 0 {
		return found
	}
	for _, n := range known {
		if len(n) == len(field) && strings.EqualFold(n, field) {
			found = append(found, n)
		}
	}
	if len(found) > 0 {
		return found
	}
	return list
}

// ownColumn tells of names that every store has as they are.
func ownColumn(name string) bool {
	switch name {
	case Time, ID, Message, Dataset:
		return true
	}
	return false
}

// text is the engine's query for a stretch of time: what the condition leaves to it, and perhaps more to ask for.
func (s *search) text(within span, more string) string {
	parts := make([]string, 0, 3)
	if t := timeFilter(within.since, within.until); t != "" {
		parts = append(parts, t)
	}
	if more != "" {
		parts = append(parts, more)
	}
	if len(parts) == 0 {
		return "*"
	}
	return strings.Join(parts, " ")
}

// matching is text with the condition of the search.
func (s *search) matching(within span) string { return s.text(within, s.filter.text) }

// counted runs a query of the engine that gives names or values and how many rows have each.
func counted(ctx context.Context, e engine, logsql, column string) ([]Count, error) {
	perWorker := make([][]Count, e.workers())
	err := e.scan(ctx, logsql, func(worker int, b *Block) {
		name, hits := columnOf(b, column), columnOf(b, "hits")
		if name == nil || hits == nil {
			return
		}
		for i := range b.Rows {
			n, err := strconv.ParseUint(hits[i], 10, 64)
			if err == nil && name[i] != "" {
				perWorker[worker] = append(perWorker[worker], Count{strings.Clone(name[i]), n})
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return sortCounts(slices.Concat(perWorker...)), nil
}

func sortCounts(list []Count) []Count {
	slices.SortFunc(list, func(a, b Count) int {
		if a.Count != b.Count {
			if a.Count > b.Count {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Value, b.Value)
	})
	return list
}

// columnOf returns a column of a block; nil if it has none of that name.
func columnOf(b *Block, name string) []string {
	for i, n := range b.Names {
		if n == name {
			return b.Columns[i]
		}
	}
	return nil
}
