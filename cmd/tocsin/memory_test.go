package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestThrift: a run with few rules is kept small, until it is stopped or more is in use than it has room for.
func TestThrift(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	limit := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(limit) })
	now := func() int64 { return debug.SetMemoryLimit(-1) }
	runtime.GC()
	if metric("/memory/classes/heap/objects:bytes") > thriftyUse {
		t.Skip("SKIPPED: other tests have left too much in use")
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
