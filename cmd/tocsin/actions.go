package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/terminal"
)

func newActions(std streams) *cobra.Command {
	a := &acting{std: std}
	var states string
	limit := 100
	cmd := &cobra.Command{
		Use: "actions [flags]", Short: "List what was done, is to be done, and waits for a person",
		Long: `List what changes the world: blocks, ended sessions, locked accounts and all else, the latest first, with who asked for it,
why, and what came of it. tocsin actions do asks for one of any kind.

Exit status: 0 there is none, 1 there are some, 2 failed.`,
		Example: "  tocsin actions\n  tocsin actions --state proposed\n  tocsin actions do end-session 'from 203.0.113.7'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.actions(cmd.Context(), states, limit) },
	}
	cmd.Flags().StringVar(&states, "state", "", "only those in these `states`: "+respond.StateWords())
	cmd.Flags().IntVarP(&limit, "limit", "n", 100, "at most so many `actions`; 0 is all")
	a.define(cmd)
	cmd.AddCommand(newDo(std), newKinds(std))
	return cmd
}

func (a *acting) actions(ctx context.Context, states string, limit int) error {
	c, release, err := a.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var rows [][]terminal.Span
	ask := console.ListAsk{Path: "actions", Args: url.Values{"state": {states}}, Most: limit}
	count, err := listEach(ctx, c, ask, a.std, a.json, func(x *respond.Action) error {
		rows = append(rows, []terminal.Span{
			{Text: x.Key[:alert.ShortKey], Style: "dim"},
			{Text: time.Unix(0, x.Asked).Local().Format("01-02 15:04:05")},
			{Text: string(x.State)},
			{Text: terminal.Safe(x.Kind + " " + x.Target + rateWords(x))},
			{Text: terminal.Safe(x.By)},
			{Text: terminal.Safe(x.Why.Text)},
			{Text: terminal.Safe(cameOf(x)), Style: "dim"},
		})
		return nil
	})
	return a.table(rows, count, err, "no actions")
}

// table writes rows, or that there is nothing. That there is something is errFound.
func (a *acting) table(rows [][]terminal.Span, count int, err error, nothing string) error {
	switch {
	case err != nil:
		return err
	case count == 0 && !a.json:
		fmt.Fprintln(a.std.err, "tocsin: "+nothing)
		return nil
	case count == 0:
		return nil
	case a.json:
		return errFound
	}
	screen := terminal.NewScreen(a.std.out, terminal.Of(a.std.out))
	screen.Table(0, len(rows[0])-1, rows)
	return errors.Join(screen.Err(), errFound)
}

func newDo(std streams) *cobra.Command {
	a := &acting{std: std}
	var long, why string
	var params []string
	var dry bool
	cmd := &cobra.Command{
		Use: "do [flags] KIND TARGET", Short: "Do something of any kind",
		Long:    "Do something of any kind: tocsin actions kinds lists them, with what their targets look like.\n\nExit status: 0 done, or with --dry-run would be; 1 with --dry-run: it would not happen; 2 failed or forbidden.",
		Example: "  tocsin actions do lock-account anna --for 24h\n  tocsin actions do quarantine /srv/upload/invoice.exe\n  tocsin actions do isolate host --dry-run",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ask := &serve.ActionAsk{Kind: args[0], Target: args[1], For: long, Why: why}
			for _, p := range params {
				name, value, ok := strings.Cut(p, "=")
				if !ok {
					return fmt.Errorf("--param %q: write name=value", p)
				}
				if ask.Params == nil {
					ask.Params = make(map[string]string)
				}
				ask.Params[name] = value
			}
			return a.do(cmd.Context(), ask, dry)
		},
	}
	cmd.Flags().StringVar(&long, "for", "", "undo it after a `span` such as 90m, 24h or 7d")
	cmd.Flags().StringVar(&why, "why", "", "the `reason`, in a few words")
	cmd.Flags().StringArrayVar(&params, "param", nil, "a parameter of the kind, as `name=value`")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would happen; change nothing")
	a.define(cmd)
	return cmd
}

func newKinds(std streams) *cobra.Command {
	var asJSON bool
	var p place
	cmd := &cobra.Command{
		Use: "kinds [flags]", Short: "List the kinds of actions",
		Long:    "List the kinds of actions, with what their targets look like: those that tocsin.yml lets be done (respond.kinds), and without it all.",
		Example: "  tocsin actions kinds", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			set, _, err := p.find()
			if err != nil {
				return err
			}
			var rows [][]terminal.Span
			for _, k := range respond.Kinds() {
				if may := set.Respond.Kinds; len(may) > 0 && !slices.Contains(may, k.Name) {
					continue
				}
				if asJSON {
					if err := json.NewEncoder(std.out).Encode(map[string]any{"kind": k.Name, "doc": k.Doc, "example": k.Example, "undo": k.Lasts}); err != nil {
						return err
					}
					continue
				}
				rows = append(rows, []terminal.Span{{Text: k.Name, Style: "command"}, {Text: k.Example}, {Text: k.Doc}})
			}
			screen := terminal.NewScreen(std.out, terminal.Of(std.out))
			screen.Table(0, 2, rows)
			return screen.Err()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one object a line")
	p.defineHere(cmd)
	return cmd
}

// newVote makes a command that takes a step with actions.
func newVote(std streams, verb, short, long, example string) *cobra.Command {
	a := &acting{std: std}
	var text string
	cmd := &cobra.Command{
		Use: verb + " [flags] KEY…", Short: short, Long: long + "\n\nExit status: 0 done, 2 failed.", Example: example, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, release, err := a.place.ask(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			for _, key := range args {
				var done respond.Action
				if err := c.Post(cmd.Context(), "actions/"+url.PathEscape(key)+"/"+verb, nil, map[string]string{"text": text}, &done); err != nil {
					return err
				}
				if err := a.told(&done); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&text, "note", "", "why, in a few `words`")
	a.define(cmd)
	return cmd
}

func newApprove(std streams) *cobra.Command {
	return newVote(std, "approve", "Say yes to actions that wait for a person",
		"Say yes to actions that wait for a person; tocsin actions --state proposed lists them. Where several must approve, each counts once.", "  tocsin approve 4f2a91")
}

func newDeny(std streams) *cobra.Command {
	return newVote(std, "deny", "Say no to actions that wait for a person",
		"Say no to actions that wait for a person. One no is enough, and for a day no playbook asks again.", "  tocsin deny 4f2a91 --note 'a customer'")
}

func newUndo(std streams) *cobra.Command {
	return newVote(std, "undo", "Take actions back", "Take actions back: blocks, locks, quarantine, and all else that can be undone.", "  tocsin undo 4f2a91")
}
