package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The logs in the repository are those that this program writes.
func TestLogsAreFresh(t *testing.T) {
	total := 0
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join("..", "small-company", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what this program writes; run go generate ./examples/generate", name)
		}
		total += len(got)
	}
	if total > 2<<20 {
		t.Errorf("the logs are %d bytes, more than 2 MiB", total)
	}
}
