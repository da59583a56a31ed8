package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/query"
)

// lines returns what a search hands out, a line for each row: values with "|" between, then the notes.
func lines(tb testing.TB, f finderOf, text string) []string {
	tb.Helper()
	var list, notes []string
	last := ""
	if err := f.Query(context.Background(), parsed(tb, text), func(b *Block) error {
		if names := strings.Join(b.Names, "|"); len(list) == 0 || names != last {
			list, last = append(list, names), names
		}
		for r := range b.Rows {
			row := make([]string, len(b.Names))
			for i, c := range b.Columns {
				row[i] = strings.Clone(c[r])
			}
			list = append(list, strings.Join(row, "|"))
		}
		notes = append(notes, b.Notes...)
		return nil
	}); err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return append(list, notes...)
}

// value is a field of a row, "" if it has none.
func (g *generated) value(name string) string {
	for i, n := range g.names {
		if n == name {
			return g.values[i]
		}
	}
	return ""
}

// grouped works out one thing for each group of rows, in the plainest way.
func (o *oracle) grouped(q *query.Query, by func(*generated) string, calc func([]*generated) string) map[string]string {
	rows := make(map[string][]*generated)
	for i, e := range o.events {
		if q.Match(e) {
			k := by(&o.rows[i])
			rows[k] = append(rows[k], &o.rows[i])
		}
	}
	out := make(map[string]string)
	for k, list := range rows {
		out[k] = calc(list)
	}
	return out
}

func fieldOf(name string) func(*generated) string {
	return func(g *generated) string { return g.value(name) }
}

func pair(a, b string) func(*generated) string {
	return func(g *generated) string { return g.value(a) + "|" + g.value(b) }
}

func hour(g *generated) string { return stamp(g.time - g.time%3600e9) }

func counting(list []*generated) string { return strconv.Itoa(len(list)) }

// extreme returns the smallest number among the values of a field, or the largest if sign is -1.
func extreme(name string, sign float64) func([]*generated) string {
	return func(list []*generated) string {
		best, text := 0.0, ""
		for _, g := range list {
			if f, err := strconv.ParseFloat(g.value(name), 64); err == nil && (text == "" || f*sign < best) {
				best, text = f*sign, g.value(name)
			}
		}
		return text
	}
}

func total(name string) func([]*generated) string {
	return func(list []*generated) string {
		n := 0
		for _, g := range list {
			v, _ := strconv.Atoi(g.value(name))
			n += v
		}
		return strconv.Itoa(n)
	}
}

func different(name string) func([]*generated) string {
	return func(list []*generated) string {
		seen := make(map[string]bool)
		for _, g := range list {
			if v := g.value(name); v != "" {
				seen[v] = true
			}
		}
		return strconv.Itoa(len(seen))
	}
}

func TestStats(t *testing.T) {
	o := &oracle{}
	e := filled(t, 6000, 4, o.add)
	for _, c := range []struct {
		where, pipe string
		by          func(*generated) string
		calc        func([]*generated) string
	}{
		{"*", "stats count by dataset", fieldOf("dataset"), counting},
		{"failed", "stats count by user.name", fieldOf("user.name"), counting},
		{"*", "stats count by user.name, dataset", pair("user.name", "dataset"), counting},
		{"user.name:*", "stats count by user.name, level", pair("user.name", "level"), counting},
		{"*", "timechart 1h", hour, counting},
		{"failed", "timechart 1h", hour, counting},
		{"*", "timechart 1h by dataset", func(g *generated) string { return hour(g) + "|" + g.value("dataset") }, counting},
		{"_msg:*AIL*", "timechart 1h by dataset", func(g *generated) string { return hour(g) + "|" + g.value("dataset") }, counting},
		{"*", "timechart 1h dc(user.name)", hour, different("user.name")},
		{"bytes:*", "stats min(bytes) by host.name", fieldOf("host.name"), extreme("bytes", 1)},
		{"bytes:*", "stats max(bytes) by host.name", fieldOf("host.name"), extreme("bytes", -1)},
		{"temperature:*", "stats min(temperature) by level", fieldOf("level"), extreme("temperature", 1)},
		{"*", "stats sum(bytes) by dataset", fieldOf("dataset"), total("bytes")},
		{"*", "stats dc(source.ip) by dataset", fieldOf("dataset"), different("source.ip")},
		{"*", "stats count(user.name) by dataset", fieldOf("dataset"), func(list []*generated) string {
			return strconv.Itoa(len(slices.DeleteFunc(slices.Clone(list), func(g *generated) bool { return g.value("user.name") == "" })))
		}},
		{"bytes:*", "stats count by bytes:100000", func(g *generated) string {
			n, _ := strconv.Atoi(g.value("bytes"))
			return strconv.Itoa(n - n%100000)
		}, counting},
		{"*", "uniq dataset, level", pair("dataset", "level"), nil},
	} {
		got := lines(t, e, c.where+" | "+c.pipe)[1:]
		calc := c.calc
		if calc == nil {
			calc = func([]*generated) string { return "" }
		}
		var want []string
		for k, v := range o.grouped(parsed(t, c.where), c.by, calc) {
			if c.calc == nil {
				if k != "|" {
					want = append(want, k)
				}
			} else {
				want = append(want, k+"|"+v)
			}
		}
		if !slices.IsSortedFunc(got, func(a, b string) int {
			x, _, _ := strings.Cut(a, "|")
			y, _, _ := strings.Cut(b, "|")
			return compareValues(x, y)
		}) && !strings.HasPrefix(c.pipe, "timechart") {
			t.Errorf("%s: not in order: %q", c.pipe, got)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s | %s:\n got %.600q\nwant %.600q", c.where, c.pipe, got, want)
		}
	}
}

func TestTop(t *testing.T) {
	o := &oracle{}
	e := filled(t, 6000, 5, o.add)
	for _, c := range []struct {
		where, pipe string
		by          func(*generated) string
		n           int
		rare        bool
	}{
		{"*", "top 10 source.ip", fieldOf("source.ip"), 10, false},
		{"failed", "top 5 user.name", fieldOf("user.name"), 5, false},
		{"*", "top 7 user.name, host.name", pair("user.name", "host.name"), 7, false},
		{"*", "rare 6 EventID", fieldOf("EventID"), 6, true},
		{"*", "stats count by destination.port | top 3", fieldOf("destination.port"), 3, false},
	} {
		type group struct {
			key string
			n   int
		}
		var groups []group
		for k, v := range o.grouped(parsed(t, c.where), c.by, counting) {
			n, _ := strconv.Atoi(v)
			if strings.Trim(k, "|") != "" || strings.HasPrefix(c.pipe, "stats") {
				groups = append(groups, group{k, n})
			}
		}
		slices.SortFunc(groups, func(a, b group) int {
			if c.rare {
				return cmp.Compare(a.n, b.n)
			}
			return cmp.Compare(b.n, a.n)
		})
		got := lines(t, e, c.where+" | "+c.pipe)[1:]
		if len(got) != min(c.n, len(groups)) {
			t.Errorf("%s: %q", c.pipe, got)
			continue
		}
		for i, line := range got {
			at := strings.LastIndexByte(line, '|')
			key, count := line[:at], line[at+1:]
			if count != strconv.Itoa(groups[i].n) {
				t.Errorf("%s: row %d is %s, want a count of %d", c.pipe, i, line, groups[i].n)
			}
			if !slices.Contains(groups, group{key, groups[i].n}) {
				t.Errorf("%s: there is no group %s", c.pipe, line)
			}
		}
		if again := lines(t, e, c.where+" | "+c.pipe)[1:]; !slices.Equal(got, again) {
			t.Errorf("%s: once %q, then %q", c.pipe, got, again)
		}
	}
}

func TestPipes(t *testing.T) {
	e := filled(t, 6000, 6, nil)
	all := lines(t, e, "bytes:* | fields bytes, host.name, http.status")[1:]
	number := func(s string) int {
		first, _, _ := strings.Cut(s, "|")
		n, _ := strconv.Atoi(first)
		return n
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
	for _, c := range []struct {
		text string
		want []string
	}{
		{"bytes:* | fields bytes, host.name, http.status | sort -bytes | head 5", sorted[:5]},
		{"bytes:* | sort 5 -bytes | fields bytes, host.name, http.status", sorted[:5]},
		{"bytes:* | sort -bytes | tail 3 | fields bytes, host.name, http.status", sorted[len(sorted)-3:]},
		{"bytes:* | head 4 | fields bytes, host.name, http.status", all[:4]},
		{"bytes:* | tail 4 | fields bytes, host.name, http.status | head 1", all[len(all)-4 : len(all)-3]},
		{"bytes:* | fields bytes, host.name, http.status | where http.status=nosuch", nil},
		{"* | fields bytes, host.name, http.status | where bytes:* | tail 2", all[len(all)-2:]},
		{"nosuchword | stats count", []string{"0"}},
		{"nosuchword | stats count by x", nil},
		{"* | stats count by dataset | stats count", []string{"5"}},
		{"* | stats count by dataset | where dataset:SSH* | fields dataset", []string{"sshd"}},
		{"* | uniq dataset | sort -dataset | head 2", []string{"windows", "sshd"}},
		{"level:* | stats values(level) as levels", []string{"ERROR, Info, warn"}},
		{"* | stats count as n by dataset | drop n | head 1", []string{"app"}},
	} {
		got := lines(t, e, c.text)
		if len(got) > 0 {
			got = got[1:]
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

func TestLimitsAreTold(t *testing.T) {
	g := newReducer(&query.Stats{Funcs: []query.Func{{Name: "count", As: "count"}, {Name: "dc", Field: "y", As: "d"}}, By: []query.Group{{Field: "x"}}}, query.Columns, 1)
	const many = maxGroups + 5
	b := &Block{Names: []string{"x", "y"}, Rows: many, Columns: [][]string{make([]string, many), make([]string, many)}}
	for i := range many {
		b.Columns[0][i] = strconv.Itoa(i)
		b.Columns[1][i] = "y"
	}
	g.add(0, b, noCheck.worker().rows(b))
	same := &Block{Names: b.Names, Rows: 60_000, Columns: [][]string{make([]string, 60_000), b.Columns[0][:60_000]}}
	for i := range same.Rows {
		same.Columns[0][i] = "7"
	}
	g.add(0, same, noCheck.worker().rows(same))
	out := g.result()
	if out.Rows != maxGroups || len(out.Notes) != 2 || !strings.Contains(out.Notes[0], "5 events belong to others") {
		t.Errorf("%d rows, %q", out.Rows, out.Notes)
	}
	for r := range out.Rows {
		if columnOf(out, "x")[r] == "7" {
			n, _ := strconv.Atoi(columnOf(out, "d")[r])
			if n < 58_000 || n > 62_000 || columnOf(out, "count")[r] != "60001" {
				t.Errorf("about 60,001 different values, %d estimated", n)
			}
		}
	}
}

func TestStreamStops(t *testing.T) {
	e := filled(t, 6000, 7, nil)
	stop := fmt.Errorf("enough")
	blocks := 0
	if err := e.Query(context.Background(), parsed(t, "*"), func(*Block) error { blocks++; return stop }); err != stop || blocks != 1 {
		t.Error(err, blocks)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, text := range []string{"*", "* | tail 5", "* | top 5 source.ip", "* | sort bytes", "failed | timechart 1h"} {
		if err := e.Query(ctx, parsed(t, text), func(*Block) error { t.Errorf("%s: a block", text); return nil }); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func TestParseStamp(t *testing.T) {
	for _, s := range []string{"2026-03-02T00:00:00Z", "2024-02-29T23:59:59.1Z", "1970-01-01T00:00:00.000000001Z", "1969-12-31T23:59:59.999999999Z", "2100-03-01T12:00:00.5Z", "2026-03-02T00:00:00+01:00"} {
		got, ok := parseStamp(s)
		want, ok2 := slowStamp(s)
		if got != want || ok != ok2 {
			t.Errorf("%s: %d, want %d", s, got, want)
		}
	}
	for _, s := range []string{"", "x", "2026-03-02", "2026-03-02T00:00:00", "2026-0x-02T00:00:00Z"} {
		if _, ok := parseStamp(s); ok {
			t.Errorf("%q is a time", s)
		}
	}
}
