package source

import (
	"context"
	"log/slog"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// Input is one road by which records come in for as long as it runs.
type Input interface {
	// Name says which it is, for people, logs and metrics: "files", "syslog udp 127.0.0.1:5514".
	Name() string
	// Run takes in until ctx is done, and then returns nil; an error says that it is broken. It may be called again
	// after it has returned, and then resumes where it was.
	Run(ctx context.Context, to Intake) error
}

// Intake takes what inputs bring. It is safe for concurrent use.
type Intake interface {
	// Send waits while there is no room: that is the back-pressure. An error says that the delivery was not taken.
	Send(ctx context.Context, d Delivery) error
	// Position returns up to where a stream was durably taken in: the last Delivery.Position; "" where nothing is known.
	Position(stream string) string
	// Notice tells something about the input itself. It becomes an event about tocsin, which rules watch. It never waits.
	Notice(n Notice)
}

// MaxPosition bounds Delivery.Position, in bytes.
const MaxPosition = 4 << 10

// Delivery is a run of whole records of one origin on its way in.
type Delivery struct {
	Block    event.Block
	Stream   string // whose position it moves on, e.g. "file:/var/log/auth.log"; "" where the input cannot resume
	Position string // where Stream resumes after the block: for the input alone to read
	Behind   bool   // more of the stream is known to wait, so the time of its events is not the present
	Since    int64  // events of before are left out: neither matched nor kept; nanoseconds since 1970, 0 is no bound
	// Done is called once: with nil when the block and the position are durable, else with the reason why they never
	// will be. For the deliveries of one stream it is called in the order of Send. It must not wait; it may be nil.
	Done func(error)
}

// Notice is something about an input that a person may have to know.
type Notice struct {
	Action string // one of the Notice… constants; the event.action of the event that it becomes
	Input  string // Input.Name
	Stream string // or ""
	Sender string // or ""
	Count  int64  // records or bytes concerned, as Reason says; 0 where that is unknown
	Reason string // one sentence
}

// What a Notice is about.
const (
	NoticeDropped    = "input-dropped"    // records that could not wait were lost
	NoticeRefused    = "input-refused"    // a sender without right, or a record over a limit, was turned away
	NoticeUnreadable = "input-unreadable" // something is there and cannot be read
	NoticeFailed     = "input-failed"     // the input has stopped and will be started again
	NoticeGap        = "input-gap"        // a part of a stream was gone before it could be read
	NoticeSkewed     = "clock-wrong"      // the times that a source states are not near the present
	NoticeSilent     = "source-silent"    // a source that always spoke says nothing
	NoticeSpeaking   = "source-speaking"  // a silent source is back
	NoticeFull       = "store-full"       // nothing more can be kept, so nothing is acknowledged
)

// Env is what all inputs are given.
type Env struct {
	// Recognise is as in Options.
	Recognise func(head string) (string, Splitter)
	Splitter  func(format string) Splitter // a new splitter of a format that is known by name, nil where there is none
	Zone      *time.Location               // of times that state none; nil is UTC
	Log       *slog.Logger
	TempDir   string
	Now       func() time.Time // the clock; nil is time.Now
}

// Kind documents one kind of live input.
type Kind struct {
	Name    string // the key under inputs in the configuration
	Doc     string // one or two sentences
	Example string // YAML below the key
	Config  any    // a pointer to the zero value of its configuration
}
