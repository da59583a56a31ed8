package main

import (
	"runtime"
	"runtime/debug"

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
	return root
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
