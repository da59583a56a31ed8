package detect

import (
	"encoding/json"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sight"
	"github.com/tocsin-sec/tocsin/sigma"
)

// The lines of `tocsin hunt --json`, one JSON object each, in this order: for every rule that hits, one "rule" line
// before its first "hit" line; at last one "summary" line. Every reader of a saved run gets the same three types.

// RuleInfo is what a reader of hits may want to know of a rule: the line of type "rule".
type RuleInfo struct {
	Type           string          `json:"type"` // "rule"
	ID             string          `json:"id"`
	Title          string          `json:"title"`
	Level          string          `json:"level" enum:"critical,high,medium,low,informational"`
	Status         string          `json:"status,omitempty"`
	Description    string          `json:"description,omitempty"`
	Author         string          `json:"author,omitempty"`
	Tags           []string        `json:"tags"`
	References     []string        `json:"references,omitempty"`
	FalsePositives []string        `json:"falsepositives,omitempty"`
	NextSteps      []string        `json:"next_steps,omitempty"`
	LogSource      event.LogSource `json:"logsource"`
	File           string          `json:"file"` // where the rule stands
	Line           int             `json:"line"`
}

// Hit is one event, or one group of events, that a rule describes: the line of type "hit".
type Hit struct {
	Type      string          `json:"type"`          // "hit"
	Time      time.Time       `json:"time,omitzero"` // of the event, UTC; of a correlation: of the event that completed it; zero where the event states none
	Last      time.Time       `json:"last,omitzero"` // of the last event that belongs to it, where that is later than Time
	Rule      HitRule         `json:"rule"`
	File      string          `json:"file"`   // of the event (a correlation: of the one that completed it)
	Record    int64           `json:"record"` // line or record number in File
	LogSource event.LogSource `json:"logsource"`
	Matched   []Matched       `json:"matched"`
	Entities  Entities        `json:"entities"`
	By        []string        `json:"by,omitempty"`     // of a correlation about more users: those of the event that completed it
	Event     json.RawMessage `json:"event,omitempty"`  // the native fields, in the order of the source; not in a correlation's hit
	Events    []EventRef      `json:"events,omitempty"` // of a correlation, in order of time; at most MaxEventRefs
	Count     int64           `json:"count,omitempty"`  // of a correlation: how many events it is made of, listed or not
}

// MaxEventRefs bounds the events that a correlation's hit lists. It lists the first and the last of more.
const MaxEventRefs = 100

// HitRule names the rule of a hit.
type HitRule struct {
	ID    string   `json:"id"`
	Title string   `json:"title"`
	Level string   `json:"level" enum:"critical,high,medium,low,informational"`
	Tags  []string `json:"tags"`
}

// Matched is one reason for a hit: a field, its value, and the test that it passed, as the rule's author wrote it.
type Matched struct {
	Field string `json:"field"` // native name; "" for a keyword
	Value string `json:"value"` // shortened to MaxMatchedValue bytes around what matched
	By    string `json:"by"`    // e.g. `CommandLine|contains: ' -enc '`, or `event_count gte 5 in 10m`
}

// MaxMatchedValue bounds Matched.Value, in bytes.
const MaxMatchedValue = sigma.LongValue

// Entities are the persons, hosts and addresses that a hit is about; each sorted and without repeats. Targets are those
// of the addresses that something was sent to (ECS destination.ip); the others are where it came from.
type Entities struct {
	Hosts     []string `json:"hosts,omitempty"`
	Users     []string `json:"users,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	Targets   []string `json:"targets,omitempty"`
}

// EventRef is the place of an event in the input.
type EventRef = sight.EventRef

// Summary is the last line of a run.
type Summary struct {
	Type        string          `json:"type"` // "summary"
	Files       int64           `json:"files"`
	Bytes       int64           `json:"bytes"` // after decompression
	Events      int64           `json:"events"`
	Rules       RuleCounts      `json:"rules"`
	Hits        int64           `json:"hits"`
	First       time.Time       `json:"first,omitzero"` // the earliest and the latest time that an event states
	Last        time.Time       `json:"last,omitzero"`
	Formats     []FormatCount   `json:"formats"`
	Unread      []event.Unread  `json:"unread"`              // at most MaxUnread
	UnreadTotal int64           `json:"unread_total"`        // listed or not
	Notes       []string        `json:"notes,omitempty"`     // bounds that were reached, and what that means for the result
	Incidents   []alert.Message `json:"incidents,omitempty"` // what the hits come to, the worst first; at most MaxIncidents
	Seconds     float64         `json:"seconds"`
}

// MaxIncidents bounds Summary.Incidents.
const MaxIncidents = 200

// MaxUnread bounds Summary.Unread.
const MaxUnread = 1000

// RuleCounts says how many rules there were.
type RuleCounts struct {
	Loaded  int      `json:"loaded"`
	Refused int      `json:"refused"`
	From    []string `json:"from,omitempty"` // the places that they were loaded from, as they were named
}

// FormatCount says how much there was of one format.
type FormatCount struct {
	Format string `json:"format"`
	Files  int64  `json:"files"`
	Events int64  `json:"events"`
}
