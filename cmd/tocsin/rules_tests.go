package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/ruletest"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/terminal"
)

// rulesTest is the command `tocsin rules test`.
type rulesTest struct {
	ruleFlags
	std     streams
	quiet   bool
	summary testSummary
	broken  int // mistakes in test files
	past    trial
}

func newRulesTest(std streams) *cobra.Command {
	t := &rulesTest{std: std}
	cmd := &cobra.Command{
		Use:   "test [flags] [PATH...]",
		Short: "Run the tests of rules, or try rules on what is kept",
		Long: `Run the tests that lie beside rules, NAME.test.yml beside NAME.yml; without a PATH those of the built-in rules. A PATH may
be a test file too. A case that does not come out as it should is explained: what an event lacks for a hit, or what
matched where no hit was expected.

With --since, rules are tried on the events that serve has kept since then: how often they would have hit and whom, what
people have said of the same events, how that compares with the hits that are kept of a rule that is in force, and where
one never hits, why. A PATH is then a rule file or a folder of them, new or changed, or the id or title of a rule in force.

A test file is a list of cases:

  - name: what the case shows
    lines:                       # records as they stand in a log; format: NAME says of which format
      - 'Nov 21 01:00:00 web1 sshd[811]: Failed password for root from 203.0.113.9 port 4022 ssh2'
    match: true                  # at least one hit; or hits: N
  - name: another
    events:                      # or events by their fields; logsource: says of what
      - {Channel: Security, EventID: 4732, TargetSid: S-1-5-32-544}
    match: false
    rule: NAME                   # in a file of several rules: whose hits count
  - name: many of a kind         # {n} is the number of each, from 0 or from: N; {nn} and {nnn} have so many digits
    lines:
      - {repeat: 60, line: 'Nov 21 01:00:{nn} web1 sshd[{n}]: Invalid user u{n} from 203.0.113.9 port 4022'}
    events:                      # (either of both)
      - {repeat: 600, every: 100ms, event: {time: '2026-11-21T01:00:00Z', action: drop, source.ip: 203.0.113.9}}
    hits: 1

Exit status: 0 all passed, 1 some did not, 2 a test file has mistakes, or failed; with --since 0 tried, 2 failed.`,
		Example: `  tocsin rules test
  tocsin rules test ./our-rules
  tocsin rules test ./our-rules/vpn_guessing.yml
  tocsin rules test ./our-rules/vpn_guessing.yml --since 30d
  tocsin rules test b4ad455f --since 7d --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if t.past.asked() {
				return t.past.run(cmd.Context(), &t.ruleFlags, args)
			}
			return t.run(args)
		},
	}
	t.define(cmd)
	cmd.Flags().BoolVarP(&t.quiet, "quiet", "q", false, "tell failures and totals only")
	t.past.define(cmd, std)
	return cmd
}

// testLine is a line of `tocsin rules test --json` for one case; the last line is a testSummary.
type testLine struct {
	Type   string   `json:"type"` // "test"
	File   string   `json:"file"` // of tests
	Line   int      `json:"line"`
	Rule   testRule `json:"rule"`
	Name   string   `json:"name"`
	Passed bool     `json:"passed"`
	Want   string   `json:"want"`
	Hits   int      `json:"hits"`
	Events int      `json:"events"`
	Why    []string `json:"why,omitempty"` // it did not pass
}

type testRule struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// testSummary is the last line of `tocsin rules test --json`.
type testSummary struct {
	Type     string `json:"type"` // "summary"
	Files    int    `json:"files"`
	Tests    int    `json:"tests"`
	Failed   int    `json:"failed"`
	Broken   int    `json:"broken"`   // mistakes in test files; they are told on standard error
	Untested int    `json:"untested"` // rules that tell hits and have no test
}

func (t *rulesTest) run(args []string) error {
	places := []string{rules.BuiltinPath}
	if len(args) > 0 {
		places = nil
		for _, a := range args {
			places = append(places, rules.RuleFileOf(a))
		}
	}
	set, err := t.load(places)
	if err != nil {
		return err
	}
	files, diags, err := rules.FindTests(places, rules.Options{Packs: settings.PacksFolder()})
	if err != nil {
		return err
	}
	bench := &ruletest.Bench{Rules: set.Collection, Sources: set.Sources, Read: rules.ReadLines}
	err = writeTo("", t.std.out, nil, func(w io.Writer) error {
		t.tell(diags)
		telling := set.Telling()
		for i := range files {
			if files[i].Name == "" {
				t.summary.Untested += telling[files[i].File]
				continue
			}
			if err := t.file(w, bench, &files[i]); err != nil {
				return err
			}
		}
		return t.finish(w)
	})
	if note := t.refusedNote(set); note != "" {
		fmt.Fprintf(t.std.err, "tocsin: %s\n", terminal.SafeLines(note))
	}
	switch {
	case err != nil:
		return err
	case t.broken > 0:
		return terminal.WithHint(errors.New("rules test: test files have mistakes"), "see tocsin rules test --help for what a test file is")
	case t.summary.Failed > 0:
		return errFound
	}
	return nil
}

// tell tells mistakes in test files.
func (t *rulesTest) tell(diags []sigma.Diagnostic) {
	for _, d := range diags {
		t.broken++
		fmt.Fprintln(t.std.err, terminal.SafeLines(d.Format()))
	}
}

// file runs the tests of one rule file.
func (t *rulesTest) file(w io.Writer, bench *ruletest.Bench, f *rules.Tests) error {
	t.summary.Files++
	tests, diags := ruletest.Parse(f.Name, f.Data)
	t.tell(diags)
	var failed []testLine
	var about []string
	for i := range tests {
		c := &tests[i]
		line, err := runTest(bench, f, c)
		if err != nil {
			t.tell([]sigma.Diagnostic{{Pos: c.Pos, Message: fmt.Sprintf("%s: %v", c.Name, err)}})
			continue
		}
		t.summary.Tests++
		if !line.Passed {
			t.summary.Failed++
			failed = append(failed, *line)
		}
		if len(about) == 0 || about[len(about)-1] != line.Rule.Title {
			about = append(about, line.Rule.Title)
		}
		if t.json {
			if err := lineEncoder(w).Encode(line); err != nil {
				return err
			}
		}
	}
	if t.json || len(tests) == 0 {
		return nil
	}
	return t.print(w, f, about, len(tests), failed)
}

func runTest(bench *ruletest.Bench, f *rules.Tests, c *ruletest.Test) (*testLine, error) {
	rule, err := bench.Target(f.File, c)
	if err != nil {
		return nil, err
	}
	res, err := bench.Run(rule, c)
	if err != nil {
		return nil, err
	}
	return &testLine{
		Type: "test", File: f.Name, Line: c.Pos.Line, Rule: testRule{rule.ID, rule.Title}, Name: c.Name,
		Passed: res.Passed, Want: c.Want(), Hits: res.Hits, Events: res.Events, Why: res.Why,
	}, nil
}

// print tells one rule file: one line, and after it what failed.
func (t *rulesTest) print(w io.Writer, f *rules.Tests, about []string, tests int, failed []testLine) error {
	if t.quiet && len(failed) == 0 {
		return nil
	}
	verdict := terminal.Span{Style: "dim", Text: "ok    "}
	if len(failed) > 0 {
		verdict = terminal.Span{Style: "critical", Text: "FAIL  "}
	}
	screen := terminal.NewScreen(w, terminal.Of(t.std.out))
	screen.Print(0, 6, verdict, terminal.Span{Text: terminal.OneLine(strings.Join(about, "; "))},
		terminal.Span{Style: "dim", Text: fmt.Sprintf(" (%d %s)  %s", tests, terminal.Plural(int64(tests), "test"), terminal.OneLine(f.File))})
	for _, l := range failed {
		screen.Print(6, 2, terminal.Span{Text: fmt.Sprintf("%s:%d: ", terminal.OneLine(l.File), l.Line)}, terminal.Span{Style: "bold", Text: terminal.OneLine(l.Name)},
			terminal.Span{Text: fmt.Sprintf(": want %s, got %d of %d %s", l.Want, l.Hits, l.Events, terminal.Plural(int64(l.Events), "event"))})
		for _, why := range l.Why {
			text := strings.TrimLeft(why, " ")
			screen.Print(8+len(why)-len(text), 2, terminal.Span{Text: terminal.OneLine(text)})
		}
	}
	return screen.Err()
}

func (t *rulesTest) finish(w io.Writer) error {
	s := &t.summary
	s.Type, s.Broken = "summary", t.broken
	if t.json {
		return lineEncoder(w).Encode(s)
	}
	result := "all passed"
	switch {
	case s.Tests == 0:
		result = "nothing to run"
	case s.Failed > 0:
		result = fmt.Sprintf("%d failed", s.Failed)
	}
	if s.Broken > 0 {
		result += fmt.Sprintf(", %d %s in test files", s.Broken, terminal.Plural(int64(s.Broken), "mistake"))
	}
	_, err := fmt.Fprintf(w, "%d %s in %d %s: %s; %d %s without tests\n", s.Tests, terminal.Plural(int64(s.Tests), "test"), s.Files,
		terminal.Plural(int64(s.Files), "file"), result, s.Untested, terminal.Plural(int64(s.Untested), "rule"))
	return err
}
