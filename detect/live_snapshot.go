package detect

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math/bits"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/sigma"
)

// A snapshot is: snapshotMagic, its version (one byte), parts, and the CRC-32C (Castagnoli) of all before it, little
// endian. A part is its length (8 bytes, little endian) and as many bytes. The parts are: times and counts; streams;
// what waits; bursts, each after those that it is made of; and for each correlation its mark, the keys of its open hits,
// and its groups. Of the last, those of correlations that are not in force any more are skipped. The last part is the
// snapshot of the backlog, or empty.
const (
	snapshotMagic   = "tocsin live"
	snapshotVersion = 2
)

// counts are all counters of a Live, in the order in which a snapshot has them.
func (l *Live) counts() []*int64 {
	c := l.corr
	return []*int64{
		&l.late, &l.early, &l.ahead, &l.stalled, &l.resets, &l.crowded, &l.undecoded,
		&c.undated, &c.ungrouped, &c.notNumbers, &c.valueless, &c.evicted, &c.cut,
	}
}

// Snapshot appends all that the Live knows to dst: what waits, windows, bursts, how far the streams have come, and the
// counts. Lives that were given the same make the same snapshot. It takes 8 to 20 bytes for an event in a window.
func (l *Live) Snapshot(dst []byte) []byte {
	base := len(dst)
	w := &packer{dst: append(append(dst, snapshotMagic...), snapshotVersion)}
	w.part(func() {
		w.signed(l.now)
		w.signed(l.watermark)
		w.signed(l.corr.clock)
		for _, n := range l.counts() {
			w.signed(*n)
		}
	})
	w.part(func() { l.packStreams(w) })
	w.part(func() { l.engine.pack(w, l.queue.sorted()) })
	s := &snapshot{packer: w, places: make(map[*burst]int)}
	w.part(func() { s.bursts(l.corr) })
	w.number(len(l.corr.plans))
	for i, p := range l.corr.plans {
		w.dst = append(w.dst, l.marks[i][:]...)
		open := l.open(p)
		w.number(len(open))
		for _, key := range open {
			raw, _ := hex.DecodeString(key) // made by hashOf
			w.dst = append(w.dst, raw...)
		}
		w.part(func() { s.plan(p) })
	}
	w.part(func() {
		if l.backlog != nil {
			w.dst = l.backlog.Snapshot(w.dst)
		}
	})
	return binary.LittleEndian.AppendUint32(w.dst, crc32.Checksum(w.dst[base:], crc32.MakeTable(crc32.Castagnoli)))
}

func (l *Live) packStreams(w *packer) {
	list := slices.Clone(l.streams.list)
	slices.SortFunc(list, func(a, b stream) int { return strings.Compare(a.name, b.name) })
	w.number(len(list))
	for i := range list {
		w.text(list[i].name)
		w.signed(list[i].latest)
		w.signed(list[i].seen)
		behind := 0
		if list[i].behind {
			behind = 1
		}
		w.number(behind)
	}
}

// open returns the keys of a correlation's hits that were told and are not over, in order of its groups.
func (l *Live) open(p *plan) []string {
	var keys []string
	if !p.alone || !l.engine.wanted(p.rule) {
		return nil
	}
	for g := p.front; g != nil; g = g.next {
		if g.burst != nil && g.burst.told > 0 {
			keys = append(keys, l.key(p.rule, splitParts(g.key), g.burst.first))
		}
	}
	return keys
}

// snapshot writes the state of correlations.
type snapshot struct {
	*packer
	order  []*burst
	places map[*burst]int // in order
	last   *Entities      // of the detail written last
}

// bursts writes all bursts that any group or event refers to, also those that are over.
func (s *snapshot) bursts(c *Correlator) {
	for _, p := range c.plans {
		for g := p.front; g != nil; g = g.next {
			var last *detail
			for i := g.window.begin(); i < g.window.end(); i++ {
				if d := g.window.at(i).detail; d != nil && d != last {
					s.collect(d.inner)
					last = d
				}
			}
			s.collect(g.burst)
		}
	}
	s.number(len(s.order))
	for _, b := range s.order {
		s.burst(b)
	}
}

// collect gives a burst a number, after those that it is made of.
func (s *snapshot) collect(b *burst) {
	if b == nil {
		return
	}
	if _, known := s.places[b]; known {
		return
	}
	s.places[b] = -1
	for i := range b.parts {
		s.collect(b.parts[i].inner)
	}
	s.places[b] = len(s.order)
	s.order = append(s.order, b)
}

func (s *snapshot) burst(b *burst) {
	s.signed(b.first)
	s.signed(b.last - b.first)
	s.ref(b.ref)
	s.list(b.by)
	s.float(b.value)
	s.signed(b.count)
	s.signed(b.cost)
	s.signed(b.told)
	s.signed(b.toldAt)
	s.events(b.list.head, b.first)
	s.events(append(slices.Clone(b.list.tail[b.list.next:]), b.list.tail[:b.list.next]...), b.first)
	s.number(len(b.parts))
	for i := range b.parts {
		p := &b.parts[i]
		s.number(s.places[p.inner])
		s.signed(p.count)
		s.events(p.list, b.first)
	}
	s.number(len(b.tuples))
	for _, t := range b.tuples {
		s.list(t)
	}
	s.entities(&b.entities)
}

func (s *snapshot) ref(r EventRef) {
	s.word(r.File)
	s.signed(r.Record)
}

func (s *snapshot) events(list []seenEvent, time int64) {
	record := int64(0)
	s.number(len(list))
	for _, e := range list {
		s.signed(e.time - time)
		s.signed(e.record - record)
		s.word(e.file)
		time, record = e.time, e.record
	}
}

// place writes which burst is meant; nil is 0.
func (s *snapshot) place(b *burst) {
	if b == nil {
		s.number(0)
		return
	}
	s.number(s.places[b] + 1)
}

// plan writes the groups of a correlation, that which was touched first at first.
func (s *snapshot) plan(p *plan) {
	s.number(len(p.groups))
	s.last = &Entities{}
	time := int64(0)
	for g := p.front; g != nil; g = g.next {
		s.text(g.key)
		s.signed(g.touched - time)
		time = g.touched
		s.place(g.burst)
		if p.late {
			s.lateGroup(p, g)
		} else {
			s.window(p, g)
		}
		if p.sums() {
			s.float(g.sum)
			s.signed(g.taken)
		}
		if g.chain != nil {
			s.chain(g.chain, g.touched)
		}
	}
}

// sums tells whether the plan's groups keep a sum.
func (p *plan) sums() bool {
	t := p.rule.Correlation.Type
	return t == sigma.ValueSum || t == sigma.ValueAvg
}

// lateGroup writes what a group has computed that keeps no events.
func (s *snapshot) lateGroup(p *plan, g *group) {
	s.signed(g.n)
	switch {
	case g.distinct != nil:
		keys := make([]string, 0, len(g.distinct))
		for k := range g.distinct {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		s.number(len(keys))
		for _, k := range keys {
			s.text(k)
		}
	case g.order != nil:
		s.number(g.order.n)
		for _, block := range g.order.blocks {
			for _, v := range block {
				s.float(v)
			}
		}
	case g.rules != nil:
		for _, n := range g.rules {
			s.number(int(n))
		}
	}
}

// What an entry of a window states, apart from time and record.
const (
	entryFile    = 1 << iota // its file, which is not that of the entry before
	entryDetail              // a detail of its own
	entryShares              // the detail of the entry before
	entryCharged             // its detail counts as memory of its own
	entryNumber              // a number other than 0
	entryRule                // which rule it is of, not the first
)

// window writes the events of a group; all that is computed comes from them.
func (s *snapshot) window(p *plan, g *group) {
	w := &g.window
	s.number(w.entries)
	s.number(bits.Len(uint(len(w.ring))))
	s.number(int(max(g.absorbed, w.begin()) - w.begin()))
	values := make(map[*distinct]int)
	before := &entry{time: g.touched}
	for i := w.begin(); i < w.end(); i++ {
		e := w.at(i)
		s.entry(e, before)
		if e.value != nil {
			n, known := values[e.value]
			if !known {
				n = len(values)
				values[e.value] = n
			}
			s.number(n)
			if !known {
				s.text(e.value.key)
			}
		}
		before = e
	}
}

func (s *snapshot) entry(e, before *entry) {
	var has byte
	set := func(bit byte, on bool) {
		if on {
			has |= bit
		}
	}
	set(entryFile, e.file != before.file)
	set(entryShares, e.detail != nil && e.detail == before.detail)
	set(entryDetail, e.detail != nil && e.detail != before.detail)
	set(entryCharged, e.cost != 0)
	set(entryNumber, e.num != 0)
	set(entryRule, e.pos != 0)
	s.dst = append(s.dst, has)
	s.signed(e.time - before.time)
	s.signed(e.record - before.record)
	if has&entryFile != 0 {
		s.word(e.file)
	}
	if has&entryNumber != 0 {
		s.float(e.num)
	}
	if has&entryRule != 0 {
		s.number(int(e.pos))
	}
	if has&entryDetail != 0 {
		s.named(&e.detail.entities)
		s.list(e.detail.carried)
		s.place(e.detail.inner)
	}
}

// named writes entities of which one kind or the other is often that of the detail before.
func (s *snapshot) named(e *Entities) {
	at := len(s.dst)
	s.dst = append(s.dst, 0)
	was := s.last.kinds()
	for i, list := range e.kinds() {
		if slices.Equal(*list, *was[i]) {
			s.dst[at] |= 1 << i
		} else {
			s.list(*list)
		}
	}
	s.last = e
}

func (s *snapshot) chain(c *chain, than int64) {
	for i := range c.best {
		s.moment(c.best[i], than)
		s.moment(c.next[i], than)
	}
	s.dst = binary.AppendUvarint(s.dst, c.done)
	s.moment(c.time, than)
	s.ref(EventRef{File: c.file, Record: c.record})
}

// moment writes a time relative to another; never costs one byte.
func (s *snapshot) moment(t, than int64) {
	if t == never {
		s.dst = append(s.dst, 0)
		return
	}
	s.dst = append(s.dst, 1)
	s.signed(t - than)
}

func (s *snapshot) entities(e *Entities) {
	s.list(e.Hosts)
	s.list(e.Users)
	s.list(e.Addresses)
	s.list(e.Targets)
}
