package detect

import (
	"math"
	"math/bits"

	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sigma"
)

// What things are taken to cost, in bytes, with what the runtime adds.
const (
	entryCost    = 64
	groupCost    = 288
	burstCost    = 352
	detailCost   = 152
	mapCost      = 192
	orderedCost  = 96
	chainCost    = 144
	distinctCost = 96
	stringCost   = 16
	numberCost   = 16 // twice the size, as blocks of numbers are half full at worst
)

// group is the state of one correlation for one combination of values.
type group struct {
	key        string
	prev, next *group
	touched    int64 // when it had its last event; of a late group: its first
	cost       int64

	window   window
	absorbed int64  // the entries before this number belong to the burst or are before it
	burst    *burst // nil while the condition does not hold; of a late group: what it has seen

	n        int64 // events
	sum      float64
	taken    int64 // values taken out of sum since it was last computed afresh
	distinct map[string]*distinct
	order    *ordered
	rules    []int32 // temporal: by rule, how many events are in the window
	mask     uint64  // temporal: the rules of which there is one
	chain    *chain
}

// entry is an event in a window.
type entry struct {
	time   int64
	record int64
	file   string
	num    float64
	value  *distinct
	detail *detail
	pos    int32
	cost   int32 // of what it brought along
}

// distinct is a value and how often it is in the window.
type distinct struct {
	key string
	n   int64
}

// detail is what few events have, or what many have in common. It is immutable.
type detail struct {
	entities Entities
	carried  []string
	inner    *burst
	room     [4]string // for the entities, where there is one of a kind
}

// window is a ring of entries, numbered from the first that ever was in it.
type window struct {
	ring    []entry
	first   int64
	entries int
}

func (w *window) begin() int64 { return w.first }
func (w *window) end() int64   { return w.first + int64(w.entries) }

func (w *window) at(i int64) *entry { return &w.ring[i&int64(len(w.ring)-1)] }

// push appends an entry and returns by how many bytes the ring grew.
func (w *window) push(e entry) int64 {
	grown := int64(0)
	if w.entries == len(w.ring) {
		grown = w.resize(max(1, 2*len(w.ring)))
	}
	*w.at(w.end()) = e
	w.entries++
	return grown
}

// pop forgets the first entry and returns by how many bytes the ring grew: less than none, if it shrank.
func (w *window) pop() int64 {
	*w.at(w.first) = entry{}
	w.first++
	w.entries--
	if len(w.ring) > 16 && w.entries < len(w.ring)/4 {
		return w.resize(len(w.ring) / 2)
	}
	return 0
}

func (w *window) resize(n int) int64 {
	old := *w
	w.ring = make([]entry, n)
	for i := old.begin(); i < old.end(); i++ {
		*w.at(i) = *old.at(i)
	}
	return entryCost * int64(n-len(old.ring))
}

// prepare makes what the plan's type computes with.
func (p *plan) prepare(g *group) {
	corr := p.rule.Correlation
	switch corr.Type {
	case sigma.ValueCount:
		g.distinct = make(map[string]*distinct)
		g.cost += mapCost
	case sigma.ValuePercentile, sigma.ValueMedian, sigma.ValueMin, sigma.ValueMax:
		g.order = &ordered{}
		g.cost += orderedCost
	case sigma.Temporal, sigma.TemporalOrdered:
		g.rules = make([]int32, len(corr.Rules))
		g.cost += 4 * int64(len(corr.Rules))
	}
	if corr.Type == sigma.TemporalOrdered {
		g.chain = newChain(p.clauses)
		g.cost += chainCost + int64(16*len(g.chain.best))
	}
	if p.late {
		g.burst = &burst{cost: burstCost}
		g.cost += burstCost
	}
}

// take adds an event to the group's window, after taking out what is too old.
func (c *Correlator) take(p *plan, g *group, l *link, s *sighting, v float64) {
	if !p.late {
		for g.window.entries > 0 && apart(s.time, g.window.at(g.window.first).time, p.span) {
			p.drop(g)
		}
		if s.again && g.renew(l, s) {
			if g.chain != nil {
				g.chain.step(p, s.time, s.ref, l.pos)
			}
			return
		}
	}
	e := entry{time: s.time, record: s.ref.Record, file: s.ref.File, num: v, pos: int32(l.pos)}
	describe(p, g, l, s, &e)
	if p.late {
		if g.n >= maxWindow && (g.order != nil || g.distinct != nil) {
			c.cut++
			return
		}
		before := g.burst.cost
		g.burst.first, g.burst.last, g.burst.ref, g.burst.by = s.time, s.time, s.ref, actors(s.entities)
		g.burst.add(&e)
		if p.carried > 0 {
			_ = g.burst.fresh(e.detail.carried) // noted for when the window ends
		}
		g.cost += g.burst.cost - before
	} else {
		if g.window.entries == p.limit {
			if p.limit == maxWindow {
				c.cut++
			}
			p.drop(g)
		}
		g.cost += g.window.push(entry{})
	}
	c.count(p, g, &e)
	if g.chain != nil {
		g.chain.step(p, s.time, s.ref, l.pos)
	}
	if !p.late {
		*g.window.at(g.window.end() - 1) = e
	}
}

// renew moves the newest entry to now if it is of the same burst of an inner correlation.
func (g *group) renew(l *link, s *sighting) bool {
	if g.window.entries == 0 {
		return false
	}
	e := g.window.at(g.window.end() - 1)
	if e.detail == nil || e.detail.inner != s.inner || int(e.pos) != l.pos {
		return false
	}
	e.time, e.file, e.record = s.time, s.ref.File, s.ref.Record
	g.absorbed = min(g.absorbed, g.window.end()-1)
	return true
}

// describe gives the entry its detail, that of the entry before it if that is the same.
func describe(p *plan, g *group, l *link, s *sighting, e *entry) {
	carried := l.pick[p.nGroup+p.nValue:]
	if len(carried) == 0 && s.inner == nil && s.entities.empty() {
		return
	}
	if d := g.latest(); d != nil && d.inner == s.inner && d.entities.equal(s.entities) && d.carries(s.fields, carried) {
		e.detail = d
		return
	}
	d := s.detail(carried)
	e.detail = d
	if !p.late {
		e.cost += int32(min(d.cost(), math.MaxInt32/2))
		g.cost += int64(e.cost)
	}
}

// detail makes the detail of an event with these of its fields.
func (s *sighting) detail(carried []int) *detail {
	if s.plain != nil && len(carried) == 0 {
		return s.plain
	}
	d := &detail{inner: s.inner}
	if s.plain != nil {
		d.entities = s.plain.entities
	} else {
		d.take(s.entities)
	}
	if len(carried) == 0 {
		s.plain = d
		return d
	}
	d.carried = make([]string, len(carried))
	for n, i := range carried {
		d.carried[n] = pack.Shorten(s.fields[i])
	}
	return d
}

// take gives the detail a copy of entities, in its own room where it can.
func (d *detail) take(e *Entities) {
	from, into := e.kinds(), d.entities.kinds()
	for i, list := range from {
		if len(*list) == 1 {
			d.room[i] = pack.Shorten((*list)[0])
			*into[i] = d.room[i : i+1 : i+1]
		}
	}
	d.entities.merge(e) // those there are more of
}

func (d *detail) cost() int {
	cost := detailCost + d.entities.cost()
	for _, v := range d.carried {
		cost += stringCost + len(v)
	}
	return cost
}

// latest returns the detail of the event before, if it is at hand.
func (g *group) latest() *detail {
	if g.window.entries > 0 {
		return g.window.at(g.window.end() - 1).detail
	}
	if g.burst != nil && g.n > 0 { // it keeps no events
		return g.burst.latest
	}
	return nil
}

func (d *detail) carries(fields []string, pick []int) bool {
	for n, i := range pick {
		if pack.Shorten(fields[i]) != d.carried[n] {
			return false
		}
	}
	return true
}

// count adds the entry to what is computed.
func (c *Correlator) count(p *plan, g *group, e *entry) {
	g.n++
	switch {
	case g.distinct != nil:
		e.value = g.valueOf(c.text)
		e.value.n++
	case g.order != nil:
		g.order.insert(e.num)
		g.cost += numberCost
	case g.rules != nil:
		g.rules[e.pos]++
		g.mask |= 1 << e.pos
	default:
		g.sum += e.num
	}
}

func (g *group) valueOf(text []byte) *distinct {
	d := g.distinct[string(text)]
	if d == nil {
		d = &distinct{key: string(text)}
		g.distinct[d.key] = d
		g.cost += distinctCost + int64(len(d.key))
	}
	return d
}

// drop takes the first entry out of the window and out of what is computed.
func (p *plan) drop(g *group) {
	e := g.window.at(g.window.first)
	g.n--
	switch {
	case g.distinct != nil:
		if e.value.n--; e.value.n == 0 {
			delete(g.distinct, e.value.key)
			g.cost -= distinctCost + int64(len(e.value.key))
		}
	case g.order != nil:
		g.order.remove(e.num)
		g.cost -= numberCost
	case g.rules != nil:
		if g.rules[e.pos]--; g.rules[e.pos] == 0 {
			g.mask &^= 1 << e.pos
		}
	default:
		g.sum -= e.num
		g.taken++
	}
	g.cost -= int64(e.cost) // before pop, which clears the entry
	g.cost += g.window.pop()
	if g.taken >= int64(g.window.entries) { // now and then, so that rounding errors do not add up
		g.taken, g.sum = 0, 0
		for i := g.window.begin(); i < g.window.end(); i++ {
			g.sum += g.window.at(i).num
		}
	}
}

// holds tells whether the condition is true of what is in the window.
func (p *plan) holds(g *group) bool {
	if p.counting {
		return g.n > 0 && holdsAll(p.rule.Correlation.Condition, p.value(g))
	}
	for i, k := range p.clauses {
		if g.mask&k.need == k.need && g.mask&k.forbid == 0 && (g.chain == nil || g.chain.done>>i&1 == 1) {
			return true
		}
	}
	return false
}

// value computes what the condition compares.
func (p *plan) value(g *group) float64 {
	corr := p.rule.Correlation
	switch corr.Type {
	case sigma.EventCount:
		return float64(g.n)
	case sigma.ValueCount:
		return float64(len(g.distinct))
	case sigma.Temporal, sigma.TemporalOrdered:
		return float64(bits.OnesCount64(g.mask))
	case sigma.ValueSum:
		return g.sum
	case sigma.ValueAvg:
		return g.sum / float64(g.n)
	case sigma.ValueMin:
		return g.order.percentile(0)
	case sigma.ValueMax:
		return g.order.percentile(100)
	case sigma.ValueMedian:
		return g.order.percentile(50)
	}
	return g.order.percentile(corr.Percent)
}

// skipUnordered leaves out of a new burst what is before the first event of the first rule.
func (p *plan) skipUnordered(g *group) {
	if g.chain == nil {
		return
	}
	var first uint64
	for i, k := range p.clauses {
		if g.chain.done>>i&1 == 1 && len(k.chain) > 0 {
			first |= 1 << k.chain[0]
		}
	}
	for g.absorbed < g.window.end() && first>>g.window.at(g.absorbed).pos&1 == 0 {
		g.absorbed++
	}
}
