package respond

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/trust"
)

// LDAP is a directory in which accounts are locked.
type LDAP struct {
	URL      string `json:"url" yaml:"url" doc:"The server." example:"ldaps://dc1.example.com"`
	StartTLS bool   `json:"start_tls,omitempty" yaml:"start_tls" doc:"Ask for TLS on an ldap:// connection."`
	CA       string `json:"ca,omitempty" yaml:"ca" doc:"A file of certificates that the server's may be signed by, beside the machine's."`
	Bind     string `json:"bind" yaml:"bind" doc:"The name to log in with." example:"cn=tocsin,dc=example,dc=com"`
	Password string `json:"password" yaml:"password" secret:"true" doc:"Its password." example:"file:/etc/tocsin/ldap.password"`
	Base     string `json:"base" yaml:"base" doc:"Below which accounts are looked for." example:"dc=example,dc=com"`
	User     string `json:"user,omitempty" yaml:"user" doc:"The attribute that holds the name of an account." default:"uid; for Active Directory sAMAccountName"`
	Kind     string `json:"kind,omitempty" yaml:"kind" doc:"What locks an account: openldap (pwdAccountLockedTime of the password policy), ad (a bit of userAccountControl), shadow (shadowExpire)." default:"openldap"`
}

// ldapName is what is looked for: a login name, also with a domain; filters are escaped beside. It is
// compiled when it is asked for: it is large.
var ldapName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\pL\pN_][\pL\pN_.@ -]{0,100}$`) })

// lockLDAPKind locks an account of a directory.
var lockLDAPKind = Kind{
	Name: "lock-directory-account", Doc: "Lock an account in LDAP or Active Directory.", Example: "anna", Lasts: true,
	Check: func(target string, params map[string]string) (string, error) {
		if !ldapName().MatchString(target) {
			return "", fmt.Errorf("lock-directory-account: %.100q is no name of an account", target)
		}
		return target, noParams(params)
	},
	Do: func(ctx context.Context, h *Hands, d *Deed) (o Outcome, err error) {
		err = h.Tools.directory(ctx, d.Target, func(l *LDAP, c *ldap.Conn, e *ldap.Entry) error {
			o, err = l.lock(c, e)
			return err
		})
		return o, err
	},
	Undo: func(ctx context.Context, h *Hands, d *Deed) error {
		return h.Tools.directory(ctx, d.Target, func(l *LDAP, c *ldap.Conn, e *ldap.Entry) error { return l.unlock(c, e, d.Undo) })
	},
	Unprivileged: true,
}

// lockedForever is the time that means locked until somebody unlocks (draft-behera-ldap-password-policy, 5.3.3).
const lockedForever = "000001010000Z"

const adDisabled = 2 // ACCOUNTDISABLE of userAccountControl (MS-ADTS 2.2.16)

// attribute is the one whose value locks an account.
func (l *LDAP) attribute() string {
	switch l.Kind {
	case "ad":
		return "userAccountControl"
	case "shadow":
		return "shadowExpire"
	}
	return "pwdAccountLockedTime"
}

// Check returns what is wrong with the setting.
func (l *LDAP) Check() error {
	if l.Kind != "" && l.Kind != "openldap" && l.Kind != "ad" && l.Kind != "shadow" {
		return fmt.Errorf("ldap: kind %.40q: must be openldap, ad or shadow", l.Kind)
	}
	if l.Base == "" || !strings.Contains(l.URL, "://") {
		return errors.New("ldap: needs url and base")
	}
	return nil
}

func (l *LDAP) lock(c *ldap.Conn, e *ldap.Entry) (Outcome, error) {
	name := l.attribute()
	old := e.GetAttributeValue(name)
	value := lockedForever
	switch l.Kind {
	case "ad":
		bits, err := strconv.ParseInt(old, 10, 64)
		if err != nil {
			return Outcome{}, fmt.Errorf("%s: userAccountControl is %.40q", e.DN, old)
		}
		value = strconv.FormatInt(bits|adDisabled, 10)
	case "shadow":
		value = "1"
	}
	o := Outcome{Result: "locked " + e.DN, Undo: map[string]string{"value": old}}
	if old == value {
		o.Undo["nothing"] = "yes"
		o.Result = "it was locked already"
		return o, nil
	}
	m := ldap.NewModifyRequest(e.DN, nil)
	m.Replace(name, []string{value})
	return o, c.Modify(m)
}

// unlock brings back what was there before; of Active Directory's bits only the one.
func (l *LDAP) unlock(c *ldap.Conn, e *ldap.Entry, undo map[string]string) error {
	if undo["nothing"] == "yes" {
		return nil
	}
	name, old := l.attribute(), undo["value"]
	now := e.GetAttributeValue(name)
	m := ldap.NewModifyRequest(e.DN, nil)
	switch {
	case l.Kind == "ad":
		bits, err := strconv.ParseInt(now, 10, 64)
		if err != nil {
			return fmt.Errorf("%s: userAccountControl is %.40q", e.DN, now)
		}
		m.Replace(name, []string{strconv.FormatInt(bits&^adDisabled, 10)})
	case now == old:
		return nil
	case old == "":
		m.Delete(name, nil)
	default:
		m.Replace(name, []string{old})
	}
	return c.Modify(m)
}

// directory finds the one account of a name and calls f with it.
func (t *Tools) directory(ctx context.Context, name string, f func(*LDAP, *ldap.Conn, *ldap.Entry) error) error {
	l := t.LDAP
	if l == nil {
		return fmt.Errorf("there is no directory in tocsin.yml: %w", errFinal)
	}
	c, err := l.dial()
	if err != nil {
		return fmt.Errorf("directory %s: %w", l.URL, err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	user := l.User
	if user == "" {
		user = map[bool]string{true: "sAMAccountName", false: "uid"}[l.Kind == "ad"]
	}
	found, err := c.Search(ldap.NewSearchRequest(l.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 2, 30, false,
		fmt.Sprintf("(%s=%s)", user, ldap.EscapeFilter(name)), []string{l.attribute()}, nil))
	switch {
	case err != nil:
		return fmt.Errorf("directory %s: look for %s: %w", l.URL, name, err)
	case len(found.Entries) != 1:
		return fmt.Errorf("directory %s: %d accounts are called %s: %w", l.URL, len(found.Entries), name, errFinal)
	}
	if err := f(l, c, found.Entries[0]); err != nil {
		return fmt.Errorf("directory %s: %w", l.URL, err)
	}
	return nil
}

func (l *LDAP) dial() (*ldap.Conn, error) {
	cfg, err := trust.Client(l.CA)
	if err != nil {
		return nil, err
	}
	c, err := ldap.DialURL(l.URL, ldap.DialWithTLSConfig(cfg))
	if err != nil {
		return nil, err
	}
	c.SetTimeout(30 * time.Second)
	if l.StartTLS {
		host := strings.TrimPrefix(l.URL, "ldap://")
		host, _, _ = strings.Cut(host, ":")
		cfg.ServerName = host
		if err := c.StartTLS(cfg); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	password, err := config.Secret(l.Password)
	if err == nil {
		err = c.Bind(l.Bind, password)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}
