// Package ruletest runs the tests that rules bring along: what each makes of given lines or events, and, where that is
// not what its author says, why.
//
// A test file is read strictly: every mistake is told with its place. The package does no I/O; a Bench belongs to one
// goroutine.
package ruletest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Test is one case of a rule's own tests: events, and what the rule makes of them. Tests lie beside their rules, as
// NAME.test.yml beside NAME.yml, and are a YAML list of cases:
//
//   - name: a password guessed from outside   # what the case shows
//     lines:                                  # records as they stand in a log …
//   - 'Nov 21 01:00:00 web1 sshd[811]: Failed password for root from 203.0.113.9 port 4022 ssh2'
//     format: syslog                          # … of this format; recognised by their content where it is not stated
//     match: true                             # at least one hit; false: none
//   - name: twice
//     events:                                 # or the fields of events
//   - {Channel: Security, EventID: 4732, TargetSid: S-1-5-32-544}
//   - {Channel: Security, EventID: 4732, TargetSid: S-1-5-32-544}
//     logsource: {product: windows, service: security}  # what they are events of; the rule's own where not stated
//     hits: 2                                 # or so many hits
//     rule: member_added                      # whose hits count, by id, name or title; see Bench.Target
//
// An event states its time under "time", as RFC 3339 does; one that does not comes a second after the one before.
type Test struct {
	Name      string
	Rule      string // id, name or title of the rule whose hits count; "" is the file's own
	LogSource event.LogSource
	Format    string  // of Lines; "" is recognised
	Lines     string  // joined by line breaks; "" where Events are given
	Events    []Event // nil where Lines are given
	AtLeast   bool    // Hits is the least number, not the exact one
	Hits      int
	Pos       sigma.Pos // of the case in its file
	source    string    // the line of Pos
}

// Event is an event by its fields.
type Event struct {
	Names  []string
	Values []event.Value
	Time   int64 // nanoseconds since 1970; 0 where it states none
	Pos    sigma.Pos
}

// Result is what came of one case.
type Result struct {
	Rule   *sigma.Rule
	Hits   int
	Events int
	Passed bool
	Why    []string // of a case that did not pass: the reasons, one a line; they quote events and may hold any character
}

// Want says what the case asks for: "2 hits", "at least 1 hit", "no hit".
func (t *Test) Want() string {
	if t.AtLeast {
		return "at least " + countHits(t.Hits)
	}
	return countHits(t.Hits)
}

func countHits(n int) string {
	switch n {
	case 0:
		return "no hit"
	case 1:
		return "1 hit"
	}
	return fmt.Sprintf("%d hits", n)
}

// Bench runs the tests of rules. It belongs to one goroutine.
type Bench struct {
	Rules   *sigma.Collection
	Sources *sigma.LogSources
	// Read appends the events of lines to out. Format "" is to be recognised. It fails for a format that is not known.
	Read func(format, lines string, out *event.Batch) error
}

// Target returns the rule whose hits a case counts: the one that it names, sought in the file first and then
// everywhere; else the last of the file that hits on its own, and where none does, the last one.
func (b *Bench) Target(file string, t *Test) (*sigma.Rule, error) {
	all := slices.Concat(b.Rules.Rules, b.Rules.Correlations)
	if t.Rule != "" {
		for _, r := range all {
			if r.Pos.File == file && names(r, t.Rule) {
				return r, nil
			}
		}
		for _, r := range all {
			if names(r, t.Rule) {
				return r, nil
			}
		}
		return nil, fmt.Errorf("no rule that can be used has the id, name or title %q", t.Rule)
	}
	var last *sigma.Rule
	for _, r := range all {
		if r.Pos.File != file || b.inner(r) {
			continue
		}
		if last == nil || last.Silent && !r.Silent || last.Silent == r.Silent && r.Pos.Line > last.Pos.Line {
			last = r
		}
	}
	if last == nil {
		return nil, fmt.Errorf("no rule of %s can be used", file)
	}
	return last, nil
}

func names(r *sigma.Rule, ref string) bool {
	return strings.EqualFold(r.ID, ref) || r.Name == ref || strings.EqualFold(r.Title, ref)
}

// inner tells whether a detection was made from an old aggregation: it is no rule that anybody wrote.
func (b *Bench) inner(r *sigma.Rule) bool {
	return slices.ContainsFunc(b.Rules.Correlations, func(c *sigma.Rule) bool {
		return c.Correlation.Implicit && c.Correlation.Rules[0].Rule == r
	})
}

// Run runs a case against a rule. Its errors are those of the case, not of the rule: a format that is not known, lines
// that cannot be read, a log source that would have to be stated.
func (b *Bench) Run(rule *sigma.Rule, t *Test) (*Result, error) {
	var batch event.Batch
	if t.Events == nil {
		if err := b.Read(t.Format, t.Lines, &batch); err != nil {
			return nil, err
		}
		if len(batch.Unread) > 0 {
			return nil, fmt.Errorf("the lines cannot be read as %s: %s", orFormat(t.Format), batch.Unread[0].Reason)
		}
	} else if err := b.events(rule, t, &batch); err != nil {
		return nil, err
	}
	res := &Result{Rule: rule, Events: len(batch.Events)}
	hits, notes, err := b.hits(rule, &batch)
	if err != nil {
		return nil, err
	}
	res.Hits = len(hits)
	res.Passed = res.Hits == t.Hits || t.AtLeast && res.Hits > t.Hits
	if !res.Passed {
		res.Why = append(b.why(rule, t, hits, &batch), notes...)
	}
	return res, nil
}

func orFormat(f string) string {
	if f == "" {
		return "any format"
	}
	return f
}

// behind returns the rules that a rule is made of, itself included: detections, and correlations each after those that
// it refers to.
func (b *Bench) behind(rule *sigma.Rule) (detections, correlations []*sigma.Rule) {
	needed := map[*sigma.Rule]bool{rule: true}
	for _, c := range slices.Backward(b.Rules.Correlations) {
		if needed[c] {
			for _, ref := range c.Correlation.Rules {
				needed[ref.Rule] = true
			}
		}
	}
	is := func(r *sigma.Rule) bool { return !needed[r] }
	return slices.DeleteFunc(slices.Clone(b.Rules.Rules), is), slices.DeleteFunc(slices.Clone(b.Rules.Correlations), is)
}

// hits runs one rule, and what it is made of, over a batch.
func (b *Bench) hits(rule *sigma.Rule, batch *event.Batch) (hits []detect.Hit, notes []string, err error) {
	detections, correlations := b.behind(rule)
	e, err := detect.New(detections, correlations, b.Sources, detect.Options{Wanted: func(r *sigma.Rule) bool { return r == rule }})
	if err != nil {
		return nil, nil, err
	}
	res := e.NewWorker().Match(batch)
	if err := e.Gather(res); err != nil {
		return nil, nil, err
	}
	for i := range res.Hits {
		hits = append(hits, res.Hits[i].Hit)
	}
	err = e.Finish(func(_ *sigma.Rule, h *detect.Hit) error {
		hits = append(hits, *h)
		return nil
	})
	return hits, e.Notes(), err
}

// testStep is how far apart events are that state no time, in nanoseconds.
const testStep = 1e9

// testStart is the time of the first event that states none: 2026-01-01T00:00:00Z, a Thursday.
const testStart = 1767225600 * testStep

// testFormat is the format of events that are given by their fields.
const testFormat = "test"

// events puts the events of a case into a batch.
func (b *Bench) events(rule *sigma.Rule, t *Test, batch *event.Batch) error {
	origin := &event.Origin{Path: t.Pos.File, Format: testFormat}
	formats := make(map[event.LogSource]*event.Format)
	shapes := new(event.Shapes)
	now := int64(testStart - testStep)
	for i := range t.Events {
		te := &t.Events[i]
		source, err := b.sourceOf(rule, t, te)
		if err != nil {
			return err
		}
		f := formats[source]
		if f == nil {
			f = &event.Format{Name: fmt.Sprintf("test %d", len(formats)), LogSource: source}
			if source.Product == "windows" {
				f.ECS = event.WindowsFormat.ECS
			}
			formats[source] = f
		}
		if now += testStep; te.Time != 0 {
			now = te.Time
		}
		e := batch.Add(shapes.Intern(f, te.Names))
		copy(e.Values, te.Values)
		e.Time, e.Origin, e.Record = now, origin, int64(te.Pos.Line)
	}
	return nil
}

// sourceOf says what a bare event is an event of: what the case states; of Windows where it names a channel or a
// provider, and then the table of log sources tells the rest as it does for real events; else what the rule asks for.
func (b *Bench) sourceOf(rule *sigma.Rule, t *Test, te *Event) (event.LogSource, error) {
	if t.LogSource != (event.LogSource{}) {
		return t.LogSource, nil
	}
	if slices.Contains(te.Names, "Channel") || slices.Contains(te.Names, "Provider_Name") {
		return event.WindowsFormat.LogSource, nil
	}
	detections, _ := b.behind(rule)
	var source event.LogSource
	for i, d := range detections {
		if i > 0 && d.LogSource != source {
			return source, fmt.Errorf("the case must state its logsource: %q is made of rules for several", rule.Title)
		}
		source = d.LogSource
	}
	return source, nil
}
