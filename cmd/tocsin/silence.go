package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/terminal"
)

// silencing is the command `tocsin silence` and its subcommands.
type silencing struct {
	std       streams
	place     place
	reason    string
	length    string
	exception bool
	dryRun    bool
	days      int
	json      bool
}

func newSilence(std streams) *cobra.Command {
	s := &silencing{std: std}
	cmd := &cobra.Command{
		Use:   "silence [flags] TEST…",
		Short: "Hide alerts that are known, for a time or for good; list what is hidden",
		Long: `Hide alerts for which all of the TESTs hold, for a time, or with --exception for good. A TEST is field=value, field!=value,
field~part, field^=beginning, field$=end; a field is rule (its id or title), level, user, host, address, source, entity, tag,
file, or a field of the event by its own name; an address may be a network. What is hidden is counted all the same.

Before it is made, what it would have hidden in the last 30 days is shown, malicious alerts first; with --dry-run no more than
that is done.

Exit status: 0 done, 1 it would have hidden something malicious (then nothing is done without --force), 2 failed.`,
		Example: `  tocsin silence rule='SSH passwords guessed from one address' address=192.0.2.0/24 --for 2h --reason 'penetration test'
  tocsin silence --exception rule=cd55d8a7-873d-4c0a-92c2-fb46d7cc9840 user=backup --reason 'the backup logs in so'
  tocsin silence list
  tocsin silence end 4f2a91c0aa01`,
		Args: cobra.MinimumNArgs(1),
	}
	var force bool
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return s.add(cmd.Context(), args, force) }
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&s.reason, "reason", "", "`why`; needed")
	f.StringVar(&s.length, "for", "", "for how `long`: 2h, 7d; needed unless it is an exception")
	f.BoolVar(&s.exception, "exception", false, "for good (with --for: as long)")
	f.BoolVar(&s.dryRun, "dry-run", false, "only show what it would have hidden")
	f.IntVar(&s.days, "days", 30, "look back so many `days`")
	f.BoolVar(&force, "force", false, "also if it would have hidden something malicious")
	s.shared(cmd)
	cmd.AddCommand(s.listCommand(), s.endCommand())
	return cmd
}

func (s *silencing) shared(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.json, "json", false, "one object a line")
	s.place.define(cmd)
}

func (s *silencing) listCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List silences and exceptions, and how much each has hidden",
		Long: "List silences and exceptions, and how much each has hidden.\n\nExit status: 0 done, 2 failed.", Example: "  tocsin silence list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.list(cmd.Context()) },
	}
	s.shared(cmd)
	return cmd
}

func (s *silencing) endCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "end ID…", Short: "End a silence or an exception", Args: cobra.MinimumNArgs(1),
		Long: "End silences or exceptions: what they hid is told again from now on.\n\nExit status: 0 done, 2 failed.", Example: "  tocsin silence end 4f2a91c0aa01",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.place.running(cmd.Context())
			if err != nil {
				return err
			}
			for _, id := range args {
				var m console.SilenceMessage
				if err := c.Post(cmd.Context(), "silences/"+url.PathEscape(id)+"/end", nil, nil, &m); err != nil {
					return err
				}
				if s.json {
					if err := json.NewEncoder(s.std.out).Encode(&m); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(s.std.out, "%s  ended: %s\n", m.ID, terminal.Safe(strings.Join(m.Matchers, ", ")))
			}
			return nil
		},
	}
	s.shared(cmd)
	return cmd
}

func (s *silencing) add(ctx context.Context, tests []string, force bool) error {
	ask := console.NewSilence{Matchers: tests, Reason: s.reason, Exception: s.exception}
	if s.length != "" {
		at, err := later(s.length, time.Now())
		if err != nil {
			return err
		}
		ask.Until = at.UTC().Truncate(time.Second)
	}
	c, err := s.place.running(ctx)
	if err != nil {
		return err
	}
	var would console.WouldHide
	if err := c.Post(ctx, "silences/try", url.Values{"days": {strconv.Itoa(s.days)}}, &ask, &would); err != nil {
		return err
	}
	if s.json && s.dryRun {
		return json.NewEncoder(s.std.out).Encode(&would)
	}
	if !s.json {
		tellWouldHide(s.std, &would)
	}
	switch {
	case s.dryRun:
		return nil
	case would.Malicious > 0 && !force:
		fmt.Fprintln(s.std.err, "tocsin: nothing was done: it would have hidden what was called malicious; make it narrower, or use --force")
		return errFound
	}
	var m console.SilenceMessage
	if err := c.Post(ctx, "silences", nil, &ask, &m); err != nil {
		return err
	}
	if s.json {
		return json.NewEncoder(s.std.out).Encode(&m)
	}
	end := "for good"
	if !m.Until.IsZero() {
		end = "until " + clock(m.Until)
	}
	fmt.Fprintf(s.std.out, "%s  hides %s %s\n", m.ID, terminal.Safe(strings.Join(m.Matchers, " and ")), end)
	return nil
}

func tellWouldHide(std streams, w *console.WouldHide) {
	fmt.Fprintf(std.out, "in the last %d days it would have hidden %s of %s hits of these rules: %s malicious, %s harmless, the others not judged\n",
		w.Days, alert.Amount(w.Hits), alert.Amount(w.Of), alert.Amount(w.Malicious), alert.Amount(w.Harmless))
	if w.Cut {
		fmt.Fprintln(std.out, "(of the newest hits only: there are more)")
	}
	screen := terminal.NewScreen(std.out, terminal.Of(std.out))
	var rows [][]terminal.Span
	for i := range w.Incidents {
		rows = append(rows, incidentRow(&w.Incidents[i]))
	}
	screen.Table(2, 4, rows)
}

func (s *silencing) list(ctx context.Context) error {
	c, release, err := s.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var rows [][]terminal.Span
	_, err = listEach(ctx, c, console.ListAsk{Path: "silences"}, s.std, s.json, func(m *console.SilenceMessage) error {
		state := "for good"
		switch {
		case !m.Ended.IsZero():
			state = "ended " + clock(m.Ended)
		case !m.Until.IsZero():
			state = "until " + clock(m.Until)
		}
		rows = append(rows, []terminal.Span{
			{Text: m.ID, Style: "dim"},
			{Text: state},
			{Text: terminal.Safe(strings.Join(m.Matchers, " and "))},
			{Text: terminal.Safe(m.Reason)},
			{Text: terminal.Safe(m.Owner)},
			{Text: "hid " + alert.Amount(m.Hidden)},
		})
		return nil
	})
	if err != nil || s.json {
		return err
	}
	if len(rows) == 0 {
		fmt.Fprintln(s.std.err, "tocsin: nothing is silenced")
		return nil
	}
	screen := terminal.NewScreen(s.std.out, terminal.Of(s.std.out))
	screen.Table(0, 2, rows)
	return screen.Err()
}
