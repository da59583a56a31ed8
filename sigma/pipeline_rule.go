package sigma

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// transformations are all that a pipeline may do, by the names that pySigma gives them. Each reads its parameters.
func (l *pipelineLoader) transformations() map[string]func(*step, *params) {
	all := map[string]func(*step, *params){
		"add_condition":                 l.addCondition,
		"change_logsource":              l.changeLogSource,
		"set_state":                     l.setState,
		"set_custom_attribute":          l.setAttribute,
		"rule_failure":                  l.ruleFailure,
		"nest":                          l.nest,
		"add_field":                     l.addField,
		"remove_field":                  l.removeField,
		"set_field":                     l.setField,
		"value_placeholders":            l.placeholderStep,
		"wildcard_placeholders":         l.placeholderStep,
		"query_expression_placeholders": l.queryStep,
	}
	maps.Copy(all, l.fieldSteps())
	maps.Copy(all, l.valueSteps())
	return all
}

// addCondition is add_condition: fields and values that must match too, or must not.
func (l *pipelineLoader) addCondition(s *step, p *params) {
	q, ok := p.need("conditions", s.kind)
	negated, template := p.flag("negated"), p.flag("template")
	p.text("name")
	if !ok {
		return
	}
	if q.value.Kind != yaml.MappingNode {
		l.fail(q.value, "", `"conditions" must be a map of fields and values, not %s`, kind(q.value))
		return
	}
	x := l.fields(q.value, q.key)
	if x == nil {
		return
	}
	s.rule = func(run *pipelineRun, s *step) {
		add := copyExpr(x)
		if template {
			testsOf(add, func(t *Predicate) { fillTemplate(t, run.rule) })
		}
		eachOf(add, func(y *Expr) {
			if s.id != "" {
				run.touched[y] = []string{s.id}
			}
		})
		if negated {
			add = not(add)
		}
		if d := run.rule.Detection; d != nil {
			run.rule.Detection = &Expr{Op: And, Kids: []*Expr{add, d}}
		}
	}
}

// fillTemplate puts the rule's log source in place of $category, $product and $service.
func fillTemplate(t *Predicate, r *Rule) {
	if t.Kind != Match {
		return
	}
	s := r.LogSource
	replacer := strings.NewReplacer(
		"$category", s.Category, "${category}", s.Category, "$product", s.Product, "${product}", s.Product,
		"$service", s.Service, "${service}", s.Service,
	)
	var out Pattern
	for _, token := range t.Pattern {
		if token.Kind == Literal {
			out = out.text(replacer.Replace(token.Text))
		} else {
			out = out.join(Pattern{token})
		}
	}
	t.Pattern = out
}

func (l *pipelineLoader) changeLogSource(s *step, p *params) {
	category, product, service := p.text("category"), p.text("product"), p.text("service")
	if category+product+service == "" {
		l.fail(p.node, "", "%s names no category, product or service", s.kind)
	}
	s.rule = func(run *pipelineRun, _ *step) {
		run.rule.LogSource.Category = category
		run.rule.LogSource.Product = product
		run.rule.LogSource.Service = service
	}
}

func (l *pipelineLoader) setState(s *step, p *params) {
	key, ok := p.need("key", s.kind)
	val, ok2 := p.need("val", s.kind)
	if !ok || !ok2 {
		return
	}
	k, v := l.text(key), strings.Join(l.texts(val), ",")
	s.rule = func(run *pipelineRun, _ *step) { run.state[k] = v }
}

func (l *pipelineLoader) setAttribute(s *step, p *params) {
	attribute, ok := p.need("attribute", s.kind)
	value, ok2 := p.need("value", s.kind)
	if !ok || !ok2 {
		return
	}
	name, v := l.text(attribute), l.plain(value.value, 0)
	s.rule = func(run *pipelineRun, _ *step) {
		custom := make(map[string]any, len(run.rule.Custom)+1)
		maps.Copy(custom, run.rule.Custom)
		custom[name] = v
		run.rule.Custom = custom
	}
}

func (l *pipelineLoader) ruleFailure(s *step, p *params) {
	message := p.text("message")
	s.rule = func(run *pipelineRun, _ *step) { run.refuse("a pipeline refuses the rule: %s", message) }
}

// nest is nest: a list of transformations under common conditions.
func (l *pipelineLoader) nest(s *step, p *params) {
	q, ok := p.need("items", s.kind)
	if !ok {
		return
	}
	steps := l.stepList(q)
	s.rule = func(run *pipelineRun, _ *step) { run.steps(steps) }
}

func (l *pipelineLoader) fieldNames(s *step, p *params) []string {
	q, ok := p.take("field")
	if !ok {
		if q, ok = p.need("fields", s.kind); !ok {
			return nil
		}
	}
	return l.texts(q)
}

func (l *pipelineLoader) addField(s *step, p *params) {
	names := l.fieldNames(s, p)
	s.rule = func(run *pipelineRun, _ *step) { run.rule.Fields = append(run.rule.Fields, names...) }
}

func (l *pipelineLoader) removeField(s *step, p *params) {
	names := l.fieldNames(s, p)
	s.rule = func(run *pipelineRun, _ *step) {
		run.rule.Fields = slices.DeleteFunc(run.rule.Fields, func(f string) bool { return slices.Contains(names, f) })
	}
}

func (l *pipelineLoader) setField(s *step, p *params) {
	names := l.fieldNames(s, p)
	s.rule = func(run *pipelineRun, _ *step) { run.rule.Fields = slices.Clone(names) }
}

// placeholderStep is value_placeholders and wildcard_placeholders, which take effect when rules are loaded: see
// Pipelines.LoadOptions.
func (l *pipelineLoader) placeholderStep(s *step, p *params) {
	l.pipe.values = append(l.pipe.values, placeholderRule{
		include: p.texts("include"), exclude: p.texts("exclude"), wildcard: s.kind == "wildcard_placeholders",
	})
	s.rule = func(*pipelineRun, *step) {}
}

// queryStep refuses what only makes sense in the query language of a search engine.
func (l *pipelineLoader) queryStep(s *step, p *params) {
	p.pairs = nil
	l.fail(p.node, "use value_placeholders", "%s has no meaning here: there is no query", s.kind)
	s.rule = func(*pipelineRun, *step) {}
}
