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
	own     ownLine
	fields  fieldShapes
	device  device
	audit   auditJoiner
	event   auditEvent
	names   []string
	values  []event.Value
	sdNames map[[2]string]string
	behind  map[*event.Shape]*relayedHeader // of records behind a header of syslog
	object  *jsonParser                     // of lines that are JSON objects; made when the first is seen
	block   event.Block                     // the one that is parsed; empty where lines come from another parser
	start   int                             // where in it the line is that is read
	at      int64                           // the number of the line that is read
}

func newLineParser(d dialect) func(*Env) Parser {
	return func(e *Env) Parser {
		return &lineParser{env: e, dialect: d, fields: fieldShapes{env: e}}
	}
}

// Parse implements Parser.
func (p *lineParser) Parse(b event.Block, out *event.Batch) {
	p.years.use(b.Origin)
	p.audit.begin()
	p.block = b
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
		p.start, p.at = start, number
		p.line(line, out)
		for i := n; i < len(out.Events); i++ {
			e := &out.Events[i]
			e.Origin, e.Record = b.Origin, number
			if e.Raw == "" {
				e.Raw = line
			}
		}
	}
	p.block, p.said, p.own = event.Block{}, said{}, ownLine{}
	p.lastTag, p.last = "", nil // the next block may stand in the same memory
	p.device.forget()
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

// line makes an event of a line that is not empty, or none if the line is an audit record of an event made before.
func (p *lineParser) line(line string, out *event.Batch) {
	switch c := line[0]; {
	case c == '{' && p.block.Origin != nil && len(line) > 6 && line[len(line)-1] == '}':
		if p.objectLine(line, out) {
			return
		}
	case c == 't' || c == 'n':
		if (strings.HasPrefix(line, "type=") || strings.HasPrefix(line, "node=")) && p.auditLine(out) {
			return
		}
	case c == '<' || c >= 'A' && c <= 'Z' && monthOf(line) != 0:
		if p.syslogLine(line, out) {
			return
		}
	case c-'0' <= 9:
		if n := countedFrame(line); n > 0 && p.syslogLine(line[n:], out) {
			return
		}
		if p.containerLine(line, out) {
			return
		}
		if p.dialect == systemLog && p.syslogLine(line, out) {
			return
		}
	}
	if p.accessLine(line, out) || p.errorLine(line, out) {
		return
	}
	if p.packetLine(line, out) || p.bareAppliance(line, out) || p.balancerLine(line, out) || p.looseLine(line, out) || p.ownLine(line, out) {
		return
	}
	p.textLine(line, out)
}

// countedFrame returns the size of "101 " before "<", the count of a frame's octets (RFC 6587 §3.4.1); 0 where there is none.
func countedFrame(line string) int {
	for i := 1; i < 7 && i+1 < len(line); i++ {
		if c := line[i]; c == ' ' && line[i+1] == '<' {
			return i + 1
		} else if c-'0' > 9 {
			return 0
		}
	}
	return 0
}

// objectLine makes an event of a line that is a JSON object, such as containers and services write between others.
func (p *lineParser) objectLine(line string, out *event.Batch) bool {
	if !objectBegins(line, 0) {
		return false
	}
	if p.object == nil {
		p.object = newJSONParser(p.env)
	}
	p.object.Parse(event.Block{Origin: p.block.Origin, Data: line, Offset: p.block.Offset + int64(p.start), First: p.at}, out)
	return true
}

// packetLine makes an event of what a packet filter logged without the header of syslog, as dmesg and Proxmox show it.
func (p *lineParser) packetLine(line string, out *event.Batch) bool {
	if !strings.Contains(line, " SRC=") || !readNetfilter(line, &p.said) {
		return false
	}
	e := out.Add(netfilterKind.shape)
	e.Values[atMessage] = textValue(line)
	copy(e.Values[afterSyslog:], p.said.values[:len(netfilterKind.names)])
	if e.Time = leadingTime(line, &p.years); e.Time == 0 {
		if i := strings.IndexByte(line, ':'); i > 11 && i+15 < len(line) {
			e.Time, _ = parseCLF(line[i-11:i+15], p.years.zone) // "… 03/Mar/2024:09:12:44 +0100 …"
		}
	}
	return true
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
