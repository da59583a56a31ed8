package detect

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
)

func putPlace(w *packer, p *beaconPlace) {
	w.text(p.name)
	w.address(p.addr)
	w.number(int(p.port))
	w.word(p.kind)
}

func takePlace(u *unpacker) beaconPlace {
	return beaconPlace{name: u.text(), addr: u.address(), port: uint16(u.number(1 << 16)), kind: u.word()}
}

func (b *beacons) save(w *packer) {
	w.signed(b.forgot)
	w.signed(b.looked)
	keys := make([]beaconKey, 0, len(b.pairs))
	for k := range b.pairs {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y beaconKey) int { return compareBeacons(&x, &y) })
	w.number(len(keys))
	for i := range keys {
		k, p := &keys[i], b.pairs[keys[i]]
		w.address(k.client)
		putPlace(w, &k.place)
		for _, n := range [...]int64{p.first, p.last, p.contacts, p.check, int64(flag(p.told))} {
			w.signed(n)
		}
		putRef(w, p.began)
		putRef(w, p.ref)
		w.word(p.host)
		w.word(p.user)
		w.word(p.program)
		w.address(p.peer)
		w.number(p.at)
		w.number(len(p.gaps))
		for i, g := range p.gaps {
			w.number(int(g))
			w.number(int(p.sizes[i]))
		}
	}
	places := make([]beaconPlace, 0, len(b.crowds))
	for p := range b.crowds {
		places = append(places, p)
	}
	slices.SortFunc(places, func(x, y beaconPlace) int {
		return compareBeacons(&beaconKey{place: x}, &beaconKey{place: y})
	})
	w.number(len(places))
	for i := range places {
		c := b.crowds[places[i]]
		putPlace(w, &places[i])
		w.number(len(c.clients))
		for _, a := range c.clients {
			w.address(a)
		}
	}
}

func (b *beacons) load(u *unpacker) {
	b.forgot, b.looked = u.signed(), u.signed()
	for n := u.count(12); n > 0 && !u.bad; n-- {
		k := beaconKey{client: u.address(), place: takePlace(u)}
		p := &beacon{first: u.signed(), last: u.signed(), contacts: u.signed(), check: u.signed(), told: u.signed() != 0}
		p.began, p.ref = takeRef(u), takeRef(u)
		p.host, p.user, p.program = u.word(), u.word(), u.word()
		p.peer = u.address()
		p.at = u.number(beaconGaps)
		for gaps := u.number(beaconGaps + 1); gaps > 0 && !u.bad; gaps-- {
			p.gaps, p.sizes = append(p.gaps, uint32(u.number(math.MaxUint32))), append(p.sizes, uint32(u.number(math.MaxUint32)))
		}
		if p.at > 0 && p.at >= len(p.gaps) || p.told && len(p.gaps) == 0 {
			u.fail()
			return
		}
		b.pairs[k] = p
		if p.told {
			b.open[k] = true
		}
	}
	for n := u.count(4); n > 0 && !u.bad; n-- {
		place, c := takePlace(u), &crowd{}
		for m := u.number(crowdMax + 1); m > 0 && !u.bad; m-- {
			c.clients = append(c.clients, u.address())
		}
		b.crowds[place] = c
	}
}

// client is who asks: an address, or a machine that tells of itself.
type client struct {
	addr netip.Addr
	host string // "" where the address is known
}

func clientOf(s *Sighting) client {
	if s.Source.IsValid() && !s.Source.IsLoopback() {
		return client{addr: s.Source}
	}
	return client{host: s.Host}
}

func (c client) known() bool { return c.addr.IsValid() || c.host != "" }

func (c client) String() string {
	if c.addr.IsValid() {
		return c.addr.String()
	}
	return c.host
}

func (c client) compare(o client) int {
	return cmp.Or(c.addr.Compare(o.addr), cmp.Compare(c.host, o.host))
}

// fields names the client as ECS does.
func (c client) fields() []Field {
	if c.addr.IsValid() {
		return []Field{{"source.ip", c.addr.String()}}
	}
	return []Field{{"host.name", c.host}}
}

func putClient(w *packer, c client) {
	w.address(c.addr)
	w.word(c.host)
}

func takeClient(u *unpacker) client { return client{addr: u.address(), host: u.word()} }

func putRef(w *packer, r EventRef) {
	w.word(r.File)
	w.signed(r.Record)
}

func takeRef(u *unpacker) EventRef { return EventRef{File: u.word(), Record: u.signed()} }
