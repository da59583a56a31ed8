package parse

import "github.com/tocsin-sec/tocsin/event"

// journalRelay reads messages in the journal that are records of other formats: what equipment sends to a syslog daemon
// that passes it on, what containers and servers write to their standard output.
type journalRelay struct {
	lines *lineParser
	batch event.Batch
}

func newJournalRelay(e *Env) *journalRelay {
	r := &journalRelay{lines: &lineParser{env: e, dialect: plainText, fields: fieldShapes{env: e}}}
	r.lines.object = newJSONParser(e)
	r.lines.object.within = true
	return r
}

// begin starts a block of entries.
func (r *journalRelay) begin(o *event.Origin) {
	r.lines.years.use(o)
	r.lines.block = event.Block{Origin: o}
	r.lines.audit.begin()
}

// end lets go of the block.
func (r *journalRelay) end() {
	r.lines.block, r.lines.said, r.lines.own = event.Block{}, said{}, ownLine{}
	r.lines.device.forget()
	if len(r.batch.Events) > 0 {
		r.batch.Reset()
	}
}

// read returns the event of a message that a program wrote under a header and that is a record of another format; nil
// where it is none. The event is valid until the next is read.
func (r *journalRelay) read(message string, of *program, h *syslogHeader) *event.Event {
	if len(message) < 8 || len(message) > carriedMax {
		return nil
	}
	h.facility, h.severity, h.text, h.rest = -1, -1, message, message
	if h.tag != "" && h.tag[0] == '%' {
		h.rest = h.tag + ": " + message // Cisco's mark, which the journal took for the name of a program
	}
	if len(r.batch.Events) >= carriedBatch {
		r.batch.Reset()
	}
	first := len(r.batch.Events)
	if !r.lines.inner(h.rest, of, h, &r.batch) || len(r.batch.Events) != first+1 || r.batch.Events[first].Shape == textShape {
		return nil
	}
	return &r.batch.Events[first]
}
