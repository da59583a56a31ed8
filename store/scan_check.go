package store

import (
	"unsafe"

	"github.com/tocsin-sec/tocsin/query"
)

// check decides on the rows of blocks what the engine leaves open. It is immutable; each worker has a checker.
type check struct {
	root   *checkNode
	leaves int
	any    bool     // a test looks in any field: all columns are needed
	needs  []string // the columns that the tests look in
}

// checkNode is a condition, compiled.
type checkNode struct {
	of      []*checkNode
	or, not bool
	test    *query.Tester // of a leaf
	columns []string      // of a leaf; nil: any field
	leaf    int
	never   bool
}

func newCheck(e query.Expr, columns func(string) []string) *check {
	c := &check{}
	c.root = c.compile(e, columns)
	return c
}

func (c *check) compile(e query.Expr, columns func(string) []string) *checkNode {
	switch e := e.(type) {
	case *query.And:
		return &checkNode{of: c.compileAll(e.Of, columns)}
	case *query.Or:
		return &checkNode{of: c.compileAll(e.Of, columns), or: true}
	case *query.Not:
		return &checkNode{of: c.compileAll([]query.Expr{e.Of}, columns), not: true}
	case *query.Test:
		x, err := query.NewTester(e)
		if err != nil {
			return &checkNode{never: true}
		}
		n := &checkNode{test: x, leaf: c.leaves}
		c.leaves++
		if e.Field == "" {
			c.any = true
		} else {
			n.columns = columns(e.Field)
			c.needs = append(c.needs, n.columns...)
		}
		return n
	}
	return &checkNode{}
}

func (c *check) compileAll(list []query.Expr, columns func(string) []string) []*checkNode {
	of := make([]*checkNode, len(list))
	for i, e := range list {
		of[i] = c.compile(e, columns)
	}
	return of
}

// checker is the memory of one worker.
type checker struct {
	*check
	cells cells
	all   []int32 // 0, 1, 2 …: never changed but at its end
}

func (c *check) worker() *checker { return &checker{check: c} }

// rows returns the rows of a block for which the condition holds, ascending. The slice is valid until the next call.
func (c *checker) rows(b *Block) []int32 {
	for len(c.all) < b.Rows {
		c.all = append(c.all, int32(len(c.all)))
	}
	return c.eval(c.root, b, c.all[:b.Rows])
}

// eval returns those of some rows for which a condition holds. It never writes to rows.
func (c *checker) eval(n *checkNode, b *Block, rows []int32) []int32 {
	switch {
	case n.never || len(rows) == 0:
		return nil
	case n.test != nil:
		return c.leaf(n, b, rows)
	case n.not:
		return c.without(rows, c.eval(n.of[0], b, rows))
	case n.or:
		if len(n.of) == 0 {
			return nil
		}
		out := c.eval(n.of[0], b, rows)
		rest := rows
		for _, o := range n.of[1:] {
			if rest = c.without(rows, out); len(rest) == 0 {
				break
			}
			out = c.merged(out, c.eval(o, b, rest))
		}
		return out
	}
	for _, a := range n.of {
		if rows = c.eval(a, b, rows); len(rows) == 0 {
			break
		}
	}
	return rows
}

// without returns rows without those of less, which is part of it.
func (c *checker) without(rows, less []int32) []int32 {
	if len(less) == 0 {
		return rows
	}
	out := make([]int32, 0, len(rows)-len(less))
	for _, r := range rows {
		if len(less) > 0 && less[0] == r {
			less = less[1:]
			continue
		}
		out = append(out, r)
	}
	return out
}

// merged returns the rows of two lists that have none in common.
func (c *checker) merged(a, b []int32) []int32 {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := make([]int32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// cells remembers what a test said of the values seen last: many columns have few values, and the engine hands the same
// string out for them.
type cells struct {
	data [8]*byte
	size [8]int
	said [8]bool
}

func (m *cells) reset() { m.data = [8]*byte{} }

func (m *cells) match(x *query.Tester, v string) bool {
	if len(v) == 0 {
		return x.Match(v)
	}
	p := unsafe.StringData(v)
	i := uintptr(unsafe.Pointer(p)) >> 3 & 7
	if m.data[i] == p && m.size[i] == len(v) {
		return m.said[i]
	}
	ok := x.Match(v)
	m.data[i], m.size[i], m.said[i] = p, len(v), ok
	return ok
}

func (c *checker) leaf(n *checkNode, b *Block, rows []int32) []int32 {
	var out []int32
	found := false
	for i, name := range b.Names {
		if n.columns == nil && query.Hidden(name) || n.columns != nil && !hasName(n.columns, name) {
			continue
		}
		rest := rows
		if found {
			if rest = c.without(rows, out); len(rest) == 0 {
				return out
			}
		}
		hits := c.column(n.test, name, b.Columns[i], rest)
		if found {
			hits = c.merged(out, hits)
		}
		out, found = hits, true
	}
	return out
}

func hasName(list []string, name string) bool {
	for _, n := range list {
		if n == name {
			return true
		}
	}
	return false
}

func (c *checker) column(x *query.Tester, name string, values []string, rows []int32) []int32 {
	c.cells.reset()
	var out []int32
	for _, r := range rows {
		v := values[r]
		var ok bool
		if name == Time {
			ok = matchTime(x, v)
		} else {
			ok = c.cells.match(x, v)
		}
		if ok {
			out = append(out, r)
		}
	}
	return out
}

func matchTime(x *query.Tester, v string) bool {
	t, ok := parseStamp(v)
	if !ok {
		return false
	}
	match, is := x.MatchTime(t)
	return match && is
}
