package query

import "strings"

// token is a piece of text as it was typed: the inside of quotes, or a bare word.
type token struct {
	raw    string
	quote  byte // 0: bare
	offset int  // of the first byte, the quote's where there is one
	end    int  // after the last byte
}

// windows tells whether backslashes are typed plainly, as in paths: where one stands before a letter or digit and is
// itself not escaped. Then only one before the closing quote is an escape.
func (t token) windows() bool {
	for i := 0; i < len(t.raw); i++ {
		if t.raw[i] != '\\' {
			continue
		}
		if i+1 == len(t.raw) {
			return true
		}
		if n := t.raw[i+1]; n != '\\' && !t.special(n) {
			return true
		}
		i++
	}
	return false
}

// special tells whether a backslash before c makes it stand for itself.
func (t token) special(c byte) bool {
	if c == '*' || c == '?' {
		return true
	}
	if t.quote != 0 {
		return c == t.quote
	}
	return strings.IndexByte(" ()|\"':=<>!~,`", c) >= 0
}

// pattern returns the text as Words and Is take it: wildcards as typed, every other backslash escaped.
func (t token) pattern() string {
	if strings.IndexByte(t.raw, '\\') < 0 {
		return t.raw
	}
	var b strings.Builder
	plain := t.windows()
	for i := 0; i < len(t.raw); i++ {
		c := t.raw[i]
		if c != '\\' {
			b.WriteByte(c)
			continue
		}
		next := byte(0)
		if i+1 < len(t.raw) {
			next = t.raw[i+1]
		}
		switch {
		case next == '\\' && !plain:
			b.WriteString(`\\`)
			i++
		case (next == '*' || next == '?') && !plain:
			b.WriteString(`\` + string(next))
			i++
		case next != 0 && next != '*' && next != '?' && t.special(next):
			b.WriteByte(next)
			i++
		default:
			b.WriteString(`\\`)
		}
	}
	return b.String()
}

// literal returns the text without wildcards: every character stands for itself.
func (t token) literal() string {
	if strings.IndexByte(t.raw, '\\') < 0 {
		return t.raw
	}
	var b strings.Builder
	plain := t.windows()
	for i := 0; i < len(t.raw); i++ {
		c := t.raw[i]
		if c == '\\' && i+1 < len(t.raw) {
			next := t.raw[i+1]
			if next == '\\' && !plain || next != '*' && next != '?' && t.special(next) {
				c = next
				i++
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// quotePattern writes a pattern so that token.pattern returns it again.
func quotePattern(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			i++
			if c = s[i]; c == '*' || c == '?' || c == '\\' {
				b.WriteByte('\\')
			}
		}
		if c == '"' {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	b.WriteByte('"')
	return b.String()
}

// quoteLiteral writes text so that token.literal returns it again.
func quoteLiteral(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// EscapePattern returns the pattern that describes text itself, wildcards and all.
func EscapePattern(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(text)
}
