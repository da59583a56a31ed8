package detect

import (
	"cmp"
	"slices"
)

// save writes what is counted and what goes on.
func (f *flood) save(w *packer) {
	w.signed(f.span)
	for i := range f.usual {
		w.float(f.usual[i].n)
		w.float(f.usual[i].mean)
		w.float(f.usual[i].square)
	}
	keys := floodKeys(f.now)
	w.number(len(keys))
	for _, k := range keys {
		c := f.now[k]
		putFloodKey(w, k)
		w.signed(c.n)
		w.signed(c.refused)
		w.dst = appendAddress(w.dst, c.other)
		w.number(int(c.port))
		w.word(c.ref.File)
		w.signed(c.ref.Record)
	}
	keys = floodKeys(f.open)
	w.number(len(keys))
	for _, k := range keys {
		o := f.open[k]
		putFloodKey(w, k)
		for _, n := range [5]int64{o.first, o.last, o.total, o.refused, o.peak} {
			w.signed(n)
		}
		w.float(o.usual)
		w.dst = appendAddress(w.dst, o.other)
		w.number(int(o.port))
		w.number(len(o.refs))
		for _, r := range o.refs {
			w.word(r.File)
			w.signed(r.Record)
		}
	}
}

func floodKeys[V any](m map[floodKey]V) []floodKey {
	keys := make([]floodKey, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b floodKey) int {
		return cmp.Or(a.addr.Compare(b.addr), cmp.Compare(a.port, b.port), cmp.Compare(flag(a.target), flag(b.target)))
	})
	return keys
}

func putFloodKey(w *packer, k floodKey) {
	w.dst = appendAddress(w.dst, k.addr)
	w.number(int(k.port))
	w.number(int(flag(k.target)))
}

func takeFloodKey(u *unpacker) floodKey {
	return floodKey{addr: u.address(), port: uint16(u.number(1 << 16)), target: u.number(2) == 1}
}

func (f *flood) load(u *unpacker) {
	f.span = u.signed()
	for i := range f.usual {
		f.usual[i] = busiest{u.float(), u.float(), u.float()}
	}
	for n := u.number(maxFloodKeys + 1); n > 0 && !u.bad; n-- {
		k := takeFloodKey(u)
		f.now[k] = &floodCount{n: u.signed(), refused: u.signed(), other: u.address(), port: uint16(u.number(1 << 16)), ref: EventRef{u.word(), u.signed()}}
	}
	for n := u.number(maxFloods + 1); n > 0 && !u.bad; n-- {
		k := takeFloodKey(u)
		o := &floodOpen{first: u.signed(), last: u.signed(), total: u.signed(), refused: u.signed(), peak: u.signed(), usual: u.float(), other: u.address(), port: uint16(u.number(1 << 16))}
		for m := u.number(MaxFindingRefs + 1); m > 0 && !u.bad; m-- {
			o.refs = append(o.refs, EventRef{u.word(), u.signed()})
		}
		f.open[k] = o
	}
}
