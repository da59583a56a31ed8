package rules

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/sigma"
)

// Tests is a rule file with the tests that lie beside it; see ruletest.Test for what is in them.
type Tests struct {
	File string // the rule file, as diagnostics call it
	Name string // the test file; "" where there is none
	Data []byte // of the test file
}

var testSuffixes = []string{".test.yml", ".test.yaml"}

// testBase returns the path of a test file without what makes it one.
func testBase(p string) (string, bool) {
	for _, s := range testSuffixes {
		if base, ok := strings.CutSuffix(p, s); ok {
			return base, true
		}
	}
	return "", false
}

// RuleFileOf returns the rule file that a test file lies beside, for a test file that a user names; any other place as
// it is.
func RuleFileOf(place string) string {
	if base, ok := testBase(place); ok {
		return base + place[strings.LastIndexByte(place, '.'):]
	}
	return place
}

// FindTests finds the tests of all rule files of some places, which are as Load's, in the same order. Tests that lie
// beside no rule file are told, as are two files of tests for one rule file.
func FindTests(places []string, opt Options) ([]Tests, []sigma.Diagnostic, error) {
	if len(places) == 0 {
		places = []string{BuiltinPath, InstalledPath}
	}
	var out []Tests
	var diags []sigma.Diagnostic
	seen, used := make(map[string]bool), make(map[string]bool) // rule files; test files
	for _, p := range places {
		files, err := gather(p, opt.Packs)
		if err != nil {
			return nil, nil, err
		}
		for i := range files {
			f := &files[i]
			if seen[f.name] {
				continue
			}
			seen[f.name] = true
			t, d, err := f.tests()
			if err != nil {
				return nil, nil, err
			}
			used[t.Name] = true
			for i := range d {
				used[d[i].File] = true
			}
			out, diags = append(out, t), append(diags, d...)
		}
		lone, err := loneTests(files, used)
		if err != nil {
			return nil, nil, err
		}
		diags = append(diags, lone...)
	}
	return out, diags, nil
}

// tests finds what lies beside a rule file.
func (f *file) tests() (t Tests, diags []sigma.Diagnostic, err error) {
	t.File = f.name
	if f.fsys == nil {
		return t, nil, nil
	}
	base := strings.TrimSuffix(f.path, path.Ext(f.path))
	root := strings.TrimSuffix(f.name, path.Ext(f.name))
	for _, suffix := range testSuffixes {
		name := root + suffix
		data, err := readFile(f.fsys, base+suffix, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return t, nil, err
		case t.Name != "":
			diags = append(diags, sigma.Diagnostic{Pos: sigma.Pos{File: name}, Message: fmt.Sprintf("the tests of %s are in %s already", f.name, t.Name)})
		default:
			t.Name, t.Data = name, data
		}
	}
	return t, diags, nil
}

// loneTests finds the tests in the folders of files that lie beside none of them.
func loneTests(files []file, used map[string]bool) ([]sigma.Diagnostic, error) {
	var diags []sigma.Diagnostic
	var done []fs.FS
	for i := range files {
		f := &files[i]
		if f.named || f.fsys == nil || slices.Contains(done, f.fsys) {
			continue
		}
		done = append(done, f.fsys)
		prefix := f.name[:len(f.name)-len(f.path)]
		err := fs.WalkDir(f.fsys, ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if p != "." && strings.HasPrefix(d.Name(), ".") {
					return fs.SkipDir
				}
				return nil
			}
			if _, is := testBase(p); is && !used[prefix+p] && !strings.HasPrefix(d.Name(), ".") {
				used[prefix+p] = true
				diags = append(diags, sigma.Diagnostic{Pos: sigma.Pos{File: prefix + p}, Message: "there is no rule file of the same name beside these tests"})
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("find tests below %s: %w", prefix, err)
		}
	}
	return diags, nil
}

// testReference settles the year of times in tests that state none: they are of 2026.
var testReference = time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)

// ReadLines appends the events of lines of the named format to out; "" is the one that knows them best. It is how the
// lines of tests are read: through the parser that reads them in real life.
func ReadLines(format, lines string, out *event.Batch) error {
	f := parse.Recognise(parse.Formats, lines[:min(len(lines), 64<<10)])
	if format != "" {
		if f = formatOf(format); f == nil {
			return fmt.Errorf("the format %q is not known; the formats are %s", format, strings.Join(formatNames(), ", "))
		}
	}
	if f == nil {
		return errors.New("no format knows these lines")
	}
	origin := &event.Origin{Path: "test", Format: f.Name, Reference: testReference}
	split, p := f.NewSplitter(), f.NewParser(new(parse.Env))
	block := event.Block{Origin: origin, First: 1}
	for rest := lines; rest != ""; {
		cut := split.Split([]byte(rest), true)
		if cut.Lost != "" {
			out.Fail(origin, block.Offset, cut.Lost)
		}
		if cut.Header != "" {
			block.Header = cut.Header
		}
		end := cut.Skip + cut.Size
		if end <= 0 || end > len(rest) {
			out.Fail(origin, block.Offset, "the rest is no whole record")
			break
		}
		block.First += int64(strings.Count(rest[:cut.Skip], "\n"))
		block.Offset += int64(cut.Skip)
		block.Data = rest[cut.Skip:end]
		if cut.Size > 0 {
			p.Parse(block, out)
		}
		block.First += int64(strings.Count(block.Data, "\n"))
		block.Offset += int64(cut.Size)
		rest = rest[end:]
	}
	return nil
}

func formatOf(name string) *parse.Format {
	i := slices.IndexFunc(parse.Formats, func(f *parse.Format) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return parse.Formats[i]
}

func formatNames() []string {
	names := make([]string, len(parse.Formats))
	for i, f := range parse.Formats {
		names[i] = f.Name
	}
	return names
}
