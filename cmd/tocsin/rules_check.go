package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/terminal"
)

// rulesCheck is the command `tocsin rules check`.
type rulesCheck struct {
	ruleFlags
	warnings bool
}

func newRulesCheck(std streams) *cobra.Command {
	c := &rulesCheck{}
	cmd := &cobra.Command{
		Use:   "check [flags] [PATH...]",
		Short: "Say what is wrong with rules, and where",
		Long: `Load rules as a hunt does (those of each PATH, or all that a hunt would use) and say of every rule that is refused what
is wrong with it, where, and what to do about it. Warnings are counted, and told with --warnings or --json.
It also says for which rules no log that tocsin knows has the events.

Exit status: 0 all rules can be used, 1 some are refused, 2 failed.`,
		Example: `  tocsin rules check ./our-rules
  tocsin rules check --warnings sigma_all_rules.zip
  tocsin rules check --json ./our-rules | jq -r .file`,
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := c.load(args)
			if err != nil {
				return err
			}
			if err := writeTo("", std.out, nil, func(w io.Writer) error {
				if c.json {
					return c.printJSON(w, set)
				}
				return c.print(w, set)
			}); err != nil {
				return err
			}
			if set.Refused > 0 {
				return errFound
			}
			return nil
		},
	}
	c.define(cmd)
	cmd.Flags().BoolVarP(&c.warnings, "warnings", "w", false, "tell warnings too, and each rule whose events no known log has")
	return cmd
}

// diagnosticLine is a line of `tocsin rules check --json`.
type diagnosticLine struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Col      int    `json:"col"`
	End      int    `json:"end,omitempty"` // the column after the last character concerned
	Source   string `json:"source"`        // the line as it stands in the file; "" where it is not known
	Severity string `json:"severity"`      // error: the rule is refused; warning: it is used; info: it is used, and no known log has its events
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

func (c *rulesCheck) printJSON(w io.Writer, set *rules.Set) error {
	e := lineEncoder(w)
	for _, d := range rules.Sorted(set.Diagnostics) {
		if err := e.Encode(diagnosticLine{d.File, d.Line, d.Col, d.End, d.Source, d.Severity.String(), d.Message, d.Hint}); err != nil {
			return err
		}
	}
	for _, r := range set.Unheard() {
		if err := e.Encode(diagnosticLine{
			File: r.Pos.File, Line: r.Pos.Line, Col: r.Pos.Col, Severity: "info",
			Message: fmt.Sprintf("%q is about %s, which no log that tocsin knows is: it is tried only on events of which no log source is known",
				r.Title, rules.ShortSource(r.LogSource)),
			Hint: rules.UnheardHint,
		}); err != nil {
			return err
		}
	}
	return nil
}

func (c *rulesCheck) print(w io.Writer, set *rules.Set) error {
	var b strings.Builder
	var warnings []sigma.Diagnostic
	for _, d := range rules.Sorted(set.Diagnostics) {
		if d.Severity == sigma.Error {
			b.WriteString(terminal.SafeLines(d.Format()) + "\n\n")
		} else {
			warnings = append(warnings, d)
		}
	}
	if c.warnings {
		printWarnings(&b, warnings)
	}
	c.printUnheard(&b, set.Unheard())
	fmt.Fprintf(&b, "%d %s, %d %s can be used", set.Files, terminal.Plural(int64(set.Files), "file"), len(set.Written())+len(set.Filters),
		terminal.Plural(int64(len(set.Written())+len(set.Filters)), "rule"))
	fmt.Fprintf(&b, ", %d refused, %d %s", set.Refused, len(warnings), terminal.Plural(int64(len(warnings)), "warning"))
	if len(warnings) > 0 && !c.warnings {
		b.WriteString(" (--warnings tells them)")
	}
	b.WriteByte('\n')
	if n := len(set.Ignored); n > 0 {
		fmt.Fprintf(&b, "%d YAML %s left out: no detection, correlation or filter in them\n", n, terminal.Plural(int64(n), "file"))
		if c.warnings {
			for _, name := range set.Ignored {
				fmt.Fprintf(&b, "  %s\n", terminal.OneLine(name))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wholeWarnings is how many warnings that say the same are shown in full; of more, the places are listed.
const wholeWarnings = 2

// printWarnings shows warnings by what they say, so that one habit of an author is told once.
func printWarnings(b *strings.Builder, list []sigma.Diagnostic) {
	groups := make(map[string][]sigma.Diagnostic)
	var order []string
	for _, d := range list {
		k := kindOf(d.Message)
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], d)
	}
	for _, k := range order {
		g := groups[k]
		n := len(g)
		if n > wholeWarnings+1 {
			n = wholeWarnings
		}
		for _, d := range g[:n] {
			b.WriteString(terminal.SafeLines(d.Format()) + "\n\n")
		}
		if n == len(g) {
			continue
		}
		fmt.Fprintf(b, "and %d more like this:\n", len(g)-n)
		for _, d := range g[n:] {
			fmt.Fprintf(b, "  %s:%d:%d: %s\n", terminal.OneLine(d.File), d.Line, d.Col, terminal.OneLine(d.Message))
		}
		b.WriteByte('\n')
	}
}

// kindOf is a message without what it quotes.
func kindOf(message string) string {
	var b strings.Builder
	for i, part := range strings.Split(message, `"`) {
		if i%2 == 0 {
			b.WriteString(part)
		} else {
			b.WriteByte('"')
		}
	}
	return b.String()
}

// printUnheard tells of rules whose events no known log has, by log source.
func (c *rulesCheck) printUnheard(b *strings.Builder, list []*sigma.Rule) {
	if len(list) == 0 {
		return
	}
	by := make(map[string][]*sigma.Rule)
	for _, r := range list {
		k := rules.ShortSource(r.LogSource)
		by[k] = append(by[k], r)
	}
	fmt.Fprintf(b, "info: no log that tocsin knows has the events of %d %s; they are tried only on events of which no log source is known\n",
		len(list), terminal.Plural(int64(len(list)), "rule"))
	for _, k := range slices.SortedFunc(maps.Keys(by), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(by[y]), len(by[x])), strings.Compare(x, y))
	}) {
		fmt.Fprintf(b, "  %s (%d %s)\n", terminal.OneLine(k), len(by[k]), terminal.Plural(int64(len(by[k])), "rule"))
		for _, r := range by[k] {
			if c.warnings {
				fmt.Fprintf(b, "    %s:%d: %s\n", terminal.OneLine(r.Pos.File), r.Pos.Line, terminal.OneLine(r.Title))
			}
		}
	}
	fmt.Fprintf(b, "  = %s\n\n", rules.UnheardHint)
}
