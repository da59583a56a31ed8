package sense

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

// mixedTrace is an implant, a tunnel and random names among ordinary traffic, in order of time.
func mixedTrace(r *rand.Rand) []sight.Sighting {
	list := beaconTrace(r, "10.0.0.5", "203.0.113.9", 60, 0.15, 0, 5*time.Hour)
	list = append(list, browsing(r, "10.0.0.5", 5*time.Hour)...)
	list = append(list, ordinaryQueries(r, "10.0.0.7", 600)...)
	at := traceStart
	for range 200 {
		at += r.Int64N(9e9)
		list = append(list, dnsSighting(at, "10.0.0.6", randomLabel(r, base32Set, 40)+".t.shop.example", "TXT", sight.Succeeded))
		list = append(list, dnsSighting(at, "10.0.0.8", randomLabel(r, lettersOnly, 14)+".com", "A", sight.Failed))
	}
	slices.SortFunc(list, func(a, b sight.Sighting) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	return list
}

// heard runs sightings through detectors in steps; where cut is not negative, they are kept and taken up again there.
func heard(t *testing.T, list []sight.Sighting, step, cut int) []string {
	t.Helper()
	s := New(Options{Budget: 1000})
	var told []string
	tell := func(f *Finding) {
		switch f.Action {
		case "beacon", "dns-tunnel", "random-domains":
			told = append(told, fmt.Sprint(f.Key, f.Open, f.Text, f.Fields, f.Refs))
		}
	}
	for i := 0; i < len(list); i += step {
		if cut >= 0 && i >= cut {
			data := s.Snapshot(nil)
			s = New(Options{Budget: 1000})
			if err := s.Restore(data); err != nil {
				t.Fatal(err)
			}
			cut = -1
		}
		part := list[i:min(i+step, len(list))]
		s.Observe(part, tell)
		s.Advance(part[len(part)-1].Time-int64(time.Minute), tell)
	}
	s.Finish(tell)
	return told
}

// What is said does not depend on how the input is parted, nor on a restart in between.
func TestRhythmsAreKept(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 6 {
		list := mixedTrace(r)
		want := heard(t, list, len(list), -1)
		if len(want) < 6 {
			t.Fatalf("only %d findings", len(want))
		}
		for _, step := range []int{1, 97, 5000} {
			if got := heard(t, list, step, -1); !reflect.DeepEqual(got, want) {
				t.Errorf("in steps of %d: %d findings, want %d", step, len(got), len(want))
			}
		}
		cut := r.IntN(len(list))
		if got := heard(t, list, 97, cut); !reflect.DeepEqual(got, want) {
			t.Errorf("kept at %d of %d: %d findings, want %d\n%v\n%v", cut, len(list), len(got), len(want), got, want)
		}
	}
}

// Wide jitter, contacts that no sensor saw, and sizes that differ make beacons hard to tell; contacts at random times are none.
func TestHardBeacons(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for _, c := range []struct {
		jitter, lost float64
		contacts     int
		sizes        int64
		least        int // of 30
	}{
		{0.3, 0.2, 100, 0, 28},
		{0.5, 0, 100, 0, 28},
		{0.5, 0.1, 200, 0, 27},
		{0.3, 0.1, 60, 5000, 12},
		{0.2, 0.3, 100, 3000, 26},
		{0.1, 0.5, 200, 0, 23},
		{0.1, 0, 20, 0, 29},
		{0.3, 0, 24, 0, 27},
	} {
		found := 0
		for range 30 {
			list := beaconTrace(r, "10.0.0.5", "203.0.113.9", 120, c.jitter, c.lost, time.Duration(c.contacts)*2*time.Minute)
			for i := range list {
				if c.sizes > 0 {
					list[i].Sent = 500 + r.Int64N(c.sizes)
				}
			}
			found += min(1, len(sensed(list)))
		}
		t.Logf("jitter %.0f %%, %.0f %% lost, %d contacts, sizes of 0 to %d more: %d of 30 found", 100*c.jitter, 100*c.lost, c.contacts, c.sizes, found)
		if found < c.least {
			t.Errorf("only %d found, at least %d expected", found, c.least)
		}
	}
	told := 0
	for range 1000 {
		var list []sight.Sighting
		at := traceStart
		for range 20 + r.IntN(100) {
			at += int64(r.ExpFloat64() * 120e9)
			list = append(list, flowSighting(at, "10.0.0.5", "203.0.113.9", 443, 500))
		}
		told += min(1, len(sensed(list)))
	}
	t.Logf("contacts of one size at random times: %d of 1000 told", told)
	if told > 20 {
		t.Errorf("contacts at random times: %d of 1000 told", told)
	}
}

// A machine that asks the whole internet does not drive out what it reports to.
func TestBeaconOutlastsScan(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	list := beaconTrace(r, "10.0.0.5", "203.0.113.9", 300, 0.1, 0, 4*time.Hour)
	for i := range maxBeaconPairs + maxBeaconPairs/4 {
		list = append(list, flowSighting(traceStart+int64(i)*100e6, "10.0.0.5", fmt.Sprintf("198.%d.%d.%d", 18+i>>16&1, i>>8&255, i&255), 443, 60))
	}
	if found := sensed(list); len(found) != 1 || fieldOf(found[0], "destination.ip") != "203.0.113.9" {
		t.Errorf("%d findings", len(found))
	}
}

// A flood of clients, destinations and names does not take more memory than is stated, and is told.
func TestRhythmsAreBounded(t *testing.T) {
	s := New(Options{})
	b, d := newBeacons(s), newTunnels(s)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range maxBeaconPairs + maxBeaconPairs/4 {
		x := flowSighting(traceStart+int64(i)*1e6, fmt.Sprintf("10.%d.%d.5", i>>8&255, i&255), fmt.Sprintf("203.0.%d.%d", r.IntN(256), r.IntN(256)), 443, 100)
		b.see(&x)
		q := dnsSighting(traceStart+int64(i)*1e6, "10.0.0.5", fmt.Sprintf("a%d.b%d.com", i, i), "A", sight.Undecided)
		d.see(&q)
	}
	if n := len(b.notes()); n != 1 {
		t.Errorf("beacons: %d notes", n)
	}
	if n := len(d.notes()); n != 1 {
		t.Errorf("tunnels: %d notes", n)
	}
	w := &pack.Packer{}
	b.save(w)
	if len(w.Data) > 12<<20 {
		t.Errorf("%d bytes are kept", len(w.Data))
	}
}

func TestRegisteredDomain(t *testing.T) {
	for name, want := range map[string][2]string{
		"shop.example": {"shop.example", ""}, "www.shop.example.": {"shop.example", "www"}, "a.b.shop.co.uk": {"shop.co.uk", "a.b"},
		"co.uk": {"co.uk", ""}, "host": {"", ""}, "10.0.0.1": {"", ""}, "": {"", ""}, ".": {"", ""}, "..": {"", ""}, "a.me.duckdns.org": {"me.duckdns.org", "a"},
		"x.github.io": {"x.github.io", ""}, "1.0.0.10.in-addr.arpa": {"in-addr.arpa", "1.0.0.10"}, "a..b": {".b", "a"},
	} {
		if domain, below := registeredDomain(name); domain != want[0] || below != want[1] {
			t.Errorf("%q: %q, %q", name, domain, below)
		}
	}
}

func TestSpans(t *testing.T) {
	for seconds, want := range map[float64]string{0: "0 s", 0.44: "0.4 s", 9.96: "10 s", 59.6: "60 s", 900: "15 min", 21600: "6 hours", 300000: "3 days"} {
		if got := spanOf(seconds); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
	for n, want := range map[float64]string{12: "12 B", 1100: "1.1 kB", 250e3: "250 kB", 3.2e9: "3.2 GB"} {
		if got := bytesOf(n); got != want {
			t.Errorf("%v: %s, want %s", n, got, want)
		}
	}
}

func BenchmarkRhythms(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	list := mixedTrace(r)
	s := New(Options{})
	parts := []detector{newBeacons(s), newTunnels(s), newDomains(s)}
	b.ReportAllocs()
	for i := range b.N {
		x := &list[i%len(list)]
		for j := range parts {
			parts[j].see(x)
		}
	}
}

// What sends far more by ICMP than a ping does is told, a ping is not.
func TestICMPTunnel(t *testing.T) {
	var list []sight.Sighting
	for i := range int64(1800) {
		ping := flowSighting(traceStart+i*2e9, "10.0.0.9", "203.0.113.1", 0, 84)
		tunnel := flowSighting(traceStart+i*2e9, "10.0.0.5", "203.0.113.9", 0, 1400)
		ping.Type, tunnel.Type = "icmp", "icmp"
		list = append(list, ping, tunnel)
	}
	var told []string
	s := New(Options{})
	tell := func(f *Finding) {
		if f.Action == "icmp-tunnel" && !f.Open {
			told = append(told, f.Text)
		}
	}
	s.Observe(list, tell)
	s.Finish(tell)
	const want = "10.0.0.5 and 203.0.113.9 exchanged 7.6 MB by ICMP within 60 min; a ping once a second makes some 600 kB in an hour"
	if len(told) != 1 || told[0] != want {
		t.Errorf("told %q", told)
	}
}

// A beacon that a sensor tells of as a flow and as a request is told once, by the name.
func TestBeaconIsToldOnce(t *testing.T) {
	var list []sight.Sighting
	for i := range int64(200) {
		at := traceStart + i*60e9
		web := flowSighting(at+100e6, "10.0.0.5", "203.0.113.9", 443, 0)
		web.Kind, web.Name = sight.SawWeb, "news.shop.example"
		list = append(list, flowSighting(at, "10.0.0.5", "203.0.113.9", 443, 1100), web)
	}
	found := sensed(list)
	if len(found) != 1 || fieldOf(found[0], "destination.domain") != "news.shop.example" {
		t.Errorf("%d findings", len(found))
	}
}
