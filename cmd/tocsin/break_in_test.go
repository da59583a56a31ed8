//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/alert"
	"github.com/tocsin-sec/tocsin/internal/parts"
)

// Where the bastion of the test is, and from where somebody breaks in: addresses of a network that is for documents only,
// in namespaces of their own.
const (
	bastionAt  = "198.51.100.1"
	intruderAt = "198.51.100.66"
)

// breakIn is a bastion with a real sshd at which everybody guesses, followed by a serve that tells by a real Postfix.
type breakIn struct {
	*testing.T
	dir, config  string
	ours, theirs string // network namespaces
	server       *parts.Mailer
	log          *os.File
	guesses      int
}

func newBreakIn(t *testing.T) *breakIn {
	t.Helper()
	if os.Geteuid() != 0 {
		parts.Missing(t, "namespaces with an sshd of their own need root")
	}
	for _, name := range []string{"ip", "unshare", "sshd", "sshpass", "rsyslogd", "useradd"} {
		parts.Find(t, name)
	}
	w := &breakIn{T: t, dir: t.TempDir(), server: parts.Postfix(t), ours: fmt.Sprintf("tocsin-b-%d", os.Getpid()), theirs: fmt.Sprintf("tocsin-i-%d", os.Getpid())}
	w.config = filepath.Join(w.dir, "tocsin.yml")
	if err := os.Mkdir(filepath.Join(w.dir, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`data: data
inputs:
  files: {paths: [logs/auth.log], from: begin}
notify:
  ways:
    ops: {mail: {server: 'smtp://%s', from: tocsin@example.com, to: [ops@example.com]}}
  routes:
    - {to: [ops]}
`, w.server.Plain)
	if err := os.WriteFile(w.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.log, err = os.OpenFile(filepath.Join(w.dir, "logs", "auth.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.log.Close() })
	for _, ns := range []string{w.ours, w.theirs} {
		w.must("ip", "netns", "add", ns)
		t.Cleanup(func() { w.must("ip", "netns", "del", ns) })
		w.must("ip", "-n", ns, "link", "set", "lo", "up")
	}
	w.must("ip", "link", "add", "v0", "netns", w.ours, "type", "veth", "peer", "name", "v0", "netns", w.theirs)
	for ns, address := range map[string]string{w.ours: bastionAt, w.theirs: intruderAt} {
		w.must("ip", "-n", ns, "addr", "add", address+"/24", "dev", "v0")
		w.must("ip", "-n", ns, "link", "set", "v0", "up")
	}
	return w
}

func (w *breakIn) must(args ...string) {
	w.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		w.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// guess writes guesses of a botnet into the log, as sshd has them, at times that end now.
func (w *breakIn) guess(count int, long time.Duration) {
	w.Helper()
	users := [...]string{"root", "admin", "oracle", "ubuntu", "postgres", "deploy", "test", "git"}
	out := bufio.NewWriter(w.log)
	begin := time.Now().Add(-long)
	for n := range count {
		user := users[w.guesses*31%len(users)]
		if user != "root" {
			user = "invalid user " + user
		}
		bot := w.guesses * 7919 % 2000
		at := begin.Add(long * time.Duration(n) / time.Duration(count)).UTC().Format("2006-01-02T15:04:05.000000-07:00")
		fmt.Fprintf(out, "%s bastion sshd[%d]: Failed password for %s from 198.18.%d.%d port %d ssh2\n", at, 1000+w.guesses%30000, user, bot/250, bot%250+1, 1024+w.guesses%60000)
		w.guesses++
	}
	if err := out.Flush(); err != nil {
		w.Fatal(err)
	}
}

// ssh logs in with a real ssh, or tries to.
func (w *breakIn) ssh(password, command string) error {
	cmd := exec.Command("ip", "netns", "exec", w.theirs, "timeout", "30", "sshpass", "-p", password, "ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1", "root@"+bastionAt, command)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("ssh: %w: %s", err, out)
	}
	return nil
}

// alerts is what tocsin alerts tells, the worst first.
func (w *breakIn) alerts() []alert.Message {
	w.Helper()
	var out, complaints bytes.Buffer
	run(w.Context(), []string{"alerts", "--config", w.config, "--json"}, streams{out: &out, err: &complaints})
	var list []alert.Message
	for line := range bytes.Lines(out.Bytes()) {
		var m alert.Message
		if err := json.Unmarshal(line, &m); err != nil {
			w.Fatalf("%v: %s%s", err, line, complaints.String())
		}
		list = append(list, m)
	}
	return list
}

// Among a hundred thousand guesses one is right. The operator gets one mail, which says that this one succeeded, from where,
// as whom and what was done since; the guesses stand below it as one line.
func TestBreakInAmongGuesses(t *testing.T) {
	w := newBreakIn(t)
	w.guess(70_000, time.Hour)
	script, err := filepath.Abs(filepath.Join("testdata", "bastion.sh"))
	if err != nil {
		t.Fatal(err)
	}
	parts.Start(t, exec.Command("ip", "netns", "exec", w.ours, "unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", script, w.dir, bastionAt))
	serve := exec.Command(os.Args[0], "serve", "--quiet", "--config", w.config)
	serve.Env = append(os.Environ(), asProcess+"=1", "HOME="+w.dir)
	parts.Start(t, serve)
	parts.Wait(t, 30*time.Second, "sshd", func() bool {
		return exec.Command("ip", "netns", "exec", w.theirs, "timeout", "1", "bash", "-c", "</dev/tcp/"+bastionAt+"/22").Run() == nil
	})
	for n := range 6 {
		w.guess(1000, time.Second)
		if w.ssh(fmt.Sprintf("spring%d", n), "true") == nil {
			t.Fatal("a wrong password lets in")
		}
	}
	if err := w.ssh("summer2026", "id; cat /etc/shadow; useradd -M -G sudo helper; su helper -c true"); err != nil {
		t.Fatal(err)
	}
	w.guess(24_000, time.Second)
	parts.Wait(t, time.Minute, "the mail", func() bool { return len(w.server.Mails(t)) > 0 })
	parts.Wait(t, time.Minute, "all events", func() bool { return w.kept() >= w.guesses })
	w.readMail(w.server.Mails(t)[0])
	list := w.alerts()
	if len(list) != 2 {
		t.Fatalf("%d lines: %+v", len(list), list)
	}
	if !strings.Contains(list[0].Sentence, intruderAt) || list[0].Kind != "attack" || list[0].Score < 5*list[1].Score {
		t.Errorf("first: %+v", list[0])
	}
	if list[1].Kind != "attempts" || list[1].Many[alert.KindAddress] < 100 {
		t.Errorf("second: %+v", list[1])
	}
	var out bytes.Buffer
	run(t.Context(), []string{"alerts", "--config", w.config}, streams{out: &out, err: io.Discard})
	t.Logf("%d guesses\n%s", w.guesses, out.String())
	if n := len(w.server.Mails(t)); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// kept is how many guesses can be found.
func (w *breakIn) kept() int {
	var out bytes.Buffer
	run(w.Context(), []string{"search", "--config", w.config, "event.outcome:failure | stats count", "--json"}, streams{out: &out, err: io.Discard})
	var row struct {
		Count int `json:"count,string"`
	}
	if json.Unmarshal(out.Bytes(), &row) != nil {
		return 0
	}
	return row.Count
}

func (w *breakIn) readMail(text string) {
	w.Helper()
	w.Log(text)
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		w.Fatal(err)
	}
	if s := m.Header.Get("Subject"); !strings.Contains(s, "high: SSH login succeeded after many failures") {
		w.Errorf("subject: %s", s)
	}
	body := strings.ReplaceAll(strings.ReplaceAll(text, "=\r\n", ""), "=\n", "")
	for _, want := range []string{
		"On bastion, as root, from " + intruderAt + ": SSH login succeeded after many failures", // that it succeeded, from where, as whom
		"new user: name=3Dhelper", "add 'helper' to group 'sudo'", "(to helper) root on", // what was done since
		"tocsin show ",
	} {
		if !strings.Contains(body, want) {
			w.Errorf("the mail does not say: %s", want)
		}
	}
}
