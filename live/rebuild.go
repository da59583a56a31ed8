package live

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/store"
)

// Rebuild makes events of the rows that a Line has kept, so that rules mean by them what they meant when they came in.
//
// What was a line of text is parsed again, and is taken only if its fields are those that were kept; all else is made of
// the columns, under the native names. What the store does not keep cannot come back: a field that was there and empty is
// missing, numbers and words of JSON are text (rules compare them alike), an event that stated no time and was no line has
// that of its arrival, and what is nested in JSON is nested as its dotted names say.
//
// Events share memory with the rows they are made of. A Rebuild belongs to one goroutine.
type Rebuild struct {
	parser  func(format string, env *parse.Env) parse.Parser
	env     parse.Env
	parsers map[string]parse.Parser
	formats map[string]*event.Format
	ways    map[string]*way // by dataset
	origins map[[2]string]*event.Origin
	rows    rows
	batch   event.Batch
	block   rebuilt
	objects map[*event.Shape]*object
	buf     []byte
}

// way is how the lines of a dataset are read.
type way struct {
	last   string // the format that was right the last time
	misses int    // lines that no format has read as they were kept
}

// maxWayMisses bounds the lines of a dataset on which all formats are tried, if none ever was right.
const maxWayMisses = 32

// lineFormats are the formats in which a line of text may have come, the likeliest first.
var lineFormats = []string{"syslog", "text", "access", "errorlog", "auditd"}

// NewRebuild makes a Rebuild. formats are those of events that package parse does not make.
func NewRebuild(parser func(format string, env *parse.Env) parse.Parser, formats ...*event.Format) *Rebuild {
	r := &Rebuild{
		parser: parser, parsers: make(map[string]parse.Parser), formats: make(map[string]*event.Format), ways: make(map[string]*way),
		origins: make(map[[2]string]*event.Origin), rows: rows{plans: make(map[*event.Shape]*rowPlan)}, objects: make(map[*event.Shape]*object),
	}
	for _, f := range formats {
		r.formats[f.Name] = f
	}
	return r
}

// Format returns the format of a dataset.
func (r *Rebuild) Format(dataset string) *event.Format {
	f := r.formats[dataset]
	if f != nil {
		return f
	}
	if list := parse.Dialects(dataset); len(list) > 0 {
		f = list[len(list)-1]
	} else {
		f = &event.Format{Name: strings.Clone(dataset)}
	}
	if len(r.formats) < maxPlans {
		r.formats[f.Name] = f
	}
	return f
}

// rebuilt is the block of rows at hand.
type rebuilt struct {
	names   []string
	columns [][]string
	native  []string       // by column: the native name; "" for one that is none
	place   map[string]int // of a native name, its column
	at      [fixedColumns]int
	shapes  map[string]*event.Shape // by dataset and the columns that have a value
	key     []byte
}

// The columns that every row has.
const (
	atTime = iota
	atDataset
	atMessage
	atPath
	atSender
	atSequence
	fixedColumns
)

var fixedNames = [fixedColumns]string{store.Time, columnDataset, store.Message, columnPath, columnSender, columnSequence}

func (b *rebuilt) use(names []string, columns [][]string) {
	b.names, b.columns = names, columns
	b.native, b.place, b.shapes = make([]string, len(names)), make(map[string]int, len(names)), make(map[string]*event.Shape)
	for i := range b.at {
		b.at[i] = -1
	}
	for i, n := range names {
		if at := slices.Index(fixedNames[:], n); at >= 0 {
			b.at[at] = i
			continue
		}
		if n == store.ID || n == "_stream" || n == "_stream_id" || n == store.More || n == store.Cut {
			continue
		}
		if rest, ok := strings.CutPrefix(n, "field."); ok && reserved(rest) {
			n = rest
		}
		b.native[i], b.place[n] = n, i
	}
}

func (b *rebuilt) cell(column, row int) string {
	if column < 0 {
		return ""
	}
	return b.columns[column][row]
}

func (b *rebuilt) fixed(at, row int) string { return b.cell(b.at[at], row) }

// value is that of a native name in a row.
func (b *rebuilt) value(name string, row int) string {
	if i, ok := b.place[name]; ok {
		return b.columns[i][row]
	}
	return ""
}

// Events makes the events of rows, which are given as columns (see store.Block), in their order. They are valid until the
// next call.
func (r *Rebuild) Events(names []string, columns [][]string, n int) *event.Batch {
	r.batch.Reset()
	r.block.use(names, columns)
	for row := range n {
		r.event(row)
	}
	return &r.batch
}

func (r *Rebuild) event(row int) {
	dataset := r.block.fixed(atDataset, row)
	text := r.block.fixed(atMessage, row)
	record, _ := strconv.ParseInt(r.block.fixed(atSequence, row), 10, 64) // what is none was not kept by us
	var at int64
	if t, err := time.Parse(time.RFC3339Nano, r.block.fixed(atTime, row)); err == nil {
		at = t.UnixNano()
	}
	if text != "" && dataset != event.WindowsFormat.Name && r.line(row, dataset, text, at) {
		e := &r.batch.Events[len(r.batch.Events)-1]
		e.Record = record
		if e.Time != 0 {
			e.Time = at
		}
		return
	}
	e := r.batch.Add(r.shape(row, dataset))
	r.fill(e, row)
	e.Time, e.Record, e.Origin = at, record, r.origin(row, "kept")
	switch {
	case text != "" && r.isText(row, text):
		e.Raw = text
	case nested(e.Shape):
		e.Raw = r.object(e)
	}
}

func (r *Rebuild) origin(row int, format string) *event.Origin {
	path := r.block.fixed(atPath, row)
	key := [2]string{path, format}
	o := r.origins[key]
	if sender := r.block.fixed(atSender, row); o == nil || o.Sender != sender {
		o = &event.Origin{Path: strings.Clone(path), Format: format, Sender: strings.Clone(sender)}
		if len(r.origins) < maxPlans {
			r.origins[[2]string{o.Path, format}] = o
		}
	}
	return o
}

// line reads the text of a row again. It is false, and leaves nothing, where the fields are not those that were kept.
func (r *Rebuild) line(row int, dataset, text string, at int64) bool {
	w := r.ways[dataset]
	if w == nil {
		w = &way{}
		if len(r.ways) < maxPlans {
			r.ways[strings.Clone(dataset)] = w
		}
	}
	if w.last == "" && w.misses >= maxWayMisses {
		return false
	}
	if w.last != "" && r.lineAs(w.last, row, dataset, text, at) {
		return true
	}
	for _, f := range lineFormats {
		if f != w.last && r.lineAs(f, row, dataset, text, at) {
			w.last = f
			return true
		}
	}
	w.misses++
	if w.last != "" {
		return false
	}
	for _, f := range parse.Formats {
		if !slices.Contains(lineFormats, f.Name) && f.Name != "json" && f.Name != "journal" && r.lineAs(f.Name, row, dataset, text, at) {
			w.last = f.Name
			return true
		}
	}
	return false
}

func (r *Rebuild) lineAs(format string, row int, dataset, text string, at int64) bool {
	p, known := r.parsers[format]
	if !known {
		p = r.parser(format, &r.env)
		r.parsers[format] = p
	}
	if p == nil {
		return false
	}
	n, unread := len(r.batch.Events), len(r.batch.Unread)
	o := r.origin(row, format)
	if o.Reference.IsZero() { // settles the year of a date that has none
		o.Reference = time.Unix(0, at).Add(24 * time.Hour).UTC()
	}
	p.Parse(event.Block{Origin: o, Data: text, First: 1}, &r.batch)
	r.batch.Unread = r.batch.Unread[:unread]
	if len(r.batch.Events) == n+1 && r.same(&r.batch.Events[n], row, dataset) {
		return true
	}
	clear(r.batch.Events[n:])
	r.batch.Events = r.batch.Events[:n]
	return false
}

// same tells whether an event would be kept as the row that is there.
func (r *Rebuild) same(e *event.Event, row int, dataset string) bool {
	p := r.rows.plan(e.Shape)
	if p.format != dataset {
		return false
	}
	for i, name := range p.names {
		if name == "" || i == p.text {
			continue
		}
		column, ok := r.block.place[strings.TrimPrefix(name, "field.")]
		if !ok {
			column, ok = r.block.place[name]
		}
		r.buf = e.Values[i].Append(r.buf[:0])
		switch {
		case !ok && len(r.buf) > 0:
			return false
		case ok && string(r.buf) != r.block.columns[column][row]:
			return false
		}
	}
	for i, name := range r.block.native {
		if name == "" || r.block.columns[i][row] == "" || slices.Contains(searchable, name) {
			continue
		}
		if s := e.Shape.Slot(name); !s.Found() {
			return false
		}
	}
	return true
}

// shape returns the shape of the row's columns that have a value.
func (r *Rebuild) shape(row int, dataset string) *event.Shape {
	b := &r.block
	b.key = append(append(b.key[:0], dataset...), 0)
	for i, name := range b.native {
		if name != "" && b.columns[i][row] != "" {
			b.key = append(b.key, byte(i), byte(i>>8))
		}
	}
	message := b.fixed(atMessage, row) != "" && b.value("message", row) == ""
	if message = message && !r.isText(row, b.fixed(atMessage, row)); message {
		b.key = append(b.key, 0xff, 0xff)
	}
	if s := b.shapes[string(b.key)]; s != nil {
		return s
	}
	f := r.Format(dataset)
	var names []string
	for i, name := range b.native {
		if name != "" && b.columns[i][row] != "" && !r.added(f, name, row) {
			names = append(names, name)
		}
	}
	if message {
		names = append(names, "message")
	}
	s := r.env.Shapes.Intern(f, names)
	b.shapes[string(b.key)] = s
	return s
}

// added tells whether a column is one of those by which people search, and not a field of the event itself.
func (r *Rebuild) added(f *event.Format, name string, row int) bool {
	if !slices.Contains(searchable, name) {
		return false
	}
	return slices.ContainsFunc(f.ECS[name], func(native string) bool { return native != name && r.block.value(native, row) != "" })
}

func (r *Rebuild) fill(e *event.Event, row int) {
	for i, name := range e.Shape.Fields() {
		v := r.block.value(name, row)
		if v == "" && name == "message" {
			v = r.block.fixed(atMessage, row)
		}
		e.Values[i] = keptValue(v)
	}
}

// keptValue takes the text of a value for what it was.
func keptValue(s string) event.Value {
	switch {
	case s == "":
		return event.Value{}
	case s[0] == '[' && s[len(s)-1] == ']' && json.Valid([]byte(s)):
		return event.Value{Raw: s, Kind: event.List}
	case s[0] == '{' && s[len(s)-1] == '}' && json.Valid([]byte(s)):
		return event.Value{Raw: s, Kind: event.Object}
	}
	return event.Value{Raw: s, Kind: event.Text}
}

// isText tells whether the message of a row is a record of text, whose fields stand in it, and not one field among others.
func (r *Rebuild) isText(row int, text string) bool {
	if strings.HasPrefix(text, "<Event") {
		return true
	}
	in, of := 0, 0
	for i, name := range r.block.native {
		v := r.block.columns[i][row]
		if name == "" || len(v) < 2 || slices.Contains(searchable, name) || name == "message" {
			continue
		}
		if of++; strings.Contains(text, v) {
			in++
		}
	}
	return of >= 2 && 4*in >= 3*of
}
