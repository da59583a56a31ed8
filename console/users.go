package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
)

// UserWish is what is asked for about a user or a token.
type UserWish struct {
	Name     string        `json:"name"`
	FullName string        `json:"full_name,omitempty"`
	Tenant   string        `json:"role_in,omitempty"` // "" is all tenants
	Role     identity.Role `json:"role,omitempty"`
	Password string        `json:"password,omitempty"`
	Disabled bool          `json:"disabled,omitempty"`
	For      string        `json:"for,omitempty"` // what a token is for
	Scope    []string      `json:"scope,omitempty"`
	Days     int           `json:"days,omitempty"`
	Token    string        `json:"token,omitempty"` // its id
}

// UserAnswer is what came of it.
type UserAnswer struct {
	User   *identity.User   `json:"user,omitempty"`
	Users  []identity.User  `json:"users,omitempty"`
	Token  *identity.Token  `json:"token,omitempty"`
	Tokens []identity.Token `json:"tokens,omitempty"`
	Secret string           `json:"secret,omitempty"` // of a token or a link; told this once
}

// UserRoutes answer questions about users for whoever may use the socket, who is administrator of everything: the file system
// has said so.
func UserRoutes(g *identity.Gate) []Route {
	routes := []Route{{Pattern: "GET /v1/users", Answer: func(r *http.Request) (any, error) {
		users, err := g.Users(r.Context(), identity.System(Actor(r.Context())))
		var none *identity.Denied
		if errors.As(err, &none) { // there is nobody yet
			err = nil
		}
		return &UserAnswer{Users: users}, userProblem(err)
	}}}
	for verb, f := range map[string]func(*http.Request, *identity.Subject, *UserWish) (*UserAnswer, error){
		"add": func(r *http.Request, by *identity.Subject, w *UserWish) (*UserAnswer, error) {
			u, err := g.AddUser(r.Context(), by, identity.NewUser{Name: w.Name, FullName: w.FullName, Password: w.Password, Roles: map[string]identity.Role{roleTenant(w): w.Role}})
			return &UserAnswer{User: &u}, err
		},
		"role": func(r *http.Request, by *identity.Subject, w *UserWish) (*UserAnswer, error) {
			return &UserAnswer{}, g.SetRole(r.Context(), by, w.Name, roleTenant(w), w.Role)
		},
		"password": func(r *http.Request, by *identity.Subject, w *UserWish) (*UserAnswer, error) {
			return &UserAnswer{}, g.SetPassword(r.Context(), by, w.Name, w.Password)
		},
		"link": func(r *http.Request, by *identity.Subject, w *UserWish) (*UserAnswer, error) {
			text, err := g.PasswordLink(r.Context(), by, w.Name)
			return &UserAnswer{Secret: text}, err
		},
		"disable": func(r *http.Request, by *identity.Subject, w *UserWish) (*UserAnswer, error) {
			return &UserAnswer{}, g.SetDisabled(r.Context(), by, w.Name, w.Disabled)
		},
		"mfa": func(r *http.Request, by *identity.Subject, w *UserWish) (*UserAnswer, error) {
			return &UserAnswer{}, g.RemoveMFA(r.Context(), by, w.Name)
		},
		"tokens": func(r *http.Request, by *identity.Subject, w *UserWish) (*UserAnswer, error) {
			list, err := g.Tokens(r.Context(), by, w.Name)
			return &UserAnswer{Tokens: list}, err
		},
		"token": func(r *http.Request, by *identity.Subject, w *UserWish) (*UserAnswer, error) {
			n := identity.NewToken{Name: w.For, User: w.Name, Scope: w.Scope, Life: time.Duration(min(w.Days, 400)) * 24 * time.Hour}
			if w.Tenant != "" {
				n.Tenants = []string{w.Tenant}
			}
			text, t, err := g.MakeToken(r.Context(), by, n)
			return &UserAnswer{Secret: text, Token: &t}, err
		},
		"revoke": func(r *http.Request, by *identity.Subject, w *UserWish) (*UserAnswer, error) {
			return &UserAnswer{}, g.RevokeToken(r.Context(), by, w.Token)
		},
	} {
		routes = append(routes, Route{Pattern: "POST /v1/users/" + verb, Answer: func(r *http.Request) (any, error) {
			w := new(UserWish)
			if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(w); err != nil {
				return nil, &Problem{Status: http.StatusBadRequest, Title: "the request cannot be read", Detail: err.Error()}
			}
			a, err := f(r, identity.System(Actor(r.Context())), w)
			return a, userProblem(err)
		}})
	}
	return routes
}

// roleTenant is where a role is given.
func roleTenant(w *UserWish) string {
	if w.Tenant == "" {
		return identity.AllTenants
	}
	return w.Tenant
}

func userProblem(err error) error {
	var bad *identity.Invalid
	var denied *identity.Denied
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return &Problem{Status: http.StatusUnprocessableEntity, Title: bad.Error()}
	case errors.As(err, &denied):
		return &Problem{Status: http.StatusForbidden, Title: denied.Error()}
	case errors.Is(err, identity.ErrNotFound):
		return &Problem{Status: http.StatusNotFound, Title: "there is no such user or token"}
	}
	return fmt.Errorf("users: %w", err)
}
