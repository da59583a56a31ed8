// Package parts gives tests the real programs that they need: found on this machine, installed from Debian's packages by
// `make parts`. A test whose part is missing is skipped and says so; with TOCSIN_FULL=1 it fails.
package parts

import (
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// sbin is where Debian keeps daemons that are not in every PATH.
var sbin = []string{"/usr/sbin/", "/sbin/", "/usr/lib/postgresql/15/bin/", "/usr/lib/postgresql/17/bin/", "/usr/libexec/"}

// Find returns the path of a program.
func Find(tb testing.TB, name string) string {
	tb.Helper()
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	for _, dir := range sbin {
		if info, err := os.Stat(dir + name); err == nil && info.Mode()&0o111 != 0 {
			return dir + name
		}
	}
	Missing(tb, name+" is not installed; make parts installs it")
	return ""
}

// Missing skips a test for what is not there; with TOCSIN_FULL=1 it fails it.
func Missing(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("TOCSIN_FULL") == "1" {
		tb.Fatalf("TOCSIN_FULL=1, and %s", what)
	}
	tb.Skipf("SKIPPED: %s", what)
}

// Start runs a program until the test ends, and shows what it printed if the test fails.
func Start(tb testing.TB, cmd *exec.Cmd) {
	tb.Helper()
	out, err := os.CreateTemp(tb.TempDir(), "out")
	if err != nil {
		tb.Fatal(err)
	}
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = out
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		timer := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		timer.Stop()
		if tb.Failed() {
			if text, err := os.ReadFile(out.Name()); err == nil {
				tb.Logf("%s printed:\n%s", cmd.Path, text)
			}
		}
		_ = out.Close()
	})
}

// Port returns a TCP and UDP port of the loopback that was free just now.
func Port(tb testing.TB) int {
	tb.Helper()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		u, err := net.ListenPacket("udp", l.Addr().String())
		_ = l.Close()
		if err != nil {
			continue
		}
		_ = u.Close()
		return port
	}
	tb.Fatal("no port of the loopback is free for TCP and UDP")
	return 0
}

// Wait asks ok every few milliseconds until it holds; after so long it fails the test.
func Wait(tb testing.TB, long time.Duration, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(long); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("waited %s in vain for %s", long, what)
		}
	}
}
