package sense

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/sight"
)

// someTime is when the histories of these tests begin: a Thursday.
const someTime = int64(1790812800e9)

// history makes sightings of a small company: 40 days of logons, programs, reading, connections and counts, and at the
// end somebody who does not belong there.
func history() []sight.Sighting {
	rng := rand.New(rand.NewPCG(1, 2))
	var list []sight.Sighting
	record := int64(0)
	add := func(s sight.Sighting) {
		record++
		s.Ref = sight.EventRef{File: "a.log", Record: record}
		s.Count = max(s.Count, 1)
		list = append(list, s)
	}
	at := func(day int, hour float64) int64 { return someTime + int64(day)*nsDay + int64(hour*float64(nsHour)) }
	for day := range 40 {
		for k := range 24 {
			h := 8 + 10*rng.Float64()
			add(sight.Sighting{
				Kind: sight.SawLogon, Outcome: sight.Succeeded, Time: at(day, h), User: "root", Host: "web1", Type: "ssh", Dataset: "sshd",
				Source: netip.AddrFrom4([4]byte{10, 1, byte(rng.IntN(3)), byte(rng.IntN(20))}),
			})
			add(sight.Sighting{Kind: sight.SawProgram, Time: at(day, float64(k)+rng.Float64()), Host: "web1", User: "root", Program: fmt.Sprintf("/usr/bin/tool%d", rng.IntN(30))})
			for _, u := range []string{"anna", "ben", "carl", "dora"} {
				add(sight.Sighting{Kind: sight.SawRead, Time: at(day, h), User: u, Dataset: "m365", Count: 1 + rng.Int64N(4)})
			}
		}
		for m := range 1440 {
			n := 20 + rng.Int64N(10)
			if m >= 480 && m < 1080 {
				n *= 4
			}
			if day == 38 && m >= 660 && m < 780 {
				continue // it says nothing for two hours at noon
			}
			if day == 39 && m >= 840 && m < 900 {
				n *= 12
			}
			add(sight.Sighting{Kind: sight.SawTally, Time: at(day, float64(m)/60), Host: "web1", Dataset: "nginx", Count: n})
			add(sight.Sighting{Kind: sight.SawFlow, Outcome: sight.Succeeded, Time: at(day, (float64(m)+rng.Float64())/60), Source: netip.AddrFrom4([4]byte{10, 0, 0, byte(rng.IntN(50))}), Destination: netip.AddrFrom4([4]byte{192, 0, 2, 10}), Port: 443})
		}
	}
	thief := netip.MustParseAddr("203.0.113.9")
	add(sight.Sighting{Kind: sight.SawLogon, Outcome: sight.Succeeded, Time: at(39, 23), User: "root", Host: "web1", Type: "ssh", Source: thief})
	add(sight.Sighting{Kind: sight.SawProgram, Time: at(39, 23.05), Host: "web1", User: "root", Program: "/tmp/.x/miner", Parent: "/bin/bash"})
	add(sight.Sighting{Kind: sight.SawGrant, Outcome: sight.Succeeded, Admin: true, Time: at(39, 23.1), User: "mallory", Host: "web1", Name: "sudo"})
	add(sight.Sighting{Kind: sight.SawRead, Time: at(39, 23.2), User: "dora", Dataset: "m365", Count: 4000})
	for i := range 4000 {
		add(sight.Sighting{Kind: sight.SawFlow, Outcome: sight.Failed, Time: at(39, 23.3) + int64(i)*int64(4*time.Millisecond), Source: thief, Destination: netip.AddrFrom4([4]byte{192, 0, 2, 11}), Port: 22})
	}
	slices.SortStableFunc(list, func(a, b sight.Sighting) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	return list
}

// inOne gives the detectors all at once.
func inOne(list []sight.Sighting, opt Options) []Finding {
	s := New(opt)
	var found []Finding
	tell := func(f *Finding) {
		if !f.Open {
			found = append(found, *f)
		}
	}
	s.Observe(list, tell)
	s.Advance(list[len(list)-1].Time+1, tell)
	s.Finish(tell)
	return found
}

func TestWhatDoesNotBelong(t *testing.T) {
	found := inOne(history(), Options{})
	want := map[string]string{
		"new-network": "root has logged on to web1 960 times in 40 days, always from 10.1.0.0/16; now from 203.0.113.9 (203.0.113.0/24)",
		"new-program": "web1 has started 30 different programs 959 times in 40 days; now /tmp/.x/miner, for the first time",
		"new-admin":   "mallory was given the rights of sudo on web1, which it has not had before",
		"volume-user": "dora has read",
		"flood":       "203.0.113.9 opened 4000 connections",
		"volume-high": "web1 logged",
		"volume-low":  "web1 logged 0 events",
	}
	for _, f := range found {
		t.Logf("%s %s: %s %v", time.Unix(0, f.Time).UTC().Format(time.RFC3339), f.Action, f.Text, f.Fields)
		text, ok := want[f.Action]
		if !ok && f.Action != "flood" || ok && !strings.HasPrefix(f.Text, text) && f.Action != "flood" {
			t.Errorf("%s: %s", f.Action, f.Text)
		}
		if strings.HasPrefix(f.Text, text) {
			delete(want, f.Action)
		}
		if len(f.Refs) == 0 || f.Key == "" || f.Time == 0 || f.Last < f.Time {
			t.Errorf("%+v", f)
		}
	}
	for action := range want {
		t.Errorf("nothing was said of %s", action)
	}
}

// However sightings come, in whatever batches, with a restart at any place, the findings are the same.
func TestFindingsOfAnyBatching(t *testing.T) {
	list := history()
	want := inOne(list, Options{})
	rng := rand.New(rand.NewPCG(3, 4))
	for run := range 4 {
		s := New(Options{})
		var found []Finding
		tell := func(f *Finding) {
			if !f.Open {
				found = append(found, *f)
			}
		}
		for from := 0; from < len(list); {
			to := min(len(list), from+1+rng.IntN(6000))
			batch := slices.Clone(list[from:to])
			rng.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
			s.Observe(batch, tell)
			mark := list[to-1].Time
			if to < len(list) {
				mark = list[to].Time // no earlier one comes
			}
			s.Advance(mark, tell)
			if run > 0 && rng.IntN(4) == 0 {
				kept := s.Snapshot(nil)
				s = New(Options{})
				if err := s.Restore(kept); err != nil {
					t.Fatal(err)
				}
				if again := s.Snapshot(nil); !slices.Equal(again, kept) {
					t.Fatalf("run %d: the snapshot of what was restored is another: %d and %d bytes", run, len(again), len(kept))
				}
			}
			from = to
		}
		s.Finish(tell)
		if !reflect.DeepEqual(found, want) {
			t.Errorf("run %d: %d findings, want %d", run, len(found), len(want))
			for i := range min(len(found), len(want)) {
				if !reflect.DeepEqual(found[i], want[i]) {
					t.Fatalf("%+v\n%+v", found[i], want[i])
				}
			}
		}
	}
}

// What was learnt from the store is told as little as what was seen, and makes new what is not of it.
func TestLearn(t *testing.T) {
	list := history()
	end := list[len(list)-1].Time - nsHour
	at := slices.IndexFunc(list, func(s sight.Sighting) bool { return s.Time >= end })
	s := New(Options{})
	s.Learn(list[:at])
	var found []string
	tell := func(f *Finding) { found = append(found, f.Action) }
	s.Observe(list[at:], tell)
	s.Finish(tell)
	for _, want := range []string{"new-network", "new-program", "new-admin", "volume-user", "flood"} {
		if !slices.Contains(found, want) {
			t.Errorf("found %v, not %s", found, want)
		}
	}
}

// At most so many novelties are told a day, the strangest.
func TestBudget(t *testing.T) {
	b := budget{most: 10}
	rng := rand.New(rand.NewPCG(5, 6))
	told, strange, strangeTold := 0, 0, 0
	for day := range 30 {
		today := 0
		for i := range 200 {
			bits := 6.5 + rng.ExpFloat64()*1.5
			if i%100 == 50 {
				bits = 13
				strange++
			}
			if b.takes(someTime+int64(day)*nsDay+int64(i)*nsHour/10, bits) {
				today++
				if bits == 13 {
					strangeTold++
				}
			}
		}
		if today > 10 {
			t.Errorf("day %d: %d told", day, today)
		}
		if day > 5 && today == 0 {
			t.Errorf("day %d: none told", day)
		}
		told += today
	}
	if told < 150 || strangeTold < strange*7/10 {
		t.Errorf("%d told, %d of the %d strangest", told, strangeTold, strange)
	}
	if b.held != int64(200*30-told) {
		t.Errorf("%d held", b.held)
	}
}

// seedSenses are snapshots of each of the detectors, small enough to be changed everywhere in a short time.
func seedSenses() [][]byte {
	var seeds [][]byte
	r := rand.New(rand.NewPCG(3, 3))
	few := history()[:40]
	for _, list := range [][]sight.Sighting{nil, few[:12], few, ordinaryQueries(r, "10.0.0.8", 12), beaconTrace(r, "10.0.0.5", "203.0.113.9", 60, 0.1, 0, 40*time.Minute)} {
		s := New(Options{})
		s.Observe(list, func(*Finding) {})
		if n := len(list); n > 0 {
			s.Advance(list[n*3/4].Time, func(*Finding) {})
		}
		seeds = append(seeds, s.Snapshot(nil)[len(sensesMagic)+1:])
	}
	s := New(Options{})
	for i := range int64(leastSpoken + 3) { // a source that has a series
		s.Learn([]sight.Sighting{{Kind: sight.SawTally, Time: someTime + i*volumeStep, Count: 20, Host: "web", Dataset: "syslog"}, {Kind: sight.SawRead, Time: someTime + i*nsDay/4, Count: 9, User: "ann"}})
	}
	return append(seeds, s.Snapshot(nil)[len(sensesMagic)+1:])
}

func FuzzRestoreSenses(f *testing.F) {
	for _, seed := range seedSenses() {
		f.Add(seed)
	}
	list, names := history()[:21], newNameModel(dgaWords)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := New(Options{})
		s.names = names
		_ = s.Restore(data)
		_ = s.Restore(sealedSenses(data))
		s.Observe(list[:20], func(*Finding) {})
		s.Advance(list[20].Time, func(*Finding) {})
		again := s.Snapshot(nil)
		if err := s.Restore(again); err != nil {
			t.Fatalf("its own snapshot: %v", err)
		}
		s.Finish(func(*Finding) {})
	})
}

// sealedSenses makes of anything what has the beginning and the sum of a snapshot.
func sealedSenses(data []byte) []byte {
	out := append(append([]byte(sensesMagic), sensesVersion), data[:max(len(data)-4, 0)]...)
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, crc32.MakeTable(crc32.Castagnoli)))
}

// A snapshot with damage that its sum does not show is refused in part, or taken for what it says, and never more.
func TestDamagedSnapshots(t *testing.T) {
	s := New(Options{})
	list := history()
	s.Observe(list[:3000], func(*Finding) {})
	s.Advance(list[2500].Time, func(*Finding) {})
	seed := s.Snapshot(nil)[len(sensesMagic)+1:]
	rng := rand.New(rand.NewPCG(1, 9))
	refused := 0
	for range 200 {
		data := slices.Clone(seed)
		for range 1 + rng.IntN(4) {
			data[rng.IntN(len(data))] = byte(rng.IntN(256))
		}
		s := New(Options{})
		if s.Restore(sealedSenses(data)) != nil {
			refused++
		}
		s.Observe(list[:100], func(*Finding) {})
		s.Advance(list[200].Time, func(*Finding) {})
		s.Snapshot(nil)
		s.Finish(func(*Finding) {})
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
	if s.Restore(seed) == nil {
		t.Error("a snapshot without its beginning was taken")
	}
}

func BenchmarkSenses(b *testing.B) {
	list := history()
	b.ReportAllocs()
	for b.Loop() {
		s := New(Options{})
		s.Observe(list, func(*Finding) {})
		s.Advance(list[len(list)-1].Time, func(*Finding) {})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/sighting")
}

func BenchmarkSeries(b *testing.B) {
	s := newSeries(15 * nsMinute)
	rng := rand.New(rand.NewPCG(1, 2))
	at := someTime
	b.ReportAllocs()
	for b.Loop() {
		at += 15 * nsMinute
		s.Add(at, 20+rng.Float64())
	}
}
