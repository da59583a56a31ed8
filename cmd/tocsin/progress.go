package main

import (
	"fmt"
	"time"

	"github.com/tocsin-sec/tocsin/source"
)

// progressEvery is how often the line of progress changes.
const progressEvery = 200 * time.Millisecond

// watch shows the progress of a run until stop is called, which clears the line.
func (s *search) watch(show func(line string), start time.Time) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(progressEvery)
		defer t.Stop()
		for {
			select {
			case <-end:
				show("")
				return
			case now := <-t.C:
				show(progressLine(s.files.Progress(), s.events.Load(), s.hits.Load(), now.Sub(start)))
			}
		}
	}()
	return func() { close(end); <-ended }
}

// progressLine is e.g. "12/40 files · 31% · 240 MB/s · 512 k events/s · 17 hits · 8 s left".
func progressLine(p source.Progress, events, hits int64, took time.Duration) string {
	line := fmt.Sprintf("%d", p.Done)
	if p.Measured {
		line += fmt.Sprintf("/%d", p.Found)
	}
	line += " files"
	share := 0.0
	if p.Measured && p.Total > 0 {
		share = min(float64(p.Read)/float64(p.Total), 1)
		line += fmt.Sprintf(" · %.0f%%", 100*share)
	}
	sec := max(took.Seconds(), 1e-3)
	line += fmt.Sprintf(" · %.0f MB/s · %s events/s · %d %s", float64(p.Bytes)/1e6/sec, short(float64(events)/sec), hits, plural(hits, "hit"))
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

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
