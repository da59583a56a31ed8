package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// HTTPConfig is a port that takes records over HTTP, in every protocol of the package that runs over it.
type HTTPConfig struct {
	Listen         string      `yaml:"listen" doc:"Address and port. Beyond the loopback it takes TLS, and a token or a client certificate: https://0.0.0.0:8627" default:"127.0.0.1:8627"`
	Cert           string      `yaml:"cert" path:"true" doc:"File of the server's certificate and its chain, PEM. It is read again when it changes."`
	Key            string      `yaml:"key" path:"true" doc:"File of the certificate's private key, PEM."`
	ClientCA       string      `yaml:"client_ca" path:"true" doc:"File of the authorities whose client certificates are let in, PEM. Without tokens every client needs one."`
	Tokens         []HTTPToken `yaml:"tokens" doc:"Who may send. Without any, and on the loopback, everybody on this machine may."`
	MaxBody        int64       `yaml:"max_body" doc:"Bytes of one request, as sent and also once unpacked." default:"67108864"`
	MaxWaiting     int64       `yaml:"max_waiting" doc:"Bytes of all requests that are not yet durable. Beyond it clients are told to come back (429)." default:"67108864"`
	MaxConnections int         `yaml:"max_connections" doc:"Connections at a time; beyond it the longest idle one is closed." default:"1024"`
}

// HTTPToken is a right to send. It is presented as bearer token, as password of basic authentication, as API key of
// Elasticsearch or as token of Splunk.
type HTTPToken struct {
	Name   string `yaml:"name" doc:"Who presents it; the events bear it in log.file.path."`
	Secret string `yaml:"secret" doc:"The token: env:NAME or file:/path." secret:"true"`
	Hash   string `yaml:"hash" doc:"In place of secret, the SHA-256 of the token in hexadecimal digits, as sha256sum prints it."`
}

// HTTPKind documents the input http.
var HTTPKind = Kind{
	Name: "http",
	Doc: "Records over HTTP: Elasticsearch _bulk (Filebeat, Winlogbeat, Vector, Fluent Bit, Logstash, rsyslog), Splunk HEC, " +
		"OpenTelemetry logs (OTLP/HTTP), and plain JSON or text lines posted to /ingest; packed with gzip or zstd if so. " +
		"A request is answered when its records are durable.",
	Example: "- listen: https://0.0.0.0:8627\n  cert: /etc/tocsin/tls.crt\n  key: /etc/tocsin/tls.key\n  tokens:\n  - {name: web, secret: env:TOCSIN_TOKEN_WEB}\n",
	Config:  &HTTPConfig{},
}

// HTTP is the input http. Its Handler may also be mounted on a listener of somebody else's.
type HTTP struct {
	env     Env
	listen  string
	tls     *keyPair
	tokens  []httpToken
	clients bool // certificates of clients are asked for
	maxBody int64
	maxConn int
	name    string

	room     room // of all bodies
	acks     ackChannels
	requests sync.WaitGroup
	stopping atomic.Bool
}

// NewHTTP returns the input. It opens nothing but the files of certificates and tokens; an error says what is wrong
// with cfg.
func NewHTTP(cfg HTTPConfig, env Env) (Input, error) {
	h := &HTTP{env: env, maxBody: cmp.Or(cfg.MaxBody, 64<<20), maxConn: cmp.Or(cfg.MaxConnections, 1024)}
	if h.env.Log == nil {
		h.env.Log = slog.New(slog.DiscardHandler)
	}
	if h.env.Now == nil {
		h.env.Now = time.Now
	}
	listen, wantTLS, err := listenAddress(cmp.Or(cfg.Listen, "127.0.0.1:8627"))
	if err != nil {
		return nil, err
	}
	h.listen = listen
	h.name = "http " + listen
	h.room.size = cmp.Or(cfg.MaxWaiting, 64<<20)
	switch {
	case h.maxBody < 1<<10 || h.maxBody > 1<<30:
		return nil, fmt.Errorf("http %s: max_body: %d is not between 1 KiB and 1 GiB", listen, h.maxBody)
	case h.room.size < h.maxBody:
		return nil, fmt.Errorf("http %s: max_waiting: %d is less than max_body, %d", listen, h.room.size, h.maxBody)
	case h.maxConn < 1 || h.maxConn > 1<<20:
		return nil, fmt.Errorf("http %s: max_connections: %d is not between 1 and 1048576", listen, h.maxConn)
	}
	if h.tokens, err = readTokens(cfg.Tokens); err != nil {
		return nil, fmt.Errorf("http %s: %w", listen, err)
	}
	if h.tls, err = newKeyPair(cfg, len(h.tokens) == 0); err != nil {
		return nil, fmt.Errorf("http %s: %w", listen, err)
	}
	h.clients = cfg.ClientCA != ""
	switch {
	case wantTLS && h.tls == nil:
		return nil, fmt.Errorf("http %s: https needs cert and key", listen)
	case onLoopback(listen):
	case h.tls == nil:
		return nil, fmt.Errorf("http %s: it can be reached from other machines, so it needs TLS: set cert and key", listen)
	case len(h.tokens) == 0 && !h.clients:
		return nil, fmt.Errorf("http %s: it can be reached from other machines, so it needs tokens or client_ca", listen)
	}
	return h, nil
}

// listenAddress reads "host:port", "http://host:port" and "https://host:port".
func listenAddress(s string) (listen string, tls bool, err error) {
	listen = strings.TrimSuffix(strings.TrimPrefix(s, "http://"), "/")
	if rest, ok := strings.CutPrefix(listen, "https://"); ok {
		listen, tls = rest, true
	}
	if _, port, err := net.SplitHostPort(listen); err != nil || port == "" {
		return "", false, fmt.Errorf("http: listen: %q is not an address and a port, such as 127.0.0.1:8627", s)
	}
	return listen, tls, nil
}

// onLoopback tells whether only this machine can reach an address to listen on.
func onLoopback(listen string) bool { return !place{addr: listen}.beyondLoopback() }

// Name implements Input.
func (h *HTTP) Name() string { return h.name }

// Limits of a connection: as long as a client keeps to them it may be slow.
const (
	httpHeadTime   = 10 * time.Second // for the header of a request, and for TLS to be agreed on
	httpIdleTime   = 3 * time.Minute  // between requests
	httpStallTime  = 30 * time.Second // between two reads of a body
	httpBodyTime   = 5 * time.Minute  // for a whole body
	httpAnswerTime = 30 * time.Second // to take the answer
	httpGraceTime  = 300 * time.Millisecond
	httpMaxHead    = 32 << 10
)

// Run implements Input.
func (h *HTTP) Run(ctx context.Context, to Intake) error {
	var open net.ListenConfig
	l, err := open.Listen(ctx, "tcp", h.listen)
	if err != nil {
		return fmt.Errorf("listen for http: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	h.stopping.Store(false)
	counts := newTally(h.name, to)
	var told sync.WaitGroup
	told.Go(func() { counts.run(ctx.Done()) })
	defer func() { cancel(); told.Wait() }()
	conns := newConnections(h.maxConn)
	server := &http.Server{
		Handler:           h.handler(to, counts),
		ReadHeaderTimeout: httpHeadTime,
		IdleTimeout:       httpIdleTime,
		MaxHeaderBytes:    httpMaxHead,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnState:         conns.state,
		ErrorLog:          slog.NewLogLogger(h.env.Log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() {
		if h.tls != nil {
			server.TLSConfig = h.tls.config()
			ended <- server.ServeTLS(l, "", "")
			return
		}
		ended <- server.Serve(l)
	}()
	select {
	case err = <-ended:
		server.Close()
		h.requests.Wait()
	case <-ctx.Done():
		h.stop(server)
		if err = <-ended; errors.Is(err, http.ErrServerClosed) {
			return nil
		}
	}
	return fmt.Errorf("serve http on %s: %w", h.listen, err)
}

// stop ends the server. Requests whose records are on their way have a moment to be answered.
func (h *HTTP) stop(server *http.Server) {
	h.stopping.Store(true)
	grace, cancel := context.WithTimeout(context.Background(), 2*httpGraceTime)
	defer cancel()
	server.Shutdown(grace) // what is open still is closed next
	server.Close()
	h.requests.Wait()
}

// connections keeps within a number of connections: it closes the longest idle one where there are more, and the
// newest where none is idle.
type connections struct {
	limit int
	mu    sync.Mutex
	open  map[net.Conn]time.Time // since when it is idle; zero: it is not
}

func newConnections(limit int) *connections {
	return &connections{limit: limit, open: make(map[net.Conn]time.Time)}
}

// state is a http.Server's ConnState.
func (c *connections) state(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s {
	case http.StateNew:
		if len(c.open) >= c.limit {
			c.closeOne(conn)
		}
		c.open[conn] = time.Time{}
	case http.StateActive:
		c.open[conn] = time.Time{}
	case http.StateIdle:
		c.open[conn] = time.Now()
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
}

func (c *connections) closeOne(newest net.Conn) {
	victim, since := newest, time.Time{}
	for conn, idle := range c.open {
		if !idle.IsZero() && (since.IsZero() || idle.Before(since)) {
			victim, since = conn, idle
		}
	}
	delete(c.open, victim)
	victim.Close()
}
