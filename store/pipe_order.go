package store

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/query"
)

// compareValues is the order of values: none first, then numbers by their size, addresses by theirs, and text, whatever
// its case. Values that are equal in this order are put in that of their bytes.
func compareValues(a, b string) int {
	if a == b {
		return 0
	}
	ka, kb := kindOf(a), kindOf(b)
	if c := cmp.Compare(ka, kb); c != 0 {
		return c
	}
	c := 0
	switch ka {
	case numberKind:
		x, _ := query.Number(a)
		y, _ := query.Number(b)
		c = cmp.Compare(x, y)
	case addressKind:
		x, _ := netip.ParseAddr(a)
		y, _ := netip.ParseAddr(b)
		c = x.Unmap().Compare(y.Unmap())
	case textKind:
		c = compareFolded(a, b)
	}
	if c == 0 {
		c = strings.Compare(a, b)
	}
	return c
}

const (
	noKind = iota
	numberKind
	addressKind
	textKind
)

func kindOf(s string) int {
	if s == "" {
		return noKind
	}
	if c := s[0]; c >= '0' && c <= '9' || c == '-' || c == ':' || c|0x20 >= 'a' && c|0x20 <= 'f' {
		if _, ok := query.Number(s); ok {
			return numberKind
		}
		if len(s) <= 45 {
			if _, err := netip.ParseAddr(s); err == nil {
				return addressKind
			}
		}
	}
	return textKind
}

func compareFolded(a, b string) int {
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		if x >= 0x80 || y >= 0x80 {
			return strings.Compare(strings.ToLower(a[i:]), strings.ToLower(b[i:]))
		}
		if 'A' <= x && x <= 'Z' {
			x += 'a' - 'A'
		}
		if 'A' <= y && y <= 'Z' {
			y += 'a' - 'A'
		}
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}

// compareStamps is compareValues for the column _time.
func compareStamps(a, b string) int {
	x, okA := parseStamp(a)
	y, okB := parseStamp(b)
	if okA && okB {
		return cmp.Compare(x, y)
	}
	return compareValues(a, b)
}

func orderOf(name string) func(a, b string) int {
	if name == Time {
		return compareStamps
	}
	return compareValues
}

// sortBlock puts the rows of a block in order. Rows that are equal stay as they are.
func sortBlock(p *query.Sort, b *Block) *Block {
	columns := columnsIn(b)
	keys := make([][]string, len(p.Keys))
	for i, k := range p.Keys {
		keys[i] = fieldValues(b, columns(k.Field))
	}
	rows := make([]int32, b.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	orders := make([]func(a, b string) int, len(p.Keys))
	for i, k := range p.Keys {
		orders[i] = orderOf(k.Field)
	}
	slices.SortStableFunc(rows, func(x, y int32) int {
		for i, k := range p.Keys {
			c := orders[i](keys[i][x], keys[i][y])
			if k.Down {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	if p.N > 0 && len(rows) > p.N {
		rows = rows[:p.N]
	}
	return pickRows(b, rows)
}

// maxSorted bounds the events that a sort keeps.
const maxSorted = 100_000

// sorter sorts events: each worker keeps those that come first.
type sorter struct {
	pipe   *query.Sort
	tables []*rowTable
	limit  int
	cut    []bool
}

func newSorter(p *query.Sort, workers int) *sorter {
	s := &sorter{pipe: p, tables: make([]*rowTable, workers), cut: make([]bool, workers), limit: maxSorted}
	if p.N > 0 {
		s.limit = min(p.N, maxSorted)
	}
	for i := range s.tables {
		s.tables[i] = &rowTable{}
	}
	return s
}

func (s *sorter) add(worker int, b *Block, rows []int32) {
	t := s.tables[worker]
	t.add(b, rows)
	if t.rows > 2*s.limit+4096 || t.bytes > maxSliceBytes {
		s.cut[worker] = true
		sorted := s.first([]*rowTable{t})
		if t.bytes > maxSliceBytes && sorted.Rows > 1024 {
			sorted = cutRows(sorted, 0, max(1024, min(sorted.Rows, s.limit)/2))
		}
		fresh := &rowTable{}
		fresh.add(sorted, noCheck.worker().rows(sorted))
		s.tables[worker] = fresh
	}
}

// first returns the rows of some tables that come first.
func (s *sorter) first(tables []*rowTable) *Block {
	b := gather(tables, places(tables))
	p := *s.pipe
	p.N = s.limit
	return sortBlock(&p, b)
}

func (s *sorter) result() *Block {
	total := 0
	for _, t := range s.tables {
		total += t.rows
	}
	b := s.first(s.tables)
	if (s.pipe.N == 0 || s.pipe.N > maxSorted) && (total > s.limit || slices.Contains(s.cut, true)) {
		b.Notes = append(b.Notes, fmt.Sprintf("only the first %d events of this order are kept", b.Rows))
	}
	return b
}
