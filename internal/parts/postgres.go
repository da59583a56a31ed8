package parts

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Postgres starts a PostgreSQL server of the test's own, in t.TempDir, that listens on a Unix socket there and nowhere
// else, and returns the URL of an empty database on it. PostgreSQL refuses to run as root, so root runs it as the user
// postgres of Debian's package.
func Postgres(tb testing.TB) string {
	tb.Helper()
	initdb, server, ready := Find(tb, "initdb"), Find(tb, "postgres"), Find(tb, "pg_isready")
	dir := tb.TempDir()
	command := exec.Command
	if os.Getuid() == 0 {
		setpriv := Find(tb, "setpriv")
		command = func(name string, args ...string) *exec.Cmd {
			return exec.Command(setpriv, append([]string{"--reuid=postgres", "--regid=postgres", "--clear-groups", "--", name}, args...)...)
		}
		// The folder above is closed to others.
		if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
			tb.Fatal(err)
		}
		if out, err := exec.Command("chown", "postgres", dir).CombinedOutput(); err != nil {
			Missing(tb, "there is no user postgres: "+string(out))
		}
	}
	data := filepath.Join(dir, "data")
	run := command(initdb, "--pgdata="+data, "--username=tocsin", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	run.Dir = dir
	if out, err := run.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v: %s", err, out)
	}
	run = command(server, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=50")
	run.Dir = dir
	Start(tb, run)
	Wait(tb, 30*time.Second, "PostgreSQL", func() bool {
		return exec.Command(ready, "-q", "-h", dir, "-d", "postgres", "-U", "tocsin").Run() == nil
	})
	return "postgres:///postgres?user=tocsin&host=" + url.QueryEscape(dir)
}
