package detect

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/tocsin-sec/tocsin/sigma"
)

// Bounds of one correlation rule; one that passes them is refused.
const (
	maxRefs    = 64 // rules that a temporal correlation refers to
	maxClauses = 64 // ways in which a boolean condition can come true
)

// plan is a correlation rule made ready to run, and the state of its groups.
type plan struct {
	rule     *sigma.Rule
	span     int64
	late     bool // judged when the window ends, not while it fills
	limit    int  // entries that one window may hold
	counting bool // the condition is about a number, not about which rules hit
	alone    bool // its hits are reported, not only passed on

	nGroup, nValue int // of the values that a link picks: the group-by first, then the value fields, then what is carried
	carried        int
	clauses        []clause // temporal types: one is enough
	wants          []string // what outer correlations need of its hits
	from           []int    // for each of wants: index into the group's values, or -1-n for the n-th carried value
	outer          []link   // the correlations that refer to it
	out            []string // room for the values that are passed on

	groups      map[string]*group
	front, back *group // in order of time: when last touched; when begun, if late
}

// link leads from a rule to a correlation that refers to it.
type link struct {
	plan int
	pos  int   // index into Correlation.Rules
	pick []int // for each value that the plan needs: index into what is extracted for the rule
}

// clause is one way for a temporal correlation to come true: all rules of chain were seen (where order counts: in that
// order), and none of forbid.
type clause struct {
	chain  []int
	need   uint64
	forbid uint64
}

// source is a rule that some correlation refers to.
type source struct {
	wants []string
	links []link
}

// temporal tells whether the correlation looks at which rules hit, not at numbers.
func temporal(t sigma.CorrelationType) bool { return t == sigma.Temporal || t == sigma.TemporalOrdered }

// compile makes the plans of all rules, which stand in an order that has each after those that it refers to.
func (c *Correlator) compile(rules []*sigma.Rule) error {
	index := make(map[*sigma.Rule]int, len(rules))
	for i, r := range rules {
		p, err := newPlan(r)
		if err != nil {
			return fmt.Errorf("correlation %q: %w", r.Title, err)
		}
		for _, ref := range r.Correlation.Rules {
			if ref.Rule == nil {
				return fmt.Errorf("correlation %q: rule %q is not resolved", r.Title, ref.Ref)
			}
			if _, known := index[ref.Rule]; ref.Rule.Correlation != nil && !known && ref.Rule != r {
				return fmt.Errorf("correlation %q: correlation %q does not stand before it", r.Title, ref.Ref)
			}
		}
		index[r] = i
		c.plans = append(c.plans, p)
	}
	for i := len(rules) - 1; i >= 0; i-- { // outer ones first: they say what the inner ones must carry
		c.connect(i)
	}
	for _, p := range c.plans {
		p.alone = c.Alone(p.rule)
		if s := c.chained[p.rule]; s != nil {
			p.outer = s.links
		}
	}
	return nil
}

// connect links plan i to the rules that it refers to and tells these what it needs of them.
func (c *Correlator) connect(i int) {
	p := c.plans[i]
	corr := p.rule.Correlation
	names := append(slices.Clone(corr.GroupBy), corr.Field[:p.nValue]...)
	if s := c.chained[p.rule]; s != nil {
		p.wants = s.wants
	}
	for _, w := range p.wants {
		if g := slices.Index(corr.GroupBy, w); g >= 0 {
			p.from = append(p.from, g)
			continue
		}
		p.from = append(p.from, -1-p.carried)
		p.carried++
		names = append(names, w)
	}
	p.out = make([]string, len(p.wants))
	for pos, ref := range corr.Rules {
		from := c.sources
		if ref.Rule != p.rule && ref.Rule.Correlation != nil {
			from = c.chained
		}
		s := from[ref.Rule]
		if s == nil {
			s = &source{}
			from[ref.Rule] = s
		}
		l := link{plan: i, pos: pos}
		for _, n := range names {
			field := aliased(corr, ref, n)
			at := slices.Index(s.wants, field)
			if at < 0 {
				at = len(s.wants)
				s.wants = append(s.wants, field)
			}
			l.pick = append(l.pick, at)
		}
		s.links = append(s.links, l)
		if ref.Rule != p.rule {
			c.referred[ref.Rule] = c.referred[ref.Rule] || corr.Generate
		}
	}
}

// aliased says what the field that corr calls name is called in the events of the rule ref.
func aliased(corr *sigma.Correlation, ref sigma.RuleRef, name string) string {
	a, ok := corr.Aliases[name]
	if !ok {
		return name
	}
	for _, as := range []string{ref.Ref, ref.Rule.Name, ref.Rule.ID} {
		if f, ok := a[as]; ok && as != "" {
			return f
		}
	}
	return name
}

func newPlan(r *sigma.Rule) (*plan, error) {
	corr := r.Correlation
	if corr == nil {
		return nil, fmt.Errorf("it has no correlation section")
	}
	if corr.Timespan <= 0 {
		return nil, fmt.Errorf("its timespan is not positive")
	}
	p := &plan{rule: r, span: corr.Timespan, limit: maxWindow, nGroup: len(corr.GroupBy), groups: make(map[string]*group)}
	rising := false
	for _, k := range corr.Condition {
		rising = rising || k.Cmp == sigma.GT || k.Cmp == sigma.GE || k.Cmp == sigma.EQ
	}
	switch {
	case temporal(corr.Type):
		return p, p.compileTemporal(rising)
	case len(corr.Condition) == 0:
		return nil, fmt.Errorf("it has no condition")
	case corr.Type == sigma.EventCount:
		p.limit = countLimit(corr.Condition)
	case len(corr.Field) == 0:
		return nil, fmt.Errorf("its condition names no field")
	case corr.Type == sigma.ValueCount:
		p.nValue = len(corr.Field)
	default:
		p.nValue = 1
	}
	p.late, p.counting = !rising, true
	return p, checkCondition(corr.Condition, corr.Type == sigma.EventCount || corr.Type == sigma.ValueCount)
}

// checkCondition tells why no number can make all comparisons true. A count is whole, and at least 1, as a group without
// events has no window.
func checkCondition(cs []sigma.CountCondition, count bool) error {
	numbers := []float64{0}
	counts := []float64{1}
	for _, k := range cs {
		numbers = append(numbers, math.Nextafter(k.Value, math.Inf(-1)), k.Value, math.Nextafter(k.Value, math.Inf(1)))
		whole := math.Floor(k.Value)
		counts = append(counts, max(1, whole-1), max(1, whole), max(1, whole+1))
	}
	all := func(v float64) bool { return holdsAll(cs, v) }
	if !slices.ContainsFunc(numbers, all) {
		return fmt.Errorf("its condition can never hold: no number is all of that")
	}
	if count && !slices.ContainsFunc(counts, all) {
		return fmt.Errorf("its condition can never hold: a count is a whole number, and a group without any event has no window")
	}
	return nil
}

// countLimit says how many entries an event_count needs to keep. Whether there are at least n events in a window
// is known from the last n of them.
func countLimit(cs []sigma.CountCondition) int {
	n := 0.0
	for _, k := range cs {
		if k.Cmp != sigma.GT && k.Cmp != sigma.GE {
			return maxWindow
		}
		n = max(n, k.Value+1)
	}
	return int(min(max(n, minCountWindow), maxWindow))
}

// compileTemporal works out which sets of rules make a temporal correlation true.
func (p *plan) compileTemporal(rising bool) error {
	corr := p.rule.Correlation
	n := len(corr.Rules)
	if n == 0 || n > maxRefs {
		return fmt.Errorf("it refers to %d rules, not to 1 to %d", n, maxRefs)
	}
	k := 1 // how many of them are enough
	for k < n && !holdsAll(corr.Condition, float64(k)) {
		k++
	}
	if !holdsAll(corr.Condition, float64(k)) {
		return fmt.Errorf("its condition cannot hold with %d rules", n)
	}
	var err error
	switch {
	case corr.Expr != nil:
		p.late = hasNot(corr.Expr)
		p.clauses, err = clausesOf(corr.Expr, n, false)
	case len(corr.Condition) == 0:
		p.clauses = subsets(n, n)
	case !rising:
		p.late = true
		p.clauses = subsets(n, n)
	default:
		p.clauses = subsets(n, k)
	}
	if err != nil {
		return err
	}
	ordered := corr.Type == sigma.TemporalOrdered
	if len(p.clauses) == 0 && ordered || ordered && corr.Expr == nil && p.late {
		return fmt.Errorf("temporal_ordered cannot have this condition")
	}
	if len(p.clauses) == 0 && corr.Expr != nil {
		return fmt.Errorf("its condition can never hold")
	}
	p.counting = corr.Type == sigma.Temporal && corr.Expr == nil && len(corr.Condition) > 0
	return nil
}

func hasNot(e *sigma.CorrelationExpr) bool {
	return e.Op == sigma.Not || slices.ContainsFunc(e.Kids, hasNot)
}

// subsets returns a clause for each choice of k of n rules; none if there are too many.
func subsets(n, k int) []clause {
	var out []clause
	var choose func(from int, mask uint64)
	choose = func(from int, mask uint64) {
		if len(out) > maxClauses {
			return
		}
		if bits.OnesCount64(mask) == k {
			out = append(out, newClause(mask, 0))
			return
		}
		for i := from; i < n; i++ {
			choose(i+1, mask|1<<i)
		}
	}
	choose(0, 0)
	if len(out) > maxClauses {
		return nil
	}
	return out
}

func newClause(need, forbid uint64) clause {
	k := clause{need: need, forbid: forbid}
	for m := need; m != 0; m &= m - 1 {
		k.chain = append(k.chain, bits.TrailingZeros64(m))
	}
	return k
}

// clausesOf turns a boolean condition into its disjunctive normal form.
func clausesOf(e *sigma.CorrelationExpr, n int, negated bool) ([]clause, error) {
	switch e.Op {
	case sigma.Test:
		if e.Rule < 0 || e.Rule >= n {
			return nil, fmt.Errorf("its condition names a rule that it does not refer to")
		}
		if negated {
			return []clause{newClause(0, 1<<e.Rule)}, nil
		}
		return []clause{newClause(1<<e.Rule, 0)}, nil
	case sigma.Not:
		return clausesOf(e.Kids[0], n, !negated)
	case sigma.And, sigma.Or:
	default:
		return nil, fmt.Errorf("its condition is not made of and, or, not and rules")
	}
	and := (e.Op == sigma.And) != negated
	var out []clause
	if and {
		out = []clause{{}}
	}
	for _, kid := range e.Kids {
		ks, err := clausesOf(kid, n, negated)
		if err != nil {
			return nil, err
		}
		if and {
			ks = product(out, ks)
			out = nil
		}
		if out = append(out, ks...); len(out) > maxClauses {
			return nil, fmt.Errorf("its condition can come true in more than %d ways", maxClauses)
		}
	}
	return out, nil
}

func product(as, bs []clause) []clause {
	var out []clause
	for _, a := range as {
		for _, b := range bs {
			need, forbid := a.need|b.need, a.forbid|b.forbid
			same := func(k clause) bool { return k.need == need && k.forbid == forbid }
			if need&forbid == 0 && !slices.ContainsFunc(out, same) {
				out = append(out, newClause(need, forbid))
			}
		}
	}
	return out
}

func holdsAll(cs []sigma.CountCondition, v float64) bool {
	for _, k := range cs {
		if !k.Cmp.Holds(v, k.Value) {
			return false
		}
	}
	return true
}
