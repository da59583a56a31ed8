package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/terminal"
)

// acting is what the commands that change the world share.
type acting struct {
	std   streams
	place place
	json  bool
}

func (a *acting) define(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&a.json, "json", false, "what came of it as one object a line")
	a.place.define(cmd)
}

// blockFlags are those of tocsin block.
type blockFlags struct {
	long, port, why, rate    string
	out, forward, allow, dry bool
	alert                    string
}

func newBlock(std streams) *cobra.Command {
	a := &acting{std: std}
	f := &blockFlags{}
	cmd := &cobra.Command{
		Use: "block [flags] ADDRESS|NETWORK", Short: "Drop what comes from an address or network",
		Long: `Drop what comes from an address or network, on this host and through it, in the kernel, from now on; with --for, it ends by
itself. It is written down before it happens, and kept through a crash and a reboot. With --rate only what is above a rate
is dropped; with --allow it passes, whatever else is blocked.

It never cuts off the live sessions of operators, this host, its gateways and resolvers, what tocsin.yml says is never
blocked, or a network wider than allowed. --dry-run says whether it would happen, and what it would have dropped in the
last 7 and 30 days, and changes nothing.

Exit status: 0 done, or with --dry-run would be; 1 with --dry-run: it would not happen; 2 failed or forbidden.`,
		Example: "  tocsin block 203.0.113.7 --for 24h --why 'guesses passwords'\n  tocsin block 198.51.100.0/24 --dry-run\n  tocsin block any --port tcp/23\n  tocsin block 203.0.113.7 --rate 20",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.block(cmd.Context(), args[0], f) },
	}
	g := cmd.Flags()
	g.SortFlags = false
	g.StringVar(&f.long, "for", "", "for how long: a `span` such as 90m, 24h or 7d (default for ever)")
	g.StringVar(&f.port, "port", "", "only this `port`: tcp/22, udp/53")
	g.BoolVar(&f.out, "out", false, "what goes to it, not what comes from it")
	g.BoolVar(&f.forward, "forward", false, "only what goes through this host, from it or to it")
	g.StringVar(&f.rate, "rate", "", "drop only what is above so many `packets` a second")
	g.BoolVar(&f.allow, "allow", false, "let it pass, whatever else is blocked")
	g.StringVar(&f.why, "why", "", "the `reason`, in a few words")
	g.StringVar(&f.alert, "alert", "", "the `key` of the alert or incident that it answers")
	g.BoolVar(&f.dry, "dry-run", false, "say what would happen, and what it would have dropped; change nothing")
	a.define(cmd)
	return cmd
}

// request is what is asked of the process that serves.
func (f *blockFlags) request(target string) (*serve.ActionAsk, error) {
	if strings.TrimSpace(target) == "" {
		return nil, errors.New("block whom? Write an address such as 203.0.113.7 or a network such as 203.0.113.0/24")
	}
	ask := &serve.ActionAsk{Kind: "block", For: f.long, Why: f.why, Alert: f.alert}
	switch {
	case f.allow && f.rate != "":
		return nil, errors.New("either --allow or --rate")
	case f.allow:
		ask.Kind = "allow"
	case f.rate != "":
		ask.Kind, ask.Params = "rate-limit", map[string]string{"rate": f.rate}
	}
	if f.port != "" && !strings.HasPrefix(f.port, "tcp/") && !strings.HasPrefix(f.port, "udp/") {
		return nil, fmt.Errorf("--port %q: write the protocol, too: tcp/22 or udp/53", f.port)
	}
	if f.out && f.forward {
		return nil, errors.New("either --out or --forward")
	}
	if f.out {
		target += " out"
	}
	if f.forward {
		target += " forward"
	}
	if f.port != "" {
		target += " " + f.port
	}
	ask.Target = target
	return ask, nil
}

func (a *acting) block(ctx context.Context, target string, f *blockFlags) error {
	ask, err := f.request(target)
	if err != nil {
		return err
	}
	return a.do(ctx, ask, f.dry)
}

// do asks for an action, or what would become of it, and tells that.
func (a *acting) do(ctx context.Context, ask *serve.ActionAsk, dry bool) error {
	c, release, err := a.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	out, err := askAction(ctx, c, ask, dry)
	if err != nil {
		return err
	}
	if dry {
		return a.judged(&out.Would[0])
	}
	return a.told(&out.Items[0])
}

// askAction asks for one action.
func askAction(ctx context.Context, c *console.Client, ask *serve.ActionAsk, dry bool) (*serve.ActionsAnswer, error) {
	var in serve.ActionsWish
	in.Body.Actions, in.Body.Dry = []serve.ActionAsk{*ask}, dry
	out := &serve.ActionsAnswer{}
	err := c.Post(ctx, "actions", nil, &in.Body, out)
	if err == nil && len(out.Items)+len(out.Would) != 1 {
		err = errors.New("tocsin serve does not say what became of it")
	}
	return out, err
}

// told says what became of an action.
func (a *acting) told(x *respond.Action) error {
	if a.json {
		return json.NewEncoder(a.std.out).Encode(x)
	}
	what := x.Kind + " " + x.Target + rateWords(x)
	if !x.State.Ended() {
		what += untilWords(x.Until)
	}
	if x.State == respond.Done && x.Result != "" && !respond.OfFirewall(x.Kind) {
		what += ": " + x.Result
	}
	fmt.Fprintf(a.std.out, "%s  %s  %s\n", x.Key[:alert.ShortKey], x.State, terminal.Safe(what))
	for _, n := range x.Notes {
		if x.State.Ended() {
			break
		}
		fmt.Fprintln(a.std.out, "          "+terminal.Safe(n))
	}
	if x.Error != "" {
		return fmt.Errorf("%s %s: %s", x.Kind, x.Target, x.Error)
	}
	switch {
	case x.State == respond.Proposed:
		fmt.Fprintf(a.std.out, "→ tocsin approve %s\n", x.Key[:alert.ShortKey])
	case x.State != respond.Done || !terminal.Person(a.std.out):
	case respond.OfFirewall(x.Kind):
		fmt.Fprintf(a.std.out, "→ tocsin undo %s takes it back; tocsin blocks shows what it drops\n", x.Key[:alert.ShortKey])
	case lasts(x.Kind):
		fmt.Fprintf(a.std.out, "→ tocsin undo %s takes it back\n", x.Key[:alert.ShortKey])
	}
	return nil
}

// lasts tells whether actions of a kind can be undone.
func lasts(kind string) bool {
	k, err := respond.KindOf(kind)
	return err == nil && k.Lasts
}

// rateWords is the rate of a limit.
func rateWords(x *respond.Action) string {
	if rate := x.Params["rate"]; rate != "" {
		return " above " + rate + "/s"
	}
	return ""
}

// cameOf is what came of an action.
func cameOf(x *respond.Action) string {
	switch {
	case x.Error != "":
		return x.Error
	case x.Denial != nil && x.State == respond.Denied:
		return "denied by " + said(x.Denial)
	case x.Denial != nil && x.State == respond.Undone:
		return "undone by " + said(x.Denial)
	case x.State == respond.Expired:
		return "its time was over"
	}
	return x.Result
}

// said is who took a step, and why, where he said so.
func said(v *respond.Vote) string {
	if v.Text == "" {
		return v.By
	}
	return v.By + ": " + v.Text
}

func untilWords(until int64) string {
	if until == 0 {
		return ""
	}
	return ", until " + time.Unix(0, until).Local().Format("2006-01-02 15:04:05")
}

// judged says what would become of a request.
func (a *acting) judged(j *respond.Judgement) error {
	var refused error
	if len(j.Forbidden) > 0 || j.Kernel != "" {
		refused = errFound
	}
	if a.json {
		return errors.Join(json.NewEncoder(a.std.out).Encode(j), refused)
	}
	say := func(format string, args ...any) {
		fmt.Fprintln(a.std.out, terminal.Safe(fmt.Sprintf(format, args...)))
	}
	what := j.Action.Kind + " " + j.Action.Target + rateWords(&j.Action) + untilWords(j.Action.Until)
	switch {
	case len(j.Forbidden) > 0:
		say("%s: will not happen", what)
	case j.Kernel != "":
		say("%s: would wait for a kernel that takes it", what)
	case j.Needs > 0:
		say("%s: would wait for %s", what, counted(j.Needs, "approval"))
	default:
		say("%s: would happen", what)
	}
	for _, list := range []struct {
		label string
		lines []string
	}{{"forbidden", j.Forbidden}, {"mind", j.Warnings}} {
		for _, l := range list.lines {
			say("  %-10s %s", list.label, l)
		}
	}
	if j.Kernel != "" {
		say("  %-10s %s", "kernel", j.Kernel)
	}
	if j.Replay != nil {
		for _, s := range j.Replay.Spans {
			line := fmt.Sprintf("  %-10s %d events, %d of them a success", fmt.Sprintf("last %dd", s.Days), s.Events, s.Good)
			for _, l := range []struct {
				label string
				list  []string
			}{{"users", s.Users}, {"hosts", s.Hosts}, {"known good", s.Known}} {
				if len(l.list) > 0 {
					line += "; " + l.label + " " + strings.Join(l.list, ", ")
				}
			}
			say("%s", line)
		}
	}
	if refused == nil && terminal.Person(a.std.out) {
		say("→ the same without --dry-run does it")
	}
	return refused
}

func newUnblock(std streams) *cobra.Command {
	a := &acting{std: std}
	cmd := &cobra.Command{
		Use: "unblock [flags] ADDRESS|NETWORK", Short: "Take a block back",
		Long:    "Take back all blocks and limits of exactly this address or network, in any direction and on any port.\n\nExit status: 0 done, 2 failed.",
		Example: "  tocsin unblock 203.0.113.7",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.unblock(cmd.Context(), args[0]) },
	}
	a.define(cmd)
	return cmd
}

func (a *acting) unblock(ctx context.Context, address string) error {
	prefix, err := respond.ParsePrefix(address)
	if err != nil {
		return err
	}
	c, release, err := a.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var keys []string
	_, err = listEach(ctx, c, console.ListAsk{Path: "blocks"}, a.std, false, func(x *serve.BlockAnswer) error {
		if b, err := respond.ParseBlock(x.Target); err == nil && b.Prefix == prefix && x.Kind != "allow" {
			keys = append(keys, x.Key)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		var done respond.Action
		if err := c.Post(ctx, "actions/"+key+"/undo", nil, nil, &done); err != nil {
			return err
		}
		if err := a.told(&done); err != nil {
			return err
		}
	}
	if len(keys) == 0 {
		return terminal.WithHint(fmt.Errorf("%s is not blocked", address), "tocsin blocks lists what is; a wider network may cover it")
	}
	return nil
}

func newBlocks(std streams) *cobra.Command {
	a := &acting{std: std}
	cmd := &cobra.Command{
		Use: "blocks [flags]", Short: "List what is blocked, and what that has dropped",
		Long:    "List what is blocked, limited and allowed, who asked for it and why, and how many packets and bytes each has met.\n\nExit status: 0 there is none, 1 there are some, 2 failed.",
		Example: "  tocsin blocks\n  tocsin blocks --json | jq 'select(.packets == 0) | .target'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.blocks(cmd.Context()) },
	}
	a.define(cmd)
	return cmd
}

func (a *acting) blocks(ctx context.Context) error {
	c, release, err := a.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var rows [][]terminal.Span
	count, err := listEach(ctx, c, console.ListAsk{Path: "blocks"}, a.std, a.json, func(b *serve.BlockAnswer) error {
		end := "for ever"
		if b.Until != 0 {
			end = "until " + time.Unix(0, b.Until).Local().Format("01-02 15:04")
		}
		rows = append(rows, []terminal.Span{
			{Text: b.Key[:alert.ShortKey], Style: "dim"},
			{Text: b.Kind},
			{Text: terminal.Safe(b.Target + rateWords(&b.Action))},
			{Text: string(b.State)},
			{Text: end},
			{Text: strconv.FormatUint(b.Packets, 10) + " packets"},
			{Text: strconv.FormatUint(b.Bytes, 10) + " bytes"},
			{Text: terminal.Safe(strings.TrimSuffix(b.By+": "+b.Why.Text, ": ")), Style: "dim"},
		})
		return nil
	})
	return a.table(rows, count, err, "nothing is blocked")
}
