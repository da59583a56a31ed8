package sigma

import "slices"

// words is an Or of many plain texts of one field, made ready for explanations: which of them stand in a value is found
// in one pass.
type words struct {
	field string
	index *literals // its ids are places in Or's children
}

// minWords is how many children an Or has for which a words is made.
const minWords = 8

// wordsOf returns the words of an Or, nil where it is of other tests too.
func (m *Matcher) wordsOf(e *Expr) *words {
	w, ok := m.words[e]
	if !ok {
		w = newWords(e)
		m.words[e] = w
	}
	return w
}

func newWords(e *Expr) *words {
	lits := make([]literal, len(e.Kids))
	for i, k := range e.Kids {
		if k.Op != Test || k.Test.Kind != Match || k.Test.Cased || k.Test.Field != e.Kids[0].Test.Field {
			return nil
		}
		text, where, plain := plainLiteral(k.Test.Pattern.folded())
		if !plain {
			return nil
		}
		lits[i] = literal{text, where, int32(i)}
	}
	return &words{e.Kids[0].Test.Field, buildLiterals(lits)}
}

// words keeps the reasons of an Or, in the order of its children; of each, the first text that passes.
func (x *explainer) words(e *Expr, w *words, place int32) bool {
	m := x.matcher
	run := m.folded(place)
	var found []wordFound
	for i, s := range m.spans[run.from:run.to] {
		m.ids = w.index.find(m.buf[s.from:s.to], m.ids[:0])
		if x.quiet && len(m.ids) > 0 {
			return true
		}
		for _, id := range m.ids {
			found = append(found, wordFound{id, i})
		}
	}
	slices.SortFunc(found, wordFound.compare)
	last := int32(-1)
	for _, f := range found {
		if f.kid == last {
			continue
		}
		last = f.kid
		s := m.spans[int(run.from)+f.text]
		x.passed(e.Kids[f.kid].Test, x.fieldOf(w.field), place, f.text, m.buf[s.from:s.to])
	}
	return len(found) > 0
}

// wordFound is a child of an Or and the number of a text that passes it.
type wordFound struct {
	kid  int32
	text int
}

func (f wordFound) compare(g wordFound) int {
	if f.kid != g.kid {
		return int(f.kid - g.kid)
	}
	return f.text - g.text
}
