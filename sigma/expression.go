package sigma

import (
	"regexp"
	"regexp/syntax"
	"sync"
)

// Expression is a regular expression, known to be right, which is compiled when it is first matched by itself: most rules
// never come to that, and in matching automata of its own take its place. It may be used by many goroutines.
type Expression struct {
	source string
	once   sync.Once
	re     *regexp.Regexp
}

// newExpression checks an expression (the syntax of RE2, https://go.dev/s/re2syntax). Its errors are those of package
// regexp.
func newExpression(source string) (*Expression, error) {
	x := &Expression{source: source}
	if _, err := x.parsed(); err != nil {
		return nil, err
	}
	return x, nil
}

// String returns the source of the expression.
func (x *Expression) String() string { return x.source }

// Match tells whether the expression matches somewhere in a text.
func (x *Expression) Match(text []byte) bool { return x.compiled().Match(text) }

// MatchString tells the same of a string.
func (x *Expression) MatchString(text string) bool { return x.compiled().MatchString(text) }

// parsed returns what the expression is made of.
func (x *Expression) parsed() (*syntax.Regexp, error) { return syntax.Parse(x.source, syntax.Perl) }

func (x *Expression) compiled() *regexp.Regexp {
	x.once.Do(func() { x.re = regexp.MustCompile(x.source) }) // what can be parsed can be compiled
	return x.re
}
