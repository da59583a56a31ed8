package main

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

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/notify"
	"github.com/tocsin-sec/tocsin/sight"
)

// serve is the command `tocsin serve`.
type serve struct {
	std     streams
	config  string
	data    string
	quiet   bool
	verbose bool
	log     *slog.Logger

	started   time.Time
	dir       string
	lock      *os.File   // held while the folder is ours
	mu        sync.Mutex // of what follows; held while reloading
	settings  *settings
	rules     *ruleSet
	off       switches          // rules that people have turned off
	directory *notify.Directory // who is told of what
	tenants   []*tenant         // the main one first
	sizes     map[string]sized  // of tenants' events
	ending    bool              // inputs are being stopped; no more are started
	found     *crier

	response   *response
	doors      *doors
	front      *front
	indicators *sight.Indicators
	feeds      *feeds
}

func newServe(std streams) *cobra.Command {
	s := &serve{std: std}
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Watch logs for ever: take in, match, keep, tell",
		Long: `Watch logs for ever. Without a configuration it finds what this machine logs (the journal, files below /var/log),
begins a day back, and takes in syslog and HTTP on the loopback. The rules are those of hunt, and so are the hits. Events
and hits are kept in one folder; tocsin search, tail and alerts find them, while serve runs and also when it does not.

tocsin.yml refines all of it: tocsin config prints every key, tocsin check looks for mistakes. SIGHUP or tocsin reload
reads it and the rules anew. What was acknowledged to a sender is on disk: pulling the plug loses nothing.

Exit status: 0 stopped as asked, 2 failed.`,
		Example: `  tocsin serve
  tocsin serve --config /etc/tocsin/tocsin.yml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&s.config, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
	f.StringVar(&s.data, "data", "", "`folder` to keep everything in (default /var/lib/tocsin as root, else in the user's state folder)")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "tell nothing but failures")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "tell what it does, and hits of every level")
	return cmd
}

// run serves until ctx is done.
func (s *serve) run(ctx context.Context) (err error) {
	s.started = time.Now()
	level := slog.LevelWarn
	if s.verbose {
		level = slog.LevelDebug
	}
	s.log = slog.New(slog.NewTextHandler(s.std.err, &slog.HandlerOptions{Level: level}))
	if s.settings, _, err = readSettings(s.config); err != nil {
		return err
	}
	s.found = newCrier(s)
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
	socket, err := console.Listen(ctx, socketPath(s.dir), s.settings.Group)
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
	s.audit(ctx, "tocsin", "start", versionText())
	s.greet(ctx)
	running.Go(func() { s.found.run(lines) })
	s.attend(ctx, lines)
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	stopInputs()
	for _, t := range s.tenants {
		t.feeding.Wait()
	}
	endFront() // who has asked is answered before what could answer is gone
	s.audit(context.WithoutCancel(ctx), "tocsin", "stop", "")
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
const besideHeap = 48

// open takes the folder, loads the rules and opens the tenants.
func (s *serve) open(ctx context.Context) error {
	s.dir = stateFolder(s.data, s.settings)
	if s.dir == "" {
		return withHint(errors.New("serve: there is no folder to keep things in: the user has no home"), "name one with --data")
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
	set, err := loadRules(s.serveRules(s.settings))
	if err != nil {
		return err
	}
	s.rules = set
	if s.directory, err = notify.Compile(s.settings.notifying(), notifyEnv(s.log)); err != nil {
		return withHint(err, "tocsin check shows where it stands")
	}
	if err := s.openIntel(); err != nil {
		return err
	}
	if err := s.openTenant(ctx, mainTenant, &s.settings.site); err != nil {
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
		if _, err := console.Dial(ctx, socketPath(s.dir)); err == nil {
			break
		}
		if time.Now().After(end) || ctx.Err() != nil {
			break
		}
	}
	process := ""
	if c, err := console.Dial(ctx, socketPath(s.dir)); err == nil {
		var st console.Status
		if c.Get(ctx, "status", nil, &st) == nil {
			process = fmt.Sprintf(", process %d", st.Process)
		}
	}
	return withHint(fmt.Errorf("serve: another tocsin serve works in %s%s", s.dir, process), "stop that one first, or name another folder with --data")
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

// stateFolder returns where serve keeps everything; "" where the user has no home.
func stateFolder(flag string, s *settings) string {
	if flag != "" {
		return flag
	}
	if s.Data != "" {
		return s.Data
	}
	if os.Geteuid() == 0 {
		return filepath.Join("/var", "lib", "tocsin")
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tocsin")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "state", "tocsin")
	}
	return ""
}

// socketPath returns where a process with that folder answers.
func socketPath(dir string) string { return filepath.Join(dir, "tocsin.sock") }
