package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/internal/contract"
	"github.com/tocsin-sec/tocsin/internal/parts"
)

// doorway is a real serve whose console is reached over the network.
type doorway struct {
	*testing.T
	dir, config string
	origin      string
	address     string
	cmd         *exec.Cmd
	mu          sync.Mutex
	out         bytes.Buffer // what it has printed
}

const goodPassword = "a bell that rings at night 7"

// Write takes what serve prints.
func (d *doorway) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.Write(p)
}

func (d *doorway) printed() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.String()
}

// openDoorway starts serve with the keys of console, and others, beside those that every test needs, and with files by name and content.
func openDoorway(t *testing.T, console, others string, files ...string) *doorway {
	t.Helper()
	d := &doorway{T: t, dir: t.TempDir(), address: fmt.Sprintf("127.0.0.1:%d", parts.Port(t))}
	_, port, _ := strings.Cut(d.address, ":")
	d.origin = "https://localhost:" + port
	d.config = filepath.Join(d.dir, "tocsin.yml")
	listen := "  listen: https://" + d.address + "\n"
	if strings.Contains(console, "listen:") {
		listen = ""
	}
	d.put("tocsin.yml", "data: data\nrules: [builtin]\nlateness: 1s\ninputs:\n  files: {paths: [app.log]}\nconsole:\n"+listen+console+others)
	d.put("app.log", "")
	for i := 0; i+1 < len(files); i += 2 {
		d.put(files[i], files[i+1])
	}
	d.start()
	return d
}

func (d *doorway) put(name, text string) {
	d.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.Fatal(err)
	}
}

// start starts serve and waits until it is reached.
func (d *doorway) start() {
	d.Helper()
	d.cmd = exec.Command(os.Args[0], "serve", "--config", d.config)
	d.cmd.Env, d.cmd.Dir = append(os.Environ(), asProcess+"=1", "TZ=UTC"), d.dir
	d.cmd.Stdout, d.cmd.Stderr = d, d
	parts.Start(d, d.cmd)
	for end := time.Now().Add(30 * time.Second); !strings.Contains(d.printed(), "ask it "); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			d.Fatalf("serve is not ready:\n%s", d.printed())
		}
	}
}

// end interrupts serve and waits for its end.
func (d *doorway) end() {
	d.Helper()
	if err := errors.Join(d.cmd.Process.Signal(os.Interrupt), d.cmd.Wait()); err != nil {
		d.Errorf("serve: %v\n%s", err, d.printed())
	}
}

// tocsin runs a command that asks serve, and returns what it prints and its status.
func (d *doorway) tocsin(env []string, args ...string) (string, int) {
	d.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env, cmd.Dir = append(append(os.Environ(), asProcess+"=1", "HOME="+d.dir, "XDG_CONFIG_HOME="+d.dir, "XDG_STATE_HOME="+d.dir), env...), d.dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// local runs a command that asks at the socket, and must work.
func (d *doorway) local(args ...string) string {
	d.Helper()
	out, status := d.tocsin(nil, append(args, "--config", d.config)...)
	if status == exitFailed {
		d.Fatalf("tocsin %s: %s", strings.Join(args, " "), out)
	}
	return out
}

// browser is one that comes in over the network.
type browser struct {
	d      *doorway
	client *http.Client
	header http.Header
	seen   [sha256.Size]byte // the certificate that it was shown last
}

func (d *doorway) browser() *browser {
	d.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.Fatal(err)
	}
	b := &browser{d: d, header: http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}, "Sec-Fetch-Site": {"same-origin"}}}
	b.client = &http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: contract.Read(d.T, "../../docs/reference/openapi.json").Transport(d.T, &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error {
			b.seen = sha256.Sum256(s.PeerCertificates[0].Raw)
			return nil
		}},
	})}
	d.Cleanup(b.client.CloseIdleConnections)
	return b
}

// send sends a request and returns the answer with its body.
func (b *browser) send(method, path string, in any) (*http.Response, []byte) {
	b.d.Helper()
	var body io.Reader = http.NoBody
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			b.d.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(b.d.Context(), method, b.d.origin+path, body)
	if err != nil {
		b.d.Fatal(err)
	}
	r.Header = b.header.Clone()
	resp, err := b.client.Do(r)
	if err != nil {
		b.d.Fatalf("%s %s: %v\n%s", method, path, err, b.d.printed())
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.d.Fatal(err)
	}
	return resp, text
}

// ask sends a request of the API and checks the status of the answer.
func (b *browser) ask(method, path string, in any, want int) map[string]any {
	b.d.Helper()
	resp, text := b.send(method, "/api/v1/"+path, in)
	if resp.StatusCode != want {
		b.d.Fatalf("%s %s: %s, not %d: %s", method, path, resp.Status, want, text)
	}
	out := make(map[string]any)
	_ = json.Unmarshal(text, &out)
	return out
}

type fields = map[string]any

// login logs a user in.
func (b *browser) login(user, password string) *browser {
	b.d.Helper()
	b.ask("POST", "login", fields{"user": user, "password": password}, 200)
	return b
}

var (
	printedLink  = regexp.MustCompile(`(?m)^ +(https?://\S+)/first#(\S+)$`)
	printedPrint = regexp.MustCompile(`SHA-256 ([0-9A-F:]{95}), until`)
)

// admin is the first administrator, anna, in a browser.
func (d *doorway) admin() *browser {
	d.Helper()
	link := printedLink.FindStringSubmatch(d.printed())
	if link == nil {
		d.Fatalf("serve printed no link:\n%s", d.printed())
	}
	if link[1] != d.origin {
		d.Errorf("the link leads to %s, not %s", link[1], d.origin)
	}
	b := d.browser()
	b.ask("POST", "login/link", fields{"link": link[2], "name": "anna", "password": goodPassword}, 200)
	return b
}

// From the link that serve prints to a session over TLS, whose certificate is the one whose fingerprint was printed; and again after a
// restart, when there is nothing to print any more.
func TestConsoleFirstRun(t *testing.T) {
	d := openDoorway(t, "", "")
	anna := d.admin()
	print := printedPrint.FindStringSubmatch(d.printed())
	if print == nil || strings.ReplaceAll(print[1], ":", "") != strings.ToUpper(hex.EncodeToString(anna.seen[:])) {
		t.Errorf("the certificate is %x; serve printed %q", anna.seen, print)
	}
	if me := anna.ask("GET", "me", nil, 200); me["user"].(fields)["name"] != "anna" {
		t.Errorf("me: %v", me)
	}
	anna.ask("GET", "status", nil, 200)
	stranger := d.browser()
	for _, path := range []string{"me", "status", "hits", "incidents", "users", "tokens"} {
		stranger.ask("GET", path, nil, 401)
	}
	resp, _ := stranger.send("GET", "/queue/4f2a91", nil)
	if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || resp.ProtoMajor != 2 {
		t.Errorf("a page: %s %s %s", resp.Proto, resp.Status, resp.Header.Get("Content-Type"))
	}
	for _, path := range []string{"/", "/api/v1/me", "/api/nothing"} {
		resp, _ := stranger.send("GET", path, nil)
		for name, want := range map[string]string{
			"Content-Security-Policy": "require-trusted-types-for 'script'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "r",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if !strings.Contains(resp.Header.Get(name), want) {
				t.Errorf("%s: %s: %q", path, name, resp.Header.Get(name))
			}
		}
		if resp.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: a certificate that signs itself binds browsers", path)
		}
	}
	plain, err := http.Get("http://" + d.address + "/")
	if err != nil || plain.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS: %v, %v", plain, err)
	} else {
		_ = plain.Body.Close()
	}
	d.end()
	d.out.Reset()
	d.start()
	if text := d.printed(); printedLink.MatchString(text) || printedPrint.FindStringSubmatch(text)[1] != print[1] {
		t.Errorf("started again, it prints\n%s", text)
	}
	anna.ask("GET", "me", nil, 200) // the session goes on
	anna.ask("POST", "me/logout", fields{}, 200)
	anna.ask("GET", "me", nil, 401)
	d.end()
}

// Who guesses passwords over the network raises an alert, by tocsin's own rules.
func TestConsoleGuessing(t *testing.T) {
	d := openDoorway(t, "", "")
	anna := d.admin()
	eve := d.browser()
	refused, limited := 0, 0
	for range 20 {
		switch resp, text := eve.send("POST", "/api/v1/login", fields{"user": "anna", "password": "wrong"}); resp.StatusCode {
		case http.StatusUnauthorized:
			refused++
		case http.StatusTooManyRequests:
			limited++
			if resp.Header.Get("Retry-After") == "" {
				t.Error("it is not said how long to wait")
			}
		default:
			t.Fatalf("%s: %s", resp.Status, text)
		}
	}
	if refused < 5 || limited == 0 {
		t.Errorf("%d refused, %d told to wait", refused, limited)
	}
	parts.Wait(t, time.Minute, "the alert", func() bool {
		return strings.Contains(d.local("alerts", "--each", "--json"), "Passwords of tocsin guessed from one address")
	})
	anna.ask("GET", "me", nil, 200) // nobody is kept out by it
	if out := d.local("search", "event.action:login-refused | stats count"); !strings.Contains(out, fmt.Sprint(refused)) {
		t.Errorf("of %d refusals the store has %s", refused, out)
	}
}

// writeCertificate makes a certificate for localhost, in two files of the doorway.
func (d *doorway) writeCertificate() {
	d.Helper()
	dir := d.TempDir()
	if _, _, err := identity.Certificate(dir, "", "", []string{"localhost", "tocsin.example.com"}, time.Now()); err != nil {
		d.Fatal(err)
	}
	for from, to := range map[string]string{"console.crt": "tls.crt", "console.key": "tls.key"} {
		text, err := os.ReadFile(filepath.Join(dir, from))
		if err != nil {
			d.Fatal(err)
		}
		d.put(to, string(text))
	}
}

// A certificate of one's own is served, binds browsers, and is taken into use when it changes, without an end of serve.
func TestConsoleCertificate(t *testing.T) {
	d := &doorway{T: t, dir: t.TempDir()}
	d.writeCertificate()
	text := func(name string) string {
		b, err := os.ReadFile(filepath.Join(d.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	w := openDoorway(t, "  cert: tls.crt\n  key: tls.key\n", "", "tls.crt", text("tls.crt"), "tls.key", text("tls.key"))
	b := w.browser()
	resp, _ := b.send("GET", "/api/v1/login/ways", nil)
	if !strings.HasPrefix(resp.Header.Get("Strict-Transport-Security"), "max-age=31536000") {
		t.Errorf("the answer has %v", resp.Header)
	}
	if printedPrint.MatchString(w.printed()) {
		t.Error("the fingerprint of a certificate of one's own is printed")
	}
	before := b.seen
	w.writeCertificate()
	if out := w.local("reload"); !strings.Contains(out, "reloaded") {
		t.Errorf("reload: %s", out)
	}
	again := w.browser()
	again.ask("GET", "login/ways", nil, 200)
	if again.seen == before {
		t.Error("the certificate is that of before")
	}
	// One that cannot be read changes nothing.
	w.put("tls.key", "nothing")
	w.local("reload")
	third := w.browser()
	third.ask("GET", "login/ways", nil, 200)
	if third.seen != again.seen || !strings.Contains(w.printed(), "stays in use") {
		t.Errorf("with files that are none: %s", w.printed())
	}
}

// What is under way when serve is asked to end is answered; streams end.
func TestConsoleEndsGracefully(t *testing.T) {
	d := openDoorway(t, "", "")
	anna := d.admin()
	tail := make(chan error, 1)
	began := make(chan struct{})
	go func() {
		r, err := http.NewRequest("GET", d.origin+"/api/v1/tail", nil)
		if err != nil {
			tail <- err
			return
		}
		r.Header = anna.header.Clone()
		client := *anna.client
		client.Timeout = 0
		resp, err := client.Do(r)
		close(began)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		tail <- err
	}()
	parts.Wait(t, 10*time.Second, "the stream", func() bool {
		select {
		case <-began:
			return true
		default:
			d.put("app.log", "a line\n")
			return false
		}
	})
	type done struct {
		status int
		err    error
	}
	logins := make(chan done, 4)
	for range cap(logins) {
		b := d.browser()
		b.ask("GET", "login/ways", nil, 200) // it is connected
		go func() {                          // each takes a while: two passwords are checked at a time
			r, err := http.NewRequest("POST", d.origin+"/api/v1/login", strings.NewReader(`{"user":"anna","password":"`+goodPassword+`"}`))
			if err != nil {
				logins <- done{0, err}
				return
			}
			r.Header = b.header.Clone()
			resp, err := b.client.Do(r)
			if err != nil {
				logins <- done{0, err}
				return
			}
			_ = resp.Body.Close()
			logins <- done{resp.StatusCode, nil}
		}()
	}
	first := <-logins // the others are under way
	d.end()
	for _, got := range []done{first, <-logins, <-logins, <-logins} {
		if got.err != nil || got.status != 200 {
			t.Errorf("a log-in that was under way: %d, %v", got.status, got.err)
		}
	}
	select {
	case <-tail:
	case <-time.After(10 * time.Second):
		t.Error("a stream goes on after serve has ended")
	}
}

// An address that somebody else has is told, and taken as soon as it is free; serve goes on meanwhile.
func TestConsoleAddressTaken(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	d := openDoorway(t, "  listen: https://"+other.Addr().String()+"\n", "")
	_, port, _ := strings.Cut(other.Addr().String(), ":")
	d.origin = "https://localhost:" + port
	if out := d.local("status"); !strings.Contains(d.printed(), "not reached yet") || !strings.Contains(out, "NOT REACHED") {
		t.Errorf("it prints\n%s\nand status says\n%s", d.printed(), out)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	parts.Wait(t, 20*time.Second, "the address", func() bool { return !strings.Contains(d.local("status"), "NOT REACHED") })
	b := d.browser()
	b.ask("GET", "login/ways", nil, 200)
	if out := d.local("status"); !strings.Contains(out, printedPrint.FindStringSubmatch(d.printed())[1]) || !strings.Contains(out, d.origin) {
		t.Errorf("status says\n%s", out)
	}
	// The first link has its hour; another is made where one may use the socket, and the first is void.
	first := printedLink.FindStringSubmatch(d.printed())[2]
	link := strings.TrimSpace(d.local("user", "link"))
	at, secret, _ := strings.Cut(link, "/first#")
	if at != d.origin || secret == first {
		t.Errorf("the link is %s", link)
	}
	b.ask("POST", "login/link", fields{"link": first, "name": "eve", "password": goodPassword}, 401)
	b.ask("POST", "login/link", fields{"link": secret, "name": "anna", "password": goodPassword}, 200)
	if out, status := d.tocsin(nil, "user", "link", "--config", d.config); status != exitFailed || !strings.Contains(out, "users already") {
		t.Errorf("a second one: %s", out)
	}
	if out := d.local("user", "link", "anna"); !strings.HasPrefix(out, d.origin+"/link#") {
		t.Errorf("a link for a password: %s", out)
	}
	d.end()
}
