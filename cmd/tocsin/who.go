package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/terminal"
)

func newWho(std streams) *cobra.Command {
	var p place
	var since, until, kind string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "who [flags] ENTITY",
		Short: "Tell everything that a user, an address or a host did",
		Long: `Tell everything that a user, an address or a host did, from the logs themselves, on one screen: when it was first and last
seen, on which days, in which logs, what it did and how that came out, with whom and where, the incidents that it is part of,
and the first, the last and the telling events.

Exit status: 0 done, 2 failed.`,
		Example: `  tocsin who 203.0.113.7
  tocsin who anna --since 7d
  tocsin who --kind host web1 --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			form := url.Values{}
			if err := addSpan(form, since, until); err != nil {
				return err
			}
			c, release, err := p.ask(cmd.Context())
			if err != nil {
				return err
			}
			defer release()
			var x console.EntityView
			path := "entities/" + url.PathEscape(cmp.Or(kind, "any")) + "/" + url.PathEscape(args[0])
			if err := c.Get(cmd.Context(), path, form, &x); err != nil {
				return err
			}
			return tellAbout(std, &x, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&kind, "kind", "", "what it is: `user`, host or address, where its name does not say")
	f.StringVar(&since, "since", "30d", "since this `time`")
	f.StringVar(&until, "until", "", "until this `time`")
	f.BoolVar(&asJSON, "json", false, "as one object")
	p.define(cmd)
	return cmd
}

func tellAbout(std streams, x *console.EntityView, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(std.out).Encode(x)
	}
	if x.Events == 0 {
		fmt.Fprintf(std.err, "tocsin: nothing is kept about %s since %s\n", terminal.Safe(x.Name), clock(x.Since))
		return nil
	}
	out := terminal.NewScreen(std.out, terminal.Of(std.out))
	tellWho(out, &x.Who)
	return out.Err()
}

func tellWho(out *terminal.Screen, x *console.Who) {
	out.Print(0, 0, terminal.Span{Text: terminal.Safe(x.Name), Style: "bold"},
		terminal.Span{Text: fmt.Sprintf("  %s events since %s; the first at %s, the last at %s", alert.Amount(x.Events), clock(x.Since), clock(x.First), clock(x.Last))})
	say := func(label string, list []console.Tally) {
		if len(list) == 0 {
			return
		}
		var parts []string
		for _, t := range list {
			name := t.Name
			if name == "" {
				name = "(other)"
			}
			parts = append(parts, name+" "+alert.Amount(t.Count))
		}
		out.Print(2, 20, terminal.Span{Text: fmt.Sprintf("%-16s  ", label), Style: "dim"}, terminal.Span{Text: terminal.Safe(strings.Join(parts, " · "))})
	}
	say("logs", x.Sources)
	say("did", x.Actions)
	for _, g := range x.With {
		say(g.Field, g.List)
	}
	out.Print(2, 20, terminal.Span{Text: fmt.Sprintf("%-16s  ", "days"), Style: "dim"}, terminal.Span{Text: daysLine(x.Days)})
	if len(x.Incidents) > 0 {
		out.Print(0, 0)
		var rows [][]terminal.Span
		for i := range x.Incidents {
			rows = append(rows, incidentRow(&x.Incidents[i]))
		}
		out.Table(2, 4, rows)
	}
	out.Print(0, 0)
	for _, m := range x.Moments {
		out.Print(2, 4, terminal.Span{Text: clock(alert.When(m.Time)) + "  " + fromLog(m.Source), Style: "dim"}, terminal.Span{Text: terminal.Safe(m.Text)})
	}
	if x.More > 0 {
		out.Print(2, 4, terminal.Span{Text: fmt.Sprintf("… and %s more: tocsin search %q", alert.Amount(x.More), terminal.Safe(x.Name)), Style: "dim"})
	}
}

// daysLine draws the events of each day as a bar.
func daysLine(days []console.Tally) string {
	bars := []rune(" ▁▂▃▄▅▆▇█")
	most := int64(1)
	for _, d := range days {
		most = max(most, d.Count)
	}
	var b strings.Builder
	for _, d := range days {
		n := int64(0)
		if d.Count > 0 {
			n = 1 + d.Count*int64(len(bars)-2)/most
		}
		b.WriteRune(bars[min(n, int64(len(bars)-1))])
	}
	if len(days) > 0 {
		fmt.Fprintf(&b, "  (%s, the last %s)", counted(len(days), "day"), alert.Amount(days[len(days)-1].Count))
	}
	return b.String()
}

// fromLog is which log a moment is of, as the beginning of its line.
func fromLog(dataset string) string {
	if dataset == "" {
		return ""
	}
	return terminal.Safe(dataset) + ": "
}
