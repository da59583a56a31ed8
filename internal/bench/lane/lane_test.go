package lane

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "figures.md")
	put := func(part, text string) string {
		t.Helper()
		if err := Replace(name, part, text); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	put("bench-peers", "## Others\nnine")
	byHand := put("bench", "# Title\none") + "\n## Written by hand\n"
	if err := os.WriteFile(name, []byte(byHand), 0o644); err != nil {
		t.Fatal(err)
	}
	got := put("bench", "# Title\ntwo")
	if got != strings.Replace(byHand, "one\n", "two\n", 1) || strings.Count(got, "make bench ") != 2 {
		t.Errorf("the document is\n%s", got)
	}
	if again := put("bench-peers", "## Others\nnine"); again != got {
		t.Errorf("the same part written again changes the document:\n%s", again)
	}
}

func TestJoinChunks(t *testing.T) {
	dir := t.TempDir()
	chunk := append([]byte("ElfChnk\x00"), make([]byte, 65536-8)...)
	empty := make([]byte, 65536)
	file := append(append(append([]byte("ElfFile\x00"), make([]byte, 4096-8)...), chunk...), empty...)
	from, to := filepath.Join(dir, "a.evtx"), filepath.Join(dir, "sub", "b.evtx")
	if err := os.WriteFile(from, file, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := JoinChunks(to, []string{from, from}, 3); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) != 4096+6*65536 || data[42] != 6 || string(data[4096+5*65536:][:7]) != "ElfChnk" {
		t.Errorf("%d bytes, %d chunks", len(data), data[42])
	}
}

// TestCost runs a command whose cost is known roughly: it holds 64 MB.
func TestCost(t *testing.T) {
	cmd := Command{Args: []string{os.Args[0], "-test.run", "TestHold"}, Env: []string{"LANE_HOLD=1"}}
	cost, err := cmd.Median(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if cost.Memory < 64<<20 || cost.Memory > 256<<20 || cost.CPU <= 0 || cost.Wall < cost.CPU/8 {
		t.Errorf("a process of 64 MB is measured as %+v", cost)
	}
	if _, err := (Command{Args: []string{os.Args[0], "-no-such-flag"}}).Run(t.Context(), 1); err == nil {
		t.Error("a command that fails is no error")
	}
	if got := (Command{Args: []string{"a b", "c'd", "e"}, Stdin: "f"}).String(); got != `'a b' 'c'\''d' e < f` {
		t.Errorf("the command is written %s", got)
	}
}

// TestHold is the process that TestCost measures.
func TestHold(t *testing.T) {
	if os.Getenv("LANE_HOLD") == "" {
		t.Skip("runs as a process of TestCost")
	}
	b := make([]byte, 64<<20)
	for range 20 {
		for i := range b {
			b[i]++
		}
	}
	if b[len(b)-1] != 20 {
		t.Error("memory forgets")
	}
}
