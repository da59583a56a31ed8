package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
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
	return writeTo(h.output, h.std.out, s.files.Outputs, func(w io.Writer) error { return do(h.rendering.open(w)) })
}

// writeTo opens the file of that name, or takes out where it is "", tells opened of it where it is a regular file,
// lets do fill it, and closes it.
func writeTo(name string, out io.Writer, opened func(...os.FileInfo), do func(io.Writer) error) error {
	var file *os.File
	if name != "" {
		var err error
		if file, err = os.Create(name); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
		out = file
	}
	if f, ok := out.(*os.File); ok && opened != nil {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			opened(info)
		}
	}
	w := bufio.NewWriterSize(out, 64<<10)
	err := do(w)
	if e := w.Flush(); e != nil && err == nil {
		err = fmt.Errorf("write the result: %w", e)
	}
	if file != nil {
		err = errors.Join(err, file.Close())
	}
	return err
}

// rendering is a way to show a run.
type rendering struct {
	name string
	open func(w io.Writer) handler
}

// renderings are what --format takes; the first is the default.
var renderings = []rendering{
	{"json", func(w io.Writer) handler {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return jsonLines{e}
	}},
}

// renderingOf returns the rendering of that name, the default for "".
func renderingOf(name string) (*rendering, error) {
	var names []string
	for i := range renderings {
		if r := &renderings[i]; name == r.name || name == "" {
			return r, nil
		}
		names = append(names, renderings[i].name)
	}
	return nil, fmt.Errorf("format %q is not known; the formats are %s", name, strings.Join(names, ", "))
}

// watch shows the progress of a run where standard error is a terminal.
func (h *hunt) watch(s *search, start time.Time) (stop func()) {
	f, ok := h.std.err.(*os.File)
	if h.quiet || !ok {
		return func() {}
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" {
		return func() {}
	}
	return s.watch(func(line string) { fmt.Fprintf(f, "\r\x1b[K%s", line) }, start)
}
