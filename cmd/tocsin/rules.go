package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/terminal"
)

// newRules makes the command `tocsin rules`.
func newRules(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, explain, check, test, try, arm and install rules",
		Long: `List, explain, check, test and install the rules that tocsin hunts with.

A PATH is a folder of rules, a rule file, a zip or tar.gz, or one of the names builtin, installed and pack:NAME.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newRulesList(std),
		newRulesShow(std),
		newRulesCheck(std),
		newRulesTest(std),
		newRulesStats(std),
		newRulesArm(std),
		newRulesDisarm(std),
		newRulesInstall(std),
		newRulesRemove(std),
		newRulesPacks(std),
	)
	return cmd
}

// ruleFlags are the flags of all commands that load rules as a hunt does.
type ruleFlags struct {
	settings settings.RuleKeys
	config   string
	json     bool
}

func (r *ruleFlags) define(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&r.settings.Pipelines, "pipeline", "p", nil, "apply a processing pipeline `file` (pySigma's YAML); repeatable")
	f.StringVar(&r.settings.LogSources, "logsources", "", "`file` that says which events a log source of rules means, beside what is built in")
	f.StringVar(&r.config, "config", "", "configuration `file` (default tocsin.yml in the user's tocsin folder, or in /etc/tocsin)")
	f.BoolVar(&r.json, "json", false, "one JSON object a line")
}

// load loads the rules of some places, or where there are none those that a hunt would use.
func (r *ruleFlags) load(places []string) (*rules.Set, error) {
	s, err := settings.Load(r.config)
	if err != nil {
		return nil, err
	}
	f := &r.settings
	if f.Rules = places; len(places) == 0 {
		f.Rules = s.Rules
	}
	if len(f.Pipelines) == 0 {
		f.Pipelines = s.Pipelines
	}
	f.Placeholders = s.Placeholders
	f.LogSources = cmp.Or(f.LogSources, s.LogSources)
	return settings.LoadRules(f)
}

// lineEncoder writes one JSON object a line.
func lineEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// checkCommand is the command that explains refused rules of the same places, as one would type it.
func checkCommand(places, pipelines []string, logSources, config string) string {
	words := []string{"tocsin rules check"}
	for _, p := range places {
		words = append(words, shellQuoted(p))
	}
	for _, p := range pipelines {
		words = append(words, "--pipeline", shellQuoted(p))
	}
	if logSources != "" {
		words = append(words, "--logsources", shellQuoted(logSources))
	}
	if config != "" {
		words = append(words, "--config", shellQuoted(config))
	}
	return strings.Join(words, " ")
}

// shellQuoted returns a word as a shell would have to be given it.
func shellQuoted(s string) string {
	plain := func(r rune) bool {
		return r < 0x80 && !strings.ContainsRune(" \t\n\"'`$&|;<>()*?[]#~!{}\\", r) && r > ' ' || r > 0x9f
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// refusedNote tells of rules that cannot be used, "" where there are none.
func (r *ruleFlags) refusedNote(s *rules.Set) string {
	if s.Refused == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s refused; %s tells why", s.Refused, terminal.Plural(int64(s.Refused), "rule"),
		checkCommand(r.settings.Rules, r.settings.Pipelines, r.settings.LogSources, r.config))
}
