package parse

import (
	"math/bits"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// Many servers write files of their own, each with its own time and marks before a text that they also write to
// syslog. Such a line is told by itself, wherever it stands: it becomes an event of its program as if it had come by
// syslog.

// ownLine is a line of a server's own file while it is read.
type ownLine struct {
	line    string
	rest    string // what follows the time; the whole line where it does not begin with one
	first   string // the first word of rest
	after   string // what follows that word
	time    int64  // 0 where there is none
	program string // that the line names, or that always writes such lines
	pid     string
	host    string
	zone    *time.Location // of times that state none; nil is UTC
}

// ownLog is one way in which a server writes a file of its own.
type ownLog struct {
	name    string
	doc     string
	example string
	begins  string // the bytes that rest may begin with, as ranges of two each; "" for any
	leveled bool   // rest begins with a level and a bracket after it
	// read fills out and reports true if the line is of this kind.
	read func(l *ownLine, out *said) bool
}

// ownLogs are tried in this order; each is quick to say no.
var ownLogs = [...]ownLog{
	vsftpdLog, proftpdLog, eximLog, serverAuditLog, mysqlLog, postgresLog, redisLog, squidLog, flowLog, windowsDNSLog, windowsDHCPLog,
	dpkgLog, bindLog, keaLog, asteriskLog, freeswitchLog, openvpnLog, sambaLog, couchLog,
	webminLog, zoraxyLog, honeypotLog, monologLog, exchangeLog,
	iisBareLog, cloudFrontLog, fail2banLog, keycloakLog, zimbraLog, unboundLog, corednsLog, mongoLog, redisMonitorLog, radiusLog, dovecotLog, charonLog,
	snortLog, azureFlowLog, xferLog, fileZillaLog, iisNativeLog, nlbLog, envoyLog,
}

// serverFormats are the files of servers as formats of their own.
func serverFormats() []*Format {
	list := []*Format{Balancer}
	for i := range ownLogs {
		read := ownLogs[i].read
		list = append(list, &Format{
			Name:    ownLogs[i].name,
			Doc:     ownLogs[i].doc,
			Example: ownLogs[i].example,
			Detect: func(head string) int {
				var years yearless
				years.use(nil)
				var out said
				return shareOf(head, func(line string) bool {
					var l ownLine
					return l.cut(line, &years) && read(&l, &out)
				}, 88)
			},
			NewSplitter: newLineSplitter,
			NewParser:   newLineParser(plainText),
		})
	}
	return list
}

// ownRecord makes an event of a line of a server's own file.
func (p *lineParser) ownRecord(line string, out *event.Batch) bool {
	l := &p.own
	if !l.cut(line, &p.years) {
		return false
	}
	set := ownBegins[l.rest[0]]
	if set&ownLeveled != 0 && !l.bracketed() {
		set &^= ownLeveled
	}
	for ; set != 0; set &= set - 1 {
		if ownLogs[bits.TrailingZeros64(set)].read(l, &p.said) {
			kind := p.said.kind
			e := out.Add(kind.shape)
			e.Time = l.time
			l.fill(e.Values)
			copy(e.Values[afterSyslog:], p.said.values[:len(kind.names)])
			return true
		}
	}
	return false
}

// ownLine makes an event of a line of a server's own file, or of one that tells who came from where.
func (p *lineParser) ownLine(line string, out *event.Batch) bool {
	if p.ownRecord(line, out) {
		return true
	}
	l := &p.own
	if l.rest == "" || !readClues(l.rest, p.said.values[:len(clueNames)]) {
		return false
	}
	e := out.Add(cluedTextShape)
	if e.Time = l.time; e.Time == 0 {
		e.Time = leadingTime(line, &p.years)
	}
	copy(e.Values, p.said.values[:len(clueNames)])
	e.Values[len(clueNames)] = textValue(line)
	return true
}

// ownBegins holds, for each byte that the text after the time may begin with, a bit for each of ownLogs.
var ownBegins = func() (sets [256]uint64) {
	for i := range ownLogs {
		b := ownLogs[i].begins
		for c := range sets {
			in := b == ""
			for k := 0; k+1 < len(b); k += 2 {
				in = in || b[k] <= byte(c) && byte(c) <= b[k+1]
			}
			if in {
				sets[c] |= 1 << i
			}
		}
	}
	return sets
}()

// ownLeveled holds a bit for each of ownLogs whose lines begin with a level and a bracket.
var ownLeveled = func() (set uint64) {
	for i := range ownLogs {
		if ownLogs[i].leveled {
			set |= 1 << i
		}
	}
	return set
}()

// cut begins to read a line. It reports whether there is anything after its time.
func (l *ownLine) cut(line string, years *yearless) bool {
	*l = ownLine{line: line, zone: years.zone}
	l.time, l.rest = cutOwnTime(line, years)
	end := strings.IndexByte(l.rest, ' ')
	if end < 0 {
		end = len(l.rest)
	}
	l.first = l.rest[:end]
	l.after = l.rest[min(end+1, len(l.rest)):]
	return l.rest != ""
}

// bracketed tells whether a bracket opens after the first word, which is a level, and a space or two.
func (l *ownLine) bracketed() bool {
	s := l.after
	if len(s) > 1 && s[0] == ' ' {
		s = s[1:]
	}
	return s != "" && s[0] == '['
}

func (l *ownLine) fill(v []event.Value) {
	if l.host != "" {
		v[atHost] = textValue(l.host)
	}
	if l.program != "" {
		v[atProgram] = textValue(l.program)
	}
	if l.pid != "" {
		v[atPID] = numberValue(l.pid)
	}
	v[atMessage] = textValue(l.rest)
}

// of reads a text with the sentences of a program.
func (l *ownLine) of(p *program, name, text string, out *said) bool {
	if text == "" || !p.read(text, out) {
		return false
	}
	l.program, l.rest = name, text
	return true
}

// cutOwnTime reads the time at the start of a line in the ways of servers and returns what follows it, without the
// bracket or mark that closes it; 0 and the line itself where it begins with none.
func cutOwnTime(s string, years *yearless) (ns int64, rest string) {
	t := s
	if len(t) > 4 && t[0] == '(' && t[2] == ')' { // a level of one letter
		t = t[4:]
	}
	if t != "" && t[0] == '[' {
		t = t[1:]
	}
	if len(t) < 16 {
		return 0, s
	}
	n := 0
	switch c := t[0]; {
	case c-'0' > 9:
		if ns, n = apacheErrorTime(t, years.zone); n == 0 {
			if ns, n = shortWeekdayTime(t, years); n == 0 {
				var after string
				var ok bool
				if ns, after, ok = cutBSD(t, years); ok {
					n = len(t) - len(after)
				}
			}
		}
	case t[4] == '-' || t[4] == '/':
		if ns, n = parseTimePrefix(t, years.zone); n > 0 && n < len(t)-4 && t[n] == ' ' && t[n+1]-'A' < 26 {
			ns, n = namedZone(t, n, ns, years)
		}
	case t[2] == '-' && t[5] == '-', t[8] == '-' && t[11] == ':':
		ns, n = numberedTime(t, years)
	case t[2] == '-' && t[6] == '-':
		ns, n = dayMonthTime(t, years)
	case t[1] == '/' || t[2] == '/':
		if ns, n = slashTime(t, years); n == 0 {
			ns, n = snortTime(t, years)
		}
	}
	if n == 0 {
		return 0, s
	}
	if n+3 < len(t) && t[n] == ' ' && (t[n+1] == '+' || t[n+1] == '-') && t[n+2]-'0' <= 9 {
		var c clock
		if end := c.readZone(t, n+1); c.zoned && years.zone == time.UTC {
			ns, n = ns-int64(c.offset)*second, end
		}
	}
	t = t[n:]
	if t != "" && (t[0] == ']' || t[0] == ',' || t[0] == '|' || t[0] == ':') {
		if t[0] == ',' && len(t) > 1 && t[1] != ' ' {
			return ns, t // a table
		}
		t = t[1:]
	}
	for t != "" && (t[0] == ' ' || t[0] == '\t') {
		t = t[1:]
	}
	return ns, strings.TrimPrefix(t, "- ")
}

// namedZone reads " UTC" and the like after a time without an offset, which ends at t[n].
func namedZone(t string, n int, ns int64, years *yearless) (int64, int) {
	end := n + 1
	for end < len(t) && t[end]-'A' < 26 {
		end++
	}
	if end < len(t) && t[end] != ' ' && t[end] != ',' && t[end] != ']' {
		return ns, n
	}
	hours := 0
	switch t[n+1 : end] {
	case "UTC", "GMT":
	case "CET", "BST", "WEST":
		hours = 1
	case "CEST", "EET":
		hours = 2
	case "EEST", "MSK":
		hours = 3
	case "EST", "CDT":
		hours = -5
	case "EDT":
		hours = -4
	case "CST", "MDT":
		hours = -6
	case "MST", "PDT":
		hours = -7
	case "PST":
		hours = -8
	default:
		return ns, n
	}
	ns, size := parseTimePrefix(t[:n], nil)
	if size != n {
		return 0, 0
	}
	return ns - int64(hours)*3600*second, end
}

// shortWeekdayTime reads "Mon Jun 8 12:08:53 2020", with a day of one digit.
func shortWeekdayTime(s string, years *yearless) (ns int64, size int) {
	if len(s) < 23 || s[3] != ' ' || s[7] != ' ' || s[9] != ' ' || s[12] != ':' || s[15] != ':' || monthOf(s[4:]) == 0 {
		return 0, 0
	}
	c := clock{
		month: monthOf(s[4:]), day: int(s[8] - '0'), hour: digits2(s, 10), minute: digits2(s, 13), second: digits2(s, 16),
	}
	if s[18] != ' ' || c.day > 9 || c.hour|c.minute|c.second < 0 {
		return 0, 0
	}
	c.year = digits4(s, 19)
	ns, ok := c.unixNanos(years.zone)
	if !ok {
		return 0, 0
	}
	return ns, 23
}

// dayMonthTime reads "05-Mar-2024 10:00:00.123" as BIND and Tomcat write it.
func dayMonthTime(s string, years *yearless) (ns int64, size int) {
	if len(s) < 20 || s[11] != ' ' || s[14] != ':' || s[17] != ':' {
		return 0, 0
	}
	c := clock{
		year: digits4(s, 7), month: monthOf(s[3:]), day: digits2(s, 0),
		hour: digits2(s, 12), minute: digits2(s, 15), second: digits2(s, 18),
	}
	if c.year|c.day|c.hour|c.minute|c.second < 0 {
		return 0, 0
	}
	c.nanos, size = fraction(s, 20)
	ns, ok := c.unixNanos(years.zone)
	if !ok {
		return 0, 0
	}
	return ns, size
}

// numberedTime reads "03-11-2024 10:00:00,123", the day first, and "20241103-10:00:00" as xrdp writes it.
func numberedTime(s string, years *yearless) (ns int64, size int) {
	var c clock
	switch {
	case len(s) > 19 && s[2] == '-' && s[10] == ' ' && s[13] == ':' && s[16] == ':':
		c = clock{year: digits4(s, 6), month: digits2(s, 3), day: digits2(s, 0)}
		size = 11
	case len(s) > 17 && s[8] == '-' && s[11] == ':' && s[14] == ':':
		c = clock{year: digits4(s, 0), month: digits2(s, 4), day: digits2(s, 6)}
		size = 9
	default:
		return 0, 0
	}
	c.hour, c.minute, c.second = digits2(s, size), digits2(s, size+3), digits2(s, size+6)
	if c.year|c.month|c.day|c.hour|c.minute|c.second < 0 {
		return 0, 0
	}
	c.nanos, size = fraction(s, size+8)
	ns, ok := c.unixNanos(years.zone)
	if !ok {
		return 0, 0
	}
	return ns, size
}

// slashTime reads "01/25/22 16:08:02.393003", "6/5/2013 10:00:32 AM" and "12/17/22, 10:31:29 PM MST.557710". A first
// number above 12 is a day; where it may be either, it is the month.
func slashTime(s string, years *yearless) (ns int64, size int) {
	var date [3]int
	i := 0
	for k := range date {
		n := 0
		for i < len(s) && s[i]-'0' <= 9 && n < 4 {
			date[k] = date[k]*10 + int(s[i]-'0')
			i++
			n++
		}
		if n == 0 || k < 2 && (i >= len(s) || s[i] != '/') {
			return 0, 0
		}
		if k < 2 {
			i++
		}
	}
	if i < len(s) && s[i] == ',' {
		i++
	}
	if i+8 > len(s) || s[i] != ' ' {
		return 0, 0
	}
	i++
	c := clock{year: date[2], month: date[0], day: date[1]}
	if c.year < 100 {
		c.year += 2000
	}
	if c.month > 12 {
		c.month, c.day = c.day, c.month
	}
	if s[i+1] == ':' {
		c.hour = int(s[i] - '0')
		i++
	} else {
		c.hour = digits2(s, i)
		i += 2
	}
	if i+6 > len(s) || s[i] != ':' || s[i+3] != ':' || c.hour > 24 {
		return 0, 0
	}
	c.minute, c.second = digits2(s, i+1), digits2(s, i+4)
	c.nanos, i = fraction(s, i+6)
	if c.hour|c.minute|c.second < 0 {
		return 0, 0
	}
	if i+3 <= len(s) && s[i] == ' ' && s[i+2] == 'M' && (s[i+1] == 'A' || s[i+1] == 'P') {
		if c.hour %= 12; s[i+1] == 'P' {
			c.hour += 12
		}
		i += 3
	}
	ns, ok := c.unixNanos(years.zone)
	if !ok {
		return 0, 0
	}
	return ns, i
}
