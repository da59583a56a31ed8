package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/terminal"
)

// rulesList is the command `tocsin rules list`.
type rulesList struct {
	ruleFlags
	level, status, logSource, huntRun string
	tags                              []string
	all                               bool
}

func newRulesList(std streams) *cobra.Command {
	l := &rulesList{}
	cmd := &cobra.Command{
		Use:   "list [flags] [PATH...]",
		Short: "List rules",
		Long: `List rules, the most severe first: those of each PATH, or all that a hunt would use. Rules that only serve as parts of
correlations are listed with --all.

Exit status: 0 listed, 2 failed.`,
		Example: `  tocsin rules list --level high
  tocsin rules list --tag t1110 --search ssh
  tocsin rules list --logsource windows builtin`,
		RunE: func(_ *cobra.Command, args []string) error { return l.run(std, args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&l.level, "level", "l", "", "only rules of this `level` or above: informational, low, medium, high, critical")
	f.StringVar(&l.status, "status", "", "only rules of this `status` or better: deprecated, experimental, test, stable")
	f.StringArrayVarP(&l.tags, "tag", "t", nil, "only rules with this `tag`, e.g. t1110 or attack.persistence; repeatable")
	f.StringVarP(&l.logSource, "logsource", "s", "", "only rules whose log source has these `words`, e.g. windows, sshd or windows/process_creation")
	f.StringVarP(&l.huntRun, "search", "f", "", "only rules in whose title, description, id or tags all these `words` stand")
	f.BoolVarP(&l.all, "all", "a", false, "also rules that are only parts of correlations")
	l.define(cmd)
	return cmd
}

func (l *rulesList) run(std streams, args []string) error {
	c, err := rules.NewChoice(l.level, l.status, l.tags, nil)
	if err != nil {
		return err
	}
	set, err := l.load(args)
	if err != nil {
		return err
	}
	list := slices.DeleteFunc(set.Written(), func(r *sigma.Rule) bool {
		return r.Silent && !l.all || !c.Wants(r) || !l.matches(r)
	})
	slices.SortStableFunc(list, func(a, b *sigma.Rule) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)))
	})
	if err := writeTo("", std.out, nil, func(w io.Writer) error {
		if l.json {
			return l.printJSON(w, list)
		}
		return printTable(w, terminal.Of(std.out), list)
	}); err != nil {
		return err
	}
	if note := l.refusedNote(set); note != "" {
		fmt.Fprintf(std.err, "tocsin: %s\n", terminal.SafeLines(note))
	}
	return nil
}

// matches tells whether a rule has the words that are searched for.
func (l *rulesList) matches(r *sigma.Rule) bool {
	sources := make([]string, 0, 1)
	for _, s := range rules.SourcesOf(r) {
		sources = append(sources, rules.ShortSource(s))
	}
	return hasWords(strings.Join(sources, " "), strings.ReplaceAll(l.logSource, "/", " ")) &&
		hasWords(strings.Join(append([]string{r.Title, r.Description, r.ID, r.Name}, r.Tags...), " "), l.huntRun)
}

func hasWords(text, words string) bool {
	text = strings.ToLower(text)
	for w := range strings.FieldsSeq(strings.ToLower(words)) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// shortID is as much of an id as tells rules apart at sight; rules show takes it.
func shortID(id string) string {
	const most = 8
	if len(id) > most {
		return id[:most]
	}
	return id
}

// roomyWidth is the width of a terminal, in columns, from which on the status and the origin of rules are listed too.
const roomyWidth = 140

func printTable(w io.Writer, look terminal.Look, list []*sigma.Rule) error {
	screen := terminal.NewScreen(w, look)
	rows := make([][]terminal.Span, 0, len(list)+1)
	var head []terminal.Span
	for _, h := range []string{"LEVEL", "TITLE", "LOG SOURCE", "TECHNIQUE", "ID", "STATUS", "ORIGIN"} {
		head = append(head, terminal.Span{Style: "dim", Text: h})
	}
	rows = append(rows, head)
	for _, r := range list {
		sources := make([]string, 0, 1)
		for _, s := range rules.SourcesOf(r) {
			sources = append(sources, rules.ShortSource(s))
		}
		row := []terminal.Span{
			{Style: r.Level.String(), Text: r.Level.String()},
			{Style: "bold", Text: r.Title},
			{Text: strings.Join(sources, ", ")},
			{Text: strings.Join(rules.TechniquesOf(r), ", ")},
			{Text: shortID(r.ID)},
			{Text: r.Status},
			{Style: "dim", Text: rules.Origin(r, settings.PacksFolder())},
		}
		for i := range row {
			row[i].Text = cmp.Or(terminal.OneLine(row[i].Text), "-")
		}
		rows = append(rows, row)
	}
	if look.Width > 0 && look.Width < roomyWidth { // the title is worth more
		for i, row := range rows {
			rows[i] = row[:5]
		}
	}
	screen.Table(0, 1, rows)
	screen.Print(0, 0)
	screen.Print(0, 0, terminal.Span{Text: fmt.Sprintf("%d %s", len(list), terminal.Plural(int64(len(list)), "rule"))})
	if len(list) > 0 {
		name := cmp.Or(shortID(list[0].ID), shellQuoted(list[0].Title))
		screen.Print(0, 2, terminal.Span{Text: "next: "}, terminal.Span{Style: "command", Text: "tocsin rules show " + name}, terminal.Span{Text: " explains one"})
	}
	return screen.Err()
}

// listedRule is a line of `tocsin rules list --json`.
type listedRule struct {
	detect.RuleInfo
	Origin     string            `json:"origin"`
	LogSources []event.LogSource `json:"logsources"`     // of a correlation: of all its parts
	Part       bool              `json:"part,omitempty"` // serves correlations only
	Kind       string            `json:"kind"`           // detection or correlation
}

func (l *rulesList) printJSON(w io.Writer, list []*sigma.Rule) error {
	e := lineEncoder(w)
	for _, r := range list {
		line := listedRule{RuleInfo: detect.Info(r), Origin: rules.Origin(r, settings.PacksFolder()), LogSources: rules.SourcesOf(r), Part: r.Silent, Kind: "detection"}
		if r.Correlation != nil {
			line.Kind = "correlation"
		}
		if err := e.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
