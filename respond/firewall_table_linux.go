package respond

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// The table of the kernel. Sets hold what is blocked; the chains ask them. Nothing outside of it is read or changed.
//
//	prerouting, before connections are tracked: allow, in, limit
//	forward:                                     allow, forward
//	postrouting:                                 allow, out
//
// For each family there is a hash set of single addresses, a set of intervals for networks, and one of network, protocol and
// port. What is dropped is counted by its element, and told to whoever listens at the log group.

const (
	tableName = "tocsin"
	// LogGroup is the number of the kernel's log group (NFLOG) at which dropped packets are told.
	LogGroup = 7077
)

// setKind is what a set holds.
type setKind int

const (
	single setKind = iota
	network
	ported
)

// setSpec is a set of the table.
type setSpec struct {
	name    string
	verdict Verdict
	dir     Direction
	kind    setKind
	six     bool
}

// Types of the keys of sets, and how many bits each part of a concatenation takes, as nft knows them; for nft alone.
const (
	nftIPv4, nftIPv6, nftProto, nftPort, nftFamily = 7, 8, 12, 13, 2

	setConcat     = 0x80 // NFT_SET_CONCAT
	setExpr       = 17   // NFTA_SET_EXPR
	elemExprs     = 11   // NFTA_SET_ELEM_EXPRESSIONS
	tableUserdata = 6    // NFTA_TABLE_USERDATA
	setElemKeyEnd = 10   // NFTA_SET_ELEM_KEY_END
)

// setSpecs are the sets of blocks, in a fixed order.
func setSpecs() []setSpec {
	var list []setSpec
	for _, six := range []bool{false, true} {
		end := map[bool]string{false: "4", true: "6"}[six]
		for _, s := range []setSpec{
			{"allow", Allow, In, single, six},
			{"allow", Allow, In, network, six},
			{"in", Drop, In, single, six},
			{"in", Drop, In, network, six},
			{"in", Drop, In, ported, six},
			{"out", Drop, Out, single, six},
			{"out", Drop, Out, network, six},
			{"out", Drop, Out, ported, six},
			{"through", Drop, Forward, single, six},
			{"through", Drop, Forward, network, six},
			{"through", Drop, Forward, ported, six},
			{"limit", Limit, In, single, six},
		} {
			s.name += end + []string{"", "_nets", "_ports"}[s.kind]
			list = append(list, s)
		}
	}
	return list
}

// setOf says in which set a block is.
func (b *Block) set() (verdict Verdict, dir Direction, kind setKind, six bool) {
	kind = network
	switch {
	case b.Port != 0:
		kind = ported
	case b.Prefix.IsSingleIP():
		kind = single
	}
	return b.Verdict, b.Dir, kind, !b.Prefix.Addr().Is4()
}

// of are the blocks that belong into a set, as they are there: any address is so in both families.
func (s *setSpec) of(blocks []Block) []Block {
	var list []Block
	for _, b := range blocks {
		if s.six && b.everywhere() {
			b.Prefix = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
		if s.holds(&b) {
			list = append(list, b)
		}
	}
	return list
}

func (s *setSpec) holds(b *Block) bool {
	verdict, dir, kind, six := b.set()
	return s.verdict == verdict && s.dir == dir && s.kind == kind && s.six == six
}

func (s *setSpec) addressLen() int {
	if s.six {
		return 16
	}
	return 4
}

// put adds the message that makes the set.
func (s *setSpec) put(m *message, id uint32) {
	address := uint32(nftIPv4)
	if s.six {
		address = nftIPv6
	}
	size := uint32(s.addressLen())
	flags, keyType, keyLen := uint32(unix.NFT_SET_TIMEOUT), address, size
	switch s.kind {
	case network:
		flags |= unix.NFT_SET_INTERVAL
	case ported:
		flags |= unix.NFT_SET_INTERVAL | setConcat
		keyType, keyLen = address<<12|nftProto<<6|nftPort, size+8
	}
	if s.verdict == Limit {
		flags |= unix.NFT_SET_EVAL
	}
	m.begin(unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE)
	m.text(unix.NFTA_SET_TABLE, tableName)
	m.text(unix.NFTA_SET_NAME, s.name)
	m.u32(unix.NFTA_SET_ID, id)
	m.u32(unix.NFTA_SET_FLAGS, flags)
	m.u32(unix.NFTA_SET_KEY_TYPE, keyType)
	m.u32(unix.NFTA_SET_KEY_LEN, keyLen)
	if s.kind == ported {
		m.nest(unix.NFTA_SET_DESC)
		m.nest(2) // NFTA_SET_DESC_CONCAT
		for _, n := range []uint32{size, 1, 2} {
			m.nest(unix.NFTA_LIST_ELEM)
			m.u32(1, n) // NFTA_SET_FIELD_LEN
			m.unnest()
		}
		m.unnest()
		m.unnest()
	}
	if s.verdict != Limit {
		m.nest(setExpr)
		m.counter(0, 0)
		m.unnest()
	}
	m.bytes(unix.NFTA_SET_USERDATA, []byte{0, 4, 2, 0, 0, 0}) // for nft: the key is big endian
}

// counter adds the expression counter, from some values on.
func (m *message) counter(packets, bytes uint64) {
	m.text(unix.NFTA_EXPR_NAME, "counter")
	m.nest(unix.NFTA_EXPR_DATA)
	m.u64(unix.NFTA_COUNTER_BYTES, bytes)
	m.u64(unix.NFTA_COUNTER_PACKETS, packets)
	m.unnest()
}

// chain is a chain with its rules.
type chain struct {
	name     string
	hook     int // NF_INET_…; below 0 it is only jumped to
	priority int32
	rules    []rule
}

// rule is a list of expressions, and what nft shows behind it.
type rule struct {
	exprs   []expr.Any
	comment string
}

func (c *chain) put(m *message) {
	m.begin(unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE)
	m.text(unix.NFTA_CHAIN_TABLE, tableName)
	m.text(unix.NFTA_CHAIN_NAME, c.name)
	if c.hook >= 0 {
		m.nest(unix.NFTA_CHAIN_HOOK)
		m.u32(unix.NFTA_HOOK_HOOKNUM, uint32(c.hook))
		m.u32(unix.NFTA_HOOK_PRIORITY, uint32(c.priority))
		m.unnest()
		m.u32(unix.NFTA_CHAIN_POLICY, 1) // NF_ACCEPT
		m.text(unix.NFTA_CHAIN_TYPE, "filter")
	}
}

// putRules adds the chain's rules; the chains and sets that they name come before.
func (c *chain) putRules(m *message) error {
	for _, r := range c.rules {
		m.begin(unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_APPEND)
		m.text(unix.NFTA_RULE_TABLE, tableName)
		m.text(unix.NFTA_RULE_CHAIN, c.name)
		m.nest(unix.NFTA_RULE_EXPRESSIONS)
		for _, e := range r.exprs {
			data, err := expr.Marshal(unix.NFPROTO_INET, e)
			if err != nil {
				return err
			}
			m.bytes(unix.NFTA_LIST_ELEM|unix.NLA_F_NESTED, data)
		}
		m.unnest()
		if r.comment != "" {
			m.comment(unix.NFTA_RULE_USERDATA, r.comment)
		}
	}
	return nil
}

// comment adds what nft shows as a comment: type, length, text, NUL.
func (m *message) comment(typ uint16, text string) {
	text = text[:min(len(text), 120)]
	m.bytes(typ, append([]byte{0, byte(len(text) + 1)}, text+"\x00"...))
}

const (
	loopbackType   = 772 // ARPHRD_LOOPBACK
	blockPriority  = -310
	policyPriority = 10
)

func accept() expr.Any             { return &expr.Verdict{Kind: expr.VerdictAccept} }
func drop() expr.Any               { return &expr.Verdict{Kind: expr.VerdictDrop} }
func goTo(chain string) expr.Any   { return &expr.Verdict{Kind: expr.VerdictGoto, Chain: chain} }
func meta(k expr.MetaKey) expr.Any { return &expr.Meta{Key: k, Register: unix.NFT_REG_1} }

func equals(data ...byte) expr.Any {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: unix.NFT_REG_1, Data: data}
}

func onLoopback(k expr.MetaKey) rule {
	return rule{exprs: []expr.Any{meta(k), equals(loopbackType&0xff, loopbackType>>8), accept()}}
}

func ofFamily(six bool) []expr.Any {
	if six {
		return []expr.Any{meta(expr.MetaKeyNFPROTO), equals(unix.NFPROTO_IPV6)}
	}
	return []expr.Any{meta(expr.MetaKeyNFPROTO), equals(unix.NFPROTO_IPV4)}
}

// address loads the source's or destination's address.
func address(six, source bool) expr.Any {
	at, size := uint32(16), uint32(4)
	if source {
		at = 12
	}
	if six {
		at, size = 24, 16
		if source {
			at = 8
		}
	}
	return &expr.Payload{DestRegister: unix.NFT_REG_1, Base: expr.PayloadBaseNetworkHeader, Offset: at, Len: size}
}

// asks is a rule that looks an address up in a set.
func (s *setSpec) asks(id uint32, source bool, then expr.Any) rule {
	r := rule{exprs: []expr.Any{address(s.six, source)}}
	if s.kind == ported {
		proto := uint32(unix.NFT_REG32_01)
		if s.six {
			proto = unix.NFT_REG32_04
		}
		r.exprs = append(r.exprs, &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: proto},
			&expr.Payload{DestRegister: proto + 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2})
	}
	r.exprs = append(r.exprs, &expr.Lookup{SourceRegister: unix.NFT_REG_1, SetName: s.name, SetID: id}, then)
	return r
}

// chainsOf are the chains of blocks.
func chainsOf(specs []setSpec, isolated bool) []chain {
	var list []chain
	for _, name := range []string{"in", "out", "through"} {
		list = append(list, chain{"refuse_" + name, -1, 0, []rule{
			{exprs: []expr.Any{
				&expr.Limit{Type: expr.LimitTypePkts, Rate: 200, Unit: expr.LimitTimeSecond, Burst: 400},
				&expr.Log{Key: 1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_PREFIX | 1<<unix.NFTA_LOG_SNAPLEN, Group: LogGroup, Snaplen: 128, Data: []byte("tocsin block " + name)},
			}},
			{exprs: []expr.Any{&expr.Counter{}, drop()}},
		}})
	}
	for _, c := range []struct {
		chain
		dir      Direction
		loopback expr.MetaKey
		source   []bool // look at source, at destination
		refuse   string
	}{
		{chain{"arrive", unix.NF_INET_PRE_ROUTING, blockPriority, nil}, In, expr.MetaKeyIIFTYPE, []bool{true}, "refuse_in"},
		{chain{"through", unix.NF_INET_FORWARD, blockPriority, nil}, Forward, expr.MetaKeyIIFTYPE, []bool{true, false}, "refuse_through"},
		{chain{"leave", unix.NF_INET_POST_ROUTING, blockPriority, nil}, Out, expr.MetaKeyOIFTYPE, []bool{false}, "refuse_out"},
	} {
		c.rules = append(c.rules, onLoopback(c.loopback))
		for _, six := range []bool{false, true} {
			family := chain{c.name + map[bool]string{false: "4", true: "6"}[six], -1, 0, nil}
			for _, source := range c.source {
				for i := range specs {
					s := &specs[i]
					switch {
					case s.six != six:
					case s.verdict == Allow:
						family.rules = append(family.rules, s.asks(uint32(i+1), source, accept()))
					case s.dir == c.dir && s.verdict == Drop:
						family.rules = append(family.rules, s.asks(uint32(i+1), source, goTo(c.refuse)))
					case s.dir == c.dir:
						family.rules = append(family.rules, s.asks(uint32(i+1), source, drop()))
					}
				}
			}
			if isolated {
				family.rules = append(family.rules, keepNeighbours(six)...)
				family.rules = append(family.rules, rule{exprs: []expr.Any{&expr.Counter{}, drop()}, comment: isolatedRule})
			}
			list = append(list, family)
			c.rules = append(c.rules, rule{exprs: append(ofFamily(six), goTo(family.name))})
		}
		list = append(list, c.chain)
	}
	return list
}

// keepNeighbours lets pass what IPv6 needs to find the way to a neighbour (RFC 4861): ICMPv6 133 to 136.
func keepNeighbours(six bool) []rule {
	if !six {
		return nil
	}
	return []rule{{exprs: []expr.Any{
		meta(expr.MetaKeyL4PROTO), equals(unix.IPPROTO_ICMPV6),
		&expr.Payload{DestRegister: unix.NFT_REG_1, Base: expr.PayloadBaseTransportHeader, Len: 1},
		&expr.Range{Op: expr.CmpOpEq, Register: unix.NFT_REG_1, FromData: []byte{133}, ToData: []byte{136}}, accept(),
	}}}
}

// element is what a set holds.
type element struct {
	Block
	packets, bytes uint64
	left           uint64 // ms until it expires; 0 is never
}

// key is the beginning and, for intervals, the end of an element, which is not in it any more; nil where there is none.
func (e *element) key(kind setKind) (from, to []byte) {
	from = e.Prefix.Addr().AsSlice()
	switch kind {
	case network:
		next := lastOf(e.Prefix).Next()
		if next.IsValid() {
			to = next.AsSlice()
		}
	case ported:
		rest := []byte{protocols()[e.Proto], 0, 0, 0, byte(e.Port >> 8), byte(e.Port), 0, 0}
		return append(from, rest...), append(lastOf(e.Prefix).AsSlice(), rest...) // here the end is in it
	}
	return from, to
}

func protocols() map[string]byte {
	return map[string]byte{"tcp": unix.IPPROTO_TCP, "udp": unix.IPPROTO_UDP, "icmp": unix.IPPROTO_ICMP, "icmpv6": unix.IPPROTO_ICMPV6}
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b) // it has the length of an address
	return a
}

// putElements adds messages that add or delete elements of a set.
func (s *setSpec) putElements(m *message, typ uint16, list []element) {
	open := false
	for i := range list {
		if !open {
			m.begin(typ, unix.NLM_F_CREATE)
			m.text(unix.NFTA_SET_ELEM_LIST_TABLE, tableName)
			m.text(unix.NFTA_SET_ELEM_LIST_SET, s.name)
			m.nest(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
			open = true
		}
		s.putElement(m, typ, &list[i])
		if m.nested() > maxAttr-512 || i == len(list)-1 {
			m.unnest()
			open = false
		}
	}
}

func (s *setSpec) putElement(m *message, typ uint16, e *element) {
	from, to := e.key(s.kind)
	m.nest(unix.NFTA_LIST_ELEM)
	m.value(unix.NFTA_SET_ELEM_KEY, from)
	if s.kind == ported {
		m.value(setElemKeyEnd, to)
	}
	if typ == unix.NFT_MSG_NEWSETELEM {
		if e.left > 0 {
			m.u64(unix.NFTA_SET_ELEM_TIMEOUT, e.left)
		}
		switch {
		case s.verdict == Limit:
			m.nest(elemExprs)
			m.nest(unix.NFTA_LIST_ELEM)
			m.limit(e.Rate)
			m.unnest()
			m.nest(unix.NFTA_LIST_ELEM)
			m.counter(e.packets, e.bytes)
			m.unnest()
			m.unnest()
		case e.packets > 0:
			m.nest(unix.NFTA_SET_ELEM_EXPR)
			m.counter(e.packets, e.bytes)
			m.unnest()
		}
	}
	m.unnest()
	if s.kind == network && to != nil {
		m.nest(unix.NFTA_LIST_ELEM)
		m.value(unix.NFTA_SET_ELEM_KEY, to)
		m.u32(unix.NFTA_SET_ELEM_FLAGS, unix.NFT_SET_ELEM_INTERVAL_END)
		m.unnest()
	}
}

func (m *message) value(typ uint16, data []byte) {
	m.nest(typ)
	m.bytes(unix.NFTA_DATA_VALUE, data)
	m.unnest()
}

// limit adds the expression limit: what is above so many packets a second.
func (m *message) limit(rate uint32) {
	m.text(unix.NFTA_EXPR_NAME, "limit")
	m.nest(unix.NFTA_EXPR_DATA)
	m.u64(unix.NFTA_LIMIT_RATE, uint64(rate))
	m.u64(unix.NFTA_LIMIT_UNIT, 1)
	m.u32(unix.NFTA_LIMIT_BURST, max(rate, 5))
	m.u32(unix.NFTA_LIMIT_TYPE, unix.NFT_LIMIT_PKTS)
	m.u32(unix.NFTA_LIMIT_FLAGS, unix.NFT_LIMIT_F_INV)
	m.unnest()
}

// fingerprint tells the sets of this version from those of another.
func fingerprint(specs []setSpec) string {
	m := &message{}
	for i := range specs {
		specs[i].put(m, uint32(i+1))
	}
	sum := sha256.Sum256(m.b)
	return "tocsin " + hex.EncodeToString(sum[:8])
}

// chainNames are the names of all chains that there may be.
func chainNames(specs []setSpec) []string {
	var names []string
	for _, c := range chainsOf(specs, false) {
		names = append(names, c.name)
	}
	for _, w := range []way{wayIn, wayOut, wayThrough} {
		names = append(names, basePrefix+string(w), trialPrefix+string(w), mainPrefix+string(w))
	}
	return names
}

// clearChains adds messages that take all rules and chains out of the table, and the set of the trial. Each chain is made
// before, because the kernel refuses to delete what is not there.
func clearChains(m *message, specs []setSpec) {
	m.begin(unix.NFT_MSG_DELRULE, 0)
	m.text(unix.NFTA_RULE_TABLE, tableName)
	for _, name := range chainNames(specs) {
		m.begin(unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE)
		m.text(unix.NFTA_CHAIN_TABLE, tableName)
		m.text(unix.NFTA_CHAIN_NAME, name)
		m.begin(unix.NFT_MSG_DELCHAIN, 0)
		m.text(unix.NFTA_CHAIN_TABLE, tableName)
		m.text(unix.NFTA_CHAIN_NAME, name)
	}
	putTrialSet(m, 0)
	m.begin(unix.NFT_MSG_DELSET, 0)
	m.text(unix.NFTA_SET_TABLE, tableName)
	m.text(unix.NFTA_SET_NAME, trialSet)
}
