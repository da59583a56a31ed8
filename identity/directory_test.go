package identity

import (
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

func TestLDAP(t *testing.T) {
	real := parts.Slapd(t)
	set := LDAP{
		URL: real.Plain, Bind: "cn=reader,dc=example,dc=com", Password: "reading", Base: "ou=people,dc=example,dc=com", GroupBase: "ou=groups,dc=example,dc=com",
		Roles: []Grant{{Group: "soc", Tenant: "main", Role: Analyst}, {Group: "cn=Admins, ou=groups, dc=example, dc=com", Role: Administrator}},
	}
	for name, change := range map[string]func(*LDAP){
		"plain on the loopback": func(*LDAP) {},
		"StartTLS":              func(l *LDAP) { l.StartTLS, l.CA = true, real.CA },
		"TLS":                   func(l *LDAP) { l.URL, l.CA = real.TLS, real.CA },
	} {
		t.Run(name, func(t *testing.T) {
			l := set
			change(&l)
			p, ctx := open(t, Options{LDAP: &l}), t.Context()
			for range 2 {
				e, err := p.Login(ctx, "Anna", "annas-secret", here)
				if err != nil {
					t.Fatal(err)
				}
				if e.User.Source != "ldap" || e.User.FullName != "Anna (Meier)" || e.User.Roles["main"] != Analyst || len(e.User.Roles) != 1 {
					t.Errorf("logged in as %+v", e.User)
				}
			}
			if e := must(p.Login(ctx, "bert", "berts-secret", here))(t); e.User.Roles[AllTenants] != Administrator {
				t.Errorf("a name with marks in it: %+v", e.User)
			}
			if len(p.told(DidMakeAdmin)) != 1 {
				t.Error("that a group made an administrator is not told")
			}
		})
	}
	p, ctx := open(t, Options{LDAP: &set}), t.Context()
	p.add(t, "local", map[string]Role{"main": Viewer})
	for _, c := range []struct{ name, user, password string }{
		{"another password", "anna", "berts-secret"},
		{"no password", "anna", ""},
		{"a filter for a name", "anna)(uid=*", "annas-secret"},
		{"a star", "ann*", "annas-secret"},
		{"two of that name", "twin", "twins-secret"},
		{"in no group", "carl", "carls-secret"},
		{"nobody", "dora", "x"},
		{"a local user's, there", "local", "x"},
	} {
		if _, err := p.Login(ctx, c.user, c.password, here); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", c.name, err)
		}
		p.tries = newTries(p.clock)
	}
	p.in(t, "local", here)
	must(p.Login(ctx, "anna", "annas-secret", here))(t)
	if err := p.SetPassword(ctx, root, "anna", good); err == nil {
		t.Error("a password of the directory's is set here")
	}
	// Filters get what is a name there, too; it is escaped all the same.
	if _, err := set.ask(ctx, "anna)(uid=*", "annas-secret"); !errors.Is(err, ErrRefused) {
		t.Errorf("a filter in a name: %v", err)
	}
	// A certificate that nobody vouches for.
	far := set
	far.URL = real.TLS
	if _, err := far.ask(ctx, "anna", "annas-secret"); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("an unknown certificate: %v", err)
	}
	// A directory that is down is no refusal: nobody is counted as guessing for it.
	far = set
	far.URL = fmt.Sprintf("ldap://127.0.0.1:%d", parts.Port(t))
	if _, err := far.ask(ctx, "anna", "annas-secret"); err == nil || errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "annas-secret") {
		t.Errorf("a directory that is down: %v", err)
	}
}

func TestLDAPCheck(t *testing.T) {
	set := LDAP{URL: "ldaps://dc1.example.com", Base: "dc=example", Roles: []Grant{{Group: "x", Role: Viewer}}}
	if err := set.Check(); err != nil {
		t.Error(err)
	}
	for name, f := range map[string]func(l *LDAP){
		"plain":             func(l *LDAP) { l.URL = "ldap://dc1.example.com" },
		"not of loopback":   func(l *LDAP) { l.URL = "ldap://127.0.0.1.example.com" },
		"no base":           func(l *LDAP) { l.Base = "" },
		"a filter without":  func(l *LDAP) { l.Filter = "(uid=anna)" },
		"no roles":          func(l *LDAP) { l.Roles = nil },
		"bind and no word":  func(l *LDAP) { l.Bind = "cn=x" },
		"another kind":      func(l *LDAP) { l.URL = "http://dc1" },
		"a grant of nobody": func(l *LDAP) { l.Roles = []Grant{{Role: Viewer}} },
	} {
		bad := set
		if f(&bad); bad.Check() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestCertificate(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	names := []string{"localhost", "127.0.0.1", "tocsin.example.com"}
	c, print1, err := Certificate(dir, "", "", names, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(print1) != 95 || c.Leaf.VerifyHostname("tocsin.example.com") != nil || c.Leaf.NotAfter.Sub(now) > certificateLife {
		t.Errorf("made: %s, %v", print1, c.Leaf.NotAfter)
	}
	// openssl, which is another program, says the same.
	if out, err := exec.Command(parts.Find(t, "openssl"), "x509", "-in", filepath.Join(dir, certificateFile), "-noout", "-fingerprint", "-sha256").Output(); err != nil || !strings.Contains(string(out), print1) {
		t.Errorf("openssl says %s, %v; we %s", out, err, print1)
	}
	if info, err := os.Stat(filepath.Join(dir, keyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
	if _, again, err := Certificate(dir, "", "", names, now.Add(300*24*time.Hour)); again != print1 || err != nil {
		t.Errorf("another after 300 days: %v", err)
	}
	if _, again, err := Certificate(dir, "", "", names, now.Add(340*24*time.Hour)); again == print1 || err != nil {
		t.Errorf("the same 25 days before its end: %v", err)
	}
	_, print2, err := Certificate(dir, "", "", append(names, "192.0.2.7"), now.Add(340*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, own, err := Certificate("", filepath.Join(dir, certificateFile), filepath.Join(dir, keyFile), nil, now); own != print2 || err != nil {
		t.Errorf("the same as files of one's own: %v", err)
	}
	if _, _, err := Certificate(dir, "missing.crt", "missing.key", nil, now); err == nil {
		t.Error("files that are not there are none")
	}
	if err := os.WriteFile(filepath.Join(dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "X"}), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Certificate(dir, "", "", names, now); err == nil {
		t.Error("a damaged key is replaced in silence")
	}
	for address, want := range map[string]bool{
		"127.0.0.1:8443": true, "[::1]:1": true, "localhost:1": true, "127.9.9.9:1": true, "[::ffff:127.0.0.1]:1": true,
		":8443": false, "0.0.0.0:1": false, "[::]:1": false, "192.0.2.1:1": false, "localhost.example.com:1": false, "127.0.0.1.example.com:1": false, "x": false,
	} {
		if got := MayListenPlain(address) == nil; got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
