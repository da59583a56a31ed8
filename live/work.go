package live

import (
	"fmt"
	"sync/atomic"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/pipeline"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/store"
)

// outcome is what a worker makes of an item.
type outcome struct {
	item
	rows   *store.Batch
	result *detect.Result // nil of a tick
	newest int64          // the latest time that an event states
	failed *event.Unread  // the whole block, by a defect of this program
}

// worker makes a worker with parsers, a batch and a matcher of its own.
func (l *Line) worker() func(item) (outcome, error) {
	w := &worker{line: l, parsers: make(map[string]parse.Parser), batch: new(event.Batch), rows: rows{plans: make(map[*event.Shape]*rowPlan)}}
	return w.do
}

type worker struct {
	line    *Line
	parsers map[string]parse.Parser
	engine  *detect.Engine // of match
	match   *detect.Worker
	batch   *event.Batch
	rows    rows
}

// maxKept bounds the events of a batch whose memory is used again.
const maxKept = 1 << 14

func (w *worker) do(it item) (outcome, error) {
	out := outcome{item: it}
	if it.tick {
		return out, nil
	}
	if w.engine != it.engine {
		w.engine, w.match = it.engine, it.engine.NewWorker()
	}
	b := it.delivery.Block
	p := w.parsers[b.Origin.Format]
	if p == nil {
		if p = w.line.opt.Parser(b.Origin.Format, &w.line.env); p == nil {
			out.failed = &event.Unread{Path: b.Origin.Path, Offset: b.Offset, Reason: fmt.Sprintf("there is no format %q", b.Origin.Format)}
			out.result = &detect.Result{}
			return out, nil
		}
		w.parsers[b.Origin.Format] = p
	}
	p.Parse(b, w.batch)
	keep(w.batch, it.delivery.Since)
	if out.result = (&detect.Result{}); !it.again { // what is there of hits was kept before the checkpoint
		out.result = w.match.Match(w.batch)
		out.newest = out.result.Last
	}
	out.rows = w.line.spare.take()
	for i := range w.batch.Events {
		w.rows.add(out.rows, &w.batch.Events[i], it.arrived)
	}
	if !it.replayed {
		w.line.tails.show(w.batch, out.rows, it.seq)
	}
	out.delivery.Block.Data = "" // not needed any more
	if len(w.batch.Events) > maxKept {
		w.batch = new(event.Batch)
	}
	w.batch.Reset()
	return out, nil
}

// panicked notes a block that a defect of this program keeps from being read.
func (l *Line) panicked(it item, p *pipeline.Panic) (outcome, error) {
	b := it.delivery.Block
	l.opt.Log.Error("a defect in tocsin; please report it", "file", b.Origin.Path, "offset", b.Offset, "bytes", len(b.Data), "panic", fmt.Sprint(p.Value), "stack", string(p.Stack))
	return outcome{item: it, result: &detect.Result{}, failed: &event.Unread{
		Path: b.Origin.Path, Offset: b.Offset,
		Reason: fmt.Sprintf("a defect in tocsin (please report it) kept %d bytes from being read: %v", len(b.Data), p.Value),
	}}, nil
}

// counters are what a line has done since it was opened.
type counters struct {
	events, unread, kept, hits, unkept atomic.Int64
	noticesLost, own, ticks            atomic.Int64
	full                               atomic.Bool // the disk of the log
	stalled                            atomic.Pointer[stall]
	through                            atomic.Uint64 // the frame of which all is kept
	held                               atomic.Pointer[sense.Suppressed]
}
