// Package identity decides who may come in, and what each may do: users, roles, tenants, sessions, tokens, single sign-on.
//
// What it promises: what is not allowed is refused. A role counts in the tenants that it was given for and in no other;
// of a tenant in which somebody has no role, he is not told that it exists. Passwords are kept as argon2id (RFC 9106),
// everything else that is secret and long enough as SHA-256; nothing that opens a door is ever logged, told in a notice or
// answered twice. Nobody can lock somebody else out by guessing. Every log-in, refusal and change is told as a Notice.
//
// What it never does: it shows no pages and decides nothing about events. It keeps nothing itself: Records does.
//
// A Gate is safe for concurrent use and starts no goroutine. Times are those of Options.Now.
package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Record is something as it is kept; a type without a name, so that who keeps it needs nothing of this room.
type Record = struct {
	Kind, Key string
	Owner     string // whose it is; "" for nobody's
	Ends      int64  // ns since 1970; it may be dropped from then on; 0 is never
	Version   int64  // how often it was put; 0 is not yet
	JSON      string
}

// Change is what is put and dropped at once, and what the audit trail says of it.
type Change = struct {
	Put   []Record // each in place of the one with its kind and key, whose Version must be the one given
	Drop  []Record // by kind and key
	Trail []struct {
		Time                          int64
		Actor, Action, Target, Detail string
	}
}

// Records keeps records; see state.State. ChangeIdentity reports false, and has done nothing, if one of those to be put was
// put by somebody else since it was read.
type Records interface {
	Identity(ctx context.Context, kind, key string) (Record, bool, error)
	Identities(ctx context.Context, kind, owner string) ([]Record, error)
	ChangeIdentity(ctx context.Context, c Change) (bool, error)
}

// The kinds of records.
const (
	kindUser     = "user"     // key: its name
	kindHandle   = "handle"   // key: what passkeys know a user by
	kindExternal = "external" // key: a hash of a provider and what it knows a user by
	kindSession  = "session"  // key: a hash
	kindToken    = "token"    // key: its id
	kindLink     = "link"     // key: a hash
	kindFlow     = "flow"     // key: a hash; a log-in that is under way
)

// Errors that callers tell apart.
var (
	ErrRefused  = errors.New("name, password or code is wrong")
	ErrNobody   = errors.New("not logged in")
	ErrNotFound = errors.New("not found")
	ErrBusy     = errors.New("too many log-ins at once")
)

// Invalid is the error of something that was asked for in a way that cannot be: its text is meant for the person.
type Invalid struct {
	Field string // which of the request's
	Why   string
}

func (e *Invalid) Error() string { return e.Field + ": " + e.Why }

func invalid(field, format string, args ...any) error {
	return &Invalid{Field: field, Why: fmt.Sprintf(format, args...)}
}

// Options say how a Gate decides. The zero value is good.
type Options struct {
	Tenants  []string      // which there are; a role can be given in these and in AllTenants
	Absolute time.Duration // a session's life; default 24 hours
	Idle     time.Duration // and without use; default 8 hours
	Recent   time.Duration // how long a log-in is recent enough for what is dangerous; default 15 minutes
	Hashing  Hashing       // the cost of a password; default RFC 9106's second recommendation
	Origin   string        // the console's own, as browsers name it: https://tocsin.example.com; passkeys and single sign-on need it
	Key      []byte        // 32 bytes that seal the keys of TOTP where they are kept; nil keeps them as they are
	LDAP     *LDAP         // a directory that users may log in with
	OIDC     []OIDC        // providers of single sign-on
	Notice   func(Notice)  // is told of everything; must not wait
	Now      func() time.Time
}

// Gate decides who may come in.
type Gate struct {
	opt       Options
	keep      Records
	hasher    *hasher
	tries     *tries
	passkeys  *passkeys // nil without an origin
	providers map[string]*provider
}

// Open makes a Gate over what is kept.
func Open(keep Records, opt Options) (*Gate, error) {
	if opt.Absolute == 0 {
		opt.Absolute = 24 * time.Hour
	}
	if opt.Idle == 0 {
		opt.Idle = 8 * time.Hour
	}
	if opt.Recent == 0 {
		opt.Recent = 15 * time.Minute
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Notice == nil {
		opt.Notice = func(Notice) {}
	}
	if opt.Key != nil && len(opt.Key) != 32 {
		return nil, fmt.Errorf("open identity: the key has %d bytes, not 32", len(opt.Key))
	}
	if opt.LDAP != nil {
		if err := opt.LDAP.Check(); err != nil {
			return nil, fmt.Errorf("open identity: %w", err)
		}
	}
	g := &Gate{opt: opt, keep: keep, tries: newTries(opt.Now), providers: make(map[string]*provider)}
	var err error
	if g.hasher, err = newHasher(opt.Hashing); err != nil {
		return nil, fmt.Errorf("open identity: %w", err)
	}
	if opt.Origin != "" {
		if g.passkeys, err = newPasskeys(opt.Origin); err != nil {
			return nil, fmt.Errorf("open identity: %w", err)
		}
	}
	for i := range opt.OIDC {
		p, err := newProvider(&opt.OIDC[i], opt.Origin)
		if err != nil {
			return nil, fmt.Errorf("open identity: %w", err)
		}
		g.providers[p.set.Name] = p
	}
	return g, nil
}

func (g *Gate) now() time.Time { return g.opt.Now() }

// secret returns 256 bits of chance as text for a cookie or a link, and the key under which it is kept.
func secret() (text, key string) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails (crypto/rand)
	text = base64.RawURLEncoding.EncodeToString(b[:])
	return text, hashed(text)
}

// hashed is what is kept of something secret that has at least 128 bits of chance in it: so much cannot be guessed, so
// that a slow hash would add nothing.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// load reads a record into v.
func (g *Gate) load(ctx context.Context, kind, key string, v any) (Record, error) {
	r, ok, err := g.keep.Identity(ctx, kind, key)
	if err != nil {
		return r, err
	}
	if !ok {
		return r, ErrNotFound
	}
	return r, g.read(r, v)
}

// read reads what a record keeps into v. The error is ErrNotFound if it has ended.
func (g *Gate) read(r Record, v any) error {
	if r.Ends > 0 && r.Ends <= g.now().UnixNano() {
		return ErrNotFound
	}
	if err := json.Unmarshal([]byte(r.JSON), v); err != nil {
		return fmt.Errorf("read %s %s: %w", r.Kind, r.Key, err)
	}
	return nil
}

// record makes a record of v.
func record(r Record, v any) (Record, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return r, fmt.Errorf("keep %s: %w", r.Kind, err)
	}
	r.JSON = string(doc)
	return r, nil
}

// put keeps v under a record's name; it reports false if somebody else was there first.
func (g *Gate) put(ctx context.Context, r Record, v any, trail ...Notice) (bool, error) {
	r, err := record(r, v)
	if err != nil {
		return false, err
	}
	return g.change(ctx, Change{Put: []Record{r}}, trail...)
}

// change does a change, with what the audit trail and those who listen are told of it.
func (g *Gate) change(ctx context.Context, c Change, trail ...Notice) (bool, error) {
	for i := range trail {
		n := &trail[i]
		n.Time = g.now()
		detail, err := json.Marshal(map[string]string{"address": n.Address, "reason": n.Reason, "method": n.Method})
		if err != nil {
			return false, err
		}
		c.Trail = append(c.Trail, struct {
			Time                          int64
			Actor, Action, Target, Detail string
		}{n.Time.UnixNano(), n.Actor, n.Action, n.User, string(detail)})
	}
	ok, err := g.keep.ChangeIdentity(ctx, c)
	if ok && err == nil {
		for _, n := range trail {
			g.opt.Notice(n)
		}
	}
	return ok, err
}

// Sweep drops what has ended. It is called now and then.
func (g *Gate) Sweep(ctx context.Context) error {
	s, ok := g.keep.(interface {
		SweepIdentity(ctx context.Context, now int64) (int64, error)
	})
	if !ok {
		return nil
	}
	_, err := s.SweepIdentity(ctx, g.now().UnixNano())
	return err
}
