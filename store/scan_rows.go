package store

import (
	"cmp"
	"slices"
	"strings"
	"unsafe"
)

// rowTable collects rows of many blocks, with a copy of what they hold. It belongs to one worker.
type rowTable struct {
	parts []rowPart
	rows  int
	bytes int
	arena []byte
	known map[string]string // names, each once
}

// rowPart is the rows of one block.
type rowPart struct {
	names   []string
	columns [][]string
	times   []int64
}

// add copies rows of a block.
func (t *rowTable) add(b *Block, rows []int32) {
	if len(rows) == 0 {
		return
	}
	p := rowPart{times: make([]int64, len(rows))}
	cells := make([]string, 0, len(b.Names)*len(rows))
	for i, name := range b.Names {
		values := b.Columns[i]
		from := len(cells)
		var last *byte // the engine hands out one string for equal values that follow one another
		held, empty := "", true
		for _, r := range rows {
			v := values[r]
			if v == "" {
				cells = append(cells, "")
				continue
			}
			if at := unsafe.StringData(v); at != last || len(held) != len(v) {
				held, last = t.copy(v), at
			}
			cells = append(cells, held)
			empty = false
		}
		if empty {
			cells = cells[:from]
			continue
		}
		p.names = append(p.names, t.name(name))
		p.columns = append(p.columns, cells[from:len(cells):len(cells)])
		if name == Time {
			for k, r := range rows {
				p.times[k], _ = parseStamp(values[r])
			}
		}
	}
	t.bytes += 16*cap(cells) + 8*len(rows)
	t.rows += len(rows)
	t.parts = append(t.parts, p)
}

func (t *rowTable) name(n string) string {
	if k, ok := t.known[n]; ok {
		return k
	}
	if t.known == nil {
		t.known = make(map[string]string)
	}
	n = strings.Clone(n)
	t.known[n] = n
	return n
}

func (t *rowTable) copy(v string) string {
	const chunk = 64 << 10
	if len(v) > cap(t.arena)-len(t.arena) {
		t.arena = make([]byte, 0, max(chunk, len(v)))
		t.bytes += cap(t.arena)
	}
	from := len(t.arena)
	t.arena = append(t.arena, v...)
	return unsafe.String(&t.arena[from], len(v))
}

// place is a row of one of several parts.
type place struct {
	time int64
	id   string
	part *rowPart
	row  int
}

func comparePlaces(a, b place) int {
	if c := cmp.Compare(a.time, b.time); c != 0 {
		return c
	}
	return strings.Compare(a.id, b.id)
}

// places lists the rows of tables, oldest first; those of one moment in the order of their identifiers.
func places(tables []*rowTable) []place {
	var list []place
	for _, t := range tables {
		for k := range t.parts {
			p := &t.parts[k]
			ids := p.values(ID)
			for r, ns := range p.times {
				at := place{time: ns, part: p, row: r}
				if ids != nil {
					at.id = ids[r]
				}
				list = append(list, at)
			}
		}
	}
	slices.SortFunc(list, comparePlaces)
	return list
}

func (p *rowPart) values(name string) []string {
	if i := slices.Index(p.names, name); i >= 0 {
		return p.columns[i]
	}
	return nil
}

// gather makes one block of rows, in the order of the list, with the columns of which they have values.
func gather(list []place) *Block {
	b := &Block{Rows: len(list)}
	at := make(map[string]int)
	numbers := make(map[*rowPart][]int) // of a part: where its columns go
	for _, p := range list {
		if _, ok := numbers[p.part]; ok {
			continue
		}
		own := make([]int, len(p.part.names))
		for i, n := range p.part.names {
			k, ok := at[n]
			if !ok {
				k = len(b.Names)
				at[n] = k
				b.Names = append(b.Names, n)
			}
			own[i] = k
		}
		numbers[p.part] = own
	}
	cells := make([]string, len(b.Names)*len(list))
	columns := make([][]string, len(b.Names))
	for i := range columns {
		columns[i] = cells[i*len(list) : (i+1)*len(list) : (i+1)*len(list)]
	}
	var last *rowPart
	var own []int
	filled := make([]bool, len(columns))
	for r, p := range list {
		if p.part != last {
			last, own = p.part, numbers[p.part]
		}
		for i, c := range p.part.columns {
			if v := c[p.row]; v != "" {
				columns[own[i]][r] = v
				filled[own[i]] = true
			}
		}
	}
	b.Names = slices.DeleteFunc(b.Names, func(n string) bool { return !filled[at[n]] })
	slices.SortFunc(b.Names, compareNames)
	for _, n := range b.Names {
		b.Columns = append(b.Columns, columns[at[n]])
	}
	return b
}

// compareNames puts the columns that every event has first, the others in order of their names.
func compareNames(a, b string) int {
	rank := func(n string) int {
		switch n {
		case Time:
			return 0
		case ID:
			return 1
		case Dataset:
			return 2
		case Message:
			return 3
		}
		return 4
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}
