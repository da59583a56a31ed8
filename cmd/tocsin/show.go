package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/tocsin-sec/tocsin/detect"
)

// newShow makes the command `tocsin show`.
func newShow(std streams) *cobra.Command {
	var format, output string
	cmd := &cobra.Command{
		Use:   "show [flags] FILE",
		Short: "Show a run saved by hunt --json again, in any format",
		Long: `Show a run that was saved with tocsin hunt --json again, in any format. FILE may be - for standard input.

Exit status: 0 shown, 2 failed.`,
		Example: `  tocsin hunt --json -o run.jsonl /var/log
  tocsin show --format html -o run.html run.jsonl`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
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
				in, name = f, args[0]
			}
			return writeTo(output, std.out, nil, func(w io.Writer) error { return replay(in, name, r.open(w)) })
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", "text, json, csv, html or md (default text)")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write the result to a `file`")
	return cmd
}

// maxLine bounds a line of a saved run, in bytes: an event of the largest size, each byte of it escaped.
const maxLine = 128 << 20

// replay hands the lines of a saved run to out. A run that was cut off has no summary; then there is an error at the end.
func replay(in io.Reader, name string, out handler) error {
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	line, whole := 0, false
	for s.Scan() {
		line++
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		last, err := replayLine(s.Bytes(), out)
		if err != nil {
			var w *writeError
			if errors.As(err, &w) {
				return w.err
			}
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
		whole = whole || last
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("read %s: after line %d: %w", name, line, err)
	}
	if !whole {
		return withHint(fmt.Errorf("%s: no summary at its end: the run was cut off, or this is none", name), "save a run with tocsin hunt --json -o FILE")
	}
	return nil
}

// writeError is an error of the output, not of the saved run.
type writeError struct{ err error }

func (w *writeError) Error() string { return w.err.Error() }

// replayLine hands one line on and tells whether it was the summary.
func replayLine(data []byte, out handler) (last bool, err error) {
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return false, fmt.Errorf("no line of a saved run: %w", err)
	}
	switch kind.Type {
	case "rule":
		var r detect.RuleInfo
		return false, decode(data, &r, func() error { return out.Rule(&r) })
	case "hit":
		var h detect.Hit
		return false, decode(data, &h, func() error { return out.Hit(&h) })
	case "summary":
		var s detect.Summary
		return true, decode(data, &s, func() error { return out.Summary(&s) })
	}
	return false, fmt.Errorf("no line of a saved run: its type is %q, not rule, hit or summary", kind.Type)
}

func decode(data []byte, into any, give func() error) error {
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("no line of a saved run: %w", err)
	}
	if err := give(); err != nil {
		return &writeError{err}
	}
	return nil
}
