package respond

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestIdleRules(t *testing.T) {
	p := &Policy{
		Zones:    map[string]Zone{"lan": {Networks: []string{"192.0.2.0/24", "2001:db8::/32"}}, "guests": {Interfaces: []string{"eth2"}}},
		Services: map[string][]string{"web": {"tcp/80", "tcp/443"}},
		Rules: []PolicyRule{
			{Name: "administration", From: []string{"lan"}, To: []string{"self"}, Services: []string{"tcp/22"}},
			{Name: "telnet", From: []string{"lan"}, To: []string{"self"}, Services: []string{"tcp/23"}},
			{Name: "no mail", From: []string{"lan"}, To: []string{"any"}, Services: []string{"tcp/25"}, Deny: true},
			{Name: "web", From: []string{"lan"}, To: []string{"any"}, Services: []string{"web"}},
			{Name: "mail", From: []string{"lan"}, To: []string{"any"}, Services: []string{"tcp/25"}},
			{Name: "guests", From: []string{"guests"}, To: []string{"any"}, Services: []string{"udp/53"}},
			{Name: "names", From: []string{"self"}, To: []string{"any"}, Services: []string{"udp/53"}},
			{Name: "ping", From: []string{"any"}, To: []string{"self"}, Services: []string{"icmp"}},
		},
	}
	flow := func(from, to string, port uint16, proto string) Flow {
		return Flow{netip.MustParseAddr(from), netip.MustParseAddr(to), port, proto, 2}
	}
	seen := &Seen{Days: 7, Whole: true, Own: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Flows: []Flow{
		flow("192.0.2.7", "192.0.2.1", 22, "tcp"),
		flow("192.0.2.7", "198.51.100.1", 443, "tcp"),
		flow("192.0.2.7", "198.51.100.1", 25, "tcp"),  // the third rule decides
		flow("198.51.100.9", "192.0.2.1", 23, "tcp"),  // not from the network of the second
		flow("10.0.0.9", "198.51.100.53", 53, "udp"),  // it may have come by eth2
		flow("2001:db8::7", "2001:db8::9", 80, "udp"), // another protocol
		flow("203.0.113.5", "::ffff:192.0.2.1", 0, "ipv6-icmp"),
	}}
	for i := range seen.Flows {
		seen.Events += seen.Flows[i].Count
	}
	names := func(list []Fault) (out []string) {
		for _, f := range list {
			if f.Kind != "unused" || p.Rules[f.Rule-1].Name != f.Name {
				t.Errorf("%+v", f)
			}
			out = append(out, f.Name)
		}
		return out
	}
	list, err := p.Idle(nil, seen)
	if got := names(list); err != nil || !slices.Equal(got, []string{"telnet", "mail", "names"}) {
		t.Errorf("planned: %v, %v", got, err)
	}
	if !strings.Contains(list[0].Text, "14 connections") || !strings.Contains(list[0].Text, "7 days") {
		t.Error(list[0].Text)
	}
	// In force: who has met a packet is needed, and who logs tell of.
	used := []Used{{Chain: "main_in", Rule: "2.1 telnet", Packets: 3}, {Chain: "main_in", Rule: "1.1 administration"}}
	list, err = p.Idle(used, seen)
	if got := names(list); err != nil || !slices.Equal(got, []string{"mail", "names"}) || !strings.Contains(list[0].Text, "no packet") || !strings.Contains(list[0].Text, "14 connections") {
		t.Errorf("in force: %v, %v, %v", got, list, err)
	}
	// Logs without connections say nothing of a plan, and of what is in force only that.
	nothing := &Seen{Days: 7, Whole: true}
	if list, err := p.Idle(nil, nothing); err != nil || list != nil {
		t.Error(list, err)
	}
	if list, _ := p.Idle([]Used{}, nothing); len(list) != 7 || !strings.Contains(list[0].Text, "tell of no connections") {
		t.Error(list)
	}
}
