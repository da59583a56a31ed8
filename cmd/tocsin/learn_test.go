package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/state"
)

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

// Serve is killed at random moments while detectors learn and tell. In the end, what they told is what hunt tells of the
// same log, each once.
func TestFindingsThroughKills(t *testing.T) {
	w := newTorture(t, t.Context())
	end := time.Now().Add(-2 * time.Hour)
	rng := rand.New(rand.NewPCG(4, 2))
	text := habits(rng, end, 28, 20_000)
	for i := range 5 {
		at := end.Add(time.Duration(i) * time.Minute).UTC().Format(time.RFC3339)
		text += fmt.Sprintf("%s web1 sshd[88%d]: Accepted password for root from 203.0.%d.9 port 4022 ssh2\n%[1]s web1 usermod[99%[2]d]: add 'mallory%[2]d' to group 'sudo'\n", at, i, 100+i)
	}
	text += fmt.Sprintf("%s web1 app[777777]: the end\n", time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	path := filepath.Join(w.dir, "logs", "app.log")
	for sent, n := 0, 0; sent < len(text); n++ {
		part := min(len(text)-sent, len(text)/9+rng.IntN(len(text)/9))
		w.put("logs/app.log", text[:sent+part])
		sent += part
		w.serveUntil(func() { pause(w.ctx, time.Duration(200+rand.IntN(900))*time.Millisecond) }, (*os.Process).Kill)
	}
	w.lines = []string{"web1 app[777777]: the end"}
	w.serveUntil(w.awaitAll, func(p *os.Process) error { return p.Signal(os.Interrupt) })
	w.closeHits()

	var out, complaints bytes.Buffer
	if status := run(context.Background(), []string{"hunt", "--json", "--rules", "builtin", path}, streams{out: &out, err: &complaints}); status != exitFound {
		t.Fatalf("hunt: status %d: %s", status, complaints.String())
	}
	var want, got []string
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, `"type":"hit"`) && strings.Contains(line, `"tocsin.detect"`) {
			want = append(want, findingOf(t, line))
		}
	}
	st, err := state.Open(context.Background(), filepath.Join(w.dir, "data", "tenants", "main", "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for h, err := range st.ListHits(context.Background(), state.HitFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(h.JSON, `"tocsin.detect"`) {
			got = append(got, findingOf(t, h.JSON))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 6 || !slices.Equal(got, want) {
		t.Errorf("serve told\n%s\nhunt\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
