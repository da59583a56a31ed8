package sigma

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxAlternatives bounds what windash and expand may make of one value.
const maxAlternatives = 4096

// expandEach replaces each alternative by several.
func expandEach(ops []operand, name string, f func(Pattern) ([]Pattern, problem)) ([]operand, problem) {
	var out []operand
	for _, o := range ops {
		if o.kind != Match {
			return nil, wrongKind(name, &o)
		}
		patterns, p := f(o.pattern)
		if p.message != "" {
			return nil, p
		}
		if len(out)+len(patterns) > maxAlternatives {
			return nil, tooMany(name)
		}
		for _, q := range patterns {
			o.pattern = q
			out = append(out, o)
		}
	}
	return out, problem{}
}

func tooMany(name string) problem {
	return problem{
		message: "the modifier " + strconv.Quote(name) + " makes more than " + strconv.Itoa(maxAlternatives) + " alternatives of this value",
		hint:    "split the value: match its parts with |contains|all", value: true,
	}
}

// dashes are what Windows programs accept before the name of an option. Source: Sigma modifiers 2.1, "windash".
const dashes = "-/–—―"

// windash returns the pattern with each dash or slash at the start of a word replaced by each of the dashes. A word
// starts where a letter, digit or underscore follows and none stands before: "a-b" and "--" keep their dashes.
func windash(p Pattern) ([]Pattern, problem) {
	out := []Pattern{nil}
	for _, t := range p {
		if t.Kind != Literal {
			for i := range out {
				out[i] = append(out[i][:len(out[i]):len(out[i])], t)
			}
			continue
		}
		pieces := splitDashes(t.Text)
		for k, piece := range pieces {
			if k > 0 {
				if 5*len(out) > maxAlternatives {
					return nil, tooMany("windash")
				}
				out = withDashes(out)
			}
			for i := range out {
				out[i] = out[i][:len(out[i]):len(out[i])].text(piece)
			}
		}
	}
	return out, problem{}
}

func withDashes(in []Pattern) []Pattern {
	out := make([]Pattern, 0, 5*len(in))
	for _, p := range in {
		for _, d := range dashes {
			out = append(out, p[:len(p):len(p)].text(string(d)))
		}
	}
	return out
}

// splitDashes cuts a text at the dashes that introduce an option; they are left out.
func splitDashes(s string) []string {
	var out []string
	start, before := 0, rune(' ')
	for i, r := range s {
		n := utf8.RuneLen(r)
		if strings.ContainsRune(dashes, r) && !isWord(before) {
			if next, _ := utf8.DecodeRuneInString(s[i+n:]); isWord(next) && i+n < len(s) {
				out = append(out, s[start:i])
				start = i + n
			}
		}
		before = r
	}
	return append(out, s[start:])
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// encodable returns the bytes of a text to encode.
func (o *operand) encodable(name string) (string, problem) {
	if o.kind != Match {
		return "", wrongKind(name, o)
	}
	if o.pattern.wild() {
		return "", wildEncoding(name)
	}
	return o.pattern.plain(), problem{}
}

func wildEncoding(name string) problem {
	return problem{
		message: "a value with wildcards cannot be encoded", value: true,
		hint: `write \* and \? for the characters themselves, and |contains after |` + name,
	}
}

// base64 applies base64.
func (o *operand) base64() problem {
	s, p := o.encodable("base64")
	if p.message == "" {
		o.pattern = LiteralPattern(base64.StdEncoding.EncodeToString([]byte(s)))
	}
	return p
}

// base64Offset returns the three forms in which a text may stand within longer text that is encoded as Base64,
// without the characters at either end that depend on what surrounds it.
func base64Offset(p Pattern) ([]Pattern, problem) {
	if p.wild() {
		return nil, wildEncoding("base64offset")
	}
	s := p.plain()
	if s == "" {
		return nil, problem{message: "there is nothing to encode", value: true}
	}
	var out []Pattern
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte("  "[:shift] + s))
		start := [...]int{0, 2, 3}[shift]
		end := len(encoded) - [...]int{0, 3, 2}[(len(s)+shift)%3]
		if start < end {
			out = append(out, LiteralPattern(encoded[start:end]))
		}
	}
	return out, problem{}
}

// utf16 applies utf16le (wide), utf16be and utf16. Wildcards stay as they are.
func (o *operand) utf16(name string) problem {
	if o.kind != Match {
		return wrongKind(name, o)
	}
	var order binary.AppendByteOrder = binary.LittleEndian
	var out Pattern
	switch name {
	case "utf16be":
		order = binary.BigEndian
	case "utf16":
		out = LiteralPattern("\xff\xfe")
	}
	for _, t := range o.pattern {
		if t.Kind != Literal {
			out = append(out, t)
			continue
		}
		var b []byte
		for _, u := range utf16.Encode([]rune(t.Text)) {
			b = order.AppendUint16(b, u)
		}
		out = out.text(string(b))
	}
	o.pattern = out
	return problem{}
}

// placeholders applies expand. Source: Sigma rules specification 2.1, "Placeholders".
func (l *loader) placeholders(ops []operand) ([]operand, problem) {
	var out []operand
	for _, o := range ops {
		var p problem
		switch o.kind {
		case Match:
			var patterns []Pattern
			patterns, p = l.expandPattern(o.pattern)
			for _, q := range patterns {
				o.pattern = q
				out = append(out, o)
			}
		case Regexp:
			var sources []string
			sources, p = l.expandRegexp(o.source)
			for _, s := range sources {
				o.source = s
				out = append(out, o)
			}
		default:
			p = wrongKind("expand", &o)
		}
		if p.message == "" && len(out) > maxAlternatives {
			p = tooMany("expand")
		}
		if p.message != "" {
			return nil, p
		}
	}
	return out, problem{}
}

func (l *loader) expandPattern(p Pattern) ([]Pattern, problem) {
	out := []Pattern{nil}
	for _, t := range p {
		if t.Kind != Literal {
			for i := range out {
				out[i] = out[i].join(Pattern{t})
			}
			continue
		}
		for _, piece := range splitPlaceholders(t.Text) {
			values := []Pattern{LiteralPattern(piece.text)}
			if piece.name != "" {
				texts, problem := l.valuesOf(piece.name)
				if problem.message != "" {
					return nil, problem
				}
				values = values[:0]
				for _, v := range texts {
					values = append(values, ParsePattern(v))
				}
			}
			if len(out)*len(values) > maxAlternatives {
				return nil, tooMany("expand")
			}
			next := make([]Pattern, 0, len(out)*len(values))
			for _, a := range out {
				for _, b := range values {
					next = append(next, a.join(b))
				}
			}
			out = next
		}
	}
	return out, problem{}
}

// expandRegexp puts the values of placeholders, as expressions that match just them, into a regular expression.
func (l *loader) expandRegexp(source string) ([]string, problem) {
	var b strings.Builder
	for _, piece := range splitPlaceholders(source) {
		b.WriteString(piece.text)
		if piece.name == "" {
			continue
		}
		texts, problem := l.valuesOf(piece.name)
		if problem.message != "" {
			return nil, problem
		}
		b.WriteString("(?:")
		for i, v := range texts {
			if i > 0 {
				b.WriteByte('|')
			}
			b.WriteString(ParsePattern(v).expression())
		}
		b.WriteByte(')')
	}
	return []string{b.String()}, problem{}
}

// valuesOf returns the values of a placeholder.
func (l *loader) valuesOf(name string) ([]string, problem) {
	if v := l.opt.Placeholders[name]; len(v) > 0 {
		return v, problem{}
	}
	if len(l.opt.Unknown) > 0 {
		return l.opt.Unknown, problem{}
	}
	return nil, problem{
		message: "the placeholder %" + name + "% is not defined",
		hint:    "say what it stands for: list its values under placeholders, " + name + ": [...], or in a pipeline's vars with value_placeholders",
		value:   true,
	}
}

// placeholderPiece is a plain text or a placeholder.
type placeholderPiece struct{ text, name string }

// splitPlaceholders finds %name% in a text; \% is a plain percent sign.
func splitPlaceholders(s string) []placeholderPiece {
	var out []placeholderPiece
	var plain []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == '%' {
			plain = append(plain, '%')
			i++
			continue
		}
		if s[i] == '%' {
			end := i + 1
			for end < len(s) && (s[end] == '_' || s[end] == '-' || s[end] == '.' || isAlnum(s[end])) {
				end++
			}
			if end > i+1 && end < len(s) && s[end] == '%' {
				if len(plain) > 0 {
					out = append(out, placeholderPiece{text: string(plain)})
					plain = nil
				}
				out = append(out, placeholderPiece{name: s[i+1 : end]})
				i = end
				continue
			}
		}
		plain = append(plain, s[i])
	}
	if len(plain) > 0 {
		out = append(out, placeholderPiece{text: string(plain)})
	}
	return out
}

func isAlnum(c byte) bool { return c-'0' < 10 || c|0x20-'a' < 26 }
