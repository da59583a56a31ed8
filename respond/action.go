package respond

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// State is how far an action has come.
type State string

// The states of an action. Its effect is in the world from Running until it is Undone or Expired.
const (
	Proposed State = "proposed" // waits for approvals
	Approved State = "approved" // is to run
	Running  State = "running"  // runs, or did when the process ended: it is run again
	Done     State = "done"
	Undoing  State = "undoing" // is being taken back, or was when the process ended
	Denied   State = "denied"
	Failed   State = "failed"
	Undone   State = "undone"
	Expired  State = "expired"
)

// States are all states, in the order in which an action comes through them.
func States() []State {
	return []State{Proposed, Approved, Running, Done, Undoing, Denied, Failed, Undone, Expired}
}

// StateWords are all states in one line, with commas between them.
func StateWords() string {
	words := make([]string, 0, 9)
	for _, s := range States() {
		words = append(words, string(s))
	}
	return strings.Join(words, ", ")
}

// Ended tells whether nothing of an action is in the world or will be, unless it is asked for anew.
func (s State) Ended() bool { return s == Denied || s == Failed || s == Undone || s == Expired }

// Why says what an action answers.
type Why struct {
	Alert string `json:"alert,omitempty"` // key
	Case  string `json:"case,omitempty"`  // key
	Rule  string `json:"rule,omitempty"`  // id
	Text  string `json:"text,omitempty"`
}

// Vote is what a person said of an action.
type Vote struct {
	By   string `json:"by"`
	At   int64  `json:"at"` // ns since 1970
	Text string `json:"text,omitempty"`
}

// Action is something that changes the world. Its fields are written down before it runs; the methods are pure and return
// the action as it is after the step.
type Action struct {
	Key       string            `json:"key"` // KeyOf(Kind, Target)
	Kind      string            `json:"kind"`
	Target    string            `json:"target"`           // as the kind's Check has made it
	Params    map[string]string `json:"params,omitempty"` // what else the kind needs
	By        string            `json:"by"`               // who asked: a user, or a playbook
	Person    bool              `json:"person,omitempty"` // By is a person
	Why       Why               `json:"why,omitzero"`
	Asked     int64             `json:"asked"`           // ns since 1970
	Until     int64             `json:"until,omitempty"` // when it is to be undone; 0 is never
	State     State             `json:"state" enum:"proposed,approved,running,done,undoing,denied,failed,undone,expired"`
	Needs     int               `json:"needs,omitempty"` // approvals that it needs to run
	Approvals []Vote            `json:"approvals,omitempty"`
	Denial    *Vote             `json:"denial,omitempty"`
	Began     int64             `json:"began,omitempty"`
	Ended     int64             `json:"ended,omitempty"`
	Round     int               `json:"round,omitempty"`  // how often it was asked for after it had ended
	Tries     int               `json:"tries,omitempty"`  // runs that failed, one after the other
	Next      int64             `json:"next,omitempty"`   // not tried again before
	Undo      map[string]string `json:"undo,omitempty"`   // what undoing it needs
	After     State             `json:"after,omitempty"`  // what it is to become once undone
	Result    string            `json:"result,omitempty"` // what came of it, for a person
	Error     string            `json:"error,omitempty"`  // why it failed
	Notes     []string          `json:"notes,omitempty"`  // what the guard had to say when it was asked for
}

// KeyOf is the key of what a kind does to a target: 32 hexadecimal digits. The same thing has one key, so it happens once.
func KeyOf(kind, target string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + target))
	return hex.EncodeToString(sum[:16])
}

// Request asks for an action.
type Request struct {
	Kind   string            `json:"kind"`
	Target string            `json:"target"`
	Params map[string]string `json:"params,omitempty"`
	By     string            `json:"by"`
	Person bool              `json:"person,omitempty"`
	Why    Why               `json:"why,omitzero"`
	For    time.Duration     `json:"for,omitempty"`   // 0 is for ever
	Needs  int               `json:"needs,omitempty"` // approvals
	Notes  []string          `json:"notes,omitempty"`
}

// Veto is how long a person's denial, or that a person has undone it, holds against what asks again and is no person.
const Veto = 24 * time.Hour

const extends = 8

// ErrDenied is the error of asking for what a person has denied, or of approving it.
var ErrDenied = errors.New("a person has denied it")

// ErrState is the error of a step that an action in its state cannot take.
var ErrState = errors.New("not possible in this state")

// Ask returns the action that a request makes of what is known of its key (nil: nothing), and whether it differs from that.
// What is in the world already is not done again: it is extended where the request wants it for longer; by what is no
// person only where that is an eighth of its time, because an alert that grows asks again and again.
func Ask(old *Action, r *Request, now int64) (a Action, changed bool, err error) {
	until := int64(0)
	if r.For > 0 {
		until = now + int64(r.For)
	}
	fresh := Action{
		Key: KeyOf(r.Kind, r.Target), Kind: r.Kind, Target: r.Target, Params: maps.Clone(r.Params), By: r.By, Person: r.Person, Why: r.Why,
		Asked: now, Until: until, State: Proposed, Needs: r.Needs, Notes: slices.Clone(r.Notes),
	}
	if r.Needs <= 0 {
		fresh.Needs, fresh.State = 0, Approved
	}
	switch {
	case old == nil:
		return fresh, true, nil
	case old.Key != fresh.Key:
		return Action{}, false, fmt.Errorf("ask for %s %s: the key %s is another action's", r.Kind, r.Target, old.Key)
	case (old.State == Denied || old.State == Undone) && old.Denial != nil && !r.Person && now < old.Denial.At+int64(Veto):
		return *old, false, fmt.Errorf("%s %s: %w: %s at %s", r.Kind, r.Target, ErrDenied, old.Denial.By, time.Unix(0, old.Denial.At).UTC().Format(time.RFC3339))
	case old.State.Ended():
		fresh.Round = old.Round + 1
		return fresh, true, nil
	case old.State == Undoing:
		return *old, false, fmt.Errorf("%s %s is just being undone: %w; ask again when it is", r.Kind, r.Target, ErrState)
	}
	a = *old
	if fresh.State == Approved && a.State == Proposed {
		a.State, a.Needs, changed = Approved, 0, true
		a.By, a.Person, a.Why = r.By, r.Person, r.Why
	}
	if longer := until - a.Until; a.Until != 0 && (until == 0 || longer > 0 && (r.Person || longer >= int64(r.For)/extends)) {
		a.Until, changed = until, true
	}
	if !maps.Equal(a.Params, fresh.Params) && (r.Person || !a.Person) {
		a.Params, changed = fresh.Params, true
		if a.State == Done {
			a.State = Approved // it is made so
		}
	}
	return a, changed, nil
}

// Approve is a person's yes. The same person counts once.
func (a Action) Approve(by, text string, now int64) (Action, error) {
	switch {
	case a.State == Denied:
		return a, fmt.Errorf("approve %s %s: %w: %s", a.Kind, a.Target, ErrDenied, a.Denial.By)
	case a.State != Proposed:
		return a, fmt.Errorf("approve %s %s, which is %s: %w", a.Kind, a.Target, a.State, ErrState)
	case slices.ContainsFunc(a.Approvals, func(v Vote) bool { return strings.EqualFold(v.By, by) }):
		return a, fmt.Errorf("approve %s %s: %s has done so already; %d approvals are needed: %w", a.Kind, a.Target, by, a.Needs, ErrState)
	}
	a.Approvals = append(slices.Clone(a.Approvals), Vote{by, now, text})
	if len(a.Approvals) >= a.Needs {
		if a.Until != 0 { // its time begins now
			a.Until += now - a.Asked
		}
		a.State = Approved
	}
	return a, nil
}

// Deny is a person's no. One is enough, before it runs; what is in the world already is undone instead.
func (a Action) Deny(by, text string, now int64) (Action, error) {
	if a.State != Proposed && a.State != Approved {
		return a, fmt.Errorf("deny %s %s, which is %s: %w", a.Kind, a.Target, a.State, ErrState)
	}
	a.State, a.Denial, a.Ended = Denied, &Vote{by, now, text}, now
	return a, nil
}

// Start is the step before it runs. What was running when the process ended starts again.
func (a Action) Start(now int64) (Action, error) {
	if a.State != Approved && a.State != Running {
		return a, fmt.Errorf("run %s %s, which is %s: %w", a.Kind, a.Target, a.State, ErrState)
	}
	a.State, a.Error = Running, ""
	a.Began = cmp.Or(a.Began, now)
	return a, nil
}

// Outcome is what came of a run.
type Outcome struct {
	Result string            `json:"result,omitempty"`
	Undo   map[string]string `json:"undo,omitempty"` // what undoing it needs
}

// Finish is the step after a run that went well. What lasts stays Done until it is undone.
func (a Action) Finish(o Outcome, now int64) Action {
	a.State, a.Result, a.Undo, a.Error, a.Tries, a.Next, a.Ended = Done, o.Result, o.Undo, "", 0, 0, now
	return a
}

const maxTries = 5

// Fail is the step after a run, or an undoing, that went wrong. It is tried again, each time after twice as long, from a
// second on; a run that failed too often, or can never go well, ends; undoing is never given up.
func (a Action) Fail(err error, final bool, now int64) Action {
	a.Error = err.Error()
	a.Tries++
	a.Next = now + int64(time.Second)<<min(a.Tries-1, 8)
	if a.State == Running && (final || a.Tries >= maxTries) {
		a.State, a.Ended, a.Next = Failed, now, 0
	}
	return a
}

// Retract asks for it to be undone, by a person or because its time is over; it ends as after, Undone or Expired. What
// never ran just ends.
func (a Action) Retract(after State, by string, now int64) (Action, error) {
	switch a.State {
	case Proposed, Approved:
		a.State, a.Ended, a.Error, a.Tries, a.Next = after, now, "", 0, 0
	case Running, Done:
		a.State, a.After, a.Tries, a.Next, a.Error = Undoing, after, 0, 0, ""
	default:
		return a, fmt.Errorf("undo %s %s, which is %s: %w", a.Kind, a.Target, a.State, ErrState)
	}
	if by != "" {
		a.Result = "undone by " + by
	}
	return a, nil
}

// Retracted is the step after undoing went well.
func (a Action) Retracted(now int64) Action {
	a.State, a.After, a.Undo, a.Error, a.Tries, a.Next, a.Ended = cmp.Or(a.After, Undone), "", nil, "", 0, 0, now
	return a
}

// Due tells whether its time is over.
func (a *Action) Due(now int64) bool {
	return a.Until != 0 && a.Until <= now && !a.State.Ended() && a.State != Undoing
}
