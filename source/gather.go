package source

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// Bounds of what a gather keeps. Records wait at most twice gatherAge when the intake has room: once to be joined by
// others, and once more where the format's splitter holds them back because the next may belong to them.
const (
	gatherBlock  = 64 << 10 // bytes of a block, about
	gatherAge    = 50 * time.Millisecond
	gatherGrace  = 500 * time.Millisecond // to hand over what waits when the input stops
	gatherSpare  = 16                     // buffers of at most two blocks that are kept to be used again
	gatherForget = 10 * time.Minute       // of senders of which nothing need be known
	originAge    = 10 * time.Minute       // after which Origin.Reference is set anew
)

// peer is who sends: an address, and the name in its certificate where it has shown one.
type peer struct {
	addr netip.Addr
	name string
}

// String returns who it is as Origin.Sender and notices say it.
func (p peer) String() string {
	if p.name != "" {
		return p.name
	}
	return p.addr.String()
}

// gather collects records of many senders, a line each, and sends them on as blocks of one sender. What it holds is
// bounded over all senders and for each; what is beyond that must wait (put) or is dropped (offer). All methods may be
// called from many goroutines but run, which is called once.
type gather struct {
	env    Env
	path   string // of the origins, up to the sender
	add    func(dst, record []byte) []byte
	shape  func(who peer, data []byte) (format string, s shaper) // for a sender that begins with data
	forget time.Duration                                         // after which a sender that is silent is forgotten
	limit  int                                                   // bytes over all senders
	share  int                                                   // bytes of one sender
	most   int                                                   // senders
	tally  *tally

	mu      sync.Mutex
	room    sync.Cond // something was sent, or ctx is done
	wake    chan struct{}
	senders map[peer]*pending
	young   queue // senders with data, by the time of its first byte
	full    queue // senders with a block or more
	held    int   // bytes
	swept   time.Time
	spare   [][]byte // buffers to use again
}

// shaper makes blocks of what a sender has sent. It is run's alone.
type shaper interface {
	// take takes more of it; the bytes are not kept.
	take(data []byte)
	// next returns the next block and how many records it holds; again the same until done says that it was delivered.
	next() (b shaped, ok bool)
	done()
	// held tells whether there is something that is to go on when nothing follows it soon, and how many records wait.
	held() (soon bool, records int64)
}

// shaped is a block on its way.
type shaped struct {
	header, text string
	records      int64
	position     string // what is to be known of the sender after a restart; "" where that is as before, or nothing
}

// pending is what a sender has sent and the intake has not taken.
type pending struct {
	who  peer
	full [][]byte  // of a block's size
	data []byte    // whole lines, less than a block
	age  time.Time // when the first of data came
	size int       // bytes that are held for it, those that run works on too
	seat seat

	// The following are run's alone.
	shaper shaper
	origin *event.Origin
	offset int64
	line   int64
}

// seat is the queue that a sender stands in.
type seat uint8

const (
	seatNone seat = iota
	seatYoung
	seatFull
)

// queue is a first-in-first-out queue of senders. A sender that has moved on to another queue is left in and passed over.
type queue struct {
	list []*pending
	head int
}

func (q *queue) push(s *pending) { q.list = append(q.list, s) }

// first returns the first that still has the seat, nil where there is none.
func (q *queue) first(at seat) *pending {
	for q.head < len(q.list) {
		if s := q.list[q.head]; s.seat == at {
			return s
		}
		q.pop()
	}
	q.list, q.head = q.list[:0], 0
	return nil
}

func (q *queue) pop() {
	q.list[q.head] = nil
	q.head++
	if q.head >= 1024 && q.head*2 >= len(q.list) {
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
}

func newGather(env Env, tally *tally) *gather {
	g := &gather{
		env: env, tally: tally, wake: make(chan struct{}, 1), senders: make(map[peer]*pending), add: appendLine, forget: gatherForget,
	}
	g.room.L = &g.mu
	return g
}

// offer takes a record if there is room for it, and tells whether it did.
func (g *gather) offer(who peer, record []byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sender(who)
	if s == nil || !g.fits(s, len(record)) {
		return false
	}
	g.append(s, record)
	return true
}

// put takes a record and waits until there is room for it; it tells whether it did: false means that ctx is done.
func (g *gather) put(ctx context.Context, who peer, record []byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.sender(who)
	if s == nil || !g.fits(s, len(record)) {
		stop := context.AfterFunc(ctx, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.room.Broadcast()
		})
		defer stop()
		for s == nil || !g.fits(s, len(record)) {
			if ctx.Err() != nil {
				return false
			}
			g.room.Wait()
			s = g.sender(who)
		}
	}
	g.append(s, record)
	return true
}

// reserve takes bytes of the common bound for something else than records, if there is room; free gives them back.
func (g *gather) reserve(n int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held+n > g.limit/2 {
		return false
	}
	g.held += n
	return true
}

func (g *gather) free(n int) {
	if n == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held -= n
	g.room.Broadcast()
}

func (g *gather) fits(s *pending, n int) bool {
	return g.held+n < g.limit && s.size+n < g.share || s.size == 0 && g.held < g.limit
}

// sender returns what waits of a sender, nil where there are too many senders.
func (g *gather) sender(who peer) *pending {
	s := g.senders[who]
	if s != nil {
		return s
	}
	if len(g.senders) >= g.most {
		now := time.Now()
		if now.Sub(g.swept) < time.Second {
			return nil
		}
		g.swept = now
		g.sweep(now, time.Second)
		if len(g.senders) >= g.most {
			return nil
		}
	}
	s = &pending{who: who, line: 1}
	g.senders[who] = s
	return s
}

// sweep forgets senders of which nothing was heard for a while.
func (g *gather) sweep(now time.Time, idle time.Duration) {
	for who, s := range g.senders {
		if s.size == 0 && now.Sub(s.age) > idle {
			delete(g.senders, who)
		}
	}
}

func (g *gather) append(s *pending, record []byte) {
	if s.data == nil {
		s.age = time.Now()
		if k := len(g.spare); k > 0 {
			s.data, g.spare = g.spare[k-1], g.spare[:k-1]
		}
	}
	before := len(s.data)
	s.data = g.add(s.data, record)
	n := len(s.data) - before
	s.size += n
	g.held += n
	if len(s.data) >= gatherBlock {
		s.full, s.data = append(s.full, s.data), nil
		if s.seat != seatFull {
			s.seat = seatFull
			g.full.push(s)
			g.poke()
		}
	} else if s.seat == seatNone && n > 0 {
		s.seat = seatYoung
		g.young.push(s)
		if g.young.first(seatYoung) == s {
			g.poke()
		}
	}
}

func (g *gather) poke() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// run sends blocks until ctx is done, and then, when the readers have ended, for gatherGrace what still waits.
func (g *gather) run(ctx context.Context, to Intake, readersEnd func()) error {
	if err := g.pass(ctx, to); ctx.Err() == nil {
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), gatherGrace)
	defer cancel()
	readersEnd()
	return g.drain(last, to)
}

// serve reads with listen and sends on what it reads until ctx is done, or one of the two breaks.
func (g *gather) serve(ctx context.Context, to Intake, listen func(context.Context) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	told := make(chan struct{})
	var notices, readers sync.WaitGroup
	notices.Go(func() { g.tally.run(told) })
	var broken error
	readers.Go(func() {
		defer cancel()
		broken = listen(inner)
	})
	err := g.run(inner, to, readers.Wait)
	cancel()
	readers.Wait()
	g.giveUp()
	close(told)
	notices.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return cmp.Or(broken, err)
}

// pass sends what is full or old enough until ctx is done or the intake takes no more.
func (g *gather) pass(ctx context.Context, to Intake) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		s, data, wait := g.next(time.Now())
		if s != nil {
			if err := g.send(ctx, to, s, data); err != nil {
				return err
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-g.wake:
		case <-timer.C:
		}
	}
	return nil
}

// drain sends all that waits.
func (g *gather) drain(ctx context.Context, to Intake) error {
	for {
		s, data, _ := g.next(time.Now().Add(time.Hour))
		if s == nil {
			return nil
		}
		if err := g.send(ctx, to, s, data); err != nil {
			return err
		}
	}
}

// next takes the data of the sender whose turn it is; else it says how long nothing is due.
func (g *gather) next(now time.Time) (s *pending, data []byte, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s = g.full.first(seatFull); s != nil {
		g.full.pop()
		data, s.full[0], s.full = s.full[0], nil, s.full[1:]
		switch {
		case len(s.full) > 0:
			g.full.push(s)
		case len(s.data) > 0:
			s.seat = seatYoung
			g.young.push(s)
		default:
			s.full, s.seat = nil, seatNone
		}
		return s, data, 0
	}
	if s = g.young.first(seatYoung); s != nil {
		if wait = s.age.Add(gatherAge).Sub(now); wait > 0 {
			return nil, nil, wait
		}
		g.young.pop()
		data, s.data, s.seat = s.data, nil, seatNone
		return s, data, 0
	}
	if now.Sub(g.swept) > min(g.forget, gatherForget) {
		g.swept = now
		g.sweep(now, g.forget)
	}
	return nil, nil, time.Minute
}

// send makes blocks of what a sender sent and hands them over.
func (g *gather) send(ctx context.Context, to Intake, s *pending, data []byte) error {
	g.know(s, data)
	s.shaper.take(data)
	defer g.release(s, len(data))
	defer g.reuse(data)
	for {
		b, ok := s.shaper.next()
		if !ok {
			if soon, _ := s.shaper.held(); soon {
				g.again(s)
			}
			return nil
		}
		d := Delivery{Block: event.Block{Origin: s.origin, Header: b.header, Data: b.text, Offset: s.offset, First: s.line}}
		if b.position != "" {
			d.Stream, d.Position = s.origin.Path, b.position
		}
		err := to.Send(ctx, d)
		if err != nil {
			g.again(s)
			return fmt.Errorf("send %d bytes of %s: %w", len(b.text), s.origin.Path, err)
		}
		s.offset += int64(len(b.text))
		s.line += b.records
		s.shaper.done()
	}
}

// again gives a sender another turn in gatherAge.
func (g *gather) again(s *pending) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.seat == seatNone {
		s.seat, s.age = seatYoung, time.Now()
		g.young.push(s)
	}
}

// reuse keeps a buffer for other lines.
func (g *gather) reuse(data []byte) {
	if cap(data) < gatherBlock/4 || cap(data) > 2*gatherBlock {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.spare) < gatherSpare {
		g.spare = append(g.spare, data[:0])
	}
}

func (g *gather) release(s *pending, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.size -= n
	g.held -= n
	g.room.Broadcast()
}

// giveUp drops what is left, after run and when nobody puts any more, and tells of it.
func (g *gather) giveUp() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.senders {
		left := append(s.full, s.data)
		for _, data := range left {
			if len(data) > 0 {
				g.know(s, data)
				s.shaper.take(data)
			}
		}
		if s.shaper == nil {
			continue
		}
		if _, n := s.shaper.held(); n > 0 {
			g.tally.add(NoticeDropped, s.who.String(), "they were received and could not be handed on any more", n)
		}
	}
	g.senders = make(map[peer]*pending)
	g.young, g.full, g.held = queue{}, queue{}, 0
	g.room.Broadcast()
}

// know settles what a sender sends and keeps its origin up to date.
func (g *gather) know(s *pending, data []byte) {
	now := g.now()
	if s.shaper == nil {
		var format string
		format, s.shaper = g.shape(s.who, data)
		s.origin = &event.Origin{
			Path: g.path + s.who.addr.String(), Format: format, Reference: now, Zone: g.env.Zone, Sender: s.who.String(),
		}
		g.env.Log.LogAttrs(context.Background(), slog.LevelDebug, "new sender", slog.String("sender", s.who.String()), slog.String("format", format))
	}
	if now.Sub(s.origin.Reference).Abs() > originAge {
		o := *s.origin
		o.Reference = now
		s.origin = &o
	}
}

func (g *gather) now() time.Time {
	if g.env.Now != nil {
		return g.env.Now()
	}
	return time.Now()
}
