package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/disk"
	"github.com/tocsin-sec/tocsin/feeds"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/order"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/report"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/terminal"
)

// hunt is the command `tocsin hunt`.
type hunt struct {
	std   streams
	flags settings.RuleKeys // those that the configuration file has too
	intel []string          // files of indicators
	lists []feeds.List
	data  string
	typed settings.RuleKeys // the same, as they were before the configuration file came below them
	paths []string

	config    string
	tags      []string
	since     string
	until     string
	output    string
	format    string
	json      bool
	quiet     bool
	verbose   bool
	plain     bool // no detectors beside the rules
	rendering *rendering
	warnings  []string // told after the result
}

func newHunt(std streams) *cobra.Command {
	h := &hunt{std: std}
	cmd := &cobra.Command{
		Use:   "hunt [flags] PATH...",
		Short: "Search files for what rules describe, and explain each hit",
		Long: `Search files for what Sigma rules describe, and explain each hit.

A PATH is a file, a folder (all in it), a glob (** is any number of folders) or - for standard input. Every file is
recognised by its content: Windows event logs (EVTX), JSON, syslog, auditd, web access logs, CSV and other text; also
packed as gzip, zstd, xz, bzip2, zip or tar, and archives within archives. What cannot be read is reported.

Exit status: 0 nothing found, 1 found, 2 failed.`,
		Example: `  tocsin hunt /var/log
  tocsin hunt --since 24h --level high /var/log
  tocsin hunt --rules builtin --rules ./our-rules --format html -o report.html case.zip
  journalctl -o json | tocsin hunt --json -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return terminal.WithHint(errors.New("hunt: no path to search"), "name a file or a folder, e.g. tocsin hunt /var/log; - is standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			h.paths = args
			return h.run(cmd.Context())
		},
	}
	h.define(cmd)
	return cmd
}

func (h *hunt) define(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVarP(&h.flags.Rules, "rules", "r", nil, "`place` of rules: a folder, file, zip, builtin, installed or pack:NAME; repeatable (default builtin and installed)")
	f.StringArrayVarP(&h.flags.Pipelines, "pipeline", "p", nil, "apply a processing pipeline `file` (pySigma's YAML); repeatable")
	f.StringVar(&h.flags.LogSources, "logsources", "", "`file` that says which events a log source of rules means, beside what is built in")
	f.StringVarP(&h.flags.Level, "level", "l", "", "tell only hits of this `level` or above: informational, low, medium, high, critical")
	f.StringVar(&h.flags.Status, "status", "", "tell only hits of rules of this `status` or better: deprecated, experimental, test, stable")
	f.StringArrayVarP(&h.tags, "tag", "t", nil, "tell only hits of rules with this `tag`, e.g. t1110 or attack.persistence; repeatable")
	f.StringArrayVarP(&h.flags.Exclude, "exclude-rule", "x", nil, "leave out the rule of this `id or title`; repeatable")
	f.StringArrayVar(&h.intel, "intel", nil, "hold events against the list of indicators in this `file` or folder, beside those of tocsin.yml; repeatable")
	f.BoolVar(&h.plain, "no-anomalies", false, "tell only what rules describe: look for no novelties, volumes, beacons and tunnels")
	f.StringVar(&h.since, "since", "", "only events since this `time`: 2026-01-31, 2026-01-31T12:00:00Z, 24h or 7d; events without time pass")
	f.StringVar(&h.until, "until", "", "only events until this `time`")
	f.StringVar(&h.flags.Timezone, "timezone", "", "time `zone` of times that state none: Europe/Berlin, local, +02:00 (default UTC)")
	f.StringVarP(&h.format, "format", "f", "", "text, json, csv, html or md (default text)")
	f.BoolVar(&h.json, "json", false, "the same as --format json: one object a line")
	f.StringVarP(&h.output, "output", "o", "", "write the result to a `file`")
	f.BoolVarP(&h.quiet, "quiet", "q", false, "tell nothing on standard error but failures")
	f.BoolVarP(&h.verbose, "verbose", "v", false, "tell every rule that hits in full, also where they are many")
	f.IntVarP(&h.flags.Jobs, "jobs", "j", 0, "work on this many blocks at a time (default: one for each processor)")
	f.StringVar(&h.config, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
}

// merge puts the configuration file below the flags.
func (h *hunt) merge() error {
	s, err := settings.Load(h.config)
	if err != nil {
		return err
	}
	if h.lists, err = intelLists(s, h.intel); err != nil {
		return err
	}
	h.data = settings.StateFolder("", s)
	h.typed = h.flags
	f := &h.flags
	if len(f.Rules) == 0 {
		f.Rules = s.Rules
	}
	if len(f.Rules) == 0 {
		f.Rules = settings.DefaultPlaces()
	}
	if len(f.Pipelines) == 0 {
		f.Pipelines = s.Pipelines
	}
	f.Exclude = append(f.Exclude, s.Exclude...)
	f.Placeholders = s.Placeholders
	f.LogSources = cmp.Or(f.LogSources, s.LogSources)
	f.Anomalies = s.Anomalies
	if h.plain {
		f.Anomalies.Off = []string{sense.AllKinds}
	}
	f.Level = cmp.Or(f.Level, s.Level)
	f.Status = cmp.Or(f.Status, s.Status)
	f.Timezone = cmp.Or(f.Timezone, s.Timezone, "UTC")
	f.Jobs = cmp.Or(f.Jobs, s.Jobs, runtime.GOMAXPROCS(0))
	if f.Jobs < 0 || f.Jobs > 1024 {
		return fmt.Errorf("%d jobs: must be from 1 to 1024", f.Jobs)
	}
	if h.json {
		if h.format != "" && h.format != "json" {
			return fmt.Errorf("--json and --format %s cannot both be", h.format)
		}
		h.format = "json"
	}
	h.rendering, err = renderingOf(h.format)
	return err
}

// run hunts.
func (h *hunt) run(ctx context.Context) error {
	start := time.Now()
	if err := h.merge(); err != nil {
		return err
	}
	s := &huntRun{jobs: h.flags.Jobs}
	opt, zone, err := h.options(start)
	if err != nil {
		return err
	}
	s.files, err = source.NewFiles(h.paths, source.Options{Recognise: formats.Recognise, Zone: zone, Stdin: h.std.in, BlockSize: huntBlock, Reuse: true})
	if err != nil {
		return fmt.Errorf("hunt: %w", err)
	}
	go s.files.Measure(ctx)
	if err := h.indicators(&opt); err != nil {
		return err
	}
	if opt.Senses, err = h.flags.Anomalies.Senses(false); err != nil {
		return fmt.Errorf("hunt: %w", err)
	}
	spills := &disk.Spills{}
	defer spills.Close()
	opt.Spill = func() (order.Spill, error) { return spills.Open() }
	if s.engine, err = h.rules(s, opt); err != nil {
		return err
	}
	if err := h.write(s, func(out report.Handler, look terminal.Look) error {
		stop := h.watch(s, start, look)
		defer stop()
		s.out = silent{out, stop}
		return s.run(ctx, start)
	}); err != nil {
		return err
	}
	if !h.quiet {
		for _, w := range h.warnings {
			fmt.Fprintf(h.std.err, "tocsin: %s\n", w)
		}
	}
	if s.summary.Hits > 0 {
		return errFound
	}
	if s.nothingRead() {
		return terminal.WithHint(errors.New("hunt: nothing could be read"), "the reasons are under unread")
	}
	return nil
}

// options works out what the flags narrow.
func (h *hunt) options(now time.Time) (opt detect.Options, zone *time.Location, err error) {
	if zone, err = query.ParseZone(h.flags.Timezone); err != nil {
		return opt, nil, err
	}
	for _, b := range []struct {
		flag string
		to   *int64
		end  bool
	}{{h.since, &opt.Since, false}, {h.until, &opt.Until, true}} {
		if b.flag == "" {
			continue
		}
		t, err := query.ParseBound(b.flag, now, zone, b.end)
		if err != nil {
			return opt, nil, err
		}
		*b.to = t.UnixNano()
	}
	if opt.Until != 0 && opt.Since > opt.Until {
		return opt, nil, fmt.Errorf("--since %s is after --until %s", h.since, h.until)
	}
	c, err := rules.NewChoice(h.flags.Level, h.flags.Status, h.tags, h.flags.Exclude)
	opt.Wanted = c.Wants
	return opt, zone, err
}

// nothingRead tells whether there were files and not one of them could be read.
func (s *huntRun) nothingRead() bool {
	return s.summary.UnreadTotal > 0 && s.summary.Events == 0 && len(s.summary.Formats) == 0 && s.files.Progress().Bytes == 0
}

// rules loads what to hunt for.
func (h *hunt) rules(s *huntRun, opt detect.Options) (*detect.Engine, error) {
	set, err := settings.LoadRules(&h.flags)
	if err != nil {
		return nil, err
	}
	if !detect.Judged(set.Rules) {
		opt.Senses = nil // nobody would tell what they find
	}
	engine, err := detect.New(set.Rules, set.Correlations, set.Sources, opt)
	if err != nil {
		return nil, err
	}
	if total := len(set.Rules) + len(set.Correlations); total == 0 {
		return nil, noRule(set)
	} else if engine.Loaded() == 0 {
		h.warnings = append(h.warnings, fmt.Sprintf("no rule was left to hunt with: level, status, tag and exclude fit none of %d", total))
	}
	for _, x := range h.flags.Exclude {
		if !set.Has(x) {
			h.warnings = append(h.warnings, fmt.Sprintf("no rule to leave out has the id or title %q", x))
		}
	}
	s.summary.Rules = detect.RuleCounts{Loaded: engine.Loaded(), Refused: set.Refused, From: h.flags.Rules}
	if set.Refused > 0 {
		h.warnings = append(h.warnings, fmt.Sprintf("%d %s refused; %s tells why", set.Refused, terminal.Plural(int64(set.Refused), "rule"),
			checkCommand(h.flags.Rules, h.flags.Pipelines, h.flags.LogSources, h.config)))
	}
	return engine, nil
}
