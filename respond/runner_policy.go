package respond

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

// Facts in which the policies are kept.
const (
	factPolicy = "firewall.policy" // in force
	factBefore = "firewall.before" // in force before that one
	factTrial  = "firewall.trial"
)

// policyState is what is known of the policies without reading them.
type policyState struct {
	loaded bool
	PolicyStanding
}

// PolicyStanding says which policies there are.
type PolicyStanding struct {
	Policy *Policy `json:"policy,omitempty"` // in force, if none is on trial
	Before *Policy `json:"before,omitempty"` // what undo brings back
	Trial  *Policy `json:"trial,omitempty"`
	Until  int64   `json:"until,omitempty"` // the trial ends; ns since 1970
	By     string  `json:"by,omitempty"`    // who tries it
}

// trial is how a trial is kept.
type trial struct {
	Policy *Policy `json:"policy"`
	Until  int64   `json:"until"`
	By     string  `json:"by"`
}

// ErrNoTrial is the error of confirming when nothing is on trial any more.
var ErrNoTrial = errors.New("no policy is on trial: it was confirmed, or its time is over and what was before is in force")

// Policies returns which policies there are.
func (r *Runner) Policies(ctx context.Context) (PolicyStanding, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.loadPolicies(ctx); err != nil {
		return PolicyStanding{}, err
	}
	return r.firewall.PolicyStanding, nil
}

// loadPolicies reads the policies once; r.mu is held.
func (r *Runner) loadPolicies(ctx context.Context) error {
	if r.firewall.loaded {
		return nil
	}
	facts, err := r.state.Facts(ctx, "firewall.")
	if err != nil {
		return err
	}
	var p PolicyStanding
	var t trial
	for name, into := range map[string]any{factPolicy: &p.Policy, factBefore: &p.Before, factTrial: &t} {
		if facts[name] == "" {
			continue
		}
		if err := json.Unmarshal([]byte(facts[name]), into); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	p.Trial, p.Until, p.By = t.Policy, t.Until, t.By
	r.firewall = policyState{true, p}
	return nil
}

// savePolicies writes the policies down, and who changed them; r.mu is held.
func (r *Runner) savePolicies(ctx context.Context, p PolicyStanding, by, verb string) error {
	facts := make(map[string]string, 3)
	var bad error
	text := func(v any, is bool) string {
		if !is {
			return ""
		}
		b, err := json.Marshal(v)
		bad = errors.Join(bad, err)
		return string(b)
	}
	facts[factPolicy] = text(p.Policy, p.Policy != nil)
	facts[factBefore] = text(p.Before, p.Before != nil)
	facts[factTrial] = text(trial{p.Trial, p.Until, p.By}, p.Trial != nil)
	if bad != nil {
		return bad
	}
	if err := r.state.SetFacts(ctx, facts); err != nil {
		return err
	}
	r.firewall = policyState{true, p}
	_, err := r.state.Append(ctx, state.AuditEntry{Time: r.now(), Actor: by, Action: "firewall." + verb, Target: "policy", Detail: text(p, true)})
	return err
}

// addPolicy adds the policies to what is wanted.
func (r *Runner) addPolicy(ctx context.Context, w *Wanted) error {
	p, err := r.Policies(ctx)
	if err != nil {
		return err
	}
	w.Policy = p.Policy
	if left := p.Until - r.now(); p.Trial != nil && left > 0 {
		w.Trial, w.TrialFor = p.Trial, time.Duration(left)
	}
	return nil
}

// TryPolicy has the kernel look at a policy, and changes nothing.
func (r *Runner) TryPolicy(ctx context.Context, p *Policy) error {
	if err := p.Check(); err != nil {
		return err
	}
	_, err := r.world.Perform(ctx, &Order{Verb: VerbTry, Wanted: &Wanted{Policy: p}})
	return err
}

// ApplyPolicy puts a policy on trial; nil is none. Unless it is confirmed within a time, the kernel itself goes back to what
// was before, whatever becomes of this process. A time of 0 confirms it at once.
func (r *Runner) ApplyPolicy(ctx context.Context, p *Policy, confirm time.Duration, by string) error {
	if p == nil {
		p = &Policy{Default: "allow"}
	}
	if err := r.TryPolicy(ctx, p); err != nil {
		return err
	}
	r.mu.Lock()
	err := r.loadPolicies(ctx)
	if err == nil {
		next := r.firewall.PolicyStanding
		next.Trial, next.Until, next.By = p, r.now()+int64(confirm), by
		err = r.savePolicies(ctx, next, by, "try")
	}
	r.mu.Unlock()
	if err != nil {
		return err
	}
	if confirm <= 0 {
		r.mu.Lock()
		r.firewall.Until = r.now() + int64(time.Minute)
		r.mu.Unlock()
		return r.ConfirmPolicy(ctx, by)
	}
	_, err = r.replaceAll(ctx)
	if err != nil {
		r.mu.Lock()
		next := r.firewall.PolicyStanding
		next.Trial, next.Until, next.By = nil, 0, ""
		err = errors.Join(err, r.savePolicies(ctx, next, by, "failed"))
		r.mu.Unlock()
	}
	return err
}

// ConfirmPolicy makes the policy on trial the one in force.
func (r *Runner) ConfirmPolicy(ctx context.Context, by string) error {
	r.mu.Lock()
	err := r.loadPolicies(ctx)
	p := r.firewall.PolicyStanding
	switch {
	case err != nil:
	case p.Trial == nil || p.Until <= r.now():
		err = ErrNoTrial
	default:
		err = r.savePolicies(ctx, PolicyStanding{Policy: p.Trial, Before: p.Policy}, by, "confirm")
	}
	r.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = r.replaceAll(ctx)
	return err
}

// UndoPolicy ends a trial, or brings back the policy that was in force before.
func (r *Runner) UndoPolicy(ctx context.Context, by string) error {
	r.mu.Lock()
	err := r.loadPolicies(ctx)
	p := r.firewall.PolicyStanding
	if err == nil {
		if p.Trial != nil {
			p.Trial, p.Until, p.By = nil, 0, ""
		} else {
			p.Policy, p.Before = p.Before, p.Policy
		}
		err = r.savePolicies(ctx, p, by, "undo")
	}
	r.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = r.replaceAll(ctx)
	return err
}

// stepPolicy writes down that a trial is over; the kernel has gone back already.
func (r *Runner) stepPolicy(ctx context.Context) error {
	r.mu.Lock()
	err := r.loadPolicies(ctx)
	p := r.firewall.PolicyStanding
	over := err == nil && p.Trial != nil && p.Until <= r.now()
	if over {
		p.Trial, p.Until, p.By = nil, 0, ""
		err = r.savePolicies(ctx, p, "tocsin", "rolled back")
	}
	r.mu.Unlock()
	if err != nil || !over {
		return err
	}
	r.opt.Log.Warn("a policy of the firewall was not confirmed: what was before is in force")
	_, err = r.replaceAll(ctx)
	return err
}

// Standing returns the firewall as the kernel has it.
func (r *Runner) Standing(ctx context.Context) (Standing, error) {
	a, err := r.world.Perform(ctx, &Order{Verb: VerbRead})
	if err != nil {
		return Standing{}, err
	}
	return a.Standing, nil
}
