package parse

import (
	"bytes"
	"strings"
)

// The records of one audit event have the same time and serial number and mostly follow each other, but those of
// events that happen at the same time may be mixed. A record belongs to the event of the same number whose last record
// ended at most auditGap bytes before it. Blocks are cut where no event is open by that rule, so that the events do
// not depend on the cuts.

const (
	auditGap    = 32 << 10 // bytes between two records of an event
	auditWindow = 4 * auditGap
	auditForce  = 4 << 20 // bytes in which no place to cut was found: an attack, cut anyway
	auditOpen   = 64      // events that may be open at a time
	auditMost   = 4096    // records of one event
)

// auditRecord is one record of an event.
type auditRecord struct {
	start, end int    // of its line in the block
	next       int    // 1 + the index of the event's next record; 0 for none
	first      bool   // of its event
	kind       string // the type as written, a name or a number
	node, id   string // the host, "" where none is stated; "seconds.millis:serial"
	body       string // what follows the colon
	prefix     int    // the length of the syslog header before it
}

// auditJoiner finds the audit records of a block and joins those of one event.
type auditJoiner struct {
	records []auditRecord
	at      int  // the next record in the order of the block
	scanned bool // the block, from its first record on
	header  syslogHeader
}

// begin forgets the block before.
func (j *auditJoiner) begin() {
	clear(j.records)
	j.records, j.at, j.scanned, j.header = j.records[:0], 0, false, syslogHeader{}
}

// scan finds the records of a block, from a line on.
func (j *auditJoiner) scan(data string, from int, years *yearless) {
	type group struct{ last, count int }
	var open [auditOpen]group
	opened := 0
	for {
		i := strings.Index(data[from:], "audit(")
		if i < 0 {
			return
		}
		i += from
		start := strings.LastIndexByte(data[from:i], '\n') + 1 + from
		end := strings.IndexByte(data[i:], '\n')
		if end < 0 {
			end = len(data)
		} else {
			end += i
		}
		from = end
		begin, line := trimLine(data, start, end)
		r := auditRecord{start: begin, end: begin + len(line)}
		if !r.read(line, &j.header, years) {
			continue
		}
		j.records = append(j.records, r)
		n := len(j.records) - 1
		k := opened - 1
		for ; k >= 0 && k >= opened-auditOpen; k-- {
			g := &open[k%auditOpen]
			if last := &j.records[g.last]; last.id == r.id && last.node == r.node && r.start-last.end <= auditGap && g.count < auditMost {
				last.next, g.last, g.count = n+1, n, g.count+1
				break
			}
		}
		if k < 0 || k < opened-auditOpen {
			j.records[n].first = true
			open[opened%auditOpen] = group{n, 1}
			opened++
		}
	}
}

// take returns the record that begins at a place in the block, nil where none does. Places must ascend.
func (j *auditJoiner) take(data string, start int, years *yearless) *auditRecord {
	if !j.scanned {
		j.scanned = true
		j.scan(data, start, years)
	}
	for j.at < len(j.records) && j.records[j.at].start < start {
		j.at++
	}
	if j.at < len(j.records) && j.records[j.at].start == start {
		return &j.records[j.at]
	}
	return nil
}

// read takes a line apart: "[node=h ]type=T msg=audit(ID): body", bare or as the text of syslog, or the kernel's own
// "audit: type=1300 audit(ID): body".
func (r *auditRecord) read(line string, h *syslogHeader, years *yearless) bool {
	s := line
	if !strings.HasPrefix(s, "type=") && !strings.HasPrefix(s, "node=") {
		*h = syslogHeader{}
		if s == "" || !h.read(s, years) || !mayBeAudit(h) {
			return false
		}
		s = strings.TrimPrefix(cutUptime(h.text), "audit: ")
		r.prefix = len(line) - len(s)
		r.node = h.host
	}
	if rest, ok := strings.CutPrefix(s, "node="); ok {
		r.node, s, _ = strings.Cut(rest, " ")
	}
	s, ok := strings.CutPrefix(s, "type=")
	if !ok {
		return false
	}
	r.kind, s, ok = strings.Cut(s, " ")
	if !ok || r.kind == "" || len(r.kind) > 64 {
		return false
	}
	s = strings.TrimPrefix(trimSpace(s), "msg=")
	if s, ok = strings.CutPrefix(s, "audit("); !ok {
		return false
	}
	r.id, s, ok = strings.Cut(s, ")")
	if !ok || !auditID(r.id) {
		return false
	}
	r.body = trimSpace(strings.TrimPrefix(s, ":"))
	return true
}

// auditSender tells whether a program of syslog passes audit records on.
func auditSender(tag string) bool {
	switch tag {
	case "kernel", "audit", "auditd", "audispd", "audisp-syslog", "audisp-remote", "audit-syslog":
		return true
	}
	return false
}

// mayBeAudit tells whether a line of syslog may hold an audit record: its sender passes such on, or it begins as those
// of the file do, which is sent under a tag of any name.
func mayBeAudit(h *syslogHeader) bool {
	return auditSender(h.tag) || strings.HasPrefix(h.text, "type=") || strings.HasPrefix(h.text, "node=")
}

// auditID tells whether s is "1234567890.123:456".
func auditID(s string) bool {
	dot := strings.IndexByte(s, '.')
	colon := strings.LastIndexByte(s, ':')
	return dot > 0 && dot <= 11 && colon > dot && colon-dot < 12 && len(s)-colon <= 20 &&
		number.holds(s[:dot]) && number.holds(s[dot+1:colon]) && number.holds(s[colon+1:])
}

// auditCut returns how much of data, which ends with a newline, makes a block that breaks no audit event; 0 where more
// data is needed to know.
func auditCut(data []byte) int {
	end := len(data)
	if !bytes.Contains(data[max(0, end-auditGap):], []byte("audit(")) {
		return end
	}
	type record struct {
		start, end int
		id         string
	}
	var records []record
	low := max(0, end-auditWindow)
	for from := low; ; {
		i := bytes.Index(data[from:], []byte("audit("))
		if i < 0 {
			break
		}
		i += from
		start := bytes.LastIndexByte(data[:i], '\n') + 1
		stop := i + bytes.IndexByte(data[i:], '\n') // there is one
		id, _, _ := bytes.Cut(data[i+len("audit("):stop], []byte(")"))
		records = append(records, record{start, stop, string(id)})
		from = stop
	}
	safe := low
	if low > 0 {
		safe += auditGap // what begins before the window ends before this or is in the window too
	}
	last := make(map[string]int, len(records)) // the end of an event as far as it is seen, going backwards
	reach := make([]int, len(records))
	for i := len(records) - 1; i >= 0; i-- {
		r := &records[i]
		next, seen := last[r.id]
		switch {
		case seen && records[next].start-r.end <= auditGap:
			reach[i] = reach[next]
		case end-r.end < auditGap:
			reach[i] = end + 1 // may go on in data not yet seen
		default:
			reach[i] = r.end
		}
		last[r.id] = i
	}
	best, far := 0, 0
	for i := range records {
		if at := records[i].start; at >= safe && at > 0 && far <= at {
			best = at
		}
		far = max(far, reach[i])
	}
	if best == 0 && end >= auditForce {
		return end
	}
	return best
}
