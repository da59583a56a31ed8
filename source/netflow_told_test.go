package source

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/internal/parts"
	"github.com/tocsin-sec/tocsin/netflow"
)

// datagram9 is NetFlow v9 with the given sets.
func datagram9(sets ...[]byte) []byte {
	d := []byte{0, 9, 0, byte(len(sets)), 0, 0, 16, 0}
	d = binary.BigEndian.AppendUint32(d, uint32(time.Now().Unix()))
	d = append(d, 0, 0, 0, 1, 0, 0, 0, 7)
	for _, s := range sets {
		d = append(d, s...)
	}
	return d
}

var (
	template9 = []byte{0, 0, 0, 16, 1, 0, 0, 2, 0, 8, 0, 4, 0, 7, 0, 2}
	flow9     = []byte{1, 0, 0, 12, 192, 0, 2, 9, 1, 187, 0, 0}
)

// TestNetflowAfterRestart: an exporter that tells its templates before a restart, and not after it, is understood.
func TestNetflowAfterRestart(t *testing.T) {
	port := parts.Port(t)
	cfg := NetflowConfig{Listen: fmt.Sprintf("udp://127.0.0.1:%d", port)}
	to := newIntake(t)
	send := func(d []byte) {
		t.Helper()
		c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := heard(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	run := start(t, mustNetflow(t, cfg), to)
	send(datagram9(template9, flow9))
	to.until(t, "the first", func() bool { return len(to.durable) == 1 })
	run.stop(t)
	run = start(t, mustNetflow(t, cfg), to)
	send(datagram9(flow9))
	to.until(t, "the one without a template", func() bool { return len(to.durable) == 2 })
	run.stop(t)
	var out event.Batch
	flowsOf(t, to, &out)
	if len(out.Events) != 2 || out.Events[1].Get("source.ip").String() != "192.0.2.9" || out.Events[1].Get("source.port").String() != "443" {
		t.Errorf("%d events, unread %+v, notices %+v", len(out.Events), out.Unread, to.notices)
	}
	if s := to.durable[0].Stream; s == "" || s != to.durable[0].Block.Origin.Path || to.durable[1].Stream == "" {
		t.Errorf("streams %q and %q", s, to.durable[1].Stream)
	}
}

// TestToldFits: as much of what an exporter told is kept as there is room for, and no longer than a day.
func TestToldFits(t *testing.T) {
	now := time.Unix(1709457164, 0)
	e := netflow.NewExporter()
	if got := encodeTold(e, now); got != "" {
		t.Errorf("of nothing %q", got)
	}
	for i := range 2000 {
		s := []byte{0, 0, 0, 16, byte(1 + i>>8), byte(i), 0, 2, byte(i >> 3), byte(i * 7), 0, 4, byte(i * 31), byte(i * 13), 0, 2}
		e.Take(datagram9(s))
	}
	position := encodeTold(e, now)
	if position == "" || len(position) > MaxPosition {
		t.Fatalf("%d bytes", len(position))
	}
	if decodeTold(position, now.Add(23*time.Hour)) == "" {
		t.Error("nothing is recalled")
	}
	for _, bad := range []string{"", "x", "1709457164", "1709457164 !", "1709457164 AAAA", position[:len(position)/2], strings.Replace(position, "1709457164", "1609457164", 1)} {
		if got := decodeTold(bad, now); got != "" && !strings.HasPrefix(position, bad) {
			t.Errorf("%.40q is taken for %d bytes", bad, len(got))
		}
	}
	if got := decodeTold(position, now.Add(25*time.Hour)); got != "" {
		t.Error("what is older than a day is recalled")
	}
}
