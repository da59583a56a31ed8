package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/wal"
)

// Line is what inputs bring to.
var _ source.Intake = (*Line)(nil)

// Send implements source.Intake.
func (l *Line) Send(ctx context.Context, d source.Delivery) error {
	if err := check(&d); err != nil {
		return err
	}
	size := int64(len(d.Block.Data) + len(d.Block.Header))
	p, err := l.room.take(ctx, size)
	if err != nil {
		return err
	}
	err = l.send(ctx, arrival{d, l.opt.Now().UnixNano(), p})
	if err != nil {
		l.room.give(p)
	}
	return err
}

func (l *Line) send(ctx context.Context, a arrival) error {
	l.accepting.RLock()
	defer l.accepting.RUnlock()
	if l.closed {
		return errClosed
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case l.arrivals <- a:
		return nil
	}
}

// maxBlock bounds a block with its header, in bytes: one record of any length has room in it, and most of a second.
const maxBlock = event.MaxRecord + event.MaxRecord/2

// check finds deliveries that no frame can hold.
func check(d *source.Delivery) error {
	switch {
	case d.Block.Origin == nil:
		return errors.New("a delivery without origin")
	case len(d.Position) > source.MaxPosition:
		return fmt.Errorf("a position of %d bytes, more than %d", len(d.Position), source.MaxPosition)
	case len(d.Block.Data)+len(d.Block.Header) > maxBlock:
		return fmt.Errorf("a block of %d bytes, more than %d", len(d.Block.Data)+len(d.Block.Header), maxBlock)
	}
	return nil
}

// Position implements source.Intake.
func (l *Line) Position(stream string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.positions[stream]
}

// Notice implements source.Intake. Where more come than can be written, the rest are counted, and told as one.
func (l *Line) Notice(n source.Notice) {
	select {
	case l.notices <- n:
	default:
		l.count.noticesLost.Add(1)
	}
}

func (a *arrival) done(err error) {
	if a.Done != nil {
		a.Done(err)
	}
}

// What is written to the log at a time.
const (
	groupWait  = 10 * time.Millisecond // the least time between two syncs
	groupBytes = 1 << 20
	groupMost  = 256 // deliveries
)

// writer is the goroutine that writes the log.
type writer struct {
	*Line
	group  []arrival
	frames [][]byte
	buf    []byte
	ends   []int
	last   time.Time // of the last sync
	full   bool
}

// write puts deliveries into the log, acknowledges them, and hands them on, until no more are taken.
func (l *Line) write(ctx context.Context) error {
	w := &writer{Line: l}
	for {
		if open := w.gather(ctx); len(w.group) == 0 {
			if !open {
				return nil
			}
			continue
		}
		if err := w.commit(ctx); err != nil {
			for i := range w.group {
				w.group[i].done(err)
			}
			return err
		}
	}
}

// gather waits for the next group. It reports false when no more will come.
func (w *writer) gather(ctx context.Context) bool {
	w.group = w.group[:0]
	size := 0
	take := func(a arrival) {
		w.group = append(w.group, a)
		size += len(a.Block.Data)
	}
	select {
	case <-ctx.Done():
		return false
	case a, ok := <-w.arrivals:
		if !ok {
			return false
		}
		take(a)
	case n := <-w.notices:
		take(w.told(n))
	}
	wait := time.NewTimer(max(groupWait-time.Since(w.last), 0))
	defer wait.Stop()
	due := wait.C
	for size < groupBytes && len(w.group) < groupMost {
		select { // what is there is taken before the time is asked
		case a, ok := <-w.arrivals:
			if !ok {
				return false
			}
			take(a)
			continue
		default:
		}
		select {
		case a, ok := <-w.arrivals:
			if !ok {
				return false
			}
			take(a)
		case n := <-w.notices:
			take(w.told(n))
		case <-due:
			return true
		}
	}
	return true
}

// commit writes the group, again and again while the disk is full, then acknowledges and hands on.
func (w *writer) commit(ctx context.Context) error {
	w.encode()
	last, err := w.wal.Append(w.frames...)
	for errors.Is(err, wal.ErrFull) {
		w.isFull(true)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
		last, err = w.wal.Append(w.frames...)
	}
	if err != nil {
		return fmt.Errorf("write-ahead log: %w", err)
	}
	w.isFull(false)
	w.last = time.Now()
	w.mu.Lock()
	for i := range w.group {
		if d := &w.group[i]; d.Stream != "" {
			w.positions[d.Stream] = d.Position
		}
	}
	w.mu.Unlock()
	first := last - uint64(len(w.group)) + 1
	for i := range w.group { // all of them, whatever becomes of the rest
		w.group[i].done(nil)
		w.group[i].Done = nil
	}
	for i := range w.group {
		a := &w.group[i]
		select {
		case <-ctx.Done():
			return nil // it is in the log: the next start finds it there
		case w.work <- item{seq: w.base + first + uint64(i), delivery: a.Delivery, arrived: a.at, room: a.room}:
		}
		*a = arrival{} // it is not kept from being collected until the group is full again
	}
	return nil
}

func (w *writer) encode() {
	w.buf, w.ends, w.frames = w.buf[:0], w.ends[:0], w.frames[:0]
	for i := range w.group {
		w.buf = appendFrame(w.buf, &w.group[i].Delivery, w.group[i].at)
		w.ends = append(w.ends, len(w.buf))
	}
	from := 0
	for _, end := range w.ends {
		w.frames = append(w.frames, w.buf[from:end])
		from = end
	}
	if cap(w.buf) > 8*groupBytes {
		w.buf = nil
	}
}

// isFull notes whether the disk is full. That itself is told as soon as there is room to write it.
func (w *writer) isFull(full bool) {
	if full == w.full {
		return
	}
	w.full = full
	w.count.full.Store(full)
	if full {
		w.opt.Log.Error("disk full: nothing more is taken in or acknowledged until there is room", "dir", w.opt.Dir, "least_free_bytes", w.opt.MinFree)
		w.Notice(source.Notice{Action: source.NoticeFull, Reason: "the disk was full: nothing was taken in until there was room again"})
		return // it is told when there is room to write it
	}
	w.opt.Log.Info("there is room on the disk again", "dir", w.opt.Dir)
}

// told makes of a notice the event that it is about tocsin itself.
func (l *Line) told(n source.Notice) arrival {
	now := l.opt.Now()
	if lost := l.count.noticesLost.Swap(0); lost > 0 {
		n.Reason += fmt.Sprintf(" (and %d more notices that there was no room for)", lost)
	}
	b := append([]byte(nil), `{"@timestamp":"`...)
	b = now.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","event.module":"tocsin"`...)
	field := func(name, value string) {
		if value != "" {
			b = append(append(b, `,"`+name+`":`...), event.AppendQuoted(nil, value)...)
		}
	}
	field("event.action", n.Action)
	field("tocsin.input", cmp.Or(n.Input, "tocsin")) // by this it is known for what it is: see parse.tocsinOwn
	field("tocsin.stream", n.Stream)
	field("log.source.address", n.Sender)
	if n.Count != 0 {
		b = strconv.AppendInt(append(b, `,"tocsin.count":`...), n.Count, 10)
	}
	field("message", n.Reason)
	b = append(b, "}\n"...)
	return arrival{source.Delivery{Block: event.Block{
		Origin: &event.Origin{Path: ownPath, Format: "json", Reference: now, Zone: l.opt.Zone},
		Data:   string(b), First: l.count.own.Add(1),
	}}, now.UnixNano(), taken{}}
}

// ownPath is the origin of events about tocsin itself.
const ownPath = "tocsin"

// Restrained is an Intake that leaves out events of before some time, for inputs that begin in the past.
type Restrained struct {
	source.Intake
	Since time.Time
}

// Send implements source.Intake.
func (r Restrained) Send(ctx context.Context, d source.Delivery) error {
	d.Since = max(d.Since, r.Since.UnixNano())
	return r.Intake.Send(ctx, d)
}

// Feed runs an input until ctx is done. When the input breaks, that is told, and it is started again, after pauses that
// grow from a second to a minute.
func Feed(ctx context.Context, in source.Input, to source.Intake) {
	pause := time.Second
	for ctx.Err() == nil {
		begun := time.Now()
		err := in.Run(ctx, to)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		to.Notice(source.Notice{Action: source.NoticeFailed, Input: in.Name(), Reason: err.Error()})
		if time.Since(begun) > time.Minute {
			pause = time.Second
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, time.Minute)
	}
}
