package evtx

import (
	"github.com/tocsin-sec/tocsin/event"
)

// maxFields bounds the fields of one record that is read the slow way.
const maxFields = 4096

// field is one that was found in a record; a name may be found more than once.
type field struct {
	name  string
	value event.Value
}

// slow reads a record whose fields are known only when it is read: names that occur twice, values of several pieces.
func (p *Parser) slow(pos, end int, out *event.Batch) (*event.Event, *node, error) {
	p.fields = p.fields[:0]
	if err := p.collect(pos, end, scopeRoot, 0); err != nil {
		return nil, nil, err
	}
	at := make(map[string]int, len(p.fields))
	var names []string
	var values [][]event.Value
	for _, f := range p.fields {
		i, ok := at[f.name]
		if !ok {
			i = len(names)
			at[f.name] = i
			names = append(names, f.name)
			values = append(values, nil)
		}
		values[i] = append(values[i], f.value)
	}
	var layout node
	layout.lay(p.shapes.Intern(event.WindowsFormat, names))
	e := out.Add(layout.shape)
	for i, v := range values {
		if e.Values[i] = v[0]; len(v) > 1 {
			e.Values[i] = list(v)
		}
	}
	return e, &layout, nil
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
	values, err := p.values(in)
	if err != nil {
		return err
	}
	for _, o := range in.plan.ops {
		if len(p.fields) >= maxFields {
			return errSize
		}
		name := o.name
		if o.dynamic != nil {
			name = fieldName(scope, text(o.dynamic, values))
		}
		if name == "" {
			name = o.scope
		}
		switch {
		case len(o.parts) == 0:
			p.fields = append(p.fields, field{name: name, value: event.Value{Kind: event.Text}})
		case len(o.parts) > 1 || o.parts[0].sub < 0:
			p.fields = append(p.fields, field{name: name, value: event.Value{Raw: text(o.parts, values), Kind: event.Text}})
		case o.parts[0].sub < len(values):
			if err := p.single(o, name, values[o.parts[0].sub], depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// single appends the field of an op that has one substitution, or the fields of the XML in it.
func (p *Parser) single(o op, name string, v typed, depth int) error {
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
func text(parts []part, values []typed) string {
	var b []byte
	for _, t := range parts {
		if t.sub < 0 {
			b = append(b, t.text...)
		} else if t.sub < len(values) {
			b = values[t.sub].value.Append(b)
		}
	}
	return string(b)
}

// values reads all values of an instance.
func (p *Parser) values(in instance) ([]typed, error) {
	out := make([]typed, in.count)
	if in.lifted {
		for i, v := range p.frag.lifted {
			out[i].value = v
		}
		return out, nil
	}
	at := in.descs + 4*in.count
	for i := range out {
		d := u32(p.chunk, in.descs+4*i)
		size, kind := int(d&0xffff), byte(d>>16)
		if size > in.end-at {
			return nil, errValues
		}
		switch {
		case size == 0 && kind != typeString:
			out[i].value = event.Value{Kind: event.Null}
		default:
			out[i].value = decode(kind, p.chunk[at:at+size])
		}
		if kind == typeXML && size > 0 {
			out[i].xml = nested{from: at, to: at + size}
		}
		at += size
	}
	return out, nil
}
