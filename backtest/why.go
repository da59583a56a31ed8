package backtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/store"
)

// Never says why a rule has not hit.
type Never struct {
	Why    string   `json:"why"`              // one sentence
	Can    bool     `json:"can"`              // it could, if what it looks for happened
	Events int64    `json:"events,omitempty"` // of its log source that were looked at for this
	Parts  []Part   `json:"parts,omitempty"`  // of a detection: what its selections matched
	Absent []string `json:"absent,omitempty"` // fields that none of these events has
}

// Part is a part of a detection's condition, and how many events it holds for.
type Part struct {
	Text    string `json:"text"` // the tests as the rule's author wrote them
	Not     bool   `json:"not,omitempty"`
	Matched int64  `json:"matched"`
}

// Bounds of the look at why rules do not hit.
const (
	whyEvents = 50_000 // the newest
	maxParts  = 24
	maxWhy    = 200 // rules that are explained by their events; of the others, only by their log sources
)

// why explains the rules that did not hit.
func (r *run) why(ctx context.Context, n *narrowing) error {
	var silent []*tally
	for _, t := range r.tallied {
		if t.out.Hits == 0 {
			silent = append(silent, t)
		}
	}
	if len(silent) == 0 {
		return nil
	}
	var list []*sigma.Rule
	for _, t := range silent {
		list = append(list, t.rule)
	}
	reasons, err := reasonsOf(ctx, r.Request, n, list)
	if err != nil {
		return err
	}
	for _, t := range silent {
		t.out.Never = reasons[t.rule]
	}
	return nil
}

// reasonsOf says of rules why they do not hit.
func reasonsOf(ctx context.Context, q *Request, n *narrowing, rules []*sigma.Rule) (map[*sigma.Rule]*Never, error) {
	out := make(map[*sigma.Rule]*Never)
	var probes []*probe
	of := make(map[*sigma.Rule]*probe)
	for _, r := range detectionsOf(rules) {
		if never := n.impossible(r); never != nil {
			out[r] = never
			continue
		}
		if len(probes) >= maxWhy {
			continue
		}
		p := newProbe(r)
		probes = append(probes, p)
		of[r] = p
	}
	if len(probes) > 0 {
		if err := look(ctx, q, n, probes); err != nil {
			return nil, err
		}
	}
	for r, p := range of {
		out[r] = p.never()
	}
	for _, r := range rules {
		if r.Correlation != nil {
			out[r] = chainReason(r, out)
		} else if out[r] == nil {
			out[r] = &Never{Why: "nothing that it looks for has happened in the time", Can: true}
		}
	}
	return out, nil
}

// chainReason says why a correlation does not hit: by what it is made of.
func chainReason(r *sigma.Rule, known map[*sigma.Rule]*Never) *Never {
	never := &Never{Can: true}
	var words []string
	for _, d := range detectionsOf([]*sigma.Rule{r}) {
		if k := known[d]; k != nil && (!k.Can || k.Why != "") && k.matchedNothing() {
			words = append(words, fmt.Sprintf("%s: %s", d.Title, k.Why))
			never.Can = never.Can && k.Can
			never.Events += k.Events
		}
	}
	switch {
	case len(words) > 0:
		never.Why = strings.Join(words, "; ")
	default:
		never.Why = "its parts hit, but never as its condition wants: " + detect.DescribeCorrelation(r.Correlation)
	}
	return never
}

func (n *Never) matchedNothing() bool { return n.Why != partsHit }

const partsHit = "events match all of it"

// impossible says why no event that is kept can be hit, nil if some may.
func (n *narrowing) impossible(r *sigma.Rule) *Never {
	if ofFindings(r) {
		return &Never{Why: "it judges what the detectors find, which are no events that are kept: it cannot be tried on them", Can: true}
	}
	if len(n.datasets) == 0 {
		return &Never{Why: "no event is kept of the time"}
	}
	if len(n.about(r.LogSource)) > 0 {
		return nil
	}
	why := "no event of its log source is kept (" + detect.SourceWords(r.LogSource) + ")"
	if !n.sources.Known(r.LogSource) {
		return &Never{Why: why + ", and no format that is known makes any: see tocsin rules show"}
	}
	return &Never{Why: why + wantedSources(n.sources.Meanings(r.LogSource))}
}

// ofFindings tells whether a rule judges what detectors find.
func ofFindings(r *sigma.Rule) bool { return r.LogSource == detect.FindingFormat.LogSource }

// wantedSources says what events a log source stands for.
func wantedSources(list []sigma.Meaning) string {
	var words []string
	for _, m := range list {
		var parts []string
		if m.From != (event.LogSource{}) {
			parts = append(parts, detect.SourceWords(m.From))
		}
		for _, w := range m.When {
			parts = append(parts, w.Field+" "+strings.Join(w.Values, " or "))
		}
		if text := strings.Join(parts, ", "); text != "" && !slices.Contains(words, text) {
			words = append(words, text)
		}
		if len(words) == 3 {
			break
		}
	}
	if len(words) == 0 {
		return ""
	}
	return "; that would be " + strings.Join(words, "; or ")
}

// probe looks at a detection part by part.
type probe struct {
	rule   *sigma.Rule
	parts  []Part
	rules  []*sigma.Rule // one for each part, after one that describes all events of the log source
	fields []string
	seen   map[string]bool // fields that some event has
	events int64
	whole  int64

	partial bool // there are more events that may be of its log source than were looked at
}

func newProbe(r *sigma.Rule) *probe {
	p := &probe{rule: r, seen: make(map[string]bool)}
	part := func(x *sigma.Expr) {
		p.rules = append(p.rules, &sigma.Rule{Title: r.Title, LogSource: r.LogSource, Detection: x})
	}
	part(&sigma.Expr{Op: sigma.True})
	part(r.Detection)
	for _, x := range partsOf(r.Detection) {
		if len(p.parts) == maxParts {
			break
		}
		not := x.Op == sigma.Not
		if not {
			x = x.Kids[0]
		}
		p.parts = append(p.parts, Part{Text: partText(x), Not: not})
		part(x)
	}
	p.fields = fieldsOf(r.Detection)
	return p
}

// partsOf returns the parts of a condition: what all must hold, and of what any may.
func partsOf(x *sigma.Expr) []*sigma.Expr {
	switch x.Op {
	case sigma.And:
		var list []*sigma.Expr
		for _, k := range x.Kids {
			if k.Op == sigma.And {
				list = append(list, partsOf(k)...)
			} else {
				list = append(list, k)
			}
		}
		return list
	case sigma.Or:
		if slices.ContainsFunc(x.Kids, func(k *sigma.Expr) bool { return k.Op != sigma.Test }) {
			return x.Kids
		}
	}
	return []*sigma.Expr{x}
}

// partText names a part by its first tests.
func partText(x *sigma.Expr) string {
	var words []string
	more := 0
	walk(x, func(t *sigma.Predicate) {
		if slices.Contains(words, t.By) {
			return
		}
		if len(words) < 3 {
			words = append(words, t.By)
		} else {
			more++
		}
	})
	join := " and "
	if x.Op == sigma.Or {
		join = " or "
	}
	text := strings.Join(words, join)
	if more > 0 {
		text += fmt.Sprintf(" … (%d more)", more)
	}
	return text
}

func walk(x *sigma.Expr, f func(*sigma.Predicate)) {
	if x.Op == sigma.Test {
		f(x.Test)
	}
	for _, k := range x.Kids {
		walk(k, f)
	}
}

// fieldsOf returns the fields that a detection asks for.
func fieldsOf(x *sigma.Expr) []string {
	var list []string
	walk(x, func(t *sigma.Predicate) {
		if t.Field != "" && t.Kind != sigma.IsNull && !slices.Contains(list, t.Field) {
			list = append(list, t.Field)
		}
	})
	return list
}

// errEnough ends a look.
var errEnough = errors.New("enough was looked at")

// look goes through the newest events that rules may be about.
func look(ctx context.Context, q *Request, n *narrowing, probes []*probe) error {
	var rules []*sigma.Rule
	var own []event.LogSource
	first := make([]int32, len(probes))
	for i, p := range probes {
		first[i] = int32(len(rules))
		rules = append(rules, p.rules...)
		own = append(own, p.rule.LogSource)
	}
	m := sigma.Compile(rules, q.Sources).NewMatcher()
	at := make([]int, len(rules)) // of a rule, its probe
	for i := range probes {
		for j := range probes[i].rules {
			at[int(first[i])+j] = i
		}
	}
	rebuild := live.NewRebuild(q.Parser, q.Formats...)
	whole, err := newest(ctx, q, n.aboutAny(own...), whyEvents, func(b *store.Block) {
		batch := rebuild.Events(b.Names, b.Columns, b.Rows)
		for e := range batch.Events {
			for _, rule := range m.Match(&batch.Events[e]) {
				p := probes[at[rule]]
				switch part := rule - first[at[rule]]; part {
				case 0:
					p.events++
					p.look(m, rule)
				case 1:
					p.whole++
				default:
					p.parts[part-2].Matched++
				}
			}
		}
	})
	for _, p := range probes {
		p.partial = !whole
	}
	return err
}

// look notes which fields the last event has.
func (p *probe) look(m *sigma.Matcher, rule int32) {
	if len(p.seen) == len(p.fields) {
		return
	}
	for _, f := range p.fields {
		if !p.seen[f] && m.Field(rule, f).Kind != event.Missing {
			p.seen[f] = true
		}
	}
}

// never says why the detection has not hit, by what was looked at.
func (p *probe) never() *Never {
	n := &Never{Events: p.events, Parts: p.parts, Can: true}
	for _, f := range p.fields {
		if !p.seen[f] {
			n.Absent = append(n.Absent, f)
		}
	}
	var unmet []string
	for _, part := range p.parts {
		if !part.Not && part.Matched == 0 {
			unmet = append(unmet, part.Text)
		}
	}
	switch {
	case p.events == 0 && p.partial:
		n.Parts, n.Absent = nil, nil
		n.Why = fmt.Sprintf("no event of its log source is among the newest %d that were looked at (%s)", whyEvents, detect.SourceWords(p.rule.LogSource))
	case p.events == 0:
		n.Can, n.Parts, n.Absent = false, nil, nil
		n.Why = "no event of its log source is kept (" + detect.SourceWords(p.rule.LogSource) + ")"
	case p.whole > 0:
		n.Why = partsHit
	case len(n.Absent) == len(p.fields) && len(p.fields) > 0:
		n.Can = false
		n.Why = lacking(p.events, n.Absent)
	case len(n.Absent) > 0 && len(unmet) > 0:
		n.Why = lacking(p.events, n.Absent)
		n.Can = !p.needs(n.Absent)
	case len(unmet) > 0:
		n.Why = "no event matches " + unmet[0]
	default:
		n.Why = "each part of it matches some events, but never all at once, or what it excludes holds then"
	}
	return n
}

// needs tells whether a detection can only hold for events that have one of the fields.
func (p *probe) needs(fields []string) bool {
	var must func(x *sigma.Expr) bool
	must = func(x *sigma.Expr) bool {
		switch x.Op {
		case sigma.Test:
			return x.Test.Kind != sigma.IsNull && slices.Contains(fields, x.Test.Field)
		case sigma.And:
			return slices.ContainsFunc(x.Kids, must)
		case sigma.Or:
			return len(x.Kids) > 0 && !slices.ContainsFunc(x.Kids, func(k *sigma.Expr) bool { return !must(k) })
		}
		return false
	}
	return must(p.rule.Detection)
}

// lacking says which fields none of so many events has.
func lacking(events int64, fields []string) string {
	return fmt.Sprintf("none of the newest %d events of its log source has the %s", events, fieldWords(fields))
}

func fieldWords(fields []string) string {
	if len(fields) == 1 {
		return "field " + fields[0]
	}
	return "fields " + strings.Join(fields[:min(len(fields), 8)], ", ")
}

// newest hands out the newest events that a condition means, about so many, the last days first. It tells whether these
// were all.
func newest(ctx context.Context, q *Request, where query.Expr, most int, yield func(*store.Block)) (whole bool, err error) {
	until := q.Until
	if until == 0 {
		until = q.Now().Add(48 * time.Hour).UnixNano()
	}
	n := 0
	for span := int64(time.Hour); n < most; span *= 4 {
		since := until - span
		last := since <= q.Since || since <= 0
		if last {
			since = q.Since
		}
		err = q.Store.Query(ctx, &query.Query{Where: where, Since: since, Until: until}, func(b *store.Block) error {
			yield(b)
			if n += b.Rows; n >= most {
				return errEnough
			}
			return ctx.Err()
		})
		switch {
		case ctx.Err() != nil:
			return false, context.Cause(ctx)
		case errors.Is(err, errEnough):
			return false, nil
		case err != nil:
			return false, fmt.Errorf("read what is kept: %w", err)
		}
		if last {
			return true, nil
		}
		until = since
	}
	return false, nil
}
