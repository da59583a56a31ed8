package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// A jsonNode stands for the keys that were read of an object so far, in their order: the records of a program have few
// such sequences, so a key is compared with the one that came here last and is neither looked up nor copied, and the
// end of the object knows its shape.
type jsonNode struct {
	key  string // as written, escapes unresolved
	kind nodeKind
	last *jsonNode // of kids: the one that was taken last
	kids *jsonNode // linked by next
	next *jsonNode
	many map[jsonEdge]*jsonNode // kids too, where they are many

	closed *jsonNode // after the object or list of named data that this node opens
	parent *jsonNode
	plan   *jsonPlan // of the records that end here
	inData bool      // inside an EventData element
	fanOut int
}

type nodeKind uint8

const (
	nodeLeaf   nodeKind = iota // a key and its value
	nodeOpen                   // a key whose object begins
	nodeList                   // a key whose list of named data begins
	nodeNamed                  // a named datum
	nodeClosed                 // the object or list has ended
)

type jsonEdge struct {
	key  string
	kind nodeKind
}

// jsonMaxNodes bounds the nodes of a parser, and with them the fields of all its plans: past it the parser forgets them and starts afresh.
const jsonMaxNodes = 1 << 17

// child returns the node for a key after n.
func (p *jsonParser) child(n *jsonNode, key string, kind nodeKind) *jsonNode {
	var c *jsonNode
	if n.many != nil {
		c = n.many[jsonEdge{key, kind}]
	} else {
		for c = n.kids; c != nil && (c.kind != kind || c.key != key); c = c.next {
		}
	}
	if c == nil {
		c = p.newChild(n, strings.Clone(key), kind)
	}
	n.last = c
	return c
}

func (p *jsonParser) newChild(n *jsonNode, key string, kind nodeKind) *jsonNode {
	p.nodes++
	c := &jsonNode{key: key, kind: kind, parent: n, inData: n.inData, next: n.kids}
	if kind == nodeOpen {
		c.inData = n.inData || key == "EventData" || key == "UserData"
	}
	n.kids = c
	n.fanOut++
	switch {
	case n.many != nil:
		n.many[jsonEdge{key, kind}] = c
	case n.fanOut > 12:
		n.many = make(map[jsonEdge]*jsonNode)
		for k := n.kids; k != nil; k = k.next {
			n.many[jsonEdge{k.key, k.kind}] = k
		}
	}
	return c
}

// close returns the node after the object or list that open opened, n being the last node within it.
func (p *jsonParser) close(n, open *jsonNode) *jsonNode {
	if n.closed == nil {
		p.nodes++
		n.closed = &jsonNode{kind: nodeClosed, parent: n, inData: open.parent.inData}
	}
	return n.closed
}

// names returns the dotted names of the values of a record that ends at n, in the order of the values.
func (n *jsonNode) names() []string {
	var path []*jsonNode
	for ; n != nil && n.parent != nil; n = n.parent {
		path = append(path, n)
	}
	var names, prefix []string
	dotted := func(key string) string {
		return strings.Join(append(prefix[:len(prefix):len(prefix)], key), ".")
	}
	for i := len(path) - 1; i >= 0; i-- {
		n := path[i]
		switch n.kind {
		case nodeLeaf:
			names = append(names, dotted(unescapedKey(n.key)))
		case nodeNamed:
			names = append(names, strings.Join(prefix[:len(prefix)-1], ".")+"."+unescapedKey(n.key))
		case nodeOpen, nodeList:
			prefix = append(prefix, unescapedKey(n.key))
		case nodeClosed:
			prefix = prefix[:len(prefix)-1]
		}
	}
	return names
}

func unescapedKey(key string) string {
	if strings.IndexByte(key, '\\') < 0 {
		return key
	}
	return event.Value{Raw: key, Kind: event.Escaped}.String()
}
