package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/terminal"
)

// newRoot makes the command tree.
func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "tocsin",
		Short: "Find signs of attack in logs: now, or from now on",
		Long: `tocsin reads logs of any kind, finds what Sigma rules describe, and explains it: hunt looks at what is there, once;
serve takes in what comes, for ever, keeps it, and finds it again.

Exit status: 0 nothing found, 1 found, 2 failed.`,
		Example: `  tocsin hunt /var/log
  tocsin hunt --format html -o report.html case.zip
  tocsin serve
  tocsin search 'failed password' --since 24h`,
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return terminal.WithHint(err, "see %s --help", cmd.CommandPath())
	})
	root.AddCommand(commands(std)...)
	explainArgs(root)
	return root
}

// explainArgs makes every command that gets too many or too few arguments say what it takes, with its first example; and every
// group of commands refuse one that is not in it, where it would show its help as if that had been asked for.
func explainArgs(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		explainArgs(sub)
	}
	if cmd.HasSubCommands() && !cmd.Runnable() && cmd.HasParent() {
		cmd.Args, cmd.RunE = cobra.NoArgs, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	check := cmd.Args
	if check == nil {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		switch {
		case err == nil || terminal.HintOf(err) != "":
			return err
		case cmd.HasSubCommands() && len(args) > 0:
			return terminal.WithHint(fmt.Errorf("%q is no command of %s", args[0], cmd.CommandPath()), "see %s --help", cmd.CommandPath())
		}
		example, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
		if example == "" {
			example = cmd.CommandPath() + " --help"
		}
		return terminal.WithHint(fmt.Errorf("%d %s given: say %s", len(args), terminal.Plural(int64(len(args)), "argument"), cmd.UseLine()), "e.g. %s", example)
	}
}

// version is what the linker is told that this program is; "" where it is told nothing.
var version string

// versionText says what this program was built from.
func versionText() string {
	v, revision := version, ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if v == "" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if version == "" && s.Key == "vcs.revision" && len(s.Value) > 12 {
				revision = " " + s.Value[:12]
			}
		}
	}
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	return v + revision + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}
