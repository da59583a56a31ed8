package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
)

// formatsPage describes the formats of files that are recognised.
func formatsPage() page {
	var b strings.Builder
	b.WriteString("A file is recognised by its content, not by its name. What is packed (gzip, zstd, xz, bzip2, zip, tar) is unpacked\n" +
		"first, archives within archives too.\n\n")
	for _, f := range formats.All {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", f.Name, f.Doc)
		if f.Example != "" {
			for line := range strings.Lines(f.Example) {
				b.WriteString(strings.TrimRight("    "+visible(strings.TrimRight(line, "\r\n")), " ") + "\n")
			}
			b.WriteByte('\n')
		}
	}
	return page{"formats", "Formats", "the kinds of files that are read", b.String()}
}

// visible shows the bytes of a line that a page cannot hold.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' && r != '\t' || r == 0x7f {
			fmt.Fprintf(&b, `\x%02x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// logSourcesPage lists the log sources for which tocsin knows events.
func logSourcesPage() page {
	var b strings.Builder
	b.WriteString("Which events the log source of a rule means. Where nothing stands under *events*, a parser says of its own events\n" +
		"that they are of this log source. A rule for a log source that is not in this table is tried only on events of which\n" +
		"no log source is known. A file for `--logsources` adds lines; its form is that of `sigma/logsources.yml`.\n\n" +
		"| product | category | service | events |\n|---|---|---|---|\n")
	meanings := sigma.BuiltinLogSources().Meanings(event.LogSource{})
	for i := 0; i < len(meanings); {
		src := meanings[i].Source
		var ways []string
		for ; i < len(meanings) && meanings[i].Source == src; i++ {
			if w := wayWords(meanings[i]); w != "" {
				ways = append(ways, w)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(src.Product), cell(src.Category), cell(src.Service), strings.Join(ways, "; or<br>"))
	}
	return page{"logsources", "Log sources", "which events the log source of a rule means", b.String()}
}

func wayWords(m sigma.Meaning) string {
	var parts []string
	if m.From != (event.LogSource{}) {
		parts = append(parts, cell(rules.ShortSource(m.From)))
	}
	for _, w := range m.When {
		parts = append(parts, codeCell(w.Field+": "+strings.Join(w.Values, ", ")))
	}
	return strings.Join(parts, " and ")
}

// languagePage lists what the Sigma language has here.
func languagePage() page {
	var b strings.Builder
	b.WriteString("Rules, correlation rules and filters of the Sigma specification, version 2.1.\n\n## Modifiers\n\n| modifier | meaning |\n|---|---|\n")
	for _, m := range sigma.Modifiers() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.Join(m.Names, "`, `"), cell(m.Text))
	}
	b.WriteString("\n## Correlation types\n\n")
	for _, name := range sigma.CorrelationTypes() {
		fmt.Fprintf(&b, "- `%s`\n", name)
	}
	b.WriteString("\nAn old aggregation (`| count() by field > n`) is read as the correlation that it means.\n\n" +
		"## Beyond the specification\n\n`next_steps` is a list of texts: what to do about a hit of the rule. Other tools leave it alone.\n")
	return page{"sigma", "The Sigma language", "modifiers and correlation types", b.String()}
}

// rulesPage lists the built-in rules.
func rulesPage() (page, error) {
	set, err := rules.Load([]string{rules.BuiltinPath}, rules.Options{})
	if err != nil {
		return page{}, err
	}
	if set.Refused > 0 {
		return page{}, errors.New("built-in rules are refused: see tocsin rules check builtin")
	}
	own, _ := sigma.Collect(set.Rules)
	folders := make(map[string][]*sigma.Rule)
	var order []string
	count := 0
	for _, r := range slices.Concat(own.Rules, own.Correlations) {
		if r.Silent {
			continue
		}
		folder, _, _ := strings.Cut(strings.TrimPrefix(r.Pos.File, rules.BuiltinPath+":"), "/")
		if folders[folder] == nil {
			order = append(order, folder)
		}
		folders[folder] = append(folders[folder], r)
		count++
	}
	slices.Sort(order)
	var b strings.Builder
	fmt.Fprintf(&b, "%d rules hit on their own. `tocsin rules show TITLE` shows one whole; `tocsin rules test builtin` runs the tests of all.\n\n", count)
	for _, folder := range order {
		list := folders[folder]
		slices.SortFunc(list, func(x, y *sigma.Rule) int { return strings.Compare(x.Title, y.Title) })
		fmt.Fprintf(&b, "## %s\n\n| rule | level | log source | ATT&CK |\n|---|---|---|---|\n", folder)
		for _, r := range list {
			src := rules.ShortSource(r.LogSource)
			if r.Correlation != nil {
				src = r.Correlation.Type.String()
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(r.Title), r.Level, cell(src), strings.Join(rules.TechniquesOf(r), " "))
		}
		b.WriteByte('\n')
	}
	return page{"rules", "Built-in rules", "what is looked for without any rules of your own", b.String()}, nil
}
