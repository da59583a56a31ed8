package sense

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"

	"github.com/tocsin-sec/tocsin/sight"
)

// A beacon is a program that reports to somebody outside at regular times, as implants do that wait for orders. For each
// client and destination (an address with its port, or the name of a web site) the gaps between contacts are kept, and
// how much was sent each time. What is told is what keeps a rhythm for half an hour or longer, though the gaps may
// wander by a third. Destinations that many clients know, and those of updates, clocks and the like, must keep it better.
//
// Destinations inside are not judged: monitoring and directories keep such rhythms everywhere.
type beacons struct {
	senses *Detectors
	pairs  map[beaconKey]*beacon
	crowds map[beaconPlace]*crowd
	forgot int64 // pairs that were forgotten for want of room
	looked int64 // when the open ones were last looked through
	open   map[beaconKey]bool
}

// beaconPlace is where somebody reports to.
type beaconPlace struct {
	name string // of a web site; "" for an address
	addr netip.Addr
	port uint16
	kind string // the transport; "web"
}

type beaconKey struct {
	client netip.Addr
	place  beaconPlace
}

// beacon is what is kept of one client and destination.
type beacon struct {
	first, last int64
	contacts    int64
	gaps        []uint32 // milliseconds, the latest beaconGaps of them; a ring when full
	sizes       []uint32 // bytes sent at the end of each gap; 0 where it is not known
	at          int      // where the next goes
	check       int64    // at how many contacts it is judged next
	told        bool
	began, ref  sight.EventRef // the first contact and the latest
	host, user  string
	program     string
	peer        netip.Addr // where a web site was last found
}

// crowd is who else knows a destination.
type crowd struct{ clients []netip.Addr } // at most crowdMax

// Bounds of the detector of beacons.
const (
	// MaxBeaconPairs bounds the pairs of client and destination whose contacts are kept, some 60 MB; of more, those with few contacts that were quiet the longest go.
	maxBeaconPairs = 1 << 16
	beaconGaps     = 48
	crowdMax       = 8
	beaconContacts = 16          // fewer are no rhythm
	beaconSpan     = nsHour / 2  // a shorter time is none, either
	beaconApart    = int64(1e9)  // contacts that are nearer are one
	beaconLongest  = 36 * nsHour // a longer gap begins anew
	beaconScore    = 0.62        // of rhythm.score, after what speaks against it
)

func newBeacons(s *Detectors) detector {
	b := &beacons{senses: s}
	b.reset()
	return detector{name: "beacons", see: b.see, advance: b.advance, finish: b.finish, save: b.save, load: b.load, notes: b.notes}
}

func (b *beacons) reset() {
	b.pairs, b.crowds, b.open = make(map[beaconKey]*beacon), make(map[beaconPlace]*crowd), make(map[beaconKey]bool)
}

func (b *beacons) see(s *sight.Sighting) {
	if s.Kind != sight.SawFlow && s.Kind != sight.SawWeb || !s.Source.IsValid() {
		return
	}
	k := beaconKey{client: s.Source, place: beaconPlace{addr: s.Destination, port: s.Port, kind: s.Type}}
	if s.Kind == sight.SawWeb && s.Name != "" {
		k.place = beaconPlace{name: s.Name, kind: "web"}
	}
	if !outward(s, &k.place) {
		return
	}
	p := b.pairs[k]
	if p == nil {
		if len(b.pairs) >= maxBeaconPairs {
			b.forget(s.Time)
		}
		p = &beacon{first: s.Time, began: s.Ref, check: beaconContacts}
		b.pairs[k] = p
		b.join(&k)
	}
	p.contact(s)
	p.peer = s.Destination
	if p.contacts >= p.check {
		b.judge(&k, p)
	}
}

// outward tells whether a contact leads from inside to somebody outside.
func outward(s *sight.Sighting, place *beaconPlace) bool {
	if place.name == "" {
		a := place.addr
		if !a.IsValid() || insideAddress(a) || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
			return false
		}
	}
	return insideAddress(s.Source) || !s.Source.IsMulticast() && place.name != ""
}

// insideAddress tells whether an address is one that networks use for themselves (RFC 1918, RFC 6598, RFC 4193).
func insideAddress(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.Is4() && a.As4()[0] == 100 && a.As4()[1]&0xc0 == 64
}

// contact takes note of one contact.
func (p *beacon) contact(s *sight.Sighting) {
	sent := s.Sent
	if sent == 0 {
		sent = s.Bytes
	}
	size := uint32(min(max(sent, 0), math.MaxUint32))
	p.ref = s.Ref
	if s.Program != "" {
		p.program = s.Program
	}
	if s.Host != "" {
		p.host = s.Host
	}
	if s.User != "" {
		p.user = s.User
	}
	gap := s.Time - p.last
	switch {
	case p.contacts == 0:
		p.contacts, p.last = 1, s.Time
		return
	case gap < beaconApart: // several connections of one contact; or what came late
		return
	case gap > beaconLongest && !p.told:
		*p = beacon{first: s.Time, last: s.Time, contacts: 1, check: beaconContacts, began: s.Ref, ref: s.Ref, host: p.host, user: p.user, program: p.program}
		return
	}
	p.contacts++
	p.last = s.Time
	ms := uint32(min(gap/1e6, math.MaxUint32))
	if len(p.gaps) < beaconGaps {
		p.gaps, p.sizes = append(p.gaps, ms), append(p.sizes, size)
		return
	}
	p.gaps[p.at], p.sizes[p.at] = ms, size
	p.at = (p.at + 1) % beaconGaps
}

// join notes that a client knows a destination.
func (b *beacons) join(k *beaconKey) {
	c := b.crowds[k.place]
	if c == nil {
		c = &crowd{}
		b.crowds[k.place] = c
	}
	if len(c.clients) < crowdMax && !slices.Contains(c.clients, k.client) {
		c.clients = append(c.clients, k.client)
	}
}

// forget makes room: the eighth of all pairs goes that has been quiet the longest, and destinations that nobody knows. Pairs
// of a few contacts go before others, so that a scan of the whole internet drives out nothing but itself.
func (b *beacons) forget(now int64) {
	type quiet struct {
		key   beaconKey
		worth int
		last  int64
	}
	list := make([]quiet, 0, len(b.pairs))
	for k, p := range b.pairs {
		worth := 0
		switch {
		case p.told:
			worth = 2
		case p.contacts >= 4 && now-p.last < beaconLongest:
			worth = 1
		}
		list = append(list, quiet{k, worth, p.last})
	}
	slices.SortFunc(list, func(x, y quiet) int {
		return cmp.Or(cmp.Compare(x.worth, y.worth), cmp.Compare(x.last, y.last), compareBeacons(&x.key, &y.key))
	})
	for _, q := range list[:max(1, len(list)/8)] {
		delete(b.pairs, q.key)
		delete(b.open, q.key)
		b.forgot++
	}
	known := make(map[beaconPlace]bool, len(b.crowds))
	for k := range b.pairs {
		known[k.place] = true
	}
	for place := range b.crowds {
		if !known[place] {
			delete(b.crowds, place)
		}
	}
}

func compareBeacons(x, y *beaconKey) int {
	return cmp.Or(x.client.Compare(y.client), cmp.Compare(x.place.name, y.place.name), x.place.addr.Compare(y.place.addr),
		cmp.Compare(x.place.port, y.place.port), cmp.Compare(x.place.kind, y.place.kind))
}

// rhythm measures what is kept of the contacts.
func (p *beacon) rhythm() rhythm {
	var room [2 * beaconGaps]float64
	gaps, sizes := room[:0:beaconGaps], room[beaconGaps:beaconGaps]
	for i, g := range p.gaps {
		gaps = append(gaps, float64(g)/1000)
		if p.sizes[i] > 0 {
			sizes = append(sizes, float64(p.sizes[i]))
		}
	}
	return rhythmOf(gaps, sizes)
}

// judge tells a pair that is a beacon, and says when it is to be looked at again.
func (b *beacons) judge(k *beaconKey, p *beacon) {
	p.check = p.contacts + max(p.contacts/4, 4)
	score, r, ok := b.score(k, p)
	if !ok {
		return
	}
	p.told = true
	p.check = p.contacts * 2
	b.open[*k] = true
	if !b.named(k, p) {
		b.say(k, p, &r, score, true)
	}
}

// score weighs the rhythm of a pair against what speaks for it being innocent.
func (b *beacons) score(k *beaconKey, p *beacon) (float64, rhythm, bool) {
	if p.contacts < beaconContacts || p.last-p.first < beaconSpan || len(p.gaps) == 0 {
		return 0, rhythm{}, false
	}
	r := p.rhythm()
	score := r.score(len(p.gaps))
	if p.last-p.first >= 16*nsHour {
		score += 0.05 // no person sits so long
	}
	needed := beaconScore
	if n := len(p.gaps); n < 32 { // few gaps may be even by chance
		needed += 0.15 * float64(32-n) / 16
	}
	if r.near < 0.6 {
		return score, r, false
	}
	return score, r, score-b.innocence(k) >= needed
}

// innocence says how much speaks against a destination being one that only implants know.
func (b *beacons) innocence(k *beaconKey) float64 {
	off := 0.0
	if c := b.crowds[k.place]; c != nil {
		switch n := len(c.clients); {
		case n >= crowdMax:
			off += 0.45
		case n >= 4:
			off += 0.28
		case n >= 2:
			off += 0.08
		}
	}
	if domain, _ := registeredDomain(k.place.name); innocentDomain(domain) {
		off += 0.48
	}
	switch k.place.port {
	case 53, 123, 853: // names and clocks
		off += 0.45
	case 25, 110, 143, 465, 587, 993, 995, 5223, 5228: // a mail program looks for mail; a telephone for messages
		off += 0.2
	case 161, 162, 514, 1194, 1812, 3478, 4500, 500, 51820: // monitoring, tunnels that are kept alive
		off += 0.2
	}
	if k.place.kind == "icmp" || k.place.kind == "ipv6-icmp" || k.place.kind == "igmp" {
		off += 0.2
	}
	return off
}

// say tells of a pair.
func (b *beacons) say(k *beaconKey, p *beacon, r *rhythm, score float64, open bool) {
	where := k.place.name
	if where == "" {
		where = k.place.addr.String()
		if k.place.port != 0 {
			where = netip.AddrPortFrom(k.place.addr, k.place.port).String()
		}
	}
	clients := 1
	if c := b.crowds[k.place]; c != nil {
		clients = len(c.clients)
	}
	spread := 1.4826 * r.spread
	text := fmt.Sprintf("%s asked %s every %s ± %s for %s, %d times", k.client, where, spanOf(r.median), spanOf(spread),
		spanOf(float64(p.last-p.first)/1e9), p.contacts)
	if r.size > 0 {
		text += ", " + bytesOf(r.size) + " each"
	}
	switch {
	case clients == 1:
		text += "; no other machine talks to it"
	case clients >= crowdMax:
		text += "; many machines talk to it"
	default:
		text += fmt.Sprintf("; %d machines talk to it", clients)
	}
	f := &Finding{
		Key:    findingKey("beacon", k.client.String(), where, k.place.kind, strconv.FormatInt(p.first/nsDay, 10)),
		Action: "beacon", Time: p.last, Last: p.last, Text: text, Open: open, Count: p.contacts,
		Refs: []sight.EventRef{p.began, p.ref},
		Fields: []Field{
			{"source.ip", k.client.String()},
			{"host.name", p.host},
			{"user.name", p.user},
			{"process.executable", p.program},
			{"destination.domain", k.place.name},
			{"network.transport", k.place.kind},
			{"tocsin.evidence.interval_seconds", decimal(r.median)},
			{"tocsin.evidence.spread_seconds", decimal(spread)},
			{"tocsin.evidence.seconds", strconv.FormatInt((p.last-p.first)/1e9, 10)},
			{"tocsin.evidence.bytes_each", decimal(r.size)},
			{"tocsin.evidence.clients", strconv.Itoa(clients)},
			{"tocsin.evidence.score", strconv.Itoa(int(100 * min(score, 1)))},
		},
	}
	if k.place.addr.IsValid() {
		f.Fields = append(f.Fields, Field{"destination.ip", k.place.addr.String()}, Field{"destination.port", strconv.Itoa(int(k.place.port))})
	}
	b.senses.say(f)
}

// advance closes what has been quiet.
func (b *beacons) advance(now int64) {
	if now-b.looked < 10*nsMinute {
		return
	}
	b.looked = now
	for _, k := range b.openOnes() {
		p := b.pairs[k]
		r := p.rhythm()
		if now-p.last > max(nsHour, int64(8*r.median*1e9)) {
			b.close(&k, p, &r)
		}
	}
}

func (b *beacons) openOnes() []beaconKey {
	list := make([]beaconKey, 0, len(b.open))
	for k := range b.open {
		list = append(list, k)
	}
	slices.SortFunc(list, func(x, y beaconKey) int { return compareBeacons(&x, &y) })
	return list
}

// named tells whether the same contacts are told by the name of the site.
func (b *beacons) named(k *beaconKey, p *beacon) bool {
	if k.place.name != "" {
		return false
	}
	for o := range b.open {
		if o.client == k.client && o.place.name != "" && b.pairs[o].peer == k.place.addr && p.last-b.pairs[o].first > beaconSpan {
			return true
		}
	}
	return false
}

// close tells an open one for the last time.
func (b *beacons) close(k *beaconKey, p *beacon, r *rhythm) {
	score := r.score(len(p.gaps))
	if !b.named(k, p) {
		b.say(k, p, r, score, false)
	}
	delete(b.open, *k)
	delete(b.pairs, *k)
}

// finish judges all that has not been looked at since it grew, and closes what is open.
func (b *beacons) finish() {
	rest := make([]beaconKey, 0, 64)
	for k, p := range b.pairs {
		if !p.told && p.contacts >= beaconContacts {
			rest = append(rest, k)
		}
	}
	slices.SortFunc(rest, func(x, y beaconKey) int { return compareBeacons(&x, &y) })
	for i := range rest {
		b.judge(&rest[i], b.pairs[rest[i]])
	}
	for _, k := range b.openOnes() {
		p := b.pairs[k]
		r := p.rhythm()
		b.close(&k, p, &r)
	}
}

func (b *beacons) notes() []string {
	if b.forgot == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d pairs of client and destination were forgotten while beacons were looked for, because there were more than %d", b.forgot, maxBeaconPairs)}
}
