package parse

import "github.com/tocsin-sec/tocsin/event"

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
	shapes           map[*messageKind]*event.Shape
}

func newJournalPlan(l *layout) *journalPlan {
	j := &journalPlan{program: -1, shapes: map[*messageKind]*event.Shape{}}
	if at, ok := l.places["process.name"]; ok {
		j.program = at
	}
	j.message = l.places["message"]
	return j
}

// journalShape reads the message of the record in p.walk and returns the shape of its event; the values that the
// message adds stand in p.said.
func (p *jsonParser) journalShape(plan *jsonPlan) *event.Shape {
	j := plan.journal
	value := func(at int) event.Value {
		if plan.order != nil {
			at = plan.order[at]
		}
		return p.walk.values[at]
	}
	p.said.kind = nil
	message := value(j.message)
	if message.Kind != event.Text && message.Kind != event.Escaped {
		return plan.shape
	}
	tag := ""
	if j.program >= 0 {
		tag = value(j.program).String()
	}
	programOf(tag).read(messageBody(message.String()), &p.said)
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
