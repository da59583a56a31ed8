package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// site is a gate behind HTTP, as the console has it.
type site struct {
	*place
	server *httptest.Server
	origin string
}

func serve(t *testing.T, opt Options) *site {
	t.Helper()
	s := &site{server: httptest.NewUnstartedServer(nil)}
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	_, port, _ := strings.Cut(s.server.Listener.Addr().String(), ":")
	s.origin = "https://localhost:" + port
	opt.Origin = s.origin
	s.place = open(t, opt)
	w := must(NewWeb(s.Gate, WebOptions{}))(t)
	mux := http.NewServeMux()
	w.Routes(mux, func(_ *http.Request, err error) { t.Errorf("failed: %v", err) })
	mux.Handle("GET /api/v1/t/{tenant}/incidents", require(IncidentRead, func(r *http.Request) string { return r.PathValue("tenant") },
		http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(rw, SubjectOf(r.Context()).Name) })))
	s.server.Config.Handler = w.Authenticate(mux)
	return s
}

// require hands on only what a subject may do in the tenant that a function finds in the request.
func require(p Permission, tenant func(*http.Request) string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s := SubjectOf(r.Context())
		if s == nil {
			WriteProblem(rw, ErrNobody)
			return
		}
		if err := Allowed(s, tenant(r), p); err != nil {
			WriteProblem(rw, err)
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// visitor is a browser.
type visitor struct {
	site   *site
	client *http.Client
	header http.Header
}

func (s *site) visitor(t *testing.T) *visitor {
	t.Helper()
	jar := must(cookiejar.New(nil))(t)
	transport := s.server.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = "example.com" // which the certificate of httptest is for
	c := &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &visitor{site: s, client: c, header: http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}, "Sec-Fetch-Site": {"same-origin"}}}
}

// ask sends a request and checks the status of the answer.
func (v *visitor) ask(t *testing.T, method, path string, in any, want int) map[string]any {
	t.Helper()
	status, text := v.try(t, method, path, in)
	if status != want {
		t.Fatalf("%s %s: %d, not %d: %s", method, path, status, want, text)
	}
	out := make(map[string]any)
	_ = json.Unmarshal([]byte(text), &out)
	return out
}

// try sends a request, and checks what holds of every answer.
func (v *visitor) try(t *testing.T, method, path string, in any) (int, string) {
	t.Helper()
	var body io.Reader = http.NoBody
	if in != nil {
		doc := must(json.Marshal(in))(t)
		body = bytes.NewReader(doc)
	}
	r := must(http.NewRequestWithContext(t.Context(), method, v.site.origin+"/api/v1/"+path, body))(t)
	r.Header = v.header.Clone()
	resp, err := v.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text := must(io.ReadAll(resp.Body))(t)
	if resp.StatusCode >= 400 && resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s: a problem is told as %s", method, path, resp.Header.Get("Content-Type"))
	}
	for _, c := range resp.Cookies() {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("%s %s sets %s", method, path, c)
		}
		if c.Value != "" && strings.Contains(string(text), c.Value) {
			t.Errorf("%s %s: a secret is in the answer, where scripts can read it", method, path)
		}
	}
	return resp.StatusCode, string(text)
}

type m = map[string]any

// From the link on the terminal to a second factor, a token and the way out.
func TestHTTP(t *testing.T) {
	s := serve(t, Options{})
	link, _, err := s.FirstRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := s.visitor(t)
	v.ask(t, "GET", "me", nil, 401)
	v.ask(t, "GET", "users", nil, 401)
	v.ask(t, "GET", "t/main/incidents", nil, 401)
	if p := v.ask(t, "POST", "login/link", m{"link": link, "name": "anna", "password": "12345678901"}, 422); p["field"] != "password" {
		t.Errorf("the problem is %v", p)
	}
	v.ask(t, "POST", "login/link", m{"link": link, "name": "anna", "password": good}, 200)
	v.ask(t, "POST", "login/link", m{"link": link, "name": "eve", "password": good}, 401)
	if me := v.ask(t, "GET", "me", nil, 200); me["user"].(m)["name"] != "anna" || len(me["may"].(m)["acme"].([]any)) != len(Permissions()) || me["recent"] != true {
		t.Errorf("me: %v", me)
	}
	v.ask(t, "POST", "users", m{"name": "bert", "password": good, "roles": m{"acme": "viewer"}}, 200)
	v.ask(t, "POST", "users", m{"name": "bert", "password": good, "roles": m{"acme": "viewer"}}, 422)
	v.ask(t, "POST", "users", m{"name": "x", "admin": true}, 400)

	bert := s.visitor(t)
	bert.ask(t, "POST", "login", m{"user": "bert", "password": "wrong"}, 401)
	bert.ask(t, "POST", "login", m{"user": "bert", "password": good}, 200)
	bert.ask(t, "GET", "t/acme/incidents", nil, 200)
	bert.ask(t, "GET", "t/beta/incidents", nil, 404)
	bert.ask(t, "GET", "t/nowhere/incidents", nil, 404)
	bert.ask(t, "GET", "users", nil, 403)
	bert.ask(t, "POST", "users", m{"name": "x", "roles": m{"acme": "viewer"}}, 403)
	for _, name := range []string{"anna", "bert", "nobody"} {
		bert.ask(t, "POST", "users/"+name+"/role", m{"tenant": "acme", "role": "administrator"}, 403)
		bert.ask(t, "POST", "users/"+name+"/role", m{"tenant": "beta", "role": "viewer"}, 404)
	}

	// A page of another site asks with the cookie.
	evil := *bert
	evil.header = bert.header.Clone()
	evil.header.Set("Sec-Fetch-Site", "cross-site")
	evil.header.Set("Origin", "https://evil.example")
	evil.ask(t, "POST", "me/logout", m{}, 403)
	evil.header.Del("Sec-Fetch-Site") // a browser from before it had that
	evil.ask(t, "POST", "me/logout", m{}, 403)
	if n := s.told(DidRefuseOrigin); len(n) != 2 {
		t.Errorf("told as %v", n)
	}
	bert.ask(t, "GET", "me", nil, 200)

	// Tokens.
	token := v.ask(t, "POST", "tokens", m{"name": "soar", "scope": []string{"incident.read"}, "tenants": []string{"beta"}, "days": 7}, 200)
	robot := s.visitor(t)
	robot.header = http.Header{"User-Agent": {"curl/8"}, "Authorization": {"Bearer " + token["secret"].(string)}}
	robot.ask(t, "GET", "t/beta/incidents", nil, 200)
	robot.ask(t, "GET", "t/acme/incidents", nil, 404)
	robot.ask(t, "GET", "users", nil, 403)
	robot.ask(t, "POST", "tokens", m{"name": "more", "scope": []string{"incident.read"}}, 403)
	robot.ask(t, "POST", "me/totp", m{}, 401)
	robot.header.Set("Authorization", "Basic YTpi")
	robot.ask(t, "GET", "t/beta/incidents", nil, 401)
	v.ask(t, "DELETE", "tokens/"+token["id"].(string), nil, 200)
	robot.header.Set("Authorization", "Bearer "+token["secret"].(string))
	robot.ask(t, "GET", "t/beta/incidents", nil, 401)

	// A second factor.
	n := v.ask(t, "POST", "me/totp", m{}, 200)
	if !strings.HasPrefix(n["picture"].(string), "data:image/png;base64,") || !strings.HasPrefix(n["uri"].(string), "otpauth://totp/tocsin:anna?") {
		t.Errorf("to set an app up: %v", n)
	}
	key := must(b32.DecodeString(n["key"].(string)))(t)
	code := func() string { return totpCode(key, s.clock().Unix()/totpStep) }
	if r := v.ask(t, "POST", "me/totp/confirm", m{"code": code()}, 200); len(r["recovery"].([]any)) != recoveryCodes {
		t.Errorf("recovery: %v", r)
	}
	s.pass(time.Minute)
	other := s.visitor(t)
	if next := other.ask(t, "POST", "login", m{"user": "anna", "password": good}, 200); next["user"] != nil || len(next["next"].([]any)) != 2 {
		t.Errorf("after the password: %v", next)
	}
	other.ask(t, "GET", "me", nil, 401)
	other.ask(t, "POST", "login/second", m{"kind": "totp", "code": "000000"}, 401)
	other.ask(t, "POST", "login/second", m{"kind": "totp", "code": code()}, 200)
	other.ask(t, "GET", "me", nil, 200)

	s.pass(time.Hour)
	if p := v.ask(t, "POST", "users", m{"name": "carl", "roles": m{"acme": "viewer"}}, 403); p["step_up"] != true {
		t.Errorf("the problem is %v", p)
	}
	v.ask(t, "POST", "me/step-up", m{"password": good}, 422)
	v.ask(t, "POST", "me/step-up", m{"totp": code()}, 200)
	v.ask(t, "POST", "users", m{"name": "carl", "roles": m{"acme": "viewer"}}, 200)
	v.ask(t, "DELETE", "me/sessions", nil, 200)
	other.ask(t, "GET", "me", nil, 401)
	v.ask(t, "POST", "me/logout", m{}, 200)
	v.ask(t, "GET", "me", nil, 401)

	for range freeTries - 1 {
		bert.ask(t, "POST", "login", m{"user": "anna", "password": "wrong"}, 401)
	}
	bert.ask(t, "POST", "login", m{"user": "anna", "password": "wrong"}, 401)
	if p := bert.ask(t, "POST", "login", m{"user": "anna", "password": good}, 429); p["wait"].(float64) < 1 {
		t.Errorf("the problem is %v", p)
	}
}

// device is an authenticator as a phone or a key is one: it makes P-256 keys and signs with them (WebAuthn, 6).
type device struct {
	key    *ecdsa.PrivateKey
	id     []byte
	handle []byte
	count  uint32
	flags  byte // user present 1, user verified 4
	origin string
}

var b64 = base64.RawURLEncoding

func (d *device) data(extra ...byte) []byte {
	host, _, _ := strings.Cut(strings.TrimPrefix(d.origin, "https://"), ":")
	sum := sha256.Sum256([]byte(host))
	flags := d.flags
	if extra != nil {
		flags |= 0x40
	}
	return append(binary.BigEndian.AppendUint32(append(sum[:], flags), d.count), extra...)
}

func (d *device) client(kind, challenge string) []byte {
	doc, _ := json.Marshal(m{"type": "webauthn." + kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	return doc
}

func (d *device) create(t *testing.T, ask m) m {
	t.Helper()
	public := ask["publicKey"].(m)
	d.handle = must(b64.DecodeString(public["user"].(m)["id"].(string)))(t)
	d.key = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	d.id = randomBytes(16)
	point := must(d.key.PublicKey.Bytes())(t)
	extra := append(make([]byte, 16), 0, 16)
	extra = append(extra, d.id...)
	extra = append(extra, 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32) // {1: EC2, 3: ES256, -1: P-256, -2: x, -3: y} (RFC 9052, RFC 9053)
	extra = append(append(append(extra, point[1:33]...), 0x22, 0x58, 32), point[33:]...)
	data := d.data(extra...)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), byte(len(data)>>8), byte(len(data)))
	return m{"id": b64.EncodeToString(d.id), "rawId": b64.EncodeToString(d.id), "type": "public-key", "response": m{
		"clientDataJSON": b64.EncodeToString(d.client("create", public["challenge"].(string))), "attestationObject": b64.EncodeToString(append(object, data...)),
	}}
}

func (d *device) get(t *testing.T, ask m) m {
	t.Helper()
	d.count++
	data, client := d.data(), d.client("get", ask["publicKey"].(m)["challenge"].(string))
	hash := sha256.Sum256(client)
	signed := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	sig := must(ecdsa.SignASN1(rand.Reader, d.key, signed[:]))(t)
	return m{"id": b64.EncodeToString(d.id), "rawId": b64.EncodeToString(d.id), "type": "public-key", "response": m{
		"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data), "signature": b64.EncodeToString(sig), "userHandle": b64.EncodeToString(d.handle),
	}}
}

func TestPasskeys(t *testing.T) {
	s := serve(t, Options{})
	s.add(t, "anna", map[string]Role{"main": Responder})
	s.add(t, "bert", map[string]Role{"main": Viewer})
	v := s.visitor(t)
	v.ask(t, "POST", "login", m{"user": "anna", "password": good}, 200)
	d := &device{flags: 5, origin: s.origin}
	for name, spoil := range map[string]func(m){
		"of another origin": func(a m) {
			d.origin = "https://evil.example"
			a["response"].(m)["clientDataJSON"] = b64.EncodeToString(d.client("create", "x"))
			d.origin = s.origin
		},
		"that is no answer": func(a m) { a["response"] = m{} },
		"cut short": func(a m) {
			r := a["response"].(m)
			o := r["attestationObject"].(string)
			r["attestationObject"] = o[:len(o)-20]
		},
	} {
		answer := d.create(t, v.ask(t, "POST", "me/passkeys", m{}, 200))
		spoil(answer)
		if p := v.ask(t, "POST", "me/passkeys/finish", m{"name": "phone", "answer": answer}, 422); p["field"] != "passkey" {
			t.Errorf("a passkey %s: %v", name, p)
		}
	}
	d.flags = 1
	v.ask(t, "POST", "me/passkeys/finish", m{"name": "phone", "answer": d.create(t, v.ask(t, "POST", "me/passkeys", m{}, 200))}, 422) // nobody has shown who he is
	d.flags = 5
	answer := d.create(t, v.ask(t, "POST", "me/passkeys", m{}, 200))
	if r := v.ask(t, "POST", "me/passkeys/finish", m{"name": "phone", "answer": answer}, 200); len(r["recovery"].([]any)) != recoveryCodes {
		t.Errorf("recovery: %v", r)
	}
	v.ask(t, "POST", "me/passkeys/finish", m{"name": "phone", "answer": answer}, 401) // the ceremony is over

	login := func(want int, spoil func(m)) *visitor {
		t.Helper()
		other := s.visitor(t)
		answer := d.get(t, other.ask(t, "POST", "login/passkey", m{}, 200))
		if spoil != nil {
			spoil(answer)
		}
		other.ask(t, "POST", "login/passkey/finish", answer, want)
		return other
	}
	in := login(200, nil)
	if me := in.ask(t, "GET", "me", nil, 200); me["user"].(m)["name"] != "anna" {
		t.Errorf("logged in as %v", me)
	}
	in.ask(t, "GET", "t/main/incidents", nil, 200)
	bert, _, err := s.account(t.Context(), "bert")
	if err != nil {
		t.Fatal(err)
	}
	response := func(a m) m { return a["response"].(m) }
	for name, spoil := range map[string]func(m){
		"another signature": func(a m) { response(a)["signature"] = b64.EncodeToString(randomBytes(70)) },
		"another user":      func(a m) { response(a)["userHandle"] = b64.EncodeToString(bert.Handle) },
		"nobody":            func(a m) { response(a)["userHandle"] = b64.EncodeToString(randomBytes(32)) },
		"another challenge": func(a m) { response(a)["clientDataJSON"] = b64.EncodeToString(d.client("get", "eHg")) },
		"another ceremony":  func(a m) { response(a)["clientDataJSON"] = b64.EncodeToString(d.client("create", "eHg")) },
		"garbage":           func(a m) { clear(a) },
	} {
		s.tries = newTries(s.clock)
		s.told("")
		login(401, spoil)
		if n := s.told(DidRefuse); len(n) != 1 || n[0].Method != "passkey" || n[0].Reason == "" {
			t.Errorf("%s is told as %+v", name, n)
		}
	}
	s.tries = newTries(s.clock)
	d.flags = 1
	login(401, nil)
	d.flags = 5
	d.count = 0 // a copy of the device that has signed less often
	login(401, nil)
	if n := s.told(DidRefuse); len(n) != 2 || !strings.Contains(n[1].Reason, "two of it") {
		t.Errorf("a copy is told as %+v", n)
	}
	// The password alone is not enough any more, until it is taken away.
	other := s.visitor(t)
	if next := other.ask(t, "POST", "login", m{"user": "anna", "password": good}, 200); next["user"] != nil {
		t.Errorf("after the password: %v", next)
	}
	v.ask(t, "DELETE", "me/passkeys/"+b64.EncodeToString(d.id), nil, 200)
	other.ask(t, "POST", "login", m{"user": "anna", "password": good}, 200)
	other.ask(t, "GET", "me", nil, 200)
	d.count = 100
	login(401, nil)
}

func TestAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		peer    string
		headers []string
		want    string
	}{
		{"192.0.2.1", nil, "192.0.2.1"},
		{"192.0.2.1", []string{"198.51.100.1"}, "192.0.2.1"}, // who is no proxy of ours says what he likes
		{"127.0.0.1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"127.0.0.1", []string{"6.6.6.6, 198.51.100.1"}, "198.51.100.1"}, // what the client has written itself
		{"127.0.0.1", []string{"6.6.6.6", "198.51.100.1, 10.1.1.1"}, "198.51.100.1"},
		{"127.0.0.1", []string{"nonsense"}, "127.0.0.1"},
		{"127.0.0.1", []string{""}, "127.0.0.1"},
		{"127.0.0.1", []string{"10.0.0.1,10.0.0.2"}, "10.0.0.1"},
		{"127.0.0.1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
	} {
		if got := forwarded(netip.MustParseAddr(c.peer), c.headers, proxies).String(); got != c.want {
			t.Errorf("%s with %q: %s, not %s", c.peer, c.headers, got, c.want)
		}
	}
}
