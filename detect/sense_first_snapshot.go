package detect

import (
	"slices"
	"strings"
)

// save writes what is known: rates, budget, hosts, habits and what waits. The order is fixed, so that the same knowledge
// makes the same snapshot.
func (f *firstSeen) save(w *packer) {
	f.budget.save(w)
	w.signed(f.forgot)
	for i := range f.rates {
		w.float(f.rates[i].n)
		w.float(f.rates[i].novel)
	}
	for _, m := range []map[string]int64{f.fresh, f.hosts} {
		w.number(len(m))
		for _, k := range sortedKeys(m) {
			w.word(k)
			w.signed(m[k])
		}
	}
	keys := make([]habitKey, 0, len(f.habits))
	for k := range f.habits {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b habitKey) int {
		if a.kind != b.kind {
			return int(a.kind) - int(b.kind)
		}
		if c := strings.Compare(a.who, b.who); c != 0 {
			return c
		}
		return strings.Compare(a.on, b.on)
	})
	w.number(len(keys))
	for _, k := range keys {
		h := f.habits[k]
		w.number(int(k.kind))
		w.word(k.who)
		w.word(k.on)
		w.signed(h.first)
		w.signed(h.last)
		w.signed(h.events)
		w.number(h.n)
		w.number(len(h.things))
		for _, name := range sortedKeys(h.things) {
			t := h.things[name]
			w.word(name)
			w.number(int(t.hours))
			w.signed(t.hour)
			w.signed(t.count)
		}
	}
	w.number(len(f.held))
	for _, key := range sortedKeys(f.held) {
		f.held[key].save(w)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (f *firstSeen) load(u *unpacker) {
	f.budget.load(u)
	f.forgot = u.signed()
	for i := range f.rates {
		f.rates[i].n, f.rates[i].novel = u.float(), u.float()
	}
	for _, m := range []map[string]int64{f.fresh, f.hosts} {
		for n := u.count(2); n > 0 && !u.bad; n-- {
			k := u.word()
			m[k] = u.signed()
		}
	}
	for n := u.count(8); n > 0 && !u.bad; n-- {
		k := habitKey{kind: habitKind(u.number(int(habitKinds))), who: u.word(), on: u.word()}
		h := &habit{first: u.signed(), last: u.signed(), events: u.signed(), n: u.number(1 << 40), things: make(map[string]*thing)}
		for m := u.count(4); m > 0 && !u.bad; m-- {
			name := u.word()
			t := &thing{hours: int32(u.number(1 << 31)), hour: u.signed(), count: u.signed()}
			if h.things[name] == nil {
				f.things++
				f.know(k, name)
			}
			h.things[name] = t
			if t.hours == 1 {
				h.once++
			}
		}
		f.habits[k] = h
	}
	for n := u.count(8); n > 0 && !u.bad; n-- {
		x := loadNovelty(u)
		f.held[x.key] = x
	}
}

func (n *novelty) save(w *packer) {
	w.word(n.key)
	w.number(int(n.kind))
	w.float(n.strange)
	w.signed(n.first)
	w.signed(n.last)
	w.signed(n.due)
	w.number(int(flag(n.told)))
	w.list(n.who)
	w.list(n.names)
	w.signed(n.count)
	w.signed(n.sample.Time)
	w.word(n.sample.Ref.File)
	w.signed(n.sample.Ref.Record)
	w.list(n.sample.fields())
	w.number(len(n.refs))
	for _, r := range n.refs {
		w.word(r.File)
		w.signed(r.Record)
	}
	w.signed(n.usual.events)
	w.signed(n.usual.days)
	w.number(n.usual.things)
	w.list(n.usual.most)
}

func loadNovelty(u *unpacker) *novelty {
	n := &novelty{
		key: u.word(), kind: habitKind(u.number(int(habitKinds))), strange: u.float(), first: u.signed(), last: u.signed(),
		due: u.signed(), told: u.number(2) == 1, who: u.list(maxHeldNames), names: u.list(maxHeldNames), count: u.signed(),
	}
	at, ref := u.signed(), takeRef(u)
	if list := u.list(sightingFields); !u.bad && !n.sample.of(list) {
		u.fail()
	}
	n.sample.Time, n.sample.Ref = at, ref
	for m := u.number(MaxFindingRefs + 1); m > 0 && !u.bad; m-- {
		n.refs = append(n.refs, EventRef{File: u.word(), Record: u.signed()})
	}
	n.usual = usual{events: u.signed(), days: u.signed(), things: u.number(1 << 31), most: u.list(8)}
	return n
}
