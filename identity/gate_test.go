package identity

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

// place is a gate over a real state, with a clock of the test's own.
type place struct {
	*Gate
	keep *state.State

	mu      sync.Mutex
	at      time.Time
	notices []Notice
}

const good = "quorum-plinth-84-vesper"

var (
	here  = Visit{Address: "192.0.2.1", Agent: "Firefox on Linux"}
	there = Visit{Address: "198.51.100.9", Agent: "Chrome on Windows"}
	root  = System("root (uid 0)")
)

func open(t testing.TB, opt Options) *place {
	t.Helper()
	s, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &place{keep: s, at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	opt.Now = p.clock
	opt.Notice = func(n Notice) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.notices = append(p.notices, n)
	}
	if opt.Hashing.Memory == 0 {
		opt.Hashing = Hashing{Memory: 1024, Passes: 1, Lanes: 1}
	}
	if opt.Tenants == nil {
		opt.Tenants = []string{"main", "acme", "beta"}
	}
	if p.Gate, err = Open(s, opt); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func (p *place) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = p.at.Add(d)
}

// told returns the notices with an action, and forgets all.
func (p *place) told(action string) []Notice {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []Notice
	for _, n := range p.notices {
		if n.Action == action {
			list = append(list, n)
		}
	}
	p.notices = nil
	return list
}

func (p *place) add(t testing.TB, name string, roles map[string]Role) {
	t.Helper()
	if _, err := p.AddUser(t.Context(), root, NewUser{Name: name, Password: good, Roles: roles}); err != nil {
		t.Fatal(err)
	}
}

// in logs a user in and returns who that is.
func (p *place) in(t testing.TB, name string, v Visit) (*Subject, *Entry) {
	t.Helper()
	e := must(p.Login(t.Context(), name, good, v))(t)
	return must(p.BySession(t.Context(), e.Cookie, v))(t), e
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func refused(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("the error is %v, not %v", err, want)
	}
}

func TestLogin(t *testing.T) {
	p, ctx := open(t, Options{}), t.Context()
	p.add(t, "anna", map[string]Role{"main": Analyst})
	for _, c := range []struct{ name, user, password string }{
		{"another password", "anna", "wrong"},
		{"nothing", "anna", ""},
		{"a capital more", "anna", strings.ToUpper(good)},
		{"nobody", "bert", good},
		{"no name", "anna\x00", good},
		{"a long password", "anna", strings.Repeat("x", 1<<20)},
	} {
		_, err := p.Login(ctx, c.user, c.password, Visit{Address: "192.0.2.77"})
		if errors.Is(err, ErrRefused) {
			p.tries = newTries(p.clock)
			continue
		}
		t.Errorf("%s: %v", c.name, err)
	}
	if n := p.told(DidRefuse); len(n) != 6 || n[0].User != "anna" || n[0].Address != "192.0.2.77" || !n[0].Failed {
		t.Errorf("refusals were told as %+v", n)
	}
	s, e := p.in(t, " Anna ", here)
	if s.Name != "anna" || Allowed(s, "main", IncidentDecide) != nil || len(e.Cookie) != 43 || e.User.Name != "anna" {
		t.Errorf("logged in: %+v, %+v", s, e)
	}
	if n := p.told(DidLogin); len(n) != 1 || n[0].Method != "password" {
		t.Errorf("told as %+v", n)
	}
	if err := p.SetDisabled(ctx, root, "anna", true); err != nil {
		t.Fatal(err)
	}
	_, err := p.BySession(ctx, e.Cookie, here)
	refused(t, err, ErrNobody)
	_, err = p.Login(ctx, "anna", good, here)
	refused(t, err, ErrRefused)
}

// The cost of passwords can be raised: who logs in gets a hash of the new cost, and the old password still works.
func TestRehash(t *testing.T) {
	p, ctx := open(t, Options{}), t.Context()
	p.add(t, "anna", map[string]Role{"main": Analyst})
	p.hasher.cost.Memory = 2048
	for range 2 {
		p.in(t, "anna", here)
	}
	a, _, err := p.account(ctx, "anna")
	if err != nil || !strings.Contains(a.Password, "m=2048,") {
		t.Errorf("the hash is %s, %v", a.Password, err)
	}
}

func TestSessions(t *testing.T) {
	p, ctx := open(t, Options{}), t.Context()
	p.add(t, "anna", map[string]Role{"main": Administrator})
	p.add(t, "bert", map[string]Role{"main": Viewer})
	s, first := p.in(t, "anna", here)
	_, second := p.in(t, "anna", there)
	bert, _ := p.in(t, "bert", there)

	if list := must(p.Sessions(ctx, s))(t); len(list) != 2 {
		t.Fatalf("%d sessions", len(list))
	}
	refused(t, p.EndSession(ctx, bert, first.Session.ID), ErrNotFound) // another's
	if err := p.EndSession(ctx, s, second.Session.ID); err != nil {
		t.Fatal(err)
	}
	_, err := p.BySession(ctx, second.Cookie, there)
	refused(t, err, ErrNobody)

	// What opens it is not what is kept.
	r, err := p.keep.Identities(ctx, kindSession, "anna")
	if err != nil || len(r) != 1 || strings.Contains(r[0].Key+r[0].JSON, first.Cookie) || r[0].Key != hashed(first.Cookie) {
		t.Errorf("kept: %+v, %v", r, err)
	}
	// Recent, then not.
	if err := Allowed(s, "main", UserWrite); err != nil {
		t.Error(err)
	}
	p.pass(16 * time.Minute)
	s = must(p.BySession(ctx, first.Cookie, here))(t)
	var d *Denied
	if err := Allowed(s, "main", UserWrite); !errors.As(err, &d) || !d.StepUp {
		t.Errorf("after a quarter of an hour: %v", err)
	}
	if err := Allowed(s, "main", ActionApprove); err != nil {
		t.Error(err)
	}
	refused(t, p.StepUp(ctx, s, Proof{Password: "wrong"}), ErrRefused)
	if err := p.StepUp(ctx, s, Proof{Password: good}); err != nil {
		t.Fatal(err)
	}
	if s = must(p.BySession(ctx, first.Cookie, here))(t); Allowed(s, "main", UserWrite) != nil {
		t.Error("a step up brings nothing")
	}
	// Another browser with the same cookie.
	_, err = p.BySession(ctx, first.Cookie, there)
	refused(t, err, ErrNobody)
	_, err = p.BySession(ctx, first.Cookie, here)
	refused(t, err, ErrNobody)
	if n := p.told(DidEndSession); len(n) != 2 || !strings.Contains(n[1].Reason, "another browser") {
		t.Errorf("told as %+v", n)
	}
	// Idle, and the end.
	_, e := p.in(t, "anna", here)
	p.pass(8*time.Hour + time.Minute)
	_, err = p.BySession(ctx, e.Cookie, here)
	refused(t, err, ErrNobody)
	_, e = p.in(t, "anna", here)
	for range 3 {
		p.pass(7 * time.Hour)
		must(p.BySession(ctx, e.Cookie, here))(t)
	}
	p.pass(4 * time.Hour)
	_, err = p.BySession(ctx, e.Cookie, here)
	refused(t, err, ErrNobody)
	if err := p.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if r, err := p.keep.Identities(ctx, kindSession, ""); err != nil || len(r) != 0 {
		t.Errorf("left after the sweep: %v, %v", r, err)
	}
	// A change of the password ends all but the one it is changed in.
	s, e = p.in(t, "anna", here)
	_, other := p.in(t, "anna", there)
	if err := p.ChangePassword(ctx, s, good, "nutmeg-harrier-zwölf-lathe"); err != nil {
		t.Fatal(err)
	}
	must(p.BySession(ctx, e.Cookie, here))(t)
	_, err = p.BySession(ctx, other.Cookie, there)
	refused(t, err, ErrNobody)
}

func TestFirstRun(t *testing.T) {
	p, ctx := open(t, Options{}), t.Context()
	old, ok, err := p.FirstRun(ctx)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	link, _, err := p.FirstRun(ctx)
	if err != nil || len(link) != 43 {
		t.Fatal(link, err)
	}
	me := FirstUser{Name: "anna", Password: good}
	_, err = p.UseLink(ctx, old, me, here)
	refused(t, err, ErrRefused)
	var bad *Invalid
	if _, err = p.UseLink(ctx, link, FirstUser{Name: "anna", Password: "password12"}, here); !errors.As(err, &bad) || bad.Field != "password" {
		t.Errorf("a poor password: %v", err)
	}
	// Of many that use it at once one is the administrator.
	var group sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for _, name := range []string{"anna", "mallory", "eve", "anna"} {
		group.Go(func() {
			if _, err := p.UseLink(ctx, link, FirstUser{Name: name, Password: good}, here); err == nil {
				mu.Lock()
				made++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	users := must(p.Users(ctx, root))(t)
	if made != 1 || len(users) != 1 || users[0].Roles[AllTenants] != Administrator {
		t.Errorf("%d were made: %+v", made, users)
	}
	if _, ok, err := p.FirstRun(ctx); ok || err != nil {
		t.Errorf("there is another link: %v", err)
	}
	if len(p.told(DidMakeAdmin)) != 1 {
		t.Error("an administrator made is not told")
	}
	// It ends after an hour.
	p = open(t, Options{})
	if link, _, err = p.FirstRun(ctx); err != nil {
		t.Fatal(err)
	}
	p.pass(time.Hour)
	_, err = p.UseLink(ctx, link, me, here)
	refused(t, err, ErrRefused)
}

func TestPasswordLink(t *testing.T) {
	p, ctx := open(t, Options{}), t.Context()
	if _, err := p.AddUser(ctx, root, NewUser{Name: "bert", Roles: map[string]Role{"acme": Viewer}}); err != nil {
		t.Fatal(err)
	}
	_, err := p.Login(ctx, "bert", "", here)
	refused(t, err, ErrRefused)
	link := must(p.PasswordLink(ctx, root, "bert"))(t)
	if _, err := p.UseLink(ctx, link, FirstUser{Password: "bert2026!!"}, here); err == nil {
		t.Error("a poor password was taken")
	}
	if e := must(p.UseLink(ctx, link, FirstUser{Password: good}, here))(t); e.Cookie != "" {
		t.Error("a link logs in past the second factor")
	}
	_, err = p.UseLink(ctx, link, FirstUser{Password: good}, here)
	refused(t, err, ErrRefused)
	p.in(t, "bert", here)
}

// The administrator of one tenant learns nothing of another, and gets nothing there.
func TestTenants(t *testing.T) {
	p, ctx := open(t, Options{}), t.Context()
	p.add(t, "owner", map[string]Role{AllTenants: Administrator})
	p.add(t, "a", map[string]Role{"acme": Administrator})
	p.add(t, "b", map[string]Role{"beta": Viewer})
	p.add(t, "ab", map[string]Role{"acme": Viewer, "beta": Viewer})
	s, _ := p.in(t, "a", here)
	if list := must(p.Users(ctx, s))(t); len(list) != 2 || list[0].Name != "a" || list[1].Name != "ab" || len(list[1].Roles) != 1 {
		t.Errorf("sees %+v", list)
	}
	for name, f := range map[string]func(user string) error{
		"password": func(u string) error { return p.SetPassword(ctx, s, u, good+"x") },
		"disable":  func(u string) error { return p.SetDisabled(ctx, s, u, true) },
		"mfa":      func(u string) error { return p.RemoveMFA(ctx, s, u) },
		"link":     func(u string) error { _, err := p.PasswordLink(ctx, s, u); return err },
		"token": func(u string) error {
			_, _, err := p.MakeToken(ctx, s, NewToken{Name: "x", User: u, Scope: []string{"search.read"}})
			return err
		},
		"role": func(u string) error { return p.SetRole(ctx, s, u, "beta", Administrator) },
		"all":  func(u string) error { return p.SetRole(ctx, s, u, AllTenants, Administrator) },
	} {
		for _, u := range []string{"owner", "b", "ab"} {
			if err := f(u); err == nil {
				t.Errorf("the administrator of acme may change %s of %s", name, u)
			}
		}
		if name != "role" && name != "all" {
			refused(t, f("b"), ErrNotFound) // as of one who is not there
			refused(t, f("nobody"), ErrNotFound)
		}
	}
	refused(t, p.SetRole(ctx, s, "b", "acme", Viewer), ErrNotFound)
	if err := p.SetRole(ctx, s, "ab", "acme", Responder); err != nil {
		t.Error(err)
	}
	for _, roles := range []map[string]Role{{"beta": Viewer}, {AllTenants: Viewer}, {"acme": "owner"}, {}} {
		if _, err := p.AddUser(ctx, s, NewUser{Name: "new", Roles: roles}); err == nil {
			t.Errorf("may add a user with %v", roles)
		}
	}
	// Nobody can leave the console without an owner.
	owner, _ := p.in(t, "owner", here)
	if p.SetRole(ctx, owner, "owner", AllTenants, Viewer) == nil || p.SetDisabled(ctx, owner, "owner", true) == nil {
		t.Error("the last owner is gone")
	}
	if err := p.SetRole(ctx, root, "owner", AllTenants, Viewer); err != nil {
		t.Errorf("on the machine itself: %v", err)
	}
}

func TestTokens(t *testing.T) {
	p, ctx := open(t, Options{}), t.Context()
	p.add(t, "anna", map[string]Role{"main": Responder, "acme": Viewer})
	s, _ := p.in(t, "anna", here)
	text, token, err := p.MakeToken(ctx, s, NewToken{Name: "playbook", Scope: []string{"incident.read", "action.ask"}, Tenants: []string{"main"}})
	if err != nil {
		t.Fatal(err)
	}
	who := must(p.ByToken(ctx, text, there))(t)
	for _, c := range []struct {
		tenant string
		p      Permission
		want   bool
	}{{"main", IncidentRead, true}, {"main", ActionAsk, true}, {"main", ActionApprove, false}, {"acme", IncidentRead, false}, {AllTenants, IncidentRead, false}} {
		if got := Allowed(who, c.tenant, c.p) == nil; got != c.want {
			t.Errorf("%s in %s: %v", c.p, c.tenant, got)
		}
	}
	for name, n := range map[string]NewToken{
		"more than the role":       {Name: "x", Scope: []string{"user.write"}},
		"more than the role there": {Name: "x", Scope: []string{"action.ask"}, Tenants: []string{"acme"}},
		"a tenant of others":       {Name: "x", Scope: []string{"search.read"}, Tenants: []string{"beta"}},
		"nothing":                  {Name: "x"},
		"what there is not":        {Name: "x", Scope: []string{"*"}},
		"no name":                  {Scope: []string{"search.read"}},
		"for ever":                 {Name: "x", Scope: []string{"search.read"}, Life: 400 * 24 * time.Hour},
		"a past end":               {Name: "x", Scope: []string{"search.read"}, Life: -time.Hour},
	} {
		if _, _, err := p.MakeToken(ctx, s, n); err == nil {
			t.Errorf("a token with %s was made", name)
		}
	}
	if _, _, err := p.MakeToken(ctx, who, NewToken{Name: "x", Scope: []string{"incident.read"}}); err == nil {
		t.Error("a token makes tokens")
	}
	r, err := p.keep.Identities(ctx, kindToken, "anna")
	if err != nil || len(r) != 1 || strings.Contains(r[0].JSON, text[len(tokenPrefix)+tokenID:]) {
		t.Errorf("kept: %v, %v", r, err)
	}
	// The role is that of the moment.
	if err := p.SetRole(ctx, root, "anna", "main", Viewer); err != nil {
		t.Fatal(err)
	}
	if who = must(p.ByToken(ctx, text, there))(t); Allowed(who, "main", ActionAsk) == nil {
		t.Error("a token outlives the role")
	}
	if list := must(p.Tokens(ctx, s, "anna"))(t); len(list) != 1 || list[0].Used.IsZero() || list[0].ID != token.ID {
		t.Errorf("listed: %+v", list)
	}
	other := text[:len(text)-tokenSum-1] + "a"
	if other == text[:len(text)-tokenSum] {
		other = text[:len(text)-tokenSum-1] + "b"
	}
	other += tokenSumOf(other)
	_, err = p.ByToken(ctx, other, there)
	refused(t, err, ErrNobody)
	if len(p.told(DidRefuseToken)) != 1 {
		t.Error("a token that was guessed is not told")
	}
	if err := p.RevokeToken(ctx, s, token.ID); err != nil {
		t.Fatal(err)
	}
	_, err = p.ByToken(ctx, text, there)
	refused(t, err, ErrNobody)
	text, _, err = p.MakeToken(ctx, s, NewToken{Name: "short", Scope: []string{"search.read"}, Life: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	p.pass(time.Hour)
	_, err = p.ByToken(ctx, text, there)
	refused(t, err, ErrNobody)

	// One with all rights is told of.
	p.add(t, "owner", map[string]Role{AllTenants: Administrator})
	var all []string
	for _, x := range Permissions() {
		all = append(all, string(x))
	}
	if _, _, err := p.MakeToken(ctx, root, NewToken{Name: "everything", User: "owner", Scope: all}); err != nil {
		t.Fatal(err)
	}
	if len(p.told(DidMakeFullToken)) != 1 {
		t.Error("a token with all rights is not told")
	}
}

// Whoever guesses has to wait longer and longer; the owner, who comes from elsewhere, does not.
func TestGuessing(t *testing.T) {
	p, ctx := open(t, Options{}), t.Context()
	p.add(t, "anna", map[string]Role{"main": Administrator})
	p.in(t, "anna", here)
	var many *TooMany
	tried := 0
	for range 200 {
		_, err := p.Login(ctx, "anna", "wrong", there)
		if !errors.As(err, &many) {
			refused(t, err, ErrRefused)
			tried++
		}
		p.pass(time.Second)
	}
	if tried < freeTries || tried > 14 {
		t.Errorf("%d tries in 200 seconds", tried)
	}
	_, err := p.Login(ctx, "anna", good, there)
	if !errors.As(err, &many) {
		t.Errorf("the right password in the meantime: %v", err)
	}
	p.in(t, "anna", here)
	// From a thousand addresses at once: the owner is not delayed either, where he is known.
	for i := range 1000 {
		p.tries.failed("anna", "203.0.113."+string(rune('0'+i%10))+string(rune('0'+i/10%10)))
	}
	if delay, err := p.tries.enter("anna", here.Address, true); delay != 0 || err != nil {
		t.Errorf("the owner waits %s: %v", delay, err)
	}
	if delay, err := p.tries.enter("anna", "2001:db8::1", false); delay == 0 || delay > longestDelay || err != nil {
		t.Errorf("a stranger waits %s: %v", delay, err)
	}
	// One network of many addresses is one.
	for i := range freeAddress {
		p.tries.failed("user"+string(rune('a'+i)), "2001:db8:0:1::"+string(rune('a'+i%6)))
	}
	if _, err := p.tries.enter("other", "2001:db8:0:1:ffff::1", false); !errors.As(err, &many) {
		t.Errorf("a neighbour: %v", err)
	}
	for range 3 * maxTries / 2 {
		p.tries.failed("x"+hashed(tokenPrefix + string(rune(len(p.tries.seen))))[:12], "192.0.2.200")
	}
	if n := len(p.tries.seen); n > maxTries+3 {
		t.Errorf("%d are remembered", n)
	}
	if len(p.told(DidLimit)) == 0 {
		t.Error("that somebody has to wait is not told")
	}
}

// More log-ins at once than there is memory for are refused, not queued for ever.
func TestHashingIsBounded(t *testing.T) {
	h, err := newHasher(Hashing{Memory: 1024, Passes: 1, Lanes: 1, Together: 1, Waiting: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.enter(t.Context()); err != nil { // somebody hashes
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waits := make(chan error)
	go func() { waits <- h.enter(ctx) }()
	for h.waiting.Load() != 2 {
		time.Sleep(time.Millisecond)
	}
	_, _, err = h.check(t.Context(), "", "x")
	refused(t, err, ErrBusy)
	cancel()
	refused(t, <-waits, context.Canceled)
	h.leave()
	if _, err := h.hash(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	if h.waiting.Load() != 0 || len(h.places) != 0 {
		t.Error("a place was not given back")
	}
}
