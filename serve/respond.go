package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/terminal"
)

// toolsOf are the settings of kinds.
func toolsOf(s *settings.File, dir, version string) respond.Tools {
	t := respond.Tools{Quarantine: s.Respond.Quarantine, Programs: s.Respond.Programs, Webhooks: s.Respond.Webhooks}
	if t.Quarantine == "" {
		t.Quarantine = filepath.Join(dir, "quarantine")
	}
	if s.Respond.Directory.URL != "" {
		t.LDAP = &s.Respond.Directory
	}
	t.Trackers = trackersOf(s, version)
	return t
}

// NewHands makes what does the work, in this process, which is one of that version. The second result ends it.
func NewHands(set *settings.File, dir, version string, log *slog.Logger) (*respond.Hands, func()) {
	h := &respond.Hands{
		Guard: set.Respond.Guard, Tools: toolsOf(set, dir, version), Allow: set.Respond.Kinds, Log: log,
		Look: func() (*respond.Ground, error) { return respond.LookAround() },
	}
	f, err := respond.OpenFirewall()
	if err != nil {
		log.Info("no firewall", "error", err)
		return h, func() {}
	}
	h.Kernel = f
	return h, func() { _ = f.Close() }
}

// response is what changes the world while serve runs. What is asked for belongs to the main tenant.
type response struct {
	*respond.Runner
	log         *slog.Logger
	end         []func()
	helper      *exec.Cmd
	books       atomic.Pointer[[]respond.Playbook]
	set         settings.Respond // as it was opened
	lists       *respond.Lists
	opened      int64 // ns since 1970
	listFile    string
	aliases     map[string]respond.Alias // of other firewalls, by their names in the settings
	serving     []func() error
	tenants     []*tenant
	dropLog     *respond.DropLog     // nil where it cannot be listened to
	connections *respond.Connections // nil where that is not wanted or not possible
	alone       bool                 // no serve runs: what is asked for is done at once
}

// openResponse makes s.response. With rights, a helper is started or asked where the settings say so.
func (s *serve) openResponse(rights bool) error {
	r := &response{log: s.log, alone: !rights, tenants: s.tenants, opened: time.Now().UnixNano(), set: s.settings.Respond}
	s.response = r
	books, err := s.settings.Respond.ReadPlaybooks()
	if err != nil && rights { // who only asks is not kept from it
		return err
	}
	r.books.Store(&books)
	here, end := NewHands(s.settings, s.dir, s.Version, s.log)
	r.end = append(r.end, end)
	set := &s.settings.Respond
	if rights {
		r.openDrops(set.Flows)
	}
	var world respond.Worker = here
	switch {
	case !rights:
	case set.Helper != "":
		conn, err := net.Dial("unix", set.Helper)
		if err != nil {
			return terminal.WithHint(fmt.Errorf("ask the helper with the rights: %w", err), "tocsin rights --listen %s makes that socket", set.Helper)
		}
		world = r.behind(here, conn)
	case set.User != "" && os.Geteuid() == 0:
		conn, err := s.dropRights(r)
		if err != nil {
			return err
		}
		world = r.behind(here, conn)
	}
	r.Runner = respond.NewRunner(s.tenants[0].state, world, respond.RunnerOptions{
		Guard: set.Guard, Log: s.log, Replay: s.tenants[0].replaying(&set.Guard),
		Sessions: func() []respond.Session { return s.doors.consoleSessions(context.Background()) },
	})
	if rights {
		return r.openLists(&set.Lists)
	}
	return nil
}

// behind is a worker that leaves what needs rights to the process at the other end.
func (r *response) behind(here *respond.Hands, conn net.Conn) respond.Worker {
	h := respond.NewHelper(conn)
	r.end = append(r.end, func() { _ = h.Close() })
	return &respond.Split{Here: here, There: h}
}

// dropRights starts the helper, and makes this process one of another user that may write to its own folder alone.
func (s *serve) dropRights(r *response) (net.Conn, error) {
	set := &s.settings.Respond
	args := []string{"rights", "--data", s.dir}
	if s.Config != "" {
		path, err := filepath.Abs(s.Config)
		if err != nil {
			return nil, err
		}
		args = append(args, "--config", path)
	}
	conn, cmd, err := respond.Launch(args...)
	if err != nil {
		return nil, err
	}
	r.helper = cmd
	r.end = append(r.end, func() {
		_ = conn.Close()
		_ = cmd.Wait()
	})
	if err := respond.Hand(s.dir, set.User); err != nil {
		return nil, err
	}
	if err := respond.Become(set.User); err != nil {
		return nil, err
	}
	temp := filepath.Join(s.dir, "tmp") // what others may write to is no place for this process
	if err := errors.Join(os.MkdirAll(temp, 0o700), os.Setenv("TMPDIR", temp)); err != nil {
		return nil, err
	}
	confined, err := respond.Confine(append([]string{s.dir}, set.Writable...)...)
	if err != nil {
		return nil, err
	}
	if !confined {
		s.log.Warn("serve may write wherever its user may: this kernel has no Landlock, or the program was built with C in it")
	}
	s.log.Info("rights dropped", "user", set.User, "confined", confined, "helper", cmd.Process.Pid)
	return conn, nil
}

func (r *response) run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for _, t := range r.tenants {
		running.Go(func() { r.play(ctx, t) })
	}
	running.Go(func() { r.watch(ctx) })
	for _, serve := range r.serving {
		go func() { // until close
			if err := serve(); !errors.Is(err, http.ErrServerClosed) {
				r.log.Error("blocks for other firewalls", "error", err)
			}
		}()
	}
	if r.connections != nil {
		running.Go(func() { r.flows(ctx, r.tenants[0]) })
	}
	if r.dropLog != nil {
		running.Go(func() { r.drops(ctx, r.tenants[0]) })
	}
	if r.listFile != "" {
		running.Go(func() { r.writeList(ctx) })
	}
	for name, a := range r.aliases {
		running.Go(func() { r.pushAlias(ctx, name, a) })
	}
	if err := r.Run(ctx); err != nil {
		r.log.Error("actions", "error", err)
	}
}

// settle does what was asked for, where no serve runs that would.
func (r *response) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := r.Finish(ctx); err != nil {
		r.log.Error("actions", "error", err)
	}
}

func (r *response) close() {
	for i := len(r.end) - 1; i >= 0; i-- {
		r.end[i]()
	}
}

// register adds the operations of actions, blocks and the firewall.
func (r *response) register(a *console.API) {
	op := func(method, path string, may identity.Permission, summary string) console.Operation {
		return console.Operation{Method: method, Path: path, Permission: may, Machine: true, Tag: "actions", Summary: summary}
	}
	console.Handle(a, op("GET", "/actions", identity.ActionRead, "Lists what was done, is to be done, and waits for a person"), r.list)
	console.Handle(a, op("POST", "/actions", identity.ActionAsk, "Asks for actions, or what would become of them; who may not approve proposes them"), r.ask)
	console.Handle(a, op("POST", "/actions/{key}/approve", identity.ActionApprove, "Says yes to an action"), r.step(r.Approve))
	console.Handle(a, op("POST", "/actions/{key}/deny", identity.ActionApprove, "Says no to an action"), r.step(r.Deny))
	console.Handle(a, op("POST", "/actions/{key}/undo", identity.ActionApprove, "Takes an action back"), r.step(r.Undo))
	console.Handle(a, op("GET", "/playbooks", identity.ActionRead, "Lists playbooks, with what they did or would have done"), r.playbooks)
	console.Handle(a, op("GET", "/blocks", identity.FirewallRead, "Lists what is blocked, and what that has dropped"), r.blocks)
	console.Handle(a, op("GET", "/firewall", identity.FirewallRead, "Shows the firewall as it is"), func(ctx context.Context, _ *console.Tenant, _ *console.Nothing) (*FirewallAnswer, error) {
		return r.firewall(ctx)
	})
	console.Handle(a, op("POST", "/firewall/{verb}", identity.FirewallChange, "Plans, tries, confirms or undoes a policy of the firewall"), r.changeFirewall)
}

// stepAsk is a step with an action.
type stepAsk struct {
	console.KeyAsk
	Body *struct {
		Text string `json:"text,omitempty" maxLength:"4096" doc:"Why, in a few words."`
	} `nameHint:"StepAsk"`
}

// step takes a step with an action. Who says yes twice, once in person and once by a token, is one person.
func (r *response) step(f func(ctx context.Context, key, by, text string) (respond.Action, error)) func(context.Context, *console.Tenant, *stepAsk) (*respond.Action, error) {
	return func(ctx context.Context, _ *console.Tenant, in *stepAsk) (*respond.Action, error) {
		text := ""
		if in.Body != nil {
			text = in.Body.Text
		}
		a, err := f(ctx, in.Key, identity.SubjectOf(ctx).Name, text)
		if err != nil {
			return nil, asProblem(err)
		}
		a = r.soon(ctx, a)
		return &a, nil
	}
}

// asProblem says whose mistake an error is.
func asProblem(err error) error {
	status := http.StatusUnprocessableEntity
	switch {
	case err == nil:
		return nil
	case errors.Is(err, respond.ErrForbidden):
		status = http.StatusForbidden
	case errors.Is(err, respond.ErrDenied), errors.Is(err, respond.ErrState), errors.Is(err, respond.ErrNoTrial):
		status = http.StatusConflict
	case errors.Is(err, state.ErrNotFound):
		status = http.StatusNotFound
	}
	return &console.Problem{Status: status, Title: err.Error()}
}

// actionsAsk says which actions are asked for.
type actionsAsk struct {
	console.PageAsk
	State string `query:"state" doc:"Only those in these states, with commas between them."`
}

func (r *response) list(ctx context.Context, _ *console.Tenant, q *actionsAsk) (*console.Page[respond.Action], error) {
	var states []respond.State
	for _, s := range strings.FieldsFunc(q.State, func(c rune) bool { return c == ',' || c == ' ' }) {
		if !slices.Contains(respond.States(), respond.State(s)) {
			return nil, &console.Problem{Status: http.StatusUnprocessableEntity, Title: fmt.Sprintf("state %.40q is not known: %s", s, respond.StateWords()), Field: "state"}
		}
		states = append(states, respond.State(s))
	}
	limit := q.Limit + 1 // and whether there is a next
	if q.After != "" {
		limit = 0
	}
	list, err := r.List(ctx, limit, states...)
	if err != nil {
		return nil, err
	}
	return console.PageOf(list, &q.PageAsk, func(a *respond.Action) string { return a.Key }, func(a *respond.Action) respond.Action { return *a })
}

// ActionAsk asks for an action.
type ActionAsk struct {
	Kind   string            `json:"kind" minLength:"1" doc:"block, end-session, lock-account and so on: tocsin actions kinds."`
	Target string            `json:"target" minLength:"1"`
	For    string            `json:"for,omitempty" doc:"Undone after this: 90m, 24h or 7d; else it stays."`
	Why    string            `json:"why,omitempty" maxLength:"4096"`
	Alert  string            `json:"alert,omitempty" doc:"The key of the alert or incident that it answers."`
	Case   string            `json:"case,omitempty"`
	Params map[string]string `json:"params,omitempty" doc:"What else the kind needs."`
}

// ActionsWish asks for several at once.
type ActionsWish struct {
	Body struct {
		Actions []ActionAsk `json:"actions" minItems:"1" maxItems:"100"`
		Dry     bool        `json:"dry,omitempty" doc:"Only say what would become of them."`
	} `nameHint:"ActionsAsk"`
}

// ActionsAnswer is what became of them, or would.
type ActionsAnswer struct {
	Items []respond.Action    `json:"items"`
	Would []respond.Judgement `json:"would,omitempty" doc:"With dry, in place of items."`
}

// request is an action as respond is asked for it. Who may not approve only proposes.
func (x *ActionAsk) request(ctx context.Context, t *console.Tenant) (respond.Request, error) {
	req := respond.Request{
		Kind: x.Kind, Target: x.Target, By: console.Actor(ctx), Person: true, Params: x.Params,
		Why: respond.Why{Text: x.Why, Alert: x.Alert, Case: x.Case},
	}
	if identity.Allowed(identity.SubjectOf(ctx), t.Name, identity.ActionApprove) != nil {
		req.Needs = 1
	}
	if x.For != "" {
		d, ok := query.ParseAgo(x.For)
		if !ok || d <= 0 {
			return req, &console.Problem{Status: http.StatusUnprocessableEntity, Title: fmt.Sprintf("%.40q is no span of time; write 90m, 24h or 7d", x.For), Field: "for"}
		}
		req.For = d
	}
	return req, nil
}

// ask asks for actions, or only what would become of them. Where one of several is forbidden, none is done.
func (r *response) ask(ctx context.Context, t *console.Tenant, in *ActionsWish) (*ActionsAnswer, error) {
	out := &ActionsAnswer{Items: []respond.Action{}}
	list := make([]respond.Request, len(in.Body.Actions))
	for i := range list {
		var err error
		if list[i], err = in.Body.Actions[i].request(ctx, t); err != nil {
			return nil, err
		}
		if !in.Body.Dry && len(list) == 1 {
			continue // it is judged when it is asked for
		}
		j, err := r.Judge(ctx, list[i], in.Body.Dry)
		if err != nil {
			return nil, asProblem(err)
		}
		if in.Body.Dry {
			out.Would = append(out.Would, *j)
		} else if len(j.Forbidden) > 0 && !endsBefore(list[:i], &list[i]) {
			return nil, asProblem(fmt.Errorf("nothing was done: %s %s: %w: %s", j.Action.Kind, j.Action.Target, respond.ErrForbidden, strings.Join(j.Forbidden, "; ")))
		}
	}
	if in.Body.Dry {
		return out, nil
	}
	for _, req := range list {
		a, err := r.Ask(ctx, req)
		if err != nil {
			return nil, asProblem(err)
		}
		out.Items = append(out.Items, r.soon(ctx, a))
	}
	return out, nil
}

// endsBefore tells whether one of the requests before a block ends the sessions from its address: the guard, which protects
// them, is asked again when its turn comes.
func endsBefore(before []respond.Request, block *respond.Request) bool {
	return block.Kind == "block" && slices.ContainsFunc(before, func(r respond.Request) bool {
		return r.Kind == "end-session" && r.Target == "from "+block.Target
	})
}

// soon waits for what is done at once, and says how far it came.
func (r *response) soon(ctx context.Context, a respond.Action) respond.Action {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if r.alone {
		r.settle(ctx)
	}
	for a.State == respond.Approved || a.State == respond.Running || a.State == respond.Undoing {
		if fresh, err := r.Get(ctx, a.Key); err == nil {
			a = fresh
		}
		if a.Tries > 0 {
			return a
		}
		select {
		case <-ctx.Done():
			return a
		case <-time.After(10 * time.Millisecond):
		}
	}
	return a
}

// BlockAnswer is a block, and what it has met.
type BlockAnswer struct {
	respond.Action
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

func (r *response) blocks(ctx context.Context, _ *console.Tenant, q *console.PageAsk) (*console.Page[BlockAnswer], error) {
	list, err := r.List(ctx, 0, respond.Proposed, respond.Approved, respond.Running, respond.Done, respond.Undoing)
	if err != nil {
		return nil, err
	}
	standing, err := r.Standing(ctx)
	if err != nil {
		r.log.Debug("the kernel does not say what blocks have met", "error", err)
	}
	met := standing.Met()
	list = slices.DeleteFunc(list, func(a respond.Action) bool { return !respond.OfFirewall(a.Kind) })
	return console.PageOf(list, q, func(a *respond.Action) string { return a.Key }, func(a *respond.Action) BlockAnswer {
		b := BlockAnswer{Action: *a}
		b.Packets, b.Bytes = met.Of(a.Kind, a.Target)
		if a.Kind == "isolate" {
			b.Packets, b.Bytes = standing.Isolated()
		}
		return b
	})
}

// FirewallAnswer is the firewall as it is.
type FirewallAnswer struct {
	respond.PolicyStanding
	Used       []respond.Used      `json:"used,omitempty"`
	Faults     []respond.Fault     `json:"faults,omitempty"`
	Difference *respond.Difference `json:"difference,omitempty"` // between the kernel and what is wanted
	Changes    []string            `json:"changes,omitempty" doc:"Of a plan: what the policy in force has no more (- …), and what is new (+ …)."`
	Blocks     int                 `json:"blocks"`
	Kernel     string              `json:"kernel,omitempty"` // why it cannot be asked
}

func (r *response) firewall(ctx context.Context) (*FirewallAnswer, error) {
	p, err := r.Policies(ctx)
	if err != nil {
		return nil, err
	}
	out := &FirewallAnswer{PolicyStanding: p}
	if p.Policy != nil {
		if out.Faults, err = p.Policy.Faults(); err != nil {
			return nil, err
		}
	}
	standing, err := r.Standing(ctx)
	if err != nil {
		out.Kernel = err.Error()
		return out, nil
	}
	out.Used = standing.Used
	for i := range standing.Held {
		if standing.Held[i].Verdict != respond.Allow {
			out.Blocks++
		}
	}
	if p.Policy != nil {
		idle, err := r.idle(ctx, p.Policy, append([]respond.Used{}, standing.Used...))
		if err != nil {
			return nil, err
		}
		out.Faults = append(out.Faults, idle...)
	}
	out.Difference, err = r.Difference(ctx)
	return out, err
}

// idle are rules of a policy that nobody needs, by the kernel (nil where it is not in force) and by the logs.
func (r *response) idle(ctx context.Context, p *respond.Policy, used []respond.Used) ([]respond.Fault, error) {
	seen, err := r.tenants[0].seenFlows(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for connections in the logs: %w", err)
	}
	return p.Idle(used, seen)
}

// firewallAsk changes the firewall.
type firewallAsk struct {
	Verb string `path:"verb" enum:"plan,apply,confirm,undo,settle"`
	Body *struct {
		Policy  json.RawMessage `json:"policy,omitempty" doc:"With plan and apply: as the key firewall of tocsin.yml has it."`
		Confirm string          `json:"confirm,omitempty" doc:"With apply: undone after this unless it is confirmed; 0 to 1h."`
	} `nameHint:"FirewallAsk"`
}

// policy is the one that is asked for; nil where the verb needs none.
func (in *firewallAsk) policy() (*respond.Policy, error) {
	if in.Verb != "plan" && in.Verb != "apply" {
		return nil, nil // it needs none
	}
	p := &respond.Policy{}
	err := errors.New("there is none")
	if in.Body != nil {
		err = json.Unmarshal(in.Body.Policy, p)
	}
	if err == nil && p.Empty() {
		err = respond.ErrNoPolicy
	}
	if err != nil {
		return nil, &console.Problem{Status: http.StatusUnprocessableEntity, Title: fmt.Sprintf("the policy cannot be read: %v", err), Field: "policy"}
	}
	return p, nil
}

// changeFirewall tries, applies, confirms or undoes a policy.
func (r *response) changeFirewall(ctx context.Context, _ *console.Tenant, in *firewallAsk) (*FirewallAnswer, error) {
	by := console.Actor(ctx)
	p, err := in.policy()
	if err != nil {
		return nil, err
	}
	switch in.Verb {
	case "plan":
		err = r.TryPolicy(ctx, p)
	case "apply":
		confirm, bad := time.ParseDuration(in.Body.Confirm)
		if bad != nil || confirm < 0 || confirm > time.Hour {
			return nil, &console.Problem{Status: http.StatusUnprocessableEntity, Title: "the time to confirm is from 0 to 1h", Field: "confirm"}
		}
		err = r.ApplyPolicy(ctx, p, confirm, by)
	case "confirm":
		err = r.ConfirmPolicy(ctx, by)
	case "undo":
		err = r.UndoPolicy(ctx, by)
	case "settle":
		err = r.Settle(ctx)
	}
	if err != nil {
		return nil, asProblem(err)
	}
	switch in.Verb {
	case "plan":
		return r.planned(ctx, p)
	case "apply":
		out, err := r.firewall(ctx)
		if err == nil {
			out.Faults, err = locksOut(p)
		}
		return out, err
	}
	return r.firewall(ctx)
}

// planned says what a policy would change, and what of it nobody means.
func (r *response) planned(ctx context.Context, p *respond.Policy) (*FirewallAnswer, error) {
	now, err := r.Policies(ctx)
	if err != nil {
		return nil, err
	}
	out := &FirewallAnswer{Changes: p.Changes(now.Policy)}
	if out.Faults, err = locksOut(p); err != nil {
		return nil, err
	}
	idle, err := r.idle(ctx, p, nil)
	out.Faults = append(out.Faults, idle...)
	return out, err
}

// locksOut are the sessions of operators that could not come again under a policy.
func locksOut(p *respond.Policy) ([]respond.Fault, error) {
	ground, err := respond.LookAround()
	if err != nil {
		return nil, fmt.Errorf("look around: %w", err)
	}
	return p.CutsOff(ground.Sessions)
}

// openDrops listens to what the firewall tells of packets that it drops, while there are rights to.
func (r *response) openDrops(flows bool) {
	d, err := respond.OpenDropLog()
	if err != nil {
		r.log.Info("what the firewall drops does not become events", "error", err)
		return
	}
	r.dropLog = d
	r.end = append(r.end, func() { _ = d.Close() })
	if !flows {
		return
	}
	c, err := respond.OpenConnections()
	if err != nil {
		r.log.Warn("connections do not become events", "error", err)
		return
	}
	r.connections = c
	r.end = append(r.end, func() { _ = c.Close() })
}
