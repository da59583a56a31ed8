package intel

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"net/netip"
	"slices"
)

// Limits of a set.
const (
	MaxIndicators = 1 << 25 // values
	MaxSources    = 1 << 12
	MaxPatterns   = 1 << 14
	MaxNotes      = 24 << 20 // bytes of descriptions, tags and references
	maxKeys       = math.MaxUint32 - 1<<16
)

// ErrFull says that a set takes no more.
var ErrFull = errors.New("the set of indicators is full")

// Builder gathers indicators for a Set. It belongs to one goroutine.
type Builder struct {
	set       Set
	bySource  map[string]uint16
	metaIDs   map[meta]uint32 // of late; forgotten when many
	noteIDs   map[string]uint32
	unnoted   int // indicators whose words had no room
	scratch   []byte
	noteBytes []byte
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	b := &Builder{bySource: make(map[string]uint16), metaIDs: make(map[meta]uint32), noteIDs: make(map[string]uint32)}
	for k := range b.set.seeds {
		b.set.seeds[k] = maphash.MakeSeed()
	}
	b.set.second = maphash.MakeSeed()
	b.set.notes = []byte{0, 0, 0} // note 0 says nothing
	b.grow(1 << 10)
	return b
}

// Unnoted returns how many indicators lost their descriptions, tags and references because there was no room for more.
func (b *Builder) Unnoted() int { return b.unnoted }

// Add takes an indicator, whose value is in its normal form. A value that the source has given already becomes one that is
// valid for as long as either. It returns whether the value is new for its source; its only errors are ErrFull.
func (b *Builder) Add(in *Indicator) (fresh bool, err error) {
	if b.set.used+len(b.set.v4)+len(b.set.v6) >= MaxIndicators || len(b.set.keys) >= maxKeys {
		return false, ErrFull
	}
	m, err := b.metaOf(in)
	if err != nil {
		return false, err
	}
	if in.Kind == Network {
		return b.addNetwork(in.Value, m)
	}
	key, err := appendKey(b.scratch[:0], in.Kind, in.Value)
	if err != nil {
		return false, err
	}
	b.scratch = key[:0]
	fresh = b.insert(in.Kind, key, m)
	if fresh {
		b.set.counts[in.Kind]++
	}
	return fresh, nil
}

// AddPattern takes a pattern.
func (b *Builder) AddPattern(p *PatternIndicator) error {
	if len(b.set.patterns) >= MaxPatterns {
		return ErrFull
	}
	b.set.patterns = append(b.set.patterns, p)
	b.set.counts[Pattern]++
	return nil
}

// appendKey appends the bytes by which a value is found.
func appendKey(dst []byte, k Kind, value string) ([]byte, error) {
	ok := true
	switch k {
	case IP:
		a, err := netip.ParseAddr(value)
		if ok = err == nil; ok {
			dst = appendAddr(dst, a)
		}
	case Endpoint:
		a, err := netip.ParseAddrPort(value)
		if ok = err == nil; ok {
			dst = binary.BigEndian.AppendUint16(appendAddr(dst, a.Addr()), a.Port())
		}
	case MD5, SHA1, SHA256, SHA512, Imphash, JA3:
		dst, ok = appendHex(dst, value)
	default:
		dst = append(dst, value...)
	}
	if !ok || len(dst) == 0 {
		return nil, fmt.Errorf("%q is no %s", clip(value), k)
	}
	return dst, nil
}

func appendAddr(dst []byte, a netip.Addr) []byte {
	if a.Is4() {
		v := a.As4()
		return append(dst, v[:]...)
	}
	v := a.As16()
	return append(dst, v[:]...)
}

func appendHex(dst []byte, s string) ([]byte, bool) {
	if len(s)%2 != 0 {
		return dst, false
	}
	for i := 0; i < len(s); i += 2 {
		hi, ok1 := nibble(s[i])
		lo, ok2 := nibble(s[i+1])
		if !ok1 || !ok2 {
			return dst, false
		}
		dst = append(dst, hi<<4|lo)
	}
	return dst, true
}

// forget bounds what is remembered in order to store it once.
const forget = 1 << 15

func (b *Builder) metaOf(in *Indicator) (uint32, error) {
	source, ok := b.bySource[in.Source]
	if !ok {
		if len(b.set.sources) >= MaxSources {
			return 0, ErrFull
		}
		source = uint16(len(b.set.sources))
		b.set.sources = append(b.set.sources, in.Source)
		b.bySource[in.Source] = source
	}
	return b.metaID(meta{
		from: seconds(in.From), until: seconds(in.Until), note: b.noteOf(in), source: source, confidence: uint8(min(max(in.Confidence, 0), 100)),
	}), nil
}

func (b *Builder) metaID(m meta) uint32 {
	id, ok := b.metaIDs[m]
	if !ok {
		if len(b.metaIDs) >= forget {
			clear(b.metaIDs)
		}
		id = uint32(len(b.set.metas))
		b.set.metas = append(b.set.metas, m)
		b.metaIDs[m] = id
	}
	return id
}

func seconds(t int64) uint32 { return uint32(min(max(t, 0), math.MaxUint32)) }

// noteOf stores the words of an indicator.
func (b *Builder) noteOf(in *Indicator) uint32 {
	if in.Description == "" && in.Reference == "" && len(in.Tags) == 0 {
		return 0
	}
	n := appendNote(b.noteBytes[:0], in)
	b.noteBytes = n
	if id, ok := b.noteIDs[string(n)]; ok {
		return id
	}
	if len(b.set.notes)+len(n) > MaxNotes {
		b.unnoted++
		return 0
	}
	if len(b.noteIDs) >= forget {
		clear(b.noteIDs)
	}
	id := uint32(len(b.set.notes))
	b.set.notes = append(b.set.notes, n...)
	b.noteIDs[string(n)] = id
	return id
}

// Lengths of what is kept of a source's words, in bytes.
const (
	maxDescription = 200
	maxReference   = 200
	maxTag         = 80
	maxTags        = 8
)

func appendNote(dst []byte, in *Indicator) []byte {
	put := func(s string, most int) {
		if len(s) > most {
			s = clipTo(s, most)
		}
		dst = append(append(dst, byte(len(s))), s...)
	}
	put(in.Description, maxDescription)
	put(in.Reference, maxReference)
	tags := in.Tags[:min(len(in.Tags), maxTags)]
	dst = append(dst, byte(len(tags)))
	for _, t := range tags {
		put(t, maxTag)
	}
	return dst
}

func readNote(n []byte) (description, reference string, tags []string) {
	get := func() string {
		s := string(n[1 : 1+int(n[0])])
		n = n[1+int(n[0]):]
		return s
	}
	description, reference = get(), get()
	count := int(n[0])
	n = n[1:]
	for range count {
		tags = append(tags, get())
	}
	return description, reference, tags
}

// insert puts a key into the table.
func (b *Builder) insert(k Kind, key []byte, m uint32) (fresh bool) {
	s := &b.set
	h := maphash.Bytes(s.seeds[k], key)
	i, tag := s.place(h)
	var digest [digestSize]byte
	known := false
	for s.tags[i] != 0 {
		if s.tags[i] == tag && s.same(s.slots[i].key, k, h, key, &digest, &known) {
			if old := s.metas[s.slots[i].meta]; old.source == s.metas[m].source {
				s.slots[i].meta = b.merge(s.slots[i].meta, m)
				return false
			}
		}
		if i++; i == uint64(len(s.slots)) {
			i = 0
		}
	}
	at := uint32(len(s.keys))
	if len(key) > longKey {
		s.digest(h, key, &digest)
		s.keys = append(append(s.keys, byte(k)|digestFlag), digest[:]...)
	} else {
		s.keys = append(append(s.keys, byte(k), byte(len(key))), key...)
	}
	s.tags[i], s.slots[i] = tag, slot{at, m}
	if s.used++; s.used*4 > len(s.slots)*3 {
		b.grow(len(s.slots) * 2)
	}
	return true
}

// merge joins what one source says twice of one value.
func (b *Builder) merge(old, fresh uint32) uint32 {
	x, y := b.set.metas[old], b.set.metas[fresh]
	m := x
	if y.confidence > x.confidence {
		m = y
	}
	m.from = min(x.from, y.from)
	m.until = max(x.until, y.until)
	if x.until == 0 || y.until == 0 {
		m.until = 0
	}
	switch m {
	case x:
		return old
	case y:
		return fresh
	}
	return b.metaID(m)
}

// grow makes the table anew with n slots.
func (b *Builder) grow(n int) {
	s := &b.set
	old, tags := s.slots, s.tags
	s.slots, s.tags = make([]slot, n), make([]uint8, n)
	for j, o := range old {
		if tags[j] == 0 {
			continue
		}
		i, tag := s.place(s.hashOf(o.key))
		for s.tags[i] != 0 {
			if i++; i == uint64(n) {
				i = 0
			}
		}
		s.tags[i], s.slots[i] = tag, o
	}
}

func (b *Builder) addNetwork(value string, m uint32) (bool, error) {
	p, ok := network(value)
	if !ok {
		return false, fmt.Errorf("%q is no network", clip(value))
	}
	a := p.Addr()
	b.set.counts[Network]++
	if a.Is4() {
		v := a.As4()
		first := binary.BigEndian.Uint32(v[:])
		b.set.v4 = append(b.set.v4, net4{first: first, last: first | uint32(1<<(32-p.Bits())-1), meta: m, parent: -1})
		return true, nil
	}
	v := a.As16()
	b.set.v6 = append(b.set.v6, net6{
		first: [2]uint64{binary.BigEndian.Uint64(v[:]), binary.BigEndian.Uint64(v[8:])}, meta: m, parent: -1, bits: uint8(p.Bits()),
	})
	return true, nil
}

// Build returns the set, and leaves nothing in the Builder.
func (b *Builder) Build() *Set {
	s := b.set
	b.grow(max(16, s.used*4/3+1))
	s.slots, s.tags = b.set.slots, b.set.tags
	s.keys, s.metas, s.notes = shrunk(s.keys), shrunk(s.metas), shrunk(s.notes)
	s.sortNetworks(b)
	s.metas = shrunk(s.metas)
	for _, p := range s.patterns {
		p.types = p.Pattern.Types()
	}
	b.set = Set{}
	return &s
}

func shrunk[T any](s []T) []T { return append(make([]T, 0, len(s)), s...) }

// sortNetworks sorts the networks and joins what a source says twice.
func (s *Set) sortNetworks(b *Builder) {
	b.set.metas = s.metas
	source := func(m uint32) uint16 { return s.metas[m].source }
	same := func(into *uint32, next uint32) bool { // joins what is known of one network, if both are of one source
		if source(*into) != source(next) {
			return false
		}
		*into = b.merge(*into, next)
		s.metas = b.set.metas
		return true
	}
	slices.SortFunc(s.v4, func(x, y net4) int {
		return cmp.Or(cmp.Compare(x.first, y.first), cmp.Compare(y.last, x.last), cmp.Compare(source(x.meta), source(y.meta)))
	})
	s.v4 = shrunk(joined(s.v4, func(x, y *net4) bool {
		return !(x.first != y.first || x.last != y.last) && same(&x.meta, y.meta)
	}))
	for i := range s.v4 {
		p := int32(i) - 1
		for p >= 0 && s.v4[p].last < s.v4[i].last {
			p = s.v4[p].parent
		}
		s.v4[i].parent = p
	}
	slices.SortFunc(s.v6, func(x, y net6) int {
		return cmp.Or(slices.Compare(x.first[:], y.first[:]), cmp.Compare(x.bits, y.bits), cmp.Compare(source(x.meta), source(y.meta)))
	})
	s.v6 = shrunk(joined(s.v6, func(x, y *net6) bool {
		return !(x.first != y.first || x.bits != y.bits) && same(&x.meta, y.meta)
	}))
	for i := range s.v6 {
		p := int32(i) - 1
		for p >= 0 && !(s.v6[p].bits <= s.v6[i].bits && holds6(&s.v6[p], s.v6[i].first)) {
			p = s.v6[p].parent
		}
		s.v6[i].parent = p
	}
	s.counts[Network] = len(s.v4) + len(s.v6)
}

// joined drops the elements of a sorted list that join takes into the one before.
func joined[T any](list []T, join func(into, next *T) bool) []T {
	out := list[:0]
	for i := range list {
		if len(out) > 0 && join(&out[len(out)-1], &list[i]) {
			continue
		}
		out = append(out, list[i])
	}
	return out
}
