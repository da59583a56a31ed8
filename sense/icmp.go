package sense

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

// A tunnel through ICMP carries data in echo requests and their answers. Somebody who pings once a second sends 300 kB
// in an hour; what sends ten times that to one destination outside is told.
type icmpTunnels struct {
	senses *Detectors
	seen   map[icmpKey]*icmpPair
	looked int64
}

type icmpKey struct{ client, server netip.Addr }

type icmpPair struct {
	first, last int64
	bytes       int64
	flows       int64
	check       int64
	told        bool
	began, ref  sight.EventRef
}

// Bounds of the detector of tunnels through ICMP.
const (
	// MaxICMPPairs bounds the pairs of addresses whose ICMP is counted, some 3 MB; of more, those that were quiet the longest go.
	maxICMPPairs = 1 << 14
	icmpWindow   = nsHour
	icmpBytes    = 5 << 20 // in both directions within the window
)

func newICMPTunnels(s *Detectors) detector {
	t := &icmpTunnels{senses: s, seen: make(map[icmpKey]*icmpPair)}
	return detector{name: "icmp tunnels", see: t.see, advance: t.advance, finish: t.finish, save: t.save, load: t.load, notes: func() []string { return nil }}
}

func (t *icmpTunnels) see(s *sight.Sighting) {
	if s.Kind != sight.SawFlow || !isICMP(s.Type) || !s.Source.IsValid() || !s.Destination.IsValid() || insideAddress(s.Destination) == insideAddress(s.Source) {
		return
	}
	k := icmpKey{s.Source, s.Destination}
	if !insideAddress(s.Source) {
		k = icmpKey{s.Destination, s.Source}
	}
	x := t.seen[k]
	switch {
	case x == nil:
		if len(t.seen) >= maxICMPPairs {
			t.forget()
		}
		x = &icmpPair{first: s.Time, began: s.Ref, check: icmpBytes}
		t.seen[k] = x
	case !x.told && s.Time-x.first > icmpWindow:
		*x = icmpPair{first: s.Time, began: s.Ref, check: icmpBytes}
	}
	x.flows++
	x.last, x.ref = max(x.last, s.Time), s.Ref
	if x.bytes += max(s.Bytes, 0); x.bytes >= x.check {
		x.check, x.told = 2*x.bytes, true
		t.say(k, x, true)
	}
}

// isICMP tells whether a transport is ICMP, by its name or number.
func isICMP(transport string) bool {
	return strings.Contains(transport, "icmp") || strings.Contains(transport, "ICMP") || transport == "1" || transport == "58"
}

func (t *icmpTunnels) say(k icmpKey, x *icmpPair, open bool) {
	t.senses.say(&Finding{
		Key:    findingKey("icmp-tunnel", k.client.String(), k.server.String(), strconv.FormatInt(x.first/nsDay, 10)),
		Action: "icmp-tunnel", Time: x.last, Last: x.last, Open: open, Count: x.flows, Refs: []sight.EventRef{x.began, x.ref},
		Text: fmt.Sprintf("%s and %s exchanged %s by ICMP within %s; a ping once a second makes some 600 kB in an hour", k.client, k.server,
			bytesOf(float64(x.bytes)), spanOf(float64(x.last-x.first)/1e9)),
		Fields: []Field{
			{"source.ip", k.client.String()},
			{"destination.ip", k.server.String()},
			{"network.transport", "icmp"},
			{"tocsin.evidence.bytes", strconv.FormatInt(x.bytes, 10)},
		},
	})
}

// keys returns those that are wanted, in an order that does not depend on chance.
func (t *icmpTunnels) keys(want func(*icmpPair) bool) []icmpKey {
	list := make([]icmpKey, 0, 16)
	for k, x := range t.seen {
		if want(x) {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b icmpKey) int { return cmp.Or(a.client.Compare(b.client), a.server.Compare(b.server)) })
	return list
}

// forget makes room: the eighth that has been quiet the longest goes.
func (t *icmpTunnels) forget() {
	keys := t.keys(func(*icmpPair) bool { return true })
	slices.SortStableFunc(keys, func(a, b icmpKey) int { return cmp.Compare(t.seen[a].last, t.seen[b].last) })
	for _, k := range keys[:max(1, len(keys)/8)] {
		delete(t.seen, k)
	}
}

func (t *icmpTunnels) advance(now int64) {
	if now-t.looked < 10*nsMinute {
		return
	}
	t.looked = now
	for _, k := range t.keys(func(x *icmpPair) bool { return now-x.last > icmpWindow }) {
		if t.seen[k].told {
			t.say(k, t.seen[k], false)
		}
		delete(t.seen, k)
	}
}

func (t *icmpTunnels) finish() {
	for _, k := range t.keys(func(x *icmpPair) bool { return x.told }) {
		t.say(k, t.seen[k], false)
		delete(t.seen, k)
	}
}

func (t *icmpTunnels) save(w *pack.Packer) {
	w.Signed(t.looked)
	keys := t.keys(func(*icmpPair) bool { return true })
	w.Number(len(keys))
	for _, k := range keys {
		x := t.seen[k]
		w.Address(k.client)
		w.Address(k.server)
		for _, n := range [...]int64{x.first, x.last, x.bytes, x.flows, x.check, int64(pack.Flag(x.told))} {
			w.Signed(n)
		}
		putRef(w, x.began)
		putRef(w, x.ref)
	}
}

func (t *icmpTunnels) load(u *pack.Unpacker) {
	t.looked = u.Signed()
	for n := u.Count(12); n > 0 && !u.Bad; n-- {
		k := icmpKey{client: u.Address(), server: u.Address()}
		x := &icmpPair{first: u.Signed(), last: u.Signed(), bytes: u.Signed(), flows: u.Signed(), check: u.Signed(), told: u.Signed() != 0}
		x.began, x.ref = takeRef(u), takeRef(u)
		t.seen[k] = x
	}
}
