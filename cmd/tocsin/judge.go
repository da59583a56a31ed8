package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/terminal"
)

// judging is what the commands that decide about incidents share.
type judging struct {
	std   streams
	place place
	note  string
	json  bool
}

func (j *judging) define(cmd *cobra.Command) {
	cmd.Flags().StringVar(&j.note, "note", "", "what you have found, in a few `words`")
	cmd.Flags().BoolVar(&j.json, "json", false, "what came of it as one object")
	j.place.define(cmd)
}

// decide tells the running process what is decided, and says what came of it.
func (j *judging) decide(ctx context.Context, keys []string, d console.Decision) error {
	d.Keys = keys
	if j.note != "" {
		d.Note = &j.note
	}
	c, err := j.place.running(ctx)
	if err != nil {
		return err
	}
	var out console.Decided
	if err := c.Post(ctx, "incidents/decide", nil, &d, &out); err != nil {
		return err
	}
	if j.json {
		return json.NewEncoder(j.std.out).Encode(&out)
	}
	for i := range out.Incidents {
		m := &out.Incidents[i]
		state := m.Status
		switch {
		case m.Verdict != "":
			state += " as " + m.Verdict
		case m.Status == alert.Snoozed:
			state += " until " + clock(m.Until)
		case m.Owner != "":
			state += " by " + m.Owner
		}
		fmt.Fprintf(j.std.out, "%s  %s: %s\n", m.Key[:alert.ShortKey], terminal.Safe(state), terminal.Safe(m.Title))
	}
	return nil
}

// command completes a command that decides about the incidents whose keys it is given.
func (j *judging) command(cmd *cobra.Command, decision func() (console.Decision, error)) *cobra.Command {
	cmd.Args = cobra.MinimumNArgs(1)
	cmd.RunE = func(cmd *cobra.Command, keys []string) error {
		d, err := decision()
		if err != nil {
			return err
		}
		return j.decide(cmd.Context(), keys, d)
	}
	j.define(cmd)
	return cmd
}

func newTake(std streams) *cobra.Command {
	var who string
	cmd := (&judging{std: std}).command(&cobra.Command{
		Use: "take [flags] KEY…", Short: "Say that you look at an incident",
		Long:    "Say that you, or somebody else, look at incidents: nobody else is then called for them.\n\nExit status: 0 done, 2 failed.",
		Example: "  tocsin take 4f2a91\n  tocsin take 4f2a91 --for anna",
	}, func() (console.Decision, error) { return console.Decision{Status: alert.Taken, Owner: &who}, nil })
	cmd.Flags().StringVar(&who, "for", myName(), "`who` looks at it")
	return cmd
}

func newClose(std streams) *cobra.Command {
	var verdict string
	cmd := (&judging{std: std}).command(&cobra.Command{
		Use: "close [flags] KEY…", Short: "Judge an incident: malicious, expected or a false alarm",
		Long: `Judge incidents and close them. The verdict teaches: alerts of the same rule about the same user, host or address count for
more or less from then on. What goes on after it was closed as malicious is new again; so is what
was closed otherwise and then becomes graver, or is about somebody else as well.

Exit status: 0 done, 2 failed.`,
		Example: `  tocsin close 4f2a91 --as malicious --note 'password guessed; account locked, host reinstalled'
  tocsin close 4f2a91 88e0c2 --as expected`,
	}, func() (console.Decision, error) {
		if verdict == "" {
			return console.Decision{}, terminal.WithHint(fmt.Errorf("a verdict is needed"), "--as malicious (somebody did harm), --as expected (the rule is right, and it was meant to be), or --as false-alarm (the rule is wrong)")
		}
		return console.Decision{Status: alert.Closed, Verdict: verdict}, nil
	})
	cmd.Flags().StringVar(&verdict, "as", "", "the `verdict`: malicious, expected or false-alarm")
	return cmd
}

func newSnooze(std streams) *cobra.Command {
	var until string
	cmd := (&judging{std: std}).command(&cobra.Command{
		Use: "snooze [flags] KEY…", Short: "Put an incident off for a while",
		Long:    "Put incidents off: they are new again when the time is over. What gets worse meanwhile is told all the same.\n\nExit status: 0 done, 2 failed.",
		Example: "  tocsin snooze 4f2a91 --for 8h",
	}, func() (console.Decision, error) {
		at, err := later(until, time.Now())
		return console.Decision{Status: alert.Snoozed, Until: at.UTC().Truncate(time.Second)}, err
	})
	cmd.Flags().StringVar(&until, "for", "8h", "for how `long`: 30m, 8h, 2d")
	return cmd
}

func newReopen(std streams) *cobra.Command {
	return (&judging{std: std}).command(&cobra.Command{
		Use: "reopen [flags] KEY…", Short: "Take back what was decided about an incident",
		Long:    "Take back what was decided about incidents: they are new.\n\nExit status: 0 done, 2 failed.",
		Example: "  tocsin reopen 4f2a91",
	}, func() (console.Decision, error) { return console.Decision{Status: alert.New}, nil })
}

// later reads how long, and returns when that is over.
func later(text string, now time.Time) (time.Time, error) {
	d, ok := query.ParseAgo(text)
	if !ok || d <= 0 {
		return time.Time{}, fmt.Errorf("%q is no length of time: 30m, 8h, 2d", text)
	}
	return now.Add(d), nil
}

// myName is the name of who runs the command; "" where it is not known.
func myName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}
