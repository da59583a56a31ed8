package parse

import (
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
)

// Records of other formats come as messages: rsyslog's imfile, Docker's syslog driver and loggers send the lines of log
// files behind a header of syslog, and the journal takes in what equipment and services send. Such a message becomes
// the event that it would be in a file of its own, so that the same rules see it, with what the header says beside it.
// What a record is, it tells by itself; the tag only says how its program would be named if it does not.

// relayedHeader is a shape of events of records, with the places of what the header adds to it.
type relayedHeader struct {
	shape                                          *event.Shape
	host, program, pid, priority, facility, severe int // places; -1 for none
}

// inner makes an event of a message of no known sentence that is a record of another format; line is the text that
// equipment is to be told by, with the header.
func (p *lineParser) inner(line string, of *program, h *syslogHeader, out *event.Batch) bool {
	if h.text != "" && (h.text[0]-'0' <= 9 || h.text[0] == '[') && p.relayedRecord(h, out) {
		return true
	}
	if mayBeAppliance(of, h.tag) && p.applianceLine(line, h, out) {
		return true
	}
	return h.text != "" && p.relayed(line, h, out)
}

// relayedRecord makes an event of a message that is a line of a server's own log file.
func (p *lineParser) relayedRecord(h *syslogHeader, out *event.Batch) bool {
	n := len(out.Events)
	if !p.errorLine(h.text, out) && !p.ownRecord(h.text, out) && !p.timelessError(h, out) {
		return false
	}
	at := p.settle(out.Events[n].Time, h)
	p.putBehind(h, out)
	out.Events[n].Time = at
	return true
}

// putBehind adds what a header says to the last event.
func (p *lineParser) putBehind(h *syslogHeader, out *event.Batch) {
	n := len(out.Events) - 1
	in := out.Events[n]
	out.Events = out.Events[:n]
	r := p.headerOn(in.Shape)
	e := out.Add(r.shape)
	copy(e.Values, in.Values)
	e.Raw, e.Time, e.Origin, e.Record = in.Raw, in.Time, in.Origin, in.Record
	r.fill(e.Values, h)
}

// timelessError makes an event of what Apache httpd sends to syslog itself: a line of its error log without the time.
func (p *lineParser) timelessError(h *syslogHeader, out *event.Batch) bool {
	first, rest, ok := strings.Cut(h.text, "] [")
	if !ok || !strings.HasPrefix(rest, "pid ") && !strings.HasPrefix(rest, "client ") || !apacheLevel(first[1:]) {
		return false
	}
	r := errorRecord{apache: true}
	r.apacheParts(h.text)
	r.fill(out.Add(apacheErrorShape).Values)
	return true
}

// apacheLevel tells whether s is "module:level" or the level alone.
func apacheLevel(s string) bool {
	if i := strings.IndexByte(s, ':'); i >= 0 {
		s = s[i+1:]
	}
	switch s {
	case "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug":
		return true
	}
	return strings.HasPrefix(s, "trace") && len(s) == 6
}

// maxRelayed bounds the shapes of records that came behind a header.
const maxRelayed = 64

// headerOn returns how events of a shape get what a header says.
func (p *lineParser) headerOn(in *event.Shape) *relayedHeader {
	if r := p.behind[in]; r != nil {
		return r
	}
	names := append([]string(nil), in.Fields()...)
	place := func(name string) int {
		for i, n := range names {
			if n == name {
				return i
			}
		}
		names = append(names, name)
		return len(names) - 1
	}
	r := &relayedHeader{
		host: place("host.name"), program: place("process.name"), pid: place("process.pid"), priority: place("log.syslog.priority"),
		facility: place("log.syslog.facility.name"), severe: place("log.syslog.severity.name"),
	}
	r.shape = p.env.Shapes.Intern(in.Format, names)
	if !in.Transient && !r.shape.Transient && len(p.behind) < maxRelayed {
		if p.behind == nil {
			p.behind = make(map[*event.Shape]*relayedHeader)
		}
		p.behind[in] = r
	}
	return r
}

// fill adds what the header says and the record does not.
func (r *relayedHeader) fill(v []event.Value, h *syslogHeader) {
	set := func(at int, s string, number bool) {
		if s == "" || v[at].Kind != event.Missing && v[at].Raw != "" {
			return
		}
		if v[at] = textValue(s); number {
			v[at] = numberValue(s)
		}
	}
	set(r.host, h.host, false)
	set(r.program, h.tag, false)
	set(r.pid, h.pid, true)
	if h.severity >= 0 {
		set(r.priority, h.priority, true)
		set(r.severe, severities[h.severity], false)
		if h.facility < len(facilities) {
			set(r.facility, facilities[h.facility], false)
		}
	}
}

// settle returns the time of a record behind a header. A record without a zone is of the zone of its host, which the
// header tells: it was sent about when it was written, so a difference of quarters of an hour is one of zones.
func (p *lineParser) settle(ns int64, h *syslogHeader) int64 {
	if ns == 0 || h.time == 0 {
		return max(ns, h.time)
	}
	const quarter, slack, most = int64(15 * time.Minute), int64(90 * time.Second), int64(14 * time.Hour)
	zones := (h.time - ns + quarter/2) / quarter * quarter
	if h.time-ns+quarter/2 < 0 {
		zones = -((ns - h.time + quarter/2) / quarter * quarter)
	}
	off := h.time - ns - zones
	if zones == 0 || zones > most || zones < -most || off > slack || off < -slack || zonedText(h.text) {
		return ns
	}
	return ns + zones
}

// zonedText tells whether the time that a line begins with has a zone: "Z", "+0100", "-05:00" or "UTC" behind its minutes.
func zonedText(s string) bool {
	i := strings.IndexByte(s[:min(len(s), 32)], ':')
	if i < 0 {
		return false
	}
	for i++; i < len(s) && i < 48; i++ {
		switch c := s[i]; {
		case c == 'Z' && s[i-1]-'0' <= 9:
			return true
		case (c == '+' || c == '-') && i+2 < len(s) && s[i+1]-'0' <= 9 && s[i+2]-'0' <= 9 && (s[i-1]-'0' <= 9 || s[i-1] == ' '):
			return true
		case c-'A' < 26 && s[i-1] == ' ':
			n := i
			for n < len(s) && s[n]-'A' < 26 {
				n++
			}
			return n-i >= 3 && n-i <= 5 && n < len(s) && (s[n] == ' ' || s[n] == ',' || s[n] == ']')
		case c == '[' || c == '"' || c|0x20-'a' < 26 && c != 'T':
			return false
		}
	}
	return false
}
