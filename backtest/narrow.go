package backtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/store"
)

// maxDatasets bounds the datasets that are told apart; past it, events of all are looked at.
const maxDatasets = 1000

// datasetsOf lists the datasets of which events are kept, and how many.
func datasetsOf(ctx context.Context, f Finder, since, until int64) ([]store.Count, error) {
	list, err := f.Values(ctx, &query.Query{Since: since, Until: until}, store.Dataset, maxDatasets)
	if err != nil {
		return nil, fmt.Errorf("list what is kept: %w", err)
	}
	return list, nil
}

// narrowing works out which events rules can hit, so that the others need not be read. What it leaves out no rule hits;
// what it lets through none need hit.
type narrowing struct {
	sources  *sigma.LogSources
	datasets []store.Count
	format   func(dataset string) *event.Format
}

// Bounds of a condition: where rules would make a longer one, it costs more than it spares.
const (
	maxWords = 32 // of one rule
	maxTests = 200
	minWord  = 3 // bytes
)

// where returns a condition that holds for all events that a rule of a list can hit; nil is that any may be. none is true
// where none can be.
func (n *narrowing) where(rules []*sigma.Rule) (where query.Expr, none bool) {
	if len(n.datasets) >= maxDatasets {
		return nil, false
	}
	var any []query.Expr
	tests := 0
	for _, r := range rules {
		about := n.about(r.LogSource)
		if len(about) == 0 {
			continue
		}
		var of []query.Expr
		for _, d := range about {
			of = append(of, d.expr())
		}
		x := query.Expr(&query.Or{Of: of})
		if words, ok := demanded(r.Detection); ok && len(words) <= maxWords {
			x = &query.And{Of: []query.Expr{x, wordsExpr(words)}}
		}
		query.Walk(x, func(*query.Test) { tests++ })
		any = append(any, x)
	}
	if len(any) == 0 {
		return nil, true
	}
	if tests > maxTests {
		return n.datasetsOnly(rules), false
	}
	return &query.Or{Of: any}, false
}

// datasetsOnly is where without what selections demand.
func (n *narrowing) datasetsOnly(rules []*sigma.Rule) query.Expr {
	seen := make(map[string]bool)
	var any []query.Expr
	for _, r := range rules {
		for _, d := range n.about(r.LogSource) {
			if !seen[d.name] {
				seen[d.name] = true
				any = append(any, is(store.Dataset, d.name))
			}
		}
	}
	if len(seen) == len(n.datasets) {
		return nil
	}
	return &query.Or{Of: any}
}

// aboutAny is where without what selections demand: all events that may be of the rules' log sources.
func (n *narrowing) aboutAny(sources ...event.LogSource) query.Expr {
	seen := make(map[event.LogSource]bool)
	var any []query.Expr
	tests := 0
	for _, s := range sources {
		if seen[s] {
			continue
		}
		seen[s] = true
		for _, d := range n.about(s) {
			x := d.expr()
			query.Walk(x, func(*query.Test) { tests++ })
			any = append(any, x)
		}
	}
	if tests > maxTests {
		return nil
	}
	return &query.Or{Of: any}
}

// about is a dataset of which events may be of a log source.
type about struct {
	name string
	ways [][]sigma.FieldValues // one of which they have then; none is any event
}

func (a *about) expr() query.Expr {
	x := is(store.Dataset, a.name)
	if len(a.ways) == 0 {
		return x
	}
	var any []query.Expr
	for _, way := range a.ways {
		var all []query.Expr
		for _, f := range way {
			if f.Field != "Channel" && f.Field != "Provider_Name" && f.Field != "EventID" {
				continue // it may be kept otherwise than it is compared
			}
			one := []query.Expr{&query.Not{Of: &query.Test{Field: f.Field, Op: query.Exists}}} // its name may be written otherwise
			for _, v := range f.Values {
				one = append(one, is(f.Field, v))
			}
			all = append(all, &query.Or{Of: one})
		}
		if len(all) == 0 {
			return x
		}
		any = append(any, &query.And{Of: all})
	}
	return &query.And{Of: []query.Expr{x, &query.Or{Of: any}}}
}

func is(field, value string) query.Expr {
	return &query.Test{Field: field, Op: query.Is, Text: query.EscapePattern(value)}
}

// about returns the datasets of which events may be of a log source.
func (n *narrowing) about(want event.LogSource) []about {
	var list []about
	meanings := n.sources.Meanings(want)
	known := n.sources.Known(want)
	for _, d := range n.datasets {
		a := about{name: d.Value}
		may, all := false, false
		for _, own := range n.owns(d.Value) {
			if covers(want, own) || own == (event.LogSource{}) && !known {
				may, all = true, true
			}
			for _, m := range meanings {
				if !covers(m.From, own) || m.From == (event.LogSource{}) && len(m.When) == 0 {
					continue
				}
				may = true
				if d.Value != event.WindowsFormat.Name {
					all = true
					continue
				}
				a.ways = append(a.ways, m.When)
			}
		}
		if !may {
			continue
		}
		if all {
			a.ways = nil
		}
		list = append(list, a)
	}
	return list
}

// owns returns the log sources that events of a dataset are of by themselves.
func (n *narrowing) owns(dataset string) []event.LogSource {
	list := []event.LogSource{n.format(dataset).LogSource}
	for _, f := range parse.Dialects(dataset) {
		list = append(list, f.LogSource)
	}
	return list
}

// covers tells whether events of log source have are among those that want means.
func covers(want, have event.LogSource) bool {
	return (want.Category == "" || want.Category == have.Category) && (want.Product == "" || want.Product == have.Product) &&
		(want.Service == "" || want.Service == have.Service)
}

// demanded returns words one of which stands, in any case, in some value of each event for which an expression holds;
// false where there are none.
func demanded(x *sigma.Expr) ([]string, bool) {
	switch x.Op {
	case sigma.False:
		return nil, true
	case sigma.Test:
		if w := wordOf(x.Test); w != "" {
			return []string{w}, true
		}
	case sigma.And:
		var best []string
		found := false
		for _, k := range x.Kids {
			words, ok := demanded(k)
			if ok && (!found || worth(words) > worth(best)) {
				best, found = words, true
			}
		}
		return best, found
	case sigma.Or:
		var all []string
		for _, k := range x.Kids {
			words, ok := demanded(k)
			if !ok {
				return nil, false
			}
			for _, w := range words {
				if !slices.Contains(all, w) {
					all = append(all, w)
				}
			}
			if len(all) > maxWords {
				return nil, false
			}
		}
		return all, len(x.Kids) > 0
	}
	return nil, false
}

// worth guesses how few events have one of the words: long ones, and few.
func worth(words []string) float64 {
	if len(words) == 0 {
		return 1e9
	}
	shortest := len(words[0])
	for _, w := range words {
		shortest = min(shortest, len(w))
	}
	return float64(shortest) / float64(1+len(words)/4)
}

// wordOf returns what a value has to hold to pass a test: a run of characters that stand for themselves however the value
// is kept, be it within a list of JSON.
func wordOf(p *sigma.Predicate) string {
	if p.Kind != sigma.Match {
		return ""
	}
	best := ""
	for _, t := range p.Pattern {
		if t.Kind != sigma.Literal {
			continue
		}
		for _, w := range strings.FieldsFunc(t.Text, func(c rune) bool { return !plain(c) }) {
			if len(w) > len(best) {
				best = w
			}
		}
	}
	if len(best) < minWord {
		return ""
	}
	return strings.ToLower(best)
}

// plain tells whether a character is written as itself wherever it is kept.
func plain(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

// wordsExpr holds where one of the words stands in some value, or may stand there in disguise: by the numbers of its
// characters, as JSON lets it, or with one of the two characters beyond ASCII that are letters of ASCII in lower case.
func wordsExpr(words []string) query.Expr {
	any := make([]query.Expr, 0, len(words)+3)
	holds := func(text string) {
		any = append(any, &query.Test{Op: query.Is, Text: "*" + query.EscapePattern(text) + "*"})
	}
	for _, w := range words {
		holds(w)
	}
	holds(`\u00`)
	for letter, other := range map[string]string{"k": "\u212a", "i": "\u0130"} {
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, letter) }) {
			holds(other)
		}
	}
	return &query.Or{Of: any}
}

// narrowText writes a condition for people to see.
func narrowText(x query.Expr) string {
	if x == nil {
		return ""
	}
	return query.Format(x)
}
