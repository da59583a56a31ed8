package store

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-sec/tocsin/query"
)

// lowered is a condition in the engine's language.
type lowered struct {
	text  string // holds for every row that is meant, perhaps for others too; "" holds for all
	exact bool   // holds for no others
}

var (
	everything = lowered{exact: true}
	anything   = lowered{}
	nothing    = lowered{text: "!*", exact: true}
)

// lowering turns conditions into the engine's language.
type lowering struct {
	// scan leaves out the engine's filters that take words in any case: they read the whole column, and more slowly than
	// it is looked through here.
	scan    bool
	spelled func(word string, expression bool) []string // the spellings of a word; nil: not known of any
	used    bool                                        // spelled said something
	plain   bool                                        // no letter beyond ASCII has one of ASCII as its small letter
	columns func(field string) []string                 // the columns that a field may be kept in
	all     func() []string                             // the columns in which a search in any field looks
}

// lower turns a condition, or its opposite, into what the engine can decide of it.
func (l *lowering) lower(e query.Expr, not bool) lowered {
	switch e := e.(type) {
	case *query.And:
		return l.join(e.Of, not, not)
	case *query.Or:
		return l.join(e.Of, not, !not)
	case *query.Not:
		return l.lower(e.Of, !not)
	case *query.Test:
		return l.test(e, not)
	}
	if not {
		return nothing
	}
	return everything
}

// join lowers the parts of an and, or of an or if or is set.
func (l *lowering) join(list []query.Expr, not, or bool) lowered {
	parts := make([]lowered, len(list))
	for i, e := range list {
		parts[i] = l.lower(e, not)
	}
	if or {
		return oneOf(parts)
	}
	return allOf(parts)
}

func allOf(parts []lowered) lowered {
	out := everything
	var texts []string
	for _, p := range parts {
		out.exact = out.exact && p.exact
		if p.text != "" {
			texts = append(texts, p.text)
		}
	}
	if out.text = strings.Join(texts, " "); len(texts) > 1 {
		out.text = "(" + out.text + ")"
	}
	return out
}

func oneOf(parts []lowered) lowered {
	if len(parts) == 0 {
		return nothing
	}
	out := lowered{exact: true}
	var texts []string
	for _, p := range parts {
		out.exact = out.exact && p.exact
		if p.text == "" {
			return lowered{exact: p.exact}
		}
		texts = append(texts, p.text)
	}
	if out.text = strings.Join(texts, " or "); len(texts) > 1 {
		out.text = "(" + out.text + ")"
	}
	return out
}

func (p lowered) opposite() lowered {
	switch {
	case !p.exact:
		return anything
	case p.text == "":
		return nothing
	}
	return lowered{"!(" + p.text + ")", true}
}

func (l *lowering) test(t *query.Test, not bool) lowered {
	x, err := query.NewTester(t)
	if err != nil {
		if not {
			return everything
		}
		return nothing
	}
	names := l.all
	if t.Field != "" {
		names = func() []string { return l.columns(t.Field) }
	}
	if not { // what is added while the search goes on may have spellings that are not known yet
		spelled, plain := l.spelled, l.plain
		l.spelled, l.plain = nil, false
		defer func() { l.spelled, l.plain = spelled, plain }()
	}
	var parts []lowered
	for _, name := range names() {
		switch {
		case name == Time:
			parts = append(parts, lowerTime(t, x))
		case name == "_stream" || name == "_stream_id":
			parts = append(parts, nothing)
		default:
			parts = append(parts, l.column(t, quoteColumn(name)))
		}
	}
	out := oneOf(parts)
	if not {
		return out.opposite()
	}
	return out
}

// quoteColumn writes a column's name and the colon after it. The message has a name of its own.
func quoteColumn(name string) string { return strconv.Quote(name) + ":" }

func lowerTime(t *query.Test, x *query.Tester) lowered {
	if t.Op == query.Exists {
		return everything
	}
	since, until, ok := x.Times()
	if !ok {
		return nothing
	}
	return lowered{text: timeFilter(since, until), exact: true}
}

// timeFilter is the condition that a row's time lies from since to before until; 0 is open.
func timeFilter(since, until int64) string {
	stamp := func(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z") }
	switch {
	case since == 0 && until == 0:
		return ""
	case until == 0:
		return "_time:>=" + stamp(since)
	case since == 0:
		return "_time:<" + stamp(until)
	case since >= until:
		return "!*"
	}
	return "_time:[" + stamp(since) + ", " + stamp(until) + ")"
}

// existsFilter asks for a value. The engine takes * of the message for any row.
func existsFilter(column string) string {
	if column == quoteColumn(Message) {
		return "!" + column + `""`
	}
	return column + "*"
}

// column lowers a test of one column, whose quoted name is given.
func (l *lowering) column(t *query.Test, column string) lowered {
	exists := lowered{text: existsFilter(column)}
	switch t.Op {
	case query.Exists:
		if column == quoteColumn(Message) { // a server's rows without a message have one of a single space
			return lowered{"(" + existsFilter(column) + " !" + column + "=" + strconv.Quote(noMessage) + ")", true}
		}
		return lowered{existsFilter(column), true}
	case query.Exact:
		if t.Text == "" {
			return nothing
		}
		return lowered{column + "=" + strconv.Quote(marked(t.Text)), !numeric(t.Text) || canonical(t.Text)}
	case query.Words, query.Is:
		return l.pattern(t, column)
	case query.Regexp:
		if f := l.demandFilter(column, t.Text); f != "" {
			return lowered{text: f}
		}
	case query.InNet:
		if p, err := netip.ParsePrefix(t.Text); err == nil && p.Addr().Is4() {
			first, last := bounds4(p)
			return lowered{text: "(" + column + "ipv4_range(" + first + ", " + last + ") or " + existsFilter(column) + " !" + column + "ipv4_range(0.0.0.0, 255.255.255.255))"}
		}
	case query.Range:
		return lowerRange(t, column)
	}
	return exists
}

func bounds4(p netip.Prefix) (first, last string) {
	a := p.Masked().Addr().As4()
	b := a
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	return netip.AddrFrom4(a).String(), netip.AddrFrom4(b).String()
}

// lowerRange asks for numbers a little beyond the bounds: the engine reads fractions in another way.
func lowerRange(t *query.Test, column string) lowered {
	low, okLow := query.Number(t.Min)
	high, okHigh := query.Number(t.Max)
	if t.Min != "" && !okLow || t.Max != "" && !okHigh {
		return lowered{text: existsFilter(column)}
	}
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	from, to := "-inf", "inf"
	if okLow {
		from = number(low - max(1, -low, low)*1e-9)
	}
	if okHigh {
		to = number(high + max(1, -high, high)*1e-9)
	}
	return lowered{text: "(" + column + "range[" + from + ", " + to + "] or " + column + "i(\"0x\"*) or " + column + strconv.Quote(mark) + ")"}
}

// numeric tells whether text may be a value that the engine keeps as a number, an address or a time: then it does not
// compare it as text.
func numeric(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && strings.IndexByte(".-:TZ", c) < 0 {
			return false
		}
	}
	return true
}

// canonical tells whether text is a number or an address in the form in which the engine gives it back.
func canonical(s string) bool {
	if u, err := strconv.ParseUint(s, 10, 64); err == nil {
		return strconv.FormatUint(u, 10) == s
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4() && a.String() == s
}

// pattern lowers Words and Is. Case does not matter to them, but the engine's filters of words, which are the only
// ones that need not read the column, know case: so what has no letters is looked for first.
func (l *lowering) pattern(t *query.Test, column string) lowered {
	runs, wild := query.Literals(t.Text)
	if t.Text == "" {
		return nothing
	}
	if !wild && len(runs) == 1 {
		if forms := query.Forms(runs[0].Text); forms != nil {
			return identifier(column, forms, t.Op == query.Is)
		}
	}
	if !wild && t.Op == query.Is {
		text := runs[0].Text
		if !hasCase(text) {
			return lowered{column + "=" + strconv.Quote(marked(text)), !numeric(text) || canonical(text)}
		}
		return lowered{text: orExists(l.wordFilter(column, text, true), column)}
	}
	if !wild {
		return l.phrase(column, runs[0].Text)
	}
	var parts []string
	for _, r := range runs {
		text, open := r.Text, r.OpenEnd
		if t.Op == query.Is && r.OpenEnd && !r.OpenStart || t.Op == query.Words && !r.OpenStart && open {
			if p := l.prefixFilter(column, text); p != "" {
				parts = append(parts, p)
				continue
			}
		}
		if inner := trimPartial(text, r.OpenStart, open); inner != "" {
			if f := l.wordFilter(column, inner, true); f != "" {
				parts = append(parts, f)
			}
		}
	}
	return lowered{text: orExists(strings.Join(parts, " "), column)}
}

func orExists(filter, column string) string {
	if filter == "" {
		return existsFilter(column)
	}
	return filter
}

// phrase lowers whole words.
func (l *lowering) phrase(column, text string) lowered {
	if hasCase(text) {
		if words, exact := l.spelledFilter(column, text, false); exact {
			return lowered{words, true}
		}
	}
	if hasCase(text) && l.scan {
		return lowered{text: orExists(l.wordFilter(column, text, true), column)}
	}
	if hasCase(text) {
		f := column + "i(" + strconv.Quote(text) + ")"
		if isASCII(text) && strings.ContainsAny(text, "kKiI") && !l.plain {
			f += " " + column + "~" + strconv.Quote(foldExpression(text))
		}
		if inner := caseless(text); inner != "" {
			f = phraseFilter(column, inner) + " " + f
		}
		if words, _ := l.spelledFilter(column, text, false); words != "" {
			f = words + " " + f
		}
		return lowered{"(" + f + ")", isASCII(text)}
	}
	inner := trimPunctuation(text)
	if inner == "" {
		return lowered{text: existsFilter(column)}
	}
	return lowered{phraseFilter(column, inner), inner == text && (!numeric(text) || canonical(text))}
}

// phraseFilter asks for whole words as they are. Where the engine keeps a column as signed numbers it finds none within
// a negative one, so that is asked for too.
func phraseFilter(column, text string) string {
	f := column + strconv.Quote(text)
	if _, ok := query.Number(text); ok && text[0] != '-' {
		return "(" + f + " or " + column + "=" + strconv.Quote("-"+text) + ")"
	}
	return f
}

// identifier asks for the forms of an identifier.
func identifier(column string, forms []string, whole bool) lowered {
	parts := make([]lowered, len(forms))
	for i, f := range forms {
		parts[i] = lowered{column + strconv.Quote(f), true}
		if whole {
			parts[i].text = column + "=" + strconv.Quote(f)
		}
	}
	return oneOf(parts)
}

// wordFilter asks for what is certain of a text that stands in the column with no part of a word beside it.
func (l *lowering) wordFilter(column, text string, fold bool) string {
	text = trimPunctuation(text)
	switch {
	case text == "":
		return ""
	case !hasCase(text) || !fold:
		return phraseFilter(column, text)
	}
	f := ""
	if inner := caseless(text); inner != "" {
		f = phraseFilter(column, inner)
	}
	words, _ := l.spelledFilter(column, text, false)
	f = strings.TrimSpace(f + " " + words)
	if !l.scan {
		f = strings.TrimSpace(f + " " + column + "i(" + strconv.Quote(text) + ")")
	}
	return f
}

// prefixFilter asks for words of which the last one begins with the end of text.
func (l *lowering) prefixFilter(column, text string) string {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return !wordRune(r) })
	if text == "" || numeric(text) || l.scan {
		return "" // numbers that the engine keeps as such have no beginning
	}
	return column + "i(" + strconv.Quote(text) + "*)"
}

// caseless returns the longest run of whole words in text that have no letters of two cases, without what stands around
// them; "" if there is none of two characters.
func caseless(text string) string {
	best := ""
	start := -1
	flush := func(end int) {
		if start >= 0 {
			if w := trimPunctuation(text[start:end]); len(w) > len(best) {
				best = w
			}
		}
		start = -1
	}
	wordStart := 0
	for i := 0; i <= len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if i < len(text) && wordRune(r) {
			i += n
			continue
		}
		if hasCase(text[wordStart:i]) {
			flush(wordStart)
		} else if start < 0 {
			start = wordStart
		}
		i += max(n, 1)
		wordStart = min(i, len(text))
	}
	flush(len(text))
	if len(best) < 2 {
		return ""
	}
	return best
}

// trimPartial cuts what may be part of a longer word off the open ends of a text.
func trimPartial(text string, start, end bool) string {
	if start {
		text = strings.TrimLeftFunc(text, wordRune)
	}
	if end {
		text = strings.TrimRightFunc(text, wordRune)
	}
	return text
}

func trimPunctuation(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return !wordRune(r) })
}

// wordRune tells what the engine takes for part of a word.
func wordRune(r rune) bool {
	return r == '_' || r == utf8.RuneError || unicode.IsLetter(r) || unicode.IsDigit(r)
}

func hasCase(s string) bool {
	for _, r := range s {
		if unicode.ToLower(r) != r || unicode.ToUpper(r) != r {
			return true
		}
	}
	return false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
