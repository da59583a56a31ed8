package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// newEngine makes an engine of the built-in rules.
func newEngine(tb testing.TB) *detect.Engine {
	tb.Helper()
	loaded, err := rules.Load([]string{rules.BuiltinPath}, rules.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	set, _ := sigma.Collect(loaded.Rules)
	runnable, _ := detect.Runnable(set.Correlations)
	e, err := detect.New(set.Rules, runnable, sigma.BuiltinLogSources(), detect.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// site is a tenant's folder with a line that is opened again and again.
type site struct {
	tb     testing.TB
	dir    string
	store  *store.Embedded
	state  *state.State
	engine *detect.Engine
	line   *Line
	change func(*Options) // of each line that is opened
}

func newSite(tb testing.TB) *site {
	tb.Helper()
	return newSiteWith(tb, nil)
}

func newSiteWith(tb testing.TB, change func(*Options)) *site {
	tb.Helper()
	s := &site{tb: tb, dir: tb.TempDir(), engine: newEngine(tb), change: change}
	s.open()
	return s
}

func (s *site) open() {
	s.tb.Helper()
	var err error
	if s.store, err = store.Open(filepath.Join(s.dir, "events"), store.Options{MinFree: 1}); err != nil {
		s.tb.Fatal(err)
	}
	if s.state, err = state.Open(context.Background(), filepath.Join(s.dir, "state.db"), state.Options{}); err != nil {
		s.tb.Fatal(err)
	}
	opt := Options{
		Dir: s.dir, Engine: s.engine, Parser: formats.Parser, Store: s.store, State: s.state, Log: slog.New(slog.DiscardHandler),
		Jobs: 3, Settle: time.Minute, Checkpoint: 200 * time.Millisecond, MinFree: 1,
		Grace: 5 * time.Minute, // however busy the machine is
	}
	if s.change != nil {
		s.change(&opt)
	}
	s.line, err = Open(opt)
	if err != nil {
		s.tb.Fatal(err)
	}
}

// run runs the line while f sends to it.
func (s *site) run(f func()) {
	s.tb.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.line.Run(ctx) }()
	f()
	stop()
	if err := <-done; err != nil {
		s.tb.Fatal(err)
	}
}

// close ends it as a process does that is told to.
func (s *site) close() {
	s.tb.Helper()
	if err := errors.Join(s.line.Close(), s.state.Close(), s.store.Close()); err != nil {
		s.tb.Fatal(err)
	}
}

// finish gives out what correlations still hold, as if nothing more would ever come.
func (s *site) finish() {
	s.tb.Helper()
	a := s.line.applied
	a.live.Finish(a.correlated)
	if err := a.putHits(context.Background()); err != nil {
		s.tb.Fatal(err)
	}
}

// hits are all hits, as texts in order.
func (s *site) hits() []string {
	s.tb.Helper()
	var list []string
	for h, err := range s.state.ListHits(context.Background(), state.HitFilter{}) {
		if err != nil {
			s.tb.Fatal(err)
		}
		if h.Open {
			s.tb.Errorf("the hit %s of %s is still open", h.Key, h.RuleTitle)
		}
		list = append(list, h.JSON)
	}
	slices.Sort(list)
	return list
}

// stream is a file that is sent.
type stream struct {
	path, format, text string
}

// blocks cuts a stream at random places that its format allows.
func (f *stream) blocks(tb testing.TB, r *rand.Rand) []event.Block {
	tb.Helper()
	i := slices.IndexFunc(parse.Formats, func(p *parse.Format) bool { return p.Name == f.format })
	split := parse.Formats[i].NewSplitter()
	origin := &event.Origin{Path: f.path, Format: f.format, Reference: reference}
	var list []event.Block
	rest, header := f.text, ""
	line, offset := int64(1), int64(0)
	for want := 1 + r.IntN(4000); rest != ""; {
		view := rest[:min(want, len(rest))]
		cut := split.Split([]byte(view), len(view) == len(rest))
		skip := rest[:cut.Skip]
		rest, line, offset = rest[cut.Skip:], line+int64(strings.Count(skip, "\n")), offset+int64(cut.Skip)
		if cut.Header != "" {
			header = cut.Header
		}
		if cut.Size > 0 {
			data := rest[:cut.Size]
			list = append(list, event.Block{Origin: origin, Header: header, Data: data, Offset: offset, First: line})
			rest, line, offset = rest[cut.Size:], line+int64(strings.Count(data, "\n")), offset+int64(cut.Size)
			want = 1 + r.IntN(4000)
		} else if len(view) == len(rest) {
			break
		} else {
			want *= 2
		}
	}
	return list
}

// cut returns the end of the first block that ends at a place or behind it: a file is not cut within a record of several
// lines, for who writes it would not have stopped there for long.
func (f *stream) cut(tb testing.TB, at int) int {
	tb.Helper()
	for _, b := range f.blocks(tb, rand.New(rand.NewPCG(9, 9))) {
		if end := int(b.Offset) + len(b.Data); end >= at {
			return end
		}
	}
	return len(f.text)
}

var reference = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// hunted are the hits that hunt would tell of streams.
func hunted(tb testing.TB, e *detect.Engine, streams []stream) []string {
	tb.Helper()
	var list []string
	tell := func(_ *sigma.Rule, h *detect.Hit) error {
		list = append(list, hitJSON(h))
		return nil
	}
	hunt(tb, e, streams, tell)
	slices.Sort(list)
	return list
}

// hunt tells all hits in streams, as hunt does.
func hunt(tb testing.TB, e *detect.Engine, streams []stream, tell func(*sigma.Rule, *detect.Hit) error) {
	tb.Helper()
	env := &parse.Env{}
	w := e.NewWorker()
	for _, f := range streams {
		b := new(event.Batch)
		for _, block := range f.blocks(tb, rand.New(rand.NewPCG(1, 1))) {
			formats.Parser(f.format, env).Parse(block, b)
		}
		r := w.Match(b)
		if err := e.Gather(r); err != nil {
			tb.Fatal(err)
		}
		for i := range r.Hits {
			_ = tell(r.Hits[i].Rule, &r.Hits[i].Hit)
		}
	}
	if err := e.Finish(tell); err != nil {
		tb.Fatal(err)
	}
}

// sample is the attack that the repository carries.
func sample(tb testing.TB) []stream {
	tb.Helper()
	root := filepath.Join("..", "examples", "small-company")
	var list []stream
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := string(data)
		if f := parse.Recognise(parse.Formats, text[:min(len(text), 64<<10)]); f != nil && !strings.Contains(text[:min(len(text), 100)], "\x00") {
			list = append(list, stream{path: filepath.ToSlash(path), format: f.Name, text: text})
		}
		return nil
	})
	if err != nil || len(list) < 5 {
		tb.Fatalf("%d files of the sample: %v", len(list), err)
	}
	return list
}

func compare(tb testing.TB, got, want []string) {
	tb.Helper()
	missing, extra := 0, 0
	for _, w := range want {
		if !slices.Contains(got, w) {
			if missing++; missing <= 3 {
				tb.Errorf("not there: %.600s", w)
			}
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			if extra++; extra <= 3 {
				tb.Errorf("too much: %.600s", g)
			}
		}
	}
	if missing+extra > 0 || len(got) != len(want) {
		tb.Errorf("%d hits, not %d: %d are missing, %d are too many", len(got), len(want), missing, extra)
	}
}

// send sends streams side by side in random blocks, each from its position on.
func (s *site) send(streams []stream, seed uint64) {
	s.tb.Helper()
	s.sendSome(streams, seed, false)
}

// sendSome does so; with behind, more of all of them is to come.
func (s *site) sendSome(streams []stream, seed uint64, behind bool) {
	s.tb.Helper()
	for _, f := range streams { // who is behind is announced
		block := event.Block{Origin: &event.Origin{Path: f.path, Format: f.format}}
		s.deliver(source.Delivery{Block: block, Stream: f.path, Position: s.line.Position(f.path), Behind: true})
	}
	var wg sync.WaitGroup
	sent := make([]string, len(streams)) // the last positions
	for i, f := range streams {
		wg.Go(func() {
			var from int64
			_, _ = fmt.Sscan(s.line.Position(f.path), &from)
			for _, b := range f.blocks(s.tb, rand.New(rand.NewPCG(seed, uint64(i)))) {
				end := b.Offset + int64(len(b.Data))
				if end <= from {
					continue
				}
				if cut := from - b.Offset; cut > 0 {
					b.First += int64(strings.Count(b.Data[:cut], "\n"))
					b.Offset, b.Data = from, b.Data[cut:]
				}
				sent[i] = fmt.Sprint(end)
				s.deliver(source.Delivery{Block: b, Stream: f.path, Position: sent[i], Behind: behind || end < int64(len(f.text))})
			}
		})
	}
	wg.Wait()
	for i, f := range streams { // who sends again begins where it was acknowledged
		s.until("what was sent is acknowledged", func() bool { return sent[i] == "" || s.line.Position(f.path) == sent[i] })
	}
}

func (s *site) deliver(d source.Delivery) {
	if err := s.line.Send(context.Background(), d); err != nil {
		s.tb.Error(err)
	}
}

// kept counts the events that are kept, by file and record, and tells those that are there twice.
func (s *site) kept() (total int) {
	s.tb.Helper()
	if err := s.store.Sync(context.Background()); err != nil {
		s.tb.Fatal(err)
	}
	q, err := query.Parse("not dataset:tocsin | fields log.file.path, event.sequence, _id")
	if err != nil {
		s.tb.Fatal(err)
	}
	seen := make(map[string]bool)
	err = s.store.Query(context.Background(), q, func(b *store.Block) error {
		for i := range b.Rows {
			var key []string
			for _, n := range []string{"log.file.path", "event.sequence"} {
				key = append(key, string([]byte(b.Columns[slices.Index(b.Names, n)][i])))
			}
			k := strings.Join(key, ":")
			if seen[k] {
				s.tb.Errorf("%s is there twice", k)
			}
			seen[k] = true
			total++
		}
		return nil
	})
	if err != nil {
		s.tb.Fatal(err)
	}
	return total
}

// events counts the events of streams.
func events(tb testing.TB, streams []stream) int {
	b := new(event.Batch)
	for _, f := range streams {
		for _, block := range f.blocks(tb, rand.New(rand.NewPCG(1, 1))) {
			formats.Parser(f.format, &parse.Env{}).Parse(block, b)
		}
	}
	return len(b.Events)
}

// The same input gives the same hits as hunt, in any batching and order of the files, and each event is kept once.
func TestSameHitsAsHunt(t *testing.T) {
	streams := sample(t)
	want := hunted(t, newEngine(t), streams)
	if len(want) < 50 {
		t.Fatalf("%d hits: the sample attack has more", len(want))
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.run(func() { s.send(streams, seed) })
			s.finish()
			compare(t, s.hits(), want)
			if got, all := s.kept(), events(t, streams); got != all {
				t.Errorf("%d events are kept of %d", got, all)
			}
			s.close()
		})
	}
}

// The same when the process is stopped in between.
func TestSameHitsOverRestarts(t *testing.T) {
	t.Parallel()
	streams := sample(t)
	want := hunted(t, newEngine(t), streams)
	s := newSite(t)
	for part := range 5 {
		s.run(func() {
			var some []stream
			for _, f := range streams {
				cut := len(f.text)
				if part < 4 {
					cut = f.cut(t, len(f.text)*(part+1)/5)
				}
				some = append(some, stream{f.path, f.format, f.text[:cut]})
			}
			s.send(some, uint64(part))
		})
		if part < 4 {
			s.close()
			s.open()
		}
	}
	s.finish()
	compare(t, s.hits(), want)
	if got, all := s.kept(), events(t, streams); got != all {
		t.Errorf("%d events are kept of %d", got, all)
	}
	s.close()
}

// childDir is the folder in which a child process, a copy of this one that is to be killed, works.
const childDir = "TOCSIN_LIVE_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// child sends the sample to a line, tells when it is done, and waits to be killed.
func child(dir string) {
	tb := &childTB{}
	s := &site{tb: tb, dir: dir, engine: newEngine(tb)}
	s.open()
	go func() {
		if err := s.line.Run(context.Background()); err != nil {
			panic(err)
		}
	}()
	s.send(sample(tb), uint64(os.Getpid()))
	for s.line.Status().Waiting > 0 {
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Println("done")
	select {}
}

// childTB is what a process has that is no test.
type childTB struct{ testing.TB }

func (*childTB) Helper()                   {}
func (*childTB) Fatal(args ...any)         { panic(fmt.Sprint(args...)) }
func (*childTB) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (*childTB) Error(args ...any)         { panic(fmt.Sprint(args...)) }

// The same when it is killed at random moments, again and again.
func TestSameHitsThroughKills(t *testing.T) {
	t.Parallel()
	streams := sample(t)
	want := hunted(t, newEngine(t), streams)
	kills := 8
	if testing.Short() {
		kills = 3
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for i := 0; ; i++ {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var end *time.Timer
		if i < kills {
			end = time.AfterFunc(time.Duration(100+r.IntN(900))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		} else {
			end = time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		}
		text := make([]byte, 5)
		n, _ := io.ReadFull(out, text)
		if i >= kills && n > 0 {
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
		end.Stop()
		if i >= kills {
			if string(text[:n]) != "done\n" {
				t.Fatalf("the last child did not come to an end: %q", text[:n])
			}
			break
		}
	}
	s := &site{tb: t, dir: dir, engine: newEngine(t)}
	s.open()
	s.run(func() {
		for s.line.Status().Waiting > 0 {
			time.Sleep(time.Millisecond)
		}
	})
	s.finish()
	compare(t, s.hits(), want)
	if got, all := s.kept(), events(t, streams); got != all {
		t.Errorf("%d events are kept of %d", got, all)
	}
	s.close()
}
