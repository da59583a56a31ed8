package main

import (
	"fmt"
	"time"

	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/terminal"
)

// barWidth is how many columns the bar takes.
const barWidth = 20

// progressLine is e.g. "██████░░░░░░░░░░░░░░ 31% · 12/40 files · 240 MB/s · 512 k events/s · 17 hits · 8s left".
func progressLine(p source.Progress, events, hits int64, took time.Duration) string {
	line := ""
	share := 0.0
	if p.Measured && p.Total > 0 {
		share = min(float64(p.Read)/float64(p.Total), 1)
		line = fmt.Sprintf("%s %.0f%% · ", terminal.Bar(share, barWidth), 100*share)
	}
	line += fmt.Sprintf("%d", p.Done)
	if p.Measured {
		line += fmt.Sprintf("/%d", p.Found)
	}
	line += " files"
	sec := max(took.Seconds(), 1e-3)
	line += fmt.Sprintf(" · %.0f MB/s · %s events/s · %d %s", float64(p.Bytes)/1e6/sec, short(float64(events)/sec), hits, terminal.Plural(hits, "hit"))
	if share > 0.01 && took > time.Second {
		left := time.Duration(float64(took) * (1 - share) / share).Round(time.Second)
		line += fmt.Sprintf(" · %s left", left)
	}
	return line
}

// short writes a number with three digits at most.
func short(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1f M", n/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.0f k", n/1e3)
	}
	return fmt.Sprintf("%.0f", n)
}
