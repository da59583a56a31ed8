package source

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/parse"
)

// The real rsyslog, by every road that it has.
func TestRsyslog(t *testing.T) {
	rsyslogd, logger := parts.Find(t, "rsyslogd"), parts.Find(t, "logger")
	keys := makeKeys(t)
	for name, c := range map[string]struct{ scheme, action, sender string }{
		"udp":           {"udp", `protocol="udp"`, "127.0.0.1"},
		"udp, RFC 5424": {"udp", `protocol="udp" template="RSYSLOG_SyslogProtocol23Format"`, "127.0.0.1"},
		"tcp":           {"tcp", `protocol="tcp"`, "127.0.0.1"},
		"tcp, counted":  {"tcp", `protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"`, "127.0.0.1"},
		"tcp, NUL":      {"tcp", `protocol="tcp" TCP_FrameDelimiter="0"`, "127.0.0.1"},
		"tls": {
			"tls", `protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format" StreamDriver="gtls" ` +
				`StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"`, "web.example.org",
		},
	} {
		t.Run(name, func(t *testing.T) {
			port := parts.Port(t)
			cfg := SyslogConfig{Listen: fmt.Sprintf("%s://127.0.0.1:%d", c.scheme, port)}
			if c.scheme == "tls" {
				cfg.Cert, cfg.Key, cfg.ClientCA = keys.file("server.pem"), keys.file("server.key"), keys.file("ca.pem")
				cfg.Names = []string{"*.example.org"}
			}
			to, run := listening(t, cfg, keys)
			defer run.stop(t)
			socket := startRsyslog(t, rsyslogd, keys, fmt.Sprintf(`action(type="omfwd" target="127.0.0.1" port="%d" %s)`, port, c.action))
			const message = "Failed password for invalid user oracle from 203.0.113.7 port 50122 ssh2"
			for i := range 20 {
				cmd := exec.Command(logger, "-u", socket, "-t", "sshd", "-p", "authpriv.info", "--id="+fmt.Sprint(1000+i), message)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			lines, blocks := to.lines(t, 20)
			var env parse.Env
			parser := parse.Syslog.NewParser(&env)
			var got event.Batch
			for _, b := range blocks {
				if b.Origin.Sender != c.sender {
					t.Errorf("sender %q, want %q", b.Origin.Sender, c.sender)
				}
				parser.Parse(b, &got)
			}
			if len(got.Events) != 20 {
				t.Fatalf("%d events of %q", len(got.Events), lines)
			}
			for i := range got.Events {
				e := &got.Events[i]
				if e.Get("user.name").String() != "oracle" || e.Get("source.ip").String() != "203.0.113.7" || e.Get("process.pid").String() != fmt.Sprint(1000+i) {
					t.Errorf("%q: user %s, address %s, process %s", e.Raw, e.Get("user.name"), e.Get("source.ip"), e.Get("process.pid"))
				}
			}
		})
	}
}

// startRsyslog starts an rsyslog of its own that listens at the unix socket whose path is returned.
func startRsyslog(t *testing.T, program string, keys testKeys, action string) (socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "rs") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket = filepath.Join(dir, "log")
	conf := fmt.Sprintf(`global(workDirectory=%q net.enableDNS="off"
  DefaultNetstreamDriverCAFile=%q DefaultNetstreamDriverCertFile=%q DefaultNetstreamDriverKeyFile=%q)
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket=%q RateLimit.Interval="0")
%s
`, dir, keys.file("ca.pem"), keys.file("web.example.org.pem"), keys.file("web.example.org.key"), socket, action)
	file := filepath.Join(dir, "conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-n", "-f", file, "-i", filepath.Join(dir, "pid"))
	parts.Start(t, cmd)
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM) }) // it does not listen to an interrupt
	parts.Wait(t, patience, "rsyslog's socket", func() bool {
		_, err := os.Stat(socket)
		return err == nil
	})
	return socket
}

// util-linux' logger speaks both RFCs over UDP and TCP.
func TestLogger(t *testing.T) {
	logger := parts.Find(t, "logger")
	for name, args := range map[string]string{
		"udp": "-d", "udp, RFC 3164": "-d --rfc3164", "udp, RFC 5424": "-d --rfc5424",
		"tcp": "-T", "tcp, counted": "-T --octet-count", "tcp, RFC 3164": "-T --rfc3164",
	} {
		t.Run(name, func(t *testing.T) {
			port := parts.Port(t)
			cfg := SyslogConfig{Listen: fmt.Sprintf("tcp://127.0.0.1:%d", port)}
			if strings.HasPrefix(args, "-d") {
				cfg.Listen = fmt.Sprintf("udp://127.0.0.1:%d", port)
			}
			to, run := listening(t, cfg, testKeys{})
			defer run.stop(t)
			cmd := exec.Command(logger, append(strings.Fields(args), "-n", "127.0.0.1", "-P", fmt.Sprint(port), "-t", "app")...)
			cmd.Stdin = strings.NewReader("one message\nand another\n")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			got, _ := to.lines(t, 2)
			if len(got) != 2 || !strings.HasPrefix(got[0], "<13>") || !strings.HasSuffix(got[0], "one message") || !strings.HasSuffix(got[1], "and another") {
				t.Errorf("%q", got)
			}
		})
	}
}
