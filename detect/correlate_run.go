package detect

import "github.com/tocsin-sec/tocsin/sigma"

// sighting is an event of a rule that a correlation refers to: an observation or the hit of an inner correlation.
type sighting struct {
	time     int64
	ref      EventRef
	fields   []string
	entities *Entities
	inner    *burst  // of an inner correlation
	again    bool    // inner was seen before and goes on
	plain    *detail // of the entities alone, once one was made: correlations that carry nothing share it
}

// see lets one correlation take notice of one event.
func (c *Correlator) see(l *link, s *sighting) {
	p := c.plans[l.plan]
	if s.again && !temporal(p.rule.Correlation.Type) {
		return
	}
	v, ok := c.values(p, l, s)
	if !ok {
		return
	}
	c.expire(p)
	g := p.groups[string(c.key)]
	if g == nil {
		g = c.enter(p, string(c.key), s.time)
	} else if !p.late {
		p.unlink(g)
		g.touched = s.time
		p.link(g)
	}
	before := g.cost
	c.take(p, g, l, s, v)
	c.size += g.cost - before
	if !p.late {
		c.check(p, g, s)
	}
}

// values puts the group's key into c.key and returns what is counted; a text of that is in c.text.
func (c *Correlator) values(p *plan, l *link, s *sighting) (v float64, ok bool) {
	c.key = c.key[:0]
	for _, i := range l.pick[:p.nGroup] {
		if s.fields[i] == "" {
			c.ungrouped++
			return 0, false
		}
		c.key = appendPart(c.key, s.fields[i])
	}
	picks := l.pick[p.nGroup : p.nGroup+p.nValue]
	if len(picks) == 0 {
		return 0, true
	}
	if p.rule.Correlation.Type != sigma.ValueCount {
		v, ok = number(s.fields[picks[0]])
		if !ok {
			c.notNumbers++
		}
		return v, ok
	}
	c.text = c.text[:0]
	for _, i := range picks {
		if s.fields[i] == "" {
			c.valueless++
			return 0, false
		}
		c.text = appendPart(c.text, s.fields[i])
	}
	return 0, true
}

// check tells whether the condition holds now, and begins, goes on with or ends the group's burst.
func (c *Correlator) check(p *plan, g *group, s *sighting) {
	if g.burst != nil && apart(s.time, g.burst.last, p.span) {
		c.close(p, g)
	}
	if !p.holds(g) {
		return
	}
	b := g.burst
	fresh := b == nil
	if fresh {
		b = &burst{first: s.time, ref: s.ref, by: actors(s.entities), value: p.value(g)}
		g.burst = b
		g.absorbed = max(g.absorbed, g.window.begin())
		p.skipUnordered(g)
	}
	b.last = s.time
	b.value = max(b.value, p.value(g))
	from, before := max(g.absorbed, g.window.begin()), b.cost
	if fresh {
		b.cost = burstCost
	}
	for i := from; i < g.window.end(); i++ {
		b.add(g.window.at(i))
	}
	g.absorbed = g.window.end()
	if c.watch && p.alone {
		c.announce(p, g, s.time)
	}
	if p.outer != nil {
		c.pass(p, g, from, fresh, s)
	}
	g.cost += b.cost - before
	c.size += b.cost - before
}

// pass lets the outer correlations take notice of a hit, once for each different combination of what it carries.
func (c *Correlator) pass(p *plan, g *group, from int64, fresh bool, s *sighting) {
	b := g.burst
	on := sighting{time: s.time, ref: s.ref, fields: p.out, entities: s.entities, inner: b, again: !fresh}
	p.fill(g, nil)
	if p.carried == 0 {
		c.tell(p, &on)
		return
	}
	for i := from; i < g.window.end(); i++ {
		d := g.window.at(i).detail
		if d == nil {
			continue
		}
		p.fill(nil, d.carried)
		on.again = !b.fresh(d.carried)
		c.tell(p, &on)
	}
}

func (c *Correlator) tell(p *plan, s *sighting) {
	for i := range p.outer {
		c.see(&p.outer[i], s)
	}
}

// fill puts what outer correlations need into p.out: what comes from the group, or what is carried.
func (p *plan) fill(g *group, carried []string) {
	var parts []string
	if g != nil {
		parts = splitParts(g.key)
	}
	for i, f := range p.from {
		switch {
		case f >= 0 && g != nil:
			p.out[i] = parts[f]
		case f < 0 && carried != nil:
			p.out[i] = carried[-1-f]
		}
	}
}

// judge ends the window of a late group.
func (c *Correlator) judge(p *plan, g *group) {
	if p.holds(g) {
		g.burst.value = p.value(g)
		g.burst.held = true
		if p.outer != nil {
			on := sighting{time: p.end(g), ref: g.burst.ref, fields: p.out, entities: &g.burst.entities, inner: g.burst}
			p.fill(g, make([]string, p.carried))
			if p.carried == 0 {
				c.tell(p, &on)
			}
			for _, t := range g.burst.tuples {
				p.fill(nil, t)
				c.tell(p, &on)
			}
		}
	}
	c.leave(p, g)
}

// evict forgets the group that has been without an event for the longest time. It says whether there was one.
func (c *Correlator) evict() bool {
	var oldest *plan
	for _, p := range c.plans {
		c.expire(p)
		if p.front != nil && (oldest == nil || p.front.touched < oldest.front.touched) {
			oldest = p
		}
	}
	if oldest == nil {
		return false
	}
	if c.size > c.limit { // what was over anyway may have been enough
		c.evicted++
		c.leave(oldest, oldest.front)
	}
	return true
}

// expire ends the groups that had no event for one timespan.
func (c *Correlator) expire(p *plan) {
	for !p.late && p.front != nil && apart(c.clock, p.front.touched, p.span) {
		c.leave(p, p.front)
	}
}

// enter begins a group.
func (c *Correlator) enter(p *plan, key string, now int64) *group {
	g := &group{key: key, touched: now, cost: groupCost + int64(len(key))}
	p.groups[key] = g
	p.link(g)
	p.prepare(g)
	c.size += g.cost
	if p.late {
		c.due = min(c.due, p.end(g))
	}
	return g
}

// leave ends a group, and its burst.
func (c *Correlator) leave(p *plan, g *group) {
	c.close(p, g)
	p.unlink(g)
	delete(p.groups, g.key)
	c.size -= g.cost
}

// close ends a group's burst and gives out the hit.
func (c *Correlator) close(p *plan, g *group) {
	b := g.burst
	if b == nil {
		return
	}
	g.burst = nil
	g.cost -= b.cost
	c.size -= b.cost
	if !p.alone || p.late && !b.held {
		return
	}
	c.ended = append(c.ended, p.hit(g, b))
}

func (p *plan) hit(g *group, b *burst) CorrelationHit {
	return CorrelationHit{
		Rule: p.rule, Time: b.first, Last: b.last, Ref: b.ref, Group: splitParts(g.key), Value: b.value,
		Count: b.total(), Events: b.refs(), Entities: b.entities, By: b.by,
	}
}

// announce tells of a burst that has just begun, has doubled since it was last told of, or has gone on for goesOn.
func (c *Correlator) announce(p *plan, g *group, now int64) {
	b := g.burst
	n := b.total()
	if n < 2*b.told && (n == b.told || !apart(now, b.toldAt, goesOn)) {
		return
	}
	b.told, b.toldAt = n, now
	h := p.hit(g, b)
	h.Open, h.Entities = true, b.entities.clone()
	c.ended = append(c.ended, h)
}

func (p *plan) link(g *group) {
	g.prev, g.next = p.back, nil
	if p.back != nil {
		p.back.next = g
	} else {
		p.front = g
	}
	p.back = g
}

func (p *plan) unlink(g *group) {
	if g.prev != nil {
		g.prev.next = g.next
	} else {
		p.front = g.next
	}
	if g.next != nil {
		g.next.prev = g.prev
	} else {
		p.back = g.prev
	}
	g.prev, g.next = nil, nil
}
