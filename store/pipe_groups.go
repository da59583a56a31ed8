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
	by       []groupBy
	funcs    []groupFunc
	top      *query.Top // only these groups are wanted
	rowsOnly bool       // nothing but rows is counted
	workers  []*groups
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
		g.top = p
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
	g.rowsOnly = len(g.funcs) == 1 && g.funcs[0].Name == "count" && g.funcs[0].Field == ""
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
	all.settle()
	if len(g.by) == 0 && len(all.keys.keys) == 0 {
		all.group("") // count of nothing is 0
	}
	ids := all.ids()
	if g.top != nil || len(g.funcs) == 0 {
		ids = slices.DeleteFunc(ids, func(id int32) bool { return all.emptyKey(all.keys.keys[id]) })
	}
	if g.top != nil {
		ids = all.most(ids, g.top)
	}
	b := g.sorted(all.block(ids))
	b.Notes = all.notes()
	return b
}

// sorted puts groups in the order of their values.
func (g *grouping) sorted(b *Block) *Block {
	keys := make([]query.Key, len(g.by))
	for i, k := range g.by {
		keys[i].Field = k.Field
	}
	if g.top != nil {
		keys = append([]query.Key{{Field: "count", Down: !g.top.Rare}}, keys...)
	}
	if len(keys) == 0 {
		return b
	}
	return sortBlock(&query.Sort{Keys: keys}, b)
}

// groups is the groups that one worker has seen.
type groups struct {
	*grouping
	keys   *keyTable
	counts []int64 // of rows, by group, if nothing else is asked for
	cells  []cell  // else: len(funcs) for each group
	four   addressCounter
	key    []byte
	lost   int64 // rows that belong to none, because there were too many groups

	values [][]string // of the block at hand: by group column
	args   [][]string // by function
	times  stampMemo
}

func newGroups(g *grouping) *groups {
	return &groups{grouping: g, keys: newKeyTable(), values: make([][]string, len(g.by)), args: make([][]string, len(g.funcs))}
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
		if g.rowsOnly {
			if a, ok := address4(v); ok {
				g.four.take(a, 1)
				continue
			}
		}
		if id == -2 || v != last {
			last, id = v, g.group(v)
		}
		g.count(id, r)
	}
}

// group returns the number of the group with a key, which is copied; -1 if there are too many.
func (g *groups) group(key string) int32 {
	id := g.keys.find(key)
	if g.rowsOnly {
		if int(id) == len(g.counts) {
			g.counts = append(g.counts, 0)
		}
		return id
	}
	if int(id)*len(g.funcs) == len(g.cells) {
		for range g.funcs {
			g.cells = append(g.cells, cell{})
		}
	}
	return id
}

func (g *groups) count(id int32, row int32) {
	switch {
	case id < 0:
		g.lost++
		return
	case g.rowsOnly:
		g.counts[id]++
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
	for i, key := range o.keys.keys {
		id := g.group(key)
		if g.rowsOnly {
			if id < 0 {
				g.lost += o.counts[i]
			} else {
				g.counts[id] += o.counts[i]
			}
			continue
		}
		for k := range g.funcs {
			from := &o.cells[i*len(g.funcs)+k]
			if id < 0 {
				g.lost += from.n
				continue
			}
			g.cells[int(id)*len(g.funcs)+k].merge(&g.funcs[k].Func, from)
		}
	}
	g.four.merge(&o.four)
	g.lost += o.lost
}

func (g *groups) notes() []string {
	var notes []string
	if g.lost > 0 {
		notes = append(notes, fmt.Sprintf("only the first %d groups were kept; %d events belong to others", len(g.keys.keys), g.lost))
	}
	if slices.ContainsFunc(g.cells, func(c cell) bool { return c.estimated() }) {
		notes = append(notes, "numbers of different values above 50,000 are estimates, good to about 1 %")
	}
	return notes
}

// ids lists all groups.
func (g *groups) ids() []int32 {
	ids := make([]int32, len(g.keys.keys))
	for i := range ids {
		ids[i] = int32(i)
	}
	return ids
}

// most returns the groups that a Top lists, in any order. Where some with the same count are left out, those of the
// smallest keys are kept, so that the result is the same each time.
func (g *groups) most(ids []int32, top *query.Top) []int32 {
	if len(ids) <= top.N {
		return ids
	}
	before := func(a, b int32) bool {
		if x, y := g.counts[a], g.counts[b]; x != y {
			return (x > y) != top.Rare
		}
		return g.keys.keys[a] < g.keys.keys[b]
	}
	// The best so far are kept as a heap with the last of them on top.
	best := ids[:top.N]
	for i := top.N/2 - 1; i >= 0; i-- {
		sink(best, i, before)
	}
	for _, id := range ids[top.N:] {
		if before(id, best[0]) {
			best[0] = id
			sink(best, 0, before)
		}
	}
	return best
}

// sink moves an element of a heap down to where it belongs; none comes before its parent.
func sink(heap []int32, i int, before func(a, b int32) bool) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && before(heap[child], heap[child+1]) {
			child++
		}
		if !before(heap[i], heap[child]) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// emptyKey tells whether a key has no value at all: Top and Uniq do not list that.
func (g *groups) emptyKey(key string) bool {
	return key == "" || len(g.by) > 1 && strings.Trim(key, "\x00") == ""
}

// block makes rows of groups.
func (g *groups) block(ids []int32) *Block {
	b := &Block{Rows: len(ids)}
	for _, by := range g.by {
		b.Names = append(b.Names, by.Field)
		b.Columns = append(b.Columns, make([]string, len(ids)))
	}
	for r, id := range ids {
		key := g.keys.keys[id]
		if len(g.by) == 1 {
			b.Columns[0][r] = key
			continue
		}
		for i := range g.by {
			n, size := binary.Uvarint(unsafe.Slice(unsafe.StringData(key), len(key)))
			b.Columns[i][r] = key[size : size+int(n)]
			key = key[size+int(n):]
		}
	}
	for i, f := range g.funcs {
		column := make([]string, len(ids))
		for r, id := range ids {
			if g.rowsOnly {
				column[r] = strconv.FormatInt(g.counts[id], 10)
			} else {
				column[r] = g.cells[int(id)*len(g.funcs)+i].text(&f.Func)
			}
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
