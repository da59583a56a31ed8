package parts

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Provider is a Glewlwyd of the test's own, an OpenID provider, on the loopback. It demands PKCE, and says of users their
// groups.
type Provider struct {
	Issuer         string
	Client, Secret string
	url            string
	admin          *http.Client
}

// Glewlwyd starts a Glewlwyd that sends browsers back to the address given.
func Glewlwyd(tb testing.TB, back string) *Provider {
	tb.Helper()
	program, sqlite := Find(tb, "glewlwyd"), Find(tb, "sqlite3")
	const schema = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"
	script, err := os.ReadFile(schema)
	if err != nil {
		Missing(tb, err.Error())
	}
	dir, port := tb.TempDir(), Port(tb)
	p := &Provider{url: fmt.Sprintf("http://127.0.0.1:%d", port), Client: "tocsin", Secret: "the-client-of-a-test"}
	p.Issuer = p.url + "/api/oidc"
	cmd := exec.Command(sqlite, filepath.Join(dir, "db"))
	cmd.Stdin = bytes.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("sqlite3: %v: %s", err, out)
	}
	conf := fmt.Sprintf(`port=%[1]d
bind_address="127.0.0.1"
external_url="%[2]s"
login_url="login.html"
api_prefix="api"
log_mode="console"
log_level="WARNING"
cookie_secure=0
session_expiration=3600
session_key="GLEWLWYD2_SESSION_ID"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
admin_scope="g_admin"
profile_scope="g_profile"
login_api_enabled=true
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
database = { type = "sqlite3" path = "%[3]s/db" }
static_files_path="%[3]s/pages"
static_files_mime_types = (
  { extension = ".html" mime_type = "text/html" }, { extension = ".css" mime_type = "text/css" },
  { extension = ".js" mime_type = "application/javascript" }, { extension = ".json" mime_type = "application/json" }
)
`, port, p.url, dir)
	pagesOfGlewlwyd(tb, filepath.Join(dir, "pages"))
	file := filepath.Join(dir, "glewlwyd.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		tb.Fatal(err)
	}
	Start(tb, exec.Command(program, "--config-file="+file))
	p.admin = browser(tb)
	Wait(tb, 20*time.Second, "Glewlwyd", func() bool {
		r, err := p.admin.Get(p.url + "/config")
		if err == nil {
			_ = r.Body.Close()
		}
		return err == nil
	})
	p.ask(tb, p.admin, "POST", "/api/auth/", map[string]any{"username": "admin", "password": "password"})
	p.ask(tb, p.admin, "PUT", "/api/mod/user/database", map[string]any{
		"module": "database", "name": "database", "display_name": "users", "order_rank": 0, "enabled": true, "readonly": false, "multiple_passwords": false,
		"parameters": map[string]any{"use-glewlwyd-connection": true, "data-format": map[string]any{
			"groups": map[string]any{"multiple": true, "read": true, "write": true, "profile-read": true, "profile-write": false},
		}},
	})
	p.ask(tb, p.admin, "PUT", "/api/mod/user/database/reset", map[string]any{})
	p.ask(tb, p.admin, "POST", "/api/mod/plugin/", map[string]any{"module": "oidc", "name": "oidc", "display_name": "OIDC", "enabled": true, "parameters": p.parameters(tb)})
	p.ask(tb, p.admin, "POST", "/api/client/", map[string]any{
		"client_id": p.Client, "name": "tocsin", "confidential": true, "client_secret": p.Secret, "password": p.Secret, "enabled": true,
		"redirect_uri": []string{back}, "authorization_type": []string{"code"}, "token_endpoint_auth_method": []string{"client_secret_basic"}, "scope": []string{},
	})
	return p
}

// pagesOfGlewlwyd makes a folder of the pages on which people log in there. Debian has their settings in a folder of its own.
func pagesOfGlewlwyd(tb testing.TB, dir string) {
	tb.Helper()
	const pages = "/usr/share/glewlwyd/webapp"
	if out, err := exec.Command("cp", "-rL", pages, dir).CombinedOutput(); err != nil { // links lead out of it, and are not served
		tb.Logf("the pages of Glewlwyd may not be whole: %v: %s", err, out)
	}
	settings := filepath.Join(dir, "config.json")
	inner, err := os.ReadFile(filepath.Join(settings, "config.json"))
	if err != nil {
		return // they stand where the pages look for them
	}
	if err := errors.Join(os.RemoveAll(settings), os.WriteFile(settings, inner, 0o600)); err != nil {
		tb.Fatal(err)
	}
}

// parameters are those of the provider itself, with a key of its own.
func (p *Provider) parameters(tb testing.TB) map[string]any {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]any{
		"iss": p.Issuer, "jwt-type": "rsa", "jwt-key-size": "256",
		"key":                   string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		"cert":                  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"access-token-duration": 600, "refresh-token-duration": 600, "code-duration": 60, "refresh-token-rolling": true, "allow-non-oidc": false,
		"auth-type-code-enabled": true, "auth-type-token-enabled": false, "auth-type-id-token-enabled": false, "auth-type-none-enabled": false,
		"auth-type-password-enabled": false, "auth-type-client-enabled": false, "auth-type-device-enabled": false, "auth-type-refresh-enabled": false,
		"subject-type": "public", "pkce-allowed": true, "pkce-method-plain-allowed": false, "pkce-required": true, "request-parameter-allow": false, "jwks-show": true,
		"name-claim": "mandatory", "email-claim": "mandatory", "scope-claim": "no", "restrict-scope-client-property": "",
		"claims": []map[string]any{
			{"name": "groups", "user-property": "groups", "type": "string", "mandatory": true},
			{"name": "preferred_username", "user-property": "username", "type": "string", "mandatory": true},
		},
	}
}

// AddUser adds a user, who may log in with a password, to some groups.
func (p *Provider) AddUser(tb testing.TB, name, password string, groups ...string) {
	tb.Helper()
	p.ask(tb, p.admin, "POST", "/api/user/", map[string]any{
		"username": name, "name": strings.ToUpper(name), "email": name + "@example.com", "password": password, "scope": []string{"openid", "g_profile"}, "enabled": true, "groups": groups,
	})
}

// Login does in the provider what a person does in a browser that was sent to an address there, and returns the address that
// the provider sends the browser on to.
func (p *Provider) Login(tb testing.TB, to, name, password string) *url.URL {
	tb.Helper()
	c := browser(tb)
	p.ask(tb, c, "POST", "/api/auth/", map[string]any{"username": name, "password": password})
	p.ask(tb, c, "PUT", "/api/auth/grant/"+p.Client, map[string]any{"scope": "openid"})
	r, err := c.Get(to + "&g_continue")
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Body.Close()
	at, err := r.Location()
	if err != nil {
		text, _ := io.ReadAll(r.Body)
		tb.Fatalf("%s answers %s: %s", to, r.Status, text)
	}
	return at
}

// browser is a client that keeps cookies and goes nowhere by itself.
func browser(tb testing.TB) *http.Client {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (p *Provider) ask(tb testing.TB, c *http.Client, method, path string, body any) {
	tb.Helper()
	doc, err := json.Marshal(body)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := http.NewRequestWithContext(tb.Context(), method, p.url+path, bytes.NewReader(doc))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		tb.Fatalf("%s %s: %s: %s", method, path, resp.Status, text)
	}
}
