package detect

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// pending holds the observations that wait, as a heap in the order of a Sorter: by (time, path, record, rule, content).
type pending struct {
	items   []waiting
	bytes   int // that they take
	scratch []byte
}

// waiting is an observation that waits.
type waiting struct {
	time, record int64
	path         string
	rule         int32  // place in the order of a Sorter
	data         []byte // fields, hosts, users and addresses, encoded as a Sorter does
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

// decode takes the observation out, but for its rule. The slices of o are used again.
func (w *waiting) decode(o *Observation, words *interned) bool {
	o.Time, o.Ref = w.time, EventRef{File: w.path, Record: w.record}
	r := reader{data: w.data}
	r.content(o, words)
	return !r.bad && len(r.data) == 0
}

// push adds an observation, as of time at.
func (p *pending) push(at int64, rule int32, o *Observation) {
	p.scratch = appendContent(p.scratch[:0], o)
	p.add(waiting{time: at, record: o.Ref.Record, path: o.Ref.File, rule: rule, data: slices.Clone(p.scratch)})
}

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

// pop takes out the first.
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

// sort puts the items in order; they remain a heap.
func (p *pending) sort() {
	slices.SortFunc(p.items, func(a, b waiting) int { return a.compare(&b) })
}
