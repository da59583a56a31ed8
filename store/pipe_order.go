package store

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/query"
)

// rank is a value made ready to be compared: none first, then numbers by their size, addresses by theirs, and text,
// whatever its case. Values that are equal in this order are put in that of their bytes.
type rank struct {
	kind   uint8
	number float64
	high   uint64 // of an address
	low    uint64
	text   string
}

const (
	noKind = iota
	numberKind
	addressKind
	textKind
)

func rankOf(s string) rank {
	if s == "" {
		return rank{}
	}
	if c := s[0]; c >= '0' && c <= '9' || c == '-' || c == ':' || c|0x20 >= 'a' && c|0x20 <= 'f' {
		if f, ok := query.Number(s); ok {
			return rank{kind: numberKind, number: f, text: s}
		}
		if strings.ContainsAny(s, ".:") && len(s) <= 45 {
			if a, err := netip.ParseAddr(s); err == nil {
				b := a.As16() // IPv4 as IPv6, so that both forms of it are equal
				return rank{kind: addressKind, high: binary.BigEndian.Uint64(b[:8]), low: binary.BigEndian.Uint64(b[8:]), text: s}
			}
		}
	}
	return rank{kind: textKind, text: s}
}

// stampRank is rankOf for the column _time.
func stampRank(s string) rank {
	if t, ok := parseStamp(s); ok {
		return rank{kind: numberKind, high: uint64(t) ^ 1<<63}
	}
	return rankOf(s)
}

func ranker(name string) func(string) rank {
	if name == Time {
		return stampRank
	}
	return rankOf
}

func (a *rank) compare(b *rank) int {
	if c := cmp.Compare(a.kind, b.kind); c != 0 {
		return c
	}
	if c := cmp.Compare(a.number, b.number); c != 0 {
		return c
	}
	if c := cmp.Compare(a.high, b.high); c != 0 {
		return c
	}
	if c := cmp.Compare(a.low, b.low); c != 0 {
		return c
	}
	if a.kind == textKind {
		if c := compareFolded(a.text, b.text); c != 0 {
			return c
		}
	}
	return strings.Compare(a.text, b.text)
}

// compareValues is the order of values: see rank.
func compareValues(a, b string) int {
	if a == b {
		return 0
	}
	x, y := rankOf(a), rankOf(b)
	return x.compare(&y)
}

// orderOf is the order of a column's values.
func orderOf(name string) func(a, b string) int {
	if name != Time {
		return compareValues
	}
	return func(a, b string) int {
		x, y := stampRank(a), stampRank(b)
		return x.compare(&y)
	}
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

// sortBlock puts the rows of a block in order. Rows that are equal stay as they are.
func sortBlock(p *query.Sort, b *Block) *Block {
	columns := columnsIn(b)
	ranks := make([][]rank, len(p.Keys))
	for i, k := range p.Keys {
		values := fieldValues(b, columns(k.Field))
		ranks[i] = make([]rank, b.Rows)
		rank := ranker(k.Field)
		for r, v := range values {
			ranks[i][r] = rank(v)
		}
	}
	rows := make([]int32, b.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	slices.SortFunc(rows, func(x, y int32) int {
		for i, k := range p.Keys {
			if c := ranks[i][x].compare(&ranks[i][y]); c != 0 {
				if k.Down {
					return -c
				}
				return c
			}
		}
		return cmp.Compare(x, y)
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
	b := gather(places(tables))
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
