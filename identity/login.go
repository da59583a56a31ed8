package identity

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Entry is what a log-in has come to: a session, or what is still to be shown.
type Entry struct {
	Cookie  string // the session's secret; "" while a second factor is missing
	Session Session
	User    User
	Flow    string   // names the log-in for its second step; a secret, too
	Next    []string // what can be shown next: totp, recovery, passkey
}

// flow is a log-in that is under way.
type flow struct {
	Purpose string `json:"purpose"` // second, passkey-login, passkey-add, oidc
	User    string `json:"user,omitempty"`
	Method  string `json:"method,omitempty"`
	Address string `json:"address,omitempty"`
	Tries   int    `json:"tries,omitempty"`
	Data    []byte `json:"data,omitempty"` // of the purpose's own
	Nonce   string `json:"nonce,omitempty"`
	Check   string `json:"check,omitempty"` // PKCE's verifier
	Back    string `json:"back,omitempty"`  // where to go afterwards
}

const (
	flowLife  = 10 * time.Minute
	flowTries = 5
)

// begin keeps a flow and returns its secret.
func (g *Gate) begin(ctx context.Context, f *flow) (string, error) {
	text, key := secret()
	_, err := g.put(ctx, Record{Kind: kindFlow, Key: key, Owner: f.User, Ends: g.now().Add(flowLife).UnixNano()}, f)
	return text, err
}

// take ends a flow and returns it: a flow is good for one use.
func (g *Gate) take(ctx context.Context, text, purpose string) (*flow, error) {
	f := new(flow)
	r, err := g.load(ctx, kindFlow, hashed(text), f)
	if errors.Is(err, ErrNotFound) || err == nil && f.Purpose != purpose {
		return nil, ErrRefused
	}
	if err != nil {
		return nil, err
	}
	// Of two that come at once, the put lets one through only.
	if ok, err := g.change(ctx, Change{Put: []Record{r}, Drop: []Record{r}}); err != nil || !ok {
		return nil, errors.Join(ErrRefused, err)
	}
	return f, nil
}

// Login logs a user in with a password. The error is ErrRefused, a *TooMany, ErrBusy, or one of what is kept; it does not tell
// whether there is such a user, and neither does the time that it takes.
func (g *Gate) Login(ctx context.Context, user, password string, v Visit) (*Entry, error) {
	name, ok := canonical(user)
	var a *account
	var err error
	if ok {
		if a, _, err = g.account(ctx, name); err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	} else {
		name = cut(name)
	}
	if err := g.mayTry(ctx, name, a, v); err != nil {
		return nil, err
	}
	a, method, err := g.byPassword(ctx, name, a, password)
	if err == nil && a.Disabled {
		err = ErrRefused
	}
	if err != nil {
		g.refused(name, v, method, err)
		return nil, err
	}
	if a.TOTP == nil && len(a.Passkeys) == 0 {
		g.tries.worked(name, v.Address)
		return g.open(ctx, a, v, method)
	}
	e := &Entry{}
	if a.TOTP != nil {
		e.Next = append(e.Next, "totp")
	}
	if len(a.Passkeys) > 0 {
		e.Next = append(e.Next, "passkey")
	}
	if len(a.Recovery) > 0 {
		e.Next = append(e.Next, "recovery")
	}
	e.Flow, err = g.begin(ctx, &flow{Purpose: "second", User: name, Method: method, Address: network(v.Address)})
	return e, err
}

// mayTry waits or refuses where there were too many failed log-ins.
func (g *Gate) mayTry(ctx context.Context, name string, a *account, v Visit) error {
	known := false
	if a != nil {
		_, known = a.Known[network(v.Address)]
	}
	delay, err := g.tries.enter(name, v.Address, known)
	if err != nil {
		g.tell(Notice{Action: DidLimit, Failed: true, User: name, Address: v.Address, Agent: v.Agent, Reason: err.Error()})
		return err
	}
	if delay == 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refused counts and tells a log-in that failed; not one that failed by no fault of who tried.
func (g *Gate) refused(name string, v Visit, method string, err error) {
	if !errors.Is(err, ErrRefused) {
		return
	}
	g.tries.failed(name, v.Address)
	g.tell(Notice{Action: DidRefuse, Failed: true, User: name, Address: v.Address, Agent: v.Agent, Method: method})
}

// byPassword finds out whose password it is: the user's own here, or in the directory.
func (g *Gate) byPassword(ctx context.Context, name string, a *account, password string) (*account, string, error) {
	if len(password) > 4*maxPassword { // before any work is spent on it
		password = ""
	}
	directory := g.opt.LDAP != nil && (a == nil || a.Source == "ldap")
	if directory {
		// As much work as for a user who is kept here, so that time does not tell which users are.
		if _, _, err := g.hasher.check(ctx, "", password); err != nil {
			return nil, "ldap", err
		}
		a, err := g.byDirectory(ctx, name, password)
		return a, "ldap", err
	}
	kept := ""
	if a != nil && a.Source == local {
		kept = a.Password
	}
	ok, renew, err := g.hasher.check(ctx, kept, password)
	if err != nil {
		return nil, "password", err
	}
	if !ok {
		return nil, "password", ErrRefused
	}
	if renew {
		if hash, err := g.hasher.hash(ctx, password); err == nil { // else another time
			err = g.alter(ctx, name, func(x *account, _ *deed) error {
				if x.Password == kept {
					x.Password = hash
				}
				return nil
			})
			if err != nil {
				return nil, "password", err
			}
		}
	}
	return a, "password", nil
}

// Second is the second step of a log-in: a one-time code, or a recovery code.
func (g *Gate) Second(ctx context.Context, flowText, kind, code string, v Visit) (*Entry, error) {
	f, err := g.take(ctx, flowText, "second")
	if err != nil {
		return nil, err
	}
	a, _, err := g.account(ctx, f.User)
	if err != nil {
		return nil, err
	}
	if err := g.mayTry(ctx, f.User, a, v); err != nil {
		return nil, err
	}
	if f.Address != network(v.Address) {
		err = ErrRefused
	} else {
		err = g.useCode(ctx, f.User, kind, code, v)
	}
	if err != nil {
		g.refused(f.User, v, kind, err)
		f.Tries++
		if f.Tries >= flowTries || !errors.Is(err, ErrRefused) {
			return nil, err
		}
		again, bad := g.begin(ctx, f)
		if bad != nil {
			return nil, bad
		}
		return &Entry{Flow: again, Next: []string{kind}}, err
	}
	g.tries.worked(f.User, v.Address)
	return g.open(ctx, a, v, f.Method+"+"+kind)
}

// useCode uses a code up. The error is ErrRefused if it is wrong, or was used.
func (g *Gate) useCode(ctx context.Context, name, kind, code string, v Visit) error {
	return g.alter(ctx, name, func(a *account, d *deed) error {
		switch {
		case kind == "totp" && a.TOTP != nil:
			key, err := g.unseal(a.Name, a.TOTP.Key)
			if err != nil {
				return err
			}
			step, ok := totpMatch(key, code, a.TOTP.Step, g.now())
			if !ok {
				return ErrRefused
			}
			t := *a.TOTP
			t.Step = step
			a.TOTP = &t
			return nil
		case kind == "recovery":
			left, ok := useRecovery(a.Recovery, code)
			if !ok {
				return ErrRefused
			}
			a.Recovery = left
			d.notices = append(d.notices, Notice{Action: DidUseRecovery, User: a.Name, Actor: a.Name, Address: v.Address})
			return nil
		}
		return ErrRefused
	})
}

// Proof is what proves anew who somebody is: one of them.
type Proof struct {
	Password, TOTP string
}

// StepUp proves anew who has a session, for what is dangerous. Who has a second factor shows that, others the password. A new
// log-in of any other kind does the same.
func (g *Gate) StepUp(ctx context.Context, s *Subject, p Proof) error {
	if s == nil || s.Session == "" {
		return ErrNobody
	}
	a, _, err := g.account(ctx, s.Name)
	if err != nil {
		return err
	}
	if p.TOTP == "" && (a.TOTP != nil || len(a.Passkeys) > 0) {
		return invalid("totp", "a second factor is needed: a code, or the passkey")
	}
	if err := g.prove(ctx, s, p); err != nil {
		return err
	}
	method := "password"
	if p.TOTP != "" {
		method = "totp"
	}
	return g.proven(ctx, s, method)
}

// prove checks a proof, as slowly as a log-in.
func (g *Gate) prove(ctx context.Context, s *Subject, p Proof) error {
	a, _, err := g.account(ctx, s.Name)
	if err != nil {
		return err
	}
	v := Visit{Address: s.Address}
	if err := g.mayTry(ctx, s.Name, a, v); err != nil {
		return err
	}
	method := "password"
	if p.TOTP != "" {
		method = "totp"
		err = g.useCode(ctx, s.Name, method, p.TOTP, v)
	} else {
		_, method, err = g.byPassword(ctx, s.Name, a, p.Password)
	}
	if err != nil {
		g.refused(s.Name, v, method, err)
		return err
	}
	g.tries.worked(s.Name, v.Address)
	return nil
}

// NewTOTP is what a user needs to set an app up.
type NewTOTP struct {
	Key string `json:"key"` // in base32
	URI string `json:"uri"` // for a picture
}

// BeginTOTP makes a key of one-time codes; it counts once a code of it was shown to ConfirmTOTP.
func (g *Gate) BeginTOTP(ctx context.Context, s *Subject) (NewTOTP, error) {
	if err := ownChange(s); err != nil {
		return NewTOTP{}, err
	}
	key := randomBytes(totpSecret)
	sealed, err := g.seal(s.Name, key)
	if err != nil {
		return NewTOTP{}, err
	}
	err = g.alter(ctx, s.Name, func(a *account, _ *deed) error {
		a.NewTOTP = sealed
		return nil
	})
	return NewTOTP{Key: b32.EncodeToString(key), URI: totpURI(s.Name, key)}, err
}

// ConfirmTOTP puts a key of one-time codes into force and returns recovery codes, which are never shown again.
func (g *Gate) ConfirmTOTP(ctx context.Context, s *Subject, code string) (recovery []string, err error) {
	if err := ownChange(s); err != nil {
		return nil, err
	}
	codes, kept := newRecovery()
	err = g.alter(ctx, s.Name, func(a *account, d *deed) error {
		if a.NewTOTP == "" {
			return invalid("code", "no key was made, or it is in force already")
		}
		key, err := g.unseal(a.Name, a.NewTOTP)
		if err != nil {
			return err
		}
		step, ok := totpMatch(key, code, 0, g.now())
		if !ok {
			return invalid("code", "this is not the code of the new key; is the clock of the phone right?")
		}
		a.TOTP, a.NewTOTP, a.Recovery = &totp{Key: a.NewTOTP, Step: step}, "", kept
		d.notices = append(d.notices, Notice{Action: DidAddMFA, User: a.Name, Actor: s.Actor(), Address: s.Address, Method: "totp"})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// DropTOTP takes a user's own one-time codes out of force.
func (g *Gate) DropTOTP(ctx context.Context, s *Subject) error {
	if err := ownChange(s); err != nil {
		return err
	}
	return g.alter(ctx, s.Name, func(a *account, d *deed) error {
		if a.TOTP == nil {
			return ErrNotFound
		}
		if a.TOTP = nil; len(a.Passkeys) == 0 {
			a.Recovery = nil
		}
		d.notices = append(d.notices, Notice{Action: DidRemoveMFA, User: a.Name, Actor: s.Actor(), Address: s.Address, Method: "totp"})
		return nil
	})
}

// ownChange says whether somebody may change how he logs in: with a session, and a log-in not long ago.
func ownChange(s *Subject) error {
	if s == nil || s.Session == "" {
		return ErrNobody
	}
	if !s.Recent {
		return &Denied{Permission: TokenOwn, StepUp: true}
	}
	return nil
}

// anyRole tells whether a map gives a role at all.
func anyRole(roles map[string]Role) bool {
	for _, r := range roles {
		if slices.Contains(Roles(), r) {
			return true
		}
	}
	return false
}
