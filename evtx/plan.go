package evtx

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// A plan says which field each value of a fragment is. It is compiled from the fragment's flat form and its scope.
type plan struct {
	ops []op

	// What follows is of the fast way, which most fragments allow: each field is one literal or one substitution.
	slow   bool
	fields []string
	init   []event.Value // one for each field: its literal value, or Missing
	subs   []target      // by the index of the substitution
}

// op makes one field of a fragment, or reads the XML that is nested at a place that is none.
type op struct {
	name    string // "" at a place of nested XML only
	dynamic []part // the name where it holds substitutions
	parts   []part // the value: none is empty text
	element bool   // it is an element's content: a Null substitution is empty text there, and absent elsewhere
	scope   string // of XML nested in the value
}

// part is a literal, or a substitution where sub is not negative.
type part struct {
	text string
	sub  int
}

// target is where the fast way puts a substitution.
type target struct {
	dest    int32 // a field, -1 for none
	element bool
	nested  bool   // XML may be nested here
	scope   string // of that XML
}

const (
	maxSubs = 4096 // substitutions of one template; Windows allows some hundreds
	maxOps  = 4096 // fields of one fragment
)

// The scope of an element is where it stands: "" for the root, else the name of the part of the event around it.
const (
	scopeRoot   = ""
	scopeEvent  = "Event"
	scopeSystem = "System"
)

// systemName tells whether a name is one that the System element gives its fields: other parts must not take it.
func systemName(name string) bool {
	switch name {
	case "Provider_Name", "Provider_Guid", "Provider_EventSourceName", "EventID", "EventID_Qualifiers", "Version", "Level",
		"Task", "Opcode", "Keywords", "TimeCreated", "EventRecordID", "Correlation_ActivityID",
		"Correlation_RelatedActivityID", "Execution_ProcessID", "Execution_ThreadID", "Channel", "Computer",
		"Security_UserID":
		return true
	}
	return false
}

// fieldName is the name of a field that an element of a scope makes.
func fieldName(scope, name string) string {
	if scope != scopeSystem && systemName(name) {
		return scope + "_" + name
	}
	return name
}

// frame is an element that is being compiled.
type frame struct {
	name  string // without its namespace prefix
	scope string // where it stands
	kids  string // the scope of what it holds
	attrs []attribute
	text  []part
	child bool // it holds elements
}

type attribute struct {
	name  string
	parts []part
}

type compiler struct {
	stack []frame
	ops   []op
	body  bool // the innermost element's attributes are over
}

// compile makes the plan of a flat fragment.
func compile(flat []byte, scope string) (*plan, error) {
	var c compiler
	for i := 0; i < len(flat); {
		kind := flat[i]
		i++
		var text string
		sub := -1
		switch kind {
		case flatOpen, flatAttr, flatText:
			n := int(flat[i]) | int(flat[i+1])<<8
			text = string(flat[i+2 : i+2+n])
			i += 2 + n
		case flatSub:
			sub = int(flat[i]) | int(flat[i+1])<<8
			i += 2
			if sub >= maxSubs {
				return nil, errSize
			}
		}
		switch kind {
		case flatOpen:
			c.open(text, scope)
		case flatAttr:
			top := c.top()
			top.attrs = append(top.attrs, attribute{name: text})
		case flatBody:
			c.body = true
		case flatClose:
			c.close()
		case flatText, flatSub:
			c.content(part{text: text, sub: sub})
		}
		if len(c.ops) > maxOps {
			return nil, errSize
		}
	}
	for _, o := range c.ops {
		if len(o.name) > 8*maxName {
			return nil, errSize
		}
	}
	p := &plan{ops: c.ops}
	p.speed()
	return p, nil
}

func (c *compiler) top() *frame { return &c.stack[len(c.stack)-1] }

func (c *compiler) open(name, scope string) {
	if len(c.stack) > 0 {
		c.top().child = true
		scope = c.top().kids
	}
	f := frame{name: local(name), scope: scope, kids: scope}
	if scope == scopeRoot || scope == scopeEvent {
		f.kids = f.name
	}
	c.stack = append(c.stack, f)
	c.body = false
}

// local returns a name without its namespace prefix.
func local(name string) string {
	if s := name[strings.LastIndexByte(name, ':')+1:]; s != "" {
		return s
	}
	return name
}

// content adds to what is being read: an attribute's value or an element's content.
func (c *compiler) content(p part) {
	if len(c.stack) == 0 {
		return
	}
	top := c.top()
	to := &top.text
	if !c.body {
		if len(top.attrs) == 0 {
			return
		}
		to = &top.attrs[len(top.attrs)-1].parts
	}
	if n := len(*to); p.sub < 0 && n > 0 && (*to)[n-1].sub < 0 {
		(*to)[n-1].text += p.text
		return
	}
	*to = append(*to, p)
}

func (c *compiler) close() {
	f := *c.top()
	c.stack = c.stack[:len(c.stack)-1]
	c.body = true
	switch {
	case f.scope == scopeRoot || f.scope == scopeEvent:
		c.section(f)
	case f.scope == scopeSystem:
		c.attributes(f, f.name)
		if !blank(f.text) {
			c.add(op{name: f.name, parts: f.text, scope: f.scope})
		}
	default:
		c.leaf(f)
	}
}

// section makes what the Event element and the parts directly in it hold themselves, beside their elements.
func (c *compiler) section(f frame) {
	if f.name != scopeEvent {
		c.attributes(f, f.name)
	}
	for _, p := range f.text {
		if p.sub >= 0 {
			c.add(op{parts: []part{p}, scope: f.kids})
		}
	}
	if len(f.text) == 1 && !f.child && !blank(f.text) && f.text[0].sub < 0 {
		c.add(op{name: fieldName(f.scope, f.name), parts: f.text})
	}
}

// leaf makes the fields of an element of EventData, UserData and the like.
func (c *compiler) leaf(f frame) {
	o := op{name: f.name, parts: f.text, element: true, scope: f.scope}
	named := false
	if f.name == "Data" || f.name == "ComplexData" {
		for i, a := range f.attrs {
			if a.name != "Name" || blank(a.parts) {
				continue
			}
			f.attrs = append(f.attrs[:i:i], f.attrs[i+1:]...)
			if len(a.parts) == 1 && a.parts[0].sub < 0 {
				o.name = a.parts[0].text
			} else {
				o.dynamic = a.parts
			}
			named = true
			break
		}
	}
	before := len(c.ops)
	c.attributes(f, o.name)
	if (f.child || len(c.ops) > before && !named) && blank(f.text) {
		return
	}
	if o.dynamic == nil {
		o.name = fieldName(f.scope, o.name)
	}
	c.add(o)
}

// attributes makes a field of each attribute but namespaces.
func (c *compiler) attributes(f frame, element string) {
	for _, a := range f.attrs {
		if a.name == "xmlns" || strings.HasPrefix(a.name, "xmlns:") {
			continue
		}
		name := element + "_" + local(a.name)
		if f.scope == scopeSystem && name == "TimeCreated_SystemTime" {
			name = "TimeCreated"
		}
		c.add(op{name: fieldName(f.scope, name), parts: a.parts, scope: f.scope})
	}
}

func (c *compiler) add(o op) { c.ops = append(c.ops, o) }

// blank tells whether text holds nothing but white space: what stands between elements.
func blank(parts []part) bool {
	for _, p := range parts {
		if p.sub >= 0 || strings.TrimSpace(p.text) != "" {
			return false
		}
	}
	return true
}

// speed works out the fast way, or that there is none.
func (p *plan) speed() {
	seen := make(map[string]bool, len(p.ops))
	for _, o := range p.ops {
		if o.dynamic != nil || len(o.parts) > 1 || o.name != "" && seen[o.name] {
			p.slow = true
			return
		}
		seen[o.name] = true
		t := target{dest: -1, element: o.element, nested: true, scope: o.scope}
		if o.name != "" {
			t.dest = int32(len(p.fields))
			p.fields = append(p.fields, o.name)
			p.init = append(p.init, event.Value{})
		}
		if len(o.parts) == 0 || o.parts[0].sub < 0 {
			v := event.Value{Kind: event.Text}
			if len(o.parts) == 1 {
				v.Raw = o.parts[0].text
			}
			p.init[t.dest] = v
			continue
		}
		sub := o.parts[0].sub
		for len(p.subs) <= sub {
			p.subs = append(p.subs, target{dest: -1})
		}
		if p.subs[sub] != (target{dest: -1}) {
			p.slow = true // used twice
			return
		}
		p.subs[sub] = t
	}
}

// cost is about what the plan takes in memory, in bytes.
func (p *plan) cost() int { return 160*len(p.ops) + 48*len(p.subs) }
