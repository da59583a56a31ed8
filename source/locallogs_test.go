package source

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	authLine = "Mar  3 10:00:00 gate sshd[812]: Failed password for root from 203.0.113.7 port 50122 ssh2\n"
	webLine  = "203.0.113.7 - - [03/Mar/2024:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n"
)

// machine lays out files below a root.
func machine(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestLocalLogs(t *testing.T) {
	files := map[string]string{
		"var/log/auth.log":         authLine,
		"var/log/auth.log.1":       strings.ReplaceAll(authLine, "10:00", "09:00"),
		"var/log/nginx/access.log": webLine,
		"var/log/nginx/error.log":  "",
		"var/log/wtmp":             "\x02\x00\x00\x00\x35\x00\x00\x00~\x00\x00\x00",
		"var/log/lastlog":          strings.Repeat("\x00", 300),
		"var/log/README":           "You are looking for the traditional text log files.\n",
		"var/log/journal/ab/x.log": authLine,

		"var/log/apt/term.log":     "Log started: 2024-03-03  10:00:00\nUnpacking tree (1.2.3.4-1) ...\n",
		"var/log/apt/term.log.1":   "Log started: 2024-03-02  10:00:00\nUnpacking tree (1.2.3.3-1) ...\n",
		"var/log/apt/eipp.log.xz":  "Request: EDSP 0.5\n\nPackage: tree\n",
		"var/log/alternatives.log": "update-alternatives 2024-03-03 10:00:00: link group pager updated to point to /usr/bin/less\n",
		"var/log/apt/history.log":  "\nStart-Date: 2024-03-03  10:00:00\nCommandline: apt-get install tree\nInstall: tree:amd64 (1.2.3.4-1)\nEnd-Date: 2024-03-03  10:00:01\n",
		"var/log/dpkg.log":         "2024-03-03 10:00:00 install tree:amd64 <none> 1.2.3.4-1\n",
	}
	for _, test := range []struct {
		name    string
		with    map[string]string
		journal bool
		covered []string
		logs    []string
		note    string
	}{
		{
			"no journal", nil, false, nil,
			[]string{"apt/history.log", "auth.log", "auth.log.1", "dpkg.log", "nginx/access.log", "nginx/error.log"},
			"",
		},
		{
			"journal",
			map[string]string{"run/log/journal/ab/system.journal": "LPKSHHRH"},
			true,
			[]string{"auth.log", "auth.log.1"},
			[]string{"apt/history.log", "dpkg.log", "nginx/access.log", "nginx/error.log"},
			"",
		},
		{
			"log host",
			map[string]string{
				"run/log/journal/ab/system.journal": "LPKSHHRH", "etc/rsyslog.conf": "module(load=\"imudp\")\ninput(type=\"imudp\" port=\"514\")\n",
			},
			false, nil,
			[]string{"apt/history.log", "auth.log", "auth.log.1", "dpkg.log", "nginx/access.log", "nginx/error.log"},
			"other machines",
		},
		{
			"no log host",
			map[string]string{
				"run/log/journal/ab/system.journal": "LPKSHHRH", "etc/rsyslog.conf": "#module(load=\"imudp\")\n#input(type=\"imudp\" port=\"514\")\n",
			},
			true,
			[]string{"auth.log", "auth.log.1"},
			[]string{"apt/history.log", "dpkg.log", "nginx/access.log", "nginx/error.log"},
			"",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := machine(t, files)
			for name, text := range test.with {
				path := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var l Local
			l.find(localPlaces{root: root, recognise: testEnv(t).Recognise, now: time.Now(), journalctl: true})
			dir := filepath.Join(root, "var/log") + "/"
			var logs, covered []string
			for _, f := range l.Logs {
				logs = append(logs, strings.TrimPrefix(f.Path, dir))
			}
			for _, f := range l.Covered {
				covered = append(covered, strings.TrimPrefix(f, dir))
			}
			if (l.Journal != nil) != test.journal || !slices.Equal(logs, test.logs) || !slices.Equal(covered, test.covered) {
				t.Errorf("journal %t, logs %v, covered %v", l.Journal != nil, logs, covered)
			}
			if notes := strings.Join(l.Notes, " "); test.note == "" != (notes == "") || !strings.Contains(notes, test.note) {
				t.Errorf("notes %q", notes)
			}
			followLocal(t, l.Files, len(test.logs))
		})
	}
}

// followLocal follows what was found: nothing of it is unreadable.
func followLocal(t *testing.T, cfg *FilesConfig, logs int) {
	t.Helper()
	cfg.From = "begin"
	to := newIntake(t)
	run := start(t, hastyFollower(t, *cfg), to)
	to.until(t, "the logs", func() bool { return len(to.durable) >= logs-1 }) // one is empty
	pause()
	run.stop(t)
	for _, d := range to.durable {
		if path := d.Block.Origin.Path; strings.Contains(path, "/journal/") || strings.Contains(path, "/term.log") || strings.Contains(path, "eipp") || strings.Contains(path, "alternatives") {
			t.Errorf("%s", d.Block.Origin.Path)
		}
	}
	if len(to.notices) > 0 || len(to.durable) != logs-1 {
		t.Errorf("%d blocks, notices %+v", len(to.durable), to.notices)
	}
}

// TestLocalLogsOfThisMachine: what is found here can be read, in order and once; what cannot be read is said to be so.
func TestLocalLogsOfThisMachine(t *testing.T) {
	l := LocalLogs(testEnv(t).Recognise)
	if !slices.IsSortedFunc(l.Logs, func(a, b LocalLog) int { return strings.Compare(a.Path, b.Path) }) {
		t.Errorf("not in order: %+v", l.Logs)
	}
	for i, f := range l.Logs {
		if i > 0 && f.Path == l.Logs[i-1].Path {
			t.Errorf("%s twice", f.Path)
		}
		file, err := os.Open(f.Path)
		if err != nil {
			t.Errorf("found, and not to be read: %v", err)
			continue
		}
		_ = file.Close()
	}
	for _, d := range l.Denied {
		if file, err := os.Open(d.Path); err == nil {
			_ = file.Close()
			t.Errorf("%s can be read, %s or not", d.Path, d.Need)
		}
	}
	if l.Files == nil && len(l.Logs) > 0 {
		t.Error("logs, and nothing follows them")
	}
}
