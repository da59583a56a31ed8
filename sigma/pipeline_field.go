package sigma

import (
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// rename gives an item the names that a step has for its field; several are alternatives.
func (run *pipelineRun) rename(s *step, x *Expr) *Expr {
	testsOf(x, func(t *Predicate) {
		if t.Kind == RefMatch && run.concernsName(s, t.Ref) {
			if to := s.field(run, t.Ref); len(to) > 0 {
				t.Ref = to[0]
			}
		}
	})
	name := fieldOf(x)
	if name == "" {
		return x
	}
	to := s.field(run, name)
	switch {
	case to == nil || len(to) == 1 && to[0] == name:
		return x
	case len(to) == 0:
		return x
	}
	// "neq" is not(item): the alternatives go inside, for the field to differ under each of its names.
	inner := x
	if x.Op == Not {
		inner = x.Kids[0]
	}
	kids := make([]*Expr, len(to))
	for i, f := range to {
		k := inner
		if i < len(to)-1 {
			k = copyExpr(inner)
		}
		testsOf(k, func(t *Predicate) { t.Field = f })
		k.item = inner == x
		kids[i] = k
	}
	y := join(Or, kids)
	if inner != x {
		y = not(y)
		y.item = true
	}
	return y
}

func (run *pipelineRun) concernsName(s *step, name string) bool {
	return s.names.holds(func(c func(*pipelineRun, fieldUse) bool) bool { return c(run, fieldUse{name: name}) })
}

// renameLists renames the fields that a rule names outside of its detection.
func (run *pipelineRun) renameLists(s *step) {
	if len(s.items.conds) > 0 {
		return
	}
	r := run.rule
	r.Fields = run.renameAll(s, r.Fields)
	k := r.Correlation
	if k == nil {
		return
	}
	aliases := k.Aliases
	k.Aliases = make(map[string]Alias, len(aliases))
	for name, alias := range aliases {
		a := make(Alias, len(alias))
		for rule, field := range alias {
			a[rule] = field
			if to := run.renameAll(s, []string{field}); len(to) > 0 {
				a[rule] = to[0]
			}
		}
		k.Aliases[name] = a
	}
	k.GroupBy = run.renameGroups(s, k.GroupBy, aliases)
	k.Field = run.renameGroups(s, k.Field, aliases)
}

func (run *pipelineRun) renameAll(s *step, names []string) []string {
	var out []string
	for _, name := range names {
		to := []string(nil)
		if run.concernsName(s, name) {
			to = s.field(run, name)
		}
		if len(to) == 0 {
			to = []string{name}
		}
		out = append(out, to...)
	}
	return out
}

// renameGroups renames fields that a correlation groups or counts by; they must keep being one field each.
func (run *pipelineRun) renameGroups(s *step, names []string, aliases map[string]Alias) []string {
	out := slices.Clone(names)
	for i, name := range names {
		if _, ok := aliases[name]; ok {
			continue
		}
		to := run.renameAll(s, []string{name})
		if len(to) > 1 {
			run.refuse("a pipeline maps %q to several fields, which a correlation cannot group by", name)
			return names
		}
		out[i] = to[0]
	}
	return out
}

// fieldSteps are the transformations that rename fields.
func (l *pipelineLoader) fieldSteps() map[string]func(*step, *params) {
	return map[string]func(*step, *params){
		"field_name_mapping":        l.fieldMapping,
		"field_name_prefix_mapping": l.prefixMapping,
		"field_name_transform":      l.fieldTransform,
		"field_name_prefix": func(s *step, p *params) {
			q, _ := p.need("prefix", "field_name_prefix")
			if q.key != nil {
				prefix := l.text(q)
				s.field = func(_ *pipelineRun, name string) []string { return []string{prefix + name} }
			}
		},
		"field_name_suffix": func(s *step, p *params) {
			q, _ := p.need("suffix", "field_name_suffix")
			if q.key != nil {
				suffix := l.text(q)
				s.field = func(_ *pipelineRun, name string) []string { return []string{name + suffix} }
			}
		},
	}
}

// nameMap reads a map of names to a name or several.
func (l *pipelineLoader) nameMap(p *params, of string) []struct {
	from string
	to   []string
} {
	var out []struct {
		from string
		to   []string
	}
	q, ok := p.need("mapping", of)
	if !ok {
		return nil
	}
	if q.value.Kind != yaml.MappingNode {
		l.fail(q.value, "", `"mapping" must be a map of names, not %s`, kind(q.value))
		return nil
	}
	for _, m := range l.loader.pairs(q.value) {
		to := l.texts(m)
		if len(to) == 0 && !isNull(m.value) {
			l.fail(m.value, "", "%q is mapped to nothing", m.key.Value)
			continue
		}
		out = append(out, struct {
			from string
			to   []string
		}{m.key.Value, to})
	}
	return out
}

func (l *pipelineLoader) fieldMapping(s *step, p *params) {
	names := make(map[string][]string)
	for _, m := range l.nameMap(p, s.kind) {
		names[m.from] = m.to
	}
	s.field = func(_ *pipelineRun, name string) []string { return names[name] }
}

func (l *pipelineLoader) prefixMapping(s *step, p *params) {
	prefixes := l.nameMap(p, s.kind)
	s.field = func(_ *pipelineRun, name string) []string {
		for _, m := range prefixes {
			rest, ok := strings.CutPrefix(name, m.from)
			if !ok {
				continue
			}
			out := make([]string, len(m.to))
			for i, to := range m.to {
				out[i] = to + rest
			}
			return out
		}
		return nil
	}
}

func (l *pipelineLoader) fieldTransform(s *step, p *params) {
	exceptions := make(map[string]string)
	if q, ok := p.take("mapping"); ok {
		for _, m := range l.loader.pairs(q.value) {
			exceptions[m.key.Value] = l.text(m)
		}
	}
	q, ok := p.need("transform_func", s.kind)
	if !ok {
		return
	}
	f := letterCase(l.text(q))
	if f == nil {
		l.fail(q.value, "lower_case, upper_case, title_case, snake_case, camel_case", "unknown function %q", q.value.Value)
		return
	}
	s.field = func(_ *pipelineRun, name string) []string {
		if to, ok := exceptions[name]; ok {
			return []string{to}
		}
		return []string{f(name)}
	}
}

// letterCase returns the function that a name such as "snake_case" or "snake" means, or nil.
func letterCase(name string) func(string) string {
	switch strings.TrimSuffix(name, "_case") {
	case "lower":
		return strings.ToLower
	case "upper":
		return strings.ToUpper
	case "title":
		return titleCase
	case "snake":
		return snakeCase
	case "camel":
		return func(s string) string {
			t := strings.ReplaceAll(titleCase(strings.ReplaceAll(snakeCase(s), "_", " ")), " ", "")
			if t == "" {
				return t
			}
			return strings.ToLower(t[:1]) + t[1:]
		}
	}
	return nil
}

// titleCase puts the first letter of each word in upper case and the others in lower case.
func titleCase(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		first := !inWord
		inWord = unicode.IsLetter(r)
		if first {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, s)
}

// snakeCase turns "ParentImage" and "parent image" into "parent_image".
func snakeCase(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		if r == ' ' || r == '-' || r == '_' {
			b.WriteByte('_')
			continue
		}
		if unicode.IsUpper(r) && i > 0 && runes[i-1] != '_' && runes[i-1] != ' ' && runes[i-1] != '-' {
			nextLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if !unicode.IsUpper(runes[i-1]) || nextLower {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
