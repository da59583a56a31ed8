package respond

import (
	"fmt"
	"net/netip"
	"strings"
)

// Flow is connections of one kind that logs tell of.
type Flow struct {
	From, To netip.Addr
	Port     uint16 // that it went to; 0 where there is none
	Proto    string // "tcp", "udp", "icmp"; "" is not known
	Count    uint64
}

// Seen is what logs tell of connections in some time.
type Seen struct {
	Flows  []Flow
	Own    []netip.Addr // addresses of this host
	Days   int          // how long
	Whole  bool         // Flows are all that there are
	Events uint64       // connections altogether
}

// Needed counts for each rule the connections that it decides, by the first rule that fits; of interfaces the logs say nothing,
// so a rule for one is taken to fit.
func (p *Policy) Needed(seen *Seen) ([]uint64, error) {
	atoms, err := p.atoms()
	if err != nil {
		return nil, err
	}
	own := make(map[netip.Addr]bool, len(seen.Own))
	for _, a := range seen.Own {
		own[a.Unmap()] = true
	}
	needed := make([]uint64, len(p.Rules))
	for i := range seen.Flows {
		f := &seen.Flows[i]
		way := wayThrough
		switch {
		case own[f.To.Unmap()]:
			way = wayIn
		case own[f.From.Unmap()]:
			way = wayOut
		}
		for j := range atoms {
			if a := &atoms[j]; a.way == way && a.fits(f) {
				needed[a.rule] += max(1, f.Count)
				if a.from == "" && a.to == "" {
					break // else it may be another interface, and a rule behind decides
				}
			}
		}
	}
	return needed, nil
}

// fits tells whether a part of a rule means a connection, whatever its interfaces.
func (a *atom) fits(f *Flow) bool {
	inside := func(p netip.Prefix, x netip.Addr) bool { return !p.IsValid() || p.Contains(x.Unmap()) }
	if !inside(a.src, f.From) || !inside(a.dst, f.To) {
		return false
	}
	proto := strings.TrimPrefix(strings.TrimSuffix(f.Proto, "-icmp"), "ipv6-")
	if proto == "icmpv6" || proto == "icmp6" || proto == "ipv6" {
		proto = "icmp"
	}
	switch {
	case a.proto == "":
		return true
	case proto != "" && proto != a.proto:
		return false
	case a.proto == "icmp":
		return proto == "icmp"
	}
	return f.Port >= a.low && f.Port <= a.hi
}

// Idle names rules that let something pass and that nobody needs: neither the kernel has counted a packet of theirs, where the
// policy is in force, nor do the logs tell of a connection. A rule that no packet has met since the policy is in force, but
// that logs tell of, is needed. Used is nil for a policy that is not in force yet.
func (p *Policy) Idle(used []Used, seen *Seen) ([]Fault, error) {
	needed, err := p.Needed(seen)
	if err != nil {
		return nil, err
	}
	logs := fmt.Sprintf("none of the %d connections that the logs of the last %d days tell of is one that it lets through", seen.Events, seen.Days)
	if !seen.Whole {
		logs = fmt.Sprintf("none of the most frequent of the %d connections that the logs of the last %d days tell of is one that it lets through", seen.Events, seen.Days)
	}
	if seen.Events == 0 {
		logs = fmt.Sprintf("the logs of the last %d days tell of no connections", seen.Days)
	}
	var list []Fault
	if used != nil {
		for _, f := range p.Unused(used) {
			if needed[f.Rule-1] == 0 {
				f.Text += "; " + logs
				list = append(list, f)
			}
		}
		return list, nil
	}
	for i := range p.Rules {
		if seen.Events > 0 && !p.Rules[i].Deny && needed[i] == 0 {
			list = append(list, Fault{Kind: "unused", Rule: i + 1, Name: p.name(i), Text: logs})
		}
	}
	return list, nil
}
