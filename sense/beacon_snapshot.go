package sense

import (
	"cmp"
	"math"
	"net/netip"
	"slices"

	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

func putPlace(w *pack.Packer, p *beaconPlace) {
	w.Text(p.name)
	w.Address(p.addr)
	w.Number(int(p.port))
	w.Word(p.kind)
}

func takePlace(u *pack.Unpacker) beaconPlace {
	return beaconPlace{name: u.Text(), addr: u.Address(), port: uint16(u.Number(1 << 16)), kind: u.Word()}
}

func (b *beacons) save(w *pack.Packer) {
	w.Signed(b.forgot)
	w.Signed(b.looked)
	keys := make([]beaconKey, 0, len(b.pairs))
	for k := range b.pairs {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y beaconKey) int { return compareBeacons(&x, &y) })
	w.Number(len(keys))
	for i := range keys {
		k, p := &keys[i], b.pairs[keys[i]]
		w.Address(k.client)
		putPlace(w, &k.place)
		for _, n := range [...]int64{p.first, p.last, p.contacts, p.check, int64(pack.Flag(p.told))} {
			w.Signed(n)
		}
		putRef(w, p.began)
		putRef(w, p.ref)
		w.Word(p.host)
		w.Word(p.user)
		w.Word(p.program)
		w.Address(p.peer)
		w.Number(p.at)
		w.Number(len(p.gaps))
		for i, g := range p.gaps {
			w.Number(int(g))
			w.Number(int(p.sizes[i]))
		}
	}
	places := make([]beaconPlace, 0, len(b.crowds))
	for p := range b.crowds {
		places = append(places, p)
	}
	slices.SortFunc(places, func(x, y beaconPlace) int {
		return compareBeacons(&beaconKey{place: x}, &beaconKey{place: y})
	})
	w.Number(len(places))
	for i := range places {
		c := b.crowds[places[i]]
		putPlace(w, &places[i])
		w.Number(len(c.clients))
		for _, a := range c.clients {
			w.Address(a)
		}
	}
}

func (b *beacons) load(u *pack.Unpacker) {
	b.forgot, b.looked = u.Signed(), u.Signed()
	for n := u.Count(12); n > 0 && !u.Bad; n-- {
		k := beaconKey{client: u.Address(), place: takePlace(u)}
		p := &beacon{first: u.Signed(), last: u.Signed(), contacts: u.Signed(), check: u.Signed(), told: u.Signed() != 0}
		p.began, p.ref = takeRef(u), takeRef(u)
		p.host, p.user, p.program = u.Word(), u.Word(), u.Word()
		p.peer = u.Address()
		p.at = u.Number(beaconGaps)
		for gaps := u.Number(beaconGaps + 1); gaps > 0 && !u.Bad; gaps-- {
			p.gaps, p.sizes = append(p.gaps, uint32(u.Number(math.MaxUint32))), append(p.sizes, uint32(u.Number(math.MaxUint32)))
		}
		if p.at > 0 && p.at >= len(p.gaps) || p.told && len(p.gaps) == 0 {
			u.Fail()
			return
		}
		b.pairs[k] = p
		if p.told {
			b.open[k] = true
		}
	}
	for n := u.Count(4); n > 0 && !u.Bad; n-- {
		place, c := takePlace(u), &crowd{}
		for m := u.Number(crowdMax + 1); m > 0 && !u.Bad; m-- {
			c.clients = append(c.clients, u.Address())
		}
		b.crowds[place] = c
	}
}

// client is who asks: an address, or a machine that tells of itself.
type client struct {
	addr netip.Addr
	host string // "" where the address is known
}

func clientOf(s *sight.Sighting) client {
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

func putClient(w *pack.Packer, c client) {
	w.Address(c.addr)
	w.Word(c.host)
}

func takeClient(u *pack.Unpacker) client { return client{addr: u.Address(), host: u.Word()} }

func putRef(w *pack.Packer, r sight.EventRef) {
	w.Word(r.File)
	w.Signed(r.Record)
}

func takeRef(u *pack.Unpacker) sight.EventRef {
	return sight.EventRef{File: u.Word(), Record: u.Signed()}
}
