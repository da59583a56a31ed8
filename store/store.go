// Package store keeps events and finds them again: in a directory of its own by an embedded engine, or on a VictoriaLogs
// server or cluster. Both hold the same rows and answer the same queries.
//
// A Store holds the rows of one tenant. What is added is visible within seconds, and certainly on disk a little later:
// DurableBefore says up to where, and the caller keeps its own log of what it added until then. After a crash it hands
// the frames of that log to Lacks, and adds what is not there. So nothing is lost and nothing is there twice.
//
// The package never drops a row or shortens a value in silence: what it cannot keep is counted and told (Added, Trimmed).
// It never decides what a row means: it knows times, names and values.
//
// A Batch belongs to one goroutine at a time. The methods of a Store may be called from many goroutines, but Add and Lacks
// only from one at a time. What a Block holds is valid during the call that hands it out.
package store

import (
	"context"
	"errors"
	"strconv"
)

// Names of the columns that every row has.
const (
	Time    = "_time"   // when it happened; RFC 3339 with nanoseconds, UTC
	ID      = "_id"     // IDOf(frame, place): unique in its tenant, sorts by arrival
	Message = "_msg"    // the text of the record, where it is text
	Dataset = "dataset" // the name of the format; the engine keeps rows of one dataset together
)

// Block is a run of rows of a result, as columns. It is valid during the call that hands it out.
type Block struct {
	Names   []string   // names of the columns
	Columns [][]string // Columns[i][r] is the value of column i in row r; "" where the row has none
	Rows    int
	Notes   []string // what a person has to know of a result: where a limit cut it, where numbers are estimates
}

// Count is a name or value and how many events have it.
type Count struct {
	Value string
	Count uint64
}

// engine runs queries in the engine's own language (LogsQL) over the rows of the store's tenant.
type engine interface {
	scanner
	// workers returns how many goroutines may call yield.
	workers() int
}

// scanner runs one query.
type scanner interface {
	// scan hands out the result in blocks, in no order but that of the query's last pipe. It calls yield from several
	// goroutines at once, each with a worker number of its own, from 0 to below workers(). A block is valid during the
	// call. A caller that has enough cancels ctx; scan then returns the context's cause.
	scan(ctx context.Context, logsql string, yield func(worker int, b *Block)) error
}

// Added says what became of the rows of a batch.
type Added struct {
	Kept   int
	TooOld int // rows that retention would remove at once: not kept
	TooNew int // rows further in the future than is allowed: not kept
	Trimmed
}

// ErrClosed says that a store was closed; ErrReopened ends a search during which it had to be closed for a moment, to
// remove days that are too old.
var (
	ErrClosed   = errors.New("the event store is closed")
	ErrReopened = errors.New("the event store was reopened during the search")
)

// ErrLost says that rows are gone that were added: a server ended before it wrote them to disk. What DurableBefore
// returned with it is where to begin with Lacks and AddSome.
var ErrLost = errors.New("rows are lost")

// ErrFull says that there is no room on the disk, or no more may be used. Nothing was added; the same batch can be added
// when there is room.
var ErrFull = errors.New("no room left for events")

// firstID makes all identifiers decimal numbers of 20 digits below 2^64, which sort as text as they sort as numbers, and
// which the engine keeps as numbers of 8 bytes with the smallest and largest of each block.
const firstID = 10_000_000_000_000_000_000

// Limits of identifiers.
const (
	MaxSeq  = 1<<42 - 1 // largest sequence number of a frame
	MaxRows = 1 << 20   // rows of one batch
)

// IDOf returns the identifier of the row at place i, from 0 to MaxRows-1, of the frame with sequence number seq, from 0
// to MaxSeq: 20 decimal digits that sort by arrival.
func IDOf(seq uint64, i int) string {
	return strconv.FormatUint(idNumber(seq, i), 10)
}

// PlaceOf returns the frame and the place that an identifier was made of, and false for what is no identifier.
func PlaceOf(id string) (seq uint64, i int, ok bool) {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil || n < firstID || len(id) != 20 {
		return 0, 0, false
	}
	n -= firstID
	return n / MaxRows, int(n % MaxRows), n/MaxRows <= MaxSeq
}

func idNumber(seq uint64, i int) uint64 { return firstID + seq*MaxRows + uint64(i) }
