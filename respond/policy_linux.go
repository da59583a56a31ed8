package respond

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// trialSet holds the families of addresses for which the policy on trial decides, as long as its elements last. That the
// kernel lets them expire brings the policy before back into force.
const trialSet = "trial"

// policyChains adds the set of the trial to a batch and returns the chains of the policies.
func policyChains(m *message, w *Wanted, id uint32) []chain {
	if w.Policy == nil && w.Trial == nil {
		return nil
	}
	if w.Trial != nil {
		putTrialSet(m, id)
		m.begin(unix.NFT_MSG_NEWSETELEM, unix.NLM_F_CREATE)
		m.text(unix.NFTA_SET_ELEM_LIST_TABLE, tableName)
		m.text(unix.NFTA_SET_ELEM_LIST_SET, trialSet)
		m.nest(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
		for _, family := range []byte{unix.NFPROTO_IPV4, unix.NFPROTO_IPV6} {
			m.nest(unix.NFTA_LIST_ELEM)
			m.value(unix.NFTA_SET_ELEM_KEY, []byte{family})
			m.u64(unix.NFTA_SET_ELEM_TIMEOUT, uint64(max(1, w.TrialFor/time.Millisecond)))
			m.unnest()
		}
		m.unnest()
	}
	var list []chain
	for _, c := range []struct {
		way  way
		hook int
	}{{wayIn, unix.NF_INET_LOCAL_IN}, {wayOut, unix.NF_INET_LOCAL_OUT}, {wayThrough, unix.NF_INET_FORWARD}} {
		base := chain{basePrefix + string(c.way), c.hook, policyPriority, nil}
		if w.Trial != nil {
			base.rules = append(base.rules, rule{exprs: []expr.Any{
				meta(expr.MetaKeyNFPROTO), &expr.Lookup{SourceRegister: unix.NFT_REG_1, SetName: trialSet, SetID: id}, goTo(trialPrefix + string(c.way)),
			}})
			list = append(list, w.Trial.chain(trialPrefix, c.way))
		}
		if w.Policy != nil {
			base.rules = append(base.rules, rule{exprs: []expr.Any{goTo(mainPrefix + string(c.way))}})
			list = append(list, w.Policy.chain(mainPrefix, c.way))
		}
		list = append(list, base)
	}
	return list
}

// putTrialSet adds the message that makes the set of the trial.
func putTrialSet(m *message, id uint32) {
	m.begin(unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE)
	m.text(unix.NFTA_SET_TABLE, tableName)
	m.text(unix.NFTA_SET_NAME, trialSet)
	m.u32(unix.NFTA_SET_ID, id)
	m.u32(unix.NFTA_SET_FLAGS, unix.NFT_SET_TIMEOUT)
	m.u32(unix.NFTA_SET_KEY_TYPE, nftFamily)
	m.u32(unix.NFTA_SET_KEY_LEN, 1)
}

// Bits of the state of a connection, as nft's ct state has them.
const (
	ctInvalid     = 1
	ctEstablished = 2
	ctRelated     = 4
)

func ctState(bits uint32, then ...expr.Any) rule {
	mask := binary.NativeEndian.AppendUint32(nil, bits)
	return rule{exprs: append([]expr.Any{
		&expr.Ct{Key: expr.CtKeySTATE, Register: unix.NFT_REG_1},
		&expr.Bitwise{SourceRegister: unix.NFT_REG_1, DestRegister: unix.NFT_REG_1, Len: 4, Mask: mask, Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: unix.NFT_REG_1, Data: make([]byte, 4)},
	}, then...)}
}

// chain is the part of a policy, which has been checked, that is about one way.
func (p *Policy) chain(prefix string, w way) chain {
	c := chain{name: prefix + string(w), hook: -1}
	loopback := expr.MetaKeyIIFTYPE
	if w == wayOut {
		loopback = expr.MetaKeyOIFTYPE
	}
	c.rules = append(c.rules, onLoopback(loopback), ctState(ctEstablished|ctRelated, accept()))
	c.rules = append(c.rules, keepNeighbours(true)...)
	atoms, _ := p.atoms() // checked
	sends := false
	for i := range atoms {
		if a := &atoms[i]; a.way == w {
			c.rules = append(c.rules, a.rules(p, i)...)
		}
		sends = sends || atoms[i].way == wayOut
	}
	switch {
	case p.Default == "allow":
	case w == wayOut && !sends: // a policy that says nothing of what this host sends is not about it
	default:
		c.rules = append(c.rules, ctState(ctInvalid, drop()),
			rule{exprs: []expr.Any{
				&expr.Limit{Type: expr.LimitTypePkts, Rate: 100, Unit: expr.LimitTimeSecond, Burst: 200},
				&expr.Log{Key: 1<<unix.NFTA_LOG_GROUP | 1<<unix.NFTA_LOG_PREFIX | 1<<unix.NFTA_LOG_SNAPLEN, Group: LogGroup, Snaplen: 128, Data: []byte("tocsin policy " + string(w))},
			}},
			rule{exprs: []expr.Any{&expr.Counter{}, drop()}, comment: "default"})
	}
	return c
}

// rules are the rules of the kernel that say what an atom says.
func (a *atom) rules(p *Policy, part int) []rule {
	var exprs []expr.Any
	for _, i := range []struct {
		name string
		key  expr.MetaKey
	}{{a.from, expr.MetaKeyIIFNAME}, {a.to, expr.MetaKeyOIFNAME}} {
		if i.name != "" {
			exprs = append(exprs, meta(i.key), equals(append([]byte(i.name), make([]byte, 16-len(i.name))...)...))
		}
	}
	switch {
	case a.src.IsValid():
		exprs = append(exprs, ofFamily(a.src.Addr().Is6())...)
	case a.dst.IsValid():
		exprs = append(exprs, ofFamily(a.dst.Addr().Is6())...)
	}
	exprs = append(exprs, inNetwork(a.src, true)...)
	exprs = append(exprs, inNetwork(a.dst, false)...)
	then := accept()
	if a.deny {
		then = drop()
	}
	var list []rule
	for i, proto := range a.protocols() {
		r := rule{exprs: append([]expr.Any{}, exprs...), comment: p.comment(a.rule, 2*part+i)}
		if proto != 0 {
			r.exprs = append(r.exprs, meta(expr.MetaKeyL4PROTO), equals(proto))
		}
		if a.proto == "tcp" || a.proto == "udp" {
			r.exprs = append(r.exprs, &expr.Payload{DestRegister: unix.NFT_REG_1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
				&expr.Range{
					Op: expr.CmpOpEq, Register: unix.NFT_REG_1,
					FromData: binary.BigEndian.AppendUint16(nil, a.low), ToData: binary.BigEndian.AppendUint16(nil, a.hi),
				})
		}
		r.exprs = append(r.exprs, &expr.Counter{}, then)
		list = append(list, r)
	}
	return list
}

// protocols are the numbers of the protocols of an atom; 0 is any.
func (a *atom) protocols() []byte {
	switch a.proto {
	case "":
		return []byte{0}
	case "icmp":
		return []byte{unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6}
	}
	return []byte{protocols()[a.proto]}
}

// inNetwork is the condition that an address is of a network.
func inNetwork(p netip.Prefix, source bool) []expr.Any {
	if !p.IsValid() || p.Bits() == 0 {
		return nil
	}
	b := p.Addr().AsSlice()
	list := []expr.Any{address(p.Addr().Is6(), source)}
	if !p.IsSingleIP() {
		mask := make([]byte, len(b))
		for i := range p.Bits() {
			mask[i/8] |= 0x80 >> (i % 8)
		}
		list = append(list, &expr.Bitwise{SourceRegister: unix.NFT_REG_1, DestRegister: unix.NFT_REG_1, Len: uint32(len(b)), Mask: mask, Xor: make([]byte, len(b))})
	}
	return append(list, equals(b...))
}
