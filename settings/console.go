package settings

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/identity"
)

// Console say where the console is reached over the network, and who may come in.
type Console struct {
	Listen   string          `yaml:"listen" doc:"Where browsers and programs reach the console: address:port. Beyond the loopback it is always over TLS, elsewhere with https:// before it. off: nowhere; what runs on this machine asks at the socket all the same." default:"127.0.0.1:8628" example:"0.0.0.0:8628"`
	Cert     string          `yaml:"cert" path:"true" doc:"The certificate, in PEM, with those that lead to its authority. Without it, where TLS is needed, tocsin makes one that signs itself, and prints its fingerprint. Files that change are read again." example:"/etc/tocsin/tls.crt"`
	Key      string          `yaml:"key" path:"true" doc:"Its key, in PEM." example:"/etc/tocsin/tls.key"`
	Names    []string        `yaml:"names" doc:"The names and addresses that the certificate which signs itself is for." default:"the name and the addresses of this machine" example:"[tocsin.example.com]"`
	Origin   string          `yaml:"origin" doc:"The console's address, as browsers know it: what passkeys and single sign-on are bound to, and where the links in messages lead." default:"made of the certificate's first name and the port" example:"https://tocsin.example.com"`
	Proxies  []string        `yaml:"proxies" doc:"The addresses and networks of proxies in front of it: what they say in X-Forwarded-For is believed." example:"[127.0.0.1, 10.0.0.0/24]"`
	Sessions Sessions        `yaml:"sessions" doc:"How long log-ins last."`
	LDAP     identity.LDAP   `yaml:"ldap" doc:"An LDAP or Active Directory whose users may log in."`
	OIDC     []identity.OIDC `yaml:"oidc" doc:"Providers of single sign-on (OpenID Connect). There, the address to send browsers back to is ORIGIN/api/v1/login/oidc/NAME/callback."`
}

// Sessions say how long log-ins last.
type Sessions struct {
	Life   time.Duration `yaml:"life" doc:"A log-in lasts so long at most." default:"24h"`
	Idle   time.Duration `yaml:"idle" doc:"It ends when it was not used for so long." default:"8h"`
	Recent time.Duration `yaml:"recent" doc:"What is dangerous (users, tokens, settings, the firewall's policy) needs a proof of who it is that is not older than this." default:"15m"`
}

const (
	consoleOff      = "off"
	consoleDefault  = "127.0.0.1:8628"
	shortestSession = time.Minute
	longestSession  = 90 * 24 * time.Hour
)

// ConsolePlan is where the console will be.
type ConsolePlan struct {
	Address string // as net.Listen takes it; "" is nowhere
	TLS     bool
	Stated  bool           // the address stands in the configuration
	Proxies []netip.Prefix // who is believed
}

// Plan says where the console will be.
func (c *Console) Plan() (p ConsolePlan, err error) {
	p.Stated = c.Listen != ""
	listen := cmp.Or(c.Listen, consoleDefault)
	if listen == consoleOff {
		return p, nil
	}
	p.Address = listen
	if rest, ok := strings.CutPrefix(listen, "https://"); ok {
		p.Address, p.TLS = rest, true
	}
	_, port, err := net.SplitHostPort(p.Address)
	if err != nil {
		return p, fmt.Errorf("%.100q is no address to listen on: as 127.0.0.1:8628, [::]:8628 or https://127.0.0.1:8628", listen)
	}
	if n, err := net.LookupPort("tcp", port); err != nil || n == 0 && port != "0" {
		return p, fmt.Errorf("%.100q: %.20q is no port", listen, port)
	}
	p.TLS = p.TLS || c.Cert != "" || identity.MayListenPlain(p.Address) != nil
	p.Proxies, err = proxiesOf(c.Proxies)
	return p, err
}

// proxiesOf reads addresses and networks.
func proxiesOf(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, bad := netip.ParseAddr(text)
			if bad != nil {
				return nil, fmt.Errorf("%.60q is neither an address nor a network", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// OriginAt is the console's address as browsers know it, at a port; public tells whether it is one that others can be sent to.
// names are those of the certificate, if it is not one that signs itself.
func (c *Console) OriginAt(p *ConsolePlan, port string, names []string) (origin string, public bool) {
	if c.Origin != "" {
		return strings.TrimSuffix(c.Origin, "/"), true
	}
	names = slices.Concat(c.Names, names)
	names = slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "*") })
	host, _, _ := net.SplitHostPort(p.Address)
	scheme, usual := "http://", "80"
	if p.TLS {
		scheme, usual = "https://", "443"
	}
	loopback := identity.MayListenPlain(p.Address) == nil
	switch a, err := netip.ParseAddr(host); {
	case len(names) > 0:
		host = names[0]
	case loopback:
		host = "localhost"
	case host == "" || err == nil && a.IsUnspecified():
		host, _ = os.Hostname()
		host = cmp.Or(host, "localhost")
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != usual {
		host += ":" + port
	}
	return scheme + host, len(names) > 0 && !loopback
}

// check looks for mistakes of meaning.
func (c *Console) check(doc *config.Document) {
	fail := func(key, hint, format string, args ...any) { doc.Fail("console."+key, hint, format, args...) }
	p, err := c.Plan()
	if err != nil {
		if _, bad := proxiesOf(c.Proxies); bad != nil {
			fail("proxies", "", "%v", err)
		} else {
			fail("listen", "", "%v", err)
		}
	}
	switch {
	case (c.Cert == "") != (c.Key == ""):
		fail("cert", "", "cert and key belong together")
	case c.Cert != "":
		if len(c.Names) > 0 {
			fail("names", "leave them out; the names of cert count", "names are those of a certificate that signs itself")
		}
		if _, _, err := identity.Certificate("", c.Cert, c.Key, nil, time.Now()); err != nil {
			fail("cert", "", "%v", err)
		}
	}
	if c.Origin != "" {
		if err := c.CheckOrigin(&p); err != nil {
			fail("origin", "", "%v", err)
		}
	}
	if err := c.Sessions.Check(); err != nil {
		fail("sessions", "", "%v", err)
	}
	if c.LDAP.URL != "" {
		if _, err := c.Directory(); err != nil {
			fail("ldap", "", "%v", err)
		}
	}
	if _, err := c.Providers(); err != nil {
		fail("oidc", "", "%v", err)
	}
}

// CheckOrigin returns what is wrong with the address by which people reach the console, as it is planned.
func (c *Console) CheckOrigin(p *ConsolePlan) error {
	u, err := url.Parse(c.Origin)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fmt.Errorf("%.100q is no address of a console: as https://tocsin.example.com", c.Origin)
	case u.Scheme == "http" && identity.MayListenPlain(net.JoinHostPort(u.Hostname(), "1")) != nil:
		return fmt.Errorf("%s would carry passwords in the clear: it must be https://", c.Origin)
	case u.Scheme == "http" && p.TLS:
		return errors.New("the console is reached over TLS, so this must be https://")
	case u.Scheme == "https" && p.Address != "" && !p.TLS && len(c.Proxies) == 0:
		return errors.New("the console itself has no TLS: name the proxy in front of it in proxies, or set cert and key, or listen: https://…")
	}
	return nil
}

// Check returns what is wrong with the spans of sessions.
func (s *Sessions) Check() error {
	for name, d := range map[string]time.Duration{"life": s.Life, "idle": s.Idle, "recent": s.Recent} {
		if d != 0 && (d < shortestSession || d > longestSession) {
			return fmt.Errorf("%s: from 1m to 90d", name)
		}
	}
	return nil
}

// Directory is the directory whose users may log in, with its secret; nil for none.
func (c *Console) Directory() (*identity.LDAP, error) {
	if c.LDAP.URL == "" {
		return nil, nil // none
	}
	l := c.LDAP
	var err error
	if l.Password, err = config.Secret(l.Password); err != nil {
		return nil, err
	}
	return &l, l.Check()
}

// Providers are those of single sign-on, with their secrets.
func (c *Console) Providers() ([]identity.OIDC, error) {
	list := slices.Clone(c.OIDC)
	for i := range list {
		o := &list[i]
		if slices.ContainsFunc(list[:i], func(other identity.OIDC) bool { return other.Name == o.Name }) {
			return nil, fmt.Errorf("there are two of the name %.40q", o.Name)
		}
		var err error
		if o.Secret, err = config.Secret(o.Secret); err != nil {
			return nil, fmt.Errorf("%.40q: %w", o.Name, err)
		}
		if err := o.Check(); err != nil {
			return nil, err
		}
	}
	return list, nil
}
