package parse

import (
	"bytes"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// MySQLAudit is the log of audit_log in XML: its old style has the values of a record in attributes, its new one in
// elements.
var MySQLAudit = &Format{
	Name: "mysql_audit",
	Doc:  "The audit log of MySQL and Percona Server in XML, of the old and the new style. That in JSON is read as JSON.",
	Example: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AUDIT>\n<AUDIT_RECORD\n  NAME=\"Connect\"\n  RECORD=\"2_2024-03-03T09:12:40\"\n  TIMESTAMP=\"2024-03-03T09:12:44 UTC\"\n" +
		"  CONNECTION_ID=\"12\"\n  STATUS=\"1045\"\n  USER=\"anna\"\n  HOST=\"\"\n  IP=\"203.0.113.7\"\n  DB=\"shop\"\n/>\n" +
		"<AUDIT_RECORD>\n  <TIMESTAMP>2024-03-03T09:12:45 UTC</TIMESTAMP>\n  <NAME>Query</NAME>\n  <CONNECTION_ID>13</CONNECTION_ID>\n  <STATUS>0</STATUS>\n" +
		"  <USER>root[root] @ localhost [127.0.0.1]</USER>\n  <OS_LOGIN/>\n  <SQLTEXT>SELECT 1 &lt; 2</SQLTEXT>\n</AUDIT_RECORD>\n",
	Detect: func(head string) int {
		if i := strings.Index(head[:min(len(head), 4096)], auditMark); i >= 0 && strings.HasPrefix(strings.TrimLeft(head, "\xef\xbb\xbf \r\n"), "<") {
			return 96
		}
		return 0
	},
	NewSplitter: func() Splitter { return auditXMLSplitter{} },
	NewParser:   func(*Env) Parser { return &auditXMLParser{} },
}

const (
	auditMark  = "<AUDIT_RECORD"
	auditClose = "</AUDIT_RECORD>"
)

// auditXMLRecord returns where the next record of s begins and ends; start is -1 where there is none. One that is not whole
// ends where the next begins, or with s.
func auditXMLRecord(s string) (start, end int, whole bool) {
	start = strings.Index(s, auditMark)
	if start < 0 {
		return -1, len(s), false
	}
	head := start + len(auditMark)
	if next := strings.Index(s[head:], auditMark); next >= 0 {
		s = s[:head+next]
	}
	closing := "/>"
	if head < len(s) && s[head] == '>' {
		closing = auditClose
	}
	i := strings.Index(s[head:], closing)
	if i < 0 {
		return start, len(s), false
	}
	return start, head + i + len(closing), true
}

// auditXMLSplitter cuts after records.
type auditXMLSplitter struct{}

// Split implements Splitter.
func (auditXMLSplitter) Split(data []byte, eof bool) event.Cut {
	if eof {
		return event.Cut{Size: len(data)}
	}
	end := bytes.LastIndex(data, []byte(auditMark))
	if end < 0 {
		return event.Cut{}
	}
	if _, n, whole := auditXMLRecord(string(data[end:])); whole {
		end += n
	}
	if end == 0 {
		return event.Cut{}
	}
	if end < len(data) && data[end] == '\n' {
		end++
	}
	return event.Cut{Size: end}
}

// auditXMLParser parses records.
type auditXMLParser struct {
	said said
}

// Parse implements Parser.
func (p *auditXMLParser) Parse(b event.Block, out *event.Batch) {
	number := b.First
	for at := 0; at < len(b.Data); {
		start, end, whole := auditXMLRecord(b.Data[at:])
		gap := b.Data[at:]
		if start >= 0 {
			gap = gap[:start]
		}
		if !auditBetween(gap) {
			out.Fail(b.Origin, b.Offset+int64(at), "text between audit records")
		}
		number += int64(strings.Count(gap, "\n"))
		if start < 0 {
			break
		}
		text := b.Data[at+start : at+end]
		if whole {
			e := p.event(text, b.Origin, out)
			e.Raw, e.Origin, e.Record = text, b.Origin, number
		} else {
			out.Fail(b.Origin, b.Offset+int64(at+start), "an audit record is cut off")
		}
		number += int64(strings.Count(text, "\n"))
		at += end
	}
	p.said = said{}
}

// auditBetween tells whether s is what stands between records: the declaration of XML, the element around them, nothing.
func auditBetween(s string) bool {
	for {
		if s = strings.TrimLeft(s, "\xef\xbb\xbf \t\r\n\x00"); s == "" {
			return true
		}
		end := strings.IndexByte(s, '>')
		if end < 0 || !strings.HasPrefix(s, "<?xml") && s[:end] != "<AUDIT" && s[:end] != "</AUDIT" {
			return false
		}
		s = s[end+1:]
	}
}

// auditXML is the values of a record that are read.
type auditXML struct {
	name, stamp, status, user, host, ip, db, sql, session string
}

// event adds a record as an event.
func (p *auditXMLParser) event(text string, o *event.Origin, out *event.Batch) *event.Event {
	var r auditXML
	body := text[len(auditMark):]
	if body[0] == '>' {
		r.elements(body[1 : len(body)-len(auditClose)])
	} else {
		r.attributes(body)
	}
	v := auditBegin(&p.said, r.name, r.status)
	user, rest, _ := strings.Cut(r.user, "[") // "root[root] @ localhost [127.0.0.1]"
	setText(v, auditUser, strings.TrimSpace(user))
	if r.ip == "" && strings.HasSuffix(rest, "]") {
		if i := strings.LastIndexByte(rest, '['); i >= 0 {
			r.ip = rest[i+1 : len(rest)-1]
		}
	}
	if r.ip == "" {
		r.ip = r.host
	}
	if r.ip != "" {
		v[auditSource], v[auditDomain] = addressValues(r.ip)
	}
	setText(v, auditDatabase, r.db)
	setText(v, auditStatement, r.sql)
	if r.session != "" {
		v[auditSession] = numberValue(r.session)
	}
	e := out.Add(mysqlAuditKind.shape)
	copy(e.Values[afterSyslog:], v)
	e.Values[atProgram] = textValue("mysqld")
	if e.Values[atMessage] = textValue(r.sql); r.sql == "" {
		e.Values[atMessage] = textValue(r.name)
	}
	stamp := strings.TrimSuffix(r.stamp, " UTC")
	zone := o.Zone
	if stamp != r.stamp {
		zone = nil
	}
	e.Time, _ = parseTime(stamp, zone)
	return e
}

func (r *auditXML) set(name, value string) {
	value = xmlText(value)
	switch name {
	case "NAME":
		r.name = value
	case "TIMESTAMP":
		r.stamp = value
	case "STATUS":
		r.status = value
	case "USER":
		r.user = value
	case "HOST":
		r.host = value
	case "IP":
		r.ip = value
	case "DB":
		r.db = value
	case "SQLTEXT":
		r.sql = value
	case "CONNECTION_ID":
		r.session = value
	}
}

// attributes reads ` NAME="value" …/>`.
func (r *auditXML) attributes(s string) {
	for {
		name, rest, ok := strings.Cut(s, `="`)
		value, after, whole := strings.Cut(rest, `"`)
		if !ok || !whole {
			return
		}
		r.set(strings.TrimSpace(name), value)
		s = after
	}
}

// elements reads "<NAME>value</NAME> …".
func (r *auditXML) elements(s string) {
	for {
		_, rest, ok := strings.Cut(s, "<")
		name, body, whole := strings.Cut(rest, ">")
		if !ok || !whole {
			return
		}
		s = body
		if name == "" || name[len(name)-1] == '/' || name[0] == '/' {
			continue
		}
		if i := strings.IndexByte(body, '<'); i >= 0 && strings.HasPrefix(body[i:], "</") {
			r.set(name, body[:i])
			s = body[i:]
		}
	}
}

// xmlEntities are what the server writes in place of bytes that XML means something by.
var xmlEntities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#xA;", "\n", "&#10;", "\n", "&#9;", "\t", "&amp;", "&")

func xmlText(s string) string {
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	return xmlEntities.Replace(s)
}
