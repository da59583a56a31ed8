package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/internal/bench/lane"
	"github.com/tocsin-sec/tocsin/internal/bench/load"
)

// steadyRun is a run under a steady load and the command that makes one.
type steadyRun struct {
	*load.Steady
	Command string
}

// Samples returns about twenty of the samples.
func (s steadyRun) Samples() []load.Usage {
	step := max(len(s.Memory)/20, 1)
	var out []load.Usage
	for i := 0; i < len(s.Memory); i += step {
		out = append(out, s.Memory[i])
	}
	return out
}

// soakPage is the part of the document that a long run writes.
const soakPage = `
## Serving, for long

The same steady load as above for longer, written by ` + "`make bench-soak`" + `. Machine: {{.Machine}}.

{{template "steady" .Steady}}
| what | asked | measured | |
|---|---|--:|---|
{{range .Marks}}| {{.What}} | {{.Want}} | {{.Measured}} | {{if .Met}}met{{else}}**not met**{{end}} |
{{end}}`

// steadyTable returns the template of the table, which the page has too.
func steadyTable() string {
	_, rest, _ := strings.Cut(page, `{{define "steady"}}`)
	return `{{define "steady"}}` + rest
}

// soak measures serve under a steady load for long, and writes that.
func (b *bench) soak(long time.Duration, doc string) error {
	log, err := b.bastionLog()
	if err != nil {
		return err
	}
	st, err := b.steady(log, long)
	if err != nil {
		return err
	}
	st.Command = fmt.Sprintf("go run ./internal/bench -soak %s", long)
	text, err := fill(soakPage+steadyTable(), map[string]any{"Machine": lane.Machine(), "Steady": st, "Marks": steadyMarks(st)})
	if err != nil {
		return err
	}
	fmt.Println(text)
	return lane.Replace(doc, "bench-soak", text)
}

// servingMarks compares what was measured of serving with what was asked for.
func servingMarks(s *serving) []mark {
	h := s.Bastion
	out := []mark{
		{"A line of sshd to its hits, built-in rules and SigmaHQ's for Linux, start-up included", "300,000 lines per CPU second", fmt.Sprintf("%.0f", h.Rate()), h.Rate() >= 3e5},
		{"The same after start-up", "300,000 lines per CPU second", fmt.Sprintf("%.0f", h.RateAfter()), h.RateAfter() >= 3e5},
		{"Memory of that", "less than 64 MB", fmt.Sprintf("%d MB", h.Memory>>20), h.Memory < 64<<20},
	}
	out = append(out, steadyMarks(s.Steady)...)
	mailed := load.Share(s.Alarms.Mail, 0.95)
	out = append(out, mark{"A line written to a followed file until its e-mail is with the mail server, 95 % of alarms", "less than 1 s", mailed.Round(time.Millisecond).String(), mailed < time.Second})
	for _, d := range s.Drops {
		if last := load.Share(d.Times, 0.95); d.Name == "tocsin" {
			out = append(out, mark{"A line written to a followed file until the packets of whom it accuses are dropped, 95 %", "less than 1 s", last.Round(time.Millisecond).String(), last < time.Second})
		}
	}
	in := s.Ingest
	part := float64(in.Raw) / float64(max(in.Disk, 1))
	out = append(out,
		mark{"Durable ingest, JSON to searchable, no rules", "30 CPU s per million events", fmt.Sprintf("%.1f", in.PerMillion()), in.PerMillion() <= 30},
		mark{"Disk of it", "1/6 of the raw bytes", fmt.Sprintf("1/%.1f", part), part >= 6},
	)
	if s.Server != nil {
		ratio := in.WholePerMillion() / s.Server.WholePerMillion()
		out = append(out, mark{"Durable ingest beside the victoria-logs server, until all is on disk", "at most 0.8 of its CPU time", fmt.Sprintf("%.2f", ratio), ratio <= 0.8})
	}
	return out
}

// steadyMarks compares a run under a steady load with what was asked for.
func steadyMarks(r *steadyRun) []mark {
	what := fmt.Sprintf("serve at %d events/s for %s, every rule, ", r.Rate, r.Long)
	first, last := int64(0), int64(0)
	if n := len(r.Memory); n > 0 {
		first, last = r.Memory[n/3].Memory, r.Memory[n-1].Memory
	}
	return []mark{
		{what + "kept each second", "10,000", fmt.Sprintf("%.0f; senders at most %s late", r.Achieved(), r.Behind.Round(10*time.Millisecond)), r.Achieved() >= 0.99*steadyRate},
		{what + "dropped", "none", fmt.Sprint(r.Dropped), r.Dropped == 0},
		{what + "memory", "less than 300 MB", fmt.Sprintf("%d MB", r.Peak>>20), r.Peak < 300<<20},
		{what + "memory steady", "no growth after the first third", fmt.Sprintf("%d MB, then %d MB", first>>20, last>>20), !r.Leaks()},
	}
}
