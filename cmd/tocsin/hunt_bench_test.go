package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/bench/lane"
)

// BenchmarkHunt hunts over the inputs by which tocsin is measured. `make pgo` makes default.pgo of it, by which the
// compiler knows what is worth inlining.
func BenchmarkHunt(b *testing.B) {
	data, err := lane.Data()
	if err != nil {
		data = filepath.Join("..", "..", "..", "shared", "data")
		if _, err := os.Stat(data); err != nil {
			b.Skipf("SKIPPED: the reference data is not here: %v", err)
		}
	}
	place := lane.Place{Data: data, Work: filepath.Join(os.TempDir(), "tocsin-lanes")}
	for _, l := range lane.Lanes {
		for _, builtin := range []bool{false, true} {
			name, rules := l.Key, place.Rulesets(l)
			if builtin {
				name, rules = name+"/builtin", []string{"builtin"}
			}
			b.Run(name, func(b *testing.B) { benchHunt(b, place, l, rules) })
		}
	}
}

// benchHunt hunts over a lane with rules from some places. With those that tocsin ships, the detectors run, too.
func benchHunt(b *testing.B, place lane.Place, l *lane.Lane, rules []string) {
	in, err := place.Often(l)
	if err != nil {
		b.Fatal(err)
	}
	args := []string{"hunt", "-q", "--json", in}
	for _, r := range rules {
		args = append(args, "--rules", r)
	}
	b.ReportAllocs()
	for b.Loop() {
		if status := run(b.Context(), args, streams{out: io.Discard, err: os.Stderr}); status > exitFound {
			b.Fatalf("exit status %d", status)
		}
	}
}
