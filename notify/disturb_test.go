package notify

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// noon is a Wednesday.
var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// routeOf compiles one route to a way that discards.
func routeOf(t testing.TB, c RouteConfig) *Route {
	t.Helper()
	if len(c.To) == 0 {
		c.To = []string{"a"}
	}
	if c.Zone == "" {
		c.Zone = "UTC"
	}
	return directoryOf(t, Config{Routes: []RouteConfig{c}}).Routes[0]
}

// directoryOf compiles a configuration with the ways a, b and c, which go to a port where nobody listens.
func directoryOf(t testing.TB, c Config) *Directory {
	t.Helper()
	if c.Ways == nil {
		c.Ways = map[string]WayConfig{}
		for _, name := range []string{"a", "b", "c"} {
			c.Ways[name] = WayConfig{Syslog: &SyslogConfig{Server: "udp://127.0.0.1:9"}, Max: 1000}
		}
	}
	d, err := Compile(&c, Env{Host: "h"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func incident() *Incident {
	return &Incident{Key: "k1", Title: "a password was guessed", Level: High, Status: StatusNew, First: noon.Add(-time.Minute), Last: noon, Updated: noon, Count: 7, Tactics: []string{"credential-access"}, Tenant: "main"}
}

func TestDisturb(t *testing.T) {
	plain := RouteConfig{}
	told := func(ago time.Duration, edit ...func(*Told)) Told {
		w := Told{Seen: noon.Add(-ago), First: noon.Add(-ago), At: noon.Add(-ago), Number: 1, Level: High, Stages: []string{"credential-access"}, Status: StatusNew}
		for _, e := range edit {
			e(&w)
		}
		return w
	}
	is := func(edit func(*Incident)) *Incident {
		i := incident()
		edit(i)
		return i
	}
	same := func(*Incident) {}
	status := func(s string, until time.Time) func(*Incident) {
		return func(i *Incident) { i.Status, i.Until, i.Owner = s, until, "anna" }
	}
	for _, c := range []struct {
		name  string
		route RouteConfig
		was   Told
		is    *Incident
		kind  string // "" is: nobody is told
		again time.Duration
		why   string
	}{
		{"new", plain, Told{}, is(same), Firing, 0, "it is new"},
		{"new, and waits", RouteConfig{Wait: time.Minute}, Told{}, is(same), "", time.Minute, "waits"},
		{"new, and has waited half", RouteConfig{Wait: time.Minute}, Told{Seen: noon.Add(-30 * time.Second)}, is(same), "", 30 * time.Second, "waits"},
		{"new, and has waited", RouteConfig{Wait: time.Minute}, Told{Seen: noon.Add(-time.Minute)}, is(same), Firing, 0, "new"},
		{"new, and seen in the future", RouteConfig{Wait: time.Minute}, Told{Seen: noon.Add(time.Hour)}, is(same), Firing, 0, "new"},
		{"new, and several rules found it", plain, Told{}, is(func(i *Incident) { i.Rules = []string{"1", "a", "2", "b"} }), "", gatherWait, "waits"},
		{"new, critical, and several rules found it", plain, Told{}, is(func(i *Incident) { i.Level, i.Rules = Critical, []string{"1", "a", "2", "b"} }), Firing, 0, "new"},
		{"new, several rules, and the route does not wait", RouteConfig{Wait: -time.Second}, Told{}, is(func(i *Incident) { i.Rules = []string{"1", "a", "2", "b"} }), Firing, 0, "new"},
		{"too low", RouteConfig{Level: "critical"}, Told{}, is(same), "", 0, "level"},
		{"too high", RouteConfig{Level: "low", Below: "high"}, Told{}, is(same), "", 0, "level"},
		{"background", plain, Told{}, is(func(i *Incident) { i.Background = true }), "", 0, "everybody"},
		{"background, wanted", RouteConfig{Background: true}, Told{}, is(func(i *Incident) { i.Background = true }), Firing, 0, ""},
		{"another tenant", RouteConfig{Tenants: []string{"acme*"}}, Told{}, is(same), "", 0, "tenant"},
		{"a rule by id", RouteConfig{Rules: []string{"1234-*"}}, Told{}, is(func(i *Incident) { i.Rules = []string{"x", "1234-5"} }), Firing, 0, ""},
		{"another rule", RouteConfig{Rules: []string{"1234-*"}}, Told{}, is(func(i *Incident) { i.Rules = []string{"x"} }), "", 0, "rules"},
		{"a tag", RouteConfig{Tags: []string{"attack.t1110"}}, Told{}, is(func(i *Incident) { i.Tags = []string{"ATTACK.T1110"} }), Firing, 0, ""},
		{"no such tag", RouteConfig{Tags: []string{"attack.t1110"}}, Told{}, is(same), "", 0, "tags"},
		{"an entity", RouteConfig{Entities: []string{"web?"}}, Told{}, is(func(i *Incident) { i.Entities = []Entity{{"host", "WEB1"}} }), Firing, 0, ""},
		{"another entity", RouteConfig{Entities: []string{"web?"}}, Told{}, is(func(i *Incident) { i.Entities = []Entity{{"host", "db1"}} }), "", 0, "names"},
		{"outside the hours", RouteConfig{Hours: []string{"Mon-Fri 13:00-18:00"}}, Told{}, is(same), "", time.Hour, "hours"},
		{"within the hours", RouteConfig{Hours: []string{"Mon-Fri 08:00-18:00"}}, Told{}, is(same), Firing, 0, ""},
		{"quiet", RouteConfig{Quiet: []string{"11:00-13:30"}}, Told{}, is(same), "", 90 * time.Minute, "quiet"},
		{"quiet, and critical", RouteConfig{Quiet: []string{"11:00-13:30"}}, Told{}, is(func(i *Incident) { i.Level = Critical }), Firing, 0, ""},
		{"quiet, and critical now", RouteConfig{Quiet: []string{"11:00-13:30"}}, told(time.Hour), is(func(i *Incident) { i.Level = Critical }), Worse, 0, "high"},
		{"new, and put off", plain, Told{}, is(status(StatusSnoozed, noon.Add(time.Hour))), "", time.Hour, "put off"},
		{"new, and put off until now", plain, Told{}, is(status(StatusSnoozed, noon)), Firing, 0, ""},
		{"new, and taken", plain, Told{}, is(status(StatusTaken, time.Time{})), "", 0, "anna has taken"},
		{"new, and closed", plain, Told{}, is(status(StatusClosed, time.Time{})), "", 0, "closed"},
		{"an unknown status", plain, Told{}, is(status("merged", time.Time{})), "", 0, "closed"},
		{"told just now", plain, told(0), is(same), "", 4 * time.Hour, "nothing has changed"},
		{"told, and more of it", plain, told(time.Hour), is(func(i *Incident) { i.Count = 1e6; i.Updated = noon }), "", 3 * time.Hour, "nothing has changed"},
		{"told, and graver", plain, told(time.Second), is(func(i *Incident) { i.Level = Critical }), Worse, 0, "it was high and is critical"},
		{"told, and less grave", plain, told(time.Second), is(func(i *Incident) { i.Level = Medium }), "", 4*time.Hour - time.Second, ""},
		{"told, and at once a new stage", plain, told(time.Second), is(func(i *Incident) { i.Tactics = append(i.Tactics, "exfiltration") }), "", 59 * time.Second, "exfiltration"},
		{"told, and a new stage", plain, told(time.Minute), is(func(i *Incident) { i.Tactics = append(i.Tactics, "exfiltration") }), Worse, 0, "exfiltration"},
		{"taken, and a new stage", plain, told(time.Minute), is(func(i *Incident) { status(StatusTaken, time.Time{})(i); i.Tactics = append(i.Tactics, "impact") }), Worse, 0, "impact"},
		{"put off, and graver", plain, told(time.Second), is(func(i *Incident) { status(StatusSnoozed, noon.Add(time.Hour))(i); i.Level = Critical }), Worse, 0, "critical"},
		{"repeat", plain, told(4 * time.Hour), is(same), Repeat, 0, "nobody has taken it for 4 hours"},
		{"never repeat", RouteConfig{RepeatWait: -time.Second}, told(400 * time.Hour), is(same), "", 0, ""},
		{"taken: no repeat", plain, told(4 * time.Hour), is(status(StatusTaken, time.Time{})), "", 0, "anna"},
		{"put off: no repeat", plain, told(4 * time.Hour), is(status(StatusSnoozed, noon.Add(time.Minute))), "", time.Minute, "put off"},
		{"no longer put off: repeat", plain, told(4 * time.Hour), is(status(StatusSnoozed, noon.Add(-time.Minute))), Repeat, 0, ""},
		{"repeat waits for the hours", RouteConfig{Hours: []string{"Mon-Fri 13:00-18:00"}}, told(5 * time.Hour), is(same), "", time.Hour, ""},
		{"escalate", RouteConfig{Escalate: []EscalationConfig{{15 * time.Minute, []string{"b"}}}}, told(15 * time.Minute), is(same), Escalated, 0, "nobody has taken it for 15 minutes"},
		{"not yet", RouteConfig{Escalate: []EscalationConfig{{15 * time.Minute, []string{"b"}}}}, told(14 * time.Minute), is(same), "", time.Minute, ""},
		{"the second step", RouteConfig{Escalate: []EscalationConfig{{15 * time.Minute, []string{"b"}}, {time.Hour, []string{"c"}}}}, told(20*time.Minute, func(w *Told) { w.Steps = 1 }), is(same), "", 40 * time.Minute, ""},
		{"all steps", RouteConfig{Escalate: []EscalationConfig{{15 * time.Minute, []string{"b"}}}}, told(20*time.Minute, func(w *Told) { w.Steps = 1 }), is(same), "", 220 * time.Minute, ""},
		{"taken: no escalation", RouteConfig{Escalate: []EscalationConfig{{15 * time.Minute, []string{"b"}}}}, told(time.Hour), is(status(StatusTaken, time.Time{})), "", 0, ""},
		{"escalates outside the hours", RouteConfig{Hours: []string{"Mon-Fri 13:00-18:00"}, Escalate: []EscalationConfig{{15 * time.Minute, []string{"b"}}}}, told(time.Hour), is(same), Escalated, 0, ""},
		{"closed", plain, told(time.Hour), is(func(i *Incident) { i.Status, i.Verdict = StatusClosed, "false-alarm" }), Resolved, 0, "it was closed: false-alarm"},
		{"closed, and that is not told", RouteConfig{Resolve: "no"}, told(time.Hour), is(status(StatusClosed, time.Time{})), "", 0, "does not tell"},
		{"closed, and that was told", plain, told(time.Hour, func(w *Told) { w.Resolved = true }), is(status(StatusClosed, time.Time{})), "", 0, ""},
		{"closed in quiet hours", RouteConfig{Quiet: []string{"11:00-13:30"}}, told(time.Hour), is(status(StatusClosed, time.Time{})), "", 90 * time.Minute, ""},
		{"closed, and it goes on", RouteConfig{Wait: time.Minute}, told(time.Hour, func(w *Told) { w.Resolved = true }), is(same), Firing, 0, "goes on"},
		{"graver, but not the route's any more", RouteConfig{Tenants: []string{"x"}}, told(time.Hour), is(func(i *Incident) { i.Level = Critical }), "", 0, "tenant"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Disturb(noon, routeOf(t, c.route), c.was, c.is)
			var again time.Time
			if c.again != 0 {
				again = noon.Add(c.again)
			}
			if d.Tell != (c.kind != "") || d.Kind != c.kind || !d.Again.Equal(again) || !strings.Contains(d.Why, c.why) || d.Why == "" {
				t.Errorf("%+v, want %q with %q, again at %v", d, c.kind, c.why, again)
			}
		})
	}
}

// Whatever happens to an incident, and whatever the clock does, a person is told once of each state, always of a graver one,
// and never again of what is taken, put off or closed.
func TestDisturbProperties(t *testing.T) {
	for seed := range uint64(800) {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { disturbLife(t, rand.New(rand.NewPCG(seed, 1))) }) {
			return
		}
	}
}

func disturbLife(t *testing.T, r *rand.Rand) {
	quiet := r.IntN(3) == 0
	c := RouteConfig{Level: levels[r.IntN(3)], RepeatWait: time.Duration(1+r.IntN(300)) * time.Minute}
	if quiet {
		c.Quiet = []string{"22:00-07:00", "Sat,Sun"}
	}
	if r.IntN(2) == 0 {
		c.Escalate = []EscalationConfig{{10 * time.Minute, []string{"b"}}, {30 * time.Minute, []string{"c"}}}
	}
	route := routeOf(t, c)
	now, i, was := noon, incident(), Told{}
	all := []string{"initial-access", "execution", "persistence", "exfiltration", "impact"}
	for range 60 {
		switch r.IntN(8) {
		case 0:
			i.Level = r.IntN(Critical + 1)
		case 1:
			i.Status, i.Until = []string{StatusNew, StatusTaken, StatusSnoozed, StatusClosed}[r.IntN(4)], now.Add(time.Duration(r.IntN(240))*time.Minute)
		case 2:
			if s := all[r.IntN(len(all))]; newStage(i.Tactics, []string{s}) != "" {
				i.Tactics = append(i.Tactics[:len(i.Tactics):len(i.Tactics)], s)
			}
		case 3:
			now = now.Add(time.Duration(r.IntN(4000)-2000) * time.Hour) // the clock is set
		default:
			now = now.Add(time.Duration(r.IntN(200)) * time.Minute)
		}
		i.Count++
		was = was.rebased(now)
		d := Disturb(now, route, was, i)
		if d != Disturb(now, route, was, i) {
			t.Fatal("the same question has two answers")
		}
		status, told := i.statusAt(now), !was.At.IsZero() && !was.Resolved
		wanted := i.Level >= route.level
		held := !route.quietUntil(now, i.Level).IsZero()
		stage := newStage(was.Stages, i.Tactics) != "" && (i.Level >= Critical || !now.Before(was.At.Add(stageWait)))
		graver := told && (i.Level > was.Level || stage)
		if status == StatusNew && !told && i.Level < High {
			was.Seen = now.Add(-defaultWait) // it has waited
			d = Disturb(now, route, was, i)
		}
		switch {
		case status != StatusClosed && graver && wanted && !held && (!d.Tell || d.Kind != Worse):
			t.Fatalf("graver, and not told: %+v", d)
		case status != StatusNew && d.Tell && d.Kind != Worse && d.Kind != Resolved:
			t.Fatalf("it is %s, and told: %+v", status, d)
		case d.Kind == Resolved && (status != StatusClosed || !told):
			t.Fatalf("an end without a beginning: %+v", d)
		case d.Tell && held:
			t.Fatalf("told in quiet hours: %+v", d)
		case !told && status == StatusNew && wanted && !held && !d.Tell:
			t.Fatalf("new, and not told: %+v", d)
		case d.Tell && d.Why == "" || d.Tell && !d.Again.IsZero():
			t.Fatalf("%+v", d)
		case !d.Tell && !d.Again.IsZero() && !d.Again.After(now):
			t.Fatalf("asked again in the past: %+v at %v", d, now)
		}
		if !d.Tell {
			continue
		}
		was = was.tells(now, d, i)
		if next := Disturb(now, route, was, i); next.Tell && next.Kind != Escalated {
			t.Fatalf("told twice: %+v, then %+v", d, next)
		}
	}
}

func TestHours(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		hours  string
		at     string
		within bool
		change string
	}{
		{"Mon-Fri 08:00-18:00", "2026-07-15 12:00", true, "2026-07-15 18:00"},
		{"Mon-Fri 08:00-18:00", "2026-07-17 18:00", false, "2026-07-20 08:00"},
		{"Sat,Sun", "2026-07-17 12:00", false, "2026-07-18 00:00"},
		{"Sat,Sun", "2026-07-19 23:59", true, "2026-07-20 00:00"},
		{"22:00-06:00", "2026-07-15 05:00", true, "2026-07-15 06:00"},
		{"Fri 22:00-06:00", "2026-07-18 05:59", true, "2026-07-18 06:00"},
		{"Fri 22:00-06:00", "2026-07-17 05:59", false, "2026-07-17 22:00"},
		{"Fri-Mon", "2026-07-21 00:00", false, "2026-07-24 00:00"},
		{"02:00-03:00", "2026-03-29 01:59", false, "2026-03-30 02:00"}, // an hour that does not come
		{"02:30-04:00", "2026-03-29 01:59", false, "2026-03-29 03:00"},
		{"00:00-24:00", "2026-07-15 12:00", true, ""},
	} {
		h, err := parseHours([]string{c.hours}, berlin)
		if err != nil {
			t.Fatal(err)
		}
		within, change := h.at(at(c.at))
		want := ""
		if !change.IsZero() {
			want = change.In(berlin).Format("2006-01-02 15:04")
		}
		if within != c.within || want != c.change {
			t.Errorf("%s at %s: %v until %s, want %v until %s", c.hours, c.at, within, want, c.within, c.change)
		}
	}
	for _, bad := range []string{"", "Mo", "Mon-", "8-18", "08:00", "25:00-26:00", "08:00-08:00", "Mon 08:00-18:00 x", "08:60-09:00", "Mon,,Xyz"} {
		if _, err := parseHours([]string{bad}, berlin); err == nil {
			t.Errorf("%q are hours", bad)
		}
	}
}

func TestRoster(t *testing.T) {
	weekly := RosterConfig{
		Members: []string{"a", "b", "c"}, From: "2026-07-06", Zone: "Europe/Berlin", Handover: "Mon 09:00",
		Overrides: []OverrideConfig{{From: "2026-07-15 18:00", Until: "2026-07-16", Who: "c"}},
	}
	daily := RosterConfig{Members: []string{"a", "b", "c"}, From: "2026-07-06", Zone: "Europe/Berlin", Every: "day", Handover: "08:00"}
	d := directoryOf(t, Config{Rosters: map[string]RosterConfig{"w": weekly, "d": daily}})
	for _, c := range []struct{ roster, at, now, next string }{
		{"w", "2026-07-06 08:59", "c", "a"},
		{"w", "2026-07-06 09:00", "a", "b"},
		{"w", "2026-07-13 08:59", "a", "b"},
		{"w", "2026-07-13 09:00", "b", "c"},
		{"w", "2026-07-15 17:59", "b", "c"},
		{"w", "2026-07-15 18:00", "c", "b"}, // who is on duty instead is not who comes next
		{"w", "2026-07-16 00:00", "b", "c"},
		{"w", "2026-07-27 09:00", "a", "b"},
		{"w", "2026-06-29 09:00", "c", "a"},
		{"w", "2026-10-26 09:00", "b", "c"}, // the day after the clocks are set back
		{"d", "2026-07-06 07:59", "c", "a"},
		{"d", "2026-07-06 08:00", "a", "b"},
		{"d", "2026-07-08 08:00", "c", "a"},
		{"d", "2026-03-29 08:00", "a", "b"},
		{"d", "2026-03-30 08:00", "b", "c"},
	} {
		r := d.roster[c.roster]
		at, err := time.ParseInLocation("2006-01-02 15:04", c.at, r.zone)
		if err != nil {
			t.Fatal(err)
		}
		if now, next := r.onDuty(at, 0), r.onDuty(at, 1); now != c.now || next != c.next {
			t.Errorf("%s at %s: %s, then %s; want %s, then %s", c.roster, c.at, now, next, c.now, c.next)
		}
	}
}

func TestWild(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"a*b*c", "aXXbYYc", true},
		{"a*b*c", "aXXbYY", false},
		{"?", "", false},
		{"web?.*", "web1.example", true},
		{"**x", "abcx", true},
		{strings.Repeat("*a", 500), strings.Repeat("a", 400), false},
	} {
		if got := wild(c.pattern, c.text); got != c.want {
			t.Errorf("%.20q of %.20q: %v", c.pattern, c.text, got)
		}
	}
}
