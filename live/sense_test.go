package live

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/parse"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/state"
)

// newSensingEngine makes an engine of the built-in rules about what detectors find.
func newSensingEngine(tb testing.TB) *detect.Engine {
	tb.Helper()
	loaded, err := rules.Load([]string{rules.BuiltinPath}, rules.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	set, _ := sigma.Collect(loaded.Rules)
	list := slices.DeleteFunc(set.Rules, func(r *sigma.Rule) bool { return r.LogSource.Service != "detect" })
	e, err := detect.New(list, nil, sigma.BuiltinLogSources(), detect.Options{Senses: &sense.Options{}})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// logons is the log of a server on which root works every day from the same network, and then somebody else as root.
func logons() string {
	rng := rand.New(rand.NewPCG(7, 8))
	at := reference.Add(-25 * 24 * time.Hour).Truncate(24 * time.Hour)
	var b strings.Builder
	line := func(t time.Time, format string, args ...any) {
		fmt.Fprintf(&b, "%s web1 %s\n", t.UTC().Format(time.RFC3339), fmt.Sprintf(format, args...))
	}
	for range 21 {
		at = at.Add(24 * time.Hour)
		t := at.Add(8 * time.Hour)
		for range 20 {
			t = t.Add(time.Duration(rng.IntN(1500)) * time.Second)
			line(t, "sshd[%d]: Accepted publickey for root from 10.1.0.%d port %d ssh2", rng.IntN(9999), 1+rng.IntN(9), 1024+rng.IntN(9999))
		}
	}
	line(at.Add(22*time.Hour), "sshd[77]: Accepted password for root from 203.0.113.9 port 4022 ssh2")
	line(at.Add(22*time.Hour+time.Minute), "usermod[78]: add 'mallory' to group 'sudo'")
	line(at.Add(23*time.Hour), "sshd[79]: Accepted publickey for root from 10.1.0.3 port 4022 ssh2")
	return b.String()
}

func messagesOf(tb testing.TB, hits []string) []string {
	tb.Helper()
	var list []string
	for _, text := range hits {
		var h detect.Hit
		if err := json.Unmarshal([]byte(text), &h); err != nil {
			tb.Fatal(err)
		}
		var ev struct {
			Action  string `json:"event.action"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal(h.Event, &ev); err != nil {
			tb.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s %s: %s %v", h.Time.Format(time.RFC3339), ev.Action, ev.Message, h.Events))
	}
	slices.Sort(list)
	return list
}

// What the detectors find by hunt and by serve is the same, also when serve is ended and begun again in the middle, and
// what is done twice is there once.
func TestFindingsOfHuntAndServe(t *testing.T) {
	f := stream{path: "auth.log", format: "syslog", text: logons()}
	hunt := newSensingEngine(t)
	p, w := formats.Parser(f.format, new(parse.Env)), hunt.NewWorker()
	var batch event.Batch
	for _, b := range f.blocks(t, rand.New(rand.NewPCG(1, 1))) {
		p.Parse(b, &batch)
		if err := hunt.Gather(w.Match(&batch)); err != nil {
			t.Fatal(err)
		}
		batch.Reset()
	}
	var want []string
	if err := hunt.Finish(func(_ *sigma.Rule, h *detect.Hit) error {
		text, err := json.Marshal(h)
		want = append(want, string(text))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want = messagesOf(t, want)
	if len(want) != 2 || !strings.Contains(want[0], "now from 203.0.113.9") || !strings.Contains(want[1], "mallory was given the rights of sudo") {
		t.Fatalf("hunt found %q", want)
	}
	s := &site{tb: t, dir: t.TempDir(), engine: newSensingEngine(t)}
	s.open()
	half := f
	half.text = f.text[:strings.LastIndexByte(f.text[:len(f.text)*2/3], '\n')+1]
	for _, part := range []stream{half, f, f} {
		s.run(func() { s.send([]stream{part}, 3) })
		s.close()
		s.open()
	}
	a := s.line.applied
	a.senses.detectors.Finish(a.found)
	s.finish()
	var got []string
	for h, err := range s.state.ListHits(context.Background(), state.HitFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, h.JSON)
	}
	if got = messagesOf(t, got); !slices.Equal(got, want) {
		t.Errorf("serve found\n%s\nhunt\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	s.close()
}
