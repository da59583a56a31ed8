package detect

// save writes what a Series has learnt; what is not there costs nothing.
func (s *Series) save(w *packer) {
	w.number(s.n)
	w.signed(s.first)
	w.signed(s.last)
	w.number(s.best)
	w.number(int(flag(s.open) | flag(s.up)<<1))
	w.signed(s.calm)
	w.signed(s.since)
	s.day.save(w)
	s.week.save(w)
	for i := range s.views {
		s.views[i].save(w)
	}
}

// load reads what save wrote of a Series with the same step.
func (s *Series) load(u *unpacker) {
	s.n, s.first, s.last = u.number(1<<40), u.signed(), u.signed()
	s.best = u.number(len(s.views))
	state := u.number(4)
	s.open, s.up, s.calm, s.since = state&1 != 0, state&2 != 0, u.signed(), u.signed()
	s.day.load(u)
	s.week.load(u)
	for i := range s.views {
		s.views[i].load(u)
	}
}

func (c *cycle) save(w *packer) {
	w.signed(c.now)
	w.float(c.sum)
	w.number(c.n)
	for p, n := range c.have {
		w.dst = append(w.dst, n)
		for _, x := range c.means[p*c.keep : p*c.keep+int(n)] {
			w.single(x)
		}
	}
}

func (c *cycle) load(u *unpacker) {
	c.now, c.sum, c.n = u.signed(), u.float(), u.number(1<<40)
	for p := range c.have {
		n := u.byte()
		if int(n) > c.keep {
			u.fail()
		}
		if u.bad {
			return
		}
		c.have[p] = n
		for i := range int(n) {
			c.means[p*c.keep+i] = u.single()
		}
	}
}

func (v *view) save(w *packer) {
	w.float(v.bias)
	w.float(v.err)
	w.number(v.seen)
	w.number(v.fill)
	w.number(v.at)
	for i := range v.fill { // those that count
		w.single(v.window[(v.at+len(v.window)-1-i)%len(v.window)])
	}
	for i := range v.scales {
		c := &v.scales[i]
		if c.width == 0 {
			continue
		}
		w.float(c.sum)
		w.float(c.spread)
		w.number(c.seen)
		for j := range c.sides {
			d := &c.sides[j]
			w.signed(d.day)
			w.number(d.days)
			w.float(d.most)
			w.float(d.mean)
			w.float(d.vari)
		}
	}
}

func (v *view) load(u *unpacker) {
	v.bias, v.err, v.seen = u.float(), u.float(), u.number(1<<40)
	v.fill, v.at = u.number(len(v.window)+1), u.number(len(v.window))
	for i := range v.fill {
		v.window[(v.at+len(v.window)-1-i)%len(v.window)] = u.single()
	}
	for i := range v.scales {
		c := &v.scales[i]
		if c.width == 0 {
			continue
		}
		c.sum, c.spread, c.seen = u.float(), u.float(), u.number(1<<40)
		for j := range c.sides {
			d := &c.sides[j]
			d.day, d.days, d.most, d.mean, d.vari = u.signed(), u.number(1<<40), u.float(), u.float(), u.float()
		}
	}
}

// single writes a number of four bytes.
