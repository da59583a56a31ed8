package query

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parse reads a query. An empty text, or *, means every event. The error is an *Error with all mistakes that could be
// told apart.
func Parse(text string) (*Query, error) {
	p := &parser{src: text}
	q := &Query{}
	switch {
	case len(text) > MaxLength:
		p.src = ""
		p.mistake(0, 0, fmt.Sprintf("the query has %d bytes; at most %d are taken", len(text), MaxLength), "")
	case !utf8.ValidString(text):
		p.src = ""
		p.mistake(0, 0, "the query is not in UTF-8", "")
	default:
		p.query(q)
	}
	if len(p.mistakes) > 0 {
		return nil, &Error{Text: p.shown(text), Mistakes: p.mistakes}
	}
	return q, nil
}

// parser reads a text from left to right. A mistake is noted, and what can be read after it is read on.
type parser struct {
	src      string
	pos      int
	depth    int
	tests    int
	mistakes []Mistake
	group    []context // the field and operator of field:( … ) around the place
}

// context is what values within field:( … ) are compared with.
type context struct {
	field string
	op    Op
}

const maxMistakes = 10

func (p *parser) shown(text string) string {
	if p.src == "" && text != "" {
		return ""
	}
	return text
}

func (p *parser) mistake(offset, width int, message, hint string) {
	width = min(width, len(p.src)-offset)
	if len(p.mistakes) < maxMistakes {
		p.mistakes = append(p.mistakes, Mistake{Offset: offset, Width: width, Message: message, Hint: hint})
	}
}

func (p *parser) query(q *Query) {
	p.space()
	if !p.at("|") && p.pos < len(p.src) {
		q.Where = simplify(p.or())
	}
	for {
		p.space()
		switch {
		case p.pos >= len(p.src):
			return
		case p.src[p.pos] == ')':
			p.mistake(p.pos, 1, `")" without a "(" before it`, "")
			p.pos++
			p.space()
			if !p.at("|") && p.pos < len(p.src) {
				p.or() // for its mistakes
			}
		case p.src[p.pos] == '|':
			p.pos++
			p.pipe(q)
		default:
			p.mistake(p.pos, 1, fmt.Sprintf("%q is not expected here", p.rune()), `put text in quotes: "…"`)
			p.pos += len(p.rune())
		}
		if len(q.Pipes) > MaxPipes {
			p.mistake(p.pos, 0, fmt.Sprintf("at most %d pipes are taken", MaxPipes), "")
			return
		}
	}
}

// simplify flattens and/or within their like, and makes of conditions that always hold none.
func simplify(e Expr) Expr {
	switch e := e.(type) {
	case *And:
		var of []Expr
		for _, s := range e.Of {
			s = simplify(s)
			if a, ok := s.(*And); ok {
				of = append(of, a.Of...)
			} else if s != nil {
				of = append(of, s)
			}
		}
		switch len(of) {
		case 0:
			return nil
		case 1:
			return of[0]
		}
		return &And{of}
	case *Or:
		var of []Expr
		for _, s := range e.Of {
			s = simplify(s)
			if s == nil {
				return nil
			}
			if o, ok := s.(*Or); ok {
				of = append(of, o.Of...)
			} else {
				of = append(of, s)
			}
		}
		if len(of) == 1 {
			return of[0]
		}
		return &Or{of}
	case *Not:
		s := simplify(e.Of)
		if s == nil {
			return &Or{}
		}
		if n, ok := s.(*Not); ok {
			return n.Of
		}
		return &Not{s}
	}
	return e
}

func (p *parser) or() Expr {
	of := []Expr{p.and()}
	for p.keyword("or", "||") {
		of = append(of, p.and())
	}
	return &Or{of}
}

func (p *parser) and() Expr {
	var of []Expr
	for {
		p.space()
		if p.pos >= len(p.src) || p.at(")") || p.at("|") || p.peekKeyword("or") || p.listEnd() {
			if len(of) == 0 {
				p.mistake(p.pos, 0, "a condition is missing here", "")
			}
			return &And{of}
		}
		if len(of) > 0 && p.keyword("and", "&&") {
			p.space()
			if p.pos >= len(p.src) || p.at(")") || p.at("|") || p.peekKeyword("or", "and") {
				p.mistake(p.pos, 0, `a condition is missing after "and"`, "")
				continue
			}
		}
		start := p.pos
		of = append(of, p.unary())
		if p.pos == start { // nothing could be read of it
			p.mistake(p.pos, len(p.rune()), fmt.Sprintf("%q is not expected here", p.rune()), `put text in quotes: "…"`)
			p.pos += len(p.rune())
		}
	}
}

// listEnd tells whether a comma stands at the place, within field:( a, b ).
func (p *parser) listEnd() bool { return len(p.group) > 0 && p.at(",") }

func (p *parser) unary() Expr {
	switch {
	case p.keyword("not") || p.at("!") && !p.at("!=") && !p.at("!~") && p.take("!"):
	case p.at("-") && p.pos+1 < len(p.src) && strings.IndexByte(" \t-|)", p.src[p.pos+1]) < 0:
		p.pos++
	case p.at("+") && p.pos+1 < len(p.src) && strings.IndexByte(" \t+|)", p.src[p.pos+1]) < 0:
		p.pos++
		return p.unary1()
	default:
		return p.unary1()
	}
	start := p.pos
	p.space()
	if p.pos >= len(p.src) || p.at(")") || p.at("|") {
		p.mistake(start, 0, `a condition is missing after "not"`, "")
		return &And{}
	}
	if p.deep() {
		return &And{}
	}
	defer p.up()
	return &Not{p.unary()}
}

func (p *parser) unary1() Expr {
	if !p.at("(") {
		return p.test()
	}
	if p.deep() {
		return &And{}
	}
	defer p.up()
	open := p.pos
	p.pos++
	var e Expr
	if len(p.group) > 0 {
		e = p.list(open)
	} else {
		e = p.or()
		p.closeParen(open)
	}
	return e
}

func (p *parser) closeParen(open int) {
	p.space()
	if !p.take(")") {
		p.mistake(open, 1, `"(" is never closed`, `add a ")"`)
	}
}

// deep goes down a level, and tells whether that is too deep; then the rest of the text is not read.
func (p *parser) deep() bool {
	if p.depth++; p.depth <= MaxDepth {
		return false
	}
	p.mistake(p.pos, 1, fmt.Sprintf("more than %d levels of parentheses", MaxDepth), "")
	p.pos = len(p.src)
	return true
}

func (p *parser) up() { p.depth-- }

func (p *parser) space() {
	for p.pos < len(p.src) {
		r, n := utf8.DecodeRuneInString(p.src[p.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		p.pos += n
	}
}

func (p *parser) at(s string) bool { return strings.HasPrefix(p.src[p.pos:], s) }

func (p *parser) take(s string) bool {
	if p.at(s) {
		p.pos += len(s)
		return true
	}
	return false
}

// rune is the character at the place, as text.
func (p *parser) rune() string {
	_, n := utf8.DecodeRuneInString(p.src[p.pos:])
	return p.src[p.pos : p.pos+n]
}

// keyword takes one of some words, in any case, if it stands at the place on its own.
func (p *parser) keyword(words ...string) bool {
	save := p.pos
	p.space()
	for _, w := range words {
		if p.peekKeyword(w) {
			p.pos += len(w)
			return true
		}
	}
	p.pos = save
	return false
}

func (p *parser) peekKeyword(words ...string) bool {
	rest := p.src[p.pos:]
	for _, w := range words {
		if len(rest) < len(w) || !strings.EqualFold(rest[:len(w)], w) {
			continue
		}
		if c := w[0]; c == '|' || c == '&' {
			return true
		}
		if len(rest) == len(w) {
			return true
		}
		r, _ := utf8.DecodeRuneInString(rest[len(w):])
		if unicode.IsSpace(r) || strings.ContainsRune(`()|",'!`, r) {
			return true
		}
	}
	return false
}
