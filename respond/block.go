package respond

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Direction is which packets a block is about.
type Direction string

// The directions of a block: packets from its addresses to this host and through it; packets to them from this host and
// through it; packets from or to them through it.
const (
	In      Direction = "in"
	Out     Direction = "out"
	Forward Direction = "forward"
)

// Verdict is what happens to the packets of a block.
type Verdict string

// The verdicts: dropped; let through whatever blocks say; dropped above a rate.
const (
	Drop  Verdict = "drop"
	Allow Verdict = "allow"
	Limit Verdict = "limit"
)

// Block is an entry of the wanted firewall. Its zero Proto and Port mean any.
type Block struct {
	Verdict Verdict      `json:"verdict"`
	Dir     Direction    `json:"dir"`
	Prefix  netip.Prefix `json:"prefix"` // masked; IPv4 never as ::ffff:…; a single address has all bits
	Proto   string       `json:"proto,omitempty"`
	Port    uint16       `json:"port,omitempty"`  // the destination's
	Rate    uint32       `json:"rate,omitempty"`  // of Limit: packets in a second
	Until   int64        `json:"until,omitempty"` // ns since 1970; 0 is for ever
}

// maxTarget bounds the text of a target, in bytes; maxRate a limit, in packets a second.
const (
	maxTarget = 128
	maxRate   = 1_000_000
)

// ParseBlock reads a target: an address or network (CIDR), then, in any order and at most once each, a direction (in,
// which is the default, out, forward) and a port (tcp/22, udp/53). "any" is any address, of IPv4 and IPv6; it needs a port.
func ParseBlock(target string) (Block, error) {
	b := Block{Verdict: Drop}
	if len(target) > maxTarget {
		return b, fmt.Errorf("block: a target has at most %d bytes", maxTarget)
	}
	words := strings.Fields(target)
	if len(words) == 0 || len(words) > 3 {
		return b, fmt.Errorf("block %q: write an address or network, and behind it in, out, forward or tcp/22", target)
	}
	anywhere := words[0] == "any"
	if !anywhere {
		var err error
		if b.Prefix, err = ParsePrefix(words[0]); err != nil {
			return b, fmt.Errorf("block: %w", err)
		}
	}
	for _, w := range words[1:] {
		switch proto, port, ok := strings.Cut(w, "/"); {
		case ok && b.Proto == "" && (proto == "tcp" || proto == "udp"):
			n, err := strconv.ParseUint(port, 10, 16)
			if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
				return b, fmt.Errorf("block %q: %q is no port from 1 to 65535", target, port)
			}
			b.Proto, b.Port = proto, uint16(n)
		case b.Dir == "" && (w == string(In) || w == string(Out) || w == string(Forward)):
			b.Dir = Direction(w)
		default:
			return b, fmt.Errorf("block %q: %q is no direction (in, out, forward) and no port (tcp/22)", target, w)
		}
	}
	b.Dir = cmp.Or(b.Dir, In)
	switch {
	case anywhere && b.Port == 0:
		return b, errors.New("block any: needs a port, such as tcp/23")
	case anywhere || b.everywhere():
		b.Prefix = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return b, nil
}

// everywhere tells whether it is a port for any address, of IPv4 and IPv6.
func (b *Block) everywhere() bool { return b.Port != 0 && b.Prefix.IsValid() && b.Prefix.Bits() == 0 }

// meets tells whether an address is among those of the block.
func (b *Block) meets(a netip.Addr) bool { return b.everywhere() || b.Prefix.Contains(a) }

// ParsePrefix reads an address or a network in CIDR notation. Zones are refused, bits behind the mask are cleared, and
// IPv4 in IPv6 (::ffff:192.0.2.1) is IPv4.
func ParsePrefix(s string) (netip.Prefix, error) {
	if len(s) > maxTarget {
		return netip.Prefix{}, errors.New("an address has at most 128 bytes")
	}
	var p netip.Prefix
	if strings.Contains(s, "/") {
		var err error
		if p, err = netip.ParsePrefix(s); err != nil {
			return p, fmt.Errorf("%q is no network: write one such as 203.0.113.0/24 or 2001:db8::/32", s)
		}
		if p.Addr().Is4In6() {
			if p.Bits() < 96 {
				return netip.Prefix{}, fmt.Errorf("%q is no network", s)
			}
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return p, fmt.Errorf("%q is no address: write one such as 203.0.113.7 or 2001:db8::7", s)
	case a.Zone() != "":
		return p, fmt.Errorf("%q is no address: leave the zone %q out", s, "%"+a.Zone())
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// Target is the text that ParseBlock reads, in its one canonical form.
func (b *Block) Target() string {
	s := addressText(b.Prefix)
	if b.everywhere() {
		s = "any"
	}
	if b.Dir != In {
		s += " " + string(b.Dir)
	}
	if b.Port != 0 {
		s += fmt.Sprintf(" %s/%d", b.Proto, b.Port)
	}
	return s
}

// addressText is a single address without its bits.
func addressText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// id tells one entry of the firewall from another.
func (b *Block) id() string { return string(b.Verdict) + " " + b.Target() }

// check refuses what ParseBlock could not have made; whoever takes a Block from elsewhere calls it.
func (b *Block) check() error {
	made, err := ParseBlock(b.Target())
	switch {
	case !b.Prefix.IsValid() || err != nil:
		return fmt.Errorf("block: %q is none", b.Target())
	case made.Prefix != b.Prefix || made.Dir != b.Dir || made.Proto != b.Proto || made.Port != b.Port:
		return fmt.Errorf("block %s: not in its canonical form", b.Target())
	case b.Verdict != Drop && b.Verdict != Allow && b.Verdict != Limit:
		return fmt.Errorf("block %s: %q is no verdict", b.Target(), b.Verdict)
	case (b.Verdict == Limit) != (b.Rate != 0) || b.Rate > maxRate:
		return fmt.Errorf("block %s: a limit has a rate of 1 to %d packets a second, and nothing else has", b.Target(), maxRate)
	case b.Verdict != Drop && (b.Port != 0 || b.Dir != In):
		return fmt.Errorf("block %s: what is allowed or limited is so for all ports, and by where it comes from", b.Target())
	case b.Verdict == Limit && !b.Prefix.IsSingleIP():
		return fmt.Errorf("block %s: a limit is for a single address", b.Target())
	}
	return nil
}

// widest returns of networks in one set those that no other contains, in their order; the kernel refuses overlaps. Of the
// same network the entry that lasts longest stays.
func widest(blocks []Block) []Block {
	list := slices.Clone(blocks)
	lasts := func(b *Block) int64 { return cmp.Or(b.Until, int64(1<<63-1)) }
	slices.SortFunc(list, func(a, b Block) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()), cmp.Compare(lasts(&b), lasts(&a)))
	})
	out := list[:0]
	for _, b := range list {
		if n := len(out); n > 0 && out[n-1].Prefix.Overlaps(b.Prefix) {
			continue // prefixes overlap only where the first contains the other
		}
		out = append(out, b)
	}
	return out
}
