package disk_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tocsin-sec/tocsin/disk"
)

// names are what a folder holds.
func names(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "list")
	for _, text := range []string{"first", strings.Repeat("second", 50_000), ""} {
		if err := disk.Replace(path, 0o640, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Fatalf("%d bytes, want %d: %v", len(got), len(text), err)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	broken := errors.New("broken")
	err := disk.ReplaceFrom(path, 0o600, func(w io.Writer) error {
		_, _ = io.WriteString(w, strings.Repeat("half of it", 50_000))
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if got, _ := os.ReadFile(path); len(got) != 0 {
		t.Errorf("a write that failed left %d bytes", len(got))
	}
	if err := disk.Replace(dir, 0o600, nil); err == nil {
		t.Error("a folder was replaced")
	}
	if got := names(t, dir); got != "list" {
		t.Errorf("the folder holds %s", got)
	}
	if err := disk.Replace(filepath.Join(dir, "none", "list"), 0o600, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestKeep(t *testing.T) {
	dir, text := t.TempDir(), strings.Repeat("evidence", 30_000)
	for range 2 { // the same again is the same file
		sum, size, err := disk.Keep(dir, strings.NewReader(text))
		want := sha256.Sum256([]byte(text))
		if err != nil || sum != hex.EncodeToString(want[:]) || size != int64(len(text)) {
			t.Fatalf("%s, %d bytes: %v", sum, size, err)
		}
		if got := names(t, dir); got != sum {
			t.Fatalf("the folder holds %s", got)
		}
		if got, err := os.ReadFile(filepath.Join(dir, sum)); err != nil || string(got) != text {
			t.Fatalf("%d bytes kept: %v", len(got), err)
		}
	}
	if _, _, err := disk.Keep(t.TempDir(), iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

func TestCopy(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.WriteFile(from, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256([]byte("text"))
	if sum, err := disk.Copy(to, from, 0o600); err != nil || sum != hex.EncodeToString(want[:]) {
		t.Errorf("%s, %v", sum, err)
	}
	if got, err := os.ReadFile(to); err != nil || string(got) != "text" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := disk.Copy(to, from, 0o600); !errors.Is(err, os.ErrExist) {
		t.Errorf("what was there was written over: %v", err)
	}
}

func TestSpace(t *testing.T) {
	total, free, err := disk.Space(t.TempDir())
	if err != nil || free == 0 || free > total {
		t.Errorf("%d of %d free: %v", free, total, err)
	}
	if _, _, err := disk.Space(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("room in a folder that is not there")
	}
	if err := disk.SyncFolder(t.TempDir()); err != nil {
		t.Error(err)
	}
}
