package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/state"
)

func TestSummary(t *testing.T) {
	v := openViews(t)
	last := time.Date(2026, 3, 10, 12, 30, 0, 0, time.UTC)
	keys := v.keep(12, last)
	st := v.Tenants[0].State
	for i, d := range []state.Decision{
		{Status: alert.Taken, Owner: "anna"},
		{Status: alert.Taken, Owner: "ben"},
		{Status: alert.Snoozed, Until: time.Now().Add(time.Hour).UnixNano()},
		{Status: alert.Closed, Verdict: alert.Malicious},
	} {
		d.At, d.Actor = time.Now().UnixNano(), "anna"
		if _, err := st.Decide(t.Context(), keys[i:i+1], d); err != nil {
			t.Fatal(err)
		}
	}
	var sum Summary
	v.get("/incidents/summary?status=waiting&buckets=20", &sum)
	if want := (QueueCounts{Open: 10, Mine: 1, Snoozed: 1, Closed: 1}); sum.Counts != want || sum.Total != 10 || sum.Cut {
		t.Errorf("%+v, total %d; want %+v", sum.Counts, sum.Total, want)
	}
	if want := (LevelCounts{Critical: 3, High: 4, Medium: 3}); sum.Levels != want {
		t.Errorf("levels %+v, want %+v", sum.Levels, want)
	}
	h := &sum.Histogram
	total := int64(0)
	for _, b := range h.Buckets {
		total += b.Critical + b.High + b.Medium
	}
	if total != 10 || h.Step != 3600 || len(h.Buckets) != 12 || !h.Start.Equal(last.Add(-11*time.Hour).Truncate(time.Hour)) || h.Buckets[11].Medium != 1 {
		t.Errorf("histogram %+v", h)
	}
	if r := sum.Facets.Rules; len(r) != 3 || r[0].Value != "rule1" || r[0].Title != "Memory of LSASS read" || r[0].Count != 4 || len(sum.Facets.Hosts) != 10 {
		t.Errorf("facets %+v", sum.Facets)
	}
	for query, want := range map[string]int64{
		"severity:critical": 4, "-severity:critical": 7, "severity:high,critical": 8, "severity:>=high": 8, "level:<high": 3,
		"host:pc-5": 1, "host:PC-5.example.com": 1, "host:pc-*": 11, "user:user5": 1, `user:example\user5`: 1,
		"source:198.51.100.5": 1, "source:198.51.100.4/30": 4, "entity:user5": 1, "tactic:Discovery": 4, "-tactic:discovery": 7,
		`tactic:"Credential Access"`: 3, "technique:T1003": 11, "technique:t1003.001": 11, "technique:t100": 0, "tag:attack.t1003.001": 11,
		"rule:rule1": 4, `rule:"new service"`: 4, "lsass": 4, "LSASS -host:pc-4": 3, `"memory of"`: 4, "memory lsass": 4, "mem*read": 4,
		"owner:me": 1, "owner:none": 9, "owner:ben": 1, "status:taken": 2, "status:snoozed": 1, "kind:attack": 11, "score:>=0": 11, "score:>101": -1,
		"case:none": 11, "key:" + keys[5][:8]: 1, "severity:x": -1, "colour:red": -1, `"open`: -1, "host:": -1, "-": 11, "": 11,
	} {
		var problem Problem
		var got Summary
		path := "/incidents/summary?q=" + url.QueryEscape(query)
		if want < 0 {
			if status := v.ask(http.MethodGet, path, nil, &problem); status != http.StatusUnprocessableEntity || problem.Field != "q" || !strings.Contains(problem.Detail, "^") {
				t.Errorf("%s: %d %+v", query, status, problem)
			}
			continue
		}
		v.get(path, &got)
		if got.Total != want {
			t.Errorf("%s: %d, want %d", query, got.Total, want)
		}
	}
	v.get("/incidents/summary?status=closed&q=host:pc-3", &sum)
	if sum.Total != 1 || sum.Counts.Closed != 1 || sum.Counts.Open != 0 || sum.Levels.Medium != 1 {
		t.Errorf("closed: %+v", sum)
	}
	v.get("/incidents/summary?since=2026-03-10T09:00:00Z&until=2026-03-10T13:00:00Z", &sum)
	if sum.Total != 3 || len(sum.Histogram.Buckets) == 0 || !sum.Histogram.Start.Equal(time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("of some hours: %d, %v", sum.Total, sum.Histogram)
	}
}

// Whatever is asked, it is answered or refused, and what is answered holds for something.
func FuzzParseQueue(f *testing.F) {
	for _, s := range []string{"severity:critical host:web-03 -tactic:Discovery brute", `a:"b`, "-", ":", `-:,,"`, "source:2001:db8::/32,::1", "x:a,b,,"} {
		f.Add(s)
	}
	b := &state.Brief{Title: "Brute force", Hosts: []string{"web-03"}, Level: alert.Critical}
	f.Fuzz(func(_ *testing.T, text string) {
		if test, err := parseQueue(text, Asker{Name: "anna", Now: 1}); err == nil {
			test(b)
		}
	})
}

func BenchmarkSummary(b *testing.B) {
	v := openViews(b)
	at := time.Now()
	for n := range 10_000 {
		h := sample(n, at.Add(-time.Duration(n)*time.Minute))
		h.Addresses, h.Sources = []string{fmt.Sprintf("198.18.%d.%d", n/250, n%250)}, []string{fmt.Sprintf("198.18.%d.%d", n/250, n%250)}
		v.desk.Take(h)
		if n%1000 == 999 {
			if err := v.Tenants[0].State.PutAlerts(b.Context(), v.desk.Place()); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, q := range []string{"", "severity:critical host:pc-1* -tactic:Discovery", "lsass"} {
		b.Run("q="+q, func(b *testing.B) {
			var sum Summary
			v.get("/incidents/summary", &sum) // read once
			b.ReportAllocs()
			for b.Loop() {
				v.get("/incidents/summary?status=waiting&q="+url.QueryEscape(q), &sum)
			}
		})
	}
}
