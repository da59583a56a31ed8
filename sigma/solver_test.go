package sigma

import (
	"fmt"
	"iter"
	"net/netip"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/tocsin-sec/tocsin/event"
)

// solver looks for an event that a tree of tests describes: it goes through the tree, decides which tests are to pass
// and which are not, and sees after each decision whether the field in question can still have a value.
type solver struct {
	fields map[string]*wanted
	steps  int
}

// wanted is what was decided of one field.
type wanted struct{ must, mustNot []*Predicate }

// goal is a part of the tree that is to hold, or not to.
type goal struct {
	x     *Expr
	holds bool
}

const maxSolverSteps = 20000

// solve returns the fields of an event that x describes; a field that is not among them is missing.
func solve(x *Expr) (map[string]event.Value, bool) {
	s := &solver{fields: make(map[string]*wanted)}
	if !s.reach([]goal{{x, true}}) {
		return nil, false
	}
	out := make(map[string]event.Value)
	for name := range s.fields {
		v, ok := s.value(name)
		if !ok {
			return nil, false
		}
		if v.Kind != event.Missing {
			out[name] = v
		}
	}
	return out, true
}

// reach decides all goals: first those that leave no choice.
func (s *solver) reach(goals []goal) bool {
	if s.steps++; s.steps > maxSolverSteps {
		return false
	}
	for i, g := range goals {
		rest := slices.Delete(slices.Clone(goals), i, i+1)
		switch g.x.Op {
		case True, False:
			return (g.x.Op == True) == g.holds && s.reach(rest)
		case Not:
			return s.reach(append(rest, goal{g.x.Kids[0], !g.holds}))
		case Test:
			return s.decide(g, rest)
		case And, Or:
			if (g.x.Op == And) == g.holds {
				for _, k := range g.x.Kids {
					rest = append(rest, goal{k, g.holds})
				}
				return s.reach(rest)
			}
		}
	}
	if len(goals) == 0 {
		return true
	}
	g, rest := goals[0], goals[1:]
	for _, easy := range []bool{true, false} {
		for _, k := range g.x.Kids {
			if s.easy(k, g.holds) == easy && s.reach(append(slices.Clone(rest), goal{k, g.holds})) {
				return true
			}
		}
	}
	return false
}

// easy tells whether a test can be made to fail by leaving out its field.
func (s *solver) easy(x *Expr, holds bool) bool {
	if holds || x.Op != Test || x.Test.Kind == IsNull {
		return holds
	}
	w := s.fields[x.Test.Field]
	return w == nil || len(w.must) == 0
}

func (s *solver) decide(g goal, rest []goal) bool {
	p := g.x.Test
	w := s.fields[p.Field]
	if w == nil {
		w = &wanted{}
		s.fields[p.Field] = w
	}
	list := &w.mustNot
	if g.holds {
		list = &w.must
	}
	*list = append(*list, p)
	if _, ok := s.value(p.Field); ok && s.reach(rest) {
		return true
	}
	*list = (*list)[:len(*list)-1]
	return false
}

// passes tells whether a value is as decided.
func (s *solver) passes(w *wanted, v event.Value) bool {
	one := func(p *Predicate) bool {
		switch p.Kind {
		case Exists:
			return v.Kind != event.Missing
		case IsNull:
			return v.Kind <= event.Null
		}
		return naiveAny(p, v, s.other(p))
	}
	return !slices.ContainsFunc(w.must, func(p *Predicate) bool { return !one(p) }) && !slices.ContainsFunc(w.mustNot, one)
}

// other returns an event that has the field to which a predicate refers.
func (s *solver) other(p *Predicate) *event.Event {
	e := newEvent()
	if p.Kind != RefMatch || p.Ref == p.Field {
		return e
	}
	w := s.fields[p.Ref]
	if w == nil {
		w = &wanted{}
		s.fields[p.Ref] = w
	}
	if v, ok := s.value(p.Ref); ok && v.Kind <= event.Null {
		w.mustNot = append(w.mustNot, &Predicate{Field: p.Ref, Kind: IsNull})
	}
	if v, ok := s.value(p.Ref); ok {
		e.Shape, e.Values = event.NewShape(testFormat, p.Ref), []event.Value{v}
	}
	return e
}

// value makes a value that is as decided.
func (s *solver) value(name string) (event.Value, bool) {
	w := s.fields[name]
	for _, kind := range []event.Kind{event.Missing, event.Null} {
		if v := (event.Value{Kind: kind}); s.passes(w, v) {
			return v, true
		}
	}
	for text := range s.candidates(w.must) {
		if v := (event.Value{Raw: text, Kind: event.Text}); s.passes(w, v) {
			return v, true
		}
	}
	if len(w.must) < 2 || name == "" {
		return event.Value{}, false
	}
	list := []byte{}
	for i := range w.must { // no one text will do: a value for each
		for text := range s.candidates(w.must[i : i+1]) {
			if s.passes(&wanted{w.must[i : i+1], w.mustNot}, event.Value{Raw: text, Kind: event.Text}) {
				list = event.AppendQuoted(append(list, ','), text)
				break
			}
		}
	}
	if len(list) == 0 {
		return event.Value{}, false
	}
	list[0] = '['
	v := event.Value{Raw: string(append(list, ']')), Kind: event.List}
	return v, s.passes(w, v)
}

// candidates yields texts of which one may pass all the tests.
func (s *solver) candidates(must []*Predicate) iter.Seq[string] {
	return func(yield func(string) bool) {
		for variant := range 12 {
			var start, middle, end, whole []string
			for _, p := range must {
				t := s.text(p, variant)
				switch {
				case t.start && t.end:
					whole = append(whole, t.text)
				case t.start:
					start = append(start, t.text)
				case t.end:
					end = append(end, t.text)
				default:
					middle = append(middle, t.text)
				}
			}
			longest := func(a, b string) int { return len(b) - len(a) }
			slices.SortStableFunc(start, longest)
			slices.SortStableFunc(middle, longest)
			slices.SortStableFunc(end, longest)
			for _, text := range append(whole, assembled(start, middle, end)...) {
				if !yield(text) {
					return
				}
			}
		}
		for _, text := range []string{"zq7", "1", "-5", "/zq", "10.11.12.13", "8.8.8.8", "2024-01-01T05:05:00Z", "C:\\zq\\zq.zq", ""} {
			if !yield(text) {
				return
			}
		}
	}
}

// assembled joins the parts of a text in several ways, leaving out parts that others hold already.
func assembled(start, middle, end []string) []string {
	var out []string
	for _, sep := range []string{"", " ", "x", "\\", "/", ",", "\n"} {
		head, tail := "", ""
		if len(start) > 0 {
			head = start[0]
		}
		if len(end) > 0 {
			tail = end[0]
		}
		body := head
		for _, m := range middle {
			if !strings.Contains(fold(body), fold(m)) && !strings.Contains(fold(tail), fold(m)) || m != fold(m) && !strings.Contains(body+tail, m) {
				if body != "" {
					body += sep
				}
				body += m
			}
		}
		whole := body
		if !strings.HasSuffix(fold(body), fold(tail)) {
			whole = body + sep + tail
		}
		out = append(out, whole)
		if len(start) == 0 {
			out = append(out, "zq"+sep+whole)
		}
		if len(end) == 0 {
			out = append(out, whole+sep+"zq")
		}
		if len(start)+len(end) == 0 {
			out = append(out, "zq"+sep+whole+sep+"zq")
		}
	}
	return out
}

// part is a text that passes one test, and whether it must stand at an end of the whole.
type part struct {
	text       string
	start, end bool
}

func (s *solver) text(p *Predicate, variant int) part {
	switch p.Kind {
	case Match:
		return patternText(p.Pattern, variant)
	case Regexp:
		re, err := syntax.Parse(p.Regexp.String(), syntax.Perl)
		if err != nil {
			return part{}
		}
		w := walker{variant: variant}
		text := w.walk(re)
		return part{text, !p.Regexp.MatchString("~ " + text), !p.Regexp.MatchString(text + " ~")}
	case CIDR:
		return part{addressIn(p.Prefix, variant), true, true}
	case Compare:
		return part{numberText(p, variant), true, true}
	case RefMatch:
		v := s.other(p).Get(p.Ref)
		return part{v.String(), p.RefOp == RefEquals || p.RefOp == RefStartsWith, p.RefOp == RefEquals || p.RefOp == RefEndsWith}
	}
	return part{text: "zq"}
}

func patternText(p Pattern, variant int) part {
	out := part{start: len(p) == 0 || p[0].Kind != AnyRun, end: len(p) == 0 || p[len(p)-1].Kind != AnyRun}
	for i, t := range p {
		switch t.Kind {
		case Literal:
			out.text += t.Text
		case AnyOne:
			out.text += "x1 "[variant%3 : variant%3+1]
		case AnyRun:
			if i > 0 && i < len(p)-1 {
				out.text += []string{"", " zq ", "7"}[variant%3]
			}
		}
	}
	return out
}

func addressIn(p netip.Prefix, variant int) string {
	a := p.Addr()
	for range variant {
		if n := a.Next(); p.Contains(n) {
			a = n
		}
	}
	return a.String()
}

func numberText(p *Predicate, variant int) string {
	n := p.Number
	switch p.Cmp {
	case LT:
		n -= 1 + float64(variant)
	case GT:
		n += 1 + float64(variant)
	case NE:
		n++
	}
	switch p.Part {
	case Minute:
		return fmt.Sprintf("2024-05-06T07:%02.0f:00Z", n)
	case Hour:
		return fmt.Sprintf("2024-05-06T%02.0f:00:00Z", n)
	case Day:
		return fmt.Sprintf("2024-05-%02.0fT07:00:00Z", n)
	case Month:
		return fmt.Sprintf("2024-%02.0f-06T07:00:00Z", n)
	case Year:
		return fmt.Sprintf("%04.0f-05-06T07:00:00Z", n)
	case Week:
		return fmt.Sprintf("2024-%02d-%02dT07:00:00Z", 1+int(n*7-4)/31, 1+int(n*7-4)%31)
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// walker makes a text that a regular expression matches.
type walker struct{ variant, choices int }

func (w *walker) choose(n int) int {
	w.choices++
	return (w.variant*w.choices + w.variant/2) % n
}

func (w *walker) walk(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		return w.fromClass(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture:
		return w.walk(re.Sub[0])
	case syntax.OpStar, syntax.OpQuest:
		return w.times(re.Sub[0], w.choose(2))
	case syntax.OpPlus:
		return w.times(re.Sub[0], 1+w.choose(2))
	case syntax.OpRepeat:
		return w.times(re.Sub[0], re.Min)
	case syntax.OpAlternate:
		return w.walk(re.Sub[w.choose(len(re.Sub))])
	case syntax.OpConcat:
		out := ""
		for _, s := range re.Sub {
			out += w.walk(s)
		}
		return out
	}
	return ""
}

func (w *walker) times(re *syntax.Regexp, n int) string {
	out := ""
	for range n {
		out += w.walk(re)
	}
	return out
}

// fromClass prefers letters, digits and then anything that can be printed.
func (w *walker) fromClass(ranges []rune) string {
	var good []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], ' '); r <= ranges[i+1] && r < unicode.MaxASCII; r++ {
			good = append(good, r)
		}
	}
	if len(good) == 0 && len(ranges) > 0 {
		return string(ranges[0])
	}
	slices.SortStableFunc(good, func(a, b rune) int {
		rank := func(r rune) int {
			switch {
			case unicode.IsLower(r):
				return 0
			case unicode.IsUpper(r) || unicode.IsDigit(r):
				return 1
			}
			return 2
		}
		return rank(a) - rank(b)
	})
	if len(good) == 0 {
		return ""
	}
	return string(good[w.choose(len(good))])
}
