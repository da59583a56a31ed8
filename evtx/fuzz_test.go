package evtx

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
)

// FuzzParse reads whatever it is given as a stream: it must not panic or hang, must account for every byte, and must
// make the same events whatever was read before.
func FuzzParse(f *testing.F) {
	f.Add(sample(3)[:fileHeader+8000])
	for _, c := range []func(w *chunkWriter){
		func(w *chunkWriter) { w.event(1, 1, types, typesValues()...) },
		func(w *chunkWriter) { w.event(2, 2, classic, raw(typeString|typeArray, utf16le("a\x00b\x00")...)) },
		func(w *chunkWriter) { w.event(4, 4, user, str("p"), num32(5)) },
		func(w *chunkWriter) {
			w.record(5, ticks, func() { w.byte(tokenFragment, 1, 1, 0); w.element(inlineEvent("77"), false) })
		},
	} {
		w := newChunk()
		c(w)
		chunk := w.finish()
		f.Add(chunk[:min(len(chunk), 8000)])
	}
	if dir := filepath.Join("..", "..", "shared", "data", "omerbenamram-evtx", "samples"); hasDir(dir) {
		for _, name := range []string{"MSExchange_Management_wec.evtx", "issue_201.evtx", "new-user-security.evtx"} {
			if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
				f.Add(data[:12_000])
				f.Add(data[fileHeader:16_000])
			}
		}
	}
	warm := NewParser(&event.Shapes{}) // has read every input before
	f.Fuzz(func(t *testing.T, data []byte) {
		out := readAll(t, "fuzz", data, 1<<20)
		for i := range out.Events {
			e := &out.Events[i]
			if len(e.Values) != len(e.Shape.Fields()) {
				t.Fatalf("%d values for %d fields", len(e.Values), len(e.Shape.Fields()))
			}
			for _, v := range e.Values {
				_ = v.AppendJSON(nil)
			}
		}
		if max := len(data)/recordFrame + 1; len(out.Events) > max {
			t.Fatalf("%d events of %d bytes", len(out.Events), len(data))
		}
		again := &event.Batch{}
		block := event.Block{Origin: &event.Origin{}, Data: string(data)}
		warm.Parse(block, again)
		fresh := &event.Batch{}
		NewParser(&event.Shapes{}).Parse(block, fresh)
		if len(again.Events) != len(fresh.Events) || len(again.Unread) != len(fresh.Unread) {
			t.Fatalf("%d events, %d unread; by a fresh parser %d, %d", len(again.Events), len(again.Unread), len(fresh.Events), len(fresh.Unread))
		}
		for i := range again.Events {
			a, b := &again.Events[i], &fresh.Events[i]
			for j, v := range a.Values {
				if v != b.Values[j] || a.Shape.Fields()[j] != b.Shape.Fields()[j] {
					t.Fatalf("record %d: %s is %q, by a fresh parser %s %q", a.Record, a.Shape.Fields()[j], v, b.Shape.Fields()[j], b.Values[j])
				}
			}
		}
	})
}

func hasDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
