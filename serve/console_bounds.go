package serve

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// What bounds those who ask the console over the network.
const (
	maxConsoleConnections = 2048             // at once
	maxConsoleFromOne     = 128              // of them from one address (of IPv6 a /64), but the loopback's and proxies'
	maxConsoleHeader      = 32 << 10         // bytes of a request's headers
	consoleHeaderTime     = 10 * time.Second // for TLS and a request's headers
	consoleIdleTime       = 2 * time.Minute
	consoleStall          = 30 * time.Second // without a byte of a body that is sent to us, or that we send
	consoleGrace          = 5 * time.Second  // for what is under way when serve ends
	consoleRecheck        = 15 * time.Second // how often who has a stream open is looked at again
)

// boundedListener takes in as many connections as are allowed; more are closed at once.
type boundedListener struct {
	net.Listener
	exempt func(netip.Addr) bool

	mu    sync.Mutex
	total int
	from  map[netip.Prefix]int
}

// Accept implements net.Listener.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		place, ok := l.enter(c)
		if ok {
			return &boundedConn{Conn: c, leave: sync.OnceFunc(func() { l.leave(place) })}, nil
		}
		_ = c.Close()
	}
}

// enter counts a connection. What is exempt is counted together.
func (l *boundedListener) enter(c net.Conn) (place netip.Prefix, ok bool) {
	if peer, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		a := peer.Addr().Unmap().WithZone("")
		if !a.IsLoopback() && !l.exempt(a) {
			bits := 32
			if a.Is6() {
				bits = 64
			}
			place, _ = a.Prefix(bits)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total >= maxConsoleConnections || place.IsValid() && l.from[place] >= maxConsoleFromOne {
		return place, false
	}
	l.total++
	l.from[place]++
	return place, true
}

func (l *boundedListener) leave(place netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.from[place]--; l.from[place] == 0 {
		delete(l.from, place)
	}
}

type boundedConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// paced ends requests whose body stalls, and answers that nobody reads. It knows nothing of how long an answer takes to be made.
func paced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_ = rc.SetWriteDeadline(time.Time{}) // of the request before on the same connection
		if r.ContentLength != 0 {
			r.Body = &pacedBody{r.Body, rc}
		}
		next.ServeHTTP(&pacedWriter{w, rc}, r)
		_ = rc.SetWriteDeadline(time.Now().Add(consoleStall)) // what is still buffered
	})
}

type pacedBody struct {
	io.ReadCloser
	rc *http.ResponseController
}

// Read implements io.Reader.
func (b *pacedBody) Read(p []byte) (int, error) {
	_ = b.rc.SetReadDeadline(time.Now().Add(consoleStall)) // where there are no deadlines, as in tests, nothing is bounded
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.rc.SetReadDeadline(time.Time{}) // else the deadline would end the request while it is answered
	}
	return n, err
}

type pacedWriter struct {
	http.ResponseWriter
	rc *http.ResponseController
}

// Unwrap is for http.ResponseController.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write implements io.Writer.
func (w *pacedWriter) Write(p []byte) (int, error) {
	_ = w.rc.SetWriteDeadline(time.Now().Add(consoleStall))
	n, err := w.ResponseWriter.Write(p)
	_ = w.rc.SetWriteDeadline(time.Time{}) // between two writes of a stream any time may pass
	return n, err
}

// Flush implements http.Flusher.
func (w *pacedWriter) Flush() {
	_ = w.rc.SetWriteDeadline(time.Now().Add(consoleStall))
	_ = w.rc.Flush()
	_ = w.rc.SetWriteDeadline(time.Time{})
}

// endless are the paths whose answers go on until somebody ends them.
func endless(path string) bool { return path == "/api/v1/events" || path == "/api/v1/tail" }

// watched ends endless answers when serve ends, and when good says of who has asked that it may not go on.
func watched(ending context.Context, good func(ctx context.Context) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !endless(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, end := context.WithCancel(r.Context())
		defer end()
		defer context.AfterFunc(ending, end)()
		go func() {
			tick := time.NewTicker(consoleRecheck)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					if !good(ctx) {
						end()
						return
					}
				}
			}
		}()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
