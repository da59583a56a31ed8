// Package refdata gives tests the reference data: real logs and the community's rules, which stand beside the repository
// and are no part of it. A test that asks for what is not there is skipped, and says so.
package refdata

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/evtx"
	"github.com/tocsin-sec/tocsin/parse"
)

// Path returns the place of a file or folder of the reference data: under $TOCSIN_DATA, or under ../shared/data from
// the root of the repository.
func Path(tb testing.TB, name string) string {
	tb.Helper()
	root := os.Getenv("TOCSIN_DATA")
	if root == "" {
		wd, err := os.Getwd()
		if err != nil {
			tb.Fatal(err)
		}
		for dir := wd; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				root = filepath.Join(filepath.Dir(dir), "shared", "data")
				break
			}
			if dir == filepath.Dir(dir) {
				tb.Fatalf("no go.mod above %s", wd)
			}
		}
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("SKIPPED: the reference data is not here: %v", err)
	}
	return path
}

// Files returns the contents of all files below a folder of the reference data whose names end in suffix, by path.
func Files(tb testing.TB, folder, suffix string) map[string][]byte {
	tb.Helper()
	root := Path(tb, folder)
	files := make(map[string][]byte)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		files[filepath.ToSlash(rel)] = data
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

// Parser turns whole files into events, as a run does, and keeps what a run keeps between them.
type Parser struct {
	Env  parse.Env
	evtx *evtx.Parser
}

// Parse appends the events of one file to a batch.
func (p *Parser) Parse(tb testing.TB, path string, data []byte, out *event.Batch) {
	tb.Helper()
	var split parse.Splitter
	var parser parse.Parser
	name := "evtx"
	if evtx.Detect(string(data)) > 0 {
		if p.evtx == nil {
			p.evtx = evtx.NewParser(&p.Env.Shapes)
		}
		split, parser = evtx.NewSplitter(), p.evtx
	} else {
		f := parse.Recognise(parse.Formats, string(data[:min(len(data), 64<<10)]))
		if f == nil {
			tb.Fatalf("%s: no format knows it", path)
		}
		name, split, parser = f.Name, f.NewSplitter(), f.NewParser(&p.Env)
	}
	block := event.Block{Origin: &event.Origin{Path: path, Format: name}, First: 1}
	for len(data) > 0 {
		cut := split.Split(data, true)
		if cut.Skip+cut.Size == 0 {
			return
		}
		block.Header = cut.Header
		block.Offset += int64(cut.Skip)
		block.First += int64(strings.Count(string(data[:cut.Skip]), "\n"))
		block.Data = string(data[cut.Skip : cut.Skip+cut.Size])
		if cut.Size > 0 {
			parser.Parse(block, out)
		}
		block.Offset += int64(cut.Size)
		block.First += int64(strings.Count(block.Data, "\n"))
		data = data[cut.Skip+cut.Size:]
	}
}

// Events returns the events of all files below some folders of the reference data whose names end in suffix.
func Events(tb testing.TB, suffix string, folders ...string) *event.Batch {
	tb.Helper()
	var p Parser
	out := &event.Batch{}
	for _, folder := range folders {
		files := Files(tb, folder, suffix)
		names := make([]string, 0, len(files))
		for n := range files {
			names = append(names, n)
		}
		slices.Sort(names)
		for _, n := range names {
			p.Parse(tb, folder+"/"+n, files[n], out)
		}
	}
	return out
}
