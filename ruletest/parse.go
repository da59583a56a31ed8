package ruletest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Limits of one test file, against hostile ones.
const (
	maxTestNodes = 500_000 // YAML nodes visited, each time an alias is followed counted anew
	maxTestDepth = 64
	maxTestDiags = 100
)

// Parse reads a test file; see Test. A case with a mistake is left out of what it returns, and every
// mistake is told.
func Parse(name string, data []byte) ([]Test, []sigma.Diagnostic) {
	p := &testParser{name: name, lines: strings.Split(string(data), "\n")}
	var doc, second yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		p.syntax(err)
		return nil, p.diags
	}
	if err := dec.Decode(&second); err == nil {
		p.fail(&second, "put all cases into one list", "the file has a second YAML document")
	} else if !errors.Is(err, io.EOF) {
		p.syntax(err)
		return nil, p.diags
	}
	if len(doc.Content) == 0 {
		p.fail(&yaml.Node{Line: 1, Column: 1}, "write a list of cases, each with name, events or lines, and match or hits", "the file holds no test")
		return nil, p.diags
	}
	root := p.follow(doc.Content[0])
	if root.Kind != yaml.SequenceNode {
		p.fail(root, "begin each case with a dash: - name: …", "tests must be a list of cases, not %s", nodeKind(root))
		return nil, p.diags
	}
	var tests []Test
	seen := make(map[string]int)
	for _, n := range root.Content {
		before := len(p.diags)
		t := p.test(p.follow(n))
		if line, ok := seen[t.Name]; ok && t.Name != "" {
			p.fail(n, "", "the name %q is that of the case in line %d", t.Name, line)
		}
		seen[t.Name] = n.Line
		if len(p.diags) == before {
			tests = append(tests, t)
		}
	}
	return tests, p.diags
}

type testParser struct {
	name    string
	lines   []string
	diags   []sigma.Diagnostic
	visited int
}

func (p *testParser) pos(n *yaml.Node) sigma.Pos {
	return sigma.Pos{File: p.name, Line: n.Line, Col: n.Column}
}

func (p *testParser) line(n int) string {
	if n < 1 || n > len(p.lines) {
		return ""
	}
	return strings.TrimRight(p.lines[n-1], "\r")
}

func (p *testParser) fail(n *yaml.Node, hint, format string, args ...any) {
	if len(p.diags) == maxTestDiags {
		return
	}
	d := sigma.Diagnostic{Pos: p.pos(n), Message: fmt.Sprintf(format, args...), Hint: hint, Source: p.line(n.Line)}
	if n.Kind == yaml.ScalarNode && n.Value != "" && !strings.Contains(n.Value, "\n") {
		d.End = n.Column + len([]rune(n.Value))
	}
	p.diags = append(p.diags, d)
}

func (p *testParser) syntax(err error) {
	n := &yaml.Node{}
	message := err.Error()
	if e := (*yaml.LoadError)(nil); errors.As(err, &e) {
		n.Line, n.Column, message = e.Mark.Line, e.Mark.Column, e.Message
	}
	p.fail(n, "", "not valid YAML: %s", message)
}

// follow returns what an alias stands for.
func (p *testParser) follow(n *yaml.Node) *yaml.Node {
	for range maxTestDepth {
		if n.Kind != yaml.AliasNode || n.Alias == nil {
			break
		}
		n = n.Alias
	}
	return n
}

func nodeKind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a map"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	}
	return "a single value"
}

// test reads one case.
func (p *testParser) test(n *yaml.Node) (t Test) {
	t.Pos, t.source = p.pos(n), p.line(n.Line)
	if n.Kind != yaml.MappingNode {
		p.fail(n, "", "a case must be a map with name, events or lines, and match or hits, not %s", nodeKind(n))
		return t
	}
	at := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], p.follow(n.Content[i+1])
		if at[k.Value] != nil {
			p.fail(k, "", "the key %q stands twice", k.Value)
		}
		at[k.Value] = k
		p.key(&t, k, v)
	}
	if at["name"] == nil {
		p.fail(n, "say in a few words what it shows", "the case has no name")
	}
	p.oneOfTwo(n, at, "events", "lines", "nothing to run the rule on")
	p.oneOfTwo(n, at, "match", "hits", "nothing to expect")
	if at["format"] != nil && at["lines"] == nil {
		p.fail(at["format"], "", "format is of lines, and there are none")
	}
	if at["logsource"] != nil && at["lines"] != nil {
		p.fail(at["logsource"], "what lines are events of is told by their format", "logsource is of events, and there are none")
	}
	return t
}

// oneOfTwo asks for exactly one of two keys.
func (p *testParser) oneOfTwo(n *yaml.Node, at map[string]*yaml.Node, a, b, without string) {
	switch {
	case at[a] != nil && at[b] != nil:
		p.fail(at[b], "", "the case has both %s and %s", a, b)
	case at[a] == nil && at[b] == nil:
		p.fail(n, "", "the case has neither %s nor %s: %s", a, b, without)
	}
}

// key reads one key of a case.
func (p *testParser) key(t *Test, k, v *yaml.Node) {
	switch k.Value {
	case "name":
		t.Name = p.text(k, v)
	case "rule":
		t.Rule = p.text(k, v)
	case "format":
		t.Format = p.text(k, v)
	case "match":
		switch v.Value {
		case "true":
			t.Hits, t.AtLeast = 1, true
		case "false":
		default:
			p.fail(v, "for a number of hits, write hits: N", "match must be true or false")
		}
	case "hits":
		n, err := strconv.Atoi(v.Value)
		if err != nil || n < 0 || v.Kind != yaml.ScalarNode {
			p.fail(v, "", "hits must be a whole number, 0 or more")
		}
		t.Hits = n
	case "logsource":
		t.LogSource = p.logSource(v)
	case "lines":
		t.Lines = p.rawLines(v)
	case "events":
		t.Events = p.events(v)
	default:
		p.fail(k, "the keys are name, events, lines, format, logsource, rule, match and hits", "unknown key %q", k.Value)
	}
}

func (p *testParser) text(k, v *yaml.Node) string {
	if v.Kind != yaml.ScalarNode || v.Value == "" {
		p.fail(v, "", "%s must be a text, not %s", k.Value, nodeKind(v))
		return ""
	}
	return v.Value
}

func (p *testParser) logSource(v *yaml.Node) (s event.LogSource) {
	if v.Kind != yaml.MappingNode || len(v.Content) == 0 {
		p.fail(v, "e.g. logsource: {product: windows, service: security}", "logsource must be a map of category, product and service, not %s", nodeKind(v))
		return s
	}
	for i := 0; i+1 < len(v.Content); i += 2 {
		k, to := v.Content[i], &s.Category
		switch k.Value {
		case "category":
		case "product":
			to = &s.Product
		case "service":
			to = &s.Service
		default:
			p.fail(k, "it has category, product and service", "unknown key %q", k.Value)
			continue
		}
		*to = strings.ToLower(p.text(k, p.follow(v.Content[i+1])))
	}
	return s
}

func (p *testParser) rawLines(v *yaml.Node) string {
	if v.Kind == yaml.ScalarNode && v.Value != "" && v.Tag != "!!null" {
		return v.Value
	}
	if v.Kind != yaml.SequenceNode || len(v.Content) == 0 {
		p.fail(v, "", "lines must be a list of records, not %s", emptyOr(v))
		return ""
	}
	var b strings.Builder
	for _, n := range v.Content {
		n, many := p.repeat(p.follow(n), "line")
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			p.fail(n, "put the line in single quotes", "a line must be text, not %s", nodeKind(n))
			continue
		}
		if p.visited += many.times; p.visited > maxTestNodes {
			p.fail(n, "", "the file is too large")
			return ""
		}
		for i := range many.times {
			b.WriteString(many.number(n.Value, i))
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func emptyOr(v *yaml.Node) string {
	if v.Kind == yaml.SequenceNode {
		return "an empty one"
	}
	return nodeKind(v)
}

func (p *testParser) events(v *yaml.Node) []Event {
	if v.Kind != yaml.SequenceNode || len(v.Content) == 0 {
		p.fail(v, "", "events must be a list of maps, not %s", emptyOr(v))
		return nil
	}
	out := make([]Event, 0, len(v.Content))
	for _, n := range v.Content {
		at := p.pos(n)
		n, many := p.repeat(p.follow(n), "event")
		if n.Kind != yaml.MappingNode {
			p.fail(n, "", "an event must be a map of fields, not %s", nodeKind(n))
			continue
		}
		if p.visited += len(n.Content) * many.times; p.visited > maxTestNodes {
			p.fail(n, "", "the file is too large")
			return nil
		}
		te := Event{Pos: at}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, f := n.Content[i], p.follow(n.Content[i+1])
			te.Names = append(te.Names, k.Value)
			te.Values = append(te.Values, p.value(f))
			if k.Value == "time" {
				te.Time = p.time(f)
			}
		}
		for i := range many.times {
			out = append(out, many.event(te, i))
		}
	}
	return out
}

func (p *testParser) time(n *yaml.Node) int64 {
	t, err := time.Parse(time.RFC3339Nano, n.Value)
	if err != nil || n.Kind != yaml.ScalarNode || t.Year() < 1970 || t.Year() > 2261 {
		p.fail(n, "e.g. '2026-11-21T02:11:00Z'", "time must be a time as RFC 3339 writes it")
		return 0
	}
	return t.UnixNano()
}

// value turns a YAML value into one of an event; lists and maps become JSON.
func (p *testParser) value(n *yaml.Node) event.Value {
	if n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode {
		text := string(p.appendJSON(nil, n, 0))
		return event.Literal(text)
	}
	p.visited++
	return scalar(n)
}

func scalar(n *yaml.Node) event.Value {
	switch n.Tag {
	case "!!null":
		return event.Value{Kind: event.Null}
	case "!!bool":
		return event.Value{Raw: strings.ToLower(n.Value), Kind: event.Bool}
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return event.Value{Raw: n.Value, Kind: event.Number}
		}
	}
	return event.Value{Raw: n.Value, Kind: event.Text}
}

func (p *testParser) appendJSON(b []byte, n *yaml.Node, depth int) []byte {
	n = p.follow(n)
	if p.visited++; p.visited > maxTestNodes || depth > maxTestDepth {
		if p.visited = maxTestNodes + 1; len(p.diags) == 0 || p.diags[len(p.diags)-1].Message != tooDeep {
			p.fail(n, "", tooDeep)
		}
		return append(b, "null"...)
	}
	switch n.Kind {
	case yaml.SequenceNode:
		b = append(b, '[')
		for i, c := range n.Content {
			if i > 0 {
				b = append(b, ',')
			}
			b = p.appendJSON(b, c, depth+1)
		}
		return append(b, ']')
	case yaml.MappingNode:
		b = append(b, '{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(event.AppendQuoted(b, n.Content[i].Value), ':')
			b = p.appendJSON(b, n.Content[i+1], depth+1)
		}
		return append(b, '}')
	}
	return scalar(n).AppendJSON(b)
}

const tooDeep = "the values are too large or nested too deeply"
