package main

import (
	"bytes"
	"fmt"
	"text/template"
	"time"

	_ "embed"

	"github.com/tocsin-sec/tocsin/internal/bench/lane"
)

// page is the part of docs/PERFORMANCE.md that this command writes.
//
//go:embed peers.md.tmpl
var page string

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

func megabytes(n int64) string { return fmt.Sprintf("%d", n>>20) }

// rate returns thousands of events for each second of CPU time.
func rate(events int, d time.Duration) string {
	if d <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", float64(events)/d.Seconds()/1000)
}

// times returns how often a goes into b.
func times(a, b time.Duration) string {
	if a <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", float64(b)/float64(a))
}

// Ratio is the CPU time of rsigma in the way that finds the same, decoding included, by tocsin's.
func (r *result) Ratio() string { return times(r.Tocsin.CPU, r.Exact.CPU+r.Decode.CPU) }

// RoutedRatio is the same of the other way.
func (r *result) RoutedRatio() string { return times(r.Tocsin.CPU, r.Routed.CPU+r.Decode.CPU) }

// Undecoded is Ratio with decoding for nothing.
func (r *result) Undecoded() string { return times(r.Tocsin.CPU, r.Exact.CPU) }

// After is Ratio without what either needs to start.
func (r *result) After() string {
	return times(r.Tocsin.CPU-r.Start.CPU, r.Exact.CPU+r.Decode.CPU-r.RsStart.CPU)
}

// ColdRatio is the ratio of one pass, start-up included and decoding for nothing.
func (r *result) ColdRatio() string { return times(r.Cold.CPU, r.RsCold.CPU) }

// printLane prints what a lane came to.
func (b *bench) printLane(r *result) {
	b.say("\n%s: %s", r.Key, r.Title)
	b.say("  %d events, %d hits of tocsin; CPU seconds, most memory, thousands of events per CPU second", r.Events, r.Hits)
	line := func(name string, c lane.Cost) {
		b.say("  %-28s %8s s  %5s MB  %6s k/s", name, seconds(c.CPU), megabytes(c.Memory), rate(r.Events, c.CPU))
	}
	line("tocsin", r.Tocsin)
	line("rsigma, exact log sources", r.Exact)
	line("rsigma, its own routing", r.Routed)
	if b.quick {
		if r.Decode.CPU > 0 {
			line("evtx_dump, decoding for it", r.Decode)
		}
		b.say("  ratio: %s; to its own routing: %s", r.Ratio(), r.RoutedRatio())
		return
	}
	line("rsigma, routed and terse", r.Terse)
	if r.Decode.CPU > 0 {
		line("evtx_dump, decoding for it", r.Decode)
	}
	b.say("  start-up: tocsin %s s, rsigma %s s", seconds(r.Start.CPU), seconds(r.RsStart.CPU))
	b.say("  ratio: %s; to its own routing: %s; decoding for nothing %s; after start-up %s; all events once, cold: %s (%s s, %s s)",
		r.Ratio(), r.RoutedRatio(), r.Undecoded(), r.After(), r.ColdRatio(), seconds(r.Cold.CPU), seconds(r.RsCold.CPU))
	b.say("  hits of one pass: tocsin %d, rsigma %d; pySigma confirms %d", r.Once, r.RsOnce, r.Judged)
	for _, d := range r.Diffs {
		b.say("  DIFFERENCE %s %s", d.Rule, d.Title)
		b.say("    only tocsin: %d events, only rsigma: %d; for one %s", len(d.Tocsin), len(d.Rsigma), d.Where)
		b.say("    fault: %s: %s (pySigma: %s)", d.Fault, d.Cause, d.Verdict)
	}
	for _, c := range r.Commands {
		b.say("  $ %s", c)
	}
}

// finish prints the table of all lanes and puts it into the document.
func (b *bench) finish(rd *reading, doc string, whole bool) error {
	funcs := template.FuncMap{
		"seconds": seconds, "mb": megabytes, "rate": rate, "times": times,
	}
	t, err := template.New("peers").Funcs(funcs).Parse(page)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{"Machine": lane.Machine(), "Peers": b.peers, "Results": b.results, "Reading": rd, "Runs": b.runs})
	if err != nil {
		return err
	}
	b.say("\n%s", out.String())
	if doc == "" || !whole {
		return nil
	}
	return lane.Replace(doc, "bench-peers", out.String())
}
