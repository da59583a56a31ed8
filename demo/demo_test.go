package demo

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestExamplesAreFresh: the logs in the repository are those that this package writes.
func TestExamplesAreFresh(t *testing.T) {
	total := 0
	for name, want := range Logs(time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC)) {
		got, err := os.ReadFile(filepath.Join("..", "examples", "small-company", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what this package writes; run go generate ./examples/generate", name)
		}
		total += len(got)
	}
	if total > 2<<20 {
		t.Errorf("the logs are %d bytes, more than 2 MiB", total)
	}
}
