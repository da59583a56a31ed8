package respond

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrNoPolicy is the error of a policy without rules, which would let nothing in: it is not meant.
var ErrNoPolicy = errors.New("there is no policy: one without rules would let nothing in")

// Empty tells whether a policy says nothing, and would yet let nothing in.
func (p *Policy) Empty() bool { return len(p.Rules) == 0 && p.Default != "allow" }

// Changes are the lines of a policy that another (nil: none) has not, after "+ ", and before them those that it has no more,
// after "- ". None where they are the same.
func (p *Policy) Changes(before *Policy) []string {
	if before == nil {
		before = &Policy{Default: "allow"}
	}
	was, is := before.lines(), p.lines()
	var list []string
	for _, l := range missing(was, is) {
		list = append(list, "- "+l)
	}
	for _, l := range missing(is, was) {
		list = append(list, "+ "+l)
	}
	if list == nil && !slices.Equal(was, is) {
		list = []string{"~ the same rules in another order"}
	}
	return list
}

// lines are the parts of a policy in words.
func (p *Policy) lines() []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(p.Zones)) {
		z := p.Zones[name]
		list = append(list, fmt.Sprintf("zone %s: %s", name, strings.Join(slices.Concat(z.Interfaces, z.Networks), " ")))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		list = append(list, fmt.Sprintf("service %s: %s", name, strings.Join(p.Services[name], " ")))
	}
	for i := range p.Rules {
		r := &p.Rules[i]
		verdict := "allow"
		if r.Deny {
			verdict = "deny"
		}
		l := fmt.Sprintf("%s %s to %s: %s", verdict, strings.Join(r.From, " "), strings.Join(r.To, " "), cmp.Or(strings.Join(r.Services, " "), "all"))
		if r.Name != "" {
			l += " (" + r.Name + ")"
		}
		list = append(list, l)
	}
	return append(list, "default: "+cmp.Or(p.Default, "deny"))
}

// CutsOff names the sessions of operators that could not be opened again under a policy. What is open goes on; of what is not
// known of a session, its interface for one, the policy is taken to let it in.
func (p *Policy) CutsOff(sessions []Session) ([]Fault, error) {
	atoms, err := p.atoms()
	if err != nil {
		return nil, err
	}
	var list []Fault
	for _, s := range sessions {
		if s.Port == 0 || s.Address.IsLoopback() || p.letsIn(atoms, &Flow{From: s.Address.Unmap().WithZone(""), Port: s.Port, Proto: "tcp"}) {
			continue
		}
		f := Fault{Kind: "lock-out", Text: fmt.Sprintf("no rule lets the session of %s from %s (%s) come again, to tcp/%d", cmp.Or(s.User, "an operator"), s.Address, s.What, s.Port)}
		if !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	return list, nil
}

// letsIn tells whether a connection to this host may be let in.
func (p *Policy) letsIn(atoms []atom, f *Flow) bool {
	for i := range atoms {
		switch a := &atoms[i]; {
		case a.way != wayIn || !a.fits(f):
		case !a.deny:
			return true
		case a.from == "": // else it may be another interface
			return false
		}
	}
	return p.Default == "allow"
}
