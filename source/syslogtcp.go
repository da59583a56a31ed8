package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// What a connection may take.
const (
	handshakeTime = 10 * time.Second
	frameTime     = 30 * time.Second // from the first byte of a frame to its last
	smallBuffer   = 4 << 10          // bytes; every connection has one
	largeBuffer   = 64 << 10         // bytes; from the common bound, while a sender sends much
)

// Reasons.
const (
	tooManyConnections = "there are max_connections connections"
	tooSlow            = "a message was begun and not ended within 30 seconds"
	noMemory           = "no memory was left for a long message"
)

// acceptor takes connections.
type acceptor struct {
	*syslog
	gather   *gather
	tally    *tally
	listener net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
	ended bool
	all   sync.WaitGroup
}

// run accepts until ctx is done, and ends when all connections have.
func (a *acceptor) run(ctx context.Context) error {
	a.conns = make(map[net.Conn]bool)
	stop := context.AfterFunc(ctx, a.end)
	defer stop()
	defer a.all.Wait()
	defer a.end()
	for pause := time.Duration(0); ; {
		c, err := a.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = c.Close()
			}
			return nil
		case err != nil && pause > time.Second || errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept: %w", err)
		case err != nil: // out of descriptors, most likely: wait until some are free
			pause = 2*pause + 10*time.Millisecond
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		default:
			pause = 0
			a.admit(ctx, c)
		}
	}
}

// end closes the listener and has the connections end with what they have read.
func (a *acceptor) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	_ = a.listener.Close()
	for c := range a.conns {
		_ = c.SetReadDeadline(time.Unix(1, 0))
	}
}

// admit serves a connection, if it may be.
func (a *acceptor) admit(ctx context.Context, c net.Conn) {
	from := addrOf(c)
	reason := ""
	if !a.allow.contains(from) {
		reason = notAllowed
	} else if !a.enter(c) {
		reason = tooManyConnections
	}
	if reason != "" {
		a.tally.add(NoticeRefused, from.String(), reason, 1)
		_ = c.Close()
		return
	}
	a.all.Go(func() {
		defer a.leave(c)
		a.serve(ctx, c, peer{addr: from})
	})
}

func (a *acceptor) enter(c net.Conn) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.conns) >= a.cfg.MaxConnections || a.ended {
		return false
	}
	a.conns[c] = true
	return true
}

func (a *acceptor) leave(c net.Conn) {
	_ = c.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.conns, c)
}

// wait sets until when the next bytes must come. It tells whether they may still come.
func (a *acceptor) wait(c net.Conn, until time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.ended && c.SetReadDeadline(until) == nil
}

func addrOf(c net.Conn) netip.Addr {
	if t, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// serve reads one connection to its end.
func (a *acceptor) serve(ctx context.Context, c net.Conn, who peer) {
	if a.keys != nil {
		t := tls.Server(c, a.keys.config())
		name, err := a.shake(ctx, t)
		if err != nil {
			if ctx.Err() == nil {
				a.tally.add(NoticeRefused, who.String(), "TLS: "+reasonOf(err), 1)
			}
			return
		}
		who.name = name
		s := &stream{acceptor: a, raw: c, in: t, who: who, framer: framer{max: a.cfg.MaxMessage}}
		s.read(ctx)
		return
	}
	s := &stream{acceptor: a, raw: c, in: c, who: who, framer: framer{max: a.cfg.MaxMessage}}
	s.read(ctx)
}

// shake does the handshake of TLS and returns the name in the sender's certificate.
func (a *acceptor) shake(ctx context.Context, t *tls.Conn) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		return "", err
	}
	state := t.ConnectionState()
	if len(state.VerifiedChains) == 0 {
		return "", nil
	}
	leaf := state.PeerCertificates[0]
	if !a.named(leaf) {
		return "", fmt.Errorf("the certificate of %s is not listed under names", certificateName(leaf))
	}
	return certificateName(leaf), nil
}

// named tells whether a sender with this certificate may send: by any name that the certificate states (RFC 5425 §5.2).
func (a *acceptor) named(leaf *x509.Certificate) bool {
	if len(a.cfg.Names) == 0 {
		return true
	}
	has := append([]string{leaf.Subject.CommonName}, leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		has = append(has, ip.String())
	}
	for _, name := range has {
		for _, n := range a.cfg.Names {
			suffix, wild := strings.CutPrefix(n, "*.")
			if _, parent, ok := strings.Cut(name, "."); wild && ok && strings.EqualFold(parent, suffix) || name != "" && strings.EqualFold(n, name) {
				return true
			}
		}
	}
	return false
}

// reasonOf returns the error's text without the addresses that differ from connection to connection.
func reasonOf(err error) string {
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "the handshake did not end within 10 seconds"
	case errors.Is(err, io.EOF), errors.As(err, &op) && !op.Timeout() && op.Op == "read":
		return "the connection ended within the handshake"
	}
	return err.Error()
}

// stream is one connection that is read.
type stream struct {
	*acceptor
	raw    net.Conn
	in     io.Reader
	who    peer
	framer framer
	buf    []byte    // capacity is the buffer, length what was read and is not yet framed
	extra  int       // bytes of buf that are taken from the gather's bound
	began  time.Time // of the unfinished frame that buf begins with
}

// read reads until the connection ends or does what it may not.
func (s *stream) read(ctx context.Context) {
	s.buf = make([]byte, 0, smallBuffer)
	defer func() { s.gather.free(s.extra) }()
	for {
		until := time.Now().Add(s.cfg.Idle)
		if len(s.buf) > 0 {
			until = s.began.Add(s.frameTime)
		}
		n, err := 0, net.ErrClosed
		if s.wait(s.raw, until) {
			n, err = s.in.Read(s.buf[len(s.buf):cap(s.buf)])
		}
		if len(s.buf) == 0 {
			s.began = time.Now()
		}
		begun := len(s.buf) > 0
		full := len(s.buf)+n == cap(s.buf)
		s.buf = s.buf[:len(s.buf)+n]
		if !s.frames(ctx, err != nil) {
			return
		}
		if err != nil {
			if late := net.Error(nil); begun && ctx.Err() == nil && errors.As(err, &late) && late.Timeout() {
				s.tally.add(NoticeUnreadable, s.who.String(), tooSlow, 1)
			}
			return
		}
		if !s.resize(full, n) {
			s.tally.add(NoticeDropped, s.who.String(), noMemory, 1)
			return
		}
	}
}

// frames hands on the records in buf. It tells whether the connection may go on.
func (s *stream) frames(ctx context.Context, eof bool) bool {
	at := 0
	for at < len(s.buf) {
		f, ok := s.framer.next(s.buf[at:], eof)
		if !ok {
			break
		}
		at += f.size
		if f.odd != "" {
			s.tally.add(NoticeUnreadable, s.who.String(), f.odd, 1)
		}
		if f.fatal {
			return false
		}
		if len(f.record) > 0 && !s.gather.put(ctx, s.who, f.record) {
			s.tally.add(NoticeDropped, s.who.String(), "there was no room for them when the input stopped", 1)
			return false
		}
	}
	if at > 0 {
		n := copy(s.buf, s.buf[at:])
		s.buf = s.buf[:n]
		s.began = time.Now()
	}
	return true
}

// resize makes buf larger where a sender fills it, and small again where it does not. It tells whether a frame that is
// larger than buf finds room.
func (s *stream) resize(full bool, n int) bool {
	size := cap(s.buf)
	switch {
	case len(s.buf) == size || full && size < largeBuffer:
		size *= 2
	case s.extra > 0 && len(s.buf) == 0 && n < smallBuffer/2:
		size = smallBuffer
	default:
		return true
	}
	if more := size - cap(s.buf); more > 0 && !s.gather.reserve(more) {
		return len(s.buf) < cap(s.buf)
	}
	if size < cap(s.buf) {
		s.gather.free(s.extra)
		s.extra = 0
	} else {
		s.extra += size - cap(s.buf)
	}
	s.buf = append(make([]byte, 0, size), s.buf...)
	return true
}
