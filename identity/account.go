package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
)

// User is what others may know of a user.
type User struct {
	Name        string          `json:"name"`
	FullName    string          `json:"full_name,omitempty"`
	Source      string          `json:"source"` // local, ldap, or "oidc NAME"
	Roles       map[string]Role `json:"roles"`  // by tenant
	Disabled    bool            `json:"disabled,omitempty"`
	Created     time.Time       `json:"created"`
	PasswordSet time.Time       `json:"password_set,omitzero"`
	LastLogin   time.Time       `json:"last_login,omitzero"`
	MFA         []string        `json:"mfa"` // totp, passkey; as it is answered, not as it is kept
}

// account is a user as it is kept.
type account struct {
	User
	Password string           `json:"password,omitempty"` // its hash
	TOTP     *totp            `json:"totp,omitempty"`
	NewTOTP  string           `json:"new_totp,omitempty"` // sealed; not proven yet
	Recovery []string         `json:"recovery,omitempty"` // hashes
	Passkeys []passkey        `json:"passkeys,omitempty"`
	Handle   []byte           `json:"handle,omitempty"` // what passkeys know the user by
	Known    map[string]int64 `json:"known,omitempty"`  // networks it has come from, and when last
}

// passkey is a public key that a device of the user's has the other half of.
type passkey struct {
	Name       string              `json:"name"`
	Added      time.Time           `json:"added"`
	Used       time.Time           `json:"used,omitzero"`
	Credential webauthn.Credential `json:"credential"`
}

const (
	local     = "local"
	mostKnown = 32 // networks that are remembered of a user
)

var userName = regexp.MustCompile(`^[a-z0-9_][a-z0-9._@+-]{0,63}$`)

// canonical is a name as it is kept: small letters. It reports false for what is no name.
func canonical(name string) (string, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	return name, userName.MatchString(name)
}

func (a *account) shown() User {
	u := a.User
	u.Roles = maps.Clone(a.Roles)
	u.MFA = []string{}
	if a.TOTP != nil {
		u.MFA = append(u.MFA, "totp")
	}
	if len(a.Passkeys) > 0 {
		u.MFA = append(u.MFA, "passkey")
	}
	return u
}

func (a *account) administrator() bool {
	for _, r := range a.Roles {
		if r == Administrator {
			return true
		}
	}
	return false
}

// roleWords are the roles for a notice: TENANT:ROLE.
func roleWords(roles map[string]Role) []string {
	var list []string
	for _, t := range slices.Sorted(maps.Keys(roles)) {
		list = append(list, t+":"+string(roles[t]))
	}
	return list
}

// account reads a user. The error is ErrNotFound if there is none.
func (g *Gate) account(ctx context.Context, name string) (*account, Record, error) {
	a := new(account)
	r, err := g.load(ctx, kindUser, name, a)
	if err != nil {
		return nil, r, err
	}
	return a, r, nil
}

// deed is what comes with the change of an account.
type deed struct {
	also    Change
	notices []Notice
}

var errConflict = errors.New("it is changed by others again and again")

// alter changes an account. f may be called again if somebody else has changed it meanwhile.
func (g *Gate) alter(ctx context.Context, name string, f func(*account, *deed) error) error {
	for range 50 {
		a, r, err := g.account(ctx, name)
		if err != nil {
			return err
		}
		var d deed
		if err := f(a, &d); err != nil {
			return err
		}
		if r, err = record(r, a); err != nil {
			return err
		}
		d.also.Put = append(d.also.Put, r)
		if ok, err := g.change(ctx, d.also, d.notices...); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("change user %s: %w", name, errConflict)
}

// mayChange says whether somebody may change an account: in all tenants in which it is something, because else the
// administrator of one tenant could make himself another's.
func mayChange(by *Subject, a *account) error {
	if len(a.Roles) == 0 {
		return Allowed(by, AllTenants, UserWrite)
	}
	if !mayKnow(by, a) {
		return ErrNotFound
	}
	for t := range a.Roles {
		if err := Allowed(by, t, UserWrite); err != nil {
			var d *Denied
			if errors.As(err, &d) {
				d.Hidden = false
			}
			return err
		}
	}
	return nil
}

// mayKnow says whether somebody may know that there is an account.
func mayKnow(by *Subject, a *account) bool {
	for t := range a.Roles {
		if Allowed(by, t, UserRead) == nil {
			return true
		}
	}
	return Allowed(by, AllTenants, UserRead) == nil
}

// NewUser is who is to be added.
type NewUser struct {
	Name, FullName string
	Password       string // "" for who sets it by a link
	Roles          map[string]Role
}

// AddUser adds a user.
func (g *Gate) AddUser(ctx context.Context, by *Subject, n NewUser) (User, error) {
	if len(n.Roles) == 0 {
		return User{}, invalid("role", "a user needs a role in a tenant")
	}
	for t, r := range n.Roles {
		if err := g.mayGive(by, t, r); err != nil {
			return User{}, err
		}
	}
	return g.add(ctx, by, n)
}

// mayGive says whether somebody may give a role in a tenant.
func (g *Gate) mayGive(by *Subject, tenant string, role Role) error {
	if err := Allowed(by, tenant, UserWrite); err != nil {
		return err
	}
	if tenant != AllTenants && len(g.opt.Tenants) > 0 && !slices.Contains(g.opt.Tenants, tenant) {
		return &Denied{Permission: UserWrite, Tenant: tenant, Hidden: true}
	}
	_, err := parseRole(string(role))
	return err
}

// add adds a user, and uses records up that are good for once: they are put, so that of two that do it at once only one
// succeeds, and dropped.
func (g *Gate) add(ctx context.Context, by *Subject, n NewUser, also ...Record) (User, error) {
	name, ok := canonical(n.Name)
	if !ok {
		return User{}, invalid("name", "a name has 1 to 64 of a-z, 0-9 and . _ - @ +, and begins with a letter or figure")
	}
	a := account{User: User{Name: name, FullName: cut(n.FullName), Source: local, Roles: n.Roles, Created: g.now().UTC()}, Handle: newHandle()}
	if n.Password != "" {
		if err := g.setPassword(ctx, &a, n.Password); err != nil {
			return User{}, err
		}
	}
	r, err := record(Record{Kind: kindUser, Key: name}, &a)
	if err != nil {
		return User{}, err
	}
	c := Change{Put: append([]Record{r, handleRecord(&a)}, also...), Drop: also}
	ok, err = g.change(ctx, c, g.madeNotices(by, &a)...)
	if err == nil && !ok {
		err = invalid("name", "there is a user %s already", name)
	}
	if err != nil {
		return User{}, err
	}
	return a.shown(), nil
}

// madeNotices tell of a new account; of an administrator beside, because that is worth a look by itself.
func (g *Gate) madeNotices(by *Subject, a *account) []Notice {
	n := Notice{Action: DidAddUser, User: a.Name, Actor: by.Actor(), Address: by.Address, Method: a.Source, Roles: roleWords(a.Roles)}
	list := []Notice{n}
	if a.administrator() {
		n.Action = DidMakeAdmin
		list = append(list, n)
	}
	return list
}

// setPassword checks and hashes a password.
func (g *Gate) setPassword(ctx context.Context, a *account, password string) error {
	if err := checkPassword(password, a.Name, a.FullName, g.opt.Origin); err != nil {
		return err
	}
	hash, err := g.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	a.Password, a.PasswordSet = hash, g.now().UTC()
	return nil
}

// Users returns the users that somebody may know of: those who are something in a tenant of his.
func (g *Gate) Users(ctx context.Context, by *Subject) ([]User, error) {
	list, err := g.keep.Identities(ctx, kindUser, "")
	if err != nil {
		return nil, err
	}
	users := []User{}
	for _, r := range list {
		a, _, err := g.account(ctx, r.Key)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		u := a.shown()
		maps.DeleteFunc(u.Roles, func(t string, _ Role) bool { return Allowed(by, t, UserRead) != nil })
		if len(u.Roles) > 0 || Allowed(by, AllTenants, UserRead) == nil {
			users = append(users, u)
		}
	}
	if len(users) == 0 && Allowed(by, AllTenants, UserRead) != nil {
		return nil, &Denied{Permission: UserRead, Tenant: AllTenants}
	}
	return users, nil
}

// SetRole gives a user a role in a tenant; "" takes it away.
func (g *Gate) SetRole(ctx context.Context, by *Subject, name, tenant string, role Role) error {
	// Before anything is read: the answer must not tell whether there is such a user.
	if role == "" {
		if err := Allowed(by, tenant, UserWrite); err != nil {
			return err
		}
	} else if err := g.mayGive(by, tenant, role); err != nil {
		return err
	}
	return g.alter(ctx, name, func(a *account, d *deed) error {
		if !mayKnow(by, a) {
			return ErrNotFound
		}
		before := a.Roles[tenant]
		if before == role {
			return nil
		}
		if a.Roles = maps.Clone(a.Roles); a.Roles == nil {
			a.Roles = make(map[string]Role)
		}
		if a.Roles[tenant] = role; role == "" {
			delete(a.Roles, tenant)
		}
		if err := g.keepOwner(ctx, by, a); err != nil {
			return err
		}
		n := Notice{
			Action: DidChangeRole, User: a.Name, Actor: by.Actor(), Address: by.Address, Roles: roleWords(a.Roles),
			Reason: fmt.Sprintf("in %s: %s, before: %s", tenant, orNone(role), orNone(before)),
		}
		if d.notices = append(d.notices, n); role == Administrator {
			n.Action = DidMakeAdmin
			d.notices = append(d.notices, n)
		}
		return nil
	})
}

func orNone(r Role) string {
	if r == "" {
		return "none"
	}
	return string(r)
}

// keepOwner refuses what would leave nobody who is administrator of all tenants: only on the machine itself can that be undone.
func (g *Gate) keepOwner(ctx context.Context, by *Subject, after *account) error {
	if by.Session == "" && by.Token == "" {
		return nil
	}
	list, err := g.keep.Identities(ctx, kindUser, "")
	if err != nil {
		return err
	}
	for _, r := range list {
		a := after
		if r.Key != after.Name {
			if a, _, err = g.account(ctx, r.Key); err != nil {
				return err
			}
		}
		if a.Roles[AllTenants] == Administrator && !a.Disabled {
			return nil
		}
	}
	return invalid("name", "nobody would be left who is administrator of everything; only tocsin user, on the machine itself, can do that")
}

// SetPassword gives a user another password and ends what it has open. by is an administrator; a user changes his own by
// ChangePassword.
func (g *Gate) SetPassword(ctx context.Context, by *Subject, name, password string) error {
	return g.alter(ctx, name, func(a *account, d *deed) error {
		if err := mayChange(by, a); err != nil {
			return err
		}
		return g.replacePassword(ctx, a, d, password, by)
	})
}

func (g *Gate) replacePassword(ctx context.Context, a *account, d *deed, password string, by *Subject) error {
	if a.Source != local {
		return invalid("name", "%s logs in by %s; its password is not kept here", a.Name, a.Source)
	}
	if err := g.setPassword(ctx, a, password); err != nil {
		return err
	}
	d.notices = append(d.notices, Notice{Action: DidSetPassword, User: a.Name, Actor: by.Actor(), Address: by.Address})
	return g.dropSessions(ctx, a.Name, by.Session, d)
}

// ChangePassword changes a user's own password. All other sessions end.
func (g *Gate) ChangePassword(ctx context.Context, s *Subject, old, password string) error {
	if err := g.prove(ctx, s, Proof{Password: old}); err != nil {
		return err
	}
	return g.alter(ctx, s.Name, func(a *account, d *deed) error { return g.replacePassword(ctx, a, d, password, s) })
}

// SetDisabled keeps a user out, or lets it in again. What it has open ends.
func (g *Gate) SetDisabled(ctx context.Context, by *Subject, name string, disabled bool) error {
	return g.alter(ctx, name, func(a *account, d *deed) error {
		if err := mayChange(by, a); err != nil {
			return err
		}
		a.Disabled = disabled
		n := Notice{Action: DidEnable, User: a.Name, Actor: by.Actor(), Address: by.Address}
		if disabled {
			n.Action = DidDisable
			if err := g.keepOwner(ctx, by, a); err != nil {
				return err
			}
			if err := g.dropSessions(ctx, name, "", d); err != nil {
				return err
			}
		}
		d.notices = append(d.notices, n)
		return nil
	})
}

// RemoveMFA takes all second factors from a user, who has lost them.
func (g *Gate) RemoveMFA(ctx context.Context, by *Subject, name string) error {
	return g.alter(ctx, name, func(a *account, d *deed) error {
		if err := mayChange(by, a); err != nil {
			return err
		}
		a.TOTP, a.NewTOTP, a.Recovery, a.Passkeys = nil, "", nil, nil
		d.notices = append(d.notices, Notice{Action: DidRemoveMFA, User: a.Name, Actor: by.Actor(), Address: by.Address, Reason: "all of it"})
		return g.dropSessions(ctx, name, "", d)
	})
}

// dropSessions ends what a user has open, but for one.
func (g *Gate) dropSessions(ctx context.Context, name, but string, d *deed) error {
	list, err := g.keep.Identities(ctx, kindSession, name)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Key != but {
			d.also.Drop = append(d.also.Drop, Record{Kind: kindSession, Key: r.Key})
		}
	}
	return nil
}
