package respond

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

// Run makes the world what is written, and keeps it so until ctx is done. What is under way then is finished first.
func (r *Runner) Run(ctx context.Context) error {
	defer r.doing.Wait()
	r.mu.Lock()
	r.broken = true // nothing is known of the kernel yet
	r.mu.Unlock()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	settle := time.NewTicker(r.opt.Settle)
	defer settle.Stop()
	var stepping, settling repeated
	for {
		if err := r.Step(ctx); ctx.Err() == nil && stepping.news(err) {
			r.opt.Log.Error("actions", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.kick:
		case <-tick.C:
		case <-settle.C:
			if err := r.Settle(ctx); ctx.Err() == nil && settling.news(err) {
				r.opt.Log.Error("compare the firewall with what is wanted", "error", err)
			}
		}
	}
}

// repeated is an error that is told once, not with each tick.
type repeated string

// news tells whether there is an error, and another one than the last time.
func (r *repeated) news(err error) bool {
	last := *r
	*r = ""
	if err != nil {
		*r = repeated(err.Error())
	}
	return *r != "" && *r != last
}

// Step does what is due now.
func (r *Runner) Step(ctx context.Context) error {
	return errors.Join(r.expire(ctx), r.settleBroken(ctx), r.stepFirewall(ctx), r.stepDeeds(ctx), r.stepPolicy(ctx))
}

// expire retracts what is over.
func (r *Runner) expire(ctx context.Context) error {
	due, err := r.state.DueActions(ctx, r.now())
	if err != nil {
		return err
	}
	var steps []step
	for i := range due {
		k, err := decode(&due[i])
		if err != nil {
			return err
		}
		if !k.Due(r.now()) {
			continue
		}
		if k.Action, err = k.Retract(Expired, "", r.now()); err == nil {
			steps = append(steps, step{k, "tocsin", "expire"})
		}
	}
	return r.put(ctx, steps)
}

// pending are the actions in a state that are to be tried now, of the firewall or not.
func (r *Runner) pending(ctx context.Context, firewall bool, states ...State) ([]kept, error) {
	list, err := r.list(ctx, state.ActionFilter{}, states...)
	if err != nil {
		return nil, err
	}
	now := r.now()
	out := list[:0]
	for _, k := range list {
		kind, err := KindOf(k.Kind)
		if err != nil {
			r.opt.Log.Warn("an action of a kind that this version does not know", "key", k.Key, "kind", k.Kind)
			continue
		}
		if kind.firewall() == firewall && k.Next <= now {
			out = append(out, k)
		}
	}
	return out, nil
}

// stepFirewall makes new entries of the firewall and takes old ones away, all in one step of the kernel.
func (r *Runner) stepFirewall(ctx context.Context) error {
	list, err := r.pending(ctx, true, Approved, Running, Undoing)
	if err != nil || len(list) == 0 {
		return err
	}
	var add, remove []Block
	whole := false
	for _, k := range list {
		if k.Kind == isolateName {
			whole = true
			continue
		}
		b, err := entry(k.Kind, k.Target, k.Params)
		if err != nil {
			return err
		}
		b.Until = k.Until
		if k.State == Undoing {
			remove = append(remove, b)
		} else {
			add = append(add, b)
		}
	}
	var answer *Answer
	if whole {
		answer, err = r.replaceAll(ctx)
	} else {
		answer, err = r.world.Perform(ctx, &Order{Verb: VerbChange, Add: add, Remove: remove})
		if err != nil { // perhaps the table is not what it was
			answer, err = r.replaceAll(ctx)
		}
	}
	return r.finishFirewall(ctx, list, answer, err)
}

// finishFirewall writes down what came of it.
func (r *Runner) finishFirewall(ctx context.Context, list []kept, answer *Answer, failed error) error {
	now := r.now()
	refused := make(map[string]string)
	if answer != nil {
		for _, f := range answer.Refused {
			refused[f.Block.Target()] = f.Why
		}
	}
	steps := make([]step, len(list))
	for i, k := range list {
		s := step{k, "tocsin", "done"}
		why, isRefused := refused[k.Target]
		switch {
		case failed != nil:
			s.Action, s.verb = k.Fail(failed, false, now), "fail"
		case k.State == Undoing:
			s.Action, s.verb = k.Retracted(now), "undone"
		case isRefused:
			k.State = Running
			s.Action, s.verb = k.Fail(fmt.Errorf("%w: %s", ErrForbidden, why), true, now), "fail"
		default:
			s.Action = k.Finish(Outcome{Result: "in force"}, now)
		}
		if failed != nil && k.State == Approved && s.Tries >= maxTries {
			s.State, s.Ended, s.Next = Failed, now, 0
		}
		steps[i] = s
	}
	return errors.Join(failed, r.putEach(ctx, steps))
}

// putEach writes steps down together, or, where somebody has changed one meanwhile, one by one.
func (r *Runner) putEach(ctx context.Context, steps []step) error {
	err := r.put(ctx, steps)
	if !errors.Is(err, state.ErrChanged) || len(steps) == 1 {
		if errors.Is(err, state.ErrChanged) {
			r.stir() // it is looked at again
			return nil
		}
		return err
	}
	for _, s := range steps {
		if err := r.putEach(ctx, []step{s}); err != nil {
			return err
		}
	}
	return nil
}

// wanted is the whole firewall as it is written.
func (r *Runner) wanted(ctx context.Context) (*Wanted, error) {
	list, err := r.list(ctx, state.ActionFilter{}, Approved, Running, Done)
	if err != nil {
		return nil, err
	}
	w := &Wanted{}
	now := r.now()
	for _, k := range list {
		if k.Until != 0 && k.Until <= now {
			continue
		}
		if k.Kind == isolateName {
			w.Isolated = true
			continue
		}
		if kind, err := KindOf(k.Kind); err != nil || !kind.firewall() {
			continue
		}
		b, err := entry(k.Kind, k.Target, k.Params)
		if err != nil {
			return nil, fmt.Errorf("action %s: %w", k.Key, err)
		}
		b.Until = k.Until
		w.Blocks = append(w.Blocks, b)
	}
	ground := &Ground{}
	if w.Isolated {
		if ground, err = r.ground(ctx); err != nil {
			return nil, err
		}
	}
	spared := r.opt.Guard.spared(ground)
	have := make(map[string]bool, len(w.Blocks))
	for i := range w.Blocks {
		have[w.Blocks[i].id()] = true
	}
	for _, b := range spared {
		if !have[b.id()] {
			w.Blocks = append(w.Blocks, b)
		}
	}
	return w, r.addPolicy(ctx, w)
}

// replaceAll makes the whole firewall what is written.
func (r *Runner) replaceAll(ctx context.Context) (*Answer, error) {
	w, err := r.wanted(ctx)
	if err != nil {
		return nil, err
	}
	a, err := r.world.Perform(ctx, &Order{Verb: VerbReplace, Wanted: w})
	r.mu.Lock()
	r.broken = err != nil
	r.mu.Unlock()
	return a, err
}

// settleBroken makes the firewall whole where it is not known to be, but leaves a host alone where nothing is wanted.
func (r *Runner) settleBroken(ctx context.Context) error {
	r.mu.Lock()
	broken := r.broken
	r.mu.Unlock()
	if !broken {
		return nil
	}
	w, err := r.wanted(ctx)
	if err != nil {
		return err
	}
	if len(w.Blocks) == 0 && !w.Isolated && w.Policy == nil && w.Trial == nil {
		a, err := r.world.Perform(ctx, &Order{Verb: VerbRead})
		if errors.Is(err, ErrNoFirewall) || err == nil && len(a.Standing.Held)+len(a.Standing.Used) == 0 {
			r.mu.Lock()
			r.broken = false
			r.mu.Unlock()
			return nil
		}
	}
	a, err := r.replaceAll(ctx)
	if err == nil {
		for _, f := range a.Refused {
			r.opt.Log.Warn("a block is left out", "block", f.Block.Target(), "why", f.Why)
		}
	}
	return err
}

// Settle compares the kernel with what is written, and makes it so where it differs.
func (r *Runner) Settle(ctx context.Context) error {
	d, err := r.Difference(ctx)
	if err != nil || d.Empty() {
		return err
	}
	r.opt.Log.Warn("the firewall is not what is wanted; it is made so", "missing", len(d.Add), "unknown", len(d.Remove), "other", len(d.Change))
	_, err = r.replaceAll(ctx)
	return err
}

// Difference is what stands between the kernel and what is written.
func (r *Runner) Difference(ctx context.Context) (*Difference, error) {
	w, err := r.wanted(ctx)
	if err != nil {
		return nil, err
	}
	a, err := r.world.Perform(ctx, &Order{Verb: VerbRead})
	if err != nil && errors.Is(err, ErrNoFirewall) && len(w.Blocks) == 0 && w.Policy == nil && !w.Isolated {
		return &Difference{}, nil // nothing is wanted of what is not there
	}
	if err != nil {
		return nil, err
	}
	have := make([]Block, len(a.Standing.Held))
	for i := range a.Standing.Held {
		have[i] = a.Standing.Held[i].Block
	}
	d := Diff(have, uncovered(w.Blocks))
	return &d, nil
}

// uncovered are the blocks without those networks that wider ones in the same set cover.
func uncovered(blocks []Block) []Block {
	type set struct {
		verdict Verdict
		dir     Direction
		six     bool
	}
	var out []Block
	nets := make(map[set][]Block)
	for _, b := range blocks {
		if b.Port != 0 || b.Prefix.IsSingleIP() {
			out = append(out, b)
			continue
		}
		s := set{b.Verdict, b.Dir, !b.Prefix.Addr().Is4()}
		nets[s] = append(nets[s], b)
	}
	for _, list := range nets {
		out = append(out, widest(list)...)
	}
	return out
}

// tryKernel asks the kernel whether it would take an entry, beside all that is in force.
func (r *Runner) tryKernel(ctx context.Context, b Block) error {
	_, err := r.world.Perform(ctx, &Order{Verb: VerbTry, Wanted: &Wanted{Blocks: []Block{b}}})
	return err
}

// stepDeeds starts what is due and is no entry of the firewall, each on a goroutine of its own, some at a time.
func (r *Runner) stepDeeds(ctx context.Context) error {
	const most = 8
	list, err := r.pending(ctx, false, Approved, Running, Undoing)
	if err != nil {
		return err
	}
	for _, k := range list {
		r.mu.Lock()
		start := !r.busy[k.Key] && len(r.busy) < most
		if start {
			r.busy[k.Key] = true
		}
		r.mu.Unlock()
		if !start {
			continue
		}
		r.doing.Go(func() {
			// What has begun is finished even while the process ends.
			if err := r.deed(context.WithoutCancel(ctx), k); err != nil {
				r.opt.Log.Error("action", "key", k.Key, "kind", k.Kind, "error", err)
			}
			r.mu.Lock()
			delete(r.busy, k.Key)
			r.mu.Unlock()
			r.stir()
		})
	}
	return nil
}

// deed does or undoes one action, and writes down what came of it.
func (r *Runner) deed(ctx context.Context, k kept) error {
	order := &Order{Verb: VerbUndo, Deed: &Deed{Kind: k.Kind, Target: k.Target, Params: k.Params, Undo: k.Undo, By: k.By, Why: k.Why, Asked: k.Asked}}
	if k.State != Undoing {
		order.Verb = VerbDo
		a, err := k.Start(r.now())
		if err != nil {
			return err
		}
		k.Action = a
		if err := r.put(ctx, []step{{k, "tocsin", "run"}}); err != nil {
			if errors.Is(err, state.ErrChanged) {
				return nil // it is looked at again
			}
			return err
		}
		k.version++
	}
	answer, failed := r.world.Perform(ctx, order)
	for range 20 {
		s := step{kept: k, by: "tocsin"}
		switch {
		case failed != nil:
			s.Action, s.verb = k.Fail(failed, errors.Is(failed, errFinal) || errors.Is(failed, ErrForbidden), r.now()), "fail"
		case order.Verb == VerbUndo:
			s.Action, s.verb = k.Retracted(r.now()), "undone"
		default:
			s.Action, s.verb = k.Finish(answer.Outcome, r.now()), "done"
			if k.State == Undoing { // somebody wants it back while it ran: with what it has returned
				s.Action.State, s.After = Undoing, k.After
			}
		}
		err := r.put(ctx, []step{s})
		if !errors.Is(err, state.ErrChanged) {
			return err
		}
		if k, err = r.get(ctx, k.Key); err != nil {
			return err
		}
	}
	return state.ErrChanged
}

// Finish does what is due, until nothing is or ctx is done; for a process that does not go on to Run.
func (r *Runner) Finish(ctx context.Context) error {
	list, err := r.list(ctx, state.ActionFilter{Limit: 1}, Approved, Running, Undoing)
	if err != nil || len(list) == 0 {
		return err
	}
	for {
		err := r.Step(ctx)
		r.doing.Wait()
		if err != nil || ctx.Err() != nil {
			return err
		}
		list, bad := r.pending(ctx, true, Approved, Undoing)
		more, bad2 := r.pending(ctx, false, Approved, Running, Undoing)
		if err := errors.Join(bad, bad2); err != nil || len(list)+len(more) == 0 {
			return err
		}
	}
}
