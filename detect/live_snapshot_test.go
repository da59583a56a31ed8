package detect

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/sigma"
)

// over carries observations to an Engine of other rules, as a log of them does.
func over(t testing.TB, from, to *Engine, obs []Observation) []Observation {
	t.Helper()
	got, left, err := to.ReadObservations(from.AppendObservations(nil, obs))
	if err != nil || left != 0 || len(got) != len(obs) {
		t.Fatalf("%d of %d observations, %d left out: %v", len(got), len(obs), left, err)
	}
	return got
}

// TestSnapshotAnywhere stops at random points and goes on in another Live, of rules loaded anew, from a snapshot: the
// hits must be those of a hunt, and the final snapshots those of a run without a stop.
func TestSnapshotAnywhere(t *testing.T) {
	hits, stops := 0, 0
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 4))
		shape := r.Uint64()
		e, rules := randomEngine(t, rand.New(rand.NewPCG(shape, 1)))
		streams := randomStreams(r, e, rules, 1+r.IntN(4))
		lateness := r.IntN(6)
		opt := LiveOptions{Lateness: time.Duration(lateness)}
		want := hunted(t, e, streams)
		deliveries, wall := catchUp(r, streams, lateness), r.IntN(2) == 0
		if wall {
			deliveries = arriving(r, streams, lateness)
		}
		book := newLedger(t)
		here, l, straight := e, e.NewLive(opt), e.NewLive(opt)
		for _, d := range deliveries {
			if r.IntN(8) == 0 {
				stops++
				here, _ = randomEngine(t, rand.New(rand.NewPCG(shape, 1)))
				next, saved := here.NewLive(opt), l.Snapshot(nil)
				if err := next.Restore(saved); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if again := next.Snapshot([]byte("x")); !bytes.Equal(again[1:], saved) {
					t.Fatalf("seed %d: another snapshot after it was restored", seed)
				}
				if len(next.Gone()) > 0 || next.corr.size != l.corr.size {
					t.Fatalf("seed %d: %d bytes of state, want %d; gone: %v", seed, next.corr.size, l.corr.size, next.Gone())
				}
				l = next
			}
			if wall {
				l.Advance(d.at, book.tell)
				straight.Advance(d.at, func(*LiveHit) {})
			}
			l.Observe(d.p, over(t, e, here, d.obs), book.tell)
			straight.Observe(d.p, d.obs, func(*LiveHit) {})
		}
		if !bytes.Equal(l.Snapshot(nil), straight.Snapshot(nil)) {
			t.Fatalf("seed %d: another snapshot than without a stop", seed)
		}
		l.Finish(book.tell)
		if l.corr.size != 0 {
			t.Fatalf("seed %d: %d bytes are accounted for after the end", seed, l.corr.size)
		}
		same(t, fmt.Sprint("seed ", seed), book.hits(), want)
		hits += len(want)
	}
	if hits < 5000 || stops < 1000 {
		t.Errorf("only %d hits, %d stops", hits, stops)
	}
}

// TestRulesChange stops, and goes on with other rules: those that are the same find what they would have found, those
// that are new or changed find what they find in what comes after.
func TestRulesChange(t *testing.T) {
	gone := 0
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 5))
		shape := r.Uint64()
		kept := randomCorrelation(r, []*sigma.Rule{base("a"), base("b"), base("c")})
		lost := sigma.Correlation{Type: sigma.EventCount, GroupBy: []string{"v"}, Timespan: 9, Condition: atLeast(float64(2 + r.IntN(3)))}
		if CheckCorrelation(correlation("kept", kept)) != nil {
			continue
		}
		load := func(id string, wants float64, group string) (*Engine, []*sigma.Rule) {
			rules := []*sigma.Rule{base("a"), base("b"), base("c")}
			k, c := kept, lost
			k.Rules, c.Rules, c.Condition, c.GroupBy = refs(rules...), refs(rules[:2]...), atLeast(wants), []string{group}
			x, y := correlation("kept", k), correlation("changed", c)
			y.ID = id
			e, err := New(rules, []*sigma.Rule{y, x}, noSources(t), Options{})
			if err != nil {
				t.Fatal(err)
			}
			return e, rules
		}
		e, rules := load("one", 2, "v")
		streams := randomStreams(rand.New(rand.NewPCG(shape, 2)), e, rules, 2)
		deliveries := catchUp(r, streams, 3)
		stop := r.IntN(len(deliveries) + 1)
		var want []string
		for _, h := range hunted(t, e, streams) {
			if strings.Contains(h, `"title":"kept"`) {
				want = append(want, h)
			}
		}
		book := newLedger(t)
		l := e.NewLive(LiveOptions{Lateness: 3})
		for _, d := range deliveries[:stop] {
			l.Observe(d.p, d.obs, book.tell)
		}
		other, _ := load([]string{"one", "two"}[r.IntN(2)], 3, []string{"g", "v"}[r.IntN(2)])
		next := other.NewLive(LiveOptions{Lateness: 3})
		if err := next.Restore(l.Snapshot(nil)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, key := range next.Gone() {
			if book.open[key] == nil || book.open[key].Rule.Title != "changed" {
				t.Fatalf("seed %d: %s is gone, %v", seed, key, book.open[key])
			}
			delete(book.open, key)
			gone++
		}
		for _, d := range deliveries[stop:] {
			next.Observe(d.p, over(t, e, other, d.obs), book.tell)
		}
		next.Finish(book.tell)
		got := slices.DeleteFunc(book.hits(), func(h string) bool { return !strings.Contains(h, `"title":"kept"`) })
		same(t, fmt.Sprint("seed ", seed), got, want)
	}
	if gone < 50 {
		t.Errorf("only %d open hits were lost", gone)
	}
}

// TestReplay stops without a snapshot of the last deliveries and runs these again, at their own times: the same keys.
func TestReplay(t *testing.T) {
	late, backlogs := int64(0), 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 6))
		e, rules := randomEngine(t, r)
		streams, scale := randomStreams(r, e, rules, 3), []int64{1, 12 * second}[r.IntN(2)]
		for _, obs := range streams {
			for i := range obs {
				obs[i].Time *= scale
			}
		}
		deliveries := arriving(r, streams, int(9*scale)) // some are late, by little or by more: the lateness is less
		opt := LiveOptions{Lateness: time.Duration(2 * scale), Ahead: time.Duration(2 * scale)}
		from := r.IntN(len(deliveries) + 1)
		l, all := e.NewLive(opt), newLedger(t)
		var saved []byte
		for i, d := range deliveries {
			if i == from {
				saved = l.Snapshot(nil)
			}
			for range r.IntN(3) { // the clock, between deliveries
				l.Advance(l.now+max(0, d.at-l.now)*int64(r.IntN(3))/3, all.tell)
			}
			l.Advance(d.at, all.tell)
			l.Observe(d.p, d.obs, all.tell)
		}
		late += l.Late()
		if l.backlog != nil {
			backlogs++
		}
		if saved == nil {
			continue
		}
		again, book := e.NewLive(opt), newLedger(t)
		if err := again.Restore(saved); err != nil {
			t.Fatal(err)
		}
		for _, d := range deliveries[from:] {
			again.Advance(d.at, book.tell)
			again.Observe(d.p, d.obs, book.tell)
		}
		if !bytes.Equal(again.Snapshot(nil), l.Snapshot(nil)) {
			t.Fatalf("seed %d: another state after running %d deliveries again", seed, len(deliveries)-from)
		}
		for key, h := range book.final {
			if all.final[key] != h {
				t.Fatalf("seed %d: %s, before %s", seed, h, all.final[key])
			}
		}
	}
	if late < 500 || backlogs < 20 {
		t.Errorf("only %d observations late, %d backlogs", late, backlogs)
	}
}

func TestRestoreRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	e, rules := randomEngine(t, r)
	l := e.NewLive(LiveOptions{Lateness: 2})
	for _, d := range catchUp(r, randomStreams(r, e, rules, 2), 2) {
		l.Observe(d.p, d.obs, func(*LiveHit) {})
	}
	good := l.Snapshot(nil)
	for name, k := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":         {nil, "no snapshot"},
		"something else":  {[]byte("this is a text and nothing else"), "no snapshot"},
		"another version": {append([]byte(snapshotMagic), 9, 0, 0, 0, 0, 0), "version 9"},
		"cut":             {good[:len(good)-9], "checksum"},
		"a bit":           {flipped(good, len(good)/2), "checksum"},
		"empty":           {sealed(good[:len(snapshotMagic)+1]), "damaged in its counts"},
		"more":            {sealed(append(slices.Clone(good[:len(good)-4]), 1)), "damaged in its end"},
	} {
		err := l.Restore(k.data)
		if err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s: %v, want %q", name, err, k.want)
		}
		if !bytes.Equal(l.Snapshot(nil), good) {
			t.Errorf("%s: it is not as it was", name)
		}
	}
}

func flipped(b []byte, at int) []byte {
	b = slices.Clone(b)
	b[at] ^= 1
	return b
}

// sealed appends the checksum.
func sealed(body []byte) []byte {
	body = slices.Clone(body)
	return binary.LittleEndian.AppendUint32(body, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// FuzzRestore restores what any bytes make of a snapshot with a right checksum, and goes on with it.
func FuzzRestore(f *testing.F) {
	engines := make([]*Engine, 6)
	var timelines [][]delivery
	for i := range engines {
		r := rand.New(rand.NewPCG(uint64(i), 8))
		e, rules := randomEngine(f, r)
		deliveries := catchUp(r, randomStreams(r, e, rules, 3), 4)
		engines[i], timelines = e, append(timelines, deliveries)
		l := e.NewLive(LiveOptions{Lateness: 4})
		for j, d := range deliveries {
			l.Observe(d.p, d.obs, func(*LiveHit) {})
			if j == len(deliveries)*3/4 {
				s := l.Snapshot(nil)
				f.Add(uint8(i), s[:len(s)-4])
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		i := int(which) % len(engines)
		l := engines[i].NewLive(LiveOptions{Lateness: 4})
		if err := l.Restore(sealed(body)); err != nil {
			return
		}
		s := l.Snapshot(nil)
		if err := l.Restore(s); err != nil {
			t.Fatalf("a snapshot of what was restored: %v", err)
		}
		l.Advance(1, func(*LiveHit) {})
		for _, d := range timelines[i] {
			l.Observe(d.p, d.obs, func(*LiveHit) {})
		}
		l.Advance(1000, func(*LiveHit) {})
		_ = l.Note()
		l.Finish(func(*LiveHit) {})
		if l.corr.size != 0 || l.Pending() != 0 {
			t.Fatalf("%d bytes are accounted for after the end, %d wait", l.corr.size, l.Pending())
		}
	})
}

func FuzzReadObservations(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 9))
	e, rules := randomEngine(f, r)
	for _, obs := range randomStreams(r, e, rules, 3) {
		f.Add(e.AppendObservations(nil, obs))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		obs, _, err := e.ReadObservations(data)
		if err != nil {
			return
		}
		for i := range obs {
			if len(obs[i].Fields) != len(e.Needs(obs[i].Rule)) {
				t.Fatalf("%d fields, want %d", len(obs[i].Fields), len(e.Needs(obs[i].Rule)))
			}
		}
		packed := e.AppendObservations(nil, obs)
		again, left, err := e.ReadObservations(packed)
		if err != nil || left != 0 || !bytes.Equal(e.AppendObservations(nil, again), packed) {
			t.Fatalf("%d left out: %v", left, err)
		}
	})
}
