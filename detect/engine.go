package detect

import (
	"fmt"
	"slices"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/sight"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Options narrow what a run tells.
type Options struct {
	Since, Until int64 // only events of this time, nanoseconds since 1970, both inclusive; 0 is no bound. Events that state no time pass.
	// Wanted says which rules' hits are told; nil is all. Rules that a wanted correlation refers to are run in any case.
	Wanted func(*sigma.Rule) bool
	// Spill opens temporary storage for what correlations need and memory cannot hold; nil keeps all in memory.
	Spill func() (order.Spill, error)
	// Indicators are what events are held against; nil is nothing. What is found is told by Senses, which have to be there.
	Indicators *sight.Indicators
	// Senses are what the detectors beside the rules are to be like; nil is that there are none.
	Senses *sense.Options
}

// Engine runs a set of rules. It is safe for concurrent use by its Workers; Gather and Finish belong to one goroutine.
type Engine struct {
	opt         Options
	sigma       *sigma.Engine
	needs       [][]string // by rule: fields that correlations want of its events; nil where none refers to it
	refers      []bool
	place       map[*sigma.Rule]int32 // of rules that correlations refer to: their place among the detections
	marks       []mark                // by rule: of those that correlations refer to
	marked      map[mark]int32
	tell        []bool // by rule: its hits are told on their own
	corr        *Correlator
	chained     []*sigma.Rule // correlations in force, in order
	sorter      *sorting
	spare       chan []Observation    // lists to be used again
	spareSights chan []sight.Sighting // likewise
	sighted     *sightSorter          // nil where no detector runs
	loaded      int
}

// Runnable returns the correlations that can be run, and says of the others why they cannot: their condition can never
// hold, or they refer to one of which that is so. Each correlation stands after all that it refers to, before and after.
func Runnable(correlations []*sigma.Rule) ([]*sigma.Rule, []sigma.Diagnostic) {
	var diags []sigma.Diagnostic
	broken := make(map[*sigma.Rule]bool)
	refuse := func(r *sigma.Rule, format string, args ...any) {
		broken[r] = true
		diags = append(diags, sigma.Diagnostic{Pos: r.Pos, Severity: sigma.Error, Message: fmt.Sprintf(format, args...)})
	}
	for _, r := range correlations {
		if err := CheckCorrelation(r); err != nil {
			refuse(r, "%v", err)
			continue
		}
		for _, ref := range r.Correlation.Rules {
			if broken[ref.Rule] {
				refuse(r, "refers to %q, which cannot be run", ref.Ref)
				break
			}
		}
	}
	runnable := slices.DeleteFunc(slices.Clone(correlations), func(r *sigma.Rule) bool { return broken[r] })
	return runnable, diags
}

// New makes an Engine of detections and of correlations; each correlation stands after all that it refers to.
func New(detections, correlations []*sigma.Rule, sources *sigma.LogSources, opt Options) (*Engine, error) {
	e := &Engine{opt: opt, spare: make(chan []Observation, maxSpare), spareSights: make(chan []sight.Sighting, maxSpare)}
	needed := make(map[*sigma.Rule]bool)
	for i := len(correlations) - 1; i >= 0; i-- {
		r := correlations[i]
		if !needed[r] && !e.wanted(r) {
			continue
		}
		needed[r] = true
		for _, ref := range r.Correlation.Rules {
			if ref.Rule == nil {
				return nil, fmt.Errorf("correlation %q refers to %q, which no rule is", r.Title, ref.Ref)
			}
			needed[ref.Rule] = true
		}
	}
	for _, r := range correlations {
		if needed[r] {
			e.chained = append(e.chained, r)
		}
	}
	all, err := NewCorrelator(correlations)
	if err != nil {
		return nil, err
	}
	if e.corr, err = NewCorrelator(e.chained); err != nil {
		return nil, err
	}
	var rules []*sigma.Rule
	for _, r := range detections {
		tell := e.wanted(r) && all.Alone(r)
		if !tell && !needed[r] {
			continue
		}
		rules = append(rules, r)
		e.tell = append(e.tell, tell)
		e.refers = append(e.refers, e.corr.Refers(r))
		e.needs = append(e.needs, e.corr.Needs(r))
	}
	e.markAll(rules)
	e.sigma = sigma.Compile(rules, sources)
	e.sorter = newSorting(rules, opt.Spill)
	if opt.Senses != nil {
		e.sighted = newSightSorter(opt.Spill)
	}
	e.loaded = len(rules) + len(e.chained)
	return e, nil
}

// markAll makes the marks of the detections that correlations refer to.
func (e *Engine) markAll(rules []*sigma.Rule) {
	e.marks, e.marked = make([]mark, len(rules)), make(map[mark]int32)
	e.place = make(map[*sigma.Rule]int32)
	known := make(marks)
	for i, r := range rules {
		if e.refers[i] {
			k := known.of(r)
			for _, taken := e.marked[k]; taken; _, taken = e.marked[k] { // one that is the same in all
				k = markOf(k[:])
			}
			e.place[r], e.marks[i], e.marked[k] = int32(i), k, int32(i)
		}
	}
}

func (e *Engine) wanted(r *sigma.Rule) bool { return e.opt.Wanted == nil || e.opt.Wanted(r) }

// Loaded returns how many rules are in force, correlations and what they refer to included.
func (e *Engine) Loaded() int { return e.loaded }

// Gather keeps what correlations need of a Result. Results may come in any order. Its errors are those of Options.Spill.
func (e *Engine) Gather(r *Result) error {
	for i := range r.Observations {
		if err := e.sorter.add(&r.Observations[i]); err != nil {
			return err
		}
	}
	if e.sighted != nil {
		return e.sighted.add(r.Sightings)
	}
	return nil
}

// Finish counts what was gathered, in order of the events' time, and calls tell with the hits of correlations, and then
// with those of what the detectors find.
func (e *Engine) Finish(tell func(*sigma.Rule, *Hit) error) error {
	e.forget()
	give := func(hits []CorrelationHit) error {
		for i := range hits {
			if r := hits[i].Rule; e.corr.Alone(r) && e.wanted(r) {
				if err := tell(r, correlationMessage(&hits[i])); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := e.sorter.each(func(o *Observation) error { return give(e.corr.Observe(o)) }); err != nil {
		return err
	}
	if err := give(e.corr.Finish()); err != nil || e.sighted == nil {
		return err
	}
	return e.sense(tell)
}

// Notes says which bounds were reached while counting, and what that means for the result.
func (e *Engine) Notes() []string {
	notes := e.corr.notes()
	if e.sighted != nil {
		notes = append(notes, e.sighted.notes...)
	}
	return notes
}

// Judged tells whether any of the rules is for what detectors find. Where none is, they need not run.
func Judged(rules []*sigma.Rule) bool {
	may := func(want, have string) bool { return want == "" || want == have }
	return slices.ContainsFunc(rules, func(r *sigma.Rule) bool {
		s := FindingFormat.LogSource
		return may(r.LogSource.Category, s.Category) && may(r.LogSource.Product, s.Product) && may(r.LogSource.Service, s.Service)
	})
}

// Info returns what a reader of hits may want to know of a rule.
func Info(r *sigma.Rule) RuleInfo {
	return RuleInfo{
		Type: "rule", ID: r.ID, Title: r.Title, Level: r.Level.String(), Status: r.Status, Description: r.Description,
		Author: r.Author, Tags: nonNil(r.Tags), References: r.References, FalsePositives: r.FalsePositives, NextSteps: r.NextSteps,
		LogSource: r.LogSource, File: r.Pos.File, Line: r.Pos.Line,
	}
}

func nonNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func hitRule(r *sigma.Rule) HitRule {
	return HitRule{ID: r.ID, Title: r.Title, Level: r.Level.String(), Tags: nonNil(r.Tags)}
}

// inTime tells whether an event is of the time that is asked for.
func (o *Options) inTime(ev *event.Event) bool {
	return ev.Time == 0 || (o.Since == 0 || ev.Time >= o.Since) && (o.Until == 0 || ev.Time <= o.Until)
}
