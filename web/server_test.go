package web_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/demo"
	"github.com/tocsin-sec/tocsin/internal/contract"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/web"
)

// apart is set in the test's own second run, in a network namespace of its own: there what is blocked is blocked for nobody.
const apart = "TOCSIN_WEB_APART"

// TestMain runs the tests in a network namespace of their own, where that can be made.
func TestMain(m *testing.M) {
	if os.Getenv(apart) == "" && os.Geteuid() == 0 && !short() {
		try := exec.Command("unshare", "--net", "sh", "-c", "ip link set lo up")
		if try.Run() == nil {
			args := append([]string{"--net", "sh", "-c", `ip link set lo up && exec "$0" "$@"`}, os.Args...)
			cmd := exec.Command("unshare", args...)
			cmd.Env = append(os.Environ(), apart+"=1")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
			if err := cmd.Run(); err != nil {
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	code := m.Run()
	if program.dir != "" {
		_ = os.RemoveAll(program.dir)
	}
	os.Exit(code)
}

func short() bool {
	for _, a := range os.Args {
		if strings.HasPrefix(a, "-test.list") {
			return true
		}
	}
	return false
}

// program is tocsin, built once.
var program struct {
	once      sync.Once
	dir, path string
	err       error
}

func build(t *testing.T) string {
	t.Helper()
	if !web.Built() {
		parts.Missing(t, "the program has no pages; make pages makes them")
	}
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "tocsin-web-"); program.err != nil {
			return
		}
		program.path = filepath.Join(program.dir, "tocsin")
		cmd := exec.Command("sh", "-c", `go run ./internal/packrules && go build -trimpath -tags packed -ldflags "-s -w" -o "$0" ./cmd/tocsin`, program.path) // as make build does
		cmd.Dir, cmd.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			program.err = fmt.Errorf("build tocsin: %w\n%s", err, out)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return program.path
}

// server is a real serve with the night of the demonstration in it, and its first administrator.
type server struct {
	t      *testing.T
	origin string
	link   string // by which the first administrator is made
	logs   string // the folder that it watches
	client *http.Client
	api    *contract.Document // which it keeps to

	args []string // of the program
	cmd  *exec.Cmd
}

const (
	userName = "lena"
	password = "four horses on the tram"
)

// serve starts one; night tells whether there is something in it.
func serve(t *testing.T, night bool) *server {
	t.Helper()
	return serveAt(t, night, 0, "")
}

// serveAt starts one at a port, with more settings: of its console first.
func serveAt(t *testing.T, night bool, port int, settings string) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{t: t, logs: filepath.Join(dir, "logs")}
	if err := os.Mkdir(s.logs, 0o700); err != nil {
		t.Fatal(err)
	}
	if night {
		for name, data := range demo.Logs(time.Now().Add(-demo.Length).Truncate(time.Second)) {
			if err := os.WriteFile(filepath.Join(s.logs, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	config := filepath.Join(dir, "tocsin.yml")
	text := "inputs:\n  files:\n    - paths: [logs/*]\n      from: begin\nconsole:\n  listen: 127.0.0.1:" + strconv.Itoa(port) + "\n" + settings
	if os.Getenv(apart) == "" {
		text += "respond:\n  kinds: [webhook]\n" // nothing of this machine is touched
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.args = []string{"serve", "--config", config, "--data", filepath.Join(dir, "data")}
	out := s.start()
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			select {
			case lines <- scan.Text():
			default:
			}
		}
	}()
	timeout := time.After(60 * time.Second)
	for s.link == "" {
		select {
		case <-timeout:
			t.Fatal("serve did not say where its console is within a minute")
		case line, ok := <-lines:
			if !ok {
				t.Fatal("serve has ended")
			}
			for _, word := range strings.Fields(line) {
				if at, secret, ok := strings.Cut(word, "#"); ok && strings.HasPrefix(at, "http://localhost:") {
					u, err := url.Parse(at)
					if err != nil {
						t.Fatal(err)
					}
					s.origin, s.link = "http://"+u.Host, u.Path+"#"+secret
				}
			}
		}
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.api = contract.Read(t, "../docs/reference/openapi.json")
	s.client = &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: s.api.Transport(t, http.DefaultTransport)}
	return s
}

// start runs the program; it returns what that prints.
func (s *server) start() io.Reader {
	s.t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(build(s.t), s.args...)
	s.cmd.Stdout = in
	parts.Start(s.t, s.cmd)
	_ = in.Close()
	return out
}

// first makes the first administrator.
func (s *server) first() {
	s.t.Helper()
	_, secret, _ := strings.Cut(s.link, "#")
	s.post("/login/link", map[string]any{"link": secret, "name": userName, "full_name": "Lena Haas", "password": password}, nil)
}

// theAttack is the gravest of the night, on the web server, whose address can be blocked.
const theAttack, attacker = "Script uploaded to the web server and then called", "203.0.113.66"

// awaitNight waits until the night was read; it returns the incidents and the key of theAttack.
func (s *server) awaitNight() (list []incident, attack string) {
	s.t.Helper()
	parts.Wait(s.t, 60*time.Second, "the incidents of the night", func() bool {
		list, attack = s.incidents(""), ""
		for _, i := range list {
			if i.Title == theAttack {
				attack = i.Key
			}
		}
		return len(list) >= 6 && attack != "" && s.waiting() == 0
	})
	return list, attack
}

// waiting is how much was taken in and is not in the store yet.
func (s *server) waiting() int {
	s.t.Helper()
	var st struct{ Tenants []struct{ Waiting int } }
	s.get("/status", &st)
	return st.Tenants[0].Waiting
}

type incident struct {
	Key, Title, Level, Status, Verdict, Owner, Note string
}

func (s *server) incidents(query string) []incident {
	s.t.Helper()
	var page struct{ Items []incident }
	s.get("/incidents?limit=500&status=any"+query, &page)
	return page.Items
}

func (s *server) get(path string, to any) {
	s.t.Helper()
	r, err := s.client.Get(s.origin + "/api/v1" + path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.read(path, r, to)
}

func (s *server) post(path string, body, to any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := s.client.Post(s.origin+"/api/v1"+path, "application/json", bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	s.read(path, r, to)
}

func (s *server) read(path string, r *http.Response, to any) {
	s.t.Helper()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s: %s %v", path, r.Status, text, err)
	}
	if to != nil {
		if err := json.Unmarshal(text, to); err != nil {
			s.t.Fatal(err)
		}
	}
}

// write appends to a log that the server watches.
func (s *server) write(name, text string) {
	s.t.Helper()
	f, err := os.OpenFile(filepath.Join(s.logs, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		s.t.Fatal(err)
	}
}
