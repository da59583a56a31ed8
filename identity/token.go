package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"strings"
	"time"
)

// Token is a key for a program, as others may see it.
type Token struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"` // what it is for
	User    string       `json:"user"` // whose roles it has, as they are when it is used
	Scope   []Permission `json:"scope"`
	Tenants []string     `json:"tenants,omitempty"` // without them: all of the user's
	Created time.Time    `json:"created"`
	Ends    time.Time    `json:"ends"`
	Used    time.Time    `json:"used,omitzero"` // to ten minutes
}

type keptToken struct {
	Token
	Hash string `json:"hash"`
}

// A token is tokenPrefix, then in base32 with small letters: 8 characters of id, 32 of secret (160 bits), 7 of CRC-32 over
// what is before it. So programs that look for secrets in code can tell one, and a typing error costs no look-up.
const (
	tokenPrefix = "tocsin_"
	tokenID     = 8
	tokenSecret = 32
	tokenSum    = 7
	tokenLength = len(tokenPrefix) + tokenID + tokenSecret + tokenSum

	tokenLife     = 90 * 24 * time.Hour
	longestToken  = 366 * 24 * time.Hour
	tokenUsedStep = 10 * time.Minute
	mostTokens    = 100 // of one user
)

func tokenSumOf(text string) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], crc32.ChecksumIEEE([]byte(text)))
	return strings.ToLower(b32.EncodeToString(b[:]))
}

// newTokenText makes a token's text.
func newTokenText() (text, id string) {
	var b [5 + 20]byte
	_, _ = rand.Read(b[:])
	id = strings.ToLower(b32.EncodeToString(b[:5]))
	text = tokenPrefix + id + strings.ToLower(b32.EncodeToString(b[5:]))
	return text + tokenSumOf(text), id
}

// parseToken returns the id of a text that has the form of a token.
func parseToken(text string) (id string, ok bool) {
	if len(text) != tokenLength || !strings.HasPrefix(text, tokenPrefix) {
		return "", false
	}
	body := text[:tokenLength-tokenSum]
	if subtle.ConstantTimeCompare([]byte(tokenSumOf(body)), []byte(text[len(body):])) != 1 {
		return "", false
	}
	for _, c := range []byte(body[len(tokenPrefix):]) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return "", false
		}
	}
	return text[len(tokenPrefix):][:tokenID], true
}

// NewToken is what a token is to be.
type NewToken struct {
	Name    string
	User    string   // "" for whoever asks; another's needs UserWrite
	Scope   []string // names of permissions; those of the role of the user and no more
	Tenants []string
	Life    time.Duration // default 90 days, at most 366
}

// MakeToken makes a token and returns its text, which is never shown again. Nobody gets more than he has.
func (g *Gate) MakeToken(ctx context.Context, by *Subject, n NewToken) (string, Token, error) {
	if by == nil || by.Token != "" {
		return "", Token{}, &Denied{Permission: TokenOwn} // a token makes no tokens
	}
	if n.User == "" {
		n.User = by.Name
	}
	a, _, err := g.account(ctx, n.User)
	if err != nil {
		return "", Token{}, err
	}
	if err := mayMakeToken(by, a); err != nil {
		return "", Token{}, err
	}
	scope, err := parsePermissions(n.Scope)
	if err != nil {
		return "", Token{}, err
	}
	if n.Life == 0 {
		n.Life = tokenLife
	}
	if err := g.checkToken(ctx, a, &n, scope); err != nil {
		return "", Token{}, err
	}
	text, id := newTokenText()
	now := g.now().UTC()
	t := keptToken{
		Token: Token{ID: id, Name: cut(n.Name), User: a.Name, Scope: scope, Tenants: n.Tenants, Created: now, Ends: now.Add(n.Life)},
		Hash:  hashed(text),
	}
	did := Notice{Action: DidMakeToken, User: a.Name, Actor: by.Actor(), Address: by.Address, Method: "token " + id, Reason: t.Name, Roles: roleWords(a.Roles)}
	list := []Notice{did}
	if slices.Contains(scope, UserWrite) && slices.Contains(scope, SettingsWrite) {
		did.Action = DidMakeFullToken
		list = append(list, did)
	}
	ok, err := g.put(ctx, Record{Kind: kindToken, Key: id, Owner: a.Name, Ends: t.Ends.UnixNano()}, &t, list...)
	if err == nil && !ok {
		err = errConflict
	}
	if err != nil {
		return "", Token{}, err
	}
	return text, t.Token, nil
}

func mayMakeToken(by *Subject, a *account) error {
	if by.Name != a.Name {
		return mayChange(by, a)
	}
	var err error = &Denied{Permission: TokenOwn}
	for t := range a.Roles {
		if err = Allowed(by, t, TokenOwn); err == nil {
			return nil
		}
	}
	return err
}

func (g *Gate) checkToken(ctx context.Context, a *account, n *NewToken, scope []Permission) error {
	switch {
	case n.Name == "":
		return invalid("name", "say what the token is for")
	case len(scope) == 0:
		return invalid("scope", "a token needs what it is allowed to do, some of %s", listed(Permissions()))
	case n.Life < time.Minute || n.Life > longestToken:
		return invalid("life", "a token lives a minute to 366 days")
	}
	owner := &Subject{Name: a.Name, Roles: a.Roles, Recent: true}
	for _, t := range n.Tenants {
		if owner.RoleIn(t) == "" {
			return invalid("tenants", "%s is nothing in a tenant %.40q", a.Name, t)
		}
	}
	for _, p := range scope {
		if !slices.ContainsFunc(Roles(), func(r Role) bool { return holds(a, r, n.Tenants) && r.May(p) }) {
			return invalid("scope", "%s has no role that may do %s", a.Name, p)
		}
	}
	list, err := g.keep.Identities(ctx, kindToken, a.Name)
	if err == nil && len(list) >= mostTokens {
		err = invalid("name", "%s has %d tokens; revoke one first", a.Name, len(list))
	}
	return err
}

// holds tells whether a user has a role in one of some tenants; without these, in any.
func holds(a *account, role Role, tenants []string) bool {
	for t, r := range a.Roles {
		if r == role && (tenants == nil || t == AllTenants || slices.Contains(tenants, t)) {
			return true
		}
	}
	return false
}

// ByToken returns who has a token. The error is ErrNobody if nobody has.
func (g *Gate) ByToken(ctx context.Context, text string, v Visit) (*Subject, error) {
	id, ok := parseToken(text)
	if !ok {
		return nil, ErrNobody
	}
	if _, err := g.tries.enter("token", v.Address, true); err != nil {
		return nil, err
	}
	var t keptToken
	r, err := g.load(ctx, kindToken, id, &t)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if err != nil || subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hashed(text))) != 1 {
		g.tries.failed("token", v.Address)
		g.tell(Notice{Action: DidRefuseToken, Failed: true, User: t.User, Address: v.Address, Agent: v.Agent, Method: "token " + id})
		return nil, ErrNobody
	}
	a, _, err := g.account(ctx, t.User)
	if errors.Is(err, ErrNotFound) || err == nil && a.Disabled {
		return nil, ErrNobody
	}
	if err != nil {
		return nil, err
	}
	if now := g.now(); now.Sub(t.Used) > tokenUsedStep {
		t.Used = now.UTC()
		if _, err := g.put(ctx, r, &t); err != nil {
			return nil, err
		}
	}
	return &Subject{Name: a.Name, Roles: a.Roles, Scope: t.Scope, Tenants: t.Tenants, Token: t.ID, Recent: true, Address: v.Address}, nil
}

// Tokens returns the tokens of a user, his own or one that he may change; with "" all that he may see.
func (g *Gate) Tokens(ctx context.Context, by *Subject, user string) ([]Token, error) {
	records, err := g.keep.Identities(ctx, kindToken, user)
	if err != nil {
		return nil, err
	}
	list := []Token{}
	for _, r := range records {
		var t keptToken
		if _, err := g.load(ctx, kindToken, r.Key, &t); errors.Is(err, ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		if t.User != by.Name {
			a, _, err := g.account(ctx, t.User)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return nil, err
			}
			if err != nil || mayChange(by, a) != nil {
				continue
			}
		}
		list = append(list, t.Token)
	}
	return list, nil
}

// RevokeToken ends a token by its id: one's own, or one of a user whom one may change.
func (g *Gate) RevokeToken(ctx context.Context, by *Subject, id string) error {
	var t keptToken
	r, err := g.load(ctx, kindToken, id, &t)
	if err != nil {
		return err
	}
	if t.User != by.Name {
		a, _, err := g.account(ctx, t.User)
		if err != nil {
			return err
		}
		if err := mayChange(by, a); err != nil {
			return err
		}
	}
	_, err = g.change(ctx, Change{Drop: []Record{r}}, Notice{Action: DidRevokeToken, User: t.User, Actor: by.Actor(), Address: by.Address, Method: "token " + id})
	return err
}
