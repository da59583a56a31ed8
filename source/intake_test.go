package source

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// intake is an Intake that a test looks into, with a goroutine that makes deliveries durable in the order of Send. Its
// fields are read and set under set, until and await.
type intake struct {
	mu      sync.Mutex
	changed chan struct{} // closed and made anew when anything changes

	closed     bool // Send waits
	held       bool // nothing becomes durable
	dead       bool // all that is taken is forgotten, as by kill -9, and no more is taken
	refuseSend bool
	refuseDone bool

	taken     []Delivery // in the order of Send; the first acked of them have been answered
	acked     int
	durable   []Delivery // those that were answered with nil
	positions map[string]string
	broken    map[string]bool // streams that lack a delivery: they get no further before the input runs anew
	notices   []Notice
	waiting   int // calls of Send
	refusals  int
}

var errRefused = errors.New("refused by the test")

func newIntake(t *testing.T) *intake {
	i := &intake{changed: make(chan struct{}), positions: map[string]string{}, broken: map[string]bool{}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); i.commit(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return i
}

func (i *intake) set(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f()
	i.tell()
}

func (i *intake) tell() {
	close(i.changed)
	i.changed = make(chan struct{})
}

// wait waits, with the lock held, until ok holds.
func (i *intake) wait(ctx context.Context, ok func() bool) error {
	for !ok() {
		changed := i.changed
		i.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		i.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// until waits until ok holds.
func (i *intake) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.wait(ctx, ok) != nil {
		t.Fatalf("waited in vain for %s; %d deliveries taken, %d durable, notices %+v", what, len(i.taken), len(i.durable), i.notices)
	}
}

// Send implements Intake.
func (i *intake) Send(ctx context.Context, d Delivery) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.waiting++
	defer func() { i.waiting-- }()
	i.tell()
	if err := i.wait(ctx, func() bool { return !i.closed && !i.dead }); err != nil {
		return err
	}
	if i.refuseSend || i.broken[d.Stream] {
		i.refuse(d)
		return errRefused
	}
	i.taken = append(i.taken, d)
	i.tell()
	return nil
}

func (i *intake) refuse(d Delivery) {
	i.refusals++
	if d.Stream != "" {
		i.broken[d.Stream] = true
	}
	i.tell()
}

// Position implements Intake.
func (i *intake) Position(stream string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.positions[stream]
}

// Notice implements Intake.
func (i *intake) Notice(n Notice) { i.set(func() { i.notices = append(i.notices, n) }) }

// commit makes durable what is taken.
func (i *intake) commit(ctx context.Context) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for i.wait(ctx, func() bool { return !i.held && !i.dead && i.acked < len(i.taken) }) == nil {
		d := i.taken[i.acked]
		i.acked++
		var err error
		if i.refuseDone || i.broken[d.Stream] {
			err = errRefused
			i.refuse(d)
		} else {
			i.durable = append(i.durable, d)
			if d.Stream != "" {
				i.positions[d.Stream] = d.Position
			}
		}
		i.tell()
		if d.Done != nil {
			i.mu.Unlock()
			d.Done(err)
			i.mu.Lock()
		}
	}
}

// kill forgets what is not durable, and answers nobody.
func (i *intake) kill() { i.set(func() { i.dead, i.acked = true, len(i.taken) }) }

// await waits until the records from to to are durable, and tells whether each is so once and in order.
func (i *intake) await(t *testing.T, r *road, from, to int) {
	t.Helper()
	numbers := r.numbers
	if numbers == nil {
		numbers = numbersOf
	}
	var got []int
	next := 0
	i.until(t, "the records", func() bool {
		for ; next < len(i.durable); next++ {
			got = append(got, numbers(i.durable[next].Block)...)
		}
		return len(got) >= to-from+1
	})
	want := make([]int, 0, to-from+1)
	for n := from; n <= to; n++ {
		want = append(want, n)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("not each record once and in order: %v", abridged(got))
	}
}

// abridged cuts a long list where it is dull.
func abridged(list []int) []int {
	for k := 1; k < len(list); k++ {
		if list[k] != list[k-1]+1 {
			return list[max(0, k-10):min(len(list), k+50)]
		}
	}
	return list[:min(len(list), 60)]
}

// check looks at all that was delivered.
func (i *intake) check(t *testing.T, c conformer) {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, d := range i.taken {
		switch {
		case d.Block.Origin == nil || d.Block.Origin.Format == "":
			t.Errorf("a block without origin or format: %+v", d.Block)
		case d.Block.Data == "" || d.Block.First < 1 || d.Block.Offset < 0:
			t.Errorf("an empty block, or one without a place: %+v", d.Block)
		case len(d.Position) > MaxPosition || !utf8.ValidString(d.Position):
			t.Errorf("position %q", d.Position)
		case c.resumes != (d.Stream != "" && d.Position != ""):
			t.Errorf("stream %q, position %q; it can resume: %t", d.Stream, d.Position, c.resumes)
		}
	}
}

// notice waits for a notice of this action and returns it.
func (i *intake) notice(t *testing.T, action string) Notice {
	t.Helper()
	var n Notice
	i.until(t, "notice "+action, func() bool {
		k := slices.IndexFunc(i.notices, func(n Notice) bool { return n.Action == action })
		if k >= 0 {
			n = i.notices[k]
		}
		return k >= 0
	})
	return n
}

// pause lets time pass in which nothing is to happen.
func pause() { time.Sleep(100 * time.Millisecond) }
