package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Syslog is the system log of Unix hosts: lines as RFC 3164 describes them and daemons really write them, with times of
// either style, and RFC 5424.
var Syslog = &Format{
	Name: "syslog",
	Doc: "System logs of Unix hosts: RFC 3164 with or without priority, with BSD or ISO times, and RFC 5424; " +
		"the messages of sshd, sudo, PAM, cron, useradd, systemd, the kernel's firewall and others are taken apart.",
	Example: "Mar  3 09:12:44 gate sshd[812]: Failed password for invalid user oracle from 203.0.113.7 port 50122 ssh2\n" +
		"<86>1 2024-03-03T09:12:45.120Z gate sudo 913 - [origin ip=\"192.0.2.1\"] anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/bin/ls /root\n",
	Detect:      detectSyslog,
	NewSplitter: newLineSplitter,
	NewParser:   newLineParser(systemLog),
}

// syslogNames are the fields that every event of syslog has, in the order of their places.
var syslogNames = []string{
	"host.name", "process.name", "process.pid", "log.syslog.priority", "log.syslog.facility.name",
	"log.syslog.severity.name", "message",
}

const (
	atHost = iota
	atProgram
	atPID
	atPriority
	atFacility
	atSeverity
	atMessage
	afterSyslog
)

var facilities = [...]string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
	"audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

var severities = [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}

// syslogHeader is the part of a line before the message.
type syslogHeader struct {
	time                       int64
	priority                   string
	facility, severity         int // -1 where there is no priority
	host, tag, pid, data, text string
	rest, id                   string // what follows the header, with the tag; the message id of RFC 5424
	full                       bool   // the time states its year, as ISO ones do
}

func detectSyslog(head string) int {
	return shareOf(head, func(line string) bool {
		var h syslogHeader
		var years yearless
		years.use(nil)
		return h.read(line, &years) && h.host != "" && (h.tag != "" || line[0]-'0' > 9 || strings.HasPrefix(trimSpace(h.text), "{"))
	}, 80)
}

// syslogLine makes an event of a line of syslog.
func (p *lineParser) syslogLine(line string, out *event.Batch) bool {
	var h syslogHeader
	if !h.read(line, &p.years) {
		return false
	}
	p.syslogMessage(line, &h, out)
	return true
}

// syslogMessage makes an event of a line of syslog whose header is h.
func (p *lineParser) syslogMessage(line string, h *syslogHeader, out *event.Batch) {
	if mayBeAudit(h) && strings.Contains(h.text, "audit(") && p.auditLine(out) {
		return
	}
	if h.tag != p.lastTag || p.last == nil {
		p.lastTag, p.last = h.tag, programOf(h.tag)
	}
	known := p.last.read(messageBody(h.text), &p.said)
	if !known && (h.text != "" || mayBeAppliance(p.last, h.tag)) {
		if p.inner(line, p.last, h, out) {
			return
		}
		p.last.readClues(h.text, &p.said)
	}
	kind := p.said.kind
	var e *event.Event
	if len(h.data) > 2 && h.data[0] == '[' {
		e = p.structured(h, kind, out)
	} else {
		e = out.Add(kind.shape)
	}
	h.fill(e.Values)
	copy(e.Values[afterSyslog:], p.said.values[:len(kind.names)])
	e.Time = h.time
}

// relayed makes an event of a message that is a record of another format: a JSON object or a line of an access log.
func (p *lineParser) relayed(line string, h *syslogHeader, out *event.Batch) bool {
	switch h.text[len(h.text)-1] {
	case '}':
		text := trimSpace(strings.TrimPrefix(h.text, "@cee:"))
		if text == "" || text[0] != '{' || p.block.Origin == nil {
			return false
		}
		n := len(out.Events)
		if !p.objectLine(text, out) || len(out.Events) != n+1 {
			return len(out.Events) > n
		}
		if h.host != "" && !out.Events[n].Shape.ECS("host.name").Found() {
			p.putBehind(h, out)
		}
		e := &out.Events[n]
		e.Raw = line
		if e.Time == 0 {
			e.Time = h.time
		}
		return true
	case '"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 's', 'T', 'E', 'P':
		return strings.Contains(h.text, "] ") && p.relayedLine(h, out)
	}
	return false
}

// messageBody unwraps what rsyslog makes of repeated messages: "message repeated 3 times: [ … ]".
func messageBody(s string) string {
	if len(s) > 16 && s[0] == '[' && strings.HasPrefix(s, "[ID ") { // Solaris: "[ID 800047 auth.info] "
		if i := strings.Index(s[:min(len(s), 40)], "] "); i > 0 {
			s = s[i+2:]
		}
	}
	if len(s) > 24 && s[0] == 'm' && strings.HasPrefix(s, "message repeated ") && s[len(s)-1] == ']' {
		if _, body, ok := strings.Cut(s, " times: [ "); ok {
			return body[:len(body)-1]
		}
	}
	return s
}

func (h *syslogHeader) fill(v []event.Value) {
	if h.host != "" {
		v[atHost] = textValue(h.host)
	}
	if h.tag != "" {
		v[atProgram] = textValue(h.tag)
	}
	if h.pid != "" {
		v[atPID] = numberValue(h.pid)
	}
	if h.severity >= 0 {
		v[atPriority] = numberValue(h.priority)
		v[atSeverity] = textValue(severities[h.severity])
		if h.facility < len(facilities) {
			v[atFacility] = textValue(facilities[h.facility])
		}
	}
	v[atMessage] = textValue(h.text)
}

// read takes a line apart. It reports whether the line begins as syslog does.
func (h *syslogHeader) read(line string, years *yearless) bool {
	h.facility, h.severity = -1, -1
	s := line
	if s[0] == '<' {
		end := strings.IndexByte(s[:min(len(s), 6)], '>')
		if end < 2 || !number.holds(s[1:end]) {
			return false
		}
		h.priority = s[1:end]
		n := 0
		for i := range len(h.priority) {
			n = n*10 + int(h.priority[i]-'0')
		}
		h.facility, h.severity = n>>3, n&7
		if s = trimSpace(s[end+1:]); len(s) > 2 && s[0] == '1' && s[1] == ' ' {
			return h.readNew(s[2:], years)
		}
	} else if len(s) > 24 && s[0] == '1' && s[1] == ' ' && s[6] == '-' && s[12] == 'T' { // RFC 5424 whose priority was cut off
		return h.readNew(s[2:], years)
	}
	h.full = s != "" && s[0]-'0' <= 9
	var ok bool
	if h.time, s, ok = cutStamp(s, years); !ok {
		if h.severity < 0 {
			return false
		}
		h.readTag(s) // a sender that states nothing but the priority
		return true
	}
	if len(s) > 5 && s[0] == ' ' && (s[1] == '2' || s[1]-'A' < 26) {
		s = h.afterStamp(line, s, years)
	}
	if s = strings.TrimPrefix(s, ":"); s == "" || s[0] != ' ' {
		return false
	}
	for s != "" && s[0] == ' ' {
		s = s[1:]
	}
	end := strings.IndexByte(s, ' ')
	if end < 0 {
		h.readTag(s)
		return true
	}
	if c := s[end-1]; c != ':' && c != ']' || strings.IndexByte(s[:end], '[') == 0 {
		h.host, s = s[:end], s[end+1:]
		if len(s) > end && s[end] == ' ' && s[:end] == h.host {
			s = s[end+1:] // who sent it and who relayed it
		}
	} else if c == ':' && isAddress(s[:end-1]) {
		h.host, s = s[:end-1], s[end+1:]
	}
	h.readTag(s)
	if h.tag == "" {
		h.behindWord(years)
	}
	return h.severity >= 0 || line[0]-'0' > 9 || !logLevel(h.host)
}

// logLevel tells whether the word after an ISO time is a level, as applications write it, and no host.
func logLevel(s string) bool {
	if len(s) < 4 || len(s) > 8 {
		return false
	}
	for _, l := range [...]string{"info", "warn", "warning", "error", "debug", "trace", "fatal", "notice", "critical", "severe"} {
		if strings.EqualFold(s, l) {
			return true
		}
	}
	return false
}

// cutStamp reads a time of either style.
func cutStamp(s string, years *yearless) (ns int64, rest string, ok bool) {
	if s == "" {
		return 0, s, false
	}
	if s[0] == '*' || s[0] == '.' { // a Cisco clock that is not set
		s = s[1:]
	}
	if s == "" || s[0]-'0' > 9 {
		return cutBSD(s, years)
	}
	if len(s) < 20 || s[4] != '-' || s[10] != 'T' {
		switch {
		case len(s) > 19 && s[4] == ':' && s[10] == '-':
			return colonStamp(s, years)
		case len(s) > 20 && s[4] == ' ' && s[0] == '2' && digits4(s, 0) > 0 && monthOf(s[5:]) != 0: // the year before the date
			of := yearless{zone: years.zone, top: digits4(s, 0), limit: 1<<63 - 1, key: -1}
			return cutBSD(s[5:], &of)
		}
		return 0, s, false
	}
	ns, n := parseTimePrefix(s, years.zone)
	return ns, s[n:], n > 0
}

// colonStamp reads "2026:11:22-06:00:01", as Sophos' UTM writes the time.
func colonStamp(s string, years *yearless) (ns int64, rest string, ok bool) {
	if s[7] != ':' || s[13] != ':' || s[16] != ':' {
		return 0, s, false
	}
	c := clock{
		year: digits4(s, 0), month: digits2(s, 5), day: digits2(s, 8),
		hour: digits2(s, 11), minute: digits2(s, 14), second: digits2(s, 17),
	}
	if c.year|c.month|c.day|c.hour|c.minute|c.second < 0 {
		return 0, s, false
	}
	if ns, ok = c.unixNanos(years.zone); !ok {
		return 0, s, false
	}
	return ns, s[19:], true
}

// readTag cuts "program[pid]: text" (RFC 3164 §4.1.3). Text without a tag is text alone.
func (h *syslogHeader) readTag(s string) {
	h.text, h.rest = s, s
	for i := 0; i < len(s) && i < 128; i++ {
		switch s[i] {
		case ' ':
			return
		case ':':
			if i+1 < len(s) && s[i+1] != ' ' && s[i+1] != '[' {
				continue
			}
			h.tag, h.text = s[:i], trimSpace(s[i+1:])
			return
		case '[':
			end := strings.IndexByte(s[i:min(len(s), i+64)], ']')
			if end < 0 || i == 0 {
				return
			}
			rest := s[i+end+1:]
			if rest != "" && rest[0] == ':' {
				rest = rest[1:]
			} else if rest != "" && rest[0] != ' ' {
				return
			}
			h.tag, h.pid, h.text = s[:i], s[i+1:i+end], trimSpace(rest)
			return
		}
	}
}

func trimSpace(s string) string {
	for s != "" && s[0] == ' ' {
		s = s[1:]
	}
	return s
}

// readCounted reads what some equipment sends in place of RFC 5424: a time in seconds since 1970 or as RFC 3164 has it,
// a host and text.
func (h *syslogHeader) readCounted(s string, years *yearless) bool {
	stamp, rest := nextWord(s)
	ns, ok := int64(0), false
	if len(stamp) > 9 && stamp[0]-'0' <= 9 {
		ns, ok = parseEpoch(stamp)
	} else {
		ns, rest, ok = cutStamp(s, years)
		rest = trimSpace(rest)
	}
	if !ok {
		return false
	}
	h.time, h.full = ns, stamp[0]-'0' <= 9
	h.host, rest = nextWord(rest)
	h.readTag(rest)
	return true
}

// readNew reads what follows "<PRI>1 " (RFC 5424 §6).
func (h *syslogHeader) readNew(s string, years *yearless) bool {
	whole := s
	var parts [5]string // time, host, program, process, message id
	for i := range parts {
		end := strings.IndexByte(s, ' ')
		if end < 0 {
			if i < len(parts)-1 {
				return false
			}
			end = len(s)
		}
		parts[i] = s[:end]
		s = s[min(end+1, len(s)):]
		if parts[i] == "-" {
			parts[i] = ""
		}
	}
	if parts[0] != "" {
		ns, n := parseTimePrefix(parts[0], years.zone)
		if n == 0 {
			return h.readCounted(whole, years)
		}
		h.time = ns
	}
	h.host, h.tag, h.pid, h.id, h.full = parts[1], parts[2], parts[3], parts[4], true
	if n := structuredSize(s); n > 0 {
		h.data, s = s[:n], s[n:]
	} else {
		s = strings.TrimPrefix(s, "-")
	}
	h.text = strings.TrimPrefix(trimSpace(s), "\xef\xbb\xbf")
	h.rest = h.text
	return true
}

// shareOf returns how sure most lines make us: top percent if all of the first lines are of a kind, 0 if less than a third.
func shareOf(head string, is func(line string) bool, top int) int {
	if isBinary(head) {
		return 0
	}
	lines, hits := 0, 0
	for len(head) > 0 && lines < 64 {
		line, rest, whole := strings.Cut(head, "\n")
		if !whole && lines > 0 {
			break // cut at any byte
		}
		head = rest
		if _, line = trimLine(line, 0, len(line)); line == "" || strings.HasPrefix(line, "-- ") {
			continue
		}
		lines++
		if is(line) {
			hits++
		}
	}
	if hits*3 < lines || hits == 0 {
		return 0
	}
	return top * (lines + hits) / (2 * lines)
}

// anyControl tells whether one of 8 bytes is below 0x20.
func anyControl(s string) bool {
	const spaces, highs = 0x2020202020202020, 0x8080808080808080
	w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	return (w-spaces)&^w&highs != 0
}

// isBinary tells whether a stream is no text: it holds control bytes beyond those of terminals. NUL bytes at its start
// are the hole that rotation by copying leaves.
func isBinary(head string) bool {
	head = strings.TrimLeft(head, "\x00")
	bad := 0
	for i := 0; i < len(head); i++ {
		for i+8 <= len(head) && !anyControl(head[i:i+8]) {
			i += 8
		}
		if i == len(head) {
			break
		}
		if c := head[i]; c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != 0x1b && c != 0x1d && c != '\f' && c != '\b' {
			if bad++; bad*50 > len(head) {
				return true
			}
		}
	}
	return false
}
