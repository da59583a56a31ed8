package sigma

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/tocsin-sec/tocsin/event"
)

// testKind is how a test compares; the first ones need folded text and nothing else.
type testKind uint8

const (
	testWhole testKind = iota
	testStart
	testEnd
	testContains
	testWild   // folded, with wildcards in the middle
	testCased  // Pattern on the text as it is
	testRegexp // on the text as it is
	testCIDR   // likewise
	testValue  // Exists, IsNull, Compare: of the value
	testRef
)

// test is a Predicate, made ready.
type test struct {
	kind   testKind
	text   []byte      // folded: what testWhole, testStart, testEnd and testContains look for
	wild   wild        // of testWild (folded) and testCased
	regexp *regexpTest // of testRegexp
	pred   *Predicate
}

// regexpTest is what is looked for before a regular expression is tried.
type regexpTest struct {
	gate [][]byte // folded, one of them stands in every text that it matches; nil where none are known
	need demand
}

func newRegexpTest(x *Expression) *regexpTest {
	re, err := x.parsed()
	if err != nil {
		return &regexpTest{} // cannot be: it was checked when it was made
	}
	return &regexpTest{gate: regexpLiterals(re), need: newDemand(re)}
}

func newTest(p *Predicate) test {
	switch p.Kind {
	case Match:
		if p.Cased {
			return test{kind: testCased, wild: newWild(p.Pattern), pred: p}
		}
		return newFoldedTest(p)
	case Regexp:
		return test{kind: testRegexp, regexp: newRegexpTest(p.Regexp), pred: p}
	case CIDR:
		return test{kind: testCIDR, pred: p}
	case RefMatch:
		return test{kind: testRef, pred: p}
	}
	return test{kind: testValue, pred: p}
}

func newFoldedTest(p *Predicate) test {
	pattern := p.Pattern.folded()
	text, where, plain := plainLiteral(pattern)
	if !plain {
		return test{kind: testWild, wild: newWild(pattern), pred: p}
	}
	kind := [...]testKind{anywhere: testContains, atStart: testStart, atEnd: testEnd, whole: testWhole}[where]
	return test{kind: kind, text: []byte(text), pred: p}
}

// plainLiteral takes a pattern apart that is one literal with at most an AnyRun on either side.
func plainLiteral(p Pattern) (text string, where anchor, ok bool) {
	before, after := false, false
	for i, t := range p {
		switch {
		case t.Kind == AnyOne:
			return "", 0, false
		case t.Kind == Literal && text == "":
			text = t.Text
		case t.Kind == Literal:
			return "", 0, false
		case i == 0:
			before = true
		case i == len(p)-1:
			after = true
		default:
			return "", 0, false
		}
	}
	switch {
	case before && (after || len(p) == 1):
		return text, anywhere, true
	case before:
		return text, atEnd, true
	case after:
		return text, atStart, true
	}
	return text, whole, true
}

// cost guesses how long the test takes, in units of one comparison.
func (t *test) cost() int {
	return [...]int{testWhole: 1, testStart: 1, testEnd: 1, testContains: 4, testWild: 12, testCased: 12, testRegexp: 5000, testCIDR: 20, testValue: 2, testRef: 8}[t.kind]
}

// appendKey appends what tells the test from others.
func (t *test) appendKey(key []byte) []byte {
	p := t.pred
	key = append(key, 0, byte(t.kind), byte(p.Kind))
	switch t.kind {
	case testWhole, testStart, testEnd, testContains:
		key = strconv.AppendInt(key, int64(len(t.text)), 10)
		return append(key, t.text...)
	case testWild, testCased:
		for _, tok := range t.wild {
			key = append(key, 1, byte(tok.kind))
			key = strconv.AppendInt(key, int64(len(tok.text)), 10)
			key = append(key, tok.text...)
		}
		return key
	case testRegexp:
		return strconv.AppendQuote(key, p.Regexp.String())
	}
	return fmt.Appendf(key, "%v %d %v %d %q %d %v", p.Prefix, p.Cmp, p.Number, p.Part, p.Ref, p.RefOp, p.Cased)
}

// foldedHolds makes a test that needs folded text.
func (t *test) foldedHolds(text []byte) bool {
	switch t.kind {
	case testWhole:
		return bytes.Equal(text, t.text)
	case testStart:
		return bytes.HasPrefix(text, t.text)
	case testEnd:
		return bytes.HasSuffix(text, t.text)
	case testContains:
		return bytes.Contains(text, t.text)
	}
	return t.wild.match(text)
}

// refHolds compares two fields (modifiers appendix, "fieldref").
func (p *Predicate) refHolds(a, b event.Value) bool {
	for x := range a.Elements() {
		for y := range b.Elements() {
			if x.Kind <= event.Null || y.Kind <= event.Null {
				continue
			}
			s, t := x.Append(nil), y.Append(nil)
			if !p.Cased {
				s, t = appendFoldedValue(nil, x), appendFoldedValue(nil, y)
			}
			if p.RefOp.holds(s, t) {
				return true
			}
		}
	}
	return false
}

// holds compares the texts of two fields.
func (o RefOp) holds(s, t []byte) bool {
	switch o {
	case RefStartsWith:
		return bytes.HasPrefix(s, t)
	case RefEndsWith:
		return bytes.HasSuffix(s, t)
	case RefContains:
		return bytes.Contains(s, t)
	}
	return bytes.Equal(s, t)
}
