package respond

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestPolicyFaults(t *testing.T) {
	zones := map[string]Zone{"lan": {Networks: []string{"192.0.2.0/24"}}, "printers": {Networks: []string{"192.0.2.64/26"}}, "out": {Interfaces: []string{"eth0"}}}
	rule := func(from, to, services string) PolicyRule {
		return PolicyRule{From: strings.Fields(from), To: strings.Fields(to), Services: strings.Fields(services)}
	}
	deny := func(r PolicyRule) PolicyRule { r.Deny = true; return r }
	for _, c := range []struct {
		name  string
		rules []PolicyRule
		want  string
	}{
		{"none", []PolicyRule{rule("lan", "out", "tcp/443"), rule("lan", "self", "tcp/22")}, ""},
		{"shadowed", []PolicyRule{rule("lan", "out", ""), deny(rule("printers", "out", "tcp/25"))}, "shadowed 2 1"},
		{"order that is meant", []PolicyRule{deny(rule("printers", "out", "tcp/25")), rule("lan", "out", "")}, ""},
		{"contradiction", []PolicyRule{rule("lan", "self", "tcp/22"), deny(rule("lan", "self", "tcp/22"))}, "contradiction 2 1"},
		{"redundant", []PolicyRule{rule("lan", "out", "tcp/1-1000"), rule("printers", "out", "tcp/443 tcp/80")}, "redundant 2 1"},
		{"redundant by a later one", []PolicyRule{rule("printers", "out", "tcp/443"), rule("lan", "out", "tcp/443")}, "redundant 1 2"},
		{"not so where one between decides", []PolicyRule{rule("printers", "out", "tcp/443"), deny(rule("lan", "out", "tcp/400-500")), rule("lan", "out", "")}, ""},
		{"the default says so", []PolicyRule{rule("lan", "out", "tcp/443"), deny(rule("any", "self", ""))}, "redundant 2 0"},
		{"other directions", []PolicyRule{rule("lan", "self", ""), rule("self", "lan", ""), rule("lan", "lan", "")}, ""},
	} {
		p := &Policy{Zones: zones, Rules: c.rules}
		faults, err := p.Faults()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var got []string
		for _, f := range faults {
			got = append(got, fmt.Sprintf("%s %d %d", f.Kind, f.Rule, f.Other))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, faults, c.want)
		}
	}
}

func TestPolicyMistakes(t *testing.T) {
	for name, p := range map[string]*Policy{
		"no zone":       {Rules: []PolicyRule{{From: []string{"x"}, To: []string{self}}}},
		"no from":       {Rules: []PolicyRule{{To: []string{self}}}},
		"self to self":  {Rules: []PolicyRule{{From: []string{self}, To: []string{self}}}},
		"default":       {Default: "drop"},
		"service":       {Rules: []PolicyRule{{From: []string{anyZone}, To: []string{self}, Services: []string{"tcp/0"}}}},
		"range":         {Services: map[string][]string{"x": {"tcp/9-8"}}},
		"empty zone":    {Zones: map[string]Zone{"x": {}}},
		"network":       {Zones: map[string]Zone{"x": {Networks: []string{"$(reboot)"}}}},
		"interface":     {Zones: map[string]Zone{"x": {Interfaces: []string{"eth0; drop"}}}},
		"interface len": {Zones: map[string]Zone{"x": {Interfaces: []string{"abcdefghijklmnopq"}}}},
		"zone name":     {Zones: map[string]Zone{"x\n": {Interfaces: []string{"eth0"}}}},
		"reserved":      {Zones: map[string]Zone{self: {Interfaces: []string{"eth0"}}}},
		"long name":     {Rules: []PolicyRule{{Name: strings.Repeat("x", 101), From: []string{anyZone}, To: []string{self}}}},
	} {
		if err := p.Check(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// What a plan would change is told in words, and who could not come back.
func TestPolicyChanges(t *testing.T) {
	lan := map[string]Zone{"lan": {Networks: []string{"192.0.2.0/24"}}, "guests": {Interfaces: []string{"eth2"}}}
	ssh := PolicyRule{From: []string{"lan"}, To: []string{"self"}, Services: []string{"tcp/22"}}
	web := PolicyRule{Name: "web", From: []string{"any"}, To: []string{"self"}, Services: []string{"tcp/80"}, Deny: true}
	first := &Policy{Zones: lan, Rules: []PolicyRule{ssh}}
	for _, c := range []struct {
		before, after *Policy
		want          string
	}{
		{nil, first, "- default: allow|+ zone guests: eth2|+ zone lan: 192.0.2.0/24|+ allow lan to self: tcp/22|+ default: deny"},
		{first, first, ""},
		{first, &Policy{Zones: lan, Rules: []PolicyRule{web, ssh}}, "+ deny any to self: tcp/80 (web)"},
		{&Policy{Zones: lan, Rules: []PolicyRule{ssh, web}}, &Policy{Zones: lan, Rules: []PolicyRule{web, ssh}}, "~ the same rules in another order"},
	} {
		if got := strings.Join(c.after.Changes(c.before), "|"); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	anna := Session{User: "anna", Address: netip.MustParseAddr("::ffff:192.0.2.7"), Port: 22, What: "ssh"}
	ben := Session{User: "ben", Address: netip.MustParseAddr("198.51.100.7"), Port: 22, What: "ssh"}
	guests := PolicyRule{From: []string{"guests"}, To: []string{"self"}}
	for _, c := range []struct {
		rules []PolicyRule
		out   string
	}{
		{[]PolicyRule{ssh}, "ben"},
		{[]PolicyRule{web, ssh}, "ben"},
		{[]PolicyRule{guests}, ""}, // they may come by that interface
		{[]PolicyRule{{From: []string{"guests"}, To: []string{"self"}, Deny: true}, ssh}, "ben"},
		{[]PolicyRule{{From: []string{"any"}, To: []string{"self"}, Services: []string{"tcp/1-1024"}, Deny: true}, ssh}, "anna ben"},
	} {
		p := &Policy{Zones: lan, Rules: c.rules}
		list, err := p.CutsOff([]Session{anna, ben, ben, {User: "carl", Address: ben.Address, What: "console"}})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range list {
			for _, s := range []Session{anna, ben} {
				if strings.Contains(f.Text, s.User) {
					out = append(out, s.User)
				}
			}
		}
		if strings.Join(out, " ") != c.out {
			t.Errorf("%+v cuts off %v, want %s", c.rules, list, c.out)
		}
	}
	if !(&Policy{}).Empty() || (&Policy{Default: "allow"}).Empty() || first.Empty() {
		t.Error("which policy is empty?")
	}
}
