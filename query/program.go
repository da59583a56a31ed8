package query

import (
	"strconv"
	"sync"
	"unsafe"

	"github.com/tocsin-sec/tocsin/event"
)

// node is a condition, compiled.
type node struct {
	kind   nodeKind
	of     []*node
	test   *Test
	tester *Tester
	leaf   int // place of the test among all
}

type nodeKind uint8

const (
	nodeAnd nodeKind = iota
	nodeOr
	nodeNot
	nodeTest
	nodeNever // a test that cannot be compiled: only of trees made by hand
)

// program is where the events of one shape have what a query asks for.
type program struct {
	leaves [][]column // by leaf
}

// column is one place of an event to look at.
type column struct {
	kind columnKind
	slot event.Slot
}

type columnKind uint8

const (
	slotColumn columnKind = iota
	rawColumn             // the text of the record
	datasetColumn
	pathColumn
	senderColumn
	sequenceColumn
	timeColumn
	anyColumn // all that a search in any field looks at
)

// scratch is memory in which values are made text.
type scratch struct{ buf []byte }

// maxScratch bounds the memory that one huge value leaves behind, in bytes.
const maxScratch = 1 << 20

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// program returns where events of a shape have what q asks for. Shapes that are not shared have theirs made anew.
func (q *Query) program(s *event.Shape) *program {
	q.plan.Do(func() {
		leaves := 0
		q.root = compile(q.Where, &leaves)
	})
	if p, ok := q.programs.Load(s); ok {
		return p.(*program)
	}
	p := &program{}
	p.place(q.root, s)
	if !s.Transient {
		q.programs.Store(s, p)
	}
	return p
}

func compile(e Expr, leaves *int) *node {
	switch e := e.(type) {
	case *And:
		return &node{kind: nodeAnd, of: compileAll(e.Of, leaves)}
	case *Or:
		return &node{kind: nodeOr, of: compileAll(e.Of, leaves)}
	case *Not:
		return &node{kind: nodeNot, of: []*node{compile(e.Of, leaves)}}
	case *Test:
		x, err := NewTester(e)
		if err != nil {
			return &node{kind: nodeNever}
		}
		*leaves++
		return &node{kind: nodeTest, test: e, tester: x, leaf: *leaves - 1}
	}
	return &node{kind: nodeAnd}
}

func compileAll(list []Expr, leaves *int) []*node {
	of := make([]*node, len(list))
	for i, e := range list {
		of[i] = compile(e, leaves)
	}
	return of
}

// place finds the columns of the tests below n, in the order in which compile numbered them.
func (p *program) place(n *node, s *event.Shape) {
	if n.kind == nodeTest {
		p.leaves = append(p.leaves, columnsOf(n.test, s))
	}
	for _, c := range n.of {
		p.place(c, s)
	}
}

func columnsOf(t *Test, s *event.Shape) []column {
	if t.Field == "" {
		return []column{{kind: anyColumn}}
	}
	var list []column
	for _, name := range Columns(t.Field) {
		if slot := s.Slot(name); slot.Found() {
			list = append(list, column{slot: slot})
			continue
		}
		switch name {
		case Time:
			list = append(list, column{kind: timeColumn})
		case Message:
			list = append(list, column{kind: rawColumn})
		case Dataset:
			list = append(list, column{kind: datasetColumn})
		case Path:
			list = append(list, column{kind: pathColumn})
		case Sender:
			list = append(list, column{kind: senderColumn})
		case Sequence:
			list = append(list, column{kind: sequenceColumn})
		}
	}
	return list
}

func (p *program) eval(n *node, e *event.Event, s *scratch) bool {
	switch n.kind {
	case nodeAnd:
		for _, c := range n.of {
			if !p.eval(c, e, s) {
				return false
			}
		}
		return true
	case nodeOr:
		for _, c := range n.of {
			if p.eval(c, e, s) {
				return true
			}
		}
		return false
	case nodeNot:
		return !p.eval(n.of[0], e, s)
	case nodeTest:
		columns := p.leaves[n.leaf]
		for i := range columns {
			if columns[i].holds(n.tester, e, s) {
				return true
			}
		}
		return false
	}
	return false
}

func (c *column) holds(x *Tester, e *event.Event, s *scratch) bool {
	switch c.kind {
	case rawColumn:
		return x.Match(line(e))
	case datasetColumn:
		return x.Match(dataset(e))
	case pathColumn:
		return x.Match(e.Origin.Path)
	case senderColumn:
		return x.Match(e.Origin.Sender)
	case sequenceColumn:
		s.buf = strconv.AppendInt(s.buf[:0], e.Record, 10)
		return x.Match(unsafe.String(unsafe.SliceData(s.buf), len(s.buf)))
	case timeColumn:
		ok, asTime := x.MatchTime(e.Time)
		return ok && asTime
	case anyColumn:
		return anyHolds(x, e, s)
	}
	return s.holds(x, c.slot.Value(e))
}

func anyHolds(x *Tester, e *event.Event, s *scratch) bool {
	if raw := line(e); raw != "" && x.Match(raw) {
		return true
	}
	fields := e.Shape.Fields()
	for i := range e.Values {
		if !Hidden(fields[i]) && s.holds(x, e.Values[i]) {
			return true
		}
	}
	return x.Match(dataset(e)) || x.Match(e.Origin.Path) || x.Match(e.Origin.Sender)
}

// line is the text of the record where it is plain text: of a JSON object, the fields say it all.
func line(e *event.Event) string {
	if e.Raw != "" && e.Raw[0] != '{' {
		return e.Raw
	}
	return ""
}

func dataset(e *event.Event) string {
	if e.Shape.Format == nil {
		return ""
	}
	return e.Shape.Format.Name
}

// holds makes a test on a value. Values that are no text as they stand are made text in s, for the time of the test.
func (s *scratch) holds(x *Tester, v event.Value) bool {
	switch v.Kind {
	case event.Missing, event.Null:
		return false
	case event.Text, event.Number, event.Bool, event.List, event.Object:
		return x.Match(v.Raw)
	}
	s.buf = v.Append(s.buf[:0])
	return x.Match(unsafe.String(unsafe.SliceData(s.buf), len(s.buf)))
}
