package alert

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"time"
)

// kept is what is kept of a desk's changes beside it, as JSON; alerts by key, incidents likewise.
type kept struct {
	t         *testing.T
	alerts    map[string]string
	incidents map[string]string
}

func newKept(t *testing.T) *kept {
	return &kept{t, make(map[string]string), make(map[string]string)}
}

func (k *kept) put(c Changes) {
	k.t.Helper()
	for into, list := range map[*map[string]string]map[string]any{&k.alerts: asAny(c.Alerts, func(a *Alert) string { return a.Key }), &k.incidents: asAny(c.Incidents, func(i *Incident) string { return i.Key })} {
		for key, v := range list {
			text, err := json.Marshal(v)
			if err != nil {
				k.t.Fatal(err)
			}
			(*into)[key] = string(text)
		}
	}
}

func asAny[T any](list []T, key func(T) string) map[string]any {
	out := make(map[string]any)
	for _, v := range list {
		out[key(v)] = v
	}
	return out
}

func read[T any](t *testing.T, texts map[string]string) []*T {
	t.Helper()
	var out []*T
	for _, text := range texts {
		v := new(T)
		if err := json.Unmarshal([]byte(text), v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// TestMergedAlertsThatAreNotAtHand makes two incidents one of which the desk knows no more than their sums.
func TestMergedAlertsThatAreNotAtHand(t *testing.T) {
	k := newKept(t)
	d := NewDesk(Options{})
	for n := range 10 {
		d.Take(onHost(n, fmt.Sprint("dump", n%3), "pc1", "eve", High))
		d.Take(onHost(n, fmt.Sprint("dump", n%3), "pc2", "mallory", High))
	}
	k.put(d.Place())
	again := NewDesk(Options{})
	again.Load(nil, read[Incident](t, k.incidents))
	again.links = d.links // as if alerts of both were at hand, but not all
	bridge := onHost(20, "copy", "pc1", "eve", High)
	bridge.Hosts = []string{"pc1", "pc2"}
	again.Take(bridge)
	c := again.Place()
	list := listed(c)
	if len(list) != 1 || list[0].Alerts != 7 || list[0].Hits != 21 || list[0].Rules["dump0"].Hits != 8 {
		t.Fatalf("%d incidents; the first: %+v", len(list), list[0])
	}
	if list[0].Many[KindUser] != 2 || list[0].Many[KindHost] != 2 || len(c.Merged) != 1 {
		t.Errorf("about %v; merged %v", list[0].Many, c.Merged)
	}
}

// TestMergedTwiceAtOnce makes three incidents one in one go: what is kept elsewhere must know the last.
func TestMergedTwiceAtOnce(t *testing.T) {
	d := NewDesk(Options{})
	for n, host := range []string{"a", "b", "c", "d"} {
		d.Take(onHost(n, "dump", host, "user "+host, High))
	}
	if n := len(listed(d.Place())); n != 4 {
		t.Fatalf("%d incidents at first", n)
	}
	for n, both := range [][]string{{"b", "c"}, {"a", "b"}, {"c", "d"}} {
		h := onHost(10+n, fmt.Sprint("copy", n), both[0], "user "+both[0], High)
		h.Hosts = both
		d.Take(h)
	}
	c := d.Place()
	list := listed(c)
	if len(list) != 1 || list[0].Alerts != 7 {
		t.Fatalf("%d incidents are left", len(list))
	}
	for from, into := range c.Merged {
		if into != list[0].Key {
			t.Errorf("%s went into %s, which is merged itself", from, into)
		}
	}
	for _, a := range c.Alerts {
		if a.Incident != list[0].Key {
			t.Errorf("an alert is of %s", a.Incident)
		}
	}
}

// TestManyAfterRestart counts attempts on from what is kept, with and without the alerts.
func TestManyAfterRestart(t *testing.T) {
	k := newKept(t)
	d := NewDesk(Options{})
	for n := range 500 {
		d.Take(guess(n%60, fmt.Sprintf("198.51.%d.%d", n/250, n%250), "web1"))
	}
	k.put(d.Place())
	for name, alerts := range map[string][]*Alert{"all alerts": read[Alert](t, k.alerts), "none": nil} {
		again := NewDesk(Options{})
		again.Load(alerts, read[Incident](t, k.incidents))
		again.Take(guess(61, "203.0.113.1", "web1"))
		list := listed(again.Place())
		if len(list) != 1 || list[0].Many[KindAddress] != 501 || list[0].Alerts != 501 {
			t.Errorf("%s: %d incidents about %v", name, len(list), list[0].Many)
		}
	}
	again := NewDesk(Options{})
	again.Load(read[Alert](t, k.alerts), read[Incident](t, k.incidents))
	again.Take(broken(62, "198.51.1.7", "web1"))
	for _, i := range listed(again.Place()) {
		if i.Attempts && (i.Many[KindAddress] != 499 || i.Alerts != 499) {
			t.Errorf("after one has got in: %d attempts of %v", i.Alerts, i.Many)
		}
	}
}

// TestNewestBackgroundAfterRestart loads two incidents of one target in any order: it is the later that goes on.
func TestNewestBackgroundAfterRestart(t *testing.T) {
	k := newKept(t)
	d := NewDesk(Options{})
	for hour := range 120 {
		d.Take(guess(hour*60, "198.51.100.7", "web1"))
		d.Take(guess(hour*60, "198.51.100.8", "web1"))
		k.put(d.Place())
	}
	incidents := read[Incident](t, k.incidents)
	if len(incidents) != 2 {
		t.Fatalf("%d incidents, want 2", len(incidents))
	}
	for range 2 {
		incidents[0], incidents[1] = incidents[1], incidents[0]
		again := NewDesk(Options{})
		again.Load(nil, read[Incident](t, k.incidents))
		for key := range again.targets {
			delete(again.targets, key)
		}
		again.Load(nil, incidents)
		again.Take(guess(121*60, "198.51.100.9", "web1"))
		again.Place()
		if len(again.incidents) != 2 {
			t.Errorf("%d incidents after a restart", len(again.incidents))
		}
	}
}

// TestManyGrowAtOnce counts more hits that grow than are told apart.
func TestManyGrowAtOnce(t *testing.T) {
	const groups, rounds = 2 * maxBursts, 5
	d := NewDesk(Options{})
	for round := range rounds {
		for g := range groups {
			h := onHost(round, "many", "dc1", fmt.Sprint("user", g), High)
			h.Key, h.Grows, h.Count, h.Open = fmt.Sprint(g), true, int64(10*(round+1)), round < rounds-1
			d.Take(h)
		}
		d.Place()
	}
	for _, a := range d.alerts {
		if a.Hits != groups || a.Events != groups*10*rounds || a.Open {
			t.Errorf("%d hits of %d events, open %t; want %d of %d", a.Hits, a.Events, a.Open, groups, groups*10*rounds)
		}
	}
}

// TestSilenceWhileItGoesOn begins a silence, and ends it, while one hit grows: no event is counted twice.
func TestSilenceWhileItGoesOn(t *testing.T) {
	s := Silence{ID: "s", Matchers: []Matcher{{"rule", "is", "many"}}, Created: minutes(3)}
	d := NewDesk(Options{})
	for n := range 9 {
		switch n {
		case 3:
			d.Use([]Silence{s})
		case 6:
			s.Ended = minutes(6)
			d.Use([]Silence{s})
		}
		h := onHost(n, "many", "pc1", "eve", High)
		h.Key, h.Grows, h.Count, h.Open = "grows", true, int64(10*(n+1)), n < 8
		d.Take(h)
		d.Place()
	}
	got := make(map[string]int64)
	for _, a := range d.alerts {
		got[a.Silence] = a.Events
		if a.Open || a.Hits != 1 {
			t.Errorf("under %q: %d hits, open %t", a.Silence, a.Hits, a.Open)
		}
	}
	if want := map[string]int64{"": 60, "s": 30}; !reflect.DeepEqual(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	if list := d.incidents; len(list) != 1 {
		t.Errorf("%d incidents", len(list))
	}
}

// TestTakenAgainAfterSilence takes hits again, as after a crash, that came in before a silence was made.
func TestTakenAgainAfterSilence(t *testing.T) {
	k := newKept(t)
	h := onHost(1, "dump", "pc1", "eve", High)
	h.Seq = 7
	d := NewDesk(Options{})
	d.Take(h)
	k.put(d.Place())
	alerts := read[Alert](t, k.alerts)
	alerts[0].Through = 7
	s := Silence{ID: "s", Matchers: []Matcher{{"host", "is", "pc1"}}, Created: minutes(2)}
	again := NewDesk(Options{Silences: []Silence{s}})
	again.Load(alerts, read[Incident](t, k.incidents))
	again.Take(h)
	if c := again.Place(); len(c.Alerts) != 0 || len(again.alerts) != 1 {
		t.Errorf("%d alerts", len(again.alerts))
	}
}

// TestVerdictsTeachOnce says the same several times, and then something else.
func TestVerdictsTeachOnce(t *testing.T) {
	l := make(Lessons)
	d := NewDesk(Options{Lessons: l})
	d.Take(onHost(0, "dump", "pc1", "eve", High))
	said := *listed(d.Place())[0]
	say := func(status, verdict string) Taught {
		said.Status, said.Verdict = status, verdict
		d.Judge(&said)
		return *l[Lesson{RuleID: "dump"}]
	}
	for range 3 {
		if got := say(Closed, FalseAlarm); got != (Taught{FalseAlarm: 1}) {
			t.Errorf("closed: %+v", got)
		}
	}
	if got := say(Closed, Malicious); got != (Taught{Malicious: 1}) {
		t.Errorf("another verdict: %+v", got)
	}
	if got := say(New, ""); got != (Taught{}) {
		t.Errorf("taken back: %+v", got)
	}
}

// TestLeastTaughtCounts takes alerts of one rule about a host of which something was taught and one of which nothing was.
func TestLeastTaughtCounts(t *testing.T) {
	score := func(first, second string) int {
		l := make(Lessons)
		for range 10 {
			l.add(&Alert{RuleID: "dump", Entity: Entity{KindHost, "pc1"}}, FalseAlarm, 1)
		}
		l[Lesson{RuleID: "dump"}] = nil
		d := NewDesk(Options{Lessons: l})
		d.Take(onHost(0, "dump", first, "eve", High))
		d.Take(onHost(1, "dump", second, "eve", High))
		return listed(d.Place())[0].Score
	}
	if a, b := score("pc1", "pc2"), score("pc2", "pc1"); a != b {
		t.Errorf("score %d in one order, %d in the other", a, b)
	}
}

// TestNothingEmptyIsLeft has a low alert go from the background to an incident.
func TestNothingEmptyIsLeft(t *testing.T) {
	d := NewDesk(Options{})
	d.Take(onHost(0, "noise", "pc1", "eve", Low))
	d.Place()
	d.Take(onHost(1, "dump", "pc2", "mallory", High))
	d.Place()
	h := onHost(2, "noise", "pc1", "mallory", Low) // now it is about her as well
	d.Take(h)
	list := listed(d.Place())
	if len(list) != 1 || list[0].Alerts != 2 {
		t.Errorf("%d incidents; the first of %d alerts", len(list), list[0].Alerts)
	}
}

// TestClosedAndAboutMore closes what was expected; what others do under the same alert is not.
func TestClosedAndAboutMore(t *testing.T) {
	for _, c := range []struct {
		user string
		open bool
	}{{"eve", false}, {"mallory", true}} {
		d := NewDesk(Options{})
		d.Take(onHost(0, "dump", "pc1", "eve", High))
		i := listed(d.Place())[0]
		said := *i
		said.Status, said.Verdict, said.Decided = Closed, Expected, minutes(5)
		d.Judge(&said)
		d.Take(onHost(10, "dump", "pc1", c.user, High))
		d.Place()
		if i.IsOpen() != c.open || i.Again != c.open {
			t.Errorf("%s: status %s, again %t", c.user, i.Status, i.Again)
		}
	}
}

// TestWhatIsAimedAtTriesNothing counts those who try, not what they try it on.
func TestWhatIsAimedAtTriesNothing(t *testing.T) {
	h := guess(0, "198.51.100.7", "fw1")
	h.Addresses = []string{"10.0.0.5", "198.51.100.7"}
	i := open(h)[0]
	if i.Many[KindAddress] != 1 {
		t.Errorf("%d addresses: %s", i.Many[KindAddress], i.Sentence)
	}
}

// TestFloodBeforePlace takes very many attempts before any of them is placed, as hunt does.
func TestFloodBeforePlace(t *testing.T) {
	d := NewDesk(Options{})
	const n = MaxAlerts + 20_000
	for i := range n {
		h := guess(i/1000, fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), "web1")
		h.Level = Medium
		d.Take(h)
	}
	if len(d.alerts) > MaxAlerts+10 {
		t.Errorf("%d alerts are kept", len(d.alerts))
	}
	list := listed(d.Place())
	if len(list) != 1 || list[0].Hits != n || !list[0].Crowded {
		t.Errorf("%d incidents: %s", len(list), list[0].Sentence)
	}
}

// TestClockOfTheFuture takes a hit whose event says that it is of next year.
func TestClockOfTheFuture(t *testing.T) {
	d := NewDesk(Options{})
	d.Take(onHost(0, "dump", "pc1", "eve", High))
	d.Place()
	wrong := onHost(1, "dump", "pc9", "zoe", High)
	wrong.Time += int64(365 * 24 * time.Hour)
	d.Take(wrong)
	d.Place()
	d.Take(onHost(2, "copy", "pc1", "eve", High))
	if list := listed(d.Place()); len(list) != 1 || list[0].Alerts != 2 {
		t.Errorf("%d incidents; the first of %d alerts", len(list), list[0].Alerts)
	}
}

// TestKeysOf finds the alert of a hit again.
func TestKeysOf(t *testing.T) {
	d := NewDesk(Options{})
	for _, h := range []*Hit{guess(0, "198.51.100.7", "web1"), broken(1, "198.51.100.7", "web1"), onHost(2, "dump", "pc1", "eve", Critical)} {
		a, _ := d.alertOf(h)
		if one, _ := KeysOf(h); one != a.Key {
			t.Errorf("%s: another key", h.RuleID)
		}
	}
}

// TestWorth scores the same on machines that are worth more, or less, than most.
func TestWorth(t *testing.T) {
	score := func(host string) int {
		d := NewDesk(Options{Worth: func(e Entity) float64 {
			switch e.Name {
			case "db1":
				return 3
			case "lab1":
				return 0.2
			}
			return 1
		}})
		d.Take(onHost(0, "dump", host, "eve", High))
		return listed(d.Place())[0].Score
	}
	if db, pc, lab := score("db1"), score("pc1"), score("lab1"); !(db > pc && pc > lab) {
		t.Errorf("scores %d, %d and %d", db, pc, lab)
	}
}

// Of very many hits ever fewer are kept, the newest that is kept is never far back, and the samples are hits that are kept.
func TestFewOfManyAreKept(t *testing.T) {
	d := NewDesk(Options{})
	kept := make(map[string]bool)
	last := int64(0)
	const all = 1_000_000
	for n := int64(1); n <= all; n++ {
		h := Hit{Key: strconv.FormatInt(n, 10), Seq: uint64(n), RuleID: "r", RuleTitle: "r", Level: High, Time: 1, Seen: 1, Hosts: []string{"web1"}}
		if got := d.Take(&h); got != n {
			t.Fatalf("hit %d has the number %d", n, got)
		}
		if n%977 == 0 {
			d.Place()
			if again := d.Take(&h); again != 0 {
				t.Fatalf("hit %d is counted again, as %d", n, again)
			}
		}
		if IsKept(n) {
			kept[h.Key] = true
			last = n
		}
		if n-last > n/10 {
			t.Fatalf("of %d hits the last that is kept is %d", n, last)
		}
	}
	if len(kept) > keptAll*2 || len(kept) < keptAll {
		t.Errorf("%d hits are kept", len(kept))
	}
	list := d.Place().Alerts
	if len(list) != 1 || list[0].Hits != all || len(list[0].Samples) != MaxSamples {
		t.Fatalf("%+v", list)
	}
	for _, key := range list[0].Samples {
		if !kept[key] {
			t.Errorf("sample %s is not kept", key)
		}
	}
}

// Where all alerts since a time are at hand, nobody is asked for one of then; for one of before he is.
func TestKnownAreNotLookedUp(t *testing.T) {
	asked := 0
	d := NewDesk(Options{Find: func(string) *Alert { asked++; return nil }})
	day := int64(Window)
	d.Knows(10 * day)
	for i, c := range []struct {
		time  int64
		asked int
	}{{10 * day, 0}, {12*day + 5, 0}, {9*day + 5, 1}, {0, 1}} {
		asked = 0
		d.Take(&Hit{Key: strconv.Itoa(i), RuleID: "r", Level: High, Time: c.time, Seen: 12 * day, Hosts: []string{"h" + strconv.Itoa(i)}})
		if asked != c.asked {
			t.Errorf("at %d asked %d times", c.time, asked)
		}
	}
}
