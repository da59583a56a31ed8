//go:build unix

package source

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFollowDenied: what may not be read is told once, and read as soon as it may be. As root it runs itself as nobody.
func TestFollowDenied(t *testing.T) {
	const folder = "TOCSIN_TEST_DENIED"
	dir := os.Getenv(folder)
	if os.Geteuid() == 0 {
		dir = t.TempDir()
		for p := dir; p != os.TempDir() && p != "/"; p = filepath.Dir(p) {
			if err := os.Chmod(p, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		self := filepath.Join(dir, "self.test") // where nobody may run it
		program, err := os.ReadFile(os.Args[0])
		if err == nil {
			err = os.WriteFile(self, program, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestFollowDenied$", "-test.v")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), folder+"="+dir, "TMPDIR="+dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestFollowDenied") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if dir == "" {
		dir = t.TempDir()
	}
	path, to := filepath.Join(dir, "app.log"), newIntake(t)
	writeFile(t, path, linesOf(1, 3))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	run := start(t, hastyFollower(t, FilesConfig{Paths: []string{path}}), to)
	n := to.notice(t, NoticeUnreadable)
	if !strings.Contains(n.Reason, path) || !strings.Contains(n.Reason, "permission denied") {
		t.Errorf("notice %+v", n)
	}
	if err := appendTo(filepath.Join(dir, "other.log"), "app: x"); err != nil {
		t.Fatal(err)
	}
	pause()
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	to.await(t, &road{}, 1, 3)
	run.stop(t)
	if len(to.notices) != 1 {
		t.Errorf("notices %+v", to.notices)
	}
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	quiet := newIntake(t)
	known := start(t, hastyFollower(t, FilesConfig{Paths: []string{path}, told: []string{path}}), quiet)
	pause()
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	quiet.await(t, &road{}, 1, 3)
	known.stop(t)
	if len(quiet.notices) != 0 {
		t.Errorf("what the user was told is told again: %+v", quiet.notices)
	}
	if got := needed(path); got != "root" && !strings.HasPrefix(got, "group ") {
		t.Errorf("who may read it: %q", got)
	}
}
