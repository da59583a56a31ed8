package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// The commands ask a console over the network: with a token that may do some things, and a certificate that they know again.
func TestRemoteCommands(t *testing.T) {
	d := openDoorway(t, "", "")
	d.admin()
	print := printedPrint.FindStringSubmatch(d.printed())[1]
	secret, _, _ := strings.Cut(d.local("user", "token", "anna", "--for", "a script", "--may", "incident.read,search.read,status.read,token.own"), "\n")
	id := strings.TrimPrefix(secret, "tocsin_")[:8]
	d.put("app.log", "Nov 22 03:00:00 web-03 sshd[99]: Failed password for root from 203.0.113.7 port 4711 ssh2\n")
	parts.Wait(t, 10e9, "the event", func() bool { return strings.Contains(d.local("search", "203.0.113.7"), "203.0.113.7") })

	token, pinned := "TOCSIN_TOKEN="+secret, "TOCSIN_FINGERPRINT="+print
	other := "x" // than the token has there
	if secret[20] == 'x' {
		other = "y"
	}
	redirects := httptest.NewServer(http.RedirectHandler("https://evil.example/", http.StatusFound))
	defer redirects.Close()
	for _, c := range []struct {
		name   string
		env    []string
		args   []string
		status int
		want   string
	}{
		{"pinned", []string{token, pinned}, []string{"status", "--server", d.origin}, exitClean, "main: "},
		{"pinned in small letters", []string{token, "TOCSIN_FINGERPRINT=" + strings.ToLower(strings.ReplaceAll(print, ":", ""))}, []string{"status", "--server", d.origin}, exitClean, "main: "},
		{"by its authority", []string{token, "TOCSIN_CA=" + filepath.Join(d.dir, "data", "console.crt")}, []string{"status", "--server", d.origin}, exitClean, "main: "},
		{"the server from the environment", []string{token, pinned, "TOCSIN_SERVER=" + d.origin}, []string{"search", "203.0.113.7"}, exitFound, "Failed password"},
		{"incidents", []string{token, pinned, "TOCSIN_SERVER=" + d.origin}, []string{"alerts", "--each", "--level", "critical"}, exitClean, ""},
		{"tokens of one's own", []string{token, pinned}, []string{"user", "tokens", "anna", "--server", d.origin}, exitClean, id},
		{"more than the token may", []string{token, pinned}, []string{"reload", "--server", d.origin}, exitFailed, "settings.write"},
		{"another tenant", []string{token, pinned}, []string{"status", "--server", d.origin, "--tenant", "acme"}, exitFailed, "no tenant acme"},
		{"a certificate that nobody vouches for", []string{token}, []string{"status", "--server", d.origin}, exitFailed, print},
		{"another certificate", []string{token, "TOCSIN_FINGERPRINT=" + strings.Repeat("AB:", 31) + "AB"}, []string{"status", "--server", d.origin}, exitFailed, "not the one with the fingerprint"},
		{"half a fingerprint", []string{token, "TOCSIN_FINGERPRINT=AB:CD"}, []string{"status", "--server", d.origin}, exitFailed, "the fingerprint"},
		{"no token", []string{pinned}, []string{"status", "--server", d.origin}, exitFailed, "TOCSIN_TOKEN is not set"},
		{"another token", []string{"TOCSIN_TOKEN=" + secret[:20] + other + secret[21:], pinned}, []string{"status", "--server", d.origin}, exitFailed, "does not take the token"},
		{"in the clear", []string{token}, []string{"status", "--server", "http://tocsin.example.com"}, exitFailed, "in the clear"},
		{"a server that sends on", []string{token}, []string{"status", "--server", redirects.URL}, exitFailed, "a token goes nowhere"},
		{"nobody there", []string{token, pinned}, []string{"status", "--server", "https://127.0.0.1:1"}, exitFailed, "refused"},
		{"a folder and a server", []string{token, pinned}, []string{"status", "--server", d.origin, "--data", "data"}, exitFailed, "--data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, status := d.tocsin(c.env, c.args...)
			if status != c.status || !strings.Contains(out, c.want) {
				t.Errorf("status %d, not %d; without %q:\n%s", status, c.status, c.want, out)
			}
			if strings.Contains(out, secret) {
				t.Error("the token is printed")
			}
		})
	}
	d.local("user", "revoke", id)
	if out, status := d.tocsin([]string{token, pinned}, "status", "--server", d.origin); status != exitFailed || !strings.Contains(out, "was revoked") {
		t.Errorf("with a token that was revoked: status %d, %s", status, out)
	}
}
