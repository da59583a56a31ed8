package detect_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/evtx"
	"github.com/tocsin-sec/tocsin/internal/recorded"
	"github.com/tocsin-sec/tocsin/internal/refdata"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
)

// correlationEngine makes an Engine of the correlations of tocsin and of the community.
func correlationEngine(t testing.TB) *detect.Engine {
	set, err := rules.Load([]string{rules.BuiltinPath, refdata.Path(t, "sigma/unsupported"), refdata.Path(t, "sigma/rules")}, rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, _ := sigma.Collect(set.Rules)
	correlations, _ := detect.Runnable(all.Correlations)
	wanted := func(r *sigma.Rule) bool { return r.Correlation != nil }
	e, err := detect.New(all.Rules, correlations, sigma.BuiltinLogSources(), detect.Options{Wanted: wanted})
	if err != nil {
		t.Fatal(err)
	}
	if len(correlations) < 60 {
		t.Errorf("only %d correlations", len(correlations))
	}
	return e
}

// observations returns what correlations need of the reference data's logs, file by file.
func observations(t testing.TB, e *detect.Engine) [][]detect.Observation {
	w := e.NewWorker()
	var p recorded.Parser
	var out [][]detect.Observation
	for _, k := range []struct{ folder, suffix string }{
		{"crowdsec-hub/.tests", ".log"}, {"omerbenamram-evtx", ".evtx"}, {"velocidex-evtx", ".evtx"}, {"evtx-to-mitre", ".evtx"},
	} {
		files := refdata.Files(t, k.folder, k.suffix)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			data := files[name]
			if k.suffix == ".log" && parse.Recognise(parse.Formats, string(data[:min(len(data), 64<<10)])) == nil ||
				k.suffix == ".evtx" && evtx.Detect(string(data)) == 0 {
				continue
			}
			var batch event.Batch
			p.Parse(t, k.folder+"/"+name, data, &batch)
			if obs := w.Match(&batch).Observations; len(obs) > 0 {
				out = append(out, obs)
			}
		}
	}
	return out
}

// disorder says how much later than one after it an observation may stand in its file.
func disorder(files [][]detect.Observation) (most int64) {
	for _, obs := range files {
		newest := obs[0].Time
		for i := range obs {
			if obs[i].Time == 0 {
				continue
			}
			newest = max(newest, obs[i].Time)
			most = max(most, newest-obs[i].Time)
		}
	}
	return most
}

func lines(hits []*detect.Hit) []string {
	var out []string
	for _, h := range hits {
		b, err := json.Marshal(h)
		if err != nil {
			panic(err)
		}
		out = append(out, string(b))
	}
	slices.Sort(out)
	return out
}

// TestLiveOnReferenceData brings recorded logs in at once, each file as a stream, in batches of any size, stopping now
// and then; the hits must be those of a hunt.
func TestLiveOnReferenceData(t *testing.T) {
	e := correlationEngine(t)
	files := observations(t, e)
	var hunted []*detect.Hit
	n := 0
	for _, obs := range files {
		n += len(obs)
		if err := e.Gather(&detect.Result{Observations: obs}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Finish(func(_ *sigma.Rule, h *detect.Hit) error { hunted = append(hunted, h); return nil }); err != nil {
		t.Fatal(err)
	}
	want := lines(hunted)
	lateness := time.Duration(disorder(files))
	t.Logf("%d files, %d observations, %d hits, disorder of %v", len(files), n, len(want), lateness)
	if len(want) < 50 || n < 1000 {
		t.Errorf("only %d hits in %d observations", len(want), n)
	}
	sorted := make([][]detect.Observation, len(files))
	for i, obs := range files {
		sorted[i] = slices.SortedStableFunc(slices.Values(obs), func(a, b detect.Observation) int { return cmp.Compare(a.Time, b.Time) })
	}
	for seed := range uint64(6) {
		files, lateness := files, lateness
		if seed%2 == 1 {
			files, lateness = sorted, 0
		}
		got := atOnce(t, e, files, rand.New(rand.NewPCG(seed, 1)), lateness)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func atOnce(t *testing.T, e *detect.Engine, files [][]detect.Observation, r *rand.Rand, lateness time.Duration) []string {
	opt := detect.LiveOptions{Lateness: lateness, MaxPending: 1 << 20}
	l := e.NewLive(opt)
	final := make(map[string]*detect.Hit)
	open := make(map[string]bool)
	tell := func(h *detect.LiveHit) {
		if open[h.Key] = h.Open; !h.Open {
			if final[h.Key] != nil {
				t.Fatalf("two hits of one key: %v", *h.Hit)
			}
			final[h.Key] = h.Hit
		}
	}
	rest := slices.Clone(files)
	name := func(obs []detect.Observation) string { return obs[0].Ref.File }
	for _, obs := range rest {
		l.Observe(detect.Progress{Stream: name(obs), Behind: true}, nil, tell)
	}
	largest := 0
	for len(rest) > 0 {
		i := r.IntN(len(rest))
		n := min(1+r.IntN(500), len(rest[i]))
		part := rest[i][:n]
		newest := slices.MaxFunc(part, func(a, b detect.Observation) int { return cmp.Compare(a.Time, b.Time) })
		l.Observe(detect.Progress{Stream: name(part), Latest: newest.Time, Behind: n < len(rest[i])}, part, tell)
		if rest[i] = rest[i][n:]; len(rest[i]) == 0 {
			rest = slices.Delete(rest, i, i+1)
		}
		if r.IntN(20) == 0 {
			saved := l.Snapshot(nil)
			largest = max(largest, len(saved))
			l = e.NewLive(opt)
			if err := l.Restore(saved); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.Finish(tell)
	for key, is := range open {
		if is {
			t.Errorf("%s is left open", key)
		}
	}
	if l.Late() > 0 {
		t.Errorf("%d late", l.Late())
	}
	t.Log(fmt.Sprintf("largest snapshot %d bytes; ", largest), l.Note())
	return lines(slices.Collect(maps.Values(final)))
}
