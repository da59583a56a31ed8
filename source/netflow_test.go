package source

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/internal/refdata"
	"github.com/tocsin-sec/tocsin/netflow"
)

// conformingNetflow is what the suite for all inputs runs on: the number of a record is its datagram's.
var conformingNetflow = conformer{
	name: "netflow",
	open: func(t *testing.T) *road {
		cfg := NetflowConfig{Listen: fmt.Sprintf("udp://127.0.0.1:%d", parts.Port(t)), MaxPending: 1 << 20}
		return &road{
			make: func(t *testing.T) Input { return mustNetflow(t, cfg) },
			feed: func(ctx context.Context, records []string) error {
				c, err := net.Dial("udp", cfg.Listen[6:])
				if err != nil {
					return err
				}
				defer c.Close()
				if err := heard(ctx, c); err != nil {
					return err
				}
				d := datagram5(0)
				for _, r := range records {
					n, _ := strconv.Atoi(r[len("app: record-"):][:7])
					binary.BigEndian.PutUint32(d[16:], uint32(n))
					if _, err := c.Write(d); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
						return err
					}
				}
				return nil
			},
			numbers: func(b event.Block) (list []int) {
				for at := 0; at < len(b.Data); at += 72 {
					list = append(list, int(binary.BigEndian.Uint32([]byte(b.Data[at+16:at+20]))))
				}
				return list
			},
		}
	},
	bad: map[string]func() (Input, error){
		"scheme":   func() (Input, error) { return NewNetflow(NetflowConfig{Listen: "tcp://127.0.0.1:2055"}, Env{}) },
		"exposure": func() (Input, error) { return NewNetflow(NetflowConfig{Listen: "udp://0.0.0.0:2055"}, Env{}) },
		"room":     func() (Input, error) { return NewNetflow(NetflowConfig{MaxPending: 1}, Env{}) },
	},
}

// heard waits until somebody listens.
func heard(ctx context.Context, c net.Conn) error {
	for n := 0; n < 5 && ctx.Err() == nil; time.Sleep(2 * time.Millisecond) {
		if _, err := c.Write(nil); err != nil {
			n = 0
		}
		n++
	}
	return nil
}

// datagram5 is NetFlow v5 with one record.
func datagram5(number int) []byte {
	d := make([]byte, 72)
	d[1], d[3] = 5, 1
	binary.BigEndian.PutUint32(d[8:], uint32(time.Now().Unix()))
	binary.BigEndian.PutUint32(d[16:], uint32(number))
	copy(d[24:], []byte{192, 0, 2, 1, 192, 0, 2, 2})
	d[24+38] = 6
	return d
}

func mustNetflow(t *testing.T, cfg NetflowConfig) Input {
	t.Helper()
	in, err := NewNetflow(cfg, testEnv(t))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// flowsOf parses what has come.
func flowsOf(t *testing.T, to *intake, out *event.Batch) {
	t.Helper()
	out.Reset()
	p := netflow.NewParser(&event.Shapes{})
	for _, d := range to.taken {
		p.Parse(d.Block, out)
	}
}

var exported = regexp.MustCompile(`Flows exported: \d+ \((\d+) records\)`)

// The real softflowd, with what real networks did: as many flows arrive as it says that it has sent.
func TestSoftflowd(t *testing.T) {
	softflowd := parts.Find(t, "softflowd")
	captures := refdata.Path(t, "suricata-verify/tests")
	for _, version := range []string{"5", "9", "10"} {
		for _, capture := range []string{"issue-5466-alert-then-pass-01/icmp_and_ssh.pcap", "output-multi-eve/input.pcap", "ja4-rules/input.pcap"} {
			t.Run("version "+version+" "+capture, func(t *testing.T) {
				port := parts.Port(t)
				cfg := NetflowConfig{Listen: fmt.Sprintf("udp://127.0.0.1:%d", port)}
				to := newIntake(t)
				run := start(t, mustNetflow(t, cfg), to)
				defer run.stop(t)
				c, err := net.Dial("udp", cfg.Listen[6:])
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if err := heard(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				dir := t.TempDir()
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				said, err := exec.CommandContext(ctx, softflowd, "-r", filepath.Join(captures, capture), "-n", fmt.Sprintf("127.0.0.1:%d", port),
					"-v", version, "-d", "-p", filepath.Join(dir, "pid"), "-c", "none").CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, said)
				}
				m := exported.FindSubmatch(said)
				if m == nil {
					t.Fatalf("%s", said)
				}
				want, _ := strconv.Atoi(string(m[1]))
				var out event.Batch
				to.until(t, "flows", func() bool {
					flowsOf(t, to, &out)
					return checkFlows(t, &out) >= want
				})
				if n := checkFlows(t, &out); n != want || len(out.Unread) > 0 || len(to.notices) > 0 && to.notices[0].Action != NoticeSkewed {
					t.Errorf("%d flows, want %d; %v, %+v", n, want, out.Unread, to.notices)
				}
			})
		}
	}
}

// checkFlows tells whether flows say what every flow must, and how many there are.
func checkFlows(t *testing.T, out *event.Batch) int {
	t.Helper()
	n := 0
	for i := range out.Events {
		e := &out.Events[i]
		if e.Shape.Format != netflow.Format {
			continue
		}
		n++
		started, ended := e.Get("event.start").String(), e.Get("event.end").String()
		if e.Get("source.ip").String() == "" || e.Get("destination.ip").String() == "" || e.Get("network.bytes").String() == "" ||
			started == "" || ended < started || ended > "2030" || started < "1990" || e.Get("observer.ip").String() != "127.0.0.1" || e.Get("network.transport").String() == "" {
			t.Errorf("%s", text(e))
		}
	}
	return n
}

func text(e *event.Event) string {
	var b strings.Builder
	for i, f := range e.Shape.Fields() {
		fmt.Fprintf(&b, "%s=%s ", f, e.Values[i])
	}
	return b.String()
}

// Exporters do not disturb each other: equal numbers of templates mean what each has said, and each is told apart.
func TestNetflowExporters(t *testing.T) {
	root := refdata.Path(t, "netflow-codec/spec/codecs")
	cfg := NetflowConfig{Listen: fmt.Sprintf("udp://127.0.0.1:%d", parts.Port(t))}
	to := newIntake(t)
	run := start(t, mustNetflow(t, cfg), to)
	defer run.stop(t)
	send := func(from byte, name string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, from)}}
		c, err := d.Dial("udp", cfg.Listen[6:])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := heard(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	send(2, "netflow9_test_cisco_aci_data256.dat") // before its template
	send(3, "netflow9_test_nprobe_tpl.dat")
	send(2, "netflow9_test_cisco_aci_tpl256-258.dat")
	send(3, "netflow9_test_softflowd_tpl_data.dat")
	send(4, "netflow5_test_invalid01.dat")
	var out event.Batch
	count := map[string]int{}
	to.until(t, "both", func() bool {
		flowsOf(t, to, &out)
		clear(count)
		for i := range out.Events {
			count[out.Events[i].Origin.Sender]++
		}
		return count["127.0.0.2"] >= 3 && count["127.0.0.3"] >= 8
	})
	if len(out.Unread) > 0 || count["127.0.0.2"] != 3 {
		t.Errorf("%v, %v", count, out.Unread)
	}
	if n := to.notice(t, NoticeSkewed); n.Sender == "" {
		t.Errorf("%+v", n)
	}
	for _, d := range to.taken {
		if d.Block.Origin.Format != netflow.Name || d.Block.Origin.Path != "netflow:"+cfg.Listen+"/"+d.Block.Origin.Sender {
			t.Errorf("%+v", d.Block.Origin)
		}
	}
}
