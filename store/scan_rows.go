package store

import (
	"cmp"
	"slices"
	"strings"
	"unsafe"
)

// rowTable collects rows of many blocks, with a copy of what they hold. It belongs to one worker.
type rowTable struct {
	names   []string
	index   map[string]int
	columns [][]string // each as long as rows, or shorter: then the rest is ""
	rows    int
	bytes   int
	arena   []byte
	last    []*byte // by column: the value copied last, where it was and where it is
	copied  []string
	times   []int64
}

// add copies rows of a block.
func (t *rowTable) add(b *Block, rows []int32) {
	if t.index == nil {
		t.index = make(map[string]int)
	}
	for i, name := range b.Names {
		values := b.Columns[i]
		c := t.column(name)
		t.last[c] = nil
		for len(t.columns[c]) < t.rows {
			t.columns[c] = append(t.columns[c], "")
		}
		for _, r := range rows {
			t.columns[c] = append(t.columns[c], t.keep(c, values[r]))
		}
		if name == Time {
			for _, r := range rows {
				ns, _ := parseStamp(values[r])
				t.times = append(t.times, ns)
			}
		}
	}
	t.rows += len(rows)
	for len(t.times) < t.rows {
		t.times = append(t.times, 0)
	}
}

func (t *rowTable) column(name string) int {
	c, ok := t.index[name]
	if !ok {
		c = len(t.names)
		name = strings.Clone(name)
		t.index[name] = c
		t.names = append(t.names, name)
		t.columns = append(t.columns, nil)
		t.last = append(t.last, nil)
		t.copied = append(t.copied, "")
	}
	return c
}

// keep copies a value. The engine hands out one string for equal values that follow one another.
func (t *rowTable) keep(column int, v string) string {
	if v == "" {
		return ""
	}
	p := unsafe.StringData(v)
	if t.last[column] == p && len(t.copied[column]) == len(v) {
		return t.copied[column]
	}
	const chunk = 64 << 10
	if len(v) > cap(t.arena)-len(t.arena) {
		t.arena = make([]byte, 0, max(chunk, len(v)))
	}
	from := len(t.arena)
	t.arena = append(t.arena, v...)
	t.bytes += len(v)
	s := unsafe.String(&t.arena[from], len(v))
	t.last[column], t.copied[column] = p, s
	return s
}

// place is a row of one of several tables.
type place struct {
	time  int64
	id    string
	table int
	row   int
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
	for k, t := range tables {
		ids := t.values(ID)
		for r := range t.rows {
			p := place{time: t.times[r], table: k, row: r}
			if r < len(ids) {
				p.id = ids[r]
			}
			list = append(list, p)
		}
	}
	slices.SortFunc(list, comparePlaces)
	return list
}

func (t *rowTable) values(name string) []string {
	if c, ok := t.index[name]; ok {
		return t.columns[c]
	}
	return nil
}

// gather makes one block of rows of several tables, in the order of the list.
func gather(tables []*rowTable, list []place) *Block {
	b := &Block{Rows: len(list)}
	seen := make(map[string]bool)
	for _, t := range tables {
		for _, n := range t.names {
			if !seen[n] {
				seen[n] = true
				b.Names = append(b.Names, n)
			}
		}
	}
	slices.SortFunc(b.Names, compareNames)
	kept := b.Names[:0]
	for _, n := range b.Names {
		byTable := make([][]string, len(tables))
		for k, t := range tables {
			byTable[k] = t.values(n)
		}
		column := make([]string, len(list))
		empty := true
		for i, p := range list {
			if v := byTable[p.table]; p.row < len(v) {
				column[i] = v[p.row]
				empty = empty && column[i] == ""
			}
		}
		if !empty || n == Time {
			kept = append(kept, n)
			b.Columns = append(b.Columns, column)
		}
	}
	b.Names = kept
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
