package respond

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Connection is one that the kernel's tracking of connections has seen end.
type Connection struct {
	From, To               netip.AddrPort
	Proto                  string // as Dropped.Proto
	Packets, Bytes         uint64 // of who began it; 0 where net.netfilter.nf_conntrack_acct is off
	BackPackets, BackBytes uint64 // of the other one
	Began, Ended           time.Time
}

// Conntrack's messages and attributes: include/uapi/linux/netfilter/nfnetlink_conntrack.h.
const (
	groupDestroy    = 3 // NFNLGRP_CONNTRACK_DESTROY
	ctDelete        = 2 // IPCTNL_MSG_CT_DELETE
	ctTupleOrig     = 1
	ctCountersOrig  = 9
	ctCountersReply = 10
	ctTimestamp     = 20
)

// Connections reads which connections have ended. It needs CAP_NET_ADMIN.
type Connections struct {
	nl *netlink
}

// OpenConnections begins to listen, in the network namespace of the thread that calls.
func OpenConnections() (*Connections, error) {
	nl, err := openNetlink()
	if err != nil {
		return nil, err
	}
	tv := unix.NsecToTimeval(int64(500 * time.Millisecond))
	err = errors.Join(unix.SetsockoptInt(nl.fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, groupDestroy),
		unix.SetsockoptTimeval(nl.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	if err != nil {
		return nil, fmt.Errorf("listen to connections: %w", errors.Join(err, nl.close()))
	}
	return &Connections{nl}, nil
}

// Close ends listening.
func (c *Connections) Close() error { return c.nl.close() }

// Read calls f with each connection that ends, and about twice a second with nil, until ctx is done or f returns an error.
// Lost is called where the kernel had no room.
func (c *Connections) Read(ctx context.Context, f func(*Connection) error, lost func()) error {
	return c.nl.listen(ctx, unix.NFNL_SUBSYS_CTNETLINK<<8|ctDelete, lost, func(body []byte) error {
		if body == nil {
			return f(nil)
		}
		if x, ok := parseConnection(body); ok {
			return f(x)
		}
		return nil
	})
}

func parseConnection(body []byte) (*Connection, bool) {
	x := &Connection{Ended: time.Now()}
	err := attributes(body, func(typ uint16, data []byte) error {
		switch typ {
		case ctTupleOrig:
			return x.tuple(data)
		case ctCountersOrig:
			x.Packets, x.Bytes = pairOf(data)
		case ctCountersReply:
			x.BackPackets, x.BackBytes = pairOf(data)
		case ctTimestamp:
			began, ended := pairOf(data)
			if began > 0 {
				x.Began = time.Unix(0, int64(began))
			}
			if ended > 0 {
				x.Ended = time.Unix(0, int64(ended))
			}
		}
		return nil
	})
	return x, err == nil && x.From.IsValid() && x.To.IsValid()
}

// pairOf reads the attributes 1 and 2, both 64 bits long.
func pairOf(data []byte) (one, two uint64) {
	_ = attributes(data, func(typ uint16, data []byte) error { // as far as it can be read
		switch {
		case typ == 1 && len(data) == 8:
			one = binary.BigEndian.Uint64(data)
		case typ == 2 && len(data) == 8:
			two = binary.BigEndian.Uint64(data)
		}
		return nil
	})
	return one, two
}

// tuple reads addresses (attribute 1: source 1 or 3, destination 2 or 4) and protocol and ports (attribute 2).
func (x *Connection) tuple(data []byte) error {
	var from, to netip.Addr
	var ports [2]uint16
	err := attributes(data, func(part uint16, data []byte) error {
		return attributes(data, func(typ uint16, data []byte) error {
			switch {
			case part == 1 && (typ == 1 || typ == 3):
				from, _ = netip.AddrFromSlice(data) // an invalid one is left out
			case part == 1 && (typ == 2 || typ == 4):
				to, _ = netip.AddrFromSlice(data)
			case part == 2 && typ == 1 && len(data) == 1:
				x.Proto = protocolName(data[0])
			case part == 2 && (typ == 2 || typ == 3) && len(data) == 2:
				ports[typ-2] = binary.BigEndian.Uint16(data)
			}
			return nil
		})
	})
	if from.IsValid() && to.IsValid() {
		x.From, x.To = netip.AddrPortFrom(from, ports[0]), netip.AddrPortFrom(to, ports[1])
	}
	return err
}

// protocolName is the name of a protocol, or its number.
func protocolName(number byte) string {
	for name, n := range protocols() {
		if n == number {
			return name
		}
	}
	return fmt.Sprint(number)
}
