// Package event is the record that everything in tocsin speaks of: a time, a log source and fields with values,
// and batches of them.
//
// An event keeps the native field names and the bytes of its source. A Value is a window into the block of input
// that it was read from; nothing is decoded, unescaped or copied until somebody asks. The block is an immutable
// string, so a Value stays valid for as long as it is held, and holding one keeps its whole block alive: who keeps
// something for long (a correlation, a report) keeps the result of Value.String or Event.Clone, not the Value.
//
// The package does no I/O, reads no clock and starts no goroutine. Shape, Format, Origin and LogSource are immutable
// after they are made and may be shared between goroutines; a Batch belongs to one goroutine at a time.
package event

import "time"

// Event is one record of a log.
type Event struct {
	Shape  *Shape  // the names of the fields, in order; never nil
	Values []Value // one for each of the Shape's fields, in the same order
	Raw    string  // the record as it stood in the input; "" where it has no text form (EVTX)
	Time   int64   // nanoseconds since 1970-01-01T00:00:00Z; 0 where the record states no time
	Origin *Origin // the file or stream that it came from; never nil
	Record int64   // its line number (text, from 1) or its record number (EVTX: the EventRecordID)
}

// When returns the event's time in UTC, the zero time.Time where it states none.
func (e *Event) When() time.Time {
	if e.Time == 0 {
		return time.Time{}
	}
	return time.Unix(0, e.Time).UTC()
}

// Get returns the value of a field by its native name, by the same name in other case or with spaces stripped, or by
// the ECS name that the event's format maps to it; the zero Value (Missing) where there is none.
func (e *Event) Get(name string) Value {
	return e.Shape.Slot(name).Value(e)
}

// Clone returns a copy that shares no memory with the block of input that e was read from.
func (e *Event) Clone() Event {
	c := *e
	c.Raw = string([]byte(e.Raw))
	c.Values = make([]Value, len(e.Values))
	for i, v := range e.Values {
		c.Values[i] = Value{Raw: string([]byte(v.Raw)), Kind: v.Kind}
	}
	return c
}

// Origin is a file or a stream that events come from. It is immutable.
type Origin struct {
	Path      string         // as the user would name it; members of archives as "a.zip!dir/b.log"
	Format    string         // the name of the format that was recognised, e.g. "evtx"
	Reference time.Time      // when it was last written; settles the year of dates that have none
	Zone      *time.Location // of times that state none; nil is UTC
	Sender    string         // who handed the records over, whatever they claim: a peer's address, or the name in its certificate; "" for files
}

// Block is a run of whole records of one Origin: the unit that is parsed in one go.
type Block struct {
	Origin *Origin
	Header string // what a parser must know from the start of the file: a CSV header line, Zeek's "#" lines; often ""
	Data   string // immutable
	Offset int64  // of Data in the (decompressed) stream, in bytes
	First  int64  // the number of Data's first line, from 1
}

// Unread is a part of the input from which no event could be made. It is counted and reported, never skipped in silence.
type Unread struct {
	Path   string `json:"file"`
	Offset int64  `json:"offset"` // in the (decompressed) stream, in bytes
	Reason string `json:"reason"`
}

// Batch is what is read from one Block. Reset it to use its memory again.
type Batch struct {
	Events []Event
	Unread []Unread
	values []Value // the free rest of the current slab
	slabs  [][]Value
	used   int // slabs in use
}

const slabSize = 8192 // values; 192 KiB

// Add appends an event of the given shape, with all values Missing, and returns it for the caller to fill.
// The pointer is valid until the next Add.
func (b *Batch) Add(s *Shape) *Event {
	b.Events = append(b.Events, Event{Shape: s, Values: b.take(len(s.fields))})
	return &b.Events[len(b.Events)-1]
}

func (b *Batch) take(n int) []Value {
	if n > len(b.values) {
		if n > slabSize {
			return make([]Value, n)
		}
		if b.used == len(b.slabs) {
			b.slabs = append(b.slabs, make([]Value, slabSize))
		}
		b.values = b.slabs[b.used]
		b.used++
	}
	v := b.values[:n:n] // empty since it was made, or since Reset
	b.values = b.values[n:]
	return v
}

// Fail notes a part of the block that could not be read.
func (b *Batch) Fail(o *Origin, offset int64, reason string) {
	b.Unread = append(b.Unread, Unread{Path: o.Path, Offset: offset, Reason: reason})
}

// Reset empties the batch and keeps its memory. Events and values taken from it before must not be used any more.
func (b *Batch) Reset() {
	clear(b.Events) // let go of the blocks
	b.Events, b.Unread = b.Events[:0], b.Unread[:0]
	for _, s := range b.slabs[:b.used] {
		clear(s)
	}
	b.used, b.values = 0, nil
}

// MaxRecord bounds one record (a line, a JSON object, a joined audit event), in bytes. A longer one is not read and
// is reported as unread.
const MaxRecord = 16 << 20

// Cut says where the next block of a stream ends. A format's splitter returns it.
type Cut struct {
	Skip   int    // bytes before the block that belong to no record: an opening bracket, white space, a file header
	Size   int    // bytes of whole records after them; 0 asks for more data (at the end of the stream: there is no more)
	Header string // the Block.Header from here on, where the format has one
	Lost   string // why the skipped bytes could not be read; "" where nothing is lost by skipping them
}
