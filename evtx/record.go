package evtx

import (
	"errors"
	"strconv"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// maxNested bounds XML that is nested in values of XML.
const maxNested = 8

// maxSpent bounds what is flattened for the templates of one chunk, in bytes: honest ones are no larger than it.
const maxSpent = 1 << 20

// maxUnfold bounds what the records of one chunk unfold to: each field of an event takes one, each 16 bytes of flat XML or
// of rendered text another. Templates and references could else make gigabytes of a few kilobytes. An honest chunk holds
// no more than 16,384 values, which have 4 bytes of descriptor each.
const maxUnfold = 1 << 17

// maxText bounds the text of one field that is put together of several pieces or values, in bytes.
const maxText = 1 << 19

var errUnfold = errors.New("the chunk unfolds to more than it can honestly hold")

// errSlow says that a record must be read the slow way.
var errSlow = errors.New("the record needs the slow way")

// nested is XML in a value, to be read after the values beside it.
type nested struct {
	from, to int
	scope    string
}

// instance is a fragment with its values: those of a template, or those lifted from XML that has none.
type instance struct {
	plan   *plan
	lifted bool
	descs  int // where the descriptors of the values begin
	count  int // of the values
	end    int // of the fragment
}

// inlined is the fragment whose values p.frag.lifted holds: a record that turns out to need the slow way comes back to it.
type inlined struct {
	pos   int // 0 for none
	to    int
	scope string
	in    instance
}

// record reads the XML of the record at chunk[start:end] and appends its event.
func (p *Parser) record(start, end int, origin *event.Origin, out *event.Batch) error {
	written, id := u64(p.chunk, start+16), u64(p.chunk, start+8)
	p.vals, p.node, p.nested = p.vals[:0], p.plans.root(), p.nested[:0]
	err := p.fast(start+recordHeader, end, scopeRoot, 0)
	var e *event.Event
	var at *node
	switch {
	case err == nil && p.plans.ready(p.node, p.shapes):
		if p.left -= len(p.vals); p.left < 0 {
			return errUnfold
		}
		at = p.node
		e = out.Add(at.shape)
		copy(e.Values, p.vals)
	case err == nil || errors.Is(err, errSlow):
		if e, at, err = p.slow(start+recordHeader, end, out); err != nil {
			return err
		}
	default:
		return err
	}
	e.Origin, e.Record, e.Time = origin, int64(id), 0
	if at.idAt >= 0 {
		if n, ok := number(e.Values[at.idAt]); ok {
			e.Record = int64(n)
		}
	}
	if at.timeAt >= 0 {
		e.Time = nanos(e.Values[at.timeAt])
	}
	if e.Time == 0 {
		e.Time = event.FileTimeNanos(written)
	}
	return nil
}

func number(v event.Value) (uint64, bool) {
	if v.Kind == event.Uint {
		return leUint(v.Raw), true
	}
	if v.Kind < event.Text {
		return 0, false
	}
	n, err := strconv.ParseUint(v.String(), 10, 64)
	return n, err == nil
}

func nanos(v event.Value) int64 {
	switch v.Kind {
	case event.FileTime:
		return event.FileTimeNanos(leUint(v.Raw))
	case event.Text, event.UTF16:
		t, err := time.Parse(time.RFC3339Nano, v.String())
		if err == nil && t.Year() > 1678 && t.Year() < 2262 {
			return t.UnixNano()
		}
	}
	return 0
}

// fast reads the fragment at chunk[pos:end] into p.vals and p.node, if that can be done by plan alone.
func (p *Parser) fast(pos, end int, scope string, depth int) error {
	if depth > maxNested {
		return errDepth
	}
	in, err := p.instance(pos, end, scope)
	if err != nil {
		return err
	}
	if in.plan.slow {
		return errSlow
	}
	p.node = p.plans.child(p.node, in.plan)
	base, first := len(p.vals), len(p.nested)
	p.vals = append(p.vals, in.plan.init...)
	if in.lifted {
		for i, v := range p.frag.lifted {
			if i < len(in.plan.subs) && in.plan.subs[i].dest >= 0 {
				p.vals[base+int(in.plan.subs[i].dest)] = v
			}
		}
		return nil
	}
	if err := p.place(in, p.vals[base:]); err != nil {
		return err
	}
	for i := first; i < len(p.nested); i++ {
		n := p.nested[i]
		if err := p.fast(n.from, n.to, n.scope, depth+1); err != nil {
			return err
		}
	}
	p.nested = p.nested[:first]
	return nil
}

// place puts the values of a template's instance at their fields.
func (p *Parser) place(in instance, fields []event.Value) error {
	chunk, subs := p.chunk[:in.end], in.plan.subs
	at := in.descs + 4*in.count
	for i := range in.count {
		d := u32(chunk, in.descs+4*i)
		size, kind := int(d&0xffff), byte(d>>16)
		if size > len(chunk)-at {
			return errValues
		}
		raw := chunk[at : at+size]
		at += size
		if i >= len(subs) {
			continue
		}
		t := &subs[i]
		if kind == typeXML && size > 0 {
			if !t.nested {
				continue // nothing refers to it
			}
			p.nested = append(p.nested, nested{from: at - size, to: at, scope: t.scope})
			continue
		}
		if t.dest < 0 {
			if t.nested && kind != typeNull && size > 0 {
				return errSlow // a value where only XML was to be expected
			}
			continue
		}
		switch k := lazy[kind]; {
		case kind == typeString:
			fields[t.dest] = event.Value{Raw: trimNULs(raw), Kind: event.UTF16}
		case k != 0 && size > 0:
			fields[t.dest] = event.Value{Raw: raw, Kind: k}
		case kind == typeNull || size == 0:
			if t.element {
				fields[t.dest] = event.Value{Kind: event.Text}
			}
		default:
			fields[t.dest] = decode(kind, raw)
		}
	}
	return nil
}

// instance reads the start of the fragment at chunk[pos:end]: what it is, and where its values are.
func (p *Parser) instance(pos, end int, scope string) (instance, error) {
	for pos < end {
		switch token := p.chunk[pos]; token &^ tokenMore {
		case tokenFragment:
			pos += 4
		case tokenTemplate:
			return p.template(pos+1, end, scope)
		case tokenOpen:
			return p.inline(pos, end, scope)
		case tokenPITarget, tokenPIData:
			return p.inline(pos, end, scope)
		case tokenEnd:
			return instance{}, errEmpty
		default:
			return instance{}, errToken
		}
	}
	return instance{}, errEmpty
}

// template reads the head of a template's instance: [version 1], id, place of the definition, the definition if it
// stands here, the number of values.
func (p *Parser) template(pos, end int, scope string) (instance, error) {
	if end-pos < 13 {
		return instance{}, errEnds
	}
	id, at := u32(p.chunk, pos+1), int64(u32(p.chunk, pos+5))
	pos += 9
	if at != int64(pos) && !p.defines(at, id) && p.defines(int64(pos), id) {
		at = int64(pos) // the place is wrong, the definition is here
	}
	if at > int64(len(p.chunk))-24 {
		return instance{}, errTemplate
	}
	if at == int64(pos) {
		size := int64(u32(p.chunk, pos+20))
		if size > int64(end-pos-28) {
			return instance{}, errEnds
		}
		pos += 24 + int(size)
	}
	pl, err := p.planAt(int(at), id, scope)
	if err != nil {
		return instance{}, err
	}
	if end-pos < 4 {
		return instance{}, errEnds
	}
	count := int64(u32(p.chunk, pos))
	pos += 4
	if 4*count > int64(end-pos) {
		return instance{}, errValues
	}
	return instance{plan: pl, descs: pos, count: int(count), end: end}, nil
}

// defines tells whether the template with an id is defined at a place: its GUID begins with the id.
func (p *Parser) defines(at int64, id uint32) bool {
	return at >= chunkHeader && at <= int64(len(p.chunk))-24 && u32(p.chunk, int(at)+4) == id
}

// planAt returns the plan of the template that is defined at a place of the chunk.
func (p *Parser) planAt(at int, id uint32, scope string) (*plan, error) {
	if k := p.places[at]; k != 0 {
		if l := &p.known[k-1]; l.scope == scope {
			return l.plan, l.err
		}
	}
	pl, err := p.define(at, id, scope)
	if p.places[at] == 0 && len(p.known) < 1<<16-1 {
		p.known = append(p.known, known{at: at, scope: scope, plan: pl, err: err})
		p.places[at] = uint16(len(p.known))
	}
	return pl, err
}

func (p *Parser) define(at int, id uint32, scope string) (*plan, error) {
	if !p.defines(int64(at), id) {
		return nil, errTemplate
	}
	if p.spent > maxSpent {
		return nil, errSize
	}
	p.inside.pos = 0
	end := int64(at) + 24 + int64(u32(p.chunk, at+20))
	_, err := p.frag.run(p.chunk, at+24, int(min(end, int64(len(p.chunk)))), false)
	p.spent += len(p.frag.flat) + 64
	if err != nil {
		return nil, err
	}
	return p.plans.get(p.frag.flat, scope)
}

// inline reads XML that stands in the record without a template; its values are in p.frag.lifted until the next.
func (p *Parser) inline(pos, end int, scope string) (instance, error) {
	if p.inside.pos == pos && p.inside.to == end && p.inside.scope == scope {
		return p.inside.in, nil
	}
	p.inside.pos = 0
	over, err := p.frag.run(p.chunk, pos, end, true)
	if err != nil {
		return instance{}, err
	}
	if p.left -= len(p.frag.flat) / 16; p.left < 0 {
		return instance{}, errUnfold
	}
	pl, err := p.plans.get(p.frag.flat, scope)
	if err != nil {
		return instance{}, err
	}
	in := instance{plan: pl, lifted: true, count: len(p.frag.lifted), end: over}
	p.inside = inlined{pos: pos, to: end, scope: scope, in: in}
	return in, nil
}
