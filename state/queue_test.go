package state

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/alert"
)

func TestQueue(t *testing.T) {
	places(t, testQueue)
}

// testQueue tells whether what is answered from briefs is what the tables say, after each kind of change.
func testQueue(t *testing.T, p place) {
	s, ctx := p.open(t), t.Context()
	c, d := desk(30)
	if err := s.PutAlerts(ctx, c); err != nil {
		t.Fatal(err)
	}
	all := must[[]*alert.Incident](t)(s.ListIncidents(ctx, IncidentFilter{}))
	check := func(when string) {
		t.Helper()
		for _, f := range []IncidentFilter{
			{},
			{Newest: true},
			{Status: Waiting, Now: 50},
			{Status: alert.Snoozed, Now: 50},
			{Status: alert.Snoozed, Now: 500},
			{Status: alert.New, Now: 500},
			{Status: alert.Taken},
			{MinLevel: alert.High},
			{Since: 5e9, Until: 20e9},
			{Owner: "anna"},
			{Entity: "pc7"},
			{Text: "guess"},
			{UpdatedSince: 25e9},
			{Limit: 5},
			{Limit: 4, After: all[3].Key},
			{Limit: 4, After: all[3].Key, Newest: true},
		} {
			got := keysOf(must[[]*alert.Incident](t)(s.ListIncidents(ctx, f)))
			want := keysOf(must[[]*alert.Incident](t)(s.listIncidents(ctx, f)))
			if !slices.Equal(got, want) {
				t.Errorf("%s: %+v:\n got %v\nwant %v", when, f, got, want)
			}
		}
	}
	check("at first")
	for n, x := range []Decision{
		{Status: alert.Taken, Owner: "anna", At: 30e9, Actor: "anna"},
		{Status: alert.Snoozed, Until: 100, At: 40, Actor: "anna"},
		{Status: alert.Closed, Verdict: alert.Malicious, At: 30e9, Actor: "anna"},
	} {
		must[[]*alert.Incident](t)(s.Decide(ctx, []string{all[n].Key, all[n+4].Key}, x))
		check(x.Status)
	}
	d.Take(&alert.Hit{Key: "again", Seq: 99, RuleID: "rule1", RuleTitle: "Merges", Level: alert.Critical, Time: 31e9, Seen: 31e9, Hosts: []string{"PC10"}, Users: []string{"user20"}})
	if err := s.PutAlerts(ctx, d.Place()); err != nil {
		t.Fatal(err)
	}
	check("merged")
	briefs, cut, err := s.Briefs(ctx, IncidentFilter{Match: func(b *Brief) bool { return slices.Contains(b.Hosts, "PC10") }})
	if err != nil || cut || len(briefs) != 1 || !slices.Contains(briefs[0].Users, "user20") || briefs[0].Rules[0].ID == "" {
		t.Errorf("of PC10: %+v %v %v", briefs, cut, err)
	}
	closed, _, err := s.Briefs(ctx, IncidentFilter{Status: alert.Closed})
	if err != nil || len(closed) != 2 || closed[0].Verdict != alert.Malicious {
		t.Errorf("closed: %+v %v", closed, err)
	}
	page := must[[]*alert.Incident](t)(s.ListIncidents(ctx, IncidentFilter{Status: alert.Closed, Match: func(b *Brief) bool { return b.Key == closed[1].Key }}))
	if len(page) != 1 || page[0].Key != closed[1].Key {
		t.Errorf("closed and matched: %v", keysOf(page))
	}
	must[int64](t)(s.DeleteAlerts(ctx, 10e9))
	check("deleted")
}

func keysOf(list []*alert.Incident) []string {
	var out []string
	for _, i := range list {
		out = append(out, i.Key)
	}
	return out
}

// crowd keeps n open incidents.
func crowd(b *testing.B, s *State, n int) {
	d := alert.NewDesk(alert.Options{})
	for i := range n {
		at := int64(i+1) * 60e9
		d.Take(&alert.Hit{
			Key: fmt.Sprint("h", i), Seq: uint64(i + 1), RuleID: fmt.Sprint("rule", i%97), RuleTitle: fmt.Sprint("Something happened ", i%97), Level: alert.Medium + i%3,
			Tags: []string{"attack.credential-access", "attack.t1110.001"}, Time: at, Seen: at, Hosts: []string{fmt.Sprint("PC", i)},
			Users: []string{fmt.Sprint("user", i)}, Addresses: []string{fmt.Sprintf("198.18.%d.%d", i/250, i%250)}, Sources: []string{fmt.Sprintf("198.18.%d.%d", i/250, i%250)},
		})
		if i%1000 == 999 || i == n-1 {
			if err := s.PutAlerts(b.Context(), d.Place()); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkQueue(b *testing.B) {
	each(b, func(b *testing.B, p place) {
		s := p.open(b)
		crowd(b, s, 10_000)
		for _, c := range []struct {
			name string
			f    IncidentFilter
		}{
			{"page", IncidentFilter{Limit: 100}},
			{"newest", IncidentFilter{Limit: 100, Newest: true}},
			{"matched", IncidentFilter{Limit: 100, Match: func(b *Brief) bool { return strings.HasSuffix(b.Hosts[0], "7") }}},
		} {
			b.Run(c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if list, err := s.ListIncidents(b.Context(), c.f); err != nil || len(list) != 100 {
						b.Fatal(len(list), err)
					}
				}
			})
		}
		b.Run("load", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.queue.touch()
				if list, _, err := s.briefs(b.Context()); err != nil || len(list) != 10_000 {
					b.Fatal(len(list), err)
				}
			}
		})
	})
}
