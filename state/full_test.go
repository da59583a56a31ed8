package state

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		parts.Missing(t, "a small disk can be mounted by root on Linux only")
	}
	mount := parts.Find(t, "mount")
	if out, err := exec.Command(mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).CombinedOutput(); err != nil {
		parts.Missing(t, fmt.Sprintf("no tmpfs can be mounted: %v: %s", err, out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 256<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), filepath.Join(dir, "state.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	for ; err == nil && n < 100_000; n += 20 {
		err = s.PutHits(t.Context(), many(n, 20))
	}
	n -= 20
	if !errors.Is(err, ErrFull) {
		t.Fatalf("on a full disk: %v", err)
	}
	if err := s.PutHits(t.Context(), many(n, 20)); !errors.Is(err, ErrFull) {
		t.Fatalf("on a disk that is still full: %v", err)
	}
	if got := len(keys(t, s, HitFilter{})); got != n {
		t.Errorf("%d hits of %d on a full disk", got, n)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.PutHits(t.Context(), many(n, 20)); err != nil {
		t.Fatalf("when there is room again: %v", err)
	}
	if got := len(keys(t, s, HitFilter{})); got != n+20 {
		t.Errorf("%d hits of %d", got, n+20)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
