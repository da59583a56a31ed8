package respond

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tocsin-sec/tocsin/internal/parts"
)

func TestDropLog(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	reach(t, them, "[fd07:1::1]:80") // so that they know the way to our address
	if err := f.Replace(&Wanted{Blocks: []Block{block(t, "10.7.1.2", 0), block(t, "fd07:1::/64", 0)}}, false); err != nil {
		t.Fatal(err)
	}
	var d *DropLog
	var err error
	us.do(t, func() { d, err = OpenDropLog() })
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	us.do(t, func() { d.names = linkNames(); d.names(2) })
	reach(t, them, "10.7.1.1:80")
	flood(t, them, "[fd07:1::1]:53", 2)
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	enough := errors.New("enough")
	var got []Dropped
	err = d.Read(ctx, func(p *Dropped) error {
		if p != nil && p.Proto != "icmpv6" {
			got = append(got, *p)
		}
		if len(got) == 3 {
			return enough
		}
		return nil
	}, func() { t.Error("the kernel had no room") })
	if !errors.Is(err, enough) {
		t.Fatalf("read %+v, %v", got, err)
	}
	tcp, udp := got[0], got[2]
	if tcp.Prefix != "tocsin block in" || tcp.From.Addr().String() != "10.7.1.2" || tcp.To.String() != "10.7.1.1:80" || tcp.Flags != "SYN" || tcp.Length != 60 {
		t.Errorf("TCP: %+v", tcp)
	}
	if udp.Proto != "udp" || udp.To.String() != "[fd07:1::1]:53" || udp.Length != 49 || time.Since(udp.Time) > time.Minute {
		t.Errorf("UDP: %+v", udp)
	}
}

func FuzzDropped(f *testing.F) {
	f.Add([]byte{0x45, 0, 0, 60, 0, 0, 0, 0, 64, 6, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 80, 0, 81})
	f.Add(append([]byte{0x60, 0, 0, 0, 0, 9, 17, 64}, make([]byte, 41)...))
	f.Fuzz(func(_ *testing.T, b []byte) {
		var p Dropped
		p.packet(b)
		d := DropLog{names: func(uint32) string { return "" }}
		d.parse(b)
	})
}

// TestDropLogDenied: without the right to it, the answer is that, and comes at once.
func TestDropLogDenied(t *testing.T) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and not unlocked: a thread that has given up its rights ends with this
		h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&h, &none[0]); err != nil {
			done <- err
			return
		}
		d, err := OpenDropLog()
		if err == nil {
			_ = d.Close()
		}
		done <- err
	}()
	if err := <-done; !errors.Is(err, unix.EPERM) {
		t.Errorf("opened without rights: %v", err)
	}
}

func TestConnections(t *testing.T) {
	f, us, them := pair(t)
	listen(t, us, "10.7.1.1:80")
	us.run(t, "sysctl", "-q", "-w", "net.netfilter.nf_conntrack_acct=1", "net.netfilter.nf_conntrack_timestamp=1")
	if err := f.Replace(&Wanted{Policy: site("allow")}, false); err != nil { // a policy has connections tracked
		t.Fatal(err)
	}
	var c *Connections
	var err error
	us.do(t, func() { c, err = OpenConnections() })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !reach(t, them, "10.7.1.1:80") {
		t.Fatal("not reached")
	}
	us.run(t, parts.Find(t, "conntrack"), "-D", "-p", "tcp") // not to wait until they are forgotten
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	enough := errors.New("enough")
	var got Connection
	err = c.Read(ctx, func(x *Connection) error {
		if x == nil || x.Proto != "tcp" {
			return nil
		}
		got = *x
		return enough
	}, func() { t.Error("the kernel had no room") })
	if !errors.Is(err, enough) || got.From.Addr().String() != "10.7.1.2" || got.To.String() != "10.7.1.1:80" || got.Packets < 3 || got.BackBytes < 60 || got.Began.IsZero() || got.Ended.Before(got.Began) {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzConnection(f *testing.F) {
	f.Add([]byte{12, 0, 1, 128, 8, 0, 2, 128, 5, 0, 1, 0, 6})
	f.Fuzz(func(_ *testing.T, b []byte) { parseConnection(b) })
}
