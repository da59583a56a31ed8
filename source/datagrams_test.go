package source

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

// What comes while there is no room is dropped and counted: what was taken and what was told make up all.
func TestSyslogDrops(t *testing.T) {
	cfg := SyslogConfig{Listen: fmt.Sprintf("udp://127.0.0.1:%d", parts.Port(t)), MaxPending: 1 << 20, MaxMessage: 4096, Receive: 8 << 20}
	to := newIntake(t)
	to.set(func() { to.closed = true })
	run := start(t, mustSyslog(t, cfg), to)
	const total = 4000
	if err := sendDatagrams(t.Context(), cfg.Listen, records(1, total, 1000)); err != nil {
		t.Fatal(err)
	}
	n := to.notice(t, NoticeDropped)
	if n.Reason != lostHere && n.Reason != lostKernel || n.Count == 0 {
		t.Errorf("%+v", n)
	}
	to.set(func() { to.closed = false })
	last := ""
	parts.Wait(t, patience, "the last that waits", func() bool { // and one after them, which tells of the kernel's drops
		_ = sendDatagrams(t.Context(), cfg.Listen, []string{"the end"})
		to.set(func() {
			if len(to.taken) > 0 {
				last = to.taken[len(to.taken)-1].Block.Data
			}
		})
		return strings.Contains(last, "the end")
	})
	run.stop(t)
	taken, told := 0, int64(0)
	for _, d := range to.taken {
		taken += len(numbersOf(d.Block))
	}
	for _, n := range to.notices {
		if n.Action == NoticeDropped {
			told += n.Count
		}
	}
	if ends := int64(100); int64(taken)+told < total || int64(taken)+told > total+ends {
		t.Errorf("%d taken, %d told of %d", taken, told, total)
	}
	if taken == 0 || told == 0 {
		t.Errorf("%d taken, %d told", taken, told)
	}
}

func plainLines(peer, []byte) (string, shaper) { return "syslog", &lineShaper{split: wholeLines{}} }

// One sender that floods does not take the room of the others.
func TestGatherShares(t *testing.T) {
	to := newIntake(t)
	g := newGather(testEnv(t), newTally("test", to))
	g.path, g.shape = "test/", plainLines
	g.limit, g.share, g.most = 1<<20, 1<<18, 3
	line := []byte(strings.Repeat("x", 1000))
	loud, quiet := peer{addr: netip.MustParseAddr("192.0.2.1")}, peer{addr: netip.MustParseAddr("192.0.2.2")}
	n := 0
	for g.offer(loud, line) {
		n++
	}
	if n < 250 || n > 270 {
		t.Errorf("the loud one has %d KB", n)
	}
	if !g.offer(quiet, line) || !g.offer(peer{addr: quiet.addr, name: "with a certificate"}, line) {
		t.Error("no room for the others")
	}
	if g.offer(peer{addr: netip.MustParseAddr("192.0.2.3")}, line) {
		t.Error("more senders than may be")
	}
	if g.reserve(1 << 20) {
		t.Error("more than half of the room reserved")
	}
}

func TestExposure(t *testing.T) {
	nets := []string{"192.0.2.0/24", "2001:db8::1"}
	for name, c := range map[string]struct {
		cfg  SyslogConfig
		want string // "" is no error
	}{
		"loopback":            {SyslogConfig{Listen: "udp://127.0.0.1:514"}, ""},
		"loopback, by name":   {SyslogConfig{Listen: "tcp://localhost"}, ""},
		"loopback, 6":         {SyslogConfig{Listen: "tcp://[::1]:514"}, ""},
		"loopback, 6, alone":  {SyslogConfig{Listen: "tcp://::1"}, ""},
		"all":                 {SyslogConfig{Listen: "udp://0.0.0.0:514"}, "use tls://"},
		"all, allow":          {SyslogConfig{Listen: "udp://0.0.0.0:514", Allow: nets}, "insecure: true"},
		"all, insecure":       {SyslogConfig{Listen: "tcp://[::]:514", Insecure: true}, "allow"},
		"all, both":           {SyslogConfig{Listen: "tcp://[::]:514", Insecure: true, Allow: nets}, ""},
		"a name":              {SyslogConfig{Listen: "tcp://logs.example.org:514"}, "use tls://"},
		"no address":          {SyslogConfig{Listen: "tcp://:514"}, "lacks an address"},
		"no scheme":           {SyslogConfig{Listen: "127.0.0.1:514"}, "as in udp://127.0.0.1:514"},
		"other scheme":        {SyslogConfig{Listen: "relp://127.0.0.1:514"}, `"relp" is not spoken here`},
		"bad port":            {SyslogConfig{Listen: "udp://127.0.0.1:many"}, "is no port"},
		"tls without files":   {SyslogConfig{Listen: "tls://127.0.0.1:6514"}, "cert and key"},
		"certificate for udp": {SyslogConfig{Listen: "udp://127.0.0.1:6514", Cert: "x", Key: "y"}, "not encrypted"},
		"bad network":         {SyslogConfig{Listen: "udp://127.0.0.1:514", Allow: []string{"192.0.2.0/33"}}, `"192.0.2.0/33" is neither`},
		"bad zone":            {SyslogConfig{Listen: "udp://127.0.0.1:514", Zone: "Mars/Olympus"}, "zone"},
		"small messages":      {SyslogConfig{Listen: "udp://127.0.0.1:514", MaxMessage: 100}, "max_message"},
		"little room":         {SyslogConfig{Listen: "udp://127.0.0.1:514", MaxPending: 100_000}, "max_pending"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewSyslog(c.cfg, Env{})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v", err)
			}
		})
	}
	keys := makeKeys(t)
	cfg := SyslogConfig{Listen: "tls://0.0.0.0:6514", Cert: keys.file("server.pem"), Key: keys.file("server.key")}
	if _, err := NewSyslog(cfg, Env{}); err == nil || !strings.Contains(err.Error(), "client_ca") {
		t.Errorf("tls for everybody: %v", err)
	}
	cfg.ClientCA, cfg.AllowNoCert = keys.file("ca.pem"), true
	if _, err := NewSyslog(cfg, Env{}); err == nil {
		t.Error("tls for everybody who has no certificate")
	}
	cfg.AllowNoCert = false
	if _, err := NewSyslog(cfg, Env{}); err != nil {
		t.Error(err)
	}
}

func TestAllowed(t *testing.T) {
	all, err := parseAllowed([]string{"192.0.2.0/24", "2001:db8::1", "198.51.100.7"})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{
		"192.0.2.255": true, "192.0.3.0": false, "2001:db8::1": true, "2001:db8::2": false, "198.51.100.7": true, "198.51.100.8": false,
	} {
		if got := all.contains(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %t", addr, got)
		}
	}
}

// counter is an intake that takes everything at once.
type counter struct{ lines, blocks atomic.Int64 }

func (c *counter) Send(_ context.Context, d Delivery) error {
	c.lines.Add(int64(strings.Count(d.Block.Data, "\n")))
	c.blocks.Add(1)
	return nil
}
func (c *counter) Position(string) string { return "" }
func (c *counter) Notice(Notice)          {}

// From the socket's reader to the intake.
func BenchmarkGather(b *testing.B) {
	for _, senders := range []int{1, 16, 5000} {
		b.Run(fmt.Sprint(senders, " senders"), func(b *testing.B) {
			to := &counter{}
			g := newGather(testEnv(b), newTally("bench", to))
			g.path, g.shape = "bench/", plainLines
			g.limit, g.share, g.most = 64<<20, 16<<20, 10_000
			ctx, cancel := context.WithCancel(b.Context())
			done := make(chan struct{})
			go func() { defer close(done); _ = g.run(ctx, to, func() {}) }()
			record := []byte("<86>1 2024-03-03T09:12:45.120Z gate sshd 913 - - Failed password for invalid user oracle from 203.0.113.7 port 50122 ssh2")
			b.SetBytes(int64(len(record)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				k := n % senders
				if !g.put(ctx, peer{addr: netip.AddrFrom4([4]byte{192, 0, byte(k >> 8), byte(k)})}, record) {
					b.Fatal("refused")
				}
			}
			cancel()
			<-done
			if got := to.lines.Load(); got != int64(n) {
				b.Errorf("%d of %d lines", got, n)
			}
			b.ReportMetric(float64(n)/float64(to.blocks.Load()), "lines/block")
		})
	}
}
