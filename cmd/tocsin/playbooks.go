package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/terminal"
)

func newPlaybooks(std streams) *cobra.Command {
	a := &acting{std: std}
	var since, over string
	cmd := &cobra.Command{
		Use: "playbooks [flags]", Short: "List playbooks, and what they have done or would have",
		Long: `List playbooks: which alerts they answer, with what, and whether they act (auto), ask a person (ask), or only note what they
would have done (watch), as each begins. Their modes and further ones are set in tocsin.yml, under respond.`,
		Example: "  tocsin playbooks\n  tocsin playbooks test --since 30d",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.playbooks(cmd.Context(), since, false) },
	}
	cmd.Flags().StringVar(&since, "since", "7d", "what they have done since this `time`")
	a.define(cmd)
	b := &acting{std: std}
	test := &cobra.Command{
		Use: "test [flags]", Short: "Say what playbooks would have done about the alerts that are kept",
		Long:    "Replay playbooks over the alerts that are kept: what each would have done, to whom, how often, and what the guard would have refused.",
		Example: "  tocsin playbooks test --since 30d", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.playbooks(cmd.Context(), over, true) },
	}
	test.Flags().StringVar(&over, "since", "30d", "over the alerts since this `time`")
	b.define(test)
	cmd.AddCommand(test)
	return cmd
}

func (a *acting) playbooks(ctx context.Context, since string, test bool) error {
	c, release, err := a.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	args := url.Values{"since": {since}}
	if test {
		args.Set("test", "true")
	}
	_, err = listEach(ctx, c, console.ListAsk{Path: "playbooks", Args: args, Most: 0}, a.std, a.json, func(p *serve.PlaybookAnswer) error {
		mode := p.Mode
		if mode == "" {
			mode = "watch"
		}
		fmt.Fprintf(a.std.out, "%-6s %-24s %s\n", mode, p.Name, terminal.Safe(p.Title))
		if p.Deeds != nil {
			fmt.Fprintf(a.std.out, "       since %s: asked for %d, refused %d, would have done %d\n", since, p.Deeds.Asked, p.Deeds.Refused, p.Deeds.Would)
		}
		if !test {
			return nil
		}
		fmt.Fprintf(a.std.out, "       %s since %s\n", counted(p.Alerts, "alert"), since)
		for _, l := range []struct {
			label string
			what  map[string]int
		}{{"would", p.Would}, {"refused", p.Refused}} {
			for _, what := range mostOften(l.what, 10) {
				fmt.Fprintf(a.std.out, "       %-8s %4d × %s\n", l.label, l.what[what], terminal.Safe(what))
			}
		}
		for _, problem := range p.Problems[:min(len(p.Problems), 5)] {
			fmt.Fprintf(a.std.out, "       %s\n", terminal.Safe(problem))
		}
		return nil
	})
	if err == nil && !a.json && terminal.Person(a.std.out) {
		fmt.Fprintln(a.std.out, "→ respond.modes in tocsin.yml says what each may do: {password-guessing: ask}; then tocsin reload")
	}
	return err
}

// mostOften are the keys with the highest numbers.
func mostOften(m map[string]int, most int) []string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if d := m[b] - m[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return keys[:min(len(keys), most)]
}
