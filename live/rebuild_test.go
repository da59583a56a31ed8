package live

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/evtx"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/internal/refdata"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/store"
)

// cutFile cuts a file into blocks, nil where no format knows it.
func cutFile(path string, data []byte) []event.Block {
	head := string(data[:min(len(data), 64<<10)])
	o := &event.Origin{Path: path, Format: "evtx", Reference: reference}
	var split source.Splitter = evtx.NewSplitter()
	if evtx.Detect(head) == 0 {
		f := parse.Recognise(parse.Formats, head)
		if f == nil {
			return nil
		}
		o.Format, split = f.Name, f.NewSplitter()
	}
	var list []event.Block
	next := event.Block{Origin: o, First: 1}
	for len(data) > 0 {
		view := data[:min(len(data), 8<<20)]
		cut := split.Split(view, len(view) == len(data))
		if cut.Skip+cut.Size == 0 {
			return list
		}
		next.Header = cut.Header
		next.Offset += int64(cut.Skip)
		next.First += int64(strings.Count(string(data[:cut.Skip]), "\n"))
		next.Data = string(data[cut.Skip : cut.Skip+cut.Size])
		if cut.Size > 0 {
			list = append(list, next)
		}
		next.Offset += int64(cut.Size)
		next.First += int64(strings.Count(next.Data, "\n"))
		data = data[cut.Skip+cut.Size:]
	}
	return list
}

// communityEngine runs the built-in rules and those of the community.
func communityEngine(tb testing.TB) *detect.Engine {
	tb.Helper()
	places := []string{rules.BuiltinPath}
	for _, p := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting", "unsupported"} {
		places = append(places, refdata.Path(tb, "sigma/"+p))
	}
	loaded, err := rules.Load(places, rules.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	set, _ := sigma.Collect(loaded.Rules)
	runnable, _ := detect.Runnable(set.Correlations)
	e, err := detect.New(set.Rules, runnable, sigma.BuiltinLogSources(), detect.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// told is what is compared of hits: the rule, and the event or the group.
type told map[string]int

func (t told) hit(r *sigma.Rule, h *detect.Hit) error {
	key := fmt.Sprintf("%s %s:%d", r.Title, h.File, h.Record)
	if r.Correlation != nil {
		key += fmt.Sprintf(" %d %v", h.Count, h.Events)
	}
	t[key]++
	return nil
}

// match runs a batch, and keeps what hits it and what its events are, by their places.
func (t told) match(tb testing.TB, e *detect.Engine, w *detect.Worker, b *event.Batch) {
	r := w.Match(b)
	if err := e.Gather(r); err != nil {
		tb.Fatal(err)
	}
	for i := range r.Hits {
		_ = t.hit(r.Hits[i].Rule, &r.Hits[i].Hit)
	}
}

// rebuildCase is a kind of logs.
type rebuildCase struct {
	name  string
	files func(testing.TB) map[string][]byte
}

func referenceFiles(folder, suffix string) func(testing.TB) map[string][]byte {
	return func(tb testing.TB) map[string][]byte { return refdata.Files(tb, folder, suffix) }
}

var rebuildCases = []rebuildCase{
	{name: "small-company", files: func(tb testing.TB) map[string][]byte {
		files := make(map[string][]byte)
		list, _ := filepath.Glob("../examples/small-company/*")
		for _, p := range list {
			data, err := os.ReadFile(p)
			if err != nil {
				tb.Fatal(err)
			}
			files[filepath.Base(p)] = data
		}
		return files
	}},
	{name: "stratus", files: referenceFiles("stratus-red-team", ".json")},
	{name: "security-datasets", files: referenceFiles("security-datasets", ".json")},
	{name: "evtx", files: referenceFiles("evtx-to-mitre", ".evtx")},
	{name: "crowdsec", files: referenceFiles("crowdsec-hub", ".log")},
}

// Rules say of the events that are made again of what is kept what they said of those that came in.
func TestRebuildHitsTheSame(t *testing.T) {
	for _, c := range rebuildCases {
		t.Run(c.name, func(t *testing.T) {
			files := c.files(t)
			e1, e2 := communityEngine(t), communityEngine(t)
			want, got := make(told), make(told)
			w := e1.NewWorker()
			env := &parse.Env{}
			s := newSiteWith(t, func(o *Options) { o.Parser = formats.Parser; o.Checkpoint = time.Hour })
			before, after := 0, 0
			s.run(func() {
				for _, path := range slices.Sorted(maps.Keys(files)) {
					for _, b := range cutFile(path, files[path]) {
						batch := new(event.Batch)
						formats.Parser(b.Origin.Format, env).Parse(b, batch)
						before += len(batch.Events)
						want.match(t, e1, w, batch)
						s.deliver(source.Delivery{Block: b, Stream: path, Position: fmt.Sprint(b.Offset)})
					}
				}
			})
			if err := e1.Finish(want.hit); err != nil {
				t.Fatal(err)
			}
			if err := s.store.Reveal(); err != nil {
				t.Fatal(err)
			}
			q, err := query.Parse("not dataset:tocsin")
			if err != nil {
				t.Fatal(err)
			}
			r := NewRebuild(formats.Parser)
			w = e2.NewWorker()
			err = s.store.Query(context.Background(), q, func(b *store.Block) error {
				batch := r.Events(b.Names, b.Columns, b.Rows)
				after += len(batch.Events)
				got.match(t, e2, w, batch)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := e2.Finish(got.hit); err != nil {
				t.Fatal(err)
			}
			s.close()
			if before != after {
				t.Errorf("%d events are kept of %d", after, before)
			}
			got.compare(t, want)
			t.Logf("%d events, %d hits; of rows %d", before, len(want), len(got))
		})
	}
}

func (t told) compare(tb testing.TB, want told) {
	tb.Helper()
	n := 0
	say := func(what, key string) {
		if n++; n <= 40 {
			tb.Errorf("%s: %.300s", what, key)
		}
	}
	for key, count := range want {
		if t[key] < count {
			say("lost", key)
		}
	}
	for key, count := range t {
		if want[key] < count {
			say("new", key)
		}
	}
	if n > 0 {
		tb.Errorf("%d differ", n)
	}
	if len(want) == 0 {
		tb.Error("nothing is hit: the test shows nothing")
	}
}

// Of every format there is, events made again have the format, the place and the fields of those that came in.
func TestRebuildEvents(t *testing.T) {
	s := newSiteWith(t, func(o *Options) { o.Parser = formats.Parser })
	env := &parse.Env{}
	var want []event.Event
	s.run(func() {
		for _, f := range parse.Formats {
			for _, b := range cutFile(f.Name, []byte(f.Example)) {
				batch := new(event.Batch)
				formats.Parser(b.Origin.Format, env).Parse(b, batch)
				want = append(want, batch.Events...)
				s.deliver(source.Delivery{Block: b, Stream: f.Name, Position: fmt.Sprint(b.Offset)})
			}
		}
	})
	if err := s.store.Reveal(); err != nil {
		t.Fatal(err)
	}
	got := make(map[string][]event.Event)
	r := NewRebuild(formats.Parser)
	all, err := query.Parse("not dataset:tocsin")
	if err == nil {
		err = s.store.Query(context.Background(), all, func(b *store.Block) error {
			batch := r.Events(b.Names, b.Columns, b.Rows)
			for i := range batch.Events {
				e := batch.Events[i].Clone()
				got[place(&e)] = append(got[place(&e)], e)
			}
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	s.close()
	if len(want) < len(parse.Formats) {
		t.Fatalf("%d events of %d formats", len(want), len(parse.Formats))
	}
	for i := range want {
		f := want[i].Shape.Format
		if !slices.ContainsFunc(parse.Dialects(f.Name), func(d *event.Format) bool { return d.LogSource == f.LogSource }) {
			t.Errorf("the dialect %s of %v is not known", f.Name, f.LogSource)
		}
		sameEvent(t, &want[i], got[place(&want[i])])
	}
}

func place(e *event.Event) string { return fmt.Sprintf("%s:%d", e.Origin.Path, e.Record) }

func sameEvent(t *testing.T, want *event.Event, list []event.Event) {
	t.Helper()
	var why string
	for i := range list {
		if why = differs(want, &list[i]); why == "" {
			return
		}
	}
	t.Errorf("%s, %s: %d events there; %s", place(want), want.Shape.Format.Name, len(list), why)
}

// differs says how an event is not what it was.
func differs(want, got *event.Event) string {
	if a, b := want.Shape.Format, got.Shape.Format; a.Name != b.Name || a.LogSource != b.LogSource {
		return fmt.Sprintf("it is of %v, not %v", b, a)
	}
	if want.Time != got.Time && want.Time != 0 {
		return fmt.Sprintf("it is of %s, not %s", got.When(), want.When())
	}
	for i, name := range want.Shape.Fields() {
		a, b := want.Values[i].String(), got.Get(name).String()
		if a != b {
			return fmt.Sprintf("%s is %q, not %q", name, b, a)
		}
	}
	return ""
}
