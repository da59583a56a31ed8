package respond

import (
	"slices"
	"time"
)

// Wanted is the whole firewall as it is to be.
type Wanted struct {
	Blocks   []Block `json:"blocks,omitempty"`
	Isolated bool    `json:"isolated,omitempty"` // only what is allowed gets through
	Policy   *Policy `json:"policy,omitempty"`   // in force
	// Trial is in force in place of Policy for TrialFor from now on; then the kernel goes back by itself, whatever has become
	// of this process.
	Trial    *Policy       `json:"trial,omitempty"`
	TrialFor time.Duration `json:"trial_for,omitempty"`
}

// Held is an entry of the kernel, and what it has met.
type Held struct {
	Block
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

// Used is a rule of the policy as the kernel has it, and what it has met.
type Used struct {
	Chain   string `json:"chain"`
	Rule    string `json:"rule"` // its comment
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

// Difference is what stands between two sets of blocks.
type Difference struct {
	Add    []Block `json:"add,omitempty"`
	Remove []Block `json:"remove,omitempty"`
	Change []Block `json:"change,omitempty"` // another end or rate
}

// Empty tells whether there is none.
func (d *Difference) Empty() bool { return len(d.Add)+len(d.Remove)+len(d.Change) == 0 }

// slack is by how much the end of an entry may differ: the kernel counts in its own ticks.
const slack = int64(2 * time.Second)

// Diff says what has to be done to have to make it want.
func Diff(have, want []Block) Difference {
	var d Difference
	old := make(map[string]Block, len(have))
	for _, b := range have {
		old[b.id()] = b
	}
	for _, b := range want {
		o, ok := old[b.id()]
		delete(old, b.id())
		switch {
		case !ok:
			d.Add = append(d.Add, b)
		case o.Rate != b.Rate || (o.Until == 0) != (b.Until == 0) || max(o.Until-b.Until, b.Until-o.Until) > slack:
			d.Change = append(d.Change, b)
		}
	}
	for _, b := range old {
		d.Remove = append(d.Remove, b)
	}
	slices.SortFunc(d.Remove, func(a, b Block) int { return a.Prefix.Addr().Compare(b.Prefix.Addr()) })
	return d
}

// Met tells what entries have met.
type Met map[string]*Held

// Met returns what each entry has met.
func (s *Standing) Met() Met {
	m := make(Met, len(s.Held))
	for i := range s.Held {
		m[s.Held[i].id()] = &s.Held[i]
	}
	return m
}

// Of returns what an action of the firewall has met; nothing where it is not in force, or covered by a wider one.
func (m Met) Of(kind, target string) (packets, bytes uint64) {
	verdict := map[string]Verdict{blockName: Drop, allowName: Allow, limitName: Limit}[kind]
	if h := m[string(verdict)+" "+target]; h != nil {
		return h.Packets, h.Bytes
	}
	return 0, 0
}

// isolatedRule is the comment of the rules that drop what an isolated host does not let through.
const isolatedRule = "isolated"

// Isolated returns what the isolation of this host has dropped.
func (s *Standing) Isolated() (packets, bytes uint64) {
	for _, u := range s.Used {
		if u.Rule == isolatedRule {
			packets, bytes = packets+u.Packets, bytes+u.Bytes
		}
	}
	return packets, bytes
}

// OfFirewall tells whether actions of a kind are entries of the firewall.
func OfFirewall(kind string) bool {
	k, err := KindOf(kind)
	return err == nil && k.firewall()
}
