package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tocsin-sec/tocsin/identity"
	"github.com/tocsin-sec/tocsin/internal/parts"
)

// inside runs f on a thread in a namespace; a socket that it makes stays there.
func (s *attackSite) inside(ns string, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with it
		fd, err := os.Open(filepath.Join("/run/netns", ns))
		if err == nil {
			err = errors.Join(unix.Setns(int(fd.Fd()), unix.CLONE_NEWNET), fd.Close())
		}
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// hostileTexts come in every field of a log line.
var hostileTexts = []string{
	"'; touch OWNED; '", "$(touch OWNED)", "`touch OWNED`", "\"; touch OWNED #", "| touch OWNED", "\\'\\\"", "--help", "-rf", "../../../OWNED", "/etc/passwd",
	"a\\nb: c", "{source}", "{{.}}", "%s%n", "\xff\xfe\xc3", "\x1b[31m", "203.0.113.999", "10.8.1.1", "0.0.0.0/0", "::1", "fe80::1%v0", "null", "*", "",
	strings.Repeat("A", 64<<10), strings.Repeat("$(touch OWNED)", 4<<10),
}

// line is a teapot with a text in every field that a parser takes from it.
func hostileLine(text string) string {
	return fmt.Sprintf("<4>%s bastion kernel: teapot: IN=%[2]s OUT=%[2]s MAC=%[2]s SRC=%[2]s DST=%[2]s LEN=%[2]s PROTO=%[2]s SPT=%[2]s DPT=%[2]s user=%[2]s\n", time.Now().Format(time.Stamp), text)
}

// Whatever stands in the fields of log lines, with playbooks that act by themselves: it reaches no command, no rule of the firewall, no
// file name and no other argument of a program; what is an address reaches the block, and nothing else.
func TestHostileLinesReachNothing(t *testing.T) {
	s := newSite(t)
	s.put("teapot.yml", teapotRule)
	s.put("do.yml", "name: act\ntitle: acts\nmode: auto\nper_hour: 1000\non: {rules: [0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7a2]}\ndo:\n"+
		"  - {kind: block, target: '{source}', for: 1h}\n  - {kind: block, target: '{field:source.ip}', for: 1h}\n  - {kind: program, target: 'note {user}'}\n"+
		"  - {kind: program, target: 'note {host}'}\n  - {kind: program, target: 'note {field:message}'}\n  - {kind: lock-account, target: '{user}'}\n"+
		"  - {kind: quarantine, target: '{field:message}'}\n  - {kind: end-session, target: 'user {field:user}'}\n")
	told := filepath.Join(s.dir, "told")
	program := s.put("note", "#!/bin/sh\nprintf '%s|' \"$#\" \"$@\" >>"+told+"\ncat >>"+told+"\n")
	if err := errors.Join(os.Chmod(program, 0o755), os.Mkdir(filepath.Join(s.dir, "data"), 0o750)); err != nil {
		t.Fatal(err)
	}
	accounts, err := os.ReadFile("/etc/shadow")
	if err != nil {
		t.Fatal(err)
	}
	s.start("rules: [" + filepath.Join(s.dir, "teapot.yml") + "]\nrespond:\n  playbooks: [" + filepath.Join(s.dir, "do.yml") + "]\n  guard: {per_hour: 10000}\n" +
		"  programs: {note: {command: [" + program + ", fixed]}}\n")
	s.feed(func(write func(string)) {
		for _, h := range hostileTexts {
			write(hostileLine(h))
		}
		write(teapot("10.8.1.9"))
	})
	parts.Wait(t, 30*time.Second, "the block of what is an address", func() bool { return strings.Contains(s.out("blocks", "--json"), `"target":"10.8.1.9"`) })
	parts.Wait(t, 30*time.Second, "the program", func() bool { _, err := os.Stat(told); return err == nil })
	parts.Wait(t, 30*time.Second, "all that was asked for", func() bool {
		return !strings.Contains(s.out("actions", "--json"), `"state":"approved"`) && !strings.Contains(s.out("actions", "--json"), `"state":"running"`)
	})

	s.noneOwned()
	for d := json.NewDecoder(strings.NewReader(s.out("blocks", "--json"))); ; {
		var b struct{ Target string }
		if err := d.Decode(&b); errors.Is(err, io.EOF) {
			break
		} else if err != nil || b.Target != "10.8.1.9" {
			t.Errorf("blocked: %q, %v", b.Target, err)
		}
	}
	rules := s.must("ip", "netns", "exec", s.ours, parts.Find(t, "nft"), "list", "ruleset")
	for _, bad := range []string{"OWNED", "10.8.1.1 ", "0.0.0.0/0", "touch"} {
		if strings.Contains(rules, bad) {
			t.Errorf("%q is in the firewall: %s", bad, rules)
		}
	}
	text, err := os.ReadFile(told)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, "1|fixed|")
		if !ok || !json.Valid([]byte(rest)) {
			t.Errorf("the program got %.200q", line)
		}
	}
	if now, err := os.ReadFile("/etc/shadow"); err != nil || !bytes.Equal(now, accounts) {
		t.Errorf("accounts were changed, %v", err)
	}
	// What is drafted from them goes into files of its own folder, under names of our own.
	list, said := s.incidents(), ""
	parts.Wait(t, 30*time.Second, "the lines to be kept", func() bool {
		return strings.Count(s.out("search", "teapot", "--since", "1h", "--json"), "\n") >= len(hostileTexts)
	})
	for _, i := range list {
		said += s.out("close", i.Key, "--as", "malicious", "--note", "$(touch OWNED)")
		said += s.out("prevent", i.Key, "--dir", filepath.Join(s.dir, "draft"), "--again")
	}
	files, err := os.ReadDir(filepath.Join(s.dir, "draft"))
	if err != nil || len(files) == 0 || len(list) == 0 {
		t.Fatalf("%d incidents, %d files, %v: %s", len(list), len(files), err, said)
	}
	for _, f := range files {
		if strings.ContainsFunc(f.Name(), func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789_.", r) }) || len(f.Name()) > 140 {
			t.Errorf("drafted: %q", f.Name())
		}
	}
	s.want([]string{"rules", "check", filepath.Join(s.dir, "draft")})
	s.noneOwned()
}

// noneOwned tells where a command that a log line held was run, or made a file.
func (s *attackSite) noneOwned() {
	s.Helper()
	for _, dir := range []string{".", "/", "/root", os.TempDir(), s.dir, filepath.Join(s.dir, "data"), "/var", "/etc"} {
		if found, _ := filepath.Glob(filepath.Join(dir, "*OWNED*")); len(found) > 0 {
			s.Errorf("a command was run: %v", found)
		}
	}
}

// desk is as much of Jira as is asked, at an address of our namespace.
func (s *attackSite) desk(at string) (said func() string) {
	s.Helper()
	var l net.Listener
	if err := s.inside(s.ours, func() (err error) { l, err = net.Listen("tcp", at); return err }); err != nil {
		s.Fatal(err)
	}
	var mu sync.Mutex
	var calls strings.Builder
	made := false
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(&calls, "%s %s %s %s\n", r.Method, r.URL.Path, r.Header.Get("Authorization"), body)
		switch {
		case r.Method == http.MethodGet && r.URL.Path == "/rest/api/2/search" && !made:
			_, _ = io.WriteString(w, `{"issues":[]}`)
		case r.Method == http.MethodGet && r.URL.Path == "/rest/api/2/search":
			_, _ = io.WriteString(w, `{"issues":[{"key":"SEC-7","fields":{"status":{"name":"To Do"}}}]}`)
		case r.Method == http.MethodPost && r.URL.Path == "/rest/api/2/issue":
			made = true
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"id":"10007","key":"SEC-7"}`)
		case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/transitions"):
			_, _ = io.WriteString(w, `{"transitions":[{"id":"11","name":"To Do"},{"id":"31","name":"Done"}]}`)
		case strings.HasPrefix(r.URL.Path, "/rest/api/2/issue/SEC-7/"):
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})}
	go func() { _ = server.Serve(l) }()
	s.Cleanup(func() { _ = server.Close() })
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return calls.String()
	}
}

// Other firewalls are told over TLS and by a file; one person's denial is enough; a ticket is made in Jira, and closed.
func TestListsDenialTicket(t *testing.T) {
	s := newSite(t)
	if _, _, err := identity.Certificate(s.dir, "", "", []string{"10.8.1.1"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	seed := bytes.Repeat([]byte{7}, ed25519.SeedSize)
	s.put("seed", base64.StdEncoding.EncodeToString(seed))
	s.put("poll", "the-key-of-a-firewall")
	s.put("jira", "the-token-of-a-desk")
	s.put("teapot.yml", teapotRule)
	s.put("guess.yml", "name: guess\ntitle: guesses\nmode: ask\napprovals: 2\non: {rules: [0a4a1f5e-6f0e-4a5e-9a6e-3a55a2f5b7a2]}\ndo:\n  - {kind: block, target: '{source}', for: 1h}\n")
	calls := s.desk("127.0.0.1:8080")
	file := filepath.Join(s.dir, "list.txt")
	in := func(name string) string { return "file:" + filepath.Join(s.dir, name) }
	s.start("rules: [" + filepath.Join(s.dir, "teapot.yml") + "]\nnotify:\n  ways:\n    desk: {jira: {url: 'http://127.0.0.1:8080', token: '" + in("jira") + "', project: SEC, done: Done}}\n" +
		"respond:\n  playbooks: [" + filepath.Join(s.dir, "guess.yml") + "]\n  lists:\n    listen: 10.8.1.1:8085\n    cert: " + filepath.Join(s.dir, "console.crt") + "\n    key: " +
		filepath.Join(s.dir, "console.key") + "\n    keys: {edge: {key: '" + in("poll") + "'}}\n    sign: '" + in("seed") + "'\n    file: " + file + "\n")
	s.want([]string{"block", "198.51.100.7", "--for", "1h"})

	certificate, err := os.ReadFile(filepath.Join(s.dir, "console.crt"))
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(certificate) {
		t.Fatal("no certificate", err)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(_ context.Context, network, addr string) (c net.Conn, err error) {
			return c, s.inside(s.theirs, func() error { c, err = net.DialTimeout(network, addr, 5*time.Second); return err })
		},
	}}
	get := func(url, key string) (int, string) {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if key != "" {
			q.Header.Set("X-Api-Key", key)
		}
		r, err := client.Do(q)
		if err != nil {
			return 0, err.Error()
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(text)
	}
	const at = "https://10.8.1.1:8085/blocklist.txt"
	if code, text := get(at, ""); code != http.StatusForbidden && code != http.StatusUnauthorized {
		t.Errorf("without a key: %d %s", code, text)
	}
	if code, _ := get(strings.Replace(at, "https", "http", 1), "the-key-of-a-firewall"); code == http.StatusOK {
		t.Error("the list is handed out without TLS")
	}
	code, list := get(at, "the-key-of-a-firewall")
	if code != http.StatusOK || !slices.Contains(strings.Split(list, "\n"), "198.51.100.7") {
		t.Fatalf("%d %s", code, list)
	}
	_, text := get(at+".sig", "the-key-of-a-firewall")
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || !ed25519.Verify(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey), []byte(list), sig) {
		t.Errorf("the signature is not one: %q, %v", text, err)
	}
	parts.Wait(t, 15*time.Second, "the file", func() bool { f, _ := os.ReadFile(file); return strings.Contains(string(f), "198.51.100.7\n") })
	s.want([]string{"unblock", "198.51.100.7"})
	parts.Wait(t, 15*time.Second, "the file without it", func() bool {
		f, err := os.ReadFile(file)
		return err == nil && !strings.Contains(string(f), "198.51.100.7")
	})

	// One of two approvals does not do it, and one denial ends it, also for the playbook that asks again.
	s.feed(func(write func(string)) { write(teapot("10.8.1.9")) })
	key := ""
	parts.Wait(t, 20*time.Second, "a proposal", func() bool {
		var a struct{ Key string }
		_ = json.Unmarshal([]byte(strings.SplitN(s.out("actions", "--state", "proposed", "--json"), "\n", 2)[0]), &a)
		key = a.Key
		return key != ""
	})
	s.want([]string{"approve", key}, "10.8.1.9")
	if out := s.out("blocks", "--json"); strings.Contains(out, `"state":"done"`) {
		t.Errorf("blocked by one of two approvals: %s", out)
	}
	s.want([]string{"deny", key}, "10.8.1.9")
	if out, err := s.tocsin("approve", key); err == nil || !strings.Contains(out, "denied") {
		t.Errorf("approve what was denied: %v: %s", err, out)
	}
	s.finds([]string{"actions", "--state", "denied"}, "10.8.1.9")
	s.feed(func(write func(string)) { write(teapot("10.8.1.9")) })
	refused := regexp.MustCompile(`"refused":[1-9]`)
	parts.Wait(t, 20*time.Second, "the playbook to be refused", func() bool { return refused.MatchString(s.out("playbooks", "--json")) })
	if out := s.out("actions", "--state", "proposed,approved,done", "--json"); strings.Contains(out, "10.8.1.9") {
		t.Errorf("asked for again: %s", out)
	}

	s.want([]string{"actions", "do", "jira", "desk look at web1", "--param", "level=high"})
	parts.Wait(t, 20*time.Second, "the issue", func() bool { return strings.Contains(s.out("actions", "--json"), "issue SEC-7") })
	if said := calls(); strings.Count(said, "POST /rest/api/2/issue Bearer the-token-of-a-desk ") != 1 || !strings.Contains(said, `"summary":"[high] look at web1"`) || !strings.Contains(said, `"key":"SEC"`) {
		t.Errorf("Jira was told: %s", said)
	}
	s.want([]string{"undo", keyOfKind(s.out("actions", "--json"), "jira")})
	parts.Wait(t, 20*time.Second, "the issue to be closed", func() bool {
		return strings.Contains(calls(), "POST /rest/api/2/issue/SEC-7/transitions Bearer the-token-of-a-desk {\"transition\":{\"id\":\"31\"}}")
	})
}

// keyOfKind is the key of the first action of a kind.
func keyOfKind(actions, kind string) string {
	for d := json.NewDecoder(strings.NewReader(actions)); ; {
		var a struct{ Key, Kind string }
		if err := d.Decode(&a); err != nil {
			return ""
		}
		if a.Kind == kind {
			return a.Key
		}
	}
}
