package detect

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/sigma"
)

// The oracle: the semantics that Correlator documents, computed from scratch for every event over slices, without
// rings, counts kept along, or clauses.

// occurrence is an event of one group as the oracle sees it.
type occurrence struct {
	time, record int64
	pos          int
	value        string
}

type oracle struct {
	corr *sigma.Correlation
}

func (o oracle) late() bool {
	if o.corr.Expr != nil {
		return hasNot(o.corr.Expr)
	}
	if temporal(o.corr.Type) && len(o.corr.Condition) == 0 {
		return false
	}
	return !slices.ContainsFunc(o.corr.Condition, func(k sigma.CountCondition) bool {
		return k.Cmp == sigma.GT || k.Cmp == sigma.GE || k.Cmp == sigma.EQ
	})
}

// hits returns what show would write of the hits in one group's events, which are in order.
func (o oracle) hits(group string, es []occurrence) []string {
	if o.late() {
		return o.tumbling(group, es)
	}
	var out []string
	var members []occurrence
	var first occurrence
	var last int64
	high, covered := 0.0, 0
	flush := func() {
		if members != nil {
			out = append(out, line(first.time, group, high, members))
		}
		members = nil
	}
	for i, e := range es {
		from := i
		for from > 0 && e.time-es[from-1].time <= o.corr.Timespan {
			from--
		}
		w := es[from : i+1]
		if !o.holds(w) {
			continue
		}
		if members != nil && e.time-last > o.corr.Timespan {
			flush()
		}
		if members == nil {
			from = max(from, covered)
			if o.corr.Type == sigma.TemporalOrdered {
				for es[from].pos != 0 {
					from++
				}
			}
			first, covered, high = e, from, o.value(w)
		}
		members = append(members, es[covered:i+1]...)
		covered, last, high = i+1, e.time, max(high, o.value(w))
	}
	flush()
	return out
}

func (o oracle) tumbling(group string, es []occurrence) []string {
	var out []string
	for len(es) > 0 {
		n := 1
		for n < len(es) && es[n].time-es[0].time <= o.corr.Timespan {
			n++
		}
		if w := es[:n]; o.holds(w) {
			out = append(out, line(w[n-1].time, group, o.value(w), w))
		}
		es = es[n:]
	}
	return out
}

func line(time int64, group string, v float64, es []occurrence) string {
	var records []string
	for _, e := range es {
		records = append(records, fmt.Sprint(e.record))
	}
	return fmt.Sprintf("%d [%s] %.9g %d: %s", time, group, v, len(es), strings.Join(records, " "))
}

func (o oracle) holds(w []occurrence) bool {
	switch {
	case o.corr.Expr != nil:
		return o.eval(o.corr.Expr, w)
	case o.corr.Type == sigma.TemporalOrdered:
		return o.completes(w, len(w)-1, len(o.corr.Rules)-1)
	case o.corr.Type == sigma.Temporal && len(o.corr.Condition) == 0:
		return int(o.value(w)) == len(o.corr.Rules)
	}
	for _, k := range o.corr.Condition {
		if !k.Cmp.Holds(o.value(w), k.Value) {
			return false
		}
	}
	return true
}

func (o oracle) eval(e *sigma.CorrelationExpr, w []occurrence) bool {
	switch e.Op {
	case sigma.Test:
		return slices.ContainsFunc(w, func(s occurrence) bool { return s.pos == e.Rule })
	case sigma.Not:
		return !o.eval(e.Kids[0], w)
	case sigma.And:
		return !slices.ContainsFunc(e.Kids, func(k *sigma.CorrelationExpr) bool { return !o.eval(k, w) })
	}
	return slices.ContainsFunc(e.Kids, func(k *sigma.CorrelationExpr) bool { return o.eval(k, w) })
}

// completes tells whether w[i] is of the rule at pos, and different events of the rules before it stand before it.
func (o oracle) completes(w []occurrence, i, pos int) bool {
	if w[i].pos != pos {
		return false
	}
	if pos == 0 {
		return true
	}
	for j := range i {
		if w[j].record != w[i].record && o.completes(w, j, pos-1) {
			return true
		}
	}
	return false
}

func (o oracle) value(w []occurrence) float64 {
	kinds := make(map[string]bool)
	var numbers []float64
	sum := 0.0
	for _, e := range w {
		if temporal(o.corr.Type) {
			kinds[fmt.Sprint(e.pos)] = true
			continue
		}
		kinds[e.value] = true
		f, _ := number(e.value)
		numbers = append(numbers, f)
		sum += f
	}
	slices.Sort(numbers)
	switch o.corr.Type {
	case sigma.EventCount:
		return float64(len(w))
	case sigma.ValueSum:
		return sum
	case sigma.ValueAvg:
		return sum / float64(len(w))
	case sigma.ValueMin:
		return numbers[0]
	case sigma.ValueMax:
		return numbers[len(numbers)-1]
	case sigma.ValueMedian:
		return (numbers[(len(w)-1)/2] + numbers[len(w)/2]) / 2
	case sigma.ValuePercentile:
		at := o.corr.Percent / 100 * float64(len(w)-1)
		low := int(math.Floor(at))
		high := min(low+1, len(w)-1)
		return numbers[low] + (at-float64(low))*(numbers[high]-numbers[low])
	}
	return float64(len(kinds))
}

// memorySpill is a Spill for tests.
type memorySpill struct{ b []byte }

func (m *memorySpill) Write(p []byte) (int, error) { m.b = append(m.b, p...); return len(p), nil }

func (m *memorySpill) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, m.b[min(off, int64(len(m.b))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// randomCorrelation makes a rule over three detections.
func randomCorrelation(r *rand.Rand, rules []*sigma.Rule) sigma.Correlation {
	cmps := []sigma.Cmp{sigma.EQ, sigma.NE, sigma.LT, sigma.LE, sigma.GT, sigma.GE}
	corr := sigma.Correlation{
		Type: sigma.CorrelationType(r.IntN(int(sigma.ValueMax) + 1)), Rules: refs(rules...), GroupBy: []string{"g"},
		Timespan: int64(1 + r.IntN(8)), Percent: float64(r.IntN(101)),
	}
	corr.Condition = cond(cmps[r.IntN(len(cmps))], float64(r.IntN(6)))
	if r.IntN(4) == 0 {
		corr.Condition = append(corr.Condition, sigma.CountCondition{Cmp: cmps[r.IntN(len(cmps))], Value: float64(r.IntN(8))})
	}
	switch corr.Type {
	case sigma.TemporalOrdered:
		corr.Condition = nil
	case sigma.Temporal:
		switch r.IntN(3) {
		case 0:
			corr.Condition = nil
		case 1:
			corr.Condition, corr.Expr = nil, randomExpr(r, 3)
		}
	case sigma.EventCount:
	default:
		corr.Field = []string{"v"}
	}
	return corr
}

func randomExpr(r *rand.Rand, depth int) *sigma.CorrelationExpr {
	switch n := r.IntN(6); {
	case depth == 0 || n < 2:
		return leafOf(r.IntN(3))
	case n == 2:
		return both(sigma.Not, randomExpr(r, depth-1))
	case n < 5:
		return both(sigma.And, randomExpr(r, depth-1), randomExpr(r, depth-1))
	}
	return both(sigma.Or, randomExpr(r, depth-1), randomExpr(r, depth-1))
}

// randomTimeline makes observations in order; an event may hit two rules.
func randomTimeline(r *rand.Rand, rules []*sigma.Rule, needs int) []Observation {
	var os []Observation
	now := int64(1)
	for i := range 1 + r.IntN(40) {
		now += int64(r.IntN(4))
		if r.IntN(12) == 0 {
			now += int64(r.IntN(20))
		}
		pos := r.IntN(len(rules))
		for range 1 + r.IntN(8)/7 {
			fields := []string{string(rune('g' + r.IntN(2))), fmt.Sprint(r.IntN(6))}
			os = append(os, Observation{Rule: rules[pos], Time: now, Ref: EventRef{File: "f", Record: int64(i)}, Fields: fields[:needs]})
			if pos++; pos == len(rules) {
				break
			}
		}
	}
	return os
}

func TestAgainstOracle(t *testing.T) {
	rules := []*sigma.Rule{base("a"), base("b"), base("c")}
	hits, refused := 0, 0
	for seed := range uint64(5000) {
		r := rand.New(rand.NewPCG(seed, 1))
		corr := randomCorrelation(r, rules)
		x := correlation("x", corr)
		c, err := NewCorrelator([]*sigma.Rule{x})
		if err != nil {
			refused++
			continue
		}
		os := randomTimeline(r, rules, len(c.Needs(rules[0])))
		groups := make(map[string][]occurrence)
		for _, o := range os {
			s := occurrence{time: o.Time, record: o.Ref.Record, pos: slices.Index(rules, o.Rule)}
			if len(o.Fields) > 1 {
				s.value = o.Fields[1]
			}
			groups[o.Fields[0]] = append(groups[o.Fields[0]], s)
		}
		var want, got []string
		for g, es := range groups {
			want = append(want, oracle{&corr}.hits(g, es)...)
		}
		sorter := newSorting(rules, func() (order.Spill, error) { return &memorySpill{}, nil })
		sorter.Limit = 200 + r.IntN(2000)
		for _, i := range r.Perm(len(os)) {
			if err := sorter.add(&os[i]); err != nil {
				t.Fatal(err)
			}
		}
		note := func(hs []CorrelationHit) {
			for _, h := range hs {
				es := make([]occurrence, len(h.Events))
				for i, e := range h.Events {
					es[i].record = e.Record
				}
				if int(h.Count) != len(es) {
					t.Fatalf("seed %d: count %d of %d events", seed, h.Count, len(es))
				}
				got = append(got, line(h.Time, h.Group[0], h.Value, es))
			}
		}
		if err := sorter.each(func(o *Observation) error { note(c.Observe(o)); return nil }); err != nil {
			t.Fatal(err)
		}
		note(c.Finish())
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %s (type %d)\ngot\n%s\nwant\n%s\nof %v", seed, DescribeCorrelation(&corr), corr.Type,
				strings.Join(got, "\n"), strings.Join(want, "\n"), groups)
		}
		if c.size != 0 || len(c.plans[0].groups) != 0 {
			t.Fatalf("seed %d: %s: %d bytes are accounted for after the end", seed, DescribeCorrelation(&corr), c.size)
		}
		hits += len(want)
	}
	if hits < 10000 || refused > 1500 {
		t.Errorf("only %d hits, %d rules refused: the timelines test too little", hits, refused)
	}
}

// TestTogetherAsAlone runs many correlations at once, a chain of two among them, over observations that arrive in any
// order: each must hit as it does alone and in order.
func TestTogetherAsAlone(t *testing.T) {
	a, b, c := base("a"), base("b"), base("c")
	rules := []*sigma.Rule{a, b, c}
	hits := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		var all []*sigma.Rule
		var units [][]*sigma.Rule
		add := func(rs ...*sigma.Rule) {
			all, units = append(all, rs...), append(units, rs)
		}
		for i := range 6 {
			x := correlation(fmt.Sprint("x", i), randomCorrelation(r, rules))
			if CheckCorrelation(x) == nil {
				add(x)
			}
		}
		inner := randomCorrelation(r, rules[:2])
		inner.Generate = r.IntN(2) == 0
		many := correlation("many", inner)
		outer := randomCorrelation(r, []*sigma.Rule{many, c})
		outer.Expr, outer.GroupBy = nil, []string{[]string{"g", "v"}[r.IntN(2)]}
		outer.Generate = true
		then := correlation("then", outer)
		if CheckCorrelation(many) == nil && CheckCorrelation(then) == nil {
			add(many, then)
		}
		var os []Observation // with both fields, by name
		for _, o := range randomTimeline(r, rules, 2) {
			o.Ref.File = fmt.Sprint("f", r.IntN(3))
			os = append(os, o)
		}
		got := together(t, all, rules, os, r)
		var want []string
		for _, u := range units {
			want = append(want, together(t, u, rules, os, nil)...)
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: together\n%s\nalone\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		hits += len(want)
	}
	if hits < 5000 {
		t.Errorf("only %d hits", hits)
	}
}

// together returns the hits of correlations, sorted; the observations arrive in an order that r makes up.
func together(t *testing.T, correlations, rules []*sigma.Rule, os []Observation, r *rand.Rand) []string {
	c, err := NewCorrelator(correlations)
	if err != nil {
		t.Fatal(err)
	}
	s := newSorting(rules, func() (order.Spill, error) { return &memorySpill{}, nil })
	arrival := make([]int, len(os))
	for i := range os {
		arrival[i] = i
	}
	if r != nil {
		arrival = r.Perm(len(os))
		s.Limit = 300
	}
	for _, i := range arrival {
		o := os[i]
		o.Fields = nil
		for _, n := range c.Needs(o.Rule) {
			o.Fields = append(o.Fields, os[i].Fields[strings.Index("gv", n)])
		}
		if err := s.add(&o); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	note := func(hs []CorrelationHit) {
		for i := range hs {
			got = append(got, show(&hs[i]))
		}
	}
	if err := s.each(func(o *Observation) error { note(c.Observe(o)); return nil }); err != nil {
		t.Fatal(err)
	}
	note(c.Finish())
	if c.size != 0 {
		t.Fatalf("%d bytes are accounted for after the end", c.size)
	}
	slices.Sort(got)
	return got
}
