package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/terminal"
)

// crier tells on standard output what is found: at the start in one table what already happened, and then each alert as
// it comes, once.
type crier struct {
	serve *serve
	least int // level
	hits  chan state.Hit
	told  map[string]bool // keys
}

func newCrier(s *serve) *crier {
	c := &crier{serve: s, least: int(sigma.Low) - 1, hits: make(chan state.Hit, 4096), told: make(map[string]bool)}
	if s.verbose {
		c.least = 0
	}
	return c
}

// take is told hits as they are kept. It never waits: what there is no room for is told by its number.
func (c *crier) take(hits []state.Hit) {
	if c.serve.quiet {
		return
	}
	for _, h := range hits {
		if h.Level < c.least {
			continue
		}
		select {
		case c.hits <- h:
		default:
		}
	}
}

// How long what happened before the start is gathered.
const (
	cryQuiet = 2 * time.Second  // nothing more has come for so long
	cryLeast = 10 * time.Second // by then correlations have given out what they found in the past, see live.Options.Settle and Lateness
	cryMost  = 30 * time.Second
	maxTold  = 1 << 16 // keys that are remembered
)

// run tells until ctx is done.
func (c *crier) run(ctx context.Context) {
	if c.serve.quiet {
		return
	}
	past := make(map[string]*pastRule)
	begun, last := time.Now(), time.Now()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	gathering := true
	for {
		select {
		case <-ctx.Done():
			return
		case h := <-c.hits:
			if c.known(h.Key) {
				continue
			}
			last = time.Now()
			if gathering {
				addPast(past, &h)
				continue
			}
			c.cry(&h)
		case now := <-tick.C:
			if gathering && (now.Sub(last) > cryQuiet && now.Sub(begun) > cryLeast || now.Sub(begun) > cryMost) {
				gathering = false
				c.tellPast(past)
			}
		}
	}
}

// known tells whether an alert was told, and remembers it.
func (c *crier) known(key string) bool {
	if c.told[key] {
		return true
	}
	if len(c.told) >= maxTold {
		clear(c.told)
	}
	c.told[key] = true
	return false
}

// pastRule is a rule with what it found in what happened before the start.
type pastRule struct {
	title string
	level int
	hits  int
	last  int64
	names map[string]bool
}

func addPast(past map[string]*pastRule, h *state.Hit) {
	r := past[h.RuleID+h.RuleTitle]
	if r == nil {
		r = &pastRule{title: h.RuleTitle, level: h.Level, names: make(map[string]bool)}
		past[h.RuleID+h.RuleTitle] = r
	}
	r.hits++
	r.last = max(r.last, h.Time)
	for _, n := range slices.Concat(h.Addresses, h.Users, h.Hosts) {
		if len(r.names) < 3 {
			r.names[n] = true
		}
	}
}

// tellPast tells in a table what was found in what happened before, the worst first.
func (c *crier) tellPast(past map[string]*pastRule) {
	out := terminal.NewScreen(c.serve.std.out, terminal.Of(c.serve.std.out))
	out.Print(0, 0)
	if len(past) == 0 {
		out.Print(0, 0, terminal.Span{Text: "So far nothing out of the ordinary. Alerts appear here as they come.", Style: "dim"})
		return
	}
	rules := make([]*pastRule, 0, len(past))
	for _, r := range past {
		rules = append(rules, r)
	}
	slices.SortFunc(rules, func(a, b *pastRule) int {
		return cmp.Or(cmp.Compare(b.level, a.level), cmp.Compare(b.last, a.last), strings.Compare(a.title, b.title))
	})
	out.Print(0, 0, terminal.Span{Text: "What already happened", Style: "bold"})
	const most = 15
	var rows [][]terminal.Span
	for _, r := range rules[:min(len(rules), most)] {
		var names []string
		for n := range r.names {
			names = append(names, n)
		}
		slices.Sort(names)
		rows = append(rows, []terminal.Span{
			{Text: levelWord(r.level), Style: levelNames[r.level]},
			{Text: time.Unix(0, r.last).Local().Format("01-02 15:04:05")},
			{Text: terminal.Safe(r.title)},
			{Text: terminal.Safe(strings.Join(names, ", "))},
			{Text: fmt.Sprintf("×%d", r.hits)},
		})
	}
	out.Table(0, 2, rows)
	if more := len(rules) - most; more > 0 {
		out.Print(0, 0, terminal.Span{Text: fmt.Sprintf("and %d more %s", more, plural(int64(more), "rule")), Style: "dim"})
	}
	out.Print(0, 0, terminal.Span{Text: "→ tocsin alerts lists them; new ones appear here as they come", Style: "dim"})
}

// levelNames are the names of levels, by number.
var levelNames = [...]string{"informational", "low", "medium", "high", "critical"}

// levelWord is the name of a level where there is little room.
func levelWord(level int) string {
	if level == 0 {
		return "info"
	}
	return levelNames[level]
}

// cry tells one alert.
func (c *crier) cry(h *state.Hit) {
	out := terminal.NewScreen(c.serve.std.out, terminal.Of(c.serve.std.out))
	who := entityWords(&detect.Entities{Hosts: h.Hosts, Users: h.Users, Addresses: h.Addresses})
	out.Print(0, 4,
		terminal.Span{Text: time.Unix(0, h.Time).Local().Format("01-02 15:04:05") + "  "}, terminal.Span{Text: levelWord(h.Level), Style: levelNames[h.Level]},
		terminal.Span{Text: "  " + terminal.Safe(h.RuleTitle)}, terminal.Span{Text: "  " + terminal.Safe(who)}, terminal.Span{Text: "  " + h.Key[:min(len(h.Key), shortKey)], Style: "dim"})
}
