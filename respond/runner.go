package respond

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

// Runner writes actions down, has them done, and undoes them when their time is over. After any end of the process, Run
// makes the world what is written.
type Runner struct {
	state *state.State
	world Worker
	opt   RunnerOptions
	kick  chan struct{}

	mu       sync.Mutex // of what follows
	busy     map[string]bool
	doing    sync.WaitGroup
	firewall policyState
	noted    map[string]int64 // what playbooks noted, and when
	broken   bool             // the kernel's table is not what is wanted
	seen     *Ground          // what was found last that must not be cut off
	seenAt   int64            // when
}

// RunnerOptions are settings of a Runner. The zero value is good.
type RunnerOptions struct {
	Guard Guard
	Log   *slog.Logger
	Now   func() time.Time // nil is time.Now
	// Settle is how often the kernel is compared with what is wanted; 0 is five minutes.
	Settle time.Duration
	// Sessions are live sessions that the host does not know of, such as the console's; nil is none.
	Sessions func() []Session
	// Replay tells whom a block would have met in the past; nil is not known.
	Replay func(ctx context.Context, b *Block) (*Replay, error)
}

// NewRunner makes a Runner. It does nothing before Run.
func NewRunner(s *state.State, world Worker, opt RunnerOptions) *Runner {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Settle <= 0 {
		opt.Settle = 5 * time.Minute
	}
	return &Runner{state: s, world: world, opt: opt, kick: make(chan struct{}, 1), busy: make(map[string]bool)}
}

func (r *Runner) now() int64 { return r.opt.Now().UnixNano() }

// stir makes Run look again.
func (r *Runner) stir() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// kept is an action with the version that it was read at.
type kept struct {
	Action
	version int64
}

func decode(row *state.Action) (kept, error) {
	k := kept{version: row.Version}
	if err := json.Unmarshal([]byte(row.JSON), &k.Action); err != nil {
		return k, fmt.Errorf("action %s: %w", row.Key, err)
	}
	return k, nil
}

// Get returns the action with a key, or with the one key that begins so.
func (r *Runner) Get(ctx context.Context, key string) (Action, error) {
	k, err := r.get(ctx, key)
	return k.Action, err
}

func (r *Runner) get(ctx context.Context, key string) (kept, error) {
	row, err := r.state.Action(ctx, key)
	if err != nil {
		return kept{}, err
	}
	return decode(&row)
}

// List returns actions in states (none: all), those asked for last first; at most so many, 0 is all.
func (r *Runner) List(ctx context.Context, limit int, states ...State) ([]Action, error) {
	list, err := r.list(ctx, state.ActionFilter{Limit: limit}, states...)
	out := make([]Action, len(list))
	for i := range list {
		out[i] = list[i].Action
	}
	slices.SortStableFunc(out, func(a, b Action) int { return int(min(1, max(-1, b.Asked-a.Asked))) })
	return out, err
}

func (r *Runner) list(ctx context.Context, f state.ActionFilter, states ...State) ([]kept, error) {
	for _, s := range states {
		f.States = append(f.States, string(s))
	}
	var list []kept
	for row, err := range r.state.ListActions(ctx, f) {
		if err != nil {
			return nil, err
		}
		k, err := decode(&row)
		if err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	return list, nil
}

// step is an action after a step, and who took it.
type step struct {
	kept
	by, verb string
}

// put writes steps down, with what the audit trail says of them, in transactions of bounded size.
func (r *Runner) put(ctx context.Context, steps []step) error {
	now := r.now()
	for part := range slices.Chunk(steps, 1000) {
		rows := make([]state.Action, len(part))
		trail := make([]state.AuditEntry, len(part))
		for i, s := range part {
			text, err := json.Marshal(&s.Action)
			if err != nil {
				return err
			}
			rows[i] = state.Action{
				Key: s.Key, Kind: s.Kind, Target: s.Target, State: string(s.State), Asked: s.Asked, Until: s.Until, Updated: now,
				Version: s.version, JSON: string(text),
			}
			detail, err := json.Marshal(map[string]any{"key": s.Key, "state": s.State, "until": s.Until, "why": s.Why, "error": s.Error, "result": s.Result})
			if err != nil {
				return err
			}
			trail[i] = state.AuditEntry{Time: now, Actor: s.by, Action: "action." + s.verb, Target: s.Kind + " " + s.Target, Detail: string(detail)}
		}
		if err := r.state.PutActions(ctx, rows, trail); err != nil {
			return err
		}
	}
	return nil
}

// Judgement is what is known before an action runs.
type Judgement struct {
	Action    Action   `json:"action"`              // as it would be
	Forbidden []string `json:"forbidden,omitempty"` // it will not happen
	Warnings  []string `json:"warnings,omitempty"`
	Needs     int      `json:"needs,omitempty"`  // approvals that it needs
	Kernel    string   `json:"kernel,omitempty"` // why the kernel would refuse it
	Replay    *Replay  `json:"replay,omitempty"`

	lately bool // of what was found lately that must not be cut off; see groundLately
}

// prepare checks a request and makes it canonical.
func (r *Runner) prepare(req *Request) (Kind, error) {
	k, err := KindOf(req.Kind)
	if err != nil {
		return k, err
	}
	if req.By == "" || len(req.By) > 200 || len(req.Why.Text) > 4096 || req.For < 0 || len(req.Params) > 20 {
		return k, errors.New("ask for an action: who asks has 1 to 200 bytes, the reason at most 4096, the time is not below 0, and there are at most 20 parameters")
	}
	if req.For > 0 && !k.Lasts {
		return k, fmt.Errorf("%s cannot be undone, so it has no end", k.Name)
	}
	req.Target, err = k.Check(req.Target, req.Params)
	return k, err
}

// ground asks what must not be cut off.
func (r *Runner) ground(ctx context.Context) (*Ground, error) {
	a, err := r.world.Perform(ctx, &Order{Verb: VerbGround})
	if err != nil {
		return nil, fmt.Errorf("find out what must not be cut off: %w", err)
	}
	g := *a.Ground
	if r.opt.Sessions != nil {
		g.Sessions = append(slices.Clone(g.Sessions), r.opt.Sessions()...)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen, r.seenAt = &g, r.now()
	return &g, nil
}

// groundLately is what ground has found within the last second, for what is only told: to look into every process for every
// alert of a flood takes more than to find the alerts.
func (r *Runner) groundLately(ctx context.Context) (*Ground, error) {
	r.mu.Lock()
	g, age := r.seen, r.now()-r.seenAt
	r.mu.Unlock()
	if g != nil && age >= 0 && age < int64(time.Second) {
		return g, nil
	}
	return r.ground(ctx)
}

// Judge says what would become of a request, and does nothing. With deep, it asks the kernel, and looks into the past.
func (r *Runner) Judge(ctx context.Context, req Request, deep bool) (*Judgement, error) {
	return r.judged(ctx, req, deep, &Judgement{})
}

// judged is Judge, into j.
func (r *Runner) judged(ctx context.Context, req Request, deep bool, j *Judgement) (*Judgement, error) {
	k, err := r.prepare(&req)
	if err != nil {
		return nil, err
	}
	if err := r.judge(ctx, &k, &req, j); err != nil {
		return nil, err
	}
	old, err := r.find(ctx, KeyOf(req.Kind, req.Target))
	if err != nil {
		return nil, err
	}
	j.Needs = req.Needs
	if j.Action, _, err = Ask(oldAction(old), &req, r.now()); err != nil {
		j.Forbidden = append(j.Forbidden, err.Error())
	}
	if deep && k.Look != nil {
		j.Warnings = append(j.Warnings, k.Look(req.Target)...)
	}
	if !deep || !k.firewall() || req.Kind == isolateName {
		return j, nil
	}
	b, err := entry(req.Kind, req.Target, req.Params)
	if err != nil {
		return nil, err
	}
	if err := r.tryKernel(ctx, b); err != nil {
		j.Kernel = err.Error()
	}
	if r.opt.Replay != nil && b.Verdict != Allow {
		if j.Replay, err = r.opt.Replay(ctx, &b); err != nil {
			return nil, fmt.Errorf("look into the past: %w", err)
		}
		j.Warnings = append(j.Warnings, j.Replay.warnings()...)
	}
	return j, nil
}

func oldAction(k *kept) *Action {
	if k == nil {
		return nil
	}
	return &k.Action
}

// find is get; nil where there is none.
func (r *Runner) find(ctx context.Context, key string) (*kept, error) {
	k, err := r.get(ctx, key)
	if errors.Is(err, state.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &k, nil
}

// judge asks the guard, and lets a person be asked where it says so.
func (r *Runner) judge(ctx context.Context, k *Kind, req *Request, j *Judgement) error {
	if k.firewall() && req.Kind != isolateName {
		look := r.ground
		if j.lately {
			look = r.groundLately
		}
		ground, err := look(ctx)
		if err != nil {
			return err
		}
		b, err := entry(req.Kind, req.Target, req.Params)
		if err != nil {
			return err
		}
		j.Forbidden, j.Warnings = r.opt.Guard.Judge(&b, ground)
		if req.Person && b.Verdict != Allow {
			if err := r.warnAllowed(ctx, &b, j); err != nil {
				return err
			}
		}
	}
	if !req.Person && req.Needs == 0 {
		n, err := r.state.CountActions(ctx, req.Kind, r.now()-int64(time.Hour))
		if err != nil {
			return err
		}
		if n >= r.opt.Guard.hourly() {
			req.Needs = 1
			j.Warnings = append(j.Warnings, fmt.Sprintf("%d actions of the kind %s in an hour: a person must approve more", n, req.Kind))
		}
	}
	return nil
}

// warnAllowed warns of dropping what is allowed: it would go on to pass.
func (r *Runner) warnAllowed(ctx context.Context, b *Block, j *Judgement) error {
	allowed, err := r.find(ctx, KeyOf(allowName, addressText(b.Prefix)))
	if err == nil && allowed != nil && allowed.State == Done {
		j.Warnings = append(j.Warnings, fmt.Sprintf("%s is allowed by action %.8s, which stands above blocks: undo that first", addressText(b.Prefix), allowed.Key))
	}
	return err
}

// Ask writes an action down, to be done at once or when it is approved. Asking twice does it once. The error is in
// ErrForbidden where the guard forbids it, in ErrDenied where a person has.
func (r *Runner) Ask(ctx context.Context, req Request) (Action, error) {
	k, err := r.prepare(&req)
	if err != nil {
		return Action{}, err
	}
	if !req.Person { // an alert that grows asks again for all that it has asked for; that changes nothing, and is to cost little
		old, err := r.find(ctx, KeyOf(req.Kind, req.Target))
		if err != nil {
			return Action{}, err
		}
		if old != nil {
			if a, changed, err := Ask(&old.Action, &req, r.now()); err != nil || !changed {
				return a, err
			}
		}
	}
	j := &Judgement{}
	if err := r.judge(ctx, &k, &req, j); err != nil {
		return Action{}, err
	}
	if len(j.Forbidden) > 0 {
		err := fmt.Errorf("%s %s: %w: %s", req.Kind, req.Target, ErrForbidden, strings.Join(j.Forbidden, "; "))
		detail, _ := json.Marshal(err.Error()) // of a string it has no error
		_, bad := r.state.Append(ctx, state.AuditEntry{Time: r.now(), Actor: req.By, Action: "action.forbidden", Target: req.Kind + " " + req.Target, Detail: string(detail)})
		return Action{}, errors.Join(err, bad)
	}
	req.Notes = append(req.Notes, j.Warnings...)
	for range 20 {
		old, err := r.find(ctx, KeyOf(req.Kind, req.Target))
		if err != nil {
			return Action{}, err
		}
		a, changed, err := Ask(oldAction(old), &req, r.now())
		if err != nil || !changed {
			return a, err
		}
		s := step{kept: kept{Action: a}, by: req.By, verb: "ask"}
		if old != nil {
			s.version = old.version
		}
		err = r.put(ctx, []step{s})
		if errors.Is(err, state.ErrChanged) {
			continue
		}
		if err == nil {
			r.stir()
		}
		return a, err
	}
	return Action{}, fmt.Errorf("%s %s: %w", req.Kind, req.Target, state.ErrChanged)
}

// change reads an action, takes a step and writes it down; again where somebody else was faster.
func (r *Runner) change(ctx context.Context, key, by, verb string, f func(a Action) (Action, error)) (Action, error) {
	for range 20 {
		k, err := r.get(ctx, key)
		if err != nil {
			return Action{}, err
		}
		if k.Action, err = f(k.Action); err != nil {
			return k.Action, err
		}
		err = r.put(ctx, []step{{k, by, verb}})
		if errors.Is(err, state.ErrChanged) {
			continue
		}
		if err == nil {
			r.stir()
		}
		return k.Action, err
	}
	return Action{}, fmt.Errorf("action %s: %w", key, state.ErrChanged)
}

// Approve is a person's yes to a proposed action.
func (r *Runner) Approve(ctx context.Context, key, by, text string) (Action, error) {
	return r.change(ctx, key, by, "approve", func(a Action) (Action, error) { return a.Approve(by, text, r.now()) })
}

// Deny is a person's no.
func (r *Runner) Deny(ctx context.Context, key, by, text string) (Action, error) {
	return r.change(ctx, key, by, "deny", func(a Action) (Action, error) { return a.Deny(by, text, r.now()) })
}

// Undo takes an action back, for a reason that may be empty.
func (r *Runner) Undo(ctx context.Context, key, by, text string) (Action, error) {
	return r.change(ctx, key, by, "undo", func(a Action) (Action, error) {
		if k, err := KindOf(a.Kind); err == nil && !k.Lasts && a.State == Done {
			return a, fmt.Errorf("%s cannot be undone", a.Kind)
		}
		now := r.now()
		a, err := a.Retract(Undone, by, now)
		if err == nil {
			a.Denial = &Vote{By: by, At: now, Text: text}
		}
		return a, err
	})
}
