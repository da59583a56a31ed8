package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/query"
)

// maxForms bounds how many words of one text are asked for.
const maxForms = 6

// spelledFilter asks for the words of a text in the spellings in which they come; "" where that is not known of any. The
// text stands in the column with no part of a word beside it.
func (l *lowering) spelledFilter(column, text string, regexp bool) string {
	if l.spelled == nil {
		return ""
	}
	var words []string
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return !wordRune(r) }) {
		if isASCII(w) && hasCase(w) && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) }) // long words are rare
	var parts []string
	for _, w := range words {
		if forms := l.spelled(w, regexp); forms != nil && len(parts) < maxForms {
			quoted := make([]string, len(forms))
			for i, f := range forms {
				quoted[i] = strconv.Quote(f)
			}
			parts = append(parts, column+"contains_any("+strings.Join(quoted, ",")+")")
			l.used = true
		}
	}
	return strings.Join(parts, " ")
}

// demandFilter asks for what every match of a regular expression has.
func (l *lowering) demandFilter(column, expression string) string {
	var parts []string
	for _, d := range query.Demands(expression) {
		f := ""
		if d.Fold && hasCase(d.Text) {
			if inner := caseless(d.Text); inner != "" {
				f = phraseFilter(column, inner)
			}
			f = strings.TrimSpace(f + " " + l.spelledFilter(column, d.Text, true))
		} else {
			f = l.wordFilter(column, d.Text, false)
		}
		if f != "" && len(parts) < 4 {
			parts = append(parts, f)
		}
	}
	return strings.Join(parts, " ")
}

// spelledBy has the engine look for words in the spellings in which they come, where its store knows them, and by reading
// in rows of which it does not.
func (s *search) spelledBy(l *lowering) {
	e, ok := s.engine.(*Embedded)
	if !ok {
		return
	}
	l.spelled = e.spellings.forms
	f := l.lower(s.where, false)
	if !l.used || f.text == "" {
		return
	}
	if doubt := e.spellings.doubt(); doubt != "" {
		if doubt == "*" {
			return
		}
		both := lowered{exact: f.exact && s.filter.exact, text: doubt}
		if s.filter.text != "" {
			both.text = "(" + doubt + " " + s.filter.text + ")"
		}
		f = lowered{text: "(" + f.text + " or " + both.text + ")", exact: both.exact}
	}
	s.filter = f
}

// idBelow and idFrom are the engine's conditions for rows of frames below a number, and from it on. It compares with the
// precision of a float64, so the bound itself is within both.
func idBelow(seq uint64) string { return fmt.Sprintf("%s:<=%d", ID, idNumber(seq, 0)) }

func idFrom(seq uint64) string { return fmt.Sprintf("%s:>=%d", ID, idNumber(seq, 0)) }
