package sigma

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// flow reads the flow map or list (YAML 1.2.2 §7.4) that begins at i and ends in the same line, and returns the place after
// it; nil where it is not plain to see what it is.
func (p *plainYAML) flow(i int) (*yaml.Node, int) {
	if p.depth++; p.depth > maxDepth/2 {
		return nil, 0
	}
	defer func() { p.depth-- }()
	kind, tag, end := yaml.SequenceNode, "!!seq", byte(']')
	if p.text[i] == '{' {
		kind, tag, end = yaml.MappingNode, "!!map", '}'
	}
	n := p.node(kind, tag, i)
	n.Style = yaml.FlowStyle
	base := len(p.kids)
	if i = p.skip(i + 1); i < p.end && p.text[i] == end {
		return n, i + 1
	}
	for {
		if kind == yaml.MappingNode {
			k, at := p.flowText(i)
			if k == nil || at+1 >= p.end || p.text[at] != ':' || p.text[at+1] != ' ' {
				return nil, 0
			}
			p.kids = append(p.kids, k)
			i = p.skip(at + 1)
		}
		v, at := p.flowValue(i)
		if v == nil {
			return nil, 0
		}
		p.kids = append(p.kids, v)
		switch i = p.skip(at); {
		case i >= p.end:
			return nil, 0
		case p.text[i] == end:
			n.Content = append(make([]*yaml.Node, 0, len(p.kids)-base), p.kids[base:]...)
			p.kids = p.kids[:base]
			return n, i + 1
		case p.text[i] != ',':
			return nil, 0
		}
		i = p.skip(i + 1)
	}
}

func (p *plainYAML) flowValue(i int) (*yaml.Node, int) {
	if i < p.end && (p.text[i] == '[' || p.text[i] == '{') {
		return p.flow(i)
	}
	return p.flowText(i)
}

// flowText reads a plain or quoted text within a flow map or list.
func (p *plainYAML) flowText(i int) (*yaml.Node, int) {
	if i >= p.end {
		return nil, 0
	}
	if c := p.text[i]; c == '\'' || c == '"' {
		end := p.quoted(i)
		if end < 0 {
			return nil, 0
		}
		return p.one(i, end), end
	}
	if strings.IndexByte("?:-,[]{}#&*!|>%@`", p.text[i]) >= 0 {
		return nil, 0
	}
	end := i
	for at := i; at < p.end; at++ {
		switch c := p.text[at]; c {
		case ' ':
			continue
		case ',', ']', '}':
			return p.one(i, end), end
		case ':':
			if at+1 < p.end && p.text[at+1] == ' ' && at == end {
				return p.one(i, end), end
			}
			return nil, 0
		case '[', '{', '#', '"', '\'':
			return nil, 0
		}
		end = at + 1
	}
	return nil, 0
}
