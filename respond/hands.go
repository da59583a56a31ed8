package respond

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"
)

// Order is one of the few things that Hands are asked for. Verb says which; the fields that it does not need are ignored.
type Order struct {
	Verb   string  `json:"verb"`
	Deed   *Deed   `json:"deed,omitempty"`   // do, undo
	Wanted *Wanted `json:"wanted,omitempty"` // replace, try
	Add    []Block `json:"add,omitempty"`    // change
	Remove []Block `json:"remove,omitempty"` // change
}

// The verbs.
const (
	VerbDo      = "do"
	VerbUndo    = "undo"
	VerbReplace = "replace" // make the whole firewall so
	VerbTry     = "try"     // would the kernel take it?
	VerbChange  = "change"  // add and remove entries of the firewall
	VerbRead    = "read"    // what the kernel holds
	VerbGround  = "ground"  // what must not be cut off
	VerbRemove  = "remove"  // take the firewall's table away
)

// Answer is what came of an order.
type Answer struct {
	Outcome  Outcome   `json:"outcome,omitzero"`
	Standing Standing  `json:"standing,omitzero"`
	Ground   *Ground   `json:"ground,omitempty"`
	Refused  []Refusal `json:"refused,omitempty"` // blocks that were left out
}

// Refusal says why a block was left out.
type Refusal struct {
	Block Block  `json:"block"`
	Why   string `json:"why"`
}

// Standing is the firewall as the kernel has it.
type Standing struct {
	Held []Held `json:"held,omitempty"`
	Used []Used `json:"used,omitempty"`
}

// Worker performs orders: Hands in this process, Helper in another.
type Worker interface {
	Perform(ctx context.Context, o *Order) (*Answer, error)
}

// Kernel is the firewall that Hands hold; see Firewall.
type Kernel interface {
	Replace(w *Wanted, dry bool) error
	Change(add, remove []Block) error
	Read() (Standing, error)
}

// Hands do what needs rights. They check every argument again, whoever asks, and refuse what the guard forbids.
type Hands struct {
	Kernel Kernel // nil where there is none
	Guard  Guard
	Tools  Tools
	Look   func() (*Ground, error) // finds out what must not be cut off
	Log    *slog.Logger
	// Allow names the kinds that may be done; empty is all.
	Allow []string
}

// Tools are settings of kinds.
type Tools struct {
	Quarantine string             `json:"quarantine,omitempty"` // the folder that files are moved into; "" is no quarantine
	Root       string             `json:"root,omitempty"`       // below which the accounts' files are; "" is /
	Programs   map[string]Program `json:"programs,omitempty"`
	Webhooks   map[string]Webhook `json:"webhooks,omitempty"`
	LDAP       *LDAP              `json:"ldap,omitempty"`
	Trackers   map[string]Tracker `json:"-"` // of tickets, by the names of their ways
}

// timeLimit is how long a deed may take, but where its kind says otherwise.
const timeLimit = 2 * time.Minute

// ErrNoFirewall is the error where there is no kernel to ask.
var ErrNoFirewall = errors.New("there is no firewall here: it needs Linux, nftables and CAP_NET_ADMIN")

// rightsWords say how serve comes by rights that it has not.
const rightsWords = "let root start serve, with respond.user in tocsin.yml, or let tocsin rights --listen run as root, and name its socket as respond.helper"

// ErrForbidden is in the error of what the guard does not let happen.
var ErrForbidden = errors.New("the guard forbids it")

// Perform does what an order says.
func (h *Hands) Perform(ctx context.Context, o *Order) (*Answer, error) {
	a := &Answer{}
	var err error
	switch o.Verb {
	case VerbDo, VerbUndo:
		err = h.deed(ctx, o, a)
	case VerbGround:
		a.Ground, err = h.Look()
	case VerbReplace, VerbTry, VerbChange, VerbRead, VerbRemove:
		err = h.firewall(o, a)
	default:
		err = fmt.Errorf("%.40q is no verb", o.Verb)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (h *Hands) deed(ctx context.Context, o *Order, a *Answer) error {
	if o.Deed == nil {
		return fmt.Errorf("%s: what?", o.Verb)
	}
	d := *o.Deed
	k, err := KindOf(d.Kind)
	if err != nil {
		return err
	}
	if k.firewall() {
		return fmt.Errorf("%s: is made so together with the whole firewall", d.Kind)
	}
	if len(h.Allow) > 0 && !slices.Contains(h.Allow, k.Name) {
		return fmt.Errorf("%w: %s is not among the kinds that are switched on", ErrForbidden, k.Name)
	}
	target, err := k.Check(d.Target, d.Params)
	if err != nil {
		return fmt.Errorf("%w: %w", err, errFinal)
	}
	if target != d.Target {
		return fmt.Errorf("%s %.100q: not in its canonical form: %w", d.Kind, d.Target, errFinal)
	}
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	if o.Verb == VerbDo {
		a.Outcome, err = k.Do(ctx, h, &d)
	} else if k.Undo == nil {
		err = nil // there is nothing to take back
	} else {
		err = k.Undo(ctx, h, &d)
	}
	if errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("%w: %s", err, rightsWords)
	}
	h.log().Info("deed", "verb", o.Verb, "kind", d.Kind, "target", d.Target, "by", d.By, "error", err)
	return err
}

func (h *Hands) log() *slog.Logger {
	if h.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return h.Log
}

func (h *Hands) firewall(o *Order, a *Answer) (err error) {
	if h.Kernel == nil {
		return ErrNoFirewall
	}
	switch o.Verb {
	case VerbRead:
		if a.Standing, err = h.Kernel.Read(); errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%w: %w: %s", ErrNoFirewall, err, rightsWords)
		}
		return err
	case VerbRemove:
		r, ok := h.Kernel.(interface{ Remove() error })
		if !ok {
			return ErrNoFirewall
		}
		return r.Remove()
	case VerbChange:
		var add []Block
		if add, a.Refused, err = h.spare(o.Add); err == nil {
			err = h.Kernel.Change(add, o.Remove)
		}
	default:
		if o.Wanted == nil {
			return fmt.Errorf("%s: what?", o.Verb)
		}
		w := *o.Wanted
		if w.Blocks, a.Refused, err = h.spare(w.Blocks); err == nil {
			err = h.Kernel.Replace(&w, o.Verb == VerbTry)
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("%w: %w: %s", ErrNoFirewall, err, rightsWords)
	}
	h.log().Info("firewall", "verb", o.Verb, "added", len(o.Add), "removed", len(o.Remove), "refused", len(a.Refused), "error", err)
	return err
}

// spare leaves out blocks that the guard forbids.
func (h *Hands) spare(blocks []Block) (may []Block, refused []Refusal, err error) {
	if len(blocks) == 0 {
		return nil, nil, nil
	}
	ground, err := h.Look()
	if err != nil {
		return nil, nil, fmt.Errorf("find out what must not be cut off: %w", err)
	}
	j := h.Guard.judge(ground)
	may = make([]Block, 0, len(blocks))
	for i := range blocks {
		if o := j.objections(&blocks[i]); len(o) > 0 {
			refused = append(refused, Refusal{blocks[i], o[0]})
			continue
		}
		may = append(may, blocks[i])
	}
	return may, refused, nil
}
