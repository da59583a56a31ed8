package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// Shippers that follow audit.log send each record in an object of its own. Those of one event are joined as those of
// the file are: by their number, where no more than auditGap bytes lie between two of them.

// carriedAudit is an event of records in objects of their own.
type carriedAudit struct {
	id, node string
	event    int      // its place in the batch
	end      int      // of its last object, in the block
	lines    []string // the records
	raws     []string // the objects
}

// auditOf returns the record that a carried line is, nil where it is none.
func (r *lineReader) auditOf(line string) *auditRecord {
	if !strings.Contains(line, "audit(") {
		return nil
	}
	r.audit = auditRecord{}
	r.lines.years.use(r.origin)
	if !r.audit.read(line, &r.header, &r.lines.years) {
		return nil
	}
	return &r.audit
}

// joinAudit takes a record to the event that it belongs to, if the block has begun it, and reports whether it has.
func (p *jsonParser) joinAudit(a *auditRecord, line string, start, end int) bool {
	for k := len(p.audits) - 1; k >= max(0, len(p.audits)-auditOpen); k-- {
		c := &p.audits[k]
		if c.id == a.id && c.node == a.node && start-c.end <= auditGap && len(c.lines) < auditMost {
			c.lines, c.raws, c.end = append(c.lines, line), append(c.raws, p.block.Data[start:end]), end
			return true
		}
	}
	return false
}

// openAudit notes that the last event of the batch was made of a record.
func (p *jsonParser) openAudit(a auditRecord, line string, start, end int) {
	p.audits = append(p.audits, carriedAudit{
		id: a.id, node: a.node, event: len(p.out.Events) - 1, end: end, lines: []string{line}, raws: []string{p.block.Data[start:end]},
	})
}

// endAudits makes the events of the block whose records stand in several objects anew, of all of them.
func (p *jsonParser) endAudits() {
	for i := range p.audits {
		if c := &p.audits[i]; len(c.lines) > 1 {
			p.rejoin(c)
		}
	}
	clear(p.audits)
	p.audits = p.audits[:0]
}

func (p *jsonParser) rejoin(c *carriedAudit) {
	r := p.carried
	old := p.out.Events[c.event]
	r.near(p.block.Origin, old.Time)
	r.lines.dialect = auditLog
	first := len(r.batch.Events)
	r.whole(strings.Join(c.lines, "\n"))
	if len(r.batch.Events) != first+1 {
		return // the records were too far apart, or too many
	}
	in := &r.batch.Events[first]
	own := in.Shape.Fields()
	names := append([]string(nil), own...)
	var kept []int
	for k, n := range old.Shape.Fields() {
		if !contains(own, n) {
			names, kept = append(names, n), append(kept, k)
		}
	}
	e := p.out.Add(p.lines.fields.of(in.Shape.Format, names))
	n := copy(e.Values, in.Values)
	for i, k := range kept {
		e.Values[n+i] = old.Values[k]
	}
	e.Raw, e.Time, e.Origin, e.Record = strings.Join(c.raws, "\n"), in.Time, old.Origin, old.Record
	last := len(p.out.Events) - 1
	p.out.Events[c.event] = p.out.Events[last]
	p.out.Events[last] = event.Event{}
	p.out.Events = p.out.Events[:last]
}
