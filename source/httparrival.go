package source

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/tocsin-sec/tocsin/event"
)

// protocol is a way to send records over HTTP.
type protocol struct {
	prefix string // of its paths
	open   func(path, method string) bool
	take   func(*arrival)
	refuse func(*arrival, *refusal) // answers in the protocol's own words
}

// protocols are all of them; the first whose prefix fits is meant.
var protocols = []*protocol{&hec, &otlp, &jsonLines, &elastic}

// arrival is one request with records.
type arrival struct {
	h        *HTTP
	to       Intake
	tally    *tally
	w        http.ResponseWriter
	r        *http.Request
	protocol *protocol
	path     string // escaped, without a slash at the end
	sender   string // as in event.Origin
	name     string // of the token, or else the peer
	held     int64  // of h.room
	onItsWay bool   // blocks hold what is held
}

// Handler returns what takes the records of requests to an intake. It answers every path; see Serves.
func (h *HTTP) Handler(to Intake) http.Handler {
	return h.handler(to, newTally(h.name, to))
}

func (h *HTTP) handler(to Intake, counts *tally) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.requests.Add(1)
		defer h.requests.Done()
		a := &arrival{h: h, to: to, tally: counts, w: w, r: r, path: strings.TrimRight(r.URL.EscapedPath(), "/")}
		for _, p := range protocols {
			if strings.HasPrefix(a.path, p.prefix) {
				a.protocol = p
				break
			}
		}
		defer a.leave()
		sender, name, no := h.admit(r)
		if no != nil && (no.status != http.StatusUnauthorized || a.protocol.open == nil || !a.protocol.open(a.path, r.Method)) {
			a.tell(NoticeRefused, sender, cmp.Or(no.told, no.reason), 1)
			a.protocol.refuse(a, no)
			return
		}
		a.sender, a.name = sender, name
		a.protocol.take(a)
	})
}

// leave gives back the room that no block holds.
func (a *arrival) leave() {
	if !a.onItsWay && a.held > 0 {
		a.h.room.give(a.held)
	}
}

// tell counts what a sender does wrong, to be told.
func (a *arrival) tell(action, sender, reason string, n int64) {
	a.tally.add(action, sender, reason, n)
	a.tally.flush(false)
}

// answer answers with JSON.
func (a *arrival) answer(status int, body []byte) {
	control := http.NewResponseController(a.w)
	_ = control.SetWriteDeadline(time.Now().Add(httpAnswerTime))
	head := a.w.Header()
	if head.Get("Content-Type") == "" {
		head.Set("Content-Type", "application/json")
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	a.w.WriteHeader(status)
	_, _ = a.w.Write(body) // a client that is gone will ask again
	_ = control.SetWriteDeadline(time.Time{})
}

// fail answers with why the request is not taken, and tells of what its sender did wrong.
func (a *arrival) fail(err error) {
	var no *refusal
	if !errors.As(err, &no) {
		no = &refusal{status: http.StatusServiceUnavailable, reason: "the records could not be made durable: " + err.Error(), after: 2 * time.Second}
		if a.r.Context().Err() != nil {
			no.reason = "tocsin is stopping"
		}
	} else if no.after == 0 {
		a.tell(NoticeRefused, a.sender, cmp.Or(no.told, no.reason), 1)
	}
	a.protocol.refuse(a, no)
}

// retryAfter sets the header of that name (RFC 9110 §10.2.3).
func (a *arrival) retryAfter(no *refusal) {
	if no.after > 0 {
		a.w.Header().Set("Retry-After", strconv.Itoa(int((no.after+time.Second-1)/time.Second)))
	}
	if no.status == http.StatusUnauthorized {
		a.w.Header().Set("WWW-Authenticate", `Basic realm="tocsin", charset="UTF-8"`)
	}
}

// origin returns where the records of the request come from.
func (a *arrival) origin(format string) *event.Origin {
	return &event.Origin{
		Path: "http:" + a.h.listen + "/" + a.name, Format: format, Reference: a.h.env.Now(), Zone: a.h.env.Zone, Sender: a.sender,
	}
}

// httpBlock is the size of the blocks that bodies are cut into, in bytes.
const httpBlock = 512 << 10

// immutable makes a string of bytes that nobody will change any more.
func immutable(data []byte) string { return unsafe.String(unsafe.SliceData(data), len(data)) }

// lineBlocks cuts whole lines into blocks. Each block ends where a line does.
func (a *arrival) lineBlocks(format string, data []byte) []event.Block {
	var blocks []event.Block
	origin := a.origin(format)
	text, offset, line := immutable(data), int64(0), int64(1)
	for text != "" {
		n := len(text)
		if n > httpBlock {
			if i := strings.LastIndexByte(text[:httpBlock], '\n'); i >= 0 {
				n = i + 1
			} else if i := strings.IndexByte(text[httpBlock:], '\n'); i >= 0 {
				n = httpBlock + i + 1
			}
		}
		blocks = append(blocks, event.Block{Origin: origin, Data: text[:n], Offset: offset, First: line})
		line += int64(strings.Count(text[:n], "\n"))
		offset += int64(n)
		text = text[n:]
	}
	return blocks
}

// httpFlight is the blocks of a request on their way.
type httpFlight struct {
	mu   sync.Mutex
	left int
	errs []error       // of each block
	all  chan struct{} // closed when none is left
	then func()        // called then
}

func (p *httpFlight) done(i int, err error) {
	p.mu.Lock()
	p.errs[i] = err
	p.left--
	last := p.left == 0
	p.mu.Unlock()
	if last {
		p.then()
		close(p.all)
	}
}

// send sends blocks, and returns how each fares; what is not taken fares badly at once. then is called when all are
// answered; it may be nil.
func (a *arrival) send(blocks []event.Block, then func(errs []error)) *httpFlight {
	p := &httpFlight{left: len(blocks), errs: make([]error, len(blocks)), all: make(chan struct{})}
	held, room := a.held, &a.h.room
	a.onItsWay = len(blocks) > 0
	p.then = func() {
		room.give(held)
		if then != nil {
			then(p.errs)
		}
	}
	if len(blocks) == 0 {
		close(p.all)
	}
	var err error
	for i := range blocks {
		if err == nil {
			err = a.to.Send(a.r.Context(), Delivery{Block: blocks[i], Done: func(err error) { p.done(i, err) }})
		}
		if err != nil {
			p.done(i, err) // what comes after one that is refused is not sent: the order stays
		}
	}
	return p
}

// deliver sends blocks and waits until they are durable. It returns how each fared, and the first error.
func (a *arrival) deliver(blocks []event.Block) ([]error, error) {
	p := a.send(blocks, nil)
	ctx := a.r.Context()
	select {
	case <-p.all:
	case <-ctx.Done():
		if !a.h.stopping.Load() {
			return nil, context.Cause(ctx) // the client is gone
		}
		select { // what is nearly durable is answered, or else it would come twice
		case <-p.all:
		case <-time.After(httpGraceTime):
			return nil, context.Cause(ctx)
		}
	}
	for _, err := range p.errs {
		if err != nil {
			return p.errs, err
		}
	}
	return p.errs, nil
}
