package sigma

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// plainYAML reads the YAML that nearly all rules are written in, and gives up, with nothing said, on all else, mistakes
// included: documents of block maps and lists, whose scalars are plain or quoted ones on one line, or blocks of lines, and
// of flow maps and lists on one line.
// What it reads becomes the nodes that the YAML library makes of it, but for comments, in a tenth of the time.
type plainYAML struct {
	text   string
	ascii  bool
	start  int // of the line at hand
	at     int // of what is to be read in it
	end    int // of the line, its line feed left out
	line   int // its number, from 1
	indent int // column of at, from 0; -1: the text is at its end
	depth  int
	slab   []yaml.Node
	kids   []*yaml.Node // of the maps and lists that are being read
}

// plainSlab is how many nodes are made at a time.
const plainSlab = 64

// readPlainYAML returns the roots of the documents in data, or nil where the library must read it.
func readPlainYAML(data []byte) []*yaml.Node {
	ascii, ok := plainCharacters(data)
	if !ok {
		return nil
	}
	p := &plainYAML{text: string(data), ascii: ascii, end: -1}
	if p.next(); strings.HasPrefix(p.text[p.start:p.end], "---") {
		if strings.TrimRight(p.text[p.start:p.end], " ") != "---" {
			return nil
		}
		p.next()
	}
	var roots []*yaml.Node
	for {
		if p.indent != 0 || p.marked() {
			return nil
		}
		read := p.mapping
		if p.dash() {
			read = p.sequence
		}
		root := read()
		if root == nil || p.indent >= 0 && !p.divider() {
			return nil
		}
		if roots = append(roots, root); p.indent < 0 {
			return roots
		}
		p.next()
	}
}

// divider tells whether the line at hand divides two documents.
func (p *plainYAML) divider() bool {
	return p.indent == 0 && strings.TrimRight(p.text[p.start:p.end], " ") == "---"
}

// plainCharacters tells whether data has only characters that mean the same to everybody: no tab, no line end but the line
// feed, nothing that YAML forbids (YAML 1.2.2 §5.1). It also tells whether all are ASCII.
func plainCharacters(data []byte) (ascii, ok bool) {
	ascii = true
	for i := 0; i < len(data); {
		c := data[i]
		if c >= ' ' && c < 0x7f || c == '\n' {
			i++
			continue
		}
		r, n := utf8.DecodeRune(data[i:])
		if r < 0xa0 || r == utf8.RuneError && n == 1 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff {
			return false, false
		}
		ascii = false
		i += n
	}
	return ascii, true
}

// advance moves to the next line, if there is one.
func (p *plainYAML) advance() bool {
	if p.end+1 >= len(p.text) {
		return false
	}
	p.start = p.end + 1
	if p.end = strings.IndexByte(p.text[p.start:], '\n'); p.end < 0 {
		p.end = len(p.text)
	} else {
		p.end += p.start
	}
	p.line++
	return true
}

// next moves to the next line that is neither empty nor a comment.
func (p *plainYAML) next() {
	for p.advance() {
		if p.at = p.skip(p.start); p.at < p.end && p.text[p.at] != '#' {
			p.indent = p.at - p.start
			return
		}
	}
	p.start, p.at, p.end, p.indent = len(p.text), len(p.text), len(p.text), -1
}

// skip returns the place of the first character from i on, or the end of the line, that is no space.
func (p *plainYAML) skip(i int) int {
	for i < p.end && p.text[i] == ' ' {
		i++
	}
	return i
}

// marked tells whether the line is, or may be, the mark of a document or a directive.
func (p *plainYAML) marked() bool {
	s := p.text[p.start:p.end]
	return strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") || strings.HasPrefix(s, "%")
}

// dash tells whether an element of a list begins at hand.
func (p *plainYAML) dash() bool {
	return p.indent >= 0 && p.text[p.at] == '-' && (p.at+1 == p.end || p.text[p.at+1] == ' ')
}

// node makes a node that begins at a place of the line.
func (p *plainYAML) node(kind yaml.Kind, tag string, at int) *yaml.Node {
	if len(p.slab) == 0 {
		p.slab = make([]yaml.Node, plainSlab)
	}
	n := &p.slab[0]
	p.slab = p.slab[1:]
	n.Kind, n.Tag, n.Line, n.Column = kind, tag, p.line, at-p.start+1
	if !p.ascii {
		n.Column = utf8.RuneCountInString(p.text[p.start:at]) + 1
	}
	return n
}

// value reads what begins at hand, within a map or list of that indent.
func (p *plainYAML) value(parent int) *yaml.Node {
	if p.depth++; p.depth > maxDepth/2 {
		return nil
	}
	defer func() { p.depth-- }()
	switch {
	case p.start == p.at && p.marked():
		return nil
	case p.dash():
		return p.sequence()
	case p.key() >= 0:
		return p.mapping()
	}
	return p.scalar(parent)
}

// mapping reads the map whose first key begins at hand.
func (p *plainYAML) mapping() *yaml.Node {
	m := p.node(yaml.MappingNode, "!!map", p.at)
	indent, base := p.indent, len(p.kids)
	for p.indent == indent && (indent > 0 || !p.divider()) {
		colon := p.key()
		if colon < 0 || p.dash() || p.start == p.at && p.marked() {
			return nil
		}
		k := p.one(p.at, colon)
		if k == nil {
			return nil
		}
		var v *yaml.Node
		if p.at = p.skip(colon + 1); p.at < p.end && p.text[p.at] != '#' {
			v = p.scalar(indent)
		} else if p.next(); p.indent > indent {
			v = p.value(indent)
		} else if p.indent == indent && p.dash() {
			v = p.sequence()
		}
		if v == nil {
			return nil
		}
		p.kids = append(p.kids, k, v)
	}
	return p.close(m, indent, base)
}

// sequence reads the list whose first dash is at hand.
func (p *plainYAML) sequence() *yaml.Node {
	s := p.node(yaml.SequenceNode, "!!seq", p.at)
	indent, base := p.indent, len(p.kids)
	for p.indent == indent && p.dash() {
		if p.start == p.at && p.marked() {
			return nil
		}
		if p.at = p.skip(p.at + 1); p.at < p.end && p.text[p.at] != '#' {
			p.indent = p.at - p.start
		} else if p.next(); p.indent <= indent {
			return nil
		}
		v := p.value(indent)
		if v == nil {
			return nil
		}
		p.kids = append(p.kids, v)
	}
	return p.close(s, indent, base)
}

// close gives a map or list what was read of it. What follows must not stand deeper.
func (p *plainYAML) close(n *yaml.Node, indent, base int) *yaml.Node {
	if p.indent > indent {
		return nil
	}
	n.Content = append(make([]*yaml.Node, 0, len(p.kids)-base), p.kids[base:]...)
	p.kids = p.kids[:base]
	return n
}

// key returns the place of the colon after the key that begins at hand, or -1 where no key does.
func (p *plainYAML) key() int {
	end := -1
	if c := p.text[p.at]; c == '\'' || c == '"' {
		end = p.quoted(p.at)
	} else {
		end = p.plain(p.at)
	}
	if end > p.at && end < p.end && p.text[end] == ':' && end-p.at < 512 && (end+1 == p.end || p.text[end+1] == ' ') {
		return end
	}
	return -1
}

// quoted returns the place after the closing quote of the text that begins at i; -1 where the line has none, or where
// there is an escape in it that is neither of a quote nor of a backslash.
func (p *plainYAML) quoted(i int) int {
	quote := p.text[i]
	for i++; i < p.end; i++ {
		switch c := p.text[i]; {
		case c == '\\' && quote == '"':
			if i++; i >= p.end || p.text[i] != '\\' && p.text[i] != '"' {
				return -1
			}
		case c != quote:
		case quote == '\'' && i+1 < p.end && p.text[i+1] == '\'':
			i++
		default:
			return i + 1
		}
	}
	return -1
}

// plain returns the place after the plain text that begins at i: of a colon, or of the spaces before a comment or the end
// of the line; -1 where no plain text begins.
func (p *plainYAML) plain(i int) int {
	switch p.text[i] {
	case '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`':
		return -1
	case '-':
		if i+1 == p.end || p.text[i+1] == ' ' {
			return -1
		}
	}
	end := i
	for ; i < p.end; i++ {
		switch c := p.text[i]; {
		case c == ' ':
			continue
		case c == ':' && (i+1 == p.end || p.text[i+1] == ' '):
			if end != i {
				return -1 // spaces before a colon
			}
			return end
		case c == '#' && end != i:
			return end
		}
		end = i + 1
	}
	return end
}

// one makes a node of the plain or quoted text from i to end.
func (p *plainYAML) one(i, end int) *yaml.Node {
	n := p.node(yaml.ScalarNode, "!!str", i)
	switch s := p.text[i:end]; s[0] {
	case '\'':
		n.Style = yaml.SingleQuotedStyle
		if s = s[1 : len(s)-1]; strings.Contains(s, "''") {
			n.Value = strings.ReplaceAll(s, "''", "'")
		} else {
			n.Value = strings.Clone(s)
		}
	case '"':
		n.Style = yaml.DoubleQuotedStyle
		n.Value = withoutEscapes(s[1 : len(s)-1])
	default:
		if n.Tag = plainTag(s); n.Tag == "" {
			return nil
		}
		n.Value = strings.Clone(s)
	}
	return n
}

// withoutEscapes copies a text, without the backslashes before quotes and backslashes.
func withoutEscapes(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return strings.Clone(s)
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// scalar reads the scalar that begins at hand within a map or list of that indent, and moves on to the next line. Were
// that deeper, it would belong to the scalar.
func (p *plainYAML) scalar(parent int) *yaml.Node {
	c, end := p.text[p.at], 0
	switch c {
	case '|', '>':
		return p.block(parent)
	case '[', '{':
		n, end := p.flow(p.at)
		return p.ended(n, end, parent)
	case '\'', '"':
		end = p.quoted(p.at)
	default:
		end = p.plain(p.at)
	}
	if end < 0 {
		return nil
	}
	return p.ended(p.one(p.at, end), end, parent)
}

// ended returns a node that ended at a place of the line, with at most a comment after it, and moves on to the next line.
func (p *plainYAML) ended(n *yaml.Node, end, parent int) *yaml.Node {
	if n == nil {
		return nil
	}
	if rest := p.skip(end); rest < p.end && (p.text[rest] != '#' || rest == end) {
		return nil
	}
	if p.next(); p.indent > parent {
		return nil
	}
	return n
}

// block reads a literal or folded block (YAML 1.2.2 §8.1.2, §8.1.3), its line breaks at the end clipped or stripped. Of
// folded ones it reads those whose lines all begin at the same column.
func (p *plainYAML) block(parent int) *yaml.Node {
	n := p.node(yaml.ScalarNode, "!!str", p.at)
	var strip, folded bool
	switch head := strings.TrimRight(p.text[p.at:p.end], " "); head {
	case "|", "|-", ">", ">-":
		folded, strip = head[0] == '>', len(head) > 1
	default:
		return nil
	}
	if n.Style = yaml.LiteralStyle; folded {
		n.Style = yaml.FoldedStyle
	}
	var b strings.Builder
	indent, empty, ended := -1, 0, false
	for p.advance() {
		spaces := p.skip(p.start) - p.start
		if p.start+spaces == p.end {
			if spaces > max(indent, 0) {
				return nil // spaces that may belong to the text
			}
			empty++
			continue
		}
		first := indent < 0
		if first {
			indent = spaces
		}
		if indent <= parent || spaces < indent {
			p.line--
			p.end = p.start - 1 // for next to come to the line
			break
		}
		switch {
		case folded && spaces > indent:
			return nil
		case !first && folded && empty == 0:
			b.WriteByte(' ')
		case !first && !folded:
			b.WriteByte('\n')
		}
		for ; empty > 0; empty-- {
			b.WriteByte('\n')
		}
		b.WriteString(p.text[p.start+indent : p.end])
		ended = p.end < len(p.text)
	}
	if b.Len() == 0 {
		return nil
	}
	if !strip && ended {
		b.WriteByte('\n')
	}
	n.Value = b.String()
	if p.next(); p.indent > parent {
		return nil
	}
	return n
}
