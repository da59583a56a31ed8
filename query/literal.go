package query

import (
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
}

// Demands returns texts that a value must hold as a whole, with no part of a word beside them, to match a regular
// expression, the longest first.
func Demands(expression string) []Demand {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	var list []Demand
	demands(re.Simplify(), func(d Demand) {
		text := cutPartial(d.Text)
		if text == "" {
			return
		}
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

// cutPartial cuts off the words at both ends, which may be parts of longer ones, and what is no word after that.
func cutPartial(s string) string {
	s = strings.TrimFunc(s, isWord)
	return strings.TrimFunc(s, func(r rune) bool { return !isWord(r) })
}

// demands tells the literal texts that every match has.
func demands(re *syntax.Regexp, tell func(Demand)) {
	switch re.Op {
	case syntax.OpLiteral:
		tell(Demand{string(re.Rune), re.Flags&syntax.FoldCase != 0})
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
// stand; nil if there is none that is worth looking for.
func demanded(expression string) *pattern {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	text, longest := "*", 0
	demands(re.Simplify(), func(d Demand) {
		if plain(d.Text) {
			text += EscapePattern(d.Text) + "*"
			longest = max(longest, len(d.Text))
		}
	})
	if longest < 2 {
		return nil
	}
	return newPattern(text, false)
}
