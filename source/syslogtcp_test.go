package source

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// ended waits until the other side has closed a connection.
func ended(t *testing.T, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil || strings.Contains(err.Error(), "timeout") {
		t.Fatalf("the connection is still there: %d bytes, %v", n, err)
	}
}

func connect(t *testing.T, cfg SyslogConfig) net.Conn {
	t.Helper()
	c, err := dial(t.Context(), cfg.Listen, testKeys{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func tcpConfig(t *testing.T) SyslogConfig {
	return SyslogConfig{Listen: fmt.Sprintf("tcp://127.0.0.1:%d", parts.Port(t))}
}

// A connection that does what it may not is ended, told of, and does not disturb the others.
func TestSyslogHostile(t *testing.T) {
	for name, c := range map[string]struct {
		send   string
		action string
		reason string
	}{
		"great count":   {"99999999 <13>a", NoticeUnreadable, oddLength},
		"never ends":    {"<13>a message without an end", NoticeUnreadable, tooSlow},
		"counts, lacks": {"1000 <13>a message without an end", NoticeUnreadable, oddCut},
		"long":          {"<13>" + strings.Repeat("a", 1<<20) + "\n", NoticeUnreadable, oddLong},
		"garbage":       {strings.Repeat("\x16\x03\x01\x02\xff\xfe 12 <<<>", 100_000), NoticeUnreadable, oddLong},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := tcpConfig(t)
			cfg.MaxMessage = 2000
			to := newIntake(t)
			in := mustSyslog(t, cfg)
			in.(*syslog).frameTime = 200 * time.Millisecond
			run := start(t, in, to)
			defer run.stop(t)
			bad, good := connect(t, cfg), connect(t, cfg)
			if _, err := io.WriteString(bad, c.send); err != nil {
				t.Fatal(err)
			}
			if n := to.notice(t, c.action); n.Reason != c.reason || n.Sender != "127.0.0.1" || n.Input != in.Name() {
				t.Errorf("%+v", n)
			}
			if c.reason != oddLong {
				ended(t, bad)
			}
			fmt.Fprintln(good, "<13>all is well")
			to.until(t, "the good one", func() bool {
				return slices.ContainsFunc(to.taken, func(d Delivery) bool { return strings.Contains(d.Block.Data, "all is well\n") })
			})
			for _, d := range to.taken {
				for l := range strings.SplitSeq(d.Block.Data, "\n") {
					if len(l) > cfg.MaxMessage+100 { // NUL bytes take four
						t.Errorf("a line of %d bytes", len(l))
					}
				}
			}
		})
	}
}

func TestSyslogRefuses(t *testing.T) {
	t.Run("connections", func(t *testing.T) {
		cfg := tcpConfig(t)
		cfg.MaxConnections = 2
		to := newIntake(t)
		run := start(t, mustSyslog(t, cfg), to)
		defer run.stop(t)
		a, b := connect(t, cfg), connect(t, cfg)
		ended(t, connect(t, cfg))
		if n := to.notice(t, NoticeRefused); n.Reason != tooManyConnections {
			t.Errorf("%+v", n)
		}
		fmt.Fprintln(a, "<13>a")
		fmt.Fprintln(b, "<13>b")
		to.lines(t, 2)
	})
	t.Run("address", func(t *testing.T) {
		cfg := tcpConfig(t)
		cfg.Allow = []string{"127.0.0.2", "192.0.2.0/24"}
		to := newIntake(t)
		run := start(t, mustSyslog(t, cfg), to)
		defer run.stop(t)
		ended(t, connect(t, cfg))
		if n := to.notice(t, NoticeRefused); n.Reason != notAllowed || n.Sender != "127.0.0.1" {
			t.Errorf("%+v", n)
		}
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
		c, err := d.Dial("tcp", cfg.Listen[6:])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintln(c, "<13>a")
		to.lines(t, 1)
	})
	t.Run("certificate", func(t *testing.T) {
		keys := makeKeys(t)
		for who, c := range map[string]struct {
			allowNone bool
			names     []string
			told      string
		}{
			"":                {told: "certificate"},
			"stranger":        {told: "unknown authority"},
			"web.example.org": {names: []string{"db.example.org"}, told: "web.example.org is not listed under names"},
		} {
			cfg := SyslogConfig{
				Listen: fmt.Sprintf("tls://127.0.0.1:%d", parts.Port(t)), Names: c.names,
				Cert: keys.file("server.pem"), Key: keys.file("server.key"), ClientCA: keys.file("ca.pem"),
			}
			to := newIntake(t)
			run := start(t, mustSyslog(t, cfg), to)
			keys.config = keys.as(t, who)
			conn, err := dial(t.Context(), strings.Replace(cfg.Listen, "tls", "tcp", 1), keys)
			if err != nil {
				t.Fatal(err)
			}
			if enc, err := keys.client(conn); err == nil { // TLS 1.3: the client does not yet know
				fmt.Fprintln(enc, "<13>a")
				ended(t, enc)
			}
			if n := to.notice(t, NoticeRefused); !strings.Contains(n.Reason, c.told) {
				t.Errorf("%q: %+v", who, n)
			}
			if len(to.taken) > 0 {
				t.Errorf("%q was heard", who)
			}
			run.stop(t)
		}
	})
}

// Certificates of senders are asked for, and whoever has none may still send where that is said.
func TestSyslogCertificates(t *testing.T) {
	keys := makeKeys(t)
	cfg := SyslogConfig{
		Listen: fmt.Sprintf("tls://127.0.0.1:%d", parts.Port(t)), AllowNoCert: true,
		Cert: keys.file("server.pem"), Key: keys.file("server.key"), ClientCA: keys.file("ca.pem"),
	}
	to := newIntake(t)
	run := start(t, mustSyslog(t, cfg), to)
	defer run.stop(t)
	for _, who := range []string{"", "web.example.org"} {
		keys.config = keys.as(t, who)
		c, err := dial(t.Context(), cfg.Listen, keys)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "%s", counted("<13>from "+who+"."))
		c.Close()
	}
	_, blocks := to.lines(t, 2)
	for _, b := range blocks {
		want := "127.0.0.1"
		if strings.Contains(b.Data, "web") {
			want = "web.example.org"
		}
		if b.Origin.Sender != want || b.Origin.Path != "syslog:"+cfg.Listen+"/127.0.0.1" {
			t.Errorf("%q from %q, %q; want %q", b.Data, b.Origin.Sender, b.Origin.Path, want)
		}
	}
}

// What cannot be listened at is said so that a person knows what to do.
func TestSyslogOccupied(t *testing.T) {
	for _, scheme := range []string{"udp", "tcp"} {
		cfg := SyslogConfig{Listen: fmt.Sprintf("%s://127.0.0.1:%d", scheme, parts.Port(t))}
		to, run := listening(t, cfg, testKeys{})
		err := mustSyslog(t, cfg).Run(t.Context(), to)
		if err == nil || !strings.Contains(err.Error(), "another program does already") {
			t.Errorf("%v", err)
		}
		run.stop(t)
		cfg.Listen = scheme + "://192.0.2.77:5514"
		cfg.Allow, cfg.Insecure = []string{"192.0.2.0/24"}, true
		if err = mustSyslog(t, cfg).Run(t.Context(), to); err == nil || !strings.Contains(err.Error(), "no such address") {
			t.Errorf("%v", err)
		}
	}
}
