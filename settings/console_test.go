package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/config"
	"github.com/tocsin-sec/tocsin/identity"
)

// checked loads a configuration of the console and returns its mistakes, and where it stands.
func checked(t *testing.T, console string) (*File, string) {
	t.Helper()
	dir := t.TempDir()
	if _, _, err := identity.Certificate(dir, "", "", []string{"tocsin.example.com", "other.example.com"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "secret"), []byte("quorum"), 0o600), os.WriteFile(filepath.Join(dir, "empty.key"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	set := &File{}
	doc, _ := config.Load("tocsin.yml", []byte("console:\n"+console), set)
	set.anchor(dir)
	set.Console.check(doc)
	if err := doc.Err(); err != nil {
		return set, err.Error()
	}
	return set, ""
}

func TestConsoleSettings(t *testing.T) {
	const oidc = "  oidc:\n    - {name: corp, issuer: https://login.example.com, client: tocsin, secret: 'file:secret', roles: [{group: soc, role: viewer}]}\n"
	for name, c := range map[string]struct {
		console string
		want    string // of the mistake; "" is none
		address string
		tls     bool
		origin  string
		link    string
	}{
		"nothing":           {"", "", "127.0.0.1:8628", false, "http://localhost:8628", ""},
		"off":               {"  listen: off\n", "", "", false, "", ""},
		"beyond":            {"  listen: 0.0.0.0:8628\n  names: [tocsin.example.com]\n", "", "0.0.0.0:8628", true, "https://tocsin.example.com:8628", "https://tocsin.example.com:8628/queue/{key}"},
		"one address":       {"  listen: '[2001:db8::7]:443'\n", "", "[2001:db8::7]:443", true, "https://[2001:db8::7]", ""},
		"TLS on loopback":   {"  listen: https://[::1]:8628\n", "", "[::1]:8628", true, "https://localhost:8628", ""},
		"files":             {"  listen: '[::]:443'\n  cert: console.crt\n  key: console.key\n", "", "[::]:443", true, "https://tocsin.example.com", "https://tocsin.example.com/queue/{key}"},
		"a proxy":           {"  origin: https://tocsin.example.com/\n  proxies: [127.0.0.1, 10.0.0.0/24]\n", "", "127.0.0.1:8628", false, "https://tocsin.example.com", "https://tocsin.example.com/queue/{key}"},
		"sessions":          {"  sessions: {life: 12h, idle: 30m, recent: 5m}\n", "", "127.0.0.1:8628", false, "http://localhost:8628", ""},
		"single sign-on":    {oidc, "", "127.0.0.1:8628", false, "http://localhost:8628", ""},
		"no port":           {"  listen: 127.0.0.1\n", "is no address to listen on", "", false, "", ""},
		"a port too many":   {"  listen: 127.0.0.1:99999\n", "is no port", "", false, "", ""},
		"half a pair":       {"  cert: console.crt\n", "belong together", "", false, "", ""},
		"no such file":      {"  cert: none.crt\n  key: console.key\n", "none.crt", "", false, "", ""},
		"no key":            {"  cert: console.crt\n  key: empty.key\n", "certificate", "", false, "", ""},
		"names of files":    {"  cert: console.crt\n  key: console.key\n  names: [x]\n", "signs itself", "", false, "", ""},
		"a path":            {"  origin: https://tocsin.example.com/console\n", "no address of a console", "", false, "", ""},
		"in the clear":      {"  origin: http://tocsin.example.com\n", "in the clear", "", false, "", ""},
		"nobody ends TLS":   {"  origin: https://tocsin.example.com\n", "name the proxy", "", false, "", ""},
		"TLS, and not":      {"  listen: https://127.0.0.1:8628\n  origin: http://localhost:8628\n", "must be https://", "", false, "", ""},
		"a name for proxy":  {"  proxies: [proxy.example.com]\n", "neither an address nor a network", "", false, "", ""},
		"sessions too long": {"  sessions: {life: 400d}\n", "life: from 1m to 90d", "", false, "", ""},
		"two of a name":     {oidc + strings.TrimPrefix(oidc, "  oidc:\n"), "two of the name", "", false, "", ""},
		"a secret in it":    {strings.Replace(oidc, "'file:secret'", "quorum", 1), "env:NAME", "", false, "", ""},
		"an LDAP in clear":  {"  ldap: {url: 'ldap://dc1.example.com', base: 'dc=example', roles: [{group: x, role: viewer}]}\n", "in the clear", "", false, "", ""},
		"no such role":      {"  ldap: {url: 'ldaps://dc1.example.com', base: 'dc=example', roles: [{group: x, role: root}]}\n", "root", "", false, "", ""},
		"an unknown key":    {"  adress: x\n", "unknown key", "", false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			set, wrong := checked(t, c.console)
			if c.want != "" {
				if !strings.Contains(wrong, c.want) || strings.Contains(wrong, "quorum") {
					t.Errorf("the mistake is told as %q", wrong)
				}
				return
			}
			p, err := set.Console.Plan()
			if err != nil || wrong != "" || p.Address != c.address || p.TLS != c.tls {
				t.Fatalf("%+v, %v, %s", p, err, wrong)
			}
			if link := set.Notifying().Link; link != c.link {
				t.Errorf("messages lead to %q", link)
			}
			if p.Address == "" {
				return
			}
			var names []string
			if set.Console.Cert != "" {
				names = []string{"tocsin.example.com", "other.example.com"}
			}
			port := p.Address[strings.LastIndexByte(p.Address, ':')+1:]
			if origin, _ := set.Console.OriginAt(&p, port, names); origin != c.origin {
				t.Errorf("browsers know it as %s", origin)
			}
		})
	}
}
