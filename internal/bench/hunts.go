package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/internal/bench/lane"
)

// hunted is a hunt that was measured.
type hunted struct {
	Key, Title string
	lane.Cost
	Events, Hits int
	Bytes        int64
	Rules        int
	Command      string
	Start        time.Duration // CPU time that the same rules take to load; 0 where that is the measured thing
}

// Rate returns events for each second of CPU time, the loading of rules included.
func (h *hunted) Rate() float64 {
	if h.CPU == 0 {
		return 0
	}
	return float64(h.Events) / h.CPU.Seconds()
}

// RateAfter returns events for each second of CPU time after the rules are loaded.
func (h *hunted) RateAfter() float64 {
	if h.CPU <= h.Start {
		return 0
	}
	return float64(h.Events) / (h.CPU - h.Start).Seconds()
}

// every is the whole set of rules.
var every = []string{"sigma/rules", "sigma/rules-emerging-threats", "sigma/rules-threat-hunting", "sigma/rules-compliance", "sigma/rules-placeholder"}

// hunts runs all hunts.
func (b *bench) hunts() ([]*hunted, error) {
	if err := os.MkdirAll(b.place.Work, 0o755); err != nil {
		return nil, err
	}
	one := filepath.Join(b.place.Work, "one-event.jsonl")
	if err := os.WriteFile(one, []byte("{\"n0\":0}\n"), 0o644); err != nil {
		return nil, err
	}
	big, err := b.big()
	if err != nil {
		return nil, err
	}
	data := func(names ...string) []string {
		out := make([]string, len(names))
		for i, n := range names {
			out[i] = filepath.Join(b.place.Data, filepath.FromSlash(n))
		}
		return out
	}
	type input struct {
		key, title string
		paths      []string
	}
	inputs := []input{
		{"load", "loading all rules, for one event of no interest", []string{one}},
		{"small", "a small case, cold: 73 EVTX files of attacks", data("evtx-to-mitre")},
		{"all", "all EVTX and JSON of the reference data, once", data("evtx-to-mitre", "omerbenamram-evtx", "velocidex-evtx", "security-datasets", "stratus-red-team", "sigma/regression_data")},
		{"big", "one JSON file of more than 1 GB", []string{big}},
	}
	for _, l := range lane.Lanes {
		dir, err := b.place.Often(l)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, input{l.Key, l.Title, []string{dir}})
	}
	var out []*hunted
	for _, in := range inputs {
		h, err := b.hunt(in.paths)
		if err != nil {
			return nil, err
		}
		h.Key, h.Title = in.key, in.title
		if len(out) > 0 {
			h.Start = out[0].CPU
		}
		out = append(out, h)
	}
	return out, nil
}

// big makes one file of more than 1 GB.
func (b *bench) big() (string, error) {
	name := filepath.Join(b.place.Work, "big", "big.json")
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	l := lane.Lanes[0]
	files, err := b.place.Once(l)
	if err != nil {
		return "", err
	}
	return name, lane.Join(name, files, 80)
}

// hunt runs tocsin with all rules over some paths.
func (b *bench) hunt(paths []string) (*hunted, error) {
	args := []string{b.tocsin, "hunt", "-q", "--json"}
	for _, r := range every {
		args = append(args, "--rules", filepath.Join(b.place.Data, filepath.FromSlash(r)))
	}
	last := &lane.LastLine{}
	cmd := lane.Command{Args: append(args, paths...), Stdout: last}
	cost, err := cmd.Median(b.ctx, b.runs, 1)
	if err != nil {
		return nil, err
	}
	sum, err := last.Summary()
	if err != nil {
		return nil, err
	}
	short := "bin/tocsin hunt -q --json --rules DATA/sigma/rules --rules … " + strings.Join(paths, " ")
	short = strings.NewReplacer(b.place.Data, "DATA", b.place.Work, "WORK").Replace(short)
	return &hunted{Cost: cost, Events: sum.Events, Hits: sum.Hits, Bytes: sum.Bytes, Rules: sum.Rules.Loaded, Command: short}, nil
}
