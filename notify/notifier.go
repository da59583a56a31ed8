package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Incidents is where a Notifier learns what there is to tell.
type Incidents interface {
	// Incidents returns all incidents that are not closed, and those that were closed within the last day, each once. Where
	// there are more than MaxIncidents it returns the gravest of them.
	Incidents(ctx context.Context) ([]Incident, error)
}

// MaxIncidents bounds what a Notifier looks at. An incident that is missing from fewer counts as closed.
const MaxIncidents = 10_000

// Notice is something about telling itself that a person may have to know.
type Notice struct {
	Action string // one of the Notice… constants; the event.action of the event that it becomes
	Way    string
	Reason string // one sentence
	Count  int64
}

// What a Notice is about.
const (
	NoticeStuck  = "notify-stuck"  // a way does not work; what waits for it is tried again
	NoticeFailed = "notify-failed" // a message was refused for good, or given up
	NoticeWorks  = "notify-works"  // a way that was stuck works again
	NoticeFolded = "notify-folded" // so many messages that they were told as one
)

// Options say what a Notifier works with. Directory, Outbox, Incidents and Log must be set.
type Options struct {
	Directory *Directory
	Outbox    Outbox
	Incidents Incidents
	Tenant    string
	Log       *slog.Logger
	Notice    func(Notice)     // it must not wait; nil is fine
	Now       func() time.Time // the clock; nil is time.Now
	// Day tells what a daily mail holds beside incidents; nil is fine.
	Day func(ctx context.Context, since, until time.Time) (Day, error)
}

// Notifier tells people of the incidents of one tenant. Make one by New; its methods may be called from any goroutine.
type Notifier struct {
	opt   Options
	now   func() time.Time
	dir   atomic.Pointer[Directory]
	wake  chan struct{}
	ended chan result

	book    *book           // of the goroutine of Run, as all that follows
	ways    map[string]*run // by way
	last    time.Time       // what the clock showed when the loop looked at it
	looked  time.Time       // and when that was, whatever the clock is set to
	folded  map[string]bool // keys of letters that stand for many, and of which that was told
	unsaved []Letter        // that ended, and whose end the outbox has not kept yet
	stale   bool            // the outbox has not kept the changes: what is in memory is no longer so

	mu     sync.Mutex
	status Status
}

// run is how a way does.
type run struct {
	letter *Letter   // on its way now
	fails  int       // one after the other
	until  time.Time // it rests
	sent   time.Time // when a letter was taken last
	stuck  bool      // and that was told
}

// result is the end of an attempt.
type result struct {
	letter  Letter
	receipt string
	err     error
}

// Status is how a Notifier does.
type Status struct {
	Waiting int               `json:"waiting"`         // letters
	Sent    int64             `json:"sent"`            // since the start
	Failed  int64             `json:"failed"`          // since the start
	Stuck   map[string]string `json:"stuck,omitempty"` // by way: why
}

// New makes a Notifier that goes on where the one before it ended.
func New(opt Options) *Notifier {
	n := &Notifier{
		opt: opt, now: opt.Now, wake: make(chan struct{}, 1), ended: make(chan result), ways: make(map[string]*run), folded: make(map[string]bool), stale: true,
		status: Status{Stuck: make(map[string]string)},
	}
	if n.now == nil {
		n.now = time.Now
	}
	n.dir.Store(opt.Directory)
	return n
}

// Wake says that incidents have changed. It never waits.
func (n *Notifier) Wake() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Use puts another configuration in force. What waits for a way that is not in it is dropped, and told.
func (n *Notifier) Use(d *Directory) {
	n.dir.Store(d)
	n.Wake()
}

func (n *Notifier) directory() *Directory { return n.dir.Load() }

// Status says how it does.
func (n *Notifier) Status() Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.status
	s.Stuck = make(map[string]string, len(n.status.Stuck))
	for k, v := range n.status.Stuck {
		s.Stuck[k] = v
	}
	return s
}

// Times of the loop.
const (
	leastPause = 100 * time.Millisecond // between two looks at the incidents
	mostPause  = 30 * time.Second       // so that a clock that was set is noticed
	savePause  = 5 * time.Second        // until what could not be saved is tried again
	grace      = 5 * time.Second        // for what is being sent when it is told to end
	clockSlack = 2 * time.Second        // by which a clock may be set back unnoticed
)

// clockSet tells whether the clock was set since it was looked at last, and makes waits what they were.
func (n *Notifier) clockSet(now time.Time) bool {
	last, looked := n.last, n.looked
	n.last, n.looked = now, time.Now()
	if last.IsZero() {
		return false
	}
	jump := now.Sub(last) - n.looked.Sub(looked)
	if jump.Abs() <= clockSlack {
		return false
	}
	if n.book != nil {
		for _, l := range n.book.letters {
			l.Due = l.Due.Add(jump)
			if jump > 0 { // it has not waited longer for that
				l.Made = l.Made.Add(jump)
			}
			n.book.note(l)
		}
	}
	for _, w := range n.ways {
		w.until, w.sent = w.until.Add(jump), w.sent.Add(jump)
	}
	return true
}

// expire gives up what has waited too long for a way that does not work.
func (n *Notifier) expire(now time.Time) {
	gone := make(map[string]int64)
	for _, l := range n.book.letters {
		w := n.ways[l.Way]
		if w == nil || w.fails < 3 || w.letter != nil && w.letter.Key == l.Key || now.Sub(l.Made) <= n.directory().giveUp {
			continue
		}
		gone[l.Way] += int64(max(l.Count, 1))
		end := *l
		end.State, end.Ended, end.Error = Failed, now, ifEmpty(l.Error, "the way does not work")
		n.settle(&end)
	}
	for way, count := range gone {
		n.opt.Log.Error("messages are given up", "way", way, "count", count)
		n.notice(Notice{NoticeFailed, way, fmt.Sprintf("%s given up: %s has not worked for %s", plural(count, "message"), way, roughly(n.directory().giveUp)), count})
		n.mu.Lock()
		n.status.Failed += count
		n.mu.Unlock()
	}
}

// Run tells until ctx is done; then what is being sent has a few seconds to end. It returns nil, or an error that makes
// going on senseless.
func (n *Notifier) Run(ctx context.Context) error {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var again, ready time.Time // when to plan next though nothing has changed; not to plan before
	changed := true
	for {
		now := n.now()
		if n.clockSet(now) {
			again, ready, changed = time.Time{}, time.Time{}, true
		}
		pause := mostPause
		if changed && !now.Before(ready) || !again.IsZero() && !now.Before(again) {
			begun := time.Now()
			again = n.plan(ctx, now)
			changed = false
			ready = now.Add(max(leastPause, 5*time.Since(begun)))
		}
		if changed {
			pause = min(pause, max(ready.Sub(now), time.Millisecond))
		}
		soon := n.launch(ctx, sending, n.now())
		for _, t := range []time.Time{again, soon} {
			if !t.IsZero() {
				pause = min(pause, max(t.Sub(n.now()), time.Millisecond))
			}
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
			n.finish(ctx, stop)
			return nil
		case <-n.wake:
			changed = true
		case r := <-n.ended:
			n.end(ctx, r)
		case <-timer.C:
			changed = changed || pause == mostPause
		}
	}
}

// finish waits for what is being sent, and then ends it.
func (n *Notifier) finish(ctx context.Context, stop func()) {
	timer := time.AfterFunc(grace, stop)
	defer timer.Stop()
	ctx = context.WithoutCancel(ctx)
	for n.sending() > 0 {
		n.end(ctx, <-n.ended)
	}
}

func (n *Notifier) sending() int {
	sum := 0
	for _, w := range n.ways {
		if w.letter != nil {
			sum++
		}
	}
	return sum
}

// plan looks at the incidents and makes letters. It returns when to do it again though nothing has changed.
func (n *Notifier) plan(ctx context.Context, now time.Time) time.Time {
	if n.stale && !n.load(ctx) {
		return now.Add(savePause)
	}
	list, err := n.opt.Incidents.Incidents(ctx)
	if err != nil {
		if ctx.Err() == nil {
			n.opt.Log.Error("the incidents cannot be read; nobody is told of what is new", "error", err)
		}
		return now.Add(savePause)
	}
	again := n.book.planAll(now, n.directory(), list, len(list) < MaxIncidents)
	if t := n.daily(ctx, now, list); !t.IsZero() && (again.IsZero() || t.Before(again)) {
		again = t
	}
	n.orphans(now)
	n.expire(now)
	if !n.save(ctx) {
		return now.Add(savePause)
	}
	return again
}

// load reads what the outbox holds, and puts on top what it has not kept yet.
func (n *Notifier) load(ctx context.Context) bool {
	m, err := n.opt.Outbox.Load(ctx)
	if err != nil {
		n.opt.Log.Error("the outbox cannot be read; nobody is told anything", "error", err)
		return false
	}
	n.book = newBook(m)
	for _, l := range n.book.letters {
		if l.Due.Sub(n.now()) > maxAfter+2*lastWait && l.Message.Kind != Folded { // the clock was wrong when it was written
			l.Due = n.now()
		}
	}
	for _, l := range n.unsaved {
		n.settle(&l)
	}
	for _, w := range n.ways {
		if w.letter != nil {
			n.book.letters[w.letter.Key] = w.letter
		}
	}
	n.stale = false
	return true
}

// save has the outbox keep what has changed. Where it cannot, memory is read anew before anything else is decided.
func (n *Notifier) save(ctx context.Context) bool {
	c := n.book.changes
	n.book.changes = Changes{}
	if c.empty() {
		return true
	}
	if err := n.opt.Outbox.Save(context.WithoutCancel(ctx), c); err != nil {
		n.opt.Log.Error("the outbox cannot be written; nobody is told what is not in it", "error", err)
		n.stale = true
		return false
	}
	n.unsaved = nil
	for _, l := range c.Letters {
		if l.State == Waiting && l.Message.Kind == Folded && l.Count > 1 && !n.folded[l.Key] {
			if len(n.folded) > 1000 {
				clear(n.folded)
			}
			n.folded[l.Key] = true
			n.notice(Notice{NoticeFolded, l.Way, "so many messages at once that they are told as one", int64(l.Count)})
		}
	}
	n.mu.Lock()
	n.status.Waiting = len(n.book.letters)
	n.mu.Unlock()
	return true
}

// orphans drops what waits for ways that are not configured any more.
func (n *Notifier) orphans(now time.Time) {
	gone := make(map[string]int64)
	for _, l := range n.book.letters {
		if n.directory().ways[l.Way] == nil && !l.Begun {
			gone[l.Way]++
			end := *l
			end.State, end.Ended, end.Error = Dropped, now, "the way is not configured any more"
			n.settle(&end)
		}
	}
	for way, count := range gone {
		n.notice(Notice{NoticeFailed, way, fmt.Sprintf("%s waited for %s, which is not configured any more", plural(count, "message"), way), count})
	}
}

// settle notes what has become of a letter.
func (n *Notifier) settle(l *Letter) {
	if l.State != Waiting {
		delete(n.book.letters, l.Key)
	} else {
		n.book.letters[l.Key] = l
	}
	n.book.note(l)
}

// launch begins to send what is due, one letter for each way at a time. It returns when something is due next.
func (n *Notifier) launch(ctx, sending context.Context, now time.Time) (soon time.Time) {
	if n.stale || n.book == nil {
		return soon
	}
	sooner := func(t time.Time) {
		if !t.IsZero() && (soon.IsZero() || t.Before(soon)) {
			soon = t
		}
	}
	var begun []*Letter
	for name := range n.directory().ways {
		w := n.ways[name]
		if w == nil {
			w = &run{}
			n.ways[name] = w
		}
		if w.letter != nil {
			continue
		}
		l, next := n.book.pick(now, name)
		sooner(next)
		if l == nil {
			continue
		}
		if now.Before(w.until) {
			sooner(w.until)
			continue
		}
		l.Message.Doubt = l.Begun
		l.Begun = true
		l.Message.Receipt = n.receipt(l.Message.Thread, name)
		n.book.note(l)
		w.letter = l
		begun = append(begun, l)
	}
	if len(begun) == 0 {
		return soon
	}
	saved := n.save(ctx)
	for _, l := range begun {
		if !saved { // it is not known whether it would be remembered: not sent
			n.ways[l.Way].letter = nil
			continue
		}
		go func(l Letter, w *Way) {
			receipt, err := attempt(sending, w, &l.Message)
			n.ended <- result{l, receipt, err}
		}(*l, n.directory().ways[l.Way])
	}
	return soon
}

// receipt is what the other side called what it made of an earlier message of the thread.
func (n *Notifier) receipt(thread, way string) string {
	for _, t := range n.book.told[thread] {
		if r := t.Receipts[way]; r != "" {
			return r
		}
	}
	return ""
}

// end notes the end of an attempt.
func (n *Notifier) end(ctx context.Context, r result) {
	now, l := n.now(), r.letter
	w := n.ways[l.Way]
	w.letter = nil
	l.Tries++
	if r.err == nil {
		l.State, l.Ended, l.Begun, l.Error = Sent, now, false, ""
		n.delivered(now, w, &l, r.receipt)
	} else {
		n.refused(now, w, &l, r.err)
	}
	n.unsaved = append(n.unsaved, l)
	if n.stale {
		return // it is put on top of what will be read
	}
	n.settle(&l)
	n.save(ctx)
}

func (n *Notifier) delivered(now time.Time, w *run, l *Letter, receipt string) {
	w.fails, w.until, w.sent = 0, time.Time{}, now
	if w.stuck {
		w.stuck = false
		n.notice(Notice{NoticeWorks, l.Way, l.Way + " works again", 0})
	}
	n.mu.Lock()
	n.status.Sent++
	delete(n.status.Stuck, l.Way)
	n.mu.Unlock()
	if n.stale {
		return
	}
	for _, other := range n.book.letters { // what waited for the way to work need not wait any longer
		if other.Way == l.Way && other.Key != l.Key && other.Tries > 0 && !other.Alone && other.Due.After(now) {
			other.Due = now
			n.book.note(other)
		}
	}
	if receipt == "" {
		return
	}
	for _, t := range n.book.told[l.Thread] {
		receipts := map[string]string{l.Way: receipt}
		for k, v := range t.Receipts {
			if k != l.Way {
				receipts[k] = v
			}
		}
		t.Receipts = receipts
		n.book.remember(t)
	}
}

// refused decides what becomes of a letter that was not taken.
func (n *Notifier) refused(now time.Time, w *run, l *Letter, err error) {
	r := refusalOf(err)
	l.Error = clean(err.Error()+ifAny("; ", r.Hint), maxSentence)
	l.Begun = r.Unsure
	if r.Left != nil {
		l.Message.Left = r.Left
	}
	giveUp := now.Sub(l.Made) > n.directory().giveUp && l.Tries >= minTries
	if r.Class == Never || giveUp {
		l.State, l.Ended = Failed, now
		reason := "was refused for good"
		if r.Class != Never {
			reason = fmt.Sprintf("is given up after %s", plural(int64(l.Tries), "attempt"))
		}
		n.opt.Log.Error("a message "+reason, "way", l.Way, "title", l.Message.Title, "error", err)
		n.notice(Notice{NoticeFailed, l.Way, fmt.Sprintf("the message %q %s: %s", l.Message.Title, reason, l.Error), int64(max(l.Count, 1))})
		n.mu.Lock()
		n.status.Failed++
		n.mu.Unlock()
		return
	}
	if errors.Is(err, context.Canceled) { // we ended it ourselves
		l.Tries--
		return
	}
	w.fails++
	rest := max(min(backOff(w.fails, rand.Float64()), wayWait), min(r.After, maxAfter))
	l.Due, w.until = now.Add(rest), now.Add(rest)
	if l.Alone = l.Alone || l.Tries > 1 && w.sent.After(l.Tried); l.Alone {
		l.Due = now.Add(max(backOff(l.Tries, rand.Float64()), rest))
	}
	l.Tried = now
	n.mu.Lock()
	n.status.Stuck[l.Way] = l.Error
	n.mu.Unlock()
	if !w.stuck && (r.Class == Broken || w.fails >= 3) {
		w.stuck = true
		n.opt.Log.Error("a way of telling does not work; it is tried again", "way", l.Way, "error", err, "hint", r.Hint)
		n.notice(Notice{NoticeStuck, l.Way, l.Error, 0})
	}
}

// minTries is how often a message is tried at least before it is given up, whatever the clock says.
const minTries = 12

func (n *Notifier) notice(x Notice) {
	if n.opt.Notice != nil {
		n.opt.Notice(x)
	}
}
