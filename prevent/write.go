package prevent

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// quote writes any text as a YAML scalar on one line (YAML 1.2 §7.3): in single quotes what can be printed, in double
// quotes all else. Invalid UTF-8 becomes U+FFFD.
func quote(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == 0xFEFF }) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r) && r != 0xFEFF:
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

var goodTag = regexp.MustCompile(`^[a-z0-9_-]{1,40}\.[a-z0-9._-]{1,80}$`)

// head writes how a rule begins: what it is called, and what it is about.
func (d *draft) head(b *strings.Builder, title, id string) {
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	c := d.c
	line("title: %s", quote(title))
	line("id: %s", id)
	line("status: experimental")
	line("description: %s", quote(clip(oneLine(c.Sentence), 400)+" Drafted from the events of "+clip(oneLine(c.Key), 16)+"; read it before it is armed."))
	line("author: %s", quote(clip(oneLine(c.Author), 100)))
	if !c.Day.IsZero() {
		line("date: %s", c.Day.UTC().Format(time.DateOnly))
	}
	if tags := slices.DeleteFunc(slices.Clone(c.Tags), func(t string) bool { return !goodTag.MatchString(t) }); len(tags) > 0 {
		slices.Sort(tags)
		line("tags:")
		for _, t := range slices.Compact(tags) {
			line("  - %s", t)
		}
	}
}

// level is that of the case, as Sigma names it.
func (d *draft) level() string {
	if level, ok := sigma.ParseLevel(d.c.Level); ok {
		return level.String()
	}
	return "medium"
}

// ruleFile writes the rule.
func (d *draft) ruleFile() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	d.head(&b, d.rule.Title, d.rule.ID)
	line("logsource:")
	for _, p := range [...][2]string{{"category", d.source.Category}, {"product", d.source.Product}, {"service", d.source.Service}} {
		if p[1] != "" {
			line("  %s: %s", p[0], quote(p[1]))
		}
	}
	line("detection:")
	for i, g := range d.kinds {
		line("  %s:", d.selection(i))
		for j := range g.tests {
			b.WriteString(g.tests[j].yaml())
		}
	}
	condition := "1 of selection_*"
	if len(d.kinds) == 1 {
		condition = d.selection(0)
	}
	line("  condition: %s", condition)
	line("level: %s", d.level())
	return b.String()
}

func (d *draft) selection(i int) string {
	if len(d.kinds) == 1 {
		return "selection"
	}
	return "selection_" + strconv.Itoa(i+1)
}

// yaml writes a test as an item of a selection.
func (t *test) yaml() string {
	key := t.field
	if t.op != "" {
		key += "|" + t.op
	}
	value := func(v string) string {
		if t.op == "cidr" {
			return quote(v)
		}
		return quote(sigma.LiteralPattern(v).String())
	}
	if len(t.values) == 1 {
		return fmt.Sprintf("    %s: %s\n", quote(key), value(t.values[0]))
	}
	out := fmt.Sprintf("    %s:\n", quote(key))
	for _, v := range t.values {
		out += "      - " + value(v) + "\n"
	}
	return out
}

// testFile writes the tests: of each kind some of the case's events, and what comes nearest to it and is none.
func (d *draft) testFile() string {
	var b strings.Builder
	for i, g := range d.kinds {
		d.example(&b, fmt.Sprintf("what happened, kind %d", i+1), pick(g.events), true)
	}
	var nearest []*event.Event
	for _, g := range d.kinds {
		nearest = append(nearest, d.misses(g)...)
	}
	d.example(&b, "near misses", nearest, false)
	return b.String()
}

// pick returns the first, the last, and one in between.
func pick(events []*event.Event) []*event.Event {
	if n := len(events); n > maxShown {
		return []*event.Event{events[0], events[n/2], events[n-1]}
	}
	return events
}

// misses returns those of the other events for which the most of a selection holds, and not all.
func (d *draft) misses(g *group) []*event.Event {
	type miss struct {
		e *event.Event
		n int
	}
	var list []miss
	for _, e := range d.near {
		n := 0
		for i := range g.tests {
			if g.tests[i].holds(textOf(e, g.tests[i].field)) {
				n++
			}
		}
		if n > 0 && n < len(g.tests) && !slices.ContainsFunc(d.kinds, func(o *group) bool { return o.holds(e) }) {
			list = append(list, miss{e, n})
		}
	}
	slices.SortStableFunc(list, func(a, b miss) int { return b.n - a.n })
	var out []*event.Event
	for _, m := range list[:min(len(list), maxShown)] {
		out = append(out, m.e)
	}
	return out
}

// maxLine bounds a line of a test, in bytes.
const maxLine = 64 << 10

// example writes cases of a test file: one of lines for each format, one of events by their fields for the others.
func (d *draft) example(b *strings.Builder, name string, events []*event.Event, match bool) {
	lines := make(map[string][]string)
	var order []string
	var bare []*event.Event
	for _, e := range events {
		if f := d.lineFormat(e, match); f != "" {
			if lines[f] == nil {
				order = append(order, f)
			}
			lines[f] = append(lines[f], strings.TrimRight(e.Raw, "\r\n"))
		} else {
			bare = append(bare, e)
		}
	}
	want := func(n int) string {
		if !match {
			return "match: false"
		}
		return "hits: " + strconv.Itoa(n)
	}
	for _, f := range order {
		writeLines(b, name+", as "+f, f, lines[f], want(len(lines[f])))
	}
	if len(bare) > 0 {
		d.writeBare(b, name+", by fields", bare, want(len(bare)))
	}
}

// writeLines writes a case of a test file about lines of one format.
func writeLines(b *strings.Builder, name, format string, lines []string, want string) {
	fmt.Fprintf(b, "- name: %s\n  format: %s\n  lines:\n", quote(name), quote(format))
	for _, l := range lines {
		fmt.Fprintf(b, "    - %s\n", quote(l))
	}
	fmt.Fprintf(b, "  %s\n", want)
}

// writeBare writes a case of a test file about events by their fields.
func (d *draft) writeBare(b *strings.Builder, name string, events []*event.Event, want string) {
	fmt.Fprintf(b, "- name: %s\n", quote(name))
	if d.source.Product != "windows" {
		fmt.Fprintf(b, "  logsource: {")
		sep := ""
		for _, p := range [...][2]string{{"category", d.source.Category}, {"product", d.source.Product}, {"service", d.source.Service}} {
			if p[1] != "" {
				fmt.Fprintf(b, "%s%s: %s", sep, p[0], quote(p[1]))
				sep = ", "
			}
		}
		b.WriteString("}\n")
	}
	b.WriteString("  events:\n")
	for _, e := range events {
		b.WriteString(bareEvent(e))
	}
	fmt.Fprintf(b, "  %s\n", want)
}

// lineFormat returns the format of which an event's text is read again as the same, "" where there is none: then its
// fields are written.
func (d *draft) lineFormat(e *event.Event, match bool) string {
	raw := strings.TrimRight(e.Raw, "\r\n")
	if d.c.Read == nil || raw == "" || len(raw) > maxLine || !utf8.ValidString(raw) || strings.ContainsAny(raw, "\r\n") {
		return ""
	}
	format := e.Origin.Format
	var batch event.Batch
	if format == "" || format == "kept" || d.c.Read(format, raw+"\n", &batch) != nil || len(batch.Events) != 1 || len(batch.Unread) > 0 {
		return ""
	}
	again := &batch.Events[0]
	if again.Shape.Format.Name != e.Shape.Format.Name {
		return ""
	}
	if match != slices.ContainsFunc(d.kinds, func(g *group) bool { return g.holds(again) }) {
		return ""
	}
	return format
}

// maxFields bounds the fields of an event in a test.
const maxFields = 200

// bareEvent writes an event by its fields.
func bareEvent(e *event.Event) string {
	var b strings.Builder
	lead := "    - "
	for i, n := range e.Shape.Fields() {
		v := e.Values[i]
		text := v.String()
		if text == "" || n == "" || len(n) > 256 || n == "time" || i >= maxFields {
			continue
		}
		value := quote(clipBytes(strings.ToValidUTF8(text, "\uFFFD"), maxLine))
		if v.Kind == event.List || v.Kind == event.Object {
			if nested, ok := flow(text); ok {
				value = nested
			}
		}
		fmt.Fprintf(&b, "%s%s: %s\n", lead, quote(n), value)
		lead = "      "
	}
	if b.Len() == 0 {
		return "    - {message: ''}\n"
	}
	return b.String()
}

// flow writes JSON as YAML on one line.
func flow(text string) (string, bool) {
	var v any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if !json.Valid([]byte(text)) || dec.Decode(&v) != nil {
		return "", false
	}
	switch v.(type) {
	case []any, map[string]any:
	default:
		return "", false
	}
	var b strings.Builder
	ok := writeFlow(&b, v, 0)
	return b.String(), ok && b.Len() < maxLine
}

func writeFlow(b *strings.Builder, v any, depth int) bool {
	if depth > 20 {
		return false
	}
	switch v := v.(type) {
	case []any:
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			if !writeFlow(b, x, depth+1) {
				return false
			}
		}
		b.WriteByte(']')
	case map[string]any:
		names := make([]string, 0, len(v))
		for n := range v {
			if len(n) > 256 {
				return false
			}
			names = append(names, n)
		}
		slices.Sort(names)
		b.WriteByte('{')
		for i, n := range names {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quote(n) + ": ")
			if !writeFlow(b, v[n], depth+1) {
				return false
			}
		}
		b.WriteByte('}')
	case string:
		b.WriteString(quote(v))
	case json.Number:
		b.WriteString(v.String())
	case bool:
		b.WriteString(strconv.FormatBool(v))
	default:
		b.WriteString("null")
	}
	return true
}
