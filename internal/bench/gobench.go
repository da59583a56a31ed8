package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// rooms are those that have benchmarks.
var rooms = []string{"event", "evtx", "parse", "source", "sigma", "detect", "pipeline", "report", "rules"}

// benchmark is one line of go test -bench.
type benchmark struct {
	Room, Name string
	Nanos      float64 // for one operation
	MBs        float64 // a second; 0 where none is told
	Bytes      int64   // allocated for one operation
	Allocs     int64
	CPU        float64 // milliseconds of the cheapest operation, where that is told
}

// goBench runs the benchmarks of all rooms.
func goBench(ctx context.Context, benchtime string) (all []benchmark, command string, err error) {
	args := []string{"test", "-run", "^$", "-bench", ".", "-benchmem", "-benchtime", benchtime, "-count", "3", "-timeout", "3m"}
	for _, room := range rooms {
		cmd := exec.CommandContext(ctx, "go", append(args, "./"+room)...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, "", fmt.Errorf("benchmarks of %s: %w: %s", room, err, out)
		}
		all = append(all, parseBench(room, out)...)
	}
	return all, "go " + strings.Join(args, " ") + " ./ROOM", nil
}

// parseBench keeps the fastest run of each benchmark. It reads what go test -bench prints (golang.org/design/14313-benchmark-format).
func parseBench(room string, out []byte) []benchmark {
	var list []benchmark
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i] // the number of processors
		}
		b := benchmark{Room: room, Name: name}
		for i := 2; i+1 < len(f); i += 2 {
			n, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				continue
			}
			switch f[i+1] {
			case "ns/op":
				b.Nanos = n
			case "MB/s":
				b.MBs = n
			case "cpu-ms":
				b.CPU = n
			case "B/op":
				b.Bytes = int64(n)
			case "allocs/op":
				b.Allocs = int64(n)
			}
		}
		same := func(other benchmark) bool { return other.Name == b.Name }
		if i := slices.IndexFunc(list, same); i < 0 {
			list = append(list, b)
		} else if b.Nanos < list[i].Nanos {
			list[i] = b
		}
	}
	return list
}

// find returns the time of one operation of a benchmark, 0 where there is none of that name.
func find(list []benchmark, room, name string) float64 {
	for _, b := range list {
		if b.Room == room && b.Name == name {
			return b.Nanos
		}
	}
	return 0
}
