package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
	"unsafe"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/internal/refdata"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/source"
)

// TestBlocksAreUsedAgain reads the reference data twice: with blocks that stay as they are, and with one memory for all
// blocks of a file, which is filled with 0xFF as soon as a block was matched. What is kept of a block must not change.
func TestBlocksAreUsedAgain(t *testing.T) {
	set, err := settings.LoadRules(&settings.RuleKeys{Rules: []string{"builtin", refdata.Path(t, "sigma/rules")}})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := detect.New(set.Rules, set.Correlations, set.Sources, detect.Options{Senses: &sense.Options{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{
		"evtx-to-mitre", "omerbenamram-evtx", "stratus-red-team", "elastic-examples", "security-datasets",
	} {
		t.Run(dir, func(t *testing.T) {
			in := refdata.Path(t, dir)
			want := keptOf(t, engine, in, false)
			got := keptOf(t, engine, in, true)
			if len(want) != len(got) {
				t.Fatalf("%d results with blocks that are used again, %d without", len(got), len(want))
			}
			told := 0
			for i := range want {
				a, b := rendered(t, want[i]), rendered(t, got[i])
				if told += len(want[i].Hits) + len(want[i].Sightings); !bytes.Equal(a, b) {
					at := 0
					for at < min(len(a), len(b)) && a[at] == b[at] {
						at++
					}
					from := max(0, at-200)
					t.Fatalf("block %d: what is kept has changed:\n%s\nnot\n%s", i, b[from:min(len(b), at+200)], a[from:min(len(a), at+200)])
				}
			}
			if told == 0 {
				t.Error("nothing was told, so nothing was tried")
			}
		})
	}
}

// keptOf returns what a worker makes of all blocks of a folder.
func keptOf(t *testing.T, engine *detect.Engine, dir string, poison bool) []*detect.Result {
	t.Helper()
	files, err := source.NewFiles([]string{dir}, source.Options{Recognise: formats.Recognise, Zone: time.UTC, BlockSize: 64 << 10, Reuse: poison})
	if err != nil {
		t.Fatal(err)
	}
	var env parse.Env
	parsers := make(map[string]parse.Parser)
	match, batch := engine.NewWorker(), new(event.Batch)
	var kept []*detect.Result
	err = files.Blocks(t.Context(), func(b event.Block, _ *event.Unread) bool {
		if b.Data == "" {
			return true
		}
		p := parsers[b.Origin.Format]
		if p == nil {
			p = formats.Parser(b.Origin.Format, &env)
			parsers[b.Origin.Format] = p
		}
		p.Parse(b, batch)
		kept = append(kept, match.Match(batch))
		batch.Reset()
		if poison {
			files.Release(b)
			for i, data := 0, unsafe.Slice(unsafe.StringData(b.Data), len(b.Data)); i < len(data); i++ {
				data[i] = 0xFF
			}
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func rendered(t *testing.T, r *detect.Result) []byte {
	t.Helper()
	for i := range r.Hits {
		r.Hits[i].Rule = nil
	}
	for i := range r.Observations {
		r.Observations[i].Rule = nil
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
