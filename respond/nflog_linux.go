package respond

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Dropped is a packet that the firewall has told of: what a block or the policy has dropped.
type Dropped struct {
	Time     time.Time
	Prefix   string // which rule: "tocsin block in", "tocsin policy through", …
	From, To netip.AddrPort
	Proto    string // "tcp", "udp", "icmp", "icmpv6", or its number
	In, Out  string // names of interfaces; "" where there is none
	Length   int    // of the packet, in bytes, as its header states it
	Flags    string // of TCP: "SYN", "SYN ACK", …
}

// Netfilter's log: include/uapi/linux/netfilter/nfnetlink_log.h.
const (
	nfulnlPacket, nfulnlConfig          = 0, 1
	nfulaCfgCmd, nfulaCfgMode           = 1, 2
	nfulaCfgBuffer, nfulaCfgFlags       = 3, 6
	nfulnlBind, nfulnlCopyPacket        = 1, 2
	nfulaTimestamp, nfulaIn, nfulaOut   = 3, 4, 5
	nfulaPayload, nfulaPrefix, nfulaHdr = 9, 10, 1
	snapLength                          = 128
)

// DropLog reads what the firewall tells of the packets that it drops. It needs CAP_NET_ADMIN.
type DropLog struct {
	nl    *netlink
	names func(index uint32) string
}

// OpenDropLog begins to listen, in the network namespace of the thread that calls.
func OpenDropLog() (*DropLog, error) {
	nl, err := openNetlink()
	if err != nil {
		return nil, err
	}
	m := &message{}
	config := func(typ uint16, value []byte) {
		m.header(unix.NFNL_SUBSYS_ULOG<<8|nfulnlConfig, unix.NLM_F_ACK, unix.AF_UNSPEC, LogGroup)
		m.bytes(typ, value)
	}
	config(nfulaCfgCmd, []byte{nfulnlBind})
	config(nfulaCfgMode, append(binary.BigEndian.AppendUint32(nil, snapLength), nfulnlCopyPacket, 0))
	config(nfulaCfgBuffer, binary.BigEndian.AppendUint32(nil, 1<<17))
	m.end()
	if err = nl.send(m.b); err == nil {
		err = acknowledgements(nl, 3)
	}
	tv := unix.NsecToTimeval(int64(500 * time.Millisecond))
	if err == nil {
		err = unix.SetsockoptTimeval(nl.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
	}
	if err != nil {
		return nil, fmt.Errorf("listen to the firewall's log: %w", errors.Join(err, nl.close()))
	}
	return &DropLog{nl: nl, names: linkNames()}, nil
}

// acknowledgements waits for so many answers, or for the first that refuses: of whom the kernel does not believe anything, it
// answers one message, and not those that came with it.
func acknowledgements(nl *netlink, n int) error {
	var failed error
	for n > 0 && failed == nil {
		err := nl.receive(func(typ uint16, _ uint32, body []byte) error {
			if typ == unix.NLMSG_ERROR {
				n--
				failed = errors.Join(failed, answered(body))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return failed
}

// linkNames returns what names interfaces; the answer is remembered.
func linkNames() func(uint32) string {
	known := make(map[uint32]string)
	return func(index uint32) string {
		name, ok := known[index]
		if !ok && len(known) < 4096 {
			if fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err == nil {
				if ifr, err := unix.NewIfreq("-"); err == nil {
					ifr.SetUint32(index)
					if unix.IoctlIfreq(fd, unix.SIOCGIFNAME, ifr) == nil {
						name = ifr.Name()
					}
				}
				_ = unix.Close(fd)
			}
			known[index] = name
		}
		return name
	}
}

// Close ends listening.
func (d *DropLog) Close() error { return d.nl.close() }

// Read calls f with each packet that is told of, and about twice a second with nil, until ctx is done or f returns an error.
// Lost is called where the kernel had no room; how many packets that were it does not say.
func (d *DropLog) Read(ctx context.Context, f func(*Dropped) error, lost func()) error {
	return d.nl.listen(ctx, unix.NFNL_SUBSYS_ULOG<<8|nfulnlPacket, lost, func(body []byte) error {
		if body == nil {
			return f(nil)
		}
		if p, ok := d.parse(body); ok {
			return f(p)
		}
		return nil
	})
}

func (d *DropLog) parse(body []byte) (*Dropped, bool) {
	p := &Dropped{Time: time.Now()}
	ok := false
	err := attributes(body, func(typ uint16, data []byte) error {
		switch {
		case typ == nfulaTimestamp && len(data) == 16:
			p.Time = time.Unix(int64(binary.BigEndian.Uint64(data)), int64(binary.BigEndian.Uint64(data[8:]))*1000)
		case typ == nfulaIn && len(data) == 4:
			p.In = d.names(binary.BigEndian.Uint32(data))
		case typ == nfulaOut && len(data) == 4:
			p.Out = d.names(binary.BigEndian.Uint32(data))
		case typ == nfulaPrefix:
			p.Prefix = strings.TrimRight(string(data), "\x00")
		case typ == nfulaPayload:
			ok = p.packet(data)
		}
		return nil
	})
	return p, ok && err == nil
}

// packet reads the headers of IPv4 (RFC 791) or IPv6 (RFC 8200), and the ports behind.
func (p *Dropped) packet(b []byte) bool {
	var proto byte
	var from, to netip.Addr
	var rest []byte
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		size := int(b[0]&15) * 4
		if size < 20 || size > len(b) {
			return false
		}
		proto, p.Length = b[9], int(binary.BigEndian.Uint16(b[2:]))
		from, to = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		if binary.BigEndian.Uint16(b[6:])&0x1fff == 0 { // else it is a fragment without ports
			rest = b[size:]
		}
	case len(b) >= 40 && b[0]>>4 == 6:
		proto, p.Length = b[6], 40+int(binary.BigEndian.Uint16(b[4:]))
		from, to = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		rest = b[40:]
	default:
		return false
	}
	var ports [2]uint16
	p.Proto = protocolName(proto)
	if (p.Proto == "tcp" || p.Proto == "udp") && len(rest) >= 4 {
		ports = [2]uint16{binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])}
	}
	if p.Proto == "tcp" && len(rest) >= 14 {
		var flags []string
		for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"} {
			if rest[13]&(1<<i) != 0 {
				flags = append(flags, name)
			}
		}
		p.Flags = strings.Join(flags, " ")
	}
	p.From, p.To = netip.AddrPortFrom(from, ports[0]), netip.AddrPortFrom(to, ports[1])
	return true
}
