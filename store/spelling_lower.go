package store

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-sec/tocsin/query"
)

// Bounds of what is asked for at once.
const (
	maxForms    = 6   // words of one text
	maxPhrases  = 256 // spellings of one phrase
	maxPhrases1 = 32  // of one that is looked for in every column
)

// spelledFilter asks for a text in the spellings in which its words come; exact tells that it describes no other. The text
// stands in the column with no part of a word beside it. Where there are too many of them, it asks for the words one by one;
// it is "" where nothing is known of any.
func (l *lowering) spelledFilter(column, text string, expression bool) (filter string, exact bool) {
	if l.spelled == nil {
		return "", false
	}
	if list := l.spelledPhrases(text, expression); list != nil {
		l.used = true
		return containsAny(column, list), isASCII(text)
	}
	var words []string
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return !wordRune(r) }) {
		if isASCII(w) && hasCase(w) && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return rareness(b) - rareness(a) })
	var parts []string
	for _, w := range words {
		if forms := l.spelled(w, expression); forms != nil && len(parts) < maxForms {
			parts = append(parts, containsAny(column, forms))
			l.used = true
		}
	}
	return strings.Join(parts, " "), false
}

// spelledPhrases returns all spellings of a text of words in any case; nil where one of them is not known, or where there
// are too many.
func (l *lowering) spelledPhrases(text string, expression bool) []string {
	limit := maxPhrases
	if !l.scan {
		limit = maxPhrases1
	}
	list := []string{""}
	for len(text) > 0 {
		n := strings.IndexFunc(text, wordRune)
		if n < 0 {
			n = len(text)
		}
		size := strings.IndexFunc(text[n:], func(r rune) bool { return !wordRune(r) })
		if size < 0 {
			size = len(text) - n
		}
		forms := []string{text[n : n+size]}
		if hasCase(forms[0]) {
			if forms = l.spelled(forms[0], expression); forms == nil {
				return nil
			}
		}
		if len(list)*len(forms) > limit {
			return nil
		}
		next := make([]string, 0, len(list)*len(forms))
		for _, p := range list {
			for _, f := range forms {
				next = append(next, p+text[:n]+f)
			}
		}
		list, text = next, text[n+size:]
	}
	return list
}

func containsAny(column string, texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = strconv.Quote(t)
	}
	return column + "contains_any(" + strings.Join(quoted, ",") + ")"
}

// foldExpression is a regular expression for text of ASCII in any case, with no part of a word beside it. The engine takes
// two letters beyond ASCII (U+0130, U+212A) for capitals of i and k, which they are not here.
func foldExpression(text string) string {
	const apart = `[^\pL\p{Nd}_\x{FFFD}]`
	var b strings.Builder
	if isWordByte(text[0]) {
		b.WriteString("(?:^|" + apart + ")")
	}
	for i := range len(text) {
		switch c := text[i] | 0x20; {
		case c >= 'a' && c <= 'z':
			b.WriteString("[" + string(c) + string(c-0x20) + "]")
		default:
			b.WriteString(regexp.QuoteMeta(text[i : i+1]))
		}
	}
	if isWordByte(text[len(text)-1]) {
		b.WriteString("(?:$|" + apart + ")")
	}
	return b.String()
}

func isWordByte(c byte) bool { return byteKinds[c] != apart }

// rareness puts words in an order in which those come first that few rows have, as a guess: names with numbers, long ones.
func rareness(w string) int {
	if strings.ContainsAny(w, "0123456789") {
		return maxWord + len(w)
	}
	return len(w)
}

// demandFilter asks for what every match of a regular expression has, for whole words first: by their words alone, most
// blocks need not be read.
func (l *lowering) demandFilter(column, expression string) string {
	const most = 4
	var parts, open []string
	for _, d := range query.Demands(expression) {
		if f := l.openFilter(column, d); f != "" {
			open = append(open, f)
			continue
		}
		if d = d.Whole(); d.Text == "" {
			continue
		}
		if f := l.wholeFilter(column, d); f != "" {
			parts = append(parts, f)
		}
	}
	parts = append(parts[:min(len(parts), most)], open...)
	return strings.Join(parts[:min(len(parts), most)], " ")
}

// wholeFilter asks for a text that stands in the column with no part of a word beside it.
func (l *lowering) wholeFilter(column string, d query.Demand) string {
	if !d.Fold || !hasCase(d.Text) {
		return l.wordFilter(column, d.Text, false)
	}
	f := ""
	if inner := caseless(d.Text); inner != "" {
		f = phraseFilter(column, inner)
	}
	words, _ := l.spelledFilter(column, d.Text, true)
	return strings.TrimSpace(f + " " + words)
}

// maxOpen bounds the spellings of a text whose last word may go on: each is looked for by itself.
const maxOpen = 8

// openFilter asks for a text whose last word may go on; "" where it cannot, or where nothing is gained, as the engine's index
// knows whole words only.
func (l *lowering) openFilter(column string, d query.Demand) string {
	whole := strings.TrimRightFunc(d.Text, wordRune)
	if !d.Open || whole == "" || !isASCII(d.Text) || numeric(d.Text) {
		return ""
	}
	list, last := []string{whole}, d.Text[len(whole):]
	if d.Fold {
		if hasCase(last) || l.spelled == nil && hasCase(whole) {
			return ""
		}
		if list = l.spelledPhrases(whole, true); list == nil || len(list) > maxOpen {
			return ""
		}
		l.used = l.used || hasCase(whole)
	}
	parts := make([]lowered, len(list))
	for i, t := range list {
		parts[i] = lowered{text: column + strconv.Quote(t+last) + "*"}
	}
	return oneOf(parts).text
}

// spelledBy has the engine look for words in the spellings in which they come, where its store knows them, and by reading
// in rows of which it does not.
func (s *search) spelledBy(l *lowering) {
	e, ok := s.engine.(*Embedded)
	if !ok {
		return
	}
	l.spelled, l.plain = e.spellings.forms, e.spellings.plain()
	f := l.lower(s.where, false)
	doubt := e.spellings.doubt()
	if f.text == "" || !l.used && doubt != "" {
		return
	}
	if doubt != "" {
		if doubt == "*" {
			return
		}
		both := lowered{exact: f.exact && s.filter.exact, text: doubt}
		if s.filter.text != "" {
			both.text = "(" + doubt + " " + s.filter.text + ")"
		}
		f = lowered{text: "(!" + doubt + " " + f.text + " or " + both.text + ")", exact: both.exact}
	}
	s.filter = f
}

// idBelow and idFrom are the engine's conditions for rows of frames below a number, and from it on. It compares with the
// precision of a float64, so the bound itself is within both.
func idBelow(seq uint64) string { return fmt.Sprintf("%s:<=%d", ID, idNumber(seq, 0)) }

func idFrom(seq uint64) string { return fmt.Sprintf("%s:>=%d", ID, idNumber(seq, 0)) }
