package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Print writes the configuration that v (a struct, or a pointer to one) holds as YAML. Each key has what its field's
// `doc:"…"` and `default:"…"` tags say above it; keys that have no value stand there commented out, with their
// `example:"…"` or what they are by default.
func Print(v any) string {
	p := &printer{}
	p.structure(reflect.Indirect(reflect.ValueOf(v)), 0)
	return strings.TrimLeft(p.b.String(), "\n")
}

type printer struct{ b strings.Builder }

const printWidth = 110

func (p *printer) line(indent int, text string) {
	if text != "" {
		p.b.WriteString(strings.Repeat("  ", indent))
	}
	p.b.WriteString(text + "\n")
}

// comment writes a text as comment, at most printWidth wide.
func (p *printer) comment(indent int, text string) {
	line := "#"
	for _, word := range strings.Fields(text) {
		if 2*indent+len(line)+1+len(word) > printWidth && line != "#" {
			p.line(indent, line)
			line = "#"
		}
		line += " " + word
	}
	if line != "#" {
		p.line(indent, line)
	}
}

func (p *printer) structure(v reflect.Value, indent int) {
	for _, f := range fieldsOf(v) {
		if indent == 0 {
			p.line(0, "")
		}
		words := f.Tag.Get("doc")
		if d := f.Tag.Get("default"); d != "" {
			words += " By default: " + d + "."
		}
		p.comment(indent, words)
		value := f.value
		if value.IsZero() && value.Kind() != reflect.Struct || isEmpty(value) {
			text := f.Tag.Get("example")
			if text == "" {
				text = defaultText(f)
			}
			p.line(indent, strings.TrimRight("# "+f.key+": "+text, " "))
			continue
		}
		p.value(f.key+":", value, indent)
	}
}

// defaultText returns what a key is by default, as it could stand behind it; "" where the tag says it in words.
func defaultText(f field) string {
	text := f.Tag.Get("default")
	var err error
	switch {
	case strings.ContainsAny(text, " ,"):
		return ""
	case f.value.Type() == durationType:
		_, err = parseDuration(text)
	case f.value.Kind() == reflect.String && text != "":
		return quoteText(text)
	case f.value.Kind() == reflect.Bool:
		_, err = strconv.ParseBool(text)
	case f.value.CanInt():
		_, err = strconv.ParseInt(text, 10, f.value.Type().Bits())
	case f.value.CanFloat():
		_, err = strconv.ParseFloat(text, 64)
	}
	if err != nil {
		return ""
	}
	return text
}

// isEmpty tells whether a struct, slice or map holds nothing.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return false
}

// value writes a value after what stands before it on its line.
func (p *printer) value(before string, v reflect.Value, indent int) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		p.line(indent, before)
		p.structure(v, indent+1)
	case reflect.Map:
		p.line(indent, before)
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			p.value(quoteText(k.String())+":", v.MapIndex(k), indent+1)
		}
	case reflect.Slice:
		p.list(before, v, indent)
	default:
		p.line(indent, before+" "+scalarText(v))
	}
}

func (p *printer) list(before string, v reflect.Value, indent int) {
	if k := v.Type().Elem().Kind(); k != reflect.Struct && k != reflect.Map && k != reflect.Slice {
		items := make([]string, v.Len())
		for i := range items {
			items[i] = scalarText(v.Index(i))
		}
		if text := before + " [" + strings.Join(items, ", ") + "]"; len(text)+2*indent <= printWidth {
			p.line(indent, text)
			return
		}
		p.line(indent, before)
		for _, item := range items {
			p.line(indent+1, "- "+item)
		}
		return
	}
	p.line(indent, before)
	for i := range v.Len() {
		item := &printer{}
		item.structure(v.Index(i), indent+2)
		text, at := item.b.String(), 2*(indent+1)
		p.b.WriteString(text[:at] + "-" + text[at+1:])
	}
}

func scalarText(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return FormatDuration(time.Duration(v.Int()))
	case v.Kind() == reflect.String:
		return quoteText(v.String())
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanFloat():
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	}
	return ""
}

// FormatDuration writes a duration as parseDuration reads it, in the largest unit that fits: 90s, 24h, 7d.
func FormatDuration(d time.Duration) string {
	for _, u := range []struct {
		unit   time.Duration
		suffix string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d != 0 && d%u.unit == 0 && (u.suffix != "d" || d > 2*u.unit) {
			return fmt.Sprintf("%d%s", d/u.unit, u.suffix)
		}
	}
	return d.String()
}

// quoteText writes a text as YAML, in quotes where it could be read as something else.
func quoteText(s string) string {
	plain := s != "" && !strings.ContainsAny(s[:1], "!&*-?:,[]{}#|>@`\"'%~ 0123456789.+=") && !strings.ContainsAny(s, ",[]{}\n\t\"") &&
		!strings.Contains(s, ": ") && !strings.Contains(s, " #") && !strings.HasSuffix(s, ":") && !strings.HasSuffix(s, " ")
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		plain = false
	}
	if plain {
		return s
	}
	text, err := json.Marshal(s)
	if err != nil {
		return strconv.Quote(s)
	}
	return string(text)
}
