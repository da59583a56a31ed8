package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// FilesConfig says which files to follow.
type FilesConfig struct {
	Paths   []string      `yaml:"paths" path:"true" doc:"Files, folders (with all below them) and globs (* ? [ ] and ** for any number of folders)."`
	Exclude []string      `yaml:"exclude" path:"glob" doc:"Globs of what to leave out; one without a slash is compared with the name alone."`
	From    string        `yaml:"from" default:"24h" doc:"Where to begin with files that were never read: an age (24h, 7d), begin or end. With an age, what was written to within it is read, and events that are older are left out."`
	Format  string        `yaml:"format" doc:"The format of all of them, where it is not to be recognised by their content."`
	Poll    time.Duration `yaml:"poll" default:"10s" doc:"How often to look for what the system did not tell, as on network file systems."`

	told []string // paths that may not be read, as the user was told at the start
}

// FilesKind documents the input.
var FilesKind = Kind{
	Name:    "files",
	Doc:     "Follows files as they grow, through rotation and truncation, and goes on where it was after a restart.",
	Example: "- paths: [/var/log/nginx/*.log, /srv/**/app.log]\n  exclude: ['*.debug.log']\n  from: 7d\n",
	Config:  &FilesConfig{},
}

// Follower is the live input of files. It gives every line once, in the order in which it was written under its name,
// with the line number and offset that it has in its file.
//
// A file is known by its inode, its first bytes and the bytes before the place up to which it was read, so it is found
// again after it was renamed, copied and truncated, or compressed, also when that happened while nobody looked: the
// rest of each older generation is read first, oldest first, then the file that has the name now. Archives, compressed
// files and event logs are read whole once they are not written to any more.
//
// A Follower runs one goroutine for all files, one that takes the kernel's events, and one at most that reads a whole
// file; its memory does not grow with what waits in the files.
type Follower struct {
	cfg    FilesConfig
	env    Env
	from   beginning
	pauses pauses
	deaf   bool // the system is not asked to tell
	flight *unanswered
}

// beginning is where to begin with files that were never read.
type beginning struct {
	age time.Duration // 0: as begin and end say
	end bool
}

// parseBeginning reads an age, "begin" or "end".
func parseBeginning(text string) (beginning, error) {
	switch text {
	case "begin":
		return beginning{}, nil
	case "end":
		return beginning{end: true}, nil
	case "":
		return beginning{age: 24 * time.Hour}, nil
	}
	age, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		age = time.Duration(n * 24 * float64(time.Hour))
	}
	if err != nil || age <= 0 {
		return beginning{}, fmt.Errorf("from %q: neither begin, end nor an age such as 24h or 7d", text)
	}
	return beginning{age: age}, nil
}

// NewFollower returns the input for a configuration. That a path names nothing is no mistake: it may come to be.
func NewFollower(cfg FilesConfig, env Env) (*Follower, error) {
	var errs []error
	if len(cfg.Paths) == 0 {
		errs = append(errs, errors.New("files: no paths"))
	}
	for _, p := range append(append([]string(nil), cfg.Paths...), cfg.Exclude...) {
		if p == "" || p == "-" {
			errs = append(errs, fmt.Errorf("files: %q is no path", p))
		}
		if _, err := filepath.Match(p, ""); err != nil {
			errs = append(errs, fmt.Errorf("files: pattern %s: %w", p, err))
		}
	}
	from, err := parseBeginning(cfg.From)
	if err != nil {
		errs = append(errs, fmt.Errorf("files: %w", err))
	}
	if cfg.Poll < 0 || cfg.Poll > 0 && cfg.Poll < 10*time.Millisecond {
		errs = append(errs, fmt.Errorf("files: poll %s is too short", cfg.Poll))
	}
	if cfg.Format != "" && (env.Splitter == nil || env.Splitter(cfg.Format) == nil) {
		errs = append(errs, fmt.Errorf("files: no format %q", cfg.Format))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	cfg.Poll = cmp.Or(cfg.Poll, 10*time.Second)
	if env.Now == nil {
		env.Now = time.Now
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	return &Follower{cfg: cfg, env: env, from: from, pauses: usualPauses, flight: newUnanswered()}, nil
}

// Name implements Input.
func (f *Follower) Name() string { return "files " + strings.Join(f.cfg.Paths, " ") }

// Run implements Input.
func (f *Follower) Run(ctx context.Context, to Intake) error {
	if !f.flight.settle(ctx) {
		return nil
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	run := newFollowing(ctx, stop, f, to)
	w, err := newWatch(f.deaf)
	if err != nil {
		f.env.Log.Warn("the system does not tell when files change; they are looked at by the clock", "error", err)
	}
	run.watch = w
	defer run.end()
	return run.loop()
}

// following is one run of a Follower. All but the reading of whole files is done by the goroutine of Run.
type following struct {
	*Follower
	ctx    context.Context
	stop   context.CancelCauseFunc // for good: a delivery was refused
	to     Intake
	reader tailReader
	watch  *watch
	start  time.Time

	series map[string]*series
	set    map[string]bool // the files that the paths stand for
	older  map[string]bool // names of which the set holds older generations
	queue  []*series
	due    map[*series]time.Time
	denied map[string]bool // paths that the walk could not look at
	open   int             // about how many files are open
	swept  time.Time

	whole    []*series // that wait for a file to be read whole
	reading  *series
	finished chan error
	workers  sync.WaitGroup
}

func newFollowing(ctx context.Context, stop context.CancelCauseFunc, f *Follower, to Intake) *following {
	run := &following{
		Follower: f, ctx: ctx, stop: stop, to: to, start: f.env.Now(),
		series: map[string]*series{}, set: map[string]bool{}, due: map[*series]time.Time{}, denied: map[string]bool{},
		finished: make(chan error, 1),
	}
	run.reader = tailReader{env: f.env, forced: f.cfg.Format, block: followBlock, notice: run.note}
	return run
}

// followBlock is the size of most blocks, in bytes.
const followBlock = 512 << 10

func (f *following) now() time.Time { return f.env.Now() }

// since returns Delivery.Since for what was there at the start.
func (f *following) since() int64 {
	if f.from.age == 0 {
		return 0
	}
	return f.start.Add(-f.from.age).UnixNano()
}

// wanted tells whether a file that was last written then is to be read from its beginning.
func (f *following) wanted(mod time.Time) bool {
	return !f.from.end && (f.from.age == 0 || !mod.Before(f.start.Add(-f.from.age)))
}

// hand sends a delivery, and ends the run if it is refused: what follows it would leave a hole.
func (f *following) hand(d Delivery) error {
	err := f.flight.send(f.ctx, f.to, d, func(err error) {
		f.stop(fmt.Errorf("%s: not kept: %w", d.Stream, err))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", d.Stream, err)
	}
	return nil
}

func (f *following) tell(action, stream string, count int64, why string) {
	f.env.Log.Warn(why, "input", "files", "action", action)
	f.to.Notice(Notice{Action: action, Input: f.Name(), Stream: stream, Count: count, Reason: why})
}

func (f *following) note(t *tail, offset int64, why string) {
	if offset > 0 {
		why = fmt.Sprintf("at byte %d: %s", offset, why)
	}
	f.tell(NoticeUnreadable, "", 0, t.path+": "+why)
}
