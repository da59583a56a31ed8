package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// LoadOptions is what loading depends on besides the file.
type LoadOptions struct {
	// Placeholders are the values of what rules write as %name% under the modifier expand; they may hold wildcards.
	Placeholders map[string][]string
	// Unknown are the values of placeholders that Placeholders does not name; without any, rules that need one are refused.
	Unknown []string
}

// Load reads one rule file: any number of YAML documents, each a rule, a correlation or a filter, or a part of an old
// style collection (action: global, reset, repeat). It returns the rules that can be used, in the order of the file,
// and all that is wrong with the file. A rule with an error is refused; it does not keep the others from being loaded.
// Load may be called from many goroutines at once.
func Load(name string, data []byte, opt LoadOptions) ([]*Rule, []Diagnostic) {
	l := &loader{file: file{name: name, data: data}, opt: opt}
	docs := 0
	l.documents(func(root *yaml.Node) {
		docs++
		l.document(root)
	})
	if l.global != nil && len(l.rules) == 0 && l.errors == 0 {
		l.fail(l.global, "", `nothing follows "action: global": the file holds no rule`)
	}
	if docs == 0 && l.errors == 0 {
		l.add(Diagnostic{Pos: Pos{File: name, Line: 1, Col: 1}, Message: "the file holds no rule"})
	}
	return l.rules, l.finish()
}

type loader struct {
	file
	opt    LoadOptions
	rules  []*Rule
	global *yaml.Node // of "action: global": goes into each document after it
	last   *yaml.Node // the document before, for "action: repeat"
	spent  int        // predicates made
}

// document loads one YAML document, joined with what an "action: global" before it states.
func (l *loader) document(root *yaml.Node) {
	root = l.follow(root)
	if root.Kind != yaml.MappingNode {
		l.fail(root, "", "a rule must be a map of keys (title, logsource, detection …), not %s", kind(root))
		return
	}
	switch action := mapValue(root, "action"); action {
	case "":
	case "global":
		l.global = root
		return
	case "reset":
		l.global, l.last = nil, nil
		if len(root.Content) == 2 {
			return
		}
	case "repeat":
		if l.last == nil {
			l.fail(root, "", `"action: repeat" has no document before it`)
			return
		}
		root = l.join(l.last, root, 0)
	default:
		l.fail(root, "the actions are global, reset and repeat", "unknown action %q", action)
		return
	}
	l.last = root
	part := l.global != nil
	if part {
		root = l.join(l.global, root, 0)
	}
	l.rule(root, part)
}

// mapValue returns the text of a key of a map, or "".
func mapValue(n *yaml.Node, key string) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1].Value
		}
	}
	return ""
}

// join returns a map with the keys of both; where both have one, maps are joined and other values are over's.
func (l *loader) join(under, over *yaml.Node, depth int) *yaml.Node {
	l.visited++
	if depth > maxDepth || l.exhausted(over) {
		return over
	}
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: over.Line, Column: over.Column}
	out.Content = slices.Clone(under.Content)
	for i := 0; i+1 < len(over.Content); i += 2 {
		k, v := over.Content[i], l.follow(over.Content[i+1])
		at := -1
		for j := 0; j+1 < len(under.Content); j += 2 {
			if under.Content[j].Value == k.Value {
				at = j
			}
		}
		if at < 0 {
			out.Content = append(out.Content, k, v)
			continue
		}
		out.Content[at] = k
		if old := l.follow(under.Content[at+1]); old.Kind == yaml.MappingNode && v.Kind == yaml.MappingNode {
			v = l.join(old, v, depth+1)
		}
		out.Content[at+1] = v
	}
	return out
}

// sections are the parts of a rule that need each other to be read.
type sections struct {
	titled                                              bool
	logsource, detection, correlation, filter, generate pair
	unknown                                             []pair
}

// rule loads a rule, a correlation or a filter, and keeps it where it has no error.
func (l *loader) rule(root *yaml.Node, part bool) {
	errors := l.errors
	r := &Rule{Pos: l.pos(root), head: l.spot(root), part: part}
	var s sections
	for _, p := range l.pairs(root) {
		l.key(r, &s, p)
	}
	if !s.titled {
		l.fail(root, "", `the rule has no "title"`)
	}
	l.unknown(r, &s)
	switch {
	case s.correlation.key != nil:
		l.exclude(`a correlation`, s.detection, s.filter)
		l.correlation(r, &s)
	case s.filter.key != nil:
		l.exclude(`a filter`, s.detection)
		l.logSource(r, s.logsource, root)
		l.filter(r, s.filter)
	case s.detection.key != nil:
		l.logSource(r, s.logsource, root)
		l.detection(r, s.detection)
	default:
		l.logSource(r, s.logsource, root)
		l.fail(root, misspelt(s.unknown, "detection", "correlation", "filter"), `the rule has no "detection" (nor "correlation", nor "filter")`)
	}
	if l.errors == errors {
		l.rules = append(l.rules, r)
	}
}

// exclude reports sections that cannot stand beside what the rule is.
func (l *loader) exclude(what string, others ...pair) {
	for _, p := range others {
		if p.key != nil {
			l.fail(p.key, "put it in a YAML document of its own, after a line ---", "%s cannot have a section %q", what, p.key.Value)
		}
	}
}

// key reads one of the top-level keys. Source: Sigma rules specification 2.1, "File Structure".
func (l *loader) key(r *Rule, s *sections, p pair) {
	switch p.key.Value {
	case "title":
		s.titled = true
		if r.Title = l.text(p); r.Title == "" {
			l.fail(p.key, "", "the title is empty")
		}
	case "id":
		r.ID, r.idAt = l.text(p), l.spot(p.value)
	case "name":
		r.Name, r.nameAt = l.text(p), l.spot(p.value)
	case "status":
		r.Status = l.text(p)
		l.oneOf(p, r.Status, "stable", "test", "experimental", "deprecated", "unsupported")
	case "level":
		level := l.text(p)
		r.Level, _ = ParseLevel(level)
		l.oneOf(p, level, levelNames[Informational:]...)
	case "description":
		r.Description = l.text(p)
	case "author":
		r.Author = strings.Join(l.texts(p), ", ")
	case "date":
		r.Date = l.date(p)
	case "modified":
		r.Modified = l.date(p)
	case "references":
		r.References = l.texts(p)
	case "tags":
		r.Tags = l.texts(p)
	case "fields":
		r.Fields = l.texts(p)
	case "falsepositives":
		r.FalsePositives = l.texts(p)
	case "next_steps":
		r.NextSteps = l.texts(p)
	case "related":
		r.Related = l.related(p)
	case "logsource":
		s.logsource = p
	case "detection":
		s.detection = p
	case "correlation":
		s.correlation = p
	case "filter":
		s.filter = p
	case "generate":
		s.generate = p
	case "action":
	default:
		s.unknown = append(s.unknown, p)
	}
}

// optionalKeys are top-level keys that a rule does not need, so that nobody misses one that is mistyped.
var optionalKeys = []string{
	"name", "status", "level", "description", "author", "modified", "references", "tags", "falsepositives",
	"next_steps", "related", "generate",
}

// unknown keeps the keys that the specification leaves to the author.
func (l *loader) unknown(r *Rule, s *sections) {
	for _, p := range s.unknown {
		if n := closest(p.key.Value, optionalKeys); n != "" {
			l.warn(p.key, didYouMean(p.key.Value, optionalKeys), "unknown key %q", p.key.Value)
		}
		if r.Custom == nil {
			r.Custom = make(map[string]any, len(s.unknown))
		}
		r.Custom[p.key.Value] = l.plain(p.value, 0)
	}
}

// plain returns a node as Go values: text, []any, map[string]any, nil. Scalars keep the text they are written as.
func (l *loader) plain(n *yaml.Node, depth int) any {
	n = l.follow(n)
	if depth > maxDepth || l.exhausted(n) {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for _, p := range l.pairs(n) {
			m[p.key.Value] = l.plain(p.value, depth+1)
		}
		return m
	case yaml.SequenceNode:
		s := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			s = append(s, l.plain(c, depth+1))
		}
		return s
	}
	if isNull(n) {
		return nil
	}
	return n.Value
}

// oneOf warns of a word that is none of those that the specification names.
func (l *loader) oneOf(p pair, word string, words ...string) {
	if word == "" || slices.Contains(words, word) {
		return
	}
	hint := didYouMean(word, words)
	if hint == "" {
		hint = "it is one of " + strings.Join(words, ", ")
	}
	l.warn(p.value, hint, "unknown %s %q", p.key.Value, word)
}

// date reads a date, which should be YYYY-MM-DD. Anything else is kept as it stands.
func (l *loader) date(p pair) string {
	s := l.text(p)
	if s == "" {
		return ""
	}
	if !isDate(s) {
		hint := "write it as YYYY-MM-DD"
		if t := strings.ReplaceAll(s, "/", "-"); isDate(t) {
			hint = "write it as " + t
		}
		l.warn(p.value, hint, "%q is no ISO 8601 date", s)
	}
	return s
}

func isDate(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	for i, c := range []byte(s) {
		if i != 4 && i != 7 && (c < '0' || c > '9') {
			return false
		}
	}
	return s[5:7] >= "01" && s[5:7] <= "12" && s[8:] >= "01" && s[8:] <= "31"
}

func (l *loader) related(p pair) []Related {
	if isNull(p.value) {
		return nil
	}
	if p.value.Kind != yaml.SequenceNode {
		l.warn(p.value, "each entry has an id and a type", `"related" must be a list, not %s`, kind(p.value))
		return nil
	}
	var out []Related
	for _, n := range p.value.Content {
		var r Related
		for _, q := range l.pairs(n) {
			switch q.key.Value {
			case "id":
				r.ID = l.text(q)
			case "type":
				r.Type = l.text(q)
				l.oneOf(q, r.Type, "derived", "obsolete", "merged", "renamed", "similar")
			}
		}
		if r.ID == "" {
			l.warn(n, "", `an entry of "related" has no id`)
			continue
		}
		out = append(out, r)
	}
	return out
}

// logSourceKeys are what a log source is named by.
var logSourceKeys = []string{"category", "product", "service"}

// logSource reads the section "logsource", which detections and filters must have.
func (l *loader) logSource(r *Rule, p pair, root *yaml.Node) {
	if p.key == nil {
		l.fail(root, "it says which events the rule is about, e.g. product: windows, category: process_creation", `the rule has no "logsource"`)
		return
	}
	if p.value.Kind != yaml.MappingNode {
		l.fail(p.value, "", `"logsource" must be a map with category, product or service, not %s`, kind(p.value))
		return
	}
	var other []pair
	for _, q := range l.pairs(p.value) {
		switch q.key.Value {
		case "category":
			r.LogSource.Category = strings.ToLower(l.text(q))
		case "product":
			r.LogSource.Product = strings.ToLower(l.text(q))
		case "service":
			r.LogSource.Service = strings.ToLower(l.text(q))
		case "definition":
		default:
			other = append(other, q)
		}
	}
	if r.LogSource.Category == "" && r.LogSource.Product == "" && r.LogSource.Service == "" {
		l.fail(p.key, misspelt(other, logSourceKeys...), `"logsource" names no category, product or service`)
		return
	}
	for _, q := range other {
		if hint := didYouMean(q.key.Value, logSourceKeys); hint != "" {
			l.warn(q.key, hint, `unknown key %q in "logsource": without it the rule is about more events`, q.key.Value)
		}
	}
}

// misspelt is the hint for a key that is missing, where one that is there looks like it.
func misspelt(there []pair, missing ...string) string {
	for _, p := range there {
		if p.key == nil {
			continue
		}
		if n := closest(p.key.Value, missing); n != "" {
			return `did you mean "` + n + `" where you wrote "` + p.key.Value + `"?`
		}
	}
	return ""
}
