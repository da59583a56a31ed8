package sigma

import (
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/recorded"
	"github.com/tocsin-sec/tocsin/internal/refdata"
)

// corpusRules returns the detections of the community's rules that load, placeholders filled in.
func corpusRules(tb testing.TB, folders ...string) []*Rule {
	tb.Helper()
	var rules []*Rule
	for _, folder := range folders {
		files := refdata.Files(tb, "sigma/"+folder, ".yml")
		for _, name := range sortedKeys(files) {
			rs, _ := Load(name, files[name], LoadOptions{Unknown: []string{"placeholder"}})
			rules = append(rules, rs...)
		}
	}
	return slices.DeleteFunc(rules, func(r *Rule) bool { return r.Detection == nil })
}

// naiveRule is a rule with the names that the events of one facet have for its fields.
type naiveRule struct {
	place int32
	expr  *Expr
}

// naiveEngine evaluates every rule of an event's log sources, one after the other.
type naiveEngine struct {
	engine *Engine
	routes map[string][]naiveRule
}

func (n *naiveEngine) match(ev *event.Event) []int32 {
	var key strings.Builder
	for _, f := range n.engine.sources.fields {
		v := ev.Get(f)
		key.WriteString(string(rune(v.Kind)) + v.String() + "\x00")
	}
	own := ev.Shape.Format.LogSource
	key.WriteString(own.Category + "\x00" + own.Product + "\x00" + own.Service)
	rules, ok := n.routes[key.String()]
	if !ok {
		rules = n.rules(ev)
		n.routes[key.String()] = rules
	}
	var hits []int32
	for _, r := range rules {
		if naive(r.expr, ev) {
			hits = append(hits, r.place)
		}
	}
	return hits
}

func (n *naiveEngine) rules(ev *event.Event) []naiveRule {
	facets := n.engine.sources.facets(ev.Shape.Format.LogSource, ev.Get)
	unknown := len(facets) == 1 && facets[0].source == event.LogSource{}
	var list []naiveRule
	for i, r := range n.engine.rules {
		for _, f := range facets {
			if covers(r.LogSource, f.source) || unknown && !n.engine.sources.known(r.LogSource) {
				list = append(list, naiveRule{int32(i), renamed(r.Detection, f.fields)})
				break
			}
		}
	}
	return list
}

// renamed returns an expression with other names for its fields.
func renamed(x *Expr, names map[string]string) *Expr {
	y := *x
	if x.Test != nil {
		p := *x.Test
		if n, ok := names[p.Field]; ok {
			p.Field = n
		}
		if n, ok := names[p.Ref]; ok {
			p.Ref = n
		}
		y.Test = &p
	}
	y.Kids = make([]*Expr, len(x.Kids))
	for i, k := range x.Kids {
		y.Kids[i] = renamed(k, names)
	}
	return &y
}

var allRuleFolders = []string{"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance", "rules-placeholder"}

// TestEngineIsNaive holds every rule of the community against the events at hand, in the engine and in the oracle: all of
// those that hold attacks, and one in a few of the everyday ones, of which there are many alike.
func TestEngineIsNaive(t *testing.T) {
	rules := corpusRules(t, allRuleFolders...)
	engine := Compile(rules, BuiltinLogSources())
	m := engine.NewMatcher()
	oracle := &naiveEngine{engine, make(map[string][]naiveRule)}
	hits, wrong := 0, 0
	for _, set := range []struct {
		folder, suffix string
		stride         int
	}{
		{"evtx-to-mitre", ".evtx", 4},
		{"omerbenamram-evtx", ".evtx", 9},
		{"sigma/regression_data", ".json", 1},
		{"security-datasets", ".json", 3},
		{"stratus-red-team", ".json", 1},
		{"elastic-examples", "auth.log", 9},
	} {
		events := recorded.Events(t, set.suffix, set.folder).Events
		for i := 0; i < len(events); i += set.stride {
			ev := &events[i]
			want := oracle.match(ev)
			got := m.Match(ev)
			hits += len(want)
			if !slices.Equal(got, want) {
				if wrong++; wrong <= 10 {
					t.Errorf("%s record %d: engine %s, oracle %s", ev.Origin.Path, ev.Record, titles(rules, got), titles(rules, want))
				}
			}
		}
		t.Logf("%s: %d events", set.folder, len(events))
	}
	if wrong > 0 || hits < 500 {
		t.Errorf("%d events differ; %d hits in all", wrong, hits)
	}
}

func titles(rules []*Rule, places []int32) []string {
	var list []string
	for _, p := range places {
		list = append(list, rules[p].Title)
	}
	return list
}

// BenchmarkMatch is matching alone: all Windows rules over decoded events, beside the oracle in the same run.
func BenchmarkMatch(b *testing.B) {
	rules := slices.DeleteFunc(corpusRules(b, allRuleFolders...), func(r *Rule) bool { return r.LogSource.Product != "windows" })
	for _, set := range []struct{ folder, suffix string }{{"security-datasets", ".json"}, {"evtx-to-mitre", ".evtx"}, {"omerbenamram-evtx", ".evtx"}} {
		events := recorded.Events(b, set.suffix, set.folder).Events
		engine := Compile(rules, BuiltinLogSources())
		m := engine.NewMatcher()
		oracle := &naiveEngine{engine, make(map[string][]naiveRule)}
		for i := range events {
			m.Match(&events[i])
		}
		b.Run("engine/"+set.folder, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				m.Match(&events[i%len(events)])
			}
		})
		b.Run("naive/"+set.folder, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				oracle.match(&events[i*31%len(events)])
			}
		})
	}
}

// BenchmarkMoreRules shows what ten times the rules cost: copies whose literals differ, so that nothing is shared.
func BenchmarkMoreRules(b *testing.B) {
	base := slices.DeleteFunc(corpusRules(b, allRuleFolders...), func(r *Rule) bool { return r.LogSource.Product != "windows" })
	events := recorded.Events(b, ".json", "security-datasets").Events
	for _, times := range []int{1, 10} {
		rules := base
		for i := 1; i < times; i++ {
			for _, r := range base {
				c := *r
				c.Detection = varied(r.Detection, string(rune('a'+i)))
				rules = append(rules[:len(rules):len(rules)], &c)
			}
		}
		m := Compile(rules, BuiltinLogSources()).NewMatcher()
		for i := range events {
			m.Match(&events[i])
		}
		b.Run(map[int]string{1: "rules×1", 10: "rules×10"}[times], func(b *testing.B) {
			b.ReportMetric(float64(len(rules)), "rules")
			for i := 0; b.Loop(); i++ {
				m.Match(&events[i%len(events)])
			}
		})
	}
}

// varied returns an expression whose longer literals end otherwise.
func varied(x *Expr, end string) *Expr {
	y := *x
	if x.Test != nil && x.Test.Kind == Match {
		p := *x.Test
		p.Pattern = slices.Clone(p.Pattern)
		for i, t := range p.Pattern {
			if t.Kind == Literal && len(t.Text) > 5 && p.Field != "EventID" && p.Field != "Channel" {
				p.Pattern[i].Text = t.Text[:len(t.Text)-1] + end + t.Text[len(t.Text)-1:]
			}
		}
		y.Test = &p
	}
	y.Kids = make([]*Expr, len(x.Kids))
	for i, k := range x.Kids {
		y.Kids[i] = varied(k, end)
	}
	return &y
}

// TestMatchAllocatesNothing is about events that hit nothing, once their kind has been seen.
func TestMatchAllocatesNothing(t *testing.T) {
	m := Compile(corpusRules(t, allRuleFolders...), BuiltinLogSources()).NewMatcher()
	events := recorded.Events(t, ".json", "security-datasets").Events
	var quiet []*event.Event
	for i := range events {
		if len(m.Match(&events[i])) == 0 {
			quiet = append(quiet, &events[i])
		}
	}
	if len(quiet) < 1000 {
		t.Fatalf("only %d events hit nothing", len(quiet))
	}
	allocs := testing.AllocsPerRun(3, func() {
		for _, ev := range quiet {
			m.Match(ev)
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations for %d events", allocs, len(quiet))
	}
}

// TestWebserverNames is about rules that ask for the query and mean the whole address.
func TestWebserverNames(t *testing.T) {
	rules, _ := Load("web.yml", []byte("title: t\nlogsource: {category: webserver}\ndetection:\n  s: {cs-uri-query|contains: '/shell.php?cmd='}\n  condition: s\n"), LoadOptions{})
	m := Compile(rules, BuiltinLogSources()).NewMatcher()
	for _, own := range []event.LogSource{{Category: "webserver"}, {Category: "webserver", Product: "windows", Service: "iis"}} {
		shape := event.NewShape(&event.Format{LogSource: own}, "cs-uri", "cs-uri-query")
		ev := &event.Event{Shape: shape, Origin: testOrigin, Values: []event.Value{{Raw: "/a/shell.php?cmd=id", Kind: event.Text}, {Raw: "cmd=id", Kind: event.Text}}}
		if len(m.Match(ev)) != 1 {
			t.Errorf("%v: no hit", own)
		}
	}
}
