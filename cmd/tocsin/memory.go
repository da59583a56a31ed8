package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// Memory: the collector lets the heap grow to five times what is in use, and works harder where that comes near to
// softMemory, in bytes. A hunt that needs little stays below thriftyMemory, for as long as no more than thriftyUse is in
// use: to collect more often costs little then. GOGC and GOMEMLIMIT override all this.
const (
	growth        = 400
	softMemory    = 250 << 20
	thriftyMemory = 43 << 20
	thriftyUse    = 24 << 20
)

func setMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
}

// thrift keeps a run small that needs little. It belongs to one goroutine.
type thrift struct {
	on     bool
	sample [1]metrics.Sample
}

// begin is called when the rules are loaded: where they are few, it makes the run a small one.
func (t *thrift) begin() {
	t.sample[0].Name = "/memory/classes/heap/objects:bytes" // garbage included
	if os.Getenv("GOMEMLIMIT") != "" || t.read() > thriftyUse {
		return
	}
	t.on = true
	t.sample[0].Name = "/gc/heap/live:bytes"
	debug.SetMemoryLimit(thriftyMemory)
}

// watch is called now and then: where more is in use than a small run has room for, the run becomes a usual one, for else
// the collector would do nothing but work.
func (t *thrift) watch() {
	if t.on && t.read() > thriftyUse {
		t.on = false
		debug.SetMemoryLimit(softMemory)
	}
}

func (t *thrift) read() uint64 {
	metrics.Read(t.sample[:])
	if v := t.sample[0].Value; v.Kind() == metrics.KindUint64 {
		return v.Uint64()
	}
	return 0
}
