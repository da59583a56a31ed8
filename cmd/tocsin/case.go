package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/terminal"
)

// casework is the command `tocsin case` and its subcommands.
type casework struct {
	std   streams
	place place
	json  bool
}

func newCase(std streams) *cobra.Command {
	w := &casework{std: std}
	cmd := &cobra.Command{
		Use: "case", Short: "Join incidents into a case, with tasks, notes and evidence",
		Long: "Join incidents that are investigated together into a case, with tasks, notes, evidence under its hash, and one timeline of it all.",
		Example: `  tocsin case new 'Break-in at web1' 4f2a91 88e0c2
  tocsin case task c01d 'ask anna about the login at 3'
  tocsin case evidence c01d /tmp/strange-program
  tocsin case show c01d
  tocsin case close c01d malicious 'password guessed; host reinstalled'`,
	}
	for _, sub := range [...]struct {
		use, op, short string
		args           cobra.PositionalArgs
		form           func(args []string) caseForm
	}{
		{"new TITLE [INCIDENT…]", "new", "Begin a case", cobra.MinimumNArgs(1), func(a []string) caseForm {
			return caseForm{"title": a[0], "incidents": a[1:]}
		}},
		{"join KEY INCIDENT…", "join", "Add incidents to a case", cobra.MinimumNArgs(2), func(a []string) caseForm {
			return caseForm{"incidents": a[1:]}
		}},
		{"task KEY TEXT", "task", "Add something to be done", cobra.MinimumNArgs(2), textForm},
		{"done KEY NUMBER", "done", "Say that a task is done", cobra.ExactArgs(2), textForm},
		{"note KEY TEXT", "note", "Add a note", cobra.MinimumNArgs(2), textForm},
		{"take KEY", "take", "Say that you lead a case", cobra.ExactArgs(1), textForm},
		{"summary KEY TEXT", "summary", "Say in a few words what it was", cobra.MinimumNArgs(2), textForm},
		{"close KEY VERDICT [TEXT]", "close", "Close a case: malicious, expected or false-alarm", cobra.MinimumNArgs(2), func(a []string) caseForm {
			return caseForm{"verdict": a[1], "text": strings.Join(a[2:], " ")}
		}},
		{"reopen KEY", "reopen", "Open a closed case again", cobra.ExactArgs(1), textForm},
	} {
		c := &cobra.Command{
			Use: sub.use, Short: sub.short, Long: sub.short + ".\n\nExit status: 0 done, 2 failed.", Args: sub.args, Example: "  tocsin case " + sub.use,
			RunE: func(cmd *cobra.Command, args []string) error {
				form := sub.form(args)
				path := "cases"
				if sub.op != "new" {
					form["op"] = sub.op
					path += "/" + url.PathEscape(args[0])
				}
				return w.change(cmd.Context(), path, form)
			},
		}
		w.define(c)
		cmd.AddCommand(c)
	}
	cmd.AddCommand(w.listCommand(), w.showCommand(), w.evidenceCommand())
	return cmd
}

// caseForm is what is done to a case.
type caseForm map[string]any

func textForm(args []string) caseForm { return caseForm{"text": strings.Join(args[1:], " ")} }

func (w *casework) define(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.json, "json", false, "as JSON")
	w.place.define(cmd)
}

func (w *casework) change(ctx context.Context, path string, form caseForm) error {
	c, err := w.place.running(ctx)
	if err != nil {
		return err
	}
	var out alert.Case
	if err := c.Post(ctx, path, nil, form, &out); err != nil {
		return err
	}
	return w.say(&out)
}

func (w *casework) say(c *alert.Case) error {
	if w.json {
		return json.NewEncoder(w.std.out).Encode(c)
	}
	open := 0
	for _, t := range c.Tasks {
		if t.Done == 0 {
			open++
		}
	}
	state := c.Status
	if c.Verdict != "" {
		state += " as " + c.Verdict
	}
	_, err := fmt.Fprintf(w.std.out, "%s  %s: %s (%s, %d of %s to do, %s, %s of evidence)\n", c.Key[:alert.ShortKey], state,
		terminal.Safe(c.Title), counted(len(c.Incidents), "incident"), open, counted(len(c.Tasks), "task"),
		counted(len(c.Notes), "note"), counted(len(c.Evidence), "piece"))
	return err
}

// counted is a number of things in words.
func counted(n int, word string) string {
	return fmt.Sprintf("%d %s", n, terminal.Plural(int64(n), word))
}

func (w *casework) listCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List cases", Args: cobra.NoArgs, Example: "  tocsin case list --all",
		Long: "List the cases that are open, the last changed first.\n\nExit status: 0 done, 2 failed.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, release, err := w.place.ask(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			ask := console.ListAsk{Path: "cases", Args: url.Values{"closed": {strconv.FormatBool(all)}}}
			_, err = listEach(cmd.Context(), c, ask, w.std, w.json, w.say)
			return err
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "closed ones too")
	w.define(cmd)
	return cmd
}

func (w *casework) showCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show KEY", Short: "Tell all about a case, with its timeline", Args: cobra.ExactArgs(1), Example: "  tocsin case show c01d",
		Long: "Tell all about a case: what it joins, tasks, notes, evidence, and one timeline of it all.\n\nExit status: 0 done, 2 failed.",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, release, err := w.place.ask(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			var m console.CaseMessage
			if err := c.Get(cmd.Context(), "cases/"+url.PathEscape(args[0]), nil, &m); err != nil {
				return err
			}
			if w.json {
				return json.NewEncoder(w.std.out).Encode(&m)
			}
			return w.tell(&m)
		},
	}
	w.define(cmd)
	return cmd
}

func (w *casework) tell(m *console.CaseMessage) error {
	if err := w.say(&m.Case); err != nil {
		return err
	}
	out := terminal.NewScreen(w.std.out, terminal.Of(w.std.out))
	line := func(format string, args ...any) {
		out.Print(2, 4, terminal.Span{Text: terminal.Safe(fmt.Sprintf(format, args...))})
	}
	if m.Summary != "" {
		line("%s", m.Summary)
	}
	for i := range m.Joined {
		line("incident %s: %s", m.Joined[i].Key[:alert.ShortKey], m.Joined[i].Sentence)
	}
	for _, t := range m.Tasks {
		mark := "[ ]"
		if t.Done != 0 {
			mark = "[x]"
		}
		line("%s %s %s", mark, t.ID, t.Text)
	}
	for _, e := range m.Evidence {
		line("evidence %s (%d bytes) from %s, SHA-256 %s", e.Name, e.Size, e.From, e.SHA256)
	}
	out.Print(0, 0)
	for _, t := range m.Timeline {
		out.Print(2, 22, terminal.Span{Text: clock(alert.When(t.Time)) + "  ", Style: "dim"},
			terminal.Span{Text: fmt.Sprintf("%-9s", t.Kind) + fromLog(t.Source), Style: "dim"}, terminal.Span{Text: terminal.Safe(t.Text)}, terminal.Span{Text: "  " + terminal.Safe(t.Who), Style: "dim"})
	}
	return out.Err()
}

func (w *casework) evidenceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "evidence KEY FILE", Short: "Keep a copy of a file with a case, under its hash", Args: cobra.ExactArgs(2),
		Long:    "Keep a copy of a file with a case, under its SHA-256, so that it can be shown that it is still what it was.\n\nExit status: 0 done, 2 failed.",
		Example: "  tocsin case evidence c01d /tmp/strange-program",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[1])
			if err != nil {
				return fmt.Errorf("evidence: %w", err)
			}
			defer f.Close()
			path, err := filepath.Abs(args[1])
			if err != nil {
				return fmt.Errorf("evidence: %w", err)
			}
			host, _ := os.Hostname()
			c, err := w.place.running(cmd.Context())
			if err != nil {
				return err
			}
			var out alert.Case
			form := url.Values{"name": {filepath.Base(path)}, "from": {host + ":" + path}}
			if err := c.Send(cmd.Context(), "cases/"+url.PathEscape(args[0])+"/evidence", form, f, &out); err != nil {
				return err
			}
			return w.say(&out)
		},
	}
	w.define(cmd)
	return cmd
}
