package identity

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/tocsin-sec/tocsin/trust"
)

// LDAP is a directory whose users may log in with their passwords there.
type LDAP struct {
	URL      string `json:"url" yaml:"url" doc:"The server." example:"ldaps://dc1.example.com"`
	StartTLS bool   `json:"start_tls,omitempty" yaml:"start_tls" doc:"Ask for TLS on an ldap:// connection. Beyond the loopback there is no log-in without TLS."`
	CA       string `json:"ca,omitempty" yaml:"ca" path:"true" doc:"A file of certificates that the server's may be signed by, beside the machine's."`
	Bind     string `json:"bind,omitempty" yaml:"bind" doc:"The name to look users up with; without it, nobody's." example:"cn=tocsin,dc=example,dc=com"`
	Password string `json:"-" yaml:"password" secret:"true" doc:"Its password." example:"file:/etc/tocsin/ldap.password"`
	Base     string `json:"base" yaml:"base" doc:"Below which users are looked for." example:"ou=people,dc=example,dc=com"`
	Filter   string `json:"filter,omitempty" yaml:"filter" doc:"What finds a user; %s is the name, escaped." default:"(uid=%s)" example:"(&(objectClass=user)(sAMAccountName=%s))"`
	Name     string `json:"name,omitempty" yaml:"name" doc:"The attribute with the person's name." default:"cn"`

	GroupBase   string `json:"group_base,omitempty" yaml:"group_base" doc:"Below which groups are looked for; without it, those of memberOf count." example:"ou=groups,dc=example,dc=com"`
	GroupFilter string `json:"group_filter,omitempty" yaml:"group_filter" doc:"What finds the groups of a user; %s is the user's distinguished name, escaped." default:"(member=%s)"`

	Roles []Grant `json:"roles" yaml:"roles" doc:"Which groups bring which roles. Who is in none of them is refused."`
}

// Grant gives the members of a group a role in a tenant.
type Grant struct {
	Group  string `json:"group" yaml:"group" doc:"The group: its name, or its distinguished name." example:"soc-responders"`
	Tenant string `json:"tenant,omitempty" yaml:"tenant" doc:"Where; without it, in all tenants." example:"main"`
	Role   Role   `json:"role" yaml:"role" doc:"viewer, analyst, responder or administrator." example:"responder"`
}

// granted are the roles of who is in some groups; of several in a tenant the highest.
func granted(grants []Grant, in func(group string) bool) map[string]Role {
	roles := make(map[string]Role)
	for _, x := range grants {
		tenant := x.Tenant
		if tenant == "" {
			tenant = AllTenants
		}
		if in(x.Group) && slices.Index(Roles(), x.Role) > slices.Index(Roles(), roles[tenant]) {
			roles[tenant] = x.Role
		}
	}
	return roles
}

func checkGrants(grants []Grant) error {
	if len(grants) == 0 {
		return errors.New("roles: without a group that brings a role nobody could log in")
	}
	for _, x := range grants {
		if x.Group == "" {
			return errors.New("roles: group is missing")
		}
		if _, err := parseRole(string(x.Role)); err != nil {
			return fmt.Errorf("roles: %w", err)
		}
	}
	return nil
}

const directoryPatience = 10 * time.Second

// Check returns what is wrong with the setting.
func (l *LDAP) Check() error {
	u, err := url.Parse(l.URL)
	switch {
	case err != nil || u.Scheme != "ldap" && u.Scheme != "ldaps" || u.Host == "":
		return fmt.Errorf("ldap: url %.100q: must be as ldaps://dc1.example.com", l.URL)
	case u.Scheme == "ldap" && !l.StartTLS && !isLoopback(u.Hostname()):
		return fmt.Errorf("ldap: %s would carry passwords in the clear: take ldaps://, or start_tls", l.URL)
	case l.Base == "":
		return errors.New("ldap: base is missing")
	case l.Filter != "" && strings.Count(l.Filter, "%s") != 1:
		return errors.New("ldap: filter needs %s once, where the name belongs")
	case l.GroupFilter != "" && strings.Count(l.GroupFilter, "%s") != 1:
		return errors.New("ldap: group_filter needs %s once, where the user belongs")
	case l.Bind != "" && l.Password == "":
		return errors.New("ldap: bind needs a password")
	}
	if err := checkGrants(l.Roles); err != nil {
		return fmt.Errorf("ldap: %w", err)
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

func (l *LDAP) dial(ctx context.Context) (*ldap.Conn, error) {
	conf, err := trust.Client(l.CA)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(l.URL); err == nil {
		conf.ServerName = u.Hostname()
	}
	c, err := ldap.DialURL(l.URL, ldap.DialWithTLSConfig(conf), ldap.DialWithDialer(&net.Dialer{Timeout: directoryPatience}))
	if err != nil {
		return nil, err
	}
	c.SetTimeout(directoryPatience)
	if l.StartTLS {
		if err := c.StartTLS(conf); err != nil {
			_ = c.Close()
			return nil, err
		}
	}
	return c, ctx.Err()
}

// find returns the one entry of a user.
func (l *LDAP) find(c *ldap.Conn, name string) (*ldap.Entry, error) {
	filter, attribute := l.Filter, l.Name
	if filter == "" {
		filter = "(uid=%s)"
	}
	if attribute == "" {
		attribute = "cn"
	}
	r, err := c.Search(ldap.NewSearchRequest(l.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 2, int(directoryPatience.Seconds()), false,
		strings.Replace(filter, "%s", ldap.EscapeFilter(name), 1), []string{attribute, "memberOf"}, nil))
	if err != nil && !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
		return nil, err
	}
	if len(r.Entries) != 1 { // nobody; or several, and whose password it would be is chance
		return nil, ErrRefused
	}
	return r.Entries[0], nil
}

// groups returns the distinguished names of a user's groups.
func (l *LDAP) groups(c *ldap.Conn, e *ldap.Entry) ([]string, error) {
	if l.GroupBase == "" {
		return e.GetAttributeValues("memberOf"), nil
	}
	filter := l.GroupFilter
	if filter == "" {
		filter = "(member=%s)"
	}
	r, err := c.Search(ldap.NewSearchRequest(l.GroupBase, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 1000, int(directoryPatience.Seconds()), false,
		strings.Replace(filter, "%s", ldap.EscapeFilter(e.DN), 1), []string{"1.1"}, nil))
	if err != nil {
		return nil, err
	}
	var list []string
	for _, g := range r.Entries {
		list = append(list, g.DN)
	}
	return list, nil
}

// sameGroup tells whether a group of the settings, a distinguished name or the value of its first part, is one of the directory.
func sameGroup(want, have string) bool {
	dn, err := ldap.ParseDN(have)
	if err != nil || len(dn.RDNs) == 0 || len(dn.RDNs[0].Attributes) == 0 {
		return false
	}
	if strings.Contains(want, "=") {
		w, err := ldap.ParseDN(want)
		return err == nil && w.EqualFold(dn)
	}
	return strings.EqualFold(dn.RDNs[0].Attributes[0].Value, want)
}

// person is what a provider says of somebody.
type person struct {
	source, id, name, full string
	roles                  map[string]Role
}

// ask finds a user in the directory and tries the password there.
func (l *LDAP) ask(ctx context.Context, name, password string) (*person, error) {
	if password == "" { // a bind without a password succeeds for everybody (RFC 4513, 5.1.2)
		return nil, ErrRefused
	}
	c, err := l.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("directory %s: %w", l.URL, err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	look := func() error {
		if l.Bind == "" {
			return c.UnauthenticatedBind("")
		}
		return c.Bind(l.Bind, l.Password)
	}
	if err := look(); err != nil {
		return nil, fmt.Errorf("directory %s: log in as %q: %w", l.URL, l.Bind, err)
	}
	e, err := l.find(c, name)
	if errors.Is(err, ErrRefused) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("directory %s: look for a user: %w", l.URL, err)
	}
	groups, err := l.groups(c, e)
	if err != nil {
		return nil, fmt.Errorf("directory %s: look for groups: %w", l.URL, err)
	}
	err = c.Bind(e.DN, password)
	if ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) || ldap.IsErrorWithCode(err, ldap.LDAPResultInappropriateAuthentication) ||
		ldap.IsErrorWithCode(err, ldap.LDAPResultUnwillingToPerform) || ldap.IsErrorWithCode(err, ldap.LDAPResultConstraintViolation) {
		return nil, ErrRefused
	}
	if err != nil {
		return nil, fmt.Errorf("directory %s: %w", l.URL, err)
	}
	attribute := l.Name
	if attribute == "" {
		attribute = "cn"
	}
	in := func(group string) bool {
		return slices.ContainsFunc(groups, func(have string) bool { return sameGroup(group, have) })
	}
	return &person{source: "ldap", id: strings.ToLower(e.DN), name: name, full: e.GetAttributeValue(attribute), roles: granted(l.Roles, in)}, nil
}

// byDirectory logs in by the directory; who comes for the first time becomes a user.
func (g *Gate) byDirectory(ctx context.Context, name, password string) (*account, error) {
	if _, ok := canonical(name); !ok {
		return nil, ErrRefused
	}
	p, err := g.opt.LDAP.ask(ctx, name, password)
	if err != nil {
		return nil, err
	}
	return g.admit(ctx, p)
}

// admit lets in whom a provider vouches for, with the roles that its groups bring today. A name that is somebody else's here is
// not taken over: what binds is the provider's own id.
func (g *Gate) admit(ctx context.Context, p *person) (*account, error) {
	name, ok := canonical(p.name)
	refuse := func(why string) error {
		g.tell(Notice{Action: DidRefuse, Failed: true, User: cut(p.name), Method: p.source, Reason: why})
		return fmt.Errorf("%w: %s", ErrRefused, why)
	}
	if !ok {
		return nil, refuse("the provider's name for the user is none here")
	}
	if !anyRole(p.roles) {
		return nil, refuse("none of the user's groups brings a role")
	}
	key := hashed(p.source + "\x00" + p.id)
	r, known, err := g.keep.Identity(ctx, kindExternal, key)
	if err != nil {
		return nil, err
	}
	if !known {
		a := account{User: User{Name: name, FullName: cut(p.full), Source: p.source, Roles: p.roles, Created: g.now().UTC()}, Handle: newHandle()}
		u, err := record(Record{Kind: kindUser, Key: name}, &a)
		if err != nil {
			return nil, err
		}
		c := Change{Put: []Record{u, handleRecord(&a), {Kind: kindExternal, Key: key, Owner: name, JSON: "{}"}}}
		if ok, err := g.change(ctx, c, g.madeNotices(&Subject{Name: p.source}, &a)...); err != nil {
			return nil, err
		} else if !ok {
			return nil, refuse("another user has that name here")
		}
		return &a, nil
	}
	var found *account
	err = g.alter(ctx, r.Owner, func(a *account, d *deed) error {
		if a.Source != p.source {
			return refuse("another user has that name here")
		}
		before := a.administrator()
		if words := roleWords(p.roles); !slices.Equal(words, roleWords(a.Roles)) {
			a.Roles = p.roles
			n := Notice{Action: DidChangeRole, User: a.Name, Actor: p.source, Roles: words, Reason: "groups have changed"}
			if d.notices = append(d.notices, n); !before && a.administrator() {
				n.Action = DidMakeAdmin
				d.notices = append(d.notices, n)
			}
		}
		a.FullName = cut(p.full)
		found = a
		return nil
	})
	return found, err
}
