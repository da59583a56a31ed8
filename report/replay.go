package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tocsin-sec/tocsin/detect"
)

// maxLine bounds a line of a saved run, in bytes: an event of the largest size, each byte of it escaped.
const maxLine = 128 << 20

// ErrNoSummary says that a run was cut off, or is none.
var ErrNoSummary = errors.New("no summary at its end: the run was cut off, or this is none")

// Read hands the lines of a saved run to out; name is what errors call it, which also say the line. A run that was cut off
// is handed on as far as it goes; then there is ErrNoSummary. An error of out is returned as it is.
func Read(in io.Reader, name string, out Handler) error {
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
	if err := s.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%s:%d: a line of more than %d MB is no line of a saved run", name, line+1, maxLine>>20)
	} else if err != nil {
		return fmt.Errorf("read %s: after line %d: %w", name, line, err)
	}
	if !whole {
		return fmt.Errorf("%s: %w", name, ErrNoSummary)
	}
	return nil
}

// writeError is an error of the output, not of the saved run.
type writeError struct{ err error }

func (w *writeError) Error() string { return w.err.Error() }

// replayLine hands one line on and tells whether it was the summary.
func replayLine(data []byte, out Handler) (last bool, err error) {
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
