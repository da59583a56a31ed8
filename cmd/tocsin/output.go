package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
)

// jsonLines writes the lines of a run as they are.
type jsonLines struct{ e *json.Encoder }

func (j jsonLines) Rule(r *detect.RuleInfo) error   { return j.e.Encode(r) }
func (j jsonLines) Hit(h *detect.Hit) error         { return j.e.Encode(h) }
func (j jsonLines) Summary(s *detect.Summary) error { return j.e.Encode(s) }

// write opens the output, lets do fill it, and closes it.
func (h *hunt) write(s *search, do func(handler) error) error {
	out := h.std.out
	var file *os.File
	if h.output != "" {
		var err error
		if file, err = os.Create(h.output); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
		out = file
	}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			s.files.Outputs(info)
		}
	}
	w := bufio.NewWriterSize(out, 64<<10)
	err := do(newHandler(h.format, w))
	if e := w.Flush(); e != nil && err == nil {
		err = fmt.Errorf("write the result: %w", e)
	}
	if file != nil {
		err = errors.Join(err, file.Close())
	}
	return err
}

func newHandler(format string, w io.Writer) handler {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return jsonLines{e}
}

// watch shows the progress of a run on a terminal.
func (h *hunt) watch(s *search, start time.Time) (stop func()) {
	return s.watch(func(string) {}, start)
}
