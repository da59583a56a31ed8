package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/store"
)

// HistogramAsk is what GET /search/histogram is asked.
type HistogramAsk struct {
	SearchAsk
	Buckets int `query:"buckets" minimum:"1" maximum:"400" default:"60" doc:"At most."`
}

// EventHistogram counts events over the whole of a span, whatever of them a search would list.
type EventHistogram struct {
	Start  time.Time `json:"start,omitzero" doc:"Of the first bucket."`
	Step   float64   `json:"step" doc:"Seconds of a bucket."`
	Counts []int64   `json:"counts"`
	Total  int64     `json:"total"`
	Notes  []string  `json:"notes,omitempty" doc:"Which limits the search has met."`
}

func (s *Server) registerHistogram(a *API) {
	Handle(a, Operation{Method: http.MethodGet, Path: "/search/histogram", Permission: identity.SearchRead, Summary: "Counts events by time", Tag: "search"}, s.histogram)
}

// histogram counts the events that a query's conditions mean; what it makes of them after that is of no consequence.
func (s *Server) histogram(ctx context.Context, t *Tenant, in *HistogramAsk) (*EventHistogram, error) {
	q, err := in.query()
	if err != nil {
		return nil, err
	}
	for n, p := range q.Pipes {
		if _, ok := p.(*query.Filter); !ok {
			q.Pipes = q.Pipes[:n]
			break
		}
	}
	out := &EventHistogram{Counts: []int64{}}
	if q.Since == 0 || q.Until == 0 {
		first, last, err := t.span(ctx, q)
		if err != nil || first == 0 {
			return out, err
		}
		if q.Since == 0 {
			q.Since = first
		}
		if q.Until == 0 {
			q.Until = last + 1
		}
	}
	if q.Until <= q.Since {
		return out, nil
	}
	step := stepFor(q.Until-q.Since, in.Buckets)
	first := q.Since - mod(q.Since, step)
	out.Start, out.Step = time.Unix(0, first).UTC(), time.Duration(step).Seconds()
	out.Counts = make([]int64, (q.Until-first+step-1)/step)
	q.Pipes = append(slices.Clone(q.Pipes), &query.Timechart{Step: step, Func: query.Func{Name: "count", As: "count"}})
	err = t.Store.Query(ctx, q, func(b *store.Block) error {
		out.Notes = append(out.Notes, b.Notes...)
		when, count := slices.Index(b.Names, query.Time), slices.Index(b.Names, "count")
		if when < 0 || count < 0 {
			return nil
		}
		for r := range b.Rows {
			at, err := time.Parse(time.RFC3339Nano, b.Columns[when][r])
			if err != nil {
				return fmt.Errorf("histogram: %w", err)
			}
			n, err := strconv.ParseInt(b.Columns[count][r], 10, 64)
			if err != nil {
				return fmt.Errorf("histogram: %w", err)
			}
			if i := (at.UnixNano() - first) / step; i >= 0 && i < int64(len(out.Counts)) {
				out.Counts[i] += n
				out.Total += n
			}
		}
		return nil
	})
	return out, err
}

// mod is what is left of a time by a step, never below 0.
func mod(t, step int64) int64 { return (t%step + step) % step }

// span returns the times of the first and the last event that a query means; 0 where there is none.
func (t *Tenant) span(ctx context.Context, q *query.Query) (first, last int64, err error) {
	whole := &query.Query{Where: q.Where, Since: q.Since, Until: q.Until}
	whole.Pipes = append(slices.Clone(q.Pipes), &query.Stats{Funcs: []query.Func{
		{Name: "min", Field: query.Time, As: "first"}, {Name: "max", Field: query.Time, As: "last"},
	}})
	err = t.Store.Query(ctx, whole, func(b *store.Block) error {
		for name, to := range map[string]*int64{"first": &first, "last": &last} {
			c := slices.Index(b.Names, name)
			if c < 0 || b.Rows == 0 || b.Columns[c][0] == "" {
				continue
			}
			at, err := time.Parse(time.RFC3339Nano, b.Columns[c][0])
			if err != nil {
				return fmt.Errorf("span of the events: %w", err)
			}
			*to = at.UnixNano()
		}
		return nil
	})
	return first, last, err
}
