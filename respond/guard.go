package respond

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// Guard says what must not happen. The zero value is good.
type Guard struct {
	Never   []string `json:"never,omitempty" yaml:"never" doc:"Addresses and networks that are never blocked." example:"[192.0.2.0/24]"`
	Widest4 int      `json:"widest4,omitempty" yaml:"widest4" doc:"The widest network of IPv4 that may be blocked, in bits." default:"16"`
	Widest6 int      `json:"widest6,omitempty" yaml:"widest6" doc:"The widest network of IPv6 that may be blocked, in bits." default:"32"`
	PerHour int      `json:"per_hour,omitempty" yaml:"per_hour" doc:"Of each kind, more actions than this in an hour need a person." default:"100"`
	Known   []string `json:"known,omitempty" yaml:"known" doc:"Addresses and networks that are known to be good, such as customers and monitors; blocking them is warned of." example:"[198.51.100.0/24]"`
}

// Ground is what is so on this host: what must not be cut off.
type Ground struct {
	Sessions  []Session    `json:"sessions,omitempty"`
	Own       []netip.Addr `json:"own,omitempty"`
	Gateways  []netip.Addr `json:"gateways,omitempty"`
	Resolvers []netip.Addr `json:"resolvers,omitempty"`
}

// Session is an operator's live session.
type Session struct {
	User    string     `json:"user,omitempty"`
	Address netip.Addr `json:"address"`
	Port    uint16     `json:"port,omitempty"` // of this host, that it came to; 0 is not known
	What    string     `json:"what"`           // "ssh", "login", "console"
}

// Check returns what is wrong with the settings.
func (g *Guard) Check() error {
	for _, list := range [][]string{g.Never, g.Known} {
		for _, n := range list {
			if _, err := ParsePrefix(n); err != nil {
				return fmt.Errorf("guard: %w", err)
			}
		}
	}
	if g.Widest4 < 0 || g.Widest4 > 32 || g.Widest6 < 0 || g.Widest6 > 128 || g.PerHour < 0 {
		return fmt.Errorf("guard: widest4 is 0 to 32, widest6 0 to 128, per_hour not below 0")
	}
	return nil
}

// hourly is how many actions of a kind may happen in an hour without a person.
func (g *Guard) hourly() int { return cmp.Or(g.PerHour, 100) }

// judgement is what the guard says of many blocks on the same ground.
type judgement struct {
	widest4, widest6 int
	points           map[netip.Addr]string // addresses, and what they are
	nets             []named
	sessions         []Session
	known            []named
}

type named struct {
	prefix netip.Prefix
	what   string
}

// judge prepares to judge. Settings that Check refuses do not weaken it.
func (g *Guard) judge(ground *Ground) *judgement {
	j := &judgement{widest4: cmp.Or(g.Widest4, 16), widest6: cmp.Or(g.Widest6, 32), points: make(map[netip.Addr]string), sessions: ground.Sessions}
	for _, list := range []struct {
		addrs []netip.Addr
		what  string
	}{{ground.Resolvers, "a resolver of this host"}, {ground.Gateways, "a gateway of this host"}, {ground.Own, "an address of this host"}} {
		for _, a := range list.addrs {
			j.points[a.Unmap().WithZone("")] = list.what
		}
	}
	for _, p := range []string{"127.0.0.0/8", "::1/128", "0.0.0.0/32", "::/128", "224.0.0.0/4", "ff00::/8", "169.254.0.0/16", "fe80::/10"} {
		j.nets = append(j.nets, named{netip.MustParsePrefix(p), "loopback, link-local or multicast"})
	}
	for _, n := range g.Never {
		if p, err := ParsePrefix(n); err == nil {
			j.nets = append(j.nets, named{p, "never to be blocked (respond.guard.never: " + n + ")"})
		}
	}
	for _, n := range g.Known {
		if p, err := ParsePrefix(n); err == nil {
			j.known = append(j.known, named{p, "known to be good (respond.guard.known: " + n + ")"})
		}
	}
	return j
}

// objections are the reasons why a block must not happen; none where it may. Only what drops is judged.
func (j *judgement) objections(b *Block) []string {
	if b.Verdict == Allow {
		return nil
	}
	var list []string
	if b.Port == 0 { // a port may be blocked for many
		widest := j.widest4
		if !b.Prefix.Addr().Is4() {
			widest = j.widest6
		}
		if b.Prefix.Bits() < widest {
			list = append(list, fmt.Sprintf("%s is wider than /%d", b.Prefix, widest))
		}
	}
	for _, s := range j.sessions {
		if b.Dir != Forward && b.meets(s.Address.Unmap().WithZone("")) && (b.Port == 0 || s.Port == 0 || b.Dir == Out || b.Port == s.Port) {
			list = append(list, fmt.Sprintf("%s has a live session from %s (%s)", cmp.Or(s.User, "an operator"), s.Address, s.What))
		}
	}
	if b.everywhere() {
		return list // one port, for all; what is never blocked is let through before
	}
	if b.Prefix.IsSingleIP() {
		if what, ok := j.points[b.Prefix.Addr()]; ok {
			list = append(list, fmt.Sprintf("%s is %s", b.Prefix.Addr(), what))
		}
	} else {
		var in []string
		for a, what := range j.points {
			if b.Prefix.Contains(a) {
				in = append(in, fmt.Sprintf("%s is %s", a, what))
			}
		}
		slices.Sort(in)
		list = append(list, in...)
	}
	for _, n := range j.nets {
		if n.prefix.Overlaps(b.Prefix) {
			list = append(list, n.among(b))
		}
	}
	return list
}

// among says what is so of some addresses of a block, or of all.
func (n *named) among(b *Block) string {
	if b.everywhere() || n.prefix.Bits() > b.Prefix.Bits() {
		return fmt.Sprintf("%s, which is among them, is %s", addressText(n.prefix), n.what)
	}
	return fmt.Sprintf("%s is %s", addressText(b.Prefix), n.what)
}

// warnings are what a person should know before a block happens.
func (j *judgement) warnings(b *Block) []string {
	var list []string
	for _, n := range j.known {
		if n.prefix.Overlaps(b.Prefix) || b.everywhere() {
			list = append(list, n.among(b))
		}
	}
	if private := b.Prefix.Addr(); b.Port == 0 && private.IsPrivate() {
		list = append(list, fmt.Sprintf("%s is a private address: a machine of yours, or a gateway with many behind it", addressText(b.Prefix)))
	}
	return list
}

// Judge says why a block must not happen (forbidden), and what should be known before it does (warnings).
func (g *Guard) Judge(b *Block, ground *Ground) (forbidden, warnings []string) {
	j := g.judge(ground)
	return j.objections(b), j.warnings(b)
}

// spared are the entries that let operators and what is never blocked through an isolated host.
func (g *Guard) spared(ground *Ground) []Block {
	var list []Block
	seen := make(map[netip.Prefix]bool)
	add := func(p netip.Prefix) {
		if p.IsValid() && !seen[p] && p.Bits() > 0 {
			seen[p] = true
			list = append(list, Block{Verdict: Allow, Dir: In, Prefix: p})
		}
	}
	for _, s := range ground.Sessions {
		a := s.Address.Unmap().WithZone("")
		add(netip.PrefixFrom(a, a.BitLen()))
	}
	for _, n := range g.Never {
		if p, err := ParsePrefix(n); err == nil {
			add(p)
		}
	}
	return list
}

// KnownGood tells whether an address is one that is known to be good.
func (g *Guard) KnownGood(address string) bool {
	a, err := ParsePrefix(address)
	return err == nil && slices.ContainsFunc(g.Known, func(n string) bool {
		p, err := ParsePrefix(n)
		return err == nil && p.Contains(a.Addr()) && p.Bits() <= a.Bits()
	})
}
