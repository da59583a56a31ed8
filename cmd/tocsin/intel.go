package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/feeds"
	"github.com/tocsin-sec/tocsin/intel"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/report"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/terminal"
)

// intelCommand is what the commands below `tocsin intel` have in common.
type intelCommand struct {
	std   streams
	place place
	files []string
	json  bool
}

func newIntel(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "intel",
		Short: "Look at the lists of indicators: addresses, names, URLs and hashes that are known to be bad",
		Long: `Look at the lists of indicators: addresses, networks, names, URLs and hashes that are known to be bad.

Lists stand in tocsin.yml under intel: files and folders, and what is fetched over HTTP: plain lists, tables (CSV), STIX
2.0 and 2.1, MISP, TAXII 2.1. serve fetches them on their schedule, holds every event against them, and runs what is new
in them over the last 30 days of what is kept. hunt uses the last copies, and with --intel FILE any other list.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newIntelList(std), newIntelLoad(std), newIntelTest(std))
	return cmd
}

func (c *intelCommand) define(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&c.files, "intel", nil, "also the list in this `file` or folder; repeatable")
	f.BoolVar(&c.json, "json", false, "one object a line")
	f.StringVar(&c.place.data, "data", "", "the `folder` in which serve keeps everything (default /var/lib/tocsin as root, else in the user's state folder)")
	f.StringVar(&c.place.config, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
}

// lists returns the lists of the configuration and those that were named.
func (c *intelCommand) lists() ([]feeds.List, string, error) {
	set, err := settings.Load(c.place.config)
	if err != nil {
		return nil, "", err
	}
	lists, err := intelLists(set, c.files)
	if err == nil && len(lists) == 0 {
		err = terminal.WithHint(errors.New("there is no list of indicators"), "write one into tocsin.yml under intel, or name a file with --intel")
	}
	return lists, settings.StateFolder(c.place.data, set), err
}

// intelLists returns the lists of a configuration and those of files.
func intelLists(set *settings.File, files []string) ([]feeds.List, error) {
	lists := slices.Clone(set.Intel)
	for _, f := range files {
		l := feeds.List{Path: f}
		if err := l.Complete(); err != nil {
			return nil, fmt.Errorf("--intel %s: %w", f, err)
		}
		for n, name := 2, l.Name; slices.ContainsFunc(lists, func(o feeds.List) bool { return o.Name == l.Name }); n++ {
			l.Name = fmt.Sprintf("%s-%d", name, n)
		}
		lists = append(lists, l)
	}
	return lists, feeds.Complete(lists)
}

func newIntelList(std streams) *cobra.Command {
	c := &intelCommand{std: std}
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "Tell which lists there are, what they hold, how old they are, and what is wrong with them",
		Long: `Tell which lists there are, how many indicators of each kind they hold, when they were fetched, and what could not be read.

Exit status: 0 all could be read, 2 one could not, or there is none.`,
		Example: `  tocsin intel list
  tocsin intel list --intel ./blocklist.csv --json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			lists, dir, err := c.lists()
			if err != nil {
				return err
			}
			return c.tell(lists, dir, nil)
		},
	}
	c.define(cmd)
	return cmd
}

func newIntelLoad(std streams) *cobra.Command {
	c := &intelCommand{std: std}
	cmd := &cobra.Command{
		Use:   "load [flags] [NAME...]",
		Short: "Fetch lists now, and tell what they hold",
		Long: `Fetch lists now, all or those of each NAME, and tell what they hold. A running serve takes them up within a minute.

Exit status: 0 all were fetched and read, 2 one was not.`,
		Example: `  tocsin intel load
  tocsin intel load bad-addresses.csv`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.load(cmd.Context(), args) },
	}
	c.define(cmd)
	return cmd
}

func (c *intelCommand) load(ctx context.Context, names []string) error {
	lists, dir, err := c.lists()
	if err != nil {
		return err
	}
	for _, n := range names {
		if !slices.ContainsFunc(lists, func(l feeds.List) bool { return l.Name == n }) {
			return fmt.Errorf("no list is called %s", n)
		}
	}
	failed := make(map[string]error)
	for i := range lists {
		l := &lists[i]
		if l.URL == "" || len(names) > 0 && !slices.Contains(names, l.Name) {
			continue
		}
		if dir == "" {
			return terminal.WithHint(errors.New("there is no folder to keep lists in: the user has no home"), "name one with --data")
		}
		if _, err := feeds.Fetch(ctx, l, dir); err != nil {
			failed[l.Name] = err
		}
	}
	if len(names) > 0 {
		lists = slices.DeleteFunc(lists, func(l feeds.List) bool { return !slices.Contains(names, l.Name) })
	}
	return c.tell(lists, dir, failed)
}

// tell prints how lists are doing.
func (c *intelCommand) tell(lists []feeds.List, dir string, failed map[string]error) error {
	set, status := feeds.Load(lists, dir)
	bad := 0
	for i := range status {
		if err := failed[status[i].Name]; err != nil {
			status[i].Error = strings.TrimSpace(err.Error() + "; " + status[i].Error)
			status[i].Error = strings.TrimSuffix(status[i].Error, ";")
		}
		if status[i].Error != "" {
			bad++
		}
	}
	err := writeTo("", c.std.out, nil, func(w io.Writer) error {
		if c.json {
			enc := json.NewEncoder(w)
			for i := range status {
				if err := enc.Encode(&status[i]); err != nil {
					return err
				}
			}
			return nil
		}
		return tellIntel(terminal.NewScreen(w, terminal.Of(c.std.out)), status, set)
	})
	if err == nil && bad > 0 {
		err = fmt.Errorf("%d of %d lists could not be read whole", bad, len(lists))
	}
	return err
}

func tellIntel(out *terminal.Screen, status []feeds.Status, set *intel.Set) error {
	line := func(indent int, style, format string, args ...any) {
		out.Print(indent, indent+2, terminal.Span{Text: terminal.Safe(fmt.Sprintf(format, args...)), Style: style})
	}
	for i := range status {
		s := &status[i]
		line(0, "bold", "%s", s.Name)
		line(2, "dim", "%s", s.From)
		if s.Error != "" {
			line(2, "high", "%s", s.Error)
		}
		if s.Format != "" {
			age := ""
			if !s.Fetched.IsZero() {
				age = ", " + time.Since(s.Fetched).Round(time.Minute).String() + " old"
			}
			line(2, "", "%s indicators: %s (%s%s)", report.Amount(int64(s.Indicators)), amounts(s.Counts), s.Format, age)
		}
		if len(s.Ignored) > 0 {
			line(2, "dim", "left out: %s", amounts(s.Ignored))
		}
		if s.Unread > 0 {
			line(2, "", "%s could not be read:", report.Amount(int64(s.Unread)))
			for _, p := range s.Problems[:min(len(s.Problems), 3)] {
				line(4, "dim", "%s", p)
			}
		}
	}
	line(0, "", "%s indicators take %s of memory", report.Amount(int64(set.Len())), report.Size(set.Bytes()))
	return out.Err()
}

// amounts tells counts, the largest first.
func amounts(m map[string]int) string {
	if len(m) == 0 {
		return "none"
	}
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(a, b)
	})
	for i, n := range names {
		names[i] = report.Amount(int64(m[n])) + " " + n
	}
	return strings.Join(names, ", ")
}

// intelAnswer is what `intel test` says of a value.
type intelAnswer struct {
	Asked     string           `json:"asked"`
	Listed    bool             `json:"listed"`
	Kind      string           `json:"kind,omitempty"`
	Indicator *intel.Indicator `json:"indicator,omitempty"`
	Expired   bool             `json:"expired,omitempty"` // it is listed, but not for this time
}

func newIntelTest(std streams) *cobra.Command {
	c := &intelCommand{std: std}
	at := ""
	cmd := &cobra.Command{
		Use:   "test [flags] VALUE...",
		Short: "Tell whether an address, name, URL, hash or e-mail address is on a list, and why",
		Long: `Tell of each VALUE (an address, name, URL, hash or e-mail address, defanged or not) whether an event that holds it would
be met by an indicator, by which, and what the list says of it.

Exit status: 0 none is, 1 at least one is, 2 failed.`,
		Example: `  tocsin intel test 192.0.2.7 www.evil.example
  tocsin intel test --at 2026-01-31 'hxxp://evil[.]example/a.exe'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.test(args, at) },
	}
	c.define(cmd)
	cmd.Flags().StringVar(&at, "at", "", "as of this `time` (default now)")
	return cmd
}

func (c *intelCommand) test(values []string, at string) error {
	lists, dir, err := c.lists()
	if err != nil {
		return err
	}
	when := time.Now()
	if at != "" {
		if when, err = query.ParseBound(at, when, time.UTC, false); err != nil {
			return err
		}
	}
	set, status := feeds.Load(lists, dir)
	for _, s := range status {
		if s.Error != "" && slices.Contains(c.files, s.From) {
			return fmt.Errorf("--intel %s: %s", s.From, s.Error)
		}
		if s.Error != "" {
			fmt.Fprintf(c.std.err, "tocsin: list %s: %s\n", s.Name, terminal.SafeLines(s.Error))
		}
	}
	found := false
	err = writeTo("", c.std.out, nil, func(w io.Writer) error {
		out := terminal.NewScreen(w, terminal.Of(c.std.out))
		look := set.NewLookup()
		for _, v := range values {
			a := answerOf(look, v, when)
			found = found || a.Listed
			if c.json {
				if err := json.NewEncoder(w).Encode(a); err != nil {
					return err
				}
				continue
			}
			a.print(out)
		}
		return out.Err()
	})
	if err == nil && found {
		err = errFound
	}
	return err
}

func answerOf(look *intel.Lookup, value string, when time.Time) *intelAnswer {
	a := &intelAnswer{Asked: value}
	var m intel.Match
	if a.Listed = look.Any(&m, value, when.UnixNano()); !a.Listed {
		if a.Expired = look.Any(&m, value, 0); !a.Expired {
			return a
		}
	}
	in := look.Indicator(&m)
	a.Kind, a.Indicator = m.Kind.String(), &in
	return a
}

func (a *intelAnswer) print(out *terminal.Screen) {
	if a.Indicator == nil {
		out.Print(0, 2, terminal.Span{Text: terminal.Safe(a.Asked)}, terminal.Span{Text: " is on no list", Style: "dim"})
		return
	}
	in := a.Indicator
	text := fmt.Sprintf(": the %s %s is on the list %s, with a confidence of %d", a.Kind, in.Value, in.Source, in.Confidence)
	style := "high"
	if a.Expired {
		text, style = ": the "+a.Kind+" "+in.Value+" is on the list "+in.Source+", but not for this time", "dim"
	}
	out.Print(0, 2, terminal.Span{Text: terminal.Safe(a.Asked), Style: "bold"}, terminal.Span{Text: terminal.Safe(text), Style: style})
	day := func(s int64) string { return time.Unix(s, 0).UTC().Format("2006-01-02 15:04 UTC") }
	for _, x := range []struct{ label, text string }{
		{"says", in.Description}, {"tags", strings.Join(in.Tags, ", ")}, {"see", in.Reference}, {"from", ifSet(in.From, day)}, {"until", ifSet(in.Until, day)},
	} {
		if x.text != "" {
			out.Print(2, 8, terminal.Span{Text: fmt.Sprintf("%-6s", x.label), Style: "dim"}, terminal.Span{Text: terminal.Safe(x.text)})
		}
	}
}

func ifSet(n int64, f func(int64) string) string {
	if n == 0 {
		return ""
	}
	return f(n)
}
