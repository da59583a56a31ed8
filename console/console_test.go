package console

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// office is a server that answers, with one tenant whose line runs.
type office struct {
	*Client
	line   *live.Line
	socket string
}

func open(t *testing.T) *office {
	t.Helper()
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	events, err := store.Open(filepath.Join(dir, "events"), store.Options{MinFree: 1})
	must(err)
	known, err := state.Open(ctx, filepath.Join(dir, "state.db"), state.Options{})
	must(err)
	engine, err := detect.New(nil, nil, sigma.BuiltinLogSources(), detect.Options{})
	must(err)
	line, err := live.Open(live.Options{
		Dir: dir, Engine: engine, Store: events, State: known, Log: slog.New(slog.DiscardHandler), MinFree: 1,
		Parser: func(name string, env *parse.Env) parse.Parser {
			for _, f := range parse.Formats {
				if f.Name == name {
					return f.NewParser(env)
				}
			}
			return nil
		},
	})
	must(err)
	o := &office{line: line, socket: filepath.Join(dir, "s.sock")}
	l, err := Listen(ctx, o.socket, "")
	must(err)
	done := make(chan error, 2)
	go func() { done <- line.Run(ctx) }()
	s := &Server{Tenants: []Tenant{{Name: "main", Line: line, Store: events, State: known}}, Status: func() *Status {
		return &Status{Tenants: []TenantStatus{{Name: "main", Inputs: []string{}, Status: line.Status()}}}
	}}
	go func() { done <- s.Serve(ctx, l) }()
	o.Client, err = Dial(ctx, o.socket)
	must(err)
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, <-done, line.Close(), known.Close(), events.Close()); err != nil {
			t.Error(err)
		}
	})
	return o
}

func (o *office) bring(t *testing.T, text string) {
	t.Helper()
	d := source.Delivery{Block: event.Block{Origin: &event.Origin{Path: "a", Format: "syslog"}, Data: text + "\n", First: 1}}
	if err := o.line.Send(t.Context(), d); err != nil {
		t.Error(err)
	}
}

// The socket is for its user, and one process has it.
func TestSocket(t *testing.T) {
	o := open(t)
	info, err := os.Stat(o.socket)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %o", info.Mode().Perm())
	}
	if l, err := Listen(t.Context(), o.socket, ""); err == nil {
		_ = l.Close()
		t.Error("two processes listen at one socket")
	}
	gone := filepath.Join(t.TempDir(), "gone.sock")
	if _, err := Dial(t.Context(), gone); !errors.Is(err, ErrNotRunning) {
		t.Errorf("where there is no socket: %v", err)
	}
	if l, err := Listen(t.Context(), gone, "no-such-group"); err == nil {
		_ = l.Close()
		t.Error("a socket was given to a group that is not")
	}
	if _, err := os.Stat(gone); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a socket was left that nobody may use: %v", err)
	}
}

// What is asked wrongly is answered with what is wrong, and never with a failure of the server.
func TestProblems(t *testing.T) {
	o := open(t)
	for _, c := range []struct {
		path string
		args url.Values
		want string
	}{
		{"nothing", nil, "there is nothing at"},
		{"search", url.Values{"q": {"user.name:("}}, "^"},
		{"search", url.Values{"q": {"a"}, "since": {"yesterday"}}, "is no time such as"},
		{"search", url.Values{"q": {"a"}, "limit": {"-1"}}, ">= 0"},
		{"search", url.Values{"q": {"a"}, "limit": {"99999999999999999999"}}, "is no whole number"},
		{"search", url.Values{"q": {"a"}, "tenant": {"../x"}}, "there is no tenant"},
		{"tail", url.Values{"q": {"a | stats count"}}, "no | is possible"},
		{"hits", url.Values{"order": {"random"}}, "newest, oldest"},
		{"hits", url.Values{"level": {"x"}}, "is no whole number"},
		{"hits", url.Values{"after": {"nonsense"}}, "nonsense"},
		{"hits", url.Values{"ordre": {"newest"}}, "there is no such argument"},
		{"hits/nothing", nil, "there is no hit nothing"},
		{"search/fields", url.Values{"q": {"\"open"}}, "^"},
	} {
		var into any
		err := o.Get(t.Context(), c.path, c.args, &into)
		var p *Problem
		if !errors.As(err, &p) || p.Status >= 500 || !strings.Contains(p.Error(), c.want) {
			t.Errorf("%s %v: %v", c.path, c.args, err)
		}
	}
}

// Who watches sees what comes in, and leaves nothing behind when they go; too many cannot.
func TestTails(t *testing.T) {
	o := open(t)
	o.bring(t, "Nov 21 03:00:01 web1 app[7]: before")
	for o.line.Status().Kept == 0 {
		time.Sleep(time.Millisecond)
	}
	before := runtime.NumGoroutine()
	ctx, stop := context.WithCancel(t.Context())
	seen := make(chan string, 100)
	ended := make(chan error, 100)
	watch := func() {
		ended <- o.Lines(ctx, "tail", url.Values{"q": {"teapot"}}, func(line []byte) error {
			seen <- string(line)
			return nil
		})
	}
	const most = 32
	for range most {
		go watch()
	}
	count := 0
	for end := time.Now().Add(20 * time.Second); count < most && time.Now().Before(end); { // until all watch, and see one
		o.bring(t, "Nov 21 03:00:01 web1 app[7]: a teapot")
		for quiet := false; !quiet; {
			select {
			case line := <-seen:
				if !strings.Contains(line, "a teapot") {
					t.Errorf("not what was asked for: %s", line)
				}
				count++
			case <-time.After(200 * time.Millisecond):
				quiet = true
			}
		}
		if count < most {
			count = 0
		}
	}
	if count < most {
		t.Errorf("%d of %d have seen it", count, most)
	}
	watch()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "too many watch") {
		t.Errorf("one more: %v", err)
	}
	stop()
	for range most {
		<-ended
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before+8; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, before %d:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
