package wal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// clone copies a log's folder.
func clone(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// openLoose opens a log that does not sync, for tests that open very many.
func openLoose(dir string, opt Options) (*Log, error) {
	return openWith(&Log{
		sync:       func(*os.File) error { return nil },
		syncFolder: func(string) error { return nil },
	}, dir, opt)
}

func loose(t testing.TB, dir string, opt Options) *Log {
	t.Helper()
	l, err := openLoose(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTornAtEveryByte(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	fill(t, l, 6)
	before := l.Bytes()
	if _, err := l.Append(payload(7)); err != nil {
		t.Fatal(err)
	}
	after := l.Bytes()
	_ = l.Close()
	name := segments(t, dir)[0]
	whole := read(t, name)
	for at := before; at < after; at++ {
		for _, zeros := range []bool{false, true} {
			torn := slices.Clone(whole[:at])
			if zeros { // the size reached the disk, the content did not
				torn = append(torn, make([]byte, after-at)...)
				if slices.Equal(torn, whole) {
					continue
				}
			}
			write(t, name, torn)
			l, err := openLoose(dir, Options{})
			if err != nil {
				t.Fatalf("torn at %d: %v", at, err)
			}
			if r := l.Repairs(); (len(r) != 1 || !r[0].Torn || r[0].Offset != before) && at+btoi(zeros) > before {
				t.Fatalf("torn at %d, and told: %v", at, r)
			}
			wantNumbers(t, numbers(t, l, 1), upTo(1, 6))
			fill(t, l, 8)
			wantNumbers(t, numbers(t, l, 1), upTo(1, 8))
			_ = l.Close()
		}
	}
}

func btoi(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func TestTornHeader(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{SegmentBytes: 600})
	fill(t, l, 10)
	next := l.Next()
	_ = l.Close()
	for size := range headerBytes + 1 {
		write(t, filepath.Join(dir, segmentName(next)), make([]byte, size))
		l, err := openLoose(dir, Options{})
		if err != nil {
			t.Fatalf("%d bytes of a header: %v", size, err)
		}
		if r := l.Repairs(); len(r) != 1 || !r[0].Torn || l.Next() != next {
			t.Fatalf("%d bytes of a header, next %d: %v", size, l.Next(), r)
		}
		wantNumbers(t, numbers(t, l, 1), upTo(1, 10))
		_ = l.Close()
	}
}

// TestBitFlips flips bits all over a log of some segments. Wherever it is, either nothing but the last Append is gone, or
// opening fails and says where; and with quarantine all other frames are still there.
func TestBitFlips(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{SegmentBytes: 1200})
	const last = 14
	for l.Next() <= last {
		if _, err := l.Append(payload(l.Next())); err != nil {
			t.Fatal(err)
		}
	}
	_ = l.Close()
	names := segments(t, dir)
	if len(names) < 3 {
		t.Fatalf("%d segments", len(names))
	}
	for i, name := range names {
		whole := read(t, name)
		for at := 0; at < len(whole); at += 23 {
			broken := clone(t, dir)
			flipped := slices.Clone(whole)
			flipped[at] ^= 1 << (at % 8)
			path := filepath.Join(broken, filepath.Base(name))
			write(t, path, flipped)
			checkFlip(t, broken, path, i == len(names)-1, last)
		}
	}
}

func checkFlip(t *testing.T, dir, path string, lastSegment bool, last uint64) {
	t.Helper()
	l, err := openLoose(dir, Options{})
	if err == nil {
		defer l.Close()
		if r := l.Repairs(); !lastSegment || len(r) != 1 || !r[0].Torn {
			t.Fatalf("%s opened with repairs %v", path, r)
		}
		wantNumbers(t, numbers(t, l, 1), upTo(1, last-1))
		return
	}
	var damage *DamageError
	if !errors.As(err, &damage) || len(damage.Damage) != 1 || damage.Damage[0].Segment != path || !strings.Contains(err.Error(), path) {
		t.Fatalf("damage in %s, and the error: %v", path, err)
	}
	l, err = openLoose(dir, Options{Quarantine: true})
	if err != nil {
		t.Fatal(err)
	}
	repairs := l.Repairs()
	if len(repairs) != 1 || repairs[0].SetAside == "" || repairs[0].From == 0 {
		t.Fatalf("repairs %v", repairs)
	}
	if _, err := os.Stat(repairs[0].SetAside); err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(upTo(1, last), func(n uint64) bool {
		return n >= repairs[0].From && (repairs[0].To == 0 || n <= repairs[0].To)
	})
	if repairs[0].Offset > 0 && len(want) != int(last)-1 {
		t.Fatalf("one frame was damaged, and these are left: %v (%v)", want, repairs)
	}
	wantNumbers(t, numbers(t, l, 1), want)
	next, err := l.Append([]byte("more"))
	if err != nil || next <= last {
		t.Fatalf("append after quarantine: %d, %v", next, err)
	}
	_ = l.Close()
	l = loose(t, dir, Options{}) // told once
	if len(l.Repairs()) != 0 || l.Next() != next+1 {
		t.Fatalf("opened again: repairs %v, next %d of %d", l.Repairs(), l.Next(), next+1)
	}
	_ = l.Close()
}

// TestAsideIsBounded spoils more segments than are kept: the newest of those set aside stay.
func TestAsideIsBounded(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{SegmentBytes: 1200})
	for len(l.segments) < maxAside+6 {
		fill(t, l, l.Next()+5)
	}
	_ = l.Close()
	names := segments(t, dir)
	spoilt := len(names) - 1
	for _, name := range names[:spoilt] {
		data := read(t, name)
		data[len(data)/2] ^= 0x40
		write(t, name, data)
	}
	l, err := openLoose(dir, Options{Quarantine: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	gone := 0
	for _, d := range l.Repairs() {
		gone += d.Gone
	}
	list, err := filepath.Glob(filepath.Join(dir, "*"+asideSuffix+"*"))
	if err != nil || len(list) != maxAside || gone != spoilt-maxAside {
		t.Fatalf("%d spoilt, %d kept, %d told as removed, %v", spoilt, len(list), gone, err)
	}
	if last := l.Repairs()[len(l.Repairs())-1]; !slices.Contains(list, last.SetAside) {
		t.Fatalf("the newest, %s, is not kept: %v", last.SetAside, list)
	}
}

func TestMissingSegment(t *testing.T) {
	dir := t.TempDir()
	l := loose(t, dir, Options{SegmentBytes: 1200})
	fill(t, l, 40)
	_ = l.Close()
	names := segments(t, dir)
	from, _ := parseName(filepath.Base(names[1]))
	to, _ := parseName(filepath.Base(names[2]))
	if err := os.Remove(names[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := openLoose(dir, Options{}); err == nil || !strings.Contains(err.Error(), names[1]) {
		t.Fatalf("a segment is missing: %v", err)
	}
	want := append(upTo(1, from-1), upTo(to, 40)...)
	l = loose(t, dir, Options{Quarantine: true})
	if r := l.Repairs(); len(r) != 1 || r[0].From != from || r[0].To != to-1 {
		t.Fatalf("repairs %v", r)
	}
	wantNumbers(t, numbers(t, l, 1), want)
	_ = l.Close()
	l = loose(t, dir, Options{})
	wantNumbers(t, numbers(t, l, 1), want)
}

// TestDamageUnderReplay damages a segment behind the back of a log that is open.
func TestDamageUnderReplay(t *testing.T) {
	dir := t.TempDir()
	l := loose(t, dir, Options{})
	fill(t, l, 9)
	name := segments(t, dir)[0]
	data := read(t, name)
	data[len(data)/2] ^= 4
	write(t, name, data)
	var damage *DamageError
	err := l.Replay(1, func(uint64, []byte) error { return nil })
	if !errors.As(err, &damage) || damage.Damage[0].Segment != name || damage.Damage[0].Offset == 0 {
		t.Fatalf("%v", err)
	}
}

// TestForgedFrame has a frame whose content looks like a frame, and damage before it: it must not become one.
func TestForgedFrame(t *testing.T) {
	dir := t.TempDir()
	l := loose(t, dir, Options{})
	forged := appendFrame(nil, 0, frameHead{seq: 3, begins: true}, []byte("forged"))
	inner := make([]byte, 0, 4000)
	for i := range 1000 { // incompressible, so that it stands in the file as it is
		inner = append(inner, byte(i*i>>3), byte(i*7))
	}
	inner = append(inner, forged...)
	if _, err := l.Append(inner); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	name := segments(t, dir)[0]
	data := read(t, name)
	if !strings.Contains(string(data), string(forged)) {
		t.Fatal("the compressor did not leave the forged frame as it was: what is around it has to be such that it does")
	}
	data[headerBytes+frameBytes+3] ^= 1
	write(t, name, data)
	l = loose(t, dir, Options{})
	if r := l.Repairs(); len(r) != 1 || !r[0].Torn {
		t.Fatalf("repairs %v", r)
	}
	wantNumbers(t, numbers(t, l, 1), nil)
}

func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	l := open(f, dir, Options{})
	fill(f, l, 5)
	_ = l.Close()
	whole := read(f, segments(f, dir)[0])
	f.Add(whole, []byte{})
	f.Add(whole[:len(whole)-3], []byte{})
	f.Add(whole, whole)
	f.Add([]byte(magic), whole)
	f.Add(whole[:headerBytes], append(slices.Clone(whole[:40]), 0xff, 0xff))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, segmentName(1)), first)
		if len(second) > 0 {
			write(t, filepath.Join(dir, segmentName(6)), second)
		}
		l, err := openLoose(dir, Options{})
		if err != nil {
			var damage *DamageError
			if !errors.As(err, &damage) {
				t.Fatalf("garbled segments gave %v", err)
			}
			if l, err = openLoose(dir, Options{Quarantine: true}); err != nil {
				if strings.Contains(err.Error(), "in the segment before") {
					return
				}
				t.Fatal(err)
			}
		}
		count := func(l *Log) (n int) {
			if err := l.Replay(0, func(uint64, []byte) error { n++; return nil }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		n := count(l)
		if _, err := l.Append([]byte("more")); err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		l = loose(t, dir, Options{})
		if again := count(l); again != n+1 || len(l.Repairs()) != 0 {
			t.Fatalf("%d frames and one more, then %d; repairs %v", n, again, l.Repairs())
		}
	})
}
