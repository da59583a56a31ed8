package intel

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokWord
	tokString
	tokInt
	tokFloat
	tokHex
	tokBinary
	tokTime
	tokMark // ( ) [ ] : . , * = == != <> < <= > >=
)

type token struct {
	kind tokenKind
	at   int
	text string // a word or a mark as written, a number, or what a string means
	raw  []byte // of h'' and b''
	time time.Time
}

// patternLexer cuts a pattern into tokens.
type patternLexer struct {
	text    string
	at      int
	version Version
}

func (l *patternLexer) fail(at int, format string, args ...any) error {
	return &PatternError{at, fmt.Sprintf(format, args...)}
}

// next returns the next token.
func (l *patternLexer) next() (token, error) {
	if err := l.space(); err != nil {
		return token{}, err
	}
	t := token{at: l.at}
	if l.at >= len(l.text) {
		return t, nil
	}
	c := l.text[l.at]
	rest := l.text[l.at:]
	switch {
	case c == '\'':
		return l.quoted(tokString, 0)
	case len(rest) > 1 && rest[1] == '\'' && strings.IndexByte("thb", c) >= 0:
		return l.quoted(map[byte]tokenKind{'t': tokTime, 'h': tokHex, 'b': tokBinary}[c], 1)
	case isDigit(c) || (c == '-' || c == '+' || c == '.') && len(rest) > 1 && (isDigit(rest[1]) || rest[1] == '.' && c != '.'):
		return l.number()
	case isLetter(c):
		end := 1
		for end < len(rest) && (isLetter(rest[end]) || isDigit(rest[end]) || rest[end] == '-') {
			end++
		}
		t.kind, t.text = tokWord, rest[:end]
		l.at += end
		return t, nil
	}
	for _, m := range []string{"==", "!=", "<>", "<=", ">="} {
		if strings.HasPrefix(rest, m) {
			t.kind, t.text = tokMark, m
			l.at += 2
			return t, nil
		}
	}
	if strings.IndexByte("()[]:.,*=<>", c) >= 0 {
		t.kind, t.text = tokMark, rest[:1]
		l.at++
		return t, nil
	}
	return t, l.fail(l.at, "%q has no meaning here", []rune(rest)[0])
}

// space goes over white space and comments.
func (l *patternLexer) space() error {
	for l.at < len(l.text) {
		rest := l.text[l.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f\v", rest[0]) >= 0:
			l.at++
		case strings.HasPrefix(rest, "\u00a0"):
			l.at += 2
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return l.fail(l.at, "the comment has no end")
			}
			l.at += end + 4
		case strings.HasPrefix(rest, "//"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest) - 1
			}
			l.at += end + 1
		default:
			return nil
		}
	}
	return nil
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

// number reads an integer or a float: digits may lack before the point, not after it.
func (l *patternLexer) number() (token, error) {
	t := token{kind: tokInt, at: l.at}
	end := l.at
	if c := l.text[end]; c == '-' || c == '+' {
		end++
	}
	digits := end
	for end < len(l.text) && isDigit(l.text[end]) {
		end++
	}
	if end-digits > 1 && l.text[digits] == '0' && l.version != AnyVersion {
		return t, l.fail(l.at, "a number does not begin with 0")
	}
	if end+1 < len(l.text) && l.text[end] == '.' && isDigit(l.text[end+1]) {
		t.kind = tokFloat
		for end++; end < len(l.text) && isDigit(l.text[end]); end++ {
		}
	} else if end == digits {
		return t, l.fail(l.at, "a sign without a number")
	}
	if end < len(l.text) && isLetter(l.text[end]) {
		return t, l.fail(end, "a number ends before a letter")
	}
	t.text = l.text[l.at:end]
	l.at = end
	return t, nil
}

// quoted reads what stands in quotes after a prefix.
func (l *patternLexer) quoted(kind tokenKind, prefix int) (token, error) {
	t := token{kind: kind, at: l.at}
	i := l.at + prefix + 1
	start := i
	var b []byte // where there are escapes
	for ; ; i++ {
		if i >= len(l.text) {
			return t, l.fail(l.at, "the quote has no end")
		}
		c := l.text[i]
		if c == '\'' {
			break
		}
		if c == '\\' && kind == tokString {
			if b == nil {
				b = append(b, l.text[start:i]...)
			}
			if i+1 < len(l.text) && (l.text[i+1] == '\'' || l.text[i+1] == '\\') {
				i++
			} else if l.version != AnyVersion {
				return t, l.fail(i, `a backslash stands only before ' and \`)
			}
			b = append(b, l.text[i])
			continue
		}
		if b != nil {
			b = append(b, c)
		}
	}
	t.text = l.text[start:i]
	if b != nil {
		t.text = string(b)
	}
	l.at = i + 1
	return t, l.decode(&t)
}

// decode reads the inside of a literal that has a prefix.
func (l *patternLexer) decode(t *token) (err error) {
	switch t.kind {
	case tokHex:
		t.raw, err = hex.DecodeString(t.text)
	case tokBinary:
		t.raw, err = base64.StdEncoding.Strict().DecodeString(t.text)
	case tokTime:
		t.time, err = stixTime(t.text)
	}
	if err != nil {
		return l.fail(t.at, "%v", err)
	}
	return nil
}

// stixTime reads a timestamp: RFC 3339 in UTC, with T and Z in capitals (STIX 2.1 §2.16).
func stixTime(s string) (time.Time, error) {
	if len(s) >= 20 && s[10] == 'T' && s[len(s)-1] == 'Z' && !strings.Contains(s, ",") {
		if t, err := time.Parse("2006-01-02T15:04:05Z", s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no timestamp such as 2026-01-31T12:00:00Z", clip(s))
}

// clipTo shortens a text to so many bytes, at the bound of a character.
func clipTo(s string, most int) string { return strings.ToValidUTF8(s[:min(len(s), most)], "") }

// clip shortens a text for a message.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
