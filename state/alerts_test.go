package state

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
)

// desk makes alerts of hits: of n users' machines each one incident, and one of attempts.
func desk(n int) (alert.Changes, *alert.Desk) {
	d := alert.NewDesk(alert.Options{})
	for i := range n {
		d.Take(&alert.Hit{
			Key: fmt.Sprint("h", i), Seq: uint64(i + 1), RuleID: fmt.Sprint("rule", i%3), RuleTitle: "Something at \x00 50% of the time", Level: alert.Medium + i%3,
			Time: int64(i+1) * 1e9, Seen: int64(i+1) * 1e9, Hosts: []string{fmt.Sprint("PC", i)}, Users: []string{fmt.Sprint("user", i)},
		})
		d.Take(&alert.Hit{
			Key: fmt.Sprint("g", i), Seq: uint64(i + 1), RuleID: "guess", RuleTitle: "Guesses", Level: alert.Low, Tags: []string{"attack.t1110"},
			Time: int64(i+1) * 1e9, Seen: int64(i+1) * 1e9, Hosts: []string{"web"}, Addresses: []string{fmt.Sprint("192.0.2.", i)}, Sources: []string{fmt.Sprint("192.0.2.", i)},
		})
	}
	return d.Place(), d
}

func testAlerts(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	c, d := desk(30)
	for range 2 { // twice is as once
		if err := s.PutAlerts(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	all := must[[]*alert.Incident](t)(s.ListIncidents(ctx, IncidentFilter{}))
	if len(all) != 31 || all[0].Level != alert.Critical || !all[30].Attempts {
		t.Fatalf("%d incidents; the first %v, the last %v", len(all), all[0].Level, all[len(all)-1].Title)
	}
	for i := 1; i < len(all); i++ {
		if all[i].Score > all[i-1].Score {
			t.Errorf("the worst are not first")
		}
	}
	page := must[[]*alert.Incident](t)(s.ListIncidents(ctx, IncidentFilter{Limit: 7, After: all[4].Key}))
	if len(page) != 7 || page[0].Key != all[5].Key {
		t.Errorf("a page begins with %s", page[0].Key)
	}
	for _, f := range []struct {
		filter IncidentFilter
		want   int
	}{
		{IncidentFilter{MinLevel: alert.Critical}, 10},
		{IncidentFilter{Entity: "pc7"}, 1},
		{IncidentFilter{Entity: "192.0.2.7"}, 1},
		{IncidentFilter{Text: "50% OF"}, 30},
		{IncidentFilter{Text: "50_ of"}, 0},
		{IncidentFilter{Since: 25e9}, 7},
		{IncidentFilter{Status: alert.New}, 31},
		{IncidentFilter{Status: alert.Closed}, 0},
		{IncidentFilter{Status: "any"}, 31},
		{IncidentFilter{Keys: []string{all[2].Key, all[4].Key, "none"}}, 2},
		{IncidentFilter{Keys: []string{all[2].Key, all[4].Key}, Status: "any", Text: "50% of"}, 2},
	} {
		if got := must[[]*alert.Incident](t)(s.ListIncidents(ctx, f.filter)); len(got) != f.want {
			t.Errorf("%+v: %d, want %d", f.filter, len(got), f.want)
		}
	}
	alerts := must[[]*alert.Alert](t)(s.ListAlerts(ctx, AlertFilter{Incident: all[30].Key}))
	if len(alerts) != 30 || alerts[0].Through == 0 {
		t.Errorf("%d alerts of the attempts, through %d", len(alerts), alerts[0].Through)
	}
	got := must[*alert.Alert](t)(s.Alert(ctx, alerts[3].Key[:20]))
	if got.Key != alerts[3].Key || got.Incident != all[30].Key {
		t.Errorf("looked up %+v", got)
	}
	if _, err := s.Alert(ctx, "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	testDecide(t, s, all, d)
}

func testDecide(t *testing.T, s *State, all []*alert.Incident, d *alert.Desk) {
	ctx := t.Context()
	keys := []string{all[0].Key, all[1].Key}
	for _, bad := range []Decision{{Status: "gone"}, {Status: alert.Closed}, {Status: alert.Closed, Verdict: "bad"}, {Status: alert.Snoozed}, {Verdict: alert.Expected}, {Status: alert.Merged}} {
		if _, err := s.Decide(ctx, keys, bad); !errors.Is(err, ErrDecision) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := s.Decide(ctx, []string{all[0].Key, "none"}, Decision{Status: alert.Closed, Verdict: alert.Malicious, At: 100e9, Actor: "anna"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	if i := must[*alert.Incident](t)(s.Incident(ctx, all[0].Key)); i.Status != alert.New {
		t.Errorf("half of a decision is kept: %s", i.Status)
	}
	out := must[[]*alert.Incident](t)(s.Decide(ctx, keys, Decision{Status: alert.Closed, Verdict: alert.Malicious, Note: "it was \x00 bad", At: 100e9, Actor: "anna"}))
	if len(out) != 2 || out[0].Verdict != alert.Malicious || out[0].Note == "" || out[0].Decided != 100e9 {
		t.Errorf("decided %+v", out[0])
	}
	// What rules find does not touch what people said; only what goes on after it was malicious is new.
	for _, i := range out {
		d.Judge(i)
	}
	a := must[[]*alert.Alert](t)(s.ListAlerts(ctx, AlertFilter{Incident: out[0].Key}))[0]
	hit := &alert.Hit{
		Key: "again", Seq: 1000, RuleID: a.RuleID, RuleTitle: a.RuleTitle, Level: a.Level, Time: 200e9, Seen: 200e9,
		Hosts: a.Hosts, Users: a.Users,
	}
	d.Take(hit)
	if err := s.PutAlerts(ctx, d.Place()); err != nil {
		t.Fatal(err)
	}
	i := must[*alert.Incident](t)(s.Incident(ctx, out[0].Key))
	if i.Status != alert.New || !i.Again || i.Note == "" || i.Hits != 2 {
		t.Errorf("it goes on: %s, again %t, %d hits", i.Status, i.Again, i.Hits)
	}
	if err := s.PutAlerts(ctx, alert.Changes{Incidents: []*alert.Incident{out[1]}}); err != nil {
		t.Fatal(err)
	}
	if i := must[*alert.Incident](t)(s.Incident(ctx, out[1].Key)); i.Status != alert.Closed || i.Owner != "" {
		t.Errorf("it was closed: %s", i.Status)
	}
	n := 0
	for e, err := range s.ListAudit(ctx, AuditFilter{Action: "incident.decide"}) {
		if err != nil || e.Actor != "anna" || e.Time != 100e9 {
			t.Errorf("the trail: %+v, %v", e, err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("the trail tells of %d decisions", n)
	}
	_, incidents, lessons, err := s.Desk(ctx, 0)
	if err != nil || len(incidents) != 31 || lessons[alert.Lesson{RuleID: a.RuleID}] == nil || lessons[alert.Lesson{RuleID: a.RuleID}].Malicious != 1 {
		t.Errorf("for the desk: %d incidents, %v, %v", len(incidents), lessons, err)
	}
	if n := must[int64](t)(s.DeleteAlerts(ctx, 1000e9)); n != 60 {
		t.Errorf("%d alerts are forgotten", n)
	}
	if left := must[[]*alert.Incident](t)(s.ListIncidents(ctx, IncidentFilter{Status: "any"})); len(left) != 29 {
		t.Errorf("%d incidents are left; those that are open stay, but for the background", len(left))
	}
}

func testCases(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	trail := AuditEntry{Time: 1, Actor: "anna", Action: "case"}
	fresh := alert.NewCase("break-in", "anna", 5)
	if _, err := s.ChangeCase(ctx, "none", trail, func(*alert.Case) error { return nil }); !errors.Is(err, ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	if _, err := s.ChangeCase(ctx, fresh.Key, trail, func(c *alert.Case) error { *c = *fresh; return nil }); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 10)
	for n := range 10 { // at the same time
		go func() {
			_, err := s.ChangeCase(ctx, fresh.Key, trail, func(c *alert.Case) error { return c.AddTask(fmt.Sprint(n), "ben", int64(n)) })
			done <- err
		}()
	}
	for range 10 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	c := must[*alert.Case](t)(s.Case(ctx, fresh.Key[:6]))
	if len(c.Tasks) != 10 {
		t.Errorf("%d of 10 tasks", len(c.Tasks))
	}
	refused := errors.New("no")
	if _, err := s.ChangeCase(ctx, fresh.Key, trail, func(c *alert.Case) error { c.Title = "x"; return refused }); !errors.Is(err, refused) {
		t.Errorf("refused: %v", err)
	}
	if list := must[[]*alert.Case](t)(s.ListCases(ctx, false, 0)); len(list) != 1 || list[0].Title != "break-in" {
		t.Errorf("listed %v", list)
	}
	v := alert.Silence{ID: "s1", Matchers: []alert.Matcher{{Field: "host", Op: "is", Value: "web\x00"}}, Owner: "anna", Reason: "test", Created: 3, Until: int64(time.Hour)}
	for range 2 {
		if err := s.PutSilence(ctx, v, trail); err != nil {
			t.Fatal(err)
		}
	}
	if list := must[[]alert.Silence](t)(s.Silences(ctx)); len(list) != 1 || list[0].Matchers[0].Field != "host" || list[0].Until != v.Until {
		t.Errorf("silences %+v", list)
	}
}

// testFound looks for incidents by what they are about.
func testFound(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	d := alert.NewDesk(alert.Options{})
	put := func(hits ...*alert.Hit) alert.Changes {
		for _, h := range hits {
			h.RuleTitle = h.RuleID
			d.Take(h)
		}
		c := d.Place()
		if err := s.PutAlerts(ctx, c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for n := range 200 {
		a := fmt.Sprint("192.0.2.", n)
		put(&alert.Hit{RuleID: "guess", Level: alert.Low, Tags: []string{"attack.t1110"}, Time: int64(n+1) * 1e9, Seen: int64(n+1) * 1e9, Hosts: []string{"web"}, Addresses: []string{a}, Sources: []string{a}})
	}
	one := &alert.Hit{RuleID: "dump", Level: alert.High, Time: 300e9, Seen: 300e9, Hosts: []string{"PC1.example.com"}, Users: []string{`CORP\Anna`}}
	two := &alert.Hit{RuleID: "dump", Level: alert.High, Time: 301e9, Seen: 301e9, Hosts: []string{"pc2"}, Users: []string{"ben"}}
	put(one, two)
	both := &alert.Hit{RuleID: "copy", Level: alert.High, Time: 302e9, Seen: 302e9, Hosts: []string{"pc1", "pc2"}}
	merged := put(both)
	if len(merged.Merged) != 1 {
		t.Fatalf("merged %v", merged.Merged)
	}
	for name, want := range map[string]int{"192.0.2.3": 1, "192.0.2.199": 1, `corp\anna`: 1, "anna": 1, "PC1": 1, "pc1.example.com": 1, "ben": 1, "nobody": 0, "%": 0, `\`: 0} {
		list := must[[]*alert.Incident](t)(s.ListIncidents(ctx, IncidentFilter{Entity: name}))
		if len(list) != want {
			t.Errorf("%s: %d incidents, want %d", name, len(list), want)
		}
		if want == 1 && list[0].Status == alert.Merged {
			t.Errorf("%s: what was merged", name)
		}
	}
	// What came in before somebody closed an incident does not open it again, though it is kept after.
	i := must[[]*alert.Incident](t)(s.ListIncidents(ctx, IncidentFilter{Entity: "ben"}))[0]
	must[[]*alert.Incident](t)(s.Decide(ctx, []string{i.Key}, Decision{Status: alert.Closed, Verdict: alert.Malicious, At: 400e9, Actor: "anna"}))
	i.Again, i.Status = true, alert.New
	if err := s.PutAlerts(ctx, alert.Changes{Incidents: []*alert.Incident{i}}); err != nil {
		t.Fatal(err)
	}
	if now := must[*alert.Incident](t)(s.Incident(ctx, i.Key)); now.Status != alert.Closed {
		t.Errorf("closed after its last hit: %s", now.Status)
	}
	d.Use([]alert.Silence{{ID: "s", Matchers: []alert.Matcher{{Field: "host", Op: "is", Value: "pc9"}}}})
	put(&alert.Hit{Key: "1", RuleID: "dump", Level: alert.High, Time: 500e9, Seen: 500e9, Hosts: []string{"pc9"}},
		&alert.Hit{Key: "2", RuleID: "dump", Level: alert.High, Time: 501e9, Seen: 501e9, Hosts: []string{"pc9"}},
		&alert.Hit{Key: "3", RuleID: "copy", Level: alert.High, Time: 501e9, Seen: 501e9, Hosts: []string{"pc9"}})
	if got := must[map[string]Silenced](t)(s.CountSilenced(ctx)); len(got) != 1 || got["s"] != (Silenced{Alerts: 2, Hits: 3}) {
		t.Errorf("silenced: %v", got)
	}
	if _, err := s.Decide(ctx, []string{i.Key}, Decision{At: 600e9, Actor: "anna"}); !errors.Is(err, ErrDecision) {
		t.Errorf("a decision that says nothing: %v", err)
	}
}
