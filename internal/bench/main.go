// Command bench measures tocsin: the Go benchmarks of every room, and whole hunts over the reference data that stand
// beside the repository. It writes the figures, the command beside each, into docs/PERFORMANCE.md.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"text/template"
	"time"

	"github.com/tocsin-sec/tocsin/internal/bench/lane"
	"github.com/tocsin-sec/tocsin/internal/bench/load"
)

// page is the part of docs/PERFORMANCE.md that this command writes.
//
//go:embed bench.md.tmpl
var page string

func main() {
	if len(os.Args) > 2 && os.Args[1] == load.PacketsArg {
		fmt.Fprintln(os.Stderr, "bench:", load.Packets(os.Args[2:])) // it returns only where it cannot go on
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of this command.
type bench struct {
	ctx    context.Context
	place  lane.Place
	tocsin string
	runs   int
}

func run(ctx context.Context) error {
	b := &bench{ctx: ctx}
	flag.StringVar(&b.place.Work, "work", filepath.Join(os.TempDir(), "tocsin-lanes"), "write inputs to this `folder`")
	flag.IntVar(&b.runs, "runs", 3, "run each hunt this many times; the median counts")
	benchtime := flag.String("benchtime", "100ms", "how long each Go benchmark runs")
	soak := flag.Duration("soak", 0, "measure only how serve bears a steady load for so long, and write that")
	long := flag.Duration("steady", time.Minute, "how long serve is under a steady load")
	only := flag.Bool("serving", false, "measure only serving, and write nothing")
	alarm := flag.Bool("alarms", false, "measure only how soon a person knows, and write nothing")
	daily := flag.Bool("everyday", false, "measure only what everyday logs come to, and write nothing")
	drop := flag.Bool("drops", false, "measure only how soon packets are dropped, and write nothing")
	taken := flag.Bool("ingest", false, "measure only how events are taken in, and write nothing")
	doc := flag.String("doc", filepath.Join("docs", "PERFORMANCE.md"), "put the figures into this `file`")
	flag.Parse()
	start := time.Now()
	var err error
	if b.place.Data, err = lane.Data(); err != nil {
		return err
	}
	b.tocsin = filepath.Join("bin", "tocsin")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.tocsin, "./cmd/tocsin")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	fmt.Println(lane.Machine())
	if *soak > 0 {
		return b.soak(*soak, *doc)
	}
	if *alarm {
		return b.alarms(&serving{})
	}
	if *daily {
		_, err := b.everydays()
		return err
	}
	if *drop {
		return b.drops(&serving{})
	}
	if *taken {
		return b.ingest(&serving{})
	}
	served, err := b.serving(*long)
	if err != nil || *only {
		return err
	}
	hunts, err := b.hunts()
	if err != nil {
		return err
	}
	usual, err := b.everydays()
	if err != nil {
		return err
	}
	for _, h := range hunts {
		fmt.Printf("%-60s %7.2f CPU s %7.2f s %5d MB %9d events %8.0f events/CPU s\n", h.Title, h.CPU.Seconds(), h.Wall.Seconds(), h.Memory>>20, h.Events, h.Rate())
	}
	benchmarks, command, err := goBench(ctx, *benchtime)
	if err != nil {
		return err
	}
	text, err := render(b, &results{hunts, served, usual, benchmarks, command})
	if err != nil {
		return err
	}
	fmt.Printf("%s\nwritten to %s in %s\n", marksText(text), *doc, time.Since(start).Round(time.Second))
	return lane.Replace(*doc, "bench", text)
}

// results are all that was measured.
type results struct {
	hunts      []*hunted
	served     *serving
	everyday   []*everyday
	benchmarks []benchmark
	command    string
}

// render fills the page.
func render(b *bench, r *results) (string, error) {
	return fill(page, map[string]any{
		"Machine": lane.Machine(), "Runs": b.runs, "Hunts": r.hunts, "Marks": append(marks(r.hunts, r.benchmarks), servingMarks(r.served)...),
		"Benchmarks": r.benchmarks, "Command": r.command, "Serving": r.served, "Everyday": r.everyday,
	})
}

// fill executes a template with the words that the pages use.
func fill(page string, with any) (string, error) {
	t, err := template.New("bench").Funcs(template.FuncMap{
		"seconds": func(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) },
		"share":   load.Share,
		"round":   func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) },
		"mb":      func(n int64) int64 { return n >> 20 },
		"k":       func(f float64) string { return fmt.Sprintf("%.0f", f/1000) },
		"whole":   func(f float64) string { return fmt.Sprintf("%.0f", f) },
		"tenth":   func(f float64) string { return fmt.Sprintf("%.1f", f) },
		"percent": func(f float64) string { return fmt.Sprintf("%.0f", 100*f) },
		"each":    func(n, events int64) string { return fmt.Sprintf("%.0f", float64(n)/float64(max(events, 1))) },
		"took":    took,
		"speed": func(f float64) string {
			if f == 0 {
				return ""
			}
			return fmt.Sprintf("%.0f", f)
		},
	}).Parse(page)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = t.Execute(&out, with)
	return out.String(), err
}

// took writes nanoseconds in the unit that suits them.
func took(ns float64) string {
	switch {
	case ns < 1e3:
		return fmt.Sprintf("%.1f ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%.2f µs", ns/1e3)
	case ns < 1e9:
		return fmt.Sprintf("%.2f ms", ns/1e6)
	}
	return fmt.Sprintf("%.2f s", ns/1e9)
}
