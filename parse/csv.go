package parse

import (
	"bytes"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// CSV is a table with the names of its columns in the first line (RFC 4180), separated by commas, semicolons, tabs or
// vertical bars.
var CSV = &Format{
	Name: "csv",
	Doc: "Tables with a line of column names at the top, separated by commas, semicolons, tabs or vertical bars; " +
		"quoted values may hold line breaks. Exports of Windows event logs are treated as such.",
	Example: "time,host,action,user,detail\n2024-03-03T09:12:44Z,gate,login,anna,\"first, of \"\"two\"\"\"\n2024-03-03T09:12:45Z,gate,logout,anna,\"on\ntwo lines\"\n",
	Detect:  detectCSV,
	NewSplitter: func() Splitter {
		return &csvSplitter{}
	},
	NewParser: func(e *Env) Parser {
		return &csvParser{fields: fieldShapes{env: e}, fallback: newLineParser(plainText)(e)}
	},
}

var csvFormat = &event.Format{Name: "csv", ECS: map[string][]string{
	"source.ip":      {"src_ip", "srcip", "src", "source_ip", "source_address", "client_ip", "c-ip", "ip"},
	"source.port":    {"src_port", "srcport", "source_port"},
	"destination.ip": {"dst_ip", "dstip", "dst", "destination_ip", "dest_ip", "destination_address"}, "destination.port": {"dst_port", "dstport", "destination_port", "dest_port"},
	"user.name": {"user", "username", "user_name", "account", "login"}, "host.name": {"host", "hostname", "computer", "host_name"},
	"event.action": {"action", "event", "event_type"}, "message": {"msg", "description"},
	"process.command_line": {"command", "commandline", "command_line", "cmdline"},
}}

// csvDelimiter returns what separates the columns of a header line, 0 where it is none.
func csvDelimiter(header string) byte {
	best, most := byte(0), 0
	for _, c := range [...]byte{',', ';', '\t', '|'} {
		if n := strings.Count(header, string(rune(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

func detectCSV(head string) int {
	head = strings.TrimPrefix(head, "\xef\xbb\xbf")
	if head == "" || isBinary(head) || head[0] == '{' || head[0] == '[' || head[0] == '<' {
		return 0
	}
	size := csvRecordSize(head, 0)
	header := strings.TrimRight(head[:size], "\r\n")
	d := csvDelimiter(header)
	names := csvFields(header, d, nil)
	if d == 0 || len(names) < 2 || len(names) > maxColumns || !columnNames(names) {
		return 0
	}
	rows, good := 0, 0
	var row []string
	for at := size; at < len(head) && rows < 32; {
		n := csvRecordSize(head, at)
		whole := n > 0 && head[at+n-1] == '\n'
		text := strings.TrimRight(head[at:at+n], "\r\n")
		at += n
		if text == "" || !whole && rows > 0 {
			continue
		}
		rows++
		if row = csvFields(text, d, row[:0]); len(row) == len(names) {
			good++
		}
	}
	switch {
	case rows == 0:
		return 20
	case good*10 < rows*8:
		return 0
	case len(names) == 2:
		return 40
	}
	return 75
}

// columnNames tells whether a row could be the names of columns: short words that begin with a letter, all different.
func columnNames(names []string) bool {
	for i, n := range names {
		n = strings.TrimSpace(n)
		if n == "" && i > 0 {
			continue
		}
		if n == "" || len(n) > 64 || contains(names[:i], names[i]) {
			return false
		}
		if c := n[0]; c|0x20 < 'a' && c != '_' && c != '@' || c|0x20 > 'z' && c < 0x80 {
			return false
		}
		if strings.ContainsAny(n, "={}<>\"") {
			return false
		}
	}
	return true
}

// csvRecordSize returns the size of the record at data[at:] with its newline: the first newline outside of quotes.
func csvRecordSize(data string, at int) int {
	quotes := 0
	for i := at; ; {
		end := strings.IndexByte(data[i:], '\n')
		if end < 0 {
			return len(data) - at
		}
		end += i
		quotes += strings.Count(data[i:end], `"`)
		if quotes&1 == 0 || end-at > maxQuoted {
			return end + 1 - at
		}
		i = end + 1
	}
}

// maxQuoted bounds a record that goes on because of an open quote, in bytes; a longer one has a quote that nothing closes.
const maxQuoted = 1 << 18

// csvFields splits a record and appends its fields, quotes resolved.
func csvFields(s string, d byte, fields []string) []string {
	for {
		if s != "" && s[0] == '"' {
			value, rest := csvQuoted(s)
			if i := strings.IndexByte(rest, d); rest != "" && rest[0] != d && i >= 0 {
				rest = rest[i:] // what stands between the quote and the delimiter is lost to the field, not to the record
			}
			fields = append(fields, value)
			if rest == "" || rest[0] != d {
				return fields
			}
			s = rest[1:]
			continue
		}
		i := strings.IndexByte(s, d)
		if i < 0 || d == 0 {
			return append(fields, s)
		}
		fields = append(fields, s[:i])
		s = s[i+1:]
	}
}

// csvQuoted cuts a quoted field at the start of s.
func csvQuoted(s string) (value, rest string) {
	doubled := false
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			doubled = true
			i++
			continue
		}
		value = s[1:i]
		if doubled {
			value = strings.ReplaceAll(value, `""`, `"`)
		}
		return value, s[i+1:]
	}
	return s[1:], ""
}

// csvSplitter cuts after records.
type csvSplitter struct {
	begun  bool // the header was read
	header string
}

// Split implements Splitter.
func (c *csvSplitter) Split(data []byte, eof bool) event.Cut {
	skip := 0
	if !c.begun {
		skip = bytes.IndexByte(data, '\n') + 1
		for skip > 0 && bytes.Count(data[:skip], []byte(`"`))&1 != 0 && skip <= maxQuoted {
			next := bytes.IndexByte(data[skip:], '\n') + 1
			if next == 0 {
				skip = 0
				break
			}
			skip += next
		}
		if skip == 0 {
			if !eof {
				return event.Cut{}
			}
			skip = len(data)
		}
		c.begun = true
		c.header = strings.TrimRight(strings.TrimPrefix(string(data[:skip]), "\xef\xbb\xbf"), "\r\n")
	}
	return event.Cut{Skip: skip, Size: csvCut(data[skip:], eof), Header: c.header}
}

// csvCut returns the size of the whole records that data begins with.
func csvCut(data []byte, eof bool) int {
	if eof {
		return len(data)
	}
	if bytes.IndexByte(data, '"') < 0 {
		return bytes.LastIndexByte(data, '\n') + 1
	}
	best, start, quotes := 0, 0, 0
	for at := 0; ; {
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			return best
		}
		end += at
		quotes += bytes.Count(data[at:end], []byte(`"`))
		at = end + 1
		if quotes&1 == 0 || end-start > maxQuoted {
			best, start, quotes = at, at, 0
		}
	}
}

// csvParser parses the rows of tables.
type csvParser struct {
	fields   fieldShapes
	fallback Parser
	header   string // of the block before
	layout   tableLayout
	delim    byte
	row      []string
}

// maxColumns bounds the columns of a table; those after them are in Event.Raw only.
const maxColumns = 1024

// tableLayout is what the names of a table's columns tell.
type tableLayout struct {
	format    *event.Format
	shape     *event.Shape
	columns   int                  // of a whole row; the shape may have more fields, that are derived
	short     map[int]*event.Shape // of rows that lack columns at the end, by the number that they have
	date, tod int                  // the columns of the time, or of date and time; -1 for none
}

// Parse implements Parser.
func (p *csvParser) Parse(b event.Block, out *event.Batch) {
	if b.Header == "" {
		p.fallback.Parse(b, out)
		return
	}
	if b.Header != p.header || p.layout.shape == nil {
		p.header = b.Header
		p.delim = csvDelimiter(b.Header)
		names := csvFields(b.Header, p.delim, nil)
		p.layout = newTableLayout(&p.fields, names)
	}
	number := b.First
	for at := 0; at < len(b.Data); {
		n := csvRecordSize(b.Data, at)
		text := strings.Trim(b.Data[at:at+n], "\r\n\x00")
		if text != "" {
			p.row = csvFields(text, p.delim, p.row[:0])
			e := p.layout.event(&p.fields, p.row, b.Origin, out)
			e.Raw, e.Origin, e.Record = text, b.Origin, number
		}
		number += int64(strings.Count(b.Data[at:at+n], "\n"))
		at += n
	}
	clear(p.row[:cap(p.row)])
}

// timeColumns are the names that columns of time have, folded, the best first.
var timeColumns = [...]string{
	"@timestamp", "timestamp", "timecreated", "utctime", "eventtime", "datetime", "dateandtime", "_time", "time", "ts", "creationtime",
	"eventtimestamp", "timegenerated", "logdate", "starttime", "date-time", "date",
}

func newTableLayout(f *fieldShapes, names []string) tableLayout {
	names = names[:min(len(names), maxColumns)]
	l := tableLayout{format: csvFormat, columns: len(names), date: -1, tod: -1}
	folded := make([]string, len(names))
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
		folded[i] = event.FoldName(names[i])
	}
	if windowsColumns(folded) {
		l.format = event.WindowsFormat
		for i, n := range folded {
			if w, ok := windowsColumn[n]; ok && !contains(names, w) {
				names[i] = w
			}
		}
	}
	at := func(name string) int {
		for i, n := range folded {
			if n == name {
				return i
			}
		}
		return -1
	}
	for _, n := range timeColumns {
		if l.date = at(n); l.date >= 0 {
			break
		}
	}
	if d, t := at("date"), at("time"); d >= 0 && t >= 0 {
		l.date, l.tod = d, t
	}
	l.shape = f.of(l.format, names)
	return l
}

// windowsColumn are the names that exports give the columns of Windows events, folded, and the names of the fields.
var windowsColumn = map[string]string{
	"id": "EventID", "eventid": "EventID", "event_id": "EventID", "eventcode": "EventID",
	"logname": "Channel", "log": "Channel", "machinename": "Computer", "providername": "Provider_Name",
	"recordid": "EventRecordID", "recordnumber": "EventRecordID", "source": "Provider_Name", "sourcename": "Provider_Name",
}

// windowsColumns tells whether a table is of Windows events: it has a column of event numbers and one of channels,
// providers or computers by the names that Windows has for them.
func windowsColumns(folded []string) bool {
	number, place := false, false
	for _, n := range folded {
		switch n {
		case "eventid", "event_id", "eventcode", "id":
			number = true
		case "channel", "logname", "providername", "provider_name", "machinename", "taskcategory":
			place = true
		}
	}
	return number && place
}

// rowShape returns the shape of a row of n values. Short rows have shapes of their own, so that a wide header does not
// make each of them large.
func (l *tableLayout) rowShape(f *fieldShapes, n int) *event.Shape {
	if n >= l.columns {
		return l.shape
	}
	s := l.short[n]
	if s == nil {
		if l.short == nil {
			l.short = make(map[int]*event.Shape)
		}
		s = f.of(l.format, l.shape.Fields()[:n])
		l.short[n] = s
	}
	return s
}

// event adds a row. Values past the last column are in Raw only.
func (l *tableLayout) event(f *fieldShapes, row []string, o *event.Origin, out *event.Batch) *event.Event {
	e := out.Add(l.rowShape(f, len(row)))
	for i := range min(len(row), l.columns) {
		if row[i] == "" {
			e.Values[i] = event.Value{Kind: event.Null}
			continue
		}
		if v := numberValue(row[i]); v.Kind == event.Number {
			e.Values[i] = v
		} else {
			e.Values[i] = textValue(row[i])
		}
	}
	if l.date >= 0 && l.date < len(row) {
		text := row[l.date]
		if l.tod >= 0 && l.tod < len(row) {
			text += " " + row[l.tod]
		}
		e.Time, _ = parseTime(text, o.Zone)
	}
	return e
}
