package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/serve"
	"github.com/tocsin-sec/tocsin/terminal"
)

func newFirewall(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "firewall", Short: "Plan, apply and check who may reach what",
		Long: `Who may reach what of this host, and through it, as the key firewall of tocsin.yml says: zones, services, rules. It is
planned, applied for a minute, and stays if you confirm it in that time; if not, the kernel itself goes back to what was.
It is a table of its own: what other programs have told the kernel is neither read nor changed.`,
	}
	for _, c := range []struct{ verb, short, long, example string }{
		{"plan", "Say what the policy in tocsin.yml would change, and what is wrong with it", "The kernel looks at the policy and changes nothing. Rules that never decide anything are named: shadowed by earlier ones, redundant, contradicting; and those that nobody needs by what the logs of the last 7 days tell of connections.", ""},
		{"apply", "Put the policy in tocsin.yml in force, for a minute", "The policy is in force at once, in one step. Unless tocsin firewall confirm comes in time, the kernel itself goes back to what was before, whatever becomes of tocsin.", "  tocsin firewall apply\n  tocsin firewall confirm"},
		{"confirm", "Keep the policy that was applied", "Keep the policy that was applied. Nothing changes for what passes now.", ""},
		{"undo", "Go back to the policy before", "End the trial of a policy; or, where none is on trial, bring back the one that was in force before.", ""},
		{"show", "Show the policy in force, what its rules have met, and what nobody uses", "Show the policy in force, how many packets each rule has met, and rules that nobody has needed: no packet has met them, and no connection that the logs of the last 7 days tell of.", ""},
		{"diff", "Say what the kernel has that is not wanted, and the other way round", "Compare the kernel with what is written down.\n\nExit status: 0 no difference, 1 a difference, 2 failed.", ""},
		{"settle", "Make the kernel what is written down", "Make the kernel what is written down, at once; serve does so by itself every few minutes.", ""},
	} {
		f := &firewallCommand{acting: acting{std: std}, verb: c.verb}
		sub := &cobra.Command{
			Use: c.verb + " [flags]", Short: c.short, Long: c.long, Example: c.example, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
		}
		if c.verb == "apply" {
			sub.Flags().DurationVar(&f.confirm, "confirm", time.Minute, "how long to wait for a confirmation; 0s is none")
		}
		f.define(sub)
		cmd.AddCommand(sub)
	}
	return cmd
}

// firewallCommand is one of the commands below tocsin firewall.
type firewallCommand struct {
	acting
	verb    string
	confirm time.Duration
}

func (f *firewallCommand) run(ctx context.Context) error {
	set, _, err := f.place.find()
	if err != nil {
		return err
	}
	c, release, err := f.connect(ctx)
	if err != nil {
		return err
	}
	defer release()
	var out serve.FirewallAnswer
	switch f.verb {
	case "show", "diff":
		if err := c.Get(ctx, "firewall", nil, &out); err != nil {
			return err
		}
	case "plan", "apply":
		if set.Policy.Empty() {
			return terminal.WithHint(respond.ErrNoPolicy, "declare it in tocsin.yml, e.g. firewall: {zones: {lan: {networks: [192.0.2.0/24]}}, rules: [{from: [lan], to: [self], services: [tcp/22]}]}")
		}
		faults, err := set.Policy.Faults()
		if err != nil {
			return err
		}
		f.faults(faults)
		text, err := json.Marshal(&set.Policy)
		if err != nil {
			return err
		}
		if err := c.Post(ctx, "firewall/"+f.verb, nil, map[string]any{"policy": json.RawMessage(text), "confirm": f.confirm.String()}, &out); err != nil {
			return err
		}
		if !f.json {
			f.faults(out.Faults)
		}
		if f.verb == "plan" && !f.json {
			f.planned(&out, len(set.Policy.Rules))
			return nil
		}
	default:
		if err := c.Post(ctx, "firewall/"+f.verb, nil, nil, &out); err != nil {
			return err
		}
	}
	if f.json {
		return json.NewEncoder(f.std.out).Encode(&out)
	}
	return f.tell(&out)
}

// planned says what would change.
func (f *firewallCommand) planned(out *serve.FirewallAnswer, rules int) {
	w := f.std.out
	for _, c := range out.Changes {
		fmt.Fprintln(w, terminal.Safe(c))
	}
	fmt.Fprintf(w, "%s; the kernel would take them\n", counted(rules, "rule"))
	if len(out.Changes) == 0 {
		fmt.Fprintln(w, "nothing would change: this policy is in force")
		return
	}
	fmt.Fprintln(w, "→ tocsin firewall apply")
}

// connect needs a process that goes on where a policy is only tried.
func (f *firewallCommand) connect(ctx context.Context) (*console.Client, func(), error) {
	if f.verb == "apply" && f.confirm > 0 || f.verb == "confirm" {
		c, err := f.place.running(ctx)
		return c, func() {}, err
	}
	return f.place.ask(ctx)
}

func (f *firewallCommand) faults(list []respond.Fault) {
	for _, x := range list {
		if x.Rule == 0 {
			fmt.Fprintf(f.std.err, "%s: %s\n", x.Kind, terminal.Safe(x.Text))
			continue
		}
		fmt.Fprintf(f.std.err, "rule %d (%s): %s: %s\n", x.Rule, terminal.Safe(x.Name), x.Kind, terminal.Safe(x.Text))
	}
}

func (f *firewallCommand) tell(out *serve.FirewallAnswer) error {
	w := f.std.out
	if out.Kernel != "" && f.verb == "diff" {
		return errors.New("the kernel cannot be asked: " + out.Kernel)
	}
	if out.Kernel != "" {
		fmt.Fprintln(w, terminal.Safe("the kernel cannot be asked: "+out.Kernel))
	}
	if out.Difference != nil && (f.verb == "diff" || !out.Difference.Empty()) {
		for _, l := range []struct {
			sign string
			list []respond.Block
		}{{"+", out.Difference.Add}, {"-", out.Difference.Remove}, {"~", out.Difference.Change}} {
			for _, b := range l.list {
				fmt.Fprintf(w, "%s %s %s\n", l.sign, b.Verdict, b.Target())
			}
		}
		if f.verb == "diff" && !out.Difference.Empty() {
			return errFound
		}
	}
	if f.verb == "diff" {
		return nil
	}
	switch {
	case out.Trial != nil:
		fmt.Fprintf(w, "on trial until %s: %s\n→ tocsin firewall confirm keeps it; tocsin firewall undo ends it\n",
			time.Unix(0, out.Until).Local().Format("15:04:05"), counted(len(out.Trial.Rules), "rule"))
	case out.Policy != nil:
		fmt.Fprintf(w, "in force: %s, and %s\n", counted(len(out.Policy.Rules), "rule"), counted(out.Blocks, "block"))
	default:
		fmt.Fprintf(w, "no policy is in force; %s\n", counted(out.Blocks, "block"))
	}
	if f.verb != "show" {
		return nil
	}
	var rows [][]terminal.Span
	for _, u := range perRule(out.Used) {
		rows = append(rows, []terminal.Span{{Text: u.Chain, Style: "dim"}, {Text: terminal.Safe(u.Rule)}, {Text: fmt.Sprintf("%d packets", u.Packets)}, {Text: fmt.Sprintf("%d bytes", u.Bytes)}})
	}
	screen := terminal.NewScreen(w, terminal.Of(w))
	screen.Table(2, 1, rows)
	f.faults(out.Faults)
	return screen.Err()
}

// perRule adds up what the parts of each rule have met, which the kernel counts one by one.
func perRule(used []respond.Used) []respond.Used {
	var list []respond.Used
	for _, u := range used {
		u.Chain = strings.TrimPrefix(strings.TrimPrefix(u.Chain, "main_"), "trial_")
		if part, name, ok := strings.Cut(u.Rule, " "); ok {
			number, _, _ := strings.Cut(part, ".")
			u.Rule = number + " " + name
		}
		i := slices.IndexFunc(list, func(o respond.Used) bool { return o.Chain == u.Chain && o.Rule == u.Rule })
		if i < 0 {
			list = append(list, u)
			continue
		}
		list[i].Packets, list[i].Bytes = list[i].Packets+u.Packets, list[i].Bytes+u.Bytes
	}
	return list
}
