package identity

import (
	"encoding/json"
	"reflect"
)

// apiRoot is where the endpoints are.
const apiRoot = "/api/v1"

// Endpoint is what can be asked of this room over HTTP.
type Endpoint struct {
	Method, Path string // the path below /api/v1
	Summary      string
	Open         bool         // nobody may ask, too; else who has logged in, and what may be done is decided about each
	In, Out      reflect.Type // of the JSON that is sent and answered; nil: none
	Query        []string     // names of arguments
	handle       handler
}

// Endpoints are all that there are; for the description of the API.
func Endpoints() []Endpoint { return (&Web{}).endpoints() }

func (w *Web) endpoints() []Endpoint {
	return []Endpoint{
		{Method: "POST", Path: "/login", Open: true, Summary: "Begins a log-in", In: reflect.TypeFor[LoginAsk](), Out: reflect.TypeFor[EntryAnswer](), handle: w.login},
		{Method: "POST", Path: "/login/second", Open: true, Summary: "Shows a second factor", In: reflect.TypeFor[SecondAsk](), Out: reflect.TypeFor[EntryAnswer](), handle: w.second},
		{Method: "POST", Path: "/login/passkey", Open: true, Summary: "Begins a log-in with a passkey", Out: reflect.TypeFor[json.RawMessage](), handle: w.beginPasskeyLogin},
		{Method: "POST", Path: "/login/passkey/finish", Open: true, Summary: "Ends it: what the browser says", In: reflect.TypeFor[json.RawMessage](), Out: reflect.TypeFor[EntryAnswer](), handle: w.finishPasskeyLogin},
		{Method: "POST", Path: "/login/link", Open: true, Summary: "Uses a one-time link: makes the first administrator, or sets a password", In: reflect.TypeFor[LinkAsk](), Out: reflect.TypeFor[EntryAnswer](), handle: w.useLink},
		{Method: "GET", Path: "/login/ways", Open: true, Summary: "Says how one can log in", Out: reflect.TypeFor[WaysAnswer](), handle: w.ways},
		{Method: "GET", Path: "/login/oidc/{provider}", Open: true, Summary: "Sends the browser to a provider of log-ins", Query: []string{"back"}, handle: w.beginOIDC},
		{Method: "GET", Path: "/login/oidc/{provider}/callback", Open: true, Summary: "Takes the browser back from there", Query: []string{"code", "state"}, handle: w.finishOIDC},
		{Method: "GET", Path: "/me", Summary: "Says who asks, and what he may do where", Out: reflect.TypeFor[MeAnswer](), handle: w.me},
		{Method: "POST", Path: "/me/logout", Summary: "Ends the session", Out: reflect.TypeFor[DoneAnswer](), handle: known(w.logout)},
		{Method: "POST", Path: "/me/step-up", Summary: "Shows once more who asks, for what is dangerous", In: reflect.TypeFor[StepUpAsk](), Out: reflect.TypeFor[DoneAnswer](), handle: known(w.stepUp)},
		{Method: "POST", Path: "/me/password", Summary: "Changes one's own password", In: reflect.TypeFor[ChangePasswordAsk](), Out: reflect.TypeFor[DoneAnswer](), handle: known(w.changePassword)},
		{Method: "POST", Path: "/me/totp", Summary: "Makes a key of one-time codes", Out: reflect.TypeFor[TOTPAnswer](), handle: known(w.beginTOTP)},
		{Method: "POST", Path: "/me/totp/confirm", Summary: "Shows a code of it, from which on it counts", In: reflect.TypeFor[CodeAsk](), Out: reflect.TypeFor[RecoveryAnswer](), handle: known(w.confirmTOTP)},
		{Method: "DELETE", Path: "/me/totp", Summary: "Ends one-time codes", Out: reflect.TypeFor[DoneAnswer](), handle: known(w.dropTOTP)},
		{Method: "GET", Path: "/me/passkeys", Summary: "Lists one's passkeys", Out: reflect.TypeFor[page[Passkey]](), handle: known(w.passkeys)},
		{Method: "POST", Path: "/me/passkeys", Summary: "Begins to make a passkey", Out: reflect.TypeFor[json.RawMessage](), handle: known(w.beginPasskey)},
		{Method: "POST", Path: "/me/passkeys/finish", Summary: "Ends it: what the browser says", In: reflect.TypeFor[NewPasskeyAsk](), Out: reflect.TypeFor[RecoveryAnswer](), handle: known(w.finishPasskey)},
		{Method: "DELETE", Path: "/me/passkeys/{id}", Summary: "Ends a passkey", Out: reflect.TypeFor[DoneAnswer](), handle: known(w.dropPasskey)},
		{Method: "GET", Path: "/me/sessions", Summary: "Lists one's sessions", Out: reflect.TypeFor[page[Session]](), handle: known(w.sessions)},
		{Method: "DELETE", Path: "/me/sessions", Summary: "Ends a session; without a key all others", Out: reflect.TypeFor[DoneAnswer](), handle: known(w.endSession)},
		{Method: "DELETE", Path: "/me/sessions/{id}", Summary: "Ends a session; without a key all others", Out: reflect.TypeFor[DoneAnswer](), handle: known(w.endSession)},
		{Method: "GET", Path: "/tokens", Summary: "Lists tokens", Out: reflect.TypeFor[page[Token]](), Query: []string{"user"}, handle: known(w.tokens)},
		{Method: "POST", Path: "/tokens", Summary: "Makes a token for a program", In: reflect.TypeFor[NewTokenAsk](), Out: reflect.TypeFor[TokenAnswer](), handle: known(w.makeToken)},
		{Method: "DELETE", Path: "/tokens/{id}", Summary: "Ends a token", Out: reflect.TypeFor[DoneAnswer](), handle: known(w.revokeToken)},
		{Method: "GET", Path: "/users", Summary: "Lists users", Out: reflect.TypeFor[page[User]](), handle: known(w.users)},
		{Method: "POST", Path: "/users", Summary: "Adds a user", In: reflect.TypeFor[NewUserAsk](), Out: reflect.TypeFor[User](), handle: known(w.addUser)},
		{Method: "POST", Path: "/users/first-link", Summary: "Makes the link for the first administrator; for who may use the socket", Out: reflect.TypeFor[LinkAnswer](), handle: known(w.firstLink)},
		{Method: "POST", Path: "/users/{name}/role", Summary: "Gives a user a role, or takes it away", In: reflect.TypeFor[RoleAsk](), Out: reflect.TypeFor[DoneAnswer](), handle: known(w.setRole)},
		{Method: "POST", Path: "/users/{name}/password", Summary: "Sets a user's password", In: reflect.TypeFor[PasswordAsk](), Out: reflect.TypeFor[DoneAnswer](), handle: known(w.setPassword)},
		{Method: "POST", Path: "/users/{name}/link", Summary: "Makes a link by which a user sets a password", Out: reflect.TypeFor[LinkAnswer](), handle: known(w.passwordLink)},
		{Method: "POST", Path: "/users/{name}/disabled", Summary: "Keeps a user out, or lets him in again", In: reflect.TypeFor[DisabledAsk](), Out: reflect.TypeFor[DoneAnswer](), handle: known(w.setDisabled)},
		{Method: "DELETE", Path: "/users/{name}/mfa", Summary: "Takes all second factors from a user", Out: reflect.TypeFor[DoneAnswer](), handle: known(w.removeMFA)},
	}
}

// LoginAsk begins a log-in.
type LoginAsk struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// SecondAsk shows a second factor.
type SecondAsk struct {
	Kind string `json:"kind"` // totp, or recovery
	Code string `json:"code"`
}

// LinkAsk uses a one-time link.
type LinkAsk struct {
	Link     string `json:"link"`
	Name     string `json:"name,omitempty"` // the first administrator's
	FullName string `json:"full_name,omitempty"`
	Password string `json:"password"`
}

// StepUpAsk shows once more who asks.
type StepUpAsk struct {
	Password string `json:"password,omitempty"`
	TOTP     string `json:"totp,omitempty"`
}

// ChangePasswordAsk changes one's own password.
type ChangePasswordAsk struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// CodeAsk shows a one-time code.
type CodeAsk struct {
	Code string `json:"code"`
}

// NewPasskeyAsk ends the making of a passkey.
type NewPasskeyAsk struct {
	Name   string          `json:"name"`
	Answer json.RawMessage `json:"answer"`
}

// NewTokenAsk makes a token.
type NewTokenAsk struct {
	Name    string   `json:"name"`
	User    string   `json:"user,omitempty"`
	Scope   []string `json:"scope"`
	Tenants []string `json:"tenants,omitempty"`
	Days    int      `json:"days"`
}

// NewUserAsk adds a user.
type NewUserAsk struct {
	Name     string          `json:"name"`
	FullName string          `json:"full_name,omitempty"`
	Password string          `json:"password,omitempty"` // "": the user sets it by a link
	Roles    map[string]Role `json:"roles"`
}

// RoleAsk gives a role.
type RoleAsk struct {
	Tenant string `json:"tenant"`
	Role   Role   `json:"role,omitempty"` // "" takes it away
}

// PasswordAsk sets a password.
type PasswordAsk struct {
	Password string `json:"password"`
}

// DisabledAsk keeps somebody out.
type DisabledAsk struct {
	Disabled bool `json:"disabled"`
}

// EntryAnswer is what a step of a log-in is answered.
type EntryAnswer struct {
	User *User    `json:"user,omitempty"` // who is in now
	Next []string `json:"next,omitempty"` // what is still to be shown
}

// WaysAnswer says how one can log in.
type WaysAnswer struct {
	Password bool     `json:"password"`
	Passkey  bool     `json:"passkey"`
	OIDC     []string `json:"oidc"`
}

// MeAnswer says who asks.
type MeAnswer struct {
	User   User                    `json:"user"`
	May    map[string][]Permission `json:"may"` // by tenant
	Recent bool                    `json:"recent"`
	Token  string                  `json:"token,omitempty"`
}

// DoneAnswer is the answer of what has nothing to say.
type DoneAnswer struct {
	Done bool `json:"done"`
}

// TOTPAnswer is a new key of one-time codes.
type TOTPAnswer struct {
	NewTOTP
	Picture string `json:"picture"` // a data: address
}

// RecoveryAnswer are codes that replace a second factor that is lost.
type RecoveryAnswer struct {
	Recovery []string `json:"recovery"` // shown this once
}

// TokenAnswer is a new token.
type TokenAnswer struct {
	Text string `json:"secret"` // shown this once
	Token
}

// LinkAnswer is a one-time link.
type LinkAnswer struct {
	Link string `json:"link"`          // its secret, shown this once
	URL  string `json:"url,omitempty"` // where it is used, the secret in it
}
