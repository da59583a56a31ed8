package detect

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/sigma"
)

// base makes a detection of that name, as far as a correlation looks at it.
func base(name string) *sigma.Rule {
	return &sigma.Rule{Title: name, Name: name, Detection: &sigma.Expr{Op: sigma.True}}
}

// refs makes a correlation's list of rules.
func refs(rules ...*sigma.Rule) []sigma.RuleRef {
	var out []sigma.RuleRef
	for _, r := range rules {
		out = append(out, sigma.RuleRef{Ref: r.Name, Rule: r})
	}
	return out
}

func correlation(name string, c sigma.Correlation) *sigma.Rule {
	return &sigma.Rule{Title: name, Name: name, Correlation: &c}
}

func atLeast(n float64) []sigma.CountCondition {
	return []sigma.CountCondition{{Cmp: sigma.GE, Value: n}}
}

// timeline reads observations from lines such as "00:03 failed User=amy Host=h1". The record is the line's number.
func timeline(t testing.TB, c *Correlator, text string, rules ...*sigma.Rule) []Observation {
	t.Helper()
	var out []Observation
	for _, line := range strings.Split(text, "\n") {
		parts := strings.Fields(line)
		if len(parts) == 0 {
			continue
		}
		at, err := time.Parse("15:04:05", parts[0])
		if err != nil {
			t.Fatalf("timeline: %v", err)
		}
		o := Observation{Time: at.AddDate(2026, 0, 0).UnixNano(), Ref: EventRef{File: "log", Record: int64(len(out) + 1)}}
		for _, r := range rules {
			if r.Name == parts[1] {
				o.Rule = r
			}
		}
		if o.Rule == nil {
			t.Fatalf("timeline: no rule %q", parts[1])
		}
		has := make(map[string]string)
		for _, p := range parts[2:] {
			k, v, _ := strings.Cut(p, "=")
			has[k] = v
		}
		for _, n := range c.Needs(o.Rule) {
			o.Fields = append(o.Fields, has[n])
		}
		if u := has["User"]; u != "" {
			o.Entities.Users = []string{u}
		}
		out = append(out, o)
	}
	return out
}

// show writes a hit as "15:04:05 name [group] value count: records".
func show(h *CorrelationHit) string {
	var records []string
	for _, e := range h.Events {
		records = append(records, fmt.Sprint(e.Record))
	}
	return fmt.Sprintf("%s %s [%s] %v %d: %s", time.Unix(0, h.Time).UTC().Format("15:04:05"), h.Rule.Name,
		strings.Join(h.Group, " "), h.Value, h.Count, strings.Join(records, " "))
}

func run1(c *Correlator, os []Observation) []string {
	var out []string
	for i := range os {
		for _, h := range c.Observe(&os[i]) {
			out = append(out, show(&h))
		}
	}
	for _, h := range c.Finish() {
		out = append(out, show(&h))
	}
	return out
}

// scenario is a timeline and the hits that correlations must find in it.
type scenario struct {
	name  string
	rules func(a, b, c *sigma.Rule) []*sigma.Rule
	lines string
	want  string
}

const minute = int64(time.Minute)

func one(corr sigma.Correlation) func(a, b, c *sigma.Rule) []*sigma.Rule {
	return func(a, b, c *sigma.Rule) []*sigma.Rule {
		if corr.Rules == nil {
			corr.Rules = refs(a, b, c)
		}
		return []*sigma.Rule{correlation("x", corr)}
	}
}

func cond(cmp sigma.Cmp, v float64) []sigma.CountCondition {
	return []sigma.CountCondition{{Cmp: cmp, Value: v}}
}

func both(op sigma.Op, kids ...*sigma.CorrelationExpr) *sigma.CorrelationExpr {
	return &sigma.CorrelationExpr{Op: op, Kids: kids}
}

func leafOf(i int) *sigma.CorrelationExpr { return &sigma.CorrelationExpr{Op: sigma.Test, Rule: i} }

func (s scenario) run(t *testing.T) {
	a, b, c := base("a"), base("b"), base("c")
	cor, err := NewCorrelator(s.rules(a, b, c))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, l := range strings.Split(s.want, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			want = append(want, l)
		}
	}
	got := run1(cor, timeline(t, cor, s.lines, a, b, c))
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if cor.size != 0 {
		t.Errorf("%d bytes are accounted for after the end", cor.size)
	}
}

func TestCounting(t *testing.T) {
	span, by := 10*minute, []string{"Host"}
	for _, s := range []scenario{
		{"the window slides over the full hour, both ends included", one(sigma.Correlation{Type: sigma.EventCount, GroupBy: by, Timespan: span, Condition: atLeast(3)}), `
			09:55:00 a Host=h
			10:01:00 b Host=h
			10:04:00 a Host=k
			10:05:00 c Host=h
			`, "10:05:00 x [h] 3 3: 1 2 4"},
		{"one nanosecond too long would be one second here", one(sigma.Correlation{Type: sigma.EventCount, GroupBy: by, Timespan: span, Condition: atLeast(2)}), `
			09:55:00 a Host=h
			10:05:01 a Host=h
			`, ""},
		{"an even pace is one hit, silence ends it", one(sigma.Correlation{Type: sigma.EventCount, GroupBy: by, Timespan: span, Condition: atLeast(2)}), `
			10:00:00 a Host=h
			10:06:00 a Host=h
			10:12:00 a Host=h
			10:18:00 a Host=h
			11:00:00 a Host=h
			11:01:00 a Host=h
			`, `10:06:00 x [h] 2 4: 1 2 3 4
			11:01:00 x [h] 2 2: 5 6`},
		{"no group-by is one group; an event without the field is in none", one(sigma.Correlation{Type: sigma.EventCount, Timespan: span, Condition: atLeast(2)}), `
			10:00:00 a Host=h
			10:01:00 a
			`, "10:01:00 x [] 2 2: 1 2"},
		{"missing group-by", one(sigma.Correlation{Type: sigma.EventCount, GroupBy: by, Timespan: span, Condition: atLeast(2)}), `
			10:00:00 a
			10:01:00 a
			`, ""},
		{"range", one(sigma.Correlation{
			Type: sigma.EventCount, GroupBy: by, Timespan: span,
			Condition: []sigma.CountCondition{{Cmp: sigma.GT, Value: 1}, {Cmp: sigma.LE, Value: 2}},
		}), `
			10:00:00 a Host=h
			10:01:00 a Host=h
			10:02:00 a Host=h
			`, "10:01:00 x [h] 2 2: 1 2"},
		{"fewer than: judged when the window is over", one(sigma.Correlation{Type: sigma.EventCount, GroupBy: by, Timespan: span, Condition: cond(sigma.LT, 3)}), `
			10:00:00 a Host=h
			10:01:00 a Host=h
			10:10:00 a Host=h
			10:10:01 a Host=h
			10:20:00 a Host=h
			11:00:00 a Host=k
			`, `10:20:00 x [h] 2 2: 4 5
			11:00:00 x [k] 1 1: 6`},
		{"many users on one host", one(sigma.Correlation{Type: sigma.ValueCount, GroupBy: by, Timespan: span, Field: []string{"User"}, Condition: cond(sigma.GT, 2)}), `
			10:00:00 a Host=h User=amy
			10:01:00 a Host=h User=bob
			10:02:00 a Host=h User=amy
			10:03:00 a Host=h
			10:09:00 a Host=h User=cid
			10:10:30 a Host=h User=dan
			10:12:30 a Host=h User=dan
			`, "10:09:00 x [h] 4 5: 1 2 3 5 6"},
		{"several fields count as combinations", one(sigma.Correlation{Type: sigma.ValueCount, GroupBy: by, Timespan: span, Field: []string{"User", "Port"}, Condition: atLeast(3)}), `
			10:00:00 a Host=h User=amy Port=1
			10:01:00 a Host=h User=amy Port=2
			10:02:00 a Host=h User=bob Port=1
			`, "10:02:00 x [h] 3 3: 1 2 3"},
		{"sum", one(sigma.Correlation{Type: sigma.ValueSum, GroupBy: by, Timespan: span, Field: []string{"Bytes"}, Condition: cond(sigma.GT, 100)}), `
			10:00:00 a Host=h Bytes=60
			10:05:00 a Host=h Bytes=many
			10:10:01 a Host=h Bytes=60
			10:11:00 a Host=h Bytes=0x29
			`, "10:11:00 x [h] 101 2: 3 4"},
		{"what left the window leaves no rounding error", one(sigma.Correlation{
			Type: sigma.ValueSum, GroupBy: by, Timespan: span, Field: []string{"Bytes"},
			Condition: []sigma.CountCondition{{Cmp: sigma.GT, Value: 0.7}, {Cmp: sigma.LT, Value: 1}},
		}), `
			10:00:00 a Host=h Bytes=1e17
			10:05:00 a Host=h Bytes=0.25
			10:10:01 a Host=h Bytes=0.5
			`, "10:10:01 x [h] 0.75 2: 2 3"},
		{"average", one(sigma.Correlation{Type: sigma.ValueAvg, GroupBy: by, Timespan: span, Field: []string{"Bytes"}, Condition: cond(sigma.GT, 500)}), `
			10:00:00 a Host=h Bytes=400
			10:01:00 a Host=h Bytes=500
			10:02:00 a Host=h Bytes=601
			`, "10:02:00 x [h] 500.3333333333333 3: 1 2 3"},
		{"median", one(sigma.Correlation{Type: sigma.ValueMedian, GroupBy: by, Timespan: span, Field: []string{"Bytes"}, Condition: atLeast(15)}), `
			10:00:00 a Host=h Bytes=1
			10:01:00 a Host=h Bytes=10
			10:02:00 a Host=h Bytes=20
			10:03:00 a Host=h Bytes=1000
			`, "10:03:00 x [h] 15 4: 1 2 3 4"},
		{"percentile", one(sigma.Correlation{Type: sigma.ValuePercentile, GroupBy: by, Timespan: span, Field: []string{"Bytes"}, Percent: 90, Condition: cond(sigma.LT, 5)}), `
			10:00:00 a Host=h Bytes=1
			10:01:00 a Host=h Bytes=2
			10:02:00 a Host=h Bytes=3
			10:00:00 a Host=k Bytes=1
			10:02:00 a Host=k Bytes=90
			`, "10:02:00 x [h] 2.8 3: 1 2 3"},
	} {
		t.Run(s.name, s.run)
	}
}

func TestTemporal(t *testing.T) {
	span, by := 5*minute, []string{"Host", "User"}
	seq := func(typ sigma.CorrelationType, k []sigma.CountCondition, e *sigma.CorrelationExpr) func(a, b, c *sigma.Rule) []*sigma.Rule {
		return one(sigma.Correlation{Type: typ, GroupBy: by, Timespan: span, Condition: k, Expr: e})
	}
	for _, s := range []scenario{
		{"any order, same host and user", seq(sigma.Temporal, nil, nil), `
			10:00:00 c Host=h User=u
			10:00:30 b Host=h User=v
			10:01:00 a Host=h User=u
			10:05:00 b Host=h User=u
			10:07:00 b Host=h User=u
			`, "10:05:00 x [h u] 3 3: 1 3 4"},
		{"two of three", seq(sigma.Temporal, atLeast(2), nil), `
			10:00:00 c Host=h User=u
			10:01:00 c Host=h User=u
			10:02:00 a Host=h User=u
			`, "10:02:00 x [h u] 2 3: 1 2 3"},
		{"in order", seq(sigma.TemporalOrdered, nil, nil), `
			10:00:00 b Host=h User=u
			10:01:00 a Host=h User=u
			10:02:00 c Host=h User=u
			10:03:00 b Host=h User=u
			10:06:00 c Host=h User=u
			10:06:01 c Host=h User=u
			`, "10:06:00 x [h u] 3 4: 2 3 4 5"},
		{"boolean", seq(sigma.Temporal, nil, both(sigma.And, leafOf(0), both(sigma.Or, leafOf(1), leafOf(2)))), `
			10:00:00 b Host=h User=u
			10:01:00 c Host=h User=u
			10:02:00 a Host=h User=u
			`, "10:02:00 x [h u] 3 3: 1 2 3"},
		{"boolean in order", seq(sigma.TemporalOrdered, nil, both(sigma.And, both(sigma.Or, leafOf(0), leafOf(1)), leafOf(2))), `
			10:00:00 c Host=h User=u
			10:01:00 b Host=h User=u
			10:02:00 c Host=h User=u
			`, "10:02:00 x [h u] 2 2: 2 3"},
		{"not: nothing came of it until the window was over", seq(sigma.Temporal, nil, both(sigma.And, leafOf(0), both(sigma.Not, leafOf(1)))), `
			10:00:00 a Host=h User=u
			10:05:00 b Host=h User=u
			10:06:00 a Host=h User=u
			10:11:01 b Host=h User=u
			`, "10:06:00 x [h u] 1 1: 3"},
		{"not of an or, in order", seq(sigma.TemporalOrdered, nil, both(sigma.And, leafOf(0), leafOf(1), both(sigma.Not, leafOf(2)))), `
			10:00:00 a Host=h User=u
			10:05:00 b Host=h User=u
			10:06:00 b Host=h User=u
			10:07:00 a Host=h User=u
			`, "10:05:00 x [h u] 2 2: 1 2"},
	} {
		t.Run(s.name, s.run)
	}
}

func TestAliases(t *testing.T) {
	scenario{"addresses change sides", one2(func(a, b *sigma.Rule) *sigma.Rule {
		return correlation("x", sigma.Correlation{
			Type: sigma.Temporal, Rules: refs(a, b), GroupBy: []string{"inside", "outside"}, Timespan: minute,
			Aliases: map[string]sigma.Alias{
				"inside":  {"a": "destination.ip", "b": "source.ip"},
				"outside": {"a": "source.ip", "b": "destination.ip"},
			},
		})
	}), `
		10:00:00 a source.ip=9.9.9.9 destination.ip=10.0.0.1
		10:00:10 b source.ip=9.9.9.9 destination.ip=10.0.0.1
		10:00:20 b source.ip=10.0.0.1 destination.ip=9.9.9.9
		`, "10:00:20 x [10.0.0.1 9.9.9.9] 2 2: 1 3"}.run(t)
}

func one2(f func(a, b *sigma.Rule) *sigma.Rule) func(a, b, c *sigma.Rule) []*sigma.Rule {
	return func(a, b, _ *sigma.Rule) []*sigma.Rule { return []*sigma.Rule{f(a, b)} }
}

// chained is "three failures of a by Inner, then b", grouped by user.
func chained(innerBy string, outer sigma.CorrelationType) func(a, b, c *sigma.Rule) []*sigma.Rule {
	return func(a, b, _ *sigma.Rule) []*sigma.Rule {
		many := correlation("many", sigma.Correlation{
			Type: sigma.EventCount, Rules: refs(a), GroupBy: []string{innerBy}, Timespan: 10 * minute, Condition: atLeast(3),
		})
		return []*sigma.Rule{many, correlation("then", sigma.Correlation{
			Type: outer, Rules: refs(many, b), GroupBy: []string{"User"}, Timespan: 10 * minute,
		})}
	}
}

// counted is "two of a by inner", twice by outer.
func counted(inner, outer string) func(a, b, c *sigma.Rule) []*sigma.Rule {
	return func(a, _, _ *sigma.Rule) []*sigma.Rule {
		two := correlation("two", sigma.Correlation{
			Type: sigma.EventCount, Rules: refs(a), GroupBy: []string{inner}, Timespan: 10 * minute, Condition: atLeast(2),
		})
		return []*sigma.Rule{two, correlation("twice", sigma.Correlation{
			Type: sigma.EventCount, Rules: refs(two), GroupBy: []string{outer}, Timespan: 10 * minute, Condition: atLeast(2),
		})}
	}
}

func TestChains(t *testing.T) {
	for _, s := range []scenario{
		{"a success after failures", chained("User", sigma.TemporalOrdered), `
			10:00:00 b User=amy
			10:01:00 a User=amy
			10:02:00 a User=amy
			10:03:00 a User=amy
			10:05:00 b User=amy
			10:06:00 b User=bob
			`, "10:05:00 then [amy] 2 4: 2 3 4 5"},
		{"failures that go on for long", chained("User", sigma.TemporalOrdered), `
			10:00:00 a User=amy
			10:04:00 a User=amy
			10:08:00 a User=amy
			10:12:00 a User=amy
			10:16:00 a User=amy
			10:25:00 b User=amy
			10:30:00 a User=amy
			`, "10:25:00 then [amy] 2 6: 1 2 3 4 5 6"},
		{"one user of several failed on a host and succeeds", chained("Host", sigma.TemporalOrdered), `
			10:00:00 b User=bob Host=h
			10:00:00 a User=amy Host=h
			10:01:00 a User=bob Host=h
			10:02:00 a User=amy Host=h
			10:03:00 a User=cid Host=h
			10:11:59 b User=bob Host=h
			10:40:00 b User=amy Host=h
			`, "10:11:59 then [bob] 2 5: 2 3 4 5 6"},
		{"two hosts under attack", func(a, _, _ *sigma.Rule) []*sigma.Rule {
			many := correlation("many", sigma.Correlation{
				Type: sigma.EventCount, Rules: refs(a), GroupBy: []string{"Host"}, Timespan: 10 * minute, Condition: atLeast(2),
			})
			return []*sigma.Rule{many, correlation("hosts", sigma.Correlation{
				Type: sigma.ValueCount, Rules: refs(many), Field: []string{"Host"}, Timespan: 10 * minute, Condition: atLeast(2), Generate: true,
			})}
		}, `
			10:00:00 a Host=h
			10:01:00 a Host=h
			10:02:00 a Host=h
			10:03:00 a Host=k
			10:04:00 a Host=k
			`, `10:01:00 many [h] 3 3: 1 2 3
			10:04:00 many [k] 2 2: 4 5
			10:04:00 hosts [] 2 5: 1 2 3 4 5`},
		{"one long burst is one hit to count", counted("Host", "Host"), `
			10:00:00 a Host=h
			10:01:00 a Host=h
			10:02:00 a Host=h
			10:03:00 a Host=h
			`, ""},
		{"one long burst of one user is one hit to count", counted("Host", "User"), `
			10:00:00 a Host=h User=amy
			10:01:00 a Host=h User=amy
			10:02:00 a Host=h User=amy
			10:03:00 a Host=h User=amy
			`, ""},
		{"two bursts that one user is in", counted("Host", "User"), `
			10:00:00 a Host=h User=amy
			10:01:00 a Host=h User=amy
			10:02:00 a Host=k User=bob
			10:03:00 a Host=k User=amy
			`, "10:03:00 twice [amy] 2 4: 1 2 3 4"},
		{"few events, twice", func(a, _, _ *sigma.Rule) []*sigma.Rule {
			few := correlation("few", sigma.Correlation{
				Type: sigma.EventCount, Rules: refs(a), GroupBy: []string{"Host"}, Timespan: minute, Condition: cond(sigma.LT, 2),
			})
			return []*sigma.Rule{few, correlation("twice", sigma.Correlation{
				Type: sigma.EventCount, Rules: refs(few), GroupBy: []string{"User"}, Timespan: 10 * minute, Condition: atLeast(2),
			})}
		}, `
			10:00:00 a Host=h User=u
			10:05:00 a Host=h User=u
			10:20:00 a Host=h User=u
			10:20:10 a Host=h User=u
			`, "10:06:00 twice [u] 2 2: 1 2"},
	} {
		t.Run(s.name, s.run)
	}
}

func TestAlone(t *testing.T) {
	a, b := base("a"), base("b")
	quiet := correlation("quiet", sigma.Correlation{Type: sigma.EventCount, Rules: refs(a), Timespan: minute, Condition: atLeast(1)})
	loud := correlation("loud", sigma.Correlation{Type: sigma.EventCount, Rules: refs(b, quiet), Timespan: minute, Condition: atLeast(1), Generate: true})
	c, err := NewCorrelator([]*sigma.Rule{quiet, loud})
	if err != nil {
		t.Fatal(err)
	}
	for r, want := range map[*sigma.Rule]bool{a: false, b: true, quiet: true, loud: true} {
		if got := c.Alone(r); got != want {
			t.Errorf("%s hits on its own: %v, want %v", r.Name, got, want)
		}
	}
}

func TestRefusedCorrelations(t *testing.T) {
	a := base("a")
	inner := correlation("inner", sigma.Correlation{Type: sigma.EventCount, Rules: refs(a), Timespan: minute, Condition: atLeast(1)})
	for want, corr := range map[string]sigma.Correlation{
		"timespan is not positive": {Type: sigma.EventCount, Rules: refs(a), Condition: atLeast(1)},
		"has no condition":         {Type: sigma.EventCount, Rules: refs(a), Timespan: minute},
		"names no field":           {Type: sigma.ValueSum, Rules: refs(a), Timespan: minute, Condition: atLeast(1)},
		"is not resolved":          {Type: sigma.EventCount, Rules: []sigma.RuleRef{{Ref: "z"}}, Timespan: minute, Condition: atLeast(1)},
		"cannot hold with 1 rules": {Type: sigma.Temporal, Rules: refs(a), Timespan: minute, Condition: atLeast(2)},
		"no number is all of that": {Type: sigma.ValueSum, Field: []string{"x"}, Rules: refs(a), Timespan: minute, Condition: between(sigma.GT, 5, sigma.LT, 3)},
		"a count is a whole":       {Type: sigma.EventCount, Rules: refs(a), Timespan: minute, Condition: between(sigma.GT, 5, sigma.LT, 6)},
		"without any event":        {Type: sigma.ValueCount, Field: []string{"x"}, Rules: refs(a), Timespan: minute, Condition: cond(sigma.LT, 1)},
		"cannot hold with 2 rules": {Type: sigma.Temporal, Rules: refs(a, base("b")), Timespan: minute, Condition: cond(sigma.LT, 1)},
		"does not stand before it": {Type: sigma.EventCount, Rules: refs(inner), Timespan: minute, Condition: atLeast(1)},
		"cannot have this":         {Type: sigma.TemporalOrdered, Rules: refs(a), Timespan: minute, Condition: cond(sigma.LT, 2)},
	} {
		_, err := NewCorrelator([]*sigma.Rule{correlation("x", corr)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func between(from sigma.Cmp, a float64, to sigma.Cmp, b float64) []sigma.CountCondition {
	return append(cond(from, a), cond(to, b)...)
}

// TestPossibleConditions shows that nothing is refused that can hold.
func TestPossibleConditions(t *testing.T) {
	for i, k := range []struct {
		typ  sigma.CorrelationType
		cond []sigma.CountCondition
	}{
		{sigma.EventCount, between(sigma.GT, 5, sigma.LT, 7)},
		{sigma.EventCount, between(sigma.GE, 5, sigma.LE, 5)},
		{sigma.EventCount, between(sigma.GT, 5, sigma.NE, 6)},
		{sigma.EventCount, cond(sigma.LT, 1.5)},
		{sigma.EventCount, cond(sigma.GT, -3)},
		{sigma.ValueSum, between(sigma.GT, 5, sigma.LT, 5.001)},
		{sigma.ValueSum, cond(sigma.LT, -3)},
		{sigma.ValueAvg, cond(sigma.EQ, 0)},
		{sigma.Temporal, cond(sigma.LT, 2)},
	} {
		corr := sigma.Correlation{Type: k.typ, Rules: refs(base("a")), Timespan: minute, Condition: k.cond, Field: []string{"x"}}
		if err := CheckCorrelation(correlation("x", corr)); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestDescribeCorrelation(t *testing.T) {
	a, b := base("a"), base("b")
	for want, corr := range map[string]sigma.Correlation{
		"event_count gte 10 in 10m": {Type: sigma.EventCount, Timespan: 10 * minute, Condition: atLeast(10)},
		"value_count of User, Host gt 5 and lte 9 in 90s": {
			Type: sigma.ValueCount, Timespan: 3 * minute / 2, Field: []string{"User", "Host"},
			Condition: []sigma.CountCondition{{Cmp: sigma.GT, Value: 5}, {Cmp: sigma.LE, Value: 9}},
		},
		"temporal_ordered of a, b in 1d":       {Type: sigma.TemporalOrdered, Rules: refs(a, b), Timespan: 1440 * minute},
		"temporal a and not (a or b) in 1h":    {Type: sigma.Temporal, Rules: refs(a, b), Timespan: 60 * minute, Expr: both(sigma.And, leafOf(0), both(sigma.Not, both(sigma.Or, leafOf(0), leafOf(1))))},
		"value_percentile 99% of B lt 5 in 1m": {Type: sigma.ValuePercentile, Percent: 99, Field: []string{"B"}, Timespan: minute, Condition: cond(sigma.LT, 5)},
	} {
		if got := DescribeCorrelation(&corr); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
