package respond

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Netlink as the kernel's include/uapi/linux/netlink.h and netfilter/nfnetlink.h lay it out: messages and attributes in the
// host's byte order, the values of netfilter's attributes in the network's.

const (
	maxAttr    = 60 << 10         // of a list of elements; an attribute's length has 16 bits
	netTimeout = 20 * time.Second // for the kernel to answer
)

// netlink is a socket of NETLINK_NETFILTER in the network namespace of the thread that opened it. One request is under way
// at a time.
type netlink struct {
	mu  sync.Mutex
	fd  int
	seq uint32
	buf []byte
}

func openNetlink() (*netlink, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	n := &netlink{fd: fd, buf: make([]byte, 1<<20)}
	err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	for _, opt := range [][2]int{{unix.NETLINK_CAP_ACK, 1}, {unix.NETLINK_EXT_ACK, 1}} {
		if err == nil {
			err = unix.SetsockoptInt(fd, unix.SOL_NETLINK, opt[0], opt[1])
		}
	}
	if err == nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20) // without the right to it, the default stays
		tv := unix.NsecToTimeval(int64(netTimeout))
		err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	return n, nil
}

func (n *netlink) close() error { return unix.Close(n.fd) }

// receive calls f with each message that has come.
func (n *netlink) receive(f func(typ uint16, seq uint32, body []byte) error) error {
	size, _, flags, _, err := unix.Recvmsg(n.fd, n.buf, nil, 0)
	for err == unix.EINTR {
		size, _, flags, _, err = unix.Recvmsg(n.fd, n.buf, nil, 0)
	}
	switch {
	case err == unix.EAGAIN:
		return os.ErrDeadlineExceeded
	case err != nil:
		return err
	case flags&unix.MSG_TRUNC != 0:
		return errors.New("a message of the kernel was too long")
	}
	for b := n.buf[:size]; len(b) >= unix.NLMSG_HDRLEN; {
		length := int(binary.NativeEndian.Uint32(b))
		if length < unix.NLMSG_HDRLEN || length > len(b) {
			return errors.New("a message of the kernel is cut off")
		}
		if err := f(binary.NativeEndian.Uint16(b[4:]), binary.NativeEndian.Uint32(b[8:]), b[unix.NLMSG_HDRLEN:length]); err != nil {
			return err
		}
		b = b[min(align4(length), len(b)):]
	}
	return nil
}

// listen calls f with what follows the header of nfnetlink in each message of a type, and about twice a second with nil, until
// ctx is done or f returns an error. Lost is called where the kernel had no room.
func (n *netlink) listen(ctx context.Context, typ uint16, lost func(), f func(body []byte) error) error {
	for ctx.Err() == nil {
		err := n.receive(func(t uint16, _ uint32, body []byte) error {
			if t != typ || len(body) < 4 {
				return nil
			}
			return f(body[4:])
		})
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := f(nil); err != nil {
				return err
			}
		case errors.Is(err, unix.ENOBUFS):
			lost()
		case err != nil:
			return err
		}
	}
	return nil
}

func align4(n int) int { return (n + 3) &^ 3 }

// message is what is put together to be sent: one message, or a batch of them.
type message struct {
	b     []byte
	seq   uint32
	start int   // of the message that is being put together
	nests []int // where attributes begin that are not closed yet
}

// begin closes the message before and starts another one of nftables.
func (m *message) begin(typ, flags uint16) {
	m.header(unix.NFNL_SUBSYS_NFTABLES<<8|typ, flags, unix.NFPROTO_INET, 0)
}

func (m *message) header(typ, flags uint16, family byte, resource uint16) {
	m.end()
	m.seq++
	m.start = len(m.b)
	m.b = binary.NativeEndian.AppendUint32(m.b, 0)
	m.b = binary.NativeEndian.AppendUint16(m.b, typ)
	m.b = binary.NativeEndian.AppendUint16(m.b, flags|unix.NLM_F_REQUEST)
	m.b = binary.NativeEndian.AppendUint32(m.b, m.seq)
	m.b = binary.NativeEndian.AppendUint32(m.b, 0)
	m.b = append(m.b, family, unix.NFNETLINK_V0)
	m.b = binary.BigEndian.AppendUint16(m.b, resource)
}

// end closes the message.
func (m *message) end() {
	if len(m.b) > m.start {
		binary.NativeEndian.PutUint32(m.b[m.start:], uint32(len(m.b)-m.start))
	}
}

// acknowledged makes the kernel answer the message that is being put together.
func (m *message) acknowledged() {
	at := m.b[m.start+6:]
	binary.NativeEndian.PutUint16(at, binary.NativeEndian.Uint16(at)|unix.NLM_F_ACK)
}

func (m *message) bytes(typ uint16, data []byte) {
	m.b = binary.NativeEndian.AppendUint16(m.b, uint16(4+len(data)))
	m.b = binary.NativeEndian.AppendUint16(m.b, typ)
	m.b = append(m.b, data...)
	for len(m.b)&3 != 0 {
		m.b = append(m.b, 0)
	}
}

func (m *message) text(typ uint16, s string) { m.bytes(typ, append([]byte(s), 0)) }

func (m *message) u32(typ uint16, v uint32) {
	m.b = binary.NativeEndian.AppendUint16(m.b, 8)
	m.b = binary.NativeEndian.AppendUint16(m.b, typ)
	m.b = binary.BigEndian.AppendUint32(m.b, v)
}

func (m *message) u64(typ uint16, v uint64) {
	m.b = binary.NativeEndian.AppendUint16(m.b, 12)
	m.b = binary.NativeEndian.AppendUint16(m.b, typ)
	m.b = binary.BigEndian.AppendUint64(m.b, v)
}

// nest opens an attribute that holds attributes, until unnest.
func (m *message) nest(typ uint16) {
	m.nests = append(m.nests, len(m.b))
	m.b = binary.NativeEndian.AppendUint16(m.b, 0)
	m.b = binary.NativeEndian.AppendUint16(m.b, typ|unix.NLA_F_NESTED)
}

func (m *message) unnest() {
	at := m.nests[len(m.nests)-1]
	m.nests = m.nests[:len(m.nests)-1]
	binary.NativeEndian.PutUint16(m.b[at:], uint16(len(m.b)-at))
}

// nested is how long the innermost open attribute is.
func (m *message) nested() int { return len(m.b) - m.nests[len(m.nests)-1] }

// attributes calls f with each attribute of a list.
func attributes(b []byte, f func(typ uint16, data []byte) error) error {
	for len(b) >= 4 {
		length := int(binary.NativeEndian.Uint16(b))
		if length < 4 || length > len(b) {
			return errors.New("an attribute of the kernel is cut off")
		}
		if err := f(binary.NativeEndian.Uint16(b[2:])&^uint16(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER), b[4:length]); err != nil {
			return err
		}
		b = b[min(align4(length), len(b)):]
	}
	return nil
}

// newBatch begins a transaction.
func newBatch() *message {
	m := &message{}
	m.header(unix.NFNL_MSG_BATCH_BEGIN, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES)
	return m
}

// commit sends a batch, which takes force as a whole or not at all; with dry, the kernel only says whether it would.
func (n *netlink) commit(m *message, dry bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if m.seq == 1 {
		return nil // there is nothing in it
	}
	m.acknowledged() // the kernel answers each message that it refuses, and the last one in any case
	last := m.seq
	m.end()
	if !dry { // without an end the kernel looks at a batch and takes it back
		m.header(unix.NFNL_MSG_BATCH_END, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES)
		m.end()
	}
	n.renumber(m)
	if err := n.send(m.b); err != nil {
		return err
	}
	last += n.seq
	n.seq += m.seq
	var refused error
	for done := false; !done; {
		err := n.receive(func(typ uint16, seq uint32, body []byte) error {
			if typ != unix.NLMSG_ERROR || int32(seq-n.seq) > 0 || int32(seq-(n.seq-m.seq)) <= 0 {
				return nil // of an earlier request, which took too long
			}
			if err := answered(body); err != nil && refused == nil {
				refused = fmt.Errorf("message %d of the batch: %w", seq-(n.seq-m.seq), err)
			}
			done = done || seq == last || seq == n.seq-m.seq+1
			return nil
		})
		if err != nil {
			return errors.Join(err, refused)
		}
	}
	return refused
}

// renumber gives the messages of a batch the numbers that follow those of the socket.
func (n *netlink) renumber(m *message) {
	for at := 0; at+unix.NLMSG_HDRLEN <= len(m.b); {
		seq := m.b[at+8:]
		binary.NativeEndian.PutUint32(seq, binary.NativeEndian.Uint32(seq)+n.seq)
		at += align4(int(binary.NativeEndian.Uint32(m.b[at:])))
	}
}

// send hands the kernel all of it at once: the socket's buffer is made to hold it.
func (n *netlink) send(b []byte) error {
	if err := unix.SetsockoptInt(n.fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, max(len(b)+4096, 256<<10)); err != nil && len(b) > 200_000 {
		return fmt.Errorf("send %d bytes to the kernel: %w", len(b), err)
	}
	return unix.Sendto(n.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// answered is the error that a message NLMSG_ERROR tells, with the kernel's own words where it has some.
func answered(body []byte) error {
	if len(body) < 20 {
		return errors.New("an answer of the kernel is cut off")
	}
	code := int32(binary.NativeEndian.Uint32(body))
	if code == 0 {
		return nil
	}
	errno := unix.Errno(-code)
	words := ""
	_ = attributes(body[20:], func(typ uint16, data []byte) error { // as far as it can be read
		if typ == unix.NLMSGERR_ATTR_MSG && len(data) > 1 {
			words = string(data[:len(data)-1])
		}
		return nil
	})
	if words != "" {
		return fmt.Errorf("%w (%s)", errno, words)
	}
	return errno
}

// errAgain is the error of a list that changed while it was read.
var errAgain = errors.New("it changed while it was read")

// dump sends a request for a list and calls f with each entry.
func (n *netlink) dump(m *message, f func(body []byte) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	m.end()
	n.renumber(m)
	if err := n.send(m.b); err != nil {
		return err
	}
	n.seq += m.seq
	var failed error
	for done := false; !done; {
		err := n.receive(func(typ uint16, seq uint32, body []byte) error {
			switch {
			case seq != n.seq:
			case typ == unix.NLMSG_ERROR:
				done, failed = true, answered(body)
			case typ == unix.NLMSG_DONE:
				done = true
				if len(body) >= 4 && failed == nil {
					if code := int32(binary.NativeEndian.Uint32(body)); code < 0 {
						failed = unix.Errno(-code)
					}
				}
			case failed == nil && len(body) >= 4:
				failed = f(body[4:])
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if failed == unix.EINTR {
		return errAgain
	}
	return failed
}

// get sends a request for one thing and calls f with it.
func (n *netlink) get(m *message, f func(body []byte) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	m.end()
	n.renumber(m)
	n.seq += m.seq
	if err := n.send(m.b); err != nil {
		return err
	}
	var failed error
	for done := false; !done; {
		err := n.receive(func(typ uint16, seq uint32, body []byte) error {
			switch {
			case seq != n.seq:
				return nil
			case typ == unix.NLMSG_ERROR:
				failed = answered(body)
			case len(body) > 4:
				failed = f(body[4:])
			}
			done = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	return failed
}
