package parse

import (
	"bytes"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// All formats of one record a line share one parser, because real files mix them: access lines within application
// output, JSON objects behind a container's prefix, audit records in the system log. The kind of a line is told by the
// line alone and by the format of the whole file, never by the lines before it, so that it does not matter where a
// stream is cut into blocks.

// dialect says which of two readings a line gets that could be either.
type dialect uint8

const (
	plainText dialect = iota // an ISO time at the start is followed by text of any kind
	systemLog                // … by a host and a program
	accessLog                // the line may be an access line without the time in brackets
	errorLog                 // a date with slashes is nginx's
	auditLog
)

// lineParser parses blocks of lines.
type lineParser struct {
	env     *Env
	dialect dialect
	years   yearless
	lastTag string   // the program of the line before …
	last    *program // … and what it says
	said    said
	fields  fieldShapes
	audit   auditJoiner
	event   auditEvent
	names   []string
	values  []event.Value
	sdNames map[[2]string]string
}

func newLineParser(d dialect) func(*Env) Parser {
	return func(e *Env) Parser {
		return &lineParser{env: e, dialect: d, fields: fieldShapes{env: e}}
	}
}

// Parse implements Parser.
func (p *lineParser) Parse(b event.Block, out *event.Batch) {
	p.years.use(b.Origin)
	p.audit.scan(b.Data, &p.years)
	number := b.First
	for at := 0; at < len(b.Data); number++ {
		end := strings.IndexByte(b.Data[at:], '\n')
		next := at + end + 1
		if end < 0 {
			end, next = len(b.Data)-at, len(b.Data)
		}
		start, line := trimLine(b.Data, at, at+end)
		at = next
		if line == "" {
			continue
		}
		n := len(out.Events)
		if r := p.audit.take(start); r != nil {
			p.auditLine(b.Data, r, out)
		} else {
			p.line(line, out)
		}
		for i := n; i < len(out.Events); i++ {
			e := &out.Events[i]
			e.Origin, e.Record = b.Origin, number
			if e.Raw == "" {
				e.Raw = line
			}
		}
	}
}

// trimLine cuts carriage returns and the NUL bytes that a log rotated by copying begins with.
func trimLine(data string, start, end int) (int, string) {
	for start < end && (data[start] == 0 || data[start] == '\r') {
		start++
	}
	for end > start && (data[end-1] == '\r' || data[end-1] == 0) {
		end--
	}
	if start == 0 && end >= 3 && data[:3] == "\xef\xbb\xbf" { // a byte order mark
		start = 3
	}
	return start, data[start:end]
}

// line makes an event of a line that is not empty, or none if the line is part of an event that was made before.
func (p *lineParser) line(line string, out *event.Batch) {
	switch c := line[0]; {
	case c == '<' || c >= 'A' && c <= 'Z' && monthOf(line) != 0:
		if p.syslogLine(line, out) {
			return
		}
	case c-'0' <= 9:
		if p.dialect == systemLog && p.syslogLine(line, out) {
			return
		}
	}
	if p.accessLine(line, out) || p.errorLine(line, out) {
		return
	}
	p.textLine(line, out)
}

// lineSplitter cuts a stream after newlines, and so that the records of one audit event stay in one block.
type lineSplitter struct{}

func newLineSplitter() Splitter { return lineSplitter{} }

// Split implements Splitter.
func (lineSplitter) Split(data []byte, eof bool) event.Cut {
	if eof {
		return event.Cut{Size: len(data)}
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	if end == 0 {
		return event.Cut{}
	}
	return event.Cut{Size: auditCut(data[:end])}
}
