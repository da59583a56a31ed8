package report

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
)

// NewJSON returns the rendering with one JSON object (RFC 8259) a line: each message as its type in detect says. What is
// no UTF-8 becomes U+FFFD. A saved run that is read and written again is the same, byte for byte.
func NewJSON(w io.Writer) Handler { return &jsonLines{w: w} }

type jsonLines struct {
	w io.Writer
	b []byte
}

// object appends the members of a JSON object.
type object struct{ b []byte }

func (o *object) key(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

func (o *object) text(name, value string) {
	o.key(name)
	o.b = appendString(o.b, value)
}

func (o *object) optional(name, value string) {
	if value != "" {
		o.text(name, value)
	}
}

func (o *object) number(name string, n int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

// time leaves out what is no time.
func (o *object) time(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	o.key(name)
	o.b = append(t.AppendFormat(append(o.b, '"'), time.RFC3339Nano), '"')
}

func (o *object) list(name string, values []string) {
	o.key(name)
	o.b = append(o.b, '[')
	for i, v := range values {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendString(o.b, v)
	}
	o.b = append(o.b, ']')
}

func (o *object) optionalList(name string, values []string) {
	if len(values) > 0 {
		o.list(name, values)
	}
}

func (o *object) source(s *event.LogSource) {
	o.key("logsource")
	o.open()
	o.optional("category", s.Category)
	o.optional("product", s.Product)
	o.optional("service", s.Service)
	o.close()
}

func (o *object) open()  { o.b = append(o.b, '{') }
func (o *object) close() { o.b = append(o.b, '}') }

// incidents are few, so that their fields need no code here.
func (o *object) incidents(list []alert.Message) {
	if len(list) == 0 {
		return
	}
	var doc bytes.Buffer
	to := json.NewEncoder(&doc)
	to.SetEscapeHTML(false)
	if to.Encode(list) == nil { // it holds nothing that JSON cannot
		o.key("incidents")
		o.b = append(o.b, bytes.TrimRight(doc.Bytes(), "\n")...)
	}
}

// members appends n objects, of which each fills one.
func (o *object) members(name string, n int, each func(i int)) {
	o.key(name)
	o.b = append(o.b, '[')
	for i := range n {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.open()
		each(i)
		o.close()
	}
	o.b = append(o.b, ']')
}

func (j *jsonLines) line(fill func(*object)) error {
	o := object{b: append(j.b[:0], '{')}
	fill(&o)
	j.b = append(o.b, '}', '\n')
	_, err := j.w.Write(j.b)
	if cap(j.b) > maxKept {
		j.b = nil
	}
	return err
}

// maxKept bounds the memory that is kept from one line for the next, in bytes.
const maxKept = 1 << 20

func (j *jsonLines) Rule(r *detect.RuleInfo) error {
	return j.line(func(o *object) {
		o.text("type", r.Type)
		o.text("id", r.ID)
		o.text("title", r.Title)
		o.text("level", r.Level)
		o.optional("status", r.Status)
		o.optional("description", r.Description)
		o.optional("author", r.Author)
		o.list("tags", r.Tags)
		o.optionalList("references", r.References)
		o.optionalList("falsepositives", r.FalsePositives)
		o.optionalList("next_steps", r.NextSteps)
		o.source(&r.LogSource)
		o.text("file", r.File)
		o.number("line", int64(r.Line))
	})
}

func (j *jsonLines) Hit(h *detect.Hit) error {
	return j.line(func(o *object) {
		o.text("type", h.Type)
		o.time("time", h.Time)
		o.time("last", h.Last)
		o.key("rule")
		o.open()
		o.text("id", h.Rule.ID)
		o.text("title", h.Rule.Title)
		o.text("level", h.Rule.Level)
		o.list("tags", h.Rule.Tags)
		o.close()
		o.text("file", h.File)
		o.number("record", h.Record)
		o.source(&h.LogSource)
		o.members("matched", len(h.Matched), func(i int) {
			m := &h.Matched[i]
			o.text("field", m.Field)
			o.text("value", m.Value)
			o.text("by", m.By)
		})
		o.key("entities")
		o.open()
		o.optionalList("hosts", h.Entities.Hosts)
		o.optionalList("users", h.Entities.Users)
		o.optionalList("addresses", h.Entities.Addresses)
		o.optionalList("targets", h.Entities.Targets)
		o.close()
		o.optionalList("by", h.By)
		if len(h.Event) > 0 {
			o.key("event")
			o.b = append(o.b, h.Event...)
		}
		if len(h.Events) > 0 {
			o.members("events", len(h.Events), func(i int) {
				o.text("file", h.Events[i].File)
				o.number("record", h.Events[i].Record)
			})
		}
		if h.Count != 0 {
			o.number("count", h.Count)
		}
	})
}

func (j *jsonLines) Summary(s *detect.Summary) error {
	return j.line(func(o *object) {
		o.text("type", s.Type)
		o.number("files", s.Files)
		o.number("bytes", s.Bytes)
		o.number("events", s.Events)
		o.key("rules")
		o.open()
		o.number("loaded", int64(s.Rules.Loaded))
		o.number("refused", int64(s.Rules.Refused))
		o.optionalList("from", s.Rules.From)
		o.close()
		o.number("hits", s.Hits)
		o.time("first", s.First)
		o.time("last", s.Last)
		o.members("formats", len(s.Formats), func(i int) {
			o.text("format", s.Formats[i].Format)
			o.number("files", s.Formats[i].Files)
			o.number("events", s.Formats[i].Events)
		})
		o.members("unread", len(s.Unread), func(i int) {
			o.text("file", s.Unread[i].Path)
			o.number("offset", s.Unread[i].Offset)
			o.text("reason", s.Unread[i].Reason)
		})
		o.number("unread_total", s.UnreadTotal)
		o.optionalList("notes", s.Notes)
		o.incidents(s.Incidents)
		o.key("seconds")
		o.b = strconv.AppendFloat(o.b, finite(s.Seconds), 'f', -1, 64)
	})
}

// finite returns 0 for what JSON cannot say.
func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259 §7), safe also where a line of it is embedded in JavaScript.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		if i+8 <= len(s) && plainWord(s[i:i+8]) {
			i += 8
			continue
		}
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		n := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, n = utf8.DecodeRuneInString(s[i:]); (r != utf8.RuneError || n > 1) && r != '\u2028' && r != '\u2029' {
				i += n
				continue
			}
			b = append(b, s[from:i]...)
			if n == 1 {
				b = append(b, "\uFFFD"...)
			} else {
				b = append(b, `\u202`...)
				b = append(b, hexDigits[r&15])
			}
		} else {
			b = append(b, s[from:i]...)
			b = appendEscape(b, c)
		}
		i += n
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

// plainWord tells whether eight bytes stand for themselves in a JSON string; it may say no where they do.
func plainWord(w string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
		uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
	q, b := x^ones*'"', x^ones*'\\'
	return (x|(x-ones*' ')|(q-ones)|(b-ones))&highs == 0
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
