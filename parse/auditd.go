package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Auditd is the log of the Linux audit daemon, raw or enriched, on its own or within a system log.
var Auditd = &Format{
	Name: "auditd",
	Doc: "The log of the Linux audit system (audit.log), raw or enriched. The records of one event become one event; " +
		"a field that stands in several records with different values has all of them. Text in hexadecimal is decoded.",
	Example: "type=SYSCALL msg=audit(1709456364.120:771): arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=55e0 a2=55f0 a3=8 items=2 ppid=812 pid=913 auid=1000 uid=0 gid=0 euid=0 tty=pts0 ses=3 comm=\"cat\" exe=\"/usr/bin/cat\" key=\"shadow\"\x1dARCH=x86_64 SYSCALL=execve AUID=\"anna\" UID=\"root\"\n" +
		"type=EXECVE msg=audit(1709456364.120:771): argc=2 a0=\"cat\" a1=\"/etc/shadow\"\n" +
		"type=PATH msg=audit(1709456364.120:771): item=0 name=\"/usr/bin/cat\" inode=131 dev=fd:00 mode=0100755 ouid=0 ogid=0 nametype=NORMAL\n" +
		"type=PROCTITLE msg=audit(1709456364.120:771): proctitle=636174002F6574632F736861646F77\n" +
		"type=USER_LOGIN msg=audit(1709456365.001:772): pid=990 uid=0 auid=4294967295 ses=4294967295 msg='op=login acct=\"anna\" exe=\"/usr/sbin/sshd\" hostname=? addr=203.0.113.7 terminal=ssh res=failed'\n",
	Detect: func(head string) int {
		var h syslogHeader
		var years yearless
		years.use(nil)
		return shareOf(head, func(line string) bool {
			var r auditRecord
			return strings.Contains(line, "audit(") && r.read(line, &h, &years)
		}, 95)
	},
	NewSplitter: newLineSplitter,
	NewParser:   newLineParser(auditLog),
}

// auditdFormat is the dialect of audit events. Fields have the names that the records give them; the names in capitals
// are auditd's own for the readable form of the lower-case ones (log_format = ENRICHED).
var auditdFormat = &event.Format{
	Name:      "auditd",
	LogSource: event.LogSource{Product: "linux", Service: "auditd"},
	ECS: map[string][]string{
		"process.executable": {"exe"}, "process.name": {"comm"}, "process.pid": {"pid"}, "process.parent.pid": {"ppid"},
		"process.working_directory": {"cwd"}, "process.title": {"proctitle"}, "process.tty.name": {"tty", "terminal"},
		"process.exit_code": {"exit"}, "process.args": {"process.command_line"},
		"user.id": {"uid"}, "user.audit.id": {"auid"}, "user.effective.id": {"euid"}, "user.group.id": {"gid"},
		"user.effective.name": {"EUID"}, "user.audit.name": {"AUID"}, "user.target.name": {"acct"},
		"group.name": {"grp"}, "host.name": {"node"}, "source.domain": {"hostname"},
		"file.path": {"name", "path"}, "service.name": {"unit"}, "event.id": {"sequence"},
		"destination.ip": {"laddr"}, "destination.port": {"lport"},
		"rule.name": {"key"}, "auditd.session": {"ses"}, "event.code": {"type"},
		"CommandLine": {"process.command_line"}, "Image": {"exe"}, "CurrentDirectory": {"cwd"},
	},
}

// auditEvent gathers the fields of one event.
type auditEvent struct {
	names  []string
	values []auditValue
	args   []string          // of EXECVE, in order
	long   string            // the name of an argument that is written in parts …
	parts  []byte            // … and the parts so far
	types  []string          // of the records, in order
	buf    []byte            // for text that is built
	out    []event.Value     // what the values become
	joined map[string]string // lists of types, made once
}

// auditValue is the values of one field: in nearly all cases one.
type auditValue struct {
	one  string
	kind event.Kind
	more []string
}

// auditLine reads the line at hand as an audit record and reports whether it is one. All records of an event become one
// event in the place of the first.
func (p *lineParser) auditLine(out *event.Batch) bool {
	data := p.block.Data
	r := p.audit.take(data, p.start, &p.years)
	if r == nil || !r.first {
		return r != nil
	}
	a := &p.event
	a.reset()
	last := r
	whole := true
	for m := r; ; {
		a.record(m)
		last = m
		if m.next == 0 {
			break
		}
		next := &p.audit.records[m.next-1]
		whole = whole && strings.Trim(data[m.end:next.start], "\r\n\x00") == ""
		m = next
	}
	a.finish(r)
	e := out.Add(p.fields.of(auditdFormat, a.names))
	copy(e.Values, a.render())
	e.Time = auditTime(r.id)
	if whole {
		e.Raw = data[r.start:last.end]
	} else {
		e.Raw = p.audit.text(data, r)
	}
	return true
}

// text joins the lines of an event that others stand between.
func (j *auditJoiner) text(data string, r *auditRecord) string {
	var b strings.Builder
	for {
		b.WriteString(data[r.start:r.end])
		if r.next == 0 {
			return b.String()
		}
		b.WriteByte('\n')
		r = &j.records[r.next-1]
	}
}

// auditTime reads the time of "1234567890.123:456".
func auditTime(id string) int64 {
	s, _, _ := strings.Cut(id, ":")
	secs, i := int64(0), 0
	for i < len(s) && s[i]-'0' <= 9 {
		secs = secs*10 + int64(s[i]-'0')
		i++
	}
	if secs > 1<<33 {
		return 0
	}
	nanos, _ := fraction(s, i)
	return secs*second + nanos
}

func (a *auditEvent) reset() {
	clear(a.values)
	a.names, a.values = append(a.names[:0], "type"), append(a.values[:0], auditValue{kind: event.Text})
	a.args, a.types = a.args[:0], a.types[:0]
}

// maxAuditFields bounds the fields of one event; a program that writes records of its own could make up any number.
const maxAuditFields = 512

// add gives a field a value, another one if it has one.
func (a *auditEvent) add(name, value string, kind event.Kind) {
	for i, n := range a.names {
		if n != name {
			continue
		}
		v := &a.values[i]
		if v.one == value && v.more == nil {
			return
		}
		for _, m := range v.more {
			if m == value {
				return
			}
		}
		if v.more == nil {
			v.more = append(v.more, v.one)
		}
		if len(v.more) < maxAuditFields {
			v.more = append(v.more, value)
		}
		return
	}
	if len(a.names) < maxAuditFields {
		a.names = append(a.names, name)
		a.values = append(a.values, auditValue{one: value, kind: kind})
	}
}

// get returns the first value of a field.
func (a *auditEvent) get(name string) string {
	for i, n := range a.names {
		if n == name {
			if v := &a.values[i]; v.more != nil {
				return v.more[0]
			}
			return a.values[i].one
		}
	}
	return ""
}

// record adds the fields of one record.
func (a *auditEvent) record(r *auditRecord) {
	kind := auditTypeName(r.kind)
	a.types = append(a.types, kind)
	body, enriched, ok := strings.Cut(r.body, "\x1d")
	if !ok && r.prefix > 0 {
		body, enriched, _ = strings.Cut(r.body, "#035") // as rsyslog escapes it
	}
	if kind == "EXECVE" {
		a.execve(body)
	} else {
		a.pairs(kind, body, 0)
	}
	if enriched != "" {
		a.pairs(kind, enriched, 0)
	}
}

// pairs reads "name=value name="value" name='name=value …'" and text between them.
func (a *auditEvent) pairs(kind, s string, depth int) {
	for s != "" {
		name, value, quote, rest := nextPair(s)
		s = rest
		if name == "" {
			continue
		}
		if quote == '\'' && depth == 0 && name == "msg" {
			a.pairs(kind, value, depth+1)
			continue
		}
		a.field(kind, name, value, quote)
	}
}

// nextPair cuts the next pair at the start of s. Words that are no pair are dropped: prose such as "user" and "PAM:".
func nextPair(s string) (name, value string, quote byte, rest string) {
	i := 0
	for i < len(s) && (s[i] == ' ' || s[i] == ',') {
		i++
	}
	s = s[i:]
	eq := 0
	for eq < len(s) && s[eq] != '=' {
		if s[eq] == ' ' {
			return "", "", 0, s[eq:]
		}
		eq++
	}
	if eq >= len(s) {
		return "", "", 0, ""
	}
	name, s = s[:eq], s[eq+1:]
	if s == "" {
		return name, "", 0, ""
	}
	switch q := s[0]; q {
	case '"', '\'', '{':
		closing := q
		if q == '{' {
			closing = '}'
		}
		end := strings.IndexByte(s[1:], closing)
		if q == '\'' { // what stands in it may hold the quote: the last one ends it
			end = strings.LastIndexByte(s, closing) - 1
		}
		if end >= 0 {
			return name, s[1 : 1+end], q, s[end+2:]
		}
	}
	end := strings.IndexByte(s, ' ')
	if end < 0 {
		end = len(s)
	}
	return name, s[:end], 0, s[end:]
}

// field adds one pair, decoded.
func (a *auditEvent) field(kind, name, value string, quote byte) {
	if quote == 0 {
		value = strings.TrimSuffix(value, ",")
		if untrusted(name) {
			value = a.unhex(value, name == "proctitle" || name == "cmd")
		}
	} else if name == "proctitle" {
		value = spaces(value)
	}
	switch name {
	case "key":
		for value != "" { // several keys are separated by a byte of value 1
			one, rest, _ := strings.Cut(value, "\x01")
			a.add("key", one, event.Text)
			value = rest
		}
		return
	case "saddr":
		a.add(name, value, event.Text)
		a.socket(value)
		return
	case "res", "result":
		if value == "" {
			return
		}
	case "SADDR":
		return // the same as saddr, which is taken apart above
	case "syscall":
		a.add(name, value, numberKind(value))
		a.addSyscall(value)
		return
	case "arch":
		a.add(name, value, event.Text)
		if n := auditArch(value); n != "" {
			a.add("ARCH", n, event.Text)
		}
		return
	}
	a.add(name, value, numberKind(value))
}

// numberKind returns Number for decimal digits that JSON takes for a number, Text for all else.
func numberKind(s string) event.Kind {
	if v := numberValue(s); v.Kind == event.Number {
		return event.Number
	}
	return event.Text
}

func (a *auditEvent) addSyscall(value string) {
	arch := a.get("arch")
	if n := syscallName(arch, value); n != "" {
		a.add("SYSCALL", n, event.Text)
	}
}

// untrusted tells whether a field holds text from outside, which the kernel and auditd write in hexadecimal when it
// holds a space, a quote or a control byte.
func untrusted(name string) bool {
	switch name {
	case "comm", "exe", "name", "cwd", "proctitle", "cmd", "data", "acct", "key", "path", "dir", "file", "ocomm", "watch",
		"vm", "root_dir", "grp", "new_group", "invalid_context":
		return true
	}
	return false
}

// unhex decodes text in hexadecimal; anything else it returns as it is. An even number of digits that might be a
// decimal number is none: what is so written needs no hexadecimal.
func (a *auditEvent) unhex(s string, nul bool) string {
	if len(s) < 2 || len(s)&1 != 0 {
		return s
	}
	a.buf = a.buf[:0]
	special := false
	for i := 0; i < len(s); i += 2 {
		h, l := hexDigit(s[i]), hexDigit(s[i+1])
		if h > 15 || l > 15 {
			return s
		}
		c := h<<4 | l
		special = special || c <= ' ' || c == '"' || c >= 0x7f
		if c == 0 && nul {
			c = ' '
		}
		a.buf = append(a.buf, c)
	}
	if !special {
		return s
	}
	for len(a.buf) > 0 && a.buf[len(a.buf)-1] == 0 {
		a.buf = a.buf[:len(a.buf)-1]
	}
	return string(a.buf)
}

// hexDigit returns the value of a digit, more than 15 for anything else. auditd writes capitals.
func hexDigit(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

func spaces(s string) string {
	if strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(s, "\x00", " ")
}
