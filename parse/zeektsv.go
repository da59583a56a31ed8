package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// ZeekTSV is what Zeek writes by default: values separated by tabs, with the names and types in lines of '#'.
// Source: docs.zeek.org, "Zeek Log Formats and Inspection".
var ZeekTSV = &Format{
	Name: "zeek-tsv",
	Doc:  "Zeek's logs in their native form, with #separator, #path, #fields and #types lines.",
	Example: "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tlocal_orig\ttunnel_parents\n" +
		"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tbool\tset[string]\n1709456364.120000\tCx1\t192.0.2.5\t50122\t198.51.100.4\t443\ttcp\tT\t(empty)\n",
	Detect: func(head string) int {
		if strings.HasPrefix(head, "#separator ") && strings.Contains(head, "#fields") {
			return 98
		}
		return 0
	},
	NewSplitter: newDirectiveSplitter,
	NewParser: func(e *Env) Parser {
		return &zeekParser{fields: fieldShapes{env: e}, fallback: newLineParser(plainText)(e)}
	},
}

// zeekParser parses lines of Zeek's logs.
type zeekParser struct {
	fields   fieldShapes
	fallback Parser
	header   string
	table    tableLayout
	layout   zeekLayout
}

// zeekLayout is what the header of a log says.
type zeekLayout struct {
	separator, set string
	empty, unset   string
	types          []string
	time           int // the column of the time; -1 for none
}

// Parse implements Parser.
func (p *zeekParser) Parse(b event.Block, out *event.Batch) {
	if b.Header == "" {
		p.fallback.Parse(b, out)
		return
	}
	if b.Header != p.header || p.table.shape == nil {
		p.begin(b.Header)
	}
	for line, number := range tableLines(&b) {
		e := out.Add(p.table.rowShape(&p.fields, strings.Count(line, p.layout.separator)+1))
		e.Raw, e.Origin, e.Record = line, b.Origin, number
		p.layout.fill(line, e)
	}
}

func (p *zeekParser) begin(header string) {
	p.header = header
	l := zeekLayout{separator: "\t", set: ",", empty: "(empty)", unset: "-", time: -1}
	if s := directive(header, "#separator "); len(s) == 4 && strings.HasPrefix(s, `\x`) {
		if h, low := hexDigit(s[2]), hexDigit(s[3]); h < 16 && low < 16 && h|low != 0 {
			l.separator = string([]byte{h<<4 | low})
		}
	}
	value := func(name, otherwise string) string {
		if v := strings.TrimPrefix(directive(header, name), l.separator); v != "" {
			return v
		}
		return otherwise
	}
	l.set, l.empty, l.unset = value("#set_separator", l.set), value("#empty_field", l.empty), value("#unset_field", l.unset)
	names := strings.Split(value("#fields", ""), l.separator)
	l.types = strings.Split(value("#types", ""), l.separator)
	for i, n := range names {
		if n == "ts" {
			l.time = i
		}
	}
	p.layout = l
	names = names[:min(len(names), maxColumns)]
	format := zeekFormatOf(value("#path", ""))
	p.table = tableLayout{format: format, shape: p.fields.of(format, names), columns: len(names)}
}

func (l *zeekLayout) fill(line string, e *event.Event) {
	for i := range e.Values {
		v, rest, more := strings.Cut(line, l.separator)
		if i == l.time {
			e.Time, _ = parseEpoch(v)
		}
		kind := ""
		if i < len(l.types) {
			kind = l.types[i]
		}
		e.Values[i] = l.value(v, kind)
		if !more {
			return
		}
		line = rest
	}
}

func (l *zeekLayout) value(v, kind string) event.Value {
	switch {
	case v == l.unset:
		return event.Value{Kind: event.Null}
	case v == l.empty:
		return textValue("")
	case kind == "bool" && v == "T":
		return event.Value{Raw: "true", Kind: event.Bool}
	case kind == "bool" && v == "F":
		return event.Value{Raw: "false", Kind: event.Bool}
	case kind == "count" || kind == "port" || kind == "int":
		return numberValue(v)
	case strings.HasPrefix(kind, "set[") || strings.HasPrefix(kind, "vector["):
		if !strings.Contains(v, l.set) {
			return textValue(v)
		}
		var b []byte
		for one := range strings.SplitSeq(v, l.set) {
			b = event.AppendQuoted(append(b, ','), one)
		}
		b[0] = '['
		return event.Value{Raw: string(append(b, ']')), Kind: event.List}
	}
	return textValue(v)
}

// zeekECS maps ECS names to those that Zeek has for the same things in most of its logs.
var zeekECS = map[string][]string{
	"source.ip": {"id.orig_h", "src", "client_addr", "tx_hosts"}, "source.port": {"id.orig_p"}, "source.mac": {"orig_l2_addr", "mac"},
	"destination.ip": {"id.resp_h", "dst", "server_addr", "rx_hosts"}, "destination.port": {"id.resp_p", "p"},
	"source.bytes": {"orig_bytes"}, "destination.bytes": {"resp_bytes"},
	"network.transport": {"proto"}, "network.protocol": {"service"}, "user.name": {"user", "username", "client"},
	"url.domain": {"host", "server_name"}, "url.original": {"uri"}, "http.request.method": {"method"},
	"http.response.status_code": {"status_code"}, "user_agent.original": {"user_agent"}, "http.request.referrer": {"referrer"},
	"dns.question.name": {"query"}, "dns.question.type": {"qtype_name"}, "dns.answers": {"answers"}, "dns.response_code": {"rcode_name", "rcode"},
	"file.name": {"filename", "name"}, "file.hash.sha256": {"sha256"}, "file.hash.md5": {"md5"}, "message": {"msg"}, "rule.name": {"note"},
	"c-uri": {"uri"}, "c-useragent": {"user_agent"}, "cs-host": {"host"}, "cs-method": {"method"},
	"src_ip": {"id.orig_h"}, "src_port": {"id.orig_p"}, "dst_ip": {"id.resp_h"}, "dst_port": {"id.resp_p"},
}

// zeekFormatOf returns the dialect of a log by its path, such as "conn" or "dns".
func zeekFormatOf(path string) *event.Format {
	path = strings.Clone(path)
	return &event.Format{Name: "zeek_" + path, LogSource: event.LogSource{Product: "zeek", Service: path}, ECS: zeekECS}
}
