package sigma

import (
	"slices"
	"strings"
	"testing"
)

// pipeline loads a list of transformations, written without indentation.
func pipeline(t *testing.T, transformations string) *Pipeline {
	t.Helper()
	p, diags := LoadPipeline("p.yml", []byte("name: test\npriority: 10\ntransformations:\n  "+strings.ReplaceAll(transformations, "\n", "\n  ")))
	if p == nil || len(diags) > 0 {
		t.Fatalf("%s\n%s", transformations, formatted(diags))
	}
	return p
}

func TestTransformations(t *testing.T) {
	for _, c := range []struct{ name, steps, detection, want string }{
		{"mapping", "- type: field_name_mapping\n  mapping: {a: b}", "s: {a: x, c: y}\ncondition: s", `(and b="x" c="y")`},
		{"mapping to several", "- type: field_name_mapping\n  mapping: {a: [b, c]}", "s: {a: x}\ncondition: s", `(or b="x" c="x")`},
		{
			"mapping all to several", "- type: field_name_mapping\n  mapping: {a: [b, c]}", "s: {a|contains|all: [x, y]}\ncondition: s",
			`(or (and b=*"x"* b=*"y"*) (and c=*"x"* c=*"y"*))`,
		},
		{
			"mapping neq to several", "- type: field_name_mapping\n  mapping: {a: [b, c]}", "s: {a|neq: x}\ncondition: s",
			`(not (or b="x" c="x"))`,
		},
		{"mapping of fieldref", "- type: field_name_mapping\n  mapping: {a: b, c: d}", "s: {a|fieldref: c}\ncondition: s", `b=d`},
		{"mapping leaves keywords", "- type: field_name_mapping\n  mapping: {a: b}", "s: [x]\ncondition: s", `=*"x"*`},
		{"prefix mapping", "- type: field_name_prefix_mapping\n  mapping: {win.: [x., y.]}", "s: {win.a: 1, b: 2}\ncondition: s", `(and (or x.a="1" y.a="1") b="2")`},
		{"prefix", "- type: field_name_prefix\n  prefix: win.", "s: {a: x}\nt: [y]\ncondition: s or t", `(or win.a="x" =*"y"*)`},
		{"suffix", "- type: field_name_suffix\n  suffix: .keyword", "s: {a: x}\ncondition: s", `a.keyword="x"`},
		{"snake case", "- type: field_name_transform\n  transform_func: snake_case\n  mapping: {B: bee}", "s: {ParentImage: x, HTTPStatus: y, B: z}\ncondition: s", `(and parent_image="x" http_status="y" bee="z")`},
		{"lower case", "- type: field_name_transform\n  transform_func: lower_case", "s: {ParentImage: x}\ncondition: s", `parentimage="x"`},
		{
			"drop", "- type: drop_detection_item\n  field_name_conditions:\n    - type: include_fields\n      fields: [a]", "s: {a: x, b: y}\nf: {a: z}\ncondition: s and not f",
			`(and (and b="y"))`,
		},
		{"replace", "- type: replace_string\n  regex: '^\\*\\\\'\n  replacement: ''", `s: {a|endswith: '\cmd.exe'}` + "\ncondition: s", `a="cmd.exe"`},
		{"replace with groups", "- type: replace_string\n  regex: '(\\w+)@(\\w+)'\n  replacement: '\\2/\\1$'\n  skip_special: true", "s: {a: '*u@h*'}\ncondition: s", `a=*"h/u$"*`},
		{"replace interprets", "- type: replace_string\n  regex: x\n  replacement: '*'\n  skip_special: true\n  interpret_special: true", "s: {a: axb}\ncondition: s", `a="a"*"b"`},
		{"map string", "- type: map_string\n  mapping: {x: y, z: [p, 'q*']}", "s: {a: [x, z, w]}\ncondition: s", `(or a="y" (or a="p" a="q"*) a="w")`},
		{"set value", "- type: set_value\n  value: 5\n  field_name_conditions:\n    - type: include_fields\n      fields: [a]", "s: {a: [x, y], b: z}\ncondition: s", `(and a="5" b="z")`},
		{"numbers", "- type: convert_type\n  target_type: num", "s: {a: '0x10'}\ncondition: s", `a eq 16`},
		{"expressions", "- type: regex", "s: {a: 'x.y*'}\ncondition: s", `a~/(?is)\Ax\.y.*\z/`},
		{"case", "- type: case\n  method: upper", "s: {a|contains: 'x*y'}\ncondition: s", `a=*"X"*"Y"*`},
		{
			"hashes", "- type: hashes_fields\n  valid_hash_algos: [MD5, SHA1]\n  field_prefix: File", "s: {Hashes|contains: ['SHA1=ab', 'md5=cd']}\ncondition: s",
			`(or FileSHA1="ab" FileMD5="cd")`,
		},
		{"add condition", "- type: add_condition\n  conditions: {EventID: [1, 2], c|contains: x}", "s: {a: x}\ncondition: s", `(and (and (or EventID="1" EventID="2") c=*"x"*) a="x")`},
		{"add negated condition", "- type: add_condition\n  conditions: {b: y}\n  negated: true", "s: {a: x}\ncondition: s", `(and (not b="y") a="x")`},
		{"add from template", "- type: add_condition\n  template: true\n  conditions: {b: 'is $product'}", "s: {a: x}\ncondition: s", `(and b="is p" a="x")`},
		{"nest", "- type: nest\n  items:\n    - type: field_name_mapping\n      mapping: {a: b}\n    - type: field_name_suffix\n      suffix: .x", "s: {a: x}\ncondition: s", `b.x="x"`},
		{
			"when the log source fits", "- type: field_name_mapping\n  mapping: {a: b}\n  rule_conditions:\n    - {type: logsource, product: p}", "s: {a: x}\ncondition: s",
			`b="x"`,
		},
		{
			"when it does not", "- type: field_name_mapping\n  mapping: {a: b}\n  rule_conditions:\n    - {type: logsource, product: q}", "s: {a: x}\ncondition: s",
			`a="x"`,
		},
		{
			"when it does not, negated", "- type: field_name_mapping\n  mapping: {a: b}\n  rule_cond_not: true\n  rule_conditions:\n    - {type: logsource, product: q}", "s: {a: x}\ncondition: s",
			`b="x"`,
		},
		{
			"one of several", "- type: field_name_mapping\n  mapping: {a: b}\n  rule_cond_op: or\n  rule_conditions:\n    - {type: logsource, product: q}\n    - {type: contains_field, field: a}", "s: {a: x}\ncondition: s",
			`b="x"`,
		},
		{
			"an expression", "- type: field_name_mapping\n  mapping: {a: b}\n  rule_cond_expression: one and not (two or three)\n  rule_conditions:\n    one: {type: logsource, product: p}\n    two: {type: logsource, product: q}\n    three: {type: contains_detection_item, field: a, value: z}",
			"s: {a: x}\ncondition: s", `b="x"`,
		},
		{
			"after another", "- id: first\n  type: field_name_mapping\n  mapping: {a: b}\n- type: field_name_suffix\n  suffix: .x\n  field_name_conditions:\n    - {type: processing_item_applied, processing_item_id: first}", "s: {a: x, c: y}\ncondition: s",
			`(and b.x="x" c="y")`,
		},
		{
			"after another in the rule", "- id: first\n  type: field_name_mapping\n  mapping: {a: b}\n  rule_conditions: [{type: logsource, product: q}]\n- type: field_name_suffix\n  suffix: .x\n  rule_conditions:\n    - {type: processing_item_applied, processing_item_id: first}", "s: {a: x}\ncondition: s",
			`a="x"`,
		},
		{
			"by state", "- type: set_state\n  key: k\n  val: v\n- type: field_name_suffix\n  suffix: .x\n  rule_conditions:\n    - {type: processing_state, key: k, val: v}", "s: {a: x}\ncondition: s",
			`a.x="x"`,
		},
		{
			"by value", "- type: drop_detection_item\n  detection_item_conditions:\n    - {type: match_string, cond: any, pattern: 'x.*'}", "s: {a: [w, xy], b: yx}\ncondition: s",
			`(and b="yx")`,
		},
		{
			"by all values", "- type: drop_detection_item\n  detection_item_conditions:\n    - {type: match_string, cond: all, pattern: 'x.*'}", "s: {a: [w, xy], b: xx}\ncondition: s",
			`(and (or a="w" a="xy"))`,
		},
		{"null values", "- type: drop_detection_item\n  detection_item_conditions:\n    - {type: is_null}", "s: {a: null, b: x}\ncondition: s", `(and b="x")`},
		{"wildcards", "- type: drop_detection_item\n  detection_item_conditions:\n    - {type: contains_wildcard, cond: any}", "s: {a: 'x*', b: x}\ncondition: s", `(and b="x")`},
		{
			"not these fields", "- type: field_name_prefix\n  prefix: win.\n  field_name_conditions:\n    - {type: exclude_fields, fields: [a]}", "s: {a: x, b: y}\ncondition: s",
			`(and a="x" win.b="y")`,
		},
		{
			"fields like these", "- type: field_name_prefix\n  prefix: win.\n  field_name_conditions:\n    - {type: include_fields, mode: re, fields: ['^a.*']}", "s: {ab: x, ba: y}\ncondition: s",
			`(and win.ab="x" ba="y")`,
		},
		{
			"by tag and attribute", "- type: field_name_suffix\n  suffix: .x\n  rule_conditions:\n    - {type: rule_attribute, attribute: title, value: t}\n    - {type: is_sigma_rule}\n- type: field_name_suffix\n  suffix: .y\n  rule_conditions:\n    - {type: tag, tag: attack.t1}", "s: {a: x}\ncondition: s",
			`a.x="x"`,
		},
	} {
		r, _ := loadOne(t, c.detection, LoadOptions{})
		before := sexpr(r.Detection)
		got, diags := Pipelines{pipeline(t, c.steps)}.Apply(r)
		if got == nil {
			t.Errorf("%s: refused\n%s", c.name, formatted(diags))
			continue
		}
		if s := sexpr(got.Detection); s != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, s, c.want)
		}
		if sexpr(r.Detection) != before {
			t.Errorf("%s: Apply changed the rule that it was given", c.name)
		}
		testsOf(got.Detection, func(p *Predicate) {
			if p.By == "" || p.Pos.Line == 0 {
				t.Errorf("%s: a test lost where it comes from: %+v", c.name, p)
			}
		})
	}
}

func TestPipelineRefuses(t *testing.T) {
	for _, c := range []struct{ steps, want string }{
		{"- type: rule_failure\n  message: no such logs", "a pipeline refuses the rule: no such logs"},
		{"- type: detection_item_failure\n  message: no such field\n  field_name_conditions: [{type: include_fields, fields: [a]}]", `a pipeline refuses the field "a": no such field`},
		{"- type: drop_detection_item", "a pipeline removed all that the rule looks for"},
		{"- type: convert_type\n  target_type: num", `a pipeline makes a number of the value of "a", which is none: a: 'x'`},
	} {
		r, _ := loadOne(t, "s: {a: x}\ncondition: s", LoadOptions{})
		got, diags := Pipelines{pipeline(t, c.steps)}.Apply(r)
		if got != nil || len(diags) != 1 || diags[0].Message != c.want || diags[0].File != "t.yml" {
			t.Errorf("%s: %v\n%s", c.steps, got, formatted(diags))
		}
	}
}

func TestPipelineRule(t *testing.T) {
	p := Pipelines{pipeline(t, `- type: change_logsource
  product: linux
  service: sshd
- type: set_custom_attribute
  attribute: team
  value: blue
- type: field_name_mapping
  mapping: {a: b, u: [v, w]}
- type: add_field
  field: x
- type: remove_field
  field: y`)}
	rules, _ := Load("t.yml", []byte("title: t\nfields: [a, y]\nlogsource: {product: p, category: c}\ndetection: {s: {a: x}, condition: s}\n"), LoadOptions{})
	r, diags := p.Apply(rules[0])
	if r == nil || len(diags) > 0 {
		t.Fatal(formatted(diags))
	}
	if s := r.LogSource; s.Product != "linux" || s.Service != "sshd" || s.Category != "" {
		t.Errorf("log source %+v", s)
	}
	if r.Custom["team"] != "blue" || !slices.Equal(r.Fields, []string{"b", "x"}) {
		t.Errorf("%v %v", r.Custom, r.Fields)
	}
	if rules[0].LogSource.Product != "p" || rules[0].Custom != nil || len(rules[0].Fields) != 2 {
		t.Error("Apply changed the rule that it was given")
	}

	k, _ := Load("k.yml", []byte("title: k\ncorrelation: {type: value_count, rules: [r], timespan: 5m, group-by: [a, c, ip], aliases: {ip: {r: a}}, condition: {field: a, gt: 1}}\n"), LoadOptions{})
	got, diags := p.Apply(k[0])
	if got == nil {
		t.Fatal(formatted(diags))
	}
	if s := correlationText(got.Correlation); s != "value_count of b 300s by b,c,ip gt 1" || got.Correlation.Aliases["ip"]["r"] != "b" {
		t.Errorf("%s %v", s, got.Correlation.Aliases)
	}
	if k[0].Correlation.Aliases["ip"]["r"] != "a" {
		t.Error("Apply changed the rule that it was given")
	}
	k, _ = Load("k.yml", []byte("title: k\ncorrelation: {type: event_count, rules: [r], timespan: 5m, group-by: [u], condition: {gt: 1}}\n"), LoadOptions{})
	if got, diags = p.Apply(k[0]); got != nil || len(diags) != 1 {
		t.Errorf("a correlation groups by several fields in one: %v", got)
	}

	old, _ := Load("o.yml", ruleOf("s: {a: x}\ntimeframe: 5m\ncondition: s | count() by a > 5"), LoadOptions{})
	if got, diags = p.Apply(old[0]); got == nil {
		t.Fatal(formatted(diags))
	}
	if in := got.Correlation.Rules[0].Rule; sexpr(in.Detection) != `b="x"` || got.Correlation.GroupBy[0] != "b" || in.LogSource.Service != "sshd" {
		t.Errorf("%s by %v", sexpr(in.Detection), got.Correlation.GroupBy)
	}
	if sexpr(old[0].Correlation.Rules[0].Rule.Detection) != `a="x"` {
		t.Error("Apply changed the rule that it was given")
	}

	f, _ := Load("f.yml", []byte(filter("any", "{product: p}", "s: {a: x}\ncondition: s")), LoadOptions{})
	if got, _ = p.Apply(f[0]); sexpr(got.Filter.Expr) != `b="x"` || sexpr(f[0].Filter.Expr) != `a="x"` {
		t.Errorf("filter %s", sexpr(got.Filter.Expr))
	}
}

// TestApplyAll checks that a correlation takes part in what concerns the log sources of its rules.
func TestApplyAll(t *testing.T) {
	p := Pipelines{pipeline(t, `- type: field_name_mapping
  mapping: {u: user.name}
  rule_conditions: [{type: logsource, product: windows}]
- type: rule_failure
  message: no such logs
  rule_conditions: [{type: logsource, product: linux, service: none}]`)}
	var all []*Rule
	for name, text := range map[string]string{
		"a": ruleA, "b": ruleB, "k": correlation("k", "[a]", "  group-by: u\n"), "l": correlation("l", "[b, k]", "  group-by: u\n"),
		"m": correlation("m", "[b]", "  group-by: u\n"), "c": strings.NewReplacer("linux", "linux, service: none", "idb", "idc", "name: b", "name: c").Replace(ruleB),
		"n": correlation("n", "[n]", "  group-by: u\n"),
	} {
		rules, diags := Load(name+".yml", []byte(text), LoadOptions{})
		if len(diags) > 0 {
			t.Fatal(formatted(diags))
		}
		all = append(all, rules...)
	}
	got, diags := p.ApplyAll(all)
	if len(got) != len(all)-1 || len(diags) != 1 {
		t.Errorf("%d of %d rules left\n%s", len(got), len(all), formatted(diags))
	}
	for _, r := range got {
		want, ok := map[string]string{"k": "user.name", "l": "user.name", "m": "u", "n": "u"}[r.Name]
		if ok && r.Correlation.GroupBy[0] != want {
			t.Errorf("%s is grouped by %s, want %s", r.Name, r.Correlation.GroupBy[0], want)
		}
	}
}

func TestPipelineOrder(t *testing.T) {
	late, early := pipeline(t, "- type: field_name_suffix\n  suffix: .late"), pipeline(t, "- type: field_name_suffix\n  suffix: .early")
	late.Priority, early.Priority = 20, -1
	r, _ := loadOne(t, "s: {a: x}\ncondition: s", LoadOptions{})
	got, _ := Pipelines{late, early}.Apply(r)
	if s := sexpr(got.Detection); s != `a.early.late="x"` {
		t.Error(s)
	}
	if got, _ = (Pipelines{}).Apply(r); got != r {
		t.Error("no pipeline, but another rule")
	}
}

func TestPipelinePlaceholders(t *testing.T) {
	p, diags := LoadPipeline("p.yml", []byte(`
name: placeholders
vars:
  Servers: [srv1, srv2]
  Admins: root
  Other: x
transformations:
  - type: value_placeholders
    exclude: [Other]
  - type: wildcard_placeholders
    include: [Any]
`))
	if p == nil || len(diags) > 0 {
		t.Fatal(formatted(diags))
	}
	opt := Pipelines{p}.LoadOptions(LoadOptions{Placeholders: map[string][]string{"Admins": {"me"}}})
	r, _ := loadOne(t, "s: {a|expand: '%Servers%', b|expand: '%Admins%', c|expand: 'x%Any%'}\ncondition: s", opt)
	if s := sexpr(r.Detection); s != `(and (or a="srv1" a="srv2") b="me" c="x"*)` {
		t.Error(s)
	}
	if rules, _ := Load("t.yml", ruleOf("s: {a|expand: '%Other%'}\ncondition: s"), opt); len(rules) > 0 {
		t.Error("a placeholder that the pipeline excludes has a value")
	}
	p, _ = LoadPipeline("p.yml", []byte("transformations: [{type: wildcard_placeholders}]"))
	r, _ = loadOne(t, "s: {a|expand: 'x%y%'}\ncondition: s", Pipelines{p}.LoadOptions(LoadOptions{}))
	if s := sexpr(r.Detection); s != `a="x"*` {
		t.Error(s)
	}
}

func TestPipelineDiagnostics(t *testing.T) {
	golden(t, "testdata/pipeline_diagnostics.txtar", func(name string, data []byte) string {
		_, diags := LoadPipeline(name, data)
		return formatted(diags)
	})
}

// TestPipelineCorpus maps the fields of the whole corpus.
func TestPipelineCorpus(t *testing.T) {
	p := Pipelines{pipeline(t, `- type: field_name_mapping
  mapping:
    CommandLine: process.command_line
    Image: [process.executable, process.name]
  rule_conditions:
    - type: logsource
      category: process_creation`)}
	changed := 0
	for name, data := range corpus(t, "rules/windows") {
		rules, _ := Load(name, data, LoadOptions{})
		for _, r := range rules {
			got, diags := p.Apply(r)
			if got == nil || len(diags) > 0 {
				t.Fatal(formatted(diags))
			}
			creation := r.LogSource.Category == "process_creation"
			if !creation && got != r {
				t.Errorf("%s changed", name)
			}
			testsOf(got.Detection, func(p *Predicate) {
				if creation && (p.Field == "CommandLine" || p.Field == "Image") {
					t.Errorf("%s: %s left", name, p.Field)
				}
				if strings.HasPrefix(p.Field, "process.") {
					changed++
				}
			})
		}
	}
	if changed < 1000 {
		t.Errorf("%d tests changed", changed)
	}
}

func FuzzLoadPipeline(f *testing.F) {
	for _, s := range []string{
		"name: x\npriority: 5\ntransformations:\n- {id: a, type: field_name_mapping, mapping: {f: [g, h]}}\n- {type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [a]}]}",
		"transformations:\n- {type: add_condition, conditions: {a|contains: x}, negated: true, rule_conditions: [{type: logsource, product: p}], rule_cond_op: or}",
		"transformations:\n- {type: nest, items: [{type: replace_string, regex: '(a)', replacement: '\\1*'}, {type: map_string, mapping: {x: y}}]}",
		"transformations:\n- {type: set_value, value: null}\n- {type: regex}\n- {type: hashes_fields}\n- {type: case}\n- {type: field_name_transform, transform_func: snake_case}",
		"vars: {a: [b]}\ntransformations:\n- {type: value_placeholders}\n- {type: rule_failure, rule_cond_expression: a or b, rule_conditions: {a: {type: is_sigma_rule}, b: {type: tag, tag: x}}}",
	} {
		f.Add(s)
	}
	rules, _ := Load("r.yml", ruleOf("s: {f|contains|all: [x, y], Hashes: 'MD5=a', g|neq: 1}\nt: [k]\ncondition: s and not t"), LoadOptions{})
	f.Fuzz(func(t *testing.T, s string) {
		p, diags := LoadPipeline("p.yml", []byte(s))
		if p == nil && len(diags) == 0 {
			t.Fatal("neither a pipeline nor a reason why there is none")
		}
		if p == nil {
			return
		}
		if got, diags := (Pipelines{p}).Apply(rules[0]); got == nil && len(diags) == 0 {
			t.Error("refused without a reason")
		} else if got != nil {
			_ = sexpr(got.Detection)
		}
	})
}
