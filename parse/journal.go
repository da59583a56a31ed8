package parse

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Journal is the export format of systemd's journal (journalctl -o export): a field a line, an empty line after each
// entry; a value that is no plain text follows its length, 64 bits little endian.
// Source: systemd.io, "Journal Export Formats".
var Journal = &Format{
	Name: "journal",
	Doc:  "The export format of systemd's journal (journalctl -o export). What programs say is read as in a system log.",
	Example: "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1709456364120000\n_HOSTNAME=gate\nSYSLOG_IDENTIFIER=sshd\n_PID=812\n" +
		"MESSAGE=Failed password for root from 203.0.113.7 port 50122 ssh2\n\n" +
		"__CURSOR=s=2\n__REALTIME_TIMESTAMP=1709456365120000\n_HOSTNAME=gate\nSYSLOG_IDENTIFIER=app\nMESSAGE\n\x09\x00\x00\x00\x00\x00\x00\x00two\nlines\n\n",
	Detect: func(head string) int {
		if strings.HasPrefix(head, "__CURSOR=") || strings.HasPrefix(head, "__REALTIME_TIMESTAMP=") {
			return 97
		}
		return 0
	},
	NewSplitter: func() Splitter { return journalSplitter{} },
	NewParser: func(e *Env) Parser {
		return &journalParser{fields: fieldShapes{env: e}, relay: newJournalRelay(e)}
	},
}

// journalSplitter cuts after entries.
type journalSplitter struct{}

// Split implements Splitter.
func (journalSplitter) Split(data []byte, eof bool) event.Cut {
	if eof {
		return event.Cut{Size: len(data)}
	}
	size := 0
	for s := string(data); ; {
		n, whole := journalEntry(s[size:], nil)
		if !whole {
			return event.Cut{Size: size}
		}
		size += n
	}
}

// journalField is one field of an entry.
type journalField struct{ name, value string }

// journalEntry reads the entry at the start of s, appends its fields where fields is not nil, and returns its size
// with the empty line after it, and whether that line was found.
func journalEntry(s string, fields *[]journalField) (size int, whole bool) {
	for at := 0; ; {
		end := strings.IndexByte(s[at:], '\n')
		if end < 0 {
			if fields != nil && at < len(s) {
				appendJournal(fields, s[at:])
			}
			return len(s), false
		}
		line := s[at : at+end]
		at += end + 1
		if line == "" {
			return at, true
		}
		if strings.IndexByte(line, '=') >= 0 || len(s)-at < 8 {
			if fields != nil {
				appendJournal(fields, line)
			}
			if strings.IndexByte(line, '=') < 0 {
				return len(s), false // the length is cut off
			}
			continue
		}
		var raw [8]byte
		copy(raw[:], s[at:])
		n := binary.LittleEndian.Uint64(raw[:])
		if n > uint64(len(s)-at-8) {
			if fields != nil {
				*fields = append(*fields, journalField{line, s[at+8:]})
			}
			return len(s), false
		}
		if fields != nil {
			*fields = append(*fields, journalField{line, s[at+8 : at+8+int(n)]})
		}
		at += 8 + int(n)
		if at < len(s) && s[at] == '\n' {
			at++
		}
	}
}

func appendJournal(fields *[]journalField, line string) {
	name, value, _ := strings.Cut(line, "=")
	*fields = append(*fields, journalField{name, value})
}

// maxJournalFields bounds the fields of one entry.
const maxJournalFields = 1024

// journalParser parses entries.
type journalParser struct {
	fields fieldShapes
	entry  []journalField
	names  []string
	kept   []int // fields of the entry that stand beside those of a record in it
	said   said
	relay  *journalRelay
}

// Parse implements Parser.
func (p *journalParser) Parse(b event.Block, out *event.Batch) {
	number := b.First
	p.relay.begin(b.Origin)
	for at := 0; at < len(b.Data); {
		p.entry = p.entry[:0]
		n, _ := journalEntry(b.Data[at:], &p.entry)
		text := b.Data[at : at+n]
		if len(p.entry) > maxJournalFields {
			out.Fail(b.Origin, b.Offset+int64(at), "an entry has more than 1024 fields; those after them are not read")
			p.entry = p.entry[:maxJournalFields]
		}
		if len(p.entry) > 0 {
			e := p.event(out)
			e.Raw, e.Origin, e.Record = strings.TrimRight(text, "\n"), b.Origin, number
		}
		number += int64(strings.Count(text, "\n"))
		at += n
	}
	clear(p.entry[:cap(p.entry)])
	p.said = said{}
	p.relay.end()
}

// event adds the entry as an event. Fields that a line of syslog has too have the names that they have there.
func (p *journalParser) event(out *event.Batch) *event.Event {
	tag, comm, message := "", "", ""
	for _, f := range p.entry {
		switch f.name {
		case "SYSLOG_IDENTIFIER":
			tag = f.value
		case "_COMM":
			comm = f.value
		case "MESSAGE":
			message = f.value
		}
	}
	if tag == "" {
		tag = comm
	}
	program := programOf(tag)
	body := messageBody(message)
	if !program.read(body, &p.said) {
		if in := p.relayed(program, tag, message); in != nil {
			return p.join(in, tag == comm, out)
		}
		program.readClues(body, &p.said)
	}
	kind := p.said.kind
	format := kind.format
	if format == syslogFormat {
		format = journald.format
	}
	p.names = p.names[:0]
	for _, f := range p.entry {
		p.names = append(p.names, journalName(f.name, tag == comm))
	}
	p.names = append(p.names, kind.names...)
	e := out.Add(p.fields.of(format, p.names))
	for i, f := range p.entry {
		e.Values[i] = plainValue(f.value)
	}
	e.Time = p.when()
	copy(e.Values[len(p.entry):], p.said.values[:len(kind.names)])
	return e
}

// when returns when the entry was written, 0 where it does not say.
func (p *journalParser) when() (at int64) {
	for _, f := range p.entry {
		if f.name == "__REALTIME_TIMESTAMP" || f.name == "_SOURCE_REALTIME_TIMESTAMP" {
			if ns, ok := parseEpoch(f.value); ok && (at == 0 || f.name[1] == 'S') {
				at = ns
			}
		}
	}
	return at
}

// relayed returns the event of a message that is a record of another format, nil where it is none.
func (p *journalParser) relayed(of *program, tag, message string) *event.Event {
	h := syslogHeader{time: p.when(), tag: tag, full: true}
	for _, f := range p.entry {
		switch f.name {
		case "_HOSTNAME":
			h.host = f.value
		case "_PID":
			h.pid = f.value
		}
	}
	return p.relay.read(message, of, &h)
}

// join adds the event of a message with the fields of the entry that it has not.
func (p *journalParser) join(in *event.Event, untagged bool, out *event.Batch) *event.Event {
	own := in.Shape.Fields()
	p.names = append(p.names[:0], own...)
	p.kept = p.kept[:0]
	for i, f := range p.entry {
		if name := journalName(f.name, untagged); !slices.Contains(own, name) {
			p.names = append(p.names, name)
			p.kept = append(p.kept, i)
		}
	}
	e := out.Add(p.fields.of(in.Shape.Format, p.names))
	n := copy(e.Values, in.Values)
	for i, from := range p.kept {
		e.Values[n+i] = plainValue(p.entry[from].value)
	}
	e.Time = in.Time
	return e
}

func journalName(name string, untagged bool) string {
	switch name {
	case "MESSAGE":
		return "message"
	case "_HOSTNAME":
		return "host.name"
	case "_PID":
		return "process.pid"
	case "SYSLOG_IDENTIFIER":
		return "process.name"
	case "_COMM":
		if untagged {
			return "process.name"
		}
	}
	return name
}
