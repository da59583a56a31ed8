// Package parse turns bytes into events: one format, one file.
//
// A Format recognises its files by their content, says where a stream of it may be cut into blocks, and parses blocks.
// Blocks of one file may be parsed in any order and in parallel: a parser keeps caches between blocks and nothing else,
// and all that it must know from the start of a file is in Block.Header.
// The package does no I/O, reads no clock (years and zones that a line does not state come from the event.Origin) and
// starts no goroutine. Values are windows into Block.Data; nothing is copied that need not be.
// No input makes a parser panic. A record that cannot be read is kept as an event with its text in "message" where it
// has text, and else noted with event.Batch.Fail: nothing is skipped in silence.
package parse

import "github.com/tocsin-sec/tocsin/event"

// Format is one kind of log file or stream.
type Format struct {
	Name    string // lower case, e.g. "json", "syslog", "auditd", "access", "csv", "text"
	Doc     string // one or two sentences for the reference page
	Example string // one or a few records, also the seed of the fuzz test
	// Detect returns how sure it is, in percent, that a stream which begins with head (up to 64 KiB, cut at any byte)
	// is of this format: 0 is no. The highest wins, the earlier in Formats among equals.
	Detect      func(head string) int
	NewSplitter func() Splitter
	NewParser   func(*Env) Parser
}

// Env is what parsers of one run share. It is safe for concurrent use.
type Env struct {
	Shapes event.Shapes
}

// Splitter cuts one stream into blocks of whole records. It is used by one goroutine.
type Splitter interface {
	// Split looks at data, the stream from where the last block ended, and says what the next block is. With eof, no
	// data follows. To make good blocks it takes as many whole records as data holds.
	Split(data []byte, eof bool) event.Cut
}

// Parser parses blocks. It is used by one goroutine.
type Parser interface {
	// Parse appends the events of b to out, in the order of the block.
	Parse(b event.Block, out *event.Batch)
}

// Recognise returns the format of formats whose Detect is surest of head, nil where none knows it.
func Recognise(formats []*Format, head string) *Format {
	var best *Format
	top := 0
	for _, f := range formats {
		if s := f.Detect(head); s > top {
			best, top = f, s
		}
		if top >= 100 {
			break // none can be surer, and each of the others would read all of head
		}
	}
	return best
}
