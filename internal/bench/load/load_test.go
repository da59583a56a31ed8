package load

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestPost: what a server is too busy to take is sent again; what it refuses, or takes in part only, is an error.
func TestPost(t *testing.T) {
	var busy atomic.Int64
	var got atomic.Value
	answer := `{"errors":false}`
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if busy.Add(-1) >= 0 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		body, _ := io.ReadAll(r.Body)
		got.Store(r.Header.Get("Content-Type") + " " + string(body))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	c := client{to: server.URL}
	busy.Store(2)
	if err := c.post(t.Context(), []byte("a line\n")); err != nil || c.waited != 2 || got.Load() != "application/x-ndjson a line\n" {
		t.Errorf("%v after %d waits: %q", err, c.waited, got.Load())
	}
	answer = `{"errors":true,"items":[]}`
	if err := c.post(t.Context(), nil); err == nil || !strings.Contains(err.Error(), `"errors":true`) {
		t.Errorf("taken in part: %v", err)
	}
	answer, status = "no", http.StatusForbidden
	if err := c.post(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("refused: %v", err)
	}
	busy.Store(1 << 30)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.post(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("for ever busy: %v", err)
	}
}

// TestPace: it sends as often as it is to, however long that takes, and tells how late it was.
func TestPace(t *testing.T) {
	var behind atomic.Int64
	n := 0
	if err := pace(t.Context(), time.Second/2, &behind, func() error { n++; return nil }); err != nil || n != 5 {
		t.Errorf("%d times: %v", n, err)
	}
	behind.Store(0)
	slow := func() error { time.Sleep(150 * time.Millisecond); return nil }
	if err := pace(t.Context(), time.Second/2, &behind, slow); err != nil || behind.Load() < int64(100*time.Millisecond) {
		t.Errorf("behind by %v: %v", time.Duration(behind.Load()), err)
	}
	stop := errors.New("stop")
	if err := pace(t.Context(), time.Hour, &behind, func() error { return stop }); err != stop {
		t.Errorf("%v", err)
	}
}

// TestShell: lines have the priority and the time of their sending, in turn.
func TestShell(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	h := shell{conn: conn, lines: [][]byte{[]byte("Mar  3 09:12:44 gate sshd[1]: one"), []byte("Mar  3 09:12:44 gate sshd[1]: two")}}
	if err := h.send(3); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(peer)
	for _, want := range []string{"one", "two", "one"} {
		line, err := r.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "<38>") || !strings.HasSuffix(line, " gate sshd[1]: "+want+"\n") {
			t.Fatalf("%q: %v", line, err)
		}
		if _, err := time.Parse(time.Stamp, line[4:4+stampSize]); err != nil {
			t.Error(err)
		}
	}
}

// TestProcess: a process is measured while it runs, and why it ended is told.
func TestProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: it is measured by /proc")
	}
	dir := t.TempDir()
	p, err := start(t.Context(), filepath.Join(dir, "log"), "sh", "-c", "echo begun; while :; do :; done")
	if err != nil {
		t.Fatal(err)
	}
	var u Usage
	if err := p.until(t.Context(), 20*time.Second, "some use", func() bool {
		u, err = p.Usage()
		return err == nil && u.CPU > 0
	}); err != nil || u.Memory < 1<<16 || u.Peak < u.Memory {
		t.Errorf("%+v: %v", u, err)
	}
	if err := p.until(t.Context(), time.Millisecond, "nothing", func() bool { return false }); err == nil || !strings.Contains(err.Error(), "waited 1ms for nothing") {
		t.Errorf("%v", err)
	}
	if err := p.Stop(); err == nil {
		t.Error("it ended of itself")
	}
	dead, err := start(t.Context(), filepath.Join(dir, "log"), "sh", "-c", "echo no room >&2; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	err = dead.until(t.Context(), 20*time.Second, "ever", func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no room") {
		t.Errorf("%v", err)
	}
	if _, err := start(t.Context(), filepath.Join(dir, "log"), filepath.Join(dir, "none")); err == nil {
		t.Error("a program that is none was started")
	}
}

func TestFolderSize(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"x": 5, "a/y": 7, "a/b/z": 11} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := FolderSize(dir); n != 23 || err != nil {
		t.Errorf("%d bytes: %v", n, err)
	}
	if n, err := FolderSize(filepath.Join(dir, "none")); n != 0 || err != nil {
		t.Errorf("of none %d bytes: %v", n, err)
	}
}

func TestFigures(t *testing.T) {
	s := Steady{Rate: 100, Long: 10 * time.Second, Took: 20 * time.Second, Kept: 1000, CPU: 5 * time.Second, Latency: []time.Duration{3, 1, 2}}
	if s.Achieved() != 50 || s.Share() != 0.25 || s.Median() != 2 || s.Longest() != 3 {
		t.Errorf("%v %v %v %v", s.Achieved(), s.Share(), s.Median(), s.Longest())
	}
	if (&Steady{}).Median() != 0 || (&Steady{}).Longest() != 0 || (&Steady{}).Leaks() {
		t.Error("of nothing")
	}
	for _, m := range []int64{10, 10, 10, 10, 10, 12} {
		s.Memory = append(s.Memory, Usage{Memory: m})
	}
	if !s.Leaks() {
		t.Error("a leak is not seen")
	}
	s.Memory[5].Memory = 11
	if s.Leaks() {
		t.Error("a tenth more is no leak")
	}
	i := Ingest{Events: 2_000_000, CPU: 4 * time.Second, Whole: 6 * time.Second}
	if i.PerMillion() != 2 || i.WholePerMillion() != 3 {
		t.Errorf("%v %v", i.PerMillion(), i.WholePerMillion())
	}
	if kilobytes("VmRSS:\t  12 kB\nVmHWM: x", "VmRSS:") != 12<<10 || kilobytes("VmRSS:", "VmRSS:") != 0 || kilobytes("", "VmRSS:") != 0 {
		t.Error("kilobytes")
	}
}

// TestTocsinUnderLoad presses and fills the real server for some seconds.
func TestTocsinUnderLoad(t *testing.T) {
	if os.Getenv("TOCSIN_FULL") == "" {
		t.Skip("SKIPPED: it builds and loads the program; set TOCSIN_FULL=1")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "tocsin")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/tocsin-sec/tocsin/cmd/tocsin").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s, err := Tocsin(t.Context(), program, filepath.Join(dir, "serve"), []string{"builtin"})
	if err != nil {
		t.Fatal(err)
	}
	lines := [][]byte{[]byte("Mar  3 09:12:44 gate sshd[812]: Failed password for root from 203.0.113.7 port 50122 ssh2")}
	st, err := s.Press(t.Context(), 500, 6*time.Second, lines)
	if err != nil || st.Dropped != 0 || st.Sent < 2500 || st.Searches == 0 || st.CPU == 0 || st.Peak == 0 {
		t.Errorf("%+v: %v", st, err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	s, err = Tocsin(t.Context(), program, filepath.Join(dir, "fill"), []string{"builtin"})
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.Fill(t.Context(), 5000)
	if err != nil || in.Events != 5000 || in.Disk == 0 || in.Raw == 0 || in.Whole < in.CPU {
		t.Errorf("%+v: %v", in, err)
	}
}
