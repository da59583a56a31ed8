//go:build linux || darwin || freebsd

package wal

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

const childVar = "WAL_TEST_CHILD"

// TestChild is what the crash test kills: it appends for ever and says what was acknowledged.
func TestChild(t *testing.T) {
	dir := os.Getenv(childVar)
	if dir == "" {
		t.Skip("runs only as the child of TestKill")
	}
	l, err := Open(dir, Options{SegmentBytes: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	for range 10_000_000 {
		last, err := l.Append(payload(l.Next()), payload(l.Next()+1), payload(l.Next()+2))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("acknowledged %d\n", last)
		if last%300 == 0 {
			if err := l.Trim(last - 200); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestKill(t *testing.T) {
	dir := t.TempDir()
	var acknowledged uint64
	for range 15 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), childVar+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		after := 1 + rand.IntN(120)
		for n := 0; lines.Scan(); {
			text, ok := strings.CutPrefix(lines.Text(), "acknowledged ")
			if !ok {
				t.Fatalf("the child says %q", lines.Text())
			}
			if acknowledged, err = strconv.ParseUint(text, 10, 64); err != nil {
				t.Fatal(err)
			}
			if n++; n == after {
				// Killed while it goes on writing, not at the moment at which it spoke.
				time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait()
		l, err := Open(dir, Options{SegmentBytes: 20_000})
		if err != nil {
			t.Fatal(err)
		}
		if l.Next() <= acknowledged {
			t.Fatalf("%d was acknowledged, and the log ends before %d", acknowledged, l.Next())
		}
		wantNumbers(t, numbers(t, l, 1), upTo(l.First(), l.Next()-1))
		if l.First() > max(1, acknowledged) {
			t.Fatalf("the log begins at %d", l.First())
		}
		_ = l.Close()
	}
	if acknowledged < 300 {
		t.Fatalf("only %d frames were acknowledged", acknowledged)
	}
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		parts.Missing(t, "a small disk can be mounted by root on Linux only")
	}
	mount := parts.Find(t, "mount")
	if out, err := exec.Command(mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", dir).CombinedOutput(); err != nil {
		parts.Missing(t, fmt.Sprintf("no tmpfs can be mounted: %v: %s", err, out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	for _, size := range []int64{1 << 20, 3000} { // full within a segment, and at the beginning of one
		t.Run(fmt.Sprint(size), func(t *testing.T) { fillDisk(t, filepath.Join(dir, fmt.Sprint(size)), size) })
	}
}

func fillDisk(t *testing.T, dir string, size int64) {
	ballast := filepath.Join(filepath.Dir(dir), "ballast")
	write(t, ballast, make([]byte, 64<<10))
	l := open(t, dir, Options{SegmentBytes: size})
	var err error
	for err == nil && l.Next() < 10_000 {
		_, err = l.Append(payload(l.Next()), payload(l.Next()+1))
	}
	if !errors.Is(err, ErrFull) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("on a full disk: %v", err)
	}
	n := l.Next()
	if _, err := l.Append(payload(n), payload(n+1)); !errors.Is(err, ErrFull) {
		t.Fatalf("on a disk that is still full: %v", err)
	}
	wantNumbers(t, numbers(t, l, 1), upTo(1, n-1))
	_ = l.Close()
	l = open(t, dir, Options{SegmentBytes: size}) // opens on a full disk too
	if len(l.Repairs()) != 0 || l.Next() != n {
		t.Fatalf("something was left behind: %v, next %d of %d", l.Repairs(), l.Next(), n)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	fill(t, l, n+5)
	wantNumbers(t, numbers(t, l, 1), upTo(1, n+5))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}
