package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
)

// dataFolder returns where tocsin keeps what it was told to keep, such as installed rules: $TOCSIN_DATA_HOME, else
// tocsin in the user's data folder.
func dataFolder() string {
	if dir := os.Getenv("TOCSIN_DATA_HOME"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tocsin")
	}
	if dir := os.Getenv("LOCALAPPDATA"); runtime.GOOS == "windows" && dir != "" {
		return filepath.Join(dir, "tocsin")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "tocsin")
	}
	return filepath.Join(home, ".local", "share", "tocsin")
}

// packsFolder returns where installed rule packs are; "" where the user has no home.
func packsFolder() string {
	dir := dataFolder()
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "rules")
}

// defaultPlaces are the places of rules where none is named.
func defaultPlaces() []string { return []string{rules.BuiltinPath, rules.InstalledPath} }

// isPlaceName tells whether a place of rules is a name and no path.
func isPlaceName(s string) bool {
	return s == rules.BuiltinPath || s == rules.InstalledPath || strings.HasPrefix(s, rules.BuiltinPath+":") || strings.HasPrefix(s, rules.PackPrefix)
}

// ruleSet is what a hunt looks for.
type ruleSet struct {
	*sigma.Collection
	sources *sigma.LogSources
	files   int      // of rules
	ignored []string // YAML files that are no rules
	refused int
	diags   []sigma.Diagnostic // of all that was loaded

	replaced map[string]string // ids of armed rules that stand in for others, with the files of these
}

// loadRules loads the rules that the settings name, and what they depend on. A rule that cannot be used is counted; a
// pipeline or table of log sources that cannot be used is an error.
func loadRules(s *ruleSettings) (*ruleSet, error) {
	set := &ruleSet{sources: sigma.BuiltinLogSources()}
	if s.LogSources != "" {
		data, err := os.ReadFile(s.LogSources)
		if err != nil {
			return nil, fmt.Errorf("read log sources: %w", err)
		}
		more, err := sigma.ParseLogSources(s.LogSources, data)
		if err != nil {
			return nil, err
		}
		set.sources = set.sources.With(more)
	}
	pipes, err := loadPipelines(s.Pipelines)
	if err != nil {
		return nil, err
	}
	opt := pipes.LoadOptions(sigma.LoadOptions{Placeholders: s.Placeholders})
	loaded, err := rules.Load(s.Rules, rules.Options{Sigma: opt, Packs: packsFolder()})
	if err != nil {
		return nil, withHint(err, "a place of rules is a folder, a file, a zip, builtin, installed or pack:NAME")
	}
	set.files, set.ignored = loaded.Files, loaded.Ignored
	set.refused, set.diags = loaded.Refused, loaded.Diagnostics
	set.giveWay(loaded, s.armed)
	rewritten, diags := pipes.ApplyAll(loaded.Rules)
	set.note(diags)
	set.Collection, diags = sigma.Collect(rewritten)
	set.note(diags)
	set.Correlations, diags = detect.Runnable(set.Correlations)
	set.note(diags)
	return set, nil
}

// giveWay leaves out the rules of other places that have the id of one in the folder of the armed ones: it stands in for them.
func (s *ruleSet) giveWay(loaded *rules.Set, armed string) {
	if armed == "" {
		return
	}
	inside := func(r *sigma.Rule) bool { return strings.HasPrefix(r.Pos.File, armed+string(filepath.Separator)) }
	own := make(map[string]bool)
	for _, r := range loaded.Rules {
		if r.ID != "" && inside(r) {
			own[r.ID] = true
		}
	}
	s.replaced = make(map[string]string)
	loaded.Rules = slices.DeleteFunc(loaded.Rules, func(r *sigma.Rule) bool {
		if !own[r.ID] || inside(r) {
			return false
		}
		s.replaced[r.ID] = r.Pos.File
		return true
	})
}

// note keeps diagnostics, each error of which costs a rule.
func (s *ruleSet) note(diags []sigma.Diagnostic) {
	s.diags = append(s.diags, diags...)
	for _, d := range diags {
		if d.Severity == sigma.Error {
			s.refused++
		}
	}
}

// noRule says why there is nothing to hunt with: to find nothing would look like good news.
func (s *ruleSet) noRule() error {
	if s.refused > 0 {
		return withHint(fmt.Errorf("hunt: there is no rule to hunt with: %d refused", s.refused), "tocsin rules check tells why")
	}
	return errors.New("hunt: there is no rule to hunt with in the places that were named")
}

// has tells whether a rule has that id or title.
func (s *ruleSet) has(name string) bool {
	is := func(r *sigma.Rule) bool { return named(r, name) }
	return slices.ContainsFunc(s.Rules, is) || slices.ContainsFunc(s.Correlations, is)
}

// named tells whether a rule has that id or title.
func named(r *sigma.Rule, name string) bool {
	return strings.EqualFold(name, r.ID) || strings.EqualFold(name, r.Title)
}

// loadPipelines reads processing pipelines; all that is wrong with any of them is in the error.
func loadPipelines(files []string) (sigma.Pipelines, error) {
	var pipes sigma.Pipelines
	var errs []error
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("read the pipeline: %w", err))
			continue
		}
		pipe, diags := sigma.LoadPipeline(name, data)
		for _, d := range diags {
			if d.Severity == sigma.Error {
				errs = append(errs, errors.New(d.Format()))
			}
		}
		if pipe != nil {
			pipes = append(pipes, pipe)
		}
	}
	return pipes, errors.Join(errs...)
}

// choice says which rules' hits are told.
type choice struct {
	level   sigma.Level // at least
	status  string      // at least, in the order of statuses; "" is any
	tags    []string    // one of them, or a technique below one of them; none is any
	exclude []string    // ids or titles
}

// statuses in ascending order of trust. Source: Sigma rules specification 2.1, "Status".
var statuses = []string{"unsupported", "deprecated", "experimental", "test", "stable"}

func newChoice(level, status string, tags, exclude []string) (choice, error) {
	c := choice{status: strings.ToLower(status), exclude: exclude}
	if level != "" {
		var ok bool
		if c.level, ok = sigma.ParseLevel(strings.ToLower(level)); !ok {
			return c, fmt.Errorf("level %q is not known; the levels are informational, low, medium, high and critical", level)
		}
	}
	if c.status != "" && !slices.Contains(statuses, c.status) {
		return c, fmt.Errorf("status %q is not known; the statuses are %s", status, strings.Join(statuses, ", "))
	}
	for _, t := range tags {
		c.tags = append(c.tags, strings.ToLower(t))
	}
	return c, nil
}

// wants tells whether a rule's hits are to be told.
func (c *choice) wants(r *sigma.Rule) bool {
	if r.Level < c.level {
		return false
	}
	if c.status != "" && slices.Index(statuses, r.Status) < slices.Index(statuses, c.status) {
		return false
	}
	if len(c.tags) > 0 && !slices.ContainsFunc(r.Tags, c.tagged) {
		return false
	}
	return !slices.ContainsFunc(c.exclude, func(x string) bool { return named(r, x) })
}

func (c *choice) tagged(tag string) bool {
	tag = strings.ToLower(tag)
	return slices.ContainsFunc(c.tags, func(want string) bool {
		for _, full := range []string{want, "attack." + want} {
			if tag == full || strings.HasPrefix(tag, full+".") {
				return true
			}
		}
		return false
	})
}
