// Command peers runs tocsin beside other engines on the same events and the same rules, and prints what each took and
// every difference in what they found. The others are installed by name from their package registries, once, into a
// cache folder; one that cannot be had is listed with the reason.
//
// So that rules and nothing else are compared, the other engines get each event as a line of JSON, prepared beforehand
// and not charged to them: decoded, with its log sources resolved, and with the field names that the rules use. Where the
// events are JSON to begin with, tocsin reads these very lines; else it reads the files as they are.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/internal/bench/lane"
)

// bench is one run of this command.
type bench struct {
	ctx    context.Context
	out    io.Writer
	place  lane.Place
	cache  cache
	tocsin string
	runs   int
	quick  bool // only how long the long runs take
	peers  map[string]*peer

	results []*result
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b := &bench{ctx: ctx, out: os.Stdout}
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench-peers:", err)
		os.Exit(1)
	}
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.out, format+"\n", args...) }

func (b *bench) flags() (only, doc string, err error) {
	home, err := os.UserCacheDir()
	if err != nil {
		return "", "", err
	}
	folder := flag.String("cache", filepath.Join(home, "tocsin-peers"), "install other engines into this `folder`")
	flag.StringVar(&b.place.Work, "work", filepath.Join(os.TempDir(), "tocsin-lanes"), "write inputs to this `folder`")
	flag.StringVar(&b.tocsin, "tocsin", filepath.Join("bin", "tocsin"), "the `program` to measure")
	flag.IntVar(&b.runs, "runs", 3, "run each measurement this many times; the median counts")
	flag.BoolVar(&b.quick, "quick", false, "measure the long inputs and nothing else; the document stays as it is")
	flag.StringVar(&only, "only", "", "only these `lanes`, by key, with commas between")
	flag.StringVar(&doc, "doc", filepath.Join("docs", "PERFORMANCE.md"), "put the figures into this `file` too; nothing for none")
	flag.Parse()
	b.cache = cache(*folder)
	return only, doc, nil
}

func (b *bench) run() error {
	only, doc, err := b.flags()
	if err != nil {
		return err
	}
	if b.place.Data, err = lane.Data(); err != nil {
		return err
	}
	if b.place.Data, err = filepath.Abs(b.place.Data); err != nil {
		return err
	}
	if _, err := os.Stat(b.tocsin); err != nil {
		return fmt.Errorf("%w: make build makes it", err)
	}
	if err := os.MkdirAll(b.place.Work, 0o755); err != nil {
		return err
	}
	b.say("%s\n", lane.Machine())
	b.peers = b.cache.install(b.ctx, b.say)
	b.listPeers()
	if b.peers["rsigma"].Missing != "" {
		return errors.New("rsigma cannot be had, and there is nothing to compare with")
	}
	for _, l := range lane.Lanes {
		if only != "" && !slices.Contains(strings.Split(only, ","), l.Key) {
			continue
		}
		r, err := b.lane(l)
		if err != nil {
			return fmt.Errorf("%s: %w", l.Key, err)
		}
		b.results = append(b.results, r)
		b.printLane(r)
		runtime.GC()
	}
	if b.quick {
		return nil
	}
	reading, err := b.reading()
	if err != nil {
		return err
	}
	return b.finish(reading, doc, only == "")
}

func (b *bench) listPeers() {
	names := make([]string, 0, len(b.peers))
	for n := range b.peers {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		p := b.peers[n]
		if p.Missing != "" {
			b.say("%-10s cannot be had: %s", p.Name, p.Missing)
			continue
		}
		b.say("%-10s %s (%s)", p.Name, p.Version, p.What)
	}
}

// result is what a lane came to.
type result struct {
	*lane.Lane
	Events  int // of the long run
	Hits    int // of tocsin, in the long run
	Refused int

	Tocsin  lane.Cost
	Start   lane.Cost // tocsin with these rules and one small event
	Exact   lane.Cost // rsigma, log sources by a condition
	Routed  lane.Cost // rsigma, log sources by its own routing: more is tried and more matches
	Terse   lane.Cost // the same, with hits that hold neither the event nor why it matched
	Decode  lane.Cost // evtx_dump; zero where there is nothing to decode
	RsStart lane.Cost
	Cold    lane.Cost // all events once
	RsCold  lane.Cost

	Commands []string
	Once     int // hits of one pass, tocsin
	RsOnce   int
	Judged   int // hits that pySigma confirms
	Diffs    []difference
}

// lane measures one lane.
func (b *bench) lane(l *lane.Lane) (*result, error) {
	r := &result{Lane: l}
	c, err := b.prepare(l)
	if err != nil {
		return nil, err
	}
	if !b.quick {
		if err := b.compare(c, r); err != nil {
			return nil, err
		}
	}
	return r, b.measure(c, r)
}

// inputs is a lane's inputs, prepared for both engines.
type inputs struct {
	*lane.Lane
	rules    []string // folders
	folder   string   // the same in one folder, for an engine that takes one
	files    []string
	often    string // folder with the input, repeated
	pipeline string
	exact    string // events as lines with log sources by number
	routed   string // events as lines with log sources as words
	places   []place
}

// prepare makes what a lane needs.
func (b *bench) prepare(l *lane.Lane) (*inputs, error) {
	c := &inputs{Lane: l, rules: b.place.Rulesets(l)}
	var err error
	if c.files, err = b.place.Once(l); err != nil {
		return nil, err
	}
	if c.often, err = b.place.Often(l); err != nil {
		return nil, err
	}
	set, err := loadRules(c.rules)
	if err != nil {
		return nil, err
	}
	ro, err := newRoutes(set.Rules)
	if err != nil {
		return nil, err
	}
	base := filepath.Join(b.place.Work, l.Key)
	c.exact, c.routed, c.pipeline, c.folder = base+".exact.jsonl", base+".routed.jsonl", base+".pipeline.yml", base+".rules"
	if c.places, err = ro.flatten(b.ctx, c.files, c.exact, false); err != nil {
		return nil, err
	}
	if _, err := ro.flatten(b.ctx, c.files, c.routed, true); err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.pipeline, ro.pipeline(), 0o644); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(c.folder); err != nil {
		return nil, err
	}
	for i, dir := range c.rules {
		if err := os.CopyFS(filepath.Join(c.folder, fmt.Sprint(i)), os.DirFS(dir)); err != nil {
			return nil, err
		}
	}
	return c, nil
}
