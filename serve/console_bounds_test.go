package serve

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are made in this process, from addresses that the test chooses.
type pipes struct{ in chan net.Conn }

type pipeConn struct {
	net.Conn
	from netip.AddrPort
}

func (c *pipeConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.from) }

func (p *pipes) Accept() (net.Conn, error) {
	c, ok := <-p.in
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) Close() error { return nil }

func (p *pipes) dial(from string) net.Conn {
	ours, theirs := net.Pipe()
	p.in <- &pipeConn{theirs, netip.MustParseAddrPort(from)}
	return ours
}

// closed tells whether the other end has closed a connection.
func closed(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(time.Second))
	_, err := c.Read(make([]byte, 1))
	return err == io.EOF
}

func TestConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{in: make(chan net.Conn)}
		proxy := netip.MustParseAddr("10.0.0.9")
		l := &boundedListener{Listener: p, from: make(map[netip.Prefix]int), exempt: func(a netip.Addr) bool { return a == proxy }}
		kept := make(chan net.Conn, 2*maxConsoleConnections)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					close(kept)
					return
				}
				kept <- c
			}
		}()
		for range maxConsoleFromOne {
			p.dial("[2001:db8::1]:1000")
		}
		if more := p.dial("[2001:db8::2]:1000"); !closed(more) {
			t.Error("the same /64 gets more connections than one address may have")
		}
		if other := p.dial("[2001:db8:0:1::1]:1000"); closed(other) {
			t.Error("another network is kept out")
		}
		synctest.Wait()
		(<-kept).Close()
		if again := p.dial("[2001:db8::3]:1000"); closed(again) {
			t.Error("a connection that has ended still counts")
		}
		counted := func() int {
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.total
		}
		for counted() < maxConsoleConnections { // a proxy, and this machine, may have as many as there are
			p.dial("10.0.0.9:1000")
			synctest.Wait()
			if counted() < maxConsoleConnections {
				p.dial("127.0.0.1:1000")
				synctest.Wait()
			}
		}
		if more := p.dial("10.0.0.9:1000"); !closed(more) {
			t.Error("there are more connections than there may be")
		}
		close(p.in)
		for c := range kept {
			c.Close()
			c.Close() // counts once
		}
		if l.total != 0 || len(l.from) != 0 {
			t.Errorf("after all have ended, %d are left, %v", l.total, l.from)
		}
	})
}

// overPipe answers with h on one connection of which the test has the other end.
func overPipe(t *testing.T, h http.Handler) net.Conn {
	t.Helper()
	p := &pipes{in: make(chan net.Conn)}
	server := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(p)
	}()
	c := p.dial("192.0.2.1:1000")
	t.Cleanup(func() {
		c.Close()
		close(p.in)
		_ = server.Close()
		<-done
	})
	return c
}

func TestStalledRequestsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got error
		ended := make(chan struct{})
		c := overPipe(t, paced(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			defer close(ended)
			_, got = io.ReadAll(r.Body)
		})))
		begin := time.Now()
		if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf of it"); err != nil {
			t.Fatal(err)
		}
		<-ended
		if got == nil || time.Since(begin) < consoleStall || time.Since(begin) > 2*consoleStall {
			t.Errorf("a body that stalls ends after %s with %v", time.Since(begin), got)
		}
	})
	synctest.Test(t, func(t *testing.T) { // an answer that nobody reads
		var got error
		ended := make(chan struct{})
		c := overPipe(t, paced(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			defer close(ended)
			for got == nil {
				_, got = w.Write(make([]byte, 64<<10))
			}
		})))
		begin := time.Now()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		<-ended
		if time.Since(begin) < consoleStall || time.Since(begin) > 2*consoleStall {
			t.Errorf("an answer that nobody reads ends after %s with %v", time.Since(begin), got)
		}
	})
	synctest.Test(t, func(t *testing.T) { // a stream in which nothing happens for an hour goes on
		c := overPipe(t, paced(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for range 3 {
				_, _ = io.WriteString(w, "tick\n")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(time.Hour):
				case <-r.Context().Done():
					return
				}
			}
			_, _ = io.WriteString(w, "end\n")
		})))
		go func() {
			_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
		}()
		text, err := io.ReadAll(c)
		if err != nil || strings.Count(string(text), "tick") != 3 || !strings.Contains(string(text), "end") {
			t.Errorf("%v: %s", err, text)
		}
	})
}

func TestStreamsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		path  string
		good  bool
		end   bool // serve ends
		after time.Duration
	}{
		"serve ends":                      {"/api/v1/tail", true, true, time.Minute},
		"its session was ended":           {"/api/v1/events", false, false, consoleRecheck},
		"what is no stream is let finish": {"/api/v1/search", false, true, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ending, end := context.WithCancel(t.Context())
				if c.end {
					time.AfterFunc(time.Minute, end)
				}
				h := watched(ending, func(context.Context) bool { return c.good }, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					select {
					case <-r.Context().Done():
					case <-time.After(time.Hour):
					}
				}))
				begin := time.Now()
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", c.path, nil))
				if took := time.Since(begin); took != c.after {
					t.Errorf("it ended after %s, not %s", took, c.after)
				}
				end()
			})
		})
	}
}

func TestCompressed(t *testing.T) {
	long := strings.Repeat("a line of an answer\n", 500)
	many := newWritersOfGzip()
	for name, c := range map[string]struct {
		accept, mediaType, encoding, body string
		want                              bool
	}{
		"JSON":                       {"gzip, deflate, br", "application/json", "", long, true},
		"problems":                   {"gzip", "application/problem+json", "", long, true},
		"rows":                       {"gzip;q=0.5", "application/x-ndjson", "", long, true},
		"anything":                   {"*", "text/html; charset=utf-8", "", long, true},
		"what is guessed to be text": {"gzip", "", "", long, true},
		"little":                     {"gzip", "application/json", "", "{}", false},
		"nobody asks":                {"", "application/json", "", long, false},
		"nobody wants":               {"gzip;q=0, br", "application/json", "", long, false},
		"pictures":                   {"gzip", "image/png", "", long, false},
		"events":                     {"gzip", "text/event-stream", "", long, false},
		"what is compressed already": {"gzip", "text/css", "br", long, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept-Encoding", c.accept)
			w := httptest.NewRecorder()
			many.compressed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.mediaType != "" {
					w.Header().Set("Content-Type", c.mediaType)
				}
				if c.encoding != "" {
					w.Header().Set("Content-Encoding", c.encoding)
				}
				w.Header().Set("Etag", `"1"`)
				w.WriteHeader(http.StatusAccepted)
				for line := range strings.Lines(c.body) {
					_, _ = io.WriteString(w, line)
				}
			})).ServeHTTP(w, r)
			got := w.Header().Get("Content-Encoding") == "gzip"
			body := io.Reader(w.Body)
			if got {
				z, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = z
			}
			text, err := io.ReadAll(body)
			if got != c.want || err != nil || string(text) != c.body || w.Code != http.StatusAccepted || w.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("compressed %v; %v, %d, %d bytes", got, err, w.Code, len(text))
			}
			if strings.HasPrefix(w.Header().Get("Etag"), "W/") != got {
				t.Errorf("the tag is %s", w.Header().Get("Etag"))
			}
		})
	}
	t.Run("rows arrive as they are found", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		many.compressed(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Type", "application/x-ndjson")
			_, _ = io.WriteString(out, "{\"row\":1}\n")
			_ = http.NewResponseController(out).Flush()
			z, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			row := make([]byte, 10)
			if _, err := io.ReadFull(z, row); err != nil || string(row) != "{\"row\":1}\n" {
				t.Errorf("after the first row there is %q, %v", row, err)
			}
		})).ServeHTTP(w, r)
	})
}
