package parse

import (
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// Shippers put the lines of logs into objects of their own: Filebeat, Fluent Bit, Vector, Logstash, rsyslog's and
// syslog-ng's templates, Splunk's collector, OpenTelemetry, Docker. Such an object becomes the event that the line in
// it would be in a file, so that the same rules see it, with the fields that the shipper has put beside it. Host and
// time are the line's own; where it has none they are the shipper's. Some shippers have taken the header of syslog
// apart already: then its parts stand in fields, and the message alone is read.

// carrier is where in the records of a plan the line and the parts of its header are: places in the record, -1 for none.
type carrier struct {
	message, host, program, pid  int
	priority, facility, severity int
	lines                        bool // it carries lines of files, whatever their kind
	parts                        bool // the header of syslog is taken apart
	late                         bool // the carrier's time is better than the line's
	fields                       []carriedField
	shapes                       map[*event.Shape]*carriedShape
}

// carriedField is a field of the carrier that the event keeps.
type carriedField struct {
	name string
	from int // place in the record
}

// carriedShape is a shape of events of lines, with what the carrier adds to it.
type carriedShape struct {
	shape *event.Shape
	added []int // places in the record, of the fields behind those of the line
	host  int   // the line's field for the host, where it may be missing; -1 for none
}

// docker is what Docker's json-file driver writes: each line that a container wrote, in an object of three members.
var docker = jsonDialect{
	format: &event.Format{Name: "docker"},
	all:    []string{"log", "stream", "time"},
	times:  []string{"time"},
	adapt:  func(l *layout) { l.rename("log", "message") },
}

var (
	carriedMessages = []string{"message", "log", "MESSAGE", "event.original", "msg", "body", "line", "_raw", "raw", "rawmsg"}
	carriedHosts    = []string{
		"host.name", "host.hostname", "log.syslog.hostname", "hostname", "fromhost", "_HOSTNAME", "HOSTNAME", "HOST", "syslog_hostname",
		"syslog.hostname", "host", "agent.hostname", "beat.hostname", "agent.name", "kubernetes.host", "kubernetes.node.name", "node_name", "source_host",
	}
	// surePrograms are names that only the program of a line of syslog has, likelyPrograms such that others have too.
	surePrograms = []string{
		"log.syslog.appname", "syslog.appname", "syslog.identifier", "syslogtag", "syslog-tag", "syslog_tag", "programname", "syslog_program",
		"syslog_identifier", "SYSLOG_IDENTIFIER", "ident", "PROGRAM", "systemd.appname",
	}
	likelyPrograms = []string{"appname", "app_name", "app-name", "process.name", "program", "tag", "application", "journald.process.name"}
	carriedPIDs    = []string{"log.syslog.procid", "syslog.procid", "syslog_pid", "SYSLOG_PID", "procid", "proc_id", "process.pid", "pid", "PID", "journald.pid"}
	facilityNames  = []string{
		"log.syslog.facility.name", "log.syslog.facility.code", "syslog.facility_label", "syslog.facility", "syslogfacility-text", "syslogfacility",
		"facility_label", "syslog_facility", "facility", "FACILITY",
	}
	severityNames = []string{
		"log.syslog.severity.name", "log.syslog.severity.code", "syslog.severity_label", "syslog.severity", "syslogseverity-text", "syslogseverity",
		"severity_label", "syslog_severity", "severity", "PRIORITY", "priority",
	}
	priorityNames = []string{"log.syslog.priority", "syslog.priority", "syslog_pri", "syslogpri", "pri", "priority"}
	// fileSigns are names by which shippers say from which file, container or input a line is.
	fileSigns = []string{
		"log.file.path", "log.file.name", "log.offset", "input.type", "source_type", "sourcetype", "filename", "file_path", "@metadata.", "kubernetes.",
		"container.", "container_name", "container_id", "docker.", "prospector.type", "logtype", "@version", "event.original", "stream",
	}
	// eventSigns are names of what is found in a line: its shipper has read it already.
	eventSigns = []string{"event.category", "event.action", "event.code", "event.outcome", "process.executable", "process.entity_id", "source.ip", "rule.name", "event.type", "winlog."}
)

// newCarrier returns how the records of a layout carry lines, nil where they carry none.
func newCarrier(l *layout) *carrier {
	if l.format == azureActivity.format && l.hasAll("properties.log") { // what AKS's API server logged, in a diagnostic record
		c := &carrier{
			message: l.from[l.places["properties.log"]], host: -1, program: -1, pid: -1, priority: -1, facility: -1, severity: -1,
			lines: true, shapes: make(map[*event.Shape]*carriedShape),
		}
		c.keep(l)
		return c
	}
	if l.format != jsonFormat && l.format != ecsFormat && l.format != docker.format {
		return nil
	}
	if l.format == ecsFormat && l.hasAny(eventSigns...) {
		return nil
	}
	find := func(names []string) int {
		for _, n := range names {
			if i, ok := l.places[n]; ok && l.from[i] >= 0 {
				return l.from[i]
			}
		}
		return -1
	}
	c := &carrier{
		message: find(carriedMessages), host: find(carriedHosts), program: find(surePrograms), pid: find(carriedPIDs),
		priority: find(priorityNames), facility: find(facilityNames), severity: find(severityNames),
		late: l.format == docker.format, shapes: make(map[*event.Shape]*carriedShape),
	}
	if c.message < 0 {
		return nil
	}
	c.parts = c.program >= 0
	if c.program < 0 && c.facility >= 0 {
		c.program = find(likelyPrograms)
		c.parts = c.program >= 0 || c.severity >= 0
	}
	c.lines = c.late || l.hasAny(fileSigns...) && !l.hasAny("funcName", "lineno") // else the file of a program's source
	c.keep(l)
	return c
}

// keep lists the fields that events of the lines keep.
func (c *carrier) keep(l *layout) {
	for i, n := range l.names {
		if from := l.from[i]; from >= 0 && from != c.message {
			c.fields = append(c.fields, carriedField{n, from})
		}
	}
}

// carriedTimes are names that templates of syslog daemons give the time of a line.
var carriedTimes = []string{"timereported", "timegenerated", "syslog_timestamp", "ISODATE", "DATE", "receptiontime"}

// carriedMax bounds the line that is read within a record.
const carriedMax = 64 << 10

// carriedBatch is after how many lines the memory of their events is used again: to empty it costs more than a line.
const carriedBatch = 512

// lineReader is what reads the lines that are carried.
type lineReader struct {
	lines  *lineParser
	json   *jsonParser
	batch  event.Batch
	origin *event.Origin // near the time of the carrier, which settles the year of the line
	of     *event.Origin // what origin was made of
	audit  auditRecord   // the line at hand, where it is one
	header syslogHeader
}

// forget lets go of the lines that were read.
func (r *lineReader) forget() {
	if r != nil && len(r.batch.Events) > 0 {
		r.batch.Reset()
		r.of, r.origin = nil, nil
	}
}

// carry makes an event of the line in the record of p.walk, if that says more than the record, and reports whether it
// did.
func (p *jsonParser) carry(plan *jsonPlan, start, end int) bool {
	c := plan.carrier
	v := p.walk.values[c.message]
	if v.Kind != event.Text && v.Kind != event.Escaped || len(v.Raw) > carriedMax || p.within ||
		!c.lines && !c.parts && !mayBeLine(v.Raw) {
		return false
	}
	line := strings.TrimSpace(v.String())
	if line == "" {
		return false
	}
	r := p.carried
	if r == nil {
		r = &lineReader{lines: &lineParser{env: p.env, fields: fieldShapes{env: p.env}}, json: newJSONParser(p.env)}
		r.json.within = true
		r.lines.object = r.json
		p.carried = r
	}
	at := plan.timeOf(p.walk.values, p.block.Origin.Zone)
	r.near(p.block.Origin, at)
	if len(r.batch.Events) >= carriedBatch {
		r.batch.Reset()
	}
	first := len(r.batch.Events)
	record := r.auditOf(line)
	if record != nil && p.joinAudit(record, line, start, end) {
		return true
	}
	switch {
	case line[0] == '{' && jsonSkip(line, 0, false) == len(line):
		r.json.Parse(event.Block{Origin: r.origin, Data: line, First: 1}, &r.batch)
		if !c.lines && (len(r.batch.Events) != first+1 || r.batch.Events[first].Shape.Format == jsonFormat) {
			return false // an object of no known kind belongs to its message
		}
	case r.beginsAsLine(line):
		r.whole(line)
	case c.parts:
		p.readParts(c, line, at)
	case c.lines:
		r.lines.dialect = plainText
		r.whole(line)
	default:
		return false
	}
	if len(r.batch.Events) != first+1 || r.batch.Events[first].Shape == textShape {
		return false
	}
	p.addCarried(plan, &r.batch.Events[first], at)
	e := &p.out.Events[len(p.out.Events)-1]
	e.Raw, e.Origin, e.Record = p.block.Data[start:end], p.block.Origin, p.line
	if record != nil && e.Shape.Format == auditdFormat {
		p.openAudit(*record, line, start, end)
	}
	return true
}

func (r *lineReader) whole(line string) {
	r.lines.Parse(event.Block{Origin: r.origin, Data: line, First: 1}, &r.batch)
}

// near settles the origin: a line without a year is of about the time that its carrier states.
func (r *lineReader) near(o *event.Origin, at int64) {
	if r.of == o && (at == 0 && r.origin == o || at != 0 && r.origin != o && time.Duration(at-r.origin.Reference.UnixNano()).Abs() < 12*time.Hour) {
		return
	}
	r.of, r.origin = o, o
	if at != 0 {
		moved := *o
		moved.Reference = time.Unix(0, at)
		r.origin = &moved
	}
}

// mayBeLine tells, of a message as it is written in JSON, whether beginsAsLine may hold: most messages of applications do
// not get further than this.
func mayBeLine(s string) bool {
	s = trimSpace(s)
	if len(s) < 16 {
		return false
	}
	switch c := s[0]; {
	case c == '<', c == '\\', c == 't', c == 'n':
		return true
	case c == '{':
		return s[1] == '\\' && s[2] == '"'
	case c-'0' <= 9:
		return s[10] == 'T'
	}
	return s[3] == ' ' && monthOf(s) != 0
}

// beginsAsLine tells whether a message begins as a line of syslog or of audit does, and sets the dialect in which it is
// to be read.
func (r *lineReader) beginsAsLine(line string) bool {
	r.lines.dialect = plainText
	switch c := line[0]; {
	case c == '<':
		return len(line) > 3 && line[1]-'0' <= 9
	case c >= 'A' && c <= 'Z':
		return monthOf(line) != 0 && len(line) > 16 && line[3] == ' '
	case c == 't', c == 'n':
		return (strings.HasPrefix(line, "type=") || strings.HasPrefix(line, "node=")) && strings.Contains(line, "audit(")
	case c-'0' <= 9 && len(line) > 24 && line[10] == 'T':
		var h syslogHeader
		r.lines.years.use(r.origin)
		if h.read(line, &r.lines.years) && h.host != "" && h.tag != "" && (h.pid != "" || programs[h.tag] != nil) {
			r.lines.dialect = systemLog
			return true
		}
	}
	return false
}

// readParts reads a message whose header the carrier has taken apart.
func (p *jsonParser) readParts(c *carrier, text string, at int64) {
	h := syslogHeader{time: at, facility: -1, severity: -1, text: text, rest: text, full: true}
	value := func(place int) string {
		if place < 0 {
			return ""
		}
		if v := p.walk.values[place]; v.Kind == event.Text || v.Kind == event.Escaped || v.Kind == event.Number {
			return v.String()
		}
		return ""
	}
	h.host, h.pid = value(c.host), value(c.pid)
	if tag := strings.TrimSpace(value(c.program)); tag != "" && tag != "-" {
		var t syslogHeader
		t.readTag(strings.TrimSuffix(tag, ":") + ": ")
		if h.tag = t.tag; h.pid == "" {
			h.pid = t.pid
		}
	}
	if h.pid == "-" {
		h.pid = ""
	}
	h.facility, h.severity = levelOf(value(c.facility), facilities[:]), levelOf(value(c.severity), severities[:])
	if n := levelOf(value(c.priority), nil); n >= 0 && c.priority != c.severity {
		h.facility, h.severity = n>>3, n&7
	}
	if h.facility >= 0 && h.severity >= 0 {
		h.priority = priorities[min(h.facility<<3|h.severity, len(priorities)-1)]
	} else {
		h.severity = -1
	}
	l := p.carried.lines
	l.years.use(p.carried.origin)
	l.audit.begin()
	l.block = event.Block{Origin: p.carried.origin}
	if h.tag == "" {
		h.tag = l.speaker(text)
	}
	l.syslogMessage(text, &h, &p.carried.batch)
	l.block, l.said = event.Block{}, said{}
}

// speakers are programs that a message is known by where it is sent without its tag.
var speakers = []string{"sshd", "sudo", "su", "systemd-logind", "useradd", "CRON", "systemd", "kernel"}

// speaker returns the program that says a message.
func (p *lineParser) speaker(message string) string {
	for _, name := range speakers {
		if programs[name].read(messageBody(message), &p.said) {
			return name
		}
	}
	return ""
}

// priorities are the numbers of RFC 3164 §4.1.1 as texts.
var priorities = func() (list [192]string) {
	for i := range list {
		list[i] = strconv.Itoa(i)
	}
	return list
}()

// levelOf reads a facility or severity by number or name; -1 where it is none.
func levelOf(s string, names []string) int {
	if s == "" {
		return -1
	}
	if number.holds(s) && len(s) <= 3 {
		n := 0
		for i := range len(s) {
			n = n*10 + int(s[i]-'0')
		}
		if n < len(names) || names == nil && n < 192 {
			return n
		}
		return -1
	}
	for i, name := range names {
		if strings.EqualFold(s, name) || len(s) > len(name) && len(name) > 2 && strings.EqualFold(s[:len(name)], name) {
			return i
		}
	}
	switch strings.ToLower(s) {
	case "security":
		return 4
	case "panic":
		return 0
	case "error":
		return 3
	}
	return -1
}

// addCarried adds the event of a line with what its carrier says.
func (p *jsonParser) addCarried(plan *jsonPlan, in *event.Event, at int64) {
	c := plan.carrier
	s := c.shapes[in.Shape]
	if s == nil {
		s = c.join(in.Shape, &p.env.Shapes)
		if !in.Shape.Transient && !s.shape.Transient {
			c.shapes[in.Shape] = s
			p.nodes += len(s.shape.Fields())
		}
	}
	e := p.out.Add(s.shape)
	n := copy(e.Values, in.Values)
	for i, from := range s.added {
		e.Values[n+i] = p.walk.values[from]
	}
	if s.host >= 0 && e.Values[s.host].Kind == event.Missing && c.host >= 0 {
		e.Values[s.host] = p.walk.values[c.host]
	}
	if e.Time = in.Time; e.Time == 0 || c.late && at != 0 {
		e.Time = at
	}
}

// join returns a shape with the fields of a line and those of the carrier that the line has not.
func (c *carrier) join(in *event.Shape, shapes *event.Shapes) *carriedShape {
	s := &carriedShape{host: -1}
	names := append([]string(nil), in.Fields()...)
	has := make(map[string]bool, len(names))
	for i, n := range names {
		has[n] = true
		if n == "host.name" {
			s.host = i
		}
	}
	for _, f := range c.fields {
		if !has[f.name] {
			has[f.name] = true
			names = append(names, f.name)
			s.added = append(s.added, f.from)
		}
	}
	s.shape = shapes.Intern(in.Format, names)
	return s
}
