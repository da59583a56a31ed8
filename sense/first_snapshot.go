package sense

import (
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/pack"
	"github.com/tocsin-sec/tocsin/sight"
)

// save writes what is known: rates, budget, hosts, habits and what waits. The order is fixed, so that the same knowledge
// makes the same snapshot.
func (f *firstSeen) save(w *pack.Packer) {
	f.budget.save(w)
	w.Signed(f.forgot)
	for i := range f.rates {
		w.Float(f.rates[i].n)
		w.Float(f.rates[i].novel)
	}
	for _, m := range []map[string]int64{f.fresh, f.hosts} {
		w.Number(len(m))
		for _, k := range sortedKeys(m) {
			w.Word(k)
			w.Signed(m[k])
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
	w.Number(len(keys))
	for _, k := range keys {
		h := f.habits[k]
		w.Number(int(k.kind))
		w.Word(k.who)
		w.Word(k.on)
		w.Signed(h.first)
		w.Signed(h.last)
		w.Signed(h.events)
		w.Number(h.n)
		w.Number(len(h.things))
		for _, name := range sortedKeys(h.things) {
			t := h.things[name]
			w.Word(name)
			w.Number(int(t.hours))
			w.Signed(t.hour)
			w.Signed(t.count)
		}
	}
	w.Number(len(f.held))
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

func (f *firstSeen) load(u *pack.Unpacker) {
	f.budget.load(u)
	f.forgot = u.Signed()
	for i := range f.rates {
		f.rates[i].n, f.rates[i].novel = u.Float(), u.Float()
	}
	for _, m := range []map[string]int64{f.fresh, f.hosts} {
		for n := u.Count(2); n > 0 && !u.Bad; n-- {
			k := u.Word()
			m[k] = u.Signed()
		}
	}
	for n := u.Count(8); n > 0 && !u.Bad; n-- {
		k := habitKey{kind: habitKind(u.Number(int(habitKinds))), who: u.Word(), on: u.Word()}
		h := &habit{first: u.Signed(), last: u.Signed(), events: u.Signed(), n: u.Number(1 << 40), things: make(map[string]*thing)}
		for m := u.Count(4); m > 0 && !u.Bad; m-- {
			name := u.Word()
			t := &thing{hours: int32(u.Number(1 << 31)), hour: u.Signed(), count: u.Signed()}
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
	for n := u.Count(8); n > 0 && !u.Bad; n-- {
		x := loadNovelty(u)
		f.held[x.key] = x
	}
}

func (n *novelty) save(w *pack.Packer) {
	w.Word(n.key)
	w.Number(int(n.kind))
	w.Float(n.strange)
	w.Signed(n.first)
	w.Signed(n.last)
	w.Signed(n.due)
	w.Number(int(pack.Flag(n.told)))
	w.List(n.who)
	w.List(n.names)
	w.Signed(n.count)
	w.Signed(n.sample.Time)
	w.Word(n.sample.Ref.File)
	w.Signed(n.sample.Ref.Record)
	w.List(n.sample.Texts())
	w.Number(len(n.refs))
	for _, r := range n.refs {
		w.Word(r.File)
		w.Signed(r.Record)
	}
	w.Signed(n.usual.events)
	w.Signed(n.usual.days)
	w.Number(n.usual.things)
	w.List(n.usual.most)
}

func loadNovelty(u *pack.Unpacker) *novelty {
	n := &novelty{
		key: u.Word(), kind: habitKind(u.Number(int(habitKinds))), strange: u.Float(), first: u.Signed(), last: u.Signed(),
		due: u.Signed(), told: u.Number(2) == 1, who: u.List(maxHeldNames), names: u.List(maxHeldNames), count: u.Signed(),
	}
	at, ref := u.Signed(), takeRef(u)
	if list := u.List(sight.MaxTexts); !u.Bad && !n.sample.SetTexts(list) {
		u.Fail()
	}
	n.sample.Time, n.sample.Ref = at, ref
	for m := u.Number(MaxRefs + 1); m > 0 && !u.Bad; m-- {
		n.refs = append(n.refs, sight.EventRef{File: u.Word(), Record: u.Signed()})
	}
	n.usual = usual{events: u.Signed(), days: u.Signed(), things: u.Number(1 << 31), most: u.List(8)}
	return n
}
