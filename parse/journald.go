package parse

import (
	"slices"

	"github.com/tocsin-sec/tocsin/event"
)

// journald is what journalctl -o json writes. What a program says is read as it is in a line of syslog, and has the
// same names; the journal's own fields stay. Source: systemd.journal-fields(7).
var journald = jsonDialect{
	format: &event.Format{
		Name:      "journald",
		LogSource: event.LogSource{Product: "linux", Service: "syslog"},
		ECS: map[string][]string{
			"process.name":         {"_COMM"},
			"process.pid":          {"_PID", "SYSLOG_PID"},
			"process.executable":   {"_EXE"},
			"process.command_line": {"_CMDLINE"},
			"user.id":              {"_UID"},
			"service.name":         {"_SYSTEMD_UNIT", "UNIT"},
			"log.level":            {"PRIORITY"},
		},
	},
	any: []string{"__REALTIME_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP", "_TRANSPORT", "SYSLOG_IDENTIFIER", "_COMM", "_BOOT_ID"},
	all: []string{"MESSAGE"},
	times: []string{
		"_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP", "SYSLOG_TIMESTAMP",
	},
	adapt: func(l *layout) {
		l.rename("MESSAGE", "message")
		l.rename("_HOSTNAME", "host.name")
		l.rename("SYSLOG_IDENTIFIER", "process.name")
		l.rename("_COMM", "process.name")
		l.rename("_PID", "process.pid")
		l.rename("SYSLOG_PID", "process.pid")
	},
}

// journalPlan is how messages of one shape of the journal become events.
type journalPlan struct {
	message, program int // places in the event; program is -1 where the record does not name it
	host, pid        int // places in the event; -1 where the record does not name them
	shapes           map[*messageKind]*event.Shape
	joined           map[*event.Shape]*journalJoin // of messages that are records of other formats
}

// journalJoin is a shape of events of records in the journal, with the places of the fields that stand beside theirs.
type journalJoin struct {
	shape *event.Shape
	added []int // in the event of the entry
}

func newJournalPlan(l *layout) *journalPlan {
	j := &journalPlan{shapes: map[*messageKind]*event.Shape{}, joined: map[*event.Shape]*journalJoin{}}
	place := func(name string) int {
		if at, ok := l.places[name]; ok {
			return at
		}
		return -1
	}
	j.program, j.host, j.pid = place("process.name"), place("host.name"), place("process.pid")
	j.message = l.places["message"]
	return j
}

// journalValue returns the value at a place of the event that the record in p.walk will be.
func (p *jsonParser) journalValue(plan *jsonPlan, at int) event.Value {
	if at >= 0 && plan.order != nil {
		at = plan.order[at]
	}
	if at < 0 {
		return event.Value{}
	}
	return p.walk.values[at]
}

// journalShape reads the message of the record in p.walk and returns the shape of its event; the values that the
// message adds stand in p.said. It returns nil where the message is a record of another format, whose event it has added.
func (p *jsonParser) journalShape(plan *jsonPlan) *event.Shape {
	j := plan.journal
	p.said.kind = nil
	message := p.journalValue(plan, j.message)
	if message.Kind != event.Text && message.Kind != event.Escaped {
		return plan.shape
	}
	tag := ""
	if j.program >= 0 {
		tag = p.journalValue(plan, j.program).String()
	}
	program, text := programOf(tag), message.String()
	if !program.read(messageBody(text), &p.said) {
		if p.journalRelayed(plan, program, tag, text) {
			return nil
		}
		program.readClues(messageBody(text), &p.said)
	}
	kind := p.said.kind
	shape := j.shapes[kind]
	if shape == nil {
		format := kind.format
		if format == syslogFormat {
			format = plan.shape.Format
		}
		names := append(append([]string(nil), plan.shape.Fields()...), kind.names...)
		shape = p.env.Shapes.Intern(format, names)
		j.shapes[kind] = shape
	}
	return shape
}

// journalRelayed adds the event of a message that is a record of another format and reports whether it is one.
func (p *jsonParser) journalRelayed(plan *jsonPlan, of *program, tag, message string) bool {
	if p.within {
		return false
	}
	if p.relay == nil {
		p.relay = newJournalRelay(p.env)
	}
	if p.relay.lines.block.Origin != p.block.Origin {
		p.relay.begin(p.block.Origin)
	}
	j := plan.journal
	h := syslogHeader{time: plan.timeOf(p.walk.values, p.block.Origin.Zone), tag: tag, full: true}
	h.host, h.pid = p.journalValue(plan, j.host).String(), p.journalValue(plan, j.pid).String()
	in := p.relay.read(message, of, &h)
	if in == nil {
		return false
	}
	join := j.joined[in.Shape]
	if join == nil {
		join = joinJournal(in.Shape, plan.shape, &p.env.Shapes)
		if !in.Shape.Transient && !join.shape.Transient && len(j.joined) < maxRelayed {
			j.joined[in.Shape] = join
		}
	}
	e := p.out.Add(join.shape)
	n := copy(e.Values, in.Values)
	for i, from := range join.added {
		e.Values[n+i] = p.journalValue(plan, from)
	}
	e.Time = in.Time
	return true
}

// joinJournal returns a shape with the fields of a record and those of the entry that the record has not.
func joinJournal(in, entry *event.Shape, shapes *event.Shapes) *journalJoin {
	join := &journalJoin{}
	own := in.Fields()
	names := append([]string(nil), own...)
	for i, n := range entry.Fields() {
		if !slices.Contains(own, n) {
			names = append(names, n)
			join.added = append(join.added, i)
		}
	}
	join.shape = shapes.Intern(in.Format, names)
	return join
}
