package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/terminal"
)

// tellKey tells all about the incident with a key, or about the hit with it.
func tellKey(ctx context.Context, std streams, p *place, key string, asJSON bool) error {
	c, release, err := p.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var x console.Explained
	err = c.Get(ctx, "incidents/"+url.PathEscape(key), nil, &x)
	if err != nil {
		var h console.Hit
		if c.Get(ctx, "hits/"+url.PathEscape(key), nil, &h) != nil {
			return err
		}
		if asJSON {
			if err := json.NewEncoder(std.out).Encode(&h); err != nil {
				return err
			}
			return errFound
		}
		return tellHit(std, &h)
	}
	if asJSON {
		if err := json.NewEncoder(std.out).Encode(&x); err != nil {
			return err
		}
		return errFound
	}
	out := terminal.NewScreen(std.out, terminal.Of(std.out))
	tellIncident(out, &x)
	if err := out.Err(); err != nil {
		return err
	}
	return errFound
}

// tellIncident tells what an incident is, why, what is usual, what happened around it, and what to do.
func tellIncident(out *terminal.Screen, x *console.Explained) {
	text := func(s string) terminal.Span { return terminal.Span{Text: terminal.Safe(s)} }
	head := func(s string) {
		out.Print(0, 0)
		out.Print(0, 0, terminal.Span{Text: s, Style: "title"})
	}
	out.Print(0, 0, terminal.Span{Text: strings.ToUpper(x.Level), Style: x.Level}, terminal.Span{Text: "  " + terminal.Safe(x.Title), Style: "bold"},
		terminal.Span{Text: fmt.Sprintf("  score %d", x.Score), Style: "dim"})
	out.Print(0, 0, text(x.Sentence))
	state := x.Status
	if x.Verdict != "" {
		state += " as " + x.Verdict
	}
	if x.Owner != "" {
		state += " by " + x.Owner
	}
	if x.Note != "" {
		state += ": " + x.Note
	}
	out.Print(0, 0, terminal.Span{Text: fmt.Sprintf("%s – %s · %s alerts, %s hits, %s events · %s · key ", clock(x.First), clock(x.Last),
		alert.Amount(x.Alerts), alert.Amount(x.Hits), alert.Amount(x.Events), terminal.Safe(state)), Style: "dim"}, terminal.Span{Text: x.Key[:alert.ShortKey]})
	head("Why")
	for i := range x.Why {
		tellWhy(out, &x.Why[i])
	}
	if len(x.Normal) > 0 {
		head("What is normal here")
		for _, n := range x.Normal {
			out.Print(2, 4, text(n))
		}
	}
	for i := range x.Earlier {
		e := &x.Earlier[i]
		out.Print(2, 4, text(fmt.Sprintf("%s: %s was closed as %s. %s", clock(e.Decided), e.Title, e.Verdict, e.Note)))
	}
	head("Timeline")
	for _, m := range x.Timeline {
		style := ""
		if m.Kind == "alert" {
			style = "bold"
		}
		out.Print(2, 22, terminal.Span{Text: clock(alert.When(m.Time)) + "  ", Style: "dim"}, terminal.Span{Text: fromLog(m.Source), Style: "dim"}, terminal.Span{Text: terminal.Safe(m.Text), Style: style})
	}
	head("What to do next")
	for _, n := range x.Next {
		out.Print(2, 4, terminal.Span{Text: "→ ", Style: "dim"}, text(n))
	}
}

// tellWhy tells what matched in one hit.
func tellWhy(out *terminal.Screen, h *console.Hit) {
	out.Print(2, 4, terminal.Span{Text: h.Level, Style: h.Level}, terminal.Span{Text: "  " + terminal.Safe(h.Title)})
	var d struct {
		Matched []struct{ Field, Value, By string }
		File    string
		Record  int64
		Count   int64
	}
	if json.Unmarshal(h.Hit.RawMessage, &d) != nil {
		return
	}
	for i, m := range d.Matched {
		if i == 4 {
			out.Print(6, 8, terminal.Span{Text: fmt.Sprintf("and %d more", len(d.Matched)-i), Style: "dim"})
			break
		}
		field := m.Field
		if field != "" {
			field += ": "
		}
		out.Print(6, 8, terminal.Span{Text: terminal.Safe(field), Style: "dim"}, terminal.Span{Text: terminal.Safe(m.Value)},
			terminal.Span{Text: "  (" + terminal.Safe(m.By) + ")", Style: "dim"})
	}
	out.Print(6, 8, terminal.Span{Text: fmt.Sprintf("%s:%d", terminal.Safe(d.File), d.Record), Style: "dim"})
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "(no time)"
	}
	return t.Local().Format("01-02 15:04:05")
}
