package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/detect"
	"github.com/tocsin-sec/tocsin/formats"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/settings"
	"github.com/tocsin-sec/tocsin/state"
	"github.com/tocsin-sec/tocsin/store"
)

// asProcess makes the test binary be tocsin.
const asProcess = "TOCSIN_AS_PROCESS"

// torture is a running serve that is killed again and again, and those who send to it meanwhile.
type torture struct {
	*testing.T
	dir, config, address string
	ctx                  context.Context // those who send go on until it is done

	mu       sync.Mutex
	lines    []string       // that were written to the file
	answered map[string]int // documents by what became of them
	kills    int
}

// What became of a document.
const (
	cutOff       = iota // nobody knows: it may be there once
	acknowledged        // it must be there once
)

// Serve is killed at random moments while a file grows and is rotated and while documents come in by HTTP. What was
// written and what was acknowledged is there in the end, once; the alerts are those of hunt.
func TestServeThroughKills(t *testing.T) {
	long := 7 * time.Second
	if minutes := os.Getenv("TOCSIN_TORTURE"); minutes != "" {
		n, err := strconv.ParseFloat(minutes, 64)
		if err != nil {
			t.Fatal(err)
		}
		long = time.Duration(n * float64(time.Minute))
	}
	ctx, stop := context.WithTimeout(t.Context(), long)
	defer stop()
	w := newTorture(t, ctx)
	var senders sync.WaitGroup
	senders.Go(w.writeFile)
	for i := range 2 {
		senders.Go(func() { w.postDocuments(i) })
	}
	for ctx.Err() == nil {
		w.serveUntil(func() { pause(ctx, time.Duration(300+rand.IntN(2500))*time.Millisecond) }, (*os.Process).Kill)
		w.kills++
		pause(ctx, time.Duration(rand.IntN(300))*time.Millisecond)
	}
	senders.Wait()
	w.serveUntil(w.awaitAll, func(p *os.Process) error { return p.Signal(os.Interrupt) })
	w.closeHits()
	w.compareEvents()
	w.compareHits()
	w.compareAlerts()
	t.Logf("%d kills; %d lines and %d documents", w.kills, len(w.lines), len(w.answered))
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func newTorture(t *testing.T, ctx context.Context) *torture {
	dir := t.TempDir()
	w := &torture{T: t, dir: dir, config: filepath.Join(dir, "tocsin.yml"), address: fmt.Sprintf("127.0.0.1:%d", parts.Port(t)), ctx: ctx, answered: map[string]int{}}
	for _, d := range []string{"logs", "rules"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.put("tocsin.yml", "data: data\nrules: [builtin, rules]\nlateness: 4s\ninputs:\n  files:\n    - paths: [logs/app.log]\n      from: begin\n  http:\n    - listen: "+w.address+"\n")
	w.put("rules/teapot.yml", "title: A teapot was found\nid: 0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7a1\nstatus: test\nlogsource:\n  product: linux\ndetection:\n  keywords:\n    - teapot\n  condition: keywords\nlevel: high\n")
	return w
}

func (w *torture) put(name, text string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

// serveUntil runs serve while f runs, and ends it.
func (w *torture) serveUntil(f func(), end func(*os.Process) error) {
	w.Helper()
	cmd := exec.Command(os.Args[0], "serve", "--quiet", "--config", w.config)
	cmd.Env, cmd.Dir = append(os.Environ(), asProcess+"=1", "TZ=UTC"), w.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	f()
	if err := end(cmd.Process); err != nil {
		w.Error(err)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if w.Failed() || err != nil && !(errors.As(err, &exit) && !exit.Exited()) || strings.Contains(out.String(), "panic") {
		w.Fatalf("serve: %v\n%s", err, out.String())
	}
}

// writeFile writes lines with the present time, in pieces that end anywhere, and rotates the file.
func (w *torture) writeFile() {
	path := filepath.Join(w.dir, "logs", "app.log")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.Error(err)
		return
	}
	rotate := time.Now().Add(time.Second)
	for n := 0; w.ctx.Err() == nil; {
		var text []byte
		for range 20 + rand.IntN(20) {
			line := logLine(n)
			n++
			text = append(append(text, line...), '\n')
			w.lines = append(w.lines, line)
		}
		cut := rand.IntN(len(text))
		_, err1 := f.Write(text[:cut])
		pause(w.ctx, 10*time.Millisecond)
		_, err2 := f.Write(text[cut:])
		if err = errors.Join(err1, err2); err == nil && time.Now().After(rotate) {
			rotate = time.Now().Add(time.Duration(500+rand.IntN(3000)) * time.Millisecond)
			f, err = w.rotate(f, path)
		}
		if err != nil {
			w.Error(err)
			return
		}
	}
	if err := f.Close(); err != nil {
		w.Error(err)
	}
}

// rotate does what logrotate does.
func (w *torture) rotate(f *os.File, path string) (*os.File, error) {
	old, err := filepath.Glob(path + ".*")
	if err != nil {
		return nil, err
	}
	for n := len(old); n > 0; n-- {
		if err := os.Rename(fmt.Sprintf("%s.%d", path, n), fmt.Sprintf("%s.%d", path, n+1)); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(os.Rename(path, path+".1"), f.Close()); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// logLine is a line of its own: addresses guess passwords and find one, and now and then there is a teapot.
func logLine(n int) string {
	when := time.Now().UTC().Format("2006-01-02T15:04:05.000000-07:00")
	address := fmt.Sprintf("198.51.100.%d", n/16%250+1)
	switch {
	case n%16 == 15:
		return fmt.Sprintf("%s web1 sshd[%d]: Accepted password for deploy from %s port 40000 ssh2", when, n, address)
	case n%500 == 7:
		return fmt.Sprintf("%s web1 app[%d]: short and stout: a teapot", when, n)
	}
	return fmt.Sprintf("%s web1 sshd[%d]: Failed password for root from %s port 40000 ssh2", when, n, address)
}

// postDocuments sends documents again and again until each was acknowledged; each time they say so themselves.
func (w *torture) postDocuments(sender int) {
	client := &http.Client{Timeout: 10 * time.Second}
	for batch := 0; w.ctx.Err() == nil; batch++ {
		for try := 0; w.ctx.Err() == nil; try++ {
			var body strings.Builder
			var names []string
			for i := range 50 {
				name := fmt.Sprintf("document-%d-%d-%d-%d", sender, batch, i, try)
				names = append(names, name)
				fmt.Fprintf(&body, "{\"create\":{\"_index\":\"logs\"}}\n{\"@timestamp\":%q,\"message\":%q}\n", time.Now().UTC().Format(time.RFC3339Nano), name)
			}
			became := cutOff
			if post50(client, "http://"+w.address+"/_bulk", body.String()) {
				became = acknowledged
			}
			w.mu.Lock()
			for _, n := range names {
				w.answered[n] = became
			}
			w.mu.Unlock()
			if became == acknowledged {
				break
			}
			pause(w.ctx, 20*time.Millisecond)
		}
		pause(w.ctx, 40*time.Millisecond)
	}
}

func post50(client *http.Client, url, body string) bool {
	resp, err := client.Post(url, "application/x-ndjson", strings.NewReader(body))
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var answer struct {
		Errors bool  `json:"errors"`
		Items  []any `json:"items"`
	}
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(&answer) == nil && !answer.Errors && len(answer.Items) == 50
}

// awaitAll waits until serve has kept all lines of the file.
func (w *torture) awaitAll() {
	last := w.lines[len(w.lines)-1]
	mark := last[strings.Index(last, "["):strings.Index(last, "]")]
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var out, complaints bytes.Buffer
		run(context.Background(), []string{"search", "--config", w.config, `"` + strings.Trim(mark, "[]") + `" | stats count`, "--json"}, streams{out: &out, err: &complaints})
		if strings.Contains(out.String(), `"1"`) {
			time.Sleep(3 * time.Second) // what an older file of the rotation still has
			return
		}
	}
	w.Errorf("the last line was not kept within a minute: %s", last)
}

// closeHits lets an hour go by for the correlations, so that all that is open ends.
func (w *torture) closeHits() {
	set, err := settings.Load(w.config)
	if err != nil {
		w.Fatal(err)
	}
	rules, err := settings.LoadRules(&set.RuleKeys)
	if err != nil {
		w.Fatal(err)
	}
	senses, err := set.Anomalies.Senses(true)
	if err != nil {
		w.Fatal(err)
	}
	engine, err := detect.New(rules.Rules, rules.Correlations, rules.Sources, detect.Options{Senses: senses})
	if err != nil {
		w.Fatal(err)
	}
	dir, log := settings.TenantFolder(filepath.Join(w.dir, "data"), settings.MainTenant), slog.New(slog.DiscardHandler)
	events, err := store.Open(filepath.Join(dir, "events"), store.Options{MinFree: 1, Log: log})
	if err != nil {
		w.Fatal(err)
	}
	kept, err := state.Open(context.Background(), filepath.Join(dir, "state.db"), state.Options{})
	if err != nil {
		w.Fatal(err)
	}
	line, err := live.Open(live.Options{
		Dir: dir, Engine: engine, Parser: formats.Parser, Store: events, State: kept, Log: log, Lateness: time.Millisecond, Settle: 1,
		Now: func() time.Time { return time.Now().Add(time.Hour) },
	})
	if err != nil {
		w.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() { // the correlations are told the time each second once the log is replayed
		<-line.Present()
		time.Sleep(2500 * time.Millisecond)
		stop()
	}()
	if err := errors.Join(line.Run(ctx), line.Close(), kept.Close(), events.Close()); err != nil {
		w.Fatal(err)
	}
}

// compareEvents looks for every line and every document.
func (w *torture) compareEvents() {
	w.Helper()
	e, err := store.Open(filepath.Join(w.dir, "data", "tenants", "main", "events"), store.Options{MinFree: 1})
	if err != nil {
		w.Fatal(err)
	}
	defer e.Close()
	q, err := query.Parse("*")
	if err != nil {
		w.Fatal(err)
	}
	found := make(map[string]int)
	err = e.Query(context.Background(), q, func(b *store.Block) error {
		at := slices.Index(b.Names, store.Message)
		for i := range b.Rows {
			if at >= 0 {
				found[strings.Clone(b.Columns[at][i])]++
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	wrong := 0
	tell := func(format string, args ...any) {
		if wrong++; wrong <= 5 {
			w.Errorf(format, args...)
		}
	}
	for _, line := range w.lines {
		if found[line] != 1 {
			tell("the line is there %d times: %s", found[line], line)
		}
	}
	unsure := 0
	for name, became := range w.answered {
		switch n := found[name]; {
		case became == acknowledged && n != 1:
			tell("the document that was acknowledged is there %d times: %s", n, name)
		case n > 1:
			tell("the document that was sent once is there %d times: %s", n, name)
		case became == cutOff:
			unsure += n
		}
	}
	w.Logf("%d documents whose answer was cut off are there", unsure)
	if wrong > 5 {
		w.Errorf("and %d more", wrong-5)
	}
}

// compareHits compares the alerts with the hits of hunt over the same lines.
func (w *torture) compareHits() {
	w.Helper()
	var out, complaints bytes.Buffer
	files, err := filepath.Glob(filepath.Join(w.dir, "logs", "*"))
	if err != nil {
		w.Fatal(err)
	}
	args := append([]string{"hunt", "--json", "--rules", "builtin", "--rules", filepath.Join(w.dir, "rules")}, files...)
	if status := run(context.Background(), args, streams{out: &out, err: &complaints}); status != exitFound {
		w.Fatalf("hunt: status %d: %s", status, complaints.String())
	}
	var want, got []string
	for line := range strings.Lines(out.String()) {
		if h := plainHit(w, line); h != "" {
			want = append(want, h)
		}
	}
	st, err := state.Open(context.Background(), filepath.Join(w.dir, "data", "tenants", "main", "state.db"), state.Options{})
	if err != nil {
		w.Fatal(err)
	}
	defer st.Close()
	for h, err := range st.ListHits(context.Background(), state.HitFilter{}) {
		if err != nil {
			w.Fatal(err)
		}
		if h.Open {
			w.Errorf("still open: %s", h.JSON)
		}
		if text := plainHit(w, h.JSON); text != "" {
			got = append(got, text)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 10 {
		w.Errorf("hunt found %d hits only", len(want))
	}
	if !slices.Equal(got, want) {
		w.Errorf("%d alerts, hunt has %d hits", len(got), len(want))
		told := 0
		for _, h := range slices.Concat(got, want) {
			if slices.Contains(got, h) != slices.Contains(want, h) && told < 6 {
				told++
				w.Errorf("of serve: %t: %s", slices.Contains(got, h), h)
			}
		}
	}
}

// compareAlerts looks whether the alerts, and the incidents that they make, count just the hits that are kept.
func (w *torture) compareAlerts() {
	w.Helper()
	ctx := context.Background()
	st, err := state.Open(ctx, filepath.Join(w.dir, "data", "tenants", "main", "state.db"), state.Options{})
	if err != nil {
		w.Fatal(err)
	}
	defer st.Close()
	want, got := make(map[string]int64), make(map[string]int64)
	for h, err := range st.ListHits(ctx, state.HitFilter{}) {
		if err != nil {
			w.Fatal(err)
		}
		want[h.RuleTitle]++
	}
	alerts, err := st.ListAlerts(ctx, state.AlertFilter{Limit: 1 << 20})
	if err != nil {
		w.Fatal(err)
	}
	sums := make(map[string]int64)
	for _, a := range alerts {
		got[a.RuleTitle] += a.Hits
		sums[a.Incident] += a.Hits
	}
	for title, n := range want {
		if got[title] != n {
			w.Errorf("%s: the alerts count %d hits, %d are kept", title, got[title], n)
		}
	}
	incidents, err := st.ListIncidents(ctx, state.IncidentFilter{Status: "any", Limit: 1 << 20})
	if err != nil {
		w.Fatal(err)
	}
	for _, i := range incidents {
		if i.Into == "" && i.Hits != sums[i.Key] {
			w.Errorf("incident %s counts %d hits, its alerts %d", i.Title, i.Hits, sums[i.Key])
		}
	}
	w.Logf("%d alerts in %d incidents", len(alerts), len(incidents))
}

// plainHit is a hit without where it stood: files have other names after they were rotated. It is "" for what is no hit,
// and for what serve says of itself.
func plainHit(tb testing.TB, text string) string {
	tb.Helper()
	var h map[string]any
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		tb.Fatal(err)
	}
	if h["type"] != "hit" || strings.Contains(text, `"product":"tocsin"`) {
		return ""
	}
	return fmt.Sprint(h["time"], " ", h["rule"].(map[string]any)["title"], " ", h["count"], " ", h["entities"])
}
