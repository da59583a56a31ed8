package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/query"
)

// newBench makes the command `tocsin bench`, for those who want to know how fast tocsin, or anything else that reads logs, is.
func newBench(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Make logs to measure with",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newBenchGen(std))
	return cmd
}

// benchLimit bounds the lines that are asked for.
const benchLimit = 1_000_000_000

func newBenchGen(std streams) *cobra.Command {
	var lines int64
	var seed uint64
	var span time.Duration
	var start string
	cmd := &cobra.Command{
		Use:   "gen [flags]",
		Short: "Write the log of a busy SSH bastion",
		Long: `Write the log of a busy SSH bastion to standard output: sshd, PAM and systemd-logind, in syslog's old form, as Debian
writes it. Thousands of addresses guess passwords, at every pace; a few of them succeed in the end; people log in and out
by key; machines do so every few minutes. The same seed gives the same bytes. Addresses are of the ranges for
documentation and benchmarks.

Exit status: 0 written, 2 failed.`,
		Example: `  tocsin bench gen > auth.log
  tocsin bench gen --lines 10000 --seed 7 | tocsin hunt -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if lines < 1 || lines > benchLimit {
				return fmt.Errorf("%d lines: must be from 1 to %d", lines, benchLimit)
			}
			begin, err := query.ParseBound(start, time.Now(), time.UTC, false)
			if err != nil {
				return err
			}
			return writeBastion(cmd.Context(), std.out, newBastion(seed, lines, begin, span), lines)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Int64VarP(&lines, "lines", "n", 1_000_000, "how many `lines`")
	f.Uint64Var(&seed, "seed", 1, "a `number`: the same gives the same log")
	f.StringVar(&start, "start", "2026-11-21T00:00:00Z", "`time` of the first line")
	f.DurationVar(&span, "span", 24*time.Hour, "the `time` over which the lines are spread")
	return cmd
}

func writeBastion(ctx context.Context, to io.Writer, b *bastion, lines int64) error {
	out := bufio.NewWriterSize(to, 256<<10)
	var buf []byte
	for i := range lines {
		if i%4096 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		buf = b.line(buf[:0])
		if _, err := out.Write(buf); err != nil {
			return fmt.Errorf("write the log: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	return nil
}
