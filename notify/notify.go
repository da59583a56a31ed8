// Package notify tells people what was found: the right person, once.
//
// It promises: a message is written into the Outbox, in one transaction with the memory that it was told, before it is
// sent; so a crash at any moment loses none, and sends one twice only where the crash fell between a service's taking it
// and our noting that, and the service does not know messages by their key. What cannot be delivered is tried again for
// days, the gravest first, and in order for each incident; what never could be is told as an event. A flood is folded
// into one message that says how many there are.
//
// Whether a person must be disturbed is decided by Disturb and by nothing else: a pure function of the time, the route,
// what was told before and the incident. Text that comes from logs is only ever text: no way of telling lets it become a
// header, a mention, a link or markup.
//
// What it never does: run a program, follow a redirect, or let a server that hangs hold up another way.
//
// A Notifier has one goroutine that decides and owns the memory (Run), and one for each way that sends. Everything else
// is values; a Sender is called by one goroutine at a time.
package notify

import (
	"context"
	"log/slog"
	"time"
)

// Levels, as the Sigma specification names them.
const (
	Informational = iota
	Low
	Medium
	High
	Critical
)

// levels are their names, from Informational on.
var levels = [...]string{"informational", "low", "medium", "high", "critical"}

// LevelName names a level; one that is out of range is taken to be the nearest.
func LevelName(level int) string { return levels[min(max(level, 0), len(levels)-1)] }

// Why a message is sent.
const (
	Firing    = "firing"    // something new
	Worse     = "worse"     // what was told before has become graver, or has reached a new stage
	Repeat    = "repeat"    // nobody has taken it yet
	Escalated = "escalated" // nobody has taken it yet, and so somebody else is told
	Taken     = "taken"     // somebody has taken it; for services alone that keep a state of their own
	Resolved  = "resolved"  // it is closed
	Digest    = "digest"    // the daily mail
	Folded    = "folded"    // one message in place of many
	Test      = "test"      // somebody tries whether it works
)

// Message is what a person is told, whatever the way. All texts are one line, without control characters, and bounded;
// what they hold may come from an attacker and is text, nothing else.
type Message struct {
	ID     string `json:"id"`              // the same when it is sent again
	Thread string `json:"thread"`          // the same for all messages about one incident; "" where it stands alone
	First  bool   `json:"first,omitempty"` // of its thread and way
	Doubt  bool   `json:"doubt,omitempty"` // it may have arrived before: a connection or the process ended at the wrong moment

	Kind     string    `json:"kind"`
	Severity string    `json:"severity"` // informational, low, medium, high, critical
	Title    string    `json:"title"`
	What     string    `json:"what"`               // line 1: what happened
	Who      string    `json:"who"`                // line 2: to whom, and how sure that is
	Sentence string    `json:"sentence,omitempty"` // the whole of it, in plain words
	Why      string    `json:"why,omitempty"`      // why somebody is told now
	Link     string    `json:"link,omitempty"`     // to the alert; http or https
	Command  string    `json:"command,omitempty"`  // that shows it on the machine
	Entities []Entity  `json:"entities,omitempty"`
	Tactics  []string  `json:"tactics,omitempty"`
	Tenant   string    `json:"tenant,omitempty"`
	Status   string    `json:"status,omitempty"`
	Owner    string    `json:"owner,omitempty"`
	Score    int       `json:"score,omitempty"` // 0 to 100
	Count    int64     `json:"count,omitempty"` // events
	At       time.Time `json:"time"`            // when it was decided to tell it
	From     time.Time `json:"from,omitzero"`   // of the first event
	Until    time.Time `json:"until,omitzero"`  // of the last event
	Since    []string  `json:"since,omitempty"` // what the logs tell from its gravest moment on
	Next     []string  `json:"next,omitempty"`  // what to do
	Items    []Item    `json:"items,omitempty"` // of a message about several things: Digest, Folded, and grouped ones
	More     int       `json:"more,omitempty"`  // things that Items leaves out
	Sections []Section `json:"sections,omitempty"`

	Left []string `json:"left,omitempty"` // the recipients of the way who have not got it yet; nil for all

	// Receipt is what Send returned for an earlier message of the thread by the same way; "" where there is none.
	Receipt string `json:"-"`
}

// Item is one of several things that a message is about.
type Item struct {
	Severity string `json:"severity"`
	Title    string `json:"title"`
	Who      string `json:"who,omitempty"`
	Link     string `json:"link,omitempty"`
}

// Section is a part of a digest.
type Section struct {
	Title string   `json:"title"`
	Lines []string `json:"lines,omitempty"`
	None  string   `json:"none,omitempty"` // what stands there when there are no lines
	More  int      `json:"more,omitempty"` // lines that are left out
}

// Entity is a person, a machine or an address that something is about.
type Entity struct {
	Kind string `json:"kind"` // user, host, address, file
	Name string `json:"name"`
}

// Sender is one way of telling. It is called by one goroutine at a time.
type Sender interface {
	// Send sends a message and returns when the other side has taken it. An error is a *Refusal where more is known of
	// it. The receipt is what the other side calls what it made of it, or "".
	Send(ctx context.Context, m *Message) (receipt string, err error)
}

// Env is what all ways are given.
type Env struct {
	Host    string           // the name of this machine
	Version string           // of tocsin
	Now     func() time.Time // the clock; nil is time.Now
	Log     *slog.Logger
}

func (e *Env) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

// Kind documents one kind of way.
type Kind struct {
	Name    string // the key in the configuration
	Doc     string // one or two sentences
	Example string // YAML below the key of the kind
	Config  any    // a pointer to the zero value of its configuration
	States  bool   // the service keeps a state of each incident: it is told when one is taken, also
}

// Ways are all kinds of ways.
var Ways = []Kind{
	DiscordKind,
	JiraKind,
	MailKind,
	MattermostKind,
	NtfyKind,
	OpsgenieKind,
	PagerDutyKind,
	SlackKind,
	SyslogKind,
	TeamsKind,
	WebhookKind,
}
