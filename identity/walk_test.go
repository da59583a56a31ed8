package identity

import (
	"fmt"
	"strings"
	"testing"
)

// said is what an endpoint answers, as a text that can be compared.
func (v *visitor) said(t *testing.T, method, path string, in any) string {
	t.Helper()
	status, text := v.try(t, method, path, in)
	return fmt.Sprintf("%d %s", status, text)
}

// Every endpoint is asked by nobody, by a viewer, and by the administrator of another tenant: of what belongs to others the answer
// is that about what does not exist.
func TestWalk(t *testing.T) {
	s := serve(t, Options{})
	s.add(t, "anna", map[string]Role{"acme": Administrator})
	s.add(t, "vera", map[string]Role{"acme": Viewer})
	s.add(t, "acme-one", map[string]Role{"acme": Analyst})
	s.add(t, "beta-one", map[string]Role{"beta": Viewer})
	s.add(t, "both", map[string]Role{"acme": Viewer, "beta": Viewer})
	in := func(name string) *visitor {
		v := s.visitor(t)
		v.ask(t, "POST", "login", m{"user": name, "password": good}, 200)
		return v
	}
	beta := in("beta-one")
	token := beta.ask(t, "POST", "tokens", m{"name": "bot", "scope": []string{"incident.read"}}, 200)["id"].(string)
	nobody, anna, vera := s.visitor(t), in("anna"), in("vera")

	bodies := map[string]any{
		"/users/{name}/role": m{"tenant": "acme", "role": "viewer"}, "/users/{name}/password": m{"password": good + " anew"}, "/users/{name}/disabled": m{"disabled": true},
	}
	w := must(NewWeb(s.Gate, WebOptions{}))(t)
	walked := 0
	for _, e := range w.endpoints() {
		path := strings.TrimPrefix(e.Path, "/")
		fill := func(v string) string {
			return strings.NewReplacer("{name}", v, "{id}", v, "{provider}", v).Replace(path)
		}
		body := bodies[e.Path]
		if e.Method != "GET" && body == nil {
			body = m{}
		}
		if !strings.HasPrefix(path, "login") {
			walked++
			if got := nobody.said(t, e.Method, fill("acme-one"), body); !strings.HasPrefix(got, "401 ") {
				t.Errorf("%s %s by nobody: %s", e.Method, path, got)
			}
		}
		switch {
		case strings.HasPrefix(path, "users/{name}"):
			if got := vera.said(t, e.Method, fill("acme-one"), body); !strings.HasPrefix(got, "403 ") && !strings.HasPrefix(got, "404 ") {
				t.Errorf("%s %s by a viewer: %s", e.Method, path, got)
			}
			for name, v := range map[string]*visitor{"the administrator of another tenant": anna, "a viewer of another tenant": vera} {
				hidden, none := v.said(t, e.Method, fill("beta-one"), body), v.said(t, e.Method, fill("nobody-at-all"), body)
				if hidden != none || !strings.HasPrefix(none, "404 ") && !strings.HasPrefix(none, "403 ") {
					t.Errorf("%s %s by %s: %s; of one that does not exist: %s", e.Method, path, name, hidden, none)
				}
			}
			if got := anna.said(t, e.Method, fill("both"), body); strings.HasPrefix(got, "200 ") && !strings.HasSuffix(path, "role") {
				t.Errorf("%s %s: the administrator of one tenant changes who is something in another: %s", e.Method, path, got)
			}
		case path == "tokens/{id}":
			if hidden, none := anna.said(t, e.Method, "tokens/"+token, nil), anna.said(t, e.Method, "tokens/"+strings.Repeat("a", len(token)), nil); hidden != none {
				t.Errorf("a token of another tenant: %s; one that does not exist: %s", hidden, none)
			}
		}
	}
	if walked < 20 {
		t.Errorf("only %d endpoints were walked over", walked)
	}
	for _, path := range []string{"users", "tokens"} {
		if got := anna.said(t, "GET", path, nil); strings.Contains(got, "beta-one") || strings.Contains(got, token) {
			t.Errorf("%s of another tenant: %s", path, got)
		}
		if got := vera.said(t, "GET", "tokens?user=beta-one", nil); got != vera.said(t, "GET", "tokens?user=nobody-at-all", nil) {
			t.Errorf("tokens of who is hidden: %s", got)
		}
	}
	beta.ask(t, "GET", "me", nil, 200) // nothing of it has had an effect
	for _, id := range []string{"", "/0123456789abcdef"} {
		_ = vera.said(t, "DELETE", "me/sessions"+id, nil)
	}
	anna.ask(t, "GET", "me", nil, 200)
	anna.ask(t, "POST", "users/first-link", m{}, 404)
}

func TestLiveSessions(t *testing.T) {
	p, ctx := open(t, Options{}), t.Context()
	p.add(t, "anna", map[string]Role{"main": Responder})
	p.add(t, "bert", map[string]Role{"main": Viewer})
	at := func(address string) Visit { return Visit{Address: address, Agent: here.Agent} }
	one, _ := p.in(t, "anna", at("198.51.100.7"))
	p.in(t, "bert", at("203.0.113.9"))
	addresses := func() string {
		var list []string
		for _, s := range must(p.LiveSessions(ctx))(t) {
			list = append(list, s.User+" "+s.Address)
		}
		return strings.Join(list, ", ")
	}
	if got := addresses(); !strings.Contains(got, "anna 198.51.100.7") || !strings.Contains(got, "bert 203.0.113.9") {
		t.Errorf("live are %s", got)
	}
	good := func(want bool) {
		t.Helper()
		if ok, err := p.StillGood(ctx, one); ok != want || err != nil {
			t.Errorf("anna may go on: %v, %v", ok, err)
		}
	}
	good(true)
	if err := p.SetRole(ctx, root, "anna", "main", Viewer); err != nil {
		t.Fatal(err)
	}
	good(false) // with less than she had
	two, _ := p.in(t, "anna", at("198.51.100.7"))
	one = two
	good(true)
	if err := p.Logout(ctx, two); err != nil {
		t.Fatal(err)
	}
	good(false)
	p.pass(p.opt.Idle + 1)
	if got := addresses(); got != "" {
		t.Errorf("after a long time live are %s", got)
	}
	if ok, err := p.StillGood(ctx, nil); ok || err != nil {
		t.Errorf("nobody may go on: %v, %v", ok, err)
	}
	if ok, err := p.StillGood(ctx, System("root")); !ok || err != nil {
		t.Errorf("who uses the socket: %v, %v", ok, err)
	}
}
