package respond

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// TestConfinedForOthers is no test, but a process that confines itself, and tries what it then must not.
func TestConfinedForOthers(t *testing.T) {
	dir, outside := os.Getenv("TOCSIN_CONFINED"), os.Getenv("TOCSIN_OUTSIDE")
	if dir == "" {
		t.Skip("it is the part of another test")
	}
	confined, err := Confine(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !confined {
		t.Fatal("this kernel has no Landlock")
	}
	file := filepath.Join(outside, "file")
	for name, try := range map[string]func() error{
		"write":    func() error { return os.WriteFile(file, []byte("x"), 0o600) },
		"make":     func() error { return os.WriteFile(filepath.Join(outside, "new"), nil, 0o600) },
		"truncate": func() error { return os.Truncate(file, 0) },
		"remove":   func() error { return os.Remove(file) },
		"rename":   func() error { return os.Rename(file, filepath.Join(outside, "other")) },
		"move in":  func() error { return os.Rename(file, filepath.Join(dir, "taken")) },
		"link":     func() error { return os.Link(file, filepath.Join(dir, "linked")) },
		"symlink":  func() error { return os.Symlink(file, filepath.Join(outside, "link")) },
		"folder":   func() error { return os.Mkdir(filepath.Join(outside, "folder"), 0o700) },
		"pipe":     func() error { return syscall.Mkfifo(filepath.Join(outside, "pipe"), 0o600) },
		"by link": func() error {
			if err := os.Symlink(file, filepath.Join(dir, "way-out")); err != nil {
				t.Error(err)
			}
			return os.WriteFile(filepath.Join(dir, "way-out"), []byte("x"), 0o600)
		},
		"by a program": func() error {
			err := exec.Command("sh", "-c", "echo x >"+file).Run()
			if e := (*exec.ExitError)(nil); errors.As(err, &e) {
				return fs.ErrPermission
			}
			return err
		},
	} {
		done := make(chan error) // on other threads, too
		go func() { done <- try() }()
		if err := <-done; !errors.Is(err, fs.ErrPermission) && !errors.Is(err, unix.EXDEV) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "kept" {
		t.Errorf("it reads %q, %v", text, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "own"), []byte("x"), 0o600); err != nil {
		t.Error(err)
	}
	if status, err := os.ReadFile("/proc/thread-self/status"); err != nil || !strings.Contains(string(status), "NoNewPrivs:\t1") {
		t.Errorf("it may get new rights: %v", err)
	}
}

// What is confined writes to its own folder alone, by whatever way, on every thread, and so do the programs that it starts.
func TestConfineHolds(t *testing.T) {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, landlockVersion)
	if errno != 0 {
		parts.Missing(t, "this kernel has no Landlock")
	}
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "file"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "confined.test")
	build := exec.Command("go", "test", "-c", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped: with C in it, not all threads can be confined
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(program, "-test.run=^TestConfinedForOthers$", "-test.v")
	cmd.Env = append(os.Environ(), "TOCSIN_CONFINED="+dir, "TOCSIN_OUTSIDE="+outside)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("version %d of Landlock: %v\n%s", version, err, out)
	}
}
