package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"github.com/tocsin-sec/tocsin/disk"
)

// Options says how an embedded store keeps its rows. The zero value keeps all for ever, up to a full disk.
type Options struct {
	Retention  time.Duration // how old a row may become; whole days (UTC) are removed; 0: for ever, else at least a day
	MaxBytes   int64         // room that rows may take; the oldest days are removed, but never the last two; 0: no limit
	MaxShare   float64       // the same as a share of the file system, above 0 to 1; 0: no limit
	MinFree    int64         // room that is left on the disk; 0: a hundredth of the file system, from 64 to 512 MiB
	Future     time.Duration // how far in the future a row's time may be; 0: 48 h; negative: 99 years
	Memory     int64         // bytes for the engine's caches; 0: 128 MiB. The first store of the process decides
	AsideAge   time.Duration // how long damaged parts that were moved aside are kept; 0: 90 days
	AsideBytes int64         // how much of them is kept, but for those of the last day; 0: 1 GiB
	SealAfter  time.Duration // how long after its end a day is sealed (see Manifest); 0: 48 h
	Log        *slog.Logger  // nil: nothing is logged

	flush time.Duration    // how often the engine writes; 0: flushInterval
	now   func() time.Time // nil: time.Now
}

func (o Options) filled(dir string) Options {
	if o.Retention > 0 {
		o.Retention = max(o.Retention, 24*time.Hour)
	}
	if o.Future == 0 {
		o.Future = 48 * time.Hour
	}
	if o.Memory == 0 {
		o.Memory = 128 << 20
	}
	if o.AsideAge == 0 {
		o.AsideAge = asideAge
	}
	if o.AsideBytes == 0 {
		o.AsideBytes = asideBytes
	}
	if o.SealAfter == 0 {
		o.SealAfter = 48 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.flush == 0 {
		o.flush = flushInterval
	}
	if o.now == nil {
		o.now = time.Now
	}
	if total, _, err := disk.Space(dir); err == nil {
		if o.MinFree == 0 {
			o.MinFree = min(max(int64(total/100), 64<<20), 512<<20)
		}
		if share := int64(o.MaxShare * float64(total)); share > 0 && (o.MaxBytes == 0 || share < o.MaxBytes) {
			o.MaxBytes = share
		}
	}
	return o
}

// Embedded is a store in a directory of its own. VictoriaLogs can open the same directory.
type Embedded struct {
	dir      string
	opt      Options
	repairs  []Repair
	manifest *manifest
	keeping  sync.Mutex // held by Maintain, Verify and Backup, one at a time

	gate  sync.RWMutex // held for reading by who uses v, for writing by who replaces it
	v     *vault       // nil after Close
	scans scans

	patience time.Duration // how long searches may keep days from being removed
	quiet    time.Duration // how long a day must have got no rows before it is sealed

	adding  sync.Mutex // held by Add, Lacks and who holds them up
	clock   wallClock
	names   nameBudget
	cleared time.Time // when names was emptied
	row     plainRow
	id      []byte
	tracks  tracks
	found   found
	touched map[string]time.Time // when a day last got rows, in this process

	spellings *spellings
}

// Open opens the store in a directory, which is made if it is not there. What is damaged is put right first, or moved
// aside: Repairs tells. A directory belongs to one process at a time. With less room on the disk than MinFree the store
// opens, but takes no rows.
func Open(dir string, opt Options) (*Embedded, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	opt = opt.filled(dir)
	prepare(opt.Memory, opt.Log)
	e := &Embedded{
		dir: dir, opt: opt, names: make(nameBudget), touched: make(map[string]time.Time),
		patience: 10 * time.Second, quiet: 10 * time.Minute,
	}
	var err error
	if e.clock, err = readClock(dir); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	if e.repairs, err = heal(dir, opt.now()); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	if e.v, err = openVault(dir, opt); err != nil {
		return nil, err
	}
	var torn []Repair
	if e.manifest, torn, err = openManifest(dir); err != nil {
		e.v.close()
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	e.repairs = append(e.repairs, torn...)
	var lost error
	if e.spellings, lost, err = openSpellings(dir, e.v); err != nil {
		e.v.close()
		return nil, fmt.Errorf("open store %s: %w", dir, errors.Join(err, e.manifest.close()))
	}
	if lost != nil {
		e.repairs = append(e.repairs, Repair{Path: spellingName, Action: "words in mixed case are found by reading", Reason: lost.Error()})
	}
	for _, r := range e.repairs {
		opt.Log.Warn("event store put right", "path", r.Path, "action", r.Action, "moved", r.Moved, "reason", r.Reason)
	}
	e.tracks = tracks{flush: opt.flush, rows: e.v.stats().rows}
	return e, nil
}

// Close writes everything to disk and closes the store. Searches that are under way end with an error; for Maintain,
// Verify and Backup it waits, so their context should be done.
func (e *Embedded) Close() error {
	e.scans.stop(ErrClosed, true)
	e.keeping.Lock()
	defer e.keeping.Unlock()
	e.gate.Lock()
	defer e.gate.Unlock()
	if e.v == nil {
		return nil
	}
	e.v.close()
	e.v = nil
	err := os.Remove(filepath.Join(e.dir, diedFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err = errors.Join(err, e.spellings.close(), e.manifest.close()); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// enter returns the open vault, until leave is called.
func (e *Embedded) enter() (*vault, error) {
	e.gate.RLock()
	if e.v == nil {
		e.gate.RUnlock()
		return nil, ErrClosed
	}
	return e.v, nil
}

func (e *Embedded) leave() { e.gate.RUnlock() }

// ClosedInOrder tells whether the store, when it was opened, had all that was ever added to it: the process that
// had it before closed it.
func (e *Embedded) ClosedInOrder() bool { return e.spellings.inOrder }

// Reveal makes all rows that were added visible for searches at once. It is for who adds and then looks; without it they
// are visible within two seconds.
func (e *Embedded) Reveal() error {
	v, err := e.enter()
	if err != nil {
		return err
	}
	defer e.leave()
	v.reveal()
	return nil
}

// Repairs tells what was put right or moved aside when the store was opened.
func (e *Embedded) Repairs() []Repair { return e.repairs }

// Add adds the rows of a frame. They are visible within two seconds, and on disk some seconds later: see DurableBefore.
// seq must not have been used before, but to add the rows again that Lacks says are not there. ErrFull: nothing was
// added. Rows whose time is out of range are not kept; Added counts them.
func (e *Embedded) Add(ctx context.Context, seq uint64, b *Batch) (Added, error) {
	return e.AddSome(ctx, seq, b, nil)
}

// AddSome is Add of the rows for which lacks is true; of all if lacks is nil. The others count as kept.
func (e *Embedded) AddSome(ctx context.Context, seq uint64, b *Batch, lacks []bool) (Added, error) {
	if err := ctx.Err(); err != nil {
		return Added{}, fmt.Errorf("add rows: %w", err)
	}
	if seq > MaxSeq || b.Len() > MaxRows || lacks != nil && len(lacks) != b.Len() {
		return Added{}, fmt.Errorf("add rows: frame %d of %d rows is out of range", seq, b.Len())
	}
	e.adding.Lock()
	defer e.adding.Unlock()
	v, err := e.enter()
	if err != nil {
		return Added{}, err
	}
	defer e.leave()
	if v.full() {
		return Added{}, fmt.Errorf("%w: %d bytes of the disk are to stay free", ErrFull, e.opt.MinFree)
	}
	added := Added{Trimmed: b.Trimmed()}
	e.clock.look(e.opt.now(), time.Now())
	oldest, newest := e.span()
	e.spellings.begin(seq)
	today := int64(-1)
	sent := 0
	for i, row := range b.Rows() {
		switch {
		case row.Time < oldest:
			added.TooOld++
			continue
		case row.Time > newest:
			added.TooNew++
			continue
		}
		added.Kept++
		if lacks != nil && !lacks[i] {
			e.noteAgain(row)
			continue
		}
		added.add(e.add(v, idNumber(seq, i), row))
		if day := row.Time / int64(24*time.Hour); day != today {
			today = day
			e.touched[dayOf(row.Time)] = time.Now()
		}
		e.found.added(seq, i)
		sent++
	}
	e.spellings.end(seq)
	v.send()
	e.tracks.added(seq, sent, time.Now())
	return added, nil
}

// span returns the oldest and newest time that a row may have. Where the clock is in doubt, they are wide.
func (e *Embedded) span() (oldest, newest int64) {
	now, sure := e.clock.sure()
	newest = newestTime(e.clock.latest(), e.opt.Future)
	if sure && e.opt.Retention > 0 {
		oldest = max(0, startOfDay(now.Add(-e.opt.Retention)).UnixNano())
	}
	return oldest, newest
}

// farthest is how far in the future a row's time may be in any case: the engine takes none beyond.
const farthest = 99 * 365 * 24 * time.Hour

func newestTime(now time.Time, future time.Duration) int64 {
	if future < 0 || future > farthest {
		future = farthest
	}
	return now.Add(future).UnixNano()
}

// breath is the least time between two flushes that make room for names.
const breath = 100 * time.Millisecond

// add hands one row to the engine, and returns how many of its fields were moved into one.
func (e *Embedded) add(v *vault, id uint64, row Row) (t Trimmed) {
	r := &e.row
	r.reset()
	dataset, trimmed := "", false
	for name, value := range row.Fields() {
		if name == Dataset {
			dataset = value
		}
		trimmed = trimmed || name == More || name == Cut
		r.add(name, value)
	}
	set := e.names.of(dataset)
	if !set.take(r.names) {
		if now := time.Now(); now.Sub(e.cleared) > breath {
			v.send()
			v.reveal() // from here on the engine has no name in memory that could meet those to come
			clear(e.names)
			e.cleared = now
			set = e.names.of(dataset)
			set.take(r.names)
		} else {
			if t.Folded = set.fold(r); !trimmed {
				t.Rows = 1
			}
		}
	}
	v.begin()
	e.id = strconv.AppendUint(e.id[:0], id, 10)
	v.field(ID, unsafe.String(unsafe.SliceData(e.id), len(e.id)))
	for i, n := range r.names {
		e.spellings.note(r.values[i])
		v.field(n, marked(r.values[i]))
	}
	v.end(row.Time, dataset)
	return t
}

// noteAgain takes note of the words of a row that is there already: the process that added it may have ended before what
// it had noted was on disk. Names count, too, for fields may have been moved into one text.
func (e *Embedded) noteAgain(row Row) {
	for name, value := range row.Fields() {
		e.spellings.note(name)
		e.spellings.note(value)
	}
}

func (e *Embedded) workers() int { return engineWorkers() }

// scan runs a query; see engine.
func (e *Embedded) scan(ctx context.Context, logsql string, yield func(worker int, b *Block)) error {
	v, err := e.enter()
	if err != nil {
		return err
	}
	defer e.leave()
	ctx, done := e.scans.begin(ctx)
	defer done()
	if err := v.scan(ctx, logsql, yield); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return err
	}
	return nil
}

// Stats says what a store holds.
type Stats struct {
	Rows  uint64 // rows, without those added within the last seconds
	Bytes uint64 // on disk; 0 where it is not known
	Days  int    // days (UTC) that rows are kept of
	Full  bool   // Add gives ErrFull
}

// Stats says what the store holds.
func (e *Embedded) Stats(context.Context) (Stats, error) {
	v, err := e.enter()
	if err != nil {
		return Stats{}, err
	}
	defer e.leave()
	s := v.stats()
	return Stats{Rows: s.rows, Bytes: s.bytes, Days: int(s.days), Full: v.full()}, nil
}

// dayFormat is how days are named.
const dayFormat = "20060102"

func startOfDay(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func dayOf(ns int64) string { return time.Unix(0, ns).UTC().Format(dayFormat) }
