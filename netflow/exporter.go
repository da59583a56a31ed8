package netflow

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"
)

// Bounds of what waits for its template.
const (
	maxWaiting  = 1 << 20 // bytes, of one exporter
	waitingTime = 3600e9  // ns, of the exporter's own time
	repeats     = 64      // datagrams whose repetition is noticed
)

// Exporter is what one sender of datagrams has told. It turns datagrams into parts, which are what blocks are made of.
// Records that come before their template wait for it for an hour of the exporter's time and up to 1 MiB.
type Exporter struct {
	known    *definitions
	header   string // of the part that grows: what was told before it
	data     []byte
	messages int64
	parts    []Part

	waiting []waiting // datagrams, in the order in which they came
	held    int       // bytes of them
	wanted  map[setKey]bool
	seed    maphash.Seed
	late    [repeats]uint64 // of datagrams that have waited: whoever sends before its templates may send again
	lateAt  int

	latest int64
	odd    []Problem
}

type waiting struct {
	data   string
	export int64
	sum    uint64 // of the datagram as it came
}

// Part is a run of whole messages, and the header that a block of them needs.
type Part struct {
	Header, Data string
	Messages     int64
}

// Problem is something that could not be read, and how often it was met.
type Problem struct {
	Reason string
	Count  int64
}

// NewExporter returns an Exporter that has told nothing yet.
func NewExporter() *Exporter {
	return &Exporter{known: newDefinitions(), seed: maphash.MakeSeed(), wanted: make(map[setKey]bool)}
}

// Take takes a datagram. The bytes are not kept.
func (e *Exporter) Take(datagram []byte) {
	s := string(datagram)
	h, ok := readHeader(s)
	if !ok {
		e.problem(oddHeader)
		return
	}
	sum := e.sum(s)
	if e.lateAt > 0 && slices.Contains(e.late[:], sum) {
		return
	}
	e.latest = h.export
	size, whole := messageSize(s, true)
	if !whole {
		e.problem(oddCut)
	}
	if size <= h.size {
		return
	}
	s = s[:size]
	e.begin()
	if h.version == v5 {
		e.keep(s)
		return
	}
	now, later, learned := e.read(&h, s)
	if now != "" {
		e.keep(now)
	}
	if later != "" {
		e.wait(waiting{later, h.export, sum})
	}
	if learned && len(e.waiting) > 0 {
		e.retry()
	}
	if len(e.waiting) > 0 && h.export-e.waiting[0].export > waitingTime {
		e.drop(1)
	}
}

// read takes in what a message tells of records, and tells whether something waits for it. It parts the message into what can be read
// now and what not before another template comes; either may be empty.
func (e *Exporter) read(h *header, s string) (now, later string, learned bool) {
	var unknown []int
	r := sets{rest: s[h.size:]}
	for n := 0; r.next(); n++ {
		switch {
		case isTemplates(h.version, r.id):
			if e.templates(h, r.id, r.body) {
				learned = true
			}
		case r.id >= firstData:
			key := setKey{uint8(h.version), h.domain, uint16(r.id)}
			t := e.known.templates[key]
			if t == nil {
				e.wanted[key] = true
				unknown = append(unknown, n)
			} else if t.options {
				e.known.options(h, t.template, r.body)
			}
		}
	}
	if r.odd != "" {
		e.problem(r.odd)
	}
	if unknown == nil {
		return s, "", learned
	}
	return part(h, s, unknown, false), part(h, s, unknown, true), learned
}

// part returns the message with some of its sets, which are told by their numbers in order, or with the others; ""
// without any.
func part(h *header, s string, some []int, these bool) string {
	b := append(make([]byte, 0, len(s)), s[:h.size]...)
	r := sets{rest: s[h.size:]}
	at := h.size
	for n := 0; r.next(); n++ {
		end := len(s) - len(r.rest)
		mine := len(some) > 0 && some[0] == n
		if mine {
			some = some[1:]
		}
		if mine == these {
			b = append(b, s[at:end]...)
		}
		at = end
	}
	if len(b) == h.size {
		return ""
	}
	if h.version == ipfix {
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	}
	return string(b)
}

// templates takes in the templates of a set.
func (e *Exporter) templates(h *header, set int, body string) (learned bool) {
	for s := body; zeros(s) < len(s); {
		id, t, next, ok := readTemplate(h.version, set, s)
		if !ok {
			e.problem(oddTemplate)
			return learned
		}
		s = next
		key := setKey{uint8(h.version), h.domain, id}
		if odd := e.known.learn(key, t, h.export); odd != "" {
			e.problem(odd)
		}
		if e.wanted[key] {
			delete(e.wanted, key)
			learned = true
		}
	}
	return learned
}

// options takes in a set of options.
func (d *definitions) options(h *header, t *template, body string) {
	for len(body) >= max(t.least, 1) && zeros(body) < len(body) {
		size := t.size(body)
		if size == 0 {
			return
		}
		note(h.domain, h.version, t, body[:size], d.fact)
		body = body[size:]
	}
}

// size returns the size of the record that s begins with, 0 where it is cut off.
func (t *template) size(s string) int {
	if !t.varies {
		if t.least > len(s) {
			return 0
		}
		return t.least
	}
	rest := s
	for i := range t.fields {
		var ok bool
		if _, rest, ok = t.fields[i].cut(rest); !ok {
			return 0
		}
	}
	return len(s) - len(rest)
}

// begin settles the header of a part that is to grow.
func (e *Exporter) begin() {
	if len(e.data) == 0 {
		e.header = e.known.block()
	}
}

// keep takes a message over into the part that grows.
func (e *Exporter) keep(s string) {
	e.data = append(e.data, s...)
	e.messages++
}

func (e *Exporter) wait(w waiting) {
	e.waiting = append(e.waiting, w)
	e.held += len(w.data)
	for e.held > maxWaiting {
		e.drop(1)
	}
}

// drop gives up the first n that wait.
func (e *Exporter) drop(n int) {
	for _, w := range e.waiting[:n] {
		e.held -= len(w.data)
		e.problem(oddWaited)
	}
	e.waiting = slices.Delete(e.waiting, 0, n)
	if len(e.waiting) == 0 {
		clear(e.wanted)
	}
}

// retry keeps those that wait no longer.
func (e *Exporter) retry() {
	still := e.waiting[:0]
	for _, w := range e.waiting {
		h, _ := readHeader(w.data)
		now, later, _ := e.read(&h, w.data)
		if now != "" {
			e.held -= len(w.data) - len(later)
			e.late[e.lateAt%repeats] = w.sum
			e.lateAt++
			e.keep(now)
		}
		if later != "" {
			still = append(still, waiting{later, w.export, w.sum})
		}
	}
	clear(e.waiting[len(still):])
	e.waiting = still
	if len(still) == 0 {
		clear(e.wanted)
	}
}

func (e *Exporter) sum(s string) uint64 { return cmp.Or(maphash.String(e.seed, s), 1) }

// cut ends the part that grows.
func (e *Exporter) cut() {
	if len(e.data) == 0 {
		return
	}
	e.parts = append(e.parts, Part{e.header, string(e.data), e.messages})
	e.data, e.messages = e.data[:0], 0
}

// Size returns how many bytes there are for the next parts.
func (e *Exporter) Size() int {
	n := len(e.data)
	for i := range e.parts {
		n += len(e.parts[i].Data)
	}
	return n
}

// Messages returns how many messages there are for the next parts.
func (e *Exporter) Messages() int64 {
	n := e.messages
	for i := range e.parts {
		n += e.parts[i].Messages
	}
	return n
}

// Next returns the first part that was not popped yet; ok is false where there is none.
func (e *Exporter) Next() (p Part, ok bool) {
	if len(e.parts) == 0 {
		e.cut()
	}
	if len(e.parts) == 0 {
		return Part{}, false
	}
	return e.parts[0], true
}

// Pop removes the first part.
func (e *Exporter) Pop() { e.parts = slices.Delete(e.parts, 0, 1) }

// Waiting returns how many datagrams wait for their templates.
func (e *Exporter) Waiting() int { return len(e.waiting) }

// Latest returns when the last datagram was sent, by its own account: ns since 1970, 0 before the first.
func (e *Exporter) Latest() int64 { return e.latest }

func (e *Exporter) problem(reason string) {
	for i := range e.odd {
		if e.odd[i].Reason == reason {
			e.odd[i].Count++
			return
		}
	}
	e.odd = append(e.odd, Problem{reason, 1})
}

// Problems returns what was wrong since it was called last; the counts are of datagrams.
func (e *Exporter) Problems() []Problem {
	p := e.odd
	e.odd = nil
	return p
}
