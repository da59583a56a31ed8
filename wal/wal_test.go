package wal

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// payload is the frame that tests write with a number; its content follows from the number.
func payload(seq uint64) []byte {
	r := rand.New(rand.NewPCG(seq, 1))
	b := fmt.Appendf(nil, "frame %d ", seq)
	for range r.IntN(40) {
		b = fmt.Appendf(b, "%d accepted password for user%d ", r.Uint32(), r.IntN(9))
	}
	return b
}

func open(t testing.TB, dir string, opt Options) *Log {
	t.Helper()
	l, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// fill appends frames until so many are in the log, a few at a time.
func fill(t testing.TB, l *Log, last uint64) {
	t.Helper()
	for l.Next() <= last {
		var frames [][]byte
		for i := range 1 + l.Next()%3 {
			if n := l.Next() + i; n <= last {
				frames = append(frames, payload(n))
			}
		}
		if _, err := l.Append(frames...); err != nil {
			t.Fatal(err)
		}
	}
}

// numbers replays a log, checks every frame, and returns the sequence numbers.
func numbers(t testing.TB, l *Log, from uint64) []uint64 {
	t.Helper()
	var list []uint64
	err := l.Replay(from, func(seq uint64, frame []byte) error {
		if !bytes.Equal(frame, payload(seq)) {
			return fmt.Errorf("frame %d is not what was written: %q", seq, frame)
		}
		list = append(list, seq)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// upTo is the numbers from a to b.
func upTo(a, b uint64) []uint64 {
	var list []uint64
	for ; a <= b; a++ {
		list = append(list, a)
	}
	return list
}

func wantNumbers(t testing.TB, got, want []uint64) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("frames %v, want %v", got, want)
	}
}

func segments(t testing.TB, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAppendReplayReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "wal")
	l := open(t, dir, Options{SegmentBytes: 2000})
	if l.First() != 1 || l.Next() != 1 {
		t.Fatalf("a new log has %d to %d", l.First(), l.Next())
	}
	if last, err := l.Append(); last != 0 || err != nil {
		t.Fatalf("no frames: %d, %v", last, err)
	}
	fill(t, l, 100)
	wantNumbers(t, numbers(t, l, 0), upTo(1, 100))
	wantNumbers(t, numbers(t, l, 57), upTo(57, 100))
	if n := len(segments(t, dir)); n < 5 {
		t.Fatalf("%d segments", n)
	}
	size := l.Bytes()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(nil); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("append to a closed log: %v", err)
	}
	l = open(t, dir, Options{SegmentBytes: 2000})
	if l.Next() != 101 || l.Bytes() != size || len(l.Repairs()) != 0 {
		t.Fatalf("next %d, %d bytes of %d, repairs %v", l.Next(), l.Bytes(), size, l.Repairs())
	}
	fill(t, l, 120)
	wantNumbers(t, numbers(t, l, 1), upTo(1, 120))
	if last, err := l.Append([]byte{}, payload(122)); last != 122 || err != nil {
		t.Fatalf("an empty frame: %d, %v", last, err)
	}
	stop := errors.New("enough")
	calls := 0
	if err := l.Replay(3, func(uint64, []byte) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Fatalf("replay went on after an error: %v, %d calls", err, calls)
	}
}

func TestTooLarge(t *testing.T) {
	l := open(t, t.TempDir(), Options{})
	if _, err := l.Append(payload(1), make([]byte, MaxFrame+1)); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("%v", err)
	}
	wantNumbers(t, numbers(t, l, 1), nil)
	big := make([]byte, MaxFrame)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(big)
	if last, err := l.Append(big); last != 1 || err != nil {
		t.Fatalf("the largest frame: %d, %v", last, err)
	}
	err := l.Replay(1, func(_ uint64, frame []byte) error {
		if !bytes.Equal(frame, big) {
			t.Error("the largest frame came back changed")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTrim(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{SegmentBytes: 1500})
	fill(t, l, 60)
	if err := l.Trim(30); err != nil {
		t.Fatal(err)
	}
	first := l.First()
	if first <= 1 || first > 30 {
		t.Fatalf("first is %d", first)
	}
	wantNumbers(t, numbers(t, l, 1), upTo(first, 60))
	err := l.Replay(first, func(seq uint64, frame []byte) error {
		if seq == first { // a trim during a replay leaves what it reads
			return l.Trim(60)
		}
		if !bytes.Equal(frame, payload(seq)) {
			return fmt.Errorf("frame %d", seq)
		}
		return nil
	})
	if err != nil || l.First() != first {
		t.Fatalf("replay under trim: %v, first %d", err, l.First())
	}
	if err := l.Trim(l.Next()); err != nil {
		t.Fatal(err)
	}
	if len(segments(t, dir)) != 1 || l.First() <= first {
		t.Fatalf("left: %v", segments(t, dir))
	}
	_ = l.Close()
	l = open(t, dir, Options{SegmentBytes: 1500})
	if l.Next() != 61 {
		t.Fatalf("next is %d after a trim of everything", l.Next())
	}
	fill(t, l, 65)
	wantNumbers(t, numbers(t, l, 62), upTo(62, 65))
}

func TestReplayWhileAppending(t *testing.T) {
	l := open(t, t.TempDir(), Options{SegmentBytes: 3000})
	fill(t, l, 20)
	var writer sync.WaitGroup
	writer.Go(func() { fill(t, l, 400) })
	for range 20 {
		at := l.Next()
		got := numbers(t, l, 1)
		if n := uint64(len(got)); n < at-1 {
			t.Fatalf("%d of %d frames", n, at-1)
		}
		wantNumbers(t, got, upTo(1, uint64(len(got))))
	}
	writer.Wait()
	wantNumbers(t, numbers(t, l, 1), upTo(1, 400))
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Fatalf("opened twice: %v", err)
	}
	_ = l.Close()
	open(t, dir, Options{})
}

func TestBrokenSync(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	fill(t, l, 5)
	fail := errors.New("input/output error")
	l.sync = func(*os.File) error { return fail }
	if _, err := l.Append(payload(6)); !errors.Is(err, ErrBroken) || !errors.Is(err, fail) {
		t.Fatalf("%v", err)
	}
	l.sync = syncData
	if _, err := l.Append(payload(6)); !errors.Is(err, ErrBroken) {
		t.Fatalf("acknowledged after a failed sync: %v", err)
	}
	if l.Next() != 6 {
		t.Fatalf("next is %d", l.Next())
	}
	_ = l.Close()
	l = open(t, dir, Options{})
	fill(t, l, 7)
	wantNumbers(t, numbers(t, l, 1), upTo(1, 7))
}

func TestMinFree(t *testing.T) {
	l := open(t, t.TempDir(), Options{MinFree: 1 << 60})
	if _, err := l.Append(payload(1)); !errors.Is(err, ErrFull) {
		t.Fatalf("%v", err)
	}
	l.opt.MinFree = 1
	fill(t, l, 3)
	wantNumbers(t, numbers(t, l, 1), upTo(1, 3))
}

func BenchmarkAppend(b *testing.B) {
	// One frame is what 500 events of about 200 bytes of columns come to.
	var frame []byte
	for i := uint64(0); len(frame) < 100_000; i++ {
		frame = append(frame, payload(i)...)
	}
	l := open(b, b.TempDir(), Options{})
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		last, err := l.Append(frame)
		if err != nil {
			b.Fatal(err)
		}
		if last%1000 == 0 {
			if err := l.Trim(last); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkReplay(b *testing.B) {
	l := open(b, b.TempDir(), Options{})
	frame := []byte(strings.Repeat(string(payload(5)), 200))
	for range 100 {
		if _, err := l.Append(frame); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(frame)) * 100)
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Replay(1, func(uint64, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
