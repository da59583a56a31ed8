package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Limits of one record.
const (
	jsonFlatDepth = 32   // objects nested deeper stay one Object value
	jsonMaxFields = 4096 // fields past it are not kept
)

// walk is the reading of one record.
type jsonWalk struct {
	s       string
	lines   bool // s holds line feeds
	whole   bool // do not look for wrappers
	wrapper bool // the record is perhaps a wrapper: found the array
	dropped bool // it has more than jsonMaxFields fields
	broken  string
	values  []event.Value
}

// object reads the members of the object whose brace is at s[i], from the node n on. It returns the node after the last member and the
// place after the closing brace; a negative place is jsonShort or jsonBroken.
func (p *jsonParser) object(i int, n *jsonNode, depth int) (*jsonNode, int) {
	s := p.walk.s
	for first := true; ; first = false {
		i++ // the brace or the comma
		if i < len(s) && s[i] != '"' {
			if i = jsonSpace(s, i); i < len(s) && s[i] == '}' && first {
				return n, i + 1
			}
		}
		if i >= len(s) {
			return n, p.short()
		}
		if s[i] != '"' {
			return n, p.fail("expected a key")
		}
		c, key, j := n.last, "", i+1
		if c != nil {
			if e := j + len(c.key); e < len(s) && s[j:e] == c.key && s[e] == '"' {
				key, j = c.key, e+1
			} else {
				c = nil
			}
		}
		if c == nil {
			e, _ := jsonStringEnd(s, j)
			if e < 0 {
				return n, p.short()
			}
			if p.walk.lines && strings.IndexByte(s[j:e], '\n') >= 0 {
				return n, p.fail("a line ends within a key")
			}
			key, j = s[j:e], e+1
		}
		if j < len(s) && s[j] != ':' {
			j = jsonSpace(s, j)
		}
		if j >= len(s) {
			return n, p.short()
		}
		if s[j] != ':' {
			return n, p.fail("expected a colon after a key")
		}
		if j = jsonSpace(s, j+1); j >= len(s) {
			return n, p.short()
		}
		if n, i = p.member(member{n, c, key, j}, depth); i < 0 {
			return n, i
		}
		if i < len(s) && s[i] > ',' && s[i] != '}' || i < len(s) && s[i] < ',' {
			i = jsonSpace(s, i)
		}
		if i >= len(s) {
			return n, p.short()
		}
		switch s[i] {
		case ',':
		case '}':
			return n, i + 1
		default:
			return n, p.fail("expected a comma or the end of an object")
		}
	}
}

// member is a key and the place of its value.
type member struct {
	n, c *jsonNode // before it; its node, where n.last was right about the key
	key  string
	at   int
}

func (p *jsonParser) member(m member, depth int) (*jsonNode, int) {
	w := &p.walk
	s, i := w.s, m.at
	var v event.Value
	switch s[i] {
	case '"':
		end, escaped := jsonStringEnd(s, i+1)
		if end < 0 {
			return m.n, p.short()
		}
		v = event.Value{Raw: s[i+1 : end], Kind: event.Text}
		if escaped {
			v.Kind = event.Escaped
		}
		if w.lines && strings.IndexByte(v.Raw, '\n') >= 0 {
			return m.n, p.fail("a line ends within a string")
		}
		i = end + 1
	case '{':
		if m.n.inData && m.key == "Data" {
			if n, end, ok := p.namedSingle(m); ok {
				return n, end
			}
		}
		if depth < jsonFlatDepth && len(w.values) < jsonMaxFields {
			if j := jsonSpace(s, i+1); j >= len(s) || s[j] != '}' {
				return p.nested(m, depth)
			}
		}
		return p.container(m, event.Object)
	case '[':
		if m.n.inData && m.key == "Data" {
			if n, end, ok := p.namedData(m); ok {
				return n, end
			}
		}
		if depth <= 2 && !w.whole {
			if wraps, strong := wrapperName(m.key); wraps && arrayOfRecords(s, i, strong) > 0 {
				w.wrapper = true
				return m.n, jsonBroken
			}
		}
		return p.container(m, event.List)
	default:
		if v, i = jsonScalar(s, i); i < 0 {
			if i == jsonShort {
				return m.n, p.short()
			}
			return m.n, p.fail("expected a value")
		}
	}
	return p.leaf(m, v), i
}

func (p *jsonParser) leaf(m member, v event.Value) *jsonNode {
	w := &p.walk
	if len(w.values) >= jsonMaxFields {
		w.dropped = true
		return m.n
	}
	w.values = append(w.values, v)
	if m.c != nil && m.c.kind == nodeLeaf {
		return m.c
	}
	return p.child(m.n, m.key, nodeLeaf)
}

func (p *jsonParser) container(m member, kind event.Kind) (*jsonNode, int) {
	end := jsonSkip(p.walk.s, m.at, p.walk.lines)
	switch end {
	case jsonShort:
		return m.n, p.short()
	case jsonBroken:
		return m.n, p.fail("an array or object is cut off")
	}
	return p.leaf(m, event.Value{Raw: p.walk.s[m.at:end], Kind: kind}), end
}

func (p *jsonParser) nested(m member, depth int) (*jsonNode, int) {
	open := m.c
	if open == nil || open.kind != nodeOpen {
		open = p.child(m.n, m.key, nodeOpen)
	}
	n, end := p.object(m.at, open, depth+1)
	if end < 0 {
		return n, end
	}
	return p.close(n, open), end
}

// namedData reads a list such as [{"@Name":"User","#text":"anna"}], which is how XML converters write the Data elements of a Windows event,
// as members of the object that holds it. It answers false where the list is another.
func (p *jsonParser) namedData(m member) (n *jsonNode, end int, ok bool) {
	s, i := p.walk.s, m.at
	before := len(p.walk.values)
	open := p.child(m.n, m.key, nodeList)
	n = open
	for {
		i = jsonSpace(s, i+1)
		if i >= len(s) || s[i] != '{' || len(p.walk.values) >= jsonMaxFields {
			break
		}
		name, v, end := namedDatum(s, i)
		if end < 0 {
			break
		}
		p.walk.values = append(p.walk.values, v)
		if n.last == nil || n.last.kind != nodeNamed || n.last.key != name {
			n = p.child(n, name, nodeNamed)
		} else {
			n = n.last
		}
		if i = jsonSpace(s, end); i >= len(s) {
			break
		}
		if s[i] == ']' {
			return p.close(n, open), i + 1, true
		}
		if s[i] != ',' {
			break
		}
	}
	p.walk.values = p.walk.values[:before]
	return nil, 0, false
}

// namedSingle is namedData for one datum that stands without a list.
func (p *jsonParser) namedSingle(m member) (n *jsonNode, end int, ok bool) {
	name, v, end := namedDatum(p.walk.s, m.at)
	if end < 0 || len(p.walk.values) >= jsonMaxFields {
		return nil, 0, false
	}
	p.walk.values = append(p.walk.values, v)
	open := p.child(m.n, m.key, nodeList)
	return p.close(p.child(open, name, nodeNamed), open), end, true
}

// namedDatum reads an object of a name and a text, under any of the keys that converters use.
func namedDatum(s string, i int) (name string, v event.Value, end int) {
	for {
		if i = jsonSpace(s, i+1); i >= len(s) || s[i] != '"' {
			return "", v, jsonBroken
		}
		e, _ := jsonStringEnd(s, i+1)
		if e < 0 {
			return "", v, e
		}
		key := s[i+1 : e]
		if i = jsonSpace(s, e+1); i >= len(s) || s[i] != ':' {
			return "", v, jsonBroken
		}
		if i = jsonSpace(s, i+1); i >= len(s) {
			return "", v, jsonShort
		}
		e = jsonValueEnd(s, i)
		if e < 0 {
			return "", v, e
		}
		switch key {
		case "@Name", "Name", "-Name", "_Name", "name":
			if name = event.Literal(s[i:e]).Raw; name == "" || s[i] != '"' {
				return "", v, jsonBroken
			}
		case "#text", "Text", "text", "Value", "value", "$", "_", "content", "#content", "_text", "__text":
			v = event.Literal(s[i:e])
		case "#attributes", "$attributes":
			if name = event.Literal(s[i:e]).Path("Name").Raw; name == "" {
				return "", v, jsonBroken
			}
		default:
			return "", v, jsonBroken
		}
		if i = jsonSpace(s, e); i >= len(s) {
			return "", v, jsonShort
		}
		if s[i] == '}' {
			if name == "" {
				return "", v, jsonBroken
			}
			if v.Kind == event.Missing {
				v.Kind = event.Null
			}
			return name, v, i + 1
		}
		if s[i] != ',' {
			return "", v, jsonBroken
		}
	}
}

// jsonScalar reads a number, true, false or null.
func jsonScalar(s string, i int) (event.Value, int) {
	start := i
	switch c := s[i]; {
	case c == '-' || c-'0' <= 9:
		for i++; i < len(s) && numeric(s[i]); i++ {
		}
		return event.Value{Raw: s[start:i], Kind: event.Number}, i
	case c == 't' && strings.HasPrefix(s[i:], "true"):
		return event.Value{Raw: s[i : i+4], Kind: event.Bool}, i + 4
	case c == 'f' && strings.HasPrefix(s[i:], "false"):
		return event.Value{Raw: s[i : i+5], Kind: event.Bool}, i + 5
	case c == 'n' && strings.HasPrefix(s[i:], "null"):
		return event.Value{Kind: event.Null}, i + 4
	}
	if len(s)-i < 5 && (strings.HasPrefix("true", s[i:]) || strings.HasPrefix("false", s[i:]) || strings.HasPrefix("null", s[i:])) {
		return event.Value{}, jsonShort
	}
	return event.Value{}, jsonBroken
}

func numeric(c byte) bool {
	return c-'0' <= 9 || c == '.' || c == '-' || c == '+' || c|0x20 == 'e'
}

func (p *jsonParser) short() int {
	p.walk.broken = "the object is cut off"
	return jsonShort
}

func (p *jsonParser) fail(why string) int {
	p.walk.broken = why
	return jsonBroken
}
