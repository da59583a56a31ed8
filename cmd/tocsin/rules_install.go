package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/terminal"
)

// installFlags are the flags of `tocsin rules install`.
type installFlags struct {
	name, settings           string
	dryRun, rollback, asJSON bool
}

// newRulesInstall makes the command `tocsin rules install`.
func newRulesInstall(std streams) *cobra.Command {
	var f installFlags
	cmd := &cobra.Command{
		Use:   "install [flags] [FILE|FOLDER|URL]",
		Short: "Install a rule set, or a newer version of one",
		Long: `Fetch a rule set, check every rule, say what is new, changed and gone, and use it from then on beside the built-in
rules. It may be a folder, a rule file, a .zip or .tar.gz, or an https address of one. Without any it is SigmaHQ's latest
release: ` + rules.DefaultSource + `

Rules that cannot be used are listed and kept out. The last ` + fmt.Sprint(rules.KeepVersions) + ` versions are kept.

Exit status: 0 installed, 2 failed.`,
		Example: `  tocsin rules install
  tocsin rules install ./our-rules --name ours
  tocsin rules install sigma_all_rules.zip --dry-run
  tocsin rules install --rollback --name ours`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			packs, err := packsInUse()
			if err != nil {
				return err
			}
			if f.rollback {
				return rollBack(std.out, packs, f, args)
			}
			return install(cmd, std, packs, f, args)
		},
	}
	cmd.Flags().StringVarP(&f.name, "name", "n", "", "what to call the pack (default: the name of the file)")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "check and compare, change nothing")
	cmd.Flags().BoolVar(&f.rollback, "rollback", false, "go back to the version before; with --name")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object")
	cmd.Flags().StringVar(&f.settings, "config", "", "configuration `file` with the placeholders that rules need")
	return cmd
}

// packsInUse returns the user's packs.
func packsInUse() (rules.Packs, error) {
	dir := settings.PacksFolder()
	if dir == "" {
		return rules.Packs{}, terminal.WithHint(errors.New("there is no folder for installed rules"), "set TOCSIN_DATA_HOME")
	}
	return rules.Packs{Dir: dir}, nil
}

func install(cmd *cobra.Command, std streams, packs rules.Packs, f installFlags, args []string) error {
	s, err := settings.Load(f.settings)
	if err != nil {
		return err
	}
	req := rules.InstallRequest{
		Source: rules.DefaultSource, Name: f.name, Now: time.Now(), DryRun: f.dryRun,
		Sigma: sigma.LoadOptions{Placeholders: s.Placeholders},
	}
	if len(args) > 0 {
		req.Source = args[0]
	}
	if strings.Contains(req.Source, "://") {
		fmt.Fprintf(std.err, "fetching %s\n", req.Source)
	}
	res, err := packs.Install(cmd.Context(), req)
	if err != nil {
		if len(args) == 0 {
			return terminal.WithHint(err, "on a machine without a network, fetch the archive elsewhere and name the file: tocsin rules install FILE")
		}
		return err
	}
	for _, d := range res.Diagnostics {
		if d.Severity == sigma.Error {
			fmt.Fprintln(std.err, d.Format())
		}
	}
	if f.asJSON {
		return json.NewEncoder(std.out).Encode(res)
	}
	return printInstalled(std.out, res, f.dryRun)
}

// printInstalled says what an installation came to.
func printInstalled(w io.Writer, res *rules.Installed, dryRun bool) error {
	var b strings.Builder
	v := res.Version
	verb := "installed"
	switch {
	case dryRun:
		verb = "would be installed"
	case res.Unchanged:
		verb = "is up to date"
	}
	fmt.Fprintf(&b, "%s %s: version %s, %d rules in %d files", res.Name, verb, v.ID, v.Rules, v.Files)
	if v.Refused > 0 {
		fmt.Fprintf(&b, ", %d refused", v.Refused)
	}
	if len(res.Ignored) > 0 {
		fmt.Fprintf(&b, ", %d YAML files that are no rules", len(res.Ignored))
	}
	b.WriteByte('\n')
	if res.Before != "" && !res.Unchanged {
		fmt.Fprintf(&b, "since version %s: %d new, %d changed, %d gone\n", res.Before, len(res.New), len(res.Changed), len(res.Gone))
		for _, l := range []struct {
			mark string
			list []rules.RuleName
		}{{"+", res.New}, {"~", res.Changed}, {"-", res.Gone}} {
			for _, r := range l.list {
				fmt.Fprintf(&b, "  %s %s (%s)\n", l.mark, r.Title, r.ID)
			}
		}
	}
	if !dryRun {
		fmt.Fprintf(&b, "next: tocsin hunt PATH uses them; tocsin rules remove %s takes them out again\n", res.Name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func rollBack(w io.Writer, packs rules.Packs, f installFlags, args []string) error {
	if f.name == "" || len(args) > 0 {
		return errors.New("--rollback needs the name of an installed pack in --name, and nothing to install")
	}
	v, err := packs.Rollback(f.name)
	if err != nil {
		return err
	}
	if f.asJSON {
		return json.NewEncoder(w).Encode(v)
	}
	_, err = fmt.Fprintf(w, "%s is back at version %s of %s, %d rules\n", f.name, v.ID, v.Installed.Format(time.DateOnly), v.Rules)
	return err
}

// newRulesRemove makes the command `tocsin rules remove`.
func newRulesRemove(std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "remove PACK…",
		Short: "Remove installed rule sets",
		Long: `Take installed rule sets out of use and delete all their versions. tocsin rules packs lists them.

Exit status: 0 removed, 2 failed.`,
		Example: `  tocsin rules remove sigma_all_rules`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			packs, err := packsInUse()
			if err != nil {
				return err
			}
			for _, name := range args {
				if err := packs.Remove(name); err != nil {
					return err
				}
				if _, err := fmt.Fprintf(std.out, "removed %s\n", name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// newRulesPacks makes the command `tocsin rules packs`.
func newRulesPacks(std streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "packs",
		Short: "List installed rule sets and their versions",
		Long: `List the installed rule sets and the versions that are kept of each; a star marks the one in use.

Exit status: 0 listed, 2 failed.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			packs, err := packsInUse()
			if err != nil {
				return err
			}
			list, err := packs.List()
			if err != nil {
				return err
			}
			return printPacks(std.out, list, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return cmd
}

func printPacks(w io.Writer, list []rules.Pack, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		for _, p := range list {
			if err := enc.Encode(p); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	if len(list) == 0 {
		b.WriteString("no pack is installed; the built-in rules are in use\nnext: tocsin rules install\n")
	}
	for _, p := range list {
		fmt.Fprintln(&b, p.Name)
		for _, v := range p.Versions {
			mark := " "
			if v.ID == p.Current {
				mark = "*"
			}
			fmt.Fprintf(&b, "  %s %s  %s  %5d rules  %s\n", mark, v.ID, v.Installed.Format(time.DateOnly), v.Rules, v.Source)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
