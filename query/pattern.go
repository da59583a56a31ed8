package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern is a text with wildcards, folded, made ready to be looked for.
type pattern struct {
	parts      []piece // between the stars
	head, tail bool    // a star stands before the first part, after the last
	whole      bool    // the whole value must match
	ascii      bool    // all of it is ASCII
	front      bool    // the text begins with a character of a word, so no such may stand before it
	back       bool    // likewise at its end
}

// piece is a run of characters that stand side by side.
type piece struct {
	text string // folded
	any  []bool // of its characters: any one character does; nil: none
	runs int    // characters
	rare int    // ASCII without wildcards: the place of the byte that is seen least often in logs
}

// newPattern makes a pattern of its text (see Test.Text).
func newPattern(text string, whole bool) *pattern {
	p := &pattern{whole: whole, ascii: true}
	var cur piece
	var b strings.Builder
	first, last := rune(-1), rune(-1)
	flush := func() {
		if cur.runs > 0 {
			cur.text = b.String()
			cur.rare = rarest(cur.text)
			p.parts = append(p.parts, cur)
		}
		cur = piece{}
		b.Reset()
	}
	literal := func(r rune, wild bool) {
		if wild || cur.any != nil {
			if cur.any == nil {
				cur.any = make([]bool, cur.runs, cur.runs+8)
			}
			cur.any = append(cur.any, wild)
		}
		b.WriteRune(r)
		cur.runs++
		p.tail = false
		if r >= utf8.RuneSelf {
			p.ascii = false
		}
		if wild {
			r = ' ' // no word begins or ends with it
		}
		if first < 0 {
			first = r
		}
		last = r
	}
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			escaped = false
			literal(fold(r), false)
		case r == '\\':
			escaped = true
		case r == '*':
			flush()
			p.head = p.head || len(p.parts) == 0
			p.tail = true
		case r == '?':
			literal('?', true)
		default:
			literal(fold(r), false)
		}
	}
	flush()
	p.front = !p.head && first >= 0 && isWord(first)
	p.back = !p.tail && last >= 0 && isWord(last)
	return p
}

// fold brings a character to lower case. ASCII letters are made of ASCII letters only.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	if l := unicode.ToLower(r); l >= utf8.RuneSelf {
		return l
	}
	return r
}

// isWord tells whether a character belongs to a word. What is no UTF-8 does, so that half of a character ends none.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
	}
	return r == utf8.RuneError || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// match tells whether the pattern describes v.
func (p *pattern) match(v string) bool {
	if len(p.parts) == 0 {
		return (v != "") == (p.head || p.tail)
	}
	if p.whole {
		return p.matchWhole(v)
	}
	first := &p.parts[0]
	for at := 0; at <= len(v); {
		i, n := first.find(v, at, p.ascii)
		if i < 0 {
			return false
		}
		if p.front && wordBefore(v, i) {
			at = i + step(v, i)
			continue
		}
		if len(p.parts) == 1 {
			if !p.back || !wordAfter(v, i+n) {
				return true
			}
			at = i + step(v, i)
			continue
		}
		return p.rest(v, i+n)
	}
	return false
}

// rest tells whether the parts after the first follow from a place on: each where it comes first, the last one where
// the word ends.
func (p *pattern) rest(v string, at int) bool {
	for k := 1; k < len(p.parts); k++ {
		part := &p.parts[k]
		for {
			i, n := part.find(v, at, p.ascii)
			if i < 0 {
				return false
			}
			if k == len(p.parts)-1 && p.back && wordAfter(v, i+n) {
				at = i + step(v, i)
				continue
			}
			at = i + n
			break
		}
	}
	return true
}

func (p *pattern) matchWhole(v string) bool {
	at := 0
	parts := p.parts
	if !p.head {
		n := parts[0].here(v, p.ascii)
		if n < 0 {
			return false
		}
		at, parts = n, parts[1:]
		if len(parts) == 0 {
			return p.tail || at == len(v)
		}
	}
	var last *piece
	if !p.tail {
		last, parts = &parts[len(parts)-1], parts[:len(parts)-1]
	}
	for k := range parts {
		i, n := parts[k].find(v, at, p.ascii)
		if i < 0 {
			return false
		}
		at = i + n
	}
	return last == nil || last.atEnd(v, at, p.ascii)
}

// atEnd tells whether v ends with the piece, from at on at the earliest.
func (c *piece) atEnd(v string, at int, ascii bool) bool {
	i := len(v)
	for range c.runs {
		if i <= at {
			return false
		}
		if v[i-1] < utf8.RuneSelf {
			i--
			continue
		}
		_, n := utf8.DecodeLastRuneInString(v[:i])
		i -= n
	}
	return i >= at && c.here(v[i:], ascii) == len(v)-i
}

// here returns how many bytes of v the piece takes at its start, -1 if it does not stand there.
func (c *piece) here(v string, ascii bool) int {
	if ascii && c.any == nil {
		if len(v) < len(c.text) || !equalFoldASCII(v[:len(c.text)], c.text) {
			return -1
		}
		return len(c.text)
	}
	i, k := 0, 0
	for _, want := range c.text {
		if i >= len(v) {
			return -1
		}
		r, n := rune(v[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(v[i:])
		}
		if (c.any == nil || !c.any[k]) && fold(r) != want {
			return -1
		}
		i += n
		k++
	}
	return i
}

// find returns where the piece first stands in v from at on, and how many bytes it takes there; -1 if nowhere.
func (c *piece) find(v string, at int, ascii bool) (int, int) {
	if ascii && c.any == nil {
		if i := indexFoldASCII(v[at:], c.text, c.rare); i >= 0 {
			return at + i, len(c.text)
		}
		return -1, 0
	}
	for i := at; i < len(v); i += step(v, i) {
		if n := c.here(v[i:], ascii); n >= 0 {
			return i, n
		}
	}
	return -1, 0
}

// step is the bytes of the character at a place; 1 at the end.
func step(v string, i int) int {
	if i >= len(v) || v[i] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(v[i:])
	return n
}

func wordBefore(v string, i int) bool {
	if i == 0 {
		return false
	}
	r := rune(v[i-1])
	if r >= utf8.RuneSelf {
		r, _ = utf8.DecodeLastRuneInString(v[:i])
	}
	return isWord(r)
}

func wordAfter(v string, i int) bool {
	if i >= len(v) {
		return false
	}
	r := rune(v[i])
	if r >= utf8.RuneSelf {
		r, _ = utf8.DecodeRuneInString(v[i:])
	}
	return isWord(r)
}
