package sense

import (
	"cmp"
	"math"
	"slices"
)

// series judges a series of numbers as it comes: how many events in five minutes, how many bytes in an hour, a
// temperature. It learns what is normal from the series itself and says what is out of the ordinary for it.
//
// Five views compete to foretell the next value: the level of the last hours, of the last day, of the last weeks, the
// usual value at this time of the day, and the usual value at this time of the week. Each corrects itself by what it was off lately, so
// that trends are followed, and is believed when it has seen its cycle at least twice. The one that was off the least
// lately is asked. What it is off by is averaged over spans from one value to a day; an average is out of the ordinary
// if it is far beyond the spread of such averages and beyond what the farthest of each day so far lets one expect in some
// two years. So spiky series get wide bounds and even ones narrow bounds, and what happens again and again becomes
// normal, a step each time.
//
// It takes about 20 KB at most. A Series belongs to one goroutine.
type series struct {
	step  int64 // between values, nanoseconds
	n     int   // values so far
	first int64 // the time of the first
	last  int64 // and of the last
	day   cycle
	week  cycle
	views [5]view
	best  int
	open  bool  // something is out of the ordinary
	up    bool  // to that side
	since int64 // then
	calm  int64 // since when nothing was, while open; 0 is that something was just now
}

const (
	nsMinute = int64(60e9)
	nsHour   = 60 * nsMinute
	nsDay    = 24 * nsHour
	nsWeek   = 7 * nsDay
)

// The views of a Series.
const (
	viewHours = iota
	viewDays
	viewDay
	viewWeek
	viewWeeks
)

// anomaly is what a Series says of values that end with the one just added.
type anomaly struct {
	From, Time int64   // of the first and the last of the values, nanoseconds since 1970
	Mean       float64 // of the values
	Expected   float64 // what their mean is normally
	Spread     float64 // by how much that mean is off normally
	Score      float64 // how far beyond the bound it is, as a factor; more than 1
}

// newSeries makes a Series of values that come every so many nanoseconds, at least one minute and at most one day. Some
// may be missing.
func newSeries(step int64) *series {
	step = min(max(step, nsMinute), nsDay)
	s := &series{step: step}
	s.day = newCycle(nsDay, max(step, 15*nsMinute), 7)
	s.week = newCycle(nsWeek, max(step, 30*nsMinute), 4)
	for i, memory := range [5]int64{3 * nsHour, nsDay, 2 * nsDay, 2 * nsDay, 14 * nsDay} {
		s.views[i] = newView(step, max(memory, 4*step))
	}
	return s
}

// Add takes the next value. It returns what is out of the ordinary, nil where nothing is or where it has been said
// already that something is. A value that is older than the one before is left out.
func (s *series) Add(t int64, v float64) *anomaly {
	if math.IsNaN(v) || math.IsInf(v, 0) || s.n > 0 && t <= s.last {
		return nil
	}
	if s.n == 0 {
		s.first = t
	}
	s.n++
	gap := s.n > 1 && t-s.last > 24*s.step
	s.last = t
	var a *anomaly
	for i := range s.views {
		base, ok := s.base(i, t)
		if !ok {
			continue
		}
		if x := s.views[i].add(t, v-base, gap); x != nil && s.ready(i, t) && s.views[i].err <= otherViews*s.views[s.best].err {
			x.Mean += base
			x.Expected += base
			if a == nil || a.Score < x.Score {
				a = x
			}
		}
	}
	s.day.add(t, v)
	s.week.add(t, v)
	s.choose(t)
	return s.judge(t, a)
}

// judge says an anomaly once: it is over when nothing has been out of the ordinary for half a day. What is far out to the
// other side a day later is another; before, it may be but the end of the first.
func (s *series) judge(t int64, a *anomaly) *anomaly {
	switch {
	case a == nil && s.open && s.calm == 0:
		s.calm = t
	case a == nil:
		s.open = s.open && t-s.calm < nsDay/2
	case s.open && (s.up == (a.Mean > a.Expected) || a.Score < otherSide || t-s.since < nsDay):
		s.calm = 0
	default:
		s.open, s.since, s.calm, s.up = true, t, 0, a.Mean > a.Expected
		return a
	}
	return nil
}

// base is what a view takes to be normal at a time, before its correction.
func (s *series) base(i int, t int64) (float64, bool) {
	switch i {
	case viewDay:
		return s.day.usual(t)
	case viewWeek:
		return s.week.usual(t)
	}
	return 0, true
}

// ready tells whether a view has seen enough to be asked.
func (s *series) ready(i int, t int64) bool {
	v := &s.views[i]
	age := t - s.first
	return v.seen >= minSeen && age >= nsDay && (i != viewWeek || v.seen >= int(nsWeek/s.step))
}

const minSeen = 150

// choose takes the view that was off the least.
func (s *series) choose(t int64) {
	for i := range s.views {
		if i != s.best && s.ready(i, t) && (!s.ready(s.best, t) || s.views[i].err < 0.85*s.views[s.best].err) {
			s.best = i
		}
	}
}

// cycle keeps what is usual at each time of a day or a week.
type cycle struct {
	length, slot int64
	keep         int
	means        []float32 // of each slot the last ones, oldest first
	have         []uint8
	now          int64 // the slot that is being summed up, counted since 1970
	sum          float64
	n            int
}

func newCycle(length, slot int64, keep int) cycle {
	n := int((length + slot - 1) / slot)
	return cycle{length: length, slot: slot, keep: keep, means: make([]float32, n*keep), have: make([]uint8, n)}
}

func (c *cycle) place(slot int64) int {
	n := int64(len(c.have))
	return int(((slot % n) + n) % n)
}

// usual returns the median of the last values at this time of the cycle.
func (c *cycle) usual(t int64) (float64, bool) {
	p := c.place(t / c.slot)
	n := int(c.have[p])
	if n < 2 {
		return 0, false
	}
	var room [8]float32
	list := append(room[:0], c.means[p*c.keep:p*c.keep+n]...)
	slices.Sort(list)
	if n%2 == 1 {
		return float64(list[n/2]), true
	}
	return float64(list[n/2-1]+list[n/2]) / 2, true
}

func (c *cycle) add(t int64, v float64) {
	if slot := t / c.slot; slot != c.now {
		c.close()
		c.now = slot
	}
	c.sum += v
	c.n++
}

// close keeps the mean of the slot that is over.
func (c *cycle) close() {
	if c.n == 0 {
		return
	}
	p := c.place(c.now)
	list := c.means[p*c.keep : (p+1)*c.keep]
	if int(c.have[p]) == c.keep {
		copy(list, list[1:])
		c.have[p]--
	}
	list[c.have[p]] = float32(c.sum / float64(c.n))
	c.have[p]++
	c.sum, c.n = 0, 0
}

// view is one way to foretell the next value.
type view struct {
	step   int64
	gain   float64 // by which the correction follows
	slow   float64 // by which the mean of the errors does
	bias   float64 // the correction: what it was off by lately
	err    float64 // how much it is off, on the average
	seen   int
	window []float32 // what it was off by, a ring
	fill   int       // of it
	at     int
	scales [4]scale
}

func newView(step, memory int64) view {
	v := view{step: step, gain: float64(step) / float64(memory), slow: float64(step) / float64(3*nsDay)}
	widest := 0
	for i, span := range [4]int64{0, nsHour, 6 * nsHour, nsDay} {
		w := max(1, int(span/step))
		if w <= widest || memory < 2*span {
			continue
		}
		v.scales[i].width, widest = w, w
	}
	v.window = make([]float32, widest)
	return v
}

// scale are the averages, over one span, of what a view was off by.
type scale struct {
	width  int // values; 0 is not used
	sum    float64
	spread float64 // how far from 0 they are, on the average
	seen   int
	sides  [2]side // above and below 0
}

// side is how far the averages go to one side.
type side struct {
	day  int64   // counted since 1970
	most float64 // on that day
	days int
	mean float64 // of the farthest of each day
	vari float64 // their variance
}

// add takes what the view was off by before its correction.
func (v *view) add(t int64, off float64, gap bool) *anomaly {
	if v.seen == 0 {
		v.bias = off
	}
	if gap {
		v.restart()
	}
	v.seen++
	r := off - v.bias
	size := math.Abs(r)
	if v.seen > minSeen/2 {
		size = min(size, 8*v.err)
	}
	v.err += max(v.slow, 1/float64(v.seen+1)) * (size - v.err)
	v.bias += max(v.gain, 1/float64(v.seen+1)) * min(max(r, -6*v.err), 6*v.err)
	return v.measure(t, r)
}

func (v *view) restart() {
	clear(v.window)
	v.fill = 0
	for i := range v.scales {
		v.scales[i].sum = 0
	}
}

// measure brings the averages up to date and judges them.
func (v *view) measure(t int64, r float64) *anomaly {
	var worst *anomaly
	n := len(v.window)
	v.fill = min(v.fill+1, n)
	old := v.window
	for i := range v.scales {
		c := &v.scales[i]
		if c.width == 0 {
			continue
		}
		c.sum += float64(float32(r))
		if v.fill >= c.width {
			if v.fill > c.width || v.fill == n {
				c.sum -= float64(old[(v.at+n-c.width)%n])
			}
			mean := c.sum / float64(c.width)
			if score := c.judge(t, mean); score > 1 && (worst == nil || score > worst.Score) {
				worst = &anomaly{From: t - int64(c.width-1)*v.step, Time: t, Mean: mean + v.bias, Expected: v.bias, Spread: c.spread, Score: score}
			}
		}
	}
	v.window[v.at] = float32(r)
	v.at = (v.at + 1) % n
	return worst
}

// The bounds beyond which an average is out of the ordinary. The farthest of each day is taken to follow Gumbel's
// distribution, as the farthest of many values do: mean + 4.7 standard deviations is what they pass on one day in 700.
const (
	farSpread  = 6.0  // times the spread, at least
	farDaily   = 4.7  // standard deviations of the daily farthest above their mean
	leastDaily = 0.12 // of the mean, at least, is their standard deviation
	youngDays  = 3.0  // a standard deviation of n days is taken to be 1 + youngDays/n times as large
	memoryDays = 20.0 // by which the daily farthest are forgotten
	otherSide  = 1.5  // the score of what is told while something to the other side goes on
	otherViews = 4.0  // a view that is off by so many times as much as the best is not asked
)

// judge says how far beyond the bound an average is, and learns from it.
func (c *scale) judge(t int64, mean float64) float64 {
	size := math.Abs(mean)
	d := &c.sides[0]
	if mean < 0 {
		d = &c.sides[1]
	}
	c.seen++
	score := 0.0
	bound := d.bound()
	if other := c.sides[0].mean + c.sides[1].mean; other > 0 {
		bound = max(bound, 0.5*other)
	}
	bound = max(bound, farSpread*c.spread)
	if c.seen > minSeen && d.days >= 2 && bound > 0 {
		score = size / bound
	}
	if score > 1 {
		size = bound
	}
	for i := range c.sides {
		c.sides[i].turn(t)
	}
	d.most = max(d.most, size)
	c.spread += max(0.001, 1/float64(c.seen)) * (min(size, cmp.Or(10*c.spread, size)) - c.spread)
	return score
}

// bound is what is passed once in a long time.
func (d *side) bound() float64 {
	sd := max(math.Sqrt(d.vari), leastDaily*d.mean)
	return d.mean + farDaily*sd*(1+youngDays/float64(max(d.days, 1)))
}

// turn takes the farthest of the day that is over into account.
func (d *side) turn(t int64) {
	day := t / nsDay
	if day == d.day {
		return
	}
	if d.day != 0 {
		d.days++
		w := max(1/memoryDays, 1/float64(d.days))
		off := d.most - d.mean
		d.mean += w * off
		d.vari = (1 - w) * (d.vari + w*off*off)
	}
	d.day, d.most = day, 0
}
