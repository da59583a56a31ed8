package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// put writes a file into the site's folder.
func (s *attackSite) put(name, text string) string {
	s.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.Fatal(err)
	}
	return path
}

// want runs a command that ends well, and prints all of these texts.
func (s *attackSite) want(args []string, texts ...string) string {
	s.Helper()
	out, err := s.tocsin(args...)
	if err != nil {
		s.Fatalf("tocsin %v: %v\n%s", args, err, out)
	}
	s.says(args, out, texts...)
	return out
}

// finds runs a command that ends with status 1, because it has found something, and prints all of these texts.
func (s *attackSite) finds(args []string, texts ...string) string {
	s.Helper()
	out, err := s.tocsin(args...)
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 {
		s.Fatalf("tocsin %v: %v\n%s", args, err, out)
	}
	s.says(args, out, texts...)
	return out
}

func (s *attackSite) says(args []string, out string, texts ...string) {
	s.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			s.Errorf("tocsin %v says nothing of %q:\n%s", args, text, out)
		}
	}
}

// again ends serve with kill -9, lets something happen, and starts it anew.
func (s *attackSite) again(between func()) {
	s.Helper()
	pids := strings.Fields(s.must("ip", "netns", "pids", s.ours))
	for _, p := range pids {
		if line, err := os.ReadFile("/proc/" + p + "/cmdline"); err == nil && strings.Contains(string(line), s.program+"\x00serve") {
			s.must("kill", "-9", p)
			parts.Wait(s, 10*time.Second, "its end", func() bool { // until it is waited for, it has a number and nothing else
				line, err := os.ReadFile("/proc/" + p + "/cmdline")
				return err != nil || len(line) == 0
			})
		}
	}
	between()
	s.serve = s.in(s.ours, s.program, "serve", "--config", filepath.Join(s.dir, "tocsin.yml"))
	parts.Start(s, s.serve)
	parts.Wait(s, 30*time.Second, "serve", func() bool { _, err := s.tocsin("status"); return err == nil })
}

// What a person does by commands, and that what is in force stays in force: after kill -9, after somebody has taken the
// firewall away, and after a reboot, which leaves the kernel without any of it.
func TestBlocksOutliveKillAndReboot(t *testing.T) {
	s := newSite(t)
	s.put("guess.yml", "name: guess\ntitle: guesses\nmode: ask\non: {rules: [0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7a2]}\ndo:\n  - {kind: block, target: '{source}', for: 1h}\n")
	s.put("teapot.yml", teapotRule)
	s.start("rules: [" + filepath.Join(s.dir, "teapot.yml") + "]\nfirewall:\n  default: allow\n  zones: {them: {networks: [10.8.1.0/24]}}\n" +
		"  rules:\n    - {name: web, from: [them], to: [self], services: [tcp/80]}\n    - {name: web again, from: [them], to: [self], services: [tcp/80]}\n" +
		"respond:\n  playbooks: [" + filepath.Join(s.dir, "guess.yml") + "]\n  kinds: [block, allow, isolate]\n")
	parts.Start(s, s.listener("10.8.1.1:80"))
	parts.Wait(s, 10*time.Second, "a listener", func() bool { return s.reach("10.8.1.1:80") })

	s.want([]string{"block", "10.8.1.2", "--dry-run"}, "last 7d")
	if !s.reach("10.8.1.1:80") {
		t.Fatal("a dry run blocks")
	}
	kinds := s.want([]string{"actions", "kinds"}, "block", "isolate")
	if strings.Contains(kinds, "quarantine") {
		t.Errorf("a kind that is switched off: %s", kinds)
	}
	s.want([]string{"block", "10.8.1.2", "--for", "1h", "--why", "test"})
	s.finds([]string{"blocks"}, "10.8.1.2")
	s.finds([]string{"actions"}, "block 10.8.1.2", "test")
	if s.reach("10.8.1.1:80") {
		t.Fatal("not blocked")
	}
	s.again(func() {
		if s.reach("10.8.1.1:80") {
			t.Error("without serve nothing is blocked")
		}
	})
	if s.reach("10.8.1.1:80") {
		t.Error("not blocked after kill -9")
	}
	s.want([]string{"firewall", "diff"})
	s.again(func() { // as a reboot leaves it
		s.must("ip", "netns", "exec", s.ours, parts.Find(t, "nft"), "flush", "ruleset")
		if !s.reach("10.8.1.1:80") {
			t.Error("blocked by nothing")
		}
	})
	parts.Wait(s, 10*time.Second, "the block after a reboot", func() bool { return !s.reach("10.8.1.1:80") })
	s.want([]string{"firewall", "diff"})
	s.must("ip", "netns", "exec", s.ours, parts.Find(t, "nft"), "delete", "table", "inet", "tocsin")
	s.finds([]string{"firewall", "diff"}, "+ drop", "10.8.1.2")
	s.want([]string{"firewall", "settle"})
	s.want([]string{"firewall", "diff"})
	s.want([]string{"unblock", "10.8.1.2"})
	if !s.reach("10.8.1.1:80") {
		t.Error("still blocked")
	}

	s.want([]string{"firewall", "plan"}, "redundant", "web again", "the kernel would take them")
	s.want([]string{"firewall", "apply", "--confirm", "0s"}, "in force: 2 rules")
	s.reach("10.8.1.1:80")
	s.want([]string{"firewall", "show"}, "web", "packets", "rule 2 (web again): unused: no packet has needed it")

	s.feed(func(write func(string)) { write(teapot("10.8.1.9")) })
	var list []struct{ Key, Target, State string }
	parts.Wait(s, 20*time.Second, "a proposal", func() bool {
		out, _ := s.tocsin("actions", "--state", "proposed", "--json")
		list = list[:0]
		for d := json.NewDecoder(strings.NewReader(out)); ; {
			var a struct{ Key, Target, State string }
			if d.Decode(&a) != nil {
				return len(list) > 0
			}
			list = append(list, a)
		}
	})
	if list[0].Target != "10.8.1.9" {
		t.Fatal(list)
	}
	s.want([]string{"approve", list[0].Key[:8]}, "10.8.1.9")
	s.finds([]string{"blocks"}, "10.8.1.9")
	s.want([]string{"undo", list[0].Key}, "10.8.1.9")
	if out, err := s.tocsin("deny", list[0].Key); err == nil || !strings.Contains(out, "not possible in this state") {
		t.Errorf("deny what is undone: %v: %s", err, out)
	}
	s.want([]string{"playbooks", "test", "--since", "1h"}, "guess", "would", "block 10.8.1.9")
}

const teapotRule = "title: A teapot was found\nid: 0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7a2\nstatus: test\nlogsource:\n  product: linux\ndetection:\n  keywords:\n    - teapot\n  condition: keywords\nlevel: high\n"

// teapot is a line that the rule means, about an address.
func teapot(from string) string {
	return fmt.Sprintf("<4>%s bastion kernel: teapot: IN=v0 OUT= SRC=%s DST=10.8.1.1 LEN=40 PROTO=TCP SPT=4711 DPT=22\n", time.Now().Format(time.Stamp), from)
}

// feed lets f write lines to serve's syslog.
func (s *attackSite) feed(f func(write func(string))) {
	s.Helper()
	cmd := s.in(s.ours, "bash", "-c", "exec cat >/dev/tcp/127.0.0.1/5514")
	in, err := cmd.StdinPipe()
	if err != nil {
		s.Fatal(err)
	}
	parts.Start(s, cmd)
	f(func(line string) {
		if _, err := io.WriteString(in, line); err != nil {
			s.Fatal(err)
		}
	})
}

// listener is this program as one that takes connections and packets at an address.
func (s *attackSite) listener(at string) *exec.Cmd {
	cmd := s.in(s.ours, os.Args[0], "-test.run=^TestListenForOthers$", "-test.count=1")
	cmd.Env = append(os.Environ(), "TOCSIN_LISTEN="+at)
	return cmd
}

// TestListenForOthers is no test, but a process in a namespace: it takes connections, and prints when packets come from whom.
func TestListenForOthers(t *testing.T) {
	at := os.Getenv("TOCSIN_LISTEN")
	if at == "" {
		t.Skip("it is the part of another test")
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	p, err := net.ListenPacket("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(os.Stdout)
	for b := make([]byte, 64); ; {
		_, from, err := p.ReadFrom(b)
		if err != nil {
			return
		}
		fmt.Fprintf(out, "packet %s %d\n", from.(*net.UDPAddr).IP, time.Now().UnixNano())
		_ = out.Flush()
	}
}

// TestSendForOthers is no test, but a process in a namespace: it sends a packet each millisecond from an address, until it is ended.
func TestSendForOthers(t *testing.T) {
	from := os.Getenv("TOCSIN_SEND")
	if from == "" {
		t.Skip("it is the part of another test")
	}
	c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)}, &net.UDPAddr{IP: net.IPv4(10, 8, 1, 1), Port: 80})
	if err != nil {
		t.Fatal(err)
	}
	for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
		_, _ = c.Write([]byte("x"))
	}
}

// From the line to the dropped packet: how long it takes is told; that it happens each time is the test.
func TestLineToDrop(t *testing.T) {
	s := newSite(t)
	s.put("guess.yml", "name: guess\ntitle: guesses\nmode: auto\nper_hour: 1000\non: {rules: [0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7a2]}\ndo:\n  - {kind: block, target: '{source}', for: 1h}\n")
	s.put("teapot.yml", teapotRule)
	s.start("rules: [" + filepath.Join(s.dir, "teapot.yml") + "]\nrespond:\n  playbooks: [" + filepath.Join(s.dir, "guess.yml") + "]\n")
	receiver := s.listener("10.8.1.1:80")
	out, err := receiver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	parts.Start(s, receiver)
	var mu sync.Mutex
	last := make(map[string]int64)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var from string
			var at int64
			if _, err := fmt.Sscanf(lines.Text(), "packet %s %d", &from, &at); err == nil {
				mu.Lock()
				last[from] = at
				mu.Unlock()
			}
		}
	}()
	lastOf := func(from string) int64 {
		mu.Lock()
		defer mu.Unlock()
		return last[from]
	}
	var took []time.Duration
	s.feed(func(write func(string)) {
		for i := range 20 {
			from := fmt.Sprintf("10.8.1.%d", 100+i)
			s.must("ip", "-n", s.theirs, "addr", "add", from+"/24", "dev", "v0")
			sender := s.in(s.theirs, os.Args[0], "-test.run=^TestSendForOthers$", "-test.count=1")
			sender.Env = append(os.Environ(), "TOCSIN_SEND="+from)
			parts.Start(s, sender)
			parts.Wait(s, 10*time.Second, "packets", func() bool { return lastOf(from) != 0 })
			began := time.Now()
			write(teapot(from))
			parts.Wait(s, 30*time.Second, "the drop", func() bool { return time.Now().UnixNano()-lastOf(from) > int64(250*time.Millisecond) })
			took = append(took, time.Duration(lastOf(from)-began.UnixNano()))
			_ = sender.Process.Kill()
		}
	})
	slices.Sort(took)
	t.Logf("from the line to the last packet: half within %s, 19 of 20 within %s, at most %s", took[9], took[18], took[19])
	for i := range 20 {
		if blocks, _ := s.tocsin("blocks", "--json"); !strings.Contains(blocks, fmt.Sprintf(`"target":"10.8.1.%d"`, 100+i)) {
			t.Errorf("10.8.1.%d is not blocked", 100+i)
		}
	}
}
