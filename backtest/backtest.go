// Package backtest runs rules over the events that are kept, and says how often they would have hit, on whom, and what
// people have said of the same; and of rules that are in force how they have done so far.
//
// It promises: an event that is kept means to a rule what it meant when it came in (see live.Rebuild); correlations are
// counted in the events' own time, as hunt does; hits become alerts as they do live. It reads and never writes. Events are
// left out unread only where no rule that is tried can hit them. Memory is bounded, and where a bound is met a note of the
// result says so.
//
// Run and Stats work in the goroutine that calls them, and end when their context does.
package backtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// Finder finds events: see the methods of store.Embedded.
type Finder interface {
	Query(ctx context.Context, q *query.Query, yield func(*store.Block) error) error
	Values(ctx context.Context, q *query.Query, field string, limit int) ([]store.Count, error)
}

// Known is what is known of hits and of what people have said of them: see the methods of state.State.
type Known interface {
	ListHits(ctx context.Context, f state.HitFilter) iter.Seq2[state.Hit, error]
	ListIncidents(ctx context.Context, f state.IncidentFilter) ([]*alert.Incident, error)
	ListAlerts(ctx context.Context, f state.AlertFilter) ([]*alert.Alert, error)
}

// Request says what is tried on what.
type Request struct {
	Tried        []*sigma.Rule // whose hits are wanted: detections and correlations
	Rules        []*sigma.Rule // detections, those of Tried among them and those that correlations refer to
	Correlations []*sigma.Rule // each after all that it refers to
	InForce      func(*sigma.Rule) bool
	Sources      *sigma.LogSources
	Since, Until int64 // nanoseconds since 1970; events from Since on and before Until; 0 is no bound

	Parser   func(format string, env *parse.Env) parse.Parser
	Formats  []*event.Format // of events that package parse does not make
	Store    Finder
	State    Known                       // nil where nothing is known
	Spill    func() (order.Spill, error) // see detect.Options
	Progress func(Progress)              // is told now and then how far it is; nil is fine
	Now      func() time.Time            // nil is time.Now
	Silences []alert.Silence             // what they hide is no alert
}

// Progress says how far a run is.
type Progress struct {
	Events int64     `json:"events"` // looked at
	Hits   int64     `json:"hits"`
	At     time.Time `json:"at,omitzero"` // of the event looked at last
	Share  float64   `json:"share"`       // of the time that has been gone through, from 0 to 1
}

// Result is what came of a run.
type Result struct {
	Since   time.Time `json:"since,omitzero"` // of what was asked for; of what is kept, where that begins later
	Until   time.Time `json:"until,omitzero"`
	Days    float64   `json:"days"`             // that there are events of
	Events  int64     `json:"events"`           // that a rule could have hit, and were looked at
	Kept    int64     `json:"kept"`             // that are kept of the time
	Narrow  string    `json:"narrow,omitempty"` // the condition by which the others were left out, as a query
	Seconds float64   `json:"seconds"`
	Rules   []Outcome `json:"rules"`
	Notes   []string  `json:"notes,omitempty"`
}

// progressEvery is the pause between two reports of progress.
const progressEvery = 250 * time.Millisecond

// run is one run.
type run struct {
	*Request
	engine  *detect.Engine
	worker  *detect.Worker
	rebuild *live.Rebuild
	tallies map[*sigma.Rule]*tally
	tallied []*tally
	desk    *desk
	result  Result
	extent  [2]int64 // of the events that were looked at, nanoseconds since 1970
	begun   time.Time
	told    time.Time
	hits    int64
}

// Run tries rules on what is kept.
func Run(ctx context.Context, q Request) (*Result, error) {
	if q.Now == nil {
		q.Now = time.Now
	}
	const attempts = 3
	for i := 1; ; i++ {
		r, err := newRun(&q)
		if err != nil {
			return nil, err
		}
		if err = r.run(ctx); errors.Is(err, store.ErrReopened) && i < attempts && ctx.Err() == nil {
			continue // a day was removed: what was counted of it is not kept any more
		}
		if err != nil {
			return nil, err
		}
		return &r.result, nil
	}
}

func newRun(q *Request) (*run, error) {
	r := &run{Request: q, rebuild: live.NewRebuild(q.Parser, q.Formats...), tallies: make(map[*sigma.Rule]*tally), begun: q.Now(), told: q.Now()}
	for _, rule := range q.Tried {
		t := newTally(rule)
		r.tallies[rule] = t
		r.tallied = append(r.tallied, t)
	}
	var err error
	wanted := func(rule *sigma.Rule) bool { return r.tallies[rule] != nil }
	r.engine, err = detect.New(q.Rules, q.Correlations, q.Sources, detect.Options{Wanted: wanted, Spill: q.Spill})
	if err != nil {
		return nil, err
	}
	r.worker = r.engine.NewWorker()
	r.desk = newDesk(q.Silences)
	return r, nil
}

func (r *run) run(ctx context.Context) error {
	for _, t := range r.tallied {
		if r.State != nil && r.InForce != nil && r.InForce(t.rule) {
			if err := t.load(ctx, r.Request); err != nil {
				return err
			}
		}
	}
	datasets, err := datasetsOf(ctx, r.Store, r.Since, r.Until)
	if err != nil {
		return err
	}
	for _, d := range datasets {
		r.result.Kept += int64(d.Count)
	}
	n := &narrowing{sources: r.Sources, datasets: datasets, format: r.rebuild.Format}
	where, none := n.where(r.detections())
	r.result.Narrow = narrowText(where)
	if !none {
		if err := r.read(ctx, where); err != nil {
			return err
		}
	}
	err = r.engine.Finish(func(rule *sigma.Rule, h *detect.Hit) error {
		r.hit(rule, h, 0)
		return nil
	})
	if err != nil {
		return err
	}
	r.desk.settle()
	return r.finish(ctx, n)
}

// detections are those that the rules under trial are made of.
func (r *run) detections() []*sigma.Rule { return detectionsOf(r.Tried) }

func detectionsOf(rules []*sigma.Rule) []*sigma.Rule {
	var list []*sigma.Rule
	seen := make(map[*sigma.Rule]bool)
	var add func(rule *sigma.Rule, depth int)
	add = func(rule *sigma.Rule, depth int) {
		if rule == nil || seen[rule] || depth > 16 {
			return
		}
		seen[rule] = true
		if rule.Correlation == nil {
			list = append(list, rule)
			return
		}
		for _, ref := range rule.Correlation.Rules {
			add(ref.Rule, depth+1)
		}
	}
	for _, rule := range rules {
		add(rule, 0)
	}
	return list
}

// read goes through the events that a condition means.
func (r *run) read(ctx context.Context, where query.Expr) error {
	q := &query.Query{Where: where, Since: r.Since, Until: r.Until}
	err := r.Store.Query(ctx, q, func(b *store.Block) error {
		batch := r.rebuild.Events(b.Names, b.Columns, b.Rows)
		times := timesOf(b)
		found := r.worker.Match(batch)
		if err := r.engine.Gather(found); err != nil {
			return err
		}
		for i := range found.Hits {
			h := &found.Hits[i]
			r.hit(h.Rule, &h.Hit, times[h.Index])
		}
		r.engine.Reuse(found)
		r.result.Events += int64(b.Rows)
		if b.Rows > 0 {
			r.passed(times[0], times[b.Rows-1])
		}
		return ctx.Err()
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("read what is kept: %w", err)
	}
	return nil
}

// passed notes the time of events that were looked at, and tells how far the run is.
func (r *run) passed(from, to int64) {
	if r.extent[0] == 0 || from < r.extent[0] {
		r.extent[0] = from
	}
	r.extent[1] = max(r.extent[1], to)
	now := r.Now()
	if r.Progress == nil || now.Sub(r.told) < progressEvery {
		return
	}
	r.told = now
	p := Progress{Events: r.result.Events, Hits: r.hits, At: alert.When(to)}
	if span := r.until() - r.since(); span > 0 {
		p.Share = min(max(float64(to-r.since())/float64(span), 0), 1)
	}
	r.Progress(p)
}

// since and until are the bounds of the time that is gone through, as far as they are known.
func (r *run) since() int64 {
	if r.Since != 0 {
		return r.Since
	}
	return r.extent[0]
}

func (r *run) until() int64 {
	if r.Until != 0 {
		return r.Until
	}
	return r.begun.UnixNano()
}

// timesOf returns when the events of a block were.
func timesOf(b *store.Block) []int64 {
	times := make([]int64, b.Rows)
	for i, n := range b.Names {
		if n != store.Time {
			continue
		}
		for row, v := range b.Columns[i] {
			if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
				times[row] = t.UnixNano()
			}
		}
	}
	return times
}

// hit counts a hit. at is when its event was kept to be, where it states no time.
func (r *run) hit(rule *sigma.Rule, h *detect.Hit, at int64) {
	t := r.tallies[rule]
	if t == nil {
		return
	}
	r.hits++
	if !h.Time.IsZero() {
		at = h.Time.UnixNano()
	}
	t.hit(h, at)
	if r.desk.take(rule, h, at) == 1 {
		t.out.Alerts++
	}
}

// finish makes the result of what was counted.
func (r *run) finish(ctx context.Context, n *narrowing) error {
	first, last := r.extent[0], r.extent[1]
	if r.Since != 0 || r.Until != 0 || first == 0 {
		first, last = r.keptSpan(ctx, first, last)
	}
	r.result.Since, r.result.Until = alert.When(first), alert.When(last)
	r.result.Days = max(float64(last-first)/float64(24*time.Hour), 0)
	for _, t := range r.tallied {
		t.finish(r.result.Days)
		if r.State != nil {
			if err := r.judge(ctx, t); err != nil {
				return err
			}
		}
	}
	if err := r.why(ctx, n); err != nil {
		return err
	}
	for _, t := range r.tallied {
		r.result.Rules = append(r.result.Rules, t.out)
	}
	r.result.Notes = append(r.result.Notes, r.engine.Notes()...)
	r.result.Notes = append(r.result.Notes, r.desk.notes()...)
	r.result.Seconds = r.Now().Sub(r.begun).Seconds()
	return nil
}

// keptSpan returns when the first and the last event is that is kept of the time that is asked for.
func (r *run) keptSpan(ctx context.Context, first, last int64) (int64, int64) {
	for _, edge := range []struct {
		pipe query.Pipe
		to   *int64
	}{{&query.Head{N: 1}, &first}, {&query.Tail{N: 1}, &last}} {
		q := &query.Query{Since: r.Since, Until: r.Until, Pipes: []query.Pipe{edge.pipe, &query.Fields{Names: []string{store.Time}}}}
		err := r.Store.Query(ctx, q, func(b *store.Block) error {
			if times := timesOf(b); len(times) > 0 && times[0] != 0 {
				*edge.to = times[0]
			}
			return nil
		})
		if err != nil {
			return first, last // those of what was looked at will do
		}
	}
	return first, last
}
