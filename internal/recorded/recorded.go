// Package recorded gives tests the events of the reference data (package refdata), read as a run reads them.
package recorded

import (
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/internal/refdata"
	"github.com/tocsin-sec/tocsin/parse"
)

// Parser turns whole files into events, as a run does; they share the shapes of events.
type Parser struct{ Env parse.Env }

// Parse appends the events of one file to a batch.
func (p *Parser) Parse(tb testing.TB, path string, data []byte, out *event.Batch) {
	tb.Helper()
	f := parse.Recognise(formats.All, string(data[:min(len(data), 64<<10)]))
	if f == nil {
		tb.Fatalf("%s: no format knows it", path)
	}
	split, parser := f.NewSplitter(), f.NewParser(&p.Env)
	block := event.Block{Origin: &event.Origin{Path: path, Format: f.Name}, First: 1}
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
		files := refdata.Files(tb, folder, suffix)
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
