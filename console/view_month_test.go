package console

import (
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/state"
)

func TestMonth(t *testing.T) {
	v := openViews(t)
	st := v.Tenants[0].State
	last := time.Date(2026, 3, 10, 12, 30, 0, 0, time.UTC)
	keys := v.keep(9, last)
	for i, d := range []state.Decision{
		{Status: alert.Taken, Owner: "anna", At: last.Add(10 * time.Minute).UnixNano()},
		{Status: alert.Closed, Verdict: alert.Malicious, At: last.Add(time.Hour).UnixNano()},
		{Status: alert.Closed, Verdict: alert.FalseAlarm, At: last.Add(3 * time.Hour).UnixNano()},
	} {
		d.Actor = "anna"
		if _, err := st.Decide(t.Context(), keys[i:i+1], d); err != nil {
			t.Fatal(err)
		}
	}
	a := state.Action{Key: "k1", Kind: "block", Target: "198.51.100.1", State: "done", Asked: last.UnixNano(), JSON: `{"why":{"alert":"` + keys[1] + `"}}`}
	if err := st.PutActions(t.Context(), []state.Action{a}, nil); err != nil {
		t.Fatal(err)
	}
	v.events(last, "dataset", "sshd", "_msg", "x")
	var m Month
	v.get("/reports/month?month=2026-03", &m)
	c := &m.Now
	if c.Total != 9 || c.Closed != 2 || c.Open != 7 || c.Verdicts != (Verdicts{Malicious: 1, FalseAlarm: 1}) || c.Blocks != 1 || !m.Whole || m.Events != 1 || m.Days[0].Name != "2026-03-10" {
		t.Errorf("%+v", m)
	}
	if c.Take.Count != 3 || c.Take.Median != 2*3600 || c.Close.Count != 2 || c.Contain.Count != 1 || c.Contain.Median != 3600 {
		t.Errorf("times: %+v %+v %+v", c.Take, c.Close, c.Contain)
	}
	if c.Found != (LevelCounts{Critical: 3, High: 3, Medium: 3}) || len(m.Worst) != 9 || m.Worst[0].Level != "critical" || len(m.Noisy) != 3 || m.Noisy[0].False != 1 || m.People[0] != (Tally{"anna", 3}) || m.Done[0] != (Tally{"block", 1}) {
		t.Errorf("%+v", m)
	}
	v.get("/reports/month?month=2026-04", &m)
	if m.Now.Total != 0 || m.Before.Total != 9 {
		t.Errorf("after: %+v", m)
	}
	for _, bad := range []string{"2026-13", "9999-01", "x"} {
		if v.ask("GET", "/reports/month?month="+bad, nil, nil) != 422 {
			t.Errorf("%s is a month", bad)
		}
	}
}
