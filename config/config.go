// Package config reads a YAML file into a struct, strictly: an unknown key, a key twice or a value of the wrong kind
// is a mistake, and all mistakes are found at once, each with file, line, column, the line itself and a caret.
//
// It knows no meaning: what keys there are, and what they are for, is the struct's. The caller reads the file; the
// package does no I/O and keeps nothing. Keys that the file does not state leave the struct's fields as they are.
package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Mistake is one thing that is wrong with a file.
type Mistake struct {
	File      string
	Line, Col int    // from 1; 0 is unknown
	Width     int    // how many characters the caret marks
	Message   string // one line, without a full stop
	Hint      string // what to do about it; or ""
	Source    string // the line of the file
}

// Error returns the mistake as text of several lines, without a line break at the end.
func (m *Mistake) Error() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", m.Line, m.Col)
	}
	fmt.Fprintf(&b, ": %s", m.Message)
	gutter := "    "
	if m.Source != "" {
		number := strconv.Itoa(m.Line)
		gutter = strings.Repeat(" ", len(number)+3)
		fmt.Fprintf(&b, "\n  %s | %s\n%s| %s", number, m.Source, gutter, m.caret())
	}
	if m.Hint != "" {
		fmt.Fprintf(&b, "\n%s= %s", gutter, m.Hint)
	}
	return b.String()
}

// caret returns the marks for the line under Source. Tabs stay, so that they align.
func (m *Mistake) caret() string {
	line := []rune(m.Source)
	col := min(max(m.Col-1, 0), len(line))
	var b strings.Builder
	for _, r := range line[:col] {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	b.WriteString(strings.Repeat("^", min(max(m.Width, 1), max(len(line)-col, 1))))
	return b.String()
}

// Mistakes is all that is wrong with a file, in the order of its lines.
type Mistakes []*Mistake

func (m Mistakes) Error() string {
	all := make([]string, len(m))
	for i, e := range m {
		all[i] = e.Error()
	}
	return strings.Join(all, "\n")
}

// Load reads data into the struct that into points to. Its fields are named by their `yaml:"…"` tags (",inline" takes the
// keys of a struct as the outer one's), and are strings, booleans, numbers, time.Durations ("90s", "24h", "7d"), structs,
// or pointers to, slices and maps of these. A text field with the tag `secret:"true"` takes no secret itself, only where
// it is: env:NAME or file:/path (see Secret). An empty file is fine. The error is of type Mistakes; what could be read is
// then set all the same, and the Document can place further mistakes.
func Load(name string, data []byte, into any) (*Document, error) {
	r := &reader{
		name: name, lines: strings.Split(string(data), "\n"), root: reflect.TypeOf(into).Elem(),
		nodes: make(map[string]*yaml.Node), secrets: make(map[int]bool),
	}
	d := &Document{r}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		r.syntax(err)
		return d, r.mistakes
	}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) > 0 {
		r.value(doc.Content[0], reflect.ValueOf(into).Elem(), "")
	}
	return d, d.Err()
}

type reader struct {
	name     string
	lines    []string
	root     reflect.Type          // of the whole file
	nodes    map[string]*yaml.Node // by path: "inputs.syslog[0].listen"
	secrets  map[int]bool          // lines that hold a secret, which no mistake shows
	mistakes Mistakes
}

// maxMistakes bounds what is reported of one file.
const maxMistakes = 50

// maxDepth bounds the nesting of the file.
const maxDepth = 32

func (r *reader) fail(n *yaml.Node, hint, format string, args ...any) {
	if len(r.mistakes) >= maxMistakes {
		return
	}
	m := &Mistake{File: r.name, Line: n.Line, Col: n.Column, Message: fmt.Sprintf(format, args...), Hint: hint}
	if n.Kind == yaml.ScalarNode {
		m.Width = len([]rune(n.Value))
	}
	if n.Line > 0 && n.Line <= len(r.lines) {
		m.Source = strings.TrimRight(r.lines[n.Line-1], "\r")
	}
	r.mistakes = append(r.mistakes, m)
}

// syntax reports what the YAML library could not read.
func (r *reader) syntax(err error) {
	n := &yaml.Node{Line: 1, Column: 1}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	var at *yaml.LoadError
	if errors.As(err, &at) {
		n.Line, n.Column = max(at.Mark.Line, 1), max(at.Mark.Column, 1)
		text = at.Message
	}
	r.fail(n, "", "%s", strings.ReplaceAll(text, "\n", " "))
}

var durationType = reflect.TypeFor[time.Duration]()

// value reads a node. The path says where it is, and how deep.
func (r *reader) value(n *yaml.Node, v reflect.Value, path string) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if strings.Count(path, ".")+strings.Count(path, "[") > maxDepth {
		r.fail(n, "", "nested more than %d deep", maxDepth)
		return
	}
	r.nodes[path] = n
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" && v.Kind() != reflect.Pointer {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		r.value(n, v.Elem(), path)
	case reflect.Struct:
		r.structure(n, v, path)
	case reflect.Map:
		r.mapping(n, v, path)
	case reflect.Slice:
		r.list(n, v, path)
	default:
		r.scalar(n, v)
	}
}

// keys calls visit for each key of a map, once. The hint says which keys there are, where none stand.
func (r *reader) keys(n *yaml.Node, hint string, visit func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.fail(n, hint, "expected keys and values, not %s", kind(n))
		return
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			r.fail(k, "", "a key must be a word, not %s", kind(k))
			continue
		}
		if line, ok := seen[k.Value]; ok {
			r.fail(k, fmt.Sprintf("it is first set on line %d", line), "key %q is set twice", k.Value)
			continue
		}
		seen[k.Value] = k.Line
		visit(k, n.Content[i+1])
	}
}

// field is a field of a struct that a key of the file sets.
type field struct {
	reflect.StructField
	key   string
	value reflect.Value
}

// fieldsOf returns the fields of a struct that have keys, those of inlined structs in their place.
func fieldsOf(v reflect.Value) []field {
	var list []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			list = append(list, fieldsOf(v.Field(i))...)
		case key != "" && key != "-":
			list = append(list, field{f, key, v.Field(i)})
		}
	}
	return list
}

func (r *reader) structure(n *yaml.Node, v reflect.Value, path string) {
	fields := fieldsOf(v)
	var names []string
	for _, f := range fields {
		names = append(names, f.key)
	}
	r.keys(n, listed(names), func(key, value *yaml.Node) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == key.Value })
		if i < 0 {
			r.fail(key, r.suggest(key.Value, names), "unknown key %q", key.Value)
			return
		}
		r.value(value, fields[i].value, join(path, key.Value))
		if fields[i].Tag.Get("secret") == "true" {
			r.secret(value, fields[i].value)
		}
	})
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (r *reader) mapping(n *yaml.Node, v reflect.Value, path string) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	r.keys(n, "", func(key, value *yaml.Node) {
		e := reflect.New(v.Type().Elem()).Elem()
		r.value(value, e, join(path, key.Value))
		v.SetMapIndex(reflect.ValueOf(key.Value), e)
	})
}

// list reads a list; a single value is a list of one.
func (r *reader) list(n *yaml.Node, v reflect.Value, path string) {
	items := n.Content
	if n.Kind != yaml.SequenceNode {
		items = []*yaml.Node{n}
	}
	s := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		r.value(item, s.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(s)
}

func (r *reader) scalar(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode {
		r.fail(n, "", "expected %s, not %s", wanted(v), kind(n))
		return
	}
	var err error
	switch {
	case v.Type() == durationType:
		var d time.Duration
		d, err = parseDuration(n.Value)
		v.SetInt(int64(d))
	case v.Kind() == reflect.String:
		v.SetString(n.Value)
	case v.Kind() == reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(n.Value)
		v.SetBool(b)
	case v.CanInt():
		var i int64
		i, err = strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 10, v.Type().Bits())
		v.SetInt(i)
	case v.CanFloat():
		var f float64
		f, err = strconv.ParseFloat(n.Value, 64)
		v.SetFloat(f)
	default:
		panic("config: no way to read a " + v.Type().String())
	}
	if err != nil {
		r.fail(n, "", "expected %s, not %q", wanted(v), n.Value)
	}
}

// parseDuration reads a duration as a person writes it: 90s, 5m, 24h, 7d, 2w.
func parseDuration(s string) (time.Duration, error) {
	day := 24 * time.Hour
	for suffix, unit := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if number, ok := strings.CutSuffix(s, suffix); ok {
			n, err := strconv.ParseUint(number, 10, 16)
			return time.Duration(n) * unit, err
		}
	}
	return time.ParseDuration(s)
}

func wanted(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return "a duration such as 90s, 5m, 24h or 7d"
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt():
		return "a whole number"
	case v.CanFloat():
		return "a number"
	}
	return "a text"
}

func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	return strconv.Quote(n.Value)
}
