package notify

import (
	"fmt"
	"slices"
	"time"
)

// Told is what a route has told of an incident: all that must be remembered to decide what to tell next. The zero value
// means nothing.
type Told struct {
	Route    string    `json:"route"`
	Incident string    `json:"incident"`
	Group    string    `json:"group"`          // of messages that are sent as one
	Seen     time.Time `json:"seen"`           // when the route first had to do with it
	First    time.Time `json:"first,omitzero"` // when it was told first
	At       time.Time `json:"at,omitzero"`    // when it was told last; zero is never
	Number   int       `json:"number"`         // of messages
	Level    int       `json:"level"`          // the highest that was told
	Stages   []string  `json:"stages,omitempty"`
	Steps    int       `json:"steps,omitempty"` // of the escalation that are done
	Status   string    `json:"status,omitempty"`
	Resolved bool      `json:"resolved,omitempty"` // that it is closed was told, or need not be
	To       []string  `json:"to,omitempty"`       // the ways by which it was told, all of them
	Title    string    `json:"title,omitempty"`    // for the case that the incident is gone
	Tenant   string    `json:"tenant,omitempty"`

	Receipts map[string]string `json:"receipts,omitempty"` // by way: what the other side calls what it made of it
}

// Decision says whether a person must be disturbed, and why.
type Decision struct {
	Tell  bool
	Kind  string    // of the message: Firing, Worse, Repeat, Escalated, Resolved; "" where nothing is told
	Why   string    // one sentence
	Again time.Time // when to ask again even if nothing has changed; zero where only a change can matter
}

func no(again time.Time, why string, args ...any) Decision {
	return Decision{Again: again, Why: fmt.Sprintf(why, args...)}
}

func tell(kind, why string, args ...any) Decision {
	return Decision{Tell: true, Kind: kind, Why: fmt.Sprintf(why, args...)}
}

// Disturb says whether a route must tell of an incident now. was is what the route told of it before, is the incident as
// it is. It looks at nothing else, so the same arguments give the same answer.
//
// In this order: a closed incident is never told but for its end; quiet hours hold back all but the critical; what is new
// is told once it has waited as long as the route says; what has become graver, or has reached a stage that was not told,
// is told, also when somebody has taken it or has put it off: what is graver at once, a stage a minute after the last message at the earliest; what nobody has taken is escalated and repeated.
func Disturb(now time.Time, r *Route, was Told, is *Incident) Decision {
	status := is.statusAt(now)
	told := !was.At.IsZero() && !was.Resolved
	if status == StatusClosed {
		switch {
		case !told:
			return no(time.Time{}, "it is closed")
		case !r.resolve:
			return no(time.Time{}, "it is closed, and the route does not tell that")
		}
		if end := r.quietUntil(now, is.Level); !end.IsZero() {
			return no(end, "it is closed; quiet hours end at %s", r.clock(end))
		}
		return tell(Resolved, "it was closed%s", ifAny(": ", is.Verdict))
	}
	if why := r.refuses(is); why != "" {
		return no(time.Time{}, "%s", why)
	}
	if end := r.quietUntil(now, is.Level); !end.IsZero() {
		return no(end, "quiet hours until %s", r.clock(end))
	}
	if !told {
		return r.disturbNew(now, was, is, status)
	}
	switch stage := newStage(was.Stages, is.Tactics); {
	case is.Level > was.Level:
		return tell(Worse, "it was %s and is %s now", LevelName(was.Level), LevelName(is.Level))
	case stage != "" && now.Before(was.At.Add(stageWait)) && is.Level < Critical:
		return no(was.At.Add(stageWait), "it has reached a new stage, %s, and was told within the minute", stage)
	case stage != "":
		return tell(Worse, "it has reached a new stage: %s", stage)
	}
	switch status {
	case StatusTaken:
		return no(time.Time{}, "%s has taken it", ifEmpty(is.Owner, "somebody"))
	case StatusSnoozed:
		return no(is.Until, "it is put off until %s", r.clock(is.Until))
	}
	return r.disturbAgain(now, was)
}

// stageWait is the least time between a message and one that says that a new stage was reached: what happens in one go is
// found by several rules within seconds.
const stageWait = time.Minute

// disturbNew decides about what the route has not told yet.
func (r *Route) disturbNew(now time.Time, was Told, is *Incident, status string) Decision {
	if status == StatusSnoozed {
		return no(is.Until, "it is put off until %s", r.clock(is.Until))
	}
	if status == StatusTaken {
		return no(time.Time{}, "%s has taken it", ifEmpty(is.Owner, "somebody"))
	}
	open, change := r.hours.at(now)
	if !open {
		return no(change, "the hours of the route begin at %s", r.clock(change))
	}
	if was.Resolved {
		return tell(Firing, "it was closed, and goes on")
	}
	seen := was.Seen
	if seen.IsZero() {
		seen = now
	}
	wait := r.waitFor(is)
	if ready := seen.Add(wait); now.Before(ready) && !seen.After(now) {
		return no(ready, "it waits %s for what belongs to it", wait)
	}
	return tell(Firing, "it is new")
}

// disturbAgain decides about what was told, is as it was, and is nobody's. An escalation does not heed the hours of the
// route: those who were told within them did not answer.
func (r *Route) disturbAgain(now time.Time, was Told) Decision {
	var next time.Time
	sooner := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if was.Steps < len(r.escalate) {
		after := r.escalate[was.Steps].after
		if due := was.First.Add(after); !now.Before(due) {
			return tell(Escalated, "nobody has taken it for %s", roughly(now.Sub(was.First)))
		}
		sooner(was.First.Add(after))
	}
	if r.repeat > 0 {
		due := was.At.Add(r.repeat)
		if open, change := r.hours.at(now); !open && due.Before(change) {
			due = change
		}
		if !now.Before(due) {
			return tell(Repeat, "nobody has taken it for %s", roughly(now.Sub(was.First)))
		}
		sooner(due)
	}
	return no(next, "it was told, and nothing has changed")
}

// tells returns what the memory of a route becomes when a decision to tell is carried out.
func (was Told) tells(now time.Time, d Decision, is *Incident) Told {
	if d.Kind == Firing && was.Resolved {
		was.First, was.Steps, was.Level, was.Stages, was.To = time.Time{}, 0, 0, nil, nil
	}
	if was.First.IsZero() {
		was.First = now
	}
	if was.Seen.IsZero() {
		was.Seen = now
	}
	was.At = now
	was.Number++
	was.Resolved = d.Kind == Resolved
	was.Level = max(was.Level, is.Level)
	was.Status = is.statusAt(now)
	was.Title, was.Tenant = clean(is.Title, maxTitle), is.Tenant
	was.Stages = slices.Clone(was.Stages)
	for _, t := range is.Tactics {
		if len(was.Stages) < maxStages && !slices.Contains(was.Stages, t) {
			was.Stages = append(was.Stages, t)
		}
	}
	if d.Kind == Escalated {
		was.Steps++
	}
	return was
}

// maxStages bounds the stages that are remembered of one incident; ATT&CK has fourteen tactics.
const maxStages = 64

// rebased is the memory with no time after now: where the clock was set back, what was told counts as told just now, so
// that nothing waits for a time that is years away.
func (was Told) rebased(now time.Time) Told {
	for _, t := range []*time.Time{&was.Seen, &was.First, &was.At} {
		if t.After(now) {
			*t = now
		}
	}
	return was
}

// newStage returns the first stage that was not told; "" where there is none.
func newStage(told, tactics []string) string {
	if len(told) >= maxStages {
		return ""
	}
	for _, t := range tactics {
		if t != "" && !slices.Contains(told, t) {
			return t
		}
	}
	return ""
}

func ifAny(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

func ifEmpty(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// roughly writes a duration as people say it.
func roughly(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
