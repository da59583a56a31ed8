package serve

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/state"
)

// What playbooks look at.
const (
	alertsSince  = time.Hour // what is older when it comes to be known is history
	maxAltered   = 50_000    // alerts that wait for an answer; of more, those that come last get none until they change again
	alteredPass  = 200       // that are answered before it is looked again which are the gravest
	answeredFact = "playbooks.seen"
)

// altered are a tenant's alerts that hits have changed and that no playbook has looked at.
type altered struct {
	mu   sync.Mutex
	wait map[string]alteredAlert // by their keys
	wake chan struct{}           // of capacity 1
	lost int64
}

type alteredAlert struct {
	key     string
	level   int
	updated int64
}

func newAltered() *altered {
	return &altered{wait: make(map[string]alteredAlert), wake: make(chan struct{}, 1)}
}

// add takes note of alerts. It does not wait, and keeps none of them.
func (w *altered) add(list []*alert.Alert) {
	since := time.Now().Add(-alertsSince).UnixNano()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range list {
		if a.Silence != "" || a.Last < since {
			continue
		}
		if _, ok := w.wait[a.Key]; !ok && len(w.wait) >= maxAltered {
			w.lost++
			continue
		}
		w.wait[a.Key] = alteredAlert{a.Key, a.Level, a.Updated}
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take takes the gravest out, and of these the oldest. It says how many could not be noted since the last time.
func (w *altered) take() (list []alteredAlert, lost int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list = make([]alteredAlert, 0, len(w.wait))
	for _, a := range w.wait {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b alteredAlert) int {
		return cmp.Or(cmp.Compare(b.level, a.level), cmp.Compare(a.updated, b.updated), cmp.Compare(a.key, b.key))
	})
	list = list[:min(len(list), alteredPass)]
	for _, a := range list {
		delete(w.wait, a.key)
	}
	lost, w.lost = w.lost, 0
	return list, lost
}

// putBack has one looked at again.
func (w *altered) putBack(a alteredAlert) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.wait[a.key]; !ok {
		w.wait[a.key] = a
	}
}

// before is up to when all alerts are answered that were changed until done: to the first that waits. It tells whether any
// does.
func (w *altered) before(done int64) (until int64, waiting bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.wait {
		done = min(done, a.updated-1)
	}
	return done, len(w.wait) > 0
}

// play lets playbooks answer a tenant's alerts until ctx is done.
func (r *response) play(ctx context.Context, t *tenant) {
	noted, err := r.missed(ctx, t)
	if err != nil && ctx.Err() != nil {
		return
	}
	if err != nil {
		r.log.Error("playbooks", "tenant", t.name, "error", err)
		return
	}
	seen, written := noted, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.altered.wake:
		}
		begun := time.Now()
		last, err := r.answer(ctx, t)
		if err != nil && ctx.Err() == nil {
			r.log.Error("playbooks", "tenant", t.name, "error", err)
		}
		seen = max(seen, last)
		safe, waiting := t.altered.before(seen)
		if safe > noted && (!waiting || time.Since(written) > time.Second) {
			if err := t.state.SetFacts(ctx, map[string]string{answeredFact: strconv.FormatInt(safe, 10)}); err != nil && ctx.Err() == nil {
				r.log.Error("playbooks", "tenant", t.name, "error", err)
			}
			noted, written = safe, time.Now()
		}
		select { // in a flood, what finds things is to have the machine
		case <-ctx.Done():
			return
		case <-time.After(min(2*time.Since(begun), time.Second)):
		}
	}
}

// missed takes note of what was changed and not answered before the last end, and says up to when all is answered.
func (r *response) missed(ctx context.Context, t *tenant) (int64, error) {
	text, err := t.state.Fact(ctx, answeredFact)
	if err != nil {
		return 0, err
	}
	seen, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		seen = r.opened // and not when this began to look: what comes in meanwhile is answered
		if err := t.state.SetFacts(ctx, map[string]string{answeredFact: strconv.FormatInt(seen, 10)}); err != nil {
			return 0, err
		}
	}
	list, err := t.state.ListAlerts(ctx, state.AlertFilter{Since: time.Now().Add(-alertsSince).UnixNano(), Changed: max(1, seen), Limit: maxAltered / 5})
	if err != nil {
		return 0, err
	}
	t.altered.add(list)
	return seen, nil
}

// answer lets playbooks answer some alerts, the gravest first, and says when the last of them was changed.
func (r *response) answer(ctx context.Context, t *tenant) (seen int64, err error) {
	list, lost := t.altered.take()
	if lost > 0 {
		r.log.Warn("playbooks have not answered some alerts: too many changed at once", "tenant", t.name, "alerts", lost)
	}
	var errs []error
	for _, w := range list {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		a, err := t.state.Alert(ctx, w.key)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err == nil {
			err = r.answerOne(ctx, t, a)
		}
		if err != nil {
			errs = append(errs, err)
			t.altered.putBack(w)
			continue
		}
		seen = max(seen, a.Updated)
	}
	if len(list) == alteredPass || len(errs) > 0 {
		t.altered.add(nil) // there is more
	}
	return seen, errors.Join(errs...)
}

func (r *response) answerOne(ctx context.Context, t *tenant, a *alert.Alert) error {
	done, err := r.Play(ctx, r.playbooksNow(), t.cause(ctx, a))
	for _, d := range done {
		r.log.Info("a playbook asks", "kind", d.Kind, "target", d.Target, "state", d.State, "by", d.By)
	}
	return err
}
