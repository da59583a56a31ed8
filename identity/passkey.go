package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// passkeys does the ceremonies of WebAuthn (W3C Web Authentication, level 2) for one origin.
type passkeys struct {
	lib *webauthn.WebAuthn
}

const mostPasskeys = 20 // of one user

func newPasskeys(origin string) (*passkeys, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" || u.Path != "" {
		return nil, fmt.Errorf("the origin %q is none: it must be as https://tocsin.example.com", origin)
	}
	lib, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "tocsin", RPOrigins: []string{origin},
		RPTopOriginVerificationMode: protocol.TopOriginExplicitVerificationMode,
		AttestationPreference:       protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired, // so a passkey is two factors: the device, and what opens it
		},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys for %s: %w", origin, err)
	}
	return &passkeys{lib: lib}, nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// newHandle makes what passkeys know a user by: nothing that tells who it is.
func newHandle() []byte { return randomBytes(32) }

func handleRecord(a *account) Record {
	return Record{Kind: kindHandle, Key: handleKey(a.Handle), Owner: a.Name, JSON: "{}"}
}

func handleKey(handle []byte) string { return base64.RawURLEncoding.EncodeToString(handle) }

// holder is an account as the library wants it.
type holder struct{ *account }

func (h holder) WebAuthnID() []byte          { return h.Handle }
func (h holder) WebAuthnName() string        { return h.Name }
func (h holder) WebAuthnDisplayName() string { return h.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	var list []webauthn.Credential
	for _, p := range h.Passkeys {
		list = append(list, p.Credential)
	}
	return list
}

var errNoPasskeys = invalid("passkey", "passkeys need the console's address in the configuration")

// BeginPasskey begins to add a passkey: what navigator.credentials.create is given, and the secret of the ceremony.
func (g *Gate) BeginPasskey(ctx context.Context, s *Subject) (*protocol.CredentialCreation, string, error) {
	if err := ownChange(s); err != nil {
		return nil, "", err
	}
	if g.passkeys == nil {
		return nil, "", errNoPasskeys
	}
	a, _, err := g.account(ctx, s.Name)
	if err != nil {
		return nil, "", err
	}
	if len(a.Passkeys) >= mostPasskeys {
		return nil, "", invalid("passkey", "there are %d already", len(a.Passkeys))
	}
	var known []protocol.CredentialDescriptor
	for _, p := range a.Passkeys {
		known = append(known, p.Credential.Descriptor())
	}
	ask, data, err := g.passkeys.lib.BeginRegistration(holder{a}, webauthn.WithExclusions(known))
	if err != nil {
		return nil, "", fmt.Errorf("begin a passkey: %w", err)
	}
	text, err := g.beginCeremony(ctx, "passkey-add", s.Name, data)
	return ask, text, err
}

func (g *Gate) beginCeremony(ctx context.Context, purpose, user string, data *webauthn.SessionData) (string, error) {
	doc, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	return g.begin(ctx, &flow{Purpose: purpose, User: user, Data: doc})
}

// FinishPasskey adds a passkey, under a name by which the user knows the device; answer is what the browser made, as JSON. The
// first second factor brings recovery codes.
func (g *Gate) FinishPasskey(ctx context.Context, s *Subject, flowText, name string, answer []byte) (recovery []string, err error) {
	if err := ownChange(s); err != nil {
		return nil, err
	}
	if g.passkeys == nil {
		return nil, errNoPasskeys
	}
	data, f, err := g.takeCeremony(ctx, flowText, "passkey-add")
	if err != nil {
		return nil, err
	}
	if f.User != s.Name {
		return nil, ErrRefused
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, invalid("passkey", "the browser's answer cannot be read: %s", plainReason(err))
	}
	err = g.alter(ctx, s.Name, func(a *account, d *deed) error {
		c, err := g.passkeys.lib.CreateCredential(holder{a}, *data, parsed)
		if err != nil {
			return invalid("passkey", "the browser's answer is not good: %s", plainReason(err))
		}
		if slices.ContainsFunc(a.Passkeys, func(p passkey) bool { return bytes.Equal(p.Credential.ID, c.ID) }) {
			return invalid("passkey", "this one is there already")
		}
		c.Attestation = webauthn.CredentialAttestation{} // asked for none; nothing of it is needed later
		recovery = nil
		if a.TOTP == nil && len(a.Passkeys) == 0 {
			recovery, a.Recovery = newRecovery()
		}
		a.Passkeys = append(a.Passkeys, passkey{Name: cut(name), Added: g.now().UTC(), Credential: *c})
		d.notices = append(d.notices, Notice{Action: DidAddMFA, User: a.Name, Actor: s.Actor(), Address: s.Address, Method: "passkey", Reason: cut(name)})
		return nil
	})
	return recovery, err
}

// plainReason is what the library says of a mistake, without its data.
func plainReason(err error) string {
	var e *protocol.Error
	if errors.As(err, &e) {
		return cut(e.Details)
	}
	return cut(err.Error())
}

func (g *Gate) takeCeremony(ctx context.Context, text, purpose string) (*webauthn.SessionData, *flow, error) {
	f, err := g.take(ctx, text, purpose)
	if err != nil {
		return nil, nil, err
	}
	data := new(webauthn.SessionData)
	if err := json.Unmarshal(f.Data, data); err != nil {
		return nil, nil, fmt.Errorf("read the ceremony: %w", err)
	}
	return data, f, nil
}

// Passkey is what a user may know of a passkey of his.
type Passkey struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Added string `json:"added"`
	Used  string `json:"used,omitempty"`
}

// Passkeys returns a user's own passkeys.
func (g *Gate) Passkeys(ctx context.Context, s *Subject) ([]Passkey, error) {
	a, _, err := g.account(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	list := []Passkey{}
	for _, p := range a.Passkeys {
		one := Passkey{ID: handleKey(p.Credential.ID), Name: p.Name, Added: p.Added.Format("2006-01-02T15:04:05Z")}
		if !p.Used.IsZero() {
			one.Used = p.Used.Format("2006-01-02T15:04:05Z")
		}
		list = append(list, one)
	}
	return list, nil
}

// DropPasskey removes one of a user's own passkeys.
func (g *Gate) DropPasskey(ctx context.Context, s *Subject, id string) error {
	if err := ownChange(s); err != nil {
		return err
	}
	return g.alter(ctx, s.Name, func(a *account, d *deed) error {
		i := slices.IndexFunc(a.Passkeys, func(p passkey) bool { return handleKey(p.Credential.ID) == id })
		if i < 0 {
			return ErrNotFound
		}
		name := a.Passkeys[i].Name
		if a.Passkeys = slices.Delete(slices.Clone(a.Passkeys), i, i+1); len(a.Passkeys) == 0 && a.TOTP == nil {
			a.Recovery = nil
		}
		d.notices = append(d.notices, Notice{Action: DidRemoveMFA, User: a.Name, Actor: s.Actor(), Address: s.Address, Method: "passkey", Reason: name})
		return nil
	})
}

// BeginPasskeyLogin begins a log-in with a passkey, whosever it is: what navigator.credentials.get is given, and the secret of
// the ceremony.
func (g *Gate) BeginPasskeyLogin(ctx context.Context) (*protocol.CredentialAssertion, string, error) {
	if g.passkeys == nil {
		return nil, "", errNoPasskeys
	}
	ask, data, err := g.passkeys.lib.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("begin a log-in: %w", err)
	}
	text, err := g.beginCeremony(ctx, "passkey-login", "", data)
	return ask, text, err
}

// FinishPasskeyLogin logs in with what a passkey has signed; answer is what the browser made, as JSON.
func (g *Gate) FinishPasskeyLogin(ctx context.Context, flowText string, answer []byte, v Visit) (*Entry, error) {
	if g.passkeys == nil {
		return nil, errNoPasskeys
	}
	if _, err := g.tries.enter("passkey", v.Address, true); err != nil {
		return nil, err
	}
	data, _, err := g.takeCeremony(ctx, flowText, "passkey-login")
	if err != nil {
		return nil, err
	}
	name := ""
	refuse := func(why string) (*Entry, error) {
		g.tries.failed("passkey", v.Address)
		g.tell(Notice{Action: DidRefuse, Failed: true, User: name, Address: v.Address, Agent: v.Agent, Method: "passkey", Reason: why})
		return nil, ErrRefused
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return refuse("the browser's answer cannot be read: " + plainReason(err))
	}
	r, ok, err := g.keep.Identity(ctx, kindHandle, handleKey(parsed.Response.UserHandle))
	if err != nil {
		return nil, err
	}
	if !ok {
		return refuse("nobody has such a passkey")
	}
	name = r.Owner
	var found *account
	err = g.alter(ctx, name, func(a *account, _ *deed) error {
		c, err := g.passkeys.lib.ValidateDiscoverableLogin(func(_, _ []byte) (webauthn.User, error) { return holder{a}, nil }, *data, parsed)
		if err != nil {
			return fmt.Errorf("%w: %s", ErrRefused, plainReason(err))
		}
		if c.Authenticator.CloneWarning {
			return fmt.Errorf("%w: its counter went back, so there are two of it", ErrRefused)
		}
		for i := range a.Passkeys {
			if p := &a.Passkeys[i]; bytes.Equal(p.Credential.ID, c.ID) {
				p.Credential, p.Used = *c, g.now().UTC()
			}
		}
		found = a
		return nil
	})
	if errors.Is(err, ErrRefused) {
		return refuse(err.Error())
	}
	if err != nil {
		return nil, err
	}
	if found.Disabled {
		return refuse("the user is disabled")
	}
	return g.open(ctx, found, v, "passkey")
}
