package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/report"
	"github.com/tocsin-sec/tocsin/terminal"
)

// write opens the output, lets do fill it, and closes it.
func (h *hunt) write(s *huntRun, do func(report.Handler, terminal.Look) error) error {
	if err := keepInput(h.output, s.files.Includes); err != nil {
		return err
	}
	look := lookOf(h.output, h.std.out)
	return writeTo(h.output, h.std.out, s.files.Outputs, func(w io.Writer) error {
		return do(h.rendering.open(w, view{look, h.verbose, h.next()}), look)
	})
}

// keepInput refuses to write to a file that is there, is not empty, and is part of what is read: a log that is lost
// does not come back.
func keepInput(output string, includes func(os.FileInfo) (string, bool)) error {
	if output == "" {
		return nil
	}
	info, err := os.Stat(output)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil // os.Create tells what is wrong with it
	}
	if path, ok := includes(info); ok {
		return terminal.WithHint(fmt.Errorf("write the result to %s: it is part of the input, as %s", output, path),
			"write to another file; if this is an old result, remove it first")
	}
	return nil
}

// lookOf returns the look of what writeTo writes to.
func lookOf(name string, out io.Writer) terminal.Look {
	if name != "" {
		return terminal.Look{}
	}
	return terminal.Of(out)
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
	name    string
	streams bool // writes each hit when it comes
	open    func(w io.Writer, v view) report.Handler
}

// view is how a run is to be shown.
type view struct {
	look    terminal.Look
	verbose bool
	next    []string // commands to run next
}

func (v *view) options() report.Options {
	return report.Options{Width: v.look.Width, Verbose: v.verbose, Next: v.next, Safe: terminal.Safe}
}

// renderings are what --format takes; the first is the default.
var renderings = []rendering{
	{"text", false, func(w io.Writer, v view) report.Handler {
		return report.NewText(terminal.NewScreen(w, v.look), v.options())
	}},
	{"json", true, func(w io.Writer, _ view) report.Handler { return report.NewJSON(w) }},
	{"html", false, func(w io.Writer, _ view) report.Handler { return report.NewHTML(w, versionText()) }},
	{"csv", true, func(w io.Writer, v view) report.Handler { return report.NewCSV(w, v.options()) }},
	{"md", false, func(w io.Writer, v view) report.Handler { return report.NewMarkdown(w, v.options()) }},
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

// next returns the commands that a person who has seen the result may run next: the same hunt, as a page.
func (h *hunt) next() []string {
	if slices.Contains(h.paths, "-") {
		return nil
	}
	command := []string{"tocsin", "hunt"}
	for _, f := range []struct {
		flag   string
		values []string
	}{
		{"--config", []string{h.config}},
		{"--rules", h.typed.Rules},
		{"--pipeline", h.typed.Pipelines},
		{"--logsources", []string{h.typed.LogSources}},
		{"--level", []string{h.typed.Level}},
		{"--status", []string{h.typed.Status}},
		{"--tag", h.tags},
		{"--exclude-rule", h.typed.Exclude},
		{"--since", []string{h.since}},
		{"--until", []string{h.until}},
		{"--timezone", []string{h.typed.Timezone}},
	} {
		for _, v := range f.values {
			if v != "" {
				command = append(command, f.flag, quoted(v))
			}
		}
	}
	command = append(command, "--format", "html", "-o", "report.html")
	for _, p := range h.paths {
		command = append(command, quoted(p))
	}
	return []string{strings.Join(command, " ")}
}

// quoted writes an argument as a POSIX shell takes it.
func quoted(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// silent makes the end of the progress the first thing that a summary does, so that both can go to one terminal.
type silent struct {
	report.Handler
	stop func()
}

func (s silent) Summary(sum *detect.Summary) error {
	s.stop()
	return s.Handler.Summary(sum)
}

// watch shows the progress of a run where a person reads standard error, and no hits go to a terminal meanwhile.
func (h *hunt) watch(s *huntRun, start time.Time, look terminal.Look) (stop func()) {
	f, ok := h.std.err.(*os.File)
	if h.quiet || !ok || h.rendering.streams && look.Width > 0 {
		return func() {}
	}
	return terminal.Watch(f, func(now time.Time) string {
		return progressLine(s.files.Progress(), s.events.Load(), s.hits.Load(), now.Sub(start))
	})
}
