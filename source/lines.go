package source

import (
	"bytes"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// wholeLines cuts a stream after its last line break.
type wholeLines struct{}

// Split implements Splitter.
func (wholeLines) Split(data []byte, eof bool) event.Cut {
	if eof {
		return event.Cut{Size: len(data)}
	}
	return event.Cut{Size: bytes.LastIndexByte(data, '\n') + 1}
}

// appendLine appends a record as one line. What ends it is cut off: line breaks and NUL bytes, which senders add as
// they please. Line breaks and NUL bytes within it are written as #012 and #000, as rsyslog writes them to files.
// A record without content adds nothing.
func appendLine(dst, record []byte) []byte {
	record = bytes.TrimRight(record, "\r\n\x00")
	if len(bytes.TrimLeft(record, " \r\n\x00\t")) == 0 {
		return dst
	}
	if bytes.IndexByte(record, '\n') < 0 && bytes.IndexByte(record, 0) < 0 {
		return append(append(dst, record...), '\n')
	}
	for i, c := range record {
		switch {
		case c == '\n':
			dst = append(dst, "#012"...)
		case c == 0:
			dst = append(dst, "#000"...)
		case c == '\r' && record[i+1] == '\n': // a record does not end in one
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '\n')
}

// countLines returns how many lines text has; each ends in a line break.
func countLines(text string) int { return strings.Count(text, "\n") }
