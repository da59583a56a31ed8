package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// applier is the goroutine that takes the outcomes in the order of the log: it keeps the events and the hits, counts
// correlations and makes checkpoints.
type applier struct {
	*Line
	live    *detect.Live
	senses  senses
	engine  *detect.Engine // that live counts for
	through uint64         // the frame applied last
	saved   time.Time      // of the last checkpoint
	begun   time.Time      // when the present was reached
	settled bool
	watch   watch
	keys    map[*sigma.Rule]string // detect.RuleKey
	hits    []found                // since they were kept last
	waits   time.Time              // since when the first of them does
	rows    []state.Hit            // of hits, those that are kept
	desk    *alert.Desk
	working context.Context // in which hits are taken: the desk looks up what it does not know
	gone    []string        // keys of hits that were open and whose rules are gone
	told    time.Time       // when a store that does not take was last complained of
	clock   int64           // the present, when it was last looked at; nanoseconds since 1970
	trimmed trimmed
	unread  unread
}

// settling is a stream that brings nothing: it keeps correlations from going on to the present before those who begin in
// the past have said so.
const settling = "\x00settling"

// apply takes one outcome.
func (a *applier) apply(ctx context.Context, o outcome) error {
	last := a.moving.Add(-1) == 0
	if o.engine != a.engine {
		a.change(o.engine)
	}
	defer a.room.give(o.room)
	if !o.replayed {
		a.look(o.arrived)
	}
	if o.tick {
		if a.begun.IsZero() { // the process stood still, not the sources
			a.begun = a.opt.Now()
			a.live.Resume(o.arrived)
			a.live.Observe(detect.Progress{Stream: settling, Behind: true}, nil, a.correlated)
			close(a.present)
		}
		if !a.settled && since(a.begun, a.opt.Now()) >= a.opt.Settle {
			a.settled = true
			a.live.Observe(detect.Progress{Stream: settling}, nil, a.correlated)
		}
		a.live.Advance(o.arrived, a.correlated)
		a.sense(nil)
		a.watch.tick(o.arrived)
		a.count.ticks.Add(1)
		a.unread.tick()
		a.tellTrimmed()
		return a.settle(ctx)
	}
	a.counted(&o)
	if err := a.keep(ctx, &o); err != nil {
		return err
	}
	a.spare.give(o.rows)
	for i := range o.result.Hits {
		h := &o.result.Hits[i]
		id := store.IDOf(o.seq, h.Index)
		a.find(hitRow(detect.HitKey(a.ruleKey(h.Rule), id), h.Rule, &h.Hit, id, false, o.arrived), o.seq, &h.Hit)
	}
	if !o.again && (o.delivery.Block.Origin.Path != ownPath || len(o.result.Observations) > 0) {
		d := &o.delivery
		p := detect.Progress{Stream: streamOf(&o), Latest: o.newest, Behind: d.Behind}
		a.live.Advance(o.arrived, a.correlated) // the same in a replay: so the same hits
		a.live.Observe(p, o.result.Observations, a.correlated)
		a.sense(o.result.Sightings)
		o.engine.Reuse(o.result)
	}
	if !o.again {
		a.through = o.seq
	}
	return a.keepHits(ctx, last)
}

// streamOf names what the order of a delivery's events is that of.
func streamOf(o *outcome) string {
	if s := o.delivery.Stream; s != "" {
		return s
	}
	return o.delivery.Block.Origin.Path
}

// counted counts what came, and tells what could not be read.
func (a *applier) counted(o *outcome) {
	a.count.events.Add(o.result.Events)
	unread := o.result.Unread
	if o.failed != nil {
		unread = append(unread, *o.failed)
	}
	if len(unread) > 0 && !o.replayed {
		a.count.unread.Add(int64(len(unread)))
		a.unread.add(o.delivery.Block.Origin, unread)
	}
	if !o.replayed {
		a.watch.saw(o)
	}
}

// keep hands the events to the store, again and again while it does not take them.
func (a *applier) keep(ctx context.Context, o *outcome) error {
	if o.rows == nil || o.rows.Len() == 0 {
		return nil
	}
	return a.until(ctx, "the store does not take events", func() error {
		added, err := a.add(ctx, o)
		if err != nil {
			return err
		}
		a.count.kept.Add(int64(added.Kept))
		if lost := added.TooOld + added.TooNew; lost > 0 {
			a.count.unkept.Add(int64(lost))
		}
		if !o.replayed {
			a.trimmed.add(o, added.Trimmed)
		}
		return nil
	})
}

// add adds the rows of a frame, of one that may have been kept before only those that are not there.
func (a *applier) add(ctx context.Context, o *outcome) (store.Added, error) {
	if !o.replayed {
		return a.opt.Store.AddSome(ctx, o.seq, o.rows, nil)
	}
	lacks, err := a.opt.Store.Lacks(ctx, o.seq, o.rows)
	if err != nil {
		return store.Added{}, err
	}
	return a.opt.Store.AddSome(ctx, o.seq, o.rows, lacks)
}

// change goes on with another engine: correlations that it has too keep what they have counted.
func (a *applier) change(e *detect.Engine) {
	fresh := e.NewLive(detect.LiveOptions{Lateness: a.opt.Lateness})
	if a.live != nil {
		if err := fresh.Restore(a.live.Snapshot(nil)); err != nil {
			a.opt.Log.Error("what correlations had counted could not be taken over", "error", err)
		}
		a.gone = append(a.gone, fresh.Gone()...)
	}
	a.live, a.engine = fresh, e
	a.senses.use(e, a.Line)
	a.keys = make(map[*sigma.Rule]string)
}

// ruleKey is detect.RuleKey, worked out once for each rule.
func (a *applier) ruleKey(r *sigma.Rule) string {
	key, ok := a.keys[r]
	if !ok {
		key = detect.RuleKey(r)
		a.keys[r] = key
	}
	return key
}

// correlated takes what a correlation found.
func (a *applier) correlated(h *detect.LiveHit) {
	row := hitRow(h.Key, h.Rule, h.Hit, "", h.Open, a.opt.Now().UnixNano())
	row.Last = h.Last
	a.findAgain(row, h.Hit)
}

// close closes the hits whose rules are gone: nothing more will come of them.
func (a *applier) close(ctx context.Context) error {
	for _, key := range a.gone {
		h, err := a.opt.State.Hit(ctx, key)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		h.Open = false
		var whole detect.Hit
		if err := json.Unmarshal([]byte(h.JSON), &whole); err != nil {
			return fmt.Errorf("hit %s: %w", key, err)
		}
		a.findAgain(h, &whole)
	}
	a.gone = a.gone[:0]
	return nil
}

// settle keeps what is left, and makes a checkpoint if it is time for one.
func (a *applier) settle(ctx context.Context) error {
	a.heed()
	if err := a.close(ctx); err != nil {
		a.opt.Log.Warn("hits of rules that are gone cannot be closed; trying again", "error", err)
	}
	if err := a.putHits(ctx); err != nil {
		return err
	}
	if since(a.saved, a.opt.Now()) < a.opt.Checkpoint || len(a.gone) > 0 { // a checkpoint does not know what is gone
		return nil
	}
	return a.save(ctx)
}

// finish makes the last checkpoint.
func (a *applier) finish(ctx context.Context) error {
	if err := a.putHits(ctx); err != nil {
		return err
	}
	return a.save(ctx)
}

// hitJSON is the whole of a hit, as it is kept.
func hitJSON(h *detect.Hit) string {
	text, err := json.Marshal(h)
	if err != nil {
		return "{}" // a hit holds nothing that JSON cannot: its event was made by us
	}
	return string(text)
}

// hitRow makes of a hit what is kept of it, but for its JSON.
func hitRow(key string, r *sigma.Rule, h *detect.Hit, eventID string, open bool, seen int64) state.Hit {
	row := state.Hit{
		Key: key, RuleID: r.ID, RuleTitle: r.Title, Level: max(int(r.Level)-1, 0), Seen: seen, Count: max(h.Count, 1), Open: open,
		File: h.File, Record: h.Record, EventID: eventID, Tags: r.Tags,
		Hosts: h.Entities.Hosts, Users: h.Entities.Users, Addresses: h.Entities.Addresses,
	}
	if !h.Time.IsZero() {
		row.Time = h.Time.UnixNano()
	} else {
		row.Time = seen
	}
	return row
}
