package sigma

import "strings"

// ParsePattern reads a string value of a rule. A backslash escapes *, ? and itself, and is a plain backslash before
// anything else. Source: Sigma rules specification 2.1, "Escape Character".
func ParsePattern(s string) Pattern {
	if !strings.ContainsAny(s, `*?\`) {
		return LiteralPattern(s)
	}
	var p Pattern
	lit := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\'):
			i++
			lit = append(lit, s[i])
		case c == '*' || c == '?':
			p = p.text(string(lit))
			lit = lit[:0]
			if c == '?' {
				p = append(p, Token{Kind: AnyOne})
			} else {
				p = p.run()
			}
		default:
			lit = append(lit, c)
		}
	}
	return p.text(string(lit))
}

// LiteralPattern returns the Pattern that matches s and nothing else.
func LiteralPattern(s string) Pattern {
	if s == "" {
		return nil
	}
	return Pattern{{Kind: Literal, Text: s}}
}

// text appends a literal.
func (p Pattern) text(s string) Pattern {
	if s == "" {
		return p
	}
	if n := len(p); n > 0 && p[n-1].Kind == Literal {
		p = append(Pattern(nil), p...)
		p[n-1].Text += s
		return p
	}
	return append(p, Token{Kind: Literal, Text: s})
}

// run appends an AnyRun.
func (p Pattern) run() Pattern {
	if n := len(p); n > 0 && p[n-1].Kind == AnyRun {
		return p
	}
	return append(p, Token{Kind: AnyRun})
}

// join returns p followed by q.
func (p Pattern) join(q Pattern) Pattern {
	p = p[:len(p):len(p)]
	for _, t := range q {
		switch t.Kind {
		case Literal:
			p = p.text(t.Text)
		case AnyRun:
			p = p.run()
		default:
			p = append(p, t)
		}
	}
	return p
}

// open returns the pattern with an AnyRun before and after it, as asked, where it has none there already.
func (p Pattern) open(before, after bool) Pattern {
	before = before && (len(p) == 0 || p[0].Kind != AnyRun)
	q := make(Pattern, 0, len(p)+2)
	if before {
		q = append(q, Token{Kind: AnyRun})
	}
	q = append(q, p...)
	if after {
		q = q.run()
	}
	return q
}

// wild tells whether the pattern has a wildcard.
func (p Pattern) wild() bool {
	for _, t := range p {
		if t.Kind != Literal {
			return true
		}
	}
	return false
}

// plain returns the text of a pattern without wildcards.
func (p Pattern) plain() string {
	var s string
	for _, t := range p {
		s += t.Text
	}
	return s
}

// String returns the pattern as it would be written in a rule: what ParsePattern makes the same pattern of.
func (p Pattern) String() string {
	var b strings.Builder
	for i, t := range p {
		switch t.Kind {
		case AnyRun:
			b.WriteByte('*')
		case AnyOne:
			b.WriteByte('?')
		case Literal:
			writeEscaped(&b, t.Text, i+1 < len(p))
		}
	}
	return b.String()
}

// writeEscaped writes a literal, with the fewest backslashes that keep its meaning.
func writeEscaped(b *strings.Builder, s string, wildcardFollows bool) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case '*', '?':
			b.WriteByte('\\')
		case '\\':
			last := i+1 == len(s)
			if last && wildcardFollows || !last && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\') {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(c)
	}
}
