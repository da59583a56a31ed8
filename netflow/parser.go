package netflow

import (
	"maps"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Bounds of what a parser keeps between blocks: plans and headers, which change no result.
const (
	maxPlans  = 8192
	maxStates = 8 << 20 // bytes of headers
)

// Parser parses blocks of messages.
type Parser struct {
	shapes *event.Shapes
	plans  map[planKey]*plan
	states map[string]*state
	held   int    // bytes of their headers
	header string // the last one, and what it says
	state  *state

	out   *event.Batch
	block event.Block
	odd   [4]Problem // of the message that is read
	text  []byte     // of all values of the block that are no windows into it
	spans []span
	raws  [roles]string // of the record that is read
	last  *plan         // whose records left them
}

// planKey is what a template means by itself.
type planKey struct {
	version uint8
	options bool
	raw     string
}

// state is what is known of records at a place in a stream. One that comes from a header is shared and not changed.
type state struct {
	plans  map[setKey]*plan
	facts  map[factKey]string
	shared bool
}

// span is a value that is to become a part of the block's text.
type span struct{ event, value, start, end int32 }

// NewParser returns a parser. Shapes may be shared with others.
func NewParser(shapes *event.Shapes) *Parser {
	return &Parser{shapes: shapes, plans: make(map[planKey]*plan), states: make(map[string]*state)}
}

// Parse appends the events of b to out, in the order of the block. An event's Record is the number of its message.
func (p *Parser) Parse(b event.Block, out *event.Batch) {
	p.out, p.block = out, b
	p.text, p.spans = p.text[:0], p.spans[:0]
	s := p.stateOf(b.Header)
	number := b.First
	for at := gap(b.Data); at < len(b.Data); number++ {
		h, ok := readHeader(b.Data[at:])
		if !ok {
			out.Fail(b.Origin, b.Offset+int64(at), oddHeader)
			break
		}
		size, whole := messageSize(b.Data[at:], true)
		n := len(out.Events)
		s = p.message(&h, b.Data[at:at+size], s)
		for i := n; i < len(out.Events); i++ {
			out.Events[i].Origin, out.Events[i].Record = b.Origin, number
		}
		if !whole {
			p.problem(oddCut)
		}
		p.tell(b.Offset + int64(at))
		at += max(size, 1)
		at += gap(b.Data[at:])
	}
	text := string(p.text)
	for _, sp := range p.spans {
		out.Events[sp.event].Values[sp.value].Raw = text[sp.start:sp.end]
	}
	p.out, p.block, p.last = nil, event.Block{}, nil
	clear(p.raws[:])
}

// stateOf returns what a header says.
func (p *Parser) stateOf(header string) *state {
	if p.state != nil && header == p.header {
		return p.state
	}
	s := p.states[header]
	if s == nil {
		s = &state{plans: make(map[setKey]*plan), facts: make(map[factKey]string), shared: true}
		readEntries(header, func(kind, what byte, domain uint32, key, value string) {
			if kind == entryFact {
				s.facts[factKey{domain, what, key}] = value
				return
			}
			if id, t, _, ok := readTemplate(int(what), templateSet(int(what), kind == entryOptions), key); ok {
				s.plans[setKey{what, domain, id}] = p.planOf(what, t)
			}
		})
		if p.held += len(header) + 64; p.held > maxStates {
			clear(p.states)
			p.held = len(header) + 64
		}
		p.states[header] = s
	}
	p.header, p.state = header, s
	return s
}

// planOf returns the plan of a template.
func (p *Parser) planOf(version uint8, t *template) *plan {
	key := planKey{version, t.options, t.raw}
	c := p.plans[key]
	if c == nil {
		if len(p.plans) >= maxPlans {
			clear(p.plans)
		}
		own := *t
		own.raw = strings.Clone(t.raw)
		key.raw = own.raw
		c = compile(int(version), &own, p.shapes)
		p.plans[key] = c
	}
	return c
}

// message reads one message and returns what is known after it.
func (p *Parser) message(h *header, s string, known *state) *state {
	if len(s) <= h.size {
		return known
	}
	if h.version == v5 {
		return p.records(h, p.planOf(v5, &v5Template), s[h.size:], known)
	}
	r := sets{rest: s[h.size:]}
	for r.next() {
		switch {
		case isTemplates(h.version, r.id):
			known = p.templates(h, &r, known)
		case r.id >= firstData:
			if c := known.plans[setKey{uint8(h.version), h.domain, uint16(r.id)}]; c != nil {
				known = p.records(h, c, r.body, known)
			} else {
				p.problem(oddUnknown)
			}
		}
	}
	if r.odd != "" {
		p.problem(r.odd)
	}
	return known
}

// templates reads a set of templates.
func (p *Parser) templates(h *header, r *sets, known *state) *state {
	for body := r.body; zeros(body) < len(body); {
		id, t, next, ok := readTemplate(h.version, r.id, body)
		if !ok {
			p.problem(oddTemplate)
			break
		}
		body = next
		key := setKey{uint8(h.version), h.domain, id}
		if len(t.fields) == 0 {
			continue // what is taken back is given anew, if at all
		}
		c := p.planOf(key.version, t)
		if known.plans[key] == c {
			continue
		}
		known = known.own()
		if len(known.plans) < maxTemplates {
			known.plans[key] = c
		}
	}
	return known
}

// records reads the records of a set. What is left at its end, and records of zeros alone, fill it up. It returns what is
// known after it.
func (p *Parser) records(h *header, c *plan, body string, known *state) *state {
	least := max(c.least, 1)
	for len(body) >= least {
		if body[0] == 0 && len(body) < 1<<16 && c.least > 0 && zeros(body[:c.least]) == c.least && zeros(body) == len(body) {
			return known
		}
		rest, ok := p.record(h, c, body, known)
		if !ok {
			if c.varies && zeros(body) < len(body) {
				p.problem(oddRecord)
			}
			return known
		}
		if len(rest) == len(body) {
			p.problem(oddTemplate) // of nothing but empty fields
			return known
		}
		if c.options {
			note(h.domain, h.version, &c.template, body[:len(body)-len(rest)], func(k factKey, value string) { known = known.with(k, value) })
		}
		body = rest
	}
	if len(body) > 3 && zeros(body) < len(body) && h.version == v5 {
		p.problem(oddRecord)
	}
	return known
}

// own returns a state that may be changed.
func (s *state) own() *state {
	if !s.shared {
		return s
	}
	return &state{plans: maps.Clone(s.plans), facts: maps.Clone(s.facts)}
}

// with returns the state with one more fact.
func (s *state) with(k factKey, value string) *state {
	value = value[:min(len(value), maxFact)]
	old, has := s.facts[k]
	if has && old == value || !has && len(s.facts) >= maxFacts || len(k.key) > maxFact {
		return s
	}
	s = s.own()
	s.facts[k] = value
	return s
}

// v5Template is the layout of NetFlow v5's records (Cisco, "NetFlow Services Solutions Guide", table B-4).
var v5Template = template{
	least: v5Record,
	raw:   "5",
	fields: []field{
		{id: 8, size: 4},
		{id: 12, size: 4},
		{id: 15, size: 4},
		{id: 10, size: 2},
		{id: 14, size: 2},
		{id: 2, size: 4},
		{id: 1, size: 4},
		{id: 22, size: 4},
		{id: 21, size: 4},
		{id: 7, size: 2},
		{id: 11, size: 2},
		{id: 210, size: 1},
		{id: 6, size: 1},
		{id: 4, size: 1},
		{id: 5, size: 1},
		{id: 16, size: 2},
		{id: 17, size: 2},
		{id: 9, size: 1},
		{id: 13, size: 1},
		{id: 210, size: 2},
	},
}

func (p *Parser) problem(reason string) {
	for i := range p.odd {
		if o := &p.odd[i]; o.Reason == reason || o.Reason == "" {
			o.Reason = reason
			o.Count++
			return
		}
	}
}

// tell notes what was wrong with a message.
func (p *Parser) tell(offset int64) {
	for i := range p.odd {
		if p.odd[i].Reason != "" {
			p.out.Fail(p.block.Origin, offset, p.odd[i].Reason)
		}
	}
	p.odd = [len(p.odd)]Problem{}
}
