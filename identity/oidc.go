package identity

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OIDC is a provider of single sign-on (OpenID Connect Core 1.0: authorization code flow, with PKCE as RFC 7636 has it).
type OIDC struct {
	Name   string   `json:"name" yaml:"name" doc:"What the button says; part of addresses: letters, figures and -." example:"keycloak"`
	Issuer string   `json:"issuer" yaml:"issuer" doc:"The provider's address." example:"https://login.example.com/realms/main"`
	Client string   `json:"client" yaml:"client" doc:"The client that tocsin is there." example:"tocsin"`
	Secret string   `json:"-" yaml:"secret" secret:"true" doc:"Its secret; none for a public client." example:"file:/etc/tocsin/oidc.secret"`
	Scopes []string `json:"scopes,omitempty" yaml:"scopes" doc:"What is asked for beside openid." default:"[profile, email]"`
	User   string   `json:"user,omitempty" yaml:"user" doc:"The claim with the name of the user." default:"preferred_username"`
	Groups string   `json:"groups,omitempty" yaml:"groups" doc:"The claim with the groups of the user." default:"groups"`
	Roles  []Grant  `json:"roles" yaml:"roles" doc:"Which groups bring which roles. Who is in none of them is refused. The group \"*\" is everybody."`
}

// Check returns what is wrong with the setting.
func (o *OIDC) Check() error {
	u, err := url.Parse(o.Issuer)
	switch {
	case !userName.MatchString(o.Name):
		return fmt.Errorf("oidc: name %.40q: must be of a-z, 0-9 and -", o.Name)
	case err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return fmt.Errorf("oidc %s: issuer %.100q: must be as https://login.example.com", o.Name, o.Issuer)
	case o.Client == "":
		return fmt.Errorf("oidc %s: client is missing", o.Name)
	}
	if err := checkGrants(o.Roles); err != nil {
		return fmt.Errorf("oidc %s: %w", o.Name, err)
	}
	return nil
}

// provider is a provider and what it says of itself, which is asked for when it is first needed: that it is down must not keep
// tocsin from starting.
type provider struct {
	set    OIDC
	back   string // where it sends browsers back to
	client *http.Client
	mu     sync.Mutex
	ready  *oidc.Provider
}

const (
	oidcPatience = 15 * time.Second
	callbackPath = "/api/v1/login/oidc/%s/callback"
)

func newProvider(set *OIDC, origin string) (*provider, error) {
	if err := set.Check(); err != nil {
		return nil, err
	}
	if origin == "" {
		return nil, fmt.Errorf("oidc %s: needs the console's address in the configuration", set.Name)
	}
	p := &provider{set: *set, back: origin + fmt.Sprintf(callbackPath, set.Name), client: &http.Client{Timeout: oidcPatience}}
	if p.set.User == "" {
		p.set.User = "preferred_username"
	}
	if p.set.Groups == "" {
		p.set.Groups = "groups"
	}
	if p.set.Scopes == nil {
		p.set.Scopes = []string{"profile", "email"}
	}
	return p, nil
}

// meet asks the provider what it is.
func (p *provider) meet(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ready == nil {
		// The provider keeps the context for fetching keys later.
		ready, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.set.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("single sign-on %s: %w", p.set.Name, err)
		}
		p.ready = ready
	}
	return p.ready, &oauth2.Config{
		ClientID: p.set.Client, ClientSecret: p.set.Secret, Endpoint: p.ready.Endpoint(), RedirectURL: p.back,
		Scopes: append([]string{oidc.ScopeOpenID}, p.set.Scopes...),
	}, nil
}

// Providers returns the names of the providers of single sign-on.
func (g *Gate) Providers() []string {
	list := []string{}
	for i := range g.opt.OIDC {
		list = append(list, g.opt.OIDC[i].Name)
	}
	return list
}

// BeginOIDC begins a log-in at a provider: where the browser is to go, and the secret that it must bring back in a cookie, so
// that nobody can be logged in by a link of somebody else's. back is the page of the console to show afterwards.
func (g *Gate) BeginOIDC(ctx context.Context, name, back string) (to, flowText string, err error) {
	p, ok := g.providers[name]
	if !ok {
		return "", "", ErrNotFound
	}
	_, conf, err := p.meet(ctx)
	if err != nil {
		return "", "", err
	}
	nonce, _ := secret()
	f := &flow{Purpose: "oidc", Method: name, Nonce: nonce, Check: oauth2.GenerateVerifier(), Back: localPath(back)}
	if flowText, err = g.begin(ctx, f); err != nil {
		return "", "", err
	}
	return conf.AuthCodeURL(hashed(flowText), oidc.Nonce(nonce), oauth2.S256ChallengeOption(f.Check)), flowText, nil
}

// localPath is a page of the console, or its first page for anything that leads elsewhere.
func localPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n") {
		return "/"
	}
	return path
}

// FinishOIDC ends a log-in at a provider, with what the browser brings back from there. It returns the page to show, too.
func (g *Gate) FinishOIDC(ctx context.Context, name string, answer url.Values, flowText string, v Visit) (*Entry, string, error) {
	p, ok := g.providers[name]
	if !ok {
		return nil, "", ErrNotFound
	}
	method := "oidc " + name
	refuse := func(why string) error {
		g.tell(Notice{Action: DidRefuse, Failed: true, Address: v.Address, Agent: v.Agent, Method: method, Reason: why})
		return fmt.Errorf("%w: %s", ErrRefused, why)
	}
	f, err := g.take(ctx, flowText, "oidc")
	if errors.Is(err, ErrRefused) {
		return nil, "", refuse("the log-in was not begun in this browser, or too long ago")
	}
	if err != nil {
		return nil, "", err
	}
	if f.Method != name || subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(hashed(flowText))) != 1 {
		return nil, "", refuse("the answer belongs to another log-in")
	}
	if e := answer.Get("error"); e != "" {
		return nil, "", refuse("the provider says " + cut(e))
	}
	who, err := p.redeem(ctx, answer.Get("code"), f)
	if errors.Is(err, ErrRefused) {
		return nil, "", refuse(strings.TrimPrefix(err.Error(), ErrRefused.Error()+": "))
	}
	if err != nil {
		return nil, "", err
	}
	a, err := g.admit(ctx, who)
	if err != nil {
		return nil, "", err
	}
	if a.Disabled {
		return nil, "", refuse(a.Name + " is disabled")
	}
	e, err := g.open(ctx, a, v, method)
	return e, f.Back, err
}

// redeem exchanges the code for what the provider says of the user, and checks that.
func (p *provider) redeem(ctx context.Context, code string, f *flow) (*person, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), oidcPatience)
	defer cancel()
	ready, conf, err := p.meet(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := conf.Exchange(ctx, code, oauth2.VerifierOption(f.Check))
	var no *oauth2.RetrieveError
	if errors.As(err, &no) && no.Response.StatusCode < 500 { // its text has the answer in it, which is not for us to repeat
		return nil, fmt.Errorf("%w: the provider does not take the code: %s", ErrRefused, cut(no.ErrorCode))
	}
	if err != nil {
		return nil, fmt.Errorf("single sign-on %s: %w", p.set.Name, err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return nil, fmt.Errorf("%w: the provider has sent no ID token", ErrRefused)
	}
	token, err := ready.Verifier(&oidc.Config{ClientID: p.set.Client}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: the ID token is not good: %s", ErrRefused, cut(err.Error()))
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(f.Nonce)) != 1 {
		return nil, fmt.Errorf("%w: the ID token is of another log-in", ErrRefused)
	}
	claims := make(map[string]any)
	if err := token.Claims(&claims); err != nil {
		return nil, fmt.Errorf("%w: the ID token cannot be read: %s", ErrRefused, cut(err.Error()))
	}
	if ready.UserInfoEndpoint() != "" && (claims[p.set.User] == nil || claims[p.set.Groups] == nil) {
		info, err := ready.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
		if err == nil && info.Subject == token.Subject { // else somebody has swapped tokens (OpenID Connect Core, 5.3.2)
			more := make(map[string]any)
			if err := info.Claims(&more); err == nil {
				for k, v := range more {
					if claims[k] == nil {
						claims[k] = v
					}
				}
			}
		}
	}
	return p.personOf(token.Subject, claims), nil
}

func (p *provider) personOf(subject string, claims map[string]any) *person {
	text := func(claim string) string {
		s, _ := claims[claim].(string)
		return s
	}
	var groups []string
	switch v := claims[p.set.Groups].(type) {
	case string:
		groups = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
	case []any:
		for _, x := range v {
			if s, ok := x.(string); ok {
				groups = append(groups, s)
			}
		}
	}
	in := func(group string) bool { return group == "*" || slices.Contains(groups, group) }
	return &person{source: "oidc " + p.set.Name, id: subject, name: text(p.set.User), full: text("name"), roles: granted(p.set.Roles, in)}
}
