package notify

import "time"

// What people have said of an incident.
const (
	StatusNew     = "new"
	StatusTaken   = "taken"
	StatusSnoozed = "snoozed"
	StatusClosed  = "closed"
)

// Incident is what a person may have to be told of, as it is now.
type Incident struct {
	Key        string
	Title      string
	Sentence   string // what happened, in plain words
	Level      int    // Informational to Critical
	Score      int    // 0 to 100
	Sure       string // how sure it is, in a few words; "" where nothing is known
	Status     string // StatusNew, …; anything else counts as closed
	Owner      string
	Verdict    string // of a closed one
	Note       string // of who closed it
	Until      time.Time
	First      time.Time // of its first event
	Last       time.Time
	Updated    time.Time // when it changed last
	Count      int64     // events
	Entities   []Entity  // the worst first
	Tactics    []string  // stages, in the order in which they were reached
	Rules      []string  // ids and titles of its rules
	Tags       []string  // of its rules
	Tenant     string
	Next       []string // what to do
	Background bool     // what is tried at everybody: nobody is disturbed for it, unless a route says so

	// Since says what the logs tell of those whom it is about from its gravest moment on, one line for each event. It is
	// asked only for what is told now, and must not take long; nil where nobody knows.
	Since func() []string
}

// statusAt is the status at a time: one that was put off is new again when that time is over.
func (i *Incident) statusAt(now time.Time) string {
	switch i.Status {
	case StatusNew, StatusTaken, StatusClosed:
		return i.Status
	case StatusSnoozed:
		if !i.Until.IsZero() && !now.Before(i.Until) {
			return StatusNew
		}
		return StatusSnoozed
	}
	return StatusClosed
}
