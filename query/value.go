package query

import (
	"fmt"
	"net/netip"
	"strings"
)

// value reads what a field, or any field, is compared with.
func (p *parser) value(c context, operator string) Expr {
	if operator != "" {
		switch {
		case p.at("("):
			if p.deep() {
				return &And{}
			}
			defer p.up()
			open := p.pos
			p.pos++
			p.group = append(p.group, c)
			defer func() { p.group = p.group[:len(p.group)-1] }()
			return p.list(open)
		case (p.at("[") || p.at("{")) && c.op != Exact:
			if e, ok := p.bracketed(c.field); ok {
				return e
			}
		case c.op == Words && p.at("!") && !p.at("!="), c.op == Words && p.at("-") && p.pos+1 < len(p.src) && letterAt(p.src, p.pos+1):
			p.pos++
			return &Not{p.value(c, operator)}
		}
	}
	if p.at("/") && c.op == Words {
		if t, ok := p.slashed(); ok {
			return p.regexpTest(c.field, t)
		}
	}
	if e, ok := p.function(c); ok {
		return e
	}
	t, ok := p.tokenHere()
	if !ok {
		return &And{}
	}
	return p.compare(c, t)
}

func letterAt(s string, i int) bool { c := s[i] | 0x20; return c >= 'a' && c <= 'z' || s[i] == '"' }

// compare makes the test of one word or quoted text.
func (p *parser) compare(c context, t token) Expr {
	if c.op == Exact && t.literal() != "" {
		return &Test{Field: c.field, Op: Exact, Text: t.literal()}
	}
	text := t.pattern()
	if t.quote != 0 && p.take("*") { // LogsQL: "be"*
		text += "*"
	}
	switch {
	case text == "" && c.field == "":
		p.mistake(t.offset, t.end-t.offset, "an empty text is looked for", "")
		return &And{}
	case text == "":
		return &Not{&Test{Field: c.field, Op: Exists}}
	case strings.Trim(text, "*") == "":
		if c.field == "" {
			return &And{}
		}
		return &Test{Field: c.field, Op: Exists}
	}
	if pre, ok := network(t.raw); ok {
		return &Test{Field: c.field, Op: InNet, Text: pre.String()}
	}
	if from, to, ok := strings.Cut(t.raw, ".."); ok && t.quote == 0 && c.field != "" && bound(from) && bound(to) {
		return &Test{Field: c.field, Op: Range, Min: from, Max: to}
	}
	if isTimeField(c.field) {
		if _, _, ok := ParseTime(t.literal()); ok { // all of the day, the hour … that is named
			return &Test{Field: c.field, Op: Range, Min: t.literal(), Max: t.literal()}
		}
		if c.field == Time || c.field == "@timestamp" {
			p.mistake(t.offset, t.end-t.offset, "this is no absolute time", "write 2026-01-31 or 2026-01-31T10:00:00Z; for the last day use --since 24h")
		}
	}
	return &Test{Field: c.field, Op: c.op, Text: text}
}

// network reads a network in CIDR form.
func network(s string) (netip.Prefix, bool) {
	if strings.IndexByte(s, '/') < 0 {
		return netip.Prefix{}, false
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// bound tells whether a..b is a range: both are numbers or addresses.
func bound(s string) bool {
	if _, ok := Number(s); ok {
		return true
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}

// tokenHere takes a quoted text or a bare word.
func (p *parser) tokenHere() (token, bool) {
	if p.at(`"`) || p.at(`'`) || p.at("`") {
		return p.quoted()
	}
	word := p.bareWord(p.pos)
	if word == "" {
		return token{}, false
	}
	t := token{raw: word, offset: p.pos, end: p.pos + len(word)}
	p.pos = t.end
	if p.at("(") { // a word and "(" without a space: a function that is not known, or text
		p.mistake(t.offset, len(word)+1, fmt.Sprintf("%q is no function of this language", word), `put text with parentheses in quotes: "…"`)
		p.pos++
		if p.pos < len(p.src) {
			p.or()
		}
		p.space()
		p.take(")")
	}
	if p.at(",") && len(p.group) == 0 {
		p.pos++ // as in a sentence
	}
	return t, true
}

// quoted takes a text in quotes.
func (p *parser) quoted() (token, bool) {
	t := token{quote: p.src[p.pos], offset: p.pos}
	for i := p.pos + 1; i < len(p.src); i++ {
		switch p.src[i] {
		case '\\':
			if t.quote != '`' {
				i++
			}
		case t.quote:
			t.raw, t.end = p.src[p.pos+1:i], i+1
			p.pos = t.end
			return t, true
		}
	}
	hint := fmt.Sprintf("add a %c at its end", t.quote)
	if strings.HasSuffix(strings.TrimRight(p.src, " "), `\`+string(t.quote)) {
		hint = fmt.Sprintf(`the backslash before the last %c makes it part of the text: write \\%c`, t.quote, t.quote)
	}
	p.mistake(p.pos, len(p.src)-p.pos, "this quote is never closed", hint)
	t.end = len(p.src)
	p.pos = t.end
	return t, false
}

// oneSided reads the bound of > or <.
func (p *parser) oneSided(field string, side byte, open bool) Expr {
	t, ok := p.tokenHere()
	if !ok {
		return &And{}
	}
	e := &Test{Field: field, Op: Range}
	text := t.literal()
	if text == "" {
		p.mistake(t.offset, t.end-t.offset, "a bound is missing here", "")
		return &And{}
	}
	if side == '>' {
		e.Min, e.MinOpen = text, open
	} else {
		e.Max, e.MaxOpen = text, open
	}
	p.checkTimes(e, t)
	return e
}

// checkTimes tells of bounds of _time that are no absolute times.
func (p *parser) checkTimes(e *Test, t token) {
	if e.Field != Time && e.Field != "@timestamp" {
		return
	}
	for _, s := range []string{e.Min, e.Max} {
		if s == "" {
			continue
		}
		if _, _, ok := ParseTime(s); !ok {
			p.mistake(t.offset, t.end-t.offset, fmt.Sprintf("%q is no absolute time", s),
				"write 2026-01-31 or 2026-01-31T10:00:00Z; for the last day use --since 24h")
		}
	}
}

// bracketed reads [a TO b], {a TO b}, [a, b] and the like; false where it is none and nothing was taken.
func (p *parser) bracketed(field string) (Expr, bool) {
	start := p.pos
	end := strings.IndexAny(p.src[start+1:], "]}")
	if end < 0 {
		p.mistake(start, 1, "this bracket is never closed", "a range is written [1 TO 9]")
		p.pos = len(p.src)
		return &And{}, true
	}
	end += start + 1
	e, ok := p.rangeOf(field, token{raw: p.src[start+1 : end], offset: start, end: end + 1})
	if !ok {
		p.mistake(start, end+1-start, "this is no range", "a range is written [1 TO 9]; {1 TO 9} without its bounds; [5 TO *] is open")
		e = &Test{Field: field, Op: Range, Min: "0"}
	}
	e.MinOpen, e.MaxOpen = p.src[start] == '{', p.src[end] == '}'
	if e.Min == "" {
		e.MinOpen = false
	}
	if e.Max == "" {
		e.MaxOpen = false
	}
	p.pos = end + 1
	return e, true
}

// rangeOf reads the inside of a range.
func (p *parser) rangeOf(field string, t token) (*Test, bool) {
	from, to, ok := strings.Cut(t.raw, ",")
	if f := strings.Fields(t.raw); !ok && len(f) >= 3 {
		for i, w := range f {
			if strings.EqualFold(w, "to") && i > 0 && i < len(f)-1 {
				from, to, ok = strings.Join(f[:i], " "), strings.Join(f[i+1:], " "), true
				break
			}
		}
	}
	if !ok {
		return nil, false
	}
	clean := func(s string) string {
		s = strings.Trim(strings.TrimSpace(s), `"'`)
		if s == "*" {
			s = ""
		}
		return s
	}
	e := &Test{Field: field, Op: Range, Min: clean(from), Max: clean(to)}
	if e.Min == "" && e.Max == "" || !plainBound(e.Min) || !plainBound(e.Max) {
		return nil, false
	}
	p.checkTimes(e, t)
	return e, true
}

// plainBound tells whether a bound can stand within brackets.
func plainBound(s string) bool {
	if strings.ContainsAny(s, "\"',[]{}()*\\") {
		return false
	}
	for _, w := range strings.Fields(s) {
		if strings.EqualFold(w, "to") {
			return false
		}
	}
	return true
}

// function reads what LogsQL writes as a function: i(x), re(x), exact(x), contains(x), cidr(x), ipv4_range(x), range(a, b).
func (p *parser) function(c context) (Expr, bool) {
	i := p.pos
	for i < len(p.src) && (p.src[i] >= 'a' && p.src[i] <= 'z' || p.src[i] >= '0' && p.src[i] <= '9' || p.src[i] == '_') {
		i++
	}
	if i == p.pos || i >= len(p.src) || p.src[i] != '(' && !(p.src[i] == '[' && p.src[p.pos:i] == "range") {
		return nil, false
	}
	start, name := p.pos, p.src[p.pos:i]
	switch name {
	case "range":
		p.pos = i
		return p.rangeFunction(c.field), true
	case "i", "re", "exact", "contains", "cidr", "ipv4_range":
	default:
		return nil, false
	}
	p.pos = i + 1
	p.space()
	p.group = append(p.group, c) // so that a comma ends a word
	t, ok := p.tokenHere()
	p.group = p.group[:len(p.group)-1]
	if !ok || t.raw == "" && name != "exact" {
		p.mistake(start, p.pos-start, name+"( ) needs a text", "")
		return &And{}, true
	}
	e := p.call(c, name, t)
	p.space()
	if e.Op == InNet && p.take(",") {
		p.space()
		if last, ok := p.tokenHere(); ok {
			e = &Test{Field: c.field, Op: Range, Min: t.literal(), Max: last.literal()}
			if !bound(e.Min) || !bound(e.Max) {
				p.mistake(t.offset, last.end-t.offset, "these are no addresses", "")
			}
		}
	}
	if e.Op == InNet && e.Text == "" {
		p.mistake(t.offset, t.end-t.offset, "this is no network", "a network is written 10.0.0.0/8")
	}
	p.closeParen(i)
	return e, true
}

func (p *parser) call(c context, name string, t token) *Test {
	switch name {
	case "re":
		return p.regexpTest(c.field, token{raw: t.raw, offset: t.offset, end: t.end}).(*Test)
	case "exact":
		return &Test{Field: c.field, Op: Exact, Text: t.literal()}
	case "contains":
		return &Test{Field: c.field, Op: Words, Text: "*" + t.pattern() + "*"}
	case "cidr", "ipv4_range":
		e := &Test{Field: c.field, Op: InNet}
		if pre, ok := network(t.literal()); ok {
			e.Text = pre.String()
		}
		return e
	}
	return &Test{Field: c.field, Op: Words, Text: t.pattern()}
}

// rangeFunction reads range(a, b], whose parentheses leave the bounds out.
func (p *parser) rangeFunction(field string) Expr {
	start := p.pos
	end := strings.IndexAny(p.src[start:], ")]")
	if end < 0 {
		p.mistake(start, 1, "this bracket is never closed", "a range is written range(1, 9]")
		p.pos = len(p.src)
		return &And{}
	}
	end += start
	p.pos = end + 1
	e, ok := p.rangeOf(field, token{raw: p.src[start+1 : end], offset: start, end: end + 1})
	if !ok {
		p.mistake(start, end+1-start, "this is no range", "a range is written range(1, 9]")
		return &And{}
	}
	e.MinOpen, e.MaxOpen = p.src[start] == '(' && e.Min != "", p.src[end] == ')' && e.Max != ""
	return e
}
