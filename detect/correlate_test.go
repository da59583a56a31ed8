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

func TestSuccessAfterFailures(t *testing.T) {
	failed, ok := base("failed"), base("ok")
	many := correlation("many", sigma.Correlation{
		Type: sigma.EventCount, Rules: refs(failed), GroupBy: []string{"Host"},
		Timespan: int64(10 * time.Minute), Condition: atLeast(3),
	})
	then := correlation("then", sigma.Correlation{
		Type: sigma.TemporalOrdered, Rules: refs(many, ok), GroupBy: []string{"User"}, Timespan: int64(10 * time.Minute),
	})
	c, err := NewCorrelator([]*sigma.Rule{many, then})
	if err != nil {
		t.Fatal(err)
	}
	got := run1(c, timeline(t, c, `
		10:00:00 ok User=bob Host=h
		10:00:00 failed User=amy Host=h
		10:01:00 failed User=bob Host=h
		10:02:00 failed User=amy Host=h
		10:03:00 failed User=cid Host=h
		10:11:59 ok User=bob Host=h
		10:40:00 ok User=amy Host=h
	`, failed, ok))
	want := "10:11:59 then [bob] 2 5: 2 3 4 5 6"
	if strings.Join(got, "\n") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
