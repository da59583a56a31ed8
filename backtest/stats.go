package backtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// Report is how the rules that are in force have done.
type Report struct {
	Since   time.Time  `json:"since,omitzero"`
	Until   time.Time  `json:"until,omitzero"`
	Kept    int64      `json:"kept"`  // events of the time
	Timed   int64      `json:"timed"` // events that rules were timed on
	Seconds float64    `json:"seconds"`
	Rules   []RuleStat `json:"rules"`
	Notes   []string   `json:"notes,omitempty"`
}

// RuleStat is how one rule has done.
type RuleStat struct {
	ID     string `json:"id,omitempty"`
	Title  string `json:"title"`
	Level  string `json:"level" enum:"critical,high,medium,low,informational"`
	Kind   string `json:"kind" enum:"detection,correlation"`
	Hits   int64  `json:"hits"`
	Alerts int64  `json:"alerts"`
	True   int64  `json:"true"`             // alerts in incidents that were closed as malicious
	False  int64  `json:"false"`            // … as a false alarm or as expected
	Open   int64  `json:"open"`             // that nobody has judged
	Hidden int64  `json:"hidden,omitempty"` // that a silence hides
	// Nanoseconds of matching that the rule takes by itself for each event that is kept, whatever its log source, beside
	// what any event costs; of a correlation those of its parts. Share is that of the sum over all rules.
	Nanoseconds float64 `json:"ns_per_event"`
	Share       float64 `json:"share"`
	Never       *Never  `json:"never,omitempty"` // why it has not hit
}

// Bounds of a report.
const (
	maxStatAlerts = 50_000
	timedEvents   = 256 // of each dataset, the newest
	timedRounds   = 4
	timingBudget  = 15 * time.Second
	fieldEvents   = 512 // of each dataset: to see which fields there are
)

// Stats says how rules have done: what they hit, what people said of it, why they never hit, and what they cost.
func Stats(ctx context.Context, q Request) (*Report, error) {
	if q.Now == nil {
		q.Now = time.Now
	}
	begun := q.Now()
	rep := &Report{Since: alert.When(q.Since), Until: alert.When(q.Until)}
	datasets, err := datasetsOf(ctx, q.Store, q.Since, q.Until)
	if err != nil {
		return nil, err
	}
	rebuild := live.NewRebuild(q.Parser, q.Formats...)
	n := &narrowing{sources: q.Sources, datasets: datasets, format: rebuild.Format}
	s := &stats{Request: &q, report: rep, narrowing: n, rebuild: rebuild, of: make(map[string]*RuleStat), spent: make(map[*sigma.Rule]float64)}
	for _, d := range datasets {
		rep.Kept += int64(d.Count)
	}
	for _, r := range q.Tried {
		kind := "detection"
		if r.Correlation != nil {
			kind = "correlation"
		}
		rep.Rules = append(rep.Rules, RuleStat{ID: r.ID, Title: r.Title, Level: r.Level.String(), Kind: kind})
	}
	for i, r := range q.Tried {
		s.of[cmp.Or(r.ID, r.Title)] = &rep.Rules[i]
	}
	if err := s.alerts(ctx); err != nil {
		return nil, err
	}
	if err := s.sample(ctx); err != nil {
		return nil, err
	}
	s.costs()
	s.nevers()
	rep.Seconds = q.Now().Sub(begun).Seconds()
	return rep, nil
}

// stats is what a report is made of.
type stats struct {
	*Request
	report    *Report
	narrowing *narrowing
	rebuild   *live.Rebuild
	of        map[string]*RuleStat // by id, or title where there is none
	spent     map[*sigma.Rule]float64
	fields    []*sourceFields
	begun     time.Time
	late      bool
}

// alerts counts the alerts of the rules, and what people said of them.
func (s *stats) alerts(ctx context.Context) error {
	if s.State == nil {
		return nil
	}
	verdicts := make(map[string]string)
	closed, err := s.State.ListIncidents(ctx, state.IncidentFilter{Status: alert.Closed, Since: s.Since, Newest: true, Limit: maxStatAlerts, Now: s.Now().UnixNano()})
	if err != nil {
		return fmt.Errorf("incidents that are closed: %w", err)
	}
	for _, i := range closed {
		verdicts[i.Key] = i.Verdict
	}
	for _, hidden := range []bool{false, true} {
		list, err := s.State.ListAlerts(ctx, state.AlertFilter{Since: s.Since, Silenced: hidden, Limit: maxStatAlerts})
		if err != nil {
			return fmt.Errorf("alerts that are kept: %w", err)
		}
		if len(list) == maxStatAlerts {
			s.report.Notes = append(s.report.Notes, fmt.Sprintf("there are more than %d alerts; the newest of them were counted", maxStatAlerts))
		}
		for _, a := range list {
			r := s.of[a.RuleID]
			if r == nil || s.Until != 0 && a.First >= s.Until {
				continue
			}
			r.count(a, verdicts[a.Incident], hidden)
		}
	}
	return nil
}

func (r *RuleStat) count(a *alert.Alert, verdict string, hidden bool) {
	r.Hits += a.Hits
	r.Alerts++
	switch {
	case hidden:
		r.Hidden++
	case verdict == alert.Malicious:
		r.True++
	case verdict == alert.FalseAlarm || verdict == alert.Expected:
		r.False++
	default:
		r.Open++
	}
}

// sourceFields are the fields that rules of one log source ask for, and those that some event has.
type sourceFields struct {
	source event.LogSource
	fields []string
	seen   map[string]bool
	events int64
}

// sample looks at the newest events of each dataset: which log sources and fields there are, and what the rules cost.
func (s *stats) sample(ctx context.Context) error {
	s.begun = s.Now()
	detections := detectionsOf(s.Tried)
	m := s.fieldMatcher(detections)
	for _, d := range s.narrowing.datasets {
		var about []*sigma.Rule
		one := &narrowing{sources: s.Sources, datasets: []store.Count{d}, format: s.rebuild.Format}
		for _, r := range detections {
			if len(one.about(r.LogSource)) > 0 {
				about = append(about, r)
			}
		}
		if len(about) == 0 {
			continue
		}
		q := &query.Query{Where: is(store.Dataset, d.Value), Since: s.Since, Until: s.Until, Pipes: []query.Pipe{&query.Tail{N: fieldEvents}}}
		timed := false
		err := s.Store.Query(ctx, q, func(b *store.Block) error {
			batch := s.rebuild.Events(b.Names, b.Columns, b.Rows)
			s.look(m, batch.Events, nil)
			if !timed && b.Rows > 0 {
				timed = true
				s.time(ctx, about, batch.Events[max(0, b.Rows-timedEvents):], int64(d.Count))
			}
			return ctx.Err()
		})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !errors.Is(err, errEnough) {
			return fmt.Errorf("read what is kept: %w", err)
		}
	}
	if err := s.rare(ctx, m); err != nil {
		return err
	}
	if s.late {
		s.report.Notes = append(s.report.Notes, fmt.Sprintf("timing all rules would have taken longer than %s; those without a time were not timed", timingBudget))
	}
	return nil
}

// rare looks for events of the log sources that were not among the newest of any dataset.
func (s *stats) rare(ctx context.Context, m *sigma.Matcher) error {
	for _, f := range s.fields {
		if f.events > 0 || len(s.narrowing.about(f.source)) == 0 {
			continue
		}
		q := &query.Query{Where: s.narrowing.aboutAny(f.source), Since: s.Since, Until: s.Until, Pipes: []query.Pipe{&query.Tail{N: fieldEvents}}}
		err := s.Store.Query(ctx, q, func(b *store.Block) error {
			s.look(m, s.rebuild.Events(b.Names, b.Columns, b.Rows).Events, f)
			return ctx.Err()
		})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return fmt.Errorf("read what is kept: %w", err)
		}
	}
	return nil
}

// fieldMatcher makes a matcher that tells which log sources an event is of, in the order of s.fields.
func (s *stats) fieldMatcher(detections []*sigma.Rule) *sigma.Matcher {
	var rules []*sigma.Rule
	place := make(map[event.LogSource]*sourceFields)
	for _, r := range detections {
		f := place[r.LogSource]
		if f == nil {
			f = &sourceFields{source: r.LogSource, seen: make(map[string]bool)}
			place[r.LogSource] = f
			s.fields = append(s.fields, f)
			rules = append(rules, &sigma.Rule{LogSource: r.LogSource, Detection: &sigma.Expr{Op: sigma.True}})
		}
		for _, name := range fieldsOf(r.Detection) {
			if !slices.Contains(f.fields, name) {
				f.fields = append(f.fields, name)
			}
		}
	}
	return sigma.Compile(rules, s.Sources).NewMatcher()
}

// look notes which fields the events of one log source have, or where it is nil of all.
func (s *stats) look(m *sigma.Matcher, events []event.Event, only *sourceFields) {
	for i := range events {
		for _, rule := range m.Match(&events[i]) {
			f := s.fields[rule]
			if only != nil && f != only {
				continue
			}
			f.events++
			for _, name := range f.fields {
				if !f.seen[name] && m.Field(rule, name).Kind != event.Missing {
					f.seen[name] = true
				}
			}
		}
	}
}

// time measures what each rule costs by itself on some events of a dataset, of which so many are kept.
func (s *stats) time(ctx context.Context, rules []*sigma.Rule, events []event.Event, kept int64) {
	floor := s.once(&sigma.Rule{LogSource: rules[0].LogSource, Detection: &sigma.Expr{Op: sigma.False}}, events)
	for _, r := range rules {
		if ctx.Err() != nil || s.Now().Sub(s.begun) > timingBudget {
			s.late = true
			return
		}
		s.spent[r] += max(s.once(r, events)-floor, 0) * float64(kept)
	}
	s.report.Timed += int64(len(events))
}

// once returns the nanoseconds that a rule takes for an event: of some rounds, the fastest.
func (s *stats) once(r *sigma.Rule, events []event.Event) float64 {
	m := sigma.Compile([]*sigma.Rule{r}, s.Sources).NewMatcher()
	round := func() time.Duration {
		begun := s.Now()
		for i := range events {
			m.Match(&events[i])
		}
		return s.Now().Sub(begun)
	}
	round() // plans are made
	best := round()
	for range timedRounds - 1 {
		best = min(best, round())
	}
	return float64(best) / float64(len(events))
}

// costs shares out what was measured.
func (s *stats) costs() {
	var sum float64
	for _, ns := range s.spent {
		sum += ns
	}
	for i, r := range s.Tried {
		st := &s.report.Rules[i]
		for _, d := range detectionsOf([]*sigma.Rule{r}) {
			st.Nanoseconds += s.spent[d] / float64(max(s.report.Kept, 1))
			st.Share += s.spent[d] / max(sum, 1)
		}
	}
}

// nevers says of rules that have not hit why.
func (s *stats) nevers() {
	known := make(map[*sigma.Rule]*Never)
	for _, d := range detectionsOf(s.Tried) {
		known[d] = s.never(d)
	}
	for i, r := range s.Tried {
		st := &s.report.Rules[i]
		switch {
		case st.Hits > 0:
		case r.Correlation == nil:
			st.Never = known[r]
		default:
			st.Never = &Never{Can: true, Why: "what it counts has not come together"}
			for _, d := range detectionsOf([]*sigma.Rule{r}) {
				if k := known[d]; !k.Can {
					st.Never = &Never{Why: d.Title + ": " + k.Why}
					break
				}
			}
		}
	}
}

func (s *stats) never(r *sigma.Rule) *Never {
	if ofFindings(r) {
		return &Never{Can: true, Why: "the detectors have found nothing of the kind"}
	}
	if n := s.narrowing.impossible(r); n != nil {
		return n
	}
	i := slices.IndexFunc(s.fields, func(f *sourceFields) bool { return f.source == r.LogSource })
	f := s.fields[i]
	n := &Never{Can: true, Events: f.events}
	for _, name := range fieldsOf(r.Detection) {
		if !f.seen[name] {
			n.Absent = append(n.Absent, name)
		}
	}
	p := &probe{rule: r}
	switch {
	case f.events == 0:
		n.Can = false
		n.Why = "no event of its log source is kept (" + detect.SourceWords(r.LogSource) + ")" + wantedSources(s.Sources.Meanings(r.LogSource))
	case len(n.Absent) > 0 && p.needs(n.Absent):
		n.Can = false
		n.Why = lacking(f.events, n.Absent)
	default:
		n.Why = "what it looks for has not happened"
	}
	return n
}
