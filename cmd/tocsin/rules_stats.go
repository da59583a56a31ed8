package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/backtest"
	"github.com/tocsin-sec/tocsin/terminal"
)

// rulesStats is the command `tocsin rules stats`.
type rulesStats struct {
	std          streams
	place        place
	since, until string
	never        bool
	noisy, slow  bool
	limit        int
	json         bool
}

func newRulesStats(std streams) *cobra.Command {
	s := &rulesStats{std: std}
	cmd := &cobra.Command{
		Use:   "stats [flags]",
		Short: "Tell how the rules in force have done",
		Long: `Tell how the rules in force have done: hits and alerts, how many of these were in incidents that people closed as malicious
(TRUE) or as a false alarm or expected (FALSE), and why rules never hit: which log source or field no event has.

NS is the time that a rule takes by itself for each event that is kept, in nanoseconds, beside what any event costs; SHARE is
its part of the sum over all rules. It is measured now: each rule alone, on the newest 256 events of each kind of logs that
it is about, the fastest of four rounds, weighed by how many events of that kind are kept.

Exit status: 0 told, 2 failed.`,
		Example: `  tocsin rules stats --since 30d
  tocsin rules stats --noisy
  tocsin rules stats --never
  tocsin rules stats --slow --limit 20`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&s.since, "since", "30d", "what was since this `time`: 30d, 24h, 2026-01-31, or all")
	f.StringVar(&s.until, "until", "", "… and until this `time`")
	f.BoolVar(&s.never, "never", false, "only rules that have not hit, and why")
	f.BoolVar(&s.noisy, "noisy", false, "the most alerts that were no true ones first")
	f.BoolVar(&s.slow, "slow", false, "the most costly first")
	f.IntVarP(&s.limit, "limit", "n", 0, "at most so many; 0 is `all`")
	f.BoolVar(&s.json, "json", false, "one JSON object a line, the last about the whole")
	s.place.define(cmd)
	return cmd
}

func (s *rulesStats) run(ctx context.Context) error {
	since, until, err := span(s.since, s.until)
	if err != nil {
		return err
	}
	args := url.Values{}
	for name, at := range map[string]time.Time{"since": since, "until": until} {
		if !at.IsZero() {
			args.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	c, release, err := s.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var rep backtest.Report
	if err := c.Get(ctx, "rules/stats", args, &rep); err != nil {
		return err
	}
	all := rep.Rules
	rep.Rules = s.chosen(slices.Clone(all))
	return writeTo("", s.std.out, nil, func(w io.Writer) error {
		if s.json {
			return statsJSON(w, &rep)
		}
		return s.print(w, &rep, all)
	})
}

// chosen returns the rules that are to be listed, in order.
func (s *rulesStats) chosen(list []backtest.RuleStat) []backtest.RuleStat {
	if s.never {
		list = slices.DeleteFunc(list, func(r backtest.RuleStat) bool { return r.Hits > 0 })
	}
	slices.SortStableFunc(list, func(a, b backtest.RuleStat) int {
		first := cmp.Compare(b.Alerts, a.Alerts)
		switch {
		case s.slow:
			first = cmp.Compare(b.Share, a.Share)
		case s.noisy:
			first = cmp.Compare(b.Alerts-b.True, a.Alerts-a.True)
		case s.never:
			first = cmp.Compare(able(a), able(b))
		}
		return cmp.Or(first, cmp.Compare(b.Hits, a.Hits), cmp.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)))
	})
	if s.limit > 0 {
		list = list[:min(len(list), s.limit)]
	}
	return list
}

// able puts rules that cannot hit before those that could.
func able(r backtest.RuleStat) int {
	if r.Never != nil && !r.Never.Can {
		return 0
	}
	return 1
}

// statsLine is a line of `tocsin rules stats --json`; the last has type "summary".
type statsLine struct {
	Type string `json:"type"` // "rule"
	backtest.RuleStat
}

type statsSummary struct {
	Type    string    `json:"type"` // "summary"
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Kept    int64     `json:"kept"`
	Timed   int64     `json:"timed"`
	Seconds float64   `json:"seconds"`
	Rules   int       `json:"rules"` // listed
	Notes   []string  `json:"notes,omitempty"`
}

func statsJSON(w io.Writer, rep *backtest.Report) error {
	e := lineEncoder(w)
	for i := range rep.Rules {
		if err := e.Encode(statsLine{"rule", rep.Rules[i]}); err != nil {
			return err
		}
	}
	return e.Encode(statsSummary{"summary", rep.Since, rep.Until, rep.Kept, rep.Timed, rep.Seconds, len(rep.Rules), rep.Notes})
}

func (s *rulesStats) print(w io.Writer, rep *backtest.Report, all []backtest.RuleStat) error {
	look := terminal.Of(s.std.out)
	screen := terminal.NewScreen(w, look)
	names := []string{"LEVEL", "TITLE", "HITS", "ALERTS", "TRUE", "FALSE", "NS", "SHARE", "ID", "NEVER"}
	var rows [][]terminal.Span
	var head []terminal.Span
	for _, n := range names {
		head = append(head, dim(n))
	}
	rows = append(rows, head)
	for i := range rep.Rules {
		rows = append(rows, statsRow(&rep.Rules[i]))
	}
	if s.never { // why is what is asked
		for i, row := range rows {
			rows[i] = []terminal.Span{row[0], row[1], row[8], row[9]}
		}
	}
	give := 1
	if s.never {
		give = 3
	}
	screen.Table(0, give, rows)
	var hit, cannot int64
	for i := range all {
		switch {
		case all[i].Hits > 0:
			hit++
		case able(all[i]) == 0:
			cannot++
		}
	}
	screen.Print(0, 0)
	screen.Print(0, 2, terminal.Span{Text: fmt.Sprintf("%d %s in force: %d hit, %d never did, of which %d cannot; %d events kept, %d timed, in %.1f s", len(all),
		terminal.Plural(int64(len(all)), "rule"), hit, int64(len(all))-hit, cannot, rep.Kept, rep.Timed, rep.Seconds)})
	for _, n := range rep.Notes {
		screen.Print(0, 2, terminal.Span{Text: "note: " + terminal.OneLine(n)})
	}
	if !s.never && cannot > 0 {
		screen.Print(0, 2, terminal.Span{Text: "next: "}, terminal.Span{Style: "command", Text: "tocsin rules stats --never"}, terminal.Span{Text: " says what is missing"})
	}
	return screen.Err()
}

func statsRow(r *backtest.RuleStat) []terminal.Span {
	why := "-"
	if r.Never != nil {
		why = terminal.OneLine(r.Never.Why)
	}
	n := func(v int64) terminal.Span { return terminal.Span{Text: fmt.Sprint(v)} }
	return []terminal.Span{
		{Style: r.Level, Text: cmp.Or(r.Level, "-")},
		{Style: "bold", Text: terminal.OneLine(r.Title)},
		n(r.Hits), n(r.Alerts), n(r.True), n(r.False),
		{Text: fmt.Sprintf("%.1f", r.Nanoseconds)},
		{Text: fmt.Sprintf("%.1f%%", 100*r.Share)},
		{Text: cmp.Or(shortID(r.ID), "-")},
		dim(why),
	}
}
