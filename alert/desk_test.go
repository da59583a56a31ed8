package alert

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const at = int64(1_790_000_000) * 1e9

func minutes(n int) int64 { return at + int64(n)*int64(time.Minute) }

// guess is what a rule finds when passwords are guessed.
func guess(n int, address, host string) *Hit {
	return &Hit{
		Key: fmt.Sprint("guess ", address, n), RuleID: "guess", RuleTitle: "SSH passwords guessed from one address", Level: Low,
		Tags: []string{"attack.credential-access", "attack.t1110.001"}, Time: minutes(n), Seen: minutes(n), Count: 12,
		Hosts: []string{host}, Users: []string{"root", "admin"}, Addresses: []string{address}, Sources: []string{address},
	}
}

// broken is what a rule finds when one was guessed.
func broken(n int, address, host string) *Hit {
	return &Hit{
		Key: fmt.Sprint("broken ", address), RuleID: "broken", RuleTitle: "SSH login succeeded after many failures", Level: High,
		Tags: []string{"attack.credential-access", "attack.t1110", "attack.t1078", "attack.initial-access"}, Time: minutes(n), Seen: minutes(n), Count: 13,
		Hosts: []string{host}, Users: []string{"root", "anna"}, By: []string{"anna"}, Addresses: []string{address}, Sources: []string{address},
	}
}

func onHost(n int, rule, host, user string, level int, tags ...string) *Hit {
	return &Hit{
		Key: fmt.Sprint(rule, host, n), RuleID: rule, RuleTitle: strings.ToUpper(rule[:1]) + rule[1:], Level: level, Tags: tags, Time: minutes(n), Seen: minutes(n),
		Hosts: []string{host}, Users: []string{user},
	}
}

// open returns the open incidents of a desk that knows no more than some hits, the worst first.
func open(hits ...*Hit) []*Incident {
	d := NewDesk(Options{})
	for _, h := range hits {
		d.Take(h)
	}
	return listed(d.Place())
}

func listed(c Changes) []*Incident {
	list := slices.DeleteFunc(c.Incidents, func(i *Incident) bool { return !i.IsOpen() })
	slices.SortFunc(list, func(a, b *Incident) int { return b.Score - a.Score })
	return list
}

func TestOneBreakInAmongThousands(t *testing.T) {
	var hits []*Hit
	for n := range 3000 {
		hits = append(hits, guess(n%600, fmt.Sprintf("198.51.%d.%d", n/250, n%250), "web1"))
	}
	hits = append(hits, broken(300, "198.51.3.7", "web1"), onHost(310, "sudo", "web1", "anna", Low, "attack.privilege-escalation"))
	list := open(hits...)
	if len(list) != 2 {
		t.Fatalf("%d incidents, want the break-in and the attempts", len(list))
	}
	worst, other := list[0], list[1]
	if worst.Background || worst.Level != High || worst.Alerts != 3 {
		t.Errorf("the worst: %+v", worst)
	}
	for _, part := range []string{"web1", "anna", "198.51.3.7", "succeeded", "Before it: SSH passwords guessed", "since: Sudo"} {
		if !strings.Contains(worst.Sentence, part) {
			t.Errorf("%q does not stand in: %s", part, worst.Sentence)
		}
	}
	if !other.Attempts || other.Alerts != 2999 || other.Score >= 15 || other.Many[KindAddress] != 2999 {
		t.Errorf("the attempts: score %d, %d alerts, %v", other.Score, other.Alerts, other.Many)
	}
	if !strings.HasPrefix(other.Sentence, "2,999 addresses tried to get in at web1, 35,988 times; none is known to have succeeded.") {
		t.Errorf("the attempts: %s", other.Sentence)
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	var hits []*Hit
	for n := range 40 {
		hits = append(hits, guess(n, fmt.Sprintf("198.51.100.%d", n%9), "web1"), onHost(n*17, "noise", fmt.Sprint("pc", n%5), "eve", Low))
	}
	hits = append(hits, broken(20, "198.51.100.3", "web1"), onHost(30, "dump", "pc1", "eve", Critical), onHost(55, "dump", "pc2", "eve", High))
	want := summary(open(hits...))
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(hits), func(i, j int) { hits[i], hits[j] = hits[j], hits[i] })
		if got := summary(open(hits...)); !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n%s\nwant\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func summary(list []*Incident) []string {
	var out []string
	for _, i := range list {
		out = append(out, fmt.Sprintf("%s %d %d %d %d %d-%d", i.Title, i.Score, i.Level, i.Alerts, i.Hits, i.First, i.Last))
	}
	slices.Sort(out)
	return out
}

// TestTakenTwice takes hits again, as after a crash, on a desk that knows what was kept: nothing changes.
func TestTakenTwice(t *testing.T) {
	kept := make(map[string]*Alert)
	var incidents []*Incident
	keep := func(c Changes) {
		for _, a := range c.Alerts {
			kept[a.Key] = a
		}
		for _, i := range c.Incidents {
			if !slices.Contains(incidents, i) {
				incidents = append(incidents, i)
			}
		}
	}
	d := NewDesk(Options{})
	for seq := range 50 {
		h := onHost(seq, "noise", "pc1", "eve", Medium)
		h.Seq = uint64(seq + 1)
		d.Take(h)
		g := broken(seq, "198.51.100.3", "pc1")
		g.Grows, g.Open, g.Count = true, seq < 49, int64(seq+1)
		d.Take(g)
		keep(d.Place())
	}
	var want []Alert
	var list []*Alert
	for _, a := range kept {
		list = append(list, a)
		want = append(want, *a)
	}
	again := NewDesk(Options{})
	again.Load(list, incidents)
	for seq := 30; seq < 50; seq++ {
		h := onHost(seq, "noise", "pc1", "eve", Medium)
		h.Seq = uint64(seq + 1)
		again.Take(h)
		g := broken(seq, "198.51.100.3", "pc1")
		g.Grows, g.Open, g.Count = true, seq < 49, int64(seq+1)
		again.Take(g)
		again.Place()
	}
	for i, a := range list {
		if a.Hits != want[i].Hits || a.Events != want[i].Events || a.Open != want[i].Open {
			t.Errorf("%s: %d hits of %d events, open %t; want %d, %d, %t", a.RuleTitle, a.Hits, a.Events, a.Open, want[i].Hits, want[i].Events, want[i].Open)
		}
	}
	if len(incidents) != 1 || incidents[0].Hits != 51 || incidents[0].Events != 100 {
		t.Errorf("incidents: %d, %+v", len(incidents), incidents[0])
	}
}

func TestFloodIsBounded(t *testing.T) {
	d := NewDesk(Options{})
	for n := range 300_000 {
		d.Take(guess(n/1000, fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255), "web1"))
		if n%1000 == 0 {
			d.Place()
		}
	}
	d.Take(onHost(301, "dump", "web1", "eve", Critical))
	list := listed(d.Place())
	if len(d.alerts) > MaxTried+100 {
		t.Errorf("%d alerts are kept", len(d.alerts))
	}
	if len(list) == 0 || list[0].Level != Critical {
		t.Fatal("the grave one is buried")
	}
	var hits int64
	for _, i := range d.incidents {
		hits += i.Hits
	}
	if hits != 300_001 {
		t.Errorf("%d hits are counted", hits)
	}
}

func TestClosedAndGoingOn(t *testing.T) {
	for _, c := range []struct {
		verdict string
		open    bool
	}{{Malicious, true}, {Expected, false}, {FalseAlarm, false}} {
		d := NewDesk(Options{})
		d.Take(onHost(0, "dump", "pc1", "eve", High))
		i := listed(d.Place())[0]
		said := *i
		said.Status, said.Verdict, said.Decided = Closed, c.verdict, minutes(5)
		d.Judge(&said)
		d.Take(onHost(10, "dump", "pc1", "eve", High))
		d.Place()
		if i.IsOpen() != c.open || i.Again != c.open || i.Hits != 2 {
			t.Errorf("%s: status %s, again %t, %d hits", c.verdict, i.Status, i.Again, i.Hits)
		}
	}
}

func TestVerdictsTeach(t *testing.T) {
	score := func(verdict string, host string) int {
		l := make(Lessons)
		for range 10 {
			l.Learn(&Alert{RuleID: "dump", Entity: Entity{KindHost, "pc1"}}, verdict)
		}
		d := NewDesk(Options{Lessons: l})
		d.Take(onHost(0, "dump", host, "eve", High))
		return listed(d.Place())[0].Score
	}
	none, harmless, elsewhere, harm := score("", "pc1"), score(FalseAlarm, "pc1"), score(FalseAlarm, "pc2"), score(Malicious, "pc1")
	if !(harmless < elsewhere && elsewhere < none && none < harm) {
		t.Errorf("false alarms here %d, elsewhere %d; nothing known %d; malicious %d", harmless, elsewhere, none, harm)
	}
}

func TestStagesInOrderAreWorse(t *testing.T) {
	in := open(onHost(0, "a", "pc1", "eve", Medium, "attack.initial-access"), onHost(1, "b", "pc1", "eve", Medium, "attack.impact"))[0]
	out := open(onHost(1, "a", "pc1", "eve", Medium, "attack.initial-access"), onHost(0, "b", "pc1", "eve", Medium, "attack.impact"))[0]
	one := open(onHost(1, "a", "pc1", "eve", Medium, "attack.impact"), onHost(0, "b", "pc1", "eve", Medium, "attack.impact"))[0]
	if !(in.Score > out.Score && out.Score > one.Score) {
		t.Errorf("in order %d, out of order %d, one stage %d", in.Score, out.Score, one.Score)
	}
	if !reflect.DeepEqual(in.Stages, []string{"initial-access", "impact"}) {
		t.Errorf("stages %v", in.Stages)
	}
}

func TestFarApartIsApart(t *testing.T) {
	if n := len(open(onHost(0, "a", "pc1", "eve", High), onHost(13*60, "b", "pc1", "eve", High))); n != 2 {
		t.Errorf("13 hours apart: %d incidents", n)
	}
	if n := len(open(onHost(0, "a", "pc1", "eve", High), onHost(11*60, "b", "pc1.example.com", `CORP\eve`, High))); n != 1 {
		t.Errorf("11 hours apart, by longer names: %d incidents", n)
	}
	if n := len(open(onHost(0, "a", "pc1", "root", High), onHost(1, "b", "pc2", "root", High))); n != 2 {
		t.Errorf("a user that every machine has: %d incidents", n)
	}
}

func TestSilence(t *testing.T) {
	m := func(texts ...string) (list []Matcher) {
		for _, s := range texts {
			x, err := ParseMatcher(s)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, x)
		}
		return list
	}
	h := guess(10, "192.0.2.7", "web1")
	h.Field = func(name string) []string {
		return map[string][]string{"CommandLine": {`C:\tools\scan.exe /all`}}[name]
	}
	for _, c := range []struct {
		s    Silence
		want bool
	}{
		{Silence{}, false},
		{Silence{Matchers: m("rule=guess")}, true},
		{Silence{Matchers: m("rule=ssh passwords GUESSED from one address")}, true},
		{Silence{Matchers: m("address=192.0.2.0/24", "host=web1")}, true},
		{Silence{Matchers: m("address=192.0.2.0/24", "host!=web1")}, false},
		{Silence{Matchers: m("address=198.51.100.0/24")}, false},
		{Silence{Matchers: m("CommandLine^=c:\\tools\\")}, true},
		{Silence{Matchers: m("CommandLine~backup")}, false},
		{Silence{Matchers: m("user$=min")}, true},
		{Silence{Matchers: m("rule=guess"), Until: minutes(10)}, false},
		{Silence{Matchers: m("rule=guess"), From: minutes(5), Until: minutes(11)}, true},
		{Silence{Matchers: m("rule=guess"), Ended: minutes(9)}, false},
	} {
		if got := c.s.Hides(h); got != c.want {
			t.Errorf("%v from %d until %d: %t", c.s.Matchers, c.s.From, c.s.Until, got)
		}
	}
	d := NewDesk(Options{Silences: []Silence{{ID: "s", Matchers: m("rule=guess")}}})
	d.Take(h)
	c := d.Place()
	if len(c.Incidents) != 0 || len(c.Alerts) != 1 || c.Alerts[0].Silence != "s" || c.Alerts[0].Hits != 1 {
		t.Errorf("hidden: %+v", c)
	}
	for _, bad := range []string{"", "rule", "=x", "rule=", "~"} {
		if _, err := ParseMatcher(bad); err == nil {
			t.Errorf("%q is taken for a test", bad)
		}
	}
	for text, op := range map[string]string{
		"CommandLine=10.0.0.0/8": "is", "user=10.0.0.0/8": "is", "zip=10.0.0.0/8": "is", "source_mac_address=10.0.0.0/8": "is",
		"address=10.0.0.0/8": "in", "source.ip=10.0.0.0/8": "in", "ClientIP=10.0.0.0/8": "in", "IpAddress=2001:db8::/32": "in",
		"src_ip=10.0.0.0/8": "in", "id.orig_h=10.0.0.0/8": "in", "source.ip=10.0.0.1": "is",
	} {
		if got, err := ParseMatcher(text); err != nil || got.Op != op {
			t.Errorf("%s is read as %v, %v; want the test %q", text, got, err, op)
		}
	}
	if (&Silence{}).Check() == nil || (&Silence{Matchers: []Matcher{{"address", "in", "x"}}}).Check() == nil {
		t.Error("what makes no sense is taken")
	}
}

func BenchmarkTake(b *testing.B) {
	d := NewDesk(Options{})
	hits := make([]*Hit, 1000)
	for n := range hits {
		hits[n] = onHost(n%60, fmt.Sprint("rule", n%20), fmt.Sprint("pc", n%30), "eve", Medium, "attack.execution")
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		d.Take(hits[n%1000])
		if n%1000 == 999 {
			d.Place()
		}
	}
}
