// Package respond changes the world: it blocks addresses, ends sessions, locks accounts, quarantines files, and more; and
// takes all of it back.
//
// An action is written down before it runs, under a key that is a function of its kind and target, so that it happens once.
// Runner makes the world equal to what is written: also after a kill -9 or a reboot. Actions expire and are undone by
// themselves. Before one runs, Guard says what it would cut off; what it forbids does not happen.
//
// What needs rights is done by Hands: in this process, or in a process of its own that is reached over a socketpair
// (Helper), understands a few verbs only, and checks every argument again. Nothing that stands in a log reaches a shell, a
// rule or a file name: targets are parsed into typed values, and only those go on.
//
// Action, Block, Policy, the guard's Judge and Playbook are pure values. Runner, Firewall and Helper may be used by any
// goroutine. Nobody keeps what he is handed; what is returned belongs to the caller.
package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind is one way to change the world.
type Kind struct {
	Name    string
	Doc     string // one sentence
	Example string // a target
	Lasts   bool   // it can be undone, and expires
	// Check makes a target and parameters canonical, or says what is wrong with them. It decides by their text alone.
	Check func(target string, params map[string]string) (string, error)
	// Do does it. It must be harmless to do it twice. Entries of the firewall have none: they are made so together.
	Do func(ctx context.Context, h *Hands, d *Deed) (Outcome, error)
	// Undo takes it back, with what Do has returned for it; harmless to do twice.
	Undo func(ctx context.Context, h *Hands, d *Deed) error
	// Look says what a person should know of what it would meet, as far as this process sees it; nil says nothing. It decides
	// nothing, and changes nothing.
	Look func(target string) []string
	// Unprivileged kinds run in the process that asks.
	Unprivileged bool
}

// Deed is what is done or taken back.
type Deed struct {
	Kind   string            `json:"kind"`
	Target string            `json:"target"`
	Params map[string]string `json:"params,omitempty"`
	Undo   map[string]string `json:"undo,omitempty"`
	By     string            `json:"by,omitempty"`
	Why    Why               `json:"why,omitzero"`
	Asked  int64             `json:"asked,omitempty"` // ns since 1970: another time is another deed
}

// errFinal is in the error of a run that can never go well.
var errFinal = errors.New("it will not be tried again")

// Kinds are all kinds, in the order of the reference.
func Kinds() []Kind {
	list := []Kind{blockKind, allowKind, limitKind, isolateKind}
	return append(append(list, hostKinds()...), lockLDAPKind, programKind, webhookKind, jiraKind)
}

// KindOf returns the kind of a name.
func KindOf(name string) (Kind, error) {
	kinds := Kinds()
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		var names []string
		for _, k := range kinds {
			names = append(names, k.Name)
		}
		return Kind{}, fmt.Errorf("%.40q is no kind of action; there are %s", name, strings.Join(names, ", "))
	}
	return kinds[i], nil
}

// firewall tells whether a kind's actions are entries of the firewall.
func (k *Kind) firewall() bool { return k.Do == nil }

// noParams refuses parameters but those named.
func noParams(params map[string]string, but ...string) error {
	for name := range params {
		if !slices.Contains(but, name) {
			return fmt.Errorf("%.40q is no parameter of it", name)
		}
	}
	return nil
}
