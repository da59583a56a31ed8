package serve

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/store"
)

// replaying returns what looks up in the store what a block would have met in the last 7 and 30 days, and which addresses of
// those that the guard knows to be good.
func (t *tenant) replaying(guard *respond.Guard) func(ctx context.Context, b *respond.Block) (*respond.Replay, error) {
	return func(ctx context.Context, b *respond.Block) (*respond.Replay, error) { return t.replay(ctx, b, guard) }
}

func (t *tenant) replay(ctx context.Context, b *respond.Block, guard *respond.Guard) (*respond.Replay, error) {
	r := &respond.Replay{}
	for _, days := range []int{7, 30} {
		span, err := t.replaySpan(ctx, b, days, guard)
		if err != nil {
			return nil, err
		}
		r.Spans = append(r.Spans, *span)
	}
	return r, nil
}

func (t *tenant) replaySpan(ctx context.Context, b *respond.Block, days int, guard *respond.Guard) (*respond.ReplaySpan, error) {
	field := "source.ip"
	if b.Dir == respond.Out {
		field = "destination.ip"
	}
	what := b.Prefix.Addr().String()
	if !b.Prefix.IsSingleIP() {
		what = b.Prefix.String()
	}
	now := time.Now()
	about := fmt.Sprintf("%s:%q", field, what)
	if b.Prefix.Bits() == 0 {
		about = fmt.Sprintf("destination.port:\"%d\"", b.Port)
	}
	s := &respond.ReplaySpan{Days: days}
	for text, into := range map[string]*int64{
		about: &s.Events,
		about + ` and (event.outcome:success or event.type:allowed or "Accepted")`: &s.Good,
	} {
		q, err := parseSpan(text+" | stats count() as n", now, days)
		if err != nil {
			return nil, err
		}
		err = t.store.Query(ctx, q, func(b *store.Block) error {
			i := slices.Index(b.Names, "n")
			if i < 0 || b.Rows == 0 {
				return nil
			}
			n, err := strconv.ParseInt(b.Columns[i][0], 10, 64)
			*into += n
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	q, err := parseSpan(about, now, days)
	if err != nil {
		return nil, err
	}
	for name, into := range map[string]*[]string{"user.name": &s.Users, "host.name": &s.Hosts} {
		counts, err := t.store.Values(ctx, q, name, 10)
		if err != nil {
			return nil, err
		}
		for _, c := range counts {
			if c.Value != "" {
				*into = append(*into, c.Value)
			}
		}
	}
	counts, err := t.store.Values(ctx, q, field, 1000)
	if err != nil {
		return nil, err
	}
	for _, c := range counts {
		if guard.KnownGood(c.Value) && len(s.Known) < 10 {
			s.Known = append(s.Known, c.Value)
		}
	}
	return s, nil
}

// parseSpan reads a query about the last days.
func parseSpan(text string, now time.Time, days int) (*query.Query, error) {
	q, err := query.Parse(text)
	if err == nil {
		q.Since, q.Until = now.AddDate(0, 0, -days).UnixNano(), now.UnixNano()
	}
	return q, err
}
