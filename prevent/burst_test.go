package prevent_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/prevent"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/ruletest"
	"github.com/tocsin-sec/tocsin/sigma"
)

// bursts drafts correlations, and runs the tests that come with them.
func bursts(tb testing.TB, c *prevent.Case, list ...prevent.Burst) ([]prevent.Rule, []string) {
	tb.Helper()
	c.Sources, c.Read, c.Key, c.Title, c.Level = sigma.BuiltinLogSources(), rules.ReadLines, "0123456789abcdef", "Guessing", "high"
	out, notes, err := prevent.Bursts(c, list)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range out {
		r := &out[i]
		bench := benchOf(tb, r)
		tests, diags := ruletest.Parse("x.test.yml", []byte(r.Tests))
		if len(tests) < 2 || len(diags) > 0 {
			tb.Fatalf("%d tests, %v\n%s", len(tests), diags, r.Tests)
		}
		for j := range tests {
			target, err := bench.Target(r.Name+".yml", &tests[j])
			if err != nil || target.Correlation == nil {
				tb.Fatalf("%v, %v", target, err)
			}
			if res, err := bench.Run(target, &tests[j]); err != nil || !res.Passed {
				tb.Errorf("%s: %v %+v\n%s\n%s", tests[j].Name, err, res, r.Text, r.Tests)
			}
		}
	}
	return out, notes
}

func benchOf(tb testing.TB, r *prevent.Rule) *ruletest.Bench {
	tb.Helper()
	loaded, diags := sigma.Load(r.Name+".yml", []byte(r.Text), sigma.LoadOptions{})
	for _, d := range diags {
		tb.Fatalf("%s\n%s", d.Format(), r.Text)
	}
	set, diags := sigma.Collect(loaded)
	if len(set.Correlations) != 1 || len(set.Rules) != 1 || len(diags) > 0 {
		tb.Fatalf("%d correlations of %d rules, %v\n%s", len(set.Correlations), len(set.Rules), diags, r.Text)
	}
	return &ruletest.Bench{Rules: set, Sources: sigma.BuiltinLogSources(), Read: rules.ReadLines}
}

// failures are so many failed logins, each some seconds after the other, of users with different names.
func failures(n, step int, ip string) (out []string) {
	for i := range n {
		at := time.Date(2026, 11, 21, 3, 0, i*step, 0, time.UTC)
		out = append(out, fmt.Sprintf("%s web1 sshd[980]: Failed password for user%c from %s port %d ssh2", at.Format(time.Stamp), 'a'+i%26, ip, 4000+i))
	}
	return out
}

func TestBursts(t *testing.T) {
	guessing := prevent.Burst{Rule: "Passwords guessed", GroupBy: []string{"source.ip"}, Timespan: 5 * time.Minute, Least: 10}
	names := guessing
	names.Field = []string{"user.name"}
	accepted := "Nov 21 03:01:20 web1 sshd[1823]: Accepted password for deploy from 192.0.2.9 port 4913 ssh2"
	for name, tt := range map[string]struct {
		burst       prevent.Burst
		near        []string
		other       []string // must not hit
		has, note   string
		none        string // why there is no draft
		ownReaching int
	}{
		"as often as it asked for": {guessing, append(failures(3, 5, "192.0.2.7"), accepted), failures(9, 5, "198.51.100.4"), "gte: 10", "as low as 4", "", 14},
		"different names":          {names, failures(3, 5, "192.0.2.7"), failures(9, 5, "198.51.100.4"), "type: value_count", "as low as 4", "", 14},
		"others come as often":     {guessing, failures(12, 5, "192.0.2.7"), failures(12, 5, "192.0.2.7"), "gte: 13", "", "", 14},
		"slowly, they do not":      {guessing, failures(30, 60, "192.0.2.7"), failures(30, 60, "192.0.2.7"), "gte: 10", "as low as 7", "", 14},
		"nobody else does it":      {guessing, []string{accepted}, nil, "gte: 10", "none of the other events", "", 14},
		"others come more often":   {guessing, failures(20, 5, "192.0.2.7"), nil, "", "", "come as often: 20 in 5m, those of the case 14", 14},
		"not enough is kept":       {guessing, nil, nil, "", "", "only 6 in 5m are kept", 6},
	} {
		t.Run(name, func(t *testing.T) {
			b := tt.burst
			b.Events = read(t, failures(tt.ownReaching, 5, "203.0.113.9")...)
			c := &prevent.Case{}
			if len(tt.near) > 0 {
				c.Near = read(t, tt.near...)
			}
			list, notes := bursts(t, c, b)
			if tt.none != "" {
				if len(list) > 0 || len(notes) != 1 || !strings.Contains(notes[0], tt.none) {
					t.Fatalf("%d rules, %q", len(list), notes)
				}
				return
			}
			if len(list) != 1 {
				t.Fatalf("%d rules, %q", len(list), notes)
			}
			r := &list[0]
			if !strings.Contains(r.Text, tt.has) || !strings.Contains(strings.Join(r.Notes, " "), tt.note) || !r.Address || r.Remain != 0 || r.Covered != tt.ownReaching {
				t.Errorf("covers %d, remain %d, %q\n%s", r.Covered, r.Remain, r.Notes, r.Text)
			}
			_, detection, _ := strings.Cut(r.Text, "detection:")
			if strings.Contains(detection, "203.0.113") || strings.Contains(detection, "usera") {
				t.Errorf("it names who did it, or to whom:\n%s", detection)
			}
			bench := benchOf(t, r)
			again := func(lines []string) int {
				res, err := bench.Run(bench.Rules.Correlations[0], &ruletest.Test{Name: "x", Lines: strings.Join(lines, "\n") + "\n"})
				if err != nil {
					t.Fatal(err)
				}
				return res.Hits
			}
			if n := again(failures(14, 2, "198.51.100.77")); n != 1 {
				t.Errorf("the same from elsewhere: %d hits", n)
			}
			if n := again(append(tt.other, accepted)); n != 0 {
				t.Errorf("others: %d hits", n)
			}
		})
	}
}

// Whatever stands in a field, the draft is one correlation with its tests.
func TestBurstsHostile(t *testing.T) {
	f := &event.Format{Name: "shop\n../x'\"", LogSource: event.LogSource{Product: "shop"}}
	s := event.NewShape(f, "event.action", "process.command_line", "source.ip", "user.name")
	drafted := 0
	for _, h := range hostile {
		if h == "" {
			continue // no group
		}
		var events []event.Event
		for i := range 3 {
			e := event.Event{Shape: s, Origin: &event.Origin{Path: h, Format: "kept"}, Raw: h, Record: int64(i), Time: int64(i+1) * 1e9}
			for range s.Fields() {
				e.Values = append(e.Values, event.Value{Raw: h, Kind: event.Text})
			}
			e.Values[0] = event.Value{Raw: "did", Kind: event.Text}
			events = append(events, e)
		}
		list, _ := bursts(t, &prevent.Case{Sentence: h, Author: h, Tags: []string{h}, Names: []string{h}}, prevent.Burst{
			Rule: h, GroupBy: []string{"event.action"}, Timespan: time.Minute, Least: 2, Events: events,
		})
		drafted += len(list)
		for _, r := range list {
			if strings.ContainsAny(r.Name, "/\\. \n") || len(r.Text) > 64<<10 {
				t.Errorf("name %q, %d bytes", r.Name, len(r.Text))
			}
		}
	}
	if drafted < len(hostile)/3 {
		t.Errorf("%d correlations of %d texts", drafted, len(hostile))
	}
}
