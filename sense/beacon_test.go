package sense

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/sight"
)

var traceStart = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC).UnixNano()

func flowSighting(at int64, client, server string, port uint16, sent int64) sight.Sighting {
	return sight.Sighting{
		Kind: sight.SawFlow, Time: at, Source: netip.MustParseAddr(client), Destination: netip.MustParseAddr(server), Port: port,
		Type: "tcp", Sent: sent, Bytes: 3 * sent, Count: 1, Ref: sight.EventRef{File: "flows", Record: at / 1e6},
	}
}

// beaconTrace is contacts of one implant: every so many seconds, spread evenly by jitter to both sides; some are lost.
func beaconTrace(r *rand.Rand, client, server string, every, jitter float64, lost float64, span time.Duration) []sight.Sighting {
	var list []sight.Sighting
	at := traceStart + r.Int64N(3600e9)
	for end := at + int64(span); at < end; {
		if r.Float64() >= lost {
			list = append(list, flowSighting(at, client, server, 443, 900+r.Int64N(200)))
		}
		at += int64(every * (1 + jitter*(2*r.Float64()-1)) * 1e9)
	}
	return list
}

// browsing is what a person does: some sites, a few pages of one in a row with some connections each, long pauses.
func browsing(r *rand.Rand, client string, span time.Duration) []sight.Sighting {
	var list []sight.Sighting
	at := traceStart + r.Int64N(3600e9)
	for end := at + int64(span); at < end; {
		site := fmt.Sprintf("198.51.%d.%d", 100+r.IntN(4), 1+r.IntN(60))
		for range 1 + r.IntN(12) {
			for range 1 + r.IntN(6) {
				list = append(list, flowSighting(at+r.Int64N(900e6), client, site, 443, int64(math.Exp(5+3*r.Float64()))))
			}
			at += int64(math.Exp(1.2+1.3*r.NormFloat64()) * 1e9)
		}
		at += int64(r.ExpFloat64() * 240e9)
	}
	return list
}

// sensed gives sightings to detectors, as hunt does, and returns what they say at the end.
func sensed(list []sight.Sighting) []*Finding {
	slices.SortFunc(list, func(a, b sight.Sighting) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	s := New(Options{Budget: 1000})
	var found []*Finding
	tell := func(f *Finding) {
		if !f.Open && (f.Action == "beacon" || f.Action == "dns-tunnel" || f.Action == "random-domains") {
			found = append(found, f)
		}
	}
	s.Observe(list, tell)
	s.Finish(tell)
	return found
}

// Implants are found whatever their interval and jitter, and ordinary traffic beside them is not told.
func TestBeaconRates(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	const trials = 30
	for _, jitter := range []float64{0, 0.1, 0.2, 0.3} {
		for _, every := range []float64{30, 60, 300, 900} {
			found := 0
			for i := range trials {
				span := max(4*time.Hour, time.Duration(40*every)*time.Second)
				list := beaconTrace(r, "10.0.0.5", "203.0.113.9", every, jitter, 0.02, span)
				list = append(list, browsing(r, "10.0.0.5", span)...)
				for _, f := range sensed(list) {
					if fieldOf(f, "destination.ip") == "203.0.113.9" {
						found++
					} else {
						t.Errorf("trial %d: told of ordinary traffic: %s", i, f.Text)
					}
				}
			}
			t.Logf("every %3.0f s, jitter %2.0f %%: %d of %d found", every, 100*jitter, found, trials)
			if found < trials*95/100 {
				t.Errorf("every %.0f s, jitter %.0f %%: only %d of %d found", every, 100*jitter, found, trials)
			}
		}
	}
}

// A network of people, clocks, updates and content networks gives next to no false alarms.
func TestBeaconFalseAlarms(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	pairs, told := make(map[string]bool), 0
	for day := range 4 {
		var list []sight.Sighting
		for c := range 25 {
			client := fmt.Sprintf("10.0.%d.%d", day, c+1)
			list = append(list, browsing(r, client, 9*time.Hour)...)
			for at := traceStart + r.Int64N(64e9); at < traceStart+int64(9*time.Hour); at += 64e9 + r.Int64N(2e9) { // NTP
				s := flowSighting(at, client, fmt.Sprintf("192.0.2.%d", 120+c%4), 123, 48)
				s.Type = "udp"
				list = append(list, s)
			}
			for at := traceStart + r.Int64N(1800e9); at < traceStart+int64(9*time.Hour); at += 1800e9 + r.Int64N(60e9) { // updates
				s := flowSighting(at, client, "198.51.99.7", 443, 800)
				s.Kind, s.Name = sight.SawWeb, "slscr.update.microsoft.com"
				list = append(list, s)
			}
			for at := traceStart + r.Int64N(30e9); at < traceStart+int64(9*time.Hour); at += 30e9 { // a chat that everybody has open
				list = append(list, flowSighting(at, client, "198.51.98.1", 443, 300))
			}
			for at := traceStart; at < traceStart+int64(9*time.Hour); at += 60e9 { // monitoring inside
				list = append(list, flowSighting(at, client, "10.1.1.1", 10051, 200))
			}
		}
		for i := range list {
			pairs[list[i].Source.String()+list[i].Destination.String()+list[i].Name] = true
		}
		for _, f := range sensed(list) {
			told++
			t.Logf("told: %s %v", f.Text, fieldOf(f, "tocsin.evidence.score"))
		}
	}
	t.Logf("%d of %d pairs of client and destination told", told, len(pairs))
	if told > len(pairs)/2000 {
		t.Errorf("%d false alarms", told)
	}
}

func fieldOf(f *Finding, name string) string {
	for _, x := range f.Fields {
		if x.Name == name {
			return x.Value
		}
	}
	return ""
}

// What is told says in one sentence how regular, how long, how often, how much and who else.
func TestBeaconSentence(t *testing.T) {
	var list []sight.Sighting
	for i := range int64(361) {
		list = append(list, flowSighting(traceStart+i*60e9+[4]int64{0, 2, 0, -2}[i%4]*1e9, "10.0.0.5", "203.0.113.9", 443, 1100))
	}
	found := sensed(list)
	if len(found) != 1 {
		t.Fatalf("%d findings", len(found))
	}
	const want = "10.0.0.5 asked 203.0.113.9:443 every 60 s ± 3 s for 6 hours, 361 times, 1.1 kB each; no other machine talks to it"
	if found[0].Text != want {
		t.Errorf("got  %s\nwant %s", found[0].Text, want)
	}
}

// dnsSighting is a query of a client.
func dnsSighting(at int64, client, name, kind string, outcome sight.Outcome) sight.Sighting {
	return sight.Sighting{Kind: sight.SawDNS, Time: at, Source: netip.MustParseAddr(client), Name: name, Type: kind, Outcome: outcome, Count: 1, Ref: sight.EventRef{File: "dns", Record: at / 1e6}}
}

func randomLabel(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

const (
	lettersOnly = "abcdefghijklmnopqrstuvwxyz"
	base32Set   = "abcdefghijklmnopqrstuvwxyz234567"
	hexSet      = "0123456789abcdef"
)

// ordinaryQueries is what the programs of a person ask: names of sites, their servers, and now and then one mistyped.
func ordinaryQueries(r *rand.Rand, client string, n int) []sight.Sighting {
	words := strings.Fields(dgaWords)
	var list []sight.Sighting
	at := traceStart
	for range n {
		at += int64(r.ExpFloat64() * 8e9)
		site := words[r.IntN(len(words))] + words[r.IntN(len(words))] + []string{".com", ".de", ".co.uk", ".net"}[r.IntN(4)]
		name := []string{"www.", "api.", "cdn" + fmt.Sprint(r.IntN(9)) + ".", "", "static-eu-west-" + fmt.Sprint(r.IntN(4)) + "."}[r.IntN(5)] + site
		outcome := sight.Succeeded
		if r.IntN(20) == 0 {
			outcome = sight.Failed
		}
		list = append(list, dnsSighting(at, client, name, "A", outcome))
		if r.IntN(10) == 0 { // a content network
			list = append(list, dnsSighting(at, client, randomLabel(r, hexSet, 14)+".cloudfront.net", "A", sight.Succeeded))
		}
		if r.IntN(15) == 0 { // a list of bad senders by address
			list = append(list, dnsSighting(at, client, fmt.Sprintf("%d.%d.%d.%d.zen.spamhaus.org", r.IntN(255), r.IntN(255), r.IntN(255), r.IntN(255)), "A", sight.Failed))
		}
		if r.IntN(25) == 0 { // a site that gives each picture a name
			list = append(list, dnsSighting(at, client, randomLabel(r, hexSet, 8)+".img."+site, "A", sight.Succeeded))
		}
	}
	return list
}

func TestTunnelAndRandomNames(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 4))
	const trials = 40
	tunnelsFound, randomFound := 0, 0
	for range trials {
		list := ordinaryQueries(r, "10.0.0.8", 900)
		list = append(list, ordinaryQueries(r, "10.0.0.5", 300)...)
		alphabet, size, kind := base32Set, 24+r.IntN(30), "TXT"
		if r.IntN(2) == 0 {
			alphabet, kind = hexSet, "A"
		}
		at := traceStart
		for range 60 + r.IntN(400) {
			at += r.Int64N(9e9)
			list = append(list, dnsSighting(at, "10.0.0.5", randomLabel(r, alphabet, size)+".t.shop.example", kind, sight.Undecided))
		}
		for range 25 + r.IntN(100) {
			at += r.Int64N(5e9)
			list = append(list, dnsSighting(at, "10.0.0.6", randomLabel(r, lettersOnly, 9+r.IntN(8))+[]string{".com", ".net", ".info"}[r.IntN(3)], "A", sight.Failed))
		}
		for _, f := range sensed(list) {
			who := fieldOf(f, "source.ip")
			switch {
			case f.Action == "dns-tunnel" && who == "10.0.0.5" && fieldOf(f, "dns.question.registered_domain") == "shop.example":
				tunnelsFound++
			case f.Action == "random-domains" && who == "10.0.0.6":
				randomFound++
			default:
				t.Errorf("told of ordinary queries: %s: %s", f.Action, f.Text)
			}
		}
	}
	t.Logf("tunnels: %d of %d, random names: %d of %d", tunnelsFound, trials, randomFound, trials)
	if tunnelsFound != trials || randomFound < trials*95/100 {
		t.Errorf("tunnels: %d of %d, random names: %d of %d", tunnelsFound, trials, randomFound, trials)
	}
}
