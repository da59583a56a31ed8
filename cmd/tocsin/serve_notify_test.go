package main

import (
	"fmt"
	"math/rand/v2"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// mailed is a serve that tells by a real Postfix.
type mailed struct {
	*testing.T
	dir    string
	config string
	server *parts.Mailer
	log    *os.File
	cmd    *exec.Cmd
	count  int
}

func newMailed(t *testing.T) *mailed {
	dir := t.TempDir()
	w := &mailed{T: t, dir: dir, config: filepath.Join(dir, "tocsin.yml"), server: parts.Postfix(t)}
	for _, d := range []string{"logs", "rules"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("tocsin.yml", fmt.Sprintf(`data: data
rules: [rules]
inputs:
  files: {paths: [logs/app.log], from: begin}
notify:
  ways:
    ops: {max: 1000, mail: {server: 'smtp://%s', from: tocsin@example.com, to: [ops@example.com]}}
  routes:
    - {name: grave, level: high, to: [ops]}
`, w.server.Plain))
	put("rules/teapot.yml", "title: A teapot was found\nid: 0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7a1\nstatus: test\nlogsource:\n  product: linux\ndetection:\n  keywords:\n    - teapot\n  condition: keywords\nlevel: high\n")
	var err error
	if w.log, err = os.OpenFile(filepath.Join(dir, "logs", "app.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.log.Close() })
	w.write("nothing")
	return w
}

// write appends a line of a host of its own.
func (w *mailed) write(what string) {
	w.Helper()
	w.count++
	if _, err := fmt.Fprintf(w.log, "%s host%d app[1]: %s\n", time.Now().UTC().Format(time.RFC3339), w.count, what); err != nil {
		w.Fatal(err)
	}
}

func (w *mailed) start() {
	w.Helper()
	w.cmd = exec.Command(os.Args[0], "serve", "--quiet", "--config", w.config)
	w.cmd.Env = append(os.Environ(), asProcess+"=1", "HOME="+w.dir)
	w.cmd.Stderr = os.Stderr
	if err := w.cmd.Start(); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = w.cmd.Process.Kill() })
}

func (w *mailed) end(signal os.Signal) {
	w.Helper()
	if err := w.cmd.Process.Signal(signal); err != nil {
		w.Error(err)
	}
	_ = w.cmd.Wait()
}

// told are the Message-IDs of the mails by the host that they are about.
func (w *mailed) told() map[string][]string {
	w.Helper()
	hosts := make(map[string][]string)
	for _, text := range w.server.Mails(w) {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			w.Fatal(err)
		}
		for i := range w.count + 1 {
			if host := fmt.Sprintf("host%d", i); strings.Contains(text, "host "+host+" ") || strings.Contains(text, "host "+host+",") {
				hosts[host] = append(hosts[host], m.Header.Get("Message-Id")+" "+m.Header.Get("X-Tocsin-Kind"))
			}
		}
	}
	return hosts
}

// A line that is written to a followed file is a mail in the mailbox.
func TestLineToMail(t *testing.T) {
	w := newMailed(t)
	w.start()
	w.write("teapot")
	parts.Wait(t, time.Minute, "the first mail", func() bool { return len(w.server.Mails(t)) >= 1 })
	var times []time.Duration
	for n := range 20 {
		begun := time.Now()
		w.write("teapot")
		parts.Wait(t, time.Minute, "a mail", func() bool { return len(w.server.Mails(t)) >= n+2 })
		times = append(times, time.Since(begun))
	}
	w.end(os.Interrupt)
	slices.Sort(times)
	t.Logf("from line to mailbox: median %v, 95 %% within %v, all within %v", times[10], times[18], times[19])
}

// Serve is killed at random moments while alarms come and are mailed: each is mailed, and mails that came twice, because the
// kill fell between the server's taking one and our noting that, have the same Message-ID.
func TestMailThroughKills(t *testing.T) {
	w := newMailed(t)
	for range 8 {
		w.start()
		for range 6 {
			w.write("teapot")
			time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
		}
		w.end(os.Kill)
	}
	w.start()
	parts.Wait(t, time.Minute, "a mail about each", func() bool { return len(w.told()) >= w.count-1 })
	w.end(os.Interrupt)
	doubled := 0
	for host, ids := range w.told() {
		doubled += len(ids) - 1
		if slices.Sort(ids); len(slices.Compact(ids)) != 1 || !strings.HasSuffix(ids[0], " firing") {
			t.Errorf("%s: %v", host, ids)
		}
	}
	t.Logf("%d alarms through 8 kills: %d mails came twice, with the same Message-ID", w.count-1, doubled)
}
