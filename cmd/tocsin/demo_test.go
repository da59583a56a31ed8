package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// watchedBuffer is written by one goroutine and looked into by another.
type watchedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *watchedBuffer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *watchedBuffer) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// TestDemo: the night of the demonstration shows its attack, answers, and is thrown away at the end.
func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	out, told := new(watchedBuffer), new(watchedBuffer)
	ended := make(chan int)
	go func() { ended <- run(ctx, []string{"demo"}, streams{in: strings.NewReader(""), out: out, err: told}) }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(out.String(), "tocsin show") {
		select {
		case code := <-ended:
			t.Fatalf("it ended with %d: %s%s", code, out, told)
		case <-ctx.Done():
			t.Fatalf("no incident: %s%s", out, told)
		case <-tick.C:
		}
	}
	folder := regexp.MustCompile(`keeps in +(\S+)`).FindStringSubmatch(out.String())
	if folder == nil || !strings.Contains(out.String(), "/first#") {
		t.Fatalf("greeting: %s", out)
	}
	answer := new(bytes.Buffer)
	if code := run(ctx, []string{"alerts", "--data", folder[1]}, streams{in: strings.NewReader(""), out: answer, err: told}); code == 2 {
		t.Fatalf("alerts: %s%s", answer, told)
	}
	if !strings.Contains(answer.String(), "critical") || strings.Count(answer.String(), "\n") > 15 {
		t.Errorf("a night with an attack comes to:\n%s", answer)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit status %d: %s", code, told)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
