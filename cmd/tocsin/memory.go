package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Memory: the collector lets the heap grow to five times what is in use, and works harder where that comes near to
// softMemory, in bytes. A hunt over lines of text with few rules stays below thriftyMemory, for as long as no more than
// thriftyUse is in use: to collect more often costs little then. GOGC and GOMEMLIMIT override all this.
const (
	growth        = 400
	softMemory    = 250 << 20
	thriftyMemory = 41 << 20
	thriftyUse    = 28 << 20
	thriftyStart  = 44 << 20 // with what is garbage after the rules are loaded
)

func setMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
}

// beThrifty is called when the rules are loaded. Where they are few, it keeps the run a small one, until stop is called
// or more is in use than a small run has room for: else the collector would do nothing but work. Stop may be called again.
func beThrifty() (stop func()) {
	if os.Getenv("GOMEMLIMIT") != "" || metric("/memory/classes/heap/objects:bytes") > thriftyStart {
		return func() {}
	}
	debug.SetMemoryLimit(thriftyMemory)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer debug.SetMemoryLimit(softMemory)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for metric("/gc/heap/live:bytes") <= thriftyUse {
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(done)
		<-ended
	})
}

// bulky tells whether the records of a format are so large, and pass so fast, that a small heap would be full all the
// time: it would take a quarter more of CPU to keep it small.
func bulky(format string) bool { return format == "json" || format == "evtx" }

// metric reads one of the runtime's figures.
func metric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	if v := sample[0].Value; v.Kind() == metrics.KindUint64 {
		return v.Uint64()
	}
	return 0
}
