package main

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/pipeline"
	"github.com/tocsin-sec/tocsin/source"
)

// A block on which a parser panics is noted with the place of the panic, and the run goes on.
func TestPanicked(t *testing.T) {
	var got []outcome
	s := pipeline.Stages[item, outcome]{
		Produce: func(_ context.Context, send func(item) bool) error {
			for _, data := range []string{"", "x", "xy"} {
				send(item{block: event.Block{Origin: &event.Origin{Path: "a.log"}, Data: data, Offset: 7}})
			}
			return nil
		},
		Worker: func() func(item) (outcome, error) {
			return func(it item) (outcome, error) {
				_ = it.block.Data[0]
				return outcome{origin: it.block.Origin}, nil
			}
		},
		Panicked: panicked,
		Collect:  func(o outcome) error { got = append(got, o); return nil },
	}
	if err := s.Run(t.Context()); err != nil || len(got) != 3 || got[0].unread == nil || got[1].origin == nil || got[2].origin == nil {
		t.Fatalf("%+v, error %v", got, err)
	}
	want := regexp.MustCompile(`^a defect in tocsin \(please report it\) kept 0 bytes from being read: runtime error: index out of range \[0\] with length 0 at hunt_run_test.go:\d+$`)
	if u := got[0].unread; u.Path != "a.log" || u.Offset != 7 || !want.MatchString(u.Reason) {
		t.Errorf("%+v", u)
	}
}

func TestProgressLine(t *testing.T) {
	tests := []struct {
		p            source.Progress
		events, hits int64
		took         time.Duration
		want         string
	}{
		{source.Progress{Done: 3, Bytes: 2e6}, 500, 1, time.Second, "3 files · 2 MB/s · 500 events/s · 1 hit"},
		{
			source.Progress{Done: 3, Found: 12, Measured: true, Read: 250, Total: 1000, Bytes: 400e6},
			2_000_000, 0, 4 * time.Second, "█████░░░░░░░░░░░░░░░ 25% · 3/12 files · 100 MB/s · 500 k events/s · 0 hits · 12s left",
		},
		{source.Progress{Done: 1, Found: 1, Measured: true}, 5_000_000, 7, 2 * time.Second, "1/1 files · 0 MB/s · 2.5 M events/s · 7 hits"},
	}
	for _, tt := range tests {
		if got := progressLine(tt.p, tt.events, tt.hits, tt.took); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
