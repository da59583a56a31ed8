package query

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// Run is a run of characters of a pattern between its wildcards.
type Run struct {
	Text               string
	OpenStart, OpenEnd bool // a wildcard stands before it, after it
}

// Literals returns the runs of characters that a value must have to match a pattern (see Test.Text), in order, and
// whether it has wildcards. Without wildcards there is one run.
func Literals(pattern string) (runs []Run, wild bool) {
	var b strings.Builder
	cur := Run{}
	flush := func(open bool) {
		if b.Len() > 0 || !open && !wild {
			cur.Text, cur.OpenEnd = b.String(), open
			runs = append(runs, cur)
			b.Reset()
		}
		cur = Run{OpenStart: true}
	}
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			escaped = false
			b.WriteRune(r)
		case r == '\\':
			escaped = true
		case r == '*' || r == '?':
			wild = true
			flush(true)
		default:
			b.WriteRune(r)
		}
	}
	flush(false)
	return runs, wild
}

// Demand is text that whatever a regular expression matches must hold.
type Demand struct {
	Text string
	Fold bool // in any case
	Open bool // its last word may go on; else no part of a word stands beside it
}

// Whole is the demand without the word at its end that may go on; its Text may be "".
func (d Demand) Whole() Demand {
	if d.Open {
		d.Text, d.Open = trimPunctuation(strings.TrimRightFunc(d.Text, isWord)), false
	}
	return d
}

// Demands returns texts that a value must hold to match a regular expression, with no part of a word before them, the
// longest first.
func Demands(expression string) []Demand {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	var list []Demand
	demands(re.Simplify(), func(d Demand) {
		text := trimPunctuation(strings.TrimLeftFunc(d.Text, isWord)) // what begins it may be part of a longer word
		if text == "" {
			return
		}
		d.Open = strings.HasSuffix(d.Text, text)
		d.Text = text
		list = append(list, d)
	})
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && len(list[j].Text) > len(list[j-1].Text); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}

func trimPunctuation(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return !isWord(r) })
}

// demands tells the literal texts that every match has.
func demands(re *syntax.Regexp, tell func(Demand)) {
	switch re.Op {
	case syntax.OpLiteral:
		tell(Demand{Text: string(re.Rune), Fold: re.Flags&syntax.FoldCase != 0})
	case syntax.OpCapture, syntax.OpPlus:
		demands(re.Sub[0], tell)
	case syntax.OpRepeat:
		if re.Min > 0 {
			demands(re.Sub[0], tell)
		}
	case syntax.OpConcat:
		for _, s := range re.Sub {
			demands(s, tell)
		}
	}
}

// demanded returns the pattern of all texts that every match of a regular expression has, in the order in which they
// stand; nil if there is none that is worth looking for. With beyond, characters beyond ASCII may stand for some of its
// letters: see foldsToASCII.
func demanded(expression string) (p *pattern, beyond bool) {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, false
	}
	text, longest := "*", 0
	demands(re.Simplify(), func(d Demand) {
		if plain(d.Text) {
			text += EscapePattern(d.Text) + "*"
			longest = max(longest, len(d.Text))
			beyond = beyond || d.Fold && strings.ContainsAny(d.Text, "kKsS")
		}
	})
	if longest < 2 {
		return nil, false
	}
	return newPattern(text, false), beyond
}

// head is the text that every match of a regular expression begins with. An expression in any case is tried at every
// character of a value otherwise.
type head struct {
	text string // ASCII; folded where case does not matter
	fold bool
	rare int            // see piece
	re   *regexp.Regexp // the expression, from the text on
	all  *regexp.Regexp // the expression
}

// headTries bounds how often an expression is tried by itself in one value: each may take as long as the value.
const headTries = 4

// headOf returns the head of an expression; nil if there is none that is worth looking for.
func headOf(expression string, all *regexp.Regexp) *head {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	for re = re.Simplify(); re.Op == syntax.OpConcat || re.Op == syntax.OpCapture; {
		re = re.Sub[0]
	}
	text := string(re.Rune)
	if re.Op != syntax.OpLiteral || len(text) < 2 || !plain(text) {
		return nil
	}
	h := &head{text: text, fold: re.Flags&syntax.FoldCase != 0, all: all}
	if h.fold {
		h.text = strings.ToLower(text)
		h.rare = rarest(h.text)
	}
	if h.re, err = regexp.Compile(`\A(?:` + expression + `)`); err != nil {
		return nil // it is as large as an expression may be
	}
	return h
}

// match tells whether the expression matches somewhere in v, in which no character beyond ASCII stands for one of the head.
func (h *head) match(v string) bool {
	at := 0
	for range headTries {
		i := -1
		if h.fold {
			i = indexFoldASCII(v[at:], h.text, h.rare)
		} else {
			i = strings.Index(v[at:], h.text)
		}
		if i < 0 {
			return false
		}
		if at += i; h.re.MatchString(v[at:]) {
			return true
		}
		at++
	}
	return h.all.MatchString(v[at:]) // nothing before it matters, as the head is text
}
