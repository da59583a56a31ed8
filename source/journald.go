package source

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// JournalConfig says which of systemd's journals to follow, and what of it.
type JournalConfig struct {
	Matches   []string `yaml:"matches" doc:"Which entries to take, as for journalctl: FIELD=value; several of one field are alternatives; + stands for or."`
	Directory string   `yaml:"directory" path:"true" doc:"The folder of the journal files; without it, those of this machine."`
	From      string   `yaml:"from" default:"24h" doc:"Where to begin when nothing was read yet: an age (24h, 7d), begin or end."`
}

// JournalKind documents the input.
var JournalKind = Kind{
	Name:    "journal",
	Doc:     "Follows systemd's journal by journalctl, with all fields of its entries, and goes on where it was after a restart.",
	Example: "from: 24h\nmatches: [_SYSTEMD_UNIT=ssh.service, _TRANSPORT=audit]\n",
	Config:  &JournalConfig{},
}

// Journal is the live input of systemd's journal.
//
// It reads what `journalctl -o export --follow` prints. That is the form that systemd promises to keep (systemd.io,
// "Journal Export Formats"), with every field and the bytes of each value as they are, and as fast as its own library;
// the files themselves come compressed in three ways, in two layouts, and are written to while they are read.
type Journal struct {
	cfg    JournalConfig
	env    Env
	from   beginning
	flight *unanswered
	stream string
	pause  time.Duration // before journalctl is started again for the first time; it doubles
}

var journalMatch = regexp.MustCompile(`^(?:\+|[A-Z0-9_]+=(?s:.*))$`)

// NewJournal returns the input for a configuration.
func NewJournal(cfg JournalConfig, env Env) (*Journal, error) {
	var errs []error
	for _, m := range cfg.Matches {
		if !journalMatch.MatchString(m) || strings.ContainsRune(m, 0) {
			errs = append(errs, fmt.Errorf("journal: match %q is not of the form FIELD=value", m))
		}
	}
	from, err := parseBeginning(cfg.From)
	if err != nil {
		errs = append(errs, fmt.Errorf("journal: %w", err))
	}
	if strings.ContainsRune(cfg.Directory, 0) {
		errs = append(errs, fmt.Errorf("journal: directory %q is no path", cfg.Directory))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	j := &Journal{cfg: cfg, env: env, from: from, flight: newUnanswered(), pause: time.Second}
	j.stream = strings.ToValidUTF8(j.Name(), "\ufffd")
	return j, nil
}

// Name implements Input.
func (j *Journal) Name() string {
	parts := []string{"journal"}
	if j.cfg.Directory != "" {
		parts = append(parts, j.cfg.Directory)
	}
	return strings.Join(append(parts, j.cfg.Matches...), " ")
}

// journalPlace is Delivery.Position: the last entry that was read, and how much was before its end.
type journalPlace struct {
	Cursor string `json:"cursor"`
	Offset int64  `json:"off"`
	Line   int64  `json:"line"`
	Since  int64  `json:"since,omitzero"`
}

const (
	journalBlock  = 512 << 10
	journalQuiet  = 20 * time.Millisecond // after which no more waits
	journalTries  = 5                     // that may fail in a row before the input counts as broken
	maxJournalOut = 4 << 10               // of what journalctl complains about
)

// Run implements Input.
func (j *Journal) Run(ctx context.Context, to Intake) error {
	if !j.flight.settle(ctx) {
		return nil
	}
	program, err := exec.LookPath("journalctl")
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &journalReader{Journal: j, to: to, stop: stop, program: program, start: j.env.Now()}
	if err := r.resume(); err != nil {
		j.env.Log.Warn("the position in the journal cannot be read; it is read anew", "error", err)
	}
	for failed := 0; ; {
		read, err := r.child(ctx)
		if cause := context.Cause(ctx); cause != nil {
			if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
				return nil
			}
			return cause
		}
		if failed++; read {
			failed = 1
		}
		if failed >= journalTries {
			return fmt.Errorf("journal: %w", err)
		}
		j.env.Log.Warn("journalctl has ended and is started again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(j.pause << (failed - 1)):
		}
	}
}

// journalReader is one run of a Journal.
type journalReader struct {
	*Journal
	to      Intake
	stop    context.CancelCauseFunc
	program string
	start   time.Time

	place  journalPlace
	fresh  bool // the first entry of a child is yet to come
	buf    []byte
	skip   uint64 // bytes of a value that is left out, and are still to come
	origin *event.Origin
}

// resume begins where the journal was read to.
func (r *journalReader) resume() error {
	r.place = journalPlace{Line: 1}
	text := r.to.Position(r.stream)
	if text == "" {
		if r.from.age > 0 {
			r.place.Since = r.start.Add(-r.from.age).UnixNano()
		}
		return nil
	}
	var p journalPlace
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	if p.Cursor == "" || strings.ContainsRune(p.Cursor, 0) || p.Line < 1 || p.Offset < 0 {
		return errors.New("it holds no place")
	}
	r.place = p
	return nil
}

func (r *journalReader) arguments() []string {
	args := []string{"--output=export", "--all", "--quiet", "--no-pager", "--follow"}
	if r.cfg.Directory != "" {
		args = append(args, "--directory="+r.cfg.Directory)
	}
	switch {
	case r.place.Cursor != "": // and not after it: the entry itself tells whether the journal still has the place
		args = append(args, "--no-tail", "--cursor="+r.place.Cursor)
	case r.from.end:
		args = append(args, "--lines=0")
	case r.place.Since != 0:
		args = append(args, "--no-tail", "--since=@"+strconv.FormatInt(r.place.Since/1e9, 10))
	default:
		args = append(args, "--no-tail")
	}
	return append(append(args, "--"), r.cfg.Matches...)
}

// child runs journalctl and reads it until it ends or ctx is done. read tells whether an entry came.
func (r *journalReader) child(ctx context.Context) (read bool, err error) {
	in, out, err := os.Pipe()
	if err != nil {
		return false, err
	}
	defer in.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var said complaint
	cmd := exec.CommandContext(ctx, r.program, r.arguments()...)
	cmd.Stdout, cmd.Stderr = out, &said
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "SYSTEMD_COLORS=0", "SYSTEMD_LOG_LEVEL=warning"} // secrets may stand in ours
	cmd.WaitDelay = 300 * time.Millisecond
	if err := cmd.Start(); err != nil {
		_ = out.Close()
		return false, err
	}
	_ = out.Close()
	wake := context.AfterFunc(ctx, func() { _ = in.SetReadDeadline(time.Unix(1, 0)) })
	defer wake()
	r.buf, r.skip, r.fresh = r.buf[:0], 0, true
	line := r.place.Line
	err = r.read(ctx, in)
	cancel()
	if waited := cmd.Wait(); err == nil || errors.Is(err, io.EOF) {
		err = waited
	}
	if text := said.String(); text != "" {
		err = fmt.Errorf("%w: %s", cmp.Or(err, errJournalEnded), text)
	}
	return r.place.Line > line, cmp.Or(err, errJournalEnded)
}

var errJournalEnded = errors.New("journalctl ended")

// complaint keeps the first of what a program complains about.
type complaint struct{ text bytes.Buffer }

func (c *complaint) Write(p []byte) (int, error) {
	c.text.Write(p[:min(len(p), maxJournalOut-c.text.Len())])
	return len(p), nil
}

func (c *complaint) String() string {
	return strings.ToValidUTF8(strings.ReplaceAll(strings.TrimSpace(c.text.String()), "\n", "; "), "\ufffd")
}

// read sends the entries of a child until it ends.
func (r *journalReader) read(ctx context.Context, in *os.File) error {
	for {
		behind, err := r.fill(ctx, in)
		if errSend := r.send(ctx, behind); errSend != nil {
			return errSend
		}
		if err != nil {
			return err
		}
	}
}

// fill reads until a block is full, or nothing more comes for a moment. It tells whether more waits.
func (r *journalReader) fill(ctx context.Context, in *os.File) (more bool, err error) {
	start := len(r.buf)
	want := max(journalBlock, 2*start)
	if cap(r.buf) < want || cap(r.buf) > 4*journalBlock && want == journalBlock {
		r.buf = append(make([]byte, 0, want), r.buf...)
	}
	_ = in.SetReadDeadline(time.Time{})
	for len(r.buf) < want {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		n, err := in.Read(r.buf[len(r.buf):want])
		read := r.buf[len(r.buf) : len(r.buf)+n]
		if over := min(uint64(n), r.skip); over > 0 {
			r.skip -= over
			n = copy(read, read[over:])
		}
		r.buf = r.buf[:len(r.buf)+n]
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return false, ctx.Err()
		}
		if err != nil {
			return false, err
		}
		_ = in.SetReadDeadline(time.Now().Add(journalQuiet))
	}
	return true, nil
}

// send hands on the whole entries that were read.
func (r *journalReader) send(ctx context.Context, behind bool) error {
	walk := journalWalk{data: r.buf}
	for again := true; again; {
		for walk.entry() {
			if r.fresh {
				r.fresh = false
				r.first(&walk)
			}
		}
		if again = walk.over; again {
			r.omitLong(&walk)
			walk.data, walk.over = r.buf, false
			again = r.skip == 0
		}
	}
	if len(r.buf)-walk.size > event.MaxRecord {
		return fmt.Errorf("an entry without an end of more than %d MiB", event.MaxRecord>>20)
	}
	data := r.buf[walk.from:walk.size]
	rest := r.buf[walk.size:]
	if len(data) == 0 {
		r.buf = r.buf[:copy(r.buf, rest)]
		return nil
	}
	if now := r.env.Now(); r.origin == nil || now.Sub(r.origin.Reference) > time.Hour {
		r.origin = &event.Origin{Path: r.Name(), Format: "journal", Reference: now, Zone: r.env.Zone}
	}
	block := event.Block{Origin: r.origin, Data: string(data), Offset: r.place.Offset, First: r.place.Line}
	r.place.Cursor = walk.cursor
	r.place.Offset += int64(len(data))
	r.place.Line += int64(bytes.Count(data, newline))
	r.buf = r.buf[:copy(r.buf, rest)]
	place, err := json.Marshal(&r.place)
	if err != nil {
		return err
	}
	err = r.flight.send(ctx, r.to, Delivery{
		Block: block, Stream: r.stream, Position: string(place), Behind: behind, Since: r.place.Since,
	}, func(err error) { r.stop(fmt.Errorf("%s: not kept: %w", r.stream, err)) })
	if err != nil {
		r.stop(fmt.Errorf("%s: %w", r.stream, err)) // what was taken is known, what was not has to be read again
	}
	return err
}

// first looks at the first entry of a child that was asked to begin at a cursor: it is the one that was read last, or
// the journal has it no more.
func (r *journalReader) first(w *journalWalk) {
	if r.place.Cursor == "" {
		return
	}
	if w.cursor == r.place.Cursor {
		w.from = w.size
		return
	}
	why := "the journal no longer has the entry that was read last; what it has lost since then was not read"
	r.env.Log.Warn(why, "input", r.Name())
	r.to.Notice(Notice{Action: NoticeGap, Input: r.Name(), Stream: r.stream, Reason: why})
}

// journalWalk goes over the entries of the export format: a field a line, an empty line after each entry; a value that
// is no plain text follows its length, 64 bits little endian. What a value holds is never taken for the format.
type journalWalk struct {
	data   []byte
	size   int    // of the whole entries so far
	from   int    // where those begin that are new
	cursor string // of the last of them
	over   bool   // the value at field is longer than a record may be
	field  int
	length uint64
}

// entry takes the next entry, and returns false where it is not whole.
func (w *journalWalk) entry() bool {
	cursor := ""
	for at := w.size; ; {
		end := bytes.IndexByte(w.data[at:], '\n')
		if end < 0 {
			return false
		}
		line := w.data[at : at+end]
		start := at
		at += end + 1
		switch {
		case len(line) == 0:
			w.size = at
			if cursor != "" {
				w.cursor = cursor
			}
			return true
		case bytes.IndexByte(line, '=') >= 0:
			if text, ok := bytes.CutPrefix(line, []byte("__CURSOR=")); ok && cursor == "" {
				cursor = string(text)
			}
		case len(w.data)-at < 8:
			return false
		default:
			n := binary.LittleEndian.Uint64(w.data[at:])
			if at += 8; n > event.MaxRecord/2 {
				w.over, w.field, w.length = true, start, n
				return false
			}
			if at += int(n) + 1; at > len(w.data) {
				return false
			}
		}
	}
}

// omitLong leaves out the value at which a walk has stopped, which is longer than a record may be, with its name.
func (r *journalReader) omitLong(w *journalWalk) {
	name := string(w.data[w.field : w.field+bytes.IndexByte(w.data[w.field:], '\n')])
	r.env.Log.Warn("a long value of the journal is left out", "field", name, "bytes", w.length)
	r.to.Notice(Notice{
		Action: NoticeRefused, Input: r.Name(), Stream: r.stream, Count: int64(min(w.length, 1<<62)),
		Reason: fmt.Sprintf("field %.100q of an entry is longer than %d MiB and is left out", name, event.MaxRecord/2>>20),
	})
	value := w.field + len(name) + 1 + 8
	r.skip = min(w.length, 1<<62) + 1
	rest := r.buf[value:]
	n := min(uint64(len(rest)), r.skip)
	r.skip -= n
	r.buf = append(r.buf[:w.field], rest[n:]...)
}
