package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// valueSteps are the transformations of items and their values.
func (l *pipelineLoader) valueSteps() map[string]func(*step, *params) {
	return map[string]func(*step, *params){
		"drop_detection_item": func(s *step, _ *params) {
			s.item = func(*pipelineRun, *Expr) *Expr { return nil }
		},
		"detection_item_failure": func(s *step, p *params) {
			message := p.text("message")
			s.item = func(run *pipelineRun, x *Expr) *Expr {
				run.refuse("a pipeline refuses the field %q: %s", fieldOf(x), message)
				return x
			}
		},
		"replace_string": l.replaceString,
		"map_string":     l.mapString,
		"set_value":      l.setValue,
		"convert_type":   l.convertType,
		"regex":          l.toRegexp,
		"case":           l.caseStep,
		"hashes_fields":  l.hashesFields,
	}
}

// eachTest replaces the tests of an item, which stays one item; nil removes a test.
func eachTest(x *Expr, f func(x *Expr) *Expr) *Expr {
	y := replaceTests(x, f)
	if y != nil {
		y.item = true
	}
	return y
}

func replaceTests(x *Expr, f func(x *Expr) *Expr) *Expr {
	if x.Op == Test {
		return f(x)
	}
	kids := make([]*Expr, 0, len(x.Kids))
	for _, k := range x.Kids {
		if y := replaceTests(k, f); y != nil {
			kids = append(kids, y)
		}
	}
	if len(kids) == 0 && len(x.Kids) > 0 {
		return nil
	}
	x.Kids = kids
	return x
}

// replaceString is replace_string: a regular expression and what replaces it, in the text of values. skip_special keeps
// wildcards out of it; interpret_special lets those of the replacement count.
func (l *pipelineLoader) replaceString(s *step, p *params) {
	q, ok := p.need("regex", s.kind)
	r, ok2 := p.need("replacement", s.kind)
	skip, interpret := p.flag("skip_special"), p.flag("interpret_special")
	if !ok || !ok2 {
		return
	}
	re, to := l.expression(q, ""), goReplacement(l.text(r))
	if re == nil {
		return
	}
	replace := func(t *Predicate) {
		if !skip {
			t.Pattern = ParsePattern(re.compiled().ReplaceAllString(t.Pattern.String(), to))
			return
		}
		var out Pattern
		for _, token := range t.Pattern {
			if token.Kind != Literal {
				out = out.join(Pattern{token})
				continue
			}
			text := re.compiled().ReplaceAllString(token.Text, to)
			if interpret {
				out = out.join(ParsePattern(text))
			} else {
				out = out.join(LiteralPattern(text))
			}
		}
		t.Pattern = out
	}
	s.item = func(_ *pipelineRun, x *Expr) *Expr {
		testsOf(x, func(t *Predicate) {
			if t.Kind == Match {
				replace(t)
			}
		})
		return x
	}
}

// goReplacement turns \1 and \g<name> of a replacement into ${1} and ${name}.
func goReplacement(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '$':
			b.WriteString("$$")
		case s[i] == '\\' && i+1 < len(s) && s[i+1]-'0' < 10:
			b.WriteString("${" + s[i+1:i+2] + "}")
			i++
		case strings.HasPrefix(s[i:], `\g<`) && strings.IndexByte(s[i:], '>') > 0:
			end := i + strings.IndexByte(s[i:], '>')
			b.WriteString("${" + s[i+3:end] + "}")
			i = end
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\':
			b.WriteByte('\\')
			i++
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// mapString is map_string: values that are replaced by another or by several.
func (l *pipelineLoader) mapString(s *step, p *params) {
	names := make(map[string][]string)
	for _, m := range l.nameMap(p, s.kind) {
		names[m.from] = m.to
	}
	s.item = func(_ *pipelineRun, x *Expr) *Expr {
		return eachTest(x, func(x *Expr) *Expr {
			if x.Test.Kind != Match {
				return x
			}
			to, ok := names[x.Test.Pattern.String()]
			if !ok || len(to) == 0 {
				return x
			}
			kids := make([]*Expr, len(to))
			for i, v := range to {
				kids[i] = copyExpr(x)
				kids[i].Test.Pattern = ParsePattern(v)
			}
			return join(Or, kids)
		})
	}
}

// setValue is set_value: the item is compared with one given value.
func (l *pipelineLoader) setValue(s *step, p *params) {
	q, ok := p.need("value", s.kind)
	force := p.text("force_type")
	if !ok {
		return
	}
	if q.value.Kind != yaml.ScalarNode {
		l.fail(q.value, "", `"value" must be one value, not %s`, kind(q.value))
		return
	}
	if force != "" && force != "str" && force != "num" {
		l.fail(p.node, "str or num", "unknown type %q", force)
	}
	value := *q.value
	s.item = func(_ *pipelineRun, x *Expr) *Expr {
		var first *Predicate
		testsOf(x, func(t *Predicate) {
			if first == nil {
				first = t
			}
		})
		if first == nil {
			return x
		}
		t := &Predicate{Field: first.Field, By: first.By, Pos: first.Pos}
		switch {
		case isNull(&value) && force == "":
			t.Kind = IsNull
		case value.Tag == "!!str":
			t.Pattern = ParsePattern(value.Value)
		default:
			t.Pattern = LiteralPattern(value.Value)
		}
		return &Expr{Op: Test, Test: t, item: true}
	}
}

// convertType is convert_type: values are compared as numbers, or as text.
func (l *pipelineLoader) convertType(s *step, p *params) {
	q, ok := p.need("target_type", s.kind)
	if !ok {
		return
	}
	target := l.text(q)
	if target != "str" && target != "num" {
		l.fail(q.value, "str or num", "unknown type %q", target)
	}
	s.item = func(run *pipelineRun, x *Expr) *Expr {
		if target == "num" {
			testsOf(x, func(t *Predicate) {
				if t.Kind != Match {
					return
				}
				f, ok := number(t.Pattern.String())
				if !ok {
					run.refuse("a pipeline makes a number of the value of %q, which is none: %s", t.Field, t.By)
					return
				}
				t.Kind, t.Cmp, t.Number, t.Pattern = Compare, EQ, f, nil
			})
		}
		return x
	}
}

// toRegexp is regex: texts become regular expressions that match the same.
func (l *pipelineLoader) toRegexp(s *step, p *params) {
	method := p.text("method")
	flags := "(?is)"
	switch method {
	case "", "ignore_case_flag", "ignore_case_brackets":
	case "plain":
		flags = "(?s)"
	default:
		l.fail(p.node, "plain, ignore_case_flag, ignore_case_brackets", "unknown method %q", method)
	}
	s.item = func(run *pipelineRun, x *Expr) *Expr {
		testsOf(x, func(t *Predicate) {
			if t.Kind != Match {
				return
			}
			re, err := newExpression(flags + `\A` + t.Pattern.expression() + `\z`)
			if err != nil {
				run.refuse("a pipeline makes a regular expression of %s: %v", t.By, err)
				return
			}
			t.Kind, t.Regexp, t.Pattern = Regexp, re, nil
		})
		return x
	}
}

// caseStep is case: the letters of values in upper or lower case, which matters to cased ones only.
func (l *pipelineLoader) caseStep(s *step, p *params) {
	method := p.text("method")
	if method == "" {
		method = "lower"
	}
	f := letterCase(method)
	if f == nil {
		l.fail(p.node, "lower, upper, snake_case", "unknown method %q", method)
		return
	}
	s.item = func(_ *pipelineRun, x *Expr) *Expr {
		testsOf(x, func(t *Predicate) {
			if t.Kind != Match {
				return
			}
			t.Pattern = slices.Clone(t.Pattern)
			for i := range t.Pattern {
				if t.Pattern[i].Kind == Literal {
					t.Pattern[i].Text = f(t.Pattern[i].Text)
				}
			}
		})
		return x
	}
}

// hashesFields is hashes_fields: a list of hashes in one field, as in "SHA1=…,MD5=…", becomes one field for each.
func (l *pipelineLoader) hashesFields(s *step, p *params) {
	algorithms := p.texts("valid_hash_algos")
	prefix := p.text("field_prefix")
	bare := p.flag("drop_algo_prefix")
	if len(algorithms) == 0 {
		algorithms = []string{"MD5", "SHA1", "SHA256", "SHA512", "IMPHASH"}
	}
	s.item = func(run *pipelineRun, x *Expr) *Expr {
		if f := fieldOf(x); f != "Hashes" && f != "Hash" {
			return x
		}
		failed := false
		y := replaceTests(x, func(x *Expr) *Expr {
			algorithm, hash := hashOf(x.Test, algorithms)
			if algorithm == "" {
				failed = true
				return x
			}
			x.Test.Field = prefix
			if !bare {
				x.Test.Field += algorithm
			}
			x.Test.Pattern = LiteralPattern(hash)
			return x
		})
		if failed {
			run.refuse("a pipeline finds no hash of %s in the field %q", strings.Join(algorithms, ", "), fieldOf(y))
		}
		return y
	}
}

// hashOf returns the algorithm and the digest that a test of a list of hashes looks for, "" where it is no such test.
func hashOf(t *Predicate, algorithms []string) (algorithm, hash string) {
	if t.Kind != Match {
		return "", ""
	}
	p := t.Pattern
	if len(p) > 0 && p[0].Kind == AnyRun {
		p = p[1:]
	}
	if len(p) > 0 && p[len(p)-1].Kind == AnyRun {
		p = p[:len(p)-1]
	}
	if p.wild() {
		return "", ""
	}
	text := p.plain()
	name, digest, found := strings.Cut(text, "=")
	if !found {
		name, digest, found = strings.Cut(text, "|")
	}
	if !found {
		digest = text
		switch len(digest) {
		case 32:
			name = "MD5"
		case 40:
			name = "SHA1"
		case 64:
			name = "SHA256"
		case 128:
			name = "SHA512"
		}
	}
	i := slices.IndexFunc(algorithms, func(a string) bool { return strings.EqualFold(a, name) })
	if i < 0 || digest == "" {
		return "", ""
	}
	return algorithms[i], digest
}
