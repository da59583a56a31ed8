package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/backtest"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/terminal"
)

// trial is `tocsin rules test` with --since: rules on what is kept.
type trial struct {
	std          streams
	place        place
	since, until string
	at           atomic.Pointer[backtest.Progress]
}

func (t *trial) define(cmd *cobra.Command, std streams) {
	t.std = std
	f := cmd.Flags()
	f.StringVar(&t.since, "since", "", "try rules on the events that are kept since this `time`: 30d, 24h, 2026-01-31, or all")
	f.StringVar(&t.until, "until", "", "… and until this `time`")
	f.StringVar(&t.place.tenant, "tenant", "", "the `name` of the tenant whose events they are (default main)")
	f.StringVar(&t.place.data, "data", "", "the `folder` in which serve keeps everything (default /var/lib/tocsin as root, else in the user's state folder)")
}

func (t *trial) asked() bool { return t.since != "" || t.until != "" }

// span reads the time that is asked for.
func span(since, until string) (from, to time.Time, err error) {
	now := time.Now()
	if since != "" && since != "all" {
		if from, err = query.ParseBound(since, now, time.Local, false); err != nil {
			return from, to, fmt.Errorf("--since: %w", err)
		}
	}
	if until != "" {
		if to, err = query.ParseBound(until, now, time.Local, true); err != nil {
			return from, to, fmt.Errorf("--until: %w", err)
		}
		to = to.Add(1)
	}
	return from.UTC(), to.UTC(), nil
}

func (t *trial) run(ctx context.Context, flags *ruleFlags, args []string) error {
	if len(args) == 0 {
		return terminal.WithHint(errors.New("rules test: which rule is to be tried?"), "tocsin rules test FILE --since 30d; or the id or title of a rule that is in force")
	}
	ask, err := t.ask(args)
	if err != nil {
		return err
	}
	t.place.config = flags.config
	c, release, err := t.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var res *backtest.Result
	stop := t.watch()
	err = c.PostLines(ctx, "backtest", url.Values{"progress": {"true"}}, ask, func(line []byte) error {
		var l console.BacktestLine
		if err := json.Unmarshal(line, &l); err != nil {
			return err
		}
		if l.Progress != nil {
			t.at.Store(l.Progress)
		}
		if l.Result != nil {
			res = l.Result
		}
		return nil
	})
	stop()
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	if res == nil {
		return errors.New("rules test: tocsin serve ended before the rules were tried")
	}
	return writeTo("", t.std.out, nil, func(w io.Writer) error {
		if flags.json {
			return lineEncoder(w).Encode(res)
		}
		return t.print(w, res, args)
	})
}

// ask says what is to be tried: files as they stand, and names of rules that are in force.
func (t *trial) ask(args []string) (*console.BacktestAsk, error) {
	ask := &console.BacktestAsk{}
	var err error
	if ask.Since, ask.Until, err = span(t.since, t.until); err != nil {
		return nil, err
	}
	for _, a := range args {
		a = rules.RuleFileOf(a)
		info, err := os.Stat(a)
		switch {
		case errors.Is(err, fs.ErrNotExist) && (strings.HasSuffix(a, ".yml") || strings.HasSuffix(a, ".yaml")) && !settings.IsPlaceName(a):
			return nil, err
		case err != nil:
			ask.Names = append(ask.Names, a)
		case info.IsDir():
			err = filepath.WalkDir(a, func(path string, d fs.DirEntry, err error) error {
				if err == nil && d.Type().IsRegular() && rules.NamesRules(path) {
					err = addRuleFile(ask, path)
				}
				return err
			})
			if err != nil {
				return nil, err
			}
		default:
			if err := addRuleFile(ask, a); err != nil {
				return nil, err
			}
		}
	}
	if len(ask.Files)+len(ask.Names) == 0 {
		return nil, errors.New("rules test: there is no rule file in the folders that were named")
	}
	return ask, nil
}

func addRuleFile(ask *console.BacktestAsk, path string) error {
	text, err := os.ReadFile(path)
	ask.Files = append(ask.Files, console.RuleFile{Name: path, Text: string(text)})
	return err
}

// watch shows how far it is where a person looks on.
func (t *trial) watch() (stop func()) {
	f, ok := t.std.err.(*os.File)
	if !ok || !terminal.Person(f) {
		return func() {}
	}
	begun := time.Now()
	return terminal.Watch(f, func(now time.Time) string {
		p := t.at.Load()
		if p == nil {
			return "reading what is kept"
		}
		sec := max(now.Sub(begun).Seconds(), 1e-3)
		return fmt.Sprintf("%s %.0f%% · %s · %s events · %s events/s · %d %s", terminal.Bar(p.Share, barWidth), 100*p.Share,
			p.At.Local().Format(time.DateOnly), short(float64(p.Events)), short(float64(p.Events)/sec), p.Hits, terminal.Plural(p.Hits, "hit"))
	})
}

func dim(text string) terminal.Span { return terminal.Span{Style: "dim", Text: text} }

// print tells what came of a trial.
func (t *trial) print(w io.Writer, res *backtest.Result, args []string) error {
	screen := terminal.NewScreen(w, terminal.Of(t.std.out))
	for i := range res.Rules {
		if i > 0 {
			screen.Print(0, 0)
		}
		printOutcome(screen, &res.Rules[i])
	}
	screen.Print(0, 0)
	when := "nothing is kept"
	if !res.Since.IsZero() {
		when = fmt.Sprintf("%s to %s", res.Since.Local().Format("2006-01-02 15:04"), res.Until.Local().Format("2006-01-02 15:04"))
	}
	screen.Print(0, 2, terminal.Span{Text: fmt.Sprintf("%d of %d kept %s looked at in %.1f s; %s", res.Events, res.Kept, terminal.Plural(res.Kept, "event"), res.Seconds, when)})
	for _, n := range res.Notes {
		screen.Print(0, 2, terminal.Span{Text: "note: " + terminal.OneLine(n)})
	}
	if len(res.Rules) == 1 && res.Rules[0].Hits > 0 {
		screen.Print(0, 2, terminal.Span{Text: "next: "}, terminal.Span{Style: "command", Text: "tocsin rules test " + shellQuoted(args[0]) + " --since " + cmp.Or(t.since, "all") + " --json"},
			terminal.Span{Text: " has the examples whole"})
	}
	return screen.Err()
}

func printOutcome(screen *terminal.Screen, o *backtest.Outcome) {
	state := ""
	if o.InForce {
		state = ", in force"
	}
	screen.Print(0, 2, terminal.Span{Style: o.Level, Text: cmp.Or(o.Level, "no level") + " "}, terminal.Span{Style: "bold", Text: terminal.OneLine(o.Title)}, dim(state))
	if o.Never != nil {
		printNever(screen, o.Never)
	} else {
		screen.Print(2, 2, terminal.Span{Text: fmt.Sprintf("%d %s on %d %s, %d %s; %s", o.Hits, terminal.Plural(o.Hits, "hit"), len(o.Days), terminal.Plural(int64(len(o.Days)), "day"),
			o.Alerts, terminal.Plural(o.Alerts, "alert"), noise(o.PerDay))})
	}
	printWhom(screen, o)
	printVerdicts(screen, o)
	for i := range o.Examples {
		h := &o.Examples[i]
		when := "no time"
		if !h.Time.IsZero() {
			when = h.Time.Local().Format("2006-01-02 15:04:05")
		}
		screen.Print(2, 2, dim("e.g. "), terminal.Span{Text: fmt.Sprintf("%s %s:%d", when, terminal.OneLine(h.File), h.Record)})
		for _, m := range h.Matched[:min(len(h.Matched), 4)] {
			screen.Print(7, 2, terminal.Span{Text: cut(terminal.OneLine(m.By))}, dim(" — "+terminal.OneLine(cmp.Or(m.Field, "text"))+" = "+cut(terminal.OneLine(m.Value))))
		}
	}
}

// cut shortens a value for a line.
func cut(s string) string {
	const most = 120
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// noise says how many alerts are to be expected.
func noise(perDay float64) string {
	switch {
	case perDay >= 10:
		return fmt.Sprintf("about %.0f alerts a day", perDay)
	case perDay >= 1:
		return fmt.Sprintf("about %.1f alerts a day", perDay)
	case perDay*7 >= 1:
		return fmt.Sprintf("about %.1f alerts a week", perDay*7)
	}
	return fmt.Sprintf("about %.1f alerts a month", perDay*30)
}

func printNever(screen *terminal.Screen, n *backtest.Never) {
	word := "never hits"
	if !n.Can {
		word = "cannot hit"
	}
	screen.Print(2, 2, terminal.Span{Style: "bold", Text: word}, terminal.Span{Text: ": " + terminal.OneLine(n.Why)})
	if n.Events > 0 {
		screen.Print(2, 2, dim(fmt.Sprintf("of the newest %d events of its log source:", n.Events)))
	}
	for _, p := range n.Parts {
		not := ""
		if p.Not {
			not = "not "
		}
		screen.Print(4, 2, terminal.Span{Text: fmt.Sprintf("%7d match %s%s", p.Matched, not, terminal.OneLine(p.Text))})
	}
	if len(n.Absent) > 0 {
		screen.Print(4, 2, terminal.Span{Text: "none has: " + terminal.OneLine(strings.Join(n.Absent, ", "))})
	}
}

func printWhom(screen *terminal.Screen, o *backtest.Outcome) {
	var words []string
	for _, e := range o.Entities[:min(len(o.Entities), 6)] {
		words = append(words, fmt.Sprintf("%s %s (%d)", e.Kind, terminal.OneLine(e.Name), e.Hits))
	}
	if len(words) > 0 {
		screen.Print(2, 2, dim("whom "), terminal.Span{Text: strings.Join(words, ", ")})
	}
}

func printVerdicts(screen *terminal.Screen, o *backtest.Outcome) {
	for _, v := range o.Verdicts {
		screen.Print(2, 2, dim("closed as "+v.Verdict+": "), terminal.Span{Text: fmt.Sprintf("%d of %d %s touched, %d of %d events of their hits",
			v.Touched, v.Incidents, terminal.Plural(v.Incidents, "incident"), v.Hit, v.Events)})
	}
	if c := o.Compared; c != nil {
		part := ""
		if c.Partial {
			part = ", of those that can be compared"
		}
		screen.Print(2, 2, dim("against what is kept: "), terminal.Span{Text: fmt.Sprintf("%d %s the same, %d new, %d lost%s", c.Same, terminal.Plural(c.Same, "hit"), c.New, c.Lost, part)})
		for _, at := range c.NewAt {
			screen.Print(4, 2, dim("new  "), terminal.Span{Text: fmt.Sprintf("%s:%d", terminal.OneLine(at.File), at.Record)})
		}
		for _, at := range c.LostAt {
			screen.Print(4, 2, dim("lost "), terminal.Span{Text: fmt.Sprintf("%s:%d", terminal.OneLine(at.File), at.Record)})
		}
	}
}
