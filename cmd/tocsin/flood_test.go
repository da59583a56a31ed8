//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/state"
)

// Rules of a flood: one finds something about one host again and again, one what many addresses try; the third finds what
// matters.
var floodRules = map[string]string{
	"lid":    "title: A lid was found\nid: 0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7b1\nstatus: test\nlogsource:\n  product: linux\ndetection:\n  keywords:\n    - lid\n  condition: keywords\nlevel: high\n",
	"guess":  "title: A guess\nid: 0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7b2\nstatus: test\ntags:\n  - attack.t1110\nlogsource:\n  product: linux\n  service: sshd\ndetection:\n  selection:\n    event.outcome: failure\n  condition: selection\nlevel: medium\n",
	"teapot": "title: A teapot was found\nid: 0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7b3\nstatus: test\nlogsource:\n  product: linux\ndetection:\n  keywords:\n    - teapot\n  condition: keywords\nlevel: critical\n",
}

// flood is a serve under a flood of hits.
type flood struct {
	*testing.T
	dir, config string
	server      *parts.Mailer
	serve       *exec.Cmd
}

func newFlood(t *testing.T) *flood {
	t.Helper()
	f := &flood{T: t, dir: t.TempDir(), server: parts.Postfix(t)}
	f.config = filepath.Join(f.dir, "tocsin.yml")
	text := fmt.Sprintf(`data: data
rules: [rules]
inputs:
  files: {paths: ['logs/*.log'], from: begin}
notify:
  ways:
    ops: {mail: {server: 'smtp://%s', from: tocsin@example.com, to: [ops@example.com]}}
  routes:
    - {to: [ops]}
`, f.server.Plain)
	files := map[string]string{"tocsin.yml": text, "logs/flood.log": "", "logs/other.log": ""}
	for name, rule := range floodRules {
		files["rules/"+name+".yml"] = rule
	}
	for _, d := range []string{"logs", "rules"} {
		if err := os.Mkdir(filepath.Join(f.dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.serve = exec.Command(os.Args[0], "serve", "--quiet", "--config", f.config)
	f.serve.Env = append(os.Environ(), asProcess+"=1", "HOME="+f.dir)
	return f
}

// pour writes so many lines, each of which hits: half of them about one host, half from an address of its own.
func (f *flood) pour(count int) {
	f.Helper()
	file, err := os.OpenFile(filepath.Join(f.dir, "logs", "flood.log"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	now := time.Now().UTC().Format(time.RFC3339)
	for n := range count {
		if n%2 == 0 {
			fmt.Fprintf(out, "%s pot1 app[1]: lid %d\n", now, n)
			continue
		}
		fmt.Fprintf(out, "%s web1 sshd[1]: Failed password for root from 198.%d.%d.%d port 4711 ssh2\n", now, n>>16&255, n>>8&255, n&255)
	}
	if err := out.Flush(); err != nil {
		f.Fatal(err)
	}
}

// mails are the subjects of the mails so far.
func (f *flood) mails() []string {
	f.Helper()
	var list []string
	for _, text := range f.server.Mails(f) {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, m.Header.Get("Subject"))
	}
	return list
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that serve has had, in MB.
func (f *flood) peak() int {
	f.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.serve.Process.Pid))
	if err != nil {
		f.Fatal(err)
	}
	m := peakLine.FindSubmatch(text)
	if m == nil {
		f.Fatalf("no peak in %s", text)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n >> 10
}

// A flood of hits of one rule about one host, and of another from ever more addresses: what matters is mailed while it goes
// on and stands above it, the flood is told once, every hit is counted, and neither memory nor the state grow with it.
func TestFloodOfHits(t *testing.T) {
	count := 120_000
	if n, err := strconv.Atoi(os.Getenv("TOCSIN_FLOOD")); err == nil {
		count = n // a million takes minutes
	}
	f := newFlood(t)
	f.pour(count / 2)
	parts.Start(t, f.serve)
	db := filepath.Join(f.dir, "data", "tenants", "main", "state.db")
	parts.Wait(t, time.Minute, "the flood to be told", func() bool { return len(f.mails()) > 0 })
	st, err := state.Open(t.Context(), db, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	f.pour(count / 2)
	begun := time.Now()
	other := fmt.Sprintf("%s safe1 app[1]: teapot\n", time.Now().UTC().Format(time.RFC3339))
	if err := os.WriteFile(filepath.Join(f.dir, "logs", "other.log"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	parts.Wait(t, 5*time.Minute, "the alert of what matters", func() bool { return f.knows(st, "A teapot was found") })
	known := time.Since(begun)
	parts.Wait(t, 5*time.Minute, "what matters", func() bool { return strings.Contains(strings.Join(f.mails(), "\n"), "critical: A teapot was found") })
	mailed := time.Since(begun)
	var lids, guesses int64
	parts.Wait(t, 10*time.Minute, "all hits", func() bool {
		lids, guesses = f.counted(st)
		return lids+guesses >= int64(count)
	})
	if lids != int64(count/2) || guesses != int64(count/2) {
		t.Errorf("%d and %d hits are counted, not %d of each", lids, guesses, count/2)
	}
	f.judge(st)
	t.Logf("%d hits, %v of CPU; what matters was known after %v and mailed after %v; most memory %d MB; mails: %q",
		count, f.cpu(), known, mailed, f.peak(), f.mails())
	if known > mostBehind || mailed > mostBehind {
		t.Errorf("what matters was buried for %v and mailed after %v", known, mailed)
	}
	if peak := f.peak(); peak > 400 {
		t.Errorf("%d MB", peak)
	}
	if m := f.mails(); len(m) > 3 {
		t.Errorf("%d mails", len(m))
	}
}

// mostBehind is how long what matters may stand behind a flood, on a machine that does much else.
const mostBehind = 30 * time.Second

// cpu is the time that serve has worked.
func (f *flood) cpu() time.Duration {
	f.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", f.serve.Process.Pid))
	if err != nil {
		f.Fatal(err)
	}
	list := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.Atoi(list[11]) // utime and stime: proc_pid_stat(5)
	system, _ := strconv.Atoi(list[12])
	return time.Duration(user+system) * time.Second / 100
}

// knows tells whether there is an alert of a rule.
func (f *flood) knows(st *state.State, title string) bool {
	f.Helper()
	list, err := st.ListAlerts(f.Context(), state.AlertFilter{MinLevel: alert.Critical})
	if err != nil {
		f.Fatal(err)
	}
	return slices.ContainsFunc(list, func(a *alert.Alert) bool { return a.RuleTitle == title })
}

// counted are the hits that the alerts of the two rules have counted.
func (f *flood) counted(st *state.State) (lids, guesses int64) {
	f.Helper()
	list, err := st.ListAlerts(f.Context(), state.AlertFilter{Limit: 100_000})
	if err != nil {
		f.Fatal(err)
	}
	for _, a := range list {
		switch a.RuleTitle {
		case "A lid was found":
			lids += a.Hits
		case "A guess":
			guesses += a.Hits
		}
	}
	return lids, guesses
}

// judge looks at what the state keeps.
func (f *flood) judge(st *state.State) {
	f.Helper()
	incidents, err := st.ListIncidents(f.Context(), state.IncidentFilter{Limit: 100})
	if err != nil {
		f.Fatal(err)
	}
	if len(incidents) != 3 || incidents[0].Title != "A teapot was found" || incidents[1].Title != "A lid was found" || !incidents[2].Background {
		for _, i := range incidents {
			f.Errorf("incident: %d %s", i.Score, i.Title)
		}
	}
	alerts, err := st.ListAlerts(f.Context(), state.AlertFilter{Limit: 100_000})
	if err != nil {
		f.Fatal(err)
	}
	if len(alerts) > 2*alert.MaxTried { // the bound holds from the next block of lines on
		f.Errorf("%d alerts", len(alerts))
	}
	hits := 0
	for _, err := range st.ListHits(context.Background(), state.HitFilter{}) {
		if err != nil {
			f.Fatal(err)
		}
		hits++
	}
	f.Logf("%d alerts and %d hits are kept", len(alerts), hits)
	if hits > 50_000 {
		f.Errorf("%d hits are kept", hits)
	}
}
