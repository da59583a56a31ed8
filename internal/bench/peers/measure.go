package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tocsin-sec/tocsin/internal/bench/lane"
)

// pipeline is a processing pipeline that holds each rule to events of its log source: a condition on the numbers that
// appendLine gives the event. A rule with more parts to its log source meets several of the conditions, and the events
// that it is for meet them all.
func (r *routes) pipeline() []byte {
	var out bytes.Buffer
	out.WriteString("name: log sources by number\npriority: 10\ntransformations:\n")
	for i, s := range r.sources {
		fmt.Fprintf(&out, "  - id: source%d\n    type: add_condition\n    conditions: {%s: %d}\n    rule_conditions:\n      - type: logsource\n", i, sourcesField, i)
		for _, part := range [][2]string{{"category", s.Category}, {"product", s.Product}, {"service", s.Service}} {
			if part[1] != "" {
				fmt.Fprintf(&out, "        %s: %s\n", part[0], part[1])
			}
		}
	}
	return out.Bytes()
}

// hunt is tocsin's command for some paths.
func (b *bench) hunt(rules []string, paths ...string) lane.Command {
	args := []string{b.tocsin, "hunt", "-q", "--json"}
	for _, r := range rules {
		args = append(args, "--rules", r)
	}
	return lane.Command{Args: append(args, paths...)}
}

// eval is rsigma's command for a file of events.
func (b *bench) eval(folder, events string, how ...string) lane.Command {
	args := append([]string{b.cache.program("rsigma"), "engine", "eval", "-r", folder}, how...)
	return lane.Command{Args: append(args, "-e", "@"+events)}
}

// plain writes a command with names for the folders of this machine, and few of many files.
func (b *bench) plain(c lane.Command) string {
	const most = 14 // words
	if len(c.Args) > most {
		c.Args = append(c.Args[:most:most], "…")
	}
	return strings.NewReplacer(b.place.Data, "DATA", b.place.Work, "WORK", string(b.cache), "CACHE").Replace(c.String())
}

// measure times both engines on the long input, on each event once, and on nothing.
func (b *bench) measure(c *inputs, r *result) error {
	small := filepath.Join(b.place.Work, "small.jsonl")
	if err := os.WriteFile(small, []byte("{\"n0\":0}\n"), 0o644); err != nil {
		return err
	}
	exact, routed := filepath.Join(b.place.Work, "exact.long.jsonl"), filepath.Join(b.place.Work, "routed.long.jsonl")
	defer os.Remove(exact)
	defer os.Remove(routed)
	if err := lane.Join(exact, []string{c.exact}, c.Repeat); err != nil {
		return err
	}
	if err := lane.Join(routed, []string{c.routed}, c.Repeat); err != nil {
		return err
	}
	long := b.hunt(c.rules, c.often)
	if c.sameBytes() {
		long = b.hunt(c.rules, exact)
	}
	var end lane.LastLine
	long.Stdout = &end
	type measurement struct {
		to  *lane.Cost
		cmd lane.Command
	}
	list := []measurement{
		{&r.Tocsin, long},
		{&r.Exact, b.eval(c.folder, exact, "-p", c.pipeline, "--include-event", "--match-detail", "full")},
		{&r.Routed, b.eval(c.folder, routed, "--logsource-routing", "--include-event", "--match-detail", "full")},
	}
	if !b.quick {
		list = append(list,
			measurement{&r.Terse, b.eval(c.folder, routed, "--logsource-routing")},
			measurement{&r.Start, b.hunt(c.rules, small)},
			measurement{&r.RsStart, b.eval(c.folder, small, "-p", c.pipeline)},
			measurement{&r.Cold, b.hunt(c.rules, c.files...)},
			measurement{&r.RsCold, b.eval(c.folder, c.exact, "-p", c.pipeline)})
	}
	for _, m := range list {
		cost, err := m.cmd.Median(b.ctx, b.runs, 1)
		if err != nil {
			return err
		}
		*m.to = cost
		r.Commands = append(r.Commands, b.plain(m.cmd))
	}
	if filepath.Ext(c.files[0]) == ".evtx" && b.peers["evtx_dump"].Missing == "" {
		if err := b.decode(c, r); err != nil {
			return err
		}
	}
	sum, err := end.Summary()
	if err != nil {
		return err
	}
	r.Events, r.Hits, r.Refused = sum.Events, sum.Hits, sum.Rules.Refused
	if !b.quick && r.Hits != r.Once*c.Repeat {
		return fmt.Errorf("%d hits in the long run, but %d × %d in the events once", r.Hits, c.Repeat, r.Once)
	}
	return nil
}

// sameBytes tells whether tocsin reads the lines that were made for other engines: where the events were JSON already.
func (c *inputs) sameBytes() bool { return filepath.Ext(c.files[0]) == ".json" }

// reading is what it takes to read EVTX and no more.
type reading struct {
	Events  int
	Nothing lane.Cost // tocsin with no rule for any event
	Print   lane.Cost // tocsin with a rule for every event, each of which it prints
	Dump    lane.Cost // evtx_dump, each event printed
	Printed lane.Command
	Dumped  lane.Command
}

// The rules that fit no event and every event.
const (
	noRule    = "title: None\nid: 0f3c5c3b-30d1-4be5-9d0a-7a8f3b6f0a01\nlogsource: {product: none-such}\ndetection: {s: {none: such}, condition: s}\nlevel: low\n"
	everyRule = "title: Every\nid: 0f3c5c3b-30d1-4be5-9d0a-7a8f3b6f0a02\nlogsource: {product: windows}\ndetection: {s: {EventID|exists: true}, condition: s}\nlevel: low\n"
)

// reading compares the reading of EVTX, where evtx_dump can be had.
func (b *bench) reading() (*reading, error) {
	if b.peers["evtx_dump"].Missing != "" {
		return nil, nil
	}
	for _, name := range []string{"none.yml", "every.yml"} {
		text := noRule
		if name == "every.yml" {
			text = everyRule
		}
		if err := os.WriteFile(filepath.Join(b.place.Work, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	long := filepath.Join(b.place.Work, "reading")
	if err := os.MkdirAll(long, 0o755); err != nil {
		return nil, err
	}
	name := filepath.Join(long, "long.evtx")
	security := filepath.Join(b.place.Data, "omerbenamram-evtx", "samples", "security.evtx")
	if err := lane.JoinChunks(name, []string{security}, 300); err != nil {
		return nil, err
	}
	r := &reading{}
	nothing := b.hunt([]string{filepath.Join(b.place.Work, "none.yml")}, long)
	r.Printed = b.hunt([]string{filepath.Join(b.place.Work, "every.yml")}, long)
	r.Dumped = lane.Command{Args: []string{b.cache.program("evtx_dump"), "-o", "jsonl", "-t", "1", name}}
	var end lane.LastLine
	var err error
	if r.Nothing, err = nothing.Median(b.ctx, b.runs, 1); err != nil {
		return nil, err
	}
	r.Printed.Stdout = &end
	if r.Print, err = r.Printed.Median(b.ctx, b.runs, 1); err != nil {
		return nil, err
	}
	sum, err := end.Summary()
	if err != nil {
		return nil, err
	}
	r.Events = sum.Events
	r.Dump, err = r.Dumped.Median(b.ctx, b.runs, 1)
	return r, err
}

// decode times evtx_dump on the same long file: what it takes to make the JSON that rsigma gets.
func (b *bench) decode(c *inputs, r *result) error {
	files, err := filepath.Glob(filepath.Join(c.often, "*.evtx"))
	if err != nil || len(files) != 1 {
		return fmt.Errorf("one long EVTX file in %s: %v %w", c.often, files, err)
	}
	cmd := lane.Command{Args: []string{b.cache.program("evtx_dump"), "-o", "jsonl", "-t", "1", files[0]}}
	r.Decode, err = cmd.Median(b.ctx, b.runs, 1)
	r.Commands = append(r.Commands, b.plain(cmd))
	return err
}
