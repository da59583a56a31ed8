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

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/terminal"
)

// hitArgs are the arguments of the request for hits.
func (a *alerts) hitArgs() (url.Values, error) {
	level, ok := sigma.ParseLevel(strings.ToLower(a.level))
	if !ok {
		return nil, fmt.Errorf("level %q is not known; the levels are informational, low, medium, high and critical", a.level)
	}
	args := url.Values{"level": {strconv.Itoa(int(level) - 1)}, "rule": {a.rule}, "entity": {a.entity}, "text": {a.text}}
	if a.worst {
		args.Set("order", "worst")
	}
	return args, addSpan(args, a.since, a.until)
}

// each lists hits one by one.
func (a *alerts) each(ctx context.Context) error {
	args, err := a.hitArgs()
	if err != nil {
		return err
	}
	c, release, err := a.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	var rows [][]terminal.Span
	count, err := listEach(ctx, c, console.ListAsk{Path: "hits", Args: args, Most: a.limit}, a.std, a.json, func(h *console.Hit) error {
		row, err := alertRow(h)
		rows = append(rows, row)
		return err
	})
	if err != nil {
		return err
	}
	if count == 0 {
		if !a.json {
			a.place.quiet(a.std.err, "no hits")
		}
		return nil
	}
	screen := terminal.NewScreen(a.std.out, terminal.Of(a.std.out))
	screen.Table(0, 3, rows)
	if err := screen.Err(); err != nil {
		return err
	}
	if !a.json && terminal.Person(a.std.out) {
		fmt.Fprintf(a.std.out, "\n→ tocsin show KEY tells all about one\n")
	}
	return errFound
}

// alertRow is an alert in a table: its key, level, time, rule, whom it is about, and its count.
func alertRow(h *console.Hit) ([]terminal.Span, error) {
	var d detect.Hit
	if err := json.Unmarshal(h.Hit.RawMessage, &d); err != nil {
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
		{Text: h.Key[:min(len(h.Key), alert.ShortKey)], Style: "dim"},
		{Text: level, Style: h.Level},
		{Text: h.Time.Local().Format("01-02 15:04:05")},
		{Text: terminal.Safe(h.Title)},
		{Text: terminal.Safe(entityWords(&d.Entities))},
		{Text: count},
	}, nil
}

// entityWords names whom a hit is about, at most some of them.
func entityWords(e *detect.Entities) string {
	const most = 3
	all := slices.Concat(e.Addresses, e.Users, e.Hosts)
	if len(all) > most {
		return strings.Join(all[:most], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}

// tellHit tells all about one hit.
func tellHit(std streams, h *console.Hit) error {
	var d detect.Hit
	if err := json.Unmarshal(h.Hit.RawMessage, &d); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	out := terminal.NewScreen(std.out, terminal.Of(std.out))
	tellAlert(out, h, &d)
	if err := out.Err(); err != nil {
		return err
	}
	return errors.Join(related(std, h, &d), errFound)
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
func related(std streams, h *console.Hit, d *detect.Hit) error {
	if !terminal.Person(std.out) {
		return nil
	}
	var about []string
	for _, e := range slices.Concat(d.Entities.Addresses, d.Entities.Users) {
		about = append(about, strconv.Quote(e))
	}
	if len(about) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(std.out, "\n→ tocsin search '%s' --since %s\n", terminal.Safe(strings.Join(about[:1], " or ")), h.Time.Add(-time.Hour).Local().Format("2006-01-02T15:04:05"))
	return err
}
