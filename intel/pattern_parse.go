package intel

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ParsePattern parses a pattern. Its errors are *PatternError.
func ParsePattern(text string, version Version) (*StixPattern, error) {
	if len(text) > MaxPattern {
		return nil, &PatternError{0, fmt.Sprintf("%d bytes: a pattern has at most %d", len(text), MaxPattern)}
	}
	if !utf8.ValidString(text) {
		return nil, &PatternError{0, "is not UTF-8"}
	}
	p := &patternParser{lex: patternLexer{text: text, version: version}, version: version, out: &StixPattern{Text: strings.Clone(text)}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	root, err := p.followed()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected("the end, or AND, OR, FOLLOWEDBY or a qualifier")
	}
	p.out.root = root
	return p.out, nil
}

type patternParser struct {
	lex     patternLexer
	version Version
	tok     token
	depth   int
	sum     int
	out     *StixPattern
}

func (p *patternParser) advance() (err error) {
	p.tok, err = p.lex.next()
	return err
}

func (p *patternParser) fail(format string, args ...any) error {
	return &PatternError{p.tok.at, fmt.Sprintf(format, args...)}
}

func (p *patternParser) unexpected(wanted string) error {
	if p.tok.kind == tokEnd {
		return p.fail("the pattern ends where %s should stand", wanted)
	}
	return p.fail("%s should stand here, not %q", wanted, clip(p.lex.text[p.tok.at:min(p.lex.at, p.tok.at+40)]))
}

// is tells whether the token is this word or mark.
func (p *patternParser) is(text string) bool {
	return (p.tok.kind == tokWord || p.tok.kind == tokMark) && p.tok.text == text
}

// take goes on if the token is this word or mark.
func (p *patternParser) take(text string) (bool, error) {
	if !p.is(text) {
		return false, nil
	}
	return true, p.advance()
}

func (p *patternParser) need(text string) error {
	if ok, err := p.take(text); ok || err != nil {
		return err
	}
	return p.unexpected(strconv.Quote(text))
}

// deeper counts nesting.
func (p *patternParser) deeper() error {
	if p.depth++; p.depth > maxDepth {
		return p.fail("more than %d levels of parentheses", maxDepth)
	}
	return nil
}

// more counts parts.
func (p *patternParser) more() error {
	if p.sum++; p.sum > maxPatternSum {
		return p.fail("more than %d comparisons", maxPatternSum)
	}
	return nil
}

// Observation operators, the loosest first: FOLLOWEDBY, OR, AND (§9.3, the grammar).
func (p *patternParser) followed() (*observation, error) {
	return p.chain("FOLLOWEDBY", opFollowedBy, p.either)
}

func (p *patternParser) either() (*observation, error) { return p.chain("OR", opOr, p.both) }

func (p *patternParser) both() (*observation, error) { return p.chain("AND", opAnd, p.qualified) }

func (p *patternParser) chain(word string, op observationOp, operand func() (*observation, error)) (*observation, error) {
	left, err := operand()
	for err == nil && p.is(word) {
		if err = p.advance(); err != nil {
			break
		}
		var right *observation
		if right, err = operand(); err == nil {
			left = &observation{op: op, left: left, right: right}
			err = p.more()
		}
	}
	return left, err
}

// qualified is an observation with qualifiers after it (§9.3.1).
func (p *patternParser) qualified() (*observation, error) {
	o, err := p.observed()
	for err == nil {
		switch {
		case p.is("WITHIN"):
			o, err = p.within(o)
		case p.is("REPEATS"):
			o, err = p.repeats(o)
		case p.is("START"):
			o, err = p.startStop(o)
		default:
			return o, nil
		}
		if err == nil {
			err = p.more()
		}
	}
	return nil, err
}

func (p *patternParser) observed() (*observation, error) {
	return bracketed(p, p.followed, p.leaf)
}

// bracketed reads what inner reads, in brackets, where one opens; else what bare reads.
func bracketed[T any](p *patternParser, inner, bare func() (*T, error)) (*T, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if open, err := p.take("("); err != nil {
		return nil, err
	} else if !open {
		return bare()
	}
	out, err := inner()
	if err != nil {
		return nil, err
	}
	return out, p.need(")")
}

// leaf reads one observation: comparisons in square brackets.
func (p *patternParser) leaf() (*observation, error) {
	if err := p.need("["); err != nil {
		return nil, err
	}
	c, err := p.anyOf()
	if err != nil {
		return nil, err
	}
	if err := p.need("]"); err != nil {
		return nil, err
	}
	o := &observation{op: opLeaf, expr: c, index: len(p.out.leaves)}
	p.out.leaves = append(p.out.leaves, o)
	return o, nil
}

func (p *patternParser) within(o *observation) (*observation, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	at := p.tok
	if at.kind != tokInt && at.kind != tokFloat {
		return nil, p.unexpected("a number of seconds")
	}
	seconds, err := strconv.ParseFloat(at.text, 64)
	if err != nil || seconds <= 0 {
		return nil, p.fail("WITHIN takes a positive number of seconds, not %s", clip(at.text))
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	const most = 200 * 365 * 24 * 3600
	return &observation{op: opWithin, left: o, within: time.Duration(min(seconds, most) * float64(time.Second))}, p.need("SECONDS")
}

func (p *patternParser) repeats(o *observation) (*observation, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind != tokInt {
		return nil, p.unexpected("a whole number")
	}
	n, err := strconv.Atoi(p.tok.text)
	if err != nil || n < 1 || n > maxRepeats {
		return nil, p.fail("REPEATS takes a number from 1 to %d, not %s", maxRepeats, clip(p.tok.text))
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return &observation{op: opRepeats, left: o, times: n}, p.need("TIMES")
}

func (p *patternParser) startStop(o *observation) (*observation, error) {
	out := &observation{op: opStartStop, left: o}
	for _, b := range []struct {
		word string
		to   *int64
	}{{"START", &out.start}, {"STOP", &out.stop}} {
		if err := p.need(b.word); err != nil {
			return nil, err
		}
		t := p.tok.time
		switch {
		case p.tok.kind == tokTime && p.version != Version20:
		case p.tok.kind == tokString && p.version != Version21:
			var err error
			if t, err = stixTime(p.tok.text); err != nil {
				return nil, p.fail("%v", err)
			}
		default:
			return nil, p.unexpected("a timestamp")
		}
		*b.to = t.UnixNano()
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Comparison operators: OR is looser than AND (§9.4).
func (p *patternParser) anyOf() (*comparison, error) {
	return p.joined("OR", p.allOf, comparison{or: true})
}

func (p *patternParser) allOf() (*comparison, error) {
	return p.joined("AND", p.compared, comparison{and: true})
}

// joined reads one or more operands with a word between them, which bind from the left.
func (p *patternParser) joined(word string, operand func() (*comparison, error), by comparison) (*comparison, error) {
	left, err := operand()
	for err == nil && p.is(word) {
		if err = p.advance(); err != nil {
			break
		}
		node := by
		node.left = left
		if node.right, err = operand(); err == nil {
			left = &node
		}
	}
	return left, err
}

func (p *patternParser) compared() (*comparison, error) {
	if err := p.more(); err != nil {
		return nil, err
	}
	return bracketed(p, p.anyOf, func() (*comparison, error) {
		t, err := p.test()
		return &comparison{test: t}, err
	})
}

func (p *patternParser) test() (*propTest, error) {
	t := &propTest{}
	not, err := p.take("NOT") // NOT EXISTS path
	if err != nil {
		return nil, err
	}
	if p.version != Version20 && p.is("EXISTS") {
		t.not, t.op = not, testExists
		if err := p.advance(); err != nil {
			return nil, err
		}
		t.path, err = p.path()
		return t, err
	}
	if not {
		return nil, p.unexpected("EXISTS")
	}
	if t.path, err = p.path(); err != nil {
		return nil, err
	}
	if t.not, err = p.take("NOT"); err != nil {
		return nil, err
	}
	if p.tok.kind != tokWord && p.tok.kind != tokMark {
		return nil, p.unexpected("an operator")
	}
	op, ok := testOps[p.tok.text]
	if !ok {
		return nil, p.unexpected("an operator")
	}
	t.op = op
	if err := p.advance(); err != nil {
		return nil, err
	}
	return t, p.operand(t)
}

var testOps = map[string]testOp{
	"=": testEqual, "==": testEqual, "!=": testNotEqual, "<>": testNotEqual, "<": testLess, "<=": testLessEqual, ">": testGreater, ">=": testGreaterEqual,
	"IN": testIn, "LIKE": testLike, "MATCHES": testMatches, "ISSUBSET": testSubset, "ISSUPERSET": testSuperset,
}

// operand reads what a property is compared with.
func (p *patternParser) operand(t *propTest) error {
	at := p.tok
	switch t.op {
	case testIn:
		return p.set(t)
	case testLike, testMatches, testSubset, testSuperset:
		if at.kind != tokString {
			return p.unexpected("a string")
		}
		t.values = []any{at.text}
	default:
		v, err := p.literal()
		if err != nil {
			return err
		}
		if _, isBool := v.(bool); isBool && t.op >= testLess && t.op <= testGreaterEqual {
			return p.fail("true and false have no order")
		}
		t.values = []any{v}
	}
	text := norm.NFC.String(at.text)
	switch t.op {
	case testLike:
		t.like = newLike(text)
	case testMatches:
		var err error
		if t.regex, err = regexp.Compile("(?s)" + text); err != nil {
			if t.regex, err = regexp.Compile("(?s)" + plainer(text)); err != nil {
				return p.fail("MATCHES: %v", err)
			}
		}
	}
	t.binary = belowByte(text)
	return p.advance()
}

// set reads the values of IN: of one kind, or none.
func (p *patternParser) set(t *propTest) error {
	if err := p.need("("); err != nil {
		return err
	}
	for !p.is(")") {
		if len(t.values) > 0 {
			if err := p.need(","); err != nil {
				return err
			}
		}
		v, err := p.literal()
		if err != nil {
			return err
		}
		if len(t.values) > 0 && kindOf(v) != kindOf(t.values[0]) {
			return p.fail("the values of a set are of one kind")
		}
		t.values = append(t.values, v)
		if err := p.more(); err != nil {
			return err
		}
		if err := p.advance(); err != nil {
			return err
		}
	}
	return p.need(")")
}

// literal returns the value of the token, and leaves the token.
func (p *patternParser) literal() (any, error) {
	switch p.tok.kind {
	case tokString:
		return p.tok.text, nil
	case tokHex, tokBinary:
		return p.tok.raw, nil
	case tokTime:
		return p.tok.time, nil
	case tokInt, tokFloat:
		if n, ok := parseNumber(p.tok.text); ok {
			return n, nil
		}
	case tokWord:
		switch p.tok.text {
		case "true", "TRUE":
			return true, nil
		case "false", "FALSE":
			return false, nil
		}
	}
	return nil, p.unexpected("a value")
}

// keywords cannot be names in a path unless they are quoted.
var keywords = map[string]bool{
	"AND": true, "OR": true, "NOT": true, "FOLLOWEDBY": true, "LIKE": true, "MATCHES": true, "ISSUPERSET": true, "ISSUBSET": true,
	"EXISTS": true, "LAST": true, "IN": true, "START": true, "STOP": true, "SECONDS": true, "TIMES": true, "REPEATS": true, "WITHIN": true,
	"true": true, "false": true,
}

// path reads object-type:property.step[index] (§9.7).
func (p *patternParser) path() (path objectPath, err error) {
	begin := p.tok.at
	if p.tok.kind != tokWord || keywords[p.tok.text] {
		return path, p.unexpected("an object path such as file:name")
	}
	path.object = p.tok.text
	if err := p.advance(); err != nil {
		return path, err
	}
	if err := p.need(":"); err != nil {
		return path, err
	}
	end := p.lex.at
	if err := p.key(&path, &end); err != nil {
		return path, err
	}
	for err == nil {
		switch {
		case p.is("."):
			if err = p.advance(); err == nil {
				err = p.key(&path, &end)
			}
		case p.is("["):
			err = p.index(&path, &end)
		default:
			path.text = p.lex.text[begin:end]
			return path, nil
		}
	}
	return path, err
}

// key reads a name in a path. Where names need quotes only for their hyphens, careless writers leave them away.
func (p *patternParser) key(path *objectPath, end *int) error {
	switch {
	case p.tok.kind == tokString:
	case p.tok.kind == tokWord && !keywords[p.tok.text]:
		if p.version != AnyVersion && strings.Contains(p.tok.text, "-") {
			return p.fail("%s needs quotes: '%s'", p.tok.text, p.tok.text)
		}
	default:
		return p.unexpected("the name of a property")
	}
	path.steps = append(path.steps, pathStep{key: p.tok.text, index: stepKey})
	*end = p.lex.at
	return p.advance()
}

func (p *patternParser) index(path *objectPath, end *int) error {
	if err := p.advance(); err != nil {
		return err
	}
	step := pathStep{index: stepAll}
	if !p.is("*") {
		if p.tok.kind != tokInt {
			return p.unexpected("an index or *")
		}
		n, err := strconv.Atoi(p.tok.text)
		if err != nil || n < 0 {
			return p.fail("%s is no index of a list", clip(p.tok.text))
		}
		step.index = n
	}
	path.steps = append(path.steps, step)
	if err := p.advance(); err != nil {
		return err
	}
	*end = p.lex.at
	return p.need("]")
}

// plainer mends what other dialects of regular expressions allow and this one does not, as far as that changes nothing of
// the meaning: possessive and atomic groups only save time.
func plainer(s string) string {
	return strings.NewReplacer(`(?>`, `(?:`, `\Z`, `\z`, `*+`, `*`, `++`, `+`, `?+`, `?`, `\/`, `/`, `\"`, `"`).Replace(s)
}
