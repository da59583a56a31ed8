package parse

import (
	"bytes"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// FlowTable is AWS VPC and transit gateway flow logs with a line of field names at the top, as they are delivered to S3:
// which fields there are, and in which order, is each administrator's choice.
// Source: Amazon VPC User Guide, "Flow log records", "Available fields".
var FlowTable = &Format{
	Name: "vpcflow-fields",
	Doc:  "AWS VPC flow logs with a line of field names at the top, in any order and of any version.",
	Example: "version vpc-id interface-id flow-direction srcaddr srcport dstaddr dstport protocol pkt-srcaddr action log-status start end tcp-flags\n" +
		"5 vpc-0a1b2c3d eni-0a1b2c3d4e5f60718 ingress 203.0.113.7 50122 192.0.2.10 22 6 203.0.113.7 REJECT OK 1709457164 1709457224 2\n",
	Detect: func(head string) int {
		line, _, _ := strings.Cut(strings.TrimPrefix(head, "\xef\xbb\xbf"), "\n")
		if flowHeader(line) {
			return 97
		}
		return 0
	},
	NewSplitter: func() Splitter { return &flowSplitter{} },
	NewParser: func(e *Env) Parser {
		return &flowParser{fields: fieldShapes{env: e}, fallback: newLineParser(plainText)(e)}
	},
}

// flowMark is in every line of names and in no line of values.
const flowMark = "srcaddr"

// flowHeader tells whether a line is the names of fields of a flow log.
func flowHeader(line string) bool {
	line = strings.TrimRight(line, "\r ")
	if len(line) > 4096 || !strings.Contains(line, flowMark) || !strings.Contains(line, "dstaddr") {
		return false
	}
	for i := range len(line) {
		if c := line[i]; c-'a' > 25 && c != '-' && c != '_' && c != ' ' && (c-'0' > 9 || i == 0 || line[i-1] == ' ') {
			return false
		}
	}
	return strings.Count(line, " ") >= 3
}

// flowSplitter cuts before each line of names; files that were put together have one each.
type flowSplitter struct {
	header string
	begun  bool
}

// Split implements Splitter.
func (f *flowSplitter) Split(data []byte, eof bool) event.Cut {
	skip := 0
	if line, _, whole := bytes.Cut(data, []byte("\n")); whole || eof {
		text := string(line[:min(len(line), 4100)])
		if !f.begun {
			f.begun, text = true, strings.TrimPrefix(text, "\xef\xbb\xbf")
		}
		if flowHeader(text) {
			f.header = strings.TrimRight(text, "\r ")
			skip = min(len(line)+1, len(data))
		}
	} else {
		return event.Cut{}
	}
	body := data[skip:]
	size := len(body)
	if !eof {
		size = bytes.LastIndexByte(body, '\n') + 1
	}
	for at := 0; ; {
		i := bytes.Index(body[at:size], []byte(flowMark))
		if i < 0 {
			break
		}
		start := bytes.LastIndexByte(body[:at+i], '\n') + 1
		end := bytes.IndexByte(body[at+i:size], '\n')
		if end < 0 {
			end = size
		} else {
			end += at + i
		}
		if flowHeader(string(body[start:min(end, start+4100)])) {
			size = start
			break
		}
		at = end
	}
	return event.Cut{Skip: skip, Size: size, Header: f.header}
}

// flowParser parses lines of values.
type flowParser struct {
	fields   fieldShapes
	fallback Parser
	header   string
	shape    *event.Shape
	columns  int
	time     int // the column of the time; -1 for none
	action   int
	protocol int
}

// begin reads a line of names. Athena and Parquet have underscores where the files have hyphens.
func (p *flowParser) begin(header string) {
	names := strings.Fields(header)
	names = names[:min(len(names), maxColumns)]
	p.header, p.columns, p.time, p.action, p.protocol = header, len(names), -1, -1, -1
	for i, n := range names {
		names[i] = strings.ReplaceAll(n, "_", "-")
		switch names[i] {
		case "start":
			p.time = i
		case "end":
			if p.time < 0 {
				p.time = i
			}
		case "action":
			p.action = i
		case "protocol":
			p.protocol = i
		}
	}
	p.shape = p.fields.of(flowFormat, append(names, "event.category", "event.outcome"))
}

// Parse implements Parser.
func (p *flowParser) Parse(b event.Block, out *event.Batch) {
	if b.Header == "" {
		p.fallback.Parse(b, out)
		return
	}
	if b.Header != p.header || p.shape == nil {
		p.begin(b.Header)
	}
	for line, number := range tableLines(&b) {
		if strings.Count(strings.TrimRight(line, " "), " ")+1 != p.columns {
			e := out.Add(textShape)
			e.Values[0] = textValue(line)
			e.Raw, e.Origin, e.Record = line, b.Origin, number
			continue
		}
		e := out.Add(p.shape)
		e.Raw, e.Origin, e.Record = line, b.Origin, number
		p.fill(line, e)
	}
}

func (p *flowParser) fill(line string, e *event.Event) {
	v, rest := e.Values, line
	for i := range p.columns {
		var w string
		if w, rest = nextWord(rest); w == "-" || w == "" {
			continue
		}
		if v[i] = numberValue(w); i == p.protocol {
			v[i] = textValue(transport(w))
		}
	}
	v[p.columns] = textValue(network)
	if p.action >= 0 {
		switch v[p.action].Raw {
		case "ACCEPT":
			v[p.columns+1] = textValue(success)
		case "REJECT":
			v[p.columns+1] = textValue(failure)
		}
	}
	if p.time >= 0 {
		e.Time, _ = parseEpoch(v[p.time].Raw)
	}
}
