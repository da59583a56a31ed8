package main

import (
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// TestThrift: a run with few rules is kept small, until it is stopped or more is in use than it has room for.
func TestThrift(t *testing.T) {
	if os.Getenv("TOCSIN_ALONE") == "" { // what other tests have left in use would decide
		cmd := exec.Command(os.Args[0], "-test.run=^TestThrift$", "-test.v")
		cmd.Env = append(os.Environ(), "TOCSIN_ALONE=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestThrift") {
			t.Fatalf("in a process of its own: %v\n%s", err, out)
		}
		return
	}
	t.Setenv("GOMEMLIMIT", "")
	limit := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(limit) })
	now := func() int64 { return debug.SetMemoryLimit(-1) }
	runtime.GC()
	if n := metric("/memory/classes/heap/objects:bytes"); n > thriftyUse {
		t.Fatalf("a process that has done nothing has %d bytes in use", n)
	}
	debug.SetMemoryLimit(softMemory)
	stop := beThrifty()
	if now() != thriftyMemory {
		t.Errorf("the limit is %d", now())
	}
	stop()
	stop()
	if now() != softMemory {
		t.Errorf("after its end the limit is %d", now())
	}

	stop = beThrifty()
	use := make([]byte, thriftyUse+1<<20)
	for end := time.Now().Add(10 * time.Second); now() != softMemory && time.Now().Before(end); {
		runtime.GC()
		time.Sleep(time.Millisecond) // its watch is a goroutine of its own
	}
	if now() != softMemory {
		t.Errorf("with %d bytes in use the limit is %d", len(use), now())
	}
	runtime.KeepAlive(use)
	stop()

	use = make([]byte, thriftyStart+1<<20)
	stop = beThrifty()
	if now() != softMemory {
		t.Errorf("with many rules the limit is %d", now())
	}
	runtime.KeepAlive(use)
	stop()

	t.Setenv("GOMEMLIMIT", "1GiB")
	debug.SetMemoryLimit(math.MaxInt64)
	beThrifty()()
	if now() != math.MaxInt64 {
		t.Errorf("what the user set became %d", now())
	}
	if metric("/no/such:bytes") != 0 || !bulky("json") || bulky("syslog") {
		t.Error("figures")
	}
}
