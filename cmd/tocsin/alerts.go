package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/terminal"
)

// alerts is the command `tocsin alerts`.
type alerts struct {
	std          streams
	place        place
	since, until string
	level        string
	status       string
	owner        string
	rule, entity string
	text         string
	limit        int
	worst        bool
	newest       bool
	apart, json  bool
}

func newAlerts(std streams) *cobra.Command {
	a := &alerts{std: std}
	cmd := &cobra.Command{
		Use:   "alerts [flags] [KEY]",
		Short: "List what somebody should look at, the worst first",
		Long: `List what somebody should look at, the worst first: hits of one rule about one user, host or address are one alert, and
alerts that share whom they are about are one incident. What anybody on the internet tries at everybody stands below, as one
line for each target. With the beginning of a key from that list, all about one of them, as tocsin show does.

With --each, the hits one by one, the newest first; one that is still going on has a + behind its count.

Exit status: 0 there is none, 1 there are some, 2 failed.`,
		Example: `  tocsin alerts
  tocsin alerts --entity 203.0.113.7 --status any
  tocsin alerts --each --since 24h --level high
  tocsin alerts --json | jq .sentence`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 1:
				return tellKey(cmd.Context(), std, &a.place, args[0], a.json)
			case a.apart || a.rule != "":
				return a.each(cmd.Context())
			}
			return a.queue(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&a.status, "status", "open", "only those in this `state`: open, new, taken, snoozed, closed, any")
	f.StringVarP(&a.level, "level", "l", "low", "only alerts of this `level` or above: informational, low, medium, high, critical")
	f.StringVar(&a.since, "since", "", "only alerts since this `time`: 24h, 7d, 2026-01-31")
	f.StringVar(&a.until, "until", "", "only alerts until this `time`")
	f.StringVar(&a.entity, "entity", "", "only alerts about this `user, host or address`")
	f.StringVar(&a.text, "text", "", "only alerts with this `text` in them")
	f.StringVar(&a.owner, "owner", "", "only those that this `person` has taken")
	f.BoolVar(&a.newest, "newest", false, "the newest first")
	f.BoolVar(&a.apart, "each", false, "list hits one by one")
	f.StringVar(&a.rule, "rule", "", "hits of the rule of this `id or title`, one by one")
	f.BoolVar(&a.worst, "worst", false, "with --each: the worst first")
	f.IntVarP(&a.limit, "limit", "n", 100, "at most so many; 0 is `all`")
	f.BoolVar(&a.json, "json", false, "one object a line, whole")
	a.place.define(cmd)
	return cmd
}

// queue lists incidents.
func (a *alerts) queue(ctx context.Context) error {
	level, ok := sigma.ParseLevel(strings.ToLower(a.level))
	if !ok {
		return fmt.Errorf("level %q is not known; the levels are informational, low, medium, high and critical", a.level)
	}
	args := url.Values{
		"level": {strconv.Itoa(int(level) - 1)}, "status": {a.status}, "entity": {a.entity}, "text": {a.text}, "owner": {a.owner},
	}
	if a.newest {
		args.Set("order", "newest")
	}
	if err := addSpan(args, a.since, a.until); err != nil {
		return err
	}
	c, release, err := a.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var list []alert.Message
	count, err := listEach(ctx, c, console.ListAsk{Path: "incidents", Args: args, Most: a.limit}, a.std, a.json, func(m *alert.Message) error {
		list = append(list, *m)
		return nil
	})
	if err != nil {
		return err
	}
	if count == 0 {
		if !a.json {
			a.place.quiet(a.std.err, "nothing to look at")
		}
		return nil
	}
	if a.json {
		return errFound
	}
	screen := terminal.NewScreen(a.std.out, terminal.Of(a.std.out))
	var rows [][]terminal.Span
	for i := range list {
		rows = append(rows, incidentRow(&list[i]))
	}
	screen.Table(0, 4, rows)
	if err := screen.Err(); err != nil {
		return err
	}
	if terminal.Person(a.std.out) {
		fmt.Fprintf(a.std.out, "\n→ tocsin show %s explains the first; tocsin close KEY --as malicious, expected or false-alarm judges it\n", list[0].Key[:alert.ShortKey])
	}
	return errFound
}

// incidentRow is an incident in a table: its key, score, level, time, what it is, whom it is about, its hits, and what
// people have said of it.
func incidentRow(m *alert.Message) []terminal.Span {
	state := m.Status
	switch {
	case m.Verdict != "":
		state = m.Verdict
	case m.Owner != "":
		state += " " + m.Owner
	}
	if m.Again {
		state = "again"
	}
	level := m.Level
	if level == "informational" {
		level = "info"
	}
	return []terminal.Span{
		{Text: m.Key[:alert.ShortKey], Style: "dim"},
		{Text: strconv.Itoa(m.Score), Style: m.Level},
		{Text: level, Style: m.Level},
		{Text: shortTime(m.Last)},
		{Text: terminal.Safe(m.Title)},
		{Text: terminal.Safe(whoWords(m))},
		{Text: alert.Amount(m.Hits)},
		{Text: terminal.Safe(state), Style: "dim"},
	}
}

func shortTime(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	return t.Local().Format("01-02 15:04")
}

// whoWords names whom an incident is about: the worst, and how many more.
func whoWords(m *alert.Message) string {
	var names []string
	for _, e := range m.Entities {
		if len(names) < 3 && !slices.Contains(names, e.Name) {
			names = append(names, e.Name)
		}
	}
	all := 0
	for _, n := range m.Many {
		all += int(n)
	}
	text := strings.Join(names, ", ")
	if all > len(names) {
		text += fmt.Sprintf(" +%s", alert.Amount(int64(all-len(names))))
	}
	return text
}
