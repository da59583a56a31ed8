package identity

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// A real provider, and what a browser does between it and us.
func TestOIDC(t *testing.T) {
	const origin = "https://tocsin.example.com"
	real := parts.Glewlwyd(t, origin+"/api/v1/login/oidc/corp/callback")
	real.AddUser(t, "anna", "annas-own-secret", "soc", "staff")
	real.AddUser(t, "bert", "berts-own-secret", "staff")
	real.AddUser(t, "local", "locals-own-secret", "soc")
	p, ctx := open(t, Options{Origin: origin, OIDC: []OIDC{{
		Name: "corp", Issuer: real.Issuer, Client: real.Client, Secret: real.Secret,
		Roles: []Grant{{Group: "soc", Tenant: "main", Role: Responder}, {Group: "nobody", Role: Administrator}},
	}}}), t.Context()
	p.add(t, "local", map[string]Role{AllTenants: Administrator})

	begin := func() (string, string) {
		t.Helper()
		to, flow, err := p.BeginOIDC(ctx, "corp", "/queue/7?x=1")
		if err != nil {
			t.Fatal(err)
		}
		q := must(url.Parse(to))(t).Query()
		if q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" || strings.Contains(to, flow) || q.Get("response_type") != "code" {
			t.Fatalf("the browser is sent to %s", to)
		}
		return to, flow
	}
	finish := func(name string) (*Entry, string, error) {
		t.Helper()
		to, flow := begin()
		return p.FinishOIDC(ctx, "corp", real.Login(t, to, name, name+"s-own-secret").Query(), flow, here)
	}
	for range 2 { // the first time it becomes a user
		e, back, err := finish("anna")
		if err != nil {
			t.Fatal(err)
		}
		s := must(p.BySession(ctx, e.Cookie, here))(t)
		if back != "/queue/7?x=1" || s.Name != "anna" || s.RoleIn("main") != Responder || s.RoleIn("acme") != "" || e.User.Source != "oidc corp" || e.User.FullName != "ANNA" {
			t.Errorf("logged in %+v as %+v, and back to %s", e.User, s, back)
		}
	}
	for _, c := range []struct{ name, user string }{{"in no group that brings a role", "bert"}, {"with the name of another", "local"}} {
		_, _, err := finish(c.user)
		refused(t, err, ErrRefused)
		if n := p.told(DidRefuse); len(n) != 1 || n[0].Reason == "" {
			t.Errorf("somebody %s is told as %+v", c.name, n)
		}
	}
	if a, _, err := p.account(ctx, "local"); err != nil || a.Source != local || a.Roles[AllTenants] != Administrator {
		t.Errorf("a local user was changed: %+v, %v", a, err)
	}

	to, _ := begin()
	answer := real.Login(t, to, "anna", "annas-own-secret").Query()
	_, other := begin()
	for name, f := range map[string]func() (url.Values, string){
		"of another browser": func() (url.Values, string) { return answer, other },
		"without a browser":  func() (url.Values, string) { return answer, "" },
		"of another state": func() (url.Values, string) {
			return url.Values{"code": answer["code"], "state": {"x"}}, must2(t, begin)
		},
		"with another's code": func() (url.Values, string) {
			_, f := begin()
			return url.Values{"code": answer["code"], "state": {hashed(f)}}, f
		},
		"without a code": func() (url.Values, string) { _, f := begin(); return url.Values{"state": {hashed(f)}}, f },
		"that refuses": func() (url.Values, string) {
			_, f := begin()
			return url.Values{"error": {"access_denied"}, "state": {hashed(f)}}, f
		},
	} {
		v, f := f()
		if _, _, err := p.FinishOIDC(ctx, "corp", v, f, here); !errors.Is(err, ErrRefused) {
			t.Errorf("an answer %s: %v", name, err)
		}
	}
	// The nonce is checked, too: another's ID token is of no use.
	to, flow := begin()
	answer = real.Login(t, to, "anna", "annas-own-secret").Query()
	var f flowRecord
	r := must(p.load(ctx, kindFlow, hashed(flow), &f))(t)
	f.Nonce = "another"
	if ok, err := p.put(ctx, r, &f); !ok || err != nil {
		t.Fatal(ok, err)
	}
	_, _, err := p.FinishOIDC(ctx, "corp", answer, flow, here)
	refused(t, err, ErrRefused)
	if n := p.told(DidRefuse); len(n) == 0 || !strings.Contains(n[len(n)-1].Reason, "another log-in") {
		t.Errorf("told as %+v", n)
	}

	for _, bad := range []string{"//evil.example", "https://evil.example/", `/\evil.example`, "javascript:alert(1)", "queue", "", "/a\r\nb", "http:/x"} {
		if got := localPath(bad); got != "/" {
			t.Errorf("%q leads to %q", bad, got)
		}
	}
}

type flowRecord = flow

func must2(t *testing.T, f func() (string, string)) string {
	t.Helper()
	_, s := f()
	return s
}

func TestOIDCCheck(t *testing.T) {
	good := OIDC{Name: "corp", Issuer: "https://login.example.com", Client: "tocsin", Roles: []Grant{{Group: "*", Role: Viewer}}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, f := range map[string]func(o *OIDC){
		"no name": func(o *OIDC) { o.Name = "" }, "plain HTTP": func(o *OIDC) { o.Issuer = "http://login.example.com" }, "no issuer": func(o *OIDC) { o.Issuer = "" },
		"no client": func(o *OIDC) { o.Client = "" }, "no roles": func(o *OIDC) { o.Roles = nil }, "a role that there is not": func(o *OIDC) { o.Roles = []Grant{{Group: "x", Role: "root"}} },
	} {
		bad := good
		if f(&bad); bad.Check() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
