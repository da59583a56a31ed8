package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// titleFull is the rule about a full disk or store.
const titleFull = "There was no room left for events"

// moody is a store that answers late, or not, or has no room, as a test wants it.
type moody struct {
	*store.Embedded
	mu   sync.Mutex
	mood func() error // before each addition
	lost uint64       // DurableBefore tells once that what is from here on is lost
	// What is added is told to be kept, and is not: so does an engine that dies before it writes.
	swallows atomic.Bool
}

func (m *moody) be(f func() error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mood = f
}

func (m *moody) AddSome(ctx context.Context, seq uint64, b *store.Batch, lacks []bool) (store.Added, error) {
	m.mu.Lock()
	mood := m.mood
	m.mu.Unlock()
	if mood != nil {
		if err := mood(); err != nil {
			return store.Added{}, err
		}
	}
	if m.swallows.Load() {
		return store.Added{Kept: b.Len()}, nil
	}
	return m.Embedded.AddSome(ctx, seq, b, lacks)
}

func (m *moody) DurableBefore(ctx context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if from := m.lost; from > 0 {
		m.lost = 0
		return from, store.ErrLost
	}
	return m.Embedded.DurableBefore(ctx)
}

// until waits for something that must come to be.
func (s *site) until(what string, ok func() bool) {
	s.tb.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.tb.Fatalf("waited for this in vain: %s; status %+v", what, s.line.Status())
		}
	}
}

// hitsOf counts the hits of a rule.
func (s *site) hitsOf(title string) (n int) {
	s.tb.Helper()
	for _, err := range s.state.ListHits(context.Background(), state.HitFilter{Rule: title}) {
		if err != nil {
			s.tb.Fatal(err)
		}
		n++
	}
	return n
}

// fillLine is a line of text of some size, and the delivery that brings it.
func fillLine(stream string, n, size int) source.Delivery {
	text := fmt.Sprintf("Nov 21 03:00:%02d web1 app[7]: %s %06d %s\n", n%60, stream, n, strings.Repeat("x", size))
	return source.Delivery{
		Block:  event.Block{Origin: &event.Origin{Path: stream, Format: "syslog", Reference: reference}, Data: text, First: int64(n)},
		Stream: stream, Position: fmt.Sprint(n),
	}
}

// A store that answers late, fails and has no room for a while: senders wait, memory is bounded, nothing is lost or there
// twice, and the status says what is the matter.
func TestStoreThatDoesNotTake(t *testing.T) {
	t.Parallel()
	streams := sample(t)
	want := hunted(t, newEngine(t), streams)
	var m *moody
	s := newSiteWith(t, func(o *Options) { m = &moody{Embedded: o.Store.(*store.Embedded)}; o.Store = m })
	r := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	m.be(func() error {
		mu.Lock()
		defer mu.Unlock()
		switch r.IntN(10) {
		case 0:
			return errors.New("a mood")
		case 1:
			time.Sleep(20 * time.Millisecond)
		case 2:
			return fmt.Errorf("add events: %w", store.ErrFull)
		}
		return nil
	})
	s.run(func() {
		s.send(streams, 1)
		s.until("all is kept", func() bool { return s.line.Status().Waiting == 0 })
		m.be(func() error { return fmt.Errorf("add events: %w", store.ErrFull) })
		s.deliver(fillLine("x", 1, 10))
		s.until("it is told that there is no room", func() bool {
			st := s.line.Status()
			return st.Full && strings.Contains(st.Stalled, store.ErrFull.Error()) && st.Waiting > 0
		})
		m.be(nil)
		s.until("it goes on", func() bool {
			st := s.line.Status()
			return !st.Full && st.Stalled == "" && st.Waiting == 0 && s.hitsOf(titleFull) > 0
		})
	})
	s.finish()
	own := 0
	got := slices.DeleteFunc(s.hits(), func(h string) bool {
		is := strings.Contains(h, `"product":"tocsin"`)
		if is {
			own++
		}
		return is
	})
	if own == 0 {
		t.Error("no hit tells that the store was full")
	}
	compare(t, got, want)
	if got, all := s.kept(), events(t, streams)+1; got != all {
		t.Errorf("%d events are kept of %d", got, all)
	}
	s.close()
}

// While the store does not take, what is on its way is bounded, and who sends waits until it is told to stop.
func TestBackPressure(t *testing.T) {
	var m *moody
	s := newSiteWith(t, func(o *Options) {
		m = &moody{Embedded: o.Store.(*store.Embedded)}
		o.Store, o.Grace = m, time.Millisecond
	})
	m.be(func() error { return errors.New("not now") })
	const size, senders = 1 << 20, 8
	var sent, acknowledged, refused atomic.Int64
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	s.run(func() {
		for i := range senders {
			wg.Go(func() {
				for n := 1; ; n++ {
					d := fillLine(fmt.Sprint("stream", i), n, size)
					d.Done = func(err error) {
						if err == nil {
							acknowledged.Add(1)
						} else {
							refused.Add(1)
						}
					}
					if err := s.line.Send(ctx, d); err != nil {
						return
					}
					sent.Add(1)
				}
			})
		}
		s.until("senders wait", func() bool {
			before := sent.Load()
			time.Sleep(300 * time.Millisecond)
			return before > 2 && sent.Load() == before
		})
		if n := sent.Load(); n*size > maxRoom {
			t.Errorf("%d MiB were taken in, more than %d", n*size>>20, maxRoom>>20)
		}
		var mem runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&mem)
		if mem.HeapInuse > 6*maxRoom {
			t.Errorf("%d MiB of memory", mem.HeapInuse>>20)
		}
		stop()
		wg.Wait()
	})
	if sent.Load() != acknowledged.Load()+refused.Load() {
		t.Errorf("%d were sent, of %d it was told that they are durable, of %d that they are not", sent.Load(), acknowledged.Load(), refused.Load())
	}
	s.close() // nothing was kept, and the next start keeps it
	s.change = nil
	s.open()
	s.run(func() { s.until("all is kept", func() bool { return s.line.Status().Waiting == 0 }) })
	if got := int64(s.kept()); got != acknowledged.Load() || got == 0 {
		t.Errorf("%d events are kept, %d were acknowledged", got, acknowledged.Load())
	}
	s.close()
}

// What a store says that it has lost is added again from the log, and no more than that.
func TestLostIsAddedAgain(t *testing.T) {
	t.Parallel()
	var m *moody
	s := newSiteWith(t, func(o *Options) { m = &moody{Embedded: o.Store.(*store.Embedded)}; o.Store = m })
	s.run(func() {
		bring := func(from, to int) {
			for n := from; n < to; n++ {
				s.deliver(fillLine("a", n, 10))
			}
			s.until("all is taken", func() bool { return s.line.Status().Kept >= int64(to) })
		}
		bring(0, 20)
		m.swallows.Store(true)
		bring(20, 50)
		m.swallows.Store(false)
		bring(50, 60)
		m.mu.Lock()
		m.lost = 15
		m.mu.Unlock()
		s.until("what was lost is added again", func() bool { return s.line.Status().Kept >= 60+46 })
	})
	if got := s.kept(); got != 60 {
		t.Errorf("%d events are kept, not 60", got)
	}
	s.close()
}

// A disk without room: nothing is acknowledged until there is, then it goes on, and that it was so is an alert.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := newSiteWith(t, func(o *Options) { o.Dir = smallDisk(t) })
	ballast := filepath.Join(s.line.opt.Dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 7<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var acknowledged, sent atomic.Int64
	s.run(func() {
		go func() {
			for n := range 40 {
				d := fillLine("a", n, 0)
				noise := make([]byte, 150_000) // that does not become smaller
				for i := range noise {
					noise[i] = 'a' + byte(rand.IntN(26))
				}
				d.Block.Data = strings.TrimSuffix(d.Block.Data, "\n") + string(noise) + "\n"
				d.Done = func(err error) {
					if err == nil {
						acknowledged.Add(1)
					}
				}
				s.deliver(d)
				sent.Add(1)
			}
		}()
		s.until("the disk is told to be full", func() bool { return s.line.Status().Full })
		before := acknowledged.Load()
		time.Sleep(1200 * time.Millisecond)
		if now := acknowledged.Load(); now != before || !s.line.Status().Full {
			t.Errorf("%d deliveries were acknowledged on a full disk", now-before)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		s.until("it goes on", func() bool {
			st := s.line.Status()
			return acknowledged.Load() == 40 && sent.Load() == 40 && st.Waiting == 0 && !st.Full && s.hitsOf(titleFull) > 0
		})
	})
	if got := s.kept(); got != 40 {
		t.Errorf("%d events are kept, not 40", got)
	}
	s.close()
}

// smallDisk mounts a file system of 8 MiB, which is full soon.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		parts.Missing(t, "only root can mount a small disk")
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", dir).CombinedOutput(); err != nil {
		parts.Missing(t, fmt.Sprintf("a small disk cannot be mounted: %s", out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	return dir
}

// A line that is told to end while nothing can be written ends, and does not acknowledge what it could not write.
func TestEndsOnFullDisk(t *testing.T) {
	s := newSiteWith(t, func(o *Options) { o.MinFree, o.Grace = 1<<60, 50*time.Millisecond })
	done := make(chan error, 1)
	s.run(func() {
		d := fillLine("a", 1, 10)
		d.Done = func(err error) { done <- err }
		s.deliver(d)
		s.until("the disk is told to be full", func() bool { return s.line.Status().Full })
	})
	if err := <-done; err == nil {
		t.Error("acknowledged though it was never written")
	}
	s.close()
}

// Notices that there is no room for are counted, and told with the next.
func TestTooManyNotices(t *testing.T) {
	s := newSite(t)
	for range cap(s.line.notices) + 7 {
		s.line.Notice(source.Notice{Action: source.NoticeDropped, Input: "syslog", Count: 1, Reason: "a test"})
	}
	s.run(func() {
		s.until("all are kept", func() bool { return s.line.Status().Kept == int64(cap(s.line.notices)) })
	})
	n := 0
	for h, err := range s.state.ListHits(context.Background(), state.HitFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(h.JSON, "and 7 more notices") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("that 7 notices were lost is told in %d hits", n)
	}
	s.close()
}
