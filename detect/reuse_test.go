package detect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sigma"
)

// guessed parses failed logins of accounts from addresses.
func guessed(t *testing.T, from, n int) *event.Batch {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Mar  3 09:%02d:%02d gate sshd[812]: Failed password for user%d from 203.0.113.%d port 50122 ssh2\n", i/60%60, i%60, from+i, (from+i)%250)
	}
	o := &event.Origin{Path: "auth.log", Format: "syslog", Reference: time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)}
	batch := &event.Batch{}
	parse.Syslog.NewParser(&parse.Env{}).Parse(event.Block{Origin: o, Data: b.String(), First: 1}, batch)
	if len(batch.Events) != n {
		t.Fatalf("%d events", len(batch.Events))
	}
	return batch
}

// TestReuse: the memory of observations that are used no more serves the next batch; what was kept of their texts stays,
// and the next observations are those that a fresh engine makes.
func TestReuse(t *testing.T) {
	engine := func() *detect.Engine {
		set, err := rules.Load([]string{rules.BuiltinPath}, rules.Options{})
		if err != nil {
			t.Fatal(err)
		}
		all, _ := sigma.Collect(set.Rules)
		correlations, _ := detect.Runnable(all.Correlations)
		e, err := detect.New(all.Rules, correlations, sigma.BuiltinLogSources(), detect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	packed := func(e *detect.Engine, obs []detect.Observation) string { return string(e.AppendObservations(nil, obs)) }
	e, fresh := engine(), engine()
	w := e.NewWorker()
	first := w.Match(guessed(t, 0, 400))
	if len(first.Observations) < 400 {
		t.Fatalf("%d observations", len(first.Observations))
	}
	var texts, copies []string
	for i := range first.Observations {
		for _, f := range first.Observations[i].Fields {
			texts, copies = append(texts, f), append(copies, strings.Clone(f))
		}
	}
	at, room := unsafe.SliceData(first.Observations), cap(first.Observations)
	e.Reuse(first)
	if first.Observations != nil || first.Sightings != nil {
		t.Error("the result still has what it gave back")
	}
	second := w.Match(guessed(t, 1000, 300))
	if unsafe.SliceData(second.Observations) != at || cap(second.Observations) != room {
		t.Error("the memory is not used again")
	}
	if !slices.Equal(texts, copies) {
		t.Error("texts that were kept have changed")
	}
	want := fresh.NewWorker().Match(guessed(t, 1000, 300))
	if packed(e, second.Observations) != packed(fresh, want.Observations) {
		t.Errorf("%d observations differ from those %d of a fresh engine", len(second.Observations), len(want.Observations))
	}
	e.Reuse(&detect.Result{}) // nothing to give back
	huge := &detect.Result{Observations: make([]detect.Observation, 0, 1<<20)}
	e.Reuse(huge)
	if third := w.Match(guessed(t, 0, 100)); cap(third.Observations) == 1<<20 {
		t.Error("a list that is too long is kept")
	}
}
