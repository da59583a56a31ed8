//go:build linux

package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/disk"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// setClock is a clock that a test sets.
type setClock struct{ now time.Time }

func (c *setClock) read() time.Time { return c.now }

const oneDay = 24 * time.Hour

func TestRetentionByAge(t *testing.T) {
	ctx := context.Background()
	clock := &setClock{time.Unix(0, someTime)}
	dir := t.TempDir()
	e := openTest(t, dir, Options{Retention: 3 * oneDay, SealAfter: 1000 * oneDay, now: clock.read})
	seq := uint64(0)
	for day := range 4 {
		seq++
		if _, err := e.Add(ctx, seq, frameOf(seq, someTime-int64(day)*int64(oneDay))); err != nil {
			t.Fatal(err)
		}
	}
	days := func() []string {
		t.Helper()
		if err := e.Maintain(ctx); err != nil {
			t.Fatal(err)
		}
		days, err := e.Days()
		if err != nil {
			t.Fatal(err)
		}
		return days
	}
	all := []string{"20231111", "20231112", "20231113", "20231114"}
	if got := days(); !slices.Equal(got, all) {
		t.Errorf("%v on the first day", got)
	}
	clock.now = clock.now.Add(oneDay)
	if got := days(); !slices.Equal(got, all[1:]) {
		t.Errorf("%v on the second day", got)
	}
	if n := countOf(t, e, "*"); n != 300 {
		t.Errorf("%d rows are left", n)
	}
	if entry, ok := e.manifest.of("20231111"); !ok || entry.Kind != Removed || entry.Why == "" {
		t.Errorf("%+v", entry)
	}
	if a := add(t, e, 10, frameOf(10, someTime-int64(3*oneDay))); a.TooOld != 100 {
		t.Errorf("%+v of a removed day", a)
	}
	// The engine was closed for it; rows that were in memory are there, and more can be added.
	if a := add(t, e, 11, frameOf(11, someTime+int64(oneDay))); a.Kept != 100 {
		t.Errorf("%+v", a)
	}
	parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { return countOf(t, e, "*") == 400 })

	// A clock that leaps removes nothing, and rows of the true time are still taken.
	clock.now = clock.now.Add(4000 * oneDay)
	if got := days(); !slices.Equal(got, []string{"20231112", "20231113", "20231114", "20231115"}) {
		t.Errorf("%v after the clock leapt", got)
	}
	if a := add(t, e, 12, frameOf(12, someTime)); a.Kept != 100 {
		t.Errorf("%+v after the clock leapt", a)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = openTest(t, dir, Options{Retention: 3 * oneDay, SealAfter: 1000 * oneDay, now: clock.read})
	if got := days(); len(got) != 4 {
		t.Errorf("%v after the clock leapt and the store was opened again", got)
	}
	// Back at the first day of computers: rows of the true time are not in the future.
	clock.now = time.Unix(0, 0)
	if got := days(); len(got) != 4 {
		t.Errorf("%v with a clock at zero", got)
	}
	if a := add(t, e, 13, frameOf(13, someTime)); a.Kept != 100 {
		t.Errorf("%+v with a clock at zero", a)
	}
}

func TestClockIsBelievedAgain(t *testing.T) {
	var c wallClock
	wall, mono := time.Unix(0, someTime), time.Now()
	step := func(w, m time.Duration) bool {
		wall, mono = wall.Add(w), mono.Add(m)
		c.look(wall, mono)
		_, sure := c.sure()
		return sure
	}
	for i, s := range []struct {
		wall, mono time.Duration
		sure       bool
	}{
		{0, 0, true},
		{time.Hour, time.Hour, true},
		{10 * oneDay, 0, true}, // it slept
		{16 * oneDay, 0, false},
		{time.Hour, time.Hour, false},
		{22 * time.Hour, 22 * time.Hour, false},
		{2 * time.Hour, 2 * time.Hour, true},
		{100 * oneDay, time.Minute, false},
		{-101 * oneDay, time.Minute, true}, // it was set right
	} {
		if got := step(s.wall, s.mono); got != s.sure {
			t.Errorf("step %d: believed: %v", i, got)
		}
	}
}

func TestRetentionBySize(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	fill(t, dir, 6)
	size, err := treeSize(filepath.Join(dir, partitionsDir, firstDay))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Unix(0, someTime+5*int64(oneDay)) }
	for _, test := range []struct {
		limit int64
		left  int
	}{{7 * size, 6}, {4*size + size/2, 4}, {1, 2}} {
		e := openTest(t, dir, Options{MaxBytes: test.limit, SealAfter: 1000 * oneDay, now: now})
		if err := e.Maintain(ctx); err != nil {
			t.Fatal(err)
		}
		days, err := e.Days()
		if err != nil || len(days) != test.left || days[len(days)-1] != "20231119" {
			t.Errorf("at most %d bytes: %v %v", test.limit, days, err)
		}
		if n := countOf(t, e, "*"); n != 300*test.left {
			t.Errorf("%d rows", n)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{MaxShare: 0.5, MaxBytes: 1 << 60}.filled(dir)
	total, _, err := disk.Space(dir)
	if err != nil || o.MaxBytes != int64(0.5*float64(total)) {
		t.Errorf("half of %d is %d (%v)", total, o.MaxBytes, err)
	}
}

// Searches that do not end do not keep days for ever.
func TestRemovalEndsSearches(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 3)
	e := openTest(t, dir, Options{MaxBytes: 1, SealAfter: 1000 * oneDay, now: func() time.Time { return time.Unix(0, someTime) }})
	ended := make(chan error, 1)
	began, stopped := make(chan bool, 100), make(chan bool)
	go func() {
		ended <- e.scan(context.Background(), "*", func(int, *Block) {
			began <- true
			<-stopped // until it is told to end, as a slow reader that looks at its context
		})
	}()
	<-began
	e.patience = 100 * time.Millisecond
	time.AfterFunc(time.Second, func() { close(stopped) })
	if err := e.Maintain(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, ErrReopened) {
		t.Errorf("the search ends with %v", err)
	}
	if days, err := e.Days(); err != nil || len(days) != 2 {
		t.Error(days, err)
	}
}

func TestFullDisk(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	_, free, err := disk.Space(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := openTest(t, dir, Options{MinFree: int64(free) * 2})
	if _, err := e.Add(ctx, 1, frameOf(1, someTime)); !errors.Is(err, ErrFull) {
		t.Errorf("a full disk takes rows: %v", err)
	}
	if s, err := e.Stats(ctx); err != nil || !s.Full {
		t.Errorf("%+v %v", s, err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Add(ctx, 1, frameOf(1, someTime)); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed store: %v", err)
	}
	if err := e.scan(ctx, "*", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed store: %v", err)
	}
	e = openTest(t, dir, Options{})
	add(t, e, 1, frameOf(1, someTime))
}

// A small file system that another program fills and frees again: what was added is there, and more can be added.
func TestFullFileSystem(t *testing.T) {
	dir := smallDisk(t, "64m")
	ctx := context.Background()
	store := filepath.Join(dir, "store")
	e := openTest(t, store, Options{MinFree: 32 << 20})
	seq, rows := uint64(1), 0
	full := func() bool {
		a, err := e.Add(ctx, seq, frameOf(seq, someTime))
		if errors.Is(err, ErrFull) {
			return true
		}
		if err != nil {
			t.Fatal(err)
		}
		seq, rows = seq+1, rows+a.Kept
		return false
	}
	if full() {
		t.Fatal("it is full at once")
	}
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 40<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	parts.Wait(t, 10*time.Second, "the store to be full", full)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	parts.Wait(t, 10*time.Second, "the store to take rows again", func() bool { return !full() })
	parts.Wait(t, 10*time.Second, "rows to be visible", func() bool { return countOf(t, e, "*") == rows })
}
