package detect

import (
	"fmt"
	"math"

	"github.com/tocsin-sec/tocsin/sigma"
)

// Correlator runs correlation rules over what single events hit (Sigma correlation rules specification 2.1). These are
// its semantics; they are the same whatever the order of the files and the number of workers.
//
// Time is the events' own, never a clock's. Events that state no time are not correlated; Undated counts them.
//
// Windows slide: events are within a timespan of 10m if the first and the last of them are at most 10 minutes apart,
// 10 minutes sharp included. They are not cut at full hours or days.
//
// Groups: each combination of the values of the group-by fields is counted by itself; values are compared as written,
// in the same case. An event that lacks one of the group-by fields, or has it empty, is in no group and is left out;
// Ungrouped counts such events. A rule without group-by has one group.
//
// A condition with a lower bound (gt, gte, eq, alone or in a range) is judged at every event, and hits at the event at
// which it becomes true. From then on it is one burst, and one hit, for as long as the condition comes true again
// within one timespan from when it last did; so an attack that goes on at an even pace is one hit, not one for every
// event. The hit states the time of the event that completed it first, all events from the first in the window then to
// the last at which the condition was true, and the highest value that was reached. It is given out when the burst is
// over.
//
// A condition without a lower bound (only lt, lte or neq) or with a "not" can be judged only when the window is over:
// there the window begins with the first event of the group, ends one timespan later, and the next begins with the
// first event after that. The hit states the time of the last event in the window. A group that has no event at all has
// no window: "fewer than 5" does not notice silence. At the end of the input, windows that are still open are judged by
// what they hold.
//
//   - event_count: how many events, of all referred rules together.
//   - value_count: how many different values; of several fields, how many different combinations. An event that lacks
//     one of the fields is left out.
//   - value_sum, value_avg, value_median, value_percentile (and the min and max of old aggregations): of the values of
//     the field that are numbers; others are left out, and NotNumbers counts them. A percentile between two values is
//     interpolated between them linearly, as PERCENTILE_CONT of SQL does.
//   - temporal: each of the referred rules hit, in any order. A count as the condition asks for so many different
//     rules; a boolean one for the rules that it names, with those under "not" absent from the window.
//   - temporal_ordered: the same, in the order in which the rules are listed. Events of equal time are in the order
//     of their file's path, then of their record; an event does not come after itself.
//
// Chains: a correlation that refers to another sees one event for each hit of it, at the time at which it became true.
// While the inner burst goes on, temporal types see it again each time (so a success within the timespan after the last
// of many failures follows them); counting types count it once. It has the fields that the inner rule groups by, and,
// for fields that it does not group by, the values of its events: it is seen once for each different combination of
// them, and again when a further event has it (at most 1,024 combinations of one hit). A correlation that others refer
// to gives out hits of its own only if one of these says "generate: true"; see Alone.
//
// The state is bounded by MaxState. When that is reached, the group that has had no event for the longest time is
// forgotten: a burst that it is in is given out as it is, a window that is still to be judged is not judged. Evicted
// counts these groups. One window holds at most 131,072 events; the oldest beyond leave it early, which Cut
// counts. Values of more than MaxValue bytes are cut, with a hash of the whole in place of the rest.
//
// A Correlator belongs to one goroutine.
type Correlator struct {
	plans    []*plan
	sources  map[*sigma.Rule]*source // of detections
	chained  map[*sigma.Rule]*source // of correlations
	referred map[*sigma.Rule]bool    // rules that correlations refer to → whether they hit on their own too

	clock int64 // the latest time seen
	due   int64 // when the first of the late windows ends
	size  int64
	limit int64

	ended     []CorrelationHit
	watch     bool // tell also of bursts that begin and go on
	key, text []byte
	plain     *detail // of the entities alone that the observation before had

	undated, ungrouped, notNumbers, valueless, evicted, cut int64
}

// MaxState bounds the memory of a Correlator's state, in bytes, as far as they are accounted for: an event in a window
// takes 64 bytes, so it is about a million events, less what groups and their values take.
const MaxState = 64 << 20

// MaxValue bounds a value that is grouped by or counted, in bytes.
const MaxValue = 1024

const (
	maxWindow      = 1 << 17 // entries of one window
	minCountWindow = 1024    // entries that an event_count keeps to state how many there were
)

// Observation is one event that a rule hit, as far as correlations need it. The Correlator keeps the strings, not the
// slices.
type Observation struct {
	Rule     *sigma.Rule // the detection that hit
	Time     int64       // of the event, nanoseconds since 1970; 0 is unknown
	Fields   []string    // the values of Needs(Rule), in that order; "" where the event has none
	Ref      EventRef
	Entities Entities

	also bool // it is of the same event as the observation before it in the Result
}

// CorrelationHit is what a correlation found.
type CorrelationHit struct {
	Rule     *sigma.Rule
	Time     int64    // of the event that completed it
	Last     int64    // of the last event that belongs to it
	Ref      EventRef // the event that completed it
	Group    []string // the values of Correlation.GroupBy, in that order
	Value    float64  // what the condition compares; the highest while it held. Of temporal types: how many different rules hit
	Count    int64    // the events that it is made of
	Events   []EventRef
	By       []string // the users of the event that completed it; at most 4
	Entities Entities
	Open     bool // it may still go on: told by Live only
}

// NewCorrelator makes a Correlator for these correlation rules, each of which stands after all that it refers to.
func NewCorrelator(rules []*sigma.Rule) (*Correlator, error) {
	c := &Correlator{
		sources: make(map[*sigma.Rule]*source), chained: make(map[*sigma.Rule]*source),
		referred: make(map[*sigma.Rule]bool), due: math.MaxInt64, limit: MaxState, clock: math.MinInt64,
	}
	if err := c.compile(rules); err != nil {
		return nil, err
	}
	return c, nil
}

// blank returns a Correlator of the same rules that has seen nothing.
func (c *Correlator) blank() *Correlator {
	n := &Correlator{
		sources: c.sources, chained: c.chained, referred: c.referred, due: math.MaxInt64, limit: MaxState, clock: math.MinInt64,
	}
	for _, p := range c.plans {
		q := *p
		q.groups, q.front, q.back = make(map[string]*group), nil, nil
		q.out = make([]string, len(p.wants))
		n.plans = append(n.plans, &q)
	}
	return n
}

// CheckCorrelation tells why a correlation rule cannot be run, apart from what it refers to; nil if it can.
// NewCorrelator refuses all rules if one of them cannot be run.
func CheckCorrelation(rule *sigma.Rule) error {
	_, err := newPlan(rule)
	return err
}

// Refers tells whether a correlation refers to the rule, so that its hits must be observed.
func (c *Correlator) Refers(rule *sigma.Rule) bool { return c.sources[rule] != nil }

// Needs names the fields whose values an Observation of the rule must have.
func (c *Correlator) Needs(rule *sigma.Rule) []string {
	if s := c.sources[rule]; s != nil {
		return s.wants
	}
	return nil
}

// Alone tells whether hits of the rule are hits in their own right: no correlation refers to it, or one does with
// "generate: true".
func (c *Correlator) Alone(rule *sigma.Rule) bool {
	generate, referred := c.referred[rule]
	return generate || !referred
}

// Undated returns how many observations stated no time.
func (c *Correlator) Undated() int64 { return c.undated }

// Ungrouped returns how many times an event was left out of a correlation because it lacked a group-by field.
func (c *Correlator) Ungrouped() int64 { return c.ungrouped }

// NotNumbers returns how many times an event was left out because the value to compute with was not a number.
func (c *Correlator) NotNumbers() int64 { return c.notNumbers }

// Valueless returns how many times an event was left out because it lacked a field whose values are counted.
func (c *Correlator) Valueless() int64 { return c.valueless }

// Evicted returns how many groups were forgotten before their time because MaxState was reached.
func (c *Correlator) Evicted() int64 { return c.evicted }

// Cut returns how many events left their window before their time because it was full.
func (c *Correlator) Cut() int64 { return c.cut }

// notes says which bounds were reached, and what that means for the result.
func (c *Correlator) notes() []string {
	var notes []string
	note := func(n int64, format string) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf(format, n))
		}
	}
	note(c.undated, "%d events that state no time were left out of correlations")
	note(c.evicted, "%d groups of correlations were forgotten early because their memory was full; rare hits may be missing")
	note(c.cut, "%d events left the window of a correlation early because it was full; counts are lower bounds")
	note(c.ungrouped, "%d times an event was left out of a correlation because it lacks a field to group by")
	note(c.valueless, "%d times an event was left out of a correlation because it lacks the field whose values are counted")
	note(c.notNumbers, "%d values that correlations compute with were not numbers and were left out")
	return notes
}

// Observe takes the next observation in order of (time, path, record, rule). One that is older than the one before it
// is taken to be of the same time. It returns the hits that are over; the slice is valid until the next call.
func (c *Correlator) Observe(o *Observation) []CorrelationHit {
	c.ended = c.ended[:0]
	if o.Time == 0 {
		c.undated++
		return nil
	}
	s := c.sources[o.Rule]
	if s == nil {
		return nil
	}
	c.tick(o.Time)
	seen := sighting{time: c.clock, ref: o.Ref, fields: o.Fields, entities: &o.Entities}
	if d := c.plain; d != nil && d.entities.equal(&o.Entities) {
		seen.plain = d // one event often hits several rules
	}
	for i := range s.links {
		c.see(&s.links[i], &seen)
	}
	c.plain = seen.plain
	for c.size > c.limit && c.evict() {
	}
	return c.ended
}

// Advance tells the Correlator that no event before now will come, and returns the hits that are thereby over; the
// slice is valid until the next call. A batch run does not need it.
func (c *Correlator) Advance(now int64) []CorrelationHit {
	c.ended = c.ended[:0]
	c.tick(now)
	for _, p := range c.plans {
		c.expire(p)
	}
	return c.ended
}

// Finish judges what is still open and returns the hits. The Correlator is then as new but for its counts.
func (c *Correlator) Finish() []CorrelationHit {
	c.ended = c.ended[:0]
	c.tick(math.MaxInt64)
	for _, p := range c.plans {
		for p.front != nil {
			if p.late {
				c.judge(p, p.front)
			} else {
				c.leave(p, p.front)
			}
		}
	}
	c.clock, c.due = math.MinInt64, math.MaxInt64
	return c.ended
}

// tick moves the time on and judges, in order of time, the late windows that end before now.
func (c *Correlator) tick(now int64) {
	now = max(c.clock, now)
	for c.due < now {
		var first *plan
		for _, p := range c.plans {
			if p.late && p.front != nil && (first == nil || p.end(p.front) < first.end(first.front)) {
				first = p
			}
		}
		c.due = math.MaxInt64
		if first != nil {
			c.due = first.end(first.front)
		}
		if c.due < now {
			c.clock = c.due
			c.judge(first, first.front)
		}
	}
	c.clock = now
}

// end says when the window of a late group ends.
func (p *plan) end(g *group) int64 {
	if g.touched > math.MaxInt64-p.span {
		return math.MaxInt64
	}
	return g.touched + p.span
}

// apart tells whether a, which is not before b, is more than span after it.
func apart(a, b, span int64) bool { return uint64(a)-uint64(b) > uint64(span) }
