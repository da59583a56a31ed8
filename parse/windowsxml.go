package parse

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// WindowsXML is Windows events as their XML: what wevtutil and Get-WinEvent write, what Event Viewer saves, and what
// forwarders send. Source: Microsoft, "Event Schema"; the names of fields are those of event.WindowsFormat.
var WindowsXML = &Format{
	Name: "windowsxml",
	Doc: "Windows events as XML, as wevtutil qe /f:xml and Event Viewer write them, one or more in a file, on one line or many. " +
		"The fields are those of the EVTX file.",
	Example: `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4625</EventID>` +
		`<TimeCreated SystemTime='2026-11-21T01:10:00.1234567Z'/><EventRecordID>811</EventRecordID><Channel>Security</Channel><Computer>pc7.corp.example</Computer></System>` +
		`<EventData><Data Name='TargetUserName'>anna</Data><Data Name='IpAddress'>203.0.113.7</Data></EventData></Event>` + "\n",
	Detect:      detectWindowsXML,
	NewSplitter: func() Splitter { return windowsXMLSplitter{} },
	NewParser:   func(e *Env) Parser { return &windowsXMLParser{env: e} },
}

const (
	xmlEventOpen  = "<Event "
	xmlEventClose = "</Event>"
	xmlEventSpace = "schemas.microsoft.com/win/2004/08/events/event"
)

func detectWindowsXML(head string) int {
	s := strings.TrimLeft(strings.TrimPrefix(head, "\xef\xbb\xbf"), " \t\r\n")
	if !strings.HasPrefix(s, "<?xml") && !strings.HasPrefix(s, "<Event") {
		return 0
	}
	at := strings.Index(s, xmlEventOpen)
	if at < 0 || !strings.Contains(s[at:min(len(s), at+256)], xmlEventSpace) {
		return 0
	}
	return 97
}

// windowsXMLSplitter cuts behind the end of an event.
type windowsXMLSplitter struct{}

// Split implements Splitter.
func (windowsXMLSplitter) Split(data []byte, eof bool) event.Cut {
	start := bytes.Index(data, []byte(xmlEventOpen))
	if start < 0 {
		if eof {
			return event.Cut{Skip: len(data)}
		}
		return event.Cut{Skip: max(0, len(data)-len(xmlEventOpen))}
	}
	end := bytes.LastIndex(data, []byte(xmlEventClose))
	switch {
	case end >= start:
		return event.Cut{Skip: start, Size: end + len(xmlEventClose) - start}
	case len(data)-start > event.MaxRecord:
		return event.Cut{Skip: len(data), Lost: fmt.Sprintf("an event of more than %d bytes", event.MaxRecord)}
	case eof:
		return event.Cut{Skip: start, Size: len(data) - start}
	}
	return event.Cut{Skip: start}
}

// windowsXMLParser parses blocks of events.
type windowsXMLParser struct {
	env    *Env
	names  []string
	values []event.Value
	time   int64
	record int64
	unit   string            // the name of the Data element that is open
	parts  int               // values so far
	known  map[string]string // names of fields, apart from the blocks in which they stood
}

// Bounds of one event: how deep elements stand in each other, and how many values it has.
const (
	maxXMLDepth = 16
	maxXMLParts = 1024
	maxXMLNames = 1 << 14 // that are remembered
)

// Parse implements Parser.
func (p *windowsXMLParser) Parse(b event.Block, out *event.Batch) {
	s, line := b.Data, b.First
	for at := 0; ; {
		i := strings.Index(s[at:], xmlEventOpen)
		if i < 0 {
			return
		}
		line += int64(strings.Count(s[at:at+i], "\n"))
		at += i
		size := strings.Index(s[at:], xmlEventClose)
		if size < 0 {
			out.Fail(b.Origin, b.Offset+int64(at), "an event without an end")
			return
		}
		size += len(xmlEventClose)
		raw := s[at : at+size]
		p.names, p.values = p.names[:0], p.values[:0]
		p.time, p.record, p.parts, p.unit = 0, 0, 0, ""
		p.read(raw)
		if len(p.names) == 0 {
			out.Fail(b.Origin, b.Offset+int64(at), "an event without fields")
		} else {
			e := out.Add(p.env.Shapes.Intern(event.WindowsFormat, p.names))
			copy(e.Values, p.values)
			e.Raw, e.Time, e.Origin, e.Record = raw, p.time, b.Origin, line
		}
		if p.parts > maxXMLParts {
			out.Fail(b.Origin, b.Offset+int64(at), fmt.Sprintf("what an event holds beyond %d values", maxXMLParts))
		}
		line += int64(strings.Count(raw, "\n"))
		at += size
	}
}

// read goes through the elements of one event.
func (p *windowsXMLParser) read(s string) {
	var open []string
	for n := 0; s != ""; n++ {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			return
		}
		text := s[:i]
		end := strings.IndexByte(s[i:], '>')
		if end < 0 {
			return
		}
		tag := s[i+1 : i+end]
		s = s[i+end+1:]
		switch {
		case strings.HasPrefix(tag, "/"):
			if len(open) > 0 {
				p.leaf(open, text)
				open = open[:len(open)-1]
			}
		case strings.HasPrefix(tag, "?"), strings.HasPrefix(tag, "!"):
		default:
			closed := strings.HasSuffix(tag, "/")
			name, attributes, _ := strings.Cut(strings.TrimRight(tag, "/ \t\r\n"), " ")
			name = strings.TrimSpace(name)
			if len(open) == maxXMLDepth {
				return
			}
			open = append(open, name)
			p.enter(open, attributes)
			if closed {
				open = open[:len(open)-1]
			}
		}
	}
}

// enter takes the attributes of an element that begins.
func (p *windowsXMLParser) enter(open []string, attributes string) {
	name := open[len(open)-1]
	system := len(open) == 3 && open[1] == "System"
	p.unit = ""
	for attributes = trimSpace(attributes); attributes != ""; {
		key, rest, ok := strings.Cut(attributes, "=")
		if !ok || rest == "" {
			return
		}
		quote := rest[0]
		if quote != '"' && quote != '\'' {
			return
		}
		end := strings.IndexByte(rest[1:], quote)
		if end < 0 {
			return
		}
		value := rest[1 : 1+end]
		attributes = trimSpace(rest[end+2:])
		switch {
		case name == "Data" && key == "Name":
			p.unit = value
		case system && name == "TimeCreated" && key == "SystemTime":
			p.time, _ = parseTime(value, nil)
			p.add("TimeCreated", value)
		case system && name != "EventID" && key != "xmlns":
			p.add(name+"_"+key, value)
		}
	}
}

// leaf takes the text of an element that ends.
func (p *windowsXMLParser) leaf(open []string, text string) {
	name := open[len(open)-1]
	switch {
	case text == "" || len(open) < 3:
		return
	case open[1] == "System":
		if name == "EventRecordID" {
			p.record, _ = strconv.ParseInt(text, 10, 64)
		}
	case name == "Data" && p.unit != "":
		name = p.unit
	case open[1] == "RenderingInfo":
		if name != "Message" { // the words for level, task and the like, which the numbers say
			return
		}
	case strings.TrimSpace(text) == "":
		return
	}
	p.add(name, text)
}

func (p *windowsXMLParser) add(name, text string) {
	if p.parts++; p.parts > maxXMLParts {
		return
	}
	for i, n := range p.names {
		if n == name {
			if name == "Data" && len(p.values[i].Raw) < carriedMax { // several without names
				p.values[i] = textValue(p.values[i].Raw + "\n" + text)
			}
			return
		}
	}
	if strings.IndexByte(text, '&') >= 0 {
		text = html.UnescapeString(text)
	}
	v := textValue(text)
	if name == "EventID" || name == "EventRecordID" || name == "Level" || name == "Task" {
		v = numberValue(text)
	}
	p.names, p.values = append(p.names, p.own(name)), append(p.values, v)
}

// own returns a name that does not keep its block alive.
func (p *windowsXMLParser) own(name string) string {
	if n, ok := p.known[name]; ok {
		return n
	}
	if p.known == nil || len(p.known) >= maxXMLNames {
		p.known = make(map[string]string)
	}
	n := strings.Clone(name)
	p.known[n] = n
	return n
}
