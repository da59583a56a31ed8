package sigma

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// regexpFlags are the sub-modifiers of re, and the ends that startswith and endswith tie an expression to.
type regexpFlags uint8

const (
	flagI regexpFlags = 1 << iota
	flagM
	flagS
	flagStart
	flagEnd
)

func flagOf(name string) regexpFlags {
	switch name {
	case "i", "ignorecase":
		return flagI
	case "m", "multiline":
		return flagM
	}
	return flagS
}

// compile compiles an operand's regular expression. It returns nil after an error.
func (l *loader) compile(n *yaml.Node, o *operand) *Expression {
	source, e := translate(o.source)
	if e != nil {
		l.failAt(n, e.from, e.to, e.hint, "%s", e.message)
		return nil
	}
	if o.flags&(flagStart|flagEnd) != 0 {
		source = "(?:" + source + ")"
		if o.flags&flagStart != 0 {
			source = `\A` + source
		}
		if o.flags&flagEnd != 0 {
			source += `\z`
		}
	}
	var flags string
	for i, f := range []regexpFlags{flagI, flagM, flagS} {
		if o.flags&f != 0 {
			flags += "ims"[i : i+1]
		}
	}
	if flags != "" {
		source = "(?" + flags + ")" + source
	}
	re, err := newExpression(source)
	if err != nil {
		l.regexpFailed(n, err)
		return nil
	}
	return re
}

// regexpFailed explains what Go's regexp package says of an expression.
func (l *loader) regexpFailed(n *yaml.Node, err error) {
	var e *syntax.Error
	if !errors.As(err, &e) {
		l.fail(n, "", "not a regular expression: %v", err)
		return
	}
	hint := ""
	switch e.Code {
	case syntax.ErrInvalidRepeatSize:
		hint = "a repetition goes up to 1000, nested ones multiplied; use * or + instead of a large number"
	case syntax.ErrLarge, syntax.ErrNestingDepth:
		hint = "split it into several expressions"
	case syntax.ErrMissingParen, syntax.ErrUnexpectedParen:
		hint = `for a parenthesis itself write \( or \)`
	case syntax.ErrMissingBracket:
		hint = `for a bracket itself write \[`
	}
	from := strings.Index(n.Value, e.Expr)
	to := from + len(e.Expr)
	if from < 0 || e.Expr == "" {
		from, to = 0, len(n.Value)
	}
	l.failAt(n, from, to, hint, "not a regular expression: %s: %s", e.Code, e.Expr)
}

// translation turns an expression in the syntax of PCRE, which Sigma names, into Go's (RE2): what only differs in
// writing is rewritten; what RE2 has no equal for is refused, because it could not be matched in linear time.
type translation struct {
	in      string
	at      int
	out     strings.Builder
	class   bool // within [ ]
	repeat  bool // a quantifier stands before
	lazy    bool // … and has its ? already
	problem *regexpProblem
}

type regexpProblem struct {
	from, to      int
	message, hint string
}

func translate(source string) (string, *regexpProblem) {
	if !strings.ContainsAny(source, `\({[+`) {
		return source, nil
	}
	t := &translation{in: source}
	for t.at < len(source) && t.problem == nil {
		c := source[t.at]
		switch {
		case c == '\\':
			t.escape()
			t.repeat = false
		case t.class:
			t.inClass(c)
		case c == '[':
			t.openClass()
		case c == '(':
			t.group()
			t.repeat = false
		case c == '*' || c == '+' || c == '?' || c == '{':
			t.quantifier(c)
		default:
			t.copy(1)
			t.repeat = false
		}
	}
	return t.out.String(), t.problem
}

func (t *translation) copy(n int) {
	n = min(n, len(t.in)-t.at)
	t.out.WriteString(t.in[t.at : t.at+n])
	t.at += n
}

// replace writes s for the next n bytes.
func (t *translation) replace(n int, s string) {
	t.out.WriteString(s)
	t.at += min(n, len(t.in)-t.at)
}

func (t *translation) refuse(n int, message, hint string) {
	t.problem = &regexpProblem{t.at, min(t.at+n, len(t.in)), message, hint}
}

const linearHint = "expressions are matched in time linear to the text, which rules this out: use a second selection with |re and join the two in the condition"

const verticalSpace = `\n\x0b\f\r\x{85}\x{2028}\x{2029}`

// escape translates a backslash and what follows it.
func (t *translation) escape() {
	if t.at+1 >= len(t.in) {
		t.refuse(1, "the expression ends with a single backslash", `for a backslash itself write \\`)
		return
	}
	c := t.in[t.at+1]
	switch {
	case c >= utf8.RuneSelf:
		_, n := utf8.DecodeRuneInString(t.in[t.at+1:])
		t.replace(1+n, t.in[t.at+1:t.at+1+n])
	case !isAlnum(c):
		t.copy(2)
	case t.class:
		t.escapeInClass(c)
	case c >= '1' && c <= '9', c == 'k', c == 'g':
		t.refuse(2, fmt.Sprintf(`the backreference \%c cannot be used`, c), linearHint)
	default:
		t.escapeLetter(c)
	}
}

func (t *translation) escapeLetter(c byte) {
	switch c {
	case 'Q':
		if end := strings.Index(t.in[t.at:], `\E`); end > 0 {
			t.copy(end + 2)
		} else {
			t.copy(len(t.in) - t.at)
		}
	case 'Z':
		t.replace(2, `(?:\n?\z)`)
	case 'e':
		t.replace(2, `\x1b`)
	case 'h':
		t.replace(2, `[\t\x20\x{a0}]`)
	case 'H':
		t.replace(2, `[^\t\x20\x{a0}]`)
	case 'N':
		t.replace(2, `[^\n]`)
	case 'v':
		t.replace(2, `[`+verticalSpace+`]`)
	case 'V':
		t.replace(2, `[^`+verticalSpace+`]`)
	case 'R':
		t.replace(2, `(?:\r\n|[`+verticalSpace+`])`)
	case 'K', 'G', 'X', 'C':
		t.refuse(2, fmt.Sprintf(`the assertion \%c cannot be used`, c), linearHint)
	case 'u', 'c':
		t.character(c)
	case 'A', 'B', 'D', 'E', 'P', 'S', 'W', 'a', 'b', 'd', 'f', 'n', 'p', 'r', 's', 't', 'w', 'x', 'z', '0':
		t.copy(2)
	default:
		t.refuse(2, fmt.Sprintf(`unknown escape \%c`, c), fmt.Sprintf("for the letter itself write %c", c))
	}
}

// character translates \uXXXX and \cX.
func (t *translation) character(c byte) {
	rest := t.in[t.at+2:]
	if c == 'c' && rest != "" && rest[0] >= '?' && rest[0] < utf8.RuneSelf {
		x := rest[0]
		if x >= 'a' && x <= 'z' {
			x -= 32
		}
		t.replace(3, fmt.Sprintf(`\x%02x`, x^64))
		return
	}
	if c == 'u' && len(rest) >= 4 {
		if _, err := strconv.ParseUint(rest[:4], 16, 16); err == nil {
			t.replace(6, `\x{`+rest[:4]+`}`)
			return
		}
	}
	t.refuse(2, fmt.Sprintf(`unknown escape \%c`, c), `for a character by its number write \x{20ac}`)
}

// escapeInClass translates a backslash and a letter within brackets.
func (t *translation) escapeInClass(c byte) {
	switch c {
	case 'b':
		t.replace(2, `\x08`)
	case 'e':
		t.replace(2, `\x1b`)
	case 'h':
		t.replace(2, `\t\x20\x{a0}`)
	case 'v':
		t.replace(2, verticalSpace)
	case 'u', 'c':
		t.character(c)
	case 'D', 'P', 'S', 'W', 'a', 'd', 'f', 'n', 'p', 'r', 's', 't', 'w', 'x', '0', '1', '2', '3', '4', '5', '6', '7':
		t.copy(2)
	default:
		t.refuse(2, fmt.Sprintf(`unknown escape \%c in brackets`, c), fmt.Sprintf("for the letter itself write %c", c))
	}
}

func (t *translation) openClass() {
	t.class, t.repeat = true, false
	t.copy(1)
	if strings.HasPrefix(t.in[t.at:], "^") {
		t.copy(1)
	}
	if strings.HasPrefix(t.in[t.at:], "]") {
		t.copy(1)
	}
}

func (t *translation) inClass(c byte) {
	switch {
	case c == ']':
		t.class = false
	case strings.HasPrefix(t.in[t.at:], "[:"):
		if end := strings.Index(t.in[t.at:], ":]"); end > 0 {
			t.copy(end + 2)
			return
		}
	case c == '[':
		t.replace(1, `\[`)
		return
	}
	t.copy(1)
}

// group translates an opening parenthesis and the marks after it.
func (t *translation) group() {
	s := t.in[t.at:]
	if strings.HasPrefix(s, "(*") {
		t.refuse(2, "verbs such as (*SKIP) cannot be used", linearHint)
		return
	}
	if !strings.HasPrefix(s, "(?") || len(s) < 3 {
		t.copy(1)
		return
	}
	after := func(prefix string) bool { return strings.HasPrefix(s[2:], prefix) }
	switch {
	case after("="), after("!"):
		t.refuse(3, "the lookahead "+s[:3]+"…) cannot be used", linearHint)
	case after("<="), after("<!"):
		t.refuse(4, "the lookbehind "+s[:4]+"…) cannot be used", linearHint)
	case after(">"):
		t.refuse(3, "the atomic group (?>…) cannot be used", linearHint)
	case after("|"):
		t.refuse(3, "the branch reset (?|…) cannot be used", "write (?:…)")
	case after("("):
		t.refuse(3, "the conditional (?(…)…) cannot be used", linearHint)
	case after("P="):
		t.refuse(4, "the backreference (?P=…) cannot be used", linearHint)
	case after("R"), after("&"), after("P>"), s[2] >= '0' && s[2] <= '9', after("+"), len(s) > 3 && s[2] == '-' && s[3] <= '9':
		t.refuse(3, "the recursion "+s[:3]+"…) cannot be used", linearHint)
	case after("#"):
		end := strings.IndexByte(s, ')')
		if end < 0 {
			end = len(s) - 1
		}
		t.at += end + 1
	case after("'"):
		if end := strings.IndexByte(s[3:], '\''); end > 0 {
			t.replace(3+end+1, "(?P<"+s[3:3+end]+">")
			return
		}
		t.copy(3)
	default:
		t.copy(2)
	}
}

// quantifier copies a quantifier; a possessive one is refused.
func (t *translation) quantifier(c byte) {
	n := 1
	if c == '{' {
		end := strings.IndexByte(t.in[t.at:], '}')
		if end < 0 || !isRepetition(t.in[t.at+1:t.at+end]) {
			t.copy(1)
			t.repeat = false
			return
		}
		n = end + 1
	}
	switch {
	case t.repeat && !t.lazy && c == '+':
		t.at--
		t.refuse(2, "the possessive quantifier "+t.in[t.at:t.at+2]+" cannot be used", "leave out the second +: it only saves time, which is not needed here")
		return
	case t.repeat && !t.lazy && c == '?':
		t.lazy = true
	default:
		t.lazy = false
	}
	t.repeat = true
	t.copy(n)
}

// isRepetition tells whether the inside of braces counts: "3", "3," or "3,5".
func isRepetition(s string) bool {
	low, high, _ := strings.Cut(s, ",")
	return low != "" && strings.Trim(low, "0123456789") == "" && strings.Trim(high, "0123456789") == ""
}

// expression returns a regular expression that matches what the pattern matches.
func (p Pattern) expression() string {
	var b strings.Builder
	for _, t := range p {
		switch t.Kind {
		case AnyRun:
			b.WriteString(".*")
		case AnyOne:
			b.WriteByte('.')
		default:
			b.WriteString(regexp.QuoteMeta(t.Text))
		}
	}
	return b.String()
}
