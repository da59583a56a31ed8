package rules

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// LooksFor says what a rule looks for; of a correlation also what its parts look for.
func LooksFor(r *sigma.Rule) []string {
	switch {
	case r.Filter != nil && r.Filter.Any:
		return append([]string{"taken out of the hits of any rule for these logs: events with"}, outline(r.Filter.Expr, 1)...)
	case r.Filter != nil:
		return append([]string{"taken out of the hits of " + strings.Join(r.Filter.Rules, ", ") + ": events with"}, outline(r.Filter.Expr, 1)...)
	case r.Correlation == nil:
		return append([]string{"events with"}, outline(r.Detection, 1)...)
	}
	lines := correlationWords(r.Correlation)
	for i, ref := range r.Correlation.Rules {
		title := "where “" + ref.Rule.Title + "” is"
		if r.Correlation.Implicit {
			title = "where these are"
			if len(r.Correlation.Rules) > 1 {
				title = fmt.Sprintf("where part %d is", i+1)
			}
		}
		lines = append(lines, title)
		for _, l := range LooksFor(ref.Rule) {
			lines = append(lines, "  "+l)
		}
	}
	return lines
}

// LogWords says which events the log sources of a rule are.
func (s *Set) LogWords(r *sigma.Rule) []string {
	var out []string
	for _, source := range SourcesOf(r) {
		name := detect.SourceWords(source)
		meanings := s.Sources.Meanings(source)
		if len(meanings) == 0 {
			out = append(out, name+": none that tocsin knows; it is tried on events of which no log source is known")
			continue
		}
		out = append(out, name)
		if source.Product != "windows" { // events of Windows are told apart by channel and id, never by their format
			meanings = append([]sigma.Meaning{{Source: source}}, meanings...)
		}
		for _, m := range merged(meanings) {
			out = append(out, "  "+m)
		}
	}
	return out
}

// maxMeanings bounds the kinds of events that are listed for one log source.
const maxMeanings = 24

// merged puts meanings into words, each once.
func merged(list []sigma.Meaning) []string {
	var out []string
	for _, m := range list {
		line := "events"
		switch {
		case m.From != (event.LogSource{}):
			line += " of " + ShortSource(m.From)
		case len(m.When) == 0:
			line += " that by their format are of " + ShortSource(m.Source)
		}
		for i, w := range m.When {
			joiner := " with "
			if i > 0 {
				joiner = " and "
			}
			line += joiner + w.Field + " " + strings.Join(w.Values, ", ")
		}
		if !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	if len(out) > maxMeanings {
		return append(out[:maxMeanings:maxMeanings], fmt.Sprintf("and %d kinds of events more", len(out)-maxMeanings))
	}
	return out
}

// YAMLOf returns a rule as it stands in its file; "" where that is gone.
func YAMLOf(r *sigma.Rule) (string, error) {
	data, err := sourceOf(r.Pos.File)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return document(data, r.Pos.Line), nil
}

// document returns the YAML document of a file in which a line stands.
func document(data []byte, line int) string {
	lines := strings.SplitAfter(string(data), "\n")
	from, to := 0, len(lines)
	for i, l := range lines {
		if !strings.HasPrefix(l, "---") {
			continue
		}
		if i+1 < line {
			from = i + 1
		} else if i+1 > line {
			to = i
			break
		}
	}
	return strings.ReplaceAll(strings.Join(lines[from:to], ""), "\r\n", "\n")
}
