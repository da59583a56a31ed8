package backtest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
)

func TestStats(t *testing.T) {
	set := loadRules(t, rules.BuiltinPath)
	k := keep(t, set, sample(t))
	incidents, err := k.state.ListIncidents(context.Background(), state.IncidentFilter{})
	if err != nil || len(incidents) < 2 {
		t.Fatalf("%d incidents: %v", len(incidents), err)
	}
	for i, verdict := range []string{alert.Malicious, alert.FalseAlarm} {
		if _, err := k.state.Decide(context.Background(), []string{incidents[i].Key}, state.Decision{Status: alert.Closed, Verdict: verdict, Actor: "anna", At: 1}); err != nil {
			t.Fatal(err)
		}
	}
	all := slices.DeleteFunc(slices.Concat(set.Rules, set.Correlations), func(r *sigma.Rule) bool { return r.Silent })
	rep, err := Stats(context.Background(), k.request(set, all...))
	if err != nil {
		t.Fatal(err)
	}
	var hits, right, wrong, never, cannot, timed int64
	var share float64
	for _, r := range rep.Rules {
		hits += r.Hits
		right += r.True
		wrong += r.False
		share += r.Share
		if r.Nanoseconds > 0 {
			timed++
		}
		if (r.Never == nil) != (r.Hits > 0) {
			t.Errorf("%s: %d hits, never %+v", r.Title, r.Hits, r.Never)
		}
		if r.Never != nil {
			if never++; !r.Never.Can {
				cannot++
			}
			if r.Never.Why == "" {
				t.Errorf("%s: nothing says why it never hit", r.Title)
			}
		}
		if r.True+r.False+r.Open+r.Hidden != r.Alerts {
			t.Errorf("%s: %+v", r.Title, r)
		}
	}
	if hits == 0 || right == 0 || wrong == 0 || never == 0 || cannot == 0 || timed < 10 || share < 0.99 || rep.Timed == 0 {
		t.Errorf("%d hits, %d right, %d wrong, %d never, %d cannot, %d timed, share %.2f", hits, right, wrong, never, cannot, timed, share)
	}
	at := slices.IndexFunc(rep.Rules, func(r RuleStat) bool {
		return r.Never != nil && strings.Contains(r.Never.Why, "no event of its log source is kept")
	})
	if at < 0 {
		t.Error("no rule lacks its log source")
	}
}
