// Package load starts servers that take events in, tocsin's and others, sends them events over the loopback, steadily or
// as fast as they are taken, and measures what that costs them. It knows nothing of documents.
package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-sec/tocsin/internal/bench/lane"
)

// Steady is what a server did under a steady load.
type Steady struct {
	Rate     int // events a second that were asked for; half of them syslog, half JSON
	Long     time.Duration
	Took     time.Duration // until the last was sent
	Sent     int64
	Kept     int64
	Dropped  int64
	Waited   int // requests that were told to come back
	Hits     int64
	Rules    int
	Behind   time.Duration // the most that the senders were behind their time
	CPU      time.Duration
	Peak     int64 // memory
	Log      int64 // most bytes of the write-ahead log
	Latency  []time.Duration
	Memory   []Usage // now and then
	Searches int
}

// Achieved returns the events a second that were kept.
func (s *Steady) Achieved() float64 { return float64(s.Kept) / max(s.Took, s.Long).Seconds() }

// Share returns the share of one processor.
func (s *Steady) Share() float64 { return s.CPU.Seconds() / max(s.Took, s.Long).Seconds() }

// Median returns the median time until an event was found.
func (s *Steady) Median() time.Duration {
	if len(s.Latency) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(s.Latency))[len(s.Latency)/2]
}

// Longest returns the longest time until an event was found.
func (s *Steady) Longest() time.Duration {
	if len(s.Latency) == 0 {
		return 0
	}
	return slices.Max(s.Latency)
}

// Leaks tells whether the memory of the last third is more than a tenth above that of the second.
func (s *Steady) Leaks() bool {
	n := len(s.Memory) / 3
	if n == 0 {
		return false
	}
	most := func(list []Usage) (m int64) {
		for _, u := range list {
			m = max(m, u.Memory)
		}
		return m
	}
	return most(s.Memory[2*n:]) > most(s.Memory[n:2*n])*11/10
}

const (
	ticksPerSecond = 10
	sampleEvery    = 5 * time.Second
)

// Press sends events at a steady rate for a while: lines of sshd, which are given, over syslog's TCP, and process
// creations as JSON. It waits until what was sent is kept.
func (s *Server) Press(ctx context.Context, rate int, long time.Duration, sshd [][]byte) (st Steady, err error) {
	st.Rate, st.Long = rate, long
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	before, err := s.Usage()
	if err != nil {
		return st, err
	}
	var sent, behind atomic.Int64
	c := client{to: s.Insert}
	each := max(rate/2/ticksPerSecond, 1)
	var wg sync.WaitGroup
	sender := func(send func(n int) error) {
		wg.Go(func() {
			if err := pace(ctx, long, &behind, func() error { sent.Add(int64(each)); return send(each) }); err != nil {
				cancel(err)
			}
		})
	}
	conn, err := net.Dial("tcp", s.Syslog)
	if err != nil {
		return st, err
	}
	defer conn.Close()
	lines := shell{conn: conn, lines: sshd}
	sender(lines.send)
	desk := office{client: &c, rand: rand.New(rand.NewPCG(7, 11))}
	sender(func(n int) error { return desk.send(ctx, n) })
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	from := time.Now()
	if err := s.observe(ctx, &st, &sent, from, done); err != nil {
		cancel(err)
	}
	<-done
	st.Took = time.Since(from)
	if err := context.Cause(ctx); err != nil {
		return st, err
	}
	sentAll := sent.Load() + int64(st.Searches)
	waited := s.until(ctx, 15*time.Second, "all events to be kept", func() bool { k, err := s.kept(ctx); return err == nil && k >= sentAll })
	after, err := s.Usage()
	if err != nil {
		return st, err
	}
	status, err := s.Status(ctx)
	if err != nil {
		return st, err
	}
	st.Sent, st.Kept, st.Hits, st.Rules = sentAll, min(status.Kept, sentAll), status.Hits, status.Rules
	st.Dropped, st.Waited, st.Behind = sentAll-st.Kept, c.waited, time.Duration(behind.Load())
	st.CPU, st.Peak = after.CPU-before.CPU, after.Peak
	if waited != nil && st.Dropped == 0 {
		return st, waited
	}
	return st, nil
}

// pace calls send at even distances; where it is behind, at once.
func pace(ctx context.Context, long time.Duration, behind *atomic.Int64, send func() error) error {
	from := time.Now()
	for i := range int(long.Seconds() * ticksPerSecond) {
		due := from.Add(time.Duration(i) * time.Second / ticksPerSecond)
		if wait := time.Until(due); wait > 0 {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(wait):
			}
		} else if late := int64(-wait); late > behind.Load() {
			behind.Store(late)
		}
		if err := send(); err != nil {
			return err
		}
	}
	return nil
}

// observe takes samples, and looks how long an event takes until it is found, until done.
func (s *Server) observe(ctx context.Context, st *Steady, sent *atomic.Int64, from time.Time, done <-chan struct{}) error {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	c := client{to: s.Insert}
	for {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		if err := s.alive(); err != nil {
			return err
		}
		u, err := s.Usage()
		if err != nil {
			return err
		}
		status, err := s.Status(ctx)
		if err != nil {
			return err
		}
		u.Since, u.WriteAhead, u.KeptBehind = time.Since(from), status.Log, sent.Load()+int64(st.Searches)-status.Kept
		st.Log = max(st.Log, status.Log)
		st.Memory = append(st.Memory, u)
		word := fmt.Sprintf("needle%d%03d", from.Unix(), st.Searches)
		took, err := s.needle(ctx, &c, word)
		if err != nil {
			return err
		}
		st.Searches++
		st.Latency = append(st.Latency, took)
	}
}

// needle sends one event and looks for it until it is found.
func (s *Server) needle(ctx context.Context, c *client, word string) (time.Duration, error) {
	from := time.Now()
	line := fmt.Sprintf("{\"create\":{}}\n{\"@timestamp\":%q,\"message\":\"look for %s\"}\n", from.UTC().Format(time.RFC3339Nano), word)
	if err := c.post(ctx, []byte(line)); err != nil {
		return 0, err
	}
	for time.Since(from) < 20*time.Second {
		found, err := s.Finds(ctx, word)
		if err != nil {
			return 0, err
		}
		if found {
			return time.Since(from), nil
		}
	}
	return 0, errors.New("an event that was acknowledged is not found within 20 s")
}

// shell sends lines of a log over syslog's TCP, each at the time of its sending.
type shell struct {
	conn  net.Conn
	lines [][]byte // as in a file, from the time on
	next  int
	buf   bytes.Buffer
}

// stampSize is the length of the time at the beginning of a line, as RFC 3164 has it.
const stampSize = len("Jan _2 15:04:05")

func (h *shell) send(n int) error {
	h.buf.Reset()
	stamp := time.Now().UTC().Format(time.Stamp)
	for range n {
		h.buf.WriteString("<38>" + stamp)
		h.buf.Write(h.lines[h.next%len(h.lines)][stampSize:])
		h.buf.WriteByte('\n')
		h.next++
	}
	_, err := h.conn.Write(h.buf.Bytes())
	return err
}

// office sends process creations as JSON.
type office struct {
	client *client
	rand   *rand.Rand
	next   int
	buf    []byte
}

func (o *office) send(ctx context.Context, n int) error {
	o.buf = o.buf[:0]
	for range n {
		o.buf = append(o.buf, "{\"create\":{}}\n"...)
		o.buf = lane.AppendQuiet(o.buf, o.rand, o.next, func() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000Z") })
		o.next++
	}
	return o.client.post(ctx, o.buf)
}
