package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/rules"
	"github.com/tocsin-sec/tocsin/sense"
	"github.com/tocsin-sec/tocsin/sigma"
	"github.com/tocsin-sec/tocsin/source"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// learnSite is a tenant whose line is opened again and again.
type learnSite struct {
	*testing.T
	dir   string
	store *store.Embedded
	state *state.State
	line  *Line
}

// open opens the line, with or without detectors.
func (s *learnSite) open(senses *sense.Options) {
	s.Helper()
	loaded, err := rules.Load([]string{rules.BuiltinPath}, rules.Options{})
	if err != nil {
		s.Fatal(err)
	}
	set, _ := sigma.Collect(loaded.Rules)
	list := slices.DeleteFunc(set.Rules, func(r *sigma.Rule) bool { return r.LogSource.Service != "detect" })
	engine, err := detect.New(list, nil, sigma.BuiltinLogSources(), detect.Options{Senses: senses})
	if err != nil {
		s.Fatal(err)
	}
	if s.store, err = store.Open(filepath.Join(s.dir, "events"), store.Options{MinFree: 1}); err != nil {
		s.Fatal(err)
	}
	if s.state, err = state.Open(s.Context(), filepath.Join(s.dir, "state.db"), state.Options{}); err != nil {
		s.Fatal(err)
	}
	s.line, err = Open(Options{
		Dir: s.dir, Engine: engine, Parser: formats.Parser, Store: s.store, State: s.state, Log: slog.New(slog.DiscardHandler), Jobs: 2, MinFree: 1,
		Lateness: time.Millisecond, Silence: time.Second, Settle: 1, Learn: Learner(s.store),
	})
	if err != nil {
		s.Fatal(err)
	}
}

// run runs the line while f sends to it, and closes it.
func (s *learnSite) run(f func()) {
	s.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.line.Run(ctx) }()
	f()
	stop()
	if err := errors.Join(<-done, s.line.Close(), s.state.Close(), s.store.Close()); err != nil {
		s.Fatal(err)
	}
}

func (s *learnSite) send(path, text string) {
	s.Helper()
	lines := int64(1)
	for offset := 0; offset < len(text); {
		end := min(offset+1<<20, len(text))
		end = offset + strings.LastIndexByte(text[offset:end], '\n') + 1
		b := event.Block{Origin: &event.Origin{Path: path, Format: "syslog"}, Data: text[offset:end], Offset: int64(offset), First: lines}
		if err := s.line.Send(context.Background(), source.Delivery{Block: b, Stream: path, Position: strconv.Itoa(end)}); err != nil {
			s.Fatal(err)
		}
		lines += int64(strings.Count(b.Data, "\n"))
		offset = end
	}
}

// findings are what was said, as "action: sentence".
func (s *learnSite) findings() (list []string) {
	for h, err := range s.state.ListHits(context.Background(), state.HitFilter{}) {
		if err != nil {
			s.Fatal(err)
		}
		list = append(list, findingOf(s.T, h.JSON))
	}
	return list
}

// Detectors that know nothing yet learn from what is kept, while the line runs: what was usual in it is told to nobody,
// and what is new is, at once. TOCSIN_LEARN sets how many events are kept.
func TestDetectorsLearnFromStore(t *testing.T) {
	events := 120_000 // it takes longer to learn them than to keep what comes meanwhile
	if text := os.Getenv("TOCSIN_LEARN"); text != "" {
		var err error
		if events, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	rng := rand.New(rand.NewPCG(1, 1))
	s := &learnSite{T: t, dir: t.TempDir()}
	s.open(nil)
	s.run(func() {
		s.send("old.log", habits(rng, now.Add(-10*time.Minute), 29, events))
		parts.Wait(t, 5*time.Minute, "the history", func() bool { return s.line.Status().Kept >= int64(events) }) // what tocsin says of itself is kept, too
	})
	s.open(&sense.Options{Endless: true})
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun := time.Now()
	s.run(func() {
		s.send("new.log", fmt.Sprintf("%[1]s web1 sshd[7]: Accepted publickey for root from 10.1.0.4 port 4022 ssh2\n"+
			"%[1]s web1 sudo: anna : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/tool3 -v\n%[1]s web1 sshd[8]: Accepted password for root from 203.0.113.9 port 4022 ssh2\n"+
			"%[1]s web1 sudo: anna : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/tmp/.x/miner -v\n", time.Now().Add(-4*time.Minute).UTC().Format(time.RFC3339)))
		parts.Wait(t, 10*time.Minute, "what the intruder did", func() bool { return len(s.findings()) >= 1 }) // novelties wait two minutes for their like
		runtime.ReadMemStats(&after)
		t.Logf("%d events: learnt and told after %v; %d MB allocated, %d MB taken from the system", events, time.Since(begun).Round(time.Millisecond),
			(after.TotalAlloc-before.TotalAlloc)>>20, (after.Sys-before.Sys)>>20)
		found := s.findings()
		if len(found) != 1 || !strings.Contains(found[0], "new-network: root has logged on") || !strings.Contains(found[0], "always from 10.1.0.0/24; now from 203.0.113.9") {
			t.Errorf("told: %q", found)
		}
	})
}

// habits writes the log of a server, of some days before an end, on which root logs on from one network and programs run
// that are always the same.
func habits(rng *rand.Rand, end time.Time, days, events int) string {
	var b strings.Builder
	at := end.AddDate(0, 0, -days)
	step := end.Sub(at) / time.Duration(events+1)
	for i := range events {
		at = at.Add(step)
		fmt.Fprintf(&b, "%s web1 ", at.UTC().Format(time.RFC3339))
		switch i % 10 {
		case 0:
			fmt.Fprintf(&b, "sshd[%d]: Accepted publickey for root from 10.1.0.%d port %d ssh2\n", rng.IntN(9999), 1+rng.IntN(9), 1024+rng.IntN(9999))
		case 1:
			fmt.Fprintf(&b, "sudo: anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/tool%d -v\n", rng.IntN(30))
		default:
			fmt.Fprintf(&b, "app[%d]: request %d took %d ms\n", rng.IntN(9999), rng.IntN(1e6), rng.IntN(900))
		}
	}
	return b.String()
}

func findingOf(tb testing.TB, text string) string {
	tb.Helper()
	var h detect.Hit
	var ev map[string]any
	if err := errors.Join(json.Unmarshal([]byte(text), &h), json.Unmarshal(h.Event, &ev)); err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprint(h.Time.UTC().Format(time.RFC3339), " ", ev["event.action"], ": ", ev["message"])
}
