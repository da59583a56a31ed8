package respond

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// namespace is a network namespace of its own, with a name for ip(8), which goes with the test.
type namespace string

var namespaces atomic.Int64

func newNamespace(t testing.TB) namespace {
	t.Helper()
	if os.Geteuid() != 0 {
		parts.Missing(t, "network namespaces need root")
	}
	parts.Find(t, "ip")
	name := fmt.Sprintf("tocsin-%d-%d", os.Getpid(), namespaces.Add(1))
	run(t, "ip", "netns", "add", name)
	t.Cleanup(func() { run(t, "ip", "netns", "del", name) })
	run(t, "ip", "-n", name, "link", "set", "lo", "up")
	return namespace(name)
}

// connect lays a cable between two namespaces, with addresses in 10.7.N.0/24 and fd07:N::/64: .1 is a, .2 is b.
func connect(t testing.TB, a, b namespace, n int) {
	t.Helper()
	run(t, "ip", "link", "add", "v"+fmt.Sprint(n), "netns", string(a), "type", "veth", "peer", "name", "v"+fmt.Sprint(n), "netns", string(b))
	for i, ns := range []namespace{a, b} {
		run(t, "ip", "-n", string(ns), "addr", "add", fmt.Sprintf("10.7.%d.%d/24", n, i+1), "dev", "v"+fmt.Sprint(n))
		run(t, "ip", "-n", string(ns), "addr", "add", fmt.Sprintf("fd07:%d::%d/64", n, i+1), "dev", "v"+fmt.Sprint(n), "nodad")
		run(t, "ip", "-n", string(ns), "link", "set", "v"+fmt.Sprint(n), "up")
	}
}

func run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// do runs f on a thread in the namespace. Sockets that it opens stay there.
func (ns namespace) do(t testing.TB, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		fd, err := unix.Open("/run/netns/"+string(ns), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			_ = unix.Close(fd)
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// firewall opens the firewall of a namespace.
func (ns namespace) firewall(t testing.TB) *Firewall {
	t.Helper()
	var f *Firewall
	var err error
	ns.do(t, func() { f, err = OpenFirewall() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// command prepares a program that runs in the namespace.
func (ns namespace) command(args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", string(ns)}, args...)...)
}

// run runs a program in the namespace.
func (ns namespace) run(t testing.TB, args ...string) string {
	t.Helper()
	return run(t, append([]string{"ip", "netns", "exec", string(ns)}, args...)...)
}
