package source

import (
	"bytes"
	"strings"
	"unsafe"

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

// lineShaper makes blocks of lines where a format's splitter may cut.
type lineShaper struct {
	split  Splitter
	unread func(reason string) // told of what the splitter gives up
	text   string              // whole lines
	old    int                 // bytes of text that were held back before
	header string
	cut    event.Cut // of text, once it is made
	ready  bool
}

// take implements shaper.
func (l *lineShaper) take(data []byte) {
	if l.text == "" {
		l.text, l.old = string(data), 0
	} else {
		l.old = len(l.text)
		l.text += string(data)
	}
	l.ready = false
}

// next implements shaper.
func (l *lineShaper) next() (b shaped, ok bool) {
	for l.text != "" {
		if !l.ready {
			l.cut, l.ready = l.find(), true
		}
		c := l.cut
		if c.Skip == 0 && c.Size == 0 {
			return b, false
		}
		if c.Header != "" {
			l.header = c.Header
		}
		if c.Size > 0 {
			text := l.text[c.Skip : c.Skip+c.Size]
			return shaped{header: l.header, text: text, records: int64(countLines(text))}, true
		}
		l.done()
	}
	return b, false
}

// done implements shaper.
func (l *lineShaper) done() {
	if l.cut.Lost != "" {
		l.unread(l.cut.Lost)
	}
	n := l.cut.Skip + l.cut.Size
	l.text, l.old, l.ready = l.text[n:], max(0, l.old-n), false
}

// held implements shaper.
func (l *lineShaper) held() (soon bool, records int64) {
	return l.text != "", int64(countLines(l.text))
}

// find asks the splitter where the next block ends. What it has held back before is not held back again.
func (l *lineShaper) find() event.Cut {
	data := unsafe.Slice(unsafe.StringData(l.text), len(l.text)) // splitters only read
	for size := gatherBlock; ; size *= 2 {
		view := data[:min(size, len(data))]
		whole := len(view) == len(l.text)
		c := l.split.Split(view, false)
		if whole && l.old > 0 && c.Skip+c.Size < len(view) {
			if c = l.split.Split(view, true); c.Skip+c.Size <= 0 {
				c.Size = len(view)
			}
		}
		c.Skip = min(max(c.Skip, 0), len(view))
		c.Size = min(max(c.Size, 0), len(view)-c.Skip)
		if c.Skip+c.Size > 0 || whole {
			return c
		}
	}
}
