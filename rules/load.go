package rules

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tocsin-sec/tocsin/sigma"
)

// Options are what loading depends on besides the places. The zero value is good.
type Options struct {
	Sigma   sigma.LoadOptions
	Packs   string // the folder of installed packs; "": there are none
	Workers int    // files read at a time; 0: one for each processor
}

// Loaded is what a list of places came to.
type Loaded struct {
	Rules       []*sigma.Rule      // in the order of the places, within one by name of file, within a file as it stands
	Diagnostics []sigma.Diagnostic // in the same order
	Files       int                // rule files read
	Refused     int                // documents with an error, none of which is in Rules
	Ignored     []string           // YAML files in folders and archives that are no rules: no detection, correlation or filter
}

// Load reads the rules of all places. A place is a folder (searched for .yml and .yaml, without hidden folders), a rule
// file, a .zip or .tar.gz of rule files, or one of the names "builtin", "installed", "pack:NAME" and "builtin:FILE".
// No places mean "builtin" and "installed". A file that two places name is read once.
//
// A place that cannot be read is an error; a rule that cannot be used is not: it is counted in Loaded.Refused and
// explained in Loaded.Diagnostics.
func Load(places []string, opt Options) (*Loaded, error) {
	if len(places) == 0 {
		places = []string{BuiltinPath, InstalledPath}
	}
	var files []file
	set := &Loaded{}
	seen := make(map[string]bool)
	for _, p := range places {
		found, err := gather(p, opt.Packs)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if !seen[f.name] {
				seen[f.name] = true
				files = append(files, f)
			}
		}
	}
	return set, set.read(files, opt)
}

// loaded is what one file came to.
type loaded struct {
	rules   []*sigma.Rule
	diags   []sigma.Diagnostic
	refused int
	ignored bool
	err     error
}

// read loads the files in parallel and puts what they hold into s, in their order.
func (s *Loaded) read(files []file, opt Options) error {
	out := make([]loaded, len(files))
	workers := opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, len(files)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return
				}
				out[i] = files[i].load(opt.Sigma)
			}
		})
	}
	wg.Wait()
	for i, l := range out {
		if l.err != nil {
			return l.err
		}
		if l.ignored {
			s.Ignored = append(s.Ignored, files[i].name)
			continue
		}
		s.Files++
		s.Rules = append(s.Rules, l.rules...)
		s.Diagnostics = append(s.Diagnostics, l.diags...)
		s.Refused += l.refused
	}
	return nil
}

func (f *file) load(opt sigma.LoadOptions) loaded {
	data, err := f.read()
	if err != nil {
		return loaded{err: err}
	}
	if !f.named && !isRuleFile(data) {
		return loaded{ignored: true}
	}
	r, d := sigma.Load(f.name, data, opt)
	return loaded{rules: r, diags: d, refused: refusedDocuments(data, d)}
}

// isRuleFile tells whether a YAML file that was only found, not named, is meant as rules.
func isRuleFile(data []byte) bool {
	for _, key := range []string{"detection", "correlation", "filter", "logsource"} {
		if hasKey(data, key) {
			return true
		}
	}
	return false
}

// hasKey tells whether a line begins with the key and a colon.
func hasKey(data []byte, key string) bool {
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte(key))
		if i < 0 {
			return false
		}
		at += i
		start, end := at == 0 || data[at-1] == '\n', at+len(key)
		if start && end < len(data) && (data[end] == ':' || data[end] == ' ') {
			return true
		}
		at = end
	}
}

// refusedDocuments counts the YAML documents of a file in which an error was found.
func refusedDocuments(data []byte, diags []sigma.Diagnostic) int {
	var lines []int
	for _, d := range diags {
		if d.Severity == sigma.Error {
			lines = append(lines, d.Line)
		}
	}
	if len(lines) == 0 {
		return 0
	}
	starts := []int{0}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if bytes.HasPrefix(line, []byte("---")) {
			starts = append(starts, n)
		}
	}
	docs := make(map[int]bool)
	for _, l := range lines {
		i, found := slices.BinarySearch(starts, l)
		if !found {
			i--
		}
		docs[i] = true
	}
	return len(docs)
}

// Errors returns the diagnostics for which a rule was refused.
func (s *Loaded) Errors() []sigma.Diagnostic {
	var out []sigma.Diagnostic
	for _, d := range s.Diagnostics {
		if d.Severity == sigma.Error {
			out = append(out, d)
		}
	}
	return out
}

func sortFiles(files []file) {
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
}

// isYAML tells by the name whether a file may hold rules; the tests that lie beside rules are none.
func isYAML(name string) bool {
	n := strings.ToLower(name)
	return (strings.HasSuffix(n, ".yml") || strings.HasSuffix(n, ".yaml")) &&
		!strings.HasSuffix(n, ".test.yml") && !strings.HasSuffix(n, ".test.yaml")
}

func tooLarge(name string) error {
	return fmt.Errorf("read %s: larger than %d MiB, the limit of a rule file", name, maxRuleFile>>20)
}
