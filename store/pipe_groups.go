package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/tocsin-sec/tocsin/query"
)

// Bounds of grouping.
const (
	maxGroups   = 1 << 19 // groups of one worker
	maxKeyBytes = 64 << 20
)

// reducer makes a block of rows of many, which come from several workers.
type reducer interface {
	add(worker int, b *Block, rows []int32)
	result() *Block
}

// grouping is what Stats, Top, Uniq and Timechart have in common: rows are told apart, and of each group something is
// worked out.
type grouping struct {
	by    []groupBy
	funcs []groupFunc
	// order sorts and cuts the result; nil leaves it in the order of the groups' values.
	order   func(*Block) *Block
	workers []*groups
}

type groupBy struct {
	query.Group
	columns []string
}

type groupFunc struct {
	query.Func
	columns []string
}

// newReducer makes the reducer of a pipe.
func newReducer(p query.Pipe, columns func(string) []string, workers int) reducer {
	g := &grouping{}
	group := func(field string, step int64) {
		g.by = append(g.by, groupBy{query.Group{Field: field, Step: step}, columns(field)})
	}
	calc := func(f query.Func) {
		c := groupFunc{Func: f}
		if f.Field != "" {
			c.columns = columns(f.Field)
		}
		g.funcs = append(g.funcs, c)
	}
	switch p := p.(type) {
	case *query.Sort:
		return newSorter(p, workers)
	case *query.Stats:
		for _, b := range p.By {
			group(b.Field, b.Step)
		}
		for _, f := range p.Funcs {
			calc(f)
		}
	case *query.Top:
		for _, b := range p.By {
			group(b, 0)
		}
		calc(query.Func{Name: "count", As: "count"})
		g.order = func(b *Block) *Block {
			return sortBlock(&query.Sort{Keys: []query.Key{{Field: "count", Down: !p.Rare}}, N: p.N}, b)
		}
	case *query.Uniq:
		for _, b := range p.By {
			group(b, 0)
		}
	case *query.Timechart:
		group(Time, p.Step)
		for _, b := range p.By {
			group(b, 0)
		}
		calc(p.Func)
	}
	for range workers {
		g.workers = append(g.workers, newGroups(g))
	}
	return g
}

// needs returns the columns that the grouping looks at.
func (g *grouping) needs() []string {
	list := []string{}
	for _, b := range g.by {
		list = append(list, b.columns...)
	}
	for _, f := range g.funcs {
		list = append(list, f.columns...)
	}
	return list
}

func (g *grouping) add(worker int, b *Block, rows []int32) { g.workers[worker].add(b, rows) }

// result merges what the workers have.
func (g *grouping) result() *Block {
	all := g.workers[0]
	for _, w := range g.workers[1:] {
		all.merge(w)
	}
	if len(g.by) == 0 && len(all.list) == 0 {
		all.group("") // count of nothing is 0
	}
	b := all.block()
	b = g.sorted(b)
	if g.order != nil {
		b = g.order(b)
	}
	b.Notes = all.notes()
	return b
}

// sorted puts groups in the order of their values.
func (g *grouping) sorted(b *Block) *Block {
	keys := make([]query.Key, len(g.by))
	for i, k := range g.by {
		keys[i].Field = k.Field
	}
	if len(keys) == 0 {
		return b
	}
	return sortBlock(&query.Sort{Keys: keys}, b)
}

// groups is the groups that one worker has seen.
type groups struct {
	*grouping
	index map[string]int32
	list  []string // keys
	cells []cell   // len(funcs) for each group
	key   []byte
	bytes int
	lost  int64 // rows that belong to none, because there were too many groups

	values [][]string // of the block at hand: by group column
	args   [][]string // by function
	times  stampMemo
}

func newGroups(g *grouping) *groups {
	return &groups{grouping: g, index: make(map[string]int32), values: make([][]string, len(g.by)), args: make([][]string, len(g.funcs))}
}

func (g *groups) add(b *Block, rows []int32) {
	for i, by := range g.by {
		g.values[i] = fieldValues(b, by.columns)
		if by.Step > 0 {
			g.values[i] = g.bucketed(g.values[i], by.Group, rows)
		}
	}
	for i, f := range g.funcs {
		if f.Field != "" {
			g.args[i] = fieldValues(b, f.columns)
		}
	}
	switch len(g.by) {
	case 0:
		id := g.group("")
		for _, r := range rows {
			g.count(id, r)
		}
	case 1:
		g.addSingle(rows)
	default:
		for _, r := range rows {
			g.key = g.key[:0]
			for _, v := range g.values {
				g.key = binary.AppendUvarint(g.key, uint64(len(v[r])))
				g.key = append(g.key, v[r]...)
			}
			g.count(g.group(unsafe.String(unsafe.SliceData(g.key), len(g.key))), r)
		}
	}
}

// addSingle is add for one column. Equal values often come one after the other.
func (g *groups) addSingle(rows []int32) {
	values := g.values[0]
	last, id := "", int32(-2)
	for _, r := range rows {
		v := values[r]
		if id == -2 || v != last {
			last, id = v, g.group(v)
		}
		g.count(id, r)
	}
}

// group returns the number of the group with a key, which is copied; -1 if there are too many.
func (g *groups) group(key string) int32 {
	if id, ok := g.index[key]; ok {
		return id
	}
	if len(g.list) >= maxGroups || g.bytes > maxKeyBytes {
		return -1
	}
	key = strings.Clone(key)
	id := int32(len(g.list))
	g.index[key] = id
	g.list = append(g.list, key)
	g.bytes += len(key)
	for range g.funcs {
		g.cells = append(g.cells, cell{})
	}
	return id
}

func (g *groups) count(id int32, row int32) {
	if id < 0 {
		g.lost++
		return
	}
	from := int(id) * len(g.funcs)
	for i := range g.funcs {
		c := &g.cells[from+i]
		if g.funcs[i].Field == "" {
			c.n++
			continue
		}
		if v := g.args[i][row]; v != "" {
			c.take(&g.funcs[i].Func, v)
		}
	}
}

func (g *groups) merge(o *groups) {
	for i, key := range o.list {
		id := g.group(key)
		for k := range g.funcs {
			from := &o.cells[i*len(g.funcs)+k]
			if id < 0 {
				g.lost += from.n
				continue
			}
			g.cells[int(id)*len(g.funcs)+k].merge(&g.funcs[k].Func, from)
		}
	}
	g.lost += o.lost
}

func (g *groups) notes() []string {
	var notes []string
	if g.lost > 0 {
		notes = append(notes, fmt.Sprintf("only the first %d groups were kept; %d events belong to others", len(g.list), g.lost))
	}
	if slices.ContainsFunc(g.cells, func(c cell) bool { return c.estimated() }) {
		notes = append(notes, "numbers of different values above 50,000 are estimates, good to about 1 %")
	}
	return notes
}

// block makes rows of the groups.
func (g *groups) block() *Block {
	b := &Block{Rows: len(g.list)}
	for i, by := range g.by {
		b.Names = append(b.Names, by.Field)
		b.Columns = append(b.Columns, make([]string, len(g.list)))
		if len(g.by) == 1 {
			copy(b.Columns[i], g.list)
		}
	}
	if len(g.by) > 1 {
		for r, key := range g.list {
			for i := range g.by {
				n, size := binary.Uvarint([]byte(key[:min(len(key), binary.MaxVarintLen64)]))
				b.Columns[i][r] = key[size : size+int(n)]
				key = key[size+int(n):]
			}
		}
	}
	for i, f := range g.funcs {
		column := make([]string, len(g.list))
		for r := range column {
			column[r] = g.cells[r*len(g.funcs)+i].text(&f.Func)
		}
		b.Names = append(b.Names, f.As)
		b.Columns = append(b.Columns, column)
	}
	return b
}

// bucketed rounds values down to whole steps.
func (g *groups) bucketed(values []string, by query.Group, rows []int32) []string {
	out := make([]string, len(values))
	for _, r := range rows {
		v := values[r]
		if by.Field == Time {
			out[r] = g.times.bucket(v, by.Step)
			continue
		}
		if f, ok := query.Number(v); ok {
			n := int64(f)
			n -= ((n % by.Step) + by.Step) % by.Step
			out[r] = strconv.FormatInt(n, 10)
		}
	}
	return out
}

// stampMemo remembers the bucket used last.
type stampMemo struct {
	from, to int64
	text     string
}

func (m *stampMemo) bucket(v string, step int64) string {
	t, ok := parseStamp(v)
	if !ok {
		return ""
	}
	if m.text == "" || t < m.from || t >= m.to {
		m.from = t - ((t%step)+step)%step
		m.to = m.from + step
		m.text = stamp(m.from)
	}
	return m.text
}
