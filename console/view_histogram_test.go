package console

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	v := openViews(t)
	var h EventHistogram
	v.get("/search/histogram?q="+url.QueryEscape("user.name:*"), &h)
	if h.Total != 0 || h.Counts == nil {
		t.Errorf("of nothing: %+v", h)
	}
	base := time.Now().UTC().Truncate(time.Hour).Add(-30 * time.Hour)
	for n := range 30 {
		outcome := "failure"
		if n%3 == 0 {
			outcome = "success"
		}
		v.events(base.Add(time.Duration(n)*time.Hour), "dataset", "sshd", "user.name", "anna", "event.outcome", outcome, "_msg", "x")
	}
	year := "&since=" + base.AddDate(-1, 0, 0).Format(time.RFC3339) + "&until=" + base.AddDate(0, 0, 10).Format(time.RFC3339)
	for _, c := range []struct {
		q, more string
		total   int64
		step    float64
		buckets int
	}{
		{"user.name:anna", "&buckets=40", 30, 3600, 30},
		{"event.outcome:success", "&buckets=40", 10, 3600, 28},
		{"user.name:anna | where event.outcome:success", "&buckets=40", 10, 3600, 28},
		{"user.name:anna | top 1 event.outcome", "&buckets=40", 30, 3600, 30},
		{"user.name:anna", "&buckets=5", 30, 6 * 3600, 5},
		{"user.name:anna", "&buckets=96" + year, 30, 7 * 86400, 54},
		{"user.name:anna | where user.name:anna", "&buckets=96" + year, 30, 7 * 86400, 54},
		{"user.name:anna", "&buckets=20" + year, 30, 28 * 86400, 14},
		{"user.name:anna", "&buckets=20&since=" + base.Add(10*time.Hour).Format(time.RFC3339) + "&until=" + base.Add(20*time.Hour).Format(time.RFC3339), 10, 1800, 20},
	} {
		v.get("/search/histogram?q="+url.QueryEscape(c.q)+c.more, &h)
		sum := int64(0)
		for _, n := range h.Counts {
			sum += n
		}
		if h.Total != c.total || sum != c.total || h.Step != c.step || len(h.Counts) < c.buckets || len(h.Counts) > c.buckets+1 {
			t.Errorf("%s%s: %d (%d) in %d of %v s from %v; want %d in %d of %v", c.q, c.more, h.Total, sum, len(h.Counts), h.Step, h.Start, c.total, c.buckets, c.step)
		}
	}
	var p Problem
	if status := v.ask(http.MethodGet, "/search/histogram?q=%22x", nil, &p); status != http.StatusUnprocessableEntity || p.Field != "q" {
		t.Errorf("a mistake: %d %+v", status, p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.histogram(ctx, &v.Tenants[0], &HistogramAsk{SearchAsk: SearchAsk{Q: "user.name:anna"}, Buckets: 10}); err == nil {
		t.Error("nobody waits for the answer, and it goes on")
	}
}
