package sigma

import (
	"bytes"
	"unicode/utf8"
)

// wild is a Pattern made ready to match.
type wild []wildToken

type wildToken struct {
	kind TokenKind
	text []byte // of Literal
}

func newWild(p Pattern) wild {
	w := make(wild, len(p))
	for i, t := range p {
		w[i] = wildToken{t.Kind, []byte(t.Text)}
	}
	return w
}

// match tells whether the whole of s is as the pattern says. At worst it takes time proportional to the product of the
// lengths of both; it remembers only the last AnyRun, since an earlier one never needs to be tried again.
func (w wild) match(s []byte) bool {
	i, at := 0, 0
	star, resume := -1, 0
	for {
		if i == len(w) {
			if at == len(s) {
				return true
			}
		} else if t := &w[i]; t.kind == AnyRun {
			if i == len(w)-1 {
				return true
			}
			star, resume = i, at
			i++
			continue
		} else if n := t.length(s[at:]); n >= 0 {
			i, at = i+1, at+n
			continue
		}
		if star < 0 || resume >= len(s) {
			return false
		}
		if i = star + 1; i < len(w) && w[i].kind == Literal { // skip to where it can go on
			n := bytes.Index(s[resume+1:], w[i].text)
			if n < 0 {
				return false
			}
			resume += 1 + n
		} else {
			_, n := utf8.DecodeRune(s[resume:])
			resume += n
		}
		at = resume
	}
}

// length returns how many bytes at the start of s the token takes, -1 where it does not fit.
func (t *wildToken) length(s []byte) int {
	if t.kind == Literal {
		if bytes.HasPrefix(s, t.text) {
			return len(t.text)
		}
		return -1
	}
	if len(s) == 0 {
		return -1
	}
	_, n := utf8.DecodeRune(s)
	return n
}
