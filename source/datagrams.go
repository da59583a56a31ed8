package source

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// maxDatagram is what UDP can carry, in bytes.
const maxDatagram = 64 << 10

// listenDatagrams opens a UDP socket with as large a buffer in the kernel as it grants.
func listenDatagrams(ctx context.Context, p place, receive int) (*net.UDPConn, error) {
	var lc net.ListenConfig
	c, err := lc.ListenPacket(ctx, "udp", p.addr)
	if err != nil {
		return nil, err
	}
	u, ok := c.(*net.UDPConn)
	if !ok {
		_ = c.Close()
		return nil, fmt.Errorf("%T is no UDP socket", c)
	}
	if err := tuneDatagrams(u, receive); err != nil {
		_ = u.Close()
		return nil, err
	}
	return u, nil
}

// datagramReader reads a socket and hands on what may be, without waiting for anything but the socket.
type datagramReader struct {
	socket *net.UDPConn
	allow  allowed
	tally  *tally
	lost   uint32 // the kernel's count of what it dropped
}

// Reasons.
const (
	lostHere   = "the records came faster than they could be taken"
	lostKernel = "the records came faster than they could be read: the kernel dropped them"
	notAllowed = "the sender's address is not listed under allow"
)

// run reads until ctx is done; take tells whether there was room for a datagram.
func (r *datagramReader) run(ctx context.Context, take func(from peer, data []byte) bool) error {
	stop := context.AfterFunc(ctx, func() { _ = r.socket.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	defer r.socket.Close()
	data, control := make([]byte, maxDatagram), make([]byte, 128)
	var last netip.Addr
	var lastAllowed bool
	for {
		n, k, _, from, err := r.socket.ReadMsgUDPAddrPort(data, control)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if k > 0 {
			r.overflow(control[:k])
		}
		addr := from.Addr().Unmap().WithZone("")
		if addr != last {
			last, lastAllowed = addr, r.allow.contains(addr)
		}
		if !lastAllowed {
			r.tally.add(NoticeRefused, addr.String(), notAllowed, 1)
			continue
		}
		if !take(peer{addr: addr}, data[:n]) {
			r.tally.add(NoticeDropped, addr.String(), lostHere, 1)
		}
	}
}

// overflow tells what the kernel dropped since the datagram before.
func (r *datagramReader) overflow(control []byte) {
	if n, ok := kernelDrops(control); ok && n != r.lost {
		r.tally.add(NoticeDropped, "", lostKernel, int64(n-r.lost))
		r.lost = n
	}
}
