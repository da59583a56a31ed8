package main

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/terminal"
)

// rulesShow is the command `tocsin rules show`.
type rulesShow struct {
	ruleFlags
	places []string
	noYAML bool
	set    *rules.Set
}

func newRulesShow(std streams) *cobra.Command {
	s := &rulesShow{}
	cmd := &cobra.Command{
		Use:   "show [flags] ID|TITLE|FILE",
		Short: "Explain a rule",
		Long: `Explain a rule in words: what it looks for and in which logs, what else sets it off, what to do about a hit, and how it is
written. It is named by its id or the beginning of it, by its title or words of it, or by its file.

Exit status: 0 shown, 2 failed.`,
		Example: `  tocsin rules show 62954116
  tocsin rules show ports of one host scanned
  tocsin rules show ./our-rules/vpn_guessing.yml`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return s.run(std, strings.Join(args, " ")) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&s.places, "rules", "r", nil, "`place` of rules to look in: a folder, file, zip, builtin, installed or pack:NAME; repeatable (default builtin and installed)")
	f.BoolVar(&s.noYAML, "no-yaml", false, "leave out how the rule is written")
	s.define(cmd)
	return cmd
}

func (s *rulesShow) run(std streams, name string) error {
	places := s.places
	isFile := strings.HasPrefix(name, rules.BuiltinPath+":")
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		isFile = true
	}
	if isFile {
		places = append(places, name)
	}
	var err error
	if s.set, err = s.load(places); err != nil {
		return err
	}
	list := append(s.set.Written(), s.set.Filters...)
	if isFile {
		list = slices.DeleteFunc(list, func(r *sigma.Rule) bool { return r.Pos.File != name && !strings.HasPrefix(r.Pos.File, name+"!") })
		list = slices.DeleteFunc(list, func(r *sigma.Rule) bool {
			return r.Silent && slices.ContainsFunc(list, func(o *sigma.Rule) bool { return !o.Silent })
		})
		if len(list) == 0 {
			return terminal.WithHint(fmt.Errorf("no rule of %s can be used", name), "%s tells why", checkCommand([]string{name}, nil, "", s.config))
		}
		if len(list) > maxShown {
			return terminal.WithHint(fmt.Errorf("%s holds %d rules", name, len(list)), "name one: tocsin rules show --rules %s ID", shellQuoted(name))
		}
	} else if list, err = found(list, name); err != nil {
		return err
	}
	return writeTo("", std.out, nil, func(w io.Writer) error {
		for i, r := range list {
			if i > 0 && !s.json {
				fmt.Fprintln(w)
			}
			if err := s.show(w, std.out, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// fileStem is the name of a rule's file without folders and ending.
func fileStem(r *sigma.Rule) string {
	base := path.Base(filepath.ToSlash(r.Pos.File))
	return strings.TrimSuffix(base, path.Ext(base))
}

// maxShown bounds the rules of a file that are explained in one go.
const maxShown = 50

// maxCandidates bounds the rules that an ambiguous name is told to mean.
const maxCandidates = 20

// found returns the one rule that a name means.
func found(list []*sigma.Rule, name string) ([]*sigma.Rule, error) {
	lower := strings.ToLower(name)
	for _, means := range []func(r *sigma.Rule) bool{
		func(r *sigma.Rule) bool { return strings.EqualFold(r.ID, name) || r.Name == name },
		func(r *sigma.Rule) bool { return strings.EqualFold(r.Title, name) },
		func(r *sigma.Rule) bool { return len(name) >= 4 && strings.HasPrefix(strings.ToLower(r.ID), lower) },
		func(r *sigma.Rule) bool { return fileStem(r) == name && !r.Silent },
		func(r *sigma.Rule) bool { return hasWords(r.Title, name) },
	} {
		var fit []*sigma.Rule
		for _, r := range list {
			if means(r) {
				fit = append(fit, r)
			}
		}
		if len(fit) == 1 {
			return fit, nil
		}
		if len(fit) > 1 {
			var b strings.Builder
			for i, r := range fit {
				if i == maxCandidates {
					fmt.Fprintf(&b, "\n  and %d more", len(fit)-i)
					break
				}
				fmt.Fprintf(&b, "\n  %s  %s (%s)", terminal.OneLine(shortID(r.ID)), terminal.OneLine(r.Title), terminal.OneLine(rules.Origin(r, settings.PacksFolder())))
			}
			return nil, terminal.WithHint(fmt.Errorf("%q means %d rules:%s", name, len(fit), b.String()), "name one by its id")
		}
	}
	return nil, terminal.WithHint(fmt.Errorf("no rule has the id or title %q", name), "tocsin rules list --search WORDS finds rules; --rules says where else to look")
}

// shownRule is a line of `tocsin rules show --json`.
type shownRule struct {
	detect.RuleInfo
	LookFor []string `json:"looks_for"` // the condition in words, indented
	Logs    []string `json:"logs"`      // which events its log sources are
	YAML    string   `json:"yaml"`
}

// show writes one rule to w, laid out as out needs it.
func (s *rulesShow) show(w, out io.Writer, r *sigma.Rule) error {
	yaml, err := rules.YAMLOf(r)
	if err != nil {
		return err
	}
	if s.json {
		return lineEncoder(w).Encode(shownRule{detect.Info(r), rules.LooksFor(r), s.set.LogWords(r), yaml})
	}
	screen := terminal.NewScreen(w, terminal.Of(out))
	screen.Print(0, 0, terminal.Span{Style: "title", Text: terminal.OneLine(r.Title)})
	fact := func(name, style, text string) {
		if text != "" {
			screen.Print(2, 11, terminal.Span{Style: "dim", Text: fmt.Sprintf("%-10s ", name)}, terminal.Span{Style: style, Text: terminal.OneLine(text)})
		}
	}
	fact("level", r.Level.String(), r.Level.String())
	fact("status", "", r.Status)
	fact("id", "", r.ID)
	fact("technique", "", strings.Join(rules.TechniquesOf(r), ", "))
	fact("author", "", r.Author)
	fact("date", "", dates(r))
	fact("file", "", fmt.Sprintf("%s:%d", r.Pos.File, r.Pos.Line))
	if r.Silent {
		fact("part", "", "of a correlation; it does not hit on its own")
	}
	if d := strings.TrimSpace(r.Description); d != "" {
		screen.Print(0, 0)
		for l := range strings.SplitSeq(d, "\n") {
			screen.Print(0, 0, terminal.Span{Text: l})
		}
	}
	section(screen, "It looks for", rules.LooksFor(r), "")
	section(screen, "In these logs", s.set.LogWords(r), "")
	section(screen, "Also set off by", r.FalsePositives, "- ")
	section(screen, "What to do next", r.NextSteps, "- ")
	section(screen, "References", r.References, "- ")
	if !s.noYAML && yaml != "" {
		section(screen, "As it is written", strings.Split(strings.TrimRight(yaml, "\n"), "\n"), "")
	}
	return screen.Err()
}

func dates(r *sigma.Rule) string {
	if r.Modified != "" && r.Date != "" {
		return r.Date + ", changed " + r.Modified
	}
	return r.Date + r.Modified
}

func section(screen *terminal.Screen, title string, lines []string, mark string) {
	if len(lines) == 0 {
		return
	}
	screen.Print(0, 0)
	screen.Print(0, 0, terminal.Span{Style: "bold", Text: title})
	for _, l := range lines {
		text := strings.TrimLeft(l, " ")
		screen.Print(2+len(l)-len(text), 2, terminal.Span{Text: mark + strings.TrimSpace(text)})
	}
}
