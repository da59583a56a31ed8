package detect

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/sigma"
)

// busyEngine makes an Engine of one correlation that counts events of a day, or different values.
func busyEngine(tb testing.TB, typ sigma.CorrelationType) (*Engine, *sigma.Rule) {
	a := base("a")
	corr := sigma.Correlation{Type: typ, Rules: refs(a), GroupBy: []string{"Address"}, Timespan: int64(24 * time.Hour), Condition: atLeast(1e6)}
	if typ != sigma.EventCount {
		corr.Field = []string{"User"}
	}
	e, err := New([]*sigma.Rule{a}, []*sigma.Rule{correlation("x", corr)}, noSources(tb), Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return e, a
}

// attack makes observations as failed logins of a busy host give them: some thousand addresses, one every 80 ms.
func attack(a *sigma.Rule, fields, n int) []Observation {
	r := rand.New(rand.NewPCG(1, 1))
	addresses, users := make([]string, 4000), make([]string, 500)
	for i := range addresses {
		addresses[i] = "203.0." + strconv.Itoa(i/250) + "." + strconv.Itoa(i%250)
	}
	for i := range users {
		users[i] = "user-" + strconv.Itoa(i)
	}
	obs := make([]Observation, n)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	for i := range obs {
		address, user := addresses[r.IntN(len(addresses))], users[r.IntN(len(users))]
		obs[i] = Observation{
			Rule: a, Time: start + int64(i)*80e6, Fields: []string{address, user}[:fields], Ref: EventRef{File: "/var/log/auth.log", Record: int64(i)},
			Entities: Entities{Hosts: []string{"bastion"}, Users: []string{user}, Addresses: []string{address}},
		}
	}
	return obs
}

func bulk(tb testing.TB, typ sigma.CorrelationType, fields, n int) *Live {
	e, a := busyEngine(tb, typ)
	l := e.NewLive(LiveOptions{})
	l.corr.limit = 1 << 40
	for obs := attack(a, fields, n); len(obs) > 0; obs = obs[min(1000, len(obs)):] {
		part := obs[:min(1000, len(obs))]
		l.Observe(Progress{Stream: "s", Latest: part[len(part)-1].Time}, part, func(*LiveHit) {})
	}
	return l
}

func benchmarkSnapshot(b *testing.B, typ sigma.CorrelationType, fields int) {
	const n = 1_000_000
	l := bulk(b, typ, fields, n)
	saved := l.Snapshot(nil)
	b.ReportAllocs()
	for b.Loop() {
		saved = l.Snapshot(saved[:0])
	}
	b.ReportMetric(float64(len(saved))/n, "bytes/event")
	b.ReportMetric(float64(l.corr.size)/n, "state-bytes/event")
}

func BenchmarkSnapshotCount(b *testing.B)  { benchmarkSnapshot(b, sigma.EventCount, 1) }
func BenchmarkSnapshotValues(b *testing.B) { benchmarkSnapshot(b, sigma.ValueCount, 2) }

func BenchmarkRestore(b *testing.B) {
	l := bulk(b, sigma.ValueCount, 2, 150_000)
	saved := l.Snapshot(nil)
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Restore(saved); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/150_000, "ns/event")
}

// BenchmarkLive observes batches of 100 of one stream; the window is short, so that the state is small.
func BenchmarkLive(b *testing.B) {
	a := base("a")
	corr := sigma.Correlation{Type: sigma.EventCount, Rules: refs(a), GroupBy: []string{"Address"}, Timespan: int64(10 * time.Minute), Condition: atLeast(5)}
	e, err := New([]*sigma.Rule{a}, []*sigma.Rule{correlation("x", corr)}, noSources(b), Options{})
	if err != nil {
		b.Fatal(err)
	}
	l := e.NewLive(LiveOptions{Lateness: 10 * time.Second})
	obs := attack(a, 1, 100_000)
	span := obs[len(obs)-1].Time - obs[0].Time
	b.ReportAllocs()
	n, told := 0, 0
	for b.Loop() {
		for at := 0; at < len(obs); at += 100 {
			part := obs[at : at+100]
			l.Observe(Progress{Stream: "s", Latest: part[99].Time}, part, func(*LiveHit) { told++ })
			for i := range part {
				part[i].Time += span
			}
		}
		n += len(obs)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
	b.ReportMetric(float64(told)/float64(n), "messages/event")
}

// BenchmarkLiveNothing lets 1,000 streams bring deliveries, one a millisecond, in which nothing concerns any of 200 correlations.
func BenchmarkLiveNothing(b *testing.B) {
	a := base("a")
	var all []*sigma.Rule
	for i := range 200 {
		corr := sigma.Correlation{Type: sigma.EventCount, Rules: refs(a), GroupBy: []string{"Address"}, Timespan: int64(10 * time.Minute), Condition: atLeast(5)}
		all = append(all, correlation(strconv.Itoa(i), corr))
	}
	e, err := New([]*sigma.Rule{a}, all, noSources(b), Options{})
	if err != nil {
		b.Fatal(err)
	}
	l := e.NewLive(LiveOptions{Lateness: 10 * time.Second})
	names := make([]string, 1000)
	for i := range names {
		names[i] = "file:/var/log/" + strconv.Itoa(i) + ".log"
	}
	now := at(0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		now += 1e6
		l.Advance(now, func(*LiveHit) {})
		l.Observe(Progress{Stream: names[i%len(names)], Latest: now}, nil, func(*LiveHit) {})
	}
}
