package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/query"
)

func newTail(std streams) *cobra.Command {
	var p place
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "tail [flags] [QUERY]",
		Short: "Show events as they come in",
		Long: `Show events that a query means as they come in, until it is interrupted. The query is that of search, without |.
Where the terminal is too slow, events are left out, and tocsin.lost says how many.

Exit status: 0 ended as asked, 2 failed.`,
		Example: `  tocsin tail
  tocsin tail 'dataset:sshd event.outcome:failure'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return tailEvents(cmd.Context(), std, &p, strings.Join(args, " "), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one object a line, with all fields")
	p.define(cmd)
	return cmd
}

func tailEvents(ctx context.Context, std streams, p *place, text string, asJSON bool) error {
	if _, err := query.Parse(text); err != nil {
		return queryError(err)
	}
	c, err := p.running(ctx)
	if err != nil {
		return err
	}
	err = c.Lines(ctx, "tail", url.Values{"q": {text}}, newRowPrinter(std, asJSON, false).line)
	if ctx.Err() != nil {
		return nil
	}
	return err
}
