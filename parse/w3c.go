package parse

import (
	"bytes"
	"iter"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// W3C is the extended log file format of the W3C (WD-logfile-960323) as IIS, CloudFront and the Windows firewall write
// it: lines of values with the names in a "#Fields:" directive.
var W3C = &Format{
	Name: "w3c",
	Doc:  "Extended log files of the W3C, with a #Fields: directive: IIS, CloudFront, Windows firewall and others.",
	Example: "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status\n" +
		"2024-03-03 09:12:44 192.0.2.10 GET /owa/auth.aspx id=7 443 - 198.51.100.4 Mozilla/5.0+(X11) 200\n",
	Detect: func(head string) int {
		if isBinary(head) {
			return 0
		}
		if head = strings.TrimPrefix(head, "\xef\xbb\xbf"); strings.HasPrefix(head, "#") && strings.Contains(head, "#Fields:") {
			return 96
		}
		return 0
	},
	NewSplitter: newDirectiveSplitter,
	NewParser: func(e *Env) Parser {
		return &w3cParser{fields: fieldShapes{env: e}, fallback: newLineParser(plainText)(e)}
	},
}

var (
	w3cFormat = &event.Format{Name: "w3c", LogSource: event.LogSource{Category: "webserver"}, ECS: webECS}
	iisFormat = &event.Format{Name: "iis", LogSource: event.LogSource{Category: "webserver", Product: "windows", Service: "iis"}, ECS: webECS}

	// windowsFirewallFormat is pfirewall.log.
	windowsFirewallFormat = &event.Format{
		Name:      "windows_firewall",
		LogSource: event.LogSource{Category: "firewall", Product: "windows"},
		ECS: map[string][]string{
			"source.ip": {"src-ip"}, "source.port": {"src-port"}, "destination.ip": {"dst-ip"}, "destination.port": {"dst-port"},
			"src_ip": {"src-ip"}, "src_port": {"src-port"}, "dst_ip": {"dst-ip"}, "dst_port": {"dst-port"},
			"network.transport": {"protocol"}, "event.action": {"action"}, "network.bytes": {"size"},
		},
	}
)

// directiveSplitter cuts streams whose lines of '#' say how to read the lines after them, as W3C's and Zeek's.
type directiveSplitter struct {
	header string
}

func newDirectiveSplitter() Splitter { return &directiveSplitter{} }

// Split implements Splitter. A block ends before each run of directives; those that name fields are the header from
// there on.
func (d *directiveSplitter) Split(data []byte, eof bool) event.Cut {
	skip := 0
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		skip = 3
	}
	start := skip
	for skip < len(data) && data[skip] == '#' {
		end := bytes.IndexByte(data[skip:], '\n')
		if end < 0 {
			if !eof {
				return event.Cut{} // the directive is not whole
			}
			end = len(data) - skip - 1
		}
		skip += end + 1
	}
	if !eof && skip == len(data) {
		return event.Cut{} // more directives may follow
	}
	if run := data[start:skip]; bytes.Contains(run, []byte("#Fields:")) || bytes.Contains(run, []byte("#fields")) {
		d.header = string(run)
	}
	body := data[skip:]
	size := bytes.Index(body, []byte("\n#")) + 1
	if size == 0 {
		if size = len(body); !eof {
			size = auditCut(body[:bytes.LastIndexByte(body, '\n')+1]) // lines of other kinds may stand among the values
		}
	}
	return event.Cut{Skip: skip, Size: size, Header: d.header}
}

// directive returns the text after a directive's name in a header, "" where it has none.
func directive(header, name string) string {
	for line := range strings.Lines(header) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strings.Trim(rest, " \t\r\n")
		}
	}
	return ""
}

// tableLines yields the lines of a block that hold values, with their numbers.
func tableLines(b *event.Block) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		number := b.First
		for at := 0; at < len(b.Data); number++ {
			end := strings.IndexByte(b.Data[at:], '\n')
			next := at + end + 1
			if end < 0 {
				end, next = len(b.Data)-at, len(b.Data)
			}
			_, line := trimLine(b.Data, at, at+end)
			at = next
			if line != "" && line[0] != '#' && !yield(line, number) {
				return
			}
		}
	}
}

// w3cParser parses lines of values.
type w3cParser struct {
	fields    fieldShapes
	fallback  Parser
	header    string
	layout    tableLayout
	stem      int // the columns of the path and the query; -1 for none
	query     int
	status    int  // the column of the status, of which the outcome is made; -1 for none
	separator byte // of the names; values may be separated by tabs where names are by spaces
	row       []string
}

// Parse implements Parser.
func (p *w3cParser) Parse(b event.Block, out *event.Batch) {
	if b.Header == "" {
		p.fallback.Parse(b, out)
		return
	}
	if b.Header != p.header || p.layout.shape == nil {
		p.begin(b.Header)
	}
	for line, number := range tableLines(&b) {
		p.row = p.split(line)
		e := p.layout.event(&p.fields, p.row, b.Origin, out)
		p.derive(e)
		e.Raw, e.Origin, e.Record = line, b.Origin, number
	}
	clear(p.row[:cap(p.row)])
}

func (p *w3cParser) begin(header string) {
	p.header = header
	list := directive(header, "#Fields:")
	p.separator = ' '
	var names []string
	switch {
	case strings.IndexByte(list, ',') >= 0:
		p.separator = ','
		names = strings.Split(list, ",")
	default:
		names = strings.Fields(list)
	}
	names = names[:min(len(names), maxColumns)]
	p.layout = newTableLayout(&p.fields, names)
	software := directive(header, "#Software:")
	format := w3cFormat
	switch {
	case strings.Contains(software, "Internet Information Services"), contains(names, "s-sitename"), contains(names, "sc-win32-status"):
		format = iisFormat
	case strings.Contains(software, "Windows Firewall"), contains(names, "dst-port"):
		format = windowsFirewallFormat
	case !contains(names, "cs-method"):
		format = csvFormat
	}
	at := func(name string) int { return slices.Index(names, name) }
	p.stem, p.query = at("cs-uri-stem"), at("cs-uri-query")
	if names = p.layout.shape.Fields(); p.stem >= 0 && at("cs-uri") < 0 {
		names = append(slices.Clone(names), "cs-uri")
	} else {
		p.stem = -1
	}
	if p.status = at("sc-status"); p.status >= 0 && !slices.Contains(names, "event.outcome") {
		names = append(slices.Clone(names), "event.outcome")
	} else {
		p.status = -1
	}
	p.layout.format = format
	p.layout.shape = p.fields.of(format, names)
}

// derive adds what the client asked for in one piece, which is what many rules look at, where the log has only its two
// parts, and the outcome. They are the last fields of the shape.
func (p *w3cParser) derive(e *event.Event) {
	if e.Shape != p.layout.shape {
		return
	}
	last := len(e.Values) - 1
	if p.status >= 0 {
		e.Values[last] = statusOutcome(e.Values[p.status].Raw)
		last--
	}
	if p.stem < 0 {
		return
	}
	v := e.Values[p.stem]
	if p.query >= 0 {
		if q := e.Values[p.query]; q.Kind != event.Missing && q.Kind != event.Null && q.Raw != "-" {
			v = textValue(v.Raw + "?" + q.Raw)
		}
	}
	e.Values[last] = v
}

// split cuts the values of a line. One in quotes may hold the separator.
func (p *w3cParser) split(line string) []string {
	row := p.row[:0]
	c := p.separator
	if c == ' ' && strings.IndexByte(line, '\t') >= 0 {
		c = '\t'
	}
	if c == ',' {
		return csvFields(line, c, row)
	}
	for line != "" {
		if line[0] == '"' {
			if end := strings.IndexByte(line[1:], '"'); end >= 0 && (end+2 == len(line) || line[end+2] == c) {
				row = append(row, line[1:1+end])
				line = line[min(end+3, len(line)):]
				continue
			}
		}
		end := strings.IndexByte(line, c)
		if end < 0 {
			return append(row, line)
		}
		row = append(row, line[:end])
		line = line[end+1:]
	}
	return row
}
