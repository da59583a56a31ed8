package live

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/store"
)

// The names by which people search in all kinds of logs alike. An event is kept under its native names, and under
// these where its format maps them (Elastic Common Schema 8).
var searchable = []string{
	"host.name", "user.name", "source.ip", "source.port", "destination.ip", "destination.port",
	"event.action", "event.category", "event.outcome", "event.code", "process.name", "process.command_line", "url.path",
}

// Columns that tocsin adds.
const (
	columnDataset  = "dataset"            // the name of the format
	columnPath     = "log.file.path"      // event.Origin.Path
	columnSender   = "log.source.address" // event.Origin.Sender
	columnSequence = "event.sequence"     // event.Event.Record

)

// rowPlan says how the events of one shape become rows.
type rowPlan struct {
	format string
	names  []string // of the native values; "" for one that is not kept by itself
	extra  []extraColumn
	text   int // the value that the record's text ends with or holds, which need not be kept twice; -1 for none
}

// extraColumn is a searchable name and where its value is.
type extraColumn struct {
	name string
	slot event.Slot
}

// rows encodes events for the store. It belongs to one goroutine.
type rows struct {
	plans map[*event.Shape]*rowPlan
}

// maxPlans bounds the shapes whose plans are kept.
const maxPlans = 4096

func (r *rows) plan(s *event.Shape) *rowPlan {
	if p := r.plans[s]; p != nil {
		return p
	}
	fields := s.Fields()
	p := &rowPlan{names: make([]string, len(fields)), text: -1}
	if s.Format != nil {
		p.format = s.Format.Name
	}
	seen := make(map[string]bool, len(fields))
	for i, n := range fields {
		if n == "message" && p.text < 0 {
			p.text = i
		}
		if reserved(n) {
			n = "field." + n
		}
		if !seen[n] {
			seen[n] = true
			p.names[i] = n
		}
	}
	for _, n := range searchable {
		if slot := s.ECS(n); slot.Found() && !seen[n] {
			p.extra = append(p.extra, extraColumn{n, slot})
		}
	}
	if !s.Transient && len(r.plans) < maxPlans {
		r.plans[s] = p
	}
	return p
}

// reserved tells whether a name means something to the store itself.
func reserved(name string) bool {
	return name == "" || strings.HasPrefix(name, "_") && slices.Contains([]string{store.Time, store.ID, store.Message, "_stream", "_stream_id"}, name) || name == columnDataset
}

// add encodes one event. An event that states no time has that of its arrival.
func (r *rows) add(b *store.Batch, e *event.Event, arrived int64) {
	p := r.plan(e.Shape)
	when := e.Time
	if when == 0 {
		when = arrived
	}
	b.Row(when)
	b.Field(columnDataset, p.format)
	text := textOf(e)
	if text != "" {
		b.Field(store.Message, text)
	}
	for i, name := range p.names {
		v := e.Values[i]
		if name == "" || v.Kind == event.Missing || v.Kind == event.Null {
			continue
		}
		if i == p.text {
			if v.Kind == event.Text && text != "" && strings.Contains(text, v.Raw) {
				continue // it stands in the text
			}
			if text == "" {
				name = store.Message
			}
		}
		b.AppendField(name, v.Append)
	}
	for i := range p.extra {
		if v := p.extra[i].slot.Value(e); v.Kind != event.Missing && v.Kind != event.Null {
			b.AppendField(p.extra[i].name, v.Append)
		}
	}
	b.Field(columnPath, e.Origin.Path)
	if e.Origin.Sender != "" {
		b.Field(columnSender, e.Origin.Sender)
	}
	if e.Record != 0 {
		b.AppendField(columnSequence, func(dst []byte) []byte { return strconv.AppendInt(dst, e.Record, 10) })
	}
}

// textOf returns the text of a record that is more than its fields: not that of JSON, whose fields say all of it, nor
// that of the journal's export format.
func textOf(e *event.Event) string {
	t := strings.TrimRight(e.Raw, "\r\n")
	if t == "" || t[0] == '{' || e.Origin.Format == "json" || e.Origin.Format == "journal" {
		return ""
	}
	return t
}

// keep takes the events out of a batch that are older than a time, nanoseconds since 1970.
func keep(b *event.Batch, since int64) {
	if since != 0 {
		b.Events = slices.DeleteFunc(b.Events, func(e event.Event) bool { return e.Time != 0 && e.Time < since })
	}
}
