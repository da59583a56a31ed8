package sigma

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/event"
)

// naive is the language's definition written down as plainly as can be: the oracle that the engine is tested against.
// It shares nothing with the engine but the reading of dates, which the specification leaves open.
func naive(x *Expr, e *event.Event) bool {
	switch x.Op {
	case True:
		return true
	case And:
		for _, k := range x.Kids {
			if !naive(k, e) {
				return false
			}
		}
		return true
	case Or:
		for _, k := range x.Kids {
			if naive(k, e) {
				return true
			}
		}
		return false
	case Not:
		return !naive(x.Kids[0], e)
	case Test:
		return naiveTest(x.Test, e)
	}
	return false
}

func naiveTest(p *Predicate, e *event.Event) bool {
	if p.Field == "" {
		if e.Raw != "" && e.Raw[0] != '{' { // a line of text; of an object, each value is looked at
			return naiveValue(p, event.Value{Kind: event.Text, Raw: e.Raw}, e)
		}
		for _, v := range e.Values {
			if naiveAny(p, v, e) {
				return true
			}
		}
		return false
	}
	v := e.Get(p.Field)
	switch p.Kind {
	case Exists:
		return v.Kind != event.Missing
	case IsNull:
		return v.Kind == event.Missing || v.Kind == event.Null
	}
	return naiveAny(p, v, e)
}

func naiveAny(p *Predicate, v event.Value, e *event.Event) bool {
	for one := range v.Elements() {
		if naiveValue(p, one, e) {
			return true
		}
	}
	return false
}

func naiveValue(p *Predicate, v event.Value, e *event.Event) bool {
	if v.Kind == event.Missing || v.Kind == event.Null {
		return false
	}
	switch p.Kind {
	case Match:
		return naivePattern(p.Pattern, naiveChars(v.String(), !p.Cased), !p.Cased)
	case Regexp:
		return p.Regexp.MatchString(v.String())
	case CIDR:
		a, err := netip.ParseAddr(strings.Trim(v.String(), "[]"))
		return err == nil && (p.Prefix.Contains(a.WithZone("")) || p.Prefix.Contains(a.WithZone("").Unmap()))
	case Compare:
		f, ok := naiveNumber(p, v)
		return ok && p.Cmp.Holds(f, p.Number)
	case RefMatch:
		for other := range e.Get(p.Ref).Elements() {
			if other.Kind != event.Missing && other.Kind != event.Null && naiveRef(p, v.String(), other.String()) {
				return true
			}
		}
	}
	return false
}

func naiveNumber(p *Predicate, v event.Value) (float64, bool) {
	if p.Part == NoPart {
		return v.Float()
	}
	t, ok := dateOf(v.String())
	_, week := t.ISOWeek()
	parts := map[TimePart]int{
		Minute: t.Minute(), Hour: t.Hour(), Day: t.Day(), Week: week, Month: int(t.Month()), Year: t.Year(),
	}
	return float64(parts[p.Part]), ok
}

func naiveRef(p *Predicate, a, b string) bool {
	run := Token{Kind: AnyRun}
	pattern := LiteralPattern(b)
	switch p.RefOp {
	case RefStartsWith:
		pattern = append(pattern, run)
	case RefEndsWith:
		pattern = append(Pattern{run}, pattern...)
	case RefContains:
		pattern = append(append(Pattern{run}, pattern...), run)
	}
	return naivePattern(pattern, naiveChars(a, !p.Cased), !p.Cased)
}

// naiveChars returns the characters of a text, each in lower case where asked; bytes that are no UTF-8 are characters
// of their own, beyond all others.
func naiveChars(s string, lower bool) []rune {
	var out []rune
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			r = unicode.MaxRune + 1 + rune(s[0])
		case lower:
			r = unicode.ToLower(r)
		}
		out = append(out, r)
		s = s[n:]
	}
	return out
}

// naivePattern tells whether the whole text is as the pattern says: reached[i] is whether the pattern up to the
// current token matches the first i characters.
func naivePattern(p Pattern, text []rune, lower bool) bool {
	reached := make([]bool, len(text)+1)
	reached[0] = true
	for _, t := range p {
		next := make([]bool, len(text)+1)
		literal := naiveChars(t.Text, lower)
		for i := range reached {
			if !reached[i] {
				continue
			}
			switch t.Kind {
			case AnyRun:
				for j := i; j <= len(text); j++ {
					next[j] = true
				}
			case AnyOne:
				if i < len(text) {
					next[i+1] = true
				}
			case Literal:
				if len(text)-i >= len(literal) && slices.Equal(text[i:i+len(literal)], literal) {
					next[i+len(literal)] = true
				}
			}
			if t.Kind == AnyRun {
				break
			}
		}
		reached = next
	}
	return reached[len(text)]
}
