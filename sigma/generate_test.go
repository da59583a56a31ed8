package sigma

import (
	"cmp"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
)

// way is one kind of events through which a rule can be reached.
type way struct {
	own    event.LogSource
	fields map[string]string
	when   *Expr // what the events' own fields must be for it; nil for nothing
}

// waysTo returns all ways to rules of log source want.
func waysTo(l *LogSources, want event.LogSource) []way {
	nothing := func(string) event.Value { return event.Value{} }
	list := []way{{own: want, fields: l.facets(want, nothing)[0].fields}}
	if !l.Known(want) {
		return append(list, way{own: event.LogSource{}, fields: l.facets(event.LogSource{}, nothing)[0].fields})
	}
	for _, e := range l.entries {
		if !covers(want, e.source) {
			continue
		}
		for _, w := range e.ways {
			one := way{own: w.from, fields: w.fields}
			for _, t := range w.when {
				if t.field == "Channel" || t.field == "Provider_Name" && !slices.Contains(t.values, "linux-sysmon") {
					one.own.Product = "windows"
				}
				any := &Expr{Op: Or}
				for _, v := range t.written {
					any.Kids = append(any.Kids, &Expr{Op: Test, Test: &Predicate{Field: t.field, Pattern: LiteralPattern(v)}})
				}
				if one.when == nil {
					one.when = &Expr{Op: And}
				}
				one.when.Kids = append(one.when.Kids, any)
			}
			one.own.Product = cmp.Or(one.own.Product, e.source.Product)
			if covers(want, one.own) { // then it is the first way
				continue
			}
			list = append(list, one)
		}
	}
	return list
}

// generator makes events for rules and asks the engine about them.
type generator struct {
	*testing.T
	engine *Engine
	m      *Matcher
	oracle *naiveEngine
	made   int

	wrong, compared, negatives, negativeOnly int
}

// encoded returns a value in one of the forms in which events carry text.
func (g *generator) encoded(v event.Value) event.Value {
	if v.Kind != event.Text || !utf8.ValidString(v.Raw) {
		return v
	}
	switch g.made % 3 {
	case 1:
		var b []byte
		for _, u := range utf16.Encode([]rune(v.Raw)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return event.Value{Raw: string(b), Kind: event.UTF16}
	case 2:
		if strings.IndexByte(v.Raw, '\\') >= 0 {
			q := event.AppendQuoted(nil, v.Raw)
			return event.Value{Raw: string(q[1 : len(q)-1]), Kind: event.Escaped}
		}
		if v.Raw != "" && len(v.Raw) < 9 && strings.Trim(v.Raw, "0123456789") == "" && v.Raw[0] != '0' {
			return event.Value{Raw: v.Raw, Kind: event.Number}
		}
	}
	return v
}

// event makes an event of fields; the keyword field becomes the text of a line, or a field of its own.
func (g *generator) event(own event.LogSource, fields map[string]event.Value) *event.Event {
	g.made++
	e := &event.Event{Origin: testOrigin}
	var names []string
	for _, n := range sortedKeys(fields) {
		v := fields[n]
		if n == keywordField {
			if g.made%2 == 0 && v.Kind == event.Text && !strings.HasPrefix(v.Raw, "{") {
				e.Raw = v.Raw
				continue
			}
			n = "message"
		}
		names = append(names, n)
		e.Values = append(e.Values, g.encoded(v))
	}
	e.Shape = event.NewShape(&event.Format{LogSource: own}, names...)
	e.Shape.Transient = true
	return e
}

// oracleSays evaluates one rule plainly.
func (g *generator) oracleSays(r *Rule, e *event.Event) bool {
	facets := g.engine.sources.facets(e.Shape.Format.LogSource, e.Get)
	unknown := len(facets) == 1 && facets[0].source == event.LogSource{}
	for _, f := range facets {
		if covers(r.LogSource, f.source) || unknown && !g.engine.sources.known(r.LogSource) {
			return naive(renamed(r.Detection, f.fields), e)
		}
	}
	return false
}

// try tells whether a rule hits an event, after comparing the engine with the oracle.
func (g *generator) try(place int32, e *event.Event) bool {
	r := g.engine.rules[place]
	hits := g.m.Match(e)
	hit := slices.Contains(hits, place)
	ok := hit == g.oracleSays(r, e)
	var want []int32
	if g.made%40 == 0 {
		want = g.oracle.match(e)
		ok = ok && slices.Equal(hits, want)
		g.compared++
	}
	if !ok {
		if g.wrong++; g.wrong < 20 {
			g.Errorf("%s: %s: the engine says %v, the oracle not; all hits %v, oracle %v\n%s", r.Pos.File, r.Title, hit, hits, want, shown(e))
		}
	}
	return hit
}

func shown(e *event.Event) string {
	out := []byte(e.Raw)
	for i, n := range e.Shape.Fields() {
		out = append(append(append(out, "\n  "...), n...), ": "...)
		out = e.Values[i].AppendJSON(out)
	}
	return string(out)
}

// rule tells whether an event could be made through a way that the rule describes.
func (g *generator) rule(place int32, w way) bool {
	r := g.engine.rules[place]
	x := renamed(r.Detection, w.fields)
	if w.when != nil {
		x = &Expr{Op: And, Kids: []*Expr{w.when, x}}
	}
	fields, ok := solve(x)
	if !ok {
		return false
	}
	e := g.event(w.own, fields)
	if !g.try(place, e) {
		return false
	}
	g.explained(place, e)
	g.nearMiss(place, w, fields)
	return true
}

// explained checks the reasons of a hit.
func (g *generator) explained(place int32, e *event.Event) {
	r := g.engine.rules[place]
	reasons := g.m.Explain(place)
	if len(reasons) == 0 {
		if positive(r.Detection, true) {
			g.Errorf("%s: %s: no reasons for the hit on\n%s", r.Pos.File, r.Title, shown(e))
		}
		g.negativeOnly++
	}
	for _, reason := range reasons {
		found := reason.Value == e.Raw && reason.Field == ""
		for i, n := range e.Shape.Fields() {
			for v := range e.Values[i].Elements() {
				found = found || n == reason.Field && v.String() == reason.Value
			}
			found = found || n == reason.Field && e.Values[i].String() == reason.Value
		}
		if !found && (reason.Value != "" || e.Get(reason.Field).Kind > event.Null) || reason.By == "" || reason.At < 0 || reason.At > len(reason.Value) {
			g.Errorf("%s: %s: the reason %+v is not in\n%s", r.Pos.File, r.Title, reason, shown(e))
		}
	}
}

// positive tells whether a tree can only hold by tests that pass.
func positive(x *Expr, holds bool) bool {
	switch x.Op {
	case Not:
		return positive(x.Kids[0], !holds)
	case Test:
		return holds
	case And, Or:
		some := slices.ContainsFunc(x.Kids, func(k *Expr) bool { return positive(k, holds) })
		each := !slices.ContainsFunc(x.Kids, func(k *Expr) bool { return !positive(k, holds) })
		return each || some && (x.Op == And) == holds
	}
	return false
}

// nearMiss breaks the event's values one by one, each as little as may be, until the rule does not describe it any more.
func (g *generator) nearMiss(place int32, w way, fields map[string]event.Value) {
	missed := false
	for _, name := range sortedKeys(fields) {
		v := fields[name]
		for _, broken := range spoilt(v) {
			other := make(map[string]event.Value, len(fields))
			for n, u := range fields {
				other[n] = u
			}
			if other[name] = broken; broken.Kind == event.Missing {
				delete(other, name)
			}
			if !g.try(place, g.event(w.own, other)) {
				missed = true
				break
			}
		}
	}
	if missed {
		g.negatives++
	}
}

// spoilt returns values that are nearly v: shorter by the first or last character, one in the middle changed, no value.
func spoilt(v event.Value) []event.Value {
	list := []event.Value{{}, {Kind: event.Null}}
	if v.Kind == event.Text && len(v.Raw) > 2 {
		half := len(v.Raw) / 2
		for _, s := range []string{v.Raw[1:], v.Raw[:len(v.Raw)-1], v.Raw[:half] + "\x7f" + v.Raw[half+1:], "~" + v.Raw, v.Raw + "~"} {
			list = append([]event.Value{{Raw: s, Kind: event.Text}}, list...)
		}
	}
	return list
}

// builtinRules returns the detections that the program brings along.
func builtinRules(t *testing.T) []*Rule {
	t.Helper()
	files, err := filepath.Glob("../rules/builtin/*/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no built-in rules: %v", err)
	}
	var rules []*Rule
	for _, name := range files {
		if strings.HasSuffix(name, ".test.yml") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rs, _ := Load(name, data, LoadOptions{})
		rules = append(rules, rs...)
	}
	return slices.DeleteFunc(rules, func(r *Rule) bool { return r.Detection == nil })
}

// TestEveryRuleFires makes, from each rule's own condition and for each kind of events through which it can be reached,
// an event that it describes and others that are nearly so, and holds the engine against the oracle on all of them.
func TestEveryRuleFires(t *testing.T) {
	rules := append(corpusRules(t, allRuleFolders...), builtinRules(t)...)
	engine := Compile(rules, BuiltinLogSources())
	g := &generator{T: t, engine: engine, m: engine.NewMatcher(), oracle: &naiveEngine{engine, make(map[string][]naiveRule)}}
	fired, ways, reached := 0, 0, 0
	bySource := make(map[event.LogSource][]way)
	for i, r := range rules {
		list, ok := bySource[r.LogSource]
		if !ok {
			list = waysTo(engine.sources, r.LogSource)
			bySource[r.LogSource] = list
		}
		fires := 0
		for _, w := range list {
			if g.rule(int32(i), w) {
				fires++
			}
		}
		ways += len(list)
		reached += fires
		reason, known := cannotFire[r.Title]
		switch {
		case fires > 0 && known:
			t.Errorf("%s fires, but is said not to: %s", r.Title, reason)
		case fires > 0:
			fired++
		case !known:
			t.Errorf("%s: %s never fired, through %d ways", r.Pos.File, r.Title, len(list))
		}
	}
	t.Logf("%d of %d rules fired, through %d of %d ways; %d events made, %d of them held against every rule; %d of the ways also miss an event that is nearly right; %d hits by negations alone; weight %d",
		fired, len(rules), reached, ways, g.made, g.compared, g.negatives, g.negativeOnly, engine.weight)
}

// cannotFire are the rules that describe no event at all, and why.
var cannotFire = map[string]string{}
