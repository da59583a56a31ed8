package identity

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/state"
)

func TestTOTP(t *testing.T) {
	p, ctx := open(t, Options{Key: []byte("0123456789abcdef0123456789abcdef")}), t.Context()
	p.add(t, "anna", map[string]Role{"main": Analyst})
	s, _ := p.in(t, "anna", here)
	n := must(p.BeginTOTP(ctx, s))(t)
	key := must(b32.DecodeString(n.Key))(t)
	code := func() string { return totpCode(key, p.clock().Unix()/totpStep) }
	p.in(t, "anna", here) // not in force yet
	if _, err := p.ConfirmTOTP(ctx, s, "000000"); err == nil {
		t.Error("any code puts it into force")
	}
	recovery := must(p.ConfirmTOTP(ctx, s, code()))(t)
	if len(recovery) != recoveryCodes {
		t.Errorf("%d recovery codes", len(recovery))
	}
	a, r, err := p.account(ctx, "anna")
	if err != nil || strings.Contains(r.JSON, n.Key) || !strings.HasPrefix(a.TOTP.Key, "aes:") || strings.Contains(r.JSON, recovery[0]) {
		t.Errorf("kept in the clear: %s, %v", r.JSON, err)
	}
	begin := func() string {
		t.Helper()
		e := must(p.Login(ctx, "anna", good, here))(t)
		if e.Cookie != "" || e.Flow == "" || len(e.Next) != 2 {
			t.Fatalf("the password alone: %+v", e)
		}
		return e.Flow
	}
	_, err = p.Second(ctx, begin(), "totp", code(), here) // used when it was put into force
	refused(t, err, ErrRefused)
	p.pass(31 * time.Second)
	flow := begin()
	e := must(p.Second(ctx, flow, "totp", code(), here))(t)
	if e.Cookie == "" || e.Session.Method != "password+totp" {
		t.Errorf("entered: %+v", e)
	}
	_, err = p.Second(ctx, flow, "totp", code(), here) // the flow again
	refused(t, err, ErrRefused)
	_, err = p.Second(ctx, begin(), "totp", code(), here) // the code again
	refused(t, err, ErrRefused)
	p.pass(31 * time.Second)
	_, err = p.Second(ctx, begin(), "totp", code(), there) // begun elsewhere
	refused(t, err, ErrRefused)
	must(p.Second(ctx, begin(), "recovery", strings.ToUpper(recovery[3]), here))(t)
	_, err = p.Second(ctx, begin(), "recovery", recovery[3], here)
	refused(t, err, ErrRefused)
	if len(p.told(DidUseRecovery)) != 1 {
		t.Error("a recovery code used is not told")
	}
	// Who has a second factor proves with that.
	p.pass(time.Hour)
	if err := p.StepUp(ctx, s, Proof{Password: good}); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("a step up by password: %v", err)
	}
	if err := p.StepUp(ctx, s, Proof{TOTP: code()}); err != nil {
		t.Error(err)
	}
	// A few wrong codes end it.
	flow = begin()
	for range flowTries {
		e, err := p.Second(ctx, flow, "totp", "12", here)
		refused(t, err, ErrRefused)
		if flow = ""; e != nil {
			flow = e.Flow
		}
	}
	if flow != "" {
		t.Error("codes can be tried for ever")
	}
	if err := p.RemoveMFA(ctx, root, "anna"); err != nil {
		t.Fatal(err)
	}
	if len(p.told(DidRemoveMFA)) != 1 {
		t.Error("that it was removed is not told")
	}
}

// RFC 6238, appendix B: the last six figures of the values for SHA-1.
func TestTOTPVectors(t *testing.T) {
	key := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := totpCode(key, at/totpStep); got != want {
			t.Errorf("at %d: %s, not %s", at, got, want)
		}
		if step, ok := totpMatch(key, want[:3]+" "+want[3:], 0, time.Unix(at+29, 0)); !ok || step != at/totpStep {
			t.Errorf("at %d: not taken half a minute later", at)
		}
		if _, ok := totpMatch(key, want, 0, time.Unix(at+61, 0)); ok {
			t.Errorf("at %d: taken a minute later", at)
		}
	}
}

// Nothing that opens a door is in what is told, logged or kept.
func TestNoSecrets(t *testing.T) {
	p, ctx := open(t, Options{Key: make([]byte, 32)}), t.Context()
	link, _, err := p.FirstRun(ctx)
	if err != nil {
		t.Fatal(err)
	}
	e := must(p.UseLink(ctx, link, FirstUser{Name: "anna", Password: good}, here))(t)
	s := must(p.BySession(ctx, e.Cookie, here))(t)
	n := must(p.BeginTOTP(ctx, s))(t)
	key := must(b32.DecodeString(n.Key))(t)
	recovery := must(p.ConfirmTOTP(ctx, s, totpCode(key, p.clock().Unix()/totpStep)))(t)
	half := must(p.Login(ctx, "anna", good, here))(t)
	if _, err := p.Login(ctx, "anna", "wrong-"+good, here); err == nil {
		t.Fatal("a wrong password was taken")
	}
	token, _, err := p.MakeToken(ctx, s, NewToken{Name: "t", Scope: []string{"search.read"}})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, n := range p.notices {
		all.WriteString(n.JSON() + "\n")
	}
	for _, kind := range []string{kindUser, kindHandle, kindExternal, kindSession, kindToken, kindLink, kindFlow} {
		for _, r := range must(p.keep.Identities(ctx, kind, ""))(t) {
			all.WriteString(r.Key + r.JSON + "\n")
		}
	}
	for e, err := range p.keep.ListAudit(ctx, state.AuditFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(e.Action + e.Target + e.Detail + "\n")
	}
	text := all.String()
	if !strings.Contains(text, "anna") || !strings.Contains(text, DidAddMFA) || !strings.Contains(text, DidMakeToken) {
		t.Fatal("there is nothing to look at")
	}
	for name, secret := range map[string]string{
		"link": link, "cookie": e.Cookie, "password": good, "key": n.Key, "recovery": recovery[0], "recovery without marks": strings.ReplaceAll(recovery[0], "-", ""),
		"flow": half.Flow, "token": token, "token's end": token[len(tokenPrefix)+tokenID:],
	} {
		if strings.Contains(text, secret) {
			t.Errorf("the %s is in what is kept or told", name)
		}
	}
}
