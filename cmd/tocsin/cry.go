package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/terminal"
)

// crier tells on standard output what somebody should look at: at the start in one table what already happened, and then
// each incident when it begins, becomes graver, or goes on after it was closed.
type crier struct {
	to    io.Writer
	least int // level
	news  chan alert.Message
	told  map[string]int // levels that were told, by the incidents' keys
}

func newCrier(to io.Writer, verbose bool) *crier {
	c := &crier{to: to, least: alert.Low, news: make(chan alert.Message, 4096), told: make(map[string]int)}
	if verbose {
		c.least = alert.Informational
	}
	return c
}

// take is told incidents as they are kept. It never waits: what there is no room for is not told here.
func (c *crier) take(list []*alert.Incident) {
	for _, i := range list {
		if i.Level < c.least && i.Status != alert.Merged {
			continue
		}
		select {
		case c.news <- i.Message(0):
		default:
		}
	}
}

// How long what happened before the start is gathered.
const (
	cryQuiet = 2 * time.Second  // nothing more has come for so long
	cryLeast = 10 * time.Second // by then correlations have given out what they found in the past, see live.Options.Settle and Lateness
	cryMost  = 30 * time.Second
	maxTold  = 1 << 16 // incidents that are remembered
)

// run tells until ctx is done.
func (c *crier) run(ctx context.Context) {
	past := make(map[string]alert.Message)
	begun, last := time.Now(), time.Now()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	gathering := true
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-c.news:
			last = time.Now()
			switch {
			case gathering && m.Status == alert.Merged:
				delete(past, m.Key)
			case gathering:
				past[m.Key] = m
			case c.isNews(&m):
				c.cry(&m)
			}
		case now := <-tick.C:
			if gathering && (now.Sub(last) > cryQuiet && now.Sub(begun) > cryLeast || now.Sub(begun) > cryMost) {
				gathering = false
				c.tellPast(past)
			}
		}
	}
}

// isNews tells whether an incident is to be told, and remembers it.
func (c *crier) isNews(m *alert.Message) bool {
	level := slices.Index(alert.LevelNames[:], m.Level)
	was, known := c.told[m.Key]
	again := m.Again && m.Status == alert.New && was >= 0
	if m.Status == alert.Merged || m.Status == alert.Closed || known && level <= was && !again {
		return false
	}
	if len(c.told) >= maxTold {
		clear(c.told)
	}
	c.told[m.Key] = level
	if again {
		c.told[m.Key] = -1 // once
	}
	return true
}

// tellPast tells in a table what happened before, the worst first.
func (c *crier) tellPast(past map[string]alert.Message) {
	out := terminal.NewScreen(c.to, terminal.Of(c.to))
	out.Print(0, 0)
	if len(past) == 0 {
		out.Print(0, 0, terminal.Span{Text: "So far nothing out of the ordinary. Alerts appear here as they come.", Style: "dim"})
		return
	}
	list := make([]alert.Message, 0, len(past))
	for _, m := range past {
		c.isNews(&m)
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b alert.Message) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), b.Last.Compare(a.Last), strings.Compare(a.Key, b.Key))
	})
	out.Print(0, 0, terminal.Span{Text: "What already happened", Style: "bold"})
	const most = 15
	var rows [][]terminal.Span
	for i := range list[:min(len(list), most)] {
		rows = append(rows, incidentRow(&list[i]))
	}
	out.Table(0, 4, rows)
	if more := len(list) - most; more > 0 {
		out.Print(0, 0, terminal.Span{Text: fmt.Sprintf("and %d more that matter less", more), Style: "dim"})
	}
	out.Print(0, 0, terminal.Span{Text: "→ tocsin show " + list[0].Key[:alert.ShortKey] + " explains the first; tocsin alerts lists them; new ones appear here as they come", Style: "dim"})
}

// cry tells one incident.
func (c *crier) cry(m *alert.Message) {
	out := terminal.NewScreen(c.to, terminal.Of(c.to))
	what := m.Title
	if m.Again {
		what += " (it goes on)"
	}
	out.Print(0, 4,
		terminal.Span{Text: m.Last.Local().Format("01-02 15:04:05") + "  "}, terminal.Span{Text: m.Level, Style: m.Level},
		terminal.Span{Text: "  " + terminal.Safe(what)}, terminal.Span{Text: "  " + terminal.Safe(whoWords(m))}, terminal.Span{Text: "  " + m.Key[:alert.ShortKey], Style: "dim"})
}
