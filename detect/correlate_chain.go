package detect

import (
	"math"
	"slices"
)

// chain follows events in order, for each clause of a temporal_ordered correlation.
type chain struct {
	best, next []int64 // by clause and place in it: the latest begin of a sequence that ends there; next: with the current event
	done       uint64  // the clauses of which a sequence is complete: by this event, or of a late group, by any
	file       string  // the current event
	record     int64
	time       int64
}

const never = math.MinInt64

func newChain(ks []clause) *chain {
	n := 0
	for _, k := range ks {
		n += len(k.chain)
	}
	c := &chain{best: make([]int64, n), next: make([]int64, n), time: never}
	for i := range c.best {
		c.best[i], c.next[i] = never, never
	}
	return c
}

// step takes an event of the rule at pos.
func (c *chain) step(p *plan, now int64, ref EventRef, pos int) {
	if now != c.time || ref.Record != c.record || ref.File != c.file {
		copy(c.best, c.next)
		c.time, c.record, c.file = now, ref.Record, ref.File
	}
	if !p.late {
		c.done = 0
	}
	at := 0
	for i, k := range p.clauses {
		if j := slices.Index(k.chain, pos); j >= 0 {
			begin := now
			if j > 0 {
				begin = c.best[at+j-1]
			}
			if begin != never && !apart(now, begin, p.span) {
				c.next[at+j] = max(c.next[at+j], begin)
				if j == len(k.chain)-1 {
					c.done |= 1 << i
				}
			}
		} else if len(k.chain) == 0 {
			c.done |= 1 << i
		}
		at += len(k.chain)
	}
}
