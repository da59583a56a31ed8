package respond

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Fault is something in a policy that nobody means.
type Fault struct {
	Kind  string `json:"kind"` // "shadowed", "redundant", "contradiction", "unused", "lock-out"
	Rule  int    `json:"rule"` // from 1; 0: the whole policy
	Name  string `json:"name"`
	Other int    `json:"other,omitempty"` // the rule that makes it so, from 1; 0 is the default
	Text  string `json:"text"`
}

// covers tells whether all that b means is meant by a.
func (a *atom) covers(b *atom) bool {
	return a.way == b.way && (a.from == "" || a.from == b.from) && (a.to == "" || a.to == b.to) &&
		within(a.src, b.src) && within(a.dst, b.dst) && (a.proto == "" || a.proto == b.proto && a.low <= b.low && a.hi >= b.hi)
}

// meets tells whether there may be something that both mean.
func (a *atom) meets(b *atom) bool {
	overlap := func(a, b netip.Prefix) bool { return !a.IsValid() || !b.IsValid() || a.Overlaps(b) }
	return a.way == b.way && (a.from == "" || b.from == "" || a.from == b.from) && (a.to == "" || b.to == "" || a.to == b.to) &&
		overlap(a.src, b.src) && overlap(a.dst, b.dst) &&
		(a.proto == "" || b.proto == "" || a.proto == b.proto && a.low <= b.hi && b.low <= a.hi)
}

func within(a, b netip.Prefix) bool {
	return !a.IsValid() || a.Bits() == 0 && b.IsValid() && a.Addr().Is4() == b.Addr().Is4() || b.IsValid() && a.Bits() <= b.Bits() && a.Contains(b.Addr())
}

// Faults names rules that never decide anything: those that earlier rules leave nothing to (shadowed, or, with the other
// verdict for exactly the same, a contradiction), and those without which all would be as it is (redundant).
func (p *Policy) Faults() ([]Fault, error) {
	atoms, err := p.atoms()
	if err != nil {
		return nil, err
	}
	byRule := make([][]int, len(p.Rules))
	for i := range atoms {
		byRule[atoms[i].rule] = append(byRule[atoms[i].rule], i)
	}
	var list []Fault
	for _, mine := range byRule {
		if f, ok := p.earlier(atoms, mine); ok {
			list = append(list, f)
		} else if f, ok := p.later(atoms, mine); ok {
			list = append(list, f)
		}
	}
	return list, nil
}

// earlier tells whether rules before leave nothing to a rule.
func (p *Policy) earlier(atoms []atom, mine []int) (Fault, bool) {
	other, same, exact := -1, true, true
	for _, i := range mine {
		a := &atoms[i]
		by := slices.IndexFunc(atoms[:i], func(e atom) bool { return e.rule < a.rule && e.covers(a) })
		if by < 0 {
			return Fault{}, false
		}
		e := &atoms[by]
		if other < 0 || e.deny != a.deny {
			other = e.rule
		}
		same = same && e.deny == a.deny
		exact = exact && a.covers(e)
	}
	if len(mine) == 0 {
		return Fault{}, false
	}
	r := atoms[mine[0]].rule
	f := Fault{Rule: r + 1, Name: p.name(r), Other: other + 1}
	switch {
	case same:
		f.Kind, f.Text = "redundant", fmt.Sprintf("rule %d (%s) says the same already", other+1, p.name(other))
	case exact:
		f.Kind, f.Text = "contradiction", fmt.Sprintf("rule %d (%s) says the opposite of the same, and comes first", other+1, p.name(other))
	default:
		f.Kind, f.Text = "shadowed", fmt.Sprintf("it is never asked: rule %d (%s) decides before", other+1, p.name(other))
	}
	return f, true
}

// later tells whether without a rule the ones behind it would decide the same.
func (p *Policy) later(atoms []atom, mine []int) (Fault, bool) {
	other := -1
	for _, i := range mine {
		a := &atoms[i]
		decided := false
		for j := i + 1; j < len(atoms); j++ {
			e := &atoms[j]
			if e.rule == a.rule || !e.meets(a) {
				continue
			}
			if e.deny != a.deny {
				return Fault{}, false
			}
			if e.covers(a) {
				other, decided = e.rule, true
				break
			}
		}
		if !decided && a.deny != (p.Default != "allow") {
			return Fault{}, false
		}
	}
	if len(mine) == 0 {
		return Fault{}, false
	}
	r := atoms[mine[0]].rule
	f := Fault{Kind: "redundant", Rule: r + 1, Name: p.name(r), Other: other + 1, Text: "without it the default decides the same"}
	if other >= 0 {
		f.Text = fmt.Sprintf("without it rule %d (%s) decides the same", other+1, p.name(other))
	}
	return f, true
}

// Unused names rules that let something pass and that nobody has needed, by what the kernel has counted of the policy in
// force.
func (p *Policy) Unused(used []Used) []Fault {
	met := make(map[string]uint64)
	for _, u := range used {
		if number, _, ok := strings.Cut(u.Rule, "."); ok && strings.HasPrefix(u.Chain, mainPrefix) {
			met[number] += u.Packets
		}
	}
	var list []Fault
	for i := range p.Rules {
		if !p.Rules[i].Deny && met[strconv.Itoa(i+1)] == 0 {
			list = append(list, Fault{Kind: "unused", Rule: i + 1, Name: p.name(i), Text: "no packet has needed it since it is in force"})
		}
	}
	return list
}

// comment is what a rule of the kernel says of where it comes from: the rule's number, that of its part, its name.
func (p *Policy) comment(rule, part int) string {
	s := fmt.Sprintf("%d.%d %s", rule+1, part+1, p.name(rule))
	return strings.ToValidUTF8(s[:min(len(s), 110)], "")
}

// The chains of the hooks, of the policy in force, and of the one on trial, begin so.
const (
	basePrefix  = "policy_"
	mainPrefix  = "main_"
	trialPrefix = "trial_"
)
