package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/evtx"
	"github.com/tocsin-sec/tocsin/parse"
)

// conformers are the live inputs that the suite runs on: one line each; each stands in the test file of its input.
var conformers = []conformer{
	filesConformer, journalConformer,
	conformingSyslog("udp"), conformingSyslog("tcp"), conformingSyslog("tls"), conformingNetflow,
	bulkConformer, linesConformer, hecConformer, otlpConformer, kafkaConformer,
}

// conformer is a kind of live input under test.
type conformer struct {
	name    string
	waits   bool // what it brings can wait: nothing is lost, however long the intake has no room
	resumes bool // its deliveries have a Stream and a Position
	answers bool // its senders are told when their records are durable, and send them again where they are not
	volume  int  // bytes of records that the test of back-pressure feeds; 0 is 32 MiB
	heap    int  // bytes that the outside world may take of this process's heap meanwhile
	open    func(t *testing.T) *road
	bad     map[string]func() (Input, error) // configurations that are wrong
}

// road is an outside world, and an input that stands in it.
type road struct {
	// make returns the input anew, as another process would: it knows nothing but its configuration. One runs at a time.
	make func(t *testing.T) Input
	// feed brings records in, in this order; each holds the text mark(n). It may run while no input does: what can keep
	// records does so, and senders try again until they are heard or ctx is done. With answers, it returns when all are
	// acknowledged.
	feed func(ctx context.Context, records []string) error
	// numbers returns the numbers of the records in a block, in order; nil looks for the marks in its data.
	numbers func(event.Block) []int
}

// mark is what record n is known by.
func mark(n int) string { return fmt.Sprintf("record-%07d-", n) }

var marks = regexp.MustCompile(`record-(\d{7})-`)

func numbersOf(b event.Block) []int {
	var list []int
	for _, m := range marks.FindAllStringSubmatch(b.Data, -1) {
		n, _ := strconv.Atoi(m[1])
		list = append(list, n)
	}
	return list
}

// records returns the records from to to, each of about size bytes: a line of a program called app, without a newline.
func records(from, to, size int) []string {
	pad := strings.Repeat("x", size)
	var list []string
	for n := from; n <= to; n++ {
		list = append(list, "app: "+mark(n)+pad)
	}
	return list
}

// testEnv is the Env of the tests: all formats, no output.
func testEnv(t testing.TB) Env {
	formats := append(slices.Clone(parse.Formats), &parse.Format{
		Name: "evtx", Detect: evtx.Detect, NewSplitter: func() parse.Splitter { return evtx.NewSplitter() },
	})
	return Env{
		Recognise: func(head string) (string, Splitter) {
			f := parse.Recognise(formats, head)
			if f == nil {
				return "", nil
			}
			return f.Name, f.NewSplitter()
		},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Splitter: func(format string) Splitter {
			for _, f := range formats {
				if f.Name == format {
					return f.NewSplitter()
				}
			}
			return nil
		},
		TempDir: t.TempDir(),
	}
}

// patience is how long anything of a case may take.
const patience = time.Minute

func TestConformance(t *testing.T) {
	for _, c := range conformers {
		t.Run(c.name, func(t *testing.T) {
			t.Run("stops", c.stops)
			t.Run("stops while it waits", c.stopsWaiting)
			t.Run("back-pressure", c.backPressure)
			t.Run("acknowledges in order", c.inOrder)
			t.Run("is refused", c.refused)
			t.Run("resumes after a stop", c.resumesAfterStop)
			t.Run("resumes after a kill", c.resumesAfterKill)
			for name, open := range c.bad {
				t.Run("bad "+name, func(t *testing.T) {
					if in, err := open(); err == nil {
						t.Errorf("%s: no error", in.Name())
					} else if strings.Contains(err.Error(), "\n") && !strings.Contains(err.Error(), ":") {
						t.Errorf("not a sentence: %q", err)
					}
				})
			}
		})
	}
}

// stops: on cancel within a second, with nil, and leaves no goroutine.
func (c conformer) stops(t *testing.T) {
	r, to := c.open(t), newIntake(t)
	before := goroutines()
	run := start(t, r.make(t), to)
	feed := feeding(t, r, records(1, 10, 10))
	to.await(t, r, 1, 10)
	feed()
	run.stop(t)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		left := leftOver(before)
		if len(left) == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
		}
	}
}

// stopsWaiting: also while the intake has no room.
func (c conformer) stopsWaiting(t *testing.T) {
	r, to := c.open(t), newIntake(t)
	to.set(func() { to.closed = true })
	run := start(t, r.make(t), to)
	feed := feeding(t, r, records(1, 10, 10))
	to.until(t, "a delivery that waits", func() bool { return to.waiting > 0 })
	run.stop(t)
	feed()
}

// backPressure: an intake without room costs no memory, and nothing that can wait is lost.
func (c conformer) backPressure(t *testing.T) {
	r, to := c.open(t), newIntake(t)
	volume := c.volume
	if volume == 0 {
		volume = 32 << 20
	}
	const size = 1000
	last := volume / size
	to.set(func() { to.closed = true })
	before := heap()
	run := start(t, r.make(t), to)
	all := records(1, last, size)
	held := heap() - before
	feed := feeding(t, r, all)
	to.until(t, "a delivery that waits", func() bool { return to.waiting > 0 })
	grown, most := int64(0), int64(16<<20+c.heap)
	end := time.Now().Add(patience)
	for i := 0; i < 20 || grown > most; i++ { // what would be hoarded is hoarded by then, and stays; what the sender has, goes
		time.Sleep(25 * time.Millisecond)
		if grown = heap() - before - held; grown > most && time.Now().After(end) {
			t.Fatalf("%d bytes of heap while %d wait", grown, volume)
		}
	}
	to.set(func() { to.closed = false })
	if c.waits {
		to.await(t, r, 1, last)
	} else {
		to.until(t, "what was kept", func() bool { return to.acked > 0 })
	}
	feed()
	run.stop(t)
	runtime.KeepAlive(all)
}

// inOrder: while nothing is durable nobody is told so; positions are good and in order.
func (c conformer) inOrder(t *testing.T) {
	r, to := c.open(t), newIntake(t)
	to.set(func() { to.held = true })
	run := start(t, r.make(t), to)
	fed := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { fed <- r.feed(ctx, records(1, 100, 10)) }()
	to.until(t, "a delivery", func() bool { return len(to.taken) > 0 })
	if c.answers {
		select {
		case err := <-fed:
			t.Errorf("told (%v) before the records were durable", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	to.set(func() { to.held = false })
	to.await(t, r, 1, 100)
	if err := <-fed; err != nil {
		t.Error(err)
	}
	run.stop(t)
	to.check(t, c)
}

// refused: what Send or Done refuses is brought again, by an input that can.
func (c conformer) refused(t *testing.T) {
	if !c.resumes && !c.answers {
		t.Skip("what it brings comes once")
	}
	for _, how := range []string{"send", "done"} {
		t.Run(how, func(t *testing.T) {
			r, to := c.open(t), newIntake(t)
			run := start(t, r.make(t), to)
			feed := feeding(t, r, records(1, 50, 10))
			to.await(t, r, 1, 50)
			feed()
			to.set(func() { to.refuseSend, to.refuseDone = how == "send", how == "done" })
			feed = feeding(t, r, records(51, 100, 10))
			to.until(t, "a refusal", func() bool { return to.refusals > 0 })
			to.set(func() { to.refuseSend, to.refuseDone = false, false })
			to.await(t, r, 1, 100)
			feed()
			run.stop(t)
		})
	}
}

func (c conformer) resumesAfterStop(t *testing.T) {
	r, to := c.open(t), newIntake(t)
	run := start(t, r.make(t), to)
	feed := feeding(t, r, records(1, 100, 10))
	to.await(t, r, 1, 100)
	feed()
	run.stop(t)
	feed = feeding(t, r, records(101, 200, 10))
	if c.resumes {
		feed() // nobody listens
	}
	run = start(t, r.make(t), to)
	to.await(t, r, 1, 200)
	feed()
	run.stop(t)
}

// resumesAfterKill: what was taken and not yet durable is brought again, and nothing else.
func (c conformer) resumesAfterKill(t *testing.T) {
	if !c.resumes && !c.answers {
		t.Skip("what it brings comes once")
	}
	r, to := c.open(t), newIntake(t)
	run := start(t, r.make(t), to)
	feed := feeding(t, r, records(1, 100, 10))
	to.await(t, r, 1, 100)
	feed()
	to.set(func() { to.held = true })
	n := len(to.taken)
	feed = feeding(t, r, records(101, 200, 10))
	to.until(t, "a delivery", func() bool { return len(to.taken) > n })
	to.kill()
	run.stop(t)
	to.set(func() { to.held, to.dead = false, false })
	run = start(t, r.make(t), to)
	to.await(t, r, 1, 200)
	feed()
	run.stop(t)
}

// feeding feeds in another goroutine; the function that it returns waits for its end.
func feeding(t *testing.T, r *road, list []string) (wait func()) {
	t.Helper()
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- r.feed(ctx, list) }()
	over := false
	return func() {
		t.Helper()
		if over {
			return
		}
		over = true
		defer cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("feed: %v", err)
			}
		case <-time.After(2 * time.Second):
			cancel() // a sender that nobody hears any more
			<-done
		}
	}
}

// running is an input that runs, and is started again when it breaks, as its caller does.
type running struct {
	cancel context.CancelFunc
	ended  chan error
}

func start(t *testing.T, in Input, to *intake) *running {
	t.Helper()
	if in.Name() == "" {
		t.Error("the input has no name")
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{cancel: cancel, ended: make(chan error, 1)}
	go func() {
		for {
			err := in.Run(ctx, to)
			if ctx.Err() != nil {
				r.ended <- err
				return
			}
			if err == nil {
				r.ended <- fmt.Errorf("%s ended by itself", in.Name())
				return
			}
			to.set(func() { clear(to.broken) })
			time.Sleep(10 * time.Millisecond)
		}
	}()
	t.Cleanup(cancel)
	return r
}

// stop ends the input.
func (r *running) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(patience):
		t.Fatalf("still running long after it was stopped:\n%s", strings.Join(leftOver(nil), "\n\n"))
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// goroutines returns the stacks of all goroutines by their ids.
func goroutines() map[string]string {
	buf := make([]byte, 8<<20)
	all := make(map[string]string)
	for part := range bytes.SplitSeq(buf[:runtime.Stack(buf, true)], []byte("\n\n")) {
		f := bytes.Fields(part)
		if len(f) > 1 {
			all[string(f[1])] = string(part)
		}
	}
	return all
}

// leftOver returns the goroutines that were not there before, but for those of the test's own HTTP clients and
// of its Kafka cluster.
func leftOver(before map[string]string) []string {
	var left []string
	for id, stack := range goroutines() {
		if _, old := before[id]; !old && !strings.Contains(stack, "net/http.(*persistConn)") && !strings.Contains(stack, "pkg/kfake.") && !strings.Contains(stack, "source.goroutines") {
			left = append(left, stack)
		}
	}
	slices.Sort(left)
	return left
}
