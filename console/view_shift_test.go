package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/state"
)

// handOver keeps three incidents, closes one, begins a case, blocks and asks for what waits.
func handOver(v *views) (keys []string, begin time.Time) {
	v.t.Helper()
	begin = time.Now().Add(-time.Hour)
	keys = v.keep(3, begin)
	v.post("/incidents/decide", map[string]any{"keys": keys[:1], "status": "closed", "verdict": "malicious", "note": "it was the intern"}, nil)
	v.post("/incidents/decide", map[string]any{"keys": keys[1:2], "status": "taken"}, nil)
	var c struct{ Key string }
	v.post("/cases", map[string]any{"title": "Night", "incidents": keys[:1]}, &c)
	v.post("/cases/"+c.Key, map[string]any{"op": "task", "text": "Change the keys"}, nil)
	now := time.Now()
	list := []state.Action{
		{Key: "a", Kind: "block", Target: "198.51.100.7", State: "done", Asked: now.UnixNano(), Until: now.Add(time.Hour).UnixNano(), JSON: `{"by":"anna","why":{"text":"it knocks"}}`},
		{Key: "b", Kind: "lock-account", Target: "bert", State: "proposed", Asked: now.Add(-48 * time.Hour).UnixNano(), JSON: `{"by":"night"}`},
		{Key: "c", Kind: "block", Target: "198.51.100.8", State: "done", Asked: now.Add(-48 * time.Hour).UnixNano(), Until: now.Add(time.Hour).UnixNano(), JSON: `{"by":"anna"}`},
		{Key: "d", Kind: "block", Target: "198.51.100.9", State: "undone", Asked: now.Add(-48 * time.Hour).UnixNano(), JSON: `{"by":"anna"}`},
	}
	if err := v.Tenants[0].State.PutActions(v.t.Context(), list, nil); err != nil {
		v.t.Fatal(err)
	}
	return keys, begin
}

func TestShift(t *testing.T) {
	v := openViews(t)
	keys, _ := handOver(v)
	var s Shift
	v.get("/reports/shift", &s)
	if s.Found.Critical+s.Found.High+s.Found.Medium+s.Found.Low != 3 || len(s.Judged) != 1 || s.Judged[0].Key != keys[0] || s.Judged[0].Verdict != alert.Malicious {
		t.Errorf("found %+v, judged %+v", s.Found, s.Judged)
	}
	if s.Opened != 2 || s.Lone != 1 || len(s.Open) != 2 || !slices.ContainsFunc(s.Open, func(i ShiftIncident) bool { return i.Key == keys[1] && i.Owner != "" }) {
		t.Errorf("open: %d, %d alone: %+v", s.Opened, s.Lone, s.Open)
	}
	target := func(list []StandingAction) string {
		var names []string
		for _, a := range list {
			names = append(names, a.Target)
		}
		return strings.Join(names, " ")
	}
	if target(s.Done) != "198.51.100.7" || target(s.Waits) != "bert" || target(s.Ends) != "198.51.100.8" {
		t.Errorf("done %s, waits %s, ends %s", target(s.Done), target(s.Waits), target(s.Ends))
	}
	if len(s.Cases) != 1 || len(s.Cases[0].Tasks) != 1 || s.Cases[0].Tasks[0] != "Change the keys" {
		t.Errorf("cases: %+v", s.Cases)
	}
	if !slices.ContainsFunc(s.Said, func(m ShiftMoment) bool {
		return m.What == "incident.decide" && m.Who == "anna" && strings.Contains(m.Text, "it was the intern")
	}) {
		t.Errorf("said: %+v", s.Said)
	}
	v.get("/reports/shift?since="+url.QueryEscape(time.Now().Add(-72*time.Hour).Format(time.RFC3339))+"&until="+url.QueryEscape(time.Now().Add(-24*time.Hour).Format(time.RFC3339)), &s)
	if len(s.Judged) != 0 || target(s.Done) != "198.51.100.8 198.51.100.9" && target(s.Done) != "198.51.100.9 198.51.100.8" {
		t.Errorf("two days ago: judged %+v, done %s", s.Judged, target(s.Done))
	}
	if status := v.ask(http.MethodGet, "/reports/shift?since=2026-01-01T00:00:00Z&until=2026-06-01T00:00:00Z", nil, nil); status != http.StatusUnprocessableEntity {
		t.Errorf("a shift of months: %d", status)
	}
}
