package sigma

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Collection is a set of rules that know each other: references resolved, filters applied.
type Collection struct {
	Rules        []*Rule // detections, also those that correlations are made of; see Rule.Silent
	Correlations []*Rule // each after the correlations that it refers to
	Filters      []*Rule
}

// Collect resolves what rules say of each other, across files: correlations refer to rules by id or name, filters narrow
// rules, and rules that only serve a correlation are made Silent. It returns what can be used and what is wrong; the rules
// given are not changed. Of two rules with one id the first is kept.
func Collect(rules []*Rule) (*Collection, []Diagnostic) {
	c := &collector{byID: make(map[string]*Rule, len(rules)), byName: make(map[string]*Rule), owner: make(map[*Rule]*Rule)}
	for _, r := range rules {
		c.take(r)
	}
	c.resolve()
	c.sort()
	c.silence()
	for _, f := range c.Filters {
		c.narrow(f)
	}
	return &c.Collection, c.diags
}

type collector struct {
	Collection
	byID, byName map[string]*Rule
	diags        []Diagnostic
	pending      []*Rule         // correlations not sorted yet
	owner        map[*Rule]*Rule // the correlation that an inner rule was made for
}

func (c *collector) add(severity Severity, pos Pos, source, hint, format string, args ...any) {
	c.diags = append(c.diags, Diagnostic{
		Pos: pos, Severity: severity, Source: source, Hint: hint, Message: fmt.Sprintf(format, args...),
	})
}

// addAt is add for what a spot is about.
func (c *collector) addAt(severity Severity, at spot, hint, format string, args ...any) {
	c.add(severity, at.Pos, at.source, hint, format, args...)
	c.diags[len(c.diags)-1].End = at.end
}

// take copies a rule into the collection, unless another one has its id.
func (c *collector) take(given *Rule) {
	r := new(Rule)
	*r = *given
	if first, ok := c.byID[r.ID]; ok && r.ID != "" && !(r.part && first.part && r.Pos.File == first.Pos.File) {
		c.addAt(Error, r.idAt, "give one of them an id of its own", "the id %s is taken by %q (%s:%d)", r.ID, first.Title, first.Pos.File, first.Pos.Line)
		return
	}
	c.index(c.byID, r.ID, r)
	if first, ok := c.byName[r.Name]; ok && r.Name != "" {
		c.addAt(Warning, r.nameAt, "refer to this rule by its id", "the name %q is taken by %q (%s:%d)", r.Name, first.Title, first.Pos.File, first.Pos.Line)
	}
	c.index(c.byName, r.Name, r)
	switch {
	case r.Filter != nil:
		f := *r.Filter
		r.Filter = &f
		c.Filters = append(c.Filters, r)
	case r.Correlation != nil:
		k := *r.Correlation
		k.Rules = slices.Clone(k.Rules)
		r.Correlation = &k
		for i, ref := range k.Rules {
			if ref.Rule != nil && k.Implicit {
				in := *ref.Rule
				k.Rules[i].Rule = &in
				c.Rules = append(c.Rules, &in)
				c.owner[&in] = r
			}
		}
		c.pending = append(c.pending, r)
	default:
		c.Rules = append(c.Rules, r)
	}
}

func (c *collector) index(m map[string]*Rule, key string, r *Rule) {
	if _, ok := m[key]; !ok && key != "" {
		m[key] = r
	}
}

// find returns the rule that a reference names.
func (c *collector) find(ref string) *Rule {
	if r := c.byID[ref]; r != nil {
		return r
	}
	return c.byName[ref]
}

// resolve finds the rules that correlations refer to. A correlation that refers to none is refused.
func (c *collector) resolve() {
	c.pending = slices.DeleteFunc(c.pending, func(r *Rule) bool {
		bad := false
		k := r.Correlation
		for i := range k.Rules {
			ref := &k.Rules[i]
			if k.Implicit {
				continue
			}
			ref.Rule = c.find(ref.Ref)
			switch {
			case ref.Rule == nil:
				bad = true
				c.add(Error, ref.Pos, ref.source, c.near(ref.Ref), "the correlation %q refers to %q, which is the id or name of no rule that was loaded", r.Title, ref.Ref)
			case ref.Rule.Filter != nil:
				bad = true
				c.add(Error, ref.Pos, ref.source, "", "the correlation %q refers to %q, which is a filter", r.Title, ref.Ref)
			}
		}
		return bad
	})
}

// near is the hint for a reference that leads nowhere.
func (c *collector) near(ref string) string {
	names := make([]string, 0, len(c.byName)+len(c.byID))
	for n := range c.byName {
		names = append(names, n)
	}
	if strings.Count(ref, "-") == 4 {
		for n := range c.byID {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return didYouMean(ref, names)
}

// sort puts correlations after those that they refer to, and refuses those that refer to themselves in the end, or to
// one that was refused.
func (c *collector) sort() {
	done := make(map[*Rule]bool, len(c.pending))
	for len(c.pending) > 0 {
		var later []*Rule
		for _, r := range c.pending {
			if c.ready(r, done) {
				done[r] = true
				c.Correlations = append(c.Correlations, r)
			} else {
				later = append(later, r)
			}
		}
		if len(later) == len(c.pending) {
			break
		}
		c.pending = later
	}
	for _, r := range c.pending {
		if loop := c.loop(r); loop != "" {
			c.addAt(Error, r.head, "", "the correlation %q refers to itself: %s", r.Title, loop)
			continue
		}
		for _, ref := range r.Correlation.Rules {
			if ref.Rule.Correlation != nil && !done[ref.Rule] {
				c.add(Error, ref.Pos, ref.source, "", "the correlation %q refers to %q, which is refused", r.Title, ref.Ref)
			}
		}
	}
}

// ready tells whether all correlations that r refers to are sorted already.
func (c *collector) ready(r *Rule, done map[*Rule]bool) bool {
	for _, ref := range r.Correlation.Rules {
		if ref.Rule.Correlation != nil && !done[ref.Rule] {
			return false
		}
	}
	return true
}

// loop returns the way from a correlation back to itself, as "a → b → a", or "".
func (c *collector) loop(start *Rule) string {
	seen := map[*Rule]bool{}
	var way []string
	var walk func(r *Rule) bool
	walk = func(r *Rule) bool {
		if r.Correlation == nil || seen[r] && r != start {
			return false
		}
		if seen[r] {
			return true
		}
		seen[r] = true
		for _, ref := range r.Correlation.Rules {
			if ref.Rule == nil {
				continue
			}
			way = append(way, ref.Ref)
			if walk(ref.Rule) {
				return true
			}
			way = way[:len(way)-1]
		}
		return false
	}
	if !walk(start) {
		return ""
	}
	return strings.Join(append([]string{way[len(way)-1]}, way...), " → ")
}

// silence marks the rules that serve correlations only: by default those that one refers to do not hit on their own,
// unless one that refers to them says generate. Source: Sigma correlation rules specification 2.1, "Generate".
func (c *collector) silence() {
	generate := make(map[*Rule]bool)
	for _, r := range c.Correlations {
		for _, ref := range r.Correlation.Rules {
			generate[ref.Rule] = generate[ref.Rule] || r.Correlation.Generate && !r.Correlation.Implicit
		}
	}
	for r, g := range generate {
		r.Silent = !g
	}
}

// narrow applies a filter to the rules that it concerns.
func (c *collector) narrow(filter *Rule) {
	f := filter.Filter
	named := make(map[string]bool, len(f.Rules))
	for _, n := range f.Rules {
		named[n] = true
		switch r := c.find(n); {
		case r == nil:
			c.addAt(Warning, filter.head, c.near(n), "the filter %q names %q, which is the id or name of no rule that was loaded", filter.Title, n)
		case !fits(filter.LogSource, r.LogSource) && r.Detection != nil:
			c.addAt(Warning, filter.head, "filters concern the rules of their own log source", "the filter %q names %q, whose log source is another", filter.Title, n)
		case r.Correlation != nil && !r.Correlation.Implicit:
			c.addAt(Warning, filter.head, "name the rules that the correlation refers to", "the filter %q names %q, which is a correlation", filter.Title, n)
		}
	}
	f.Unused = true
	for _, r := range c.Rules {
		self := cmp.Or(c.owner[r], r)
		if !(f.Any || named[self.ID] && self.ID != "" || named[self.Name] && self.Name != "") || !fits(filter.LogSource, r.LogSource) {
			continue
		}
		f.Unused = false
		r.Detection = &Expr{Op: And, Kids: []*Expr{r.Detection, not(f.Expr)}}
	}
	if f.Unused && f.Any {
		c.addAt(Warning, filter.head, "", "the filter %q concerns no rule that was loaded", filter.Title)
	}
}

// fits tells whether a rule's log source is within a filter's: equal in all that the filter's states.
func fits(filter, rule event.LogSource) bool {
	within := func(a, b string) bool { return a == "" || a == b }
	return within(filter.Category, rule.Category) && within(filter.Product, rule.Product) && within(filter.Service, rule.Service)
}
