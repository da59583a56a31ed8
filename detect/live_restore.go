package detect

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
	"slices"

	"github.com/tocsin-sec/tocsin/pack"
)

// Restore puts back what Snapshot wrote, in place of all that the Live knows. The engine may be of other rules than that
// of the snapshot: what is of rules that are the same, by id and content, is taken over, the rest begins anew; Gone names
// the open hits that this leaves without an end. After an error the Live is as it was. Damage of any kind is an error,
// never a panic.
func (l *Live) Restore(p []byte) error {
	u, err := openSnapshot(p)
	if err != nil {
		return err
	}
	r := &restoring{Unpacker: u, size: len(p), live: &Live{
		engine: l.engine, opt: l.opt, corr: l.corr.blank(), keys: l.keys, marks: l.marks,
		streams: streams{index: make(map[string]int)}, room: l.room, side: l.side,
	}}
	r.live.corr.watch, r.live.corr.limit = true, l.corr.limit
	head := u.Part()
	r.live.now, r.live.watermark, r.live.corr.clock = head.Signed(), head.Signed(), head.Signed()
	for _, n := range r.live.counts() {
		*n = max(head.Signed(), 0)
	}
	r.finish(head, "its counts")
	r.streams(u.Part())
	r.waiting(u.Part())
	r.bursts(u.Part())
	r.plans()
	r.backlog(u.Part().Data)
	if r.err == nil && (u.Bad || len(u.Data) > 0) {
		r.damaged("its end")
	}
	if r.err != nil {
		return fmt.Errorf("restore correlations: %w", r.err)
	}
	*l = *r.live
	return nil
}

// Gone returns the keys of hits that were open in the snapshot that was restored, and of whose rules, which are no
// longer in force or have changed, no more will be told.
func (l *Live) Gone() []string { return l.gone }

func openSnapshot(p []byte) (*pack.Unpacker, error) {
	head := len(snapshotMagic) + 1
	switch {
	case len(p) < head+4 || string(p[:len(snapshotMagic)]) != snapshotMagic:
		return nil, errors.New("restore correlations: this is no snapshot of correlations")
	case p[head-1] != snapshotVersion:
		return nil, fmt.Errorf("restore correlations: the snapshot is of version %d; version %d is read", p[head-1], snapshotVersion)
	}
	body, sum := p[:len(p)-4], binary.LittleEndian.Uint32(p[len(p)-4:])
	if crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) != sum {
		return nil, errors.New("restore correlations: the snapshot is damaged: its checksum does not fit")
	}
	return &pack.Unpacker{Reader: pack.Reader{Data: body[head:]}}, nil
}

// restoring puts a snapshot back into a new Live.
type restoring struct {
	*pack.Unpacker
	size   int
	live   *Live
	err    error
	loaded []*burst
	depths []int
	owned  []bool   // by burst: it is that of a group
	last   Entities // of the detail read last
}

func (r *restoring) damaged(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("the snapshot is damaged in %s, in the %d bytes before byte %d", what, r.size, r.size-len(r.Data))
	}
	r.Fail()
}

// finish checks that a part was read to its end and without damage.
func (r *restoring) finish(u *pack.Unpacker, what string) {
	if r.Bad || u.Bad || len(u.Data) > 0 {
		r.damaged(what)
	}
}

// backlog restores that of a Live, which is a snapshot of its own.
func (r *restoring) backlog(p []byte) {
	if r.Bad || len(p) == 0 {
		return
	}
	if r.live.side {
		r.damaged("its backlog")
		return
	}
	b := r.live.newBacklog()
	if err := b.Restore(p); err != nil {
		r.err = err
		return
	}
	r.live.backlog, r.live.gone = b, append(r.live.gone, b.gone...)
}

func (r *restoring) streams(u *pack.Unpacker) {
	all := &r.live.streams
	for range u.Number(MaxStreams + 1) {
		s := stream{name: u.Text(), latest: u.Signed(), seen: u.Signed(), behind: u.Number(2) == 1}
		if _, twice := all.index[s.name]; u.Bad || twice {
			u.Fail()
			break
		}
		all.index[s.name] = len(all.list)
		all.list = append(all.list, s)
	}
	r.live.rank()
	r.finish(u, "its streams")
}

func (r *restoring) waiting(u *pack.Unpacker) {
	items, _ := r.live.engine.unpack(u)
	for _, w := range items {
		r.live.queue.Add(w)
	}
	r.finish(u, "what waits")
}

const (
	minBurst = 24 // bytes of a burst without any content
	minEvent = 3
)

func (r *restoring) bursts(u *pack.Unpacker) {
	n := u.Count(minBurst)
	for i := 0; i < n && !u.Bad; i++ {
		b, depth := r.burst(u)
		if depth > len(r.live.corr.plans)+maxDepth {
			u.Fail()
		}
		r.loaded, r.depths = append(r.loaded, b), append(r.depths, depth)
	}
	r.owned = make([]bool, len(r.loaded))
	r.finish(u, "its bursts")
}

// maxDepth bounds how deep bursts of rules that are gone are made of each other.
const maxDepth = 64

func (r *restoring) burst(u *pack.Unpacker) (b *burst, depth int) {
	b = &burst{first: u.Signed()}
	b.last = b.first + u.Signed()
	b.ref = refOf(u)
	b.by = u.List(maxActors)
	b.value, b.count, b.cost = u.Float(), u.Signed(), u.Signed()
	b.told, b.toldAt = u.Signed(), u.Signed()
	b.list.head = eventsOf(u, refsHead, b.first)
	b.list.tail = eventsOf(u, refsTail, b.first)
	for range u.Number(maxParts + 1) {
		at := u.Number(len(r.loaded))
		p := part{count: u.Signed(), list: eventsOf(u, MaxEventRefs, b.first)}
		if u.Bad {
			return b, 0
		}
		p.inner = r.loaded[at]
		depth = max(depth, r.depths[at]+1)
		b.parts = append(b.parts, p)
	}
	cost := b.cost
	for range u.Number(maxTuples + 1) {
		if t := u.List(pack.MaxStrings); u.Bad || !b.fresh(t) {
			u.Fail()
			return b, 0
		}
	}
	b.cost = cost
	b.entities = unpackEntities(u)
	if b.cost < 0 || b.cost > MaxState || b.count < 0 || b.told < 0 || len(b.list.head) < refsHead && len(b.list.tail) > 0 {
		u.Fail()
	}
	return b, depth
}

func refOf(u *pack.Unpacker) EventRef { return EventRef{File: u.Word(), Record: u.Signed()} }

func eventsOf(u *pack.Unpacker, most int, time int64) []seenEvent {
	n := u.Number(min(most, len(u.Data)/minEvent) + 1)
	if n == 0 {
		return nil
	}
	list, record := make([]seenEvent, n), int64(0)
	for i := range list {
		time += u.Signed()
		record += u.Signed()
		list[i] = seenEvent{time: time, record: record, file: u.Word()}
	}
	return list
}

// place reads which burst is meant.
func (r *restoring) place(u *pack.Unpacker) *burst {
	n := u.Number(len(r.loaded) + 1)
	if n == 0 {
		return nil
	}
	return r.loaded[n-1]
}

// plans reads the groups of the correlations that are in force and unchanged.
func (r *restoring) plans() {
	l := r.live
	done := make([]bool, len(l.marks))
	for range r.Count(len(mark{}) + 9) {
		var k mark
		copy(k[:], r.Bytes(len(k)))
		var open []string
		for range r.Count(16) {
			open = append(open, hex.EncodeToString(r.Bytes(16)))
		}
		u := r.Part()
		if r.Bad {
			r.damaged("its correlations")
			return
		}
		i := slices.Index(l.marks, k)
		if i < 0 {
			l.gone = append(l.gone, open...)
			continue
		}
		p := l.corr.plans[i]
		if !p.alone || !l.engine.wanted(p.rule) {
			l.gone = append(l.gone, open...)
		}
		if done[i] {
			u.Fail()
		}
		done[i] = true
		r.groups(u, p)
		r.finish(u, fmt.Sprintf("the groups of %q", p.rule.Title))
	}
}

const minGroup = 5 // bytes of a group without any content

func (r *restoring) groups(u *pack.Unpacker, p *plan) {
	c := r.live.corr
	r.last = Entities{}
	touched := int64(0)
	for i := range u.Count(minGroup) {
		key := u.Text()
		was := touched
		touched += u.Signed()
		if _, twice := p.groups[key]; u.Bad || twice || !isKey(key, p.nGroup) || i > 0 && touched < was {
			u.Fail()
			return
		}
		g := c.enter(p, key, touched)
		c.size -= g.cost
		r.group(u, p, g)
		c.size += g.cost
		if c.size > 2*c.limit {
			u.Fail()
		}
		if u.Bad {
			return
		}
	}
}

func (r *restoring) group(u *pack.Unpacker, p *plan, g *group) {
	n := u.Number(len(r.loaded) + 1)
	if u.Bad || p.late && n == 0 || n > 0 && r.owned[n-1] {
		u.Fail()
		return
	}
	if n > 0 {
		b := r.loaded[n-1]
		if g.burst != nil { // the one that was prepared
			g.cost -= g.burst.cost
		}
		for _, t := range b.tuples {
			if len(t) != p.carried {
				u.Fail()
			}
		}
		r.owned[n-1], g.burst = true, b
		g.cost += b.cost
	}
	if u.Bad {
		return
	}
	if p.late {
		r.lateGroup(u, g)
	} else {
		r.window(u, p, g)
	}
	if p.sums() {
		g.sum, g.taken = u.Float(), u.Signed()
	}
	if g.chain != nil {
		r.chain(u, g.chain, g.touched)
	}
}

func (r *restoring) lateGroup(u *pack.Unpacker, g *group) {
	if g.n = u.Signed(); g.n < 0 {
		u.Fail()
	}
	switch {
	case g.distinct != nil:
		for range u.Number(min(len(u.Data), maxWindow) + 1) {
			k := u.Text()
			g.distinct[k] = &distinct{key: k, n: 1}
			g.cost += distinctCost + int64(len(k))
		}
	case g.order != nil:
		for range u.Number(min(len(u.Data)/8, maxWindow) + 1) {
			v := u.Float()
			if !finite(v) {
				u.Fail()
				return
			}
			g.order.insert(v)
			g.cost += numberCost
		}
	case g.rules != nil:
		for i := range g.rules {
			if g.rules[i] = int32(u.Number(math.MaxInt32)); g.rules[i] > 0 {
				g.mask |= 1 << i
			}
		}
	}
}

func (r *restoring) window(u *pack.Unpacker, p *plan, g *group) {
	n := u.Number(min(len(u.Data)/3, p.limit) + 1)
	size := u.Number(bits.Len(maxWindow) + 1)
	ring := 0
	if size > 0 {
		ring = 1 << (size - 1)
	}
	if u.Bad || ring < n || ring > max(16, 4*n) {
		u.Fail()
		return
	}
	if ring > 0 {
		g.cost += g.window.resize(ring)
	}
	g.absorbed = int64(u.Number(n + 1))
	var values []*distinct
	before := &entry{time: g.touched}
	for range n {
		e := r.entry(u, p, g, before)
		if g.distinct == nil {
			r.live.corr.count(p, g, &e)
		} else if at := u.Number(len(values) + 1); !u.Bad {
			if at == len(values) {
				values = append(values, g.valueOf(u.Bytes(u.Number(len(u.Data)+1))))
			}
			e.value = values[at]
			e.value.n++
			g.n++
		}
		if u.Bad {
			return
		}
		_ = g.window.push(e)
		before = g.window.at(g.window.end() - 1)
	}
}

func (r *restoring) entry(u *pack.Unpacker, p *plan, g *group, before *entry) entry {
	has := u.Byte()
	e := entry{time: before.time + u.Signed(), record: before.record + u.Signed(), file: before.file}
	if has&entryFile != 0 {
		e.file = u.Word()
	}
	if has&entryNumber != 0 {
		if e.num = u.Float(); !finite(e.num) {
			u.Fail()
		}
	}
	if has&entryRule != 0 {
		e.pos = int32(u.Number(len(p.rule.Correlation.Rules)))
	}
	switch {
	case has&entryDetail != 0:
		e.detail = &detail{entities: r.named(u), carried: u.List(pack.MaxStrings), inner: r.place(u)}
	case has&entryShares != 0:
		e.detail = before.detail
	}
	d := e.detail
	if d == nil && (has&(entryShares|entryCharged) != 0 || p.carried > 0) || d != nil && len(d.carried) != p.carried {
		u.Fail()
	}
	if has&entryCharged != 0 && !u.Bad {
		e.cost = int32(min(d.cost(), math.MaxInt32/2))
		g.cost += int64(e.cost)
	}
	return e
}

// named reads the entities of a detail. As details do not change, they may share what they have in common.
func (r *restoring) named(u *pack.Unpacker) Entities {
	same := u.Byte()
	for i, list := range r.last.kinds() {
		if same>>i&1 == 0 {
			*list = u.List(maxHitEntities)
		}
	}
	return r.last
}

func (r *restoring) chain(u *pack.Unpacker, c *chain, than int64) {
	for i := range c.best {
		c.best[i], c.next[i] = unpackMoment(u, than), unpackMoment(u, than)
	}
	done, n := binary.Uvarint(u.Data)
	if n <= 0 {
		u.Fail()
		return
	}
	u.Data = u.Data[n:]
	c.done, c.time = done, unpackMoment(u, than)
	ref := refOf(u)
	c.file, c.record = ref.File, ref.Record
}

func finite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }

// isKey tells whether a text is made of n parts, as appendPart makes them.
func isKey(key string, n int) bool {
	for ; n > 0; n-- {
		size, used := binary.Uvarint([]byte(key[:min(len(key), binary.MaxVarintLen64)]))
		if used <= 0 || size > MaxValue || size > uint64(len(key)-used) {
			return false
		}
		key = key[used+int(size):]
	}
	return key == ""
}

// unpackMoment reads what packMoment wrote.
func unpackMoment(u *pack.Unpacker, than int64) int64 {
	switch u.Byte() {
	case 0:
		return never
	case 1:
		return than + u.Signed()
	}
	u.Fail()
	return never
}

func unpackEntities(u *pack.Unpacker) Entities {
	var e Entities
	for _, list := range e.kinds() {
		*list = u.List(maxHitEntities)
	}
	return e
}
