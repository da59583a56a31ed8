package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/wal"
)

// setClock is a clock that a test sets.
type setClock struct{ ahead atomic.Int64 }

func (c *setClock) now() time.Time      { return time.Now().Round(0).Add(time.Duration(c.ahead.Load())) }
func (c *setClock) set(d time.Duration) { c.ahead.Store(int64(d)) }

// foreign drops the hits about tocsin itself.
func foreign(hits []string) []string {
	return slices.DeleteFunc(hits, func(h string) bool { return strings.Contains(h, `"product":"tocsin"`) })
}

// The clock is set a day on, back, and an hour further back, while files are read: nothing is lost, what is in order is
// found as hunt finds it, and no source is called silent for it.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	streams := sample(t)
	want := hunted(t, newEngine(t), streams)
	clock := &setClock{}
	s := newSiteWith(t, func(o *Options) { o.Now, o.Silence = clock.now, 10*time.Minute })
	s.run(func() {
		for part, ahead := range []time.Duration{0, 24 * time.Hour, 0, -time.Hour, -25 * time.Hour, 0} {
			clock.set(ahead)
			if part > 0 {
				ticks := s.line.count.ticks.Load()
				s.until("the present is looked at", func() bool { return s.line.count.ticks.Load() > ticks })
			}
			var some []stream
			for _, f := range streams {
				some = append(some, stream{f.path, f.format, f.text[:f.cut(t, len(f.text)*(part+1)/6)]})
			}
			s.sendSome(some, uint64(part), part < 5)
		}
	})
	s.finish()
	compare(t, foreign(s.hits()), want)
	if got, all := s.kept(), events(t, streams); got != all {
		t.Errorf("%d events are kept of %d", got, all)
	}
	if n := s.hitsOf("A source has fallen silent"); n > 0 {
		t.Errorf("%d sources are called silent because the clock was set", n)
	}
	s.close()
}

// A source that falls silent, one that comes back, and one whose clock is wrong are alerts of the built-in rules.
func TestSilentAndWrongSources(t *testing.T) {
	s := newSite(t)
	now := reference.UnixNano()
	a := s.line.applied
	bring := func(path string, stated, arrived int64) {
		o := outcome{item: item{arrived: arrived, delivery: source.Delivery{Block: event.Block{Origin: &event.Origin{Path: path, Sender: "192.0.2.7"}}}}}
		o.result, o.newest = &detect.Result{Events: 1}, stated
		a.watch.saw(&o)
	}
	told := func() (actions []string) {
		for {
			select {
			case n := <-s.line.notices:
				if n.Sender != "192.0.2.7" || n.Reason == "" {
					t.Errorf("notice %+v", n)
				}
				actions = append(actions, n.Action+" "+n.Stream)
			default:
				return actions
			}
		}
	}
	expect := func(when string, want ...string) {
		t.Helper()
		if got := told(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, not %q", when, got, want)
		}
	}
	minute := int64(time.Minute)
	for range 40 { // it speaks every two minutes
		now += 2 * minute
		bring("steady", now, now)
		a.watch.tick(now)
	}
	bring("once", now, now)
	expect("while it speaks")
	a.watch.tick(now + 14*minute)
	expect("after a pause that is long, and not long enough")
	a.watch.tick(now + 16*minute)
	expect("after a longer pause", source.NoticeSilent+" steady")
	a.watch.tick(now + 60*minute)
	expect("later")
	now += 61 * minute
	bring("steady", now, now)
	expect("when it is back", source.NoticeSpeaking+" steady")
	for i := range 4 {
		bring("wrong", now-3*60*minute, now+int64(i))
	}
	bring("right", now-5*minute, now)
	a.watch.tick(now + int64(time.Second))
	expect("when others may be wrong, too")
	a.watch.tick(now + 2*minute)
	a.watch.tick(now + 3*minute)
	expect("when a clock is three hours behind", source.NoticeSkewed+" wrong")
	bring("wrong", now, now)
	for i := range 3 {
		bring("wrong", now+20*minute, now+int64(i))
	}
	a.watch.tick(now + 2*minute)
	expect("when it is wrong again", source.NoticeSkewed+" wrong")
	s.run(func() {
		s.line.Notice(source.Notice{Action: source.NoticeSilent, Stream: "steady", Reason: "a test"})
		s.line.Notice(source.Notice{Action: source.NoticeSkewed, Stream: "wrong", Reason: "a test"})
		s.line.Notice(source.Notice{Action: source.NoticeFull, Reason: "a test"})
		s.line.Notice(source.Notice{Action: source.NoticeUnreadable, Reason: "a test"})
		s.until("each is an alert", func() bool { return s.line.Status().Hits >= 4 })
	})
	s.close()
}

// only makes an engine of some of the built-in rules.
func only(tb testing.TB, wanted func(title string) bool) *detect.Engine {
	tb.Helper()
	loaded, err := rules.Load([]string{rules.BuiltinPath}, rules.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	set, _ := sigma.Collect(loaded.Rules)
	runnable, _ := detect.Runnable(set.Correlations)
	e, err := detect.New(set.Rules, runnable, sigma.BuiltinLogSources(), detect.Options{Wanted: func(r *sigma.Rule) bool { return wanted(r.Title) }})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// guess is a line of somebody who guesses passwords.
func guess(n int, at time.Time) source.Delivery {
	text := fmt.Sprintf("%s web1 sshd[%d]: Failed password for root from 203.0.113.9 port 4000 ssh2\n", at.UTC().Format("2006-01-02T15:04:05.000000-07:00"), n)
	return source.Delivery{Block: event.Block{Origin: &event.Origin{Path: "auth", Format: "syslog"}, Data: text, First: int64(n)}, Stream: "auth", Position: fmt.Sprint(n)}
}

// When rules are replaced while it runs, correlations that are still there go on with what they have counted, and the
// hits of those that are gone are closed.
func TestRulesAreReplaced(t *testing.T) {
	const guessed = "SSH passwords guessed from one address"
	s := newSiteWith(t, func(o *Options) { o.Lateness, o.Settle = 20*time.Millisecond, 1 })
	open := func() (count int64, open bool) {
		for h, err := range s.state.ListHits(context.Background(), state.HitFilter{Rule: guessed}) {
			if err != nil {
				t.Fatal(err)
			}
			count, open = h.Count, h.Open
		}
		return count, open
	}
	s.run(func() {
		<-s.line.Present()
		begun := time.Now()
		for n := range 6 {
			s.deliver(guess(n, begun.Add(time.Duration(n)*time.Millisecond)))
		}
		s.until("six are counted", func() bool { return s.line.Status().Waiting == 0 })
		s.line.Use(only(t, func(title string) bool { return title != "A sender was turned away" }))
		for n := 6; n < 12; n++ {
			s.deliver(guess(n, begun.Add(time.Duration(n)*time.Millisecond)))
		}
		s.until("ten are found over the change", func() bool { n, is := open(); return n >= 10 && is })
		s.line.Use(only(t, func(title string) bool { return title != guessed }))
		s.until("the hit of the rule that is gone is closed", func() bool { n, is := open(); return n >= 10 && !is })
	})
	s.close()
}

// A checkpoint that is damaged, of another version, or ahead of its log, is an error that names it.
func TestDamagedCheckpoint(t *testing.T) {
	s := newSite(t)
	s.run(func() {
		for n := range 5 {
			s.deliver(fillLine("a", n, 10))
		}
	})
	path := s.line.checkpointPath()
	s.close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"a number":  {strings.Replace(string(whole), `"through":`, `"through":1`, 1), "its sum does not fit"},
		"cut":       {string(whole[:len(whole)/2]), "read the checkpoint"},
		"empty":     {"", "read the checkpoint"},
		"a version": {strings.Replace(string(whole), `"version":1`, `"version":9`, 1), "is of version 9"},
	} {
		if c.text == string(whole) {
			t.Fatalf("%s: nothing was changed in %.200s", name, whole)
		}
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Open(Options{Dir: s.dir, Engine: s.engine, Parser: formats.Parser, Log: s.line.opt.Log})
		if err == nil {
			_ = l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "checkpoint") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A log that is lost, or begun anew beside a store that was restored, gives its frames numbers that were never used, also
// after the next start.
func TestLostLog(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"wal", "checkpoint.json and wal"} {
		s := newSite(t)
		n := 0
		bring := func(more int) {
			s.run(func() {
				for range more {
					n++
					s.deliver(fillLine("a", n, 10))
				}
			})
		}
		bring(30)
		s.close()
		for _, name := range strings.Split(what, " and ") {
			if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			s.open()
			bring(7)
			if w := s.line.Status().Waiting; w != 0 {
				t.Errorf("%s: %d wait", what, w)
			}
			s.close()
		}
		s.open()
		if got := s.kept(); got != n {
			t.Errorf("%s: %d events are kept, not %d", what, got, n)
		}
		s.close()
	}
}

// A log that is damaged where it was acknowledged is an error; with Quarantine the rest is kept, and the loss is an alert.
func TestDamagedLog(t *testing.T) {
	t.Parallel()
	s := newSiteWith(t, func(o *Options) { o.Checkpoint = time.Hour })
	s.run(func() {
		for n := range 40 {
			d := fillLine("a", n, 0)
			for range 20 { // that does not become smaller
				d.Block.Data = strings.TrimSuffix(d.Block.Data, "\n") + fmt.Sprint(rand.Uint64()) + "\n"
			}
			written := make(chan error, 1) // one after the other: what is written in one piece is lost as one
			d.Done = func(err error) { written <- err }
			s.deliver(d)
			<-written
		}
	})
	s.close()
	if err := os.RemoveAll(filepath.Join(s.dir, "events")); err != nil { // so that all comes from the log
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(s.dir, "checkpoint.json")); err != nil {
		t.Fatal(err)
	}
	list, err := filepath.Glob(filepath.Join(s.dir, "wal", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		if text, err := os.ReadFile(name); err == nil && len(text) > 6000 {
			text[5000] ^= 0x55
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if l, err := Open(Options{Dir: s.dir, Engine: s.engine, Parser: formats.Parser, Log: s.line.opt.Log, MinFree: 1}); err == nil {
		_ = l.Close()
		t.Fatal("a damaged log was opened")
	} else if damage := (*wal.DamageError)(nil); !errors.As(err, &damage) {
		t.Fatal(err)
	}
	s.change = func(o *Options) { o.Quarantine = true }
	s.open()
	s.run(func() {
		s.until("what is left is kept, and the loss is an alert", func() bool {
			return s.line.Status().Waiting == 0 && s.hitsOf("A part of a log was gone before it was read") == 1
		})
		s.deliver(fillLine("b", 1, 10))
	})
	if got := s.kept(); got < 35 || got > 40 {
		t.Errorf("%d events are kept, of 40 of which one was damaged, and one more", got)
	}
	s.close()
}
