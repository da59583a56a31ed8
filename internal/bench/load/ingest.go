package load

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tocsin-sec/tocsin/internal/bench/lane"
)

// Ingest is what it took to take in events as fast as they were taken.
type Ingest struct {
	Events    int64
	Raw       int64         // bytes of the lines of JSON
	Disk      int64         // bytes of the events on disk, merged
	CPU, Wall time.Duration // until all could be found
	Whole     time.Duration // CPU time until the server had ended with all on disk
	Memory    int64         // peak
}

// PerMillion returns the CPU time of a million events.
func (i *Ingest) PerMillion() float64 { return i.CPU.Seconds() / float64(max(i.Events, 1)) * 1e6 }

// WholePerMillion returns the CPU time of a million events until all are on disk.
func (i *Ingest) WholePerMillion() float64 {
	return i.Whole.Seconds() / float64(max(i.Events, 1)) * 1e6
}

// perRequest is how many events one request has.
const perRequest = 1000

// Fill sends n events, each another, waits until all can be found, and tells what the server took for that. It then ends
// the server and measures its folder.
func (s *Server) Fill(ctx context.Context, n int) (in Ingest, err error) {
	before, err := s.Usage()
	if err != nil {
		return in, err
	}
	from := time.Now()
	r := rand.New(rand.NewPCG(3, 5))
	var body bytes.Buffer
	c := client{to: s.Insert}
	at := from.UTC().Add(-time.Hour).Truncate(time.Second)
	var line []byte
	for i := range n {
		line = lane.AppendQuiet(line[:0], r, i, func() string { return at.Add(time.Duration(i) * time.Millisecond).Format("2006-01-02T15:04:05.000Z") })
		in.Raw += int64(len(line))
		if s.bulk {
			body.WriteString("{\"create\":{}}\n")
		}
		body.Write(line)
		if (i+1)%perRequest == 0 || i+1 == n {
			if err := c.post(ctx, body.Bytes()); err != nil {
				return in, err
			}
			body.Reset()
		}
	}
	in.Events = int64(n)
	if err := s.until(ctx, time.Minute, "all events to be kept", func() bool { k, err := s.kept(ctx); return err == nil && k >= in.Events }); err != nil {
		return in, err
	}
	in.Wall = time.Since(from)
	after, err := s.Usage()
	if err != nil {
		return in, err
	}
	in.CPU, in.Memory = after.CPU-before.CPU, after.Peak
	if err := s.Stop(); err != nil {
		return in, fmt.Errorf("stop: %w", err)
	}
	state := s.cmd.ProcessState
	in.Whole = state.UserTime() + state.SystemTime() - before.CPU
	in.Disk, err = FolderSize(s.events)
	return in, err
}
