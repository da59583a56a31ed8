package main

import (
	"reflect"
	"testing"
)

func TestParseBench(t *testing.T) {
	got := parseBench("sigma", []byte("goos: linux\nBenchmarkMatch/engine/a-b-8 \t 17 \t 1500.5 ns/op\t  12.25 MB/s\t 8 B/op\t 2 allocs/op\nBenchmarkLoad-8 1 415396404 ns/op\nBenchmarkMatch/engine/a-b-8 9 1700 ns/op\nPASS\nok  \tx\t1s\n"))
	want := []benchmark{
		{Room: "sigma", Name: "Match/engine/a-b", Nanos: 1500.5, MBs: 12.25, Bytes: 8, Allocs: 2},
		{Room: "sigma", Name: "Load", Nanos: 415396404},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if took(want[0].Nanos) != "1.50 µs" || took(want[1].Nanos) != "415.40 ms" {
		t.Errorf("times are written %s and %s", took(want[0].Nanos), took(want[1].Nanos))
	}
}
