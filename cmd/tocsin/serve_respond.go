package main

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
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/state"
)

// respondSettings say what tocsin may change in the world.
type respondSettings struct {
	Guard      respond.Guard              `yaml:"guard" doc:"What must not happen, whoever asks."`
	User       string                     `yaml:"user" doc:"The user that serve becomes when root starts it. A second process keeps the few rights that actions need, and understands a few verbs only; the first may then write to its own folder alone." example:"tocsin"`
	Helper     string                     `yaml:"helper" doc:"The socket of tocsin rights, where that runs as a unit of its own." example:"/run/tocsin/rights.sock"`
	Writable   []string                   `yaml:"writable" doc:"Further folders that serve may write to when it has become another user, for instance for backups." example:"[/var/backups/tocsin]"`
	Kinds      []string                   `yaml:"kinds" doc:"The kinds of actions that may be done. Without it, all." example:"[block, end-session]"`
	Quarantine string                     `yaml:"quarantine" path:"true" doc:"The folder into which files are moved." default:"quarantine in the data folder"`
	Programs   map[string]respond.Program `yaml:"programs" doc:"Programs of your own, by name."`
	Webhooks   map[string]respond.Webhook `yaml:"webhooks" doc:"Places that are told over HTTP, by name."`
	Playbooks  []string                   `yaml:"playbooks" path:"true" doc:"Files of playbooks, beside those that tocsin brings." example:"[playbooks/vpn.yml]"`
	Modes      map[string]string          `yaml:"modes" doc:"The modes of playbooks, by name: watch, ask, auto or off." example:"{password-guessing: ask}"`
	Flows      bool                       `yaml:"connections" doc:"Connections that end on this host, or through it, become events, where the kernel tracks them (a policy of the firewall makes it)."`
	Lists      listSettings               `yaml:"lists" doc:"Blocks for other firewalls."`
	Directory  respond.LDAP               `yaml:"directory" doc:"The LDAP or Active Directory in which accounts are locked."`
}

// tools are the settings of kinds.
func (s *settings) tools(dir string) respond.Tools {
	t := respond.Tools{Quarantine: s.Respond.Quarantine, Programs: s.Respond.Programs, Webhooks: s.Respond.Webhooks}
	if t.Quarantine == "" {
		t.Quarantine = filepath.Join(dir, "quarantine")
	}
	if s.Respond.Directory.URL != "" {
		t.LDAP = &s.Respond.Directory
	}
	t.Trackers = trackersOf(s)
	return t
}

// checkRespond looks for mistakes of meaning.
func (s *settings) checkRespond(doc *config.Document) {
	if err := s.Respond.Guard.Check(); err != nil {
		doc.Fail("respond.guard", "", "%v", err)
	}
	for name, p := range s.Respond.Programs {
		if err := p.Check(); err != nil {
			doc.Fail("respond.programs."+name, "", "%v", err)
		}
	}
	for name, w := range s.Respond.Webhooks {
		if err := w.Check(); err != nil {
			doc.Fail("respond.webhooks."+name, "", "%v", err)
		}
	}
	if s.Respond.Directory.URL != "" {
		if err := s.Respond.Directory.Check(); err != nil {
			doc.Fail("respond.directory", "", "%v", err)
		}
	}
	s.Respond.Lists.check(doc)
	if _, err := s.Respond.playbooks(); err != nil {
		doc.Fail("respond.playbooks", "", "%v", err)
	}
	for _, k := range s.Respond.Kinds {
		if _, err := respond.KindOf(k); err != nil {
			doc.Fail("respond.kinds", "", "%v", err)
		}
	}
	if err := s.Policy.Check(); err != nil {
		doc.Fail("firewall", "", "%v", err)
	}
}

// newHands makes what does the work, in this process.
func newHands(set *settings, dir string, log *slog.Logger) (*respond.Hands, func()) {
	h := &respond.Hands{
		Guard: set.Respond.Guard, Tools: set.tools(dir), Allow: set.Respond.Kinds, Log: log,
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
	books       []respond.Playbook
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
	r := &response{log: s.log, alone: !rights, tenants: s.tenants, opened: time.Now().UnixNano()}
	s.response = r
	var err error
	if r.books, err = s.settings.Respond.playbooks(); err != nil && rights { // who only asks is not kept from it
		return err
	}
	here, end := newHands(s.settings, s.dir, s.log)
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
			return withHint(fmt.Errorf("ask the helper with the rights: %w", err), "tocsin rights --listen %s makes that socket", set.Helper)
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
	if s.config != "" {
		path, err := filepath.Abs(s.config)
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

// routes are the questions about actions.
func (r *response) routes() []console.Route {
	if r == nil {
		return nil
	}
	step := func(f func(ctx context.Context, key, by, text string) (respond.Action, error)) func(*http.Request) (any, error) {
		return func(q *http.Request) (any, error) {
			a, err := f(q.Context(), q.PathValue("key"), console.Actor(q.Context()), q.FormValue("text"))
			if err != nil {
				return nil, asProblem(err)
			}
			return r.soon(q.Context(), a), nil
		}
	}
	return []console.Route{
		{Pattern: "GET /v1/actions", Answer: r.list},
		{Pattern: "POST /v1/actions", Answer: r.ask},
		{Pattern: "POST /v1/actions/{key}/approve", Answer: step(r.Approve)},
		{Pattern: "POST /v1/actions/{key}/deny", Answer: step(r.Deny)},
		{Pattern: "POST /v1/actions/{key}/undo", Answer: step(func(ctx context.Context, key, by, _ string) (respond.Action, error) { return r.Undo(ctx, key, by) })},
		{Pattern: "GET /v1/playbooks", Answer: r.playbooks(r.tenants[0])},
		{Pattern: "GET /v1/blocks", Answer: r.blocks},
		{Pattern: "GET /v1/firewall", Answer: r.firewall},
		{Pattern: "POST /v1/firewall/{verb}", Answer: r.changeFirewall},
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

func (r *response) list(q *http.Request) (any, error) {
	var states []respond.State
	for _, s := range strings.FieldsFunc(q.FormValue("state"), func(c rune) bool { return c == ',' }) {
		states = append(states, respond.State(s))
	}
	limit, err := strconv.Atoi(q.FormValue("limit"))
	if err != nil || limit < 0 {
		limit = 100
	}
	list, err := r.List(q.Context(), limit, states...)
	if list == nil {
		list = []respond.Action{}
	}
	return list, err
}

// ask asks for an action, or only what would become of it.
func (r *response) ask(q *http.Request) (any, error) {
	req := respond.Request{
		Kind: q.FormValue("kind"), Target: q.FormValue("target"), By: console.Actor(q.Context()), Person: true,
		Why: respond.Why{Text: q.FormValue("why"), Alert: q.FormValue("alert"), Case: q.FormValue("case")},
	}
	if text := q.FormValue("for"); text != "" {
		d, ok := parseAgo(text)
		if !ok || d <= 0 {
			return nil, asProblem(fmt.Errorf("%.40q is no span of time; write 90m, 24h or 7d", text))
		}
		req.For = d
	}
	for name, values := range q.Form {
		if key, ok := strings.CutPrefix(name, "param."); ok {
			if req.Params == nil {
				req.Params = make(map[string]string)
			}
			req.Params[key] = values[0]
		}
	}
	if q.FormValue("dry") != "" {
		j, err := r.Judge(q.Context(), req, true)
		return j, asProblem(err)
	}
	a, err := r.Ask(q.Context(), req)
	if err != nil {
		return nil, asProblem(err)
	}
	return r.soon(q.Context(), a), nil
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

// blockAnswer is a block, and what it has met.
type blockAnswer struct {
	respond.Action
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

func (r *response) blocks(q *http.Request) (any, error) {
	list, err := r.List(q.Context(), 0, respond.Proposed, respond.Approved, respond.Running, respond.Done, respond.Undoing)
	if err != nil {
		return nil, err
	}
	standing, err := r.Standing(q.Context())
	if err != nil {
		r.log.Debug("the kernel does not say what blocks have met", "error", err)
	}
	met := standing.Met()
	out := []blockAnswer{}
	for _, a := range list {
		if respond.OfFirewall(a.Kind) {
			b := blockAnswer{Action: a}
			b.Packets, b.Bytes = met.Of(a.Kind, a.Target)
			out = append(out, b)
		}
	}
	return out, nil
}

// firewallAnswer is the firewall as it is.
type firewallAnswer struct {
	respond.PolicyStanding
	Used       []respond.Used      `json:"used,omitempty"`
	Faults     []respond.Fault     `json:"faults,omitempty"`
	Difference *respond.Difference `json:"difference,omitempty"` // between the kernel and what is wanted
	Blocks     int                 `json:"blocks"`
	Kernel     string              `json:"kernel,omitempty"` // why it cannot be asked
}

func (r *response) firewall(q *http.Request) (any, error) {
	p, err := r.Policies(q.Context())
	if err != nil {
		return nil, err
	}
	out := &firewallAnswer{PolicyStanding: p}
	if p.Policy != nil {
		if out.Faults, err = p.Policy.Faults(); err != nil {
			return nil, err
		}
	}
	standing, err := r.Standing(q.Context())
	if err != nil {
		out.Kernel = err.Error()
		return out, nil
	}
	out.Used, out.Blocks = standing.Used, len(standing.Held)
	if p.Policy != nil {
		idle, err := r.idle(q.Context(), p.Policy, append([]respond.Used{}, standing.Used...))
		if err != nil {
			return nil, err
		}
		out.Faults = append(out.Faults, idle...)
	}
	out.Difference, err = r.Difference(q.Context())
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

// changeFirewall tries, applies, confirms or undoes a policy.
func (r *response) changeFirewall(q *http.Request) (any, error) {
	ctx, by := q.Context(), console.Actor(q.Context())
	verb := q.PathValue("verb")
	var p *respond.Policy
	if verb == "plan" || verb == "apply" {
		p = &respond.Policy{}
		if err := json.Unmarshal([]byte(q.FormValue("policy")), p); err != nil {
			return nil, asProblem(fmt.Errorf("the policy cannot be read: %w", err))
		}
	}
	var err error
	switch verb {
	case "plan":
		err = r.TryPolicy(ctx, p)
	case "apply":
		confirm, bad := time.ParseDuration(q.FormValue("confirm"))
		if bad != nil || confirm < 0 || confirm > time.Hour {
			return nil, asProblem(errors.New("the time to confirm is from 0 to 1h"))
		}
		err = r.ApplyPolicy(ctx, p, confirm, by)
	case "confirm":
		err = r.ConfirmPolicy(ctx, by)
	case "undo":
		err = r.UndoPolicy(ctx, by)
	case "settle":
		err = r.Settle(ctx)
	default:
		err = fmt.Errorf("%w: there is no %.20q of the firewall", state.ErrNotFound, verb)
	}
	if err != nil {
		return nil, asProblem(err)
	}
	if verb == "plan" {
		idle, err := r.idle(ctx, p, nil)
		return &firewallAnswer{Faults: idle}, err
	}
	return r.firewall(q)
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
