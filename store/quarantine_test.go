package store

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestQuarantine keeps what was moved aside for a bounded time, and a bounded amount of it.
func TestQuarantine(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	var told bytes.Buffer
	e := openTest(t, dir, Options{
		AsideAge: 30 * 24 * time.Hour, AsideBytes: 2500, now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&told, nil)),
	})
	moved := func(ago time.Duration, size int) string {
		name := now.Add(-ago).Format(asideStamp) + "-partitions-20261001-datadb-1"
		path := filepath.Join(dir, asideDir, name)
		if err := os.MkdirAll(path, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, "values.bin0"), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	old := moved(31*24*time.Hour, 10)
	large := moved(20*24*time.Hour, 1000)
	kept := []string{moved(10*24*time.Hour, 1000), moved(time.Hour, 1500)}
	foreign := filepath.Join(dir, asideDir, "notes.txt")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Maintain(context.Background()); err != nil {
		t.Fatal(err)
	}
	left, err := directories(filepath.Join(dir, asideDir))
	if err != nil || !slices.Equal(left, kept) {
		t.Errorf("left are %q, %v; want %q", left, err, kept)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
	for _, name := range []string{old, large} {
		if !strings.Contains(told.String(), name) {
			t.Errorf("the removal of %s is not told: %s", name, told.String())
		}
	}
}
