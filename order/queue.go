// Package order puts what comes in any order into that of the events' time: a Queue for what waits until nothing earlier
// is to be expected, and a Sorter for all of an input, which writes what memory does not hold where its caller says.
//
// What is equal in time is ordered by its place in the input and then by its content, so that the result never depends on
// the order of arrival. Neither looks into the content. Both belong to one goroutine; neither does any I/O of its own.
package order

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Queue holds what waits, as a heap in the order of a Sorter: by (time, path, record, rule, content). Its zero value
// holds nothing.
type Queue struct {
	items []Item
	bytes int // that they take
}

// Item is what is put in order, by its time, path, record and rule, and then by what it says.
type Item struct {
	Time, Record int64
	Path         string
	Rule         int32  // what it is of, as a number
	Data         []byte // what it says
}

const itemCost = 80 // in bytes, beside the data

func (a *Item) compare(b *Item) int {
	c := cmp.Compare(a.Time, b.Time)
	if c == 0 {
		c = strings.Compare(a.Path, b.Path)
	}
	if c == 0 {
		c = cmp.Compare(a.Record, b.Record)
	}
	if c == 0 {
		c = cmp.Compare(a.Rule, b.Rule)
	}
	if c == 0 {
		c = bytes.Compare(a.Data, b.Data)
	}
	return c
}

func (w *Item) cost() int { return itemCost + len(w.Data) }

// Len says how many wait.
func (p *Queue) Len() int { return len(p.items) }

// Size says how much memory what waits takes, in bytes.
func (p *Queue) Size() int { return p.bytes }

// Before tells whether the first that waits is of before a time.
func (p *Queue) Before(t int64) bool { return len(p.items) > 0 && p.items[0].Time < t }

// Add takes in what waits. The Queue keeps its data.
func (p *Queue) Add(w Item) {
	p.bytes += w.cost()
	p.items = append(p.items, w)
	for i := len(p.items) - 1; i > 0; {
		up := (i - 1) / 2
		if p.items[up].compare(&p.items[i]) <= 0 {
			return
		}
		p.items[up], p.items[i] = p.items[i], p.items[up]
		i = up
	}
}

// Pop takes out the first. There must be one.
func (p *Queue) Pop() Item {
	first, last := p.items[0], len(p.items)-1
	p.bytes -= first.cost()
	p.items[0] = p.items[last]
	p.items[last] = Item{}
	p.items = p.items[:last]
	for i := 0; ; {
		least := i
		for kid := 2*i + 1; kid <= 2*i+2 && kid < last; kid++ {
			if p.items[kid].compare(&p.items[least]) < 0 {
				least = kid
			}
		}
		if least == i {
			break
		}
		p.items[i], p.items[least] = p.items[least], p.items[i]
		i = least
	}
	if cap(p.items) > 1024 && last < cap(p.items)/8 {
		p.items = append(make([]Item, 0, cap(p.items)/4), p.items...)
	}
	return first
}

// Sorted returns all that wait, in order. The list is the Queue's own, until it is next changed.
func (p *Queue) Sorted() []Item {
	slices.SortFunc(p.items, func(a, b Item) int { return a.compare(&b) }) // they remain a heap
	return p.items
}
