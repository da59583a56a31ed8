package query

import (
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// test reads one condition: a value, or a field, an operator and a value.
func (p *parser) test() Expr {
	start := p.pos
	if p.tests++; p.tests > MaxTests {
		p.mistake(p.pos, 0, fmt.Sprintf("more than %d conditions", MaxTests), "")
		p.pos = len(p.src)
		return &And{}
	}
	if len(p.group) == 0 {
		if field, ok := p.fieldName(); ok {
			return p.operator(field, start)
		}
		p.pos = start
		return p.value(context{}, "")
	}
	c := p.group[len(p.group)-1]
	for _, op := range []string{">=", "<=", ">", "<", "=~", "~", "!=", "=="} {
		if p.at(op) {
			return p.operator(c.field, start)
		}
	}
	return p.value(c, "")
}

// fieldName takes the name of a field if an operator follows it.
func (p *parser) fieldName() (string, bool) {
	var name string
	switch {
	case p.at(`"`) || p.at(`'`) || p.at("`"):
		t, ok := p.quoted()
		if !ok || t.raw == "" || !strings.ContainsAny(p.next(1), ":=<>!~") {
			return "", false
		}
		name = t.literal()
	case p.at("*:") || p.at("*="):
		p.pos++
		return "", true
	default:
		end := p.pos
		for i, r := range p.src[p.pos:] {
			if !nameRune(r) {
				break
			}
			end = p.pos + i + utf8.RuneLen(r)
		}
		name = p.src[p.pos:end]
		if !plausible(name) || p.plainText(p.pos, end) {
			return "", false
		}
		p.pos = end
	}
	save := p.pos
	p.space()
	switch {
	case p.peekOperator():
		return name, !(save < p.pos && p.at(":")) || p.spacedColon()
	case p.peekKeyword("in") && p.afterIn():
		return name, true
	}
	return "", false
}

// spacedColon tells whether " :" is an operator: another space stands after the colon.
func (p *parser) spacedColon() bool {
	return p.pos+1 < len(p.src) && (p.src[p.pos+1] == ' ' || p.src[p.pos+1] == '=')
}

func (p *parser) afterIn() bool {
	return strings.HasPrefix(strings.TrimLeft(p.src[p.pos+2:], " \t"), "(")
}

func (p *parser) next(n int) string {
	return p.src[p.pos:min(p.pos+n, len(p.src))]
}

func (p *parser) peekOperator() bool {
	switch s := p.next(2); {
	case s == "" || s == "!":
		return false
	case s[0] == '!':
		return s == "!=" || s == "!~"
	default:
		return strings.IndexByte(":=<>~", s[0]) >= 0
	}
}

// nameRune tells which characters names of fields have when they are not in quotes.
func nameRune(r rune) bool {
	return r == '.' || r == '_' || r == '-' || r == '@' || r == '#' || r == '$' || r == '%' || r == '[' || r == ']' || r == '/' ||
		unicode.IsLetter(r) || unicode.IsDigit(r)
}

// plausible tells whether a word may name a field: it begins like one, and is no number.
func plausible(name string) bool {
	if name == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(name)
	if first == '_' || first == '@' || unicode.IsLetter(first) {
		return true
	}
	return unicode.IsDigit(first) && strings.IndexFunc(name, unicode.IsLetter) > 0 && strings.IndexByte(name, '.') < 0 && strings.IndexByte(name, '/') < 0
}

// plainText tells whether what looks like a field and its value is text that people paste: an address of the web, a
// path with a drive, an IPv6 or MAC address, a time of day.
func (p *parser) plainText(from, to int) bool {
	rest := p.src[to:]
	if strings.HasPrefix(rest, "://") || to-from == 1 && (strings.HasPrefix(rest, `:\`) || strings.HasPrefix(rest, ":/") && unicode.IsUpper(rune(p.src[from])) && !p.slashedAt(to+1)) {
		return true
	}
	if !strings.HasPrefix(rest, ":") {
		return false
	}
	word := p.bareWord(from)
	word = strings.Trim(word, "[]")
	if _, err := netip.ParseAddr(word); err == nil {
		return true
	}
	if pre, err := netip.ParsePrefix(word); err == nil && pre.IsValid() {
		return true
	}
	return mac(word)
}

func mac(s string) bool {
	if len(s) != 17 {
		return false
	}
	for i := range len(s) {
		if i%3 == 2 {
			if s[i] != ':' {
				return false
			}
		} else if strings.IndexByte("0123456789abcdefABCDEF", s[i]) < 0 {
			return false
		}
	}
	return true
}

// bareWord is the word from a place on, up to white space, a parenthesis, a quote or a pipe.
func (p *parser) bareWord(from int) string {
	i := from
	for i < len(p.src) {
		c := p.src[i]
		if c == '\\' && i+1 < len(p.src) && strings.IndexByte(" ()|\"',", p.src[i+1]) >= 0 {
			i += 2
			continue
		}
		r, n := utf8.DecodeRuneInString(p.src[i:])
		if unicode.IsSpace(r) || strings.IndexByte("()|\"`", c) >= 0 || c == ',' && (len(p.group) > 0 || p.commaEnds(i)) {
			break
		}
		i += n
	}
	return p.src[from:i]
}

// commaEnds tells whether the comma at a place ends a word: white space or the end follows.
func (p *parser) commaEnds(i int) bool {
	return i+1 >= len(p.src) || strings.IndexByte(" \t\n)|", p.src[i+1]) >= 0
}

// operators, the longer ones first.
var operators = []struct {
	text string
	op   Op
	not  bool
	side byte // of Range: '<' or '>'
	open bool
}{
	{":!=", Is, true, 0, false},
	{":==", Exact, false, 0, false},
	{":>=", Range, false, '>', false},
	{":<=", Range, false, '<', false},
	{":=~", Regexp, false, 0, false},
	{":!~", Regexp, true, 0, false},
	{"!==", Exact, true, 0, false},
	{":>", Range, false, '>', true},
	{":<", Range, false, '<', true},
	{":=", Exact, false, 0, false},
	{":~", Regexp, false, 0, false},
	{"==", Exact, false, 0, false},
	{"=~", Regexp, false, 0, false},
	{"!~", Regexp, true, 0, false},
	{"!=", Is, true, 0, false},
	{">=", Range, false, '>', false},
	{"<=", Range, false, '<', false},
	{">", Range, false, '>', true},
	{"<", Range, false, '<', true},
	{"~", Regexp, false, 0, false},
	{"=", Is, false, 0, false},
	{":", Words, false, 0, false},
}

// operator reads the operator and the value of a field's condition.
func (p *parser) operator(field string, start int) Expr {
	if (strings.EqualFold(field, "earliest") || strings.EqualFold(field, "latest")) && p.at("=") {
		p.mistake(start, len(field), "the span of time is no part of the query", "use --since 24h, or _time:>=2026-01-31")
	}
	if p.keyword("in") {
		return p.in(field)
	}
	for _, o := range operators {
		if !p.take(o.text) {
			continue
		}
		p.space()
		if o.text == ":" && p.at("in(") { // LogsQL
			p.pos += len("in")
			return p.in(field)
		}
		if p.pos >= len(p.src) || p.at(")") || p.at("|") {
			p.mistake(p.pos, 0, fmt.Sprintf("a value is missing after %q", o.text), fmt.Sprintf("to ask whether there is one: %s:*", quoteName(field)))
			return &And{}
		}
		var e Expr
		switch {
		case o.side != 0:
			e = p.oneSided(field, o.side, o.open)
		case o.op == Regexp:
			e = p.regexpValue(field)
		default:
			e = p.value(context{field, o.op}, o.text)
		}
		if o.not {
			return &Not{e}
		}
		return e
	}
	return &And{}
}

// in reads ( a, b, … ) after a field and "in".
func (p *parser) in(field string) Expr {
	p.space()
	open := p.pos
	p.take("(")
	p.group = append(p.group, context{field, Is})
	defer func() { p.group = p.group[:len(p.group)-1] }()
	return p.list(open)
}

// list reads the inside of field:( … ), where a comma is an or.
func (p *parser) list(open int) Expr {
	of := []Expr{p.or()}
	for p.space(); p.take(","); p.space() {
		of = append(of, p.or())
	}
	p.closeParen(open)
	return &Or{of}
}

func (p *parser) regexpValue(field string) Expr {
	if p.at("/") {
		if t, ok := p.slashed(); ok {
			return p.regexpTest(field, t)
		}
	}
	t, ok := p.tokenHere()
	if !ok {
		return &And{}
	}
	raw := t.raw
	if t.quote != 0 { // a backslash means much in a regular expression: only the quote's own is taken away
		raw = strings.ReplaceAll(raw, `\`+string(t.quote), string(t.quote))
	}
	return p.regexpTest(field, token{raw: raw, offset: t.offset, end: t.end})
}

func (p *parser) regexpTest(field string, t token) Expr {
	text := normalSlashes(t.raw)
	switch _, err := regexp.Compile(text); {
	case text == "":
		p.mistake(t.offset, t.end-t.offset, "the regular expression is empty", "")
	case len(text) > maxRegexp:
		p.mistake(t.offset, t.end-t.offset, fmt.Sprintf("the regular expression has more than %d bytes", maxRegexp), "")
	case err != nil:
		message := err.Error()
		if e, ok := err.(*syntax.Error); ok {
			message = fmt.Sprintf("%s: %q", e.Code, e.Expr)
		}
		p.mistake(t.offset, t.end-t.offset, "regular expression: "+message, "")
	}
	return &Test{Field: field, Op: Regexp, Text: text}
}

// normalSlashes takes the backslash before a slash away: it is there for those who write /…/ only.
func normalSlashes(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if s[i+1] != '/' {
				b.WriteByte(s[i])
			}
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// slashed takes /…/ or /…/i, if it is a regular expression: its end stands where a word ends. Else it is a path.
func (p *parser) slashed() (token, bool) {
	for i := p.pos + 1; i < len(p.src); i++ {
		switch p.src[i] {
		case '\\':
			i++
		case '/':
			t := token{raw: p.src[p.pos+1 : i], offset: p.pos}
			end := i + 1
			if end < len(p.src) && p.src[end] == 'i' {
				end++
			}
			if t.raw == "" || end < len(p.src) && !p.wordEnds(end) {
				return token{}, false
			}
			if end > i+1 {
				t.raw = "(?i)" + t.raw
			}
			p.pos, t.end = end, end
			return t, true
		}
	}
	return token{}, false
}

// slashedAt tells whether a regular expression stands at a place.
func (p *parser) slashedAt(at int) bool {
	save := p.pos
	p.pos = at
	_, ok := p.slashed()
	p.pos = save
	return ok
}

func (p *parser) wordEnds(i int) bool {
	r, _ := utf8.DecodeRuneInString(p.src[i:])
	return unicode.IsSpace(r) || strings.ContainsRune(")|,", r)
}
