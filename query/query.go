// Package query is tocsin's search language: text becomes a closed tree that says which events are meant and what is to
// be made of them. The language takes what people guess: words, "phrases", field:value, wildcards, ranges, networks,
// and/or/not in any case, and pipes; the dialects of Splunk, Kibana and LogsQL are understood where they are unambiguous.
//
// Parse tells every mistake with its place. A Query prints itself in one canonical form that parses back to the same
// query, explains itself in words, and decides on live events by itself (Match); the room store has it decided by an
// engine and means the same.
//
// The package does no I/O and reads no clock: times in a query are absolute. A Query is immutable once parsed; Match and
// a Tester may be used from any number of goroutines and allocate nothing for an event of a known shape.
package query

import (
	"sync"

	"github.com/tocsin-sec/tocsin/event"
)

// Query says which events are meant, and what is made of them.
type Query struct {
	Where Expr   // nil: every event
	Pipes []Pipe // in order; each takes the rows that the one before it gives
	Since int64  // nanoseconds since 1970; events from then on; 0: from the first
	Until int64  // nanoseconds since 1970; events before it; 0: to the last

	programs sync.Map // *event.Shape → *program, see Match
	plan     sync.Once
	root     *node
}

// Expr is a condition on one event: *And, *Or, *Not or *Test.
type Expr interface{ expr() }

// And holds where all of its conditions do; an empty one always.
type And struct{ Of []Expr }

// Or holds where one of its conditions does; an empty one never.
type Or struct{ Of []Expr }

// Not holds where its condition does not: also for events that lack the field that is asked for.
type Not struct{ Of Expr }

// Test is a condition on the value of a field, or of any field.
type Test struct {
	Field string // "" is any field: all but those of Hidden
	Op    Op

	// Text is what Op compares with. Of Words and Is it is a pattern: * stands for any characters, ? for one, and \
	// makes the character after it stand for itself. Of Regexp it is in RE2 syntax.
	Text string

	Min, Max         string // of Range; "" is open
	MinOpen, MaxOpen bool   // the bound itself is not meant
}

// Op is a way to compare.
type Op uint8

// The ways to compare. Case does not matter but for Exact and Regexp; (?i) makes it not matter for that, too.
const (
	Words  Op = iota // the words stand in the value, whole and in this order, as they are punctuated
	Is               // the whole value
	Exact            // the whole value, as written
	Regexp           // matches somewhere in the value
	InNet            // an address in the value belongs to the network
	Range            // the value lies between Min and Max: as numbers if they are numbers, as addresses, as times, else as text
	Exists           // there is a value
)

func (*And) expr()  {}
func (*Or) expr()   {}
func (*Not) expr()  {}
func (*Test) expr() {}

// Names of fields that every event has.
const (
	Time     = "_time"              // when it happened
	Message  = "_msg"               // the record's text, where it is plain text
	Dataset  = "dataset"            // the name of its format
	Path     = "log.file.path"      // the file it was read from
	Sender   = "log.source.address" // who handed it over
	Sequence = "event.sequence"     // its line or record number
)

// Hidden tells of a field that a search in any field passes over: what tocsin itself notes for its own use.
func Hidden(name string) bool {
	switch name {
	case Time, Sequence, "_id", "_stream", "_stream_id":
		return true
	}
	return false
}

// Columns returns the names under which a field may be kept: its own, and that of which it is another name. A test holds
// where it does for one of them.
func Columns(name string) []string {
	switch name {
	case "message", "msg", "Message":
		return []string{name, Message}
	case "@timestamp", "time", "timestamp":
		return []string{name, Time}
	case Message:
		return []string{Message}
	}
	return []string{name}
}

// Walk calls f for every test of an expression.
func Walk(e Expr, f func(*Test)) {
	switch e := e.(type) {
	case *And:
		for _, s := range e.Of {
			Walk(s, f)
		}
	case *Or:
		for _, s := range e.Of {
			Walk(s, f)
		}
	case *Not:
		Walk(e.Of, f)
	case *Test:
		f(e)
	}
}

// Match tells whether an event is meant: whether Where holds for it and its time lies from Since to Until. Pipes do not
// matter here. Fields are found by their native names or by those of ECS (see event.Shape.Slot).
func (q *Query) Match(e *event.Event) bool {
	if q.Since != 0 && e.Time < q.Since || q.Until != 0 && e.Time >= q.Until {
		return false
	}
	if q.Where == nil {
		return true
	}
	p := q.program(e.Shape)
	s := scratches.Get().(*scratch)
	ok := p.eval(q.root, e, s)
	if cap(s.buf) <= maxScratch {
		scratches.Put(s)
	}
	return ok
}
