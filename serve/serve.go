// Package serve is the process that `tocsin serve` is: tenants, each with its line, store, state and inputs; who is told, what is
// done, and the console's door to the network; put together from the rooms that do the work, by the keys of tocsin.yml.
//
// Run serves until its context is done, and then finishes what was taken in. A signal to hang up, or a request to the API,
// makes it read the configuration and the rules anew; with any mistake in them everything stays as it was. One process serves a
// folder at a time, held by a lock that ends with it. Left.Ask asks that process, and stands in for it where none runs, so that
// what is kept can always be asked.
//
// It writes to nothing but its folder, its log, and what the configuration names. What a person is to see is handed to the
// caller (Options.Found, Options.Tell). Everything in it that several goroutines use is guarded where it is declared.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/sight"
	"github.com/tocsin-sec/tocsin/terminal"
)

// Options say what is served, and to whom it is told.
type Options struct {
	Config  string // the configuration file; "": the first of the usual places that has one
	Data    string // the folder in which everything is kept; "": what the configuration says
	Version string // of the program
	Log     *slog.Logger

	// Found is told incidents when they begin and change, once they are kept. It must not wait. nil: nobody is told.
	Found func([]*alert.Incident)
	// Tell is called once everything runs, on a goroutine of its own, and may go on until its context is done. nil: nobody
	// is greeted, and no link for the first administrator is made.
	Tell func(ctx context.Context, g *Greeting)
}

// serve is the process that serves.
type serve struct {
	Options
	log *slog.Logger

	started   time.Time
	dir       string
	lock      *os.File   // held while the folder is ours
	mu        sync.Mutex // of what follows; held while reloading
	settings  *settings.File
	rules     *rules.Set
	off       switches          // rules that people have turned off
	directory *notify.Directory // who is told of what
	tenants   []*tenant         // the main one first
	sizes     map[string]sized  // of tenants' events
	ending    bool              // inputs are being stopped; no more are started

	response   *response
	doors      *doors
	front      *front
	indicators *sight.Indicators
	feeds      *subscriptions
}

// Run serves until ctx is done. What was taken in by then is finished.
func Run(ctx context.Context, opt Options) (err error) {
	s := &serve{Options: opt, log: opt.Log, started: time.Now()}
	if s.settings, _, err = settings.Read(s.Config); err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return errors.Join(err, s.close())
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.openFront(ctx); err != nil {
		return err
	}
	if err := s.openResponse(true); err != nil {
		return err
	}
	defer s.response.close()
	if err := s.openIdentity(); err != nil {
		return err
	}
	socket, err := console.Listen(ctx, settings.SocketPath(s.dir), s.settings.Group)
	if err != nil {
		return err
	}
	// The lines go on after the inputs have ended, to finish what was taken in.
	inputs, stopInputs := context.WithCancel(ctx)
	defer stopInputs()
	lines, stopLines := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopLines(nil)
	var running sync.WaitGroup
	for _, t := range s.tenants {
		running.Go(func() {
			if err := t.line.Run(lines); err != nil {
				stopLines(fmt.Errorf("tenant %s: %w", t.name, err))
			}
		})
		running.Go(func() {
			if err := t.tell(lines); err != nil {
				stopLines(fmt.Errorf("tenant %s: %w", t.name, err))
			}
		})
		t.feed(inputs)
		running.Go(func() { s.maintain(inputs, t) })
	}
	answers := s.answers()
	running.Go(func() {
		if err := answers.Serve(lines, socket); err != nil {
			stopLines(err)
		}
	})
	endFront := s.front.start(lines, s.console(answers.Handler()))
	running.Go(func() { s.feeds.keep(inputs) })
	running.Go(func() { s.response.run(inputs) })
	running.Go(func() { s.doors.run(lines, s) })
	s.audit(ctx, "tocsin", "start", s.Version)
	if s.Tell != nil {
		greeting := s.greeting(ctx)
		running.Go(func() { s.Tell(lines, greeting) })
	}
	s.attend(ctx, lines)
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	stopInputs()
	for _, t := range s.tenants {
		t.feeding.Wait()
	}
	endFront() // who has asked is answered before what could answer is gone
	s.audit(ctx, "tocsin", "stop", "")
	stopLines(context.Canceled)
	running.Wait()
	if cause := context.Cause(lines); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// attend waits until ctx or the lines end, and reloads when it is asked to.
func (s *serve) attend(ctx, lines context.Context) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	daily := time.NewTicker(time.Hour)
	defer daily.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-lines.Done():
			return
		case <-hangups:
			if _, err := s.reload(console.WithActor(ctx, "SIGHUP")); err != nil {
				s.log.Error("not reloaded; what was in force still is", "error", err)
			}
		case <-daily.C:
			s.tidy(ctx)
		}
	}
}

// tidy lets go of what is too old.
func (s *serve) tidy(ctx context.Context) {
	if err := s.doors.Sweep(ctx); err != nil {
		s.log.Warn("old sessions could not be removed", "error", err)
	}
	for _, t := range s.tenants {
		if err := t.tidyOutbox(ctx); err != nil {
			s.log.Warn("old messages could not be removed", "tenant", t.name, "error", err)
		}
		if age := t.site.Retention.Hits; age > 0 {
			if _, err := t.state.DeleteHits(ctx, time.Now().Add(-age).UnixNano()); err != nil {
				s.log.Warn("old hits could not be removed", "tenant", t.name, "error", err)
			}
			if _, err := t.state.DeleteAlerts(ctx, time.Now().Add(-age).UnixNano()); err != nil {
				s.log.Warn("old alerts could not be removed", "tenant", t.name, "error", err)
			}
		}
	}
}

// besideHeap is the memory that serve takes beside what the runtime counts, in MiB: the program itself and SQLite's pages,
// less what the event engine has reserved for compressing and never touches.
const besideHeap = 32

// open takes the folder, loads the rules and opens the tenants.
func (s *serve) open(ctx context.Context) error {
	s.dir = settings.StateFolder(s.Data, s.settings)
	if s.dir == "" {
		return terminal.WithHint(errors.New("serve: there is no folder to keep things in: the user has no home"), "name one with --data")
	}
	if err := s.claim(ctx); err != nil {
		return err
	}
	memory := int64(280)
	if s.settings.Memory > 0 {
		memory = int64(s.settings.Memory)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(max(memory-besideHeap, memory/2) << 20)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(100)
	}
	set, err := settings.LoadRules(s.serveRules(s.settings))
	if err != nil {
		return err
	}
	s.rules = set
	if s.directory, err = notify.Compile(s.settings.Notifying(), settings.NotifyEnv(s.Version, s.log)); err != nil {
		return terminal.WithHint(err, "tocsin check shows where it stands")
	}
	if err := s.openIntel(); err != nil {
		return err
	}
	if err := s.openTenant(ctx, settings.MainTenant, &s.settings.Site); err != nil {
		return err
	}
	for name, site := range s.settings.Tenants {
		if err := s.openTenant(ctx, name, &site); err != nil {
			return err
		}
	}
	return nil
}

// claim makes the folder in which everything is kept, and sees to it that no other process serves it.
func (s *serve) claim(ctx context.Context) error {
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(s.dir, "tenants"), 0o700); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	var err error
	for end := time.Now().Add(folderPatience); ; time.Sleep(20 * time.Millisecond) { // a command may have it for a moment
		if s.lock, err = lockFile(filepath.Join(s.dir, "serve.lock")); !errors.Is(err, errLocked) {
			return err
		}
		if _, err := console.Dial(ctx, settings.SocketPath(s.dir)); err == nil {
			break
		}
		if time.Now().After(end) || ctx.Err() != nil {
			break
		}
	}
	process := ""
	if c, err := console.Dial(ctx, settings.SocketPath(s.dir)); err == nil {
		var st console.Status
		if c.Get(ctx, "status", nil, &st) == nil {
			process = fmt.Sprintf(", process %d", st.Process)
		}
	}
	return terminal.WithHint(fmt.Errorf("serve: another tocsin serve works in %s%s", s.dir, process), "stop that one first, or name another folder with --data")
}

func (s *serve) close() error {
	var errs []error
	for _, t := range s.tenants {
		errs = append(errs, t.close())
	}
	s.tenants = nil
	errs = append(errs, s.front.close())
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
