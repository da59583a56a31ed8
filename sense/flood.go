package sense

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"

	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

// flood watches how many connections each address opens and each port of each address gets, in spans of ten seconds,
// and tells of those that are many times what the busiest usually is. A flood is over when it has been quiet for five
// minutes; it is told when it begins, and at its end as a whole.
//
// In one span it counts maxFloodKeys addresses and ports; what comes beyond them is counted for nobody: an attack from
// very many addresses is still seen at the port that it is for, which is counted first.
type flood struct {
	senses *Detectors
	span   int64 // that is being counted, since 1970
	now    map[floodKey]*floodCount
	usual  [2]busiest // of sources, of ports
	open   map[floodKey]*floodOpen
}

// floodKey is an address that opens connections (no port), or one that gets them at a port.
type floodKey struct {
	addr   netip.Addr
	port   uint16
	target bool
}

type floodCount struct {
	n, refused int64
	other      netip.Addr // the last on the other side
	port       uint16
	ref        sight.EventRef
}

// busiest is how many connections the busiest had in a span, of late: the mean of the logarithm and of its square.
type busiest struct{ n, mean, square float64 }

type floodOpen struct {
	first, last int64
	total       int64
	refused     int64
	peak        int64
	usual       float64
	other       netip.Addr
	port        uint16
	refs        []sight.EventRef
}

const (
	floodSpan    = 10 * nsMinute / 60
	maxFloodKeys = 8192
	maxFloods    = 256
	leastFlood   = 500 // connections in a span
	floodTimes   = 5.0 // times the busiest of late
	floodSpans   = 30  // spans with any connection that were seen before
	floodQuiet   = 5 * nsMinute
)

func newFlood(s *Detectors) detector {
	f := &flood{senses: s, now: make(map[floodKey]*floodCount), open: make(map[floodKey]*floodOpen)}
	return detector{name: "flood", see: f.see, advance: f.advance, finish: f.finish, save: f.save, load: f.load, notes: func() []string { return nil }}
}

func (f *flood) see(s *sight.Sighting) {
	if s.Kind != sight.SawFlow {
		return
	}
	f.count(floodKey{addr: s.Destination, port: s.Port, target: true}, s, s.Source)
	f.count(floodKey{addr: s.Source}, s, s.Destination)
}

func (f *flood) count(k floodKey, s *sight.Sighting, other netip.Addr) {
	c := f.now[k]
	if c == nil {
		if len(f.now) >= maxFloodKeys {
			return
		}
		c = &floodCount{ref: s.Ref}
		f.now[k] = c
	}
	c.n += s.Count
	if s.Outcome == sight.Failed {
		c.refused += s.Count
	}
	c.other, c.port = other, s.Port
}

// advance closes the span at hand when it is over.
func (f *flood) advance(now int64) {
	span := now / floodSpan
	if span == f.span {
		return
	}
	if len(f.now) > 0 {
		f.close()
	}
	f.span = span
	f.end(now - floodQuiet)
}

func (f *flood) close() {
	var most [2]int64
	var many []floodKey
	for k, c := range f.now {
		side := int(pack.Flag(k.target))
		if f.open[k] == nil {
			most[side] = max(most[side], c.n)
		}
		if c.n >= leastFlood || f.open[k] != nil {
			many = append(many, k)
		}
	}
	slices.SortFunc(many, func(a, b floodKey) int {
		return cmp.Or(a.addr.Compare(b.addr), cmp.Compare(a.port, b.port), cmp.Compare(pack.Flag(a.target), pack.Flag(b.target)))
	})
	for _, k := range many {
		f.judge(k, f.now[k])
	}
	for side := range f.usual {
		f.usual[side].add(most[side])
	}
	clear(f.now)
}

func (b *busiest) add(n int64) {
	if n == 0 {
		return
	}
	x := math.Log(float64(n))
	if b.n >= floodSpans { // a flood does not make floods usual, not soon
		x = min(x, math.Log(b.bound()))
	}
	b.n++
	w := max(0.002, 1/b.n)
	b.mean += w * (x - b.mean)
	b.square += w * (x*x - b.square)
}

// bound is how many connections are a flood.
func (b *busiest) bound() float64 {
	sd := math.Sqrt(max(b.square-b.mean*b.mean, 0))
	return max(leastFlood, floodTimes*math.Exp(b.mean+2*sd))
}

func (f *flood) judge(k floodKey, c *floodCount) {
	o := f.open[k]
	usual := &f.usual[pack.Flag(k.target)]
	if o == nil {
		if usual.n < floodSpans || float64(c.n) < usual.bound() || len(f.open) >= maxFloods {
			return
		}
		o = &floodOpen{first: f.span * floodSpan, usual: math.Exp(usual.mean), refs: []sight.EventRef{c.ref}}
		f.open[k] = o
		f.add(o, c)
		f.say(k, o, true)
		return
	}
	if float64(c.n) >= usual.bound()/2 {
		f.add(o, c)
	}
}

func (f *flood) add(o *floodOpen, c *floodCount) {
	o.last = (f.span + 1) * floodSpan
	o.total += c.n
	o.refused += c.refused
	o.peak = max(o.peak, c.n)
	o.other, o.port = c.other, c.port
	if len(o.refs) < MaxRefs {
		o.refs = append(o.refs, c.ref)
	}
}

// end tells, as a whole, the floods that were quiet since a time.
func (f *flood) end(before int64) {
	var over []floodKey
	for k, o := range f.open {
		if o.last <= before {
			over = append(over, k)
		}
	}
	slices.SortFunc(over, func(a, b floodKey) int {
		return cmp.Or(cmp.Compare(f.open[a].first, f.open[b].first), a.addr.Compare(b.addr), cmp.Compare(a.port, b.port), cmp.Compare(pack.Flag(a.target), pack.Flag(b.target)))
	})
	for _, k := range over {
		f.say(k, f.open[k], false)
		delete(f.open, k)
	}
}

func (f *flood) finish() {
	if len(f.now) > 0 {
		f.close()
	}
	f.end(math.MaxInt64)
}

func (f *flood) say(k floodKey, o *floodOpen, open bool) {
	seconds := float64(o.last-o.first) / 1e9
	rate, usual := float64(o.total)/seconds, o.usual*1e9/float64(floodSpan)
	var text string
	fields := []Field{
		{"tocsin.evidence.per_second", strconv.FormatFloat(rate, 'f', 1, 64)},
		{"tocsin.evidence.usual_per_second", strconv.FormatFloat(usual, 'f', 1, 64)},
		{"tocsin.evidence.peak_per_second", strconv.FormatFloat(float64(o.peak)*1e9/float64(floodSpan), 'f', 1, 64)},
		{"tocsin.evidence.refused", strconv.FormatInt(o.refused, 10)},
	}
	if k.target {
		text = fmt.Sprintf("port %d of %s got %d connections in %.0f s, %.0f a second; the busiest port usually gets %.1f a second", k.port, k.addr, o.total, seconds, rate, usual)
		fields = append(fields, Field{"destination.ip", k.addr.String()}, Field{"destination.port", strconv.Itoa(int(k.port))})
	} else {
		text = fmt.Sprintf("%s opened %d connections in %.0f s, %.0f a second, most lately to port %d of %s; the busiest address usually opens %.1f a second", k.addr, o.total, seconds, rate, o.port, o.other, usual)
		fields = append(fields, Field{"source.ip", k.addr.String()}, Field{"destination.port", strconv.Itoa(int(o.port))})
	}
	if o.refused > 0 {
		text += fmt.Sprintf("; %d %% were refused", o.refused*100/max(o.total, 1))
	}
	f.senses.say(&Finding{
		Key: findingKey("flood", k.addr.String(), strconv.Itoa(int(k.port)), strconv.FormatInt(o.first, 10)), Action: "flood",
		Time: o.first + floodSpan, Last: o.last, Text: text, Fields: fields, Refs: o.refs, Count: o.total, Open: open,
	})
}
