package settings

import (
	"fmt"
	"os"
	"strings"

	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/terminal"
)

// LoadRules loads the rules that the settings name, and what they depend on. A rule that cannot be used is counted; a
// pipeline or table of log sources that cannot be used is an error.
func LoadRules(s *RuleKeys) (*rules.Set, error) {
	sources := sigma.BuiltinLogSources()
	if s.LogSources != "" {
		data, err := os.ReadFile(s.LogSources)
		if err != nil {
			return nil, fmt.Errorf("read log sources: %w", err)
		}
		more, err := sigma.ParseLogSources(s.LogSources, data)
		if err != nil {
			return nil, err
		}
		sources = sources.With(more)
	}
	pipes, err := rules.LoadPipelines(s.Pipelines)
	if err != nil {
		return nil, err
	}
	opt := pipes.LoadOptions(sigma.LoadOptions{Placeholders: s.Placeholders})
	loaded, err := rules.Load(s.Rules, rules.Options{Sigma: opt, Packs: PacksFolder()})
	if err != nil {
		return nil, terminal.WithHint(err, "a place of rules is a folder, a file, a zip, builtin, installed or pack:NAME")
	}
	return rules.NewSet(loaded, rules.Form{Pipelines: pipes, Sources: sources, Armed: s.armed}), nil
}

// StandIn makes the rules of a folder stand in for those of other places that have their ids.
func (r *RuleKeys) StandIn(folder string) { r.armed = folder }

// DefaultPlaces are the places of rules where none is named.
func DefaultPlaces() []string { return []string{rules.BuiltinPath, rules.InstalledPath} }

// IsPlaceName tells whether a place of rules is a name and no path.
func IsPlaceName(s string) bool {
	return s == rules.BuiltinPath || s == rules.InstalledPath || strings.HasPrefix(s, rules.BuiltinPath+":") || strings.HasPrefix(s, rules.PackPrefix)
}
