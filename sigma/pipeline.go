package sigma

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-sec/tocsin/event"
)

// Pipeline rewrites rules for the events at hand: it maps field names, adds conditions, drops what cannot match.
// It is pySigma's format of processing pipelines, without the parts that only shape queries.
type Pipeline struct {
	Name     string
	Priority int // pipelines with lower numbers are applied first
	Vars     map[string][]string

	steps  []*step
	values []placeholderRule // value_placeholders and wildcard_placeholders
}

// Pipelines are applied together, in the order of their priorities; equal ones in the order given.
type Pipelines []*Pipeline

// step is one transformation with the conditions under which it applies. Exactly one of rule, item and field is set.
type step struct {
	id   string
	kind string
	pos  Pos

	rule  func(run *pipelineRun, s *step)                       // changes the rule as a whole
	item  func(run *pipelineRun, x *Expr) *Expr                 // changes one "field: values"; nil removes it
	field func(run *pipelineRun, name string) (to []string)     // renames fields; nil keeps the name
	when  conditionSet[func(run *pipelineRun) bool]             // of the rule
	items conditionSet[func(run *pipelineRun, x *Expr) bool]    // of the item
	names conditionSet[func(run *pipelineRun, f fieldUse) bool] // of the field's name
}

// fieldUse is a field's name where it is used: in an item, or, with a nil item, in a list of fields.
type fieldUse struct {
	name string
	item *Expr
}

// placeholderRule says which placeholders a pipeline gives values to.
type placeholderRule struct {
	include, exclude []string // no include: all
	wildcard         bool     // * instead of a variable's values
}

func (p placeholderRule) concerns(name string) bool {
	return (len(p.include) == 0 || slices.Contains(p.include, name)) && !slices.Contains(p.exclude, name)
}

// pipelineRun is the application of pipelines to one rule.
type pipelineRun struct {
	rule    *Rule             // a copy, free to be changed
	owned   bool              // its expressions are copies too
	sources []event.LogSource // of the rules that a correlation refers to
	state   map[string]string
	applied map[string]bool // ids of steps
	touched map[*Expr][]string
	diags   []Diagnostic
	failed  bool
}

// LoadOptions returns the options with the placeholders that the pipelines define. Placeholders are replaced when rules
// are loaded, before pipelines are applied, so pipelines are loaded first.
func (p Pipelines) LoadOptions(opt LoadOptions) LoadOptions {
	known := make(map[string][]string, len(opt.Placeholders))
	for k, v := range opt.Placeholders {
		known[k] = v
	}
	for _, pipe := range p.sorted() {
		for _, rule := range pipe.values {
			if rule.wildcard {
				if len(rule.include) == 0 {
					opt.Unknown = []string{"*"}
				}
				for _, name := range rule.include {
					if _, ok := known[name]; !ok {
						known[name] = []string{"*"}
					}
				}
				continue
			}
			for name, values := range pipe.Vars {
				if _, ok := known[name]; !ok && rule.concerns(name) {
					known[name] = values
				}
			}
		}
	}
	opt.Placeholders = known
	return opt
}

func (p Pipelines) sorted() Pipelines {
	return slices.SortedStableFunc(slices.Values(p), func(a, b *Pipeline) int { return cmp.Compare(a.Priority, b.Priority) })
}

// Apply returns the rule as the pipelines rewrite it, the rule itself where none of them changes it. It returns nil where
// a pipeline refuses the rule; the diagnostics say why.
//
// A correlation has no log source of its own: conditions of the log source hold where they hold for a rule that it
// refers to, which only ApplyAll knows.
func (p Pipelines) Apply(r *Rule) (*Rule, []Diagnostic) {
	return p.apply(&pipelineRun{rule: r})
}

// ApplyAll applies the pipelines to each of the rules, and returns those that are left and all diagnostics; each error
// among these stands for one rule.
func (p Pipelines) ApplyAll(rules []*Rule) ([]*Rule, []Diagnostic) {
	if len(p) == 0 {
		return rules, nil
	}
	known := make(map[string]*Rule)
	for _, r := range rules {
		for _, key := range []string{r.ID, r.Name} {
			if _, ok := known[key]; !ok {
				known[key] = r
			}
		}
	}
	out := make([]*Rule, 0, len(rules))
	var all []Diagnostic
	for _, r := range rules {
		run := &pipelineRun{rule: r}
		if r.Correlation != nil && !r.Correlation.Implicit {
			run.sources = sourcesOf(r, known, map[*Rule]bool{r: true})
		}
		got, diags := p.apply(run)
		all = append(all, diags...)
		if got != nil {
			out = append(out, got)
		}
	}
	return out, all
}

// sourcesOf returns the log sources of the rules that a correlation refers to in the end.
func sourcesOf(r *Rule, known map[string]*Rule, seen map[*Rule]bool) []event.LogSource {
	var out []event.LogSource
	for _, ref := range r.Correlation.Rules {
		to := known[ref.Ref]
		switch {
		case to == nil || ref.Ref == "" || seen[to]:
		case to.Correlation != nil && !to.Correlation.Implicit:
			seen[to] = true
			out = append(out, sourcesOf(to, known, seen)...)
		default:
			seen[to] = true
			out = append(out, to.LogSource)
		}
	}
	return out
}

func (p Pipelines) apply(run *pipelineRun) (*Rule, []Diagnostic) {
	for _, pipe := range p.sorted() {
		run.steps(pipe.steps)
	}
	if !run.failed && run.owned {
		run.check()
	}
	if run.failed {
		return nil, run.diags
	}
	if k := run.rule.Correlation; k != nil && k.Implicit {
		for i := range k.Rules {
			in, diags := p.Apply(k.Rules[i].Rule)
			if in == nil {
				return nil, diags
			}
			if in != k.Rules[i].Rule {
				run.own()
				k = run.rule.Correlation
				k.Rules[i].Rule = in
			}
		}
	}
	return run.rule, run.diags
}

func (run *pipelineRun) steps(steps []*step) {
	for _, s := range steps {
		if run.failed {
			return
		}
		if !s.when.holds(func(c func(*pipelineRun) bool) bool { return c(run) }) {
			continue
		}
		run.own()
		run.applyStep(s)
		if s.id != "" {
			run.applied[s.id] = true
		}
	}
}

// own makes copies of what steps may change.
func (run *pipelineRun) own() {
	if run.owned {
		return
	}
	run.owned = true
	run.state, run.applied, run.touched = map[string]string{}, map[string]bool{}, map[*Expr][]string{}
	r := *run.rule
	r.Fields = slices.Clone(r.Fields)
	if r.Detection != nil {
		r.Detection = copyExpr(r.Detection)
	}
	if r.Filter != nil {
		f := *r.Filter
		f.Expr = copyExpr(f.Expr)
		r.Filter = &f
	}
	if r.Correlation != nil {
		k := *r.Correlation
		k.Rules = slices.Clone(k.Rules)
		k.GroupBy = slices.Clone(k.GroupBy)
		k.Field = slices.Clone(k.Field)
		r.Correlation = &k
	}
	run.rule = &r
}

// check refuses a rule of which nothing is left.
func (run *pipelineRun) check() {
	r := run.rule
	if r.Correlation == nil && (r.Filter == nil && r.Detection == nil || r.Filter != nil && r.Filter.Expr == nil) {
		run.refuse("a pipeline removed all that the rule looks for")
	}
}

// refuse keeps the rule from being used.
func (run *pipelineRun) refuse(format string, args ...any) {
	if run.failed {
		return
	}
	run.failed = true
	run.diags = append(run.diags, Diagnostic{Pos: run.rule.Pos, Message: fmt.Sprintf(format, args...)})
}

func copyExpr(x *Expr) *Expr {
	c := *x
	if x.Test != nil {
		t := *x.Test
		c.Test = &t
	}
	c.Kids = make([]*Expr, len(x.Kids))
	for i, k := range x.Kids {
		c.Kids[i] = copyExpr(k)
	}
	return &c
}

// applyStep applies a step whose conditions of the rule hold.
func (run *pipelineRun) applyStep(s *step) {
	switch {
	case s.rule != nil:
		s.rule(run, s)
	case s.item != nil:
		run.eachItem(s, s.item)
	case s.field != nil:
		run.eachItem(s, func(run *pipelineRun, x *Expr) *Expr { return run.rename(s, x) })
		run.renameLists(s)
	}
}

// eachItem replaces each item for which the step's conditions hold by what f makes of it.
func (run *pipelineRun) eachItem(s *step, f func(*pipelineRun, *Expr) *Expr) {
	change := func(x *Expr) *Expr {
		return mapItems(x, func(x *Expr) *Expr {
			if !run.concerns(s, x) {
				return x
			}
			before, name := run.touched[x], fieldOf(x)
			y := f(run, x)
			kept := s.field != nil && y == x && fieldOf(y) == name
			if y != nil && s.id != "" && !kept {
				eachOf(y, func(z *Expr) { run.touched[z] = append(slices.Clone(before), s.id) })
			}
			return y
		})
	}
	r := run.rule
	if r.Detection != nil {
		r.Detection = change(r.Detection)
	}
	if r.Filter != nil && r.Filter.Expr != nil {
		r.Filter.Expr = change(r.Filter.Expr)
	}
}

// concerns tells whether a step's conditions of items and fields hold for an item.
func (run *pipelineRun) concerns(s *step, x *Expr) bool {
	return s.items.holds(func(c func(*pipelineRun, *Expr) bool) bool { return c(run, x) }) &&
		s.names.holds(func(c func(*pipelineRun, fieldUse) bool) bool { return c(run, fieldUse{fieldOf(x), x}) })
}

// mapItems replaces the items of an expression; what loses all its parts is removed too.
func mapItems(x *Expr, f func(*Expr) *Expr) *Expr {
	if x.item || x.Op == Test {
		return f(x)
	}
	if len(x.Kids) == 0 {
		return x
	}
	kids := x.Kids[:0]
	for _, k := range x.Kids {
		if y := mapItems(k, f); y != nil {
			kids = append(kids, y)
		}
	}
	if len(kids) == 0 {
		return nil
	}
	x.Kids = kids
	return x
}

// eachOf calls f for each item of an expression.
func eachOf(x *Expr, f func(*Expr)) {
	if x.item || x.Op == Test {
		f(x)
		return
	}
	for _, k := range x.Kids {
		eachOf(k, f)
	}
}

// testsOf calls f for each test of an expression.
func testsOf(x *Expr, f func(*Predicate)) {
	if x.Test != nil {
		f(x.Test)
	}
	for _, k := range x.Kids {
		testsOf(k, f)
	}
}

// fieldOf returns the field of an item, "" for keywords.
func fieldOf(x *Expr) string {
	for x.Test == nil {
		if len(x.Kids) == 0 {
			return ""
		}
		x = x.Kids[0]
	}
	return x.Test.Field
}

// LoadPipeline reads a pipeline. It returns nil where it has an error.
func LoadPipeline(name string, data []byte) (*Pipeline, []Diagnostic) {
	l := &pipelineLoader{loader: loader{file: file{name: name, data: data}}, pipe: &Pipeline{Name: name}}
	docs := 0
	l.documents(func(root *yaml.Node) {
		if docs++; docs > 1 {
			l.fail(root, "put it in a file of its own", "a pipeline file holds one pipeline")
			return
		}
		l.pipeline(root)
	})
	if docs == 0 && l.errors == 0 {
		l.add(Diagnostic{Pos: Pos{Line: 1, Col: 1}, Message: "the file holds no pipeline"})
	}
	if l.errors > 0 {
		return nil, l.finish()
	}
	return l.pipe, l.finish()
}

type pipelineLoader struct {
	loader
	pipe  *Pipeline
	depth int // of nest
}

func (l *pipelineLoader) pipeline(root *yaml.Node) {
	if root.Kind != yaml.MappingNode {
		l.fail(root, "", "a pipeline must be a map with name, priority and transformations, not %s", kind(root))
		return
	}
	for _, p := range l.pairs(root) {
		switch p.key.Value {
		case "name":
			l.pipe.Name = l.text(p)
		case "priority":
			f, ok := number(l.text(p))
			if !ok {
				l.fail(p.value, "", "the priority must be a number")
			}
			l.pipe.Priority = int(f)
		case "vars":
			l.vars(p)
		case "transformations":
			l.pipe.steps = l.stepList(p)
		case "postprocessing", "finalizers", "allowed_backends":
			l.warn(p.key, "", "%q shapes queries and has no meaning here", p.key.Value)
		default:
			l.fail(p.key, didYouMean(p.key.Value, []string{"name", "priority", "vars", "transformations"}), "unknown key %q in a pipeline", p.key.Value)
		}
	}
}

func (l *pipelineLoader) vars(p pair) {
	if p.value.Kind != yaml.MappingNode {
		l.fail(p.value, "", `"vars" must be a map of names and values`)
		return
	}
	l.pipe.Vars = make(map[string][]string)
	for _, q := range l.pairs(p.value) {
		l.pipe.Vars[q.key.Value] = l.texts(q)
	}
}

func (l *pipelineLoader) stepList(p pair) []*step {
	if p.value.Kind != yaml.SequenceNode {
		l.fail(p.value, "", "%q must be a list of transformations", p.key.Value)
		return nil
	}
	if l.depth++; l.depth > 8 {
		l.fail(p.value, "", "transformations are nested too deeply")
		return nil
	}
	var out []*step
	for _, n := range p.value.Content {
		if n = l.follow(n); n.Kind != yaml.MappingNode {
			l.fail(n, "", "a transformation must be a map with a type, not %s", kind(n))
			continue
		}
		if s := l.step(n); s != nil {
			out = append(out, s)
		}
	}
	l.depth--
	return out
}

// step reads one transformation.
func (l *pipelineLoader) step(n *yaml.Node) *step {
	p := l.params(n)
	s := &step{pos: l.pos(n), id: p.text("id")}
	kind, ok := p.take("type")
	if !ok {
		l.fail(n, misspelt(p.pairs, "type"), `the transformation has no "type"`)
		return nil
	}
	s.kind = l.text(kind)
	s.when = conditionsOf(l, p, "rule", l.ruleCondition)
	s.items = conditionsOf(l, p, "detection_item", l.itemCondition)
	s.names = conditionsOf(l, p, "field_name", l.fieldCondition)
	build, known := l.transformations()[s.kind]
	if !known {
		names := make([]string, 0, 40)
		for name := range l.transformations() {
			names = append(names, name)
		}
		slices.Sort(names)
		hint := didYouMean(s.kind, names)
		if hint == "" {
			hint = "known are " + strings.Join(names, ", ")
		}
		l.fail(kind.value, hint, "unknown transformation %q", s.kind)
		return nil
	}
	build(s, p)
	p.rest("transformation " + s.kind)
	return s
}

// params are the keys of a transformation or condition that were not read yet.
type params struct {
	*pipelineLoader
	node  *yaml.Node
	pairs []pair
}

func (l *pipelineLoader) params(n *yaml.Node) *params {
	return &params{pipelineLoader: l, node: n, pairs: l.loader.pairs(n)}
}

// take returns a key and removes it from those that are left.
func (p *params) take(name string) (pair, bool) {
	for i, q := range p.pairs {
		if q.key.Value == name {
			p.pairs = slices.Delete(p.pairs, i, i+1)
			return q, true
		}
	}
	return pair{}, false
}

// text returns the text of an optional key.
func (p *params) text(name string) string {
	if q, ok := p.take(name); ok {
		return p.loader.text(q)
	}
	return ""
}

// texts returns the texts of an optional key.
func (p *params) texts(name string) []string {
	if q, ok := p.take(name); ok {
		return p.loader.texts(q)
	}
	return nil
}

// flag returns an optional truth value.
func (p *params) flag(name string) bool {
	if q, ok := p.take(name); ok {
		return p.truth(q)
	}
	return false
}

// need returns a key that must be there.
func (p *params) need(name, of string) (pair, bool) {
	q, ok := p.take(name)
	if !ok {
		p.fail(p.node, misspelt(p.pairs, name), "%s needs %q", of, name)
	}
	return q, ok
}

// rest reports the keys that nobody has read.
func (p *params) rest(of string) {
	for _, q := range p.pairs {
		p.warn(q.key, "", "%s knows no %q: it is ignored", of, q.key.Value)
	}
}
