package detect

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// pending holds what waits, as a heap in the order of a Sorter: by (time, path, record, rule, content). Its zero value holds nothing.
type pending struct {
	items []waiting
	bytes int // that they take
}

// waiting is what is put in order, by its time, path, record and rule, and then by what it says.
type waiting struct {
	time, record int64
	path         string
	rule         int32  // what it is of, as a number
	data         []byte // what it says
}

const waitingCost = 80 // in bytes, beside the data

func (a *waiting) compare(b *waiting) int {
	c := cmp.Compare(a.time, b.time)
	if c == 0 {
		c = strings.Compare(a.path, b.path)
	}
	if c == 0 {
		c = cmp.Compare(a.record, b.record)
	}
	if c == 0 {
		c = cmp.Compare(a.rule, b.rule)
	}
	if c == 0 {
		c = bytes.Compare(a.data, b.data)
	}
	return c
}

func (w *waiting) cost() int { return waitingCost + len(w.data) }

// count says how many wait.
func (p *pending) count() int { return len(p.items) }

// size says how much memory what waits takes, in bytes.
func (p *pending) size() int { return p.bytes }

// before tells whether the first that waits is of before a time.
func (p *pending) before(t int64) bool { return len(p.items) > 0 && p.items[0].time < t }

// add takes in what waits. The Queue keeps its data.
func (p *pending) add(w waiting) {
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

// pop takes out the first. There must be one.
func (p *pending) pop() waiting {
	first, last := p.items[0], len(p.items)-1
	p.bytes -= first.cost()
	p.items[0] = p.items[last]
	p.items[last] = waiting{}
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
		p.items = append(make([]waiting, 0, cap(p.items)/4), p.items...)
	}
	return first
}

// sorted returns all that wait, in order. The list is the Queue's own, until it is next changed.
func (p *pending) sorted() []waiting {
	slices.SortFunc(p.items, func(a, b waiting) int { return a.compare(&b) }) // they remain a heap
	return p.items
}
