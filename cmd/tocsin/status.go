package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/report"
	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/terminal"
)

func newStatus(std streams) *cobra.Command {
	var p place
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [flags]",
		Short: "Tell how serve is doing",
		Long: `Tell how the running serve is doing: what it reads, how much it has read and kept, and what is wrong.

Exit status: 0 it runs, 2 it does not.`,
		Example: `  tocsin status --json`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return tellStatus(cmd.Context(), std, &p, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one object")
	p.define(cmd)
	return cmd
}

func tellStatus(ctx context.Context, std streams, p *place, asJSON bool) error {
	c, err := p.running(ctx)
	if err != nil {
		return err
	}
	var st console.Status
	if err := c.Get(ctx, "status", nil, &st); err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(std.out).Encode(&st)
	}
	out := terminal.NewScreen(std.out, terminal.Of(std.out))
	say := func(label, format string, args ...any) {
		out.Print(0, 12, terminal.Span{Text: fmt.Sprintf("%-10s  ", label), Style: "dim"}, terminal.Span{Text: terminal.Safe(fmt.Sprintf(format, args...))})
	}
	say("tocsin", "%s, process %d, for %s", st.Version, st.Process, time.Since(st.Started).Round(time.Second))
	say("keeps in", "%s", st.Data)
	if c := st.Console; c != nil {
		say("console", "%s", c.URL)
		if c.Fingerprint != "" {
			say("", "its certificate signs itself: SHA-256 %s", c.Fingerprint)
		}
		if c.Refused != "" {
			say("NOT REACHED", "%s", c.Refused)
		}
	}
	for _, t := range st.Tenants {
		say("tenant", "%s: %d rules in force", t.Name, t.Rules)
		say("events", "%s read, %s kept, %d in the log still to be kept (%s)", report.Amount(t.Events), report.Amount(t.Kept), t.Waiting, report.Size(t.Log))
		say("hits", "%s written; one that grows is written again", report.Amount(t.Hits))
		if n := t.Incidents; n["new"]+n["taken"]+n["snoozed"] > 0 {
			say("alerts", "%d new, %d taken, %d put off; %d closed", n["new"], n["taken"], n["snoozed"], n["closed"])
		}
		if t.Unkept > 0 {
			say("not kept", "%s events, older than retention or too far in the future", report.Amount(t.Unkept))
		}
		if t.Unread > 0 {
			say("unread", "%s parts of the input; tocsin search 'dataset:tocsin' says which", report.Amount(t.Unread))
		}
		if t.Held.Total > 0 {
			say("novelties", "%s not told today for stranger ones, %s in all; anomalies.budget sets how many are", report.Amount(t.Held.Today), report.Amount(t.Held.Total))
		}
		if t.Full {
			say("FULL", "there is no room on the disk: nothing is taken in")
		}
		if t.Notify.Sent+t.Notify.Failed > 0 || t.Notify.Waiting > 0 {
			say("told", "%d %s sent, %d waiting, %d given up", t.Notify.Sent, terminal.Plural(t.Notify.Sent, "message"), t.Notify.Waiting, t.Notify.Failed)
		}
		for way, why := range t.Notify.Stuck {
			say("NOT TOLD", "%s does not work: %s", way, why)
		}
		label := "inputs"
		for _, in := range t.Inputs {
			say(label, "%s", in)
			label = ""
		}
	}
	return out.Err()
}

func newReload(std streams) *cobra.Command {
	var p place
	cmd := &cobra.Command{
		Use:   "reload [flags]",
		Short: "Make serve read its configuration and the rules anew",
		Long: `Make the running serve read its configuration and the rules anew. No event is lost: inputs that are as they were go on,
and correlations keep what they have counted. With any mistake everything stays as it was.

Exit status: 0 done, 2 failed.`,
		Example: `  tocsin reload`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.running(cmd.Context())
			if err != nil {
				return err
			}
			var r serve.Reloaded
			if err := c.Post(cmd.Context(), "reload", nil, nil, &r); err != nil {
				return err
			}
			fmt.Fprintf(std.out, "reloaded: %d rules in force, %d refused; %d inputs stopped, %d started\n", r.Rules, r.Refused, r.Stopped, r.Started)
			for _, key := range r.Restart {
				fmt.Fprintf(std.out, "%s: the change takes force at the next start\n", key)
			}
			return nil
		},
	}
	p.define(cmd)
	return cmd
}
