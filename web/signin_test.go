package web_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// appCode is what an app shows for a key (RFC 6238), as many steps of 30 s from now.
func appCode(t *testing.T, key string, steps int64) string {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(strings.ReplaceAll(key, " ", "")))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30+steps)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// logOut does so by the button.
func (b *tab) logOut() {
	b.t.Helper()
	b.click("[aria-label='Log out']")
	b.see("h1", "Log in")
	b.await("!document.querySelector('.shell')")
}

// TestSignIn enrols in the browser what people log in with, and logs in with it.
func TestSignIn(t *testing.T) {
	port := parts.Port(t)
	origin := fmt.Sprintf("http://localhost:%d", port)
	provider := parts.Glewlwyd(t, origin+"/api/v1/login/oidc/corp/callback")
	provider.AddUser(t, "anna", "annas-own-secret", "soc")
	s := serveAt(t, false, port, "  origin: "+origin+`
  oidc:
    - name: corp
      issuer: `+provider.Issuer+`
      client: `+provider.Client+`
      secret: file:`+written(t, provider.Secret)+`
      roles:
        - {group: soc, tenant: main, role: responder}
`)
	s.first()
	b := open(t, s)
	b.enter()
	b.allow("401")
	b.allow("404: " + strings.TrimSuffix(provider.Issuer, "/api/oidc")) // of what its own pages ask
	b.allow("(Not Found) " + strings.TrimSuffix(provider.Issuer, "/api/oidc"))
	t.Run("passkey", func(t *testing.T) { byPasskey(t, b.in(t)) })
	t.Run("codes", func(t *testing.T) { byCodes(t, b.in(t)) })
	t.Run("single sign-on", func(t *testing.T) { bySingleSignOn(t, b.in(t), provider) })
}

// written keeps a secret in a file.
func written(t *testing.T, secret string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// byPasskey adds one that the browser holds, logs in with it without a name or a password, proves oneself anew over the page
// when the session has ended, and takes it away.
func byPasskey(t *testing.T, b *tab) {
	_, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{})
	b.must(err)
	_, err = chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	b.must(err)
	b.visit("/settings?at=me")
	b.see("h3", "Passkeys")
	b.write("[aria-label='Name of the passkey']", "the laptop")
	b.click("[aria-label='Name of the passkey'] ~ .button")
	b.see("dialog h2", "codes for when the factor is lost")
	b.click("dialog .main")
	b.see(".lines-list", "the laptop")

	b.logOut()
	b.click(".card .button:not(.main):not(a)") // no name is asked for
	b.see("h1", "Queue")
	b.visit("/settings?at=me")
	b.see(".lines-list", "by passkey")

	b.write(".narrow input[type=password]", "half written")
	b.s.revoke()
	b.click("[aria-label='Name of the passkey'] ~ .button")
	b.see("dialog h2", "Your session has ended")
	b.click("dialog .button:not(.main):not(a)")
	b.await("!document.querySelector('dialog')")
	b.await("document.querySelector('.narrow input[type=password]').value === 'half written'")
}

// byCodes enrols an app, logs in with its code, and with one of those that were written down.
func byCodes(t *testing.T, b *tab) {
	b.visit("/settings?at=me")
	b.see("h3", "Codes of an app")
	eval[any](b, "[...document.querySelectorAll('.button')].find(e => e.textContent.includes('Set it up')).click()")
	b.see("code.any", "")
	b.await("document.querySelector('img.qr').naturalWidth > 0")
	key := eval[string](b, "document.querySelector('code.any').textContent")
	b.write("[autocomplete=one-time-code]", appCode(t, key, -1)) // an app that is half a minute late is taken, too
	b.keys("Enter")
	b.see("h3", "Codes of an app")
	b.see(".ok", "They are asked for")
	written := ""
	if eval[bool](b, "!!document.querySelector('dialog pre.words')") {
		written = eval[string](b, "document.querySelector('dialog pre.words').textContent.split('\\n')[0]")
		b.click("dialog .main")
	}

	logIn := func() {
		b.logOut()
		b.write("input[autocomplete=username]", userName)
		b.write("input[type=password]", password)
		b.keys("Enter")
		b.see(".field", "The code that your app shows")
	}
	logIn()
	b.write("[autocomplete=one-time-code]", "000000")
	b.see(".note.bad", "wrong")
	b.write("[autocomplete=one-time-code]", appCode(t, key, 0)) // the last figure sends it
	b.see("h1", "Queue")
	if written != "" {
		logIn()
		b.click(".card .quiet")
		b.see(".field", "A recovery code")
		b.write("[autocomplete=one-time-code]", written)
		b.keys("Enter")
		b.see("h1", "Queue")
	}
}

// bySingleSignOn goes to the provider, logs in on the page there, and comes back to the page that was asked for, with the role
// that the provider's group brings. In the middle of work the provider has a window of its own.
func bySingleSignOn(t *testing.T, b *tab, provider *parts.Provider) {
	at, err := url.Parse(provider.Issuer)
	b.must(err)
	b.logOut()
	b.visit("/blocks")
	b.see("h1", "Log in")
	b.click(".card a.button")
	b.await("location.host === " + js(at.Host))
	b.see("#passwordForm", "")
	b.write("#username", "anna")
	b.write("#password", "annas-own-secret")
	b.keys("Enter")
	b.see("body", "Client access grant")
	press := func(selector, text string) string { // where there is one
		return fmt.Sprintf("[...document.querySelectorAll(%s)].filter(e => e.innerText.includes(%s) && !e.checked && !e.disabled).forEach(e => e.click())", js(selector), js(text))
	}
	eval[any](b, press("input[id^=grant-]", ""))
	eval[any](b, press("button, a.btn", "Grant access"))
	b.await("location.origin === " + js(b.s.origin) + " || (" + press("button, a.btn", "Continue") + ", false)")
	b.await("location.pathname === '/blocks'")
	b.see("h2", "Nothing is blocked")
	b.visit("/settings?at=me")
	b.see(".pairs", "oidc corp")
	b.see(".pairs", "responder")

	b.visit("/search")
	b.see(".event", "")
	b.see(".said", "page in")
	b.write("#search-line", "event.action:")
	b.see("#search-offers li", "")
	eval[any](b, "fetch('/api/v1/me/logout', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'}).then(r => r.status)")
	b.write("#search-line", "oidc")
	b.keys("Escape", "Enter")
	b.see("dialog h2", "Your session has ended")
	window := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return i.URL != "" })
	b.click("dialog a.button")
	there, end := chromedp.NewContext(b.ctx, chromedp.WithTargetID(<-window))
	defer end()
	other := &tab{t: t, s: b.s, ctx: there}
	other.must(chromedp.Do(there))
	other.await("location.origin === " + js(b.s.origin) + " || (" + press("button, a.btn", "Continue") + ", false)") // the provider still knows who it is
	other.see("h1", "You are logged in")
	b.await("!document.querySelector('dialog')")
	b.await("document.getElementById('search-line').value.trim() === 'event.action:oidc' && !document.querySelector('.lost')")
}
