package sigma

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// conditions reads a rule's condition, or the list of them that are linked with or.
func (l *loader) conditions(r *Rule, sel *selections, p pair) {
	if p.value.Kind == yaml.ScalarNode {
		l.condition(r, sel, p.value)
		return
	}
	if p.value.Kind != yaml.SequenceNode || len(p.value.Content) == 0 {
		l.fail(p.key, "", `"condition" must be a text or a list of texts`)
		return
	}
	var kids []*Expr
	for _, n := range p.value.Content {
		if n = l.follow(n); n.Kind != yaml.ScalarNode {
			l.fail(n, "", `"condition" must be a text or a list of texts`)
			return
		}
		c := l.over(sel, n)
		kids = append(kids, c.parse())
		if c.aggregates() {
			l.failAt(n, c.tok.from, len(n.Value), "", "an aggregation cannot stand in a list of conditions")
		}
	}
	r.Detection = join(Or, kids)
}

// condition reads one condition, with the aggregation that may follow it after a pipe.
func (l *loader) condition(r *Rule, sel *selections, n *yaml.Node) {
	c := l.over(sel, n)
	x := c.parse()
	if c.aggregates() {
		if x != nil {
			l.aggregation(r, sel, c, x)
		}
		return
	}
	r.Detection = x
}

// over returns the parser of a condition over selections.
func (l *loader) over(sel *selections, n *yaml.Node) *conditionParser {
	c := &conditionParser{loader: l, node: n, names: sel.names, among: "selections"}
	c.leaf = func(i int) *Expr {
		sel.used[i] = true
		c.grow(sel.sizes[i])
		return sel.exprs[i]
	}
	return c
}

// token is a piece of a condition. An operator has itself in lower case as its kind; a name has "".
type token struct {
	kind     string
	text     string
	from, to int
}

// conditionParser parses a condition by recursive descent. Source: Sigma rules specification 2.1, "Condition": or binds
// least, then and, then not, then "x of", then parentheses.
type conditionParser struct {
	*loader
	node   *yaml.Node
	names  []string             // what may be named
	among  string               // what those are
	leaf   func(name int) *Expr // what a name stands for; nil: a Test with the Number of the name
	at     int
	tok    token
	failed bool
	depth  int
	// counting is set after the pipe: < > = ! are operators there.
	counting bool
	size     int // predicates, those of a selection counted each time it is named
}

// parse returns the condition up to its end or to a pipe, nil after an error.
func (c *conditionParser) parse() *Expr {
	c.next()
	if c.tok.kind == "end" {
		c.fail(c.node, "it says which selections must match, e.g. selection and not filter", "the condition is empty")
		c.failed = true
		return nil
	}
	x := c.or()
	if !c.failed && c.tok.kind != "end" && c.tok.kind != "|" {
		c.unexpected()
	}
	if c.failed {
		return nil
	}
	return x
}

// aggregates tells whether parse stopped at a pipe.
func (c *conditionParser) aggregates() bool { return !c.failed && c.tok.kind == "|" }

// next reads the next token.
func (c *conditionParser) next() {
	s := c.node.Value
	for c.at < len(s) && strings.IndexByte(" \t\r\n", s[c.at]) >= 0 {
		c.at++
	}
	from := c.at
	if from == len(s) {
		c.tok = token{kind: "end", from: from, to: from}
		return
	}
	if strings.IndexByte("()|", s[from]) >= 0 {
		c.at++
		c.tok = token{kind: s[from:c.at], text: s[from:c.at], from: from, to: c.at}
		return
	}
	end := " \t\r\n()|"
	if c.counting {
		if n := len(s[from:]) - len(strings.TrimLeft(s[from:], "<>=!")); n > 0 {
			c.at += n
			c.tok = token{kind: "<>=!", text: s[from:c.at], from: from, to: c.at}
			return
		}
		end += "<>=!"
	}
	for c.at < len(s) && strings.IndexByte(end, s[c.at]) < 0 {
		c.at++
	}
	c.tok = token{text: s[from:c.at], from: from, to: c.at}
	switch word := strings.ToLower(c.tok.text); word {
	case "and", "or", "not":
		c.tok.kind = word
	}
}

// errorAt notes an error at a token; only the first one of a condition is told.
func (c *conditionParser) errorAt(t token, hint, format string, args ...any) {
	if !c.failed {
		c.failAt(c.node, t.from, t.to, hint, format, args...)
	}
	c.failed = true
}

func (c *conditionParser) unexpected() {
	switch c.tok.kind {
	case "end":
		c.errorAt(c.tok, "", "the condition ends where a selection should follow")
	case ")":
		c.errorAt(c.tok, "", "this ) closes nothing")
	case "":
		c.errorAt(c.tok, "join the two with and, or, not", "expected and, or, ) or the end of the condition, not %q", c.tok.text)
	default:
		c.errorAt(c.tok, "", "%q cannot stand here: expected a selection", c.tok.text)
	}
}

func (c *conditionParser) or() *Expr  { return c.chain("or", Or, c.and) }
func (c *conditionParser) and() *Expr { return c.chain("and", And, c.not) }

// chain parses operands that are joined by one operator.
func (c *conditionParser) chain(word string, op Op, operand func() *Expr) *Expr {
	kids := []*Expr{operand()}
	for !c.failed && c.tok.kind == word {
		c.next()
		kids = append(kids, operand())
	}
	return join(op, kids)
}

const maxConditionDepth = 200

func (c *conditionParser) not() *Expr {
	if c.tok.kind != "not" {
		return c.operand()
	}
	if !c.deeper() {
		return nil
	}
	c.next()
	x := c.not()
	c.depth--
	return not(x)
}

func (c *conditionParser) deeper() bool {
	if c.depth++; c.depth > maxConditionDepth {
		c.errorAt(c.tok, "", "the condition is nested too deeply")
	}
	return !c.failed
}

// operand parses a selection, "x of y" or an expression in parentheses.
func (c *conditionParser) operand() *Expr {
	switch c.tok.kind {
	case "(":
		open := c.tok
		if !c.deeper() {
			return nil
		}
		c.next()
		x := c.or()
		c.depth--
		if c.failed {
			return nil
		}
		if c.tok.kind == "end" || c.tok.kind == "|" {
			c.errorAt(open, "", "this ( is not closed")
			return nil
		}
		if c.tok.kind != ")" {
			c.unexpected()
			return nil
		}
		c.next()
		return x
	case "":
	default:
		c.unexpected()
		return nil
	}
	word := c.tok
	c.next()
	if c.tok.kind == "" && strings.EqualFold(c.tok.text, "of") {
		return c.selector(word)
	}
	return c.named(word)
}

// named returns what a name stands for.
func (c *conditionParser) named(word token) *Expr {
	i := slices.Index(c.names, word.text)
	if i < 0 {
		hint := ""
		switch near := didYouMean(word.text, c.names); {
		case strings.Contains(word.text, "*"):
			hint = "write 1 of " + word.text + " or all of " + word.text
		case strings.EqualFold(word.text, "them"):
			hint = "write 1 of them or all of them"
		case near != "":
			hint = near
		default:
			hint = "the " + c.among + " are " + strings.Join(c.names, ", ")
		}
		c.errorAt(word, hint, "the condition names %q, which is not defined", word.text)
		return nil
	}
	return c.meaning(i)
}

// meaning returns what the i-th name stands for.
func (c *conditionParser) meaning(i int) *Expr {
	if c.leaf != nil {
		return c.leaf(i)
	}
	return &Expr{Op: Test, Test: &Predicate{Number: float64(i)}}
}

// grow keeps count of how large the condition's tree gets.
func (c *conditionParser) grow(n int) {
	if c.size += n; c.size > maxPredicates {
		c.errorAt(c.tok, "", "the condition is too large: more than %d tests, selections counted each time they are named", maxPredicates)
	}
}

// selector parses what follows "1 of", "all of" and the like.
func (c *conditionParser) selector(quantity token) *Expr {
	c.next()
	pattern := c.tok
	if pattern.kind != "" {
		c.errorAt(pattern, "them, or a pattern such as selection_*", `expected the name of selections after "of"`)
		return nil
	}
	c.next()
	chosen := c.chosen(pattern.text)
	if len(chosen) == 0 {
		c.errorAt(pattern, "the "+c.among+" are "+strings.Join(c.names, ", "), "none of the %s is named like %q", c.among, pattern.text)
		return nil
	}
	kids := make([]*Expr, 0, len(chosen))
	for _, i := range chosen {
		kids = append(kids, c.meaning(i))
	}
	switch strings.ToLower(quantity.text) {
	case "1", "any", "one":
		return join(Or, kids)
	case "all":
		return join(And, kids)
	}
	n, err := strconv.Atoi(quantity.text)
	if err != nil || n < 1 {
		c.errorAt(quantity, "write 1 of, all of, or a number", "unknown quantity %q", quantity.text)
		return nil
	}
	if n > len(kids) {
		c.errorAt(quantity, "", "%d of %d %s can never hold", n, len(kids), c.among)
		return nil
	}
	return c.atLeast(n, kids, quantity)
}

// chosen returns the selections that a pattern names. Those that begin with an underscore are not among "them".
func (c *conditionParser) chosen(pattern string) []int {
	var out []int
	for i, name := range c.names {
		if strings.EqualFold(pattern, "them") && !strings.HasPrefix(name, "_") ||
			glob(pattern, name) && (!strings.HasPrefix(name, "_") || strings.HasPrefix(pattern, "_")) {
			out = append(out, i)
		}
	}
	return out
}

// glob tells whether a name matches a pattern in which * is any run of characters.
func glob(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	for _, p := range parts[1 : len(parts)-1] {
		at := strings.Index(name, p)
		if at < 0 {
			return false
		}
		name = name[at+len(p):]
	}
	return strings.HasSuffix(name, parts[len(parts)-1])
}

const maxChoices = 4096

// atLeast returns the expression that n of the kids hold: one set of n of them or another.
func (c *conditionParser) atLeast(n int, kids []*Expr, at token) *Expr {
	choices := 1
	for i := range min(n, len(kids)-n) {
		if choices = choices * (len(kids) - i) / (i + 1); choices > maxChoices {
			c.errorAt(at, "", "%d of %d %s are more than %d combinations", n, len(kids), c.among, maxChoices)
			return nil
		}
	}
	c.grow(choices * n)
	var sets []*Expr
	pick := make([]*Expr, 0, n)
	var choose func(from int)
	choose = func(from int) {
		if len(pick) == n {
			sets = append(sets, join(And, slices.Clone(pick)))
			return
		}
		for i := from; i <= len(kids)-(n-len(pick)); i++ {
			pick = append(pick, kids[i])
			choose(i + 1)
			pick = pick[:len(pick)-1]
		}
	}
	choose(0)
	return join(Or, sets)
}
