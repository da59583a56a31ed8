package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/report"
	"github.com/tocsin-sec/tocsin/terminal"
)

// newShow makes the command `tocsin show`.
func newShow(std streams) *cobra.Command {
	var format, output string
	var verbose, asJSON bool
	var p place
	cmd := &cobra.Command{
		Use:   "show [flags] KEY|FILE",
		Short: "Explain an alert; or show a run saved by hunt --json again",
		Long: `With the beginning of a key from tocsin alerts, explain that alert: what happened in one sentence, what matched, what is normal
here, what happened around it, and what to do next. With a file, show a run that was saved with tocsin hunt --json again, in
any format; it may be - for standard input.

Exit status: 0 shown, 1 shown and there is something to look at (of a KEY), 2 failed.`,
		Example: `  tocsin show 4f2a91
  tocsin hunt --json -o run.jsonl /var/log
  tocsin show --format html -o run.html run.jsonl`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if isKey(args[0]) {
				return tellKey(cmd.Context(), std, &p, args[0], asJSON)
			}
			if asJSON {
				if format != "" && format != "json" {
					return fmt.Errorf("--json and --format %s cannot both be", format)
				}
				format = "json"
			}
			r, err := renderingOf(format)
			if err != nil {
				return err
			}
			in, name := std.in, "standard input"
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("show: %w", err)
				}
				defer f.Close()
				if err := keepInput(output, func(out os.FileInfo) (string, bool) {
					in, err := f.Stat()
					return args[0], err == nil && os.SameFile(in, out)
				}); err != nil {
					return err
				}
				in, name = f, args[0]
			}
			var next []string
			if args[0] != "-" {
				next = []string{"tocsin show --format html -o report.html " + quoted(name)}
			}
			err = writeTo(output, std.out, nil, func(w io.Writer) error {
				return report.Read(in, name, r.open(w, view{lookOf(output, std.out), verbose, next}))
			})
			if errors.Is(err, report.ErrNoSummary) {
				return terminal.WithHint(err, "save a run with tocsin hunt --json -o FILE")
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", "text, json, csv, html or md (default text)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "the same as --format json: one object a line")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write the result to a `file`")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "tell every rule that hits in full, also where they are many")
	p.define(cmd)
	return cmd
}

// isKey tells whether an argument is the beginning of a key, and not the name of a file.
func isKey(arg string) bool {
	for _, c := range arg {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	if len(arg) < 4 || len(arg) > 64 {
		return false
	}
	_, err := os.Stat(arg)
	return err != nil
}
