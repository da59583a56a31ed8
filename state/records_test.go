package state

import (
	"testing"

	"github.com/tocsin-sec/tocsin/alert"
)

func TestRuleRecords(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		s, ctx := p.open(t), t.Context()
		c, _ := desk(9)
		if err := s.PutAlerts(ctx, c); err != nil {
			t.Fatal(err)
		}
		var of1 []string
		for _, a := range c.Alerts {
			if a.RuleID == "rule1" {
				of1 = append(of1, a.Incident)
			}
		}
		must[[]*alert.Incident](t)(s.Decide(ctx, of1[:1], Decision{Status: alert.Closed, Verdict: alert.Malicious, At: 5, Actor: "anna"}))
		must[[]*alert.Incident](t)(s.Decide(ctx, of1[1:2], Decision{Status: alert.Closed, Verdict: alert.Expected, At: 5, Actor: "anna"}))
		got := must[map[string]RuleRecord](t)(s.RuleRecords(ctx, 0, 0))
		if want := (RuleRecord{Hits: 3, Alerts: 3, True: 1, False: 1, Open: 1, Last: 8e9}); got["rule1"] != want {
			t.Errorf("%+v, want %+v", got["rule1"], want)
		}
		if got["guess"].Open != 9 {
			t.Errorf("guesses: %+v", got["guess"])
		}
		if late := must[map[string]RuleRecord](t)(s.RuleRecords(ctx, 8e9, 9e9)); late["rule1"].Hits != 1 {
			t.Errorf("of late: %+v", late["rule1"])
		}
	})
}
