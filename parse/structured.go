package parse

import (
	"strings"

	"github.com/tocsin-sec/tocsin/event"
)

// maxStructured bounds the parameters of one message that become fields.
const maxStructured = 64

// structuredSize returns the length of the structured data that s begins with (RFC 5424 §6.3), 0 where it has none.
func structuredSize(s string) int {
	at := 0
	for at < len(s) && s[at] == '[' {
		end := structuredElement(s[at:])
		if end == 0 {
			break
		}
		at += end
	}
	return at
}

// structuredElement returns the length of one element with its brackets, 0 where it does not end.
func structuredElement(s string) int {
	quoted := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ']' && !quoted:
			return i + 1
		}
	}
	return 0
}

// structured adds an event of a kind with a field "sd.<id>.<name>" for each parameter of the structured data.
func (p *lineParser) structured(h *syslogHeader, kind *messageKind, out *event.Batch) *event.Event {
	names := append(p.names[:0], kind.shape.Fields()...)
	values := p.values[:0]
	for s := h.data; s != ""; {
		end := structuredElement(s)
		element := s[1 : end-1]
		s = s[end:]
		id, rest, _ := strings.Cut(element, " ")
		for rest != "" && len(values) < maxStructured {
			name, after, ok := strings.Cut(rest, `="`)
			if !ok {
				break
			}
			size := quotedSize(after)
			names = append(names, p.structuredName(id, trimSpace(name)))
			values = append(values, structuredValue(after[:size]))
			rest = trimSpace(after[min(size+1, len(after)):])
		}
	}
	p.names, p.values = names, values
	e := out.Add(p.fields.of(kind.format, names))
	copy(e.Values[len(names)-len(values):], values)
	return e
}

// structuredName returns the name of a field, made once.
func (p *lineParser) structuredName(id, name string) string {
	key := [2]string{id, name}
	if n, ok := p.sdNames[key]; ok {
		return n
	}
	n := "sd." + id + "." + name
	if p.sdNames == nil || len(p.sdNames) > 4096 {
		p.sdNames = make(map[[2]string]string)
	}
	p.sdNames[[2]string{strings.Clone(id), strings.Clone(name)}] = n
	return n
}

// quotedSize returns where the closing quote is.
func quotedSize(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(s)
}

// structuredValue resolves the escapes of a parameter: \" \\ and \].
func structuredValue(s string) event.Value {
	if strings.IndexByte(s, '\\') < 0 {
		return textValue(s)
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\' || s[i+1] == ']') {
			i++
		}
		b = append(b, s[i])
	}
	return textValue(string(b))
}
