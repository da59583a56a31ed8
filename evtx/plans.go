package evtx

import (
	"slices"

	"github.com/tocsin-sec/tocsin/event"
)

// maxPlans bounds the memory that compiled plans take, in bytes. Past it all are forgotten and made anew when met.
const maxPlans = 16 << 20

// plans are the fragments that a parser has met, by what they say.
type plans struct {
	byFlat  map[string]*plan
	top     *node
	layouts map[string]*layout // by the names, each with its length before it
	cost    int
	key     []byte
}

// node is a sequence of plans, from a record's outermost fragment inwards: what its event looks like.
type node struct {
	up   *node
	plan *plan
	next map[*plan]*node
	seen *node // the child asked for last

	made   bool
	shape  *event.Shape // nil where a name occurs twice
	timeAt int          // the place of TimeCreated, -1 for none
	idAt   int          // the place of EventRecordID, -1 for none
}

// get returns the plan of a flat fragment. It keeps nothing of flat.
func (c *plans) get(flat []byte, scope string) (*plan, error) {
	c.key = append(append(append(c.key[:0], scope...), 0), flat...)
	if p := c.byFlat[string(c.key)]; p != nil {
		return p, nil
	}
	p, err := compile(flat, scope)
	if err != nil {
		return nil, err
	}
	cost := len(c.key) + p.cost()
	if c.byFlat == nil {
		c.byFlat = make(map[string]*plan)
	}
	c.cost += cost
	c.byFlat[string(c.key)] = p
	return p, nil
}

// root returns the empty sequence, for a new record.
func (c *plans) root() *node {
	if c.cost > maxPlans {
		*c = plans{key: c.key}
	}
	if c.top == nil {
		c.top = &node{}
	}
	return c.top
}

// child returns the sequence that goes on with p.
func (c *plans) child(n *node, p *plan) *node {
	if n.seen != nil && n.seen.plan == p {
		return n.seen
	}
	k := n.next[p]
	if k == nil {
		if n.next == nil {
			n.next = make(map[*plan]*node)
		}
		k = &node{up: n, plan: p}
		n.next[p] = k
		c.cost += 128
	}
	n.seen = k
	return k
}

// ready tells whether events of the sequence have a shape, and makes it the first time.
func (c *plans) ready(n *node, shapes *event.Shapes) bool {
	if n.made {
		return n.shape != nil
	}
	n.made = true
	var parts [][]string
	for k := n; k.plan != nil; k = k.up {
		parts = append(parts, k.plan.fields)
	}
	slices.Reverse(parts)
	names := slices.Concat(parts...)
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		c.cost += 200 + 2*len(name)
		if seen[name] {
			return false
		}
		seen[name] = true
	}
	n.lay(shapes.Intern(event.WindowsFormat, names))
	return true
}

// lay notes the shape and where in it the time and the id are.
func (n *node) lay(shape *event.Shape) {
	n.shape = shape
	n.timeAt = slices.Index(shape.Fields(), "TimeCreated")
	n.idAt = slices.Index(shape.Fields(), "EventRecordID")
}
