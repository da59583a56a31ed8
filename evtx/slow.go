package evtx

import (
	"encoding/binary"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// maxFields bounds the fields of one record that is read the slow way.
const maxFields = 4096

// field is one that was found in a record; a name may be found more than once.
type field struct {
	name  string
	value event.Value
}

// layout is where the fields of a record go that is read the slow way, by the names it has, in order.
type layout struct {
	node node
	dest []int  // of each field that is found: its place in the event
	many []bool // of each place: several fields go there
}

// slow reads a record whose fields are known only when it is read: names that occur twice, values of several pieces.
func (p *Parser) slow(pos, end int, out *event.Batch) (*event.Event, *node, error) {
	p.fields, p.typed = p.fields[:0], p.typed[:0]
	if err := p.collect(pos, end, scopeRoot, 0); err != nil {
		return nil, nil, err
	}
	l := p.plans.layout(p.fields, p.shapes)
	size := 0
	for i, f := range p.fields {
		if l.many[l.dest[i]] {
			size += len(f.value.Raw)
		}
	}
	if p.left -= size / 16; p.left < 0 || size > maxText {
		return nil, nil, errUnfold
	}
	e := out.Add(l.node.shape)
	for i, f := range p.fields {
		at := l.dest[i]
		switch {
		case !l.many[at]:
			e.Values[at] = f.value
		case e.Values[at].Kind == event.Missing: // the first of them
			p.same = p.same[:0]
			for j := i; j < len(p.fields); j++ {
				if l.dest[j] == at {
					p.same = append(p.same, p.fields[j].value)
				}
			}
			e.Values[at] = list(p.same)
		}
	}
	return e, &l.node, nil
}

// layout returns the layout of a record with these fields.
func (c *plans) layout(fields []field, shapes *event.Shapes) *layout {
	c.key = c.key[:0]
	for _, f := range fields {
		c.key = append(binary.LittleEndian.AppendUint32(c.key, uint32(len(f.name))), f.name...)
	}
	if l := c.layouts[string(c.key)]; l != nil {
		return l
	}
	l := &layout{dest: make([]int, len(fields))}
	at := make(map[string]int, len(fields))
	var names []string
	for i, f := range fields {
		k, ok := at[f.name]
		if !ok {
			k = len(names)
			at[f.name] = k
			names = append(names, f.name)
			l.many = append(l.many, false)
		} else {
			l.many[k] = true
		}
		l.dest[i] = k
	}
	l.node.lay(shapes.Intern(event.WindowsFormat, names))
	if c.layouts == nil {
		c.layouts = make(map[string]*layout)
	}
	c.layouts[string(c.key)] = l
	c.cost += 4*len(c.key) + 200*len(names)
	return l
}

// typed is a value of an instance as it stands in the record.
type typed struct {
	value event.Value
	xml   nested
}

// collect appends the fields of the fragment at chunk[pos:end] to p.fields.
func (p *Parser) collect(pos, end int, scope string, depth int) error {
	if depth > maxNested {
		return errDepth
	}
	in, err := p.instance(pos, end, scope)
	if err != nil {
		return err
	}
	start := len(p.typed)
	defer func() { p.typed = p.typed[:start] }()
	if p.left -= 1 + in.count/4; p.left < 0 {
		return errUnfold
	}
	if err := p.read(in); err != nil {
		return err
	}
	values := p.typed[start:len(p.typed):len(p.typed)]
	for i := range in.plan.ops {
		if err := p.op(&in.plan.ops[i], scope, values, depth); err != nil {
			return err
		}
	}
	return nil
}

// op appends the field of one op, or the fields of the XML that is nested in it.
func (p *Parser) op(o *op, scope string, values []typed, depth int) error {
	if p.left--; p.left < 0 {
		return errUnfold
	}
	if len(p.fields) >= maxFields {
		return errSize
	}
	name := o.name
	if o.dynamic != nil {
		text, err := p.text(o.dynamic, values)
		if err != nil {
			return err
		}
		if len(text) > 3*maxName {
			return errName
		}
		name = fieldName(scope, text)
	}
	if name == "" {
		name = o.scope
	}
	if len(o.parts) == 1 && o.parts[0].sub >= 0 {
		if o.parts[0].sub >= len(values) {
			return nil // the record has fewer values than its template asks for
		}
		return p.single(o, name, values[o.parts[0].sub], depth)
	}
	held := false // XML, beside which white space says nothing
	for _, t := range o.parts {
		if t.sub >= 0 && t.sub < len(values) && values[t.sub].xml.to > 0 {
			held = true
			if err := p.single(o, name, values[t.sub], depth); err != nil {
				return err
			}
		}
	}
	text, err := p.text(o.parts, values)
	if err != nil || held && strings.TrimSpace(text) == "" {
		return err
	}
	p.fields = append(p.fields, field{name: name, value: event.Value{Raw: text, Kind: event.Text}})
	return nil
}

// single appends the field of an op that has one substitution, or the fields of the XML in it.
func (p *Parser) single(o *op, name string, v typed, depth int) error {
	switch {
	case v.xml.to > 0:
		return p.collect(v.xml.from, v.xml.to, o.scope, depth+1)
	case v.value.Kind != event.Null:
		p.fields = append(p.fields, field{name: name, value: v.value})
	case o.element:
		p.fields = append(p.fields, field{name: name, value: event.Value{Kind: event.Text}})
	}
	return nil
}

// text renders a value of several pieces.
func (p *Parser) text(parts []part, values []typed) (string, error) {
	if len(parts) == 1 && parts[0].sub < 0 {
		return parts[0].text, nil
	}
	var b []byte
	for _, t := range parts {
		if t.sub < 0 {
			b = append(b, t.text...)
		} else if t.sub < len(values) {
			b = values[t.sub].value.Append(b)
		}
		if len(b) > maxText {
			return "", errUnfold
		}
	}
	if p.left -= len(b) / 16; p.left < 0 {
		return "", errUnfold
	}
	return string(b), nil
}

// read appends all values of an instance to p.typed.
func (p *Parser) read(in instance) error {
	if in.lifted {
		for _, v := range p.frag.lifted {
			p.typed = append(p.typed, typed{value: v})
		}
		return nil
	}
	at := in.descs + 4*in.count
	for i := range in.count {
		d := u32(p.chunk, in.descs+4*i)
		size, kind := int(d&0xffff), byte(d>>16)
		if size > in.end-at {
			return errValues
		}
		t := typed{value: event.Value{Kind: event.Null}}
		switch {
		case kind == typeXML && size > 0:
			t.xml = nested{from: at, to: at + size}
		case size > 0 || kind == typeString:
			t.value = decode(kind, p.chunk[at:at+size])
		}
		p.typed = append(p.typed, t)
		at += size
	}
	return nil
}
