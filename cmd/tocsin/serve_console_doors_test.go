package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// itemsOf are the members of a list.
func itemsOf(t *testing.T, answer fields) []fields {
	t.Helper()
	items, ok := answer["items"].([]any)
	if !ok {
		t.Fatalf("%v is no list", answer)
	}
	var out []fields
	for _, i := range items {
		out = append(out, i.(fields))
	}
	return out
}

// A real directory, from tocsin.yml to the session.
func TestConsoleDirectory(t *testing.T) {
	real := parts.Slapd(t)
	d := openDoorway(t, fmt.Sprintf(`  ldap:
    url: %s
    start_tls: true
    ca: %s
    bind: cn=reader,dc=example,dc=com
    password: file:reader
    base: ou=people,dc=example,dc=com
    group_base: ou=groups,dc=example,dc=com
    roles:
      - {group: soc, tenant: main, role: analyst}
`, real.Plain, real.CA), "", "reader", "reading\n")
	anna := d.browser().login("anna", "annas-secret")
	if me := anna.ask("GET", "me", nil, 200); me["user"].(fields)["source"] != "ldap" || me["user"].(fields)["roles"].(fields)["main"] != "analyst" {
		t.Errorf("me: %v", me)
	}
	anna.ask("GET", "hits", nil, 200)
	anna.ask("GET", "users", nil, 403)
	d.browser().ask("POST", "login", fields{"user": "anna", "password": "annas-own-secret"}, 401)
	d.browser().ask("POST", "login", fields{"user": "carl", "password": "carls-secret"}, 401) // who is in no group
	if strings.Contains(d.local("config"), "reading") {
		t.Error("tocsin config prints the secret")
	}
}

// A real provider of single sign-on, from tocsin.yml to the page that was asked for.
func TestConsoleSingleSignOn(t *testing.T) {
	port := parts.Port(t)
	origin := fmt.Sprintf("https://localhost:%d", port)
	real := parts.Glewlwyd(t, origin+"/api/v1/login/oidc/corp/callback")
	real.AddUser(t, "anna", "annas-own-secret", "soc", "staff")
	real.AddUser(t, "bert", "berts-own-secret", "staff")
	d := openDoorway(t, fmt.Sprintf(`  listen: https://127.0.0.1:%d
  origin: %s
  oidc:
    - name: corp
      issuer: %s
      client: %s
      secret: file:client
      roles:
        - {group: soc, tenant: main, role: responder}
`, port, origin, real.Issuer, real.Client), "", "client", real.Secret)
	d.origin = origin
	enter := func(user, password string) (*browser, string) {
		t.Helper()
		b := d.browser()
		if ways := b.ask("GET", "login/ways", nil, 200)["oidc"].([]any); len(ways) != 1 || ways[0] != "corp" {
			t.Fatalf("one can log in by %v", ways)
		}
		resp, _ := b.send("GET", "/api/v1/login/oidc/corp?back="+url.QueryEscape("/queue/4f2a91"), nil)
		to, err := resp.Location()
		if err != nil || !strings.HasPrefix(to.String(), strings.TrimSuffix(real.Issuer, "/api/oidc")) {
			t.Fatalf("the browser is sent to %v, %v", to, err)
		}
		b.header.Set("Sec-Fetch-Site", "cross-site") // so the browser comes back
		defer b.header.Set("Sec-Fetch-Site", "same-origin")
		back := real.Login(t, to.String(), user, password)
		resp, _ = b.send("GET", back.RequestURI(), nil)
		return b, resp.Header.Get("Location")
	}
	anna, at := enter("anna", "annas-own-secret")
	if me := anna.ask("GET", "me", nil, 200); at != "/queue/4f2a91" || me["user"].(fields)["source"] != "oidc corp" || me["user"].(fields)["roles"].(fields)["main"] != "responder" {
		t.Errorf("at %s, me: %v", at, me)
	}
	bert, at := enter("bert", "berts-own-secret")
	bert.ask("GET", "me", nil, 401)
	if at != "/login?refused=corp" {
		t.Errorf("who is in no group is sent to %s", at)
	}
}

// oneTimeCode is the code of a key at a time (RFC 6238).
func oneTimeCode(t *testing.T, key string, at time.Time) string {
	t.Helper()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha1.New, raw)
	_ = binary.Write(m, binary.BigEndian, at.Unix()/30)
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1e6)
}

// A second factor, and sessions that their user sees and ends, those of a user that is kept out among them.
func TestConsoleSessions(t *testing.T) {
	d := openDoorway(t, "  proxies: [127.0.0.1]\n", "")
	anna := d.admin()
	key := anna.ask("POST", "me/totp", fields{}, 200)["key"].(string)
	recovery := anna.ask("POST", "me/totp/confirm", fields{"code": oneTimeCode(t, key, time.Now())}, 200)["recovery"].([]any)

	phone := d.browser()
	phone.header.Set("X-Forwarded-For", "198.51.100.7")
	phone.header.Set("User-Agent", "Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile Safari/537.36")
	if next := phone.ask("POST", "login", fields{"user": "anna", "password": goodPassword}, 200); next["user"] != nil || len(next["next"].([]any)) != 2 {
		t.Errorf("after the password: %v", next)
	}
	phone.ask("GET", "me", nil, 401)
	phone.ask("POST", "login/second", fields{"kind": "totp", "code": "000000"}, 401)
	phone.ask("POST", "login/second", fields{"kind": "recovery", "code": recovery[0]}, 200)
	phone.ask("GET", "me", nil, 200)

	sessions := itemsOf(t, anna.ask("GET", "me/sessions", nil, 200))
	other := slices.IndexFunc(sessions, func(s fields) bool { return s["address"] == "198.51.100.7" })
	if len(sessions) != 2 || other < 0 || sessions[other]["agent"] != "Chrome on Android" || sessions[other]["current"] == true {
		t.Fatalf("sessions: %v", sessions)
	}
	// Blocks spare it as long as it lives.
	if out := d.local("block", "198.51.100.7", "--dry-run"); !strings.Contains(out, "anna") || !strings.Contains(out, "console") {
		t.Errorf("a block of who is logged in: %s", out)
	}
	anna.ask("DELETE", "me/sessions/"+sessions[other]["id"].(string), nil, 200)
	phone.ask("GET", "me", nil, 401)
	if out := d.local("block", "198.51.100.7", "--dry-run"); strings.Contains(out, "console") {
		t.Errorf("a block of who was logged in: %s", out)
	}

	anna.ask("POST", "users", fields{"name": "bert", "password": goodPassword, "roles": fields{"main": "viewer"}}, 200)
	bert := d.browser().login("bert", goodPassword)
	bert.ask("GET", "hits", nil, 200)
	anna.ask("POST", "users/bert/disabled", fields{"disabled": true}, 200)
	bert.ask("GET", "hits", nil, 401)
	d.browser().ask("POST", "login", fields{"user": "bert", "password": goodPassword}, 401)
	// A cookie that was taken along to another kind of browser ends the session.
	stolen := *anna
	stolen.header = anna.header.Clone()
	stolen.header.Set("User-Agent", "curl/8.15")
	stolen.ask("GET", "me", nil, 401)
	anna.ask("GET", "me", nil, 401)
}
