package sense

import "github.com/tocsin-sec/tocsin/pack"

// save writes what a Series has learnt; what is not there costs nothing.
func (s *series) save(w *pack.Packer) {
	w.Number(s.n)
	w.Signed(s.first)
	w.Signed(s.last)
	w.Number(s.best)
	w.Number(int(pack.Flag(s.open) | pack.Flag(s.up)<<1))
	w.Signed(s.calm)
	w.Signed(s.since)
	s.day.save(w)
	s.week.save(w)
	for i := range s.views {
		s.views[i].save(w)
	}
}

// load reads what save wrote of a Series with the same step.
func (s *series) load(u *pack.Unpacker) {
	s.n, s.first, s.last = u.Number(1<<40), u.Signed(), u.Signed()
	s.best = u.Number(len(s.views))
	state := u.Number(4)
	s.open, s.up, s.calm, s.since = state&1 != 0, state&2 != 0, u.Signed(), u.Signed()
	s.day.load(u)
	s.week.load(u)
	for i := range s.views {
		s.views[i].load(u)
	}
}

func (c *cycle) save(w *pack.Packer) {
	w.Signed(c.now)
	w.Float(c.sum)
	w.Number(c.n)
	for p, n := range c.have {
		w.Data = append(w.Data, n)
		for _, x := range c.means[p*c.keep : p*c.keep+int(n)] {
			w.Single(x)
		}
	}
}

func (c *cycle) load(u *pack.Unpacker) {
	c.now, c.sum, c.n = u.Signed(), u.Float(), u.Number(1<<40)
	for p := range c.have {
		n := u.Byte()
		if int(n) > c.keep {
			u.Fail()
		}
		if u.Bad {
			return
		}
		c.have[p] = n
		for i := range int(n) {
			c.means[p*c.keep+i] = u.Single()
		}
	}
}

func (v *view) save(w *pack.Packer) {
	w.Float(v.bias)
	w.Float(v.err)
	w.Number(v.seen)
	w.Number(v.fill)
	w.Number(v.at)
	for i := range v.fill { // those that count
		w.Single(v.window[(v.at+len(v.window)-1-i)%len(v.window)])
	}
	for i := range v.scales {
		c := &v.scales[i]
		if c.width == 0 {
			continue
		}
		w.Float(c.sum)
		w.Float(c.spread)
		w.Number(c.seen)
		for j := range c.sides {
			d := &c.sides[j]
			w.Signed(d.day)
			w.Number(d.days)
			w.Float(d.most)
			w.Float(d.mean)
			w.Float(d.vari)
		}
	}
}

func (v *view) load(u *pack.Unpacker) {
	v.bias, v.err, v.seen = u.Float(), u.Float(), u.Number(1<<40)
	v.fill, v.at = u.Number(len(v.window)+1), u.Number(len(v.window))
	for i := range v.fill {
		v.window[(v.at+len(v.window)-1-i)%len(v.window)] = u.Single()
	}
	for i := range v.scales {
		c := &v.scales[i]
		if c.width == 0 {
			continue
		}
		c.sum, c.spread, c.seen = u.Float(), u.Float(), u.Number(1<<40)
		for j := range c.sides {
			d := &c.sides[j]
			d.day, d.days, d.most, d.mean, d.vari = u.Signed(), u.Number(1<<40), u.Float(), u.Float(), u.Float()
		}
	}
}

// single writes a number of four bytes.
