package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestTracks(t *testing.T) {
	begin := time.Unix(1_700_000_000, 0)
	at := func(seconds float64) time.Time { return begin.Add(time.Duration(seconds * float64(time.Second))) }
	stats := func(rows, memory uint64) vaultStats { return vaultStats{rows: rows, memory: memory} }
	type step struct {
		at     float64
		stats  vaultStats
		before uint64
		lost   bool
	}
	for _, test := range []struct {
		name  string
		add   [][2]float64 // when, how many rows; frames from 1
		steps []step
	}{
		{"on disk at once", [][2]float64{{0, 10}, {0.1, 10}}, []step{
			{0.2, stats(100, 0), 0, false},  // in the engine's buffer
			{1.2, stats(120, 20), 0, false}, // in memory
			{2, stats(120, 0), 3, false},    // on disk
			{100, stats(120, 0), 3, false},
		}},
		{"a load that never stops", [][2]float64{{0, 10}, {30, 10}, {64, 10}, {100, 10}}, []step{
			{64, stats(120, 20), 0, false},
			{66, stats(130, 20), 2, false},
			{96, stats(130, 10), 3, false},
			{130, stats(140, 10), 4, false},
		}},
		{"a disk that hangs", [][2]float64{{0, 10}, {30, 10}, {60, 10}}, []step{
			{66, stats(130, 30), 0, false},
			{300, stats(130, 21), 0, false},
			{301, stats(130, 0), 4, false},
		}},
		{"rows that the engine left out", [][2]float64{{0, 10}, {30, 10}, {60, 10}}, []step{
			{65, stats(105, 0), 0, false}, // not to be judged yet
			{66, stats(105, 0), 0, true},
			{66, stats(105, 0), 2, false}, // they were given up, or are added again
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr := tracks{flush: 5 * time.Second, rows: 100}
			next := 0
			for _, s := range test.steps {
				for next < len(test.add) && test.add[next][0] <= s.at {
					tr.added(uint64(next+1), int(test.add[next][1]), at(test.add[next][0]))
					next++
				}
				before, err := tr.look(s.stats, at(s.at))
				if before != s.before || errors.Is(err, ErrLost) != s.lost {
					t.Errorf("after %v s: below %d, %v; want %d", s.at, before, err, s.before)
				}
			}
		})
	}
}

func TestDurable(t *testing.T) {
	ctx := context.Background()
	e := openTest(t, t.TempDir(), Options{})
	for seq := uint64(5); seq < 8; seq++ {
		add(t, e, seq, frameOf(seq, someTime))
	}
	if n, err := e.DurableBefore(ctx); n != 0 || err != nil {
		t.Errorf("below %d at once: %v", n, err)
	}
	if err := e.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := e.DurableBefore(ctx); n != 8 || err != nil {
		t.Errorf("below %d after Sync: %v", n, err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	add(t, e, 8, frameOf(8, someTime))
	if err := e.Sync(gone); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := e.AddSome(ctx, MaxSeq+1, frameOf(8, someTime), nil); err == nil {
		t.Error("a frame out of range")
	}
	if _, err := e.AddSome(ctx, 9, frameOf(8, someTime), make([]bool, 3)); err == nil {
		t.Error("a frame that lacks other rows than it has")
	}
}
