package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-sec/tocsin/event"
)

// conditionSet is the conditions of one kind that a step has, and how they are linked.
type conditionSet[F any] struct {
	conds  []F
	any    bool // one of them is enough
	negate bool
	expr   *CorrelationExpr // over conds, where they are linked by an expression
}

// holds tests a set with what calls one of its conditions. An empty set holds.
func (s *conditionSet[F]) holds(call func(F) bool) bool {
	if len(s.conds) == 0 {
		return true
	}
	ok := false
	switch {
	case s.expr != nil:
		ok = s.eval(s.expr, call)
	case s.any:
		ok = slices.ContainsFunc(s.conds, call)
	default:
		ok = !slices.ContainsFunc(s.conds, func(f F) bool { return !call(f) })
	}
	return ok != s.negate
}

func (s *conditionSet[F]) eval(x *CorrelationExpr, call func(F) bool) bool {
	test := func(k *CorrelationExpr) bool { return s.eval(k, call) }
	switch x.Op {
	case And:
		return !slices.ContainsFunc(x.Kids, func(k *CorrelationExpr) bool { return !test(k) })
	case Or:
		return slices.ContainsFunc(x.Kids, test)
	case Not:
		return !test(x.Kids[0])
	}
	return call(s.conds[x.Rule])
}

// conditionsOf reads PREFIX_conditions, a list or a map by name, and PREFIX_cond_op, _not and _expression.
func conditionsOf[F any](l *pipelineLoader, p *params, prefix string, read func(kind pair, p *params) (F, bool)) conditionSet[F] {
	var set conditionSet[F]
	var names []string
	short := prefix + "_cond_"
	list, given := p.take(prefix + "_conditions")
	if given {
		nodes := list.value.Content
		if list.value.Kind == yaml.MappingNode {
			nodes = nil
			for _, q := range l.pairs(list.value) {
				names = append(names, q.key.Value)
				nodes = append(nodes, q.value)
			}
		}
		if len(nodes) == 0 {
			l.fail(list.key, "", "%q must be a list of conditions", list.key.Value)
		}
		for _, n := range nodes {
			c := l.params(l.follow(n))
			kind, ok := c.need("type", "a condition")
			if !ok {
				continue
			}
			if f, ok := read(kind, c); ok {
				set.conds = append(set.conds, f)
				c.rest("the condition " + kind.value.Value)
			}
		}
	}
	if q, ok := p.take(short + "op"); ok {
		op := strings.ToLower(l.text(q))
		set.any = op == "or"
		if op != "or" && op != "and" {
			l.fail(q.value, "", "conditions are linked with and or or, not %q", op)
		}
	}
	for _, key := range []string{short + "not", short + "negate"} {
		set.negate = p.flag(key) || set.negate
	}
	if q, ok := p.take(short + "expression"); ok {
		c := conditionParser{loader: &l.loader, node: q.value, names: names, among: "conditions"}
		if x := c.parse(); x != nil && len(set.conds) == len(names) {
			set.expr, _ = correlationExpr(x, len(names))
		}
	}
	return set
}

// unknownCondition reports a condition that is none of those known.
func (l *pipelineLoader) unknownCondition(kind pair, what string, known ...string) {
	hint := didYouMean(kind.value.Value, known)
	if hint == "" {
		hint = "known are " + strings.Join(known, ", ")
	}
	l.fail(kind.value, hint, "unknown condition %q of a %s", kind.value.Value, what)
}

// ruleCondition reads a condition of a rule.
func (l *pipelineLoader) ruleCondition(kind pair, p *params) (func(*pipelineRun) bool, bool) {
	switch kind.value.Value {
	case "logsource":
		category, product, service := p.text("category"), p.text("product"), p.text("service")
		if category+product+service == "" {
			l.fail(p.node, "", "the condition logsource names no category, product or service")
		}
		want := event.LogSource{Category: category, Product: product, Service: service}
		return func(run *pipelineRun) bool {
			return fits(want, run.rule.LogSource) ||
				slices.ContainsFunc(run.sources, func(s event.LogSource) bool { return fits(want, s) })
		}, true
	case "contains_detection_item", "contains_field":
		return l.containsItem(kind, p), true
	case "processing_item_applied":
		id := p.text("processing_item_id")
		return func(run *pipelineRun) bool { return run.applied[id] }, true
	case "processing_state":
		return l.stateCondition(p), true
	case "is_sigma_rule":
		return func(run *pipelineRun) bool { return run.rule.Correlation == nil }, true
	case "is_sigma_correlation_rule":
		return func(run *pipelineRun) bool { return run.rule.Correlation != nil }, true
	case "rule_attribute":
		return l.attributeCondition(p), true
	case "tag":
		tag := p.text("tag")
		return func(run *pipelineRun) bool { return slices.Contains(run.rule.Tags, tag) }, true
	}
	l.unknownCondition(kind, "rule", "logsource", "contains_detection_item", "contains_field", "processing_item_applied",
		"processing_state", "is_sigma_rule", "is_sigma_correlation_rule", "rule_attribute", "tag")
	return nil, false
}

// containsItem is the condition that a rule has an item with a field, and with a value where one is given.
func (l *pipelineLoader) containsItem(kind pair, p *params) func(*pipelineRun) bool {
	field := p.text("field")
	value, valued := p.take("value")
	var want string
	if valued {
		want = l.text(value)
	} else if kind.value.Value == "contains_detection_item" {
		l.fail(p.node, "or use contains_field", `contains_detection_item needs "value"`)
	}
	return func(run *pipelineRun) bool {
		x := run.rule.Detection
		if run.rule.Filter != nil {
			x = run.rule.Filter.Expr
		}
		found := false
		if x != nil {
			testsOf(x, func(t *Predicate) {
				found = found || t.Field == field && (!valued || t.valueText() == want)
			})
		}
		return found
	}
}

// valueText returns the value of a test as it would be written without modifiers.
func (p *Predicate) valueText() string {
	switch p.Kind {
	case Match:
		return p.Pattern.String()
	case Regexp:
		return p.Regexp.String()
	case CIDR:
		return p.Prefix.String()
	case RefMatch:
		return p.Ref
	case IsNull:
		return "null"
	}
	return ""
}

func (l *pipelineLoader) stateCondition(p *params) func(*pipelineRun) bool {
	key, val, op := p.text("key"), p.text("val"), p.text("op")
	if key == "" {
		l.fail(p.node, "", `processing_state needs "key"`)
	}
	compare := l.comparison(p, op)
	return func(run *pipelineRun) bool {
		have, ok := run.state[key]
		return ok && compare(have, val)
	}
}

// comparison returns the comparison of two texts that an operator names; as numbers where both are.
func (l *pipelineLoader) comparison(p *params, op string) func(a, b string) bool {
	i := slices.Index([]string{"eq", "ne", "lt", "lte", "gt", "gte"}, op)
	if op == "" {
		i = 0
	}
	switch {
	case op == "in" || op == "not_in":
		return func(a, b string) bool {
			return slices.Contains(strings.Split(b, ","), a) == (op == "in")
		}
	case i < 0:
		l.fail(p.node, "eq, ne, lt, lte, gt, gte, in, not_in", "unknown operator %q", op)
		i = 0
	}
	return func(a, b string) bool {
		x, ok1 := number(a)
		y, ok2 := number(b)
		if ok1 && ok2 {
			return Cmp(i).Holds(x, y)
		}
		return Cmp(i).Holds(float64(strings.Compare(a, b)), 0)
	}
}

func (l *pipelineLoader) attributeCondition(p *params) func(*pipelineRun) bool {
	attribute, value := p.text("attribute"), p.text("value")
	compare := l.comparison(p, p.text("op"))
	return func(run *pipelineRun) bool {
		r := run.rule
		switch attribute {
		case "title":
			return compare(r.Title, value)
		case "id":
			return compare(r.ID, value)
		case "name":
			return compare(r.Name, value)
		case "status":
			return compare(r.Status, value)
		case "level":
			if want, ok := ParseLevel(value); ok {
				return compare(string(rune('0'+r.Level)), string(rune('0'+want)))
			}
			return false
		case "author":
			return compare(r.Author, value)
		case "description":
			return compare(r.Description, value)
		case "date":
			return compare(r.Date, value)
		case "modified":
			return compare(r.Modified, value)
		case "tags":
			return slices.Contains(r.Tags, value)
		}
		s, ok := r.Custom[attribute].(string)
		return ok && compare(s, value)
	}
}

// itemCondition reads a condition of a detection item.
func (l *pipelineLoader) itemCondition(kind pair, p *params) (func(*pipelineRun, *Expr) bool, bool) {
	var test func(*Predicate) bool
	all := false
	switch kind.value.Value {
	case "match_string", "match_value", "contains_wildcard", "is_null":
		switch p.text("cond") {
		case "all":
			all = true
		case "any", "":
		default:
			l.fail(p.node, "", `"cond" must be any or all`)
		}
		test = l.valueCondition(kind, p)
	case "processing_item_applied":
		id := p.text("processing_item_id")
		return func(run *pipelineRun, x *Expr) bool { return slices.Contains(run.touched[x], id) }, true
	case "processing_state":
		state := l.stateCondition(p)
		return func(run *pipelineRun, _ *Expr) bool { return state(run) }, true
	default:
		l.unknownCondition(kind, "detection item", "match_string", "match_value", "contains_wildcard", "is_null",
			"processing_item_applied", "processing_state")
		return nil, false
	}
	return func(_ *pipelineRun, x *Expr) bool {
		some, every := false, true
		testsOf(x, func(t *Predicate) {
			ok := test(t)
			some, every = some || ok, every && ok
		})
		return all && every || !all && some
	}, true
}

// valueCondition reads the test of a single value.
func (l *pipelineLoader) valueCondition(kind pair, p *params) func(*Predicate) bool {
	switch kind.value.Value {
	case "contains_wildcard":
		return func(t *Predicate) bool { return t.Kind == Match && t.Pattern.wild() }
	case "is_null":
		return func(t *Predicate) bool { return t.Kind == IsNull }
	case "match_value":
		value := p.text("value")
		return func(t *Predicate) bool { return t.valueText() == value }
	}
	negate := p.flag("negate")
	q, ok := p.need("pattern", "match_string")
	if !ok {
		return func(*Predicate) bool { return false }
	}
	re := l.expression(q, `\A`)
	return func(t *Predicate) bool {
		return re != nil && t.Kind == Match && re.MatchString(t.Pattern.String()) != negate
	}
}

// expression compiles a regular expression that is the value of a key, after a prefix.
func (l *pipelineLoader) expression(q pair, prefix string) *Expression {
	source := l.text(q)
	re := l.compile(q.value, &operand{source: source})
	if re == nil || prefix == "" {
		return re
	}
	anchored, err := newExpression(prefix + "(?:" + re.String() + ")")
	if err != nil {
		l.fail(q.value, "", "not a regular expression: %v", err)
		return nil
	}
	return anchored
}

// fieldCondition reads a condition of a field's name.
func (l *pipelineLoader) fieldCondition(kind pair, p *params) (func(*pipelineRun, fieldUse) bool, bool) {
	switch kind.value.Value {
	case "include_fields", "exclude_fields":
		include := kind.value.Value == "include_fields"
		among := l.fieldSet(p)
		return func(_ *pipelineRun, f fieldUse) bool { return among(f.name) == include }, true
	case "processing_item_applied":
		id := p.text("processing_item_id")
		return func(run *pipelineRun, f fieldUse) bool { return slices.Contains(run.touched[f.item], id) }, true
	case "processing_state":
		state := l.stateCondition(p)
		return func(run *pipelineRun, _ fieldUse) bool { return state(run) }, true
	}
	l.unknownCondition(kind, "field name", "include_fields", "exclude_fields", "processing_item_applied", "processing_state")
	return nil, false
}

// fieldSet reads a list of field names, or of regular expressions where "mode" or "type" says so.
func (l *pipelineLoader) fieldSet(p *params) func(string) bool {
	mode := p.text("mode") + p.text("match_type")
	q, ok := p.need("fields", "the condition")
	if !ok {
		return func(string) bool { return false }
	}
	fields := l.texts(q)
	switch mode {
	case "", "plain":
		return func(name string) bool { return slices.Contains(fields, name) }
	case "re", "regex":
	default:
		l.fail(p.node, "plain or re", "unknown mode %q", mode)
	}
	var res []*Expression
	for _, f := range fields {
		if re := l.compile(q.value, &operand{source: `\A(?:` + f + `)`}); re != nil {
			res = append(res, re)
		}
	}
	return func(name string) bool {
		return slices.ContainsFunc(res, func(re *Expression) bool { return re.MatchString(name) })
	}
}
