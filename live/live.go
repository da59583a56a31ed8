// Package live is the main job for ever: it takes in what inputs bring, runs rules over it, keeps it, counts
// correlations in the events' own time, and acknowledges; all in order.
//
// A Line is that for one tenant, in one folder. It promises: a delivery is acknowledged (source.Delivery.Done) when it
// is in the write-ahead log on disk, and not before; what is there is matched and kept even if the process is killed at
// any moment, and once; positions of streams are in the same frame of the log as what was read up to them; the hits are
// those of `tocsin hunt` over the same input, whatever the batching. Memory is bounded: where the store is slow or full,
// senders wait. What cannot be read or kept, and every source that falls silent or whose clock is wrong, becomes an event
// of its own, which rules watch.
//
// It runs these goroutines: one that writes the log and acknowledges, Options.Jobs workers that parse and match, and one
// that keeps, correlates and makes checkpoints (it alone touches the detect.Live and calls the store's Add).
package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/pipeline"
	"github.com/tocsin-sec/tocsin/sight"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
	"github.com/tocsin-sec/tocsin/wal"
)

// Keeper is where events are kept: see the methods of store.Embedded.
type Keeper interface {
	AddSome(ctx context.Context, seq uint64, b *store.Batch, lacks []bool) (store.Added, error)
	Lacks(ctx context.Context, seq uint64, b *store.Batch) ([]bool, error)
	DurableBefore(ctx context.Context) (uint64, error)
}

// Numbered is what a Keeper is beside, if it can tell which numbers of frames it has seen: see store.Embedded.Highest.
// Without it, a log that is lost must not be begun anew beside the store.
type Numbered interface {
	Highest(ctx context.Context) (uint64, error)
}

// Options say what a Line works with. Every field without a default must be set.
type Options struct {
	Dir    string // the tenant's folder; the log and the checkpoint are below it
	Engine *detect.Engine
	Parser func(format string, env *parse.Env) parse.Parser // nil where no format has the name
	Store  Keeper                                           // the Line does not close it
	State  *state.State                                     // nor this
	Log    *slog.Logger

	// Changed is told incidents that hits have changed, when they are kept. It must not wait, nor keep them; nil is fine.
	Changed func([]*alert.Incident)
	// Altered is told alerts that hits have changed, likewise, and before Changed.
	Altered func([]*alert.Alert)
	Worth   func(alert.Entity) float64 // what something is worth to those who own it; nil is 1 for all
	// Learn gives the detectors, in the order of time, sightings of what the store has of before a time from frames up to one
	// (see store.PlaceOf), for what came after it they see themselves. It returns how many events they were made of. It is
	// called in a goroutine of its own when they know nothing yet; nil is fine.
	Learn func(ctx context.Context, before time.Time, through uint64, give func([]sight.Sighting)) (int64, error)

	Zone       *time.Location   // of times that state none; nil is UTC
	Lateness   time.Duration    // how much later than its time an event may come and still be correlated in order; 0 is 5 s
	Settle     time.Duration    // how long, after a start, correlations wait for streams that begin in the past; 0 is 3 s
	Checkpoint time.Duration    // between checkpoints; 0 is 5 s
	Silence    time.Duration    // after which a source that always spoke is called silent; 0 is learnt, see watch
	Skew       time.Duration    // that a source's clock may be wrong by; 0 is 10 min
	Jobs       int              // workers; 0 is 1
	MinFree    int64            // bytes of disk under which nothing more is taken in; 0 is 256 MiB
	Grace      time.Duration    // how long, once told to end, it finishes what it has taken; 0 is 10 s. The rest waits in the log
	Quarantine bool             // a damaged part of the log is set aside and told, instead of being an error of Open
	Now        func() time.Time // the clock; nil is time.Now
}

func (o *Options) withDefaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&o.Lateness, 5*time.Second)
	set(&o.Settle, 3*time.Second)
	set(&o.Checkpoint, 30*time.Second)
	set(&o.Skew, 10*time.Minute)
	set(&o.Grace, 10*time.Second)
	if o.Jobs <= 0 {
		o.Jobs = 1
	}
	if o.MinFree == 0 {
		o.MinFree = 256 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Line is the main job for one tenant. Its methods may be called from any goroutine.
type Line struct {
	opt    Options
	wal    *wal.Log
	env    parse.Env
	engine atomic.Pointer[detect.Engine] // for what comes in from now on
	tails  tails
	count  counters
	known  atomic.Pointer[[]SourceStatus]

	arrivals chan arrival       // to the writer of the log
	notices  chan source.Notice // likewise
	work     chan item          // from the writer to the pipeline

	room    room          // for what is on its way
	spare   spare         // batches to be filled
	moving  atomic.Int64  // items that are in the pipeline
	ended   chan struct{} // closed when Run takes nothing more out of arrivals
	present chan struct{} // closed when what the log held is applied

	accepting  sync.RWMutex // held to read while sending, to write while closing
	closed     bool
	base       uint64 // frames of the log are numbered from here on: see checkpoint.Base
	mu         sync.Mutex
	positions  map[string]string     // durable
	judgements []func(*alert.Desk)   // see Judge
	sighted    chan []sight.Sighting // see Sight
	applied    *applier
	trimming   sync.Mutex  // held by who needs the frames that are there
	checkpoint *checkpoint // that the line began with
}

// arrival is a delivery and when it came.
type arrival struct {
	source.Delivery
	at   int64 // nanoseconds since 1970
	room taken // that it takes
}

// item is what goes through the pipeline: a delivery that is in the log, or the time.
type item struct {
	seq      uint64 // of its frame; 0 of a tick
	delivery source.Delivery
	arrived  int64
	room     taken // that it takes
	engine   *detect.Engine
	tick     bool
	replayed bool // it may have been kept before the last end of the process
	again    bool // it was counted before the last checkpoint
}

// Open opens a tenant's folder, and the log in it. It does not begin to work; Run does.
func Open(opt Options) (*Line, error) {
	opt.withDefaults()
	log, err := wal.Open(filepath.Join(opt.Dir, "wal"), wal.Options{MinFree: opt.MinFree, Quarantine: opt.Quarantine})
	if err != nil {
		return nil, fmt.Errorf("open the write-ahead log: %w", err)
	}
	l := &Line{
		opt: opt, wal: log,
		arrivals: make(chan arrival, 64), notices: make(chan source.Notice, 1024), work: make(chan item, 16),
		positions: make(map[string]string), ended: make(chan struct{}), present: make(chan struct{}),
		sighted: make(chan []sight.Sighting, maxSighted), spare: make(spare, maxSpare),
	}
	l.room = newRoom(l.ended)
	l.engine.Store(opt.Engine)
	for _, d := range log.Repairs() {
		opt.Log.Warn("the write-ahead log was repaired", "damage", d.String())
		if !d.Torn || d.SetAside != "" {
			l.Notice(source.Notice{Action: source.NoticeGap, Stream: "write-ahead log", Reason: d.String()})
		}
	}
	if err := l.resume(); err != nil {
		_ = log.Close()
		return nil, err
	}
	return l, nil
}

// errUnfinished ends what could not be finished in time after the line was told to end.
var errUnfinished = errors.New("there was no time to finish")

// errClosed is what Send returns when the line takes no more.
var errClosed = errors.New("tocsin is shutting down")

// Run works until ctx is done; then it takes no more, finishes what it has taken, makes a checkpoint and returns nil.
// An error says that it cannot go on; what was acknowledged is in the log.
func (l *Line) Run(ctx context.Context) error {
	stopped := context.AfterFunc(ctx, l.stopTaking)
	defer stopped()
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	grace := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(l.opt.Grace):
			cancel(errUnfinished)
		case <-work.Done():
		}
	})
	defer grace()
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(l.work)
		if err := l.write(work); err != nil {
			cancel(err)
		}
	})
	wg.Go(func() { l.learn(ctx) })
	stages := pipeline.Stages[item, outcome]{
		Jobs: l.opt.Jobs, Produce: l.feed, Worker: l.worker, Panicked: l.panicked,
		Collect: func(o outcome) error { return l.applied.apply(work, o) },
	}
	err := stages.Run(work)
	if err == nil {
		err = l.applied.finish(work)
	}
	cancel(err)
	wg.Wait()
	close(l.ended)
	go l.stopTaking()
	for a := range l.arrivals { // what senders still hold is turned away
		a.done(errClosed)
	}
	if errors.Is(err, errUnfinished) {
		l.opt.Log.Warn("ended before all was kept; what was acknowledged waits in the log for the next start", "waiting", l.Status().Waiting)
		return nil
	}
	return err
}

// Present is closed when what the log held from before the start is applied.
func (l *Line) Present() <-chan struct{} { return l.present }

// stopTaking turns away what comes from now on. The writer ends when it has written what came before.
func (l *Line) stopTaking() {
	l.accepting.Lock()
	defer l.accepting.Unlock()
	if !l.closed {
		l.closed = true
		close(l.arrivals)
	}
}

// Close closes the log of a line that does not run.
func (l *Line) Close() error { return l.wal.Close() }

// Use makes the line match what comes in from now on with another engine. Correlations that it has too go on.
func (l *Line) Use(e *detect.Engine) { l.engine.Store(e) }

// feed is produce, and counts what is handed over.
func (l *Line) feed(ctx context.Context, send func(item) bool) error {
	return l.produce(ctx, func(it item) bool {
		l.moving.Add(1)
		return send(it)
	})
}

// produce hands the pipeline what the log holds and was not finished, and then what comes in.
func (l *Line) produce(ctx context.Context, send func(item) bool) error {
	if err := l.replay(send); err != nil {
		return err
	}
	now := func() item { return item{tick: true, arrived: l.opt.Now().UnixNano(), engine: l.engine.Load()} }
	if !send(now()) { // the present begins
		return nil
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case it, ok := <-l.work:
			if !ok {
				return nil
			}
			it.engine = l.engine.Load()
			if !send(it) {
				return nil
			}
		case <-tick.C:
			if !send(now()) {
				return nil
			}
		}
	}
}
