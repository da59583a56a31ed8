package rules

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Set is what is looked for: rules that were loaded, rewritten, and put together with what they depend on.
type Set struct {
	*sigma.Collection
	Sources     *sigma.LogSources
	Files       int      // of rules
	Ignored     []string // YAML files that are no rules
	Refused     int
	Diagnostics []sigma.Diagnostic // of all that was loaded

	Replaced map[string]string // ids of armed rules that stand in for others, with the files of these
}

// Form says what becomes of rules that were loaded.
type Form struct {
	Pipelines sigma.Pipelines // that rewrite them
	Sources   *sigma.LogSources
	Armed     string // a folder whose rules stand in for those of other places that have their ids; "": none
}

// NewSet puts together what was loaded. A rule that cannot be used is counted.
func NewSet(loaded *Loaded, f Form) *Set {
	set := &Set{Sources: f.Sources, Files: loaded.Files, Ignored: loaded.Ignored, Refused: loaded.Refused, Diagnostics: loaded.Diagnostics}
	set.giveWay(loaded, f.Armed)
	rewritten, diags := f.Pipelines.ApplyAll(loaded.Rules)
	set.note(diags)
	set.Collection, diags = sigma.Collect(rewritten)
	set.note(diags)
	set.Correlations, diags = detect.Runnable(set.Correlations)
	set.note(diags)
	return set
}

// giveWay leaves out the rules of other places that have the id of one in the folder of the armed ones: it stands in for them.
func (s *Set) giveWay(loaded *Loaded, armed string) {
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
	s.Replaced = make(map[string]string)
	loaded.Rules = slices.DeleteFunc(loaded.Rules, func(r *sigma.Rule) bool {
		if !own[r.ID] || inside(r) {
			return false
		}
		s.Replaced[r.ID] = r.Pos.File
		return true
	})
}

// note keeps diagnostics, each error of which costs a rule.
func (s *Set) note(diags []sigma.Diagnostic) {
	s.Diagnostics = append(s.Diagnostics, diags...)
	for _, d := range diags {
		if d.Severity == sigma.Error {
			s.Refused++
		}
	}
}

// Has tells whether a rule has that id or title.
func (s *Set) Has(name string) bool {
	is := func(r *sigma.Rule) bool { return Named(r, name) }
	return slices.ContainsFunc(s.Rules, is) || slices.ContainsFunc(s.Correlations, is)
}

// LoadPipelines reads processing pipelines; all that is wrong with any of them is in the error.
func LoadPipelines(files []string) (sigma.Pipelines, error) {
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

// Written returns the rules of a set that somebody wrote, detections first. Those that were made from an old
// aggregation stand for themselves as the correlation that they became.
func (s *Set) Written() []*sigma.Rule {
	inner := make(map[*sigma.Rule]bool)
	for _, c := range s.Correlations {
		if c.Correlation.Implicit {
			for _, ref := range c.Correlation.Rules {
				inner[ref.Rule] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Concat(s.Rules, s.Correlations), func(r *sigma.Rule) bool { return inner[r] })
}

// Origin says where a rule comes from: builtin, the name of a pack, or its file. packs is the folder of installed packs, or "".
func Origin(r *sigma.Rule, packs string) string {
	if strings.HasPrefix(r.Pos.File, BuiltinPath+":") {
		return BuiltinPath
	}
	if packs != "" {
		if rel, err := filepath.Rel(packs, r.Pos.File); err == nil && filepath.IsLocal(rel) {
			pack, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
			return PackPrefix + pack
		}
	}
	return r.Pos.File
}

// UnheardHint says what to do about rules for whose log source no event is known.
const UnheardHint = "say which events these are in a file for --logsources"

// Sorted returns diagnostics by file and place; those of one place stay in order.
func Sorted(diags []sigma.Diagnostic) []sigma.Diagnostic {
	diags = slices.Clone(diags)
	slices.SortStableFunc(diags, func(a, b sigma.Diagnostic) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return diags
}

// Unheard returns the detections for whose log source no event is known.
func (s *Set) Unheard() []*sigma.Rule {
	known := make(map[event.LogSource]bool)
	var list []*sigma.Rule
	for _, r := range s.Rules {
		k, ok := known[r.LogSource]
		if !ok {
			k = s.Sources.Known(r.LogSource)
			known[r.LogSource] = k
		}
		if !k {
			list = append(list, r)
		}
	}
	return list
}

// Telling counts by file the rules that hit on their own.
func (s *Set) Telling() map[string]int {
	n := make(map[string]int)
	for _, r := range s.Written() {
		if !r.Silent {
			n[r.Pos.File]++
		}
	}
	return n
}

// Find returns the rules that have an id, or the beginning of one, or a title.
func (s *Set) Find(name string) []*sigma.Rule {
	const enough = 8
	var list []*sigma.Rule
	for _, r := range s.Written() {
		if Named(r, name) || len(name) >= enough && strings.HasPrefix(strings.ToLower(r.ID), strings.ToLower(name)) {
			list = append(list, r)
		}
	}
	return list
}

// NamesRules tells whether a file is one of rules, and not of their tests.
func NamesRules(path string) bool {
	ext := filepath.Ext(path)
	return (ext == ".yml" || ext == ".yaml") && !strings.HasSuffix(strings.TrimSuffix(path, ext), ".test")
}
