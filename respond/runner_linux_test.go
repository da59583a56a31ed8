package respond

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/state"
)

// bench is a Runner over a real state file and the firewall of a namespace.
type rig struct {
	*Runner
	state  *state.State
	hands  *Hands
	ground Ground
	skip   atomic.Int64 // ns that the clock is ahead
}

func newRig(t testing.TB, k Kernel) *rig {
	t.Helper()
	return rigAt(t, k, filepath.Join(t.TempDir(), "state.db"))
}

func rigAt(t testing.TB, k Kernel, place string) *rig {
	t.Helper()
	s, err := state.Open(t.Context(), place, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	r := &rig{state: s}
	guard := Guard{Never: []string{"192.0.2.0/24"}, PerHour: 20_000}
	r.hands = &Hands{Kernel: k, Guard: guard, Look: func() (*Ground, error) { g := r.ground; return &g, nil }}
	now := func() time.Time { return time.Now().Add(time.Duration(r.skip.Load())) }
	if f, ok := k.(*Firewall); ok {
		f.now = now
	}
	r.Runner = NewRunner(s, r.hands, RunnerOptions{Guard: guard, Now: now})
	return r
}

func (r *rig) start(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func (r *rig) ask(t testing.TB, req Request) Action {
	t.Helper()
	if req.By == "" {
		req.By, req.Person = "anna", true
	}
	a, err := r.Ask(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// wait waits until an action is in a state.
func (r *rig) wait(t testing.TB, key string, want State) Action {
	t.Helper()
	var a Action
	parts.Wait(t, time.Minute, fmt.Sprintf("action %s to be %s", key, want), func() bool {
		var err error
		if a, err = r.Get(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		return a.State == want
	})
	return a
}

func TestRunnerBlocksUndoesExpires(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	r := newRig(t, f)
	r.start(t)
	began := time.Now()
	a := r.ask(t, Request{Kind: "block", Target: "10.7.1.2", For: time.Hour, Why: Why{Text: "guesses passwords"}})
	r.wait(t, a.Key, Done)
	t.Logf("from asking to dropping %s", time.Since(began))
	if reach(t, them, "10.7.1.1:80") {
		t.Error("not blocked")
	}
	if again := r.ask(t, Request{Kind: "block", Target: "10.7.1.2/32", For: time.Minute}); again.Key != a.Key || again.Until != a.Until {
		t.Errorf("asked twice it is another: %+v", again)
	}
	if _, err := r.Undo(t.Context(), a.Key[:6], "ben", "a customer"); err != nil {
		t.Fatal(err)
	}
	r.wait(t, a.Key, Undone)
	if !reach(t, them, "10.7.1.1:80") {
		t.Error("still blocked")
	}
	a = r.ask(t, Request{Kind: "block", Target: "10.7.1.2", For: 1500 * time.Millisecond})
	if a.Round != 1 {
		t.Errorf("round %d", a.Round)
	}
	r.wait(t, a.Key, Done)
	r.wait(t, a.Key, Expired)
	if !reach(t, them, "10.7.1.1:80") {
		t.Error("still blocked after it has expired")
	}
	var trail []string
	for e, err := range r.state.ListAudit(t.Context(), state.AuditFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		trail = append(trail, e.Actor+" "+e.Action)
	}
	want := "anna action.ask, tocsin action.done, ben action.undo, tocsin action.undone, anna action.ask, tocsin action.done, tocsin action.expire, tocsin action.undone"
	if got := strings.Join(trail, ", "); got != want {
		t.Errorf("the trail is\n%s, want\n%s", got, want)
	}
}

func TestRunnerApproval(t *testing.T) {
	f, _, _ := pair(t)
	r := newRig(t, f)
	r.start(t)
	ctx := t.Context()
	a := r.ask(t, Request{Kind: "block", Target: "10.7.1.2", Needs: 2, By: "playbook guessing"})
	if a.State != Proposed {
		t.Fatalf("it is %s", a.State)
	}
	if _, err := r.Approve(ctx, a.Key, "anna", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Approve(ctx, a.Key, "Anna", ""); !errors.Is(err, ErrState) {
		t.Errorf("the same person twice: %v", err)
	}
	if _, err := r.Approve(ctx, a.Key, "ben", ""); err != nil {
		t.Fatal(err)
	}
	r.wait(t, a.Key, Done)
	b := r.ask(t, Request{Kind: "block", Target: "10.7.1.3", Needs: 1, By: "playbook guessing"})
	if _, err := r.Deny(ctx, b.Key, "anna", "a customer"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Approve(ctx, b.Key, "ben", ""); !errors.Is(err, ErrDenied) {
		t.Errorf("approved what is denied: %v", err)
	}
	if _, err := r.Ask(ctx, Request{Kind: "block", Target: "10.7.1.3", By: "playbook guessing"}); !errors.Is(err, ErrDenied) {
		t.Errorf("asked again: %v", err)
	}
	if c := r.ask(t, Request{Kind: "block", Target: "10.7.1.3"}); c.State != Approved {
		t.Errorf("a person asks for what another denied: %s", c.State)
	}
	r.opt.Guard.PerHour = 1
	if c := r.ask(t, Request{Kind: "block", Target: "10.7.1.4", By: "playbook guessing"}); c.State != Proposed || len(c.Notes) == 0 {
		t.Errorf("more than so many an hour: %+v", c)
	}
}

func TestRunnerForbids(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	r := newRig(t, f)
	r.ground = Ground{
		Sessions: []Session{{User: "anna", Address: netip.MustParseAddr("10.7.1.2"), Port: 22, What: "ssh"}},
		Own:      []netip.Addr{netip.MustParseAddr("10.7.1.1")}, Gateways: []netip.Addr{netip.MustParseAddr("198.51.100.1")},
		Resolvers: []netip.Addr{netip.MustParseAddr("2001:db8::53")},
	}
	r.start(t)
	for _, target := range []string{
		"10.7.1.2", "10.7.1.0/24", "10.7.1.2 out", "10.7.1.2 tcp/22", "any tcp/22", "::/0 tcp/22", "10.7.1.1", "198.51.100.0/25", "2001:db8::/64", "192.0.2.7", "192.0.2.7 tcp/25",
		"203.0.0.0/15", "2001:db8:1::/31", "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255 in",
	} {
		_, err := r.Ask(t.Context(), Request{Kind: "block", Target: target, By: "anna", Person: true})
		if forbidden := errors.Is(err, ErrForbidden); forbidden != (target != "255.255.255.255 in") {
			t.Errorf("%s: %v", target, err)
		}
		b, err := ParseBlock(target)
		if err != nil {
			t.Fatal(err)
		}
		// Whoever asks the hands without asking the guard gets no further.
		a, err := r.hands.Perform(t.Context(), &Order{Verb: VerbReplace, Wanted: &Wanted{Blocks: []Block{b}}})
		if err != nil || (len(a.Refused) == 1) != (target != "255.255.255.255 in") {
			t.Errorf("%s: refused %v, %v", target, a, err)
		}
	}
	a := r.ask(t, Request{Kind: "block", Target: "10.7.1.2 tcp/80"}) // not the session's port
	r.wait(t, a.Key, Done)
	if reach(t, them, "10.7.1.1:80") {
		t.Error("not blocked")
	}
	// Isolated, the operator still gets in, and nobody else.
	i := r.ask(t, Request{Kind: "isolate", Target: "host"})
	r.wait(t, i.Key, Done)
	if err := r.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !reach(t, them, "10.7.1.1:80") { // what is allowed stands above what is blocked
		t.Error("isolation cuts off the operator")
	}
	them.run(t, "ip", "addr", "add", "10.7.1.3/24", "dev", "v1")
	them.run(t, "ip", "route", "replace", "10.7.1.1/32", "dev", "v1", "src", "10.7.1.3")
	if reach(t, them, "10.7.1.1:80") {
		t.Error("isolation lets somebody else in")
	}
}

// After a kill -9 in any state, and after a reboot that empties the kernel, the world is made what is written.
func TestRunnerMakesTheWorldWhatIsWritten(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	place := filepath.Join(t.TempDir(), "state.db")
	before := rigAt(t, f, place)
	a := before.ask(t, Request{Kind: "block", Target: "10.7.1.2", For: time.Hour}) // written, and then it dies
	soon := before.ask(t, Request{Kind: "block", Target: "203.0.113.9", For: time.Nanosecond})
	if _, err := before.change(t.Context(), a.Key, "tocsin", "run", func(a Action) (Action, error) { return a.Start(1) }); err != nil {
		t.Fatal(err)
	}
	if err := before.state.Close(); err != nil {
		t.Fatal(err)
	}
	r := rigAt(t, f, place)
	r.start(t)
	r.wait(t, a.Key, Done)
	r.wait(t, soon.Key, Expired)
	if reach(t, them, "10.7.1.1:80") {
		t.Error("not blocked")
	}
	us.run(t, "nft", "flush", "ruleset") // a reboot, or somebody's hand
	d, err := r.Difference(t.Context())
	if err != nil || len(d.Add) != 2 { // and what is never blocked
		t.Errorf("difference %+v, %v", d, err)
	}
	if err := r.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reach(t, them, "10.7.1.1:80") {
		t.Error("not blocked after the firewall was lost")
	}
	us.run(t, "nft", "flush", "ruleset")
	b := r.ask(t, Request{Kind: "block", Target: "10.7.1.9"}) // the table is missing when it is needed
	r.wait(t, b.Key, Done)
	if reach(t, them, "10.7.1.1:80") {
		t.Error("not blocked after the firewall was lost, and another block")
	}
}

func TestRunnerPolicy(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	r := newRig(t, f)
	r.start(t)
	ctx := t.Context()
	deny, allow := site("deny"), site("allow")
	if err := r.ApplyPolicy(ctx, &Policy{Default: "x"}, time.Minute, "anna"); err == nil {
		t.Error("a wrong policy was taken")
	}
	if err := r.ApplyPolicy(ctx, deny, time.Minute, "anna"); err != nil {
		t.Fatal(err)
	}
	if reach(t, them, "10.7.1.1:80") {
		t.Error("the policy is not in force")
	}
	r.skip.Store(int64(2 * time.Minute))
	parts.Wait(t, 5*time.Second, "the roll-back", func() bool { p, _ := r.Policies(ctx); return p.Trial == nil })
	parts.Wait(t, 5*time.Second, "what was before", func() bool { return reach(t, them, "10.7.1.1:80") })
	if err := r.ConfirmPolicy(ctx, "anna"); !errors.Is(err, ErrNoTrial) {
		t.Errorf("confirmed too late: %v", err)
	}
	if err := r.ApplyPolicy(ctx, allow, 0, "anna"); err != nil {
		t.Fatal(err)
	}
	if err := r.ApplyPolicy(ctx, deny, time.Minute, "anna"); err != nil {
		t.Fatal(err)
	}
	if err := r.ConfirmPolicy(ctx, "anna"); err != nil {
		t.Fatal(err)
	}
	if reach(t, them, "10.7.1.1:80") {
		t.Error("what was confirmed is not in force")
	}
	if err := r.UndoPolicy(ctx, "anna"); err != nil {
		t.Fatal(err)
	}
	if !reach(t, them, "10.7.1.1:80") {
		t.Error("undo brings not back what was before")
	}
}

// Over a socketpair, everything is as it is in one process.
func TestHelperPerforms(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	r := newRig(t, f)
	a, b := net.Pipe()
	served := make(chan error)
	go func() { served <- ServeHelper(context.Background(), b, r.hands, r.opt.Log) }()
	h := NewHelper(a)
	r.world = h
	r.start(t)
	x := r.ask(t, Request{Kind: "block", Target: "10.7.1.2", For: time.Hour})
	r.wait(t, x.Key, Done)
	if reach(t, them, "10.7.1.1:80") {
		t.Error("not blocked")
	}
	for _, o := range []Order{{Verb: "sh"}, {Verb: VerbDo}, {Verb: VerbDo, Deed: &Deed{Kind: "reboot"}}, {Verb: VerbDo, Deed: &Deed{Kind: "block", Target: "10.7.1.2"}}, {Verb: VerbReplace}} {
		if _, err := h.Perform(t.Context(), &o); err == nil {
			t.Errorf("%+v was done", o)
		}
	}
	if _, err := h.Perform(t.Context(), &Order{Verb: VerbChange, Add: []Block{{Verdict: Drop, Dir: In, Prefix: netip.MustParsePrefix("10.7.1.7/24")}}}); err == nil {
		t.Error("a block that is not canonical was made")
	}
	_, _ = a.Write([]byte{0, 0, 0, 5, '{', '"', 'x', '"', '}'})
	if err := <-served; err == nil {
		t.Error("what is no order did not end the connection")
	}
	if _, err := h.Perform(t.Context(), &Order{Verb: VerbRead}); err == nil {
		t.Error("a helper that has gone answers")
	}
	_ = h.Close()
}

func TestTenThousandBlocks(t *testing.T) {
	r := newRig(t, newNamespace(t).firewall(t))
	began := time.Now()
	var steps []step
	for _, b := range many(10_000) {
		a, _, err := Ask(nil, &Request{Kind: "block", Target: b.Target(), For: time.Hour, By: "feed"}, r.now())
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step{kept: kept{Action: a}, by: "feed", verb: "ask"})
	}
	if err := r.put(t.Context(), steps); err != nil {
		t.Fatal(err)
	}
	last := steps[len(steps)-1].Action
	written := time.Now()
	r.start(t)
	parts.Wait(t, 5*time.Minute, "the kernel to hold all", func() bool {
		s, err := r.Standing(t.Context())
		return err == nil && len(s.Held) == 10_001
	})
	held := time.Now()
	parts.Wait(t, 60*time.Second, "all to be done", func() bool {
		list, err := r.List(t.Context(), 0, Approved)
		if err != nil {
			t.Fatal(err)
		}
		return len(list) == 0
	})
	r.wait(t, last.Key, Done)
	t.Logf("10000 blocks written down in %s, in force in %s, and so noted in %s", written.Sub(began), held.Sub(written), time.Since(held))
}
