package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// site is two hosts in namespaces of their own: ours, and that of somebody who attacks it.
type attackSite struct {
	*testing.T
	dir, program string
	ours, theirs string
	serve        *exec.Cmd
}

// newSite lays a cable between two namespaces: 10.8.1.1 is ours, 10.8.1.2 theirs. The program is built as it is shipped.
func newSite(t *testing.T) *attackSite {
	t.Helper()
	if os.Geteuid() != 0 {
		parts.Missing(t, "network namespaces need root")
	}
	parts.Find(t, "ip")
	s := &attackSite{T: t, dir: t.TempDir(), ours: fmt.Sprintf("tocsin-o-%d", os.Getpid()), theirs: fmt.Sprintf("tocsin-t-%d", os.Getpid())}
	s.program = filepath.Join(s.dir, "tocsin")
	build := exec.Command("go", "build", "-o", s.program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, ns := range []string{s.ours, s.theirs} {
		s.must("ip", "netns", "add", ns)
		t.Cleanup(func() { s.must("ip", "netns", "del", ns) })
		s.must("ip", "-n", ns, "link", "set", "lo", "up")
	}
	s.must("ip", "link", "add", "v0", "netns", s.ours, "type", "veth", "peer", "name", "v0", "netns", s.theirs)
	for i, ns := range []string{s.ours, s.theirs} {
		s.must("ip", "-n", ns, "addr", "add", fmt.Sprintf("10.8.1.%d/24", i+1), "dev", "v0")
		s.must("ip", "-n", ns, "link", "set", "v0", "up")
	}
	return s
}

func (s *attackSite) must(args ...string) string {
	s.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		s.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s *attackSite) in(ns string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", ns}, args...)...)
}

// tocsin runs a command of the program in our namespace.
func (s *attackSite) tocsin(args ...string) (string, error) {
	out, err := s.in(s.ours, append([]string{s.program}, append(args, "--config", filepath.Join(s.dir, "tocsin.yml"))...)...).CombinedOutput()
	return string(out), err
}

// start starts serve with some settings.
func (s *attackSite) start(settings string) {
	s.Helper()
	data := filepath.Join(s.dir, "data")
	text := "data: " + data + "\ninputs:\n  syslog:\n    - listen: tcp://127.0.0.1:5514\n" + settings
	if err := os.WriteFile(filepath.Join(s.dir, "tocsin.yml"), []byte(text), 0o644); err != nil {
		s.Fatal(err)
	}
	if err := errors.Join(os.Chmod(filepath.Dir(s.dir), 0o755), os.Chmod(s.dir, 0o755)); err != nil {
		s.Fatal(err)
	}
	s.serve = s.in(s.ours, s.program, "serve", "--config", filepath.Join(s.dir, "tocsin.yml"))
	parts.Start(s, s.serve)
	parts.Wait(s, 30*time.Second, "serve", func() bool {
		_, err := s.tocsin("status")
		return err == nil
	})
}

// reach tells whether they get an answer over TCP.
func (s *attackSite) reach(to string) bool {
	host, port, _ := net.SplitHostPort(to)
	return s.in(s.theirs, "timeout", "0.5", "bash", "-c", "</dev/tcp/"+host+"/"+port).Run() == nil
}

// sshd starts a real sshd in our namespace, whose log goes to tocsin as syslog.
func (s *attackSite) sshd() {
	s.Helper()
	key, config := filepath.Join(s.dir, "host"), filepath.Join(s.dir, "sshd_config")
	s.must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	text := "ListenAddress 10.8.1.1:2222\nHostKey " + key + "\nPasswordAuthentication yes\nPidFile none\nUsePAM no\nMaxAuthTries 20\n"
	if err := errors.Join(os.WriteFile(config, []byte(text), 0o600), os.MkdirAll("/run/sshd", 0o755)); err != nil {
		s.Fatal(err)
	}
	cmd := s.in(s.ours, parts.Find(s, "sshd"), "-D", "-e", "-f", config)
	log, err := cmd.StderrPipe()
	if err != nil {
		s.Fatal(err)
	}
	feed := s.in(s.ours, "bash", "-c", "exec cat >/dev/tcp/127.0.0.1/5514")
	in, err := feed.StdinPipe()
	if err != nil {
		s.Fatal(err)
	}
	parts.Start(s, feed)
	parts.Start(s, cmd)
	go func() {
		for lines := bufio.NewScanner(log); lines.Scan(); {
			_, _ = fmt.Fprintf(in, "<86>%s bastion sshd[4711]: %s\n", time.Now().Format(time.Stamp), strings.TrimRight(lines.Text(), "\r"))
		}
	}()
	parts.Wait(s, 10*time.Second, "sshd", func() bool { return s.reach("10.8.1.1:2222") })
}

// guess guesses passwords with a real ssh, eight a time.
func (s *attackSite) guess(times int) { s.Helper(); s.guessFrom("10.8.1.2", times, 8) }

// guessFrom guesses so many passwords a time, from an address of theirs.
func (s *attackSite) guessFrom(from string, times, prompts int) {
	s.Helper()
	ask := filepath.Join(s.dir, "ask")
	if err := os.WriteFile(ask, []byte("#!/bin/sh\necho wrong\n"), 0o700); err != nil {
		s.Fatal(err)
	}
	for range times {
		cmd := s.in(s.theirs, "timeout", "20", "ssh", "-F", "none", "-p", "2222", "-b", from, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
			"-o", "PreferredAuthentications=password", "-o", fmt.Sprintf("NumberOfPasswordPrompts=%d", prompts), "-o", "ConnectTimeout=2", "admin@10.8.1.1", "true")
		cmd.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0")
		_ = cmd.Run() // nobody gets in
	}
}

var statusLine = regexp.MustCompile(`(?m)^(Uid|CapEff|NoNewPrivs|CapBnd):\s+(\S+)`)

// statusOf is what the kernel says of a process.
func (s *attackSite) statusOf(pid string) map[string]string {
	s.Helper()
	text, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		s.Fatal(err)
	}
	m := make(map[string]string)
	for _, f := range statusLine.FindAllStringSubmatch(string(text), -1) {
		m[f[1]] = f[2]
	}
	return m
}

// Guesses against a real sshd become an alert, the alert a playbook's action, and that packets which are dropped; while serve
// has no rights, and cannot get any.
func TestAttackIsBlockedWithoutRights(t *testing.T) {
	s := newSite(t)
	s.start("firewall: {default: allow}\nrespond:\n  user: nobody\n  connections: true\n  guard: {never: [192.0.2.0/24], known: [10.8.1.2]}\n  modes: {password-guessing: auto}\n")
	s.sshd()
	began := time.Now()
	s.guess(2)
	parts.Wait(t, 30*time.Second, "the block", func() bool { return !s.reach("10.8.1.1:2222") })
	out, _ := s.tocsin("blocks", "--json")
	if !strings.Contains(out, `"target":"10.8.1.2"`) || !strings.Contains(out, `"by":"playbook password-guessing"`) {
		t.Errorf("blocks: %s", out)
	}
	t.Logf("blocked %s after the first guess", time.Since(began))
	// What is dropped is an event like any other.
	parts.Wait(t, 20*time.Second, "the dropped packets as events", func() bool {
		s.reach("10.8.1.1:2222")
		out, _ := s.tocsin("search", "source.ip:10.8.1.2 and destination.port:2222", "--since", "1h", "--json")
		return strings.Contains(out, "tocsin block in")
	})
	// So is a connection that has ended, where connections are tracked.
	if out, err := s.tocsin("firewall", "apply", "--confirm", "0s"); err != nil {
		t.Fatal(out)
	}
	if out, err := s.tocsin("unblock", "10.8.1.2"); err != nil || !s.reach("10.8.1.1:2222") {
		t.Fatal(out)
	}
	s.must("ip", "netns", "exec", s.ours, parts.Find(t, "conntrack"), "-D", "-p", "tcp")
	parts.Wait(t, 20*time.Second, "a connection as an event", func() bool {
		out, _ := s.tocsin("search", "event.action:connection-ended and source.ip:10.8.1.2", "--since", "1h", "--json")
		return strings.Contains(out, "2222")
	})
	if out, err := s.tocsin("block", "10.8.1.2"); err != nil {
		t.Fatal(out)
	}
	// Who is asked to block the whole network is told whom that would have met.
	parts.Wait(t, 20*time.Second, "the past", func() bool {
		out, err := s.tocsin("block", "10.8.1.0/29", "--dry-run")
		if exit := (&exec.ExitError{}); !errors.As(err, &exit) || exit.ExitCode() != exitFound { // it would be refused
			t.Fatal(out, err)
		}
		return regexp.MustCompile(`last 7d +[1-9][0-9]* events, 0 of them a success.*known good 10\.8\.1\.2`).MatchString(out) && strings.Contains(out, "10.8.1.1 is an address of this host")
	})
	// The process that parses what they write has no rights; the one with rights has few.
	pid := strings.Fields(s.must("ip", "netns", "pids", s.ours))
	var main, helper string
	for _, p := range pid {
		line, _ := os.ReadFile("/proc/" + p + "/cmdline")
		switch words := strings.Split(string(line), "\x00"); {
		case len(words) > 1 && strings.HasSuffix(words[0], "/tocsin") && words[1] == "serve":
			main = p
		case len(words) > 1 && words[1] == "rights":
			helper = p
		}
	}
	if main == "" || helper == "" {
		t.Fatalf("serve is process %q, the helper %q", main, helper)
	}
	if st := s.statusOf(main); st["Uid"] == "0" || st["CapEff"] != "0000000000000000" || st["NoNewPrivs"] != "1" {
		t.Errorf("serve: %v", st)
	}
	if st := s.statusOf(helper); st["Uid"] != "0" || st["NoNewPrivs"] != "1" || st["CapBnd"] != "000000000008102f" {
		t.Errorf("helper: %v", st)
	}
	// Everybody may write to this folder, but serve may not.
	other := filepath.Join(os.TempDir(), fmt.Sprintf("tocsin-confined-%d", os.Getpid()))
	if out, err := s.tocsin("backup", other); err == nil {
		_ = os.RemoveAll(other)
		t.Errorf("serve writes where it must not: %s", out)
	} else if !strings.Contains(out, "permission denied") {
		t.Errorf("backup: %s", out)
	}
	if out, err := s.tocsin("unblock", "10.8.1.2"); err != nil || !s.reach("10.8.1.1:2222") {
		t.Errorf("unblock: %v: %s", err, out)
	}
	// What a person has taken back, no playbook does again that day.
	s.guess(1)
	parts.Wait(t, 20*time.Second, "the playbook to be refused", func() bool {
		out, err := s.tocsin("playbooks", "--json")
		if err != nil {
			t.Fatal(out)
		}
		return regexp.MustCompile(`"refused":[1-9]`).MatchString(out)
	})
	if !s.reach("10.8.1.1:2222") {
		t.Error("blocked again")
	}
	// The helper refuses what the guard forbids, also where serve is not asked.
	for _, target := range []string{"10.8.1.1", "192.0.2.7", "10.0.0.0/8"} {
		if out, err := s.tocsin("block", target); err == nil || !strings.Contains(out, "the guard forbids it") {
			t.Errorf("block %s: %v: %s", target, err, out)
		}
	}
}
