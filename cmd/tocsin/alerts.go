package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/terminal"
)

// alerts is the command `tocsin alerts`.
type alerts struct {
	std          streams
	place        place
	since, until string
	level        string
	rule, entity string
	text         string
	limit        int
	worst, json  bool
}

func newAlerts(std streams) *cobra.Command {
	a := &alerts{std: std}
	cmd := &cobra.Command{
		Use:   "alerts [flags] [KEY]",
		Short: "List what rules have found while serve ran",
		Long: `List what rules have found while serve ran, the newest first; with the beginning of a key from that list, all about one
of them. An alert that is still going on has a + behind its count.

Exit status: 0 there is none, 1 there are some, 2 failed.`,
		Example: `  tocsin alerts --since 24h --level high
  tocsin alerts --entity 203.0.113.7
  tocsin alerts 4f2a91
  tocsin alerts --json | jq .hit.rule.title`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.one(cmd.Context(), args[0])
			}
			return a.list(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&a.since, "since", "", "only alerts since this `time`: 24h, 7d, 2026-01-31")
	f.StringVar(&a.until, "until", "", "only alerts until this `time`")
	f.StringVarP(&a.level, "level", "l", "low", "only alerts of this `level` or above: informational, low, medium, high, critical")
	f.StringVar(&a.rule, "rule", "", "only alerts of the rule of this `id or title`")
	f.StringVar(&a.entity, "entity", "", "only alerts about this `user, host or address`")
	f.StringVar(&a.text, "text", "", "only alerts with this `text` in them")
	f.BoolVar(&a.worst, "worst", false, "the worst first")
	f.IntVarP(&a.limit, "limit", "n", 100, "at most so many `alerts`; 0 is all")
	f.BoolVar(&a.json, "json", false, "one object a line, whole")
	a.place.define(cmd)
	return cmd
}

// args are the arguments of the request.
func (a *alerts) args() (url.Values, error) {
	level, ok := sigma.ParseLevel(strings.ToLower(a.level))
	if !ok {
		return nil, fmt.Errorf("level %q is not known; the levels are informational, low, medium, high and critical", a.level)
	}
	args := url.Values{"level": {strconv.Itoa(int(level) - 1)}, "rule": {a.rule}, "entity": {a.entity}, "text": {a.text}, "limit": {strconv.Itoa(a.limit)}}
	if a.worst {
		args.Set("order", "worst")
	}
	return args, addSpan(args, a.since, a.until)
}

func (a *alerts) list(ctx context.Context) error {
	args, err := a.args()
	if err != nil {
		return err
	}
	c, release, err := a.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	count := 0
	var rows [][]terminal.Span
	err = c.Lines(ctx, "hits", args, func(line []byte) error {
		count++
		if a.json {
			_, err := a.std.out.Write(append(slices.Clip(line), '\n'))
			return err
		}
		row, err := alertRow(line)
		rows = append(rows, row)
		return err
	})
	if err != nil {
		return err
	}
	if count == 0 {
		if !a.json {
			fmt.Fprintln(a.std.err, "tocsin: no alerts; all quiet")
		}
		return nil
	}
	screen := terminal.NewScreen(a.std.out, terminal.Of(a.std.out))
	screen.Table(0, 3, rows)
	if err := screen.Err(); err != nil {
		return err
	}
	if !a.json && terminal.Person(a.std.out) {
		fmt.Fprintf(a.std.out, "\n→ tocsin alerts KEY tells all about one\n")
	}
	return errFound
}

// alertRow is an alert in a table: its key, level, time, rule, whom it is about, and its count.
func alertRow(line []byte) ([]terminal.Span, error) {
	var h console.Hit
	var d detect.Hit
	if err := json.Unmarshal(line, &h); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if err := json.Unmarshal(h.Hit, &d); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	count := strconv.FormatInt(h.Count, 10)
	if h.Open {
		count += "+"
	}
	level := h.Level
	if level == "informational" {
		level = "info"
	}
	return []terminal.Span{
		{Text: h.Key[:min(len(h.Key), shortKey)], Style: "dim"},
		{Text: level, Style: h.Level},
		{Text: h.Time.Local().Format("01-02 15:04:05")},
		{Text: terminal.Safe(h.Title)},
		{Text: terminal.Safe(entityWords(&d.Entities))},
		{Text: count},
	}, nil
}

// shortKey is how much of a key is shown, in hexadecimal digits.
const shortKey = 8

// entityWords names whom a hit is about, at most some of them.
func entityWords(e *detect.Entities) string {
	const most = 3
	all := slices.Concat(e.Addresses, e.Users, e.Hosts)
	if len(all) > most {
		return strings.Join(all[:most], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}

// one tells all about one alert.
func (a *alerts) one(ctx context.Context, key string) error {
	c, release, err := a.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var h console.Hit
	if err := c.Get(ctx, "hits/"+url.PathEscape(key), nil, &h); err != nil {
		return err
	}
	if a.json {
		if err := json.NewEncoder(a.std.out).Encode(&h); err != nil {
			return err
		}
		return errFound
	}
	var d detect.Hit
	if err := json.Unmarshal(h.Hit, &d); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	out := terminal.NewScreen(a.std.out, terminal.Of(a.std.out))
	tellAlert(out, &h, &d)
	if err := out.Err(); err != nil {
		return err
	}
	return errors.Join(a.related(ctx, c, &h, &d), errFound)
}

func tellAlert(out *terminal.Screen, h *console.Hit, d *detect.Hit) {
	say := func(label, format string, args ...any) {
		out.Print(0, 12, terminal.Span{Text: fmt.Sprintf("%-10s  ", label), Style: "dim"}, terminal.Span{Text: terminal.Safe(fmt.Sprintf(format, args...))})
	}
	out.Print(0, 0, terminal.Span{Text: strings.ToUpper(h.Level), Style: h.Level}, terminal.Span{Text: "  " + terminal.Safe(h.Title), Style: "bold"})
	when := h.Time.Local().Format("2006-01-02 15:04:05 MST")
	if h.Last.After(h.Time) {
		when += " – " + h.Last.Local().Format("2006-01-02 15:04:05")
	}
	say("when", "%s", when)
	if h.Open {
		say("", "it is still going on")
	}
	for _, e := range []struct {
		label string
		list  []string
	}{{"hosts", d.Entities.Hosts}, {"users", d.Entities.Users}, {"addresses", d.Entities.Addresses}} {
		if len(e.list) > 0 {
			say(e.label, "%s", strings.Join(e.list, ", "))
		}
	}
	for _, m := range d.Matched {
		field := m.Field
		switch {
		case field == "" && strings.HasPrefix(m.By, "keyword"):
			field = "anywhere"
		case field == "":
			field = "count"
		}
		say("because", "%s  %s  (%s)", field, m.Value, m.By)
	}
	if len(d.Event) > 0 {
		say("event", "%s", d.Event)
	}
	if d.Count > 0 {
		say("events", "%d", d.Count)
	}
	for i, r := range d.Events {
		if i == 5 {
			say("", "…")
			break
		}
		say("", "%s:%d", r.File, r.Record)
	}
	if len(d.Events) == 0 {
		say("from", "%s:%d", d.File, d.Record)
	}
	say("rule", "%s  %s", d.Rule.ID, strings.Join(d.Rule.Tags, " "))
	say("key", "%s", h.Key)
}

// related says how to go on from an alert.
func (a *alerts) related(_ context.Context, _ *console.Client, h *console.Hit, d *detect.Hit) error {
	if !terminal.Person(a.std.out) {
		return nil
	}
	var about []string
	for _, e := range slices.Concat(d.Entities.Addresses, d.Entities.Users) {
		about = append(about, strconv.Quote(e))
	}
	if len(about) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(a.std.out, "\n→ tocsin search '%s' --since %s\n", terminal.Safe(strings.Join(about[:1], " or ")), h.Time.Add(-time.Hour).Local().Format("2006-01-02T15:04:05"))
	return err
}
