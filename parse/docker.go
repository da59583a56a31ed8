package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// docker is what Docker's json-file driver writes: each line that a container wrote, in an object of three members.
// The line itself is read as it would be in a file of its own.
var docker = jsonDialect{
	format: &event.Format{Name: "docker"},
	all:    []string{"log", "stream", "time"},
	times:  []string{"time"},
	adapt: func(l *layout) {
		l.rename("log", "message")
		l.inner = true
	},
}

// innerMax bounds the line that is read within a line.
const innerMax = 64 << 10

// innerLine reads the line that is in the message of the record, if that says more than the record: it reports whether it made events of it.
func (p *jsonParser) innerLine(plan *jsonPlan, start, end int) bool {
	v := p.walk.values[plan.message]
	if v.Kind != event.Text && v.Kind != event.Escaped || len(v.Raw) > innerMax || p.within {
		return false
	}
	line := strings.TrimSpace(v.String())
	if line == "" {
		return false
	}
	first := len(p.out.Events)
	if line[0] == '{' && jsonSkip(line, 0, false) == len(line) {
		if p.inner == nil {
			p.inner = newJSONParser(p.env)
			p.inner.within = true
		}
		p.inner.Parse(event.Block{Origin: p.block.Origin, Data: line, First: 1}, p.out)
	} else {
		p.lines.line(line, p.out)
	}
	if made := p.out.Events[first:]; len(made) == 1 && made[0].Shape == textShape {
		p.out.Events = p.out.Events[:first]
		return false
	}
	time := plan.timeOf(p.walk.values, p.block.Origin.Zone)
	for i := first; i < len(p.out.Events); i++ {
		e := &p.out.Events[i]
		e.Raw, e.Origin, e.Record = p.block.Data[start:end], p.block.Origin, p.line
		if e.Time == 0 || time != 0 {
			e.Time = time
		}
	}
	return true
}
