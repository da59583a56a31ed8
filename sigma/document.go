package sigma

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Limits of one file, against hostile ones.
const (
	maxDiagnostics = 100     // mistakes told; what is beyond is counted
	maxNodes       = 500_000 // YAML nodes visited, each time an alias is followed counted anew
	maxDepth       = 64      // of nested lists and maps
	maxPredicates  = 400_000 // that its rules are made of; all of SigmaHQ's are some 50,000
)

// file is a YAML file while it is loaded, with what was found wrong in it. Rules and pipelines have this in common.
type file struct {
	name    string
	data    []byte
	base    int   // lines of data before the part that the YAML parser works on
	starts  []int // offset of each line; nil until a line is asked for
	diags   []Diagnostic
	dropped int // diagnostics beyond maxDiagnostics
	errors  int
	visited int
}

// pair is a key of a YAML map with its value.
type pair struct{ key, value *yaml.Node }

// documents parses the file and calls yield for the root of each document that is not empty. After a syntax error it
// goes on with the next document.
func (f *file) documents(yield func(root *yaml.Node)) {
	if roots := readPlainYAML(f.data); roots != nil {
		for _, root := range roots {
			yield(root)
		}
		return
	}
	rest := f.data
	for len(rest) > 0 {
		failed := f.decode(rest, 0, yield)
		if failed == nil {
			return
		}
		next := nextDocument(rest, max(1, failed.Mark.Line))
		f.base += bytes.Count(rest[:next], []byte("\n"))
		rest = rest[next:]
	}
}

// decode calls yield for the documents of a part of the file, but for the first that are skipped, up to a syntax error.
func (f *file) decode(part []byte, skip int, yield func(root *yaml.Node)) *yaml.LoadError {
	dec := yaml.NewDecoder(bytes.NewReader(part))
	for n := 0; ; n++ {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			failed := f.syntax(err, part)
			if start := documentStart(part, failed.Mark.Line); failed.ahead && start > 0 {
				f.decode(part[:start], n, yield)
			}
			return failed.LoadError
		}
		if n >= skip && doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 && !isNull(doc.Content[0]) {
			shift(&doc, f.base)
			yield(doc.Content[0])
		}
	}
}

// documentStart returns the offset of the last line "---" up to the given line of data, or 0.
func documentStart(data []byte, line int) int {
	start, at := 0, 0
	for n := 1; n <= line && at < len(data); n++ {
		if bytes.HasPrefix(data[at:], []byte("---")) {
			start = at
		}
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			break
		}
		at += end + 1
	}
	return start
}

// shift moves a document that was parsed from a later part of the file to its place in the whole.
func shift(n *yaml.Node, lines int) {
	if lines == 0 {
		return
	}
	n.Line += lines
	for _, c := range n.Content {
		shift(c, lines)
	}
}

// syntaxError is what the YAML parser could not read.
type syntaxError struct {
	*yaml.LoadError
	ahead bool // it was met while the parser read ahead: the documents before it are still to come
}

// syntax reports what the YAML parser could not read of a part of the file.
func (f *file) syntax(err error, part []byte) syntaxError {
	e := new(yaml.LoadError)
	if !errors.As(err, &e) {
		e = &yaml.LoadError{Message: err.Error()}
	}
	ahead := e.Mark.Line == 0
	if ahead {
		e.Mark.Line, e.Mark.Column = forbidden(part)
	}
	msg := "not valid YAML: " + e.Message
	if e.ContextMsg != "" {
		msg += " (" + e.ContextMsg
		if e.ContextMark.Line > 0 && e.ContextMark.Line != e.Mark.Line {
			msg += " that begins in line " + strconv.Itoa(e.ContextMark.Line+f.base)
		}
		msg += ")"
	}
	pos := Pos{File: f.name, Line: e.Mark.Line + f.base, Col: e.Mark.Column}
	if e.Mark.Line == 0 {
		pos.Line = 0
	}
	f.add(Diagnostic{Pos: pos, Message: msg, Hint: f.syntaxHint(pos.Line)})
	return syntaxError{e, ahead}
}

// forbidden returns the line and column, from 1, of the first character that YAML does not allow anywhere (YAML 1.2.2
// §5.1), or 0: the parser does not say where it met one.
func forbidden(data []byte) (line, col int) {
	line, col = 1, 1
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && n == 1,
			r < ' ' && r != '\t' && r != '\n' && r != '\r', r >= 0x7f && r < 0xa0 && r != 0x85, r == 0xfffe, r == 0xffff:
			return line, col
		case r == '\n':
			line, col = line+1, 0
		}
		i, col = i+n, col+1
	}
	return 0, 0
}

func (f *file) syntaxHint(line int) string {
	if l := f.line(line); l != "" {
		if bad, _ := forbidden([]byte(l)); bad > 0 {
			return "write it as an escape in double quotes, e.g. \"\\e\", and save the file as UTF-8"
		}
	}
	for _, l := range []string{f.line(line), f.line(line - 1)} {
		switch {
		case strings.HasPrefix(strings.TrimLeft(l, " "), "\t"):
			return "indent with spaces: YAML allows no tab there"
		case strings.Contains(l, ": *") || strings.Contains(l, "- *") || strings.Contains(l, ": %") || strings.Contains(l, ": @"):
			return "put the value in single quotes"
		}
	}
	return ""
}

// nextDocument returns the offset of the first line "---" after the given line of data.
func nextDocument(data []byte, line int) int {
	at := 0
	for n := 1; at < len(data); n++ {
		if n > line && bytes.HasPrefix(data[at:], []byte("---")) {
			return at
		}
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			break
		}
		at += end + 1
	}
	return len(data)
}

// line returns the text of a line, counted from 1, without its line break.
func (f *file) line(n int) string {
	if f.starts == nil {
		f.starts = []int{0}
		for i, c := range f.data {
			if c == '\n' {
				f.starts = append(f.starts, i+1)
			}
		}
	}
	if n < 1 || n > len(f.starts) {
		return ""
	}
	end := len(f.data)
	if n < len(f.starts) {
		end = f.starts[n] - 1
	}
	return strings.TrimRight(string(f.data[f.starts[n-1]:end]), "\r")
}

func (f *file) pos(n *yaml.Node) Pos {
	return Pos{File: f.name, Line: n.Line, Col: n.Column}
}

// spot returns the place of a node, for what is found out about it later.
func (f *file) spot(n *yaml.Node) spot {
	rest := f.data
	for line := 1; line < n.Line; line++ {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return spot{Pos: f.pos(n)}
		}
		rest = rest[i+1:]
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return spot{f.pos(n), f.end(n), strings.TrimRight(string(line), "\r")}
}

// add notes a mistake, with the line it is in.
func (f *file) add(d Diagnostic) {
	if d.Severity == Error {
		f.errors++
	}
	if len(f.diags) >= maxDiagnostics {
		f.dropped++
		return
	}
	d.File = f.name
	d.Source = f.line(d.Line)
	f.diags = append(f.diags, d)
}

// fail notes an error at a node; format is for fmt.Sprintf.
func (f *file) fail(n *yaml.Node, hint, format string, args ...any) {
	f.add(Diagnostic{Pos: f.pos(n), End: f.end(n), Message: fmt.Sprintf(format, args...), Hint: hint})
}

// warn notes a warning at a node.
func (f *file) warn(n *yaml.Node, hint, format string, args ...any) {
	f.add(Diagnostic{Pos: f.pos(n), End: f.end(n), Severity: Warning, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// end returns the column after a node, where it is a scalar on one line.
func (f *file) end(n *yaml.Node) int {
	if n.Kind != yaml.ScalarNode || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return 0
	}
	width := utf8.RuneCountInString(n.Value)
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		width += 2
	}
	return n.Column + width
}

// within returns the place of the characters from and to (byte offsets) of a scalar's value, as near as can be told:
// a value that is folded over several lines is searched for the word.
func (f *file) within(n *yaml.Node, from, to int) Diagnostic {
	from, to = max(0, min(from, len(n.Value))), max(0, min(to, len(n.Value)))
	d := Diagnostic{Pos: f.pos(n)}
	before, word := n.Value[:from], n.Value[from:to]
	line := []rune(f.line(d.Line))
	col := n.Column - 1
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		col++
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && col <= len(line) && strings.HasPrefix(string(line[col:]), before+word) {
		d.Col = col + utf8.RuneCountInString(before) + 1
		d.End = d.Col + max(1, utf8.RuneCountInString(word))
		return d
	}
	if word == "" {
		return d
	}
	nth := strings.Count(before, word)
	for i := d.Line; i < d.Line+200; i++ {
		text, skip := f.line(i), 0
		if i == d.Line {
			skip = len(string(line[:min(col, len(line))]))
		}
		for at := strings.Index(text[skip:], word); at >= 0; at = strings.Index(text[skip:], word) {
			if nth == 0 {
				d.Line, d.Col = i, utf8.RuneCountInString(text[:skip+at])+1
				d.End = d.Col + utf8.RuneCountInString(word)
				return d
			}
			nth--
			skip += at + len(word)
		}
	}
	return d
}

// failAt notes an error at a part of a scalar's value.
func (f *file) failAt(n *yaml.Node, from, to int, hint, format string, args ...any) {
	d := f.within(n, from, to)
	d.Message, d.Hint = fmt.Sprintf(format, args...), hint
	f.add(d)
}

// finish returns all that was found, in the order of the file.
func (f *file) finish() []Diagnostic {
	slices.SortStableFunc(f.diags, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	if f.dropped > 0 {
		f.diags = append(f.diags, Diagnostic{
			Pos: Pos{File: f.name}, Message: strconv.Itoa(f.dropped) + " further mistakes are not shown",
		})
	}
	return f.diags
}

// follow returns the node that n stands for: what an alias refers to.
func (f *file) follow(n *yaml.Node) *yaml.Node {
	f.visited++
	for i := 0; n.Kind == yaml.AliasNode && n.Alias != nil && i < maxDepth; i++ {
		n = n.Alias
	}
	return n
}

// exhausted tells, once, that a file has more than it may have.
func (f *file) exhausted(n *yaml.Node) bool {
	if f.visited <= maxNodes {
		return false
	}
	if f.visited < 2*maxNodes {
		f.visited = 2 * maxNodes
		f.fail(n, "", "the file is too large: more than %d YAML nodes, aliases resolved", maxNodes)
	}
	return true
}

// pairs returns the keys and values of a map, aliases followed and merge keys ("<<") resolved. A key that stands twice
// is an error.
func (f *file) pairs(n *yaml.Node) []pair {
	n = f.follow(n)
	if n.Kind != yaml.MappingNode || f.exhausted(n) {
		return nil
	}
	out := make([]pair, 0, len(n.Content)/2)
	var seen map[string]bool
	if len(n.Content) > 32 {
		seen = make(map[string]bool, len(n.Content)/2)
	}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := f.follow(n.Content[i]), n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			f.fail(k, "", "a key must be a text")
			continue
		}
		if k.Tag == "!!merge" {
			merged = append(merged, v)
			continue
		}
		twice := seen[k.Value]
		if seen == nil {
			twice = slices.ContainsFunc(out, func(p pair) bool { return p.key.Value == k.Value })
		} else {
			seen[k.Value] = true
		}
		if twice {
			f.fail(k, "only one of them would count: put both values in one list, or in two selections", "the key %q stands twice in this map", k.Value)
			continue
		}
		out = append(out, pair{k, f.follow(v)})
	}
	for _, m := range merged {
		out = f.merge(out, m, 0)
	}
	return out
}

// merge adds the pairs of a merge key's value whose keys are not there yet.
func (f *file) merge(out []pair, n *yaml.Node, depth int) []pair {
	n = f.follow(n)
	if depth > maxDepth || f.exhausted(n) {
		return out
	}
	if n.Kind == yaml.SequenceNode {
		for _, m := range n.Content {
			out = f.merge(out, m, depth+1)
		}
		return out
	}
	if n.Kind != yaml.MappingNode {
		f.fail(n, "", `"<<" must refer to a map`)
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := f.follow(n.Content[i])
		switch {
		case k.Tag == "!!merge":
			out = f.merge(out, n.Content[i+1], depth+1)
		case !slices.ContainsFunc(out, func(p pair) bool { return p.key.Value == k.Value }):
			out = append(out, pair{k, f.follow(n.Content[i+1])})
		}
	}
	return out
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// kind names what a node is, for messages.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "a truth value"
	}
	return "a text"
}

// text returns the text of a scalar, as written.
func (f *file) text(p pair) string {
	if p.value.Kind != yaml.ScalarNode {
		f.fail(p.value, "", "%q must be a text, not %s", p.key.Value, kind(p.value))
		return ""
	}
	if isNull(p.value) {
		return ""
	}
	return p.value.Value
}

// texts returns the scalars of a list; one scalar stands for a list of one.
func (f *file) texts(p pair) []string {
	if p.value.Kind == yaml.ScalarNode {
		if isNull(p.value) {
			return nil
		}
		return []string{p.value.Value}
	}
	if p.value.Kind != yaml.SequenceNode {
		f.fail(p.value, "", "%q must be a list of texts, not %s", p.key.Value, kind(p.value))
		return nil
	}
	out := make([]string, 0, len(p.value.Content))
	for _, n := range p.value.Content {
		n = f.follow(n)
		switch {
		case n.Kind != yaml.ScalarNode:
			f.fail(n, "", "%q must be a list of texts; this is %s", p.key.Value, kind(n))
		case !isNull(n):
			out = append(out, n.Value)
		}
	}
	return out
}
