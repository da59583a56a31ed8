package sigma

import (
	"regexp/syntax"
	"strings"
	"unicode"
)

// hook is a literal that a field's folded text must hold for a test to pass.
type hook struct {
	field  int32
	anchor anchor
	text   string
}

// witness is a set of hooks of which at least one stands in every event that a node describes.
type witness struct {
	hooks []hook
	cost  float64 // a guess at how often any of them stands in an event
}

// countHooks counts in how many rules every hook could serve: what many rules look for is frequent in events too.
func (b *builder) countHooks() {
	for _, n := range b.nodes {
		if n.op != Test {
			continue
		}
		for _, h := range b.leaves[n.leaf].hooks {
			b.uses[h]++
		}
	}
}

// witnesses chooses the cheapest witness of a node; ok is false where there is none.
func (b *builder) witnesses(n int32) (w witness, ok bool) {
	c := b.nodes[n]
	switch c.op {
	case False:
		return witness{}, true
	case Test:
		return b.leafWitness(&b.leaves[c.leaf])
	case And:
		for _, k := range b.kids[c.from:c.to] {
			if kw, kok := b.witnesses(k); kok && (!ok || kw.cost < w.cost) {
				w, ok = kw, true
			}
		}
		return w, ok
	case Or:
		for _, k := range b.kids[c.from:c.to] {
			kw, kok := b.witnesses(k)
			if !kok {
				return witness{}, false
			}
			w.hooks = append(w.hooks, kw.hooks...)
			w.cost += kw.cost
		}
		return w, true
	}
	return witness{}, false
}

func (b *builder) leafWitness(l *disjunction) (witness, bool) {
	w := witness{hooks: l.hooks}
	for _, h := range l.hooks {
		w.cost += b.hookCost(h)
	}
	return w, l.hooks != nil
}

// witnesses returns hooks of which one stands in the field where any of the tests passes, nil where there are none.
func (l *disjunction) witnesses() []hook {
	hooks := make([]hook, 0, len(l.tests))
	for i := range l.tests {
		before := len(hooks)
		if hooks = l.tests[i].hooks(l.field, hooks); len(hooks) == before {
			return nil
		}
	}
	return hooks
}

// hookCost guesses the share of events in which a hook stands, from its length and its use.
func (b *builder) hookCost(h hook) float64 {
	var p float64
	n := len(h.text)
	switch {
	case n <= 1:
		p = 0.3
	case n <= 3:
		p = 0.1
	case n == 4:
		p = 0.04
	case n <= 7:
		p = 0.01
	case n <= 12:
		p = 0.004
	default:
		p = 0.002
	}
	if h.anchor == whole {
		p /= 4
	}
	switch h.text {
	case ".exe", ".dll", "http", "c:\\", "\\windows\\", "c:\\windows\\", "system", "true", "false", "system32", ".com":
		p = 0.5
	case "\\system32\\", "\\svchost.exe", "c:\\windows\\system32\\", "\\powershell.exe", "\\cmd.exe", "powershell", "explorer":
		p = 0.1
	}
	if h.anchor == anywhere && n < minGrams {
		p += 0.05 // looked for byte by byte
	}
	if b.fields[h.field] == keywordField {
		p *= 8 // stands in any of the fields, and all must be read for it
	}
	return p * float64(1+b.uses[h])
}

// hooks appends literals of which one must stand in the field for the test to pass; none where there are none.
func (t *test) hooks(field int32, hooks []hook) []hook {
	switch t.kind {
	case testWhole:
		return append(hooks, hook{field, whole, string(t.text)})
	case testStart:
		return append(hooks, hook{field, atStart, string(t.text)})
	case testEnd:
		return append(hooks, hook{field, atEnd, string(t.text)})
	case testContains:
		if len(t.text) > 0 {
			return append(hooks, hook{field, anywhere, string(t.text)})
		}
	case testWild, testCased:
		return t.wildHook(field, hooks)
	case testRegexp:
		for _, l := range t.regexp.gate {
			hooks = append(hooks, hook{field, anywhere, string(l)})
		}
	}
	return hooks
}

// wildHook takes the longest literal of a pattern. A cased pattern is looked for folded, and checked as it is later.
func (t *test) wildHook(field int32, hooks []hook) []hook {
	best := hook{field: field, anchor: anywhere}
	for i, tok := range t.wild {
		if tok.kind != Literal || len(tok.text) <= len(best.text) {
			continue
		}
		best.text, best.anchor = fold(string(tok.text)), anywhere
		switch {
		case len(t.wild) == 1:
			best.anchor = whole
		case i == 0:
			best.anchor = atStart
		case i == len(t.wild)-1:
			best.anchor = atEnd
		}
	}
	if best.text == "" {
		return hooks
	}
	return append(hooks, best)
}

// maxRegexpLiterals bounds the alternatives of a regular expression that are looked for one by one.
const maxRegexpLiterals = 64

// regexpLiterals returns folded literals of which one stands in every text that the expression matches, nil where there
// are none of at least three bytes.
func regexpLiterals(re *syntax.Regexp) [][]byte {
	set := requiredLiterals(re.Simplify(), 0)
	if len(set) == 0 || len(set) > maxRegexpLiterals || shortest(set) < 3 {
		return nil
	}
	gate := make([][]byte, len(set))
	for i, s := range set {
		gate[i] = []byte(s)
	}
	return gate
}

// requiredLiterals returns folded literals of which one stands in every text that re matches; nil where none are known.
func requiredLiterals(re *syntax.Regexp, depth int) []string {
	if depth > 50 {
		return nil
	}
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return []string{fold(string(re.Rune))}
		}
		return longestFoldable(string(re.Rune))
	case syntax.OpCapture, syntax.OpPlus:
		return requiredLiterals(re.Sub[0], depth+1)
	case syntax.OpRepeat:
		if re.Min > 0 {
			return requiredLiterals(re.Sub[0], depth+1)
		}
	case syntax.OpAlternate:
		var all []string
		for _, s := range re.Sub {
			one := requiredLiterals(s, depth+1)
			if one == nil {
				return nil
			}
			all = append(all, one...)
		}
		return all
	case syntax.OpConcat:
		return bestOfConcat(re, depth)
	}
	return nil
}

// bestOfConcat chooses the part of a sequence whose shortest literal is longest.
func bestOfConcat(re *syntax.Regexp, depth int) []string {
	var best []string
	for _, s := range re.Sub {
		one := requiredLiterals(s, depth+1)
		if one != nil && (best == nil || shortest(one) > shortest(best) || shortest(one) == shortest(best) && len(one) < len(best)) {
			best = one
		}
	}
	return best
}

func shortest(set []string) int {
	n := len(set[0])
	for _, s := range set {
		n = min(n, len(s))
	}
	return n
}

// longestFoldable returns the longest run of s in which folding a text cannot hide it: characters whose only other
// cases are the ones that folding maps to the same lower case. S and its like have a further form (long s) which RE2's
// case-insensitive matching knows and ours keeps apart.
func longestFoldable(s string) []string {
	best := ""
	for _, run := range strings.FieldsFunc(s, func(r rune) bool { return !foldsAlone(r) }) {
		if f := fold(run); len(f) > len(best) {
			best = f
		}
	}
	if best == "" {
		return nil
	}
	return []string{best}
}

// foldsAlone tells whether all cases of r have one lower case.
func foldsAlone(r rune) bool {
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if unicode.ToLower(f) != unicode.ToLower(r) {
			return false
		}
	}
	return true
}
