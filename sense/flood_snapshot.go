package sense

import (
	"cmp"
	"slices"

	"github.com/tocsin-sec/tocsin/pack"
)

// save writes what is counted and what goes on.
func (f *flood) save(w *pack.Packer) {
	w.Signed(f.span)
	for i := range f.usual {
		w.Float(f.usual[i].n)
		w.Float(f.usual[i].mean)
		w.Float(f.usual[i].square)
	}
	keys := floodKeys(f.now)
	w.Number(len(keys))
	for _, k := range keys {
		c := f.now[k]
		putFloodKey(w, k)
		w.Signed(c.n)
		w.Signed(c.refused)
		w.Data = pack.AppendAddress(w.Data, c.other)
		w.Number(int(c.port))
		w.Word(c.ref.File)
		w.Signed(c.ref.Record)
	}
	keys = floodKeys(f.open)
	w.Number(len(keys))
	for _, k := range keys {
		o := f.open[k]
		putFloodKey(w, k)
		for _, n := range [5]int64{o.first, o.last, o.total, o.refused, o.peak} {
			w.Signed(n)
		}
		w.Float(o.usual)
		w.Data = pack.AppendAddress(w.Data, o.other)
		w.Number(int(o.port))
		w.Number(len(o.refs))
		for _, r := range o.refs {
			w.Word(r.File)
			w.Signed(r.Record)
		}
	}
}

func floodKeys[V any](m map[floodKey]V) []floodKey {
	keys := make([]floodKey, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b floodKey) int {
		return cmp.Or(a.addr.Compare(b.addr), cmp.Compare(a.port, b.port), cmp.Compare(pack.Flag(a.target), pack.Flag(b.target)))
	})
	return keys
}

func putFloodKey(w *pack.Packer, k floodKey) {
	w.Data = pack.AppendAddress(w.Data, k.addr)
	w.Number(int(k.port))
	w.Number(int(pack.Flag(k.target)))
}

func takeFloodKey(u *pack.Unpacker) floodKey {
	return floodKey{addr: u.Address(), port: uint16(u.Number(1 << 16)), target: u.Number(2) == 1}
}

func (f *flood) load(u *pack.Unpacker) {
	f.span = u.Signed()
	for i := range f.usual {
		f.usual[i] = busiest{u.Float(), u.Float(), u.Float()}
	}
	for n := u.Number(maxFloodKeys + 1); n > 0 && !u.Bad; n-- {
		k := takeFloodKey(u)
		f.now[k] = &floodCount{n: u.Signed(), refused: u.Signed(), other: u.Address(), port: uint16(u.Number(1 << 16)), ref: takeRef(u)}
	}
	for n := u.Number(maxFloods + 1); n > 0 && !u.Bad; n-- {
		k := takeFloodKey(u)
		o := &floodOpen{first: u.Signed(), last: u.Signed(), total: u.Signed(), refused: u.Signed(), peak: u.Signed(), usual: u.Float(), other: u.Address(), port: uint16(u.Number(1 << 16))}
		for m := u.Number(MaxRefs + 1); m > 0 && !u.Bad; m-- {
			o.refs = append(o.refs, takeRef(u))
		}
		f.open[k] = o
	}
}
