package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/console"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/terminal"
)

// search is the command `tocsin search`.
type search struct {
	std          streams
	place        place
	since, until string
	limit        int
	json         bool
	fields       bool
}

// searchLimit is how many events are told where nothing else is asked for.
const searchLimit = 1000

func newSearch(std streams) *cobra.Command {
	s := &search{std: std}
	cmd := &cobra.Command{
		Use:   "search [flags] [QUERY]",
		Short: "Find events that serve has kept",
		Long: `Find events that serve has kept, whether it runs or not. A query is words, "phrases", field:value with wildcards, ranges
and networks, joined by and, or, not; and what is to be made of the events, after |. Case does not matter.

  failed password                          both words
  "failed password for root"               the phrase
  user.name:root source.ip:198.51.100.0/24 a value, a network
  event.code:[4720 TO 4735] not user.name:svc_*
  dataset:sshd | stats count, dc(user.name) by source.ip | sort -count | head 10
  event.outcome:failure | top 10 source.ip
  error | timechart 1h by host.name

Of plain events the newest are told, in the order of time. docs/reference/query.md has the whole language.

Exit status: 0 nothing found, 1 found, 2 failed.`,
		Example: `  tocsin search 'failed password' --since 24h
  tocsin search 'dataset:sshd event.outcome:failure | top 10 source.ip' --since 7d
  tocsin search --json 'user.name:anna' | jq -r .source.ip`,
		RunE: func(cmd *cobra.Command, args []string) error { return s.run(cmd.Context(), strings.Join(args, " ")) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&s.since, "since", "", "only events since this `time`: 24h, 7d, 2026-01-31, 2026-01-31T12:00:00Z")
	f.StringVar(&s.until, "until", "", "only events until this `time`")
	f.IntVarP(&s.limit, "limit", "n", searchLimit, "tell only the newest so many `events`; 0 is all")
	f.BoolVar(&s.json, "json", false, "one object a line, with all fields")
	f.BoolVar(&s.fields, "fields", false, "tell which fields the events have, and how many have them")
	s.place.define(cmd)
	s.place.events = std.err
	return cmd
}

func (s *search) run(ctx context.Context, text string) error {
	q, err := query.Parse(text)
	if err != nil {
		return queryError(err)
	}
	args := url.Values{"q": {text}}
	if err := addSpan(args, s.since, s.until); err != nil {
		return err
	}
	if len(q.Pipes) == 0 && s.limit > 0 && !s.fields {
		args.Set("limit", strconv.Itoa(s.limit))
	}
	c, release, err := s.place.ask(ctx)
	if err != nil {
		return err
	}
	defer release()
	out := newRowPrinter(s.std, s.json, len(q.Pipes) > 0)
	out.head = columnsOf(q)
	if s.fields {
		out.head = []string{"field", "events"}
		return s.tellFields(ctx, out, func(into *console.Page[console.ValueCount]) error { return c.Get(ctx, "search/fields", args, into) })
	}
	err = c.Lines(ctx, "search", args, out.line)
	if err := errors.Join(err, out.end()); err != nil {
		return err
	}
	for _, n := range c.Notes {
		fmt.Fprintf(s.std.err, "tocsin: note: %s\n", n)
	}
	if !s.json && len(q.Pipes) == 0 && out.count == s.limit && s.limit > 0 {
		fmt.Fprintf(s.std.err, "tocsin: these are the newest %d; --limit tells more, --since and a narrower query fewer\n", s.limit)
	}
	if out.count == 0 {
		if !s.json {
			fmt.Fprintln(s.std.err, "tocsin: nothing found")
			s.tellMissing(ctx, c, q, args)
		}
		return nil
	}
	if out.nought && !s.json {
		s.tellMissing(ctx, c, q, args)
	}
	return errFound
}

// manyFields is how many the answer to search/fields names at most; where there are as many, it may lack some.
const manyFields = 1000

// tellMissing says which fields were asked for that no event of the time has, where that is soon known: most often they were
// mistyped, or go by another name.
func (s *search) tellMissing(ctx context.Context, c *console.Client, q *query.Query, span url.Values) {
	if len(q.MissingFields(nil)) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	args := maps.Clone(span)
	args.Set("q", "*")
	args.Del("limit")
	var counts console.Page[console.ValueCount]
	if c.Get(ctx, "search/fields", args, &counts) != nil || len(counts.Items) >= manyFields {
		return // it is a hint, no more
	}
	fields := make([]string, len(counts.Items))
	for i, f := range counts.Items {
		fields[i] = f.Value
	}
	for _, m := range q.MissingFields(fields) {
		text := fmt.Sprintf("no event has a field %q", m.Name)
		if m.Meant != "" {
			text += fmt.Sprintf("; did you mean %q?", m.Meant)
		}
		if m.Text != "" && m.Meant == "" {
			text += fmt.Sprintf("; as words of a line it is %s, in quotes", m.Text)
		}
		fmt.Fprintf(s.std.err, "tocsin: note: %s\n", text)
	}
}

func (s *search) tellFields(_ context.Context, out *rowPrinter, get func(*console.Page[console.ValueCount]) error) error {
	var counts console.Page[console.ValueCount]
	if err := get(&counts); err != nil {
		return err
	}
	for _, c := range counts.Items {
		text, err := json.Marshal(map[string]string{"field": c.Value, "events": strconv.FormatUint(c.Count, 10)})
		if err != nil {
			return err
		}
		out.table = true
		if err := out.line(text); err != nil {
			return err
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	if len(counts.Items) > 0 {
		return errFound
	}
	return nil
}

// queryError shows the mistakes of a query.
func queryError(err error) error {
	var bad *query.Error
	if errors.As(err, &bad) {
		return terminal.WithHint(fmt.Errorf("the query cannot be understood:\n%s", bad.Caret()), "tocsin search --help shows the language in short")
	}
	return err
}

// addSpan adds the times of --since and --until to the arguments of a request.
func addSpan(args url.Values, since, until string) error {
	now := time.Now()
	for _, b := range []struct {
		name, text string
		end        bool
	}{{"since", since, false}, {"until", until, true}} {
		if b.text == "" {
			continue
		}
		t, err := query.ParseBound(b.text, now, time.Local, b.end)
		if err != nil {
			return err
		}
		args.Set(b.name, t.UTC().Format(time.RFC3339Nano))
	}
	return nil
}

// rowPrinter tells rows: as they came, as lines for a person, or as a table where they are sums.
type rowPrinter struct {
	std   streams
	json  bool
	table bool
	count int
	// nought tells that there is one row and all in it is 0, as of stats where nothing was found.
	nought bool
	head   []string
	rows   [][]string
}

func newRowPrinter(std streams, json, table bool) *rowPrinter {
	return &rowPrinter{std: std, json: json, table: table}
}

// columnsOf returns the columns of a table in the order in which a query names them: what rows are told apart by, then
// what is worked out of them. Rows leave out what is empty, so their own order says less.
func columnsOf(q *query.Query) []string {
	var list []string
	for _, p := range q.Pipes {
		switch p := p.(type) {
		case *query.Stats:
			list = nil
			for _, g := range p.By {
				list = append(list, g.Field)
			}
			for _, f := range p.Funcs {
				list = append(list, f.As)
			}
		case *query.Top:
			list = append(slices.Clone(p.By), "count")
		case *query.Timechart:
			list = append(append([]string{query.Time}, p.By...), p.Func.As)
		case *query.Uniq:
			list = slices.Clone(p.By)
		case *query.Fields:
			if p.Drop {
				list = slices.DeleteFunc(list, func(n string) bool { return slices.Contains(p.Names, n) })
			} else {
				list = slices.Clone(p.Names)
			}
		}
	}
	return list
}

// maxTable bounds the rows that are held back until the widths of a table's columns are known.
const maxTable = 100_000

func (p *rowPrinter) line(text []byte) error {
	p.count++
	if p.json {
		_, err := p.std.out.Write(append(slices.Clip(text), '\n'))
		return err
	}
	names, values, err := orderedObject(text)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if !p.table || slices.Contains(names, query.Message) {
		_, err := fmt.Fprintln(p.std.out, eventLine(names, values))
		return err
	}
	if len(p.rows) >= maxTable {
		return fmt.Errorf("more than %d rows; add | head, or use --json", maxTable)
	}
	p.nought = p.count == 1 && !slices.ContainsFunc(values, func(v string) bool { return v != "0" })
	row := make([]string, len(p.head))
	for i, n := range names {
		at := slices.Index(p.head, n)
		if at < 0 {
			at = len(p.head)
			p.head = append(p.head, n)
			row = append(row, "")
		}
		row[at] = values[i]
	}
	p.rows = append(p.rows, row)
	return nil
}

// end tells the table.
func (p *rowPrinter) end() error {
	if len(p.rows) == 0 {
		return nil
	}
	look := terminal.Of(p.std.out)
	screen := terminal.NewScreen(p.std.out, look)
	var cells [][]terminal.Span
	head := make([]terminal.Span, len(p.head))
	for i, n := range p.head {
		head[i] = terminal.Span{Text: n, Style: "bold"}
	}
	cells = append(cells, head)
	for _, row := range p.rows {
		spans := make([]terminal.Span, len(p.head))
		for i := range spans {
			if i < len(row) {
				spans[i].Text = localTime(row[i])
			}
		}
		cells = append(cells, spans)
	}
	screen.Table(0, 0, cells)
	return screen.Err()
}

// localTime writes a time of RFC 3339 in local time; anything else stays.
func localTime(s string) string {
	if len(s) < 20 || s[4] != '-' || s[10] != 'T' {
		return s
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// eventLine tells an event in one line: its text, or its fields if it has none.
func eventLine(names, values []string) string {
	get := func(name string) string {
		if i := slices.Index(names, name); i >= 0 {
			return values[i]
		}
		return ""
	}
	var b strings.Builder
	b.WriteString(cmp.Or(localTime(get(query.Time)), "-"))
	for _, n := range []string{"host.name", query.Dataset} {
		if v := get(n); v != "" {
			b.WriteString("  " + terminal.Safe(v))
		}
	}
	if text := get(query.Message); text != "" {
		return b.String() + "  " + terminal.Safe(text)
	}
	b.WriteByte(' ')
	for i, n := range names {
		if values[i] == "" || strings.HasPrefix(n, "_") || slices.Contains([]string{"host.name", query.Dataset, query.Path, query.Sequence, query.Sender}, n) {
			continue
		}
		v := values[i]
		if v == "" || strings.ContainsAny(v, " \t\"=") {
			v = strconv.Quote(v)
		}
		b.WriteString(" " + terminal.Safe(n+"="+v))
	}
	return b.String()
}

// orderedObject reads an object of texts, in its order.
func orderedObject(text []byte) (names, values []string, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	for d.More() {
		var pair [2]string
		for i := range pair {
			t, err := d.Token()
			if err != nil {
				return nil, nil, err
			}
			pair[i] = fmt.Sprint(t)
		}
		names, values = append(names, pair[0]), append(values, pair[1])
	}
	return names, values, nil
}
