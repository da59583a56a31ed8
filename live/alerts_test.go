package live

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
)

// sumsOf are what incidents count, the same in hunt and serve.
func sumsOf(list []*alert.Incident) []string {
	var out []string
	for _, i := range list {
		if i.IsOpen() {
			out = append(out, fmt.Sprintf("%s: score %d, level %d, %d alerts, %d hits, %d events, %v, of %d rules", i.Title, i.Score, i.Level, i.Alerts, i.Hits, i.Events, i.Many, len(i.Rules)))
		}
	}
	slices.Sort(out)
	return out
}

// huntedIncidents are what the hits that hunt would tell of streams come to.
func huntedIncidents(tb testing.TB, e *detect.Engine, streams []stream) []string {
	tb.Helper()
	return sumsOf(judged(tb, e, streams).Incidents)
}

// huntedAlerts are the alerts of these.
func huntedAlerts(tb testing.TB, e *detect.Engine, streams []stream) (out []string) {
	tb.Helper()
	for _, a := range judged(tb, e, streams).Alerts {
		out = append(out, alertText(a))
	}
	return out
}

func judged(tb testing.TB, e *detect.Engine, streams []stream) alert.Changes {
	tb.Helper()
	desk := alert.NewDesk(alert.Options{})
	tell := func(r *sigma.Rule, h *detect.Hit) error {
		x := LooseHit(r, h)
		desk.Take(&x)
		return nil
	}
	hunt(tb, e, streams, tell)
	return desk.Place()
}

// incidents are what is kept, after it was compared with the alerts that are kept.
func (s *site) incidents() []string {
	s.tb.Helper()
	list, err := s.state.ListIncidents(context.Background(), state.IncidentFilter{Limit: 100_000})
	if err != nil {
		s.tb.Fatal(err)
	}
	for _, i := range list {
		alerts, err := s.state.ListAlerts(context.Background(), state.AlertFilter{Incident: i.Key, Limit: 100_000})
		if err != nil {
			s.tb.Fatal(err)
		}
		var hits, events int64
		for _, a := range alerts {
			hits += a.Hits
			events += a.Events
		}
		if int64(len(alerts)) != i.Alerts || hits != i.Hits || events != i.Events {
			s.tb.Errorf("%s: %d alerts, %d hits, %d events; its alerts are %d, with %d and %d", i.Title, i.Alerts, i.Hits, i.Events, len(alerts), hits, events)
		}
	}
	return sumsOf(list)
}

// TestSameIncidentsAsHunt sends the same input in several orders: hunt and serve find the same alerts in it, by their keys,
// and incidents that count the same. What hunt places at once at its end serve places as it comes, so that the key of an
// incident, which is that of the alert that came first, may be another.
func TestSameIncidentsAsHunt(t *testing.T) {
	streams := sample(t)
	want, alerts := huntedIncidents(t, newEngine(t), streams), huntedAlerts(t, newEngine(t), streams)
	if len(want) < 3 {
		t.Fatalf("%d incidents: the sample attack has more", len(want))
	}
	for seed := range uint64(2) {
		s := newSite(t)
		s.run(func() { s.send(streams, seed) })
		s.finish()
		compare(t, s.incidents(), want)
		compare(t, s.alerts(), alerts)
		s.close()
	}
}

// TestSameIncidentsOverRestarts does so with a process that is stopped in between. What it is about is so long ago that
// no alert is at the desk after a start.
func TestSameIncidentsOverRestarts(t *testing.T) {
	streams := sample(t)
	want := huntedAlerts(t, newEngine(t), streams)
	s := newSiteWith(t, func(o *Options) {
		o.Now = func() time.Time { return time.Now().AddDate(1, 0, 0) }
	})
	for part := range 4 {
		s.run(func() {
			var some []stream
			for _, f := range streams {
				cut := len(f.text)
				if part < 3 {
					cut = f.cut(t, len(f.text)*(part+1)/4)
				}
				some = append(some, stream{f.path, f.format, f.text[:cut]})
			}
			s.send(some, uint64(part))
		})
		if part < 3 {
			s.close()
			s.open()
		}
	}
	s.finish()
	s.incidents()
	compare(t, s.alerts(), want)
	s.close()
}

func alertText(a *alert.Alert) string {
	return fmt.Sprintf("%s %s about %s: %d hits of %d events, from %d to %d, open %t", a.Key, a.RuleTitle, a.Entity.Name, a.Hits, a.Events, a.First, a.Last, a.Open)
}

// alerts are those that are kept.
func (s *site) alerts() (out []string) {
	s.tb.Helper()
	list, err := s.state.ListAlerts(context.Background(), state.AlertFilter{Limit: 100_000})
	if err != nil {
		s.tb.Fatal(err)
	}
	for _, a := range list {
		out = append(out, alertText(a))
	}
	return out
}
