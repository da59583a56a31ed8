package detect

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math/bits"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/pack"
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
	w := &pack.Packer{Data: append(append(dst, snapshotMagic...), snapshotVersion)}
	w.Part(func() {
		w.Signed(l.now)
		w.Signed(l.watermark)
		w.Signed(l.corr.clock)
		for _, n := range l.counts() {
			w.Signed(*n)
		}
	})
	w.Part(func() { l.packStreams(w) })
	w.Part(func() { l.engine.pack(w, l.queue.Sorted()) })
	s := &snapshot{Packer: w, places: make(map[*burst]int)}
	w.Part(func() { s.bursts(l.corr) })
	w.Number(len(l.corr.plans))
	for i, p := range l.corr.plans {
		w.Data = append(w.Data, l.marks[i][:]...)
		open := l.open(p)
		w.Number(len(open))
		for _, key := range open {
			raw, _ := hex.DecodeString(key) // made by hashOf
			w.Data = append(w.Data, raw...)
		}
		w.Part(func() { s.plan(p) })
	}
	w.Part(func() {
		if l.backlog != nil {
			w.Data = l.backlog.Snapshot(w.Data)
		}
	})
	return binary.LittleEndian.AppendUint32(w.Data, crc32.Checksum(w.Data[base:], crc32.MakeTable(crc32.Castagnoli)))
}

func (l *Live) packStreams(w *pack.Packer) {
	list := slices.Clone(l.streams.list)
	slices.SortFunc(list, func(a, b stream) int { return strings.Compare(a.name, b.name) })
	w.Number(len(list))
	for i := range list {
		w.Text(list[i].name)
		w.Signed(list[i].latest)
		w.Signed(list[i].seen)
		behind := 0
		if list[i].behind {
			behind = 1
		}
		w.Number(behind)
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
	*pack.Packer
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
	s.Number(len(s.order))
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
	s.Signed(b.first)
	s.Signed(b.last - b.first)
	s.ref(b.ref)
	s.List(b.by)
	s.Float(b.value)
	s.Signed(b.count)
	s.Signed(b.cost)
	s.Signed(b.told)
	s.Signed(b.toldAt)
	s.events(b.list.head, b.first)
	s.events(append(slices.Clone(b.list.tail[b.list.next:]), b.list.tail[:b.list.next]...), b.first)
	s.Number(len(b.parts))
	for i := range b.parts {
		p := &b.parts[i]
		s.Number(s.places[p.inner])
		s.Signed(p.count)
		s.events(p.list, b.first)
	}
	s.Number(len(b.tuples))
	for _, t := range b.tuples {
		s.List(t)
	}
	s.entities(&b.entities)
}

func (s *snapshot) ref(r EventRef) {
	s.Word(r.File)
	s.Signed(r.Record)
}

func (s *snapshot) events(list []seenEvent, time int64) {
	record := int64(0)
	s.Number(len(list))
	for _, e := range list {
		s.Signed(e.time - time)
		s.Signed(e.record - record)
		s.Word(e.file)
		time, record = e.time, e.record
	}
}

// place writes which burst is meant; nil is 0.
func (s *snapshot) place(b *burst) {
	if b == nil {
		s.Number(0)
		return
	}
	s.Number(s.places[b] + 1)
}

// plan writes the groups of a correlation, that which was touched first at first.
func (s *snapshot) plan(p *plan) {
	s.Number(len(p.groups))
	s.last = &Entities{}
	time := int64(0)
	for g := p.front; g != nil; g = g.next {
		s.Text(g.key)
		s.Signed(g.touched - time)
		time = g.touched
		s.place(g.burst)
		if p.late {
			s.lateGroup(p, g)
		} else {
			s.window(p, g)
		}
		if p.sums() {
			s.Float(g.sum)
			s.Signed(g.taken)
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
	s.Signed(g.n)
	switch {
	case g.distinct != nil:
		keys := make([]string, 0, len(g.distinct))
		for k := range g.distinct {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		s.Number(len(keys))
		for _, k := range keys {
			s.Text(k)
		}
	case g.order != nil:
		s.Number(g.order.n)
		for _, block := range g.order.blocks {
			for _, v := range block {
				s.Float(v)
			}
		}
	case g.rules != nil:
		for _, n := range g.rules {
			s.Number(int(n))
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
	s.Number(w.entries)
	s.Number(bits.Len(uint(len(w.ring))))
	s.Number(int(max(g.absorbed, w.begin()) - w.begin()))
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
			s.Number(n)
			if !known {
				s.Text(e.value.key)
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
	s.Data = append(s.Data, has)
	s.Signed(e.time - before.time)
	s.Signed(e.record - before.record)
	if has&entryFile != 0 {
		s.Word(e.file)
	}
	if has&entryNumber != 0 {
		s.Float(e.num)
	}
	if has&entryRule != 0 {
		s.Number(int(e.pos))
	}
	if has&entryDetail != 0 {
		s.named(&e.detail.entities)
		s.List(e.detail.carried)
		s.place(e.detail.inner)
	}
}

// named writes entities of which one kind or the other is often that of the detail before.
func (s *snapshot) named(e *Entities) {
	at := len(s.Data)
	s.Data = append(s.Data, 0)
	was := s.last.kinds()
	for i, list := range e.kinds() {
		if slices.Equal(*list, *was[i]) {
			s.Data[at] |= 1 << i
		} else {
			s.List(*list)
		}
	}
	s.last = e
}

func (s *snapshot) chain(c *chain, than int64) {
	for i := range c.best {
		s.moment(c.best[i], than)
		s.moment(c.next[i], than)
	}
	s.Data = binary.AppendUvarint(s.Data, c.done)
	s.moment(c.time, than)
	s.ref(EventRef{File: c.file, Record: c.record})
}

// moment writes a time relative to another; never costs one byte.
func (s *snapshot) moment(t, than int64) {
	if t == never {
		s.Data = append(s.Data, 0)
		return
	}
	s.Data = append(s.Data, 1)
	s.Signed(t - than)
}

func (s *snapshot) entities(e *Entities) {
	s.List(e.Hosts)
	s.List(e.Users)
	s.List(e.Addresses)
	s.List(e.Targets)
}
