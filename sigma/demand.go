package sigma

import (
	"bytes"
	"regexp/syntax"
	"strings"
)

// demand is what every text that a regular expression matches has: so many bytes, and some characters of ASCII that have
// no case. To look for these takes less than to run an automaton, and most texts lack them.
type demand struct {
	length int
	marks  []byte // the rarest of them, at most maxMarks
}

const (
	maxMarks  = 2
	maxLength = 1 << 20 // a longer text is demanded by no expression that can be compiled
)

// rarest are the characters that a demand may name, the rarest in logs first.
const rarest = "`^~\x00\x01\x02\t\n\r{}@#!|[]*$<>+;%?&'=(),\"_/:-\\. 9876543210"

// newDemand works out what an expression demands.
func newDemand(re *syntax.Regexp) demand {
	length, set := demanded(re, 0)
	d := demand{length: length}
	for i := 0; i < len(rarest) && len(d.marks) < maxMarks; i++ {
		if set.has(rarest[i]) {
			d.marks = append(d.marks, rarest[i])
		}
	}
	return d
}

// met is false only where the expression does not match in text.
func (d *demand) met(text []byte) bool {
	if len(text) < d.length {
		return false
	}
	for _, c := range d.marks {
		if bytes.IndexByte(text, c) < 0 {
			return false
		}
	}
	return true
}

// asciiSet is a set of characters of ASCII.
type asciiSet [2]uint64

func (s asciiSet) has(c byte) bool { return s[c>>6&1]>>(c&63)&1 != 0 }

// demanded returns how many bytes every match of re has at least, and characters that stand in it. Each character counts
// as one byte: what is no UTF-8 is matched byte by byte.
func demanded(re *syntax.Regexp, depth int) (length int, set asciiSet) {
	if depth > 50 {
		return 0, set
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r < 0x80 && strings.IndexByte(rarest, byte(r)) >= 0 {
				set[r>>6] |= 1 << (r & 63)
			}
		}
		return len(re.Rune), set
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, set
	case syntax.OpCapture, syntax.OpPlus:
		return demanded(re.Sub[0], depth+1)
	case syntax.OpRepeat:
		if re.Min > 0 {
			length, set = demanded(re.Sub[0], depth+1)
			return min(length*re.Min, maxLength), set
		}
	case syntax.OpConcat:
		for _, s := range re.Sub {
			n, in := demanded(s, depth+1)
			length = min(length+n, maxLength)
			set[0], set[1] = set[0]|in[0], set[1]|in[1]
		}
		return length, set
	case syntax.OpAlternate:
		for i, s := range re.Sub {
			n, in := demanded(s, depth+1)
			if i == 0 {
				length, set = n, in
				continue
			}
			length = min(length, n)
			set[0], set[1] = set[0]&in[0], set[1]&in[1]
		}
		return length, set
	}
	return 0, set
}
